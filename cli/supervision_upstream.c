/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the upstreams of the agent's routes say, and what that means for the run:
 *
 *   401, 403          the credential is refused: the run ends at once as blocked, whatever the agent makes of it, and the
 *                     credential is remembered (cli/refused.h), so that no other run tries it again
 *   2xx               it is accepted: what was remembered of it is forgotten, and failures before it do not count
 *   429, 5xx, nothing the agent's own retries go on; where it ends without a result after them, that is why
 *
 * A 403 after the same run was served is about what was asked for, not about the credential: it blocks, and is not remembered;
 * else an agent could have a good key refused by asking for what it may not.
 */
#include "cli/launch_require.h"
#include "cli/refused.h"
#include "cli/supervision_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>

static const struct {
        int status;
        const char *text;
} statuses[] = {
        {400, "Bad Request"},       {401, "Unauthorized"},        {402, "Payment Required"},
        {403, "Forbidden"},         {404, "Not Found"},           {408, "Request Timeout"},
        {413, "Content Too Large"}, {429, "Too Many Requests"},   {500, "Internal Server Error"},
        {502, "Bad Gateway"},       {503, "Service Unavailable"}, {504, "Gateway Timeout"},
        {529, "Overloaded"},
};

static const char *status_text(int status)
{
        for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
                if (statuses[i].status == status)
                        return statuses[i].text;
        return "";
}

static const struct route *route_at(const struct supervision *s, size_t index)
{
        return &s->launch->plan.agent.routes.items[index];
}

static int find_route(const struct supervision *s, const char *name, size_t *ret)
{
        for (size_t i = 0; i < s->launch->plan.agent.routes.len; i++)
                if (strcmp(route_at(s, i)->name, name) == 0) {
                        *ret = i;
                        return 0;
                }
        return -1;
}

void supervision_know_credentials(struct supervision *s)
{
        struct err ignored = ERR_INIT; /* what it cannot wait for it waits for a person instead */

        (void)launch_wait_for_requirements(s->launch, s->context, &ignored);
        for (size_t i = 0; i < s->launch->plan.agent.routes.len; i++)
                (void)launch_wait_for_keys(s->launch, s->context, route_at(s, i), &ignored);
        for (size_t i = 0; i < s->launch->plan.agent.routes.len && i < NETWORK_ROUTES_MAX; i++)
                refused_id(s->context->state_root, route_at(s, i), s->upstreams.credential[i]);
}

/* ---- refused ---- */

static void remember(struct supervision *s, size_t index, int status)
{
        const struct route *route = route_at(s, index);
        _cleanup_free_ char *variables = route_variables(route);
        char now[CLOCK_RFC3339];
        const struct refusal refusal = {.agent = s->launch->plan.agent.name,
                                        .route = route->name,
                                        .upstream = route->upstream,
                                        .variable = variables,
                                        .time = now,
                                        .run = s->launch->run_id,
                                        .status = status};
        struct err err = ERR_INIT;
        char text[640];

        clock_rfc3339(now);
        if (refused_remember(s->context->state_root, s->upstreams.credential[index], &refusal, &err) == 0) {
                if (s->upstreams.credential[index][0])
                        launch_wait_for(s->launch, "refused %s", s->upstreams.credential[index]);
                return;
        }
        err_text(&err, text, sizeof(text));
        terminal_say(s->terminal, "that it was refused could not be remembered: %s", text);
}

static void describe_refusal(struct supervision *s, const struct route *route, int status, bool served)
{
        _cleanup_free_ char *variables = route_variables(route);
        char *text = s->upstreams.refusal;
        const size_t size = sizeof(s->upstreams.refusal);
        int len = snprintf(text, size, "%.300s answered %d %s: ", route->upstream, status, status_text(status));

        if (!variables[0])
                snprintf(
                        text + len, size - (size_t)len,
                        "it wants a credential, and the route \"%s\" sends none; give the route a header in the policy",
                        route->name);
        else if (served)
                snprintf(
                        text + len, size - (size_t)len,
                        "it refused a request of the route \"%s\", although the key in %s was good before in this run; "
                        "see at the provider what the key may do (models, regions), and run again",
                        route->name, variables);
        else
                snprintf(text + len, size - (size_t)len,
                         "it refused the key in %s, which the route \"%s\" sends; export another value and run again, "
                         "or, "
                         "once the account was mended at the provider, `cupel agents forget %s`",
                         variables, route->name, s->launch->plan.agent.name);
}

