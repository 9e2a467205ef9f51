/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One command in a sandbox as a run's agent would have it: the same cage, helper, plan and step, composed by the same code. The
 * worktree is an empty folder, nothing listens, and there are no notes. All of it lies in a folder of the cache that goes at
 * the end.
 */
#include "cli/agents_check.h"

#include "cli/runner_call.h"
#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/spawn.h"
#include "runner/compose.h"
#include "sandbox/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WALL_MS 60000
#define OUTPUT_MAX ((size_t)64 << 10)

struct ground {
        char *folder; /* base, worktree, upper */
        struct strv lowers, objects;
        struct strv environment; /* what a run's runner would have */
        char *worktree;
        pid_t pid;
        struct sandbox_client client;
};

static void ground_release(struct ground *ground)
{
        struct err ignored = ERR_INIT;

        if (ground->pid > 0) {
                sandbox_client_release(&ground->client);
                while (waitpid(ground->pid, NULL, 0) < 0 && errno == EINTR)
                        continue;
        }
        if (ground->folder)
                fs_remove_tree_at(AT_FDCWD, ground->folder, &ignored);
        free(ground->folder);
        free(ground->worktree);
        strv_release(&ground->lowers);
        strv_release(&ground->objects);
        strv_release(&ground->environment);
}

static int make_ground(struct ground *ground, const struct context *context, struct err *err)
{
        static const char *const names[] = {"base", "work", "upper"};

        if (fs_mkdir_p(context->cache_root, 0700, err) < 0)
                return -1;
        ground->folder = xasprintf("%s/check-XXXXXX", context->cache_root);
        if (!mkdtemp(ground->folder))
                return err_errno(err, "make %s", ground->folder);
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
                _cleanup_free_ char *path = xasprintf("%s/%s", ground->folder, names[i]);

                if (mkdir(path, 0755) < 0)
                        return err_errno(err, "make %s", path);
        }
        strv_add_printf(&ground->lowers, "%s/base", ground->folder);
        ground->worktree = xasprintf("%s/work", ground->folder);
        return 0;
}

/* As for a run, without a repository. */
static int start_cage(struct ground *ground, const struct context *context, const struct plan *run, struct err *err)
{
        _cleanup_cage_plan_ struct cage_plan plan = CAGE_PLAN_INIT;
        _cleanup_free_ char *program = sibling_path("cupel-runner", err);
        _cleanup_fd_ int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC); /* what fails comes by the socket */
        int pair[2], status;

        if (!program || nowhere < 0)
                return program ? err_errno(err, "/dev/null") : -1;
        runner_call_cage(context, run, &plan);
        plan.run_dir = xstrdup(ground->folder);
        strv_add_printf(&plan.write, "%s/upper", ground->folder);
        *strrchr(program, '/') = '\0';
        strv_add(&plan.show, program);
        if (channel_pair(pair, err) < 0)
                return -1;
        status = cage_spawn(
                &(struct cage_start){
                        .plan = &plan, .envp = ground->environment.items, .control_fd = pair[1], .output_fd = nowhere},
                &ground->pid, err);
        close(pair[1]);
        if (status < 0) {
                close(pair[0]);
                ground->pid = 0;
                return -1;
        }
        sandbox_client_init(&ground->client, pair[0]);
        return 0;
}

static void compose_trial(const struct compose_input *input, const struct strv *argv, struct sandbox_step *step)
{
        compose_agent(input, step);
        free(step->name);
        step->name = xstrdup("version");
        strv_release(&step->argv);
        strv_copy(&step->argv, argv);
        step->listen.len = 0;
        step->notes = step->tty = false;
        step->limits.wall_ms = WALL_MS;
}

static int prepare(struct ground *ground, const struct compose_input *input, enum sandbox_tier *ret_tier,
                   struct err *err)
{
        _cleanup_sandbox_event_ struct sandbox_event event = {.fd = -1};
        _cleanup_sandbox_plan_ struct sandbox_plan plan = SANDBOX_PLAN_INIT;
        struct err unsent = ERR_INIT;

        if (compose_sandbox(input, &plan, err) < 0)
                return -1;
        /* a cage that could not be made is gone before it is asked: what it said on the way out is the better error */
        if (sandbox_prepare(&ground->client, &plan, &unsent) < 0 && unsent.code != ERR_SANDBOX) {
                *err = unsent; /* it is there, was not asked, and would never answer */
                return -1;
        }
        if (sandbox_wait(&ground->client, SANDBOX_EVENT_READY, &event, err) < 0)
                return -1;
        *ret_tier = event.tier;
        return 0;
}

static int run_step(struct ground *ground, const struct compose_input *input, const struct strv *argv,
                    struct agent_trial *ret, struct err *err)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;
        _cleanup_str_ struct str text = {0};
        _cleanup_fd_ int log = memfd_create("version", MFD_CLOEXEC);

        if (log < 0)
                return err_errno(err, "memfd");
        compose_trial(input, argv, &step);
        step.limits.output_bytes = step.limits.log_bytes = OUTPUT_MAX;
        if (sandbox_step_run(&ground->client, &step, log, NULL, &ret->result, err) < 0)
                return -1;
        ret->tried = true;
        if (lseek(log, 0, SEEK_SET) < 0 || fs_read_fd(log, 2 * OUTPUT_MAX, &text, err) < 0)
                return err_wrap(err, "output of the version command");
        ret->output = str_steal(&text);
        return 0;
}

int agent_trial(struct context *context, const struct launch *launch, const struct strv *argv, struct agent_trial *ret,
                struct err *err)
{
        __attribute__((cleanup(ground_release))) struct ground ground = {0};
        struct err none = ERR_INIT;
        _cleanup_free_ char *program = sibling_path("cupel", &none);
        struct compose_input input = {.plan = &launch->plan, .program = program};

        if (make_ground(&ground, context, err) < 0)
                return -1;
        runner_call_environment(context, &launch->plan, &ground.environment);
        input.envp = ground.environment.items;
        input.run_folder = ground.folder;
        input.worktree = ground.worktree;
        input.lowers = &ground.lowers;
        input.objects = &ground.objects;
        /* what fails from here on is the machine's sandbox: part of what is told */
        if (start_cage(&ground, context, &launch->plan, &ret->unfit) == 0 &&
            prepare(&ground, &input, &ret->tier, &ret->unfit) == 0)
                (void)run_step(&ground, &input, argv, ret, &ret->unfit);
        return 0;
}

void agent_trial_release(struct agent_trial *trial)
{
        free(trial->output);
}
