/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/launch_require.h"

#include "cli/agent_find.h"
#include "cli/fingerprint.h"
#include "cli/launch.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/user.h"
#include "policy/network.h"
#include "policy/words.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const kinds[] = {
        [REQUIRE_ENV] = "env", [REQUIRE_COMMAND] = "command", [REQUIRE_FILE] = "file", NULL};

/* What a file is known by without reading it. A missing one adds nothing. */
static void add_file(struct fingerprint *print, const char *path)
{
        struct stat st;
        _cleanup_free_ char *text = NULL;

        if (!path || stat(path, &st) < 0)
                return;
        text = xasprintf("%s %ju %ju %jd.%09ld", path, (uintmax_t)st.st_ino, (uintmax_t)st.st_size,
                         (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        fingerprint_add(print, text, strlen(text));
}

static void add_env(struct fingerprint *print, const struct context *context, const char *name)
{
        const char *value = getenv(name);

        (void)context;
        if (value && value[0])
                fingerprint_add(print, value, strlen(value));
}

static void add_command(struct fingerprint *print, const struct context *context, const char *name)
{
        const char *path = getenv("PATH");
        _cleanup_free_ char *found = strchr(name, '/') ? xstrdup(name) : agent_look_up(path ? path : "", name);

        (void)context;
        add_file(print, found);
}

static void add_path(struct fingerprint *print, const struct context *context, const char *name)
{
        _cleanup_free_ char *path = user_path(context->home, name);

        add_file(print, path);
}

int require_fingerprint(const struct context *context, enum require_kind kind, const char *name, char ret_hex[HASH_HEX],
                        struct err *err)
{
        static void (*const adders[])(struct fingerprint *, const struct context *, const char *) = {
                [REQUIRE_ENV] = add_env, [REQUIRE_COMMAND] = add_command, [REQUIRE_FILE] = add_path};
        struct fingerprint print;

        if (fingerprint_begin(&print, context->state_root, "requirement", err) < 0)
                return -1;
        fingerprint_add(&print, kinds[kind], strlen(kinds[kind]));
        fingerprint_add(&print, name, strlen(name));
        adders[kind](&print, context, name);
        fingerprint_end(&print, ret_hex);
        return 0;
}

/* The fingerprint stands in front: a path may hold anything but a line break, which would be a line of its own. */
static int wait_for_requirement(struct launch *launch, const struct context *context, enum require_kind kind,
                                const char *name, struct err *err)
{
        char print[HASH_HEX];

        if (strchr(name, '\n'))
                return 0;
        if (require_fingerprint(context, kind, name, print, err) < 0)
                return -1;
        launch_wait_for(launch, "requirement %s %s %s", print, kinds[kind], name);
        return 0;
}

int launch_wait_for_keys(struct launch *launch, const struct context *context, const struct route *route,
                         struct err *err)
{
        size_t prefix;

        for (size_t i = 0; i < route->header.len; i++)
                if (wait_for_requirement(launch, context, REQUIRE_ENV,
                                         route_secret_variable(route->header.items[i].value, &prefix), err) < 0)
                        return -1;
        return 0;
}

int require_changed(const struct context *context, const char *detail, bool *ret, struct err *err)
{
        _cleanup_free_ char *copy = xstrdup(detail);
        char *rest = copy, now[HASH_HEX];
        const char *print = strsep(&rest, " "), *word = rest ? strsep(&rest, " ") : NULL;
        const int kind = word ? word_find(kinds, word) : -1;

        *ret = false;
        if (kind < 0 || !rest)
                return 0;
        if (require_fingerprint(context, (enum require_kind)kind, rest, now, err) < 0)
                return -1;
        *ret = strcmp(print, now) != 0;
        return 0;
}

/* With the same eyes as what an agent's programs are looked for with. */
static bool is_here(const struct launch *launch, const struct context *context, const char *command)
{
        _cleanup_strv_ struct strv shown = {0};
        const struct agent_place place = {.path = agent_path_of(&launch->plan.agent.env), .shown = &shown};
        _cleanup_free_ char *found = NULL;

        if (strchr(command, '/'))
                return agent_is_program(command);
        user_paths(context->home, &launch->plan.sandbox.read, &shown);
        user_paths(context->home, &launch->plan.sandbox.write, &shown);
        found = agent_locate(&place, command);
        return found != NULL;
}

static bool has_env(const char *name)
{
        const char *value = getenv(name);

        return value && value[0];
}

static bool has_file(const struct context *context, const char *file)
{
        _cleanup_free_ char *path = user_path(context->home, file);
        struct stat st;

        return stat(path, &st) == 0;
}

/* Which of the three it is. */
static enum require_kind kind_of(const struct requirement *requirement, const char **ret_name)
{
        *ret_name = requirement->env       ? requirement->env
                    : requirement->command ? requirement->command
                                           : requirement->file;
        if (requirement->env)
                return REQUIRE_ENV;
        return requirement->command ? REQUIRE_COMMAND : REQUIRE_FILE;
}

/* Whether it is there; says so where it is not. */
static bool look_for(struct launch *launch, const struct context *context, enum require_kind kind, const char *name)
{
        static const char *const missing[] = {
                [REQUIRE_ENV] = "the environment variable %s is not set; export it and run again",
                [REQUIRE_COMMAND] = "the command %s is not on the PATH; install it and run again",
                [REQUIRE_FILE] = "the file %s is not there; put it there and run again"};
        const bool present = kind == REQUIRE_ENV       ? has_env(name)
                             : kind == REQUIRE_COMMAND ? is_here(launch, context, name)
                                                       : has_file(context, name);

        if (!present)
                strv_add_printf(&launch->missing, missing[kind], name);
        return present;
}

int launch_check_requirements(struct launch *launch, const struct context *context, struct err *err)
{
        if (!launch->requirements)
                launch->requirements = json_array();
        for (size_t i = 0; i < launch->plan.requirements.len; i++) {
                const char *name;
                const enum require_kind kind = kind_of(&launch->plan.requirements.items[i], &name);
                const bool present = look_for(launch, context, kind, name);

                json_array_append_new(launch->requirements,
                                      json_pack("{s:o, s:b}", kinds[kind], json_quoted(name), "present", present));
                if (!present && wait_for_requirement(launch, context, kind, name, err) < 0)
                        return -1;
        }
        return 0;
}

int launch_wait_for_requirements(struct launch *launch, const struct context *context, struct err *err)
{
        for (size_t i = 0; i < launch->plan.requirements.len; i++) {
                const char *name;
                const enum require_kind kind = kind_of(&launch->plan.requirements.items[i], &name);

                if (wait_for_requirement(launch, context, kind, name, err) < 0)
                        return -1;
        }
        return 0;
}
