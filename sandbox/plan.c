/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans and steps: their tables of fields, and what must hold of them wherever they came from. The checks are what the
 * mounting code relies on: absolute, normal paths outside the folders that the step's root is made of.
 */
#include "sandbox/plan.h"

#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "sandbox/record.h"

#include <string.h>
#include <unistd.h>

const char *const sandbox_upper_names[] = {"auto", "tmpfs", "disk", NULL};
static const char *const worktree_names[] = {"work", "verify", "readonly", NULL};

#define PLAN(member) offsetof(struct sandbox_plan, member)
static const struct record_field plan_fields[] = {
        {"worktree", RECORD_TEXT, PLAN(worktree), true, NULL},
        {"lower", RECORD_STRINGS, PLAN(lower), true, NULL},
        {"scratch", RECORD_TEXT, PLAN(scratch), true, NULL},
        {"upper", RECORD_NAME, PLAN(upper), true, sandbox_upper_names},
        {"upper_bytes", RECORD_U64, PLAN(upper_bytes), true, NULL},
        {"upper_inodes", RECORD_U64, PLAN(upper_inodes), true, NULL},
        {"tmp_bytes", RECORD_U64, PLAN(tmp_bytes), true, NULL},
        {"shm_bytes", RECORD_U64, PLAN(shm_bytes), true, NULL},
        {"home", RECORD_TEXT, PLAN(home), true, NULL},
        {"uid", RECORD_U32, PLAN(uid), true, NULL},
        {"gid", RECORD_U32, PLAN(gid), true, NULL},
        {"read", RECORD_SHOWS, PLAN(read), true, NULL},
        {"write", RECORD_SHOWS, PLAN(write), true, NULL},
        {"hide", RECORD_STRINGS, PLAN(hide), true, NULL},
        {"carry", RECORD_SHOWS, PLAN(carry), true, NULL},
        {"files", RECORD_SHOWS, PLAN(files), true, NULL},
        {"seed", RECORD_TEXT, PLAN(seed), false, NULL},
        {"objects", RECORD_STRINGS, PLAN(objects), true, NULL},
        {"env", RECORD_STRINGS, PLAN(env), true, NULL},
        {"redact", RECORD_STRINGS, PLAN(redact), false, NULL},
        {"minimum", RECORD_NAME, PLAN(minimum), true, sandbox_tier_names},
        {"no_work", RECORD_BOOL, PLAN(no_work), false, NULL},
        {"force_copy", RECORD_BOOL, PLAN(force_copy), false, NULL},
        {0},
};

#define LIMIT(member) offsetof(struct sandbox_step, limits.member)
#define STEP(member) offsetof(struct sandbox_step, member)
static const struct record_field step_fields[] = {
        {"name", RECORD_TEXT, STEP(name), true, NULL},
        {"argv", RECORD_STRINGS, STEP(argv), true, NULL},
        {"cwd", RECORD_TEXT, STEP(cwd), false, NULL},
        {"env", RECORD_STRINGS, STEP(env), true, NULL},
        {"worktree", RECORD_NAME, STEP(worktree), true, worktree_names},
        {"lower_skip", RECORD_U32, STEP(lower_skip), false, NULL},
        {"on_base", RECORD_BOOL, STEP(on_base), false, NULL},
        {"reports", RECORD_STRINGS, STEP(reports), false, NULL},
        {"notes", RECORD_BOOL, STEP(notes), true, NULL},
        {"listen", RECORD_PORTS, STEP(listen), false, NULL},
        {"tty", RECORD_BOOL, STEP(tty), false, NULL},
        {"attached", RECORD_BOOL, STEP(attached), false, NULL},
        {"columns", RECORD_U32, STEP(columns), false, NULL},
        {"rows", RECORD_U32, STEP(rows), false, NULL},
        {"read", RECORD_SHOWS, STEP(read), false, NULL},
        {"links", RECORD_SHOWS, STEP(links), false, NULL},
        {"home", RECORD_HOME, STEP(home), false, NULL},
        {"wall_ms", RECORD_U64, LIMIT(wall_ms), false, NULL},
        {"cpu_ms", RECORD_U64, LIMIT(cpu_ms), false, NULL},
        {"processes", RECORD_U64, LIMIT(processes), false, NULL},
        {"memory_bytes", RECORD_U64, LIMIT(memory_bytes), false, NULL},
        {"file_bytes", RECORD_U64, LIMIT(file_bytes), false, NULL},
        {"open_files", RECORD_U64, LIMIT(open_files), false, NULL},
        {"output_bytes", RECORD_U64, LIMIT(output_bytes), false, NULL},
        {"log_bytes", RECORD_U64, LIMIT(log_bytes), false, NULL},
        {0},
};

