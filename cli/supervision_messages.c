/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What director and runner may say to the supervisor: one table for each, and one function per message, which checks every
 * field again; the director's are taken apart in director_call.c, which says when each may come, too. A message that is not
 * in its sender's table, or not as it must be, ends the run.
 */
#include "cli/director_call.h"
#include "cli/supervision_internal.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/event.h"
#include "lib/base/json.h"
#include "policy/scrub.h"
#include "sandbox/plan.h"

#include <stdio.h>
#include <string.h>

#define RECEIPTS_MAX 24000 /* of the runner itself: 1000 verifiers, each tried 11 times, and what else happens */

/* ---- From the director ---- */

#define WORK_GRACE_MS 60000

/* All that the runner may wait for, one after the other, and a minute. */
static uint64_t longest_work(const struct plan *plan)
{
        uint64_t ms = (uint64_t)plan->budget.wall_ms + WORK_GRACE_MS;

        for (size_t i = 0; i < plan->verifiers.len; i++)
                if (plan->verifiers.items[i].gate != VERIFY_DIRECTOR)
                        ms += (uint64_t)(plan->verifiers.items[i].timeout_ms * (1 + plan->verifiers.items[i].retries));
        return ms;
}

static int on_ready(struct supervision *s, json_t *message, struct err *err)
{
        json_t *lowers = NULL, *objects = NULL;
        const char *event;
        const struct json_field fields[] = {{"event", JSON_FIELD_STRING, &event, true},
                                            {"lowers", JSON_FIELD_ARRAY, &lowers, true},
                                            {"objects", JSON_FIELD_ARRAY, &objects, true},
                                            {0}};

        if (json_fields(message, "ready", fields, err) < 0)
                return -1;
        if (s->stage != STAGE_PREPARING)
                return 0;
        s->stage = STAGE_WORKING;
        s->latest = clock_ms() + longest_work(&s->launch->plan);
        supervision_start_runner(s, json_pack("{s:s,s:O,s:O,s:o*}", "op", "start", "lowers", lowers, "objects", objects,
                                              "resumed", supervision_resumed(s)));
        return 0;
}

/* What is only shown. */
static int on_shown(struct supervision *s, json_t *message, struct err *err)
{
        return director_hear(message, s->terminal, NULL, err);
}

/*
 * A worker may start the next run while the packet of this one is still written. Where money was reserved it hears nothing before
 * the process ends: until then what is left over is not given back.
 */
static void tell_worker(const struct launch *launch, const char *phase)
{
        enum phase to;

        if (!launch->claim_epoch || launch->spend || phase_from_name(phase, &to) < 0 || !phase_is_terminal(to))
                return;
        puts("{\"over\":true}");
        fflush(stdout);
}

/* The director moves its phases itself; here they are only shown. */
static int on_director_phase(struct supervision *s, json_t *message, struct err *err)
{
        if (director_hear(message, s->terminal, NULL, err) < 0)
                return -1;
        tell_worker(s->launch, json_text_of(message, "to"));
        return 0;
}

static int on_done(struct supervision *s, json_t *message, struct err *err)
{
        _cleanup_director_answer_ struct director_answer answer = {0};

        if (director_hear(message, s->terminal, &answer, err) < 0)
                return -1;
        supervision_set_verdict(s, answer.outcome, &answer.reasons);
        s->verdict.commit = steal_ptr(&answer.commit);
        s->verdict.tree = steal_ptr(&answer.tree);
        s->answered = true;
        s->stage = STAGE_ENDED;
        return 0;
}

static int on_director_error(struct supervision *s, json_t *message, struct err *err)
{
        if (director_hear(message, s->terminal, NULL, err) < 0)
                return -1;
        snprintf(s->director_error, sizeof(s->director_error), "%s", json_text_of(message, "message"));
        return 0;
}

/* ---- From the runner ---- */

/* The runner keeps to its budgets; one that was taken over would fill the disk. */
static int count_record(struct supervision *s, enum event_actor actor, const json_t *data, struct err *err)
{
        if (actor == EVENT_ACTOR_AGENT)
                return supervision_count_note(s, json_size(data), err);
        if (++s->receipts_seen > RECEIPTS_MAX)
                return err_set(err, ERR_INPUT, "record: more receipts than a run may have");
        return 0;
}

/* What was in vain without being a fault; what was refused is among the reasons of the run's end. */
static void say_vetoed(struct supervision *s, const json_t *data)
{
        const char *what = json_string_value(json_object_get(data, "candidate_action"));
        const char *how = json_string_value(json_object_get(data, "final_action"));

        if (what && how && strcmp(how, "refused") != 0 && !text_check(what) && !text_check(how))
                supervision_say_veto(s, "in vain", what, how);
}

