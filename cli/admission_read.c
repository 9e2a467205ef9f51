/* SPDX-License-Identifier: Apache-2.0 */
/* A record as it lies in the store, and what stands against a run by it. */
#include "cli/admission.h"
#include "cli/admission_owner.h"
#include "cli/context.h"
#include "cli/person.h"
#include "cli/policy_files.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <string.h>

#define DAY_MS 86400000
#define AGAIN "; look at it, then: cupel admit"

void admission_release(struct admission *admission)
{
        json_decref(admission->json);
        strv_release(&admission->remotes);
        strv_release(&admission->allow);
        strv_release(&admission->deny);
        strv_release(&admission->forbid);
        strv_release(&admission->review_on);
        *admission = ADMISSION_NONE;
}

static void read_list(const json_t *list, struct strv *ret)
{
        json_t *one;
        size_t i;

        json_array_foreach(list, i, one) if (json_is_string(one)) strv_add(ret, json_string_value(one));
}

static void read_fields(struct admission *admission)
{
        const json_t *json = admission->json, *review = json_object_get(json, "review");
        const json_t *after = json_object_get(review, "after_ms");

        admission->path = json_text_of(json, "path");
        admission->owner = json_text_of(json, "owner");
        admission->evidence = json_text_of(json, "evidence");
        admission->by = json_text_of(json_object_get(json, "by"), "name");
        admission->risk = json_text_of(json, "risk");
        admission->policy_sha256 = json_text_of(json, "policy_sha256");
        admission->openings_sha256 = json_text_of(json, "openings_sha256");
        admission->time = json_text_of(json, "time");
        admission->owner_uid = json_integer_value(json_object_get(json, "owner_uid"));
        admission->review_ms = json_is_integer(after) ? json_integer_value(after) : -1;
        read_list(json_object_get(json, "remotes"), &admission->remotes);
        read_list(json_object_get(json, "allow"), &admission->allow);
        read_list(json_object_get(json, "deny"), &admission->deny);
        read_list(json_object_get(json, "forbid"), &admission->forbid);
        read_list(json_object_get(review, "on"), &admission->review_on);
}

int admission_read(struct context *context, struct admission *ret, struct err *err)
{
        _cleanup_store_admission_ struct store_admission row = {0};
        struct admission admission = ADMISSION_NONE;

        if (!context->store)
                return 0;
        if (store_admission_get(context->store, &row, err) < 0) {
                if (err->code != ERR_NOT_FOUND)
                        return -1;
                *err = ERR_INIT;
                return 0;
        }
        admission.old = !row.record[0];
        admission.json = admission.old ? json_pack("{s:{s:s}, s:s, s:s, s:s, s:s}", "by", "name", row.owner, "evidence",
                                                   row.evidence, "risk", row.risk, "openings_sha256",
                                                   row.openings_sha256, "time", row.time)
                                       : json_parse(row.record, strlen(row.record), "admission", err);
        if (!admission.json)
                return -1;
        hash_bytes(row.record, strlen(row.record), admission.digest);
        read_fields(&admission);
        *ret = admission;
        return 1;
}

struct scope admission_scope(const struct admission *admission)
{
        return (struct scope){.allow = &admission->allow, .deny = &admission->deny, .forbid = &admission->forbid};
}

/* ---- What stands against a run ---- */

static int check_owners(const struct context *context, const struct admission *admission, struct strv *missing,
                        struct err *err)
{
        struct owned owned[OWNED_MAX];
        const int len = owners_look(context, owned, err);

        for (int i = 0; i < len; i++) {
                _cleanup_free_ char *name = person_name(owned[i].uid);
                const bool on_record = (int64_t)owned[i].uid == admission->owner_uid;

                if (i == 0 && !on_record)
                        strv_add_printf(missing, "%s belonged to %s when it was admitted, and now to %s (uid %u)%s%s%s",
                                        owned[i].path, admission->owner, name, (unsigned)owned[i].uid, AGAIN,
                                        owner_is_caller(owned[i].uid) ? "" : " --owner ",
                                        owner_is_caller(owned[i].uid) ? "" : name);
                else if (!on_record && !owner_is_caller(owned[i].uid))
                        strv_add_printf(missing, "%s belongs to another user, %s (uid %u)%s --owner %s", owned[i].path,
                                        name, (unsigned)owned[i].uid, AGAIN, name);
        }
        return len < 0 ? -1 : 0;
}

