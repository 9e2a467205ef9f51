/* SPDX-License-Identifier: Apache-2.0 */
/* The cage's plan, its order, and starting one. */
#include "sandbox/cage.h"

#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/spawn.h"
#include "sandbox/record.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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

/* ---- Its order ---- */

static json_t *words_to_json(char *const *words)
{
        json_t *array = json_array();

        for (; words && *words; words++)
                json_array_append_new(array, json_quoted(*words));
        return array;
}

static int send_order(int fd, const struct cage_start *start, struct err *err)
{
        _cleanup_json_ json_t *order = json_pack("{s:o,s:o,s:o}", "plan", cage_plan_to_json(start->plan), "argv",
                                                 words_to_json(start->argv), "environment", words_to_json(start->envp));
        int fds[3] = {start->control_fd};
        size_t len = 1;
        struct channel channel;

        if (start->plan->peer)
                fds[len++] = start->peer_fd;
        if (start->output_fd > 0)
                fds[len++] = start->output_fd;
        channel_init(&channel, fd);
        return channel_send(&channel, order, fds, len, err);
}

static int read_order(json_t *message, struct cage_order *order, struct err *err)
{
        json_t *plan;
        const struct json_field order_fields[] = {{"plan", JSON_FIELD_OBJECT, &plan, true},
                                                  {"argv", JSON_FIELD_STRINGS, &order->argv, true},
                                                  {"environment", JSON_FIELD_STRINGS, &order->environment, true},
                                                  {0}};

        if (json_fields(message, "cage order", order_fields, err) < 0)
                return -1;
        return cage_plan_from_json(plan, &order->plan, err);
}

int cage_receive(int fd, struct cage_order *ret, struct err *err)
{
        _cleanup_channel_ struct channel channel;
        _cleanup_json_ json_t *message = NULL;
        int got;

        channel_init(&channel, fd);
        got = channel_recv(&channel, &message, err);
        if (got <= 0 || (got = read_order(message, ret, err)) < 0)
                return got;
        ret->control = channel_take_fd(&channel);
        if (ret->plan.peer)
                ret->peer = channel_take_fd(&channel);
        ret->output = channel_take_fd(&channel);
        if (ret->control < 0 || (ret->plan.peer && ret->peer < 0))
                return err_set(err, ERR_INPUT, "cage: its descriptors did not come with its order");
        return 1;
}

void cage_order_release(struct cage_order *order)
{
        cage_plan_release(&order->plan);
        strv_release(&order->argv);
        strv_release(&order->environment);
        cleanup_fd(&order->control);
        cleanup_fd(&order->peer);
        cleanup_fd(&order->output);
}

/* ---- Starting one ---- */

/* It starts with nothing of the caller's environment but what a sanitizer goes by: its order brings what it is to have. */
static int begin(const char *word, struct spawn_ahead *ret, struct err *err)
{
        static const char *const sanitizers[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS"};
        _cleanup_free_ char *program = sibling_path("cupel-sandbox", err);
        char *argv[] = {(char *)"cupel-sandbox", (char *)"cage", (char *)word, NULL};
        _cleanup_strv_ struct strv environment = {0};
        _cleanup_fd_ int its_end = -1;
        int pair[2];

        if (!program || channel_pair(pair, err) < 0)
                return -1;
        its_end = pair[1];
        for (size_t i = 0; i < sizeof(sanitizers) / sizeof(*sanitizers); i++)
                if (getenv(sanitizers[i]))
                        strv_add_printf(&environment, "%s=%s", sanitizers[i], getenv(sanitizers[i]));
        if (spawn(program, argv, environment.items, &its_end, 1, &ret->pid, err) < 0) {
                close(pair[0]);
                return -1;
        }
        ret->fd = pair[0];
        return 0;
}

int cage_begin(struct spawn_ahead *ret, struct err *err)
{
        return begin("ahead", ret, err);
}

/* Sending would not tell: what it had forked has the socket, too, and lives a moment longer. */
static bool has_ended(pid_t pid)
{
        siginfo_t info = {0};

        return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == pid;
}

/* One that died while it waited is no reason to fail; one that does not fit is in nobody's way any longer. */
static bool take_ahead(const struct cage_start *start, pid_t *ret_pid)
{
        const bool fits = !start->plan->network && start->plan->minimum < SANDBOX_TIER_D;
        struct spawn_ahead *ahead = start->ahead;
        struct err gone;

        if (!ahead || !ahead->pid)
                return false;
        if (!fits || has_ended(ahead->pid) || send_order(ahead->fd, start, &gone) < 0) {
                spawn_abandon(ahead);
                return false;
        }
        *ret_pid = ahead->pid;
        close(ahead->fd);
        *ahead = SPAWN_AHEAD_NONE;
        return true;
}

int cage_spawn(const struct cage_start *start, pid_t *ret_pid, struct err *err)
{
        struct spawn_ahead fresh = SPAWN_AHEAD_NONE;

        if (take_ahead(start, ret_pid))
                return 0;
        if (begin(start->argv ? start->argv[0] : NULL, &fresh, err) < 0)
                return -1;
        if (send_order(fresh.fd, start, err) < 0) {
                spawn_abandon(&fresh);
                return -1;
        }
        close(fresh.fd);
        *ret_pid = fresh.pid;
        return 0;
}
