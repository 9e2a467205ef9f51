/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of refused system calls. Order is free. Of the rules on one call in one profile the last plain one decides; where
 * there is none, all that look at an argument hold together. Arguments are compared in their low 32 bits: the kernel looks at
 * no more of them, and a filter that compared 64 would be passed by with a high bit set.
 *
 * Numbers stand here for what libseccomp 2.5.4 (Linux 5.17) cannot name; newer than 450, a call has one number on all
 * architectures. What is in no row and has no name there answers ENOSYS: a call that a later kernel brings is decided here
 * first.
 */
#include "sandbox/seccomp.h"

#include <errno.h>

#define ROW(name, number, action, error, argument, value, profiles, reason)                                            \
        {                                                                                                              \
                name, number, action, error, argument, value, profiles, reason                                         \
        }
#define REFUSED(name, reason) ROW(name, -1, SECCOMP_REFUSE, EPERM, 0, 0, SECCOMP_IN_ALL, reason)
#define ABSENT(name, reason) ROW(name, -1, SECCOMP_REFUSE, ENOSYS, 0, 0, SECCOMP_IN_ALL, reason)
#define THOUGHT(name, reason) ROW(name, -1, SECCOMP_ALLOW, 0, 0, 0, SECCOMP_IN_ALL, reason)
#define NEWER(name, number, reason) ROW(name, number, SECCOMP_ALLOW, 0, 0, 0, SECCOMP_IN_ALL, reason)
#define NEWER_ABSENT(name, number, reason) ROW(name, number, SECCOMP_REFUSE, ENOSYS, 0, 0, SECCOMP_IN_ALL, reason)
#define BITS(name, number, argument, value, reason)                                                                    \
        ROW(name, number, SECCOMP_REFUSE_BITS, EPERM, argument, value, SECCOMP_IN_ALL, reason)
#define VALUE(name, argument, value, error, reason)                                                                    \
        ROW(name, -1, SECCOMP_REFUSE_VALUE, error, argument, value, SECCOMP_IN_ALL, reason)
#define ONLY(name, argument, value, error, reason)                                                                     \
        ROW(name, -1, SECCOMP_ONLY_VALUE, error, argument, value, SECCOMP_IN_ALL, reason)
#define UNCALLED(name, reason) ROW(name, -1, SECCOMP_REFUSE, EPERM, 0, 0, SECCOMP_IN_PROGRAMS, reason)
#define NEVER(name, reason) ROW(name, -1, SECCOMP_REFUSE, EPERM, 0, 0, SECCOMP_IN(SECCOMP_EGRESS), reason)
#define WEAK(name, reason) ROW(name, -1, SECCOMP_REFUSE, EPERM, 0, 0, SECCOMP_IN_WEAK, reason)
#define WEAK_ONLY(name, argument, value, reason)                                                                       \
        ROW(name, -1, SECCOMP_ONLY_VALUE, EPERM, argument, value, SECCOMP_IN_WEAK, reason)
#define WEAK_VALUE(name, argument, value, reason)                                                                      \
        ROW(name, -1, SECCOMP_REFUSE_VALUE, EPERM, argument, value, SECCOMP_IN_WEAK, reason)
#define WEAK_XATTR(name, number, reason) ROW(name, number, SECCOMP_REFUSE, EOPNOTSUPP, 0, 0, SECCOMP_IN_WEAK, reason)
#define ASKED(name, number, reason)                                                                                    \
        ROW(name, number, SECCOMP_ASK, EPERM, 0, 0, SECCOMP_IN(SECCOMP_WEAK_STEP), reason),                            \
                ROW(name, number, SECCOMP_REFUSE, EPERM, 0, 0, SECCOMP_IN(SECCOMP_WEAK_PROGRAM), reason)

#define SETID_BITS 06000u
/*
 * NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET; NEWTIME is in the signal's byte here and only for unshare. The flags
 * are the first argument on both ABIs, although the others differ in order (clone(2)).
 */
#define NAMESPACE_BITS 0x7e020000u
#define CLONE_THREAD_BIT 0x00010000u
#define DATAGRAM_BIT 2u        /* of SOCK_DGRAM and SOCK_RAW, not of SOCK_STREAM and SOCK_SEQPACKET */
#define FILTER_LISTENER_BIT 8u /* SECCOMP_FILTER_FLAG_NEW_LISTENER */

