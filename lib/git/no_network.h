/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_NO_NETWORK_H
#define CUPEL_GIT_NO_NETWORK_H

/* Does nothing; referring to it puts no_network.c into the link before libgit2's archive. */
void git_without_network(void);

#endif
