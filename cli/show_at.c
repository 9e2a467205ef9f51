/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the log; each type of event that counts has its taker. Lists are kept to what somebody reads. */
#include "cli/show_at.h"

#include "cli/event_line.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"
#include "lib/store/store.h"

#include <stdlib.h>
#include <string.h>

struct seeing {
        json_t *told, *used, *cost;
        int64_t sequence, notes, vetoes;
        char *first, *last; /* times */
};

struct seen {
        const char *type, *time, *actor;
        json_t *event, *data;
};

static void take_birth(struct seeing *s, const struct seen *e)
{
        static const struct {
                const char *from, *to;
        } facts[] = {{"title", "title"}, {"base", "base"}, {"target_ref", "target"}, {"agent", "agent"}};
        static const struct {
                const char *from, *to;
        } attributes[] = {{"runid", "run"}, {"itemid", "item"}, {"mood", "mood"}, {"identity", "identity"}};

        for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
                if (json_object_get(e->data, facts[i].from))
                        json_object_set(s->told, facts[i].to, json_object_get(e->data, facts[i].from));
        for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
                if (json_object_get(e->event, attributes[i].from))
                        json_object_set(s->told, attributes[i].to, json_object_get(e->event, attributes[i].from));
}

static void take_state(struct seeing *s, const struct seen *e)
{
        static const char *const members[] = {"outcome", "next"};

        if (strcmp(json_text_of(e->data, "from"), "none") == 0)
                take_birth(s, e);
        json_object_set(s->told, "state", json_object_get(e->data, "to"));
        json_object_set_new(s->told, "since", json_string(e->time));
        if (json_array_size(json_object_get(e->data, "reasons")))
                json_object_set(s->told, "reasons", json_object_get(e->data, "reasons"));
        for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
                if (json_object_get(e->data, members[i]))
                        json_object_set(s->told, members[i], json_object_get(e->data, members[i]));
        if (strcmp(json_text_of(e->data, "to"), phase_name(PHASE_COMMITTED)) ==
            0) /* landing names what may never land */
                json_object_set(s->told, "commit", json_object_get(e->data, "commit"));
}

static void take_plan(struct seeing *s, const struct seen *e)
{
        json_object_set(s->told, "plan", e->data);
}

static void take_patch(struct seeing *s, const struct seen *e)
{
        json_object_set(s->told, "patch", e->data);
}

static void take_decision(struct seeing *s, const struct seen *e)
{
        json_object_set_new(s->told, "decision",
                            json_pack("{s:s,s:O?,s:O?}", "by", e->actor, "decision",
                                      json_object_get(e->data, "decision"), "reasons",
                                      json_object_get(e->data, "reasons")));
        if (json_is_array(json_object_get(e->data, "gates")))
                json_object_set(s->told, "gates", json_object_get(e->data, "gates"));
}

static void take_verdict(struct seeing *s, const struct seen *e)
{
        json_array_append(json_object_get(s->told, "verdicts"), e->data);
}

static void take_limits(struct seeing *s, const struct seen *e)
{
        json_t *peaks = json_object(), *limit;
        size_t i;

        json_array_foreach(json_object_get(e->data, "limits"), i, limit)
                json_object_set(peaks, json_text_of(limit, "limit"), json_object_get(limit, "peak"));
        json_object_set_new(json_object_get(s->used, "limits"), json_text_of(e->data, "step"), peaks);
}

static void take_cost(struct seeing *s, const struct seen *e)
{
        cost_sum_see(&s->cost, e->actor, e->data);
}

static void take_said(struct seeing *s, const char *list, const struct seen *e)
{
        json_t *said = json_copy(e->data);

        json_object_set_new(said, "step", json_string(strrchr(e->type, '.') + 1));
        json_object_set_new(said, "time", json_string(e->time));
        json_array_append_new(json_object_get(s->told, list), said);
}

static void take_approval(struct seeing *s, const struct seen *e)
{
        take_said(s, "approvals", e);
}

static void take_operator(struct seeing *s, const struct seen *e)
{
        take_said(s, "operator", e);
}

/* The last ones. */
static void push(json_t *list, json_t *value, size_t most)
{
        if (json_array_size(list) == most)
                json_array_remove(list, 0);
        json_array_append_new(list, value);
}

static void take_veto(struct seeing *s, const struct seen *e)
{
        s->vetoes++;
        push(json_object_get(s->told, "vetoes"),
             json_pack("{s:s,s:s,s:O?,s:O?,s:O?}", "time", e->time, "actor", e->actor, "candidate_action",
                       json_object_get(e->data, "candidate_action"), "final_action",
                       json_object_get(e->data, "final_action"), "veto_reason",
                       json_object_get(e->data, "veto_reason")),
             SHOW_AT_VETOES);
}

static void take_note(struct seeing *s, const struct seen *e)
{
        _cleanup_str_ struct str gist = {0};

        if (strcmp(e->type, "note.request.verify") == 0)
                return;
        event_gist(e->type, e->data, &gist);
        s->notes++;
        push(json_object_get(s->told, "notes"),
             json_pack("{s:I,s:s,s:s,s:s,s:o,s:O}", "sequence", (json_int_t)s->sequence, "time", e->time, "type",
                       e->type, "actor", e->actor, "gist", json_quoted(str_text(&gist)), "data", e->data),
             SHOW_AT_NOTES);
}

