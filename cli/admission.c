/* SPDX-License-Identifier: Apache-2.0 */
/* Making a record: what is seen now, what was wished, and of the record before what nobody changed. */
#include "cli/admission.h"

#include "cli/admission_owner.h"
#include "cli/context.h"
#include "cli/person.h"
#include "cli/policy_files.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "policy/words.h"

#include <string.h>
#include <unistd.h>

#define DAY_MS ((int64_t)86400 * 1000)
#define NEVER (-1)

/* How long an admission holds by itself. */
static const int64_t review_defaults[] = {
        [RISK_LOW] = NEVER,
        [RISK_MEDIUM] = NEVER,
        [RISK_HIGH] = 90 * DAY_MS,
        [RISK_CRITICAL] = 30 * DAY_MS,
};

void admission_wish_release(struct admission_wish *wish)
{
        strv_release(&wish->allow);
        strv_release(&wish->deny);
        strv_release(&wish->forbid);
        strv_release(&wish->review_on);
        *wish = (struct admission_wish){0};
}

static int check_globs(const char *option, const struct strv *globs, struct err *err)
{
        for (size_t i = 0; i < globs->len; i++) {
                const char *expected = check_path_glob(globs->items[i]);

                if (expected)
                        return err_set(err, ERR_INPUT, "--%s %.200s: expected %s", option, globs->items[i], expected);
        }
        return 0;
}

int admission_wish_check(const struct admission_wish *wish, struct err *err)
{
        static const char *const triggers[] = {"remote", "policy", "none", NULL};
        int64_t ms;

        if (wish->risk && word_find(risk_names, wish->risk) < 0)
                return err_set(err, ERR_INPUT, "--risk: expected low, medium, high or critical");
        if (wish->review_after && strcmp(wish->review_after, "never") != 0 &&
            (text_to_time(wish->review_after, &ms) < 0 || ms < 1000))
                return err_set(err, ERR_INPUT, "--review-after %.40s: expected a time like 90d, or never",
                               wish->review_after);
        for (size_t i = 0; i < wish->review_on.len; i++)
                if (word_find(triggers, wish->review_on.items[i]) < 0)
                        return err_set(err, ERR_INPUT, "--review-on %.40s: expected remote, policy or none",
                                       wish->review_on.items[i]);
        for (size_t i = 0; i < wish->forbid.len; i++)
                if (check_item_id(wish->forbid.items[i]))
                        return err_set(err, ERR_INPUT,
                                       "--forbid %.40s: expected a word like commit, network, paid, push",
                                       wish->forbid.items[i]);
        return check_globs("allow", &wish->allow, err) < 0 || check_globs("deny", &wish->deny, err) < 0 ? -1 : 0;
}

/* Whom the caller vouches for. Another's repository is admitted only by its owner's name, so that no script does it by habit. */
static int choose_owner(const struct context *context, const struct admission_wish *wish, uid_t *ret, struct err *err)
{
        struct owned owned[OWNED_MAX];
        const int len = owners_look(context, owned, err);
        bool named = !wish->owner;

        if (len < 0)
                return -1;
        for (int i = 0; i < len; i++) {
                _cleanup_free_ char *name = person_name(owned[i].uid);

                named = named || strcmp(wish->owner, name) == 0;
                if (owner_is_caller(owned[i].uid) || (wish->owner && strcmp(wish->owner, name) == 0))
                        continue;
                return err_set(
                        err, ERR_BLOCKED,
                        "%.200s belongs to another user, %s (uid %u)%s; look at it; whoever vouches for that user "
                        "types: cupel admit --owner %s",
                        owned[i].path, name, (unsigned)owned[i].uid,
                        wish->owner ? ", who is not the one that --owner names" : "", name);
        }
        if (!named)
                return err_set(err, ERR_INPUT,
                               "--owner %.64s: nothing of it is that user's; %.200s is yours: cupel admit", wish->owner,
                               owned[0].path);
        *ret = owned[0].uid;
        return 0;
}

/* How the caller comes to own it, in words that an auditor can check. Owned by the caller. */
static char *evidence_of(const struct context *context, struct err *err)
{
        struct owned owned[OWNED_MAX];
        const int len = owners_look(context, owned, err);
        struct str text = {0};
        uid_t uid = geteuid();
        _cleanup_free_ char *caller = NULL;
        bool own = true;

        for (int i = 0; i < len; i++) {
                _cleanup_free_ char *name = person_name(owned[i].uid);

                str_printf(&text, "%s%s belongs to %s (uid %u)", i ? ", " : "", owned[i].path, name,
                           (unsigned)owned[i].uid);
                own = own && owned[i].uid == uid;
        }
        if (len < 0)
                return NULL;
        caller = person_name(uid);
        if (!own && owner_by_sudo(&uid)) {
                _cleanup_free_ char *who = person_name(uid);

                str_printf(&text, "; %s called sudo", who);
        } else if (!own) {
                str_printf(&text, "; %s (uid %u) vouched for it", caller, (unsigned)geteuid());
        }
        return str_steal(&text);
}

