/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/budget.h"
#include "runner/runner.h"

#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct runner runner;
static int peer = -1;

static void setup(void)
{
        int fds[2];

        cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
        runner_init(&runner, &(struct runner_options){.supervisor_fd = -1, .helper_fd = -1});
        channel_init(&runner.egress.channel, fds[0]);
        runner.egress.metered = true;
        runner.plan.budget = (struct budget){.wall_ms = 60000, .notes = 10, .cost_usd = 1000000};
        runner.work_began_ms = clock_ms();
        runner.work_wall_ms = 60000;
        peer = fds[1];
}

static void teardown(void)
{
        runner_release(&runner);
        close(peer);
}

static int hear(const char *text)
{
        cr_assert(write(peer, text, strlen(text)) == (ssize_t)strlen(text));
        return egress_link_read(&runner.egress);
}

static double cost(const char *which)
{
        _cleanup_json_ json_t *left = budget_left(&runner);

        const json_t *value = json_object_get(json_object_get(left, "cost_usd"), which);

        cr_assert(json_is_real(value), "%s is told", which);
        return json_real_value(value);
}

static json_int_t number(const char *budget, const char *which)
{
        _cleanup_json_ json_t *left = budget_left(&runner);

        return json_integer_value(json_object_get(json_object_get(left, budget), which));
}

Test(egress_link, the_latest_that_was_said_is_what_is_left, .init = setup, .fini = teardown)
{
        cr_assert_float_eq(cost("left"), 1.0, 1e-9);
        cr_assert(hear("{\"type\":\"spent\",\"usd\":100000}\n"
                       "{\"type\":\"spent\",\"usd\":250000}\n{\"type\":\"spe") == 0);
        cr_assert_float_eq(cost("spent"), 0.25, 1e-9);
        cr_assert_float_eq(cost("limit"), 1.0, 1e-9);
        cr_assert_float_eq(cost("left"), 0.75, 1e-9);
        cr_assert(hear("nt\",\"usd\":2000000}\n") == 0);
        cr_assert_float_eq(cost("left"), 0.0, 1e-9, "more than the limit leaves nothing, not less");
}

Test(egress_link, a_limit_of_nothing_leaves_nothing, .init = setup, .fini = teardown)
{
        runner.plan.budget.cost_usd = 0;
        cr_assert_float_eq(cost("left"), 0.0, 1e-9);
        cr_assert(hear("{\"type\":\"spent\",\"usd\":250000}\n") == 0);
        cr_assert_float_eq(cost("limit"), 0.0, 1e-9);
        cr_assert_float_eq(cost("left"), 0.0, 1e-9);
}

Test(egress_link, garbage_ends_the_listening_and_changes_nothing, .init = setup, .fini = teardown)
{
        static const char *const lines[] = {"{\"type\":\"spent\",\"usd\":-1}\n",
                                            "{\"type\":\"spent\",\"usd\":1.5}\n",
                                            "{\"type\":\"spent\"}\n",
                                            "{\"type\":\"other\",\"usd\":1}\n",
                                            "{\"type\":\"spent\",\"usd\":1,\"more\":1}\n",
                                            "no json\n"};

        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
                cr_assert(hear(lines[i]) == -1, "%s", lines[i]);
                cr_assert(runner.egress.spent == 0);
        }
}

Test(egress_link, a_peer_that_is_gone_is_no_failure, .init = setup, .fini = teardown)
{
        close(peer);
        peer = -1;
        cr_assert(egress_link_read(&runner.egress) == -1);
        cr_assert_float_eq(cost("left"), 1.0, 1e-9);
}

Test(budget_left, tells_time_and_notes_and_the_other_limits, .init = setup, .fini = teardown)
{
        runner.work_began_ms -= 20000;
        runner.notes.accepted = 4;
        runner.plan.budget.diff_files = 7;
        cr_assert(number("wall_ms", "limit") == 60000);
        cr_assert(number("wall_ms", "left") <= 40000 && number("wall_ms", "left") > 0);
        cr_assert(number("notes", "left") == 6);
        cr_assert(number("diff_files", "limit") == 7);
        runner.work_began_ms -= 90000;
        cr_assert(number("wall_ms", "left") == 0);
}

Test(budget_left, money_is_unknown_where_nothing_tells_it, .init = setup, .fini = teardown)
{
        _cleanup_json_ json_t *left = NULL;

        runner.egress.metered = false;
        left = budget_left(&runner);
        cr_assert(json_is_null(json_object_get(left, "cost_usd")));
}
