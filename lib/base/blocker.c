/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events are kept as they come; what they mean is read off once the run's end is known, from one table: outcome → kind of
 * blocker and the function that names it.
 */
#include "lib/base/blocker.h"

#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"
#include "lib/base/verifier_result.h"

#include <string.h>

enum side {
        SIDE_SELF,
        SIDE_DIRECTOR,
};

static const char *const kind_names[] = {
#define X(kind, name, text) [BLOCKER_##kind] = name,
        BLOCKERS(X)
#undef X
};

static const struct {
        const char *name, *meaning;
} doubts[] = {
#define X(doubt, name, text) [DOUBT_##doubt] = {name, text},
        DOUBTS(X)
#undef X
};

const char *blocker_kind_name(enum blocker_kind kind)
{
        return kind_names[kind];
}

const char *doubt_name(enum doubt doubt)
{
        return doubts[doubt].name;
}

const char *doubt_meaning(enum doubt doubt)
{
        return doubts[doubt].meaning;
}

/* ---- What is seen ---- */

static void keep(json_t **at, json_t *data)
{
        json_decref(*at);
        *at = json_incref(data);
}

static void keep_verdict(struct blocker *blocker, json_t *data)
{
        const char *name = json_text_of(data, "name");
        json_t *of_verifier;

        if (!blocker->verdicts)
                blocker->verdicts = json_object();
        if (!(of_verifier = json_object_get(blocker->verdicts, name))) {
                of_verifier = json_object();
                json_object_set_new(blocker->verdicts, name, of_verifier);
        }
        json_object_set(of_verifier, json_text_of(data, "gate"), data);
}

bool blocker_wants(const char *type, enum outcome outcome)
{
        return blocker_is_failure(outcome) || strcmp(type, "receipt.verifier") == 0;
}

void blocker_see(struct blocker *blocker, const char *type, const char *actor, struct json_t *data)
{
        const enum side side = actor && strcmp(actor, "director") == 0 ? SIDE_DIRECTOR : SIDE_SELF;

        if (strcmp(type, "run.state") == 0)
                keep(&blocker->state, data);
        else if (strcmp(type, "receipt.limits") == 0 && strcmp(json_text_of(data, "ended"), "exit") != 0)
                keep(&blocker->limits, data);
        else if (strcmp(type, "receipt.policy.decision") == 0)
                keep(&blocker->decision[side], data);
        else if (strcmp(type, "receipt.verifier") == 0)
                keep_verdict(blocker, data);
}

/* ---- What it means ---- */

static const char *reason_at(const struct blocker *blocker, size_t index)
{
        const char *text = json_string_value(json_array_get(json_object_get(blocker->state, "reasons"), index));

        return text ? text : "";
}

static bool tells_of_failure(const char *line)
{
        static const char *const words[] = {"error",  "fail",      "assert", "exception", "panic",
                                            "denied", "not found", "cannot", "fatal",     NULL};

        for (const char *const *word = words; *word; word++)
                if (strcasestr(line, *word))
                        return true;
        return false;
}

/* Of the last lines of a log among the reasons ("verify.unit.log: text") the first that says what failed. */
static const char *telling_line(const struct blocker *blocker, const char *log)
{
        const json_t *reasons = json_object_get(blocker->state, "reasons");
        const size_t len = strlen(log);

        for (size_t i = 0; i < json_array_size(reasons); i++) {
                const char *text = reason_at(blocker, i), *colon = strstr(text, ": ");

                if (strncmp(text, log, len) == 0 && colon && tells_of_failure(colon))
                        return colon + 2;
        }
        return NULL;
}

static void set(struct blocker *blocker, enum blocker_kind kind, const char *name, const char *detail, bool paths)
{
        _cleanup_str_ struct str masked = {0};

        blocker_mask(detail, paths, &masked);
        blocker->kind = kind;
        free(blocker->name);
        free(blocker->detail);
        blocker->name = xstrdup(name);
        blocker->detail = str_steal(&masked);
}

static bool by_gate(struct blocker *blocker, enum side side)
{
        json_t *finding;
        size_t i;

        json_array_foreach(json_object_get(blocker->decision[side], "gates"), i, finding)
        {
                const char *rule = json_text_of(finding, "rule");
                _cleanup_free_ char *name = NULL;

                if (strcmp(json_text_of(finding, "level"), "block") != 0)
                        continue;
                name = xasprintf("%s%s%s", json_text_of(finding, "gate"), *rule ? "/" : "", rule);
                set(blocker, BLOCKER_GATE, name, *rule ? "" : json_text_of(finding, "reason"), true);
                return true;
        }
        return false;
}

