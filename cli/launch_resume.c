/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run and step → the checkpoint, checked against the log → its snapshot in memory → the launch. The snapshot's bytes are the
 * ones that were digested: nothing is read twice.
 */
#include "cli/launch_resume.h"

#include "cli/launch_internal.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/identity.h"
#include "lib/base/json.h"
#include "lib/base/snapshot.h"
#include "lib/packet/checkpoint.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 1000
#define FILE_BYTES_MAX ((size_t)64 << 20)

void launch_resume_free(struct launch_resume *resume)
{
        if (!resume)
                return;
        free(resume->run);
        free(resume->folder);
        strv_release(&resume->objects);
        strv_release(&resume->changed);
        free(resume);
}

/* ---- Which checkpoint ---- */

struct sought {
        int64_t step; /* 0: the last */
        int64_t found;
        char sha256[HASH_HEX], tree[GIT_HEX];
};

/* What is not in the log was never finished. */
static int see_event(const struct store_event_row *row, void *arg, struct err *err)
{
        struct sought *sought = arg;
        _cleanup_json_ json_t *event = json_parse(row->json, row->len, "event", err);
        const json_t *data = json_object_get(event, "data");
        const int64_t step = json_integer_value(json_object_get(data, "step"));
        const char *sha256 = json_text_of(data, "sha256"), *tree = json_text_of(data, "tree");

        if (!event)
                return -1;
        if ((sought->step && step != sought->step) || strlen(sha256) != HASH_HEX - 1 || strlen(tree) != GIT_HEX - 1)
                return 0;
        sought->found = step;
        memcpy(sought->sha256, sha256, HASH_HEX);
        memcpy(sought->tree, tree, GIT_HEX);
        return 0;
}

static int no_checkpoint(const struct store_run *run, const struct sought *sought, int packet, struct err *err)
{
        int64_t steps[STEPS_MAX];
        const size_t len = packet_checkpoint_steps(packet, steps, STEPS_MAX);

        if (!sought->found && !sought->step)
                return err_set(err, ERR_INPUT,
                               "run %s has no checkpoint: it ended before its first (policy: checkpoint.every; inside: "
                               "cupel checkpoint); run the item again: cupel run",
                               run->id);
        if (!sought->found)
                return err_set(err, ERR_INPUT,
                               "run %s never made a checkpoint %" PRId64 "; without a number the last "
                               "one is taken: cupel resume %s",
                               run->id, sought->step, run->id);
        if (len)
                return err_set(err, ERR_INPUT,
                               "checkpoint %" PRId64 " of run %s is no longer kept (policy: checkpoint.keep); what is: "
                               "%" PRId64 " to %" PRId64,
                               sought->found, run->id, steps[0], steps[len - 1]);
        return err_set(err, ERR_INPUT, "the checkpoints of run %s are gone%s; run the item again: cupel run", run->id,
                       run->phase == PHASE_COMMITTED
                               ? ": it committed, and its policy does not keep them (checkpoint.committed)"
                               : ", with its packet (cupel gc)");
}

static int expect_ended(const struct store_run *run, struct err *err)
{
        if (phase_is_terminal(run->phase) || run->phase == PHASE_HELD)
                return 0;
        return err_set(err, ERR_INPUT, "run %s is still at work (%s): let it end, or stop it, then resume it", run->id,
                       phase_name(run->phase));
}

static int find_checkpoint(struct launch *launch, struct context *context, const struct store_run *run,
                           struct sought *sought, struct packet_checkpoint *ret, struct err *err)
{
        static const struct store_events_filter filter = {.type_prefix = "checkpoint.created"};
        _cleanup_free_ char *packet_path = context_run_folder(context, run->id);
        struct err ignored = ERR_INIT;
        _cleanup_fd_ int packet = fs_open_dir(packet_path, &ignored), folder = -1;
        char name[CHECKPOINT_NAME];

