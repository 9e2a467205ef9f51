/* SPDX-License-Identifier: Apache-2.0 */
/* Terms that report.json keeps by itself: complete in its form, and of one piece. */
#include "lib/packet/terms_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/outcome.h"
#include "lib/packet/schema.h"

#include <math.h>
#include <string.h>

#define MICRO 1e-6 /* dollars */

static const struct json_t *part(const struct term_look *look, const char *key)
{
        return json_object_get(look->report, key);
}

static void expect(const struct term_look *look, bool holds, const char *otherwise)
{
        if (!holds)
                strv_add(look->faults, otherwise);
}

/* A run that only was created, then blocked or given up, has proofs as far as they were looked for. */
static bool has_begun(const struct term_look *look)
{
        struct json_t *phase;
        size_t i;

        json_array_foreach(part(look, "timeline"), i, phase)
        {
                if (strcmp(json_text_of(phase, "phase"), "preparing") == 0)
                        return true;
        }
        return false;
}

static bool is_outcome(const struct term_look *look, enum outcome outcome)
{
        return strcmp(json_text_of(look->report, "outcome"), outcome_name(outcome)) == 0;
}

void term_report(const struct term_look *look)
{
        packet_schema_check(look->report, look->faults);
}

void term_request(const struct term_look *look)
{
        expect(look, json_text_of(look->report, "title")[0], "it does not say what was asked");
}

void term_scope(const struct term_look *look)
{
        const struct json_t *scope = part(look, "scope");

        expect(look, json_is_object(scope), "it does not say what the run could see and change");
        if (json_is_object(scope))
                expect(look, strcmp(json_text_of(scope, "base"), json_text_of(look->report, "base")) == 0,
                       "its base is not the run's");
}

void term_ownership(const struct term_look *look)
{
        expect(look, !has_begun(look) || json_is_object(part(look, "admission")),
               "the run began without a proof of whose repository it was");
}

void term_freshness(const struct term_look *look)
{
        const struct json_t *freshness = part(look, "freshness");

        expect(look, !has_begun(look) || json_is_object(freshness), "the run began without a proof of its base");
        if (json_is_object(freshness))
                expect(look, strcmp(json_text_of(freshness, "base"), json_text_of(look->report, "base")) == 0,
                       "it is about another base than the run's");
        if (is_outcome(look, OUTCOME_COMMITTED))
                expect(look, json_text_of(freshness, "landed_on")[0], "it does not say what the commit landed on");
}

void term_decision(const struct term_look *look)
{
        const struct json_t *decision = part(look, "decision");

        expect(look, strcmp(json_text_of(decision, "outcome"), json_text_of(look->report, "outcome")) == 0,
               "it was written for another outcome");
        if (is_outcome(look, OUTCOME_COMMITTED))
                expect(look,
                       strcmp(json_text_of(decision, "by"), "director") == 0 &&
                               strcmp(json_text_of(decision, "decision"), "refuse") != 0,
                       "the commit landed without a decision of the director");
}

void term_outcome(const struct term_look *look)
{
        const struct json_t *timeline = part(look, "timeline");
        const char *last = json_text_of(json_array_get(timeline, json_array_size(timeline) - 1), "phase");
        const char *phase = is_outcome(look, OUTCOME_COMMITTED) ? "committed"
                            : is_outcome(look, OUTCOME_HELD)    ? "held"
                                                                : "discarded";
        enum outcome outcome;

        if (outcome_from_name(json_text_of(look->report, "outcome"), &outcome) < 0) {
                strv_add(look->faults, "it ended in no outcome that there is");
                return;
        }
        expect(look, json_int_of(look->report, "exit") == outcome_exit_status(outcome),
               "its exit status is another outcome's");
        expect(look, strcmp(last, phase) == 0 || (outcome == OUTCOME_BLOCKED && strcmp(last, "blocked") == 0),
               "the last phase of its timeline is another outcome's");
}

void term_cost(const struct term_look *look)
{
        const struct json_t *accounting = part(look, "accounting"), *cost = part(look, "cost");
        const double actual = json_number_value(json_object_get(accounting, "actual_usd"));
        const double metered = json_number_value(json_object_get(cost, "usd"));

        expect(look, fabs(actual - metered) < MICRO, "the actual cost is not the sum of its requests");
        if (json_is_object(part(look, "spend")))
                expect(look,
                       json_equal(json_object_get(accounting, "week"), json_object_get(part(look, "spend"), "week")),
                       "the week's budget is not the ledger's");
}

void term_refusals(const struct term_look *look)
{
        const struct json_t *refusals = part(look, "refusals"), *gates = part(look, "gates");
        size_t blocked = 0, i;
        struct json_t *finding;

        expect(look, !json_is_object(part(look, "scope")) || json_array_size(json_object_get(refusals, "terms")),
               "it does not say what would have been refused");
        json_array_foreach(gates, i, finding) blocked += strcmp(json_text_of(finding, "level"), "block") == 0;
        expect(look, json_array_size(json_object_get(refusals, "met")) >= (blocked < 200 ? blocked : 200),
               "a gate refused something that it does not tell");
}

void term_unauthorized(const struct term_look *look)
{
        expect(look, json_array_size(part(look, "unauthorized")), "it does not say what remains unauthorized");
}

void term_next(const struct term_look *look)
{
        const char *gate = json_text_of(part(look, "next_gate"), "gate");
        const bool good = json_int_of(look->report, "exit") == 0;
        const bool fits = is_outcome(look, OUTCOME_HELD)      ? !strcmp(gate, "approval") || !strcmp(gate, "answer")
                          : is_outcome(look, OUTCOME_BLOCKED) ? !strcmp(gate, "start")
                                                              : !strcmp(gate, good ? "acceptance" : "attempt");

        expect(look, fits, "the next gate is one of another outcome");
}

void term_publication(const struct term_look *look)
{
        const struct json_t *publication = part(look, "publication"), *places = json_object_get(publication, "places");
        struct json_t *declared = json_object_get(publication, "declared"), *word;
        const char *place;

        if (!json_is_object(part(look, "scope")))
                return;
        expect(look, *json_text_of(places, "external") && *json_text_of(places, "website"),
               "it does not say what may be shown where");
        json_object_foreach(declared, place, word) expect(look, json_equal(word, json_object_get(places, place)),
                                                          "a place is not as the item declared it");
}

/* ---- What is withheld ---- */

static json_int_t told(const struct term_look *look, const char *what)
{
        struct json_t *entry;
        size_t i;

        json_array_foreach(part(look, "withheld"), i, entry)
        {
                if (strcmp(json_text_of(entry, "what"), what) == 0)
                        return json_int_of(entry, "count");
        }
        return 0;
}

void term_withheld(const struct term_look *look)
{
        const struct json_t *redaction = part(look, "redaction"), *patch = part(look, "patch");
        json_int_t logs = 0;
        struct json_t *step;
        size_t i;

        json_array_foreach(part(look, "limits"), i, step) logs += json_int_of(step, "redacted");
        expect(look, json_int_of(redaction, "logs") == logs && told(look, "secret values in logs") == logs,
               "it does not count what was hidden in the logs");
        expect(look,
               json_int_of(redaction, "values") == json_int_of(redaction, "logs") + json_int_of(redaction, "notes") +
                                                           json_int_of(redaction, "report"),
               "its sum of what was hidden is wrong");
        expect(look, !json_is_true(json_object_get(patch, "masked")) || told(look, "secrets in patch.diff"),
               "the patch hides something that is not told");
        expect(look, !json_text_of(look->report, "patch_missing")[0] || told(look, "the patch"),
               "a patch is missing that is not told");
}