static const char *first_test(const json_t *verdict)
{
        const json_t *cases = json_object_get(verdict, "cases");

        return json_string_value(json_array_get(json_object_get(json_object_get(cases, "new_failures"), "names"), 0));
}

static void name_verifier(struct blocker *blocker, const char *name, const json_t *verdict)
{
        _cleanup_free_ char *log = xasprintf("verify.%s", name);
        const char *test = first_test(verdict), *line = telling_line(blocker, log);

        if (test)
                set(blocker, BLOCKER_VERIFIER, name, test, false);
        else
                set(blocker, BLOCKER_VERIFIER, name, line ? line : json_text_of(verdict, "why"), true);
}

static bool by_verifier(struct blocker *blocker, enum side side, bool pre_existing_blocks)
{
        const char *gate = side == SIDE_DIRECTOR ? "director" : "self", *name;
        json_t *of_verifier;

        json_object_foreach(blocker->verdicts, name, of_verifier)
        {
                const json_t *verdict = json_object_get(of_verifier, gate);

                if (!verifier_word_blocks(json_text_of(verdict, "result"), pre_existing_blocks))
                        continue;
                name_verifier(blocker, name, verdict);
                return true;
        }
        return false;
}

/*
 * The log has no plan. That a failure of the base too blocked can be told by its end: the director decided against the work, and
 * neither a gate nor a verdict that always blocks did. The runner leaves that to the director.
 */
static bool by_failure_of_base(struct blocker *blocker, enum side side)
{
        return side == SIDE_DIRECTOR && strcmp(json_text_of(blocker->decision[side], "decision"), "refuse") == 0 &&
               by_verifier(blocker, side, true);
}

static void judge(struct blocker *blocker, enum side side)
{
        if (!by_gate(blocker, side) && !by_verifier(blocker, side, false) && !by_failure_of_base(blocker, side))
                set(blocker, BLOCKER_REFUSAL, side == SIDE_DIRECTOR ? "director" : "runner", reason_at(blocker, 0),
                    true);
}

static void judged_by_runner(struct blocker *blocker)
{
        judge(blocker, SIDE_SELF);
}

static void judged_by_director(struct blocker *blocker)
{
        judge(blocker, SIDE_DIRECTOR);
}

static void by_agent(struct blocker *blocker)
{
        const char *line = telling_line(blocker, "agent");
        _cleanup_str_ struct str name = {0};

        blocker_mask(reason_at(blocker, 0), true, &name);
        set(blocker, BLOCKER_AGENT, str_text(&name), line ? line : "", true);
}

static void by_budget(struct blocker *blocker)
{
        _cleanup_free_ char *name =
                xasprintf("%s of %s", json_text_of(blocker->limits, "ended"), json_text_of(blocker->limits, "step"));

        set(blocker, BLOCKER_BUDGET, blocker->limits ? name : "run", blocker->limits ? "" : reason_at(blocker, 0),
            true);
}

/* "KIND DETAIL" of what a worker would wait for; the detail may be a time or a digest. */
static void by_requirement(struct blocker *blocker)
{
        const char *waits = json_text_of(json_object_get(blocker->state, "next"), "waits_for");
        _cleanup_free_ char *kind = xmemdup(waits, strcspn(waits, " \n"));

        set(blocker, BLOCKER_REQUIREMENT, kind[0] ? kind : "start", reason_at(blocker, 0), true);
}