        if (store_events_each(context->store, run->id, &filter, see_event, sought, err) < 0)
                return -1;
        packet_checkpoint_name(sought->found, name);
        launch->resume->folder = xasprintf("%s/" CHECKPOINT_FOLDER "/%s", packet_path, name);
        if (sought->found)
                folder = fs_open_dir(launch->resume->folder, &ignored);
        if (folder < 0)
                return no_checkpoint(run, sought, packet, err);
        if (packet_checkpoint_read(folder, sought->sha256, ret, err) < 0) {
                err->code = ERR_INPUT;
                return err_wrap(err,
                                "checkpoint %" PRId64 " of run %s was changed after it was made, and is not taken; "
                                "an earlier one may be whole (cupel resume %s@STEP)",
                                sought->found, run->id, run->id);
        }
        if (strcmp(ret->run, run->id) != 0 || ret->step != sought->found || strcmp(ret->tree, sought->tree) != 0 ||
            strcmp(ret->identity, run->identity) != 0 || strcmp(ret->base, run->base) != 0)
                return err_set(err, ERR_INPUT, "checkpoint %" PRId64 " of run %s is another one than the log tells of",
                               sought->found, run->id);
        return 0;
}

/* ---- Its snapshot ---- */

struct given {
        LIST_OF(struct launch_file) files; /* all of the snapshot */
};

static void given_release(struct given *given)
{
        for (size_t i = 0; i < given->files.len; i++) {
                free(given->files.items[i].name);
                free(given->files.items[i].origin);
                free(given->files.items[i].bytes);
        }
        free(given->files.items);
}

static const struct launch_file *find(const struct given *given, const char *name)
{
        for (size_t i = 0; i < given->files.len; i++)
                if (strcmp(given->files.items[i].name, name) == 0)
                        return &given->files.items[i];
        return NULL;
}

