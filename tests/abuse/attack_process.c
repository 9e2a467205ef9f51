/* SPDX-License-Identifier: Apache-2.0 */
/* Lines 7 to 12, 14 and 39: PID 1, /proc, privileges, descriptors, environment, terminal, other processes, priorities. */
#include "attack.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

extern char **environ;

/* ---- 7: PID 1 ---- */

ATTEMPT(ptrace_init)
{
        return CALL(SYS_ptrace, PTRACE_ATTACH, 1, 0, 0);
}
ATTEMPT(init_mem)
{
        return answer(open("/proc/1/mem", O_RDONLY));
}
ATTEMPT(init_root)
{
        return answer(open("/proc/1/root/.", O_RDONLY));
}
ATTEMPT(init_cwd)
{
        return answer(open("/proc/1/cwd/.", O_RDONLY));
}
ATTEMPT(init_fd)
{
        return answer(readlink("/proc/1/fd/0", (char[64]){0}, 64));
}
ATTEMPT(init_environ)
{
        return answer(open("/proc/1/environ", O_RDONLY));
}
ATTEMPT(init_exe)
{
        return answer(readlink("/proc/1/exe", (char[64]){0}, 64));
}

ATTEMPT(kill_init)
{
        int result = CALL(SYS_kill, 1, SIGKILL);

        return access("/proc/1/stat", F_OK) == 0 ? result : GAINED;
}

/* ---- 8: /proc ---- */

ATTEMPT(sys_hostname)
{
        return open_for_writing("/proc/sys/kernel/hostname");
}
ATTEMPT(sys_core_pattern)
{
        return open_for_writing("/proc/sys/kernel/core_pattern");
}
ATTEMPT(sys_userns)
{
        return open_for_writing("/proc/sys/user/max_user_namespaces");
}
ATTEMPT(sys_drop_caches)
{
        return open_for_writing("/proc/sys/vm/drop_caches");
}
ATTEMPT(sys_forward)
{
        return open_for_writing("/proc/sys/net/ipv4/ip_forward");
}
ATTEMPT(irq_affinity)
{
        return open_for_writing("/proc/irq/default_smp_affinity");
}
ATTEMPT(mtrr)
{
        return open_for_writing("/proc/mtrr");
}
ATTEMPT(sysrq)
{
        return open_for_writing("/proc/sysrq-trigger");
}
ATTEMPT(pressure)
{
        return open_for_writing("/proc/pressure/memory");
}
ATTEMPT(binfmt)
{
        return open_for_writing("/proc/sys/fs/binfmt_misc/register");
}
ATTEMPT(oom_score)
{
        return open_for_writing("/proc/self/oom_score_adj");
}
ATTEMPT(own_maps)
{
        return open_for_writing("/proc/self/uid_map");
}
ATTEMPT(own_setgroups)
{
        return open_for_writing("/proc/self/setgroups");
}
ATTEMPT(own_mem)
{
        return open_for_writing("/proc/self/mem");
}

ATTEMPT(masked)
{
        static const char *const names[] = {"kcore", "keys", "timer_list", "slabinfo", "vmallocinfo"};

        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
                char path[64];
                struct stat status;

                snprintf(path, sizeof(path), "/proc/%s", names[i]);
                if (stat(path, &status) == 0 && (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3))) {
                        explain("%s is there", path);
                        return GAINED;
                }
        }
        return HELD;
}

/* Readable to root alone, and so to a run of root's. */
ATTEMPT(page_maps)
{
        static const char *const names[] = {"kpagecount", "kpageflags", "kpagecgroup", "pagetypeinfo", "allocinfo"};
        char path[64], bytes[64];

        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
                int fd;

                snprintf(path, sizeof(path), "/proc/%s", names[i]);
                fd = open(path, O_RDONLY | O_CLOEXEC);
                if (fd >= 0 && read(fd, bytes, sizeof(bytes)) > 0) {
                        explain("%s is readable", path);
                        return GAINED;
                }
        }
        return HELD;
}

ATTEMPT(oom_volunteer)
{
        char text[32] = {0};
        int fd = open("/proc/self/oom_score_adj", O_RDONLY);

        if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
                return BROKEN;
        explain("oom_score_adj %s", text);
        return atoi(text) >= 800 ? HELD : GAINED;
}

