/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes what launch_read() decided: run folder, snapshot, identity, the row in the store. In this order, so that a run
 * that the store knows has its snapshot; a folder without a row is a crash's rest, and gc removes it.
 */
#include "cli/launch_internal.h"
#include "cli/launch_resume.h"
#include "cli/launch_spend.h"
#include "cli/recover.h"
#include "lib/base/bundle_list.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/base/identity.h"
#include "lib/base/json.h"
#include "lib/base/redact.h"
#include "lib/packet/folder.h"
#include "lib/store/approval.h"
#include "policy/scrub.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Folders of a run; the caged side can write logs, quarantine, upper and staging. */
static const char *const run_folders[] = {"config_snapshot", "logs",     "quarantine", "upper",
                                          "staging",         "evidence", "telemetry"};

static int compare_name(const void *a, const void *b)
{
        return strcmp(((const struct launch_file *)a)->name, ((const struct launch_file *)b)->name);
}

/* Names are bytes, JSON is text: one that is no UTF-8 stands quoted there (docs/identity.md). */
static void add_origins(struct launch *launch)
{
        _cleanup_json_ json_t *origins = json_object();
        _cleanup_free_ char *text = NULL;

        for (size_t i = 0; i < launch->files.len; i++) {
                _cleanup_json_ json_t *name = json_quoted(launch->files.items[i].name);

                json_object_set_new(origins, json_string_value(name), json_quoted(launch->files.items[i].origin));
        }
        text = json_canonical(origins);
        launch_add_file(launch, IDENTITY_ORIGINS, IDENTITY_COMPILED, text, strlen(text));
        qsort(launch->files.items, launch->files.len, sizeof(*launch->files.items), compare_name);
}

/* What found the tools is part of the snapshot, so that the identity can be recomputed from a packet alone. */
static void add_tools(struct launch *launch, const struct context *context)
{
        _cleanup_free_ char *agent = launch_agent_identity(launch, context);
        _cleanup_free_ char *sandbox = launch_sandbox_identity(context);
        _cleanup_json_ json_t *tools =
                json_pack("{s:o, s:s, s:s}", "agent", json_quoted(agent), "cupel", CUPEL_VERSION, "sandbox", sandbox);
        _cleanup_free_ char *text = json_canonical(tools);

        launch_add_file(launch, IDENTITY_TOOLS, IDENTITY_COMPILED, text, strlen(text));
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

static const struct launch_file *find_file(const struct launch *launch, const char *name)
{
        const struct launch_file key = {.name = (char *)name};

        return bsearch(&key, launch->files.items, launch->files.len, sizeof(key), compare_name);
}

/* From the bytes of the snapshot and nothing else: whoever has the packet comes to the same (lib/packet/identity.h). */
static int compute_identity(struct launch *launch, struct err *err)
{
        const struct launch_file *plan = find_file(launch, "plan.json"), *told = find_file(launch, IDENTITY_TOOLS);
        _cleanup_json_ json_t *object = told ? json_parse(told->bytes, told->len, IDENTITY_TOOLS, err) : NULL;
        _cleanup_free_ struct identity_file *files = xcalloc(launch->files.len, sizeof(*files));
        _cleanup_free_ struct identity_tool *tools = xcalloc(json_object_size(object) + 1, sizeof(*tools));
        struct identity_input input = {.files = files, .files_len = launch->files.len, .tools = tools};
        const char *name;
        json_t *value;

        if (!plan || !object)
                return err_set(err, ERR_INTERNAL, "the snapshot has no plan or no tools");
        hash_bytes(plan->bytes, plan->len, launch->plan_id);
        input.plan_json = plan->bytes;
        input.plan_len = plan->len;
        json_object_foreach(object, name, value)
        {
                tools[input.tools_len++] = (struct identity_tool){name, json_string_value(value)};
        }
        for (size_t i = 0; i < launch->files.len; i++) {
                const struct launch_file *file = &launch->files.items[i];

                files[i] = (struct identity_file){file->name, file->origin, file->bytes, file->len};
        }
        identity_compute(&input, launch->identity);
        return 0;
}

static int write_snapshot_file(int snapshot, const struct launch_file *file, mode_t mode, struct err *err)
{
        const char *name = NULL;
        _cleanup_fd_ int folder = fs_mkdir_parents_at(snapshot, file->name, 0700, &name, err), fd = -1;

        if (folder < 0)
                return err_wrap(err, "the snapshot");
        fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd < 0 || fs_write_all(fd, file->bytes, file->len) < 0)
                return err_errno(err, "write snapshot file %s", file->name);
        return 0;
}

