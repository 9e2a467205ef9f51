/* SPDX-License-Identifier: Apache-2.0 */
/* Lines 1 to 6 and 38: namespaces, mounts, foreign ABIs, wide interfaces, keys, socket families. */
#include "attack.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define HIGH 0xffffffff00000000UL

/* Numbers that older headers lack; the same on every architecture. */
#define NR_OPEN_TREE 428
#define NR_MOVE_MOUNT 429
#define NR_FSOPEN 430
#define NR_FSCONFIG 431
#define NR_FSMOUNT 432
#define NR_FSPICK 433
#define NR_CLONE3 435
#define NR_PIDFD_GETFD 438
#define NR_PROCESS_MADVISE 440
#define NR_MOUNT_SETATTR 442
#define NR_MEMFD_SECRET 447
#define NR_OPEN_TREE_ATTR 467

/* ---- 1: namespaces ---- */

ATTEMPT(unshare_user)
{
        return CALL(SYS_unshare, CLONE_NEWUSER);
}
ATTEMPT(unshare_high_bits)
{
        return CALL(SYS_unshare, HIGH | CLONE_NEWUSER);
}
ATTEMPT(unshare_net)
{
        return CALL(SYS_unshare, CLONE_NEWNET);
}
ATTEMPT(unshare_time)
{
        return CALL(SYS_unshare, 0x80);
}

/* The child of a clone that worked is not needed. */
static int cloned(long pid)
{
        if (pid == 0)
                _exit(0);
        return answer(pid);
}

ATTEMPT(clone_user)
{
        return cloned(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
}
ATTEMPT(clone_high_bits)
{
        return cloned(syscall(SYS_clone, 0xff00000000000000UL | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0));
}

ATTEMPT(clone3_user)
{
        struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};

        return cloned(syscall(NR_CLONE3, &args, sizeof(args)));
}

ATTEMPT(pid_choice)
{
        pid_t wanted = 4242;
        struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (unsigned long)&wanted, .set_tid_size = 1};

        return cloned(syscall(NR_CLONE3, &args, sizeof(args)));
}

static void *thread_main(void *arg)
{
        *(int *)arg = 1;
        return NULL;
}

ATTEMPT(threads)
{
        enum { COUNT = 64 };
        pthread_t threads[COUNT];
        int ran[COUNT] = {0}, all = 0;

        for (int i = 0; i < COUNT; i++)
                if (pthread_create(&threads[i], NULL, thread_main, &ran[i]) != 0)
                        return answer(-1);
        for (int i = 0; i < COUNT; i++) {
                pthread_join(threads[i], NULL);
                all += ran[i];
        }
        return all == COUNT ? WORKED : BROKEN;
}

ATTEMPT(nested_limit)
{
        char text[32] = {0};
        int fd = open("/proc/sys/user/max_user_namespaces", O_RDONLY);

        if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
                return BROKEN;
        explain("max_user_namespaces %s", text);
        return strcmp(text, "0\n") == 0 ? HELD : GAINED;
}

/* ---- 2: mounts ---- */

ATTEMPT(setns_own)
{
        int fd = open("/proc/self/ns/net", O_RDONLY);

        return CALL(SYS_setns, fd, 0);
}

