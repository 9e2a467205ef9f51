/* SPDX-License-Identifier: Apache-2.0 */
/* `cupel hook notes`: the proof of commits as git notes beside them, so that whoever gets the notes needs neither packet nor store. */
#include "cli/hook.h"

#include "cli/context.h"
#include "cli/options.h"
#include "cli/verify.h"
#include "lib/base/cleanup.h"
#include "lib/git/history.h"
#include "lib/packet/attestation.h"
#include "lib/packet/folder.h"

#include <string.h>

#define COMMITS_MAX 100000

/* ---- Which commits ---- */

static int take_range(struct context *context, const char *text, struct strv *ret, struct err *err)
{
        const char *dots = strstr(text, "..");
        _cleanup_free_ char *from = dots ? xmemdup(text, (size_t)(dots - text)) : NULL;
        _cleanup_strv_ struct strv hidden = {0};
        char commit[GIT_HEX];

        if (!dots) {
                if (repo_resolve_commit(context->repo, text, commit, err) < 0)
                        return -1;
                strv_add(ret, commit);
                return 0;
        }
        if (repo_resolve_commit(context->repo, from[0] ? from : "HEAD", commit, err) < 0)
                return -1;
        strv_add(&hidden, commit);
        if (repo_resolve_commit(context->repo, dots[2] ? dots + 2 : "HEAD", commit, err) < 0)
                return -1;
        return history_between(context->repo, commit, &hidden, COMMITS_MAX, ret, err);
}

/* What the upstream of HEAD's branch does not have, as far as is known here; without an upstream all of the branch. */
static int take_new(struct context *context, struct strv *ret, struct err *err)
{
        _cleanup_free_ char *head = NULL, *upstream = NULL;
        _cleanup_strv_ struct strv hidden = {0};
        char commit[GIT_HEX];

        if (repo_head_ref(context->repo, &head, err) < 0)
                return -1;
        if (head && repo_upstream(context->repo, head, &upstream, commit))
                strv_add(&hidden, commit);
        if (repo_resolve_commit(context->repo, "HEAD", commit, err) < 0)
                return -1;
        return history_between(context->repo, commit, &hidden, COMMITS_MAX, ret, err);
}

static int take_commits(struct context *context, const struct option_rest *what, struct strv *ret, struct err *err)
{
        for (size_t i = 0; i < what->len; i++)
                if (take_range(context, what->items[i], ret, err) < 0)
                        return -1;
        return what->len ? 0 : take_new(context, ret, err);
}

/* ---- One note ---- */

static int read_attestation(struct context *context, const char *run, const char *commit, struct str *ret,
                            struct err *err)
{
        _cleanup_packet_ref_ struct packet_ref ref = PACKET_REF_INIT;
        _cleanup_free_ char *file = xasprintf("evidence/%s.intoto.jsonl", commit);

        if (!context->store || packet_is_path(run) || packet_find(context, run, &ref, err) < 0)
                return err->code == ERR_OK ? err_set(err, ERR_NOT_FOUND, "its run is not known here") : -1;
        return packet_read(ref.fd, file, ATTEST_FILE_MAX, ret, err);
}

/* The lines, once they are known to vouch for the commit: nothing else is made public. */
static int attested(struct context *context, const struct trust *trust, const char *commit, struct str *ret,
                    struct err *err)
{
        _cleanup_commit_facts_ struct commit_facts facts = {.tree = ""};
        _cleanup_attestation_ struct attestation a = {.keyid = ""};
        const char *run;

        if (commit_facts_read(context->repo, commit, &facts, err) < 0)
                return -1;
        run = commit_facts_trailer(&facts, "Cupel-Run");
        if (!run)
                return err_set(err, ERR_NOT_FOUND, "no run made it");
        if (read_attestation(context, run, commit, ret, err) < 0 ||
            attestation_read(str_text(ret), ret->len, &trust->keys, &a, err) < 0)
                return -1;
        return attestation_vouches(&a, commit, facts.tree, err);
}

static int take_note(struct context *context, const struct trust *trust, const char *commit, char notes[GIT_HEX],
                     struct hook_noted *ret, struct err *err)
{
        _cleanup_str_ struct str text = {0}, before = {0};
        struct err why = ERR_INIT;
        int got;

        if (attested(context, trust, commit, &text, &why) < 0) {
                strv_add_printf(&ret->without, "%.12s: %s", commit, why.message);
                return 0;
        }
        got = notes[0] ? note_read(context->repo, notes, commit, ATTEST_FILE_MAX, &before, err) : 0;
        if (got < 0)
                return -1;
        if (got && before.len == text.len && strcmp(str_text(&before), str_text(&text)) == 0) {
                ret->had++;
                return 0;
        }
        ret->noted++;
        return note_write(context->repo, notes, commit, &text, notes, err);
}

int hook_notes(struct context *context, const struct option_rest *what, struct hook_noted *ret, struct err *err)
{
        static const struct strv none = {0};
        _cleanup_trust_ struct trust trust = {0};
        _cleanup_strv_ struct strv commits = {0};
        _cleanup_free_ char *name = NULL;
        char before[GIT_HEX], notes[GIT_HEX];

        if (trust_load(&trust, context, &none, NULL, err) < 0 || take_commits(context, what, &commits, err) < 0 ||
            history_ref(context->repo, NOTES_REF, &name, before, err) < 0)
                return -1;
        memcpy(notes, before, sizeof(notes));
        for (size_t i = 0; i < commits.len; i++)
                if (take_note(context, &trust, commits.items[i], notes, ret, err) < 0)
                        return -1;
        if (!ret->noted)
                return 0;
        return history_move_ref(context->repo, name, before, notes, "cupel hook notes", err);
}