static json_t *typed_by(void)
{
        _cleanup_free_ char *name = person_name(geteuid()), *behind = NULL;
        uid_t uid;

        if (owner_by_sudo(&uid))
                behind = person_name(uid);
        return json_pack("{s:s, s:I, s:s?, s:b}", "name", name, "uid", (json_int_t)geteuid(), "sudo", behind,
                         "terminal", isatty(STDIN_FILENO));
}

static json_t *git_user(struct context *context)
{
        _cleanup_free_ char *name = NULL, *email = NULL;
        struct err none = ERR_INIT;

        if (repo_user_identity(context->repo, &name, &email, &none) < 0 || !name || !email)
                return json_null();
        return json_sprintf("%s <%s>", name, email) ?: json_null();
}

/* What is wished, else what there was, else nothing. */
static json_t *keep(const struct strv *wished, const struct strv *before, bool reset)
{
        static const struct strv nothing = {0};

        return json_from_strv(wished->len ? wished : reset ? &nothing : before);
}

static json_t *review_of(const struct admission_wish *wish, const struct admission *before, const char *risk,
                         bool fresh)
{
        _cleanup_strv_ struct strv on = {0};
        int64_t ms = review_defaults[word_find(risk_names, risk)];
        const bool same_risk = !fresh && strcmp(before->risk, risk) == 0;

        if (!fresh)
                strv_copy(&on, &before->review_on);
        else
                strv_add(&on, "remote");
        if (wish->review_on.len) {
                strv_release(&on);
                if (!strv_has(&wish->review_on, "none"))
                        strv_copy(&on, &wish->review_on);
        }
        if (same_risk)
                ms = before->review_ms;
        if (wish->review_after &&
            (strcmp(wish->review_after, "never") == 0 || text_to_time(wish->review_after, &ms) < 0))
                ms = NEVER;
        return json_pack("{s:o, s:I}", "on", json_from_strv(&on), "after_ms", (json_int_t)ms);
}

static json_t *seen_now(struct context *context, uid_t owner, const struct policy_files *files, struct err *err)
{
        const char *workdir = repo_workdir(context->repo);
        _cleanup_free_ char *name = person_name(owner), *evidence = evidence_of(context, err);
        _cleanup_strv_ struct strv remotes = {0};
        char now[CLOCK_RFC3339], policy[HASH_HEX] = "";

        if (!evidence || repo_remotes(context->repo, &remotes, err) < 0)
                return NULL;
        clock_rfc3339(now);
        if (files->has_own)
                hash_bytes(files->own_bytes.data, files->own_bytes.len, policy);
        return json_pack("{s:i, s:o, s:o, s:s, s:I, s:o, s:o, s:o, s:o, s:s, s:s}", "version", 1, "path",
                         json_quoted(workdir ? workdir : repo_gitdir(context->repo)), "gitdir",
                         json_quoted(repo_commondir(context->repo)), "owner", name, "owner_uid", (json_int_t)owner,
                         "evidence", json_quoted(evidence), "by", typed_by(), "git_user", git_user(context), "remotes",
                         json_from_strv(&remotes), "policy_sha256", policy, "time", now);
}

static int store_record(struct context *context, json_t *record, struct err *err)
{
        _cleanup_free_ char *text = json_canonical(record);
        const json_t *by = json_object_get(record, "by");

        return store_admission_set(
                context->store,
                &(struct store_admission){.owner = json_string_value(json_object_get(by, "name")),
                                          .evidence = json_string_value(json_object_get(record, "evidence")),
                                          .risk = json_string_value(json_object_get(record, "risk")),
                                          .openings_sha256 =
                                                  json_string_value(json_object_get(record, "openings_sha256")),
                                          .record = text},
                err);
}

int admission_set(struct context *context, const struct admission_wish *wish, const struct policy_files *files,
                  bool consent, struct err *err)
{
        _cleanup_admission_ struct admission before = ADMISSION_NONE;
        _cleanup_json_ json_t *record = NULL;
        const int known = admission_read(context, &before, err);
        const bool fresh = known == 0 || before.old || wish->reset;
        const char *openings, *risk;
        uid_t owner = 0;

        if (known < 0 || choose_owner(context, wish, &owner, err) < 0 ||
            !(record = seen_now(context, owner, files, err)))
                return -1;
        risk = wish->risk ? wish->risk : known ? before.risk : risk_names[RISK_LOW];
        openings = consent ? (files->openings.json ? files->openings.sha256 : "") : known ? before.openings_sha256 : "";
        json_object_set_new(record, "risk", json_string(risk));
        json_object_set_new(record, "openings_sha256", json_string(openings));
        json_object_set_new(record, "allow", keep(&wish->allow, &before.allow, fresh));
        json_object_set_new(record, "deny", keep(&wish->deny, &before.deny, fresh));
        json_object_set_new(record, "forbid", keep(&wish->forbid, &before.forbid, fresh));
        json_object_set_new(record, "review", review_of(wish, &before, risk, fresh));
        return store_record(context, record, err);
}
