/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups. What is written and read is judged on folders of plain files, for version 2 too, whatever this machine has;
 * what the kernel makes of it where this user may make groups.
 */
#include "sandbox/cgroup.h"
#include "sandbox/cgroup_backend.h"

#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "sandbox/kernel.h"
#include "sandbox/step.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/cupel-cgroup-XXXXXX";
static int fd;

static void setup(void)
{
        cr_assert(mkdtemp(folder));
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void teardown(void)
{
        struct err err;

        close(fd);
        fs_remove_tree_at(AT_FDCWD, folder, &err);
}

static void put(const char *name, const char *text)
{
        struct err err = ERR_INIT;

        cr_assert(fs_write_at(fd, name, text, strlen(text), 0644, &err) == 0);
}

static void expect_file(const char *name, const char *text)
{
        struct str got = {0};
        struct err err = ERR_INIT;

        cr_assert(fs_read_at(fd, name, 4096, &got, &err) == 0, "%s", name);
        cr_assert(strcmp(str_text(&got), text) == 0, "%s: %s", name, str_text(&got));
        str_release(&got);
}

static const struct cgroup_backend *backend(const char *controller)
{
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                if (strcmp(cgroup_backends[i].controller, controller) == 0)
                        return &cgroup_backends[i];
        return NULL;
}

TestSuite(cgroup, .timeout = 60);

Test(cgroup, version_2_is_bounded_and_read, .init = setup, .fini = teardown)
{
        const struct cgroup_backend *unified = backend("");
        const struct cgroup_bounds bounds = {.memory_bytes = 1 << 20, .tasks = 33};
        struct cgroup_usage usage = {0};
        static const char *const written[] = {"memory.max", "memory.swap.max", "memory.oom.group", "pids.max"};

        for (size_t i = 0; i < 4; i++)
                put(written[i], "");
        unified->limit(fd, unified->gives, &bounds);
        expect_file("memory.max", "1048576");
        expect_file("memory.swap.max", "0");
        expect_file("memory.oom.group", "1");
        expect_file("pids.max", "33");
        put("cpu.stat", "usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n");
        put("memory.stat", "anon 4096\nfile 900000\nkernel 5\nshmem 8192\ninactive_file 1000\nactive_file 24\n");
        put("memory.peak", "20480\n");
        put("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 1\n");
        put("pids.current", "4\n");
        put("pids.peak", "32\n");
        put("pids.events", "max 5\n");
        unified->read(fd, unified->gives, &usage);
        cr_assert(usage.cpu_ms == 1234);
        cr_assert(usage.memory == 12288 && usage.memory_peak == 19456 && usage.memory_kills == 2);
        cr_assert(usage.tasks == 4 && usage.tasks_peak == 32 && usage.tasks_refused == 5);
}

Test(cgroup, version_2_hands_on_what_it_has, .init = setup, .fini = teardown)
{
        /* a plain file keeps what is written to it at its beginning */
        put("cgroup.controllers", "cpuset memory pids\n");
        put("cgroup.subtree_control", "0123456789 cpuset memory pids\n");
        cr_assert(cgroup_delegate(fd) == (CGROUP_CPU | CGROUP_MEMORY | CGROUP_TASKS));
        put("cgroup.subtree_control", "0123456789 cpuset memory.x pids\n");
        cr_assert(cgroup_delegate(fd) == (CGROUP_CPU | CGROUP_TASKS));
        put("cgroup.controllers", "cpuset\n");
        put("cgroup.subtree_control", "untouched memory pids\n");
        cr_assert(cgroup_delegate(fd) == CGROUP_CPU);
        put("cgroup.controllers", "cpuset memory pids\n");
        cr_assert(unlinkat(fd, "cgroup.subtree_control", 0) == 0);
        cr_assert(cgroup_delegate(fd) == CGROUP_CPU);
}

Test(cgroup, version_1_is_bounded_and_read, .init = setup, .fini = teardown)
{
        const struct cgroup_bounds bounds = {.memory_bytes = 1 << 20, .tasks = 33};
        struct cgroup_usage usage = {0};

        put("memory.limit_in_bytes", "");
        put("memory.memsw.limit_in_bytes", "");
        put("pids.max", "");
        backend("memory")->limit(fd, CGROUP_MEMORY, &bounds);
        backend("pids")->limit(fd, CGROUP_TASKS, &bounds);
        expect_file("memory.limit_in_bytes", "1048576");
        expect_file("memory.memsw.limit_in_bytes", "1048576");
        expect_file("pids.max", "33");
        put("memory.stat", "cache 5\nrss 1\nshmem 2\ntotal_rss 4096\ntotal_shmem 8192\ntotal_inactive_file 1000\n");
        put("memory.max_usage_in_bytes", "20480\n");
        put("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
        put("cpuacct.usage", "1234567890\n");
        backend("memory")->read(fd, CGROUP_MEMORY, &usage);
        backend("cpuacct")->read(fd, CGROUP_CPU, &usage);
        cr_assert(usage.memory == 12288 && usage.memory_peak == 19480 && usage.memory_kills == 2);
        cr_assert(usage.cpu_ms == 1234);
}

Test(cgroup, an_older_kernel_has_fewer_files, .init = setup, .fini = teardown)
{
        const struct cgroup_bounds bounds = {.memory_bytes = 1 << 20, .tasks = 33};
        struct cgroup_usage usage = {0};

        for (size_t i = 0; i < CGROUP_BACKENDS; i++) {
                cgroup_backends[i].limit(fd, cgroup_backends[i].gives, &bounds);
                cgroup_backends[i].read(fd, cgroup_backends[i].gives, &usage);
        }
        cr_assert(usage.cpu_ms == 0 && usage.memory == 0 && usage.tasks == 0);
}

/* ---- The kernel ---- */

static int status_of(pid_t pid)
{
        int status = -1;

        waitpid(pid, &status, 0);
        return status;
}

/* A child in the step's groups; its exit status. */
static int run_in(const struct cgroups *groups, unsigned ways, int (*child)(void))
{
        int pidfd = -1;
        pid_t pid = ns_clone(0, cgroups_clone_fd(groups), &pidfd);

        close(pidfd);
        if (pid == 0) {
                struct err err = ERR_INIT;

                _exit(cgroups_join(groups, ways, &err) < 0 ? 99 : child());
        }
        return status_of(pid);
}

/* Itself and three are four; three more are refused. */
static int fork_six(void)
{
        pid_t pids[6];
        int refused = 0;

        for (int i = 0; i < 6; i++) {
                pids[i] = fork();
                if (pids[i] == 0)
                        pause();
                refused += pids[i] < 0 && errno == EAGAIN;
        }
        for (int i = 0; i < 6; i++)
                if (pids[i] > 0) {
                        kill(pids[i], SIGKILL);
                        waitpid(pids[i], NULL, 0);
                }
        return refused;
}

static int touch_memory(void)
{
        size_t len = (size_t)64 << 20;
        char *bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        memset(bytes, 1, len);
        return 0;
}

static bool exists(const struct cgroups *groups)
{
        bool any = false;
        char name[128];

        snprintf(name, sizeof(name), "%s-1", groups->name);
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                any |= groups->places[i].parent >= 0 && faccessat(groups->places[i].parent, name, F_OK, 0) == 0;
        return any;
}

/* Who may make no groups is an ordinary user, and polled: nothing is found, and nothing breaks. */
static void find(struct cgroups *groups)
{
        cgroups_find(groups);
        cr_assert(geteuid() != 0 || groups->name[0], "root finds no hierarchy to make groups in");
}

Test(cgroup, the_kernel_counts_and_bounds)
{
        const struct cgroup_bounds bounds = {.memory_bytes = (uint64_t)16 << 20, .tasks = 4};
        struct cgroup_usage usage;
        struct cgroups groups;
        unsigned ways;

        find(&groups);
        cgroups_step_begin(&groups, &bounds);
        ways = cgroups_step_make(&groups, &bounds);
        if (cgroups_version(&groups, CGROUP_TASKS)) {
                cr_assert(WEXITSTATUS(run_in(&groups, ways, fork_six)) == 3);
                cgroups_step_read(&groups, &usage);
                cr_assert(usage.tasks_refused == 3, "%llu", (unsigned long long)usage.tasks_refused);
                cr_assert(usage.tasks_peak == 4);
        }
        if (cgroups_version(&groups, CGROUP_MEMORY)) {
                int status = run_in(&groups, ways, touch_memory);

                cgroups_step_read(&groups, &usage);
                cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %d", status);
                cr_assert(usage.memory_kills >= 1);
        }
        cgroups_release(&groups);
        cr_assert(!groups.name[0]);
}

static int burn(void)
{
        for (clock_t end = clock() + CLOCKS_PER_SEC / 10; clock() < end;)
                ;
        return 0;
}

/* With version 1 out of reach, version 2 counts time at least, whatever controllers it has. */
Test(cgroup, version_2_is_entered_at_birth)
{
        const struct cgroup_bounds bounds = {0};
        struct cgroup_usage usage;
        struct cgroups groups;

        find(&groups);
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                if (cgroup_backends[i].version == 1 && groups.places[i].parent >= 0) {
                        close(groups.places[i].parent);
                        groups.places[i].parent = -1;
                }
        cgroups_step_begin(&groups, &bounds);
        cr_assert(cgroups_step_make(&groups, &bounds) == 0);
        if (cgroups_version(&groups, CGROUP_CPU) == 2) {
                cr_assert(run_in(&groups, 0, burn) == 0);
                cgroups_step_read(&groups, &usage);
                cr_assert(usage.cpu_ms >= 90 && usage.cpu_ms < 1000, "%llu ms", (unsigned long long)usage.cpu_ms);
        }
        cgroups_release(&groups);
}

/* A folder of plain files is one in which nobody can be born. */
Test(cgroup, a_step_that_is_born_outside_of_its_group_is_not_counted_by_it, .init = setup, .fini = teardown)
{
        const unsigned all = CGROUP_CPU | CGROUP_MEMORY | CGROUP_TASKS;
        struct cgroups groups = CGROUPS_NONE;
        struct cgroup_usage usage;
        int pidfd = -1;
        pid_t pid;

        strcpy(groups.name, "group");
        groups.serial = 1;
        groups.given = groups.places[0].gives = all;
        groups.places[0].parent = dup(fd);
        cr_assert(cgroup_backends[0].version == 2 && mkdirat(fd, "group-1", 0755) == 0);
        groups.places[0].step = openat(fd, "group-1", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        pid = step_clone(&groups, 0, &pidfd);
        if (pid == 0)
                _exit(0);
        cr_assert(pid > 0 && status_of(pid) == 0);
        close(pidfd);
        cgroups_step_read(&groups, &usage);
        cr_assert(usage.known == 0, "the group is believed to count what is not in it");
        cr_assert(groups.given == 0 &&
                  cgroups_means(&groups, CGROUP_MEMORY, SANDBOX_MEANS_POLLED) == SANDBOX_MEANS_POLLED);
        cr_assert(!cgroups_step_freeze(&groups, 100), "an empty group stands still, and says nothing of the step");
        cr_assert(faccessat(fd, "group-1", F_OK, 0) < 0, "the group is left");
        cgroups_release(&groups);
}

Test(cgroup, releasing_leaves_nothing)
{
        const struct cgroup_bounds bounds = {0};
        struct cgroups groups, again;

        find(&groups);
        again = groups;
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                again.places[i].parent = dup(groups.places[i].parent);
        cgroups_step_begin(&groups, &bounds);
        cgroups_step_make(&groups, &bounds);
        cr_assert(!groups.given || exists(&again));
        cgroups_step_end(&groups);
        cr_assert(!exists(&again));
        groups.serial = 0;
        cgroups_step_begin(&groups, &bounds);
        cgroups_step_make(&groups, &bounds);
        cgroups_release(&groups);
        cr_assert(!exists(&again));
}

static void expect_sweep(bool everywhere)
{
        const struct cgroup_bounds bounds = {0};
        struct cgroups mine, left = CGROUPS_NONE;
        int pipes[2];
        pid_t pid;

        find(&mine);
        cgroups_step_begin(&mine, &bounds);
        cgroups_step_make(&mine, &bounds);
        cr_assert(pipe(pipes) == 0);
        pid = fork();
        if (pid == 0) {
                cgroups_find(&left);
                cgroups_step_begin(&left, &bounds);
                cgroups_step_make(&left, &bounds);
                if ((left.given && !exists(&left)) || write(pipes[1], left.name, sizeof(left.name)) < 0)
                        _exit(1);
                kill(getpid(), SIGKILL);
        }
        cr_assert(read(pipes[0], left.name, sizeof(left.name)) == sizeof(left.name));
        cr_assert(WIFSIGNALED(status_of(pid)));
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                left.places[i].parent = mine.places[i].parent;
        /* from here on every cupel of the machine may sweep it */
        cgroups_sweep(everywhere);
        cr_assert(!exists(&left), "%s is still there", left.name);
        cr_assert(!mine.given || exists(&mine), "the group of a living process was removed");
        cgroups_release(&mine);
}

Test(cgroup, what_a_dead_process_left_is_swept_and_nothing_else)
{
        expect_sweep(false);
        expect_sweep(true);
}
