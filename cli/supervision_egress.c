/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cupel-egress may say to the supervisor, and its end. It is ours, but it parses what a hostile step and foreign servers
 * send: every message is checked field by field, bounded and counted like the runner's; a message that is not in the table
 * ends the run. What it records is written by "system": it is no claim of the caged side.
 *
 * Its end belongs to the run's: it goes when the last process of the cage is gone, and the director is asked only then, so
 * that every record of the network is in the log that is judged. An end that it was not asked for ends the run: without it
 * there is no network any more, and nobody to say what there was.
 */
#include "cli/supervision_internal.h"

#include "lib/base/clock.h"
#include "lib/base/cost_sum.h"
#include "lib/base/event.h"
#include "lib/base/json.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define RECORDS_MAX 50000 /* of one run, vetoes and receipts each: the one hides none of the other; more are counted */
#define SAID_MAX 40       /* refused hosts that are shown one by one */
#define UNPRICED_MAX 8    /* models without a price, likewise */
#define TEXT_MAX ((size_t)2048)
#define GRACE_MS 3000 /* from the end of the cage to its own */

struct handler {
        const char *type;
        int (*handle)(struct supervision *s, json_t *message, struct err *err);
};

static int check_texts(const char *const *texts, struct err *err)
{
        for (; *texts; texts++)
                if (strlen(*texts) > TEXT_MAX || text_check(*texts))
                        return err_set(err, ERR_INPUT, "record: a text that is too long or has control characters");
        return 0;
}

static int check_receipt(struct supervision *s, json_t *data, struct err *err)
{
        const char *host = "", *address = "", *via = "", *method = "", *error = "";
        int64_t port = 0, in = 0, out = 0, ms = 0, status = 0, silent_ms = -1;
        const struct json_field fields[] = {
                {"host", JSON_FIELD_STRING, &host, true},         {"port", JSON_FIELD_INT, &port, true},
                {"address", JSON_FIELD_STRING, &address, true},   {"bytes_in", JSON_FIELD_INT, &in, true},
                {"bytes_out", JSON_FIELD_INT, &out, true},        {"ms", JSON_FIELD_INT, &ms, true},
                {"via", JSON_FIELD_STRING, &via, false},          {"method", JSON_FIELD_STRING, &method, false},
                {"status", JSON_FIELD_INT, &status, false},       {"error", JSON_FIELD_STRING, &error, false},
                {"silent_ms", JSON_FIELD_INT, &silent_ms, false}, {0}};

        if (json_fields(data, "receipt.net", fields, err) < 0)
                return -1;
        if (port < 0 || port > UINT16_MAX || in < 0 || out < 0 || ms < 0 || status < 0 || status > 999)
                return err_set(err, ERR_INPUT, "receipt.net: a number out of bounds");
        if (check_texts((const char *const[]){host, address, via, method, error, NULL}, err) < 0)
                return -1;
        supervision_saw_receipt(s, via, silent_ms);
        return 0;
}

void supervision_say_veto(struct supervision *s, const char *word, const char *what, const char *how)
{
        if (s->refused.len >= SAID_MAX || strv_has(&s->refused, what))
                return;
        strv_add(&s->refused, what);
        terminal_say(s->terminal, "%s: %s (%s)", word, what, how);
        if (s->refused.len == SAID_MAX)
                terminal_say(s->terminal, "%s: more is in the log", word);
}

/* Per host; the log has the whole sentence. */
static void say_refused(struct supervision *s, const char *action, const char *reason)
{
        supervision_say_veto(s, "refused", strncmp(action, "connect ", 8) ? action : action + 8,
                             strstr(reason, "network.allow") ? "not in network.allow" : reason);
}

static int check_veto(struct supervision *s, json_t *data, struct err *err)
{
        const char *action = "", *final = "", *reason = "";
        const struct json_field fields[] = {{"candidate_action", JSON_FIELD_STRING, &action, true},
                                            {"final_action", JSON_FIELD_STRING, &final, true},
                                            {"veto_reason", JSON_FIELD_STRING, &reason, true},
                                            {0}};

        if (json_fields(data, "action.vetoed", fields, err) < 0 ||
            check_texts((const char *const[]){action, final, reason, NULL}, err) < 0)
                return -1;
        say_refused(s, action, reason);
        supervision_saw_veto(s, action, reason);
        return 0;
}

