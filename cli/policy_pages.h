/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_POLICY_PAGES_H
#define CUPEL_CLI_POLICY_PAGES_H

/*
 * What `cupel policy WORD` tells of the tables that cupel itself goes by, in three forms each. As Markdown they are pages of docs/,
 * written by scripts/docs. Another one: its file, a line here, a row in cli/cmd_policy.c and in scripts/docs.
 */

enum policy_page_form {
        POLICY_PAGE_TEXT,
        POLICY_PAGE_JSON,
        POLICY_PAGE_MARKDOWN,
        POLICY_PAGE_FORMS,
};

struct policy_page {
        const char *word;
        void (*print[POLICY_PAGE_FORMS])(void);
};

extern const struct policy_page policy_keys_page;  /* every key of work items and policies: docs/keys.md */
extern const struct policy_page policy_rules_page; /* every rule of the gates: docs/rules.md */
extern const struct policy_page
        policy_words_page; /* what an item may forbid, and what enforces each word: docs/words.md */
extern const struct policy_page policy_moods_page; /* the moods, and what raises a risk: docs/moods.md */

#endif
