/* SPDX-License-Identifier: Apache-2.0 */
#include "director/furniture.h"

#include "director/candidate.h"
#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/spawn.h"
#include "lib/base/user.h"
#include "policy/policy.h"
#include "sandbox/cage.h"
#include "sandbox/furnish.h"
#include "sandbox/plan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define LOG_BYTES ((uint64_t)16 << 20)

static bool there(const char *path)
{
        return access(path, F_OK) == 0;
}

/* The repository's object stores, then the candidate's; their order numbers them below FURNITURE_OBJECTS. */
static int object_folders(const struct director *d, struct strv *ret, size_t *ret_own, struct err *err)
{
        _cleanup_free_ char *kept = candidate_store(d, d->row.id, CANDIDATE_KEPT);

        if (repo_object_dirs(d->repo, ret, err) < 0)
                return -1;
        *ret_own = ret->len;
        strv_take(ret, candidate_store(d, d->row.id, CANDIDATE_QUARANTINE));
        if (d->candidate.merged)
                strv_take(ret, candidate_store(d, d->row.id, CANDIDATE_MERGED));
        if (there(kept))
                strv_add(ret, kept);
        return 0;
}

/* The layers name the repository's own stores; those after them are the candidate's. */
static void add_objects(size_t own, size_t all, struct strv *env)
{
        _cleanup_str_ struct str value = {0};

        for (size_t i = own; i < all; i++)
                str_printf(&value, "%s" FURNITURE_OBJECTS "/%zu", i == own ? "" : ":", i);
        strv_add_printf(env, "GIT_ALTERNATE_OBJECT_DIRECTORIES=%s", str_text(&value));
}

/* ---- Shown things: one list, used for the cage (what it must hold) and for the sandbox (where it is seen) ---- */

static void add_policy_folders(const struct strv *paths, const char *home, struct sandbox_shows *ret)
{
        for (size_t i = 0; i < paths->len; i++) {
                _cleanup_free_ char *host = user_path(home, paths->items[i]);

                if (there(host))
                        sandbox_shows_add(ret, host, host);
        }
}

static void add_own_files(const struct director *d, struct sandbox_plan *ret)
{
        struct err ignored = ERR_INIT;
        _cleanup_free_ char *program = sibling_path("cupel", &ignored);

        furnish_snapshot(ret, d->run_folder);
        if (program)
                sandbox_shows_add(&ret->files, program, "bin/cupel");
}

static void show_all(const struct sandbox_shows *shows, struct strv *ret)
{
        for (size_t i = 0; i < shows->len; i++)
                strv_add(ret, shows->items[i].host);
}

static void cage_shows(const struct director *d, struct cage_plan *ret)
{
        _cleanup_sandbox_plan_ struct sandbox_plan plan = SANDBOX_PLAN_INIT;

        add_policy_folders(&d->plan.sandbox.read, ret->home, &plan.read);
        add_policy_folders(&d->plan.sandbox.write, ret->home, &plan.write);
        furnish_carried(&plan.carry, repo_workdir(d->repo), &d->plan.sandbox.carry);
        add_own_files(d, &plan);
        show_all(&plan.read, &ret->show);
        show_all(&plan.write, &ret->show);
        show_all(&plan.carry, &ret->show);
        show_all(&plan.files, &ret->show);
}

struct layer_options furniture_layers(const struct director *d)
{
        return (struct layer_options){
                .cache_root = d->options->cache, .uid = getuid(), .gid = getgid(), .objects_mount = FURNITURE_OBJECTS};
}

