/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile code in a cage, in the place of the program that belongs there: asked for by the tests of cages. */
#include "sandbox/seccomp.h"

#include "attack_cage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int cage_cannot_write(char **paths)
{
        int failed = 0;

        for (; *paths; paths++) {
                const char *path = *paths[0] == '-' ? *paths + 1 : *paths;
                int flags = *paths[0] == '-' ? O_RDONLY : O_WRONLY | O_CREAT;

                if (open(path, flags, 0644) >= 0)
                        failed |= printf("%s could be opened\n", *paths) > 0;
                if (chmod(path, 0777) == 0 || unlink(path) == 0 || rename(path, "/tmp/x") == 0)
                        failed |= printf("%s could be changed\n", *paths) > 0;
        }
        return failed;
}

static int expect(const char *what, long result, int errnum)
{
        if (result < 0 && errno == errnum)
                return 0;
        printf("%s: result %ld, errno %s, expected %s\n", what, result, strerror(errno), strerror(errnum));
        return 1;
}

static void *nothing(void *arg)
{
        return arg;
}

static int connect_to(const char *port)
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)atoi(port)),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

        return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address));
}

int cage_with_network(const char *port)
{
        static const char *const absent[] = {"/proc",       "/dev", "/run", "/home",   "/root", "/etc/ssl/private",
                                             "/etc/shadow", "/var", "/tmp", "/usr/bin"};
        struct err err = ERR_INIT;
        pthread_t thread;
        int failed = 0;

        for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++)
                failed |= expect(absent[i], open(absent[i], O_PATH), ENOENT);
        failed |= expect("new file", open("/etc/new", O_WRONLY | O_CREAT, 0600), EROFS) |
                  expect("unix socket", socket(AF_UNIX, SOCK_STREAM, 0), EAFNOSUPPORT) |
                  expect("netlink socket", socket(AF_NETLINK, SOCK_RAW, 0), EAFNOSUPPORT) |
                  expect("other processes", kill(2, 0), ESRCH);
        if (getpid() != 1 || open("/etc/hosts", O_RDONLY) < 0 || connect_to(port) < 0 ||
            seccomp_apply(SECCOMP_EGRESS, &err) < 0)
                failed |= printf("no cage with network: %s\n", strerror(errno)) > 0;
        failed |= expect("fork", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), EPERM) |
                  expect("execve", execl("/proc/self/exe", "x", NULL), EPERM) |
                  expect("bind", bind(0, NULL, 0), EPERM) | expect("listen", listen(0, 1), EPERM);
        if (pthread_create(&thread, NULL, nothing, NULL) != 0 || connect_to(port) < 0)
                failed |= printf("the filter refuses threads or connections: %s\n", strerror(errno)) > 0;
        return failed;
}