/* Once for each model: what is counted at the price of the dearest may end the run early. */
static void say_unpriced(struct supervision *s, json_t *data)
{
        const char *model = json_string_value(json_object_get(data, "model"));

        if (s->unpriced.len >= UNPRICED_MAX || strv_has(&s->unpriced, model ? model : ""))
                return;
        strv_add(&s->unpriced, model ? model : "");
        terminal_say(s->terminal,
                     "cost: no price is known for the model \"%s\", so its tokens count as the dearest's; put prices: "
                     "{\"%s\": {input: …, output: …}} (dollars per million tokens) into %s",
                     model && *model ? model : "unknown", model && *model ? model : "*", s->context->config_file);
}

static int check_cost(struct supervision *s, json_t *data, struct err *err)
{
        const char *model = "", *route = "", *price = "";
        int64_t in = 0, out = 0, cached = 0, written = 0;
        bool estimated = false;
        double usd = 0;
        const struct json_field fields[] = {
                {"usd", JSON_FIELD_NUMBER, &usd, true},       {"tokens_in", JSON_FIELD_INT, &in, true},
                {"tokens_out", JSON_FIELD_INT, &out, true},   {"model", JSON_FIELD_STRING, &model, true},
                {"cached_in", JSON_FIELD_INT, &cached, true}, {"cache_write", JSON_FIELD_INT, &written, true},
                {"route", JSON_FIELD_STRING, &route, true},   {"estimated", JSON_FIELD_BOOL, &estimated, true},
                {"price", JSON_FIELD_STRING, &price, true},   {0}};

        if (json_fields(data, "cost.reported", fields, err) < 0)
                return -1;
        if (!(usd >= 0) || in < 0 || out < 0 || cached < 0 || written < 0)
                return err_set(err, ERR_INPUT, "cost.reported: a number out of bounds");
        if (check_texts((const char *const[]){model, route, price, NULL}, err) < 0)
                return -1;
        cost_sum_see(&s->cost, "system", data);
        if (strcmp(price, "fallback") == 0)
                say_unpriced(s, data);
        return 0;
}

/* What it may record; each kind hides none of the others. */
static const struct {
        const char *name;
        int (*check)(struct supervision *s, json_t *data, struct err *err);
} kinds[NET_RECORD_KINDS] = {
        {"action.vetoed", check_veto}, {"receipt.net", check_receipt}, {"cost.reported", check_cost}};

static size_t find_kind(const char *name)
{
        size_t kind = 0;

        while (kind < NET_RECORD_KINDS && strcmp(kinds[kind].name, name) != 0)
                kind++;
        return kind;
}

static int on_record(struct supervision *s, json_t *message, struct err *err)
{
        const char *type, *name = "";
        json_t *data = NULL;
        const struct event_type *known;
        const struct json_field fields[] = {{"type", JSON_FIELD_STRING, &type, true},
                                            {"event", JSON_FIELD_STRING, &name, true},
                                            {"data", JSON_FIELD_OBJECT, &data, true},
                                            {0}};
        size_t kind;

        if (json_fields(message, "record", fields, err) < 0)
                return -1;
        kind = find_kind(name);
        known = kind < NET_RECORD_KINDS ? event_type_find(name) : NULL;
        if (!known)
                return err_set(err, ERR_INPUT, "record: %.64s is not its to send", name);
        redact_json(&s->redact, data);
        if (kinds[kind].check(s, data, err) < 0 || event_validate(known, EVENT_ACTOR_SYSTEM, data, err) < 0)
                return -1;
        if (++s->net_seen[kind] > RECORDS_MAX) {
                s->net_dropped++;
                return 0;
        }
        json_array_append_new(s->records, json_pack("{s:s, s:s, s:O}", "type", name, "actor", "system", "data", data));
        return 0;
}

static int on_dropped(struct supervision *s, json_t *message, struct err *err)
{
        const char *type;
        int64_t count = 0;
        const struct json_field fields[] = {
                {"type", JSON_FIELD_STRING, &type, true}, {"count", JSON_FIELD_INT, &count, true}, {0}};

        if (json_fields(message, "dropped", fields, err) < 0)
                return -1;
        if (count < 0)
                return err_set(err, ERR_INPUT, "dropped: a negative count");
        s->net_dropped += (uint64_t)count;
        return 0;
}

static int on_ready(struct supervision *s, json_t *message, struct err *err)
{
        (void)s;
        return json_object_size(message) == 1 ? 0 : err_set(err, ERR_INPUT, "ready: unknown fields");
}

