/* SPDX-License-Identifier: Apache-2.0 */
/* The table of refused system calls. Order is free; a call with argument rules has only those. */
#include "sandbox/seccomp.h"

#define IN(profile) (1u << SECCOMP_##profile)
#define EVERYWHERE (IN(STEP) | IN(PROGRAM) | IN(LOADING) | IN(EGRESS))

#define REFUSED(name, reason)                                                                                          \
        {                                                                                                              \
                name, -1, SECCOMP_EPERM, 0, 0, EVERYWHERE, reason                                                      \
        }
#define ABSENT(name, reason)                                                                                           \
        {                                                                                                              \
                name, -1, SECCOMP_ENOSYS, 0, 0, EVERYWHERE, reason                                                     \
        }
#define NEWER(name, number, reason)                                                                                    \
        {                                                                                                              \
                name, number, SECCOMP_ALLOW, 0, 0, EVERYWHERE, reason                                                  \
        }
#define BITS(name, number, argument, value, reason)                                                                    \
        {                                                                                                              \
                name, number, SECCOMP_REFUSE_BITS, argument, value, EVERYWHERE, reason                                 \
        }
#define VALUE(name, argument, value, reason)                                                                           \
        {                                                                                                              \
                name, -1, SECCOMP_REFUSE_VALUE, argument, value, EVERYWHERE, reason                                    \
        }
#define ONLY(name, argument, value, reason)                                                                            \
        {                                                                                                              \
                name, -1, SECCOMP_ONLY_VALUE, argument, value, EVERYWHERE, reason                                      \
        }
#define UNCALLED(name, reason)                                                                                         \
        {                                                                                                              \
                name, -1, SECCOMP_EPERM, 0, 0, IN(PROGRAM), reason                                                     \
        }

#define NETLESS(name, argument, value, reason)                                                                         \
        {                                                                                                              \
                name, -1, SECCOMP_ONLY_VALUE, argument, value, IN(STEP) | IN(PROGRAM), reason                          \
        }
#define NEVER(name, reason)                                                                                            \
        {                                                                                                              \
                name, -1, SECCOMP_EPERM, 0, 0, IN(EGRESS), reason                                                      \
        }

#define SETID_BITS 06000u
/* NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET; NEWTIME is in the signal's byte here and only for unshare */
#define NAMESPACE_BITS 0x7e020000u
#define CLONE_THREAD_BIT 0x00010000u

const struct seccomp_rule seccomp_table[] = {
        /* namespaces */
        {"clone", -1, SECCOMP_REFUSE_BITS, 0, NAMESPACE_BITS, EVERYWHERE & ~IN(EGRESS), "namespaces"},
        ABSENT("clone3", "flags in memory cannot be filtered; libcs fall back to clone"),
        REFUSED("unshare", "namespaces"),
        REFUSED("setns", "namespaces"),

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
        {"open_tree_attr", 467, SECCOMP_ENOSYS, 0, 0, EVERYWHERE, "mounts"},

        /* other processes */
        REFUSED("ptrace", "other processes"),
        REFUSED("process_vm_readv", "other processes"),
        REFUSED("process_vm_writev", "other processes"),
        REFUSED("process_madvise", "other processes"),
        REFUSED("pidfd_getfd", "other processes"),
        REFUSED("kcmp", "other processes"),

        /* the kernel's wide interfaces */
        REFUSED("bpf", "kernel attack surface"),
        REFUSED("perf_event_open", "kernel attack surface"),
        REFUSED("userfaultfd", "kernel attack surface"),
        REFUSED("fanotify_init", "kernel attack surface"),
        REFUSED("lookup_dcookie", "kernel attack surface"),
        REFUSED("modify_ldt", "kernel attack surface"),
        REFUSED("vm86", "kernel attack surface"),
        REFUSED("vm86old", "kernel attack surface"),
        REFUSED("uselib", "kernel attack surface"),
        REFUSED("nfsservctl", "kernel attack surface"),
        REFUSED("_sysctl", "kernel attack surface"),
        ABSENT("io_uring_setup", "acts past this filter"),
        ABSENT("io_uring_enter", "acts past this filter"),
        ABSENT("io_uring_register", "acts past this filter"),

        /* keys and files past the mount namespace */
        REFUSED("keyctl", "keyrings know no namespaces"),
        REFUSED("add_key", "keyrings know no namespaces"),
        REFUSED("request_key", "keyrings know no namespaces"),
        REFUSED("open_by_handle_at", "files past the mount namespace"),

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

        /* arguments; all are 32 bits wide in the kernel */
        VALUE("ioctl", 1, 0x5412, "TIOCSTI types into the terminal"),
        VALUE("ioctl", 1, 0x541c, "TIOCLINUX pastes into the terminal"),
        VALUE("ioctl", 1, 0x5423, "TIOCSETD: line disciplines, kernel modules loaded on demand"),
        BITS("chmod", -1, 1, SETID_BITS, "setuid files"),
        BITS("fchmod", -1, 1, SETID_BITS, "setuid files"),
        BITS("fchmodat", -1, 2, SETID_BITS, "setuid files"),
        BITS("fchmodat2", 452, 2, SETID_BITS, "setuid files"),
        NETLESS("socket", 0, 1, "AF_UNIX"),
        ONLY("socket", 0, 2, "AF_INET"),
        ONLY("socket", 0, 10, "AF_INET6"),
        ONLY("socketpair", 0, 1, "AF_UNIX"),

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
        {"clone", -1, SECCOMP_NEED_BITS, 0, CLONE_THREAD_BIT, IN(EGRESS), "threads, no processes"},
        NEVER("fork", "no processes"),
        NEVER("vfork", "no processes"),
        NEVER("execve", "no programs"),
        NEVER("execveat", "no programs"),
        NEVER("bind", "listens only on what it was given"),
        NEVER("listen", "listens only on what it was given"),
        {0},
};
