/* SPDX-License-Identifier: Apache-2.0 */
/* `cupel policy words` and docs/words.md: what an item may forbid, and what enforces each word. */
#include "cli/policy_pages.h"

#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/forbid.h"

#include <stdio.h>

/* Where it holds; a word of the gate says what is refused. */
static const char *when(const struct forbid_word *word)
{
        if (!word->holds)
                return "always";
        if (word->holds_otherwise)
                return "without network";
        return word->otherwise || word->finding ? "always" : "where it is so in the run";
}

static void print_json(void)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; forbid_at(i); i++)
                json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:s?}", "word", forbid_at(i)->word, "mechanism",
                                                      forbid_at(i)->mechanism, "otherwise", forbid_at(i)->otherwise,
                                                      "refused", forbid_at(i)->tell));
        json_print(stdout, list);
}

static void print_markdown(void)
{
        puts("# Words that an item may forbid\n\nMade by `cupel policy words --markdown`. In a work item: `forbid: "
             "[push, "
             "delete]`. The mechanism is that of a run\nwith no general egress; `cupel show ITEM` says what holds for "
             "one "
             "item. A word that is not here, or whose mechanism the\nrun does not have, is recorded as declared, not "
             "enforced.\n\n| word | holds | by | with credential routes alone |\n|---|---|---|---|");
        for (size_t i = 0; forbid_at(i); i++) {
                const struct forbid_word *word = forbid_at(i);

                printf("| `%s` | %s | %s%s%s | %s |\n", word->word, when(word), word->mechanism, word->tell ? ": " : "",
                       word->tell ? word->tell : "",
                       !word->holds      ? "the same"
                       : word->otherwise ? word->otherwise
                                         : "as in the run");
        }
}

static void print_text(void)
{
        for (size_t i = 0; forbid_at(i); i++)
                printf("%-16s %s%s%s\n", forbid_at(i)->word, forbid_at(i)->mechanism, forbid_at(i)->tell ? ": " : "",
                       forbid_at(i)->tell ? forbid_at(i)->tell : "");
}

const struct policy_page policy_words_page = {
        "words",
        {[POLICY_PAGE_TEXT] = print_text, [POLICY_PAGE_JSON] = print_json, [POLICY_PAGE_MARKDOWN] = print_markdown}};