static void give_up_cost(struct supervision *s)
{
        char spent[COST_TEXT], limit[COST_TEXT];

        cost_text(cost_sum_micro(s->cost), spent);
        cost_text(s->launch->plan.budget.cost_usd, limit);
        supervision_give_up(
                s, OUTCOME_BUDGET_EXCEEDED,
                "the agent spent more than its budget: %s of %s (budget.cost_usd); raise it in the work item, or "
                "with --budget cost_usd=N",
                spent, limit);
}

static int on_exceeded(struct supervision *s, json_t *message, struct err *err)
{
        const struct network *network = &s->launch->plan.sandbox.network;
        const char *type, *budget = "";
        const struct json_field fields[] = {
                {"type", JSON_FIELD_STRING, &type, true}, {"budget", JSON_FIELD_STRING, &budget, true}, {0}};

        if (json_fields(message, "exceeded", fields, err) < 0)
                return -1;
        if (strcmp(budget, "bytes") == 0)
                supervision_give_up(s, OUTCOME_BUDGET_EXCEEDED,
                                    "the command moved more than its network budget: network.bytes is %lld",
                                    (long long)network->bytes);
        else if (strcmp(budget, "connections") == 0)
                supervision_give_up(s, OUTCOME_BUDGET_EXCEEDED,
                                    "the command made more connections than its budget: network.connections is %lld",
                                    (long long)network->connections);
        else if (strcmp(budget, "cost") == 0)
                give_up_cost(s);
        else
                return err_set(err, ERR_INPUT, "exceeded: no such budget");
        return 0;
}

static const struct handler handlers[] = {{"record", on_record},
                                          {"dropped", on_dropped},
                                          {"ready", on_ready},
                                          {"exceeded", on_exceeded},
                                          {"answer", supervision_on_answer}};

void supervision_from_egress(struct supervision *s, json_t *message)
{
        const char *type = json_string_value(json_object_get(message, "type"));
        struct err err = ERR_INIT;
        int handled = err_set(&err, ERR_INPUT, "unknown message %.64s", type ? type : "(none)");

        for (size_t i = 0; type && i < sizeof(handlers) / sizeof(handlers[0]); i++)
                if (strcmp(handlers[i].type, type) == 0)
                        handled = handlers[i].handle(s, message, &err);
        if (handled < 0) {
                supervision_note_attack(s, "the egress proxy", err.message);
                supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "the egress proxy sent what it may not send: %s",
                                    err.message);
        }
}

void supervision_egress_closed(struct supervision *s, int how)
{
        if (how == SUPERVISION_DEAF)
                supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "receiving from the egress proxy failed");
        if (how != SUPERVISION_GARBAGE)
                return;
        supervision_note_attack(s, "the egress proxy", "it is no message");
        supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "the egress proxy sent what is no message");
}

static void note_dropped(struct supervision *s)
{
        if (!s->net_dropped)
                return;
        json_array_append_new(s->records,
                              json_pack("{s:s, s:s, s:{s:o}}", "type", "note.status", "actor", "system", "data", "text",
                                        json_sprintf("%llu records of the network were left out",
                                                     (unsigned long long)s->net_dropped)));
        s->net_dropped = 0;
        supervision_flush(s);
}

void supervision_egress_exited(struct supervision *s, int wait_status)
{
        bool well = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;

        s->egress_pid = -1;
        note_dropped(s);
        if (s->stage == STAGE_DECIDING || s->stage == STAGE_ENDED)
                return;
        /* nothing is left to judge: the end that was decided stays */
        if (well || (s->stage == STAGE_CLOSING && !s->verify))
                supervision_caged_end(s);
        else
                supervision_lost_cage(s, wait_status, "the cage of the egress proxy",
                                      "the egress proxy ended unexpectedly", ": the run has no network any more");
}

bool supervision_egress_lingers(struct supervision *s)
{
        if (s->egress_pid < 0)
                return false;
        if (!s->deadline)
                s->deadline = clock_ms() + GRACE_MS;
        return true;
}

bool supervision_egress_late(struct supervision *s)
{
        if (s->stage != STAGE_CLOSING || s->cage_pid > 0 || s->egress_pid < 0)
                return false;
        kill(s->egress_pid, SIGKILL); /* its end, seen by its parent, is a failure that says so */
        return true;
}