/* ---- 9, 10: privileges ---- */

ATTEMPT(run_unshare)
{
        static const char *const argv[] = {"unshare", "--user", "--map-root-user", "true", NULL};
        char output[1024];

        return run_program(argv, output, sizeof(output)) == 0 ? GAINED : HELD;
}

ATTEMPT(run_bwrap)
{
        static const char *const argv[] = {"bwrap", "--ro-bind", "/", "/", "true", NULL};
        char output[1024];
        int status = run_program(argv, output, sizeof(output));

        explain("%s", output);
        return status == 127 ? BROKEN : status == 0 ? GAINED : HELD;
}

/* The dynamic loader obeys LD_DEBUG only where the kernel says that the program gained nothing. */
ATTEMPT(run_setuid)
{
        static const char *const programs[] = {"/usr/bin/su", "/usr/bin/passwd", "/usr/bin/newgrp", "/usr/bin/mount"};
        static char output[1 << 16];
        struct stat status;

        for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
                const char *const argv[] = {programs[i], "--version", NULL};

                if (stat(programs[i], &status) < 0 || !(status.st_mode & S_ISUID))
                        continue;
                setenv("LD_DEBUG", "libs", 1);
                run_program(argv, output, sizeof(output));
                explain("%s: %.200s", programs[i], output);
                return strstr(output, "calling init") || strstr(output, "find library") ? HELD : GAINED;
        }
        explain("no setuid program here");
        return BROKEN;
}

ATTEMPT(no_new_privs)
{
        return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? HELD : GAINED;
}
ATTEMPT(clear_no_new_privs)
{
        return CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static int has_capability(const char *pid, const char *set)
{
        const char *value = proc_status(pid, set);

        explain("%s of %s: %s", set, pid, value);
        return !value[0] || strspn(value, "0") != strlen(value);
}

ATTEMPT(capabilities)
{
        static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapAmb"};

        for (size_t i = 0; i < 4; i++)
                if (has_capability("self", sets[i]) || has_capability("1", sets[i]))
                        return GAINED;
        return HELD;
}

ATTEMPT(bounding_set)
{
        return has_capability("self", "CapBnd") || has_capability("1", "CapBnd") ? GAINED : HELD;
}
ATTEMPT(ambient_raise)
{
        return CALL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0);
}

ATTEMPT(securebits)
{
        int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);

        explain("securebits 0x%x", bits);
        return (bits & 0xef) == 0xef ? HELD : GAINED; /* all locked; KEEP_CAPS alone is off */
}

ATTEMPT(capset_back)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct all[2] = {{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}};

        return CALL(SYS_capset, &header, all);
}

ATTEMPT(become_root)
{
        return CALL(SYS_setresuid, 0, 0, 0);
}
ATTEMPT(setgroups)
{
        return CALL(SYS_setgroups, 1, (gid_t[]){0});
}

/* ---- 11: what was inherited ---- */

ATTEMPT(descriptors)
{
        for (int fd = 3; fd < 65536; fd++)
                if (fcntl(fd, F_GETFD) >= 0) {
                        explain("descriptor %d is open", fd);
                        return GAINED;
                }
        return HELD;
}

ATTEMPT(standard_descriptors)
{
        for (int fd = 0; fd < 3; fd++) {
                struct stat status;

                if (fstat(fd, &status) < 0 || S_ISDIR(status.st_mode) || openat(fd, "..", O_PATH) >= 0) {
                        explain("descriptor %d leads somewhere", fd);
                        return GAINED;
                }
        }
        return HELD;
}

