/* SPDX-License-Identifier: Apache-2.0 */
/* One commit onto a protected branch: what vouches for it, and who signed it. */
#include "cli/hook_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/sshsig_check.h"
#include "lib/packet/attestation.h"

#include <string.h>

#define NOTE_MAX ((size_t)2 << 20)

static bool has_test(const struct attestation *a, const char *name)
{
        static const char *const lists[] = {"passedTests", "warnedTests"};
        struct json_t *test;
        size_t i;

        for (size_t list = 0; list < 2; list++)
                json_array_foreach(json_object_get(a->predicates[ATTEST_TEST_RESULT], lists[list]), i, test)
                {
                        if (json_is_string(test) && strcmp(json_string_value(test), name) == 0)
                                return true;
                }
        return false;
}

static int check_signature(const struct hook *hook, const struct commit_facts *facts, struct err *err)
{
        _cleanup_free_ char *public = NULL;

        if (!hook->wants_signers)
                return 0;
        if (!facts->signature)
                return err_set(err, ERR_REFUSED, "it is not signed");
        if (sshsig_check(facts->signature, "git", facts->signed_part.data, facts->signed_part.len, &public, err) < 0)
                return -1;
        return sshsig_allowed(str_text(&hook->signers), facts->committer_mail, "git", public)
                       ? 0
                       : err_set(err, ERR_REFUSED,
                                 "it is signed by a key that is not among the server's allowed signers");
}

static int check_note(const struct hook *hook, const char *commit, const struct commit_facts *facts, struct err *err)
{
        _cleanup_attestation_ struct attestation a = {.keyid = ""};
        _cleanup_str_ struct str text = {0};
        const int got = hook->notes[0] ? note_read(hook->repo, hook->notes, commit, NOTE_MAX, &text, err) : 0;

        if (got < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_REFUSED,
                               "no packet vouches for it: there is no note about it; where it was made, `cupel hook "
                               "notes`, then push "
                               "the branch and " NOTES_REF " together");
        if (attestation_read(str_text(&text), text.len, &hook->keys, &a, err) < 0 ||
            attestation_vouches(&a, commit, facts->tree, err) < 0)
                return -1;
        for (size_t i = 0; i < hook->require.len; i++)
                if (!has_test(&a, hook->require.items[i]))
                        return err_set(err, ERR_REFUSED, "the test %s, which this server requires, did not pass on it",
                                       hook->require.items[i]);
        return 0;
}

int hook_check_commit(const struct hook *hook, const char *commit, struct commit_facts *facts, struct err *err)
{
        if (commit_facts_read(hook->repo, commit, facts, err) < 0)
                return -1;
        if (facts->parents.len != 1)
                return err_set(err, ERR_REFUSED, "it has %zu parents: what a run lands has one%s", facts->parents.len,
                               facts->parents.len ? ""
                                                  : "; history from before is let in by cupel.since of the server");
        if (check_note(hook, commit, facts, err) < 0)
                return -1;
        return check_signature(hook, facts, err);
}
