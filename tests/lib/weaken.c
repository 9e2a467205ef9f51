/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine that lacks something, for one command: takes layers away and executes it.
 *
 *         weaken LAYER… -- COMMAND…
 *
 *         userns       user namespaces are refused, as by a container's filter: unshare, clone → EPERM, clone3 → ENOSYS
 *         userns-limit their number is 0, as an administrator sets it; in a user namespace of this program's own
 *         overlay      mounting one is refused; needs this program to stay: a filter cannot read a string
 *         proc         /proc is partly hidden, as in containers: the kernel refuses a fresh one
 *         landlock     does not exist
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL(number, action) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, action)
#define ERRNO(error) (SECCOMP_RET_ERRNO | (unsigned)(error))
#define NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void __attribute__((noreturn)) die(const char *what)
{
        fprintf(stderr, "weaken: %s: %s\n", what, strerror(errno));
        exit(99);
}

static int load(struct sock_filter *ops, size_t len, unsigned flags)
{
        struct sock_fprog program = {(unsigned short)len, ops};
        int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

        if (fd < 0)
                die("seccomp");
        return fd;
}

static void no_userns(void)
{
        struct sock_filter ops[] = {
                NUMBER,
                CALL(SYS_unshare, ERRNO(EPERM)),
                CALL(SYS_clone3, ERRNO(ENOSYS)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
                BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, ERRNO(EPERM)),
                ALLOW,
        };

        load(ops, sizeof(ops) / sizeof(*ops), 0);
}

static void no_landlock(void)
{
        struct sock_filter ops[] = {NUMBER, CALL(444, ERRNO(ENOSYS)), CALL(445, ERRNO(ENOSYS)),
                                    CALL(446, ERRNO(ENOSYS)), ALLOW};

        load(ops, sizeof(ops) / sizeof(*ops), 0);
}

static void put(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY);

        if (fd < 0 || write(fd, text, strlen(text)) < 0)
                die(path);
        close(fd);
}

static void own_namespace(int flags)
{
        char uids[64], gids[64];

        snprintf(uids, sizeof(uids), "%u %u 1", geteuid(), geteuid());
        snprintf(gids, sizeof(gids), "%u %u 1", getegid(), getegid());
        if (unshare(CLONE_NEWUSER | flags) < 0)
                die("unshare");
        put("/proc/self/setgroups", "deny");
        put("/proc/self/uid_map", uids);
        put("/proc/self/gid_map", gids);
}

static void no_proc(void)
{
        own_namespace(CLONE_NEWNS);
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("tmpfs", "/proc/tty", "tmpfs", 0, NULL) < 0)
                die("hide a part of /proc");
}

static void userns_limit(void)
{
        own_namespace(0);
        put("/proc/sys/user/max_user_namespaces", "0");
}

/* ---- Overlay ---- */

static int send_fd(int socket, int fd)
{
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
        struct iovec part = {(char[]){0}, 1};
        struct msghdr header = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};

        CMSG_FIRSTHDR(&header)->cmsg_level = SOL_SOCKET;
        CMSG_FIRSTHDR(&header)->cmsg_type = SCM_RIGHTS;
        CMSG_FIRSTHDR(&header)->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)), &fd, sizeof(int));
        return sendmsg(socket, &header, 0) == 1 ? 0 : -1;
}

static int receive_fd(int socket)
{
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
        char byte;
        struct iovec part = {&byte, 1};
        struct msghdr header = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        int fd = -1;

        if (recvmsg(socket, &header, 0) == 1 && CMSG_FIRSTHDR(&header))
                memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(int));
        return fd;
}

static void judge_mounts(int listener)
{
        struct seccomp_notif asked = {0};

        while (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) == 0 || errno == EINTR || errno == ENOENT) {
                struct seccomp_notif_resp answer = {.id = asked.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
                char type[8] = "";
                struct iovec local = {type, 7}, remote = {(void *)(uintptr_t)asked.data.args[2], 7};

                if (asked.data.args[2] && process_vm_readv((pid_t)asked.pid, &local, 1, &remote, 1, 0) == 7 &&
                    memcmp(type, "overlay", 7) == 0)
                        answer = (struct seccomp_notif_resp){.id = asked.id, .error = -EPERM};
                ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
                memset(&asked, 0, sizeof(asked));
        }
}

static void no_overlay(void)
{
        struct sock_filter ops[] = {NUMBER, CALL(SYS_mount, SECCOMP_RET_USER_NOTIF), ALLOW};
        int pair[2], status;
        pid_t pid, judge;

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || (pid = fork()) < 0)
                die("fork");
        if (pid == 0) {
                int listener;

                close(pair[0]);
                listener = load(ops, sizeof(ops) / sizeof(*ops), SECCOMP_FILTER_FLAG_NEW_LISTENER);
                if (send_fd(pair[1], listener) < 0)
                        die("sendmsg");
                close(listener);
                close(pair[1]);
                return;
        }
        close(pair[1]);
        judge = fork();
        if (judge == 0) {
                judge_mounts(receive_fd(pair[0]));
                _exit(0);
        }
        waitpid(pid, &status, 0);
        kill(judge, SIGKILL);
        exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static const struct {
        const char *name;
        void (*take_away)(void);
} layers[] = {{"userns-limit", userns_limit},
              {"proc", no_proc},
              {"landlock", no_landlock},
              {"userns", no_userns},
              {"overlay", no_overlay}};

int main(int argc, char **argv)
{
        int first = 1;

        while (first < argc && strcmp(argv[first], "--") != 0)
                first++;
        if (first + 1 >= argc) {
                fprintf(stderr, "usage: weaken LAYER… -- COMMAND…\n");
                return 2;
        }
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                die("no_new_privs");
        for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); i++)
                for (int arg = 1; arg < first; arg++)
                        if (strcmp(argv[arg], layers[i].name) == 0)
                                layers[i].take_away();
        execvp(argv[first + 1], argv + first + 1);
        die(argv[first + 1]);
}
