/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_files.h"

#include "cli/profiles.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "policy/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void policy_files_init(struct policy_files *files)
{
        *files = (struct policy_files){0};
        policy_init(&files->installed);
        policy_init(&files->user);
        policy_init(&files->own);
        policy_init(&files->effective);
}

void policy_files_release(struct policy_files *files)
{
        policy_release(&files->installed);
        policy_release(&files->user);
        policy_release(&files->own);
        policy_release(&files->effective);
        policy_openings_release(&files->openings);
        str_release(&files->user_bytes);
        str_release(&files->own_bytes);
        str_release(&files->agent_bytes);
        free(files->agent_origin);
        free(files->own_origin);
}

static int read_user(struct policy_files *files, const struct context *context, struct err *err)
{
        struct err failed = ERR_INIT;

        if (fs_read_named(context->config_file, POLICY_BYTES_MAX, &files->user_bytes, &failed) < 0) {
                if (failed.code == ERR_NOT_FOUND)
                        return 0;
                *err = failed;
                return err_wrap(err, "%s", context->config_file);
        }
        files->has_user = true;
        return policy_parse(files->user_bytes.data, files->user_bytes.len, context->config_file, POLICY_FROM_USER,
                            context->home, &files->user, err);
}

static int parse_own(struct policy_files *files, const struct context *context, const char *file,
                     enum policy_source source, struct err *err)
{
        files->has_own = true;
        return policy_parse(files->own_bytes.data, files->own_bytes.len, file, source, context->home, &files->own, err);
}

static int read_option(struct policy_files *files, const struct context *context, const char *file, struct err *err)
{
        if (fs_read_named(file, POLICY_BYTES_MAX, &files->own_bytes, err) < 0)
                return err_wrap(err, "--policy %s", file);
        files->own_origin = xasprintf("--policy %s", file);
        return parse_own(files, context, file, POLICY_FROM_OPTION, err);
}

/* 1: the base has one; 0: it has none. */
static int read_base(struct policy_files *files, struct context *context, const char *base, struct err *err)
{
        if (repo_read_blob_at(context->repo, base, POLICY_PATH, POLICY_BYTES_MAX, &files->own_bytes, err) < 0)
                return err->code == ERR_NOT_FOUND ? 0 : -1;
        files->own_origin = xasprintf("base commit %s", base);
        files->from_base = true;
        return parse_own(files, context, POLICY_PATH, POLICY_FROM_COMMIT, err) < 0 ? -1 : 1;
}

