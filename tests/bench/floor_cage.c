/* SPDX-License-Identifier: Apache-2.0 */
/* What of bench-floor runs in namespaces: a cage, and one step after the other in it, each with an upper of its own. */
#include "tests/bench/floor.h"

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The cage's network namespace will do for a step, since nobody has used it. */
#define OF_A_STEP (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define OF_A_CAGE (CLONE_NEWUSER | CLONE_NEWNET | OF_A_STEP)

static void bind(const char *from, const char *to, unsigned long flags)
{
        must(mount(from, to, NULL, MS_BIND | MS_REC, NULL), to);
        if (flags)
                must(mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | flags, NULL), to);
}

/* As root inside, who keeps the right to mount across the exec. */
static void map_ids(uid_t uid, gid_t gid)
{
        char line[64];

        put_file("/proc/self/setgroups", "deny", 4, 0);
        put_file("/proc/self/uid_map", line, (size_t)snprintf(line, sizeof(line), "0 %u 1", uid), 0);
        put_file("/proc/self/gid_map", line, (size_t)snprintf(line, sizeof(line), "0 %u 1", gid), 0);
}

/* The layers that a process puts on itself, each as small as it can be. */
static void confine(void)
{
        const struct landlock_ruleset_attr attr = {.handled_access_fs =
                                                           LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG};
        struct landlock_path_beneath_attr rule = {.allowed_access = attr.handled_access_fs};
        struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        const struct sock_fprog filter = {1, &allow};
        int ruleset;

        must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
        ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
        if (ruleset >= 0) { /* a kernel without it spares the time */
                rule.parent_fd = (int)must(open("/", O_PATH | O_CLOEXEC), "/");
                must(syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0), "landlock");
                must(syscall(SYS_landlock_restrict_self, ruleset, 0), "landlock");
                close(rule.parent_fd);
                close(ruleset);
        }
        must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0), "seccomp");
}

static void make_root(const char *name)
{
        static const char *const nodes[] = {"null", "zero", "full", "random", "urandom"};
        char options[256];

        must(mount("tmpfs", "root", "tmpfs", MS_NOSUID | MS_NODEV, NULL), "tmpfs");
        must(chdir("root"), "root");
        for (const char *const *folder = (const char *const[]){"usr", "proc", "dev", "tmp", "work", NULL}; *folder;
             folder++)
                must(mkdir(*folder, 0755), *folder);
        for (const char *const *link = (const char *const[]){"bin", "lib", "lib64", NULL}; *link; link++) {
                snprintf(options, sizeof(options), "usr/%s", *link);
                must(symlink(options, *link), *link);
        }
        bind("/usr", "usr", MS_RDONLY);
        must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "proc");
        must(mount("tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, NULL), "tmp");
        for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++) {
                char from[32];

                snprintf(from, sizeof(from), "/dev/%s", nodes[i]);
                put_file(from + 1, "", 0, 0);
                bind(from, from + 1, 0);
        }
        snprintf(options, sizeof(options),
                 "userxattr,lowerdir=../lower,upperdir=../scratch/%s,workdir=../scratch/%s.work", name, name);
        must(mount("overlay", "work", "overlay", MS_NOSUID | MS_NODEV, options), "overlay");
}

struct step {
        pid_t pid;
        int alive; /* ends with its program, before its namespaces do */
};

/* One step with an upper of its own. Returns when its program is there: a pipe closes with its exec. */
static struct step begin_step(const char *upper, const char *script)
{
        char path[64], byte;
        int there[2], alive[2];
        pid_t pid;

        for (const char *const *end = (const char *const[]){"", ".work", NULL}; *end; end++) {
                snprintf(path, sizeof(path), "scratch/%s%s", upper, *end);
                must(mkdir(path, 0755), path);
        }
        must(pipe2(there, O_CLOEXEC), "pipe");
        must(pipe2(alive, O_CLOEXEC), "pipe");
        pid = (pid_t)must(syscall(SYS_clone, OF_A_STEP | SIGCHLD, NULL, NULL, NULL, NULL), "clone");
        if (pid == 0) {
                make_root(upper);
                must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
                must(umount2(".", MNT_DETACH), "umount");
                must(chdir("/work"), "/work");
                confine();
                must(fcntl(alive[1], F_SETFD, 0), "alive");
                execl("/usr/bin/sh", "sh", "-c", script, NULL);
                err(1, "sh");
        }
        close(there[1]);
        close(alive[1]);
        must(read(there[0], &byte, 1), "exec");
        close(there[0]);
        return (struct step){pid, alive[0]};
}

static void wait_for(const struct step *step)
{
        char byte;

        must(read(step->alive, &byte, 1), "step");
        close(step->alive);
}

static void read_back(void)
{
        DIR *upper = opendir("scratch/agent");
        char bytes[256];
        ssize_t got = 0;

        if (!upper)
                err(1, "scratch/agent");
        for (struct dirent *entry; (entry = readdir(upper));) {
                int fd = entry->d_name[0] == '.' ? -1 : openat(dirfd(upper), entry->d_name, O_RDONLY | O_CLOEXEC);

                if (fd >= 0 && (got = read(fd, bytes, sizeof(bytes))) >= 0)
                        close(fd);
        }
        closedir(upper);
        if (got <= 0)
                errx(1, "the step left nothing");
        for (const char *const *name = (const char *const[]){"blob", "tree", NULL}; *name; name++) {
                char from[32], to[32];

                snprintf(from, sizeof(from), "quarantine/%s.tmp", *name);
                snprintf(to, sizeof(to), "quarantine/%s", *name);
                put_file(from, bytes, (size_t)got, 0);
                must(rename(from, to), to);
        }
}

static void run_room(void)
{
        struct step step;
        char byte;

        must(read(GO, &byte, 1), "go");
        step = begin_step("room", "true");
        mark(PHASE_judge);
        wait_for(&step);
        mark(PHASE_clean_room);
        finish(step.pid);
}

/* Process 1 of the cage, after its exec. */
void run_caged(const char *name)
{
        struct step step;

        must(mount("tmpfs", "scratch", "tmpfs", MS_NOSUID | MS_NODEV, NULL), "scratch");
        if (strcmp(name, "room") == 0) {
                run_room();
                return;
        }
        mark(PHASE_launch);
        step = begin_step("agent", "echo 1 > b.txt");
        mark(PHASE_sandbox);
        wait_for(&step);
        mark(PHASE_step);
        finish(step.pid);
        read_back();
        step = begin_step("verify", "true");
        mark(PHASE_read_back);
        wait_for(&step);
        mark(PHASE_verify);
        finish(step.pid);
}

void make_cage(const char *name)
{
        uid_t uid = geteuid();
        gid_t gid = getegid();
        char byte;
        pid_t pid;

        must(unshare(OF_A_CAGE), "unshare");
        map_ids(uid, gid);
        pid = (pid_t)must(fork(), "fork");
        if (pid > 0) {
                finish(pid);
                return;
        }
        must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
        must(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "proc");
        bind("state", "state", MS_RDONLY);
        must(mount("tmpfs", "state", "tmpfs", MS_NOSUID | MS_NODEV, NULL), "state");
        if (strcmp(name, "run") == 0)
                must(read(BEGIN, &byte, 1), "begin");
        execl("/proc/self/exe", "bench-floor", "caged", name, NULL);
        err(1, "exec");
}
