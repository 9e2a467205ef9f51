/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The repository's admission at a launch: whether it still holds, whether the item lies within it; and the proof of how fresh
 * what the run starts from is. Before the plan is compiled, which the admission narrows.
 */
#include "cli/admission.h"
#include "cli/launch_internal.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static void wait_for_admission(struct launch *launch, const struct admission *admission)
{
        launch_wait_for(launch, "admission %s", admission->digest);
}

int launch_see_admission(struct launch *launch, struct context *context, struct err *err)
{
        _cleanup_admission_ struct admission admission = ADMISSION_NONE;
        const size_t before = launch->missing.len;
        struct scope scope;

        if (admission_read(context, &admission, err) < 0 ||
            admission_check(context, &admission, &launch->policy, &launch->missing, err) < 0)
                return -1;
        if (admission.json && !admission.old) {
                scope = admission_scope(&admission);
                scope_missing(&scope, &launch->item, &launch->missing);
                scope_narrow(&scope, &launch->item);
                launch->admission = admission_receipt(&admission);
        }
        if (launch->missing.len > before)
                wait_for_admission(launch, &admission);
        return 0;
}

/* What only the plan knows of, and what the repository's policy opens. */
int launch_check_scope(struct launch *launch, struct context *context, struct err *err)
{
        _cleanup_admission_ struct admission admission = ADMISSION_NONE;
        const size_t before = launch->missing.len;
        struct scope scope;

        if (!launch->admission)
                return 0;
        if (admission_read(context, &admission, err) < 0 || launch_check_admitted(launch, context, err) < 0)
                return -1;
        scope = admission_scope(&admission);
        scope_missing_of_plan(&scope, &launch->plan, &launch->missing);
        if (launch->missing.len > before)
                wait_for_admission(launch, &admission);
        return 0;
}

/* Uncommitted work is no part of a run; a policy may ask that there be none, so that nobody believes it was. */
int launch_check_checkout(struct launch *launch, struct context *context, struct err *err)
{
        size_t count = 0;

        if (launch->policy.effective.checkout.dirty != CHECKOUT_REFUSE)
                return 0;
        if (repo_count_uncommitted(context->repo, &count, err) < 0) {
                char text[640];

                if (err->code != ERR_GIT)
                        return -1;
                err_text(err, text, sizeof(text));
                strv_add_printf(&launch->missing,
                                "whether your checkout is clean cannot be told, and the policy wants it so "
                                "(checkout.dirty: refuse): %s; see that git status reads it (a split index: git "
                                "update-index --no-split-index), then run again",
                                text);
                *err = ERR_INIT;
        }
        if (count)
                strv_add_printf(
                        &launch->missing,
                        "%zu file%s of your checkout differ%s from the last commit, and the policy wants it clean "
                        "(checkout.dirty: refuse); commit or stash them, then run again",
                        count, count == 1 ? "" : "s", count == 1 ? "s" : "");
        return 0;
}

/* When somebody last asked the remote: git writes this file at every fetch. */
static json_t *fetched(const struct context *context)
{
        _cleanup_free_ char *path = xasprintf("%s/FETCH_HEAD", repo_commondir(context->repo));
        char text[CLOCK_RFC3339];
        struct stat st;
        struct tm tm;

        if (stat(path, &st) < 0)
                return json_null();
        gmtime_r(&st.st_mtime, &tm);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
        return json_string(text);
}

static json_t *upstream_of(const struct launch *launch, const struct context *context)
{
        _cleanup_free_ char *ref = NULL;
        char commit[GIT_HEX];

        if (!launch->target_ref || !repo_upstream(context->repo, launch->target_ref, &ref, commit))
                return json_null();
        return json_pack("{s:o, s:s, s:b, s:o}", "ref", json_quoted(ref), "commit", commit, "is_base",
                         strcmp(commit, launch->base) == 0, "fetched", fetched(context));
}

int launch_see_freshness(struct launch *launch, struct context *context, struct err *err)
{
        char now[CLOCK_RFC3339], tip[GIT_HEX], policy[HASH_HEX] = "";

        if (repo_resolve_commit(context->repo, launch->target_ref, tip, err) < 0)
                return -1;
        clock_rfc3339(now);
        if (launch->policy.has_own)
                hash_bytes(launch->policy.own_bytes.data, launch->policy.own_bytes.len, policy);
        launch->freshness = json_pack(
                "{s:s, s:s, s:o, s:s, s:o, s:{s:o, s:s?}}", "base", launch->base, "resolved", now, "target",
                json_quoted(launch->target_ref), "tip", tip, "upstream", upstream_of(launch, context), "policy",
                "origin", json_quoted(launch->policy.has_own ? launch->policy.own_origin : "built-in defaults"),
                "sha256", launch->policy.has_own ? policy : NULL);
        return 0;
}
