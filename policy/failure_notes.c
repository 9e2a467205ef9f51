/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/failure_notes.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/plan.h"

#include <string.h>

#define QUOTE_BYTES 300
#define NAMES_SHOWN 3

enum cause {
        BY_VERIFIER,
        BY_TIMEOUT, /* a verifier came to no end of its own */
        BY_GATE,
        BY_DISTRUST, /* a gate that looks for what is done on purpose */
        BY_NOTHING,  /* no change */
        BY_COMMAND,
        BY_BUDGET,
        BY_PERSON,
        BY_TARGET,
        BY_CREDENTIAL,
        BY_US, /* crash, cancellation, no sandbox: nothing was said about the work */
        CAUSES,
};

/* why: of note.hyperthesis. %s: who or what it is about. */
static const struct {
        const char *why, *blind_spot, *risk, *bound;
        const char *claim, *test;
} texts[CAUSES] = {
        [BY_VERIFIER] = {"missing_data", "what the change does where no verifier looks: only %s was asked",
                         "a later change that passes these verifiers may still be wrong",
                         "nothing of this one reached the repository; its patch is in the packet",
                         "%s fails because of this change",
                         "run the same command on the base without the change, then with it: %s"},
        [BY_TIMEOUT] = {"cost", "whether %s passes: it came to no end within its limits",
                        "the change may have been good, and is thrown away",
                        "the limits of the plan; nothing reached the repository",
                        "%s does not end because of this change, or needs longer limits",
                        "run it on the base under the same limits: %s"},
        [BY_GATE] = {"semantics", "what the change would have been without what was refused: verifiers were not asked",
                     "the same refusal again, if the next attempt does not know of it",
                     "nothing reached the repository; the findings name path and line",
                     "the objective can be met without: %s",
                     "the same change without the refused parts passes the gates and the verifiers of the plan"},
        [BY_DISTRUST] = {"adversary", "whether this was meant, and what else was done that no rule looks for: %s",
                         "a verifier that was weakened, or a secret that was written down, passes for good work",
                         "nothing reached the repository; a person sees the findings in the packet",
                         "the objective can be met without: %s",
                         "the same change without the refused parts passes the gates and the verifiers of the plan"},
        [BY_NOTHING] = {"semantics",
                        "whether there is nothing to do, or it was not found: the run left no change to look at",
                        "the item stays undone", "no file changed",
                        "the base already does what the item asks, or the objective does not say enough",
                        "the item's acceptance holds on the base: %s"},
        [BY_COMMAND] = {"missing_data", "what the command met before it failed: only what it printed is kept",
                        "the cause may lie outside of the repository, and come again",
                        "nothing reached the repository; the output is in the packet (agent.log)",
                        "the command failed: %s",
                        "the same command in the same sandbox on the same base ends with status 0"},
        [BY_BUDGET] = {"cost", "what the run would have become with more: it was ended on the way",
                       "the work may be too large for one run of these budgets",
                       "the budgets of the plan; nothing reached the repository",
                       "the item does not fit its budgets: %s",
                       "a smaller item, or one with twice that budget, ends by itself"},
        [BY_PERSON] = {"semantics", "what the person knows that the plan does not say",
                       "verifiers that pass what a person rejects will pass it again", "nothing reached the repository",
                       "what was rejected: %s",
                       "a verifier that fails on this patch and passes on what the person wants"},
        [BY_TARGET] = {"missing_data", "what the two changes are together: the target moved while the run worked",
                       "none for the repository; the work is done again", "nothing reached the repository",
                       "the same work on the new tip does not meet the same change: %s", "another run on the new tip"},
        [BY_CREDENTIAL] = {"permission", "what the agent would have done: it was refused what it needs",
                           "none for the repository", "nothing was changed",
                           "the credential or requirement is missing or no longer valid: %s",
                           "the same run after the credential was renewed (`cupel agents` says what is missing)"},
        [BY_US] = {"missing_tool", "everything that the run would have shown: it came to no end of its own",
                   "what it had done so far is lost, and is done again",
                   "nothing reached the repository, or recovery has undone it",
                   "the end had nothing to do with the work: %s", "the same run again comes to an end of its own"},
};

static const char *word_of(const json_t *object, const char *key)
{
        const char *word = json_string_value(json_object_get(object, key));

        return word ? word : "";
}

static bool is_any(const struct json_t *list, const char *key, const char *const *words)
{
        for (size_t i = 0; i < json_array_size(list); i++)
                if (word_find(words, word_of(json_array_get(list, i), key)) >= 0)
                        return true;
        return false;
}

static enum cause of_refusal(const struct failure_facts *facts)
{
        static const char *const distrusted[] = {"test_tamper", "secrets", "protected", NULL};
        static const char *const failed[] = {"FAIL", "PRE_EXISTING", NULL};

        if (json_array_size(facts->findings))
                return is_any(facts->findings, "gate", distrusted) ? BY_DISTRUST : BY_GATE;
        if (json_array_size(facts->verifiers))
                return is_any(facts->verifiers, "result", failed) ? BY_VERIFIER : BY_TIMEOUT;
        return BY_GATE;
}

static enum cause cause_of(const struct failure_facts *facts)
{
        static const struct {
                enum outcome outcome;
                enum cause cause;
        } table[] = {
                {OUTCOME_NO_CHANGE, BY_NOTHING},      {OUTCOME_WORK_FAILED, BY_COMMAND},
                {OUTCOME_BUDGET_EXCEEDED, BY_BUDGET}, {OUTCOME_REJECTED, BY_PERSON},
                {OUTCOME_BASE_CONFLICT, BY_TARGET},   {OUTCOME_BLOCKED, BY_CREDENTIAL},
        };