ATTEMPT(setns_pidfd)
{
        return CALL(SYS_setns, syscall(SYS_pidfd_open, 1, 0), CLONE_NEWNS | CLONE_NEWNET);
}
ATTEMPT(mount_tmpfs)
{
        return CALL(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
}
ATTEMPT(remount_writable)
{
        return CALL(SYS_mount, NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL);
}
ATTEMPT(umount_proc)
{
        return CALL(SYS_umount2, "/proc", MNT_DETACH);
}
ATTEMPT(pivot_root)
{
        return CALL(SYS_pivot_root, ".", ".");
}
ATTEMPT(chroot_here)
{
        return CALL(SYS_chroot, ".");
}
ATTEMPT(open_tree)
{
        return CALL(NR_OPEN_TREE, -100, "/", 1);
}
ATTEMPT(open_tree_attr)
{
        return CALL(NR_OPEN_TREE_ATTR, -100, "/", 1, NULL, 0);
}
ATTEMPT(fsopen)
{
        return CALL(NR_FSOPEN, "tmpfs", 0);
}
ATTEMPT(fsconfig)
{
        return CALL(NR_FSCONFIG, 0, 0, NULL, NULL, 0);
}
ATTEMPT(fsmount)
{
        return CALL(NR_FSMOUNT, 0, 0, 0);
}
ATTEMPT(fspick)
{
        return CALL(NR_FSPICK, -100, "/", 0);
}
ATTEMPT(move_mount)
{
        return CALL(NR_MOVE_MOUNT, -100, "/tmp", -100, "/usr", 0);
}

ATTEMPT(mount_setattr)
{
        struct {
                unsigned long set, clear, propagation, userns;
        } attributes = {.clear = 1 /* MOUNT_ATTR_RDONLY */};

        return CALL(NR_MOUNT_SETATTR, -100, "/usr", 0x8000 /* AT_RECURSIVE */, &attributes, sizeof(attributes));
}

/* ---- 3: foreign ABIs; on other architectures there are none, and the death is our own ---- */

static long int80(long number, long argument)
{
#ifdef __x86_64__
        long result = number;

        __asm__ volatile("int $0x80" : "+a"(result) : "b"(argument) : "r8", "r9", "r10", "r11", "memory");
        return result;
#else
        (void)argument;
        return number + raise(SIGSYS);
#endif
}

static long x32(long number)
{
#ifdef __x86_64__
        return syscall(0x40000000 | number, "/bin/true", NULL, NULL);
#else
        return number + raise(SIGSYS);
#endif
}

static void *int80_thread(void *arg)
{
        (void)arg;
        int80(310 /* unshare */, CLONE_NEWUSER);
        return NULL;
}

ATTEMPT(int80)
{
        return int80(20 /* getpid */, 0) > 0 ? WORKED : GAINED;
}
ATTEMPT(x32_getpid)
{
        return answer(x32(SYS_getpid));
}
ATTEMPT(x32_execve)
{
        return answer(x32(520));
}

/* The whole process dies, not the thread alone. */
ATTEMPT(int80_unshare)
{
        pthread_t thread;

        if (pthread_create(&thread, NULL, int80_thread, NULL) != 0)
                return BROKEN;
        pthread_join(thread, NULL);
        return GAINED;
}

ATTEMPT(int80_personality)
{
        syscall(SYS_personality, 8 /* PER_LINUX32 */);
        return attempt_int80();
}

/* ---- 4: wide interfaces ---- */

ATTEMPT(io_uring_setup)
{
        return CALL(425, 1, NULL);
}
ATTEMPT(io_uring_enter)
{
        return CALL(426, 0, 0, 0, 0, NULL, 0);
}
ATTEMPT(io_uring_register)
{
        return CALL(427, 0, 0, NULL, 0);
}

ATTEMPT(bpf)
{
        union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

        return CALL(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));
}

ATTEMPT(perf_event_open)
{
        unsigned event[32] = {1 /* software */, sizeof(event)};

        return CALL(SYS_perf_event_open, event, 0, -1, -1, 0);
}

ATTEMPT(userfaultfd)
{
        return CALL(SYS_userfaultfd, 1);
}

ATTEMPT(open_by_handle)
{
        struct {
                unsigned bytes;
                int type;
                char handle[128];
        } handle = {.bytes = 128};
        int mount_id, fd = open("/", O_RDONLY);

        if (syscall(SYS_name_to_handle_at, -100, "/usr", &handle, &mount_id, 0) < 0)
                handle.bytes = 8;
        return CALL(SYS_open_by_handle_at, fd, &handle, 0);
}