/* Everything else is told by its first reason alone. */
static const struct {
        enum blocker_kind kind;
        const char *name;
        void (*look)(struct blocker *blocker); /* NULL: kind and name, and the first reason */
} meanings[OUTCOME_COUNT] = {
        [OUTCOME_COMMITTED] = {BLOCKER_NONE, "", NULL},
        [OUTCOME_OBSERVED] = {BLOCKER_NONE, "", NULL},
        [OUTCOME_HELD] = {BLOCKER_NONE, "", NULL},
        [OUTCOME_NO_CHANGE] = {BLOCKER_EMPTY, "", NULL},
        [OUTCOME_WORK_FAILED] = {BLOCKER_AGENT, "", by_agent},
        [OUTCOME_SELF_VERIFICATION_FAILED] = {BLOCKER_VERIFIER, "", judged_by_runner},
        [OUTCOME_DIRECTOR_REFUSED] = {BLOCKER_VERIFIER, "", judged_by_director},
        [OUTCOME_BUDGET_EXCEEDED] = {BLOCKER_BUDGET, "", by_budget},
        [OUTCOME_BASE_CONFLICT] = {BLOCKER_TARGET, "conflict", NULL},
        [OUTCOME_REJECTED] = {BLOCKER_PERSON, "rejected", NULL},
        [OUTCOME_CANCELLED] = {BLOCKER_STOP, "cancelled", NULL},
        [OUTCOME_BLOCKED] = {BLOCKER_REQUIREMENT, "", by_requirement},
        [OUTCOME_SANDBOX_UNAVAILABLE] = {BLOCKER_SANDBOX, "", NULL},
        [OUTCOME_INTERRUPTED] = {BLOCKER_CRASH, "", NULL},
        [OUTCOME_INTERNAL_ERROR] = {BLOCKER_INTERNAL, "", NULL},
};

bool blocker_is_failure(enum outcome outcome)
{
        return outcome < OUTCOME_COUNT && meanings[outcome].kind != BLOCKER_NONE;
}

static int standing(const char *result)
{
        static const struct {
                const char *result;
                int standing;
        } table[] = {{"PASS", 1}, {"FLAKY", 1}, {"PRE_EXISTING", 1}, {"FAIL", -1}};

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
                if (strcmp(table[i].result, result) == 0)
                        return table[i].standing;
        return 0;
}

/* The first verifier that is in doubt names what a committed run has against it. */
static const char *doubt_verdicts(struct blocker *blocker)
{
        const char *name, *first = NULL;
        json_t *of_verifier;

        json_object_foreach(blocker->verdicts, name, of_verifier)
        {
                const char *self = json_text_of(json_object_get(of_verifier, "self"), "result");
                const char *director = json_text_of(json_object_get(of_verifier, "director"), "result");
                unsigned found = 0;

                if (strcmp(self, "FLAKY") == 0 || strcmp(director, "FLAKY") == 0)
                        found |= DOUBT_BIT(DOUBT_FLAKY);
                if (strcmp(self, "INCONCLUSIVE") == 0 || strcmp(director, "INCONCLUSIVE") == 0)
                        found |= DOUBT_BIT(DOUBT_INCONCLUSIVE);
                if (standing(self) * standing(director) < 0)
                        found |= DOUBT_BIT(DOUBT_DISAGREE);
                blocker->doubts |= found;
                if (found && !first)
                        first = name;
        }
        return first;
}

void blocker_sign(enum outcome outcome, enum blocker_kind kind, const char *name, const char *detail,
                  char ret[BLOCKER_SIGNATURE + 1])
{
        const char *fields[] = {"cupel.signature.v1", outcome_name(outcome), kind_names[kind], name, detail};
        char hex[HASH_HEX];
        struct hash hash;

        hash_init(&hash);
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
                hash_field(&hash, fields[i], strlen(fields[i]));
        hash_final(&hash, hex);
        memcpy(ret, hex, BLOCKER_SIGNATURE);
        ret[BLOCKER_SIGNATURE] = '\0';
}

void blocker_finish(struct blocker *blocker, enum outcome outcome)
{
        const char *doubted = doubt_verdicts(blocker);

        blocker->signature[0] = '\0';
        if (outcome == OUTCOME_INTERRUPTED)
                blocker->doubts |= DOUBT_BIT(DOUBT_BROKEN_OFF);
        if (!blocker_is_failure(outcome))
                set(blocker, BLOCKER_NONE, doubted ? doubted : "", "", true);
        else if (meanings[outcome].look)
                meanings[outcome].look(blocker);
        else
                set(blocker, meanings[outcome].kind, meanings[outcome].name, reason_at(blocker, 0), true);
        if (blocker_is_failure(outcome) || blocker->doubts)
                blocker_sign(outcome, blocker->kind, blocker->name, blocker->detail, blocker->signature);
}

void blocker_release(struct blocker *blocker)
{
        free(blocker->name);
        free(blocker->detail);
        json_decref(blocker->state);
        json_decref(blocker->limits);
        json_decref(blocker->decision[SIDE_SELF]);
        json_decref(blocker->decision[SIDE_DIRECTOR]);
        json_decref(blocker->verdicts);
        *blocker = (struct blocker){0};
}
