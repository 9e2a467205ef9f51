/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes what launch_read() decided: run folder, snapshot, identity, the row in the store. In this order, so that a run
 * that the store knows has its snapshot; a folder without a row is a crash's rest, and gc removes it.
 */
#include "cli/launch_internal.h"
#include "cli/recover.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/snapshot.h"
#include "policy/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Folders of a run; the caged side can write logs, quarantine and upper. */
static const char *const run_folders[] = {"config_snapshot", "logs", "quarantine", "upper", "evidence", "telemetry"};

static int compare_name(const void *a, const void *b)
{
        return strcmp(((const struct launch_file *)a)->name, ((const struct launch_file *)b)->name);
}

static void add_origins(struct launch *launch)
{
        _cleanup_json_ json_t *origins = json_object();
        _cleanup_free_ char *text = NULL;

        for (size_t i = 0; i < launch->files.len; i++)
                json_object_set_new(origins, launch->files.items[i].name, json_quoted(launch->files.items[i].origin));
        text = json_canonical(origins);
        launch_add_file(launch, "origins.json", "compiled", text, strlen(text));
        qsort(launch->files.items, launch->files.len, sizeof(*launch->files.items), compare_name);
}

/* The same digest as snapshot_digest(), from the bytes in memory: the director compares it with the folder. */
static void digest_snapshot(struct launch *launch)
{
        struct hash hash;

        hash_init(&hash);
        for (size_t i = 0; i < launch->files.len; i++) {
                hash_field(&hash, launch->files.items[i].name, strlen(launch->files.items[i].name));
                hash_field(&hash, launch->files.items[i].bytes, launch->files.items[i].len);
        }
        hash_final(&hash, launch->snapshot);
}

static void compute_identity(struct launch *launch, const struct context *context)
{
        _cleanup_free_ struct identity_file *files = xcalloc(launch->files.len, sizeof(*files));
        _cleanup_free_ char *plan = plan_to_json(&launch->plan);
        _cleanup_free_ char *agent = launch_agent_identity(launch, context);
        _cleanup_free_ char *sandbox = launch_sandbox_identity(context);
        const struct identity_tool tools[] = {{"agent", agent}, {"cupel", CUPEL_VERSION}, {"sandbox", sandbox}};
        struct identity_input input = {.files = files, .plan_json = plan, .tools = tools, .tools_len = 3};

        for (size_t i = 0; i < launch->files.len; i++) {
                const struct launch_file *file = &launch->files.items[i];

                /* what earlier runs left is a momentary state, not the design of this one */
                if (strcmp(file->name, "history.jsonl") == 0)
                        continue;
                files[input.files_len++] = (struct identity_file){
                        .name = file->name, .origin = file->origin, .bytes = file->bytes, .len = file->len};
        }
        identity_compute(&input, launch->identity);
}

static int write_snapshot_file(int snapshot, const struct launch_file *file, struct err *err)
{
        _cleanup_free_ char *path = xstrdup(file->name);
        _cleanup_fd_ int fd = -1;

        for (char *slash = path; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                if (mkdirat(snapshot, path, 0700) < 0 && errno != EEXIST)
                        return err_errno(err, "make snapshot folder %s", path);
                *slash = '/';
        }
        fd = openat(snapshot, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
        if (fd < 0 || fs_write_all(fd, file->bytes, file->len) < 0)
                return err_errno(err, "write snapshot file %s", path);
        return 0;
}

static int write_folder(struct launch *launch, struct err *err)
{
        _cleanup_fd_ int run = -1, snapshot = -1;
        char identity[HASH_HEX + 16];

        if (mkdir(launch->run_folder, 0700) < 0)
                return err_errno(err, "make run folder %s", launch->run_folder);
        run = fs_open_dir(launch->run_folder, err);
        if (run < 0)
                return -1;
        for (size_t i = 0; i < sizeof(run_folders) / sizeof(run_folders[0]); i++)
                if (mkdirat(run, run_folders[i], 0700) < 0)
                        return err_errno(err, "make folder %s/%s", launch->run_folder, run_folders[i]);
        snapshot = openat(run, "config_snapshot", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (snapshot < 0)
                return err_errno(err, "open the snapshot folder");
        for (size_t i = 0; i < launch->files.len; i++)
                if (write_snapshot_file(snapshot, &launch->files.items[i], err) < 0)
                        return -1;
        snprintf(identity, sizeof(identity), "sha256:%s\n", launch->identity);
        return fs_write_at(run, "identity.txt", identity, strlen(identity), 0444, err);
}

static int name_run(struct launch *launch, const struct context *context, struct err *err)
{
        char stamp[CLOCK_RFC3339], random[7];

        clock_stamp(stamp);
        if (random_hex(random, 6) < 0)
                return err_errno(err, "getrandom");
        launch->run_id = xasprintf("%s__%s-%s", launch->slug, stamp, random);
        launch->run_folder = context_run_folder(context, launch->run_id);
        return 0;
}

static int create_row(struct launch *launch, struct context *context, struct err *err)
{
        struct store_owner owner = owner_self();
        const struct store_run_spec spec = {
                .id = launch->run_id,
                .item = launch_item_id(launch),
                .item_sha256 = launch->item_sha256,
                .title = launch->plan.title,
                .mood = mood_names[launch->plan.mood],
                .base = launch->base,
                .target_ref = launch->target_ref,
                .snapshot_sha256 = launch->snapshot,
                .identity = launch->identity,
                .worktree = repo_workdir(context->repo) ? repo_workdir(context->repo) : repo_gitdir(context->repo),
                .owner_pid = owner.pid,
                .owner_start = owner.start,
                .race = launch->race,
                .agent = launch->agent ? launch->agent : launch->plan.agent.name,
        };

        return store_run_create(context->store, &spec, err);
}

int launch_create(struct launch *launch, struct context *context, struct err *err)
{
        add_origins(launch);
        digest_snapshot(launch);
        compute_identity(launch, context);
        if (name_run(launch, context, err) < 0)
                return -1;
        if (write_folder(launch, err) < 0 || create_row(launch, context, err) < 0) {
                struct err none = ERR_INIT;

                fs_remove_tree_at(AT_FDCWD, launch->run_folder, &none);
                return -1;
        }
        return launch->missing.len ? 0 : launch_check_sentence(launch, context, err);
}

int launch_close_folder(const struct launch *launch, struct err *err)
{
        _cleanup_fd_ int run = fs_open_dir(launch->run_folder, err);

        if (run < 0)
                return -1;
        return fs_remove_tree_at(run, "quarantine", err) < 0 || fs_remove_tree_at(run, "upper", err) < 0 ? -1 : 0;
}