/* Of the runner's own records those that tell what the agent did, in its words perhaps. */
static bool quotes_agent(const char *type)
{
        return strcmp(type, "note.status") == 0 || strcmp(type, "note.observation") == 0 ||
               strcmp(type, "action.vetoed") == 0;
}

static int on_record(struct supervision *s, json_t *message, struct err *err)
{
        const char *event, *type = "", *actor_name = "";
        json_t *data = NULL;
        enum event_actor actor;
        const struct event_type *known;
        const struct json_field fields[] = {{"event", JSON_FIELD_STRING, &event, true},
                                            {"type", JSON_FIELD_STRING, &type, true},
                                            {"actor", JSON_FIELD_STRING, &actor_name, true},
                                            {"data", JSON_FIELD_OBJECT, &data, true},
                                            {0}};

        if (json_fields(message, "record", fields, err) < 0)
                return -1;
        known = event_type_find(type);
        if (!known || event_actor_from_name(actor_name, &actor) < 0 ||
            (actor != EVENT_ACTOR_AGENT && actor != EVENT_ACTOR_RUNNER))
                return err_set(err, ERR_INPUT, "record: %.64s by %.32s is not the runner's to send", type, actor_name);
        if (event_validate(known, actor, data, err) < 0 || count_record(s, actor, data, err) < 0)
                return -1;
        if (actor == EVENT_ACTOR_AGENT || quotes_agent(event_type_name(known)))
                redact_json(&s->redact, data);
        else
                redact_record(&s->redact, data);
        s->redact.count += scrub_json(data);
        json_array_append(s->records, message);
        if (actor == EVENT_ACTOR_AGENT && json_is_string(json_object_get(data, "text")))
                terminal_note(s->terminal, event_type_name(known), json_string_value(json_object_get(data, "text")));
        if (supervision_is_full(s))
                supervision_flush(s);
        if (strcmp(event_type_name(known), "action.vetoed") == 0)
                say_vetoed(s, data);
        else if (strcmp(event_type_name(known), "receipt.timeout") == 0)
                s->upstreams.out_of_time = true;
        return 0;
}

static int on_runner_phase(struct supervision *s, json_t *message, struct err *err)
{
        const char *event, *to = "";
        enum phase phase;
        const struct json_field fields[] = {
                {"event", JSON_FIELD_STRING, &event, true}, {"to", JSON_FIELD_STRING, &to, true}, {0}};

        if (json_fields(message, "phase", fields, err) < 0)
                return -1;
        if (phase_from_name(to, &phase) < 0 ||
            (phase != PHASE_RUNNING && phase != PHASE_FROZEN && phase != PHASE_SELF_VERIFYING))
                return err_set(err, ERR_INPUT, "phase: %.64s is not the runner's to enter", to);
        supervision_move(s, phase);
        if (phase == PHASE_RUNNING)
                store_copy_back(s->context->store); /* the agent works, and nobody waits for us */
        return 0;
}

static int on_runner_step(struct supervision *s, json_t *message, struct err *err)
{
        return director_hear_step(message, s->terminal, err);
}

/* "1 note was", "4 notes were" */
static json_t *how_many_dropped(int64_t count, const char *what)
{
        const size_t len = strnlen(what, 32);

        if (count == 1 && len && what[len - 1] == 's')
                return json_sprintf("1 %.*s was refused or dropped", (int)len - 1, what);
        return json_sprintf("%lld %.*s were refused or dropped", (long long)count, (int)len, what);
}

static int on_dropped(struct supervision *s, json_t *message, struct err *err)
{
        const char *event, *what = "";
        int64_t count = 0;
        const struct json_field fields[] = {{"event", JSON_FIELD_STRING, &event, true},
                                            {"what", JSON_FIELD_STRING, &what, true},
                                            {"count", JSON_FIELD_INT, &count, true},
                                            {0}};

        if (json_fields(message, "dropped", fields, err) < 0)
                return -1;
        if (++s->receipts_seen > RECEIPTS_MAX)
                return err_set(err, ERR_INPUT, "dropped: more receipts than a run may have");
        json_array_append_new(s->records, json_pack("{s:s,s:s,s:{s:o}}", "type", "note.status", "actor", "runner",
                                                    "data", "text", how_many_dropped(count, what)));
        return 0;
}

/* Of the logs each step's receipt tells. */
static void tell_redacted(struct supervision *s)
{
        if (s->redact.count)
                json_array_append_new(s->records,
                                      json_pack("{s:s,s:s,s:{s:o,s:{s:I}}}", "type", "note.status", "actor", "runner",
                                                "data", "text",
                                                json_sprintf("%llu secret value%s hidden in notes and reasons",
                                                             (unsigned long long)s->redact.count,
                                                             s->redact.count == 1 ? " is" : "s are"),
                                                "extra", "redacted", (json_int_t)s->redact.count));
}

