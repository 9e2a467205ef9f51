/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel outcome RUN accept|reject: what the operator thinks of a result, apart from the verdict of verifiers and gates. It is an
 * event of the run, and a line of operator.jsonl beside its packet; evidence, verdict and commit stay as they are.
 */
#include "cli/acceptance_view.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/person.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/phase.h"
#include "lib/store/approval.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int read_word(const char *word, bool *ret_accepted, struct err *err)
{
        static const struct {
                const char *word;
                bool accepted;
        } words[] = {{"accept", true}, {"accepted", true}, {"reject", false}, {"rejected", false}};

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strcmp(words[i].word, word) == 0) {
                        *ret_accepted = words[i].accepted;
                        return 0;
                }
        return err_set(err, ERR_INPUT, "\"%.32s\" is no outcome: cupel outcome RUN accept, or cupel outcome RUN reject",
                       word);
}

/* A run that goes on has no result to think of; one that is held has. */
static int expect_result(const struct store_run *run, struct err *err)
{
        if (phase_is_terminal(run->phase) || run->phase == PHASE_HELD)
                return 0;
        return err_set(err, ERR_INPUT, "run %s is at work (%s): it has no result yet", run->id, phase_name(run->phase));
}

static int print(struct context *context, const struct store_run *run, bool json, struct err *err)
{
        _cleanup_json_ json_t *said = acceptance_json(context->store, run->id, err);
        _cleanup_json_ json_t *told = NULL;

        if (!said)
                return -1;
        told = json_pack("{s:s,s:O}", "run", run->id, "acceptance", said);
        if (json)
                json_print(stdout, told);
        else
                printf("%s: %s by you; the verdict stays: %s\n", run->id,
                       json_string_value(json_object_get(said, "outcome")),
                       run->outcome < OUTCOME_COUNT ? outcome_name(run->outcome) : phase_name(run->phase));
        return 0;
}

int cmd_outcome(struct context *context, int argc, char **argv, struct err *err)
{
        bool json = false, accepted = false;
        const char *reason = NULL;
        struct option_rest rest = {.least = 2, .most = 2};
        _cleanup_store_run_ struct store_run run = {0};
        _cleanup_free_ char *who = person_name(geteuid());
        const struct option_spec table[] = {
                {"reason", 'r', OPTION_TEXT, &reason, "TEXT", "why, for the record; required to reject"},
                {"json", 0, OPTION_FLAG, &json, NULL, "what is on record now, as one JSON line"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if (read_word(rest.items[1], &accepted, err) < 0 || context_find_run(context, rest.items[0], &run, err) < 0 ||
            expect_result(&run, err) < 0)
                return -1;
        if (!accepted && (!reason || !reason[0]))
                return err_set(err, ERR_INPUT, "say why: cupel outcome %s reject --reason \"…\"", run.id);
        if (store_acceptance_add(context->store, run.id, accepted, who, reason, err) < 0 ||
            acceptance_write(context, run.id, err) < 0)
                return -1;
        return print(context, &run, json, err);
}