        if (facts->outcome == OUTCOME_SELF_VERIFICATION_FAILED || facts->outcome == OUTCOME_DIRECTOR_REFUSED)
                return of_refusal(facts);
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
                if (table[i].outcome == facts->outcome)
                        return table[i].cause;
        return BY_US;
}

/* ---- What it is about ---- */

/* One line, cut at a whole character. */
static void put_quote(struct str *out, const char *text)
{
        _cleanup_str_ struct str safe = {0};
        size_t len = strcspn(text, "\n"), cut;

        str_put_harmless(&safe, text, len < QUOTE_BYTES ? len : QUOTE_BYTES);
        cut = safe.len < QUOTE_BYTES ? safe.len : QUOTE_BYTES;
        while (cut < safe.len && cut && ((unsigned char)safe.data[cut] & 0xc0) == 0x80)
                cut--;
        str_append(out, str_text(&safe), cut);
        if (cut < safe.len || len > QUOTE_BYTES)
                str_puts(out, " …");
}

static void put_names(struct str *out, const struct json_t *list, const char *key)
{
        const size_t len = json_array_size(list);

        for (size_t i = 0; i < len && i < NAMES_SHOWN; i++) {
                str_puts(out, i ? ", " : "");
                put_quote(out, word_of(json_array_get(list, i), key));
        }
        if (len > NAMES_SHOWN)
                str_printf(out, " and %zu more", len - NAMES_SHOWN);
}

/* The test cases that are new failures, where a report named them. */
static void put_cases(struct str *out, const struct json_t *verifiers)
{
        size_t shown = 0;

        for (size_t i = 0; i < json_array_size(verifiers); i++) {
                const json_t *cases =
                        json_object_get(json_object_get(json_array_get(verifiers, i), "cases"), "new_failures");

                for (size_t k = 0; k < json_array_size(cases) && shown < NAMES_SHOWN; k++) {
                        const json_t *one = json_array_get(cases, k);
                        const char *name = json_is_string(one) ? json_string_value(one) : word_of(one, "name");

                        str_puts(out, shown++ ? ", " : " (");
                        put_quote(out, name);
                }
        }
        str_puts(out, shown ? ")" : "");
}

static void put_subject(const struct failure_facts *facts, enum cause cause, struct str *out)
{
        switch (cause) {
        case BY_VERIFIER:
        case BY_TIMEOUT:
                put_names(out, facts->verifiers, "name");
                put_cases(out, facts->verifiers);
                return;
        case BY_GATE:
        case BY_DISTRUST:
                if (json_array_size(facts->findings)) {
                        put_names(out, facts->findings, "reason");
                        return;
                }
                break;
        default:
                break;
        }
        put_quote(out,
                  facts->reasons && facts->reasons->len ? facts->reasons->items[0] : outcome_meaning(facts->outcome));
}

/* The command that would settle it. */
static void put_test(const struct failure_facts *facts, enum cause cause, struct str *out)
{
        if (cause == BY_VERIFIER || cause == BY_TIMEOUT) {
                put_names(out, facts->verifiers, "command");
                return;
        }
        for (size_t i = 0; cause == BY_NOTHING && facts->plan && i < facts->plan->verifiers.len && i < NAMES_SHOWN;
             i++) {
                str_puts(out, i ? ", " : "");
                put_quote(out, facts->plan->verifiers.items[i].run);
        }
        if (!out->len)
                str_puts(out, "a person reads it");
}

/* `pattern` has one %s at most. */
static char *fill(const char *pattern, const char *text)
{
        const char *hole = strstr(pattern, "%s");
        struct str out = {0};

        if (!hole)
                return xstrdup(pattern);
        str_append(&out, pattern, (size_t)(hole - pattern));
        str_puts(&out, text);
        str_puts(&out, hole + 2);
        return str_steal(&out);
}

struct json_t *failure_hyperthesis(const struct failure_facts *facts)
{
        const enum cause cause = cause_of(facts);
        _cleanup_str_ struct str subject = {0};
        _cleanup_free_ char *blind_spot = NULL;
        json_t *note;

        put_subject(facts, cause, &subject);
        blind_spot = fill(texts[cause].blind_spot, str_text(&subject));
        note = json_pack("{s:o, s:s, s:s, s:s, s:s}", "blind_spot", json_quoted(blind_spot), "why", texts[cause].why,
                         "risk", texts[cause].risk, "bound", texts[cause].bound, "outcome",
                         outcome_name(facts->outcome));
        if (facts->refused_split)
                json_object_set_new(note, "refused_split", json_quoted(facts->refused_split));
        return note;
}

struct json_t *failure_hypothesis(const struct failure_facts *facts)
{
        const enum cause cause = cause_of(facts);
        _cleanup_str_ struct str subject = {0}, command = {0};
        _cleanup_free_ char *claim = NULL, *test = NULL;

        put_subject(facts, cause, &subject);
        put_test(facts, cause, &command);
        claim = fill(texts[cause].claim, str_text(&subject));
        test = fill(texts[cause].test, str_text(&command));
        return json_pack("{s:o, s:o, s:{s:I}, s:s}", "claim", json_quoted(claim), "test", json_quoted(test), "budget",
                         "attempts_left", (json_int_t)(facts->attempts_left > 0 ? facts->attempts_left : 0), "run",
                         facts->run);
}