ATTEMPT(kexec_load)
{
        return CALL(SYS_kexec_load, 0, 0, NULL, 0);
}
ATTEMPT(kexec_file_load)
{
        return CALL(SYS_kexec_file_load, 0, 0, 0, "", 0);
}
ATTEMPT(init_module)
{
        return CALL(SYS_init_module, "", 0, "");
}
ATTEMPT(finit_module)
{
        return CALL(SYS_finit_module, 0, "", 0);
}
ATTEMPT(unknown_call)
{
        return CALL(599);
}
ATTEMPT(negative_call)
{
        return CALL(-1);
}

/* ---- 5: keys ---- */

#define SESSION_KEYRING (-3)
#define USER_KEYRING (-4)

ATTEMPT(keyctl_session)
{
        return CALL(SYS_keyctl, 0 /* GET_KEYRING_ID */, SESSION_KEYRING, 1);
}
ATTEMPT(add_key)
{
        return CALL(SYS_add_key, "user", "cupel-abuse", "x", 1, USER_KEYRING);
}
ATTEMPT(request_key)
{
        return CALL(SYS_request_key, "user", "cupel-abuse", NULL, 0);
}
ATTEMPT(parents_key)
{
        return CALL(SYS_keyctl, 10 /* SEARCH */, SESSION_KEYRING, "user", attack_argument, 0);
}

/* ---- 6: socket families ---- */

ATTEMPT(socket_alg)
{
        return CALL(SYS_socket, 38, SOCK_SEQPACKET, 0);
}
ATTEMPT(socket_vsock)
{
        return CALL(SYS_socket, 40, SOCK_STREAM, 0);
}
ATTEMPT(socket_netlink)
{
        return CALL(SYS_socket, AF_NETLINK, SOCK_RAW, 0);
}
ATTEMPT(socket_packet)
{
        return CALL(SYS_socket, AF_PACKET, SOCK_RAW, 0);
}
ATTEMPT(socket_xdp)
{
        return CALL(SYS_socket, 44, SOCK_RAW, 0);
}
ATTEMPT(socket_bluetooth)
{
        return CALL(SYS_socket, 31, SOCK_RAW, 0);
}
ATTEMPT(socket_high_bits)
{
        return CALL(SYS_socket, HIGH | 38, SOCK_SEQPACKET, 0);
}
ATTEMPT(socketpair_other)
{
        return CALL(SYS_socketpair, 30 /* TIPC */, SOCK_STREAM, 0, (int[2]){0});
}
ATTEMPT(socket_raw)
{
        return CALL(SYS_socket, AF_INET, SOCK_RAW, 1);
}

ATTEMPT(socket_every_other)
{
        static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};

        for (int family = 3; family < 64; family++)
                for (size_t i = 0; family != AF_INET6 && i < 4; i++)
                        if (syscall(SYS_socket, family, types[i], 0) >= 0 || errno != EAFNOSUPPORT) {
                                explain("family %d type %d: %s", family, types[i], strerror(errno));
                                return GAINED;
                        }
        return HELD;
}

ATTEMPT(socket_ordinary)
{
        static const int families[] = {AF_UNIX, AF_INET, AF_INET6};

        for (size_t i = 0; i < 3; i++)
                if (syscall(SYS_socket, families[i], SOCK_STREAM, 0) < 0)
                        return answer(-1);
        return WORKED;
}

/* ---- 38: beyond the list ---- */

ATTEMPT(fanotify)
{
        return CALL(SYS_fanotify_init, 0x200 /* REPORT_FID */, 0);
}

/* Calls that only x86 has: elsewhere nobody can make them. */
#ifndef __x86_64__
#define SYS_modify_ldt SYS_kcmp
#define SYS_iopl SYS_kcmp
#endif

ATTEMPT(modify_ldt)
{
        return CALL(SYS_modify_ldt, 0, NULL, 0);
}
ATTEMPT(kcmp_self)
{
        return CALL(SYS_kcmp, getpid(), getpid(), 0, 0, 0);
}
ATTEMPT(port_io)
{
        return CALL(SYS_iopl, 3);
}
/* RB_DISABLE_CAD: harmless where it works */
ATTEMPT(reboot)
{
        return CALL(SYS_reboot, 0xfee1dead, 672274793, 0, NULL);
}