static int write_snapshot(const struct launch *launch, int snapshot, struct err *err)
{
        _cleanup_json_ struct json_t *list = NULL;

        for (size_t i = 0; i < launch->files.len && !list; i++)
                if (strcmp(launch->files.items[i].name, BUNDLE_LIST_FILE) == 0)
                        list = bundle_list_read(launch->files.items[i].bytes, launch->files.items[i].len);
        for (size_t i = 0; i < launch->files.len; i++) {
                const struct launch_file *file = &launch->files.items[i];

                if (write_snapshot_file(snapshot, file, bundle_list_mode(list, file->name), err) < 0)
                        return -1;
        }
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
        if (write_snapshot(launch, snapshot, err) < 0)
                return -1;
        if (launch->resume && launch_resume_furnish(launch, run, err) < 0)
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
        if (launch->resume)
                launch_resume_name(launch);
        launch->run_folder = context_run_folder(context, launch->run_id);
        return 0;
}

/* As it was named, also by the tier that it is the turn of: the count of who has tried goes by that. */
static const char *agent_of(const struct launch *launch)
{
        const int64_t tier = launch->plan.failure.tier;

        if (tier > 0)
                return launch->plan.failure.tiers.items[tier - 1];
        return launch->agent ? launch->agent : launch->plan.agent.name;
}

/* The log is for ever, and lists of runs are shown to many: no secret stands in them. The snapshot has what was asked, byte for byte. */
static char *title_on_record(const struct launch *launch)
{
        _cleanup_redact_ struct redact secrets = {0};
        _cleanup_strv_ struct strv names = {0};
        char *title = xstrdup(launch->plan.title);

        plan_secret_names(&launch->plan, &names);
        for (size_t i = 0; i < names.len; i++)
                redact_add(&secrets, getenv(names.items[i]));
        redact_text(&secrets, title, strlen(title));
        scrub_text(title, strlen(title));
        return title;
}

/* An item that somebody else has taken meanwhile is this caller's mistake, where it asked for that one. */
static int create_in(struct store *store, const struct store_run_spec *spec, struct err *err)
{
        if (store_run_create(store, spec, err) == 0)
                return 0;
        if (spec->take && err->code == ERR_CONFLICT)
                err->code = ERR_INPUT;
        return -1;
}

static int create_row(struct launch *launch, struct context *context, struct err *err)
{
        struct store_owner owner = owner_self();
        const struct store_claim claim = {.owner = owner, .until = clock_ms() + RESUME_LEASE_MS};
        const bool wanted = launch_wants_sentence(launch);
        _cleanup_free_ char *title = title_on_record(launch);
        __attribute__((cleanup(launch_reads_release))) struct launch_reads reads = {0};
        bool granted = false;
        struct store_approval_key key;
        const struct store_start start = {.key = &key, .ready = !launch->missing.len, .ret_granted = &granted};
        struct store_run_spec spec = {
                .id = launch->run_id,
                .item = launch_item_id(launch),
                .item_sha256 = launch->item_sha256,
                .title = title,
                .mood = mood_names[launch->plan.mood],
                .base = launch->base,
                .target_ref = launch->target_ref,
                .snapshot_sha256 = launch->snapshot,
                .identity = launch->identity,
                .worktree = repo_path(context->repo),
                .owner_pid = owner.pid,
                .owner_start = owner.start,
                .race = launch->race,
                .claim_epoch = launch->claim_epoch,
                .take = launch->resume && launch->resume->from_queue ? &claim : NULL,
                .agent = agent_of(launch),
        };

        if (wanted && launch_approval_key(launch, context, &key, err) < 0)
                return -1;
        spec.start = wanted ? &start : NULL;
        launch_reads(launch, &reads);
        spec.events = reads.items;
        spec.events_len = reads.len;
        if (create_in(context->store, &spec, err) < 0)
                return -1;
        if (wanted)
                launch_explain_approval(launch, granted);
        return 0;
}

static void remove_folder(const struct launch *launch)
{
        struct err none = ERR_INIT;

        fs_remove_tree_at(AT_FDCWD, launch->run_folder, &none);
}

int launch_write(struct launch *launch, struct context *context, struct err *err)
{
        add_tools(launch, context);
        add_origins(launch);
        digest_snapshot(launch);
        if (compute_identity(launch, err) < 0)
                return -1;
        if (launch->resume)
                launch_resume_judge(launch);
        if (name_run(launch, context, err) < 0 || (!launch->missing.len && launch_spend_ask(launch, context, err) < 0))
                return -1;
        if (write_folder(launch, err) < 0) {
                remove_folder(launch);
                return -1;
        }
        return 0;
}

int launch_create(struct launch *launch, struct context *context, struct err *err)
{
        if (create_row(launch, context, err) < 0) {
                /* a store whose disk fails at the end of a transaction may have the row all the same */
                if (err->code != ERR_STORE)
                        remove_folder(launch);
                return -1;
        }
        if (launch->resume && launch_resume_record(launch, context, err) < 0)
                return -1;
        if (!launch->missing.len && launch_spend_reserve(launch, context, err) < 0)
                return -1;
        return 0;
}

int launch_close_folder(const struct launch *launch, struct err *err)
{
        _cleanup_fd_ int run = fs_open_dir(launch->run_folder, err);

        if (run < 0)
                return -1;
        for (const struct packet_work *work = packet_work; work->name; work++)
                if (fs_remove_tree_at(run, work->name, err) < 0)
                        return -1;
        return 0;
}