static int read_worktree(struct policy_files *files, struct context *context, struct err *err)
{
        const char *workdir = repo_workdir(context->repo);
        _cleanup_fd_ int folder = -1, fd = -1;

        if (!workdir)
                return 0;
        folder = fs_open_dir(workdir, err);
        if (folder < 0)
                return -1;
        fd = fs_open_beneath(folder, POLICY_PATH, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
                return 0;
        if (fd < 0)
                return err_errno(err, "open %s/%s (symlinks are not followed)", workdir, POLICY_PATH), err_place(err);
        if (fs_expect_file(fd, err) < 0 || fs_read_fd(fd, POLICY_BYTES_MAX, &files->own_bytes, err) < 0)
                return err_wrap(err, "%s", POLICY_PATH);
        files->own_origin = xstrdup("working tree");
        return parse_own(files, context, POLICY_PATH, POLICY_FROM_WORKTREE, err);
}

static int load_agent(struct policy_files *files, const char *name, struct err *err)
{
        if (schema_list_find(&agent_schema, (const struct list *)&files->installed.agents, name))
                return 0;
        return profiles_load(name, &files->installed, err) < 0 ? -1 : 0;
}

/* Its bytes are kept, for the snapshot. */
static int load_the_agent(struct policy_files *files, struct err *err)
{
        int found =
                files->agent_origin ? 1 : profiles_read(files->agent, &files->agent_bytes, &files->agent_origin, err);

        if (found <= 0)
                return found;
        return profile_parse(str_text(&files->agent_bytes), files->agent_bytes.len, files->agent_origin, files->agent,
                             &files->installed, err);
}

static int load_named(struct policy_files *files, const struct policy *by, struct err *err)
{
        for (size_t i = 0; i < by->agents.len; i++)
                if (load_agent(files, by->agents.items[i].name, err) < 0)
                        return -1;
        return 0;
}

/* Who tries after the agent that runs: installed as well as not, whoever names them. */
static int load_tiers(struct policy_files *files, const struct policy *by, struct err *err)
{
        const char *name = files->agent ? files->agent : PROFILE_COMMAND;
        const struct agent *agent = schema_list_find(&agent_schema, (const struct list *)&by->agents, name);

        for (size_t i = 0; agent && i < agent->tiers.len; i++) {
                const char *tier = agent->tiers.items[i];
                _cleanup_free_ char *next = xmemdup(tier, strcspn(tier, ":"));

                if (load_agent(files, next, err) < 0)
                        return -1;
        }
        return 0;
}

static bool is_metered(const struct policy *policy)
{
        for (size_t i = 0; i < policy->agents.len; i++)
                for (size_t k = 0; k < policy->agents.items[i].network.routes.len; k++)
                        if (policy->agents.items[i].network.routes.items[k].meter > (int)METER_NONE)
                                return true;
        return false;
}

/* The table of prices, where something may cost. */
static int load_prices(struct policy_files *files, struct err *err)
{
        if (!is_metered(&files->installed) && !is_metered(&files->user) && !is_metered(&files->own))
                return 0;
        return profiles_load_prices(&files->installed, err) < 0 ? -1 : 0;
}

static int load_profiles(struct policy_files *files, struct err *err)
{
        _cleanup_strv_ struct strv all = {0};

        if (files->agent && load_the_agent(files, err) < 0)
                return -1;
        if (files->agents == POLICY_AGENTS_ALL && profiles_names(&all, err) < 0)
                return -1;
        for (size_t i = 0; i < all.len; i++)
                if (load_agent(files, all.items[i], err) < 0)
                        return -1;
        if (load_named(files, &files->own, err) < 0 || load_tiers(files, &files->user, err) < 0 ||
            load_tiers(files, &files->own, err) < 0)
                return -1;
        return files->agents == POLICY_AGENTS_NEEDED ? 0 : load_named(files, &files->user, err);
}

static int combine(struct policy_files *files, struct err *err)
{
        if (load_profiles(files, err) < 0 || load_prices(files, err) < 0)
                return -1;
        policy_openings(&files->installed, &files->user, files->has_own ? &files->own : NULL, &files->openings);
        return policy_merge(&files->installed, &files->user, files->has_own ? &files->own : NULL, &files->effective,
                            err);
}

int policy_files_read(struct policy_files *files, struct context *context, const char *option, const char *base,
                      struct err *err)
{
        int found = 0;

        if (read_user(files, context, err) < 0)
                return -1;
        if (option) {
                if (read_option(files, context, option, err) < 0)
                        return -1;
        } else {
                if (base && (found = read_base(files, context, base, err)) < 0)
                        return -1;
                if (!found && context->repo && read_worktree(files, context, err) < 0)
                        return -1;
        }
        return combine(files, err);
}

static int take_own(struct policy_files *files, const struct context *context, const struct policy_given *given,
                    struct err *err)
{
        static const struct {
                const char *origin;
                enum policy_source source;
        } sources[] = {{"base commit", POLICY_FROM_COMMIT}, {"working tree", POLICY_FROM_WORKTREE}};
        enum policy_source source = POLICY_FROM_OPTION;

        for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
                if (strcmp(given->own_origin, sources[i].origin) == 0)
                        source = sources[i].source;
        if (source == POLICY_FROM_OPTION && strncmp(given->own_origin, "--policy ", 9) != 0)
                return err_set(err, ERR_INPUT, "the snapshot's policy comes from \"%.100s\", which is no place",
                               given->own_origin);
        files->from_base = source == POLICY_FROM_COMMIT;
        files->own_origin = xstrdup(given->own_origin);
        str_append(&files->own_bytes, given->own->data, given->own->len);
        return parse_own(files, context, POLICY_PATH, source, err);
}

int policy_files_take(struct policy_files *files, struct context *context, const struct policy_given *given,
                      const char *option, struct err *err)
{
        if (given->user) {
                str_append(&files->user_bytes, given->user->data, given->user->len);
                files->has_user = true;
                if (policy_parse(str_text(&files->user_bytes), files->user_bytes.len, context->config_file,
                                 POLICY_FROM_USER, context->home, &files->user, err) < 0)
                        return -1;
        }
        if (option ? read_option(files, context, option, err) < 0
                   : given->own && take_own(files, context, given, err) < 0)
                return -1;
        if (given->agent) {
                str_append(&files->agent_bytes, given->agent->data, given->agent->len);
                files->agent_origin = xstrdup(given->agent_origin);
        }
        return combine(files, err);
}

struct policy_layers policy_files_layers(const struct policy_files *files)
{
        return (struct policy_layers){.installed = &files->installed,
                                      .user = &files->user,
                                      .own = files->has_own ? &files->own : NULL,
                                      .effective = &files->effective};
}

int policy_files_admitted(const struct policy_files *files, struct context *context, struct err *err)
{
        _cleanup_store_admission_ struct store_admission admission = {0};
        struct err none = ERR_INIT;
        struct stat st;
        bool admitted = context->store && store_admission_get(context->store, &admission, &none) == 0;

        if (context->store && !admitted && none.code != ERR_NOT_FOUND) {
                *err = none;
                return -1;
        }
        if (stat(repo_commondir(context->repo), &st) < 0)
                return err_errno(err, "look at %s", repo_commondir(context->repo));
        if (!admitted && st.st_uid != geteuid())
                return err_set(err, ERR_BLOCKED,
                               "%s belongs to another user and was never admitted; look at it, then: cupel admit",
                               repo_commondir(context->repo));
        return policy_admitted(&files->openings,
                               admitted && admission.openings_sha256[0] ? admission.openings_sha256 : NULL, err);
}
