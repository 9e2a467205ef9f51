/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admission.h"

#include "cli/context.h"
#include "cli/person.h"
#include "lib/base/cleanup.h"
#include "policy/policy.h"

#include <sys/stat.h>
#include <unistd.h>

/* How the caller comes to own it, in words that an auditor can check. Owned by the caller. */
static char *ownership(const struct context *context, struct err *err)
{
        const char *path = repo_commondir(context->repo);
        _cleanup_free_ char *owner = NULL, *caller = person_name(geteuid());
        struct stat st;

        if (stat(path, &st) < 0) {
                err_errno(err, "look at %s", path);
                return NULL;
        }
        owner = person_name(st.st_uid);
        if (st.st_uid == geteuid())
                return xasprintf("%s belongs to %s (uid %u)", path, owner, (unsigned)st.st_uid);
        return xasprintf("%s belongs to %s (uid %u); %s (uid %u) vouched for it", path, owner, (unsigned)st.st_uid,
                         caller, (unsigned)geteuid());
}

/* What is on record now, or what a new record starts from. */
static int read_record(struct context *context, struct store_admission *ret, struct err *err)
{
        if (store_admission_get(context->store, ret, err) == 0)
                return 0;
        if (err->code != ERR_NOT_FOUND)
                return -1;
        *err = ERR_INIT;
        *ret = (struct store_admission){.risk = "low", .openings_sha256 = ""};
        return 0;
}

static int write_record(struct context *context, const char *risk, const char *openings, struct err *err)
{
        _cleanup_free_ char *owner = person_name(geteuid()), *evidence = ownership(context, err);

        if (!evidence)
                return -1;
        return store_admission_set(
                context->store,
                &(struct store_admission){
                        .owner = owner, .evidence = evidence, .risk = risk, .openings_sha256 = openings},
                err);
}

int admission_record(struct context *context, const char *risk, struct err *err)
{
        _cleanup_store_admission_ struct store_admission now = {0};

        if (read_record(context, &now, err) < 0)
                return -1;
        return write_record(context, risk ? risk : now.risk, now.openings_sha256, err);
}

int admission_consent(struct context *context, const struct policy_openings *openings, struct err *err)
{
        _cleanup_store_admission_ struct store_admission now = {0};

        if (read_record(context, &now, err) < 0)
                return -1;
        return write_record(context, now.risk, openings->json ? openings->sha256 : "", err);
}
