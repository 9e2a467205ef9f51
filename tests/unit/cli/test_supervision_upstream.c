/* SPDX-License-Identifier: Apache-2.0 */
/* What upstreams answered, and what the run's end says of it. */
#include "cli/refused.h"
#include "cli/supervision_internal.h"

#include "cli/context.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static char state[] = "/tmp/cupel-upstream-XXXXXX";
static struct context context;
static struct supervision s;
static struct launch launch;
static struct terminal terminal;

static void add_route(const char *name, const char *upstream)
{
        struct route *routes = xrealloc(launch.plan.agent.routes.items,
                                        (launch.plan.agent.routes.len + 1) * sizeof(*launch.plan.agent.routes.items));
        struct route *route = &routes[launch.plan.agent.routes.len++];

        *route = (struct route){.name = xstrdup(name), .upstream = xstrdup(upstream)};
        pairs_set(&route->header, "x-api-key", "env UPSTREAM_TEST_KEY");
        launch.plan.agent.routes.items = routes;
}

static void setup(void)
{
        cr_assert(mkdtemp(state));
        setenv("UPSTREAM_TEST_KEY", "sk-value-987654321", 1);
        context.state_root = state;
        launch_init(&launch);
        launch.plan.may_commit = 1;
        launch.plan.agent.name = xstrdup("claude-code");
        launch.run_id = xstrdup("x__1");
        add_route("api", "https://api.example");
        add_route("other", "https://other.example");
        terminal_init(&terminal, false, true, false);
        supervision_init(&s, &context, &launch, &terminal);
        unsetenv("UPSTREAM_TEST_KEY"); /* as where cupel-egress has it */
        s.stage = STAGE_WORKING;
}

static void teardown(void)
{
        struct err err = ERR_INIT;

        supervision_release(&s);
        launch_release(&launch);
        fs_remove_tree_at(AT_FDCWD, state, &err);
}

TestSuite(supervision_upstream, .init = setup, .fini = teardown, .timeout = 30);

static void say(const char *text)
{
        json_t *message = json_loads(text, 0, NULL);

        cr_assert(message, "%s", text);
        supervision_from_egress(&s, message);
        json_decref(message);
}

static void answers(const char *route, int status)
{
        _cleanup_free_ char *text = xasprintf("{\"type\":\"answer\",\"route\":\"%s\",\"status\":%d%s}", route, status,
                                              status == 429 ? ",\"retry_after\":\"30\"" : "");

        say(text);
}

/* The runner's result, as if it had come; then the end of the caged side. */
static enum outcome ends(enum outcome outcome)
{
        _cleanup_strv_ struct strv reasons = {0};

        strv_add(&reasons, "the agent's words");
        s.stage = STAGE_CLOSING;
        supervision_set_verdict(&s, outcome, &reasons);
        supervision_judge_upstreams(&s);
        return s.verdict.outcome;
}

static const char *reason(size_t index)
{
        return index < s.verdict.reasons.len ? s.verdict.reasons.items[index] : "";
}

static bool is_remembered(void)
{
        _cleanup_refusal_ struct refusal found = {0};

        return refused_find(state, s.upstreams.credential[0], &found) == 1;
}

Test(supervision_upstream, a_refused_credential_ends_the_run_at_once)
{
        answers("api", 401);
        cr_assert_neq(s.stage, STAGE_WORKING);
        cr_assert_eq(s.verdict.outcome, OUTCOME_BLOCKED);
        cr_assert(strstr(reason(0), "https://api.example answered 401 Unauthorized"), "%s", reason(0));
        cr_assert(strstr(reason(0), "UPSTREAM_TEST_KEY") && strstr(reason(0), "cupel agents forget claude-code"));
        cr_assert(!strstr(reason(0), "sk-value"));
        cr_assert(is_remembered());
        supervision_judge_upstreams(&s);
        cr_assert_eq(s.verdict.reasons.len, 1, "said once");
}

Test(supervision_upstream, a_result_that_was_on_its_way_does_not_hide_it)
{
        s.stage = STAGE_CLOSING;
        s.told = s.verify = true;
        answers("api", 401);
        supervision_judge_upstreams(&s);
        cr_assert_eq(s.verdict.outcome, OUTCOME_BLOCKED);
        cr_assert(!s.verify, "nothing is verified");
}

