/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of an agent that failed or left nothing behind: what its end means by its profile, what it asked, its last
 * words. Whoever reads the reasons should not need the log. What it means is told apart: the supervisor, who knows what the
 * agent's API answered, decides whether to believe it.
 */
#include "runner/last_words.h"
#include "runner/machine.h"
#include "runner/means.h"

#include <stdlib.h>

void machine_explain_agent(struct runner *runner, int exit_code)
{
        _cleanup_last_words_ struct last_words words = {0};
        _cleanup_str_ struct str meaning = {0};

        last_words_read(&words, runner->logs_fd, "agent.log", runner->plan.prompt);
        runner->meant =
                means_judge(&runner->plan.agent.means, exit_code, str_text(&words.log), words.log.len, &meaning);
        free(runner->meaning);
        runner->meaning = runner->meant == OUTCOME_COUNT ? NULL : str_steal(&meaning);
        if (runner->notes.asked.len)
                strv_take(&runner->reasons,
                          xasprintf("it asked (note.request.help): %s", str_text(&runner->notes.asked)));
        last_words_reasons(&words, "agent.log", &runner->reasons);
}
