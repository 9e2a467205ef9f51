/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TESTS_ABUSE_ATTACK_CAGE_H
#define CUPEL_TESTS_ABUSE_ATTACK_CAGE_H

/* What hostile code tries in a cage; 0 where all of it was refused, else lines say what was not. */

int cage_cannot_write(char **paths); /* "-" before one: it cannot be read either */

/* In a cage with network: `port` listens on the host's loopback. Then behind the filter that the program puts on itself. */
int cage_with_network(const char *port);

#endif