Test(supervision_upstream, an_end_of_our_own_stays)
{
        supervision_give_up(&s, OUTCOME_BUDGET_EXCEEDED, "spent");
        answers("api", 401);
        supervision_judge_upstreams(&s);
        cr_assert_eq(s.verdict.outcome, OUTCOME_BUDGET_EXCEEDED);
        cr_assert(is_remembered());
}

Test(supervision_upstream, a_forbidden_request_of_a_good_key_is_not_remembered)
{
        answers("api", 200);
        answers("api", 403);
        cr_assert_eq(s.verdict.outcome, OUTCOME_BLOCKED);
        cr_assert(strstr(reason(0), "was good before in this run"), "%s", reason(0));
        cr_assert(!is_remembered());
}

Test(supervision_upstream, another_route_that_was_served_says_nothing_of_this_one)
{
        answers("other", 200);
        answers("api", 403);
        cr_assert(is_remembered());
}

Test(supervision_upstream, unauthorized_is_remembered_even_after_a_success)
{
        answers("api", 200);
        answers("api", 401);
        cr_assert(is_remembered());
}

Test(supervision_upstream, a_success_forgets)
{
        answers("api", 403);
        cr_assert(is_remembered());
        answers("api", 200); /* of another request that was open */
        cr_assert(!is_remembered());
}

Test(supervision_upstream, an_outage_is_why_nothing_came_of_it)
{
        static const struct {
                enum outcome ended, judged;
        } cases[] = {
                {OUTCOME_NO_CHANGE, OUTCOME_WORK_FAILED},
                {OUTCOME_WORK_FAILED, OUTCOME_WORK_FAILED},
                {OUTCOME_BLOCKED, OUTCOME_WORK_FAILED},
                {OUTCOME_BUDGET_EXCEEDED, OUTCOME_BUDGET_EXCEEDED},
        };

        answers("api", 500);
        answers("api", 429);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                cr_assert_eq(ends(cases[i].ended), cases[i].judged, "%zu", i);
                cr_assert(strstr(reason(0), "answered 429 Too Many Requests; 2 requests in a row were not served; its "
                                            "last Retry-After: 30"),
                          "%s", reason(0));
                cr_assert_str_eq(reason(1), "the agent's words");
        }
}

Test(supervision_upstream, what_was_served_afterwards_or_ended_well_is_not_blamed)
{
        answers("api", 429);
        cr_assert_eq(ends(OUTCOME_SELF_VERIFICATION_FAILED), OUTCOME_SELF_VERIFICATION_FAILED);
        cr_assert_eq(ends(OUTCOME_OBSERVED), OUTCOME_OBSERVED);
        cr_assert_eq(s.verdict.reasons.len, 1);
        answers("api", 200);
        cr_assert_eq(ends(OUTCOME_NO_CHANGE), OUTCOME_NO_CHANGE);
        cr_assert_eq(s.verdict.reasons.len, 1);
}

Test(supervision_upstream, a_request_that_was_wrong_is_told_and_not_called_an_outage)
{
        answers("api", 404);
        cr_assert_eq(ends(OUTCOME_NO_CHANGE), OUTCOME_NO_CHANGE);
        cr_assert(strstr(reason(0), "answered 404 Not Found"), "%s", reason(0));
}

Test(supervision_upstream, no_answer_is_an_outage)
{
        say("{\"type\":\"answer\",\"route\":\"api\",\"status\":0,\"error\":\"Could not connect\"}");
        cr_assert_eq(ends(OUTCOME_NO_CHANGE), OUTCOME_WORK_FAILED);
        cr_assert(strstr(reason(0), "gave no answer (Could not connect)"), "%s", reason(0));
}

static void means(const char *meant, const char *said)
{
        _cleanup_free_ char *meaning = xasprintf("the agent has no credential (it said %s)", said);
        struct err err = ERR_INIT;

        cr_assert(supervision_take_meaning(&s, meant, meaning, &err) == 0);
}

static void vetoed(void)
{
        say("{\"type\":\"record\",\"event\":\"action.vetoed\",\"data\":{\"candidate_action\":\"route api: POST "
            "/admin\",\"final_action\":\"refused\",\"veto_reason\":\"it is not in the route's allow\"}}");
}

