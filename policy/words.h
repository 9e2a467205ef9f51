/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_WORDS_H
#define CUPEL_POLICY_WORDS_H

/*
 * The fixed words of work items and policies that are no concept of their own: each enum with its NULL-terminated list
 * of names in the same order, as `choices` of a key and for printing.
 */

#include <stdbool.h>
#include <stddef.h>

enum risk {
        RISK_LOW,
        RISK_MEDIUM,
        RISK_HIGH,
        RISK_CRITICAL,
};
extern const char *const risk_names[];

enum verifier_gate {
        VERIFY_SELF,
        VERIFY_DIRECTOR,
        VERIFY_BOTH,
};
extern const char *const verifier_gate_names[];

enum verifier_kind {
        VERIFIER_TEST,
        VERIFIER_DEMO,
};
extern const char *const verifier_kind_names[];

/* The lowest step of the sandbox's ladder that is good enough: A is everything, E almost nothing (refused). */
enum tier {
        TIER_A,
        TIER_B,
        TIER_C,
        TIER_D,
};
extern const char *const tier_names[];

enum approval_before {
        APPROVAL_BEFORE_NONE,
        APPROVAL_BEFORE_SENTENCE,
};
extern const char *const approval_before_names[];

enum approval_after {
        APPROVAL_AFTER_POLICY,
        APPROVAL_AFTER_PERSON,
};
extern const char *const approval_after_names[];

enum failure_then {
        FAILURE_SPLIT,
        FAILURE_ASK,
        FAILURE_DROP,
};
extern const char *const failure_then_names[];
extern const char *const weekday_names[];

enum checkout_dirty {
        CHECKOUT_ALLOW,
        CHECKOUT_REFUSE,
};
extern const char *const checkout_dirty_names[];

/* How the answers of a credential route tell what they cost; NONE: they do not. */
enum meter {
        METER_NONE,
        METER_ANTHROPIC,
        METER_OPENAI,
        METER_GEMINI,
};
extern const char *const meter_names[];

/* Index of `word` in a NULL-terminated list, or -1. */
int word_find(const char *const *words, const char *word);

/* What is asked for and nothing in this version makes sure of: forbidden words (policy/forbid.h), gates. */
#define FORBID_UNENFORCED "declared, not enforced"

/* Checks of single texts, for `struct key`: NULL, or what was expected. */
const char *check_item_id(const char *text);       /* [A-Za-z0-9._-]{1,64} */
const char *check_verifier_name(const char *text); /* the same, and no leading dot: it names a log file */
const char *check_env_name(const char *text);
const char *check_passed_env(const char *text); /* the same, and none of cupel's own: CUPEL_ARM stays with the person */
const char *check_glob(const char *text);
const char *check_path_glob(const char *text);   /* the same of what a person wrote, and one that some path can match */
const char *check_publication(const char *text); /* what may be done at a place: allowed, person, never */
const char *check_ref(const char *text);         /* a branch name git would accept */
const char *check_host_path(const char *text);   /* absolute or ~/…, no "." or ".." component */
const char *check_carry(const char *text);       /* a folder inside the repository, not .git */
const char *check_command(const char *text);     /* not blank: an empty command would pass whatever changed */
const char *check_one_line(const char *text);
const char *check_author(const char *text);       /* Name <mail> */
const char *check_file_path(const char *text);    /* inside the worktree, relative */
const char *check_agent_choice(const char *text); /* NAME or NAME:MODEL */
const char *check_model(const char *text);
const char *check_model_glob(const char *text); /* a model's name, * for any rest */
const char *check_exit_code(const char *text);  /* 1 to 255 */

#endif
