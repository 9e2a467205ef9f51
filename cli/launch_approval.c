/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person must say before the item starts: a sentence where the item wants one (approval.before), arming where it wants
 * that (arm). The same sentence arms an item that nobody armed. What is granted binds bytes of the item, terms of the plan
 * (policy/plan_terms.h) and sentence, and is used up in the transaction that creates the run (lib/store/approval.h).
 */
#include "cli/launch_internal.h"
#include "lib/base/cleanup.h"
#include "policy/plan_terms.h"
#include "policy/prompt.h"

#include <stdlib.h>
#include <string.h>

void launch_see_arming(struct launch *launch, const struct launch_request *request)
{
        const char *armed = getenv("CUPEL_ARM");

        launch->armed = !launch->plan.arm || request->arm || (armed && strcmp(armed, "1") == 0);
}

bool launch_wants_sentence(const struct launch *launch)
{
        return launch->plan.approval.before == APPROVAL_BEFORE_SENTENCE || !launch->armed;
}

int launch_approval_key(struct launch *launch, const struct context *context, struct store_approval_key *ret,
                        struct err *err)
{
        const char *workdir = repo_workdir(context->repo);
        const struct prompt_input input = {
                .item = &launch->item, .plan = &launch->plan, .text = launch->policy.effective.prompt};
        _cleanup_str_ struct str plain = {0};

        if (!launch->sentence) {
                if (prompt_render(&input, &plain, err) < 0)
                        return err_wrap(err, "the prompt without history");
                plan_terms(&launch->plan, str_text(&plain), launch->terms);
                launch->sentence = work_item_sentence(&launch->item, workdir ? workdir : repo_gitdir(context->repo));
        }
        *ret = (struct store_approval_key){.kind = STORE_APPROVAL_START,
                                           .item = launch_item_id(launch),
                                           .item_sha256 = launch->item_sha256,
                                           .plan_id = launch->terms,
                                           .sentence = launch->sentence,
                                           .wait_ms = launch->plan.approval.deadline_ms};
        return 0;
}

/* One word for a shell whatever is in it: the title is part of the sentence, and a person copies it. */
char *shell_word(const char *text)
{
        struct str word = {0};

        str_putc(&word, '\'');
        for (; *text; text++) {
                if (*text == '\'')
                        str_puts(&word, "'\\''");
                else
                        str_putc(&word, *text);
        }
        str_putc(&word, '\'');
        return str_steal(&word);
}

void launch_explain_approval(struct launch *launch, bool granted)
{
        _cleanup_free_ char *word = shell_word(launch->sentence);
        const bool sentence = launch->plan.approval.before == APPROVAL_BEFORE_SENTENCE;

        if (granted)
                return;
        launch_wait_for(launch, "approval %s", launch->run_id);
        if (!launch->armed)
                launch_wait_for(launch, "arm");
        if (sentence)
                strv_add_printf(&launch->missing,
                                "it starts only with approval: cupel approve %s --sentence %s, then run it again",
                                launch->run_id, word);
        else
                strv_add_printf(&launch->missing,
                                "the item starts only when armed: run it with --arm, or CUPEL_ARM=1, or approve this "
                                "one start: cupel approve %s --sentence %s",
                                launch->run_id, word);
}