static void take_refusal(struct supervision *s, size_t index, int status)
{
        const struct route *route = route_at(s, index);
        const bool served = status == 403 && (s->upstreams.served & 1u << index);

        if (s->upstreams.refused)
                return;
        s->upstreams.refused = true;
        describe_refusal(s, route, status, served);
        if (!served)
                remember(s, index, status);
        if (s->stage == STAGE_PREPARING || s->stage == STAGE_WORKING)
                supervision_give_up(s, OUTCOME_BLOCKED, "%s", s->upstreams.refusal);
}

/* ---- accepted, or not served ---- */

static void take_success(struct supervision *s, size_t index)
{
        s->upstreams.served |= 1u << index;
        s->upstreams.failures = 0;
        refused_clear(s->context->state_root, s->upstreams.credential[index]);
}

static void take_failure(struct supervision *s, size_t index, int status, const char *retry_after, const char *error)
{
        struct upstreams_seen *seen = &s->upstreams;

        seen->failures++;
        seen->route = index;
        seen->status = status;
        snprintf(seen->retry_after, sizeof(seen->retry_after), "%s", retry_after);
        snprintf(seen->error, sizeof(seen->error), "%s", error);
}

int supervision_on_answer(struct supervision *s, json_t *message, struct err *err)
{
        const char *type, *route = "", *retry_after = "", *error = "";
        int64_t status = 0;
        size_t index;
        const struct json_field fields[] = {
                {"type", JSON_FIELD_STRING, &type, true},    {"route", JSON_FIELD_STRING, &route, true},
                {"status", JSON_FIELD_INT, &status, true},   {"retry_after", JSON_FIELD_STRING, &retry_after, false},
                {"error", JSON_FIELD_STRING, &error, false}, {0}};

        redact_json(&s->redact, message);
        if (json_fields(message, "answer", fields, err) < 0)
                return -1;
        if (status < 0 || status > 999 || (status > 0 && status < 200))
                return err_set(err, ERR_INPUT, "answer: no final status");
        if (find_route(s, route, &index) < 0)
                return err_set(err, ERR_INPUT, "answer: no such route");
        if (text_check(retry_after) || text_check(error))
                return err_set(err, ERR_INPUT, "answer: control characters");
        if (status == 401 || status == 403)
                take_refusal(s, index, (int)status);
        else if (status >= 200 && status < 300)
                take_success(s, index);
        else
                take_failure(s, index, (int)status, retry_after, error);
        return 0;
}

void supervision_saw_receipt(struct supervision *s, const char *via, int64_t silent_ms)
{
        static const char prefix[] = "route:";
        struct upstreams_seen *seen = &s->upstreams;

        if (strncmp(via, prefix, sizeof(prefix) - 1) != 0)
                return;
        seen->broken_off = silent_ms >= 0 && find_route(s, via + sizeof(prefix) - 1, &seen->silent_route) == 0;
        seen->silent_ms = silent_ms >= 0 ? (uint64_t)silent_ms : 0;
}

void supervision_saw_veto(struct supervision *s, const char *action, const char *reason)
{
        if (strncmp(action, "route ", 6) == 0)
                snprintf(s->upstreams.veto, sizeof(s->upstreams.veto), "%.200s (%.250s)", action, reason);
}

int supervision_take_meaning(struct supervision *s, const char *meant, const char *meaning, struct err *err)
{
        if (outcome_from_name(meant, &s->upstreams.meant) < 0 || !meaning || text_check(meaning) ||
            (s->upstreams.meant != OUTCOME_BLOCKED && s->upstreams.meant != OUTCOME_WORK_FAILED))
                return err_set(err, ERR_INPUT, "result: an agent's end means no %.64s", meant);
        snprintf(s->upstreams.meaning, sizeof(s->upstreams.meaning), "%s", meaning);
        redact_text(&s->redact, s->upstreams.meaning, strlen(s->upstreams.meaning));
        return 0;
}

/* ---- the verdict ---- */

/* It will pass, or is the provider's: not what the agent asked for. */
static bool is_outage(int status)
{
        return status == 0 || status == 402 || status == 408 || status == 429 || status >= 500;
}

