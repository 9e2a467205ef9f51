/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile code in a cage, in the place of the program that belongs there: asked for by the tests of cages. */
#include "sandbox/seccomp.h"

#include "attack_cage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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

/* Before the program's own filter: Landlock (from ABI 4 on) refuses what listens. */
static int cannot_bind(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 4)
                return 0;
        return expect("a port of its own", bind(fd, (struct sockaddr *)&address, sizeof(address)), EACCES);
}

/* No capability, no way to one, no core file, no descriptor but those that it was given. */
static int has_no_rights(void)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct all[2];
        struct rlimit core;
        int failed = 0;

        if (syscall(SYS_capget, &header, all) < 0 || all[0].effective || all[0].permitted || all[1].permitted ||
            prctl(PR_CAPBSET_READ, CAP_NET_ADMIN, 0, 0, 0) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
                failed |= printf("capabilities, or a way to them\n") > 0;
        if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max)
                failed |= printf("a core file is possible\n") > 0;
        for (int fd = 5; fd < 256; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        failed |= printf("descriptor %d is open\n", fd) > 0;
        return failed;
}

int cage_with_network(const char *port)
{
        static const char *const absent[] = {"/proc",       "/dev", "/run", "/home",   "/root", "/etc/ssl/private",
                                             "/etc/shadow", "/var", "/tmp", "/usr/bin"};
        struct err err = ERR_INIT;
        pthread_t thread;
        int failed = has_no_rights() | cannot_bind();

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
