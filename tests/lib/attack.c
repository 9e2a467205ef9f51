/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hostile code tries in a step, one attempt per argument. Exit status 0: the kernel answered as it should; 1: it did
 * not, and a line says what happened. Attempts that must die of a signal return only when they did not.
 */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int expect(const char *what, long result, int errnum)
{
        /* a file that only root could write refuses an ordinary user before it finds itself read-only */
        if (result < 0 && (errno == errnum || (errnum == EROFS && errno == EACCES)))
                return 0;
        printf("%s: result %ld, errno %s, expected %s\n", what, result, strerror(errno), strerror(errnum));
        return 1;
}

static int nested_namespaces(void)
{
        return expect("unshare", unshare(CLONE_NEWUSER), EPERM) |
               expect("unshare with high bits", syscall(SYS_unshare, CLONE_NEWUSER | 0xffffffff00000000UL), EPERM) |
               expect("clone", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM) |
               expect("clone with high bits",
                      syscall(SYS_clone, 0xff00000000000000UL | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0), EPERM) |
               expect("clone3", syscall(SYS_clone3, NULL, 0), ENOSYS) | expect("setns", setns(0, 0), EPERM);
}

static int mounts(void)
{
        return expect("mount", mount("none", "/tmp", "tmpfs", 0, NULL), EPERM) |
               expect("umount", umount2("/tmp", 0), EPERM) |
               expect("pivot_root", syscall(SYS_pivot_root, ".", "."), EPERM) | expect("chroot", chroot("/"), EPERM) |
               expect("open_tree", syscall(428, -1, "/", 0), ENOSYS) |
               expect("fsopen", syscall(430, "tmpfs", 0), ENOSYS) |
               expect("move_mount", syscall(429, -1, "", -1, "", 0), ENOSYS) |
               expect("fsmount", syscall(432, -1, 0, 0), ENOSYS) |
               expect("mount_setattr", syscall(442, -1, "", 0, NULL, 0), ENOSYS) |
               expect("open_tree_attr", syscall(467, -1, "/", 0, NULL, 0), ENOSYS);
}