void sandbox_shows_add(struct sandbox_shows *shows, const char *host, const char *inside)
{
        shows->items = xrealloc(shows->items, (shows->len + 1) * sizeof(*shows->items));
        shows->items[shows->len++] = (struct sandbox_show){xstrdup(host), xstrdup(inside)};
}

void sandbox_home_add(struct sandbox_home *home, const char *path, const char *text)
{
        home->items = xrealloc(home->items, (home->len + 1) * sizeof(*home->items));
        home->items[home->len++] = (struct sandbox_home_file){xstrdup(path), xstrdup(text)};
}

static void home_release(struct sandbox_home *home)
{
        for (size_t i = 0; i < home->len; i++) {
                free(home->items[i].path);
                free(home->items[i].text);
        }
        free(home->items);
        *home = (struct sandbox_home){0};
}

static void shows_release(struct sandbox_shows *shows)
{
        for (size_t i = 0; i < shows->len; i++) {
                free(shows->items[i].host);
                free(shows->items[i].inside);
        }
        free(shows->items);
        *shows = (struct sandbox_shows){0};
}

void sandbox_plan_release(struct sandbox_plan *plan)
{
        free(plan->worktree);
        free(plan->scratch);
        free(plan->home);
        free(plan->seed);
        strv_release(&plan->lower);
        strv_release(&plan->objects);
        strv_release(&plan->env);
        strv_release(&plan->redact);
        strv_release(&plan->hide);
        shows_release(&plan->read);
        shows_release(&plan->write);
        shows_release(&plan->carry);
        shows_release(&plan->files);
        *plan = (struct sandbox_plan){0};
}

void sandbox_step_release(struct sandbox_step *step)
{
        free(step->name);
        free(step->cwd);
        strv_release(&step->argv);
        strv_release(&step->env);
        strv_release(&step->reports);
        shows_release(&step->read);
        shows_release(&step->links);
        home_release(&step->home);
        *step = (struct sandbox_step){0};
}

void sandbox_plan_set_ids(struct sandbox_plan *plan)
{
        plan->uid = geteuid() ? geteuid() : 1000;
        plan->gid = geteuid() ? getegid() : 1000;
}

static int check_relative(const char *what, const char *path, struct err *err)
{
        if (!*path || !path_is_normal(path, strlen(path)) || strlen(path) >= 4096)
                return err_set(err, ERR_INPUT, "%s: %.200s is no plain relative path", what, path);
        return 0;
}

static int check_absolute(const char *what, const char *path, struct err *err)
{
        if (!path || path[0] != '/' || !path[1] || !path_is_normal(path + 1, strlen(path + 1)) || strlen(path) >= 4096)
                return err_set(err, ERR_INPUT, "%s: %.200s is no plain absolute path", what, path ? path : "(none)");
        return 0;
}

/* What the step's root is made of: nothing may be shown over it. `deep` also forbids what lies below. */
static const struct {
        const char *path;
        bool deep;
} reserved[] = {
        {"/proc", true},  {"/sys", true},   {"/dev", true},  {"/cupel", true},  {"/run", true},
        {"/etc", true},   {"/usr", false},  {"/bin", true},  {"/sbin", true},   {"/lib", true},
        {"/lib32", true}, {"/lib64", true}, {"/tmp", false}, {"/libx32", true}, {"/var", false},
};

/* A folder of temporary files, although it is below a reserved one. */
static bool is_shared_memory(const char *path)
{
        return strncmp(path, "/dev/shm/", 9) == 0;
}