int furniture_cage(const struct director *d, const char *room, struct cage_plan *ret, struct err *err)
{
        _cleanup_strv_ struct strv objects = {0};
        size_t own = 0;

        if (object_folders(d, &objects, &own, err) < 0 ||
            furnish_minimum(tier_names[d->plan.sandbox.minimum], &ret->minimum, err) < 0)
                return -1;
        ret->state_root = xstrdup(d->options->state);
        ret->home = xstrdup(furnish_home(getenv("HOME")));
        /* with the candidate's objects, the heads and the snapshot in it */
        ret->run_dir = xstrdup(d->run_folder);
        strv_add_printf(&ret->write, "%s/%s", d->run_folder, room);
        strv_add(&ret->read, repo_gitdir(d->repo));
        strv_add(&ret->read, repo_commondir(d->repo));
        for (size_t i = 0; i < objects.len; i++)
                strv_add(&ret->read, objects.items[i]);
        strv_add_printf(&ret->read, "%s/layers", d->options->cache);
        strv_sort_unique(&ret->read);
        cage_shows(d, ret);
        return 0;
}

/* ---- The sandbox plan ---- */

static void add_environment(const struct director *d, struct strv *env)
{
        for (size_t i = 0; i < d->plan.sandbox.env.len; i++) {
                const char *name = d->plan.sandbox.env.items[i], *value = getenv(name);

                if (value)
                        strv_add_printf(env, "%s=%s", name, value);
        }
        strv_add_printf(env, "CUPEL_RUN_ID=%s", d->row.id);
        if (d->plan.item_id)
                strv_add_printf(env, "CUPEL_WORK_ITEM=%s", d->plan.item_id);
}

static uint64_t limit(int64_t value)
{
        return value > 0 ? (uint64_t)value : 0;
}

int furniture_plan(const struct director *d, const char *room, const struct strv *layers, struct sandbox_plan *ret,
                   struct err *err)
{
        size_t own = 0;

        ret->worktree = xstrdup(repo_path(d->repo));
        strv_add_printf(&ret->lower, "%s/head", d->run_folder);
        for (size_t i = 0; i < layers->len; i++)
                strv_add(&ret->lower, layers->items[i]);
        ret->scratch = xasprintf("%s/%s", d->run_folder, room);
        ret->upper = SANDBOX_UPPER_AUTO;
        ret->no_work = true;
        furnish_sizes(ret, limit(d->plan.budget.disk), limit(d->plan.budget.memory));
        ret->home = xstrdup(furnish_home(getenv("HOME")));
        sandbox_plan_set_ids(ret);
        add_policy_folders(&d->plan.sandbox.read, ret->home, &ret->read);
        add_policy_folders(&d->plan.sandbox.write, ret->home, &ret->write);
        policy_hidden_in(&d->plan.sandbox.read, ret->home, &ret->hide);
        policy_hidden_in(&d->plan.sandbox.write, ret->home, &ret->hide);
        furnish_carried(&ret->carry, repo_workdir(d->repo), &d->plan.sandbox.carry);
        add_own_files(d, ret);
        add_environment(d, &ret->env);
        plan_secret_names(&d->plan, &ret->redact);
        if (object_folders(d, &ret->objects, &own, err) < 0 ||
            furnish_minimum(tier_names[d->plan.sandbox.minimum], &ret->minimum, err) < 0)
                return -1;
        add_objects(own, ret->objects.len, &ret->env);
        return 0;
}

void furniture_step(const struct director *d, const struct plan_verifier *verifier, struct sandbox_step *ret)
{
        ret->name = xasprintf("director.%s", verifier->name);
        strv_add(&ret->argv, "sh");
        strv_add(&ret->argv, "-c");
        strv_add(&ret->argv, verifier->run);
        ret->worktree = SANDBOX_VERIFY;
        ret->limits = (struct sandbox_limits){
                .wall_ms = limit(verifier->timeout_ms),
                .cpu_ms = limit(d->plan.budget.cpu_ms),
                .processes = limit(d->plan.budget.pids),
                .memory_bytes = limit(d->plan.budget.memory),
                .file_bytes = limit(d->plan.budget.disk),
                .output_bytes = limit(d->plan.budget.output),
                .log_bytes = LOG_BYTES,
        };
}
