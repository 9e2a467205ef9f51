/* SPDX-License-Identifier: Apache-2.0 */
/* A small repository's layer in a temporary folder, and a helper of the built cupel-sandbox on it. */
#ifndef TEST_SANDBOX_SITE_H
#define TEST_SANDBOX_SITE_H

#include "lib/base/channel.h"
#include "lib/base/fs.h"
#include "lib/base/spawn.h"
#include "sandbox/client.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct bench {
        char folder[64];
        const char *program; /* beside this one; NULL: cupel-sandbox */
        struct sandbox_plan plan;
        struct sandbox_client client;
        pid_t pid;
        struct err err;
        char log[4096];
        off_t log_size;
        struct sandbox_result result;
};

static inline char *below(const struct bench *bench, const char *name)
{
        return xasprintf("%s/%s", bench->folder, name);
}

static inline void put_file(const char *folder, const char *name, const char *text)
{
        struct err err = ERR_INIT;
        int fd = fs_open_dir(folder, &err);

        cr_assert(fd >= 0 && fs_write_at(fd, name, text, strlen(text), 0644, &err) == 0, "%s", err.message);
        close(fd);
}

static inline char *program_path(const char *name)
{
        char self[4096] = {0};
        const char *folder = getenv("CUPEL_BUILD_BIN");

        cr_assert(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
        *strrchr(self, '/') = '\0';
        return xasprintf("%s/%s", folder ? folder : self, name);
}

/* The program that plays the attacker; without it steps would wait for what never comes. */
static inline char *attack_path(void)
{
        char *path = program_path("../tests/bin/sandbox-attack");
        char *real = realpath(path, NULL);

        cr_assert(real, "%s is missing: build the target sandbox-attack", path);
        free(path);
        return real;
}

static inline void bench_make(struct bench *bench)
{
        static const char *const folders[] = {"base", "base/dir", "repo", "run"};
        char *attack = attack_path();

        memset(bench, 0, sizeof(*bench));
        strcpy(bench->folder, "/tmp/cupel-sandbox-XXXXXX");
        cr_assert(mkdtemp(bench->folder));
        for (size_t i = 0; i < 4; i++) {
                char *path = below(bench, folders[i]);

                mkdir(path, 0755);
                put_file(path, "file", "one\n");
                free(path);
        }
        bench->plan = SANDBOX_PLAN_INIT;
        sandbox_plan_set_ids(&bench->plan);
        bench->plan.worktree = below(bench, "repo");
        bench->plan.scratch = below(bench, "run/work");
        bench->plan.home = xstrdup("/home/nobody-here");
        bench->plan.upper_bytes = 16 << 20;
        strv_take(&bench->plan.lower, below(bench, "base"));
        sandbox_shows_add(&bench->plan.files, attack, "bin/attack");
        free(attack);
}

static inline void bench_start(struct bench *bench, enum sandbox_tier expected)
{
        char *program = program_path(bench->program ? bench->program : "cupel-sandbox");
        char *argv[] = {program, (char *)"helper", NULL};
        struct sandbox_event event;
        int pair[2];

        cr_assert(channel_pair(pair, &bench->err) == 0);
        cr_assert(spawn(program, argv, environ, &pair[1], 1, &bench->pid, &bench->err) == 0, "%s", bench->err.message);
        close(pair[1]);
        free(program);
        sandbox_client_init(&bench->client, pair[0]);
        cr_assert(sandbox_prepare(&bench->client, &bench->plan, &bench->err) == 0, "%s", bench->err.message);
        cr_assert(sandbox_wait(&bench->client, SANDBOX_EVENT_READY, &event, &bench->err) == 0, "%s",
                  bench->err.message);
        cr_assert_eq(event.tier, expected);
}

static inline struct sandbox_step shell_step(enum sandbox_worktree worktree, const char *script)
{
        struct sandbox_step step = SANDBOX_STEP_INIT;

        step.name = xstrdup("test");
        step.worktree = worktree;
        strv_add(&step.argv, "sh");
        strv_add(&step.argv, "-c");
        strv_add(&step.argv, script);
        step.limits.wall_ms = 60000;
        return step;
}

/* Runs it, releases it; result and log are in `bench`. */
static inline void run_step(struct bench *bench, struct sandbox_step *step)
{
        int log = memfd_create("log", MFD_CLOEXEC);
        ssize_t got;

        cr_assert(sandbox_step_run(&bench->client, step, log, NULL, &bench->result, &bench->err) == 0, "%s",
                  bench->err.message);
        got = pread(log, bench->log, sizeof(bench->log) - 1, 0);
        bench->log[got > 0 ? got : 0] = '\0';
        bench->log_size = lseek(log, 0, SEEK_END);
        close(log);
        sandbox_step_release(step);
}

static inline void run_shell(struct bench *bench, enum sandbox_worktree worktree, const char *script)
{
        struct sandbox_step step = shell_step(worktree, script);

        run_step(bench, &step);
}

static inline int freeze_upper(struct bench *bench)
{
        struct sandbox_event event;

        cr_assert(sandbox_freeze(&bench->client, &bench->err) == 0);
        cr_assert(sandbox_wait(&bench->client, SANDBOX_EVENT_FROZEN, &event, &bench->err) == 0, "%s",
                  bench->err.message);
        return event.fd;
}

static inline void bench_end(struct bench *bench)
{
        struct err err;

        if (bench->pid > 0) {
                sandbox_client_release(&bench->client);
                waitpid(bench->pid, NULL, 0);
        }
        cr_assert(chdir("/tmp") == 0);
        fs_remove_tree_at(AT_FDCWD, strrchr(bench->folder, '/') + 1, &err);
        sandbox_plan_release(&bench->plan);
}

#endif
