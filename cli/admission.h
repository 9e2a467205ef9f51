/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_ADMISSION_H
#define CUPEL_CLI_ADMISSION_H

/*
 * Admission: the record that somebody vouched for this repository: whose it is and how that was found, what is at stake, what
 * runs may change and do there, when to look again; and consent to exactly what its policy opens. It lies in the store, where
 * each one that there ever was is kept.
 *
 *         admission_set(context, &wish, files, true, err);          init, admit: what is seen now, with what was wished
 *         _cleanup_admission_ struct admission now = ADMISSION_NONE;
 *         got = admission_read(context, &now, err);                 1, 0: never admitted
 *         admission_check(context, &now, files, &missing, err);     what stands against a run, each with its remedy
 *
 * Whose it is: the owners (uid) of the working tree, of the folder .git and of the common one. They must be the caller, or, for
 * root that came by sudo, who called it; another owner must be named (`--owner NAME`), as safe.directory of git names a folder,
 * and from then on it is that one who may own it. Nothing else makes another's repository one's own: not being root, not --yes.
 *
 * When to look again (`review`): another owner than on record, always; a remote on record that leads elsewhere or is gone; the
 * policy's bytes, where `--review-on policy` asks for it; a number of days, by default 90 at risk high and 30 at critical. What
 * a policy newly opens blocks by itself. Then a run is blocked until somebody admits it again.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/str.h"
#include "policy/scope.h"

#include <stdbool.h>
#include <stdint.h>

struct context;
struct json_t;
struct policy_files;

/* What was typed; NULL and empty: as it was, or the default. */
struct admission_wish {
        const char *risk, *owner, *review_after; /* review_after: a time like 90d, or "never" */
        struct strv allow, deny, forbid, review_on;
        bool reset; /* forget the old scope first */
};
void admission_wish_release(struct admission_wish *wish);

/* Their rows for a table of options, and the check of what was given. */
#define ADMISSION_OPTIONS(wish)                                                                                        \
        {"risk", 0, OPTION_TEXT, &(wish).risk, "LEVEL", "what is at stake here: low, medium, high, critical"},         \
                {"allow", 0, OPTION_REPEAT, &(wish).allow, "GLOB", "runs may change these paths alone"},               \
                {"deny", 0, OPTION_REPEAT, &(wish).deny, "GLOB", "and never these"},                                   \
                {"forbid", 0, OPTION_REPEAT, &(wish).forbid, "ACTION", "no run may: commit, network, paid, push …"},   \
                {"review-after", 0, OPTION_TEXT, &(wish).review_after, "TIME", "look again after 90d, say; or never"}, \
                {"review-on",       0,      OPTION_REPEAT,                                                             \
                 &(wish).review_on, "WHAT", "look again when this changes: remote, policy, none"},                     \
                {"owner", 0, OPTION_TEXT, &(wish).owner, "NAME", "it is another user's: name whom you vouch for"},     \
        {                                                                                                              \
                "reset", 0, OPTION_FLAG, &(wish).reset, NULL, "forget paths, actions and triggers of before"           \
        }
int admission_wish_check(const struct admission_wish *wish, struct err *err);

struct admission {
        struct json_t *json; /* the record; the rest is borrowed from it */
        const char *path, *owner, *evidence, *by, *risk, *policy_sha256, *openings_sha256, *time;
        int64_t owner_uid, review_ms; /* review_ms -1: never */
        struct strv remotes, allow, deny, forbid, review_on;
        bool old;              /* an older cupel wrote it: nothing but risk, openings and time is known */
        char digest[HASH_HEX]; /* of the record; "": there is none */
};
#define ADMISSION_NONE ((struct admission){0})
void admission_release(struct admission *admission);
#define _cleanup_admission_ __attribute__((cleanup(admission_release)))

int admission_read(struct context *context, struct admission *ret, struct err *err);
struct scope admission_scope(const struct admission *admission);

/* `consent`: to what the policy opens; else that stays as it was. */
int admission_set(struct context *context, const struct admission_wish *wish, const struct policy_files *files,
                  bool consent, struct err *err);
int admission_check(struct context *context, const struct admission *admission, const struct policy_files *files,
                    struct strv *ret_missing, struct err *err);

/* For a run's receipt; owned by the caller. */
struct json_t *admission_receipt(const struct admission *admission);
/* The record for people, and for programs: {"admitted":true,"digest",…} (owned by the caller). */
void admission_print(const struct admission *admission);
struct json_t *admission_json(const struct admission *admission);

#endif