static const char *url_of(const struct strv *remotes, const char *line)
{
        const size_t name = strcspn(line, " ") + 1;

        for (size_t i = 0; i < remotes->len; i++)
                if (strncmp(remotes->items[i], line, name) == 0)
                        return remotes->items[i] + name;
        return NULL;
}

/* A remote that was added says nothing against whose the repository is; one on record that leads elsewhere does. */
static int check_remotes(const struct context *context, const struct admission *admission, struct strv *missing,
                         struct err *err)
{
        _cleanup_strv_ struct strv now = {0};

        if (!strv_has(&admission->review_on, "remote") || !admission->remotes.len)
                return 0;
        if (repo_remotes(context->repo, &now, err) < 0)
                return -1;
        for (size_t i = 0; i < admission->remotes.len; i++) {
                const char *line = admission->remotes.items[i], *url = url_of(&now, line);

                if (!strv_has(&now, line))
                        strv_add_printf(missing,
                                        "the remote %s is not as it was when this repository was admitted: it %s%s%s",
                                        line, url ? "now leads to " : "is gone", url ? url : "", AGAIN);
        }
        return 0;
}

static void check_policy(const struct admission *admission, const struct policy_files *files, struct strv *missing)
{
        char now[HASH_HEX] = "";

        if (!strv_has(&admission->review_on, "policy"))
                return;
        if (files->has_own)
                hash_bytes(files->own_bytes.data, files->own_bytes.len, now);
        if (strcmp(now, admission->policy_sha256) != 0)
                strv_add(missing, "the policy has changed since this repository was admitted" AGAIN);
}

static void check_age(const struct admission *admission, struct strv *missing)
{
        const int64_t then = clock_from_rfc3339(admission->time);
        const bool in_days = admission->review_ms >= DAY_MS;

        if (admission->review_ms < 0 || !then)
                return;
        if (clock_wall_ms() - then > admission->review_ms)
                strv_add_printf(missing, "this repository was admitted on %.10s for %lld %s%s", admission->time,
                                (long long)(admission->review_ms / (in_days ? DAY_MS : 1000)),
                                in_days ? "days" : "seconds", AGAIN);
}

/* One command, ready to be typed: with the owner's name where that is another one. */
static int say_never(const struct context *context, struct strv *missing, struct err *err)
{
        struct owned owned[OWNED_MAX];
        const int len = owners_look(context, owned, err);

        for (int i = 0; i < len; i++) {
                _cleanup_free_ char *name = person_name(owned[i].uid);

                if (owner_is_caller(owned[i].uid))
                        continue;
                strv_add_printf(missing, "%s belongs to another user, %s (uid %u), and was never admitted%s --owner %s",
                                owned[i].path, name, (unsigned)owned[i].uid, AGAIN, name);
                return 0;
        }
        strv_add(missing, "this repository is not admitted yet" AGAIN);
        return len < 0 ? -1 : 0;
}

int admission_check(struct context *context, const struct admission *admission, const struct policy_files *files,
                    struct strv *ret_missing, struct err *err)
{
        if (!admission->json)
                return say_never(context, ret_missing, err);
        if (admission->old) {
                strv_add(ret_missing,
                         "this repository was admitted by an older cupel, which did not record enough" AGAIN);
                return 0;
        }
        if (check_owners(context, admission, ret_missing, err) < 0 ||
            check_remotes(context, admission, ret_missing, err) < 0)
                return -1;
        check_policy(admission, files, ret_missing);
        check_age(admission, ret_missing);
        return 0;
}
