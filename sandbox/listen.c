/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets of a step: made in its net namespace, accepted on outside of it (a socket keeps its namespace), so that
 * nothing of ours runs inside. Connections queue from the first moment on, whenever somebody comes to accept them.
 */
#include "lib/base/cleanup.h"
#include "sandbox/step.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024 /* connections that wait; the kernel cuts it to net.core.somaxconn */

static int listen_on(uint16_t port, struct err *err)
{
        _cleanup_fd_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_in address = {
                .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, BACKLOG) < 0)
                return err_errno(err, "listen on 127.0.0.1:%u in the step", port);
        return steal_fd(&fd);
}

int step_listen(const struct sandbox_ports *ports, struct step_listeners *ret, struct err *err)
{
        ret->len = 0;
        for (size_t i = 0; i < ports->len; i++) {
                int fd = listen_on(ports->items[i], err);

                if (fd < 0) {
                        step_listeners_close(ret);
                        return -1;
                }
                ret->fds[ret->len++] = fd;
        }
        return 0;
}

void step_listeners_close(struct step_listeners *listeners)
{
        while (listeners->len)
                close(listeners->fds[--listeners->len]);
}
