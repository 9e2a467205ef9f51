/* SPDX-License-Identifier: Apache-2.0 */
/* The cage's plan, and starting one. */
#include "sandbox/cage.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/spawn.h"
#include "sandbox/record.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CAGE(member) offsetof(struct cage_plan, member)
static const struct record_field fields[] = {
        {"state_root", RECORD_TEXT, CAGE(state_root), false, NULL},
        {"home", RECORD_TEXT, CAGE(home), false, NULL},
        {"run_dir", RECORD_TEXT, CAGE(run_dir), false, NULL},
        {"write", RECORD_STRINGS, CAGE(write), true, NULL},
        {"read", RECORD_STRINGS, CAGE(read), true, NULL},
        {"show", RECORD_STRINGS, CAGE(show), true, NULL},
        {"minimum", RECORD_NAME, CAGE(minimum), false, sandbox_tier_names},
        {"network", RECORD_BOOL, CAGE(network), false, NULL},
        {"peer", RECORD_BOOL, CAGE(peer), false, NULL},
        {0},
};

void cage_plan_release(struct cage_plan *plan)
{
        free(plan->state_root);
        free(plan->home);
        free(plan->run_dir);
        strv_release(&plan->write);
        strv_release(&plan->read);
        strv_release(&plan->show);
        *plan = (struct cage_plan){0};
}

struct json_t *cage_plan_to_json(const struct cage_plan *plan)
{
        return record_to_json(plan, fields);
}

static int check_path(const char *what, const char *path, struct err *err)
{
        if (path && (path[0] != '/' || !path[1] || strstr(path, "/../") || strstr(path, "//") || strstr(path, "/./")))
                return err_set(err, ERR_INPUT, "cage: %s: %.200s is no plain absolute path", what, path);
        return 0;
}

static int check_paths(const char *what, const struct strv *paths, struct err *err)
{
        for (size_t i = 0; i < paths->len; i++)
                if (check_path(what, paths->items[i], err) < 0)
                        return -1;
        return 0;
}

static int check_write(const struct cage_plan *plan, struct err *err)
{
        size_t len = plan->run_dir ? strlen(plan->run_dir) : 0;

        for (size_t i = 0; i < plan->write.len; i++)
                if (strncmp(plan->write.items[i], plan->run_dir, len) != 0 || plan->write.items[i][len] != '/')
                        return err_set(err, ERR_INPUT, "cage: write: %.200s is not below the run's folder",
                                       plan->write.items[i]);
        return check_paths("write", &plan->write, err);
}

/* A cage has either folders or network. */
static int check_kind(const struct cage_plan *plan, struct err *err)
{
        bool folders =
                plan->state_root || plan->home || plan->run_dir || plan->write.len || plan->read.len || plan->show.len;

        if (plan->network && folders)
                return err_set(err, ERR_INPUT, "cage: with network, nothing of the host is shown");
        if (!plan->network && (!plan->state_root || !plan->run_dir))
                return err_set(err, ERR_INPUT, "cage: state_root and run_dir are missing");
        return 0;
}

int cage_plan_from_json(struct json_t *json, struct cage_plan *ret, struct err *err)
{
        struct cage_plan plan = {0};

        if (record_from_json(json, "cage plan", fields, &plan, err) < 0 || check_kind(&plan, err) < 0 ||
            check_path("state_root", plan.state_root, err) < 0 || check_path("home", plan.home, err) < 0 ||
            check_path("run_dir", plan.run_dir, err) < 0 || check_write(&plan, err) < 0 ||
            check_paths("read", &plan.read, err) < 0 || check_paths("show", &plan.show, err) < 0) {
                cage_plan_release(&plan);
                return -1;
        }
        *ret = plan;
        return 0;
}

static int write_plan(const struct cage_plan *plan, struct err *err)
{
        _cleanup_fd_ int fd = memfd_create("cage-plan", MFD_CLOEXEC);
        _cleanup_json_ json_t *json = cage_plan_to_json(plan);
        _cleanup_free_ char *text = json_canonical(json);

        if (fd < 0 || fs_write_all(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return err_errno(err, "cage plan");
        return steal_fd(&fd);
}

int cage_spawn(const struct cage_start *start, pid_t *ret_pid, struct err *err)
{
        _cleanup_free_ char *program = sibling_path("cupel-sandbox", err);
        _cleanup_fd_ int plan_fd = program ? write_plan(start->plan, err) : -1;
        const int fds[] = {plan_fd, start->control_fd, start->peer_fd};
        _cleanup_strv_ struct strv args = {0};

        if (plan_fd < 0)
                return -1;
        strv_add(&args, "cupel-sandbox");
        strv_add(&args, "cage");
        for (char *const *argv = start->argv; argv && *argv; argv++)
                strv_add(&args, *argv);
        return spawn_away(program, args.items, start->envp, fds, start->plan->peer ? 3 : 2,
                          start->output_fd > 0 ? start->output_fd : -1, ret_pid, err);
}
