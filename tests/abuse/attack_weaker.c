/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts on tier D, where no namespace stands behind Landlock, the filter and the step's keeper (tests/abuse/test_weaker.sh). */
#include "attack.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NEW_LISTENER 8
#define CONTINUE 1
#define CROWD 200

/* One half of a pair sends to whom it names, without connect and without a socket of its own. */
static int send_by_pair(int type)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int pair[2];

        strncpy(address.sun_path, attack_argument, sizeof(address.sun_path) - 1);
        if (socketpair(AF_UNIX, type, 0, pair) < 0)
                return errno;
        return CALL(SYS_sendto, pair[0], "x", 1, 0, &address, sizeof(address));
}

ATTEMPT(weaker_datagram)
{
        return send_by_pair(SOCK_DGRAM | SOCK_CLOEXEC);
}

ATTEMPT(weaker_datagram_raw)
{
        return send_by_pair(SOCK_RAW | SOCK_NONBLOCK);
}

ATTEMPT(weaker_pair)
{
        char byte = 0;
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return errno;
        return write(pair[0], "x", 1) == 1 && read(pair[1], &byte, 1) == 1 && byte == 'x' ? WORKED : BROKEN;
}

ATTEMPT(weaker_attributes)
{
        char value[64];

        return CALL(SYS_getxattr, attack_argument, "user.cupel", value, sizeof(value));
}

/* A filter of its own that asks a listener of its own about chmod. */
static int listen_to_chmod(void)
{
#ifdef SYS_chmod
        const unsigned number = SYS_chmod;
#else
        const unsigned number = SYS_fchmodat;
#endif
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {4, code};

        return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, NEW_LISTENER, &program);
}

ATTEMPT(weaker_listener)
{
        return answer(listen_to_chmod());
}

static volatile int listener = -1;

static void *answer_yes(void *unused)
{
        while (listener < 0)
                ;
        for (;;) {
                struct seccomp_notif asked = {0};
                struct seccomp_notif_resp yes = {.flags = CONTINUE};

                if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
                        return unused;
                yes.id = asked.id;
                ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &yes);
        }
}

/* Waits until the keeper hears no more, and then answers in its place. */
static void __attribute__((noreturn)) outlast_the_keeper(void)
{
        pthread_t thread;
        int fd;

        setsid();
        pthread_create(&thread, NULL, answer_yes, NULL);
        do
                fd = listen_to_chmod();
        while (fd < 0);
        listener = fd;
        chmod(attack_argument, 0777);
        for (;;)
                pause();
}

/* The script looks whether the folder has changed. The crowd is what the keeper has to find and kill first. */
ATTEMPT(weaker_late_chmod)
{
        for (int i = 0; i < CROWD; i++)
                if (fork() == 0)
                        for (;;)
                                pause();
        if (fork() == 0)
                outlast_the_keeper();
        usleep(100000);
        return chmod(attack_argument, 0777) < 0 ? HELD : GAINED;
}
