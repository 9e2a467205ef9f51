/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify.h"

#include "cli/context.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/history.h"
#include "lib/packet/attestation.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGNERS_MAX ((size_t)1 << 20)

/* ---- Trust ---- */

void trust_release(struct trust *trust)
{
        attest_keys_release(&trust->keys);
        str_release(&trust->signers);
}

static int load_keys(struct trust *trust, const struct context *context, const struct strv *files, struct err *err)
{
        _cleanup_free_ char *own = xasprintf("%s/keys/" ATTEST_KEY ".pub", context->state_root);

        for (size_t i = 0; i < files->len; i++)
                if (attest_keys_load(&trust->keys, files->items[i], err) < 0)
                        return -1;
        if (files->len || access(own, F_OK) < 0)
                return 0;
        return attest_keys_load(&trust->keys, own, err);
}

int trust_load(struct trust *trust, const struct context *context, const struct strv *keys, const char *signers,
               struct err *err)
{
        _cleanup_free_ char *own = xasprintf("%s/keys/allowed_signers", context->state_root);
        const char *path = signers ? signers : own;
        struct err failed = ERR_INIT;

        if (load_keys(trust, context, keys, err) < 0)
                return -1;
        if (fs_read_named(path, SIGNERS_MAX, &trust->signers, &failed) == 0 ||
            (!signers && failed.code == ERR_NOT_FOUND))
                return 0;
        *err = failed;
        return err_wrap(err, "the allowed signers %s", path);
}

void verified_release(struct verified *verified)
{
        free(verified->run);
        free(verified->subject);
        packet_verdict_release(&verified->verdict);
        *verified = (struct verified){.by = VERIFIED_BY_NOTHING};
}

/* ---- A packet ---- */

int verify_packet(struct context *context, const struct trust *trust, const struct packet_ref *ref,
                  struct verified *ret, struct err *err)
{
        const struct packet_verify_options options = {.keys = &trust->keys, .exported = ref->unpacked.path != NULL};
        struct packet_verdict *verdict = &ret->verdict;

        ret->by = VERIFIED_BY_PACKET;
        ret->run = xstrdup(ref->name);
        if (packet_verify(ref->fd, &options, verdict, err) < 0)
                return -1;
        if (verdict->told.run[0] && ref->name && strcmp(verdict->told.run, ref->name) != 0)
                packet_found(verdict, PACKET_CHECK_LOG, "telemetry/events.normalized.jsonl",
                             "it is the log of another run, %s", verdict->told.run);
        snprintf(ret->commit, sizeof(ret->commit), "%s", verdict->told.commit);
        if (ref->stored && verify_store(context, ref, verdict, err) < 0)
                return -1;
        return verify_in_repository(context, trust, ref, ret, err);
}

/* ---- A commit ---- */

/* ERR_NOT_FOUND: its packet is not here. */
static int find_packet(struct context *context, const char *run, struct packet_ref *ret, struct err *err)
{
        if (!context->store || packet_is_path(run) || run[0] == '@')
                return err_set(err, ERR_NOT_FOUND, "there is no run %.64s here", run);
        if (packet_find(context, run, ret, err) < 0)
                return -1;
        return strcmp(ret->run.id, run) == 0 ? 0 : err_set(err, ERR_NOT_FOUND, "there is no run %.64s here", run);
}

static int by_note(struct context *context, const struct trust *trust, const char *commit, const char *tree,
                   struct verified *ret, struct err *err)
{
        _cleanup_free_ char *name = NULL;
        _cleanup_attestation_ struct attestation a = {.keyid = ""};
        _cleanup_str_ struct str text = {0};
        struct err why = ERR_INIT;
        char notes[GIT_HEX];
        int got = 0;

        if (history_ref(context->repo, NOTES_REF, &name, notes, err) < 0)
                return -1;
        if (notes[0] && (got = note_read(context->repo, notes, commit, ATTEST_FILE_MAX, &text, &why)) < 0)
                packet_found(&ret->verdict, PACKET_CHECK_ATTESTATION, NOTES_REF, "%s", why.message);
        if (got <= 0)
                return 0;
        ret->by = VERIFIED_BY_NOTE;
        ret->verdict.done[PACKET_CHECK_ATTESTATION] = true;
        if (attestation_read(str_text(&text), text.len, &trust->keys, &a, &why) < 0 ||
            attestation_vouches(&a, commit, tree, &why) < 0)
                packet_found(&ret->verdict, PACKET_CHECK_ATTESTATION, NOTES_REF, "%s", why.message);
        else
                strv_add(&ret->verdict.signers, a.keyid);
        return 0;
}

static int without_packet(struct context *context, const struct trust *trust, const struct commit_facts *facts,
                          const char *commit, struct verified *ret, struct err *err)
{
        const struct packet_ref nowhere = PACKET_REF_INIT;
        struct packet_told *told = &ret->verdict.told;
        const char *run = commit_facts_trailer(facts, "Cupel-Run");

        if (by_note(context, trust, commit, facts->tree, ret, err) < 0)
                return -1;
        if (ret->by != VERIFIED_BY_NOTE) {
                packet_found(&ret->verdict, PACKET_CHECK_COMMIT, commit, "%s",
                             run ? "no packet and no note (" NOTES_REF ") vouches for it here"
                                 : "no packet vouches for it: it has no trailer Cupel-Run, so no run made it");
                return 0;
        }
        snprintf(told->commit, sizeof(told->commit), "%s", commit);
        snprintf(told->tree, sizeof(told->tree), "%s", facts->tree);
        return verify_in_repository(context, trust, &nowhere, ret, err);
}

int verify_commit(struct context *context, const struct trust *trust, const char *commit, struct verified *ret,
                  struct err *err)
{
        _cleanup_commit_facts_ struct commit_facts facts = {.tree = ""};
        _cleanup_packet_ref_ struct packet_ref ref = PACKET_REF_INIT;
        struct err gone = ERR_INIT;
        const char *run;

        if (commit_facts_read(context->repo, commit, &facts, err) < 0)
                return -1;
        ret->by = VERIFIED_BY_NOTHING;
        snprintf(ret->commit, sizeof(ret->commit), "%s", commit);
        ret->subject = xstrdup(facts.subject);
        run = commit_facts_trailer(&facts, "Cupel-Run");
        if (!run || find_packet(context, run, &ref, &gone) < 0) {
                if (run && gone.code != ERR_NOT_FOUND && gone.code != ERR_INPUT)
                        return *err = gone, -1;
                ret->run = xstrdup(run);
                return without_packet(context, trust, &facts, commit, ret, err);
        }
        if (verify_packet(context, trust, &ref, ret, err) < 0)
                return -1;
        if (strcmp(ret->verdict.told.commit, commit) != 0)
                packet_found(&ret->verdict, PACKET_CHECK_COMMIT, commit, "it names the run %s, whose commit is %.12s",
                             run, ret->verdict.told.commit[0] ? ret->verdict.told.commit : "none");
        snprintf(ret->commit, sizeof(ret->commit), "%s", commit);
        return 0;
}