Test(supervision_upstream, the_agents_words_count_where_its_api_does_not_contradict_them)
{
        means("blocked", "Please run /login");
        vetoed(); /* of something else: its telemetry */
        cr_assert_eq(ends(OUTCOME_NO_CHANGE), OUTCOME_BLOCKED, "it never asked");
        cr_assert(strstr(reason(0), "has no credential"), "%s", reason(0));
        cr_assert_eq(ends(OUTCOME_BUDGET_EXCEEDED), OUTCOME_BUDGET_EXCEEDED);
        cr_assert_eq(ends(OUTCOME_SELF_VERIFICATION_FAILED), OUTCOME_SELF_VERIFICATION_FAILED);
        answers("api", 400);
        cr_assert_eq(ends(OUTCOME_WORK_FAILED), OUTCOME_BLOCKED, "a key that is refused with 400");
        answers("api", 200);
        cr_assert_eq(ends(OUTCOME_WORK_FAILED), OUTCOME_WORK_FAILED, "it was served last");
}

Test(supervision_upstream, our_own_refusal_is_not_the_providers)
{
        means("blocked", "403 Forbidden");
        vetoed();
        cr_assert_eq(ends(OUTCOME_WORK_FAILED), OUTCOME_WORK_FAILED);
        cr_assert(strstr(reason(0), "cupel refused what the agent asked a route for: route api: POST /admin"), "%s",
                  reason(0));
        cr_assert(!is_remembered());
        answers("api", 200);
        ends(OUTCOME_NO_CHANGE);
        cr_assert_eq(s.verdict.reasons.len, 1, "it was served what it needed");
}

Test(supervision_upstream, an_agents_end_means_blocked_or_failed_and_nothing_else)
{
        struct err err = ERR_INIT;

        cr_assert(supervision_take_meaning(&s, "committed", "x", &err) < 0);
        cr_assert(supervision_take_meaning(&s, "held", "x", &err) < 0);
        cr_assert(supervision_take_meaning(&s, "blocked", NULL, &err) < 0);
        cr_assert(supervision_take_meaning(&s, "blocked", "\033[2J", &err) < 0);
}

static void receipt(const char *rest)
{
        _cleanup_free_ char *text = xasprintf(
                "{\"type\":\"record\",\"event\":\"receipt.net\",\"data\":{\"host\":\"api.example\",\"port\":443,"
                "\"address\":\"192.0.2.1\",\"bytes_in\":10,\"bytes_out\":20,\"ms\":5,%s}}",
                rest);

        say(text);
}

Test(supervision_upstream, a_budget_that_ended_while_the_api_was_silent_says_so)
{
        receipt("\"via\":\"route:api\",\"status\":200,\"silent_ms\":42000");
        cr_assert_eq(ends(OUTCOME_BUDGET_EXCEEDED), OUTCOME_BUDGET_EXCEEDED);
        cr_assert(strstr(reason(0), "waiting for its API"), "%s", reason(0));
        cr_assert(strstr(reason(0), "https://api.example") && strstr(reason(0), "42"), "%s", reason(0));
        receipt("\"via\":\"route:api\",\"status\":200");
        ends(OUTCOME_BUDGET_EXCEEDED);
        cr_assert_eq(s.verdict.reasons.len, 1, "the last one was whole");
}

Test(supervision_upstream, a_credential_that_comes_back_goes_no_further)
{
        say("{\"type\":\"answer\",\"route\":\"api\",\"status\":0,\"error\":\"sk-value-987654321\"}");
        ends(OUTCOME_NO_CHANGE);
        cr_assert(!strstr(reason(0), "sk-value"), "%s", reason(0));
}

Test(supervision_upstream, what_is_no_answer_ends_the_run)
{
        static const char *const bad[] = {
                "{\"type\":\"answer\",\"route\":\"nowhere\",\"status\":200}",
                "{\"type\":\"answer\",\"route\":\"api\"}",
                "{\"type\":\"answer\",\"route\":\"api\",\"status\":100}",
                "{\"type\":\"answer\",\"route\":\"api\",\"status\":-1}",
                "{\"type\":\"answer\",\"route\":\"api\",\"status\":1000}",
                "{\"type\":\"answer\",\"route\":\"api\",\"status\":200,\"more\":1}",
                "{\"type\":\"answer\",\"route\":\"api\",\"status\":429,\"retry_after\":\"\\u001b[2J\"}",
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
                s.stage = STAGE_WORKING;
                s.verdict.outcome = OUTCOME_NO_CHANGE;
                s.keeping = KEEPING_WANTED; /* the director, who would read the log, is not asked yet */
                say(bad[i]);
                cr_assert_eq(s.verdict.outcome, OUTCOME_INTERNAL_ERROR, "%s", bad[i]);
        }
}
