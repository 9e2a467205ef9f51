/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* The runner still holds the listener, and what it sets there every connection inherits. */
void socket_arrange(int fd)
{
        /* heads and events go out as they come: else the second of two small writes waits for an acknowledgement, 40 ms */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        /* closing never waits for a client that does not read */
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){0}, sizeof(struct linger));
}

uint16_t socket_port(int fd)
{
        struct sockaddr_in address = {0};
        socklen_t len = sizeof(address);

        return getsockname(fd, (struct sockaddr *)&address, &len) == 0 && address.sin_family == AF_INET
                       ? ntohs(address.sin_port)
                       : 0;
}

static bool option_is(int fd, int option, int value)
{
        int got = -1;
        socklen_t len = sizeof(got);

        return getsockopt(fd, SOL_SOCKET, option, &got, &len) == 0 && got == value;
}

bool socket_is_listening_tcp(int fd)
{
        return option_is(fd, SO_ACCEPTCONN, 1) && option_is(fd, SO_TYPE, SOCK_STREAM) &&
               option_is(fd, SO_PROTOCOL, IPPROTO_TCP);
}
