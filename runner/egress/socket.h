/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_SOCKET_H
#define CUPEL_EGRESS_SOCKET_H

/* Listening sockets that come from the step, and what is accepted on them. */

#include <stdbool.h>
#include <stdint.h>

bool socket_is_listening_tcp(int fd);
uint16_t socket_port(int fd); /* of IPv4, in host order; 0: it has none */
void socket_arrange(int fd);  /* an accepted connection: sends at once, never waits to be closed */

#endif