/* What tests, honest shells and the policy of the suite itself set. */
ATTEMPT(environment)
{
        static const char *const known[] = {"PATH=",
                                            "HOME=",
                                            "PWD=",
                                            "OLDPWD=",
                                            "USER=",
                                            "LOGNAME=",
                                            "SHELL=",
                                            "TMPDIR=",
                                            "LANG=",
                                            "CUPEL_",
                                            "SHLVL=",
                                            "_=",
                                            "TERM=",
                                            "LC_ALL=",
                                            "WEAKEN_LAYERS=",
                                            "GIT_",
                                            "TZ=",
                                            "NO_COLOR=",
                                            "PYTHON",
                                            "COLUMNS=",
                                            "LINES=",
                                            "LSAN_OPTIONS=detect_leaks=0"};

        for (char **entry = environ; *entry; entry++) {
                size_t i = 0, all = sizeof(known) / sizeof(*known);

                while (i < all && strncmp(*entry, known[i], strlen(known[i])) != 0)
                        i++;
                if (i == all) {
                        explain("%s", *entry);
                        return GAINED;
                }
        }
        return HELD;
}

/* ---- 39: priorities, limits, pids ---- */

ATTEMPT(nice_up)
{
        return CALL(SYS_setpriority, PRIO_PROCESS, 0, -20);
}

ATTEMPT(realtime)
{
        struct sched_param parameter = {.sched_priority = 50};

        return CALL(SYS_sched_setscheduler, 0, SCHED_FIFO, &parameter);
}

ATTEMPT(ioprio_realtime)
{
        return CALL(SYS_ioprio_set, 1, 0, 1 << 13);
}

ATTEMPT(raise_limit)
{
        struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

        return CALL(SYS_prlimit64, 0, RLIMIT_CORE, &limit, NULL);
}

/* PR_SET_DUMPABLE and a crash: WCOREDUMP says whether the kernel wrote, or would have piped, a core. */
ATTEMPT(core_dump)
{
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
                signal(SIGABRT, SIG_DFL);
                syscall(SYS_kill, getpid(), SIGABRT);
        }
        return waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) ? BROKEN : WCOREDUMP(status) ? GAINED : HELD;
}

ATTEMPT(pid_numbers)
{
        /* the first of our own ancestors below PID 1 has a small number; a host's never has */
        explain("PID 1 is %s, its threads %s", proc_status("1", "Name"), proc_status("1", "Threads"));
        if (strncmp(proc_status("1", "Name"), "cupel", 5) != 0)
                return GAINED;
        return strcmp(proc_status("1", "PPid"), "0") == 0 && strcmp(proc_status("1", "NSpid"), "1") == 0 ? HELD
                                                                                                         : GAINED;
}

ATTEMPT(huge_arguments)
{
        enum { COUNT = 512, SIZE = 128000 };
        static char *argv[COUNT + 1];
        char *text = malloc(SIZE);

        memset(text, 'x', SIZE - 1);
        text[SIZE - 1] = '\0';
        for (int i = 0; i < COUNT; i++)
                argv[i] = text;
        return CALL(SYS_execve, "/bin/true", argv, environ);
}

ATTEMPT(shared_memory)
{
        /* the key that the host's test program would use; created there where a script prepares it */
        return CALL(SYS_shmget, 0x63757065, 4096, 0);
}

ATTEMPT(host_name)
{
        char name[256] = {0};

        if (gethostname(name, sizeof(name) - 1) < 0)
                return BROKEN;
        explain("%s", name);
        return strcmp(name, "cupel") == 0 ? HELD : GAINED;
}

ATTEMPT(host_queues)
{
        return CALL(SYS_mq_open, "cupel-abuse", O_RDWR, 0600, NULL);
}

ATTEMPT(parent_pid)
{
        char name[32], path[64];

        snprintf(name, sizeof(name), "%d", getppid());
        snprintf(path, sizeof(path), "/proc/%s/stat", name);
        explain("parent %s, session %d", name, getsid(0));
        return getppid() > 0 && access(path, F_OK) == 0 ? HELD : GAINED;
}

ATTEMPT(cgroup_files)
{
        return answer(open("/sys/fs/cgroup/cgroup.procs", O_RDWR));
}

ATTEMPT(cgroup_escape)
{
        static const char *const paths[] = {"/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/release_agent",
                                            "/sys/fs/cgroup/cpu/cgroup.procs", "/sys/fs/cgroup/unified/cgroup.procs"};
        int result = BROKEN;

        for (size_t i = 0; i < 4; i++)
                if ((result = open_for_writing(paths[i])) != ENOENT)
                        break;
        return result;
}