static int read_files(int snapshot, struct given *ret, const char *digest, struct err *err)
{
        _cleanup_strv_ struct strv names = {0};
        char hex[HASH_HEX];
        struct hash hash;

        if (snapshot_list(snapshot, &names, err) < 0)
                return -1;
        ret->files.items = xcalloc(names.len + 1, sizeof(*ret->files.items));
        hash_init(&hash);
        for (size_t i = 0; i < names.len; i++) {
                _cleanup_str_ struct str bytes = {0};
                _cleanup_fd_ int fd = fs_open_beneath(snapshot, names.items[i], O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

                if (fd < 0 || fs_read_fd(fd, FILE_BYTES_MAX, &bytes, err) < 0)
                        return fd < 0 ? err_errno(err, "%s", names.items[i]) : -1;
                hash_field(&hash, names.items[i], strlen(names.items[i]));
                hash_field(&hash, str_text(&bytes), bytes.len);
                ret->files.items[ret->files.len++] = (struct launch_file){.name = xstrdup(names.items[i]),
                                                                          .bytes = xmemdup(str_text(&bytes), bytes.len),
                                                                          .len = bytes.len};
        }
        hash_final(&hash, hex);
        return strcmp(hex, digest) == 0 ? 0 : err_set(err, ERR_INPUT, "the snapshot changed while it was read");
}

static int read_origins(struct given *given, struct err *err)
{
        const struct launch_file *file = find(given, IDENTITY_ORIGINS);
        _cleanup_json_ json_t *origins = file ? json_parse(file->bytes, file->len, IDENTITY_ORIGINS, err) : NULL;

        if (!origins)
                return file ? -1 : err_set(err, ERR_INPUT, "the snapshot has no %s", IDENTITY_ORIGINS);
        for (size_t i = 0; i < given->files.len; i++) {
                _cleanup_json_ json_t *name = json_quoted(given->files.items[i].name);

                given->files.items[i].origin = xstrdup(json_text_of(origins, json_string_value(name)));
        }
        return 0;
}

static int read_snapshot(const struct launch *launch, const char *digest, struct given *ret, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/config_snapshot", launch->resume->folder);
        _cleanup_fd_ int snapshot = fs_open_dir(path, err);

        if (snapshot < 0 || read_files(snapshot, ret, digest, err) < 0)
                return -1;
        return read_origins(ret, err);
}

/* ---- The launch ---- */

static struct str as_str(const struct launch_file *file)
{
        return file ? (struct str){.data = file->bytes, .len = file->len} : (struct str){0};
}

static int take_item(struct launch *launch, const struct given *given, const char *replaced, const char *item,
                     struct err *err)
{
        const struct launch_file *file = find(given, "work_item.yaml");
        struct str bytes = as_str(file);
        struct launch_request request = {.item_file = replaced, .item = replaced ? NULL : &bytes};

        if (!replaced && !file)
                return err_set(err, ERR_INPUT, "the snapshot has no work item");
        if (!replaced)
                request.item_file = file->origin;
        if (launch_read_item(launch, &request, err) < 0)
                return -1;
        /* what a queue called it, where the item names none */
        if (!replaced && !launch->item.id && strcmp(launch->slug, item) != 0)
                launch->item.id = xstrdup(item);
        return 0;
}

static int take_policy(struct launch *launch, struct context *context, const struct given *given, const char *replaced,
                       struct err *err)
{
        const struct launch_file *own = find(given, "policy.yaml"), *user = find(given, "config.yaml");
        const struct launch_file *agent = find(given, "agent.yaml");
        const struct str own_bytes = as_str(own), user_bytes = as_str(user), agent_bytes = as_str(agent);
        const struct policy_given from = {.own = own ? &own_bytes : NULL,
                                          .user = user ? &user_bytes : NULL,
                                          .agent = agent ? &agent_bytes : NULL,
                                          .own_origin = own ? own->origin : NULL,
                                          .agent_origin = agent ? agent->origin : NULL};

        launch->policy.agent = launch->item.agent.name;
        return policy_files_take(&launch->policy, context, &from, replaced, err);
}

/* What may be spent is the user's business today, whatever it was when the checkpoint was made. */
static int take_money(struct launch *launch, struct context *context, struct err *err)
{
        _cleanup_policy_files_ struct policy_files now;

        policy_files_init(&now);
        if (policy_files_read(&now, context, NULL, launch->base, err) < 0)
                return err_wrap(err, "the configuration of today, for spend");
        launch->policy.effective.spend = now.effective.spend;
        return 0;
}

static int take_plan(struct launch *launch, const struct given *given, struct err *err)
{
        const struct launch_file *plan = find(given, "plan.json");

        if (!plan || plan_from_json(plan->bytes, plan->len, &launch->plan, err) < 0)
                return plan ? err_wrap(err, "the checkpoint's plan; another version of cupel made it, perhaps")
                            : err_set(err, ERR_INPUT, "the snapshot has no plan");
        return 0;
}

/* The files of the snapshot that are made anew at each launch. */
static bool is_made(const char *name)
{
        static const char *const made[] = {"plan.json", IDENTITY_ORIGINS, IDENTITY_TOOLS};

        for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
                if (strcmp(name, made[i]) == 0)
                        return true;
        return false;
}

static int continue_with(struct launch *launch, struct context *context, const struct given *given, struct err *err)
{
        _cleanup_free_ char *plan = NULL;

        if (take_plan(launch, given, err) < 0 || launch_resolve_shows(launch, context, err) < 0 ||
            launch_furnish(launch, context, err) < 0)
                return -1;
        for (size_t i = 0; i < given->files.len; i++) {
                const struct launch_file *file = &given->files.items[i];

                if (!is_made(file->name) && strcmp(file->name, "work_item.yaml") != 0)
                        launch_add_file(launch, file->name, file->origin, file->bytes, file->len);
        }
        plan = plan_to_json(&launch->plan);
        launch_add_file(launch, "plan.json", IDENTITY_COMPILED, plan, strlen(plan));
        return 0;
}

/* The mood stays what it was, unless the new item names one: the end of the old run is no reason for another. */
static int fork_with(struct launch *launch, struct context *context, const struct given *given, struct err *err)
{
        _cleanup_plan_ struct plan old;
        const struct launch_file *plan = find(given, "plan.json");
        struct launch_request request = {0};

        plan_init(&old);
        if (plan && plan_from_json(plan->bytes, plan->len, &old, err) == 0 && launch->item.mood == KEY_UNSET)
                request.plan_mood = mood_names[old.mood];
        *err = ERR_INIT;
        if (launch_add_history(launch, context, err) < 0 || launch_compile(launch, context, &request, err) < 0 ||
            launch_resolve_shows(launch, context, err) < 0 || launch_furnish(launch, context, err) < 0)
                return -1;
        for (size_t i = 0; i < given->files.len; i++) {
                const struct launch_file *file = &given->files.items[i];

                if (strncmp(file->name, "bundle", 6) == 0)
                        launch_add_file(launch, file->name, file->origin, file->bytes, file->len);
        }
        launch->plan.bundle = old.bundle;
        old.bundle.sha256 = NULL;
        return launch_see_state(launch, err) < 0 ? -1 : launch_snapshot_files(launch, context, &request, err);
}

static int take_run(struct launch *launch, struct context *context, const struct store_run *run, struct err *err)
{
        char tree[GIT_HEX];
        struct err gone = ERR_INIT;

        snprintf(launch->base, sizeof(launch->base), "%s", run->base);
        launch->target_ref = xstrdup(run->target_ref);
        if (run->agent[0]) {
                launch->agent_kept = xstrdup(run->agent);
                launch->agent = launch->agent_kept;
        }
        if (repo_commit_tree(context->repo, launch->base, tree, &gone) == 0)
                return 0;
        return err_set(err, ERR_INPUT,
                       "the base of run %s, commit %.12s, is not in this repository any more; fetch it back "
                       "(git fetch REMOTE %s), or run the item again: cupel run",
                       run->id, launch->base, launch->base);
}

static int read_all(struct launch *launch, struct context *context, const struct launch_resume_request *request,
                    const struct store_run *run, const struct given *given, struct err *err)
{
        const bool forks = request->policy || request->work_item;
        const struct launch_request plain = {.arm = request->arm};

        if (launch_check_place(context, err) < 0 || take_run(launch, context, run, err) < 0 ||
            take_item(launch, given, request->work_item, run->item, err) < 0 ||
            take_policy(launch, context, given, request->policy, err) < 0 || take_money(launch, context, err) < 0 ||
            launch_see_freshness(launch, context, err) < 0 || launch_see_admission(launch, context, err) < 0)
                return -1;
        if ((forks ? fork_with(launch, context, given, err) : continue_with(launch, context, given, err)) < 0)
                return -1;
        return launch_check(launch, context, &plain, err);
}

static void take_checkpoint(struct launch_resume *resume, const struct store_run *run,
                            struct packet_checkpoint *checkpoint)
{
        resume->run = xstrdup(run->id);
        resume->step = checkpoint->step;
        memcpy(resume->tree, checkpoint->tree, GIT_HEX);
        memcpy(resume->base, checkpoint->base, GIT_HEX);
        memcpy(resume->state, checkpoint->state, GIT_HEX);
        memcpy(resume->parent_identity, checkpoint->identity, HASH_HEX);
        resume->objects = checkpoint->objects;
        checkpoint->objects = (struct strv){0};
}

int launch_resume(struct launch *launch, struct context *context, const struct launch_resume_request *request,
                  struct err *err)
{
        __attribute__((cleanup(given_release))) struct given given = {0};
        _cleanup_packet_checkpoint_ struct packet_checkpoint checkpoint = {0};
        _cleanup_store_run_ struct store_run run = {0};
        struct sought sought = {.step = request->step};

        launch->resume = xcalloc(1, sizeof(*launch->resume));
        if (request->policy)
                strv_add(&launch->resume->changed, "policy");
        if (request->work_item)
                strv_add(&launch->resume->changed, "work-item");
        if (context_find_run(context, request->run, &run, err) < 0 || expect_ended(&run, err) < 0 ||
            find_checkpoint(launch, context, &run, &sought, &checkpoint, err) < 0 ||
            read_snapshot(launch, checkpoint.snapshot, &given, err) < 0)
                return -1;
        take_checkpoint(launch->resume, &run, &checkpoint);
        if (!request->work_item && launch_resume_take_item(launch, context, &run, err) < 0)
                return -1;
        return read_all(launch, context, request, &run, &given, err);
}