static int check_place(const char *what, const char *path, struct err *err)
{
        if (check_absolute(what, path, err) < 0)
                return -1;
        for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++) {
                size_t len = strlen(reserved[i].path);

                if (strncmp(path, reserved[i].path, len) != 0)
                        continue;
                if (path[len] == '\0' || (path[len] == '/' && reserved[i].deep && !is_shared_memory(path)))
                        return err_set(err, ERR_INPUT,
                                       "%s: %.200s cannot be shown in the sandbox (it is part of its system)", what,
                                       path);
        }
        return 0;
}

static int check_places(const char *what, const struct sandbox_shows *shows, struct err *err)
{
        for (size_t i = 0; i < shows->len; i++)
                if (check_absolute(what, shows->items[i].host, err) < 0 ||
                    check_place(what, shows->items[i].inside, err) < 0)
                        return -1;
        return 0;
}

static int check_below(const char *what, const struct sandbox_shows *shows, struct err *err)
{
        for (size_t i = 0; i < shows->len; i++)
                if (check_absolute(what, shows->items[i].host, err) < 0 ||
                    check_relative(what, shows->items[i].inside, err) < 0)
                        return -1;
        return 0;
}

static int check_shows(const struct sandbox_plan *plan, struct err *err)
{
        if (check_places("read", &plan->read, err) < 0 || check_places("write", &plan->write, err) < 0 ||
            check_below("carry", &plan->carry, err) < 0 || check_below("files", &plan->files, err) < 0)
                return -1;
        return plan->seed ? check_absolute("seed", plan->seed, err) : 0;
}

static int check_paths(const char *what, const struct strv *paths, struct err *err)
{
        for (size_t i = 0; i < paths->len; i++)
                if (check_absolute(what, paths->items[i], err) < 0)
                        return -1;
        return 0;
}

static int check_env(const struct strv *env, struct err *err)
{
        for (size_t i = 0; i < env->len; i++)
                if (env->items[i][0] == '=' || !strchr(env->items[i], '='))
                        return err_set(err, ERR_INPUT, "env: expected NAME=value");
        return 0;
}

#define LOWER_MAX 64
#define SHOWS_MAX 256

int sandbox_plan_check(const struct sandbox_plan *plan, struct err *err)
{
        if (plan->lower.len == 0 || plan->lower.len > LOWER_MAX)
                return err_set(err, ERR_INPUT, "lower: expected 1 to %d folders", LOWER_MAX);
        if (plan->read.len > SHOWS_MAX || plan->write.len > SHOWS_MAX || plan->carry.len > SHOWS_MAX ||
            plan->files.len > SHOWS_MAX || plan->objects.len > SHOWS_MAX)
                return err_set(err, ERR_INPUT, "more than %d folders shown", SHOWS_MAX);
        if (check_place("worktree", plan->worktree, err) < 0 || check_absolute("scratch", plan->scratch, err) < 0 ||
            check_paths("lower", &plan->lower, err) < 0 || check_paths("objects", &plan->objects, err) < 0)
                return -1;
        if (plan->home && strcmp(plan->home, "/") != 0 && check_absolute("home", plan->home, err) < 0)
                return -1;
        if (plan->uid == 0 || plan->gid == (uint32_t)-1 || plan->uid == (uint32_t)-1)
                return err_set(err, ERR_INPUT, "uid %u, gid %u: a step never is root", plan->uid, plan->gid);
        if (!plan->upper_bytes || !plan->upper_inodes || !plan->tmp_bytes || !plan->shm_bytes)
                return err_set(err, ERR_INPUT, "upper, tmp and shm need a size");
        if (plan->hide.len > SHOWS_MAX || check_paths("hide", &plan->hide, err) < 0)
                return plan->hide.len > SHOWS_MAX ? err_set(err, ERR_INPUT, "hide: more than %d files", SHOWS_MAX) : -1;
        return check_shows(plan, err) < 0 ? -1 : check_env(&plan->env, err);
}

