/* SPDX-License-Identifier: Apache-2.0 */
/* The commit as the repository has it, against what the packet's log tells; and who signed it. */
#include "cli/verify.h"

#include "cli/context.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/sshsig_check.h"
#include "lib/git/history.h"
#include "lib/packet/folder.h"

#include <stdlib.h>
#include <string.h>

#define PLAN_MAX ((size_t)4 << 20)

static void found(struct verified *verified, const char *what)
{
        packet_found(&verified->verdict, PACKET_CHECK_COMMIT, verified->commit, "%s", what);
}

static void check_trailer(struct verified *verified, const struct commit_facts *facts, const char *key,
                          const char *label, const char *value)
{
        const char *has = commit_facts_trailer(facts, key);
        _cleanup_free_ char *wanted = xasprintf("%s%s", label, value);

        if (!has || strcmp(has, wanted) != 0)
                packet_found(&verified->verdict, PACKET_CHECK_COMMIT, verified->commit,
                             "its trailer %s is %s, the log has %s", key, has ? has : "not there, or there twice",
                             wanted);
}

static void check_facts(struct verified *verified, const struct commit_facts *facts)
{
        const struct packet_told *told = &verified->verdict.told;

        if (strcmp(facts->tree, told->tree) != 0)
                found(verified, "its tree is not the one that was verified");
        if (facts->parents.len != 1)
                found(verified, "it has not exactly one parent");
        else if (told->parent[0] && strcmp(facts->parents.items[0], told->parent) != 0)
                found(verified, "its parent is not the commit that it was verified on");
        if (!told->run[0])
                return; /* there is a note about it, and no log */
        check_trailer(verified, facts, "Cupel-Run", "", told->run);
        check_trailer(verified, facts, "Cupel-Item", "", told->item);
        check_trailer(verified, facts, "Cupel-Identity", "sha256:", told->identity);
        check_trailer(verified, facts, "Cupel-Evidence", "sha256:", told->evidence);
}

/* Whether the policy of the run had its commits signed; what cannot be read says yes. */
static bool expects_signature(const struct packet_ref *ref)
{
        struct err ignored = ERR_INIT;
        _cleanup_str_ struct str text = {0};
        _cleanup_json_ json_t *plan = NULL;

        if (ref->fd < 0 || packet_read(ref->fd, "config_snapshot/plan.json", PLAN_MAX, &text, &ignored) < 0)
                return true;
        plan = json_parse(str_text(&text), text.len, "plan", &ignored);
        return !json_is_false(json_object_get(json_object_get(plan, "commit"), "sign"));
}

static void check_signature(struct verified *verified, const struct trust *trust, const struct commit_facts *facts)
{
        _cleanup_free_ char *public = NULL;
        struct err err = ERR_INIT;

        if (!facts->signature)
                found(verified, "it is not signed");
        else if (sshsig_check(facts->signature, "git", facts->signed_part.data, facts->signed_part.len, &public, &err) <
                 0)
                found(verified, err.message);
        else if (!trust->signers.len)
                found(verified,
                      "it is signed, and there is no file of allowed signers here: name one with --allowed-signers");
        else if (!sshsig_allowed(str_text(&trust->signers), facts->committer_mail, "git", public))
                found(verified, "it is signed by a key that is not among the allowed signers of its committer");
}

int verify_in_repository(struct context *context, const struct trust *trust, const struct packet_ref *ref,
                         struct verified *verified, struct err *err)
{
        _cleanup_commit_facts_ struct commit_facts facts = {.tree = ""};
        struct packet_verdict *verdict = &verified->verdict;

        if (!verdict->told.commit[0] || !context->repo || strlen(verdict->told.commit) != GIT_HEX - 1)
                return 0;
        if (commit_facts_read(context->repo, verdict->told.commit, &facts, err) < 0) {
                if (err->code != ERR_NOT_FOUND && err->code != ERR_INPUT)
                        return -1;
                /* an archive may come from a repository that this one knows nothing of */
                if (ref->stored)
                        packet_found(verdict, PACKET_CHECK_COMMIT, verdict->told.commit, "%s", err->message);
                *err = ERR_INIT;
                return 0;
        }
        verdict->done[PACKET_CHECK_COMMIT] = true;
        if (!verified->subject)
                verified->subject = xstrdup(facts.subject);
        check_facts(verified, &facts);
        if (facts.signature || expects_signature(ref))
                check_signature(verified, trust, &facts);
        return 0;
}