static void take_question(struct seeing *s, const struct seen *e)
{
        json_array_append_new(json_object_get(s->told, "questions"),
                              json_pack("{s:s,s:I,s:s,s:O}", "id", json_text_of(e->event, "id"), "sequence",
                                        (json_int_t)s->sequence, "type", e->type, "data", e->data));
        if (strncmp(e->type, "note.", 5) == 0)
                take_note(s, e);
}

/* What it answers is an event of the same log, and named as `cupel requests` names it: RUN.SEQUENCE. */
static void take_answer(struct seeing *s, const struct seen *e)
{
        json_t *questions = json_object_get(s->told, "questions"), *question;
        const char *number = strchr(json_text_of(e->data, "request"), '.');
        size_t i;

        json_array_foreach(questions, i, question)
        {
                if (number && json_int_of(question, "sequence") == strtoll(number + 1, NULL, 10)) {
                        json_array_remove(questions, i);
                        return;
                }
        }
}

static void take_checkpoint(struct seeing *s, const struct seen *e)
{
        json_object_set(s->told, "checkpoint", e->data);
}

static const struct {
        const char *type;
        void (*take)(struct seeing *s, const struct seen *e);
} takers[] = {
        {"run.state", take_state},
        {"receipt.plan", take_plan},
        {"receipt.patch", take_patch},
        {"receipt.policy.decision", take_decision},
        {"receipt.verifier", take_verdict},
        {"receipt.limits", take_limits},
        {"cost.reported", take_cost},
        {"approval.requested", take_approval},
        {"approval.granted", take_approval},
        {"approval.denied", take_approval},
        {"approval.consumed", take_approval},
        {"operator.outcome", take_operator},
        {"action.vetoed", take_veto},
        {"note.request.help", take_question},
        {"spec.change.request", take_question},
        {"receipt.preference.decision", take_answer},
        {"checkpoint.created", take_checkpoint},
};

static void see(struct seeing *s, const struct seen *e)
{
        for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
                if (strcmp(takers[i].type, e->type) == 0) {
                        takers[i].take(s, e);
                        return;
                }
        if (strncmp(e->type, "note.", 5) == 0)
                take_note(s, e);
}

struct reading {
        struct seeing *seeing;
        int64_t until;
};

static int take_event(const struct store_event_row *row, void *arg, struct err *err)
{
        const struct reading *reading = arg;
        struct seeing *s = reading->seeing;
        _cleanup_json_ json_t *event = NULL;

        if (row->sequence > reading->until)
                return 1;
        if (!(event = json_parse(row->json, row->len, "event", err)))
                return -1;
        s->sequence = row->sequence;
        free(s->last);
        s->last = xstrdup(json_text_of(event, "time"));
        if (!s->first)
                s->first = xstrdup(s->last);
        see(s, &(struct seen){.type = row->type,
                              .time = s->last,
                              .actor = json_text_of(event, "actor"),
                              .event = event,
                              .data = json_object_get(event, "data")});
        return 0;
}

static void finish(struct seeing *s)
{
        json_object_set_new(s->told, "at",
                            json_pack("{s:I,s:s,s:I}", "sequence", (json_int_t)s->sequence, "time", s->last,
                                      "elapsed_ms",
                                      (json_int_t)(clock_from_rfc3339(s->last) - clock_from_rfc3339(s->first))));
        json_object_set_new(s->used, "notes", json_integer(s->notes));
        json_object_set_new(s->told, "vetoed", json_integer(s->vetoes));
        if (s->cost)
                json_object_set(s->used, "cost", s->cost);
}

struct json_t *show_at_json(struct store *store, const char *run, int64_t sequence, struct err *err)
{
        _cleanup_json_ json_t *told = json_pack(
                "{s:n,s:n,s:n,s:n,s:n,s:n,s:n,s:n,s:[],s:{s:n,s:i,s:{}},s:[],s:[],s:[],s:[],s:[],s:[]}", "state",
                "outcome", "commit", "decision", "plan", "patch", "gates", "checkpoint", "reasons", "used", "cost",
                "notes", 0, "limits", "verdicts", "approvals", "operator", "questions", "vetoes", "notes");
        struct seeing seeing = {.told = told, .used = json_object_get(told, "used")};
        struct reading reading = {.seeing = &seeing, .until = sequence};
        int status;

        status = store_events_each(store, run, NULL, take_event, &reading, err);
        if (status == 0 && seeing.sequence < sequence)
                status = err_set(err, ERR_INPUT, "the log of %s has %lld events, and no %lld", run,
                                 (long long)seeing.sequence, (long long)sequence);
        if (status == 0)
                finish(&seeing);
        free(seeing.first);
        free(seeing.last);
        json_decref(seeing.cost);
        return status < 0 ? NULL : json_incref(told);
}
