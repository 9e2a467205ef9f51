/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_HOOK_INTERNAL_H
#define CUPEL_CLI_HOOK_INTERNAL_H

/* One push, as the parts of hook_receive() see it. */

#include "cli/hook.h"
#include "lib/git/history.h"
#include "lib/packet/attest_key.h"

#include <stdbool.h>

struct update {
        char old[GIT_HEX], new[GIT_HEX]; /* "": there is none */
        char now[GIT_HEX];               /* what it is at; `old` is what the pusher says */
        char *ref;                       /* where it really leads, through symbolic refs */
        bool is_protected;               /* by either name */
};

struct hook {
        struct repo *repo;
        struct update *updates;
        size_t len;
        struct strv protect, hidden, require;
        struct attest_keys keys;
        struct str signers;
        bool wants_signers;
        char notes[GIT_HEX]; /* "": there are none */
        struct strv *problems;
};

/* ERR_REFUSED and others: why it is not taken. `facts` is released by the caller, however it ends. */
int hook_check_commit(const struct hook *hook, const char *commit, struct commit_facts *facts, struct err *err);

#endif
