/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/means.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *find_mark(const struct strv *marks, const char *log, size_t len)
{
        for (size_t i = 0; i < marks->len; i++) {
                const size_t mark = strlen(marks->items[i]);

                for (size_t at = 0; mark && at + mark <= len; at++)
                        if (strncasecmp(log + at, marks->items[i], mark) == 0)
                                return marks->items[i];
        }
        return NULL;
}

static bool has_exit(const struct strv *codes, int exit_code)
{
        for (size_t i = 0; exit_code >= 0 && i < codes->len; i++)
                if (strtol(codes->items[i], NULL, 10) == exit_code)
                        return true;
        return false;
}

static bool applies(const struct mark *mark, int exit_code, const char *log, size_t len, struct str *ret_evidence)
{
        const char *said = find_mark(&mark->output, log, len);

        if (said) {
                str_puts(ret_evidence, "it said ");
                str_put_quoted(ret_evidence, said, strlen(said));
        } else if (has_exit(&mark->exit, exit_code)) {
                str_printf(ret_evidence, "it exited with status %d", exit_code);
        }
        return ret_evidence->len > 0;
}

enum outcome means_judge(const struct means *means, int exit_code, const char *log, size_t len, struct str *ret_reason)
{
        const struct {
                const struct mark *mark;
                enum outcome outcome;
                const char *what, *remedy;
        } meanings[] = {
                {&means->no_credential, OUTCOME_BLOCKED, "the agent has no credential that its API takes",
                 "export its key, or give it another, and run again"},
                {&means->refused, OUTCOME_BLOCKED, "the agent's API refused it",
                 "see to the account at its provider, and run again"},
                {&means->rate_limited, OUTCOME_WORK_FAILED, "the agent's API wanted it to wait", "run again later"},
        };
        const size_t skipped = len > MEANS_BYTES ? len - MEANS_BYTES : 0;

        for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
                struct str evidence = {0};
                const bool is = applies(meanings[i].mark, exit_code, log + skipped, len - skipped, &evidence);

                if (is)
                        str_printf(ret_reason, "%s (%s); %s", meanings[i].what, str_text(&evidence),
                                   meanings[i].remedy);
                str_release(&evidence);
                if (is)
                        return meanings[i].outcome;
        }
        return OUTCOME_COUNT;
}