ATTEMPT(swapon)
{
        int fd = open("swap", O_WRONLY | O_CREAT, 0600);

        return fd < 0 || ftruncate(fd, 1 << 20) < 0 ? BROKEN : CALL(SYS_swapon, "swap", 0);
}

/* Far outside of what is valid: refused anyway, but only after the right to set it was looked at. */
ATTEMPT(set_time)
{
        struct timespec now;

        syscall(SYS_clock_gettime, 0, &now);
        return CALL(SYS_clock_settime, 0, &now);
}

ATTEMPT(adjust_time)
{
        struct timex change = {.modes = ADJ_FREQUENCY};

        syscall(SYS_clock_adjtime, 0, &(struct timex){0});
        return CALL(SYS_clock_adjtime, 0, &change);
}

ATTEMPT(set_hostname)
{
        return CALL(SYS_sethostname, "evil", 4);
}
ATTEMPT(kernel_log)
{
        return CALL(SYS_syslog, 3, (char[256]){0}, 256);
}
ATTEMPT(accounting)
{
        return CALL(SYS_acct, NULL);
}
ATTEMPT(quota)
{
        return CALL(SYS_quotactl, 0x800001 << 8 /* Q_SYNC */, NULL, 0, NULL);
}
ATTEMPT(set_mm)
{
        return CALL(SYS_prctl, 35 /* PR_SET_MM */, 1, 0x10000, 0, 0);
}

static int add_filter(unsigned flags, unsigned action)
{
        struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, action)};
        struct sock_fprog program = {1, all};

        return (int)syscall(SYS_seccomp, 1 /* SET_MODE_FILTER */, flags, &program);
}

ATTEMPT(own_filter)
{
        if (add_filter(0, SECCOMP_RET_ALLOW) < 0)
                return BROKEN;
        return CALL(SYS_unshare, CLONE_NEWUSER);
}

/* A listener that lets each call through: ours answers before. One is enough; a second is refused by the kernel. */
ATTEMPT(filter_listener)
{
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {4, code};
        int fd = (int)syscall(SYS_seccomp, 1, 8 /* NEW_LISTENER */, &program);

        if (fd < 0)
                return HELD;
        /* where ours did not answer first, this would wait for a listener for ever */
        alarm(2);
        return CALL(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL) == EPERM ? HELD : GAINED;
}

ATTEMPT(process_vm_read)
{
        char here[8];
        struct iovec to = {here, 8}, from = {(void *)0x10000, 8};

        return CALL(SYS_process_vm_readv, 1, &to, 1, &from, 1, 0);
}

ATTEMPT(pidfd_getfd)
{
        return CALL(NR_PIDFD_GETFD, syscall(SYS_pidfd_open, 1, 0), 3, 0);
}
ATTEMPT(pidfd_signal)
{
        return CALL(SYS_pidfd_send_signal, syscall(SYS_pidfd_open, 1, 0), SIGKILL, NULL, 0);
}

ATTEMPT(process_madvise)
{
        struct iovec part = {(void *)0x10000, 4096};

        return CALL(NR_PROCESS_MADVISE, syscall(SYS_pidfd_open, 1, 0), &part, 1, 20 /* MADV_COLD */, 0);
}

ATTEMPT(ptrace_child)
{
        pid_t pid = fork();
        int result;

        if (pid == 0)
                for (;;)
                        pause();
        result = CALL(SYS_ptrace, PTRACE_SEIZE, pid, 0, 0);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return result;
}

#define MANY ((size_t)1 << 30)

ATTEMPT(secret_memory)
{
        int fd = (int)syscall(NR_MEMFD_SECRET, 0);

        if (fd < 0)
                return HELD;
        if (ftruncate(fd, (off_t)MANY) < 0)
                return HELD;
        return mmap(NULL, MANY, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? HELD : GAINED;
}

ATTEMPT(lock_memory)
{
        void *memory = mmap(NULL, MANY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        return memory == MAP_FAILED ? BROKEN : syscall(SYS_mlock2, memory, MANY, 1 /* ONFAULT */) < 0 ? HELD : GAINED;
}