static void say_tier(struct supervision *s, const char *name)
{
        enum sandbox_tier tier;

        if (name && sandbox_tier_from_name(name, &tier) == 0 && tier >= SANDBOX_TIER_D)
                terminal_say(s->terminal, "sandbox of tier %s: %s", sandbox_tier_name(tier),
                             sandbox_tier_meaning(tier));
}

static int on_result(struct supervision *s, json_t *message, struct err *err)
{
        const char *event, *name = "", *tier = NULL, *meant = NULL, *meaning = NULL;
        json_t *usage = NULL;
        _cleanup_strv_ struct strv reasons = {0};
        enum outcome outcome = OUTCOME_INTERNAL_ERROR;
        const struct json_field fields[] = {
                {"event", JSON_FIELD_STRING, &event, true},      {"outcome", JSON_FIELD_STRING, &name, true},
                {"reasons", JSON_FIELD_STRINGS, &reasons, true}, {"tier", JSON_FIELD_STRING, &tier, false},
                {"meant", JSON_FIELD_STRING, &meant, false},     {"meaning", JSON_FIELD_STRING, &meaning, false},
                {"usage", JSON_FIELD_OBJECT, &usage, false},     {0}};

        if (json_fields(message, "result", fields, err) < 0)
                return -1;
        say_tier(s, tier);
        if (usage)
                processes_say(&s->processes, PROCESS_RUNNER, usage);
        s->verify = strcmp(name, "verify") == 0;
        /* a run that may not commit cannot end well by the caged side's word alone, but these ends need no more than it */
        if (!s->verify &&
            (outcome_from_name(name, &outcome) < 0 || outcome == OUTCOME_COMMITTED || outcome == OUTCOME_HELD))
                return err_set(err, ERR_INPUT, "result: %.64s is not the runner's to give", name);
        if (meant && supervision_take_meaning(s, meant, meaning, err) < 0)
                return -1;
        for (size_t i = 0; i < reasons.len; i++) {
                redact_text(&s->redact, reasons.items[i], strlen(reasons.items[i]));
                s->redact.count += scrub_text(reasons.items[i], strlen(reasons.items[i]));
        }
        tell_redacted(s);
        s->told = true;
        supervision_set_verdict(s, outcome, &reasons);
        supervision_flush(s);
        if (s->stage == STAGE_WORKING || s->stage == STAGE_PREPARING)
                supervision_end_cage(s);
        return 0;
}

/* ---- Dispatch ---- */

struct handler {
        const char *event;
        int (*handle)(struct supervision *s, json_t *message, struct err *err);
};

static const struct handler director_handlers[] = {
        {"ready", on_ready}, {"progress", on_shown}, {"phase", on_director_phase},
        {"step", on_shown},  {"done", on_done},      {"error", on_director_error},
        {NULL, NULL},
};

static const struct handler runner_handlers[] = {
        {"record", on_record},
        {"phase", on_runner_phase},
        {"step", on_runner_step},
        {"dropped", on_dropped},
        {"result", on_result},
        {"checkpoint", supervision_on_checkpoint},
        {NULL, NULL},
};

static int dispatch(struct supervision *s, const struct handler *handlers, json_t *message, struct err *err)
{
        const char *event = json_string_value(json_object_get(message, "event"));

        for (; event && handlers->event; handlers++)
                if (strcmp(handlers->event, event) == 0)
                        return handlers->handle(s, message, err);
        return err_set(err, ERR_INPUT, "unknown event %.64s", event ? event : "(none)");
}

void supervision_from_director(struct supervision *s, json_t *message)
{
        struct err err = ERR_INIT;

        if (director_take_turn(&s->turn, message, &err) < 0 || dispatch(s, director_handlers, message, &err) < 0)
                supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "the director sent nonsense: %s", err.message);
}

bool supervision_hears_runner(const struct supervision *s)
{
        return !s->told || (s->given_up && !s->distrusted);
}

/* Whoever left a note was told that it is accepted: it is not lost with a run that we end. */
static void hear_out(struct supervision *s, json_t *message)
{
        struct err err = ERR_INIT;

        if (supervision_hears_runner(s) && strcmp(json_text_of(message, "event"), "record") == 0 &&
            on_record(s, message, &err) < 0)
                s->distrusted = true;
}

void supervision_from_runner(struct supervision *s, json_t *message)
{
        struct err err = ERR_INIT;

        if (s->told) {
                hear_out(s, message); /* nothing else counts after a result */
        } else if (dispatch(s, runner_handlers, message, &err) < 0) {
                s->distrusted = true;
                supervision_note_attack(s, "the runner", err.message);
                supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "the runner sent what it may not send: %s", err.message);
        }
}