const struct seccomp_rule seccomp_table[] = {
        /* namespaces */
        BITS("clone", -1, 0, NAMESPACE_BITS, "namespaces"),
        ABSENT("clone3", "flags in memory cannot be filtered; libcs fall back to clone"),
        REFUSED("unshare", "namespaces"),
        REFUSED("setns", "namespaces"),
        NEWER_ABSENT("listns", 470, "names namespaces that are not its own"),

        /* mounts: the old calls are refused, the new ones do not exist */
        REFUSED("mount", "mounts"),
        REFUSED("umount", "mounts"),
        REFUSED("umount2", "mounts"),
        REFUSED("pivot_root", "mounts"),
        REFUSED("chroot", "mounts"),
        ABSENT("open_tree", "mounts"),
        ABSENT("move_mount", "mounts"),
        ABSENT("fsopen", "mounts"),
        ABSENT("fsconfig", "mounts"),
        ABSENT("fsmount", "mounts"),
        ABSENT("fspick", "mounts"),
        ABSENT("mount_setattr", "mounts"),
        NEWER_ABSENT("open_tree_attr", 467, "mounts"),
        NEWER_ABSENT("statmount", 457, "shows mounts that /proc hides"),
        NEWER_ABSENT("listmount", 458, "shows mounts that /proc hides"),

        /* other processes */
        REFUSED("ptrace", "other processes"),
        REFUSED("process_vm_readv", "other processes"),
        REFUSED("process_vm_writev", "other processes"),
        REFUSED("process_madvise", "other processes"),
        REFUSED("process_mrelease", "other processes"),
        REFUSED("pidfd_getfd", "other processes"),
        REFUSED("kcmp", "other processes"),
        THOUGHT("pidfd_open", "names a process of the step; pidfd_getfd is refused"),
        THOUGHT("move_pages", "NUMA; of others only with ptrace's permission, which Landlock refuses"),
        THOUGHT("get_robust_list", "of others only with ptrace's permission, which Landlock refuses"),

        /* the kernel's wide interfaces */
        REFUSED("bpf", "kernel attack surface"),
        REFUSED("perf_event_open", "kernel attack surface"),
        REFUSED("userfaultfd", "stops the kernel inside of a copy; kernel attack surface"),
        REFUSED("fanotify_init", "kernel attack surface"),
        REFUSED("fanotify_mark", "kernel attack surface"),
        REFUSED("lookup_dcookie", "kernel attack surface"),
        REFUSED("modify_ldt", "16-bit segments: kernel attack surface"),
        REFUSED("vm86", "kernel attack surface"),
        REFUSED("vm86old", "kernel attack surface"),
        REFUSED("uselib", "kernel attack surface"),
        REFUSED("nfsservctl", "kernel attack surface"),
        REFUSED("_sysctl", "kernel attack surface"),
        REFUSED("sysfs", "file systems of the machine by number; obsolete"),
        REFUSED("ustat", "obsolete"),
        REFUSED("remap_file_pages", "kernel attack surface; obsolete"),
        ABSENT("io_uring_setup", "acts past this filter"),
        ABSENT("io_uring_enter", "acts past this filter"),
        ABSENT("io_uring_register", "acts past this filter"),
        NEWER_ABSENT("lsm_get_self_attr", 459, "security modules"),
        NEWER_ABSENT("lsm_set_self_attr", 460, "security modules"),
        NEWER_ABSENT("lsm_list_modules", 461, "security modules"),
        ROW("uretprobe", 335, SECCOMP_REFUSE, ENOSYS, 0, 0, SECCOMP_IN_ALL,
            "return probes: only the kernel's own pages call it"),
        ROW("uprobe", 336, SECCOMP_REFUSE, ENOSYS, 0, 0, SECCOMP_IN_ALL, "probes: only the kernel's own pages call it"),
        NEWER_ABSENT("rseq_slice_yield", 471, "too new to be needed"),

        /* keys and files past the mount namespace */
        REFUSED("keyctl", "keyrings know no namespaces"),
        REFUSED("add_key", "keyrings know no namespaces"),
        REFUSED("request_key", "keyrings know no namespaces"),
        REFUSED("open_by_handle_at", "files past the mount namespace"),
        THOUGHT("name_to_handle_at", "a handle opens nothing without open_by_handle_at"),

        /* the machine */
        REFUSED("kexec_load", "the machine"),
        REFUSED("kexec_file_load", "the machine"),
        REFUSED("init_module", "the machine"),
        REFUSED("finit_module", "the machine"),
        REFUSED("delete_module", "the machine"),
        REFUSED("create_module", "the machine"),
        REFUSED("get_kernel_syms", "the machine"),
        REFUSED("query_module", "the machine"),
        REFUSED("reboot", "the machine"),
        REFUSED("swapon", "the machine"),
        REFUSED("swapoff", "the machine"),
        REFUSED("acct", "the machine"),
        REFUSED("quotactl", "the machine"),
        REFUSED("quotactl_fd", "the machine"),
        REFUSED("settimeofday", "the machine"),
        REFUSED("clock_settime", "the machine"),
        REFUSED("iopl", "the machine"),
        REFUSED("ioperm", "the machine"),
        REFUSED("syslog", "the machine"),
        REFUSED("vhangup", "the machine"),
        THOUGHT("adjtimex", "asks for the clock's state; setting needs a capability, and none is left"),
        THOUGHT("clock_adjtime", "asks for the clock's state; setting needs a capability, and none is left"),

        /* arguments; all are 32 bits wide in the kernel */
        VALUE("ioctl", 1, 0x5412, EPERM, "TIOCSTI types into the terminal"),
        VALUE("ioctl", 1, 0x541c, EPERM, "TIOCLINUX pastes into the terminal"),
        VALUE("ioctl", 1, 0x5423, EPERM, "TIOCSETD loads a line discipline: kernel attack surface"),
        VALUE("fcntl", 1, 1024, EPERM, "F_SETLEASE on a shown file would hold up the host's opens of it"),
        VALUE("fcntl", 1, 1040, EINVAL, "F_SETDELEG (Linux 6.19) is a lease too, on folders as well"),
        BITS("chmod", -1, 1, SETID_BITS, "setuid files"),
        BITS("fchmod", -1, 1, SETID_BITS, "setuid files"),
        BITS("fchmodat", -1, 2, SETID_BITS, "setuid files"),
        BITS("fchmodat2", 452, 2, SETID_BITS, "setuid files"),
        NEWER_ABSENT("file_getattr", 468, "too new to be needed"),
        NEWER_ABSENT("file_setattr", 469, "flags of files past chmod's filter"),
        ROW("socket", -1, SECCOMP_ONLY_VALUE, EAFNOSUPPORT, 0, 1, SECCOMP_IN_ALL & ~SECCOMP_IN_NETWORK, "AF_UNIX"),
        ONLY("socket", 0, 2, EAFNOSUPPORT, "AF_INET"),
        ONLY("socket", 0, 10, EAFNOSUPPORT, "AF_INET6"),
        VALUE("socket", 2, 33, EPROTONOSUPPORT, "DCCP: loads a module, kernel attack surface"),
        VALUE("socket", 2, 115, EPROTONOSUPPORT, "L2TP: loads a module, kernel attack surface"),
        VALUE("socket", 2, 132, EPROTONOSUPPORT, "SCTP: loads a module, kernel attack surface"),
        VALUE("socket", 2, 136, EPROTONOSUPPORT, "UDP-Lite: kernel attack surface"),
        VALUE("socket", 2, 256, EPROTONOSUPPORT, "SMC: loads a module, kernel attack surface"),
        VALUE("socket", 2, 262, EPROTONOSUPPORT, "MPTCP: kernel attack surface; programs fall back to TCP"),
        ONLY("socketpair", 0, 1, EAFNOSUPPORT, "AF_UNIX"),
        ROW("socketpair", -1, SECCOMP_REFUSE_BITS, EPROTOTYPE, 1, DATAGRAM_BIT,
            SECCOMP_IN_ALL & ~SECCOMP_IN(SECCOMP_STEP),
            "datagrams, raw ones too, can be sent to any Unix socket from one half of a pair"),
        ONLY("personality", 0, 0xffffffff, EPERM, "asks what it is"),
        ONLY("personality", 0, 0, EPERM, "Linux"),
        ONLY("personality", 0, 0x8, EPERM, "uname says 32 bits"),
        ONLY("personality", 0, 0x20000, EPERM, "uname says 2.6"),
        ONLY("personality", 0, 0x20008, EPERM, "both"),
        ONLY("personality", 0, 0x40000, EPERM, "no address randomisation: sanitizers, debuggers, Lisps"),
        THOUGHT("prctl", "what would give something needs a capability, and none is left"),
        ROW("seccomp", -1, SECCOMP_ALLOW, 0, 0, 0, SECCOMP_IN_ALL & ~SECCOMP_IN_WEAK, "filters only add up"),

        /* newer than libseccomp 2.5.4 */
        NEWER("cachestat", 451, "page cache of an open file"),
        NEWER("map_shadow_stack", 453, "user shadow stacks"),
        NEWER("futex_wake", 454, "locks"),
        NEWER("futex_wait", 455, "locks"),
        NEWER("futex_requeue", 456, "locks"),
        NEWER("mseal", 462, "sealed memory"),
        NEWER("setxattrat", 463, "extended attributes"),
        NEWER("getxattrat", 464, "extended attributes"),
        NEWER("listxattrat", 465, "extended attributes"),
        NEWER("removexattrat", 466, "extended attributes"),

        /* the caged program talks only through what it was given */
        UNCALLED("socket", "no sockets of its own"),
        UNCALLED("connect", "host sockets are not network"),
        UNCALLED("bind", "no sockets of its own"),
        UNCALLED("listen", "no sockets of its own"),

        /* the program with the network connects and accepts, and starts nothing */
        ROW("clone", -1, SECCOMP_NEED_BITS, EPERM, 0, CLONE_THREAD_BIT, SECCOMP_IN(SECCOMP_EGRESS),
            "threads, no processes"),
        NEVER("fork", "no processes"),
        NEVER("vfork", "no processes"),
        NEVER("execve", "no programs"),
        NEVER("execveat", "no programs"),
        NEVER("bind", "listens only on what it was given"),
        NEVER("listen", "listens only on what it was given"),

        /* tier D: no namespace stands between a step and what else its user owns */
        ROW("socket", -1, SECCOMP_REFUSE, EACCES, 0, 0, SECCOMP_IN_WEAK,
            "the host's network and its Unix sockets; pairs remain"),
        WEAK("connect", "the host's sockets"),
        WEAK("bind", "the host's sockets"),
        WEAK("listen", "the host's sockets"),
        WEAK("shmget", "the host's shared memory"),
        WEAK("shmat", "the host's shared memory"),
        WEAK("shmctl", "the host's shared memory"),
        WEAK("semget", "the host's semaphores"),
        WEAK("semop", "the host's semaphores"),
        WEAK("semtimedop", "the host's semaphores"),
        WEAK("semctl", "the host's semaphores"),
        WEAK("msgget", "the host's message queues"),
        WEAK("msgsnd", "the host's message queues"),
        WEAK("msgrcv", "the host's message queues"),
        WEAK("msgctl", "the host's message queues"),
        WEAK("mq_open", "the host's message queues"),
        WEAK("mq_unlink", "the host's message queues"),
        WEAK("setpriority", "other processes of the user"),
        WEAK("ioprio_set", "other processes of the user"),
        WEAK("sched_setattr", "other processes of the user"),
        WEAK("sched_setscheduler", "other processes of the user"),
        WEAK("sched_setparam", "other processes of the user"),
        WEAK("migrate_pages", "other processes of the user"),
        WEAK_ONLY("sched_setaffinity", 0, 0, "other processes of the user; its own"),
        WEAK_ONLY("prlimit64", 0, 0, "other processes of the user; its own"),
        WEAK("inotify_add_watch", "what happens in folders that are not shown"),
        WEAK("inotify_init", "what happens in folders that are not shown"),
        WEAK("inotify_init1", "what happens in folders that are not shown"),

        /* a second listener could be made where ours is closed, and wave through what is asked below */
        ROW("seccomp", -1, SECCOMP_REFUSE_BITS, EPERM, 1, FILTER_LISTENER_BIT, SECCOMP_IN_WEAK,
            "a listener of its own would answer in the keeper's place"),

        /* tier D: Landlock does not stop these on files that it does not show */
        ASKED("chmod", -1, "files of the user; done for the step below its own folders"),
        ASKED("fchmod", -1, "files of the user; done for the step below its own folders"),
        ASKED("fchmodat", -1, "files of the user; done for the step below its own folders"),
        ASKED("fchmodat2", 452, "files of the user; done for the step below its own folders"),
        ASKED("utime", -1, "files of the user; done for the step below its own folders"),
        ASKED("utimes", -1, "files of the user; done for the step below its own folders"),
        ASKED("futimesat", -1, "files of the user; done for the step below its own folders"),
        ASKED("utimensat", -1, "files of the user; done for the step below its own folders"),
        WEAK("chown", "files of the user"),
        WEAK("fchown", "files of the user"),
        WEAK("lchown", "files of the user"),
        WEAK("fchownat", "files of the user"),
        WEAK_XATTR("setxattr", -1, "files of the user"),
        WEAK_XATTR("fsetxattr", -1, "files of the user"),
        WEAK_XATTR("lsetxattr", -1, "files of the user"),
        WEAK_XATTR("removexattr", -1, "files of the user"),
        WEAK_XATTR("fremovexattr", -1, "files of the user"),
        WEAK_XATTR("lremovexattr", -1, "files of the user"),
        WEAK_XATTR("getxattr", -1, "files that are not shown: Landlock does not look at it"),
        WEAK_XATTR("lgetxattr", -1, "files that are not shown: Landlock does not look at it"),
        WEAK_XATTR("listxattr", -1, "files that are not shown: Landlock does not look at it"),
        WEAK_XATTR("llistxattr", -1, "files that are not shown: Landlock does not look at it"),
        WEAK_XATTR("getxattrat", 464, "files that are not shown: Landlock does not look at it"),
        WEAK_XATTR("listxattrat", 465, "files that are not shown: Landlock does not look at it"),
        WEAK_XATTR("setxattrat", 463, "files of the user"),
        WEAK_XATTR("removexattrat", 466, "files of the user"),
        WEAK_VALUE("ioctl", 1, 0x40086602, "FS_IOC_SETFLAGS: files of the user"),
        WEAK_VALUE("ioctl", 1, 0x40046602, "FS_IOC32_SETFLAGS: files of the user"),
        WEAK_VALUE("ioctl", 1, 0x401c5820, "FS_IOC_FSSETXATTR: files of the user"),
        WEAK_VALUE("ioctl", 1, 0x40087602, "FS_IOC_SETVERSION: files of the user"),
        WEAK_VALUE("ioctl", 1, 0x40086604, "EXT4_IOC_SETVERSION: files of the user"),
        WEAK_VALUE("ioctl", 1, 0x40806685, "FS_IOC_ENABLE_VERITY: shown files would be read-only for ever"),
        WEAK_VALUE("ioctl", 1, 0x800c6613, "FS_IOC_SET_ENCRYPTION_POLICY: folders of the user"),
        WEAK_VALUE("ioctl", 1, 0x50009401, "BTRFS_IOC_SNAP_CREATE: makes folders past Landlock"),
        WEAK_VALUE("ioctl", 1, 0x50009417, "BTRFS_IOC_SNAP_CREATE_V2: makes folders past Landlock"),
        WEAK_VALUE("ioctl", 1, 0x5000940e, "BTRFS_IOC_SUBVOL_CREATE: makes folders past Landlock"),
        WEAK_VALUE("ioctl", 1, 0x50009418, "BTRFS_IOC_SUBVOL_CREATE_V2: makes folders past Landlock"),
        WEAK_VALUE("ioctl", 1, 0x5000940f, "BTRFS_IOC_SNAP_DESTROY: removes folders past Landlock"),
        WEAK_VALUE("ioctl", 1, 0x5000943f, "BTRFS_IOC_SNAP_DESTROY_V2: removes folders past Landlock"),
        WEAK_VALUE("ioctl", 1, 0x4008941a, "BTRFS_IOC_SUBVOL_SETFLAGS: folders of the user"),
        {0},
};