/* Nothing came of the run: a change that an agent made in spite of its API is judged as always. */
static bool came_to_nothing(const struct supervision *s)
{
        const enum outcome outcome = s->verdict.outcome;

        return !s->verify && (outcome == OUTCOME_NO_CHANGE || outcome == OUTCOME_WORK_FAILED ||
                              outcome == OUTCOME_BLOCKED || outcome == OUTCOME_BUDGET_EXCEEDED ||
                              (outcome == OUTCOME_SELF_VERIFICATION_FAILED && !s->launch->plan.may_commit));
}

static char *describe_failures(const struct supervision *s)
{
        const struct upstreams_seen *seen = &s->upstreams;
        const struct route *route = route_at(s, seen->route);
        struct str text = {0};

        str_printf(&text, "the agent's API did not serve it: %s (route \"%s\") ", route->upstream, route->name);
        if (seen->status)
                str_printf(&text, "answered %d%s%s", seen->status, *status_text(seen->status) ? " " : "",
                           status_text(seen->status));
        else
                str_printf(&text, "gave no answer (%s)", seen->error);
        if (seen->failures > 1)
                str_printf(&text, "; %llu requests in a row were not served", (unsigned long long)seen->failures);
        if (seen->retry_after[0])
                str_printf(&text, "; its last Retry-After: %s", seen->retry_after);
        return str_steal(&text);
}

static char *describe_silence(const struct supervision *s)
{
        const struct route *route = route_at(s, s->upstreams.silent_route);
        char human[CLOCK_RFC3339];

        clock_human(s->upstreams.silent_ms, human);
        return xasprintf("the agent was waiting for its API when it ended: a request to %s (route \"%s\") was open, %s "
                         "after the last byte",
                         route->upstream, route->name, human);
}

/* The sentence goes before the agent's own words: it explains them. */
static void judge_again(struct supervision *s, enum outcome outcome, char *owned_reason)
{
        _cleanup_strv_ struct strv reasons = {0};

        strv_take(&reasons, owned_reason);
        for (size_t i = 0; i < s->verdict.reasons.len; i++)
                strv_add(&reasons, s->verdict.reasons.items[i]);
        supervision_set_verdict(s, outcome, &reasons);
}

/*
 * Whether the agent's words agree with what its upstreams answered. An agent that was served last speaks of something else: of
 * its work, perhaps. One that speaks of a 403, and had one from us alone, speaks of ours.
 */
static bool is_credible(const struct supervision *s)
{
        const struct upstreams_seen *seen = &s->upstreams;

        if (!s->launch->plan.agent.routes.len || seen->failures)
                return true;
        if (seen->served)
                return false;
        return !seen->veto[0] || (!strstr(seen->meaning, "403") && !strcasestr(seen->meaning, "forbidden"));
}

static void judge_words(struct supervision *s)
{
        const struct upstreams_seen *seen = &s->upstreams;
        const enum outcome outcome = s->verdict.outcome;

        if (seen->meaning[0] && outcome != OUTCOME_BUDGET_EXCEEDED && is_credible(s))
                judge_again(s, seen->meant, xstrdup(seen->meaning));
        else if (seen->veto[0] && !seen->failures && !seen->served)
                judge_again(
                        s, outcome,
                        xasprintf("cupel refused what the agent asked a route for: %s; where it needs that, see the "
                                  "route's allow in its profile",
                                  seen->veto));
}

/*
 * Why the run failed is that its API did not serve it, also where its own retries went on until there was no time left. Any
 * other budget that was used up is an end of its own; an answer that stalls is none of the failures.
 */
static enum outcome after_failures(const struct supervision *s)
{
        const struct upstreams_seen *seen = &s->upstreams;
        const bool over_budget = s->verdict.outcome == OUTCOME_BUDGET_EXCEEDED;

        if (!is_outage(seen->status) || (over_budget && !seen->out_of_time))
                return s->verdict.outcome;
        return OUTCOME_WORK_FAILED;
}

void supervision_judge_upstreams(struct supervision *s)
{
        const struct upstreams_seen *seen = &s->upstreams;

        if (s->given_up || s->stopping)
                return;
        if (seen->refused) { /* it came when the runner's result was on its way */
                s->verify = false;
                judge_again(s, OUTCOME_BLOCKED, xstrdup(seen->refusal));
                return;
        }
        if (!came_to_nothing(s))
                return;
        judge_words(s);
        if (s->verdict.outcome == OUTCOME_BUDGET_EXCEEDED && seen->broken_off && !seen->failures)
                judge_again(s, s->verdict.outcome, describe_silence(s));
        if (seen->failures)
                judge_again(s, after_failures(s), describe_failures(s));
}