/* Names of their own in /cupel/bin: not the one that is ours. */
static int check_links(const struct sandbox_shows *links, struct err *err)
{
        if (links->len > SHOWS_MAX)
                return err_set(err, ERR_INPUT, "links: more than %d", SHOWS_MAX);
        for (size_t i = 0; i < links->len; i++) {
                const char *name = links->items[i].inside;

                if (check_relative("links", name, err) < 0 || check_absolute("links", links->items[i].host, err) < 0)
                        return -1;
                if (strchr(name, '/') || strlen(name) > 255 || strcmp(name, "cupel") == 0)
                        return err_set(err, ERR_INPUT, "links: %.200s is no name of a program to add", name);
        }
        return 0;
}

static int check_home(const struct sandbox_home *home, struct err *err)
{
        size_t bytes = 0;

        if (home->len > SANDBOX_HOME_MAX)
                return err_set(err, ERR_INPUT, "home: more than %d files", SANDBOX_HOME_MAX);
        for (size_t i = 0; i < home->len; i++) {
                if (check_relative("home", home->items[i].path, err) < 0)
                        return -1;
                for (size_t j = 0; j < i; j++)
                        if (strcmp(home->items[i].path, home->items[j].path) == 0)
                                return err_set(err, ERR_INPUT, "home: %.200s twice", home->items[i].path);
                bytes += strlen(home->items[i].text);
        }
        if (bytes > SANDBOX_HOME_BYTES)
                return err_set(err, ERR_INPUT, "home: more than %zu KiB", SANDBOX_HOME_BYTES >> 10);
        return 0;
}

static int step_check(const struct sandbox_step *step, struct err *err)
{
        if (step->read.len > SHOWS_MAX)
                return err_set(err, ERR_INPUT, "read: more than %d folders", SHOWS_MAX);
        if (check_places("read", &step->read, err) < 0 || check_links(&step->links, err) < 0 ||
            check_home(&step->home, err) < 0)
                return -1;
        if (step->argv.len == 0 || !step->argv.items[0][0])
                return err_set(err, ERR_INPUT, "step %s: no command", step->name);
        if (step->reports.len > SANDBOX_REPORTS_MAX ||
            ((step->reports.len || step->on_base) && step->worktree != SANDBOX_VERIFY))
                return err_set(err, ERR_INPUT, "step %s: too many reports, or those of no verifier", step->name);
        if (step->cwd && strcmp(step->cwd, "/") != 0 && check_absolute("cwd", step->cwd, err) < 0)
                return -1;
        return check_env(&step->env, err);
}

static json_t *versioned(json_t *json)
{
        json_object_set_new(json, "version", json_integer(SANDBOX_VERSION));
        return json;
}

/* Takes the version out, so that the strict reading that follows does not meet it. */
static int check_version(json_t *json, const char *what, struct err *err)
{
        json_int_t version = json_integer_value(json_object_get(json, "version"));

        if (version != SANDBOX_VERSION)
                return err_set(err, ERR_INPUT, "%s: version %lld, expected %d: programs of two releases are mixed",
                               what, (long long)version, SANDBOX_VERSION);
        json_object_del(json, "version");
        return 0;
}

struct json_t *sandbox_plan_to_json(const struct sandbox_plan *plan)
{
        return versioned(record_to_json(plan, plan_fields));
}

struct json_t *sandbox_step_to_json(const struct sandbox_step *step)
{
        return versioned(record_to_json(step, step_fields));
}

int sandbox_plan_from_json(struct json_t *json, struct sandbox_plan *ret, struct err *err)
{
        struct sandbox_plan plan = {0};

        if (check_version(json, "plan", err) < 0 || record_from_json(json, "plan", plan_fields, &plan, err) < 0 ||
            sandbox_plan_check(&plan, err) < 0) {
                sandbox_plan_release(&plan);
                return -1;
        }
        *ret = plan;
        return 0;
}

int sandbox_step_from_json(struct json_t *json, struct sandbox_step *ret, struct err *err)
{
        struct sandbox_step step = {0};

        if (check_version(json, "step", err) < 0 || record_from_json(json, "step", step_fields, &step, err) < 0 ||
            step_check(&step, err) < 0) {
                sandbox_step_release(&step);
                return -1;
        }
        *ret = step;
        return 0;
}