static int kernel_interfaces(void)
{
        return expect("bpf", syscall(SYS_bpf, 0, NULL, 0), EPERM) |
               expect("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0), EPERM) |
               expect("userfaultfd", syscall(SYS_userfaultfd, 0), EPERM) |
               expect("open_by_handle_at", syscall(SYS_open_by_handle_at, 0, NULL, 0), EPERM) |
               expect("io_uring_setup", syscall(SYS_io_uring_setup, 1, NULL), ENOSYS) |
               expect("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0), EPERM) |
               expect("init_module", syscall(SYS_init_module, NULL, 0, ""), EPERM) |
               expect("keyctl", syscall(SYS_keyctl, 0, 0), EPERM) | expect("unknown call", syscall(999), ENOSYS);
}

static int sockets(void)
{
        static const int refused[] = {38 /* ALG */, 40 /* VSOCK */, AF_NETLINK,
                                      AF_PACKET,    44 /* XDP */,   31 /* BLUETOOTH */};
        int failed = 0;

        for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
                failed |= expect("socket", socket(refused[i], SOCK_STREAM, 0), EAFNOSUPPORT);
        failed |= expect("socket with high bits", syscall(SYS_socket, 0xffffffff00000000UL | 38, SOCK_SEQPACKET, 0),
                         EAFNOSUPPORT);
        if (socket(AF_INET, SOCK_STREAM, 0) < 0 || socket(AF_UNIX, SOCK_STREAM, 0) < 0)
                failed |= printf("ordinary sockets are refused\n") > 0;
        return failed;
}

static int terminal(void)
{
        char c = 'x';

        return expect("TIOCSTI", ioctl(0, TIOCSTI, &c), EPERM) |
               expect("TIOCSTI with high bits", syscall(SYS_ioctl, 0, 0xffffffff00005412UL, &c), EPERM) |
               expect("TIOCLINUX", ioctl(0, 0x541c, &c), EPERM) | expect("/dev/tty", open("/dev/tty", O_RDWR), ENOENT) |
               expect("another ioctl", ioctl(0, 0x5401, &c), ENOTTY);
}

/* The same with a terminal of its own, which is nobody else's. */
static int private_terminal(void)
{
        int tty = open("/dev/tty", O_RDWR), discipline = 13 /* N_HDLC, a module */;
        char c = 'x';

        if (tty < 0 || !isatty(0) || !isatty(1) || !isatty(2))
                return printf("no terminal\n");
        return expect("TIOCSTI", ioctl(tty, TIOCSTI, &c), EPERM) |
               expect("TIOCSTI with high bits", syscall(SYS_ioctl, tty, 0xffffffff00005412UL, &c), EPERM) |
               expect("TIOCLINUX", ioctl(tty, 0x541c, &c), EPERM) |
               expect("TIOCLINUX with high bits", syscall(SYS_ioctl, tty, 0x10000541cUL, &c), EPERM) |
               expect("TIOCSETD", ioctl(tty, TIOCSETD, &discipline), EPERM) |
               expect("TIOCSETD with high bits", syscall(SYS_ioctl, tty, 0xffffffff00005423UL, &discipline), EPERM) |
               expect("TIOCCONS", ioctl(tty, TIOCCONS), EPERM) |
               expect("/dev/pts/1", open("/dev/pts/1", O_RDWR), ENOENT) |
               expect("/dev/console", open("/dev/console", O_RDWR), ENOENT) |
               expect("/dev/tty1", open("/dev/tty1", O_RDWR), ENOENT) |
               expect("/proc/1/fd/4", readlink("/proc/1/fd/4", (char[64]){0}, 64), EACCES);
}

static int init_process(void)
{
        int failed = expect("ptrace", ptrace(PTRACE_ATTACH, 1, NULL, NULL), EPERM);
        static const char *const paths[] = {"/proc/1/mem", "/proc/1/environ", "/proc/1/root/etc", "/proc/1/cwd/etc"};

        for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
                failed |= expect(paths[i], open(paths[i], O_RDONLY), EACCES);
        failed |= expect("/proc/1/fd/0", readlink("/proc/1/fd/0", (char[64]){0}, 64), EACCES);
        kill(1, SIGKILL); /* refused by the Landlock scope, and PID 1 ignores it */
        return failed | (access("/proc/1", F_OK) != 0);
}

static int proc_writes(void)
{
        return expect("/proc/sys", open("/proc/sys/kernel/hostname", O_WRONLY), EROFS) |
               expect("/proc/mtrr", open("/proc/mtrr", O_WRONLY), EROFS) |
               expect("oom_score_adj", open("/proc/self/oom_score_adj", O_WRONLY), EROFS) |
               expect("/proc/pressure", open("/proc/pressure/memory", O_WRONLY), EROFS) |
               expect("/usr", open("/usr/x", O_WRONLY | O_CREAT, 0644), EROFS) |
               expect("/etc", open("/etc/x", O_WRONLY | O_CREAT, 0644), EROFS) |
               expect("/run", open("/run", O_RDONLY), ENOENT) | expect("/sys", open("/sys", O_RDONLY), ENOENT);
}

static int setid(void)
{
        int fd = open("setid", O_WRONLY | O_CREAT, 0755);

        return expect("chmod", chmod("setid", 04755), EPERM) | expect("fchmod", fchmod(fd, 02755), EPERM) |
               expect("fchmodat", fchmodat(AT_FDCWD, "setid", 04755, 0), EPERM) |
               expect("fchmodat2", syscall(452, AT_FDCWD, "setid", 04755, 0), EPERM) | (chmod("setid", 0700) != 0);
}

static int descriptors(void)
{
        for (int fd = 3; fd < 1024; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        return printf("descriptor %d is open\n", fd) > 0;
        return 0;
}

static void *thread_main(void *arg)
{
        *(int *)arg = 1;
        return NULL;
}

static int threads(void)
{
        pthread_t thread;
        int ran = 0;

        return pthread_create(&thread, NULL, thread_main, &ran) || pthread_join(thread, NULL) || !ran;
}

static int network(void)
{
        struct sockaddr address = {.sa_family = AF_INET, .sa_data = {0, 53, 1, 1, 1, 1}};

        return expect("connect", connect(socket(AF_INET, SOCK_STREAM, 0), &address, sizeof(address)), ENETUNREACH);
}

static int old_abi(void)
{
#ifdef __x86_64__
        long result = 20; /* getpid of the 32-bit ABI */

        __asm__ volatile("int $0x80" : "+a"(result));
        return printf("int 0x80 returned %ld\n", result) > 0;
#else
        raise(SIGSYS);
        return 1;
#endif
}

static int x32(void)
{
#ifdef __x86_64__
        return printf("x32 getpid returned %ld\n", syscall(0x40000000 | SYS_getpid)) > 0;
#else
        raise(SIGSYS);
        return 1;
#endif
}

/* A grandchild in a session of its own, which would write later: it must not live to do so. */
static int orphan(void)
{
        if (fork() == 0) {
                setsid();
                if (fork() == 0) {
                        signal(SIGTERM, SIG_IGN);
                        for (;;)
                                close(open("orphan", O_WRONLY | O_CREAT | O_APPEND, 0644));
                }
                _exit(0);
        }
        while (access("orphan", F_OK) < 0)
                sched_yield();
        return 0;
}

static int __attribute__((noreturn)) fork_bomb(void)
{
        for (;;)
                if (fork() < 0)
                        sched_yield();
}

static int __attribute__((noreturn)) burn(void)
{
        for (;;)
                ;
}

static int __attribute__((noreturn)) eat_memory(void)
{
        for (;;)
                memset(malloc((size_t)1 << 20), 1, (size_t)1 << 20);
}

static int fill_disk(void)
{
        static char block[1 << 20];
        int fd = open("hidden", O_RDWR | O_CREAT, 0600);

        unlink("hidden");
        while (write(fd, block, sizeof(block)) > 0)
                ;
        return expect("write", write(fd, block, sizeof(block)), ENOSPC);
}

static int shout(void)
{
        for (long i = 0; i < 100000; i++)
                printf("line %ld\n", i);
        return 0;
}

/* For the cage: every path must refuse to be written; "-" before it: to be read, too. */
static int cannot_write(char **paths)
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

/* In a cage with network: `port` listens on the host's loopback. Then the filter that the program puts on itself. */
static int network_cage(const char *port)
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

static const struct {
        const char *name;
        int (*attempt)(void);
} attempts[] = {
        {"nested-namespaces", nested_namespaces},
        {"mounts", mounts},
        {"kernel-interfaces", kernel_interfaces},
        {"sockets", sockets},
        {"terminal", terminal},
        {"private-terminal", private_terminal},
        {"init-process", init_process},
        {"proc-writes", proc_writes},
        {"setid", setid},
        {"descriptors", descriptors},
        {"threads", threads},
        {"network", network},
        {"old-abi", old_abi},
        {"x32", x32},
        {"orphan", orphan},
        {"fork-bomb", fork_bomb},
        {"burn", burn},
        {"eat-memory", eat_memory},
        {"fill-disk", fill_disk},
        {"shout", shout},
};

int main(int argc, char **argv)
{
        if (argc > 2 && strcmp(argv[1], "cannot-write") == 0)
                return cannot_write(argv + 2);
        if (argc > 2 && strcmp(argv[1], "network-cage") == 0)
                return network_cage(argv[2]);
        for (size_t i = 0; argc > 1 && i < sizeof(attempts) / sizeof(*attempts); i++)
                if (strcmp(attempts[i].name, argv[1]) == 0)
                        return attempts[i].attempt();
        return 99;
}
