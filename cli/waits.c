/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/waits.h"

#include "cli/admission.h"
#include "cli/launch_keys.h"
#include "cli/launch_require.h"
#include "cli/ledger.h"
#include "cli/refused.h"
#include "lib/base/cleanup.h"
#include "lib/store/approval.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Of a repository that was admitted anew, with other openings say. */
static int admission(struct context *context, const struct waits_view *view, const char *detail, bool *ret,
                     struct err *err)
{
        _cleanup_admission_ struct admission now = ADMISSION_NONE;

        (void)view;
        if (admission_read(context, &now, err) < 0)
                return -1;
        *ret = strcmp(now.digest, detail) != 0;
        return 0;
}

/* ERR_NOT_FOUND is no error: nobody asked. */
static int found(int got, struct err *err)
{
        if (got == 0)
                return 1;
        if (err->code != ERR_NOT_FOUND)
                return -1;
        *err = ERR_INIT;
        return 0;
}

/*
 * What the run asked for was granted, or something newer of the same item was. A denial changes nothing: asked again, the
 * answer of nobody would be no again.
 */
static int approval(struct context *context, const struct waits_view *view, const char *detail, bool *ret,
                    struct err *err)
{
        _cleanup_store_approval_ struct store_approval asked = {0}, newest = {0};
        int got = found(store_approval_get(context->store, detail, STORE_APPROVAL_START, &asked, err), err);

        (void)view;
        if (got <= 0)
                return got;
        got = found(store_approval_of_item(context->store, asked.key.item, &newest, err), err);
        if (got > 0)
                *ret = newest.state == STORE_APPROVAL_GRANTED;
        return got < 0 ? -1 : 0;
}

static int arm(struct context *context, const struct waits_view *view, const char *detail, bool *ret, struct err *err)
{
        (void)context;
        (void)detail;
        (void)err;
        *ret = view->armed;
        return 0;
}

/* A time, seconds since the epoch: a new week of spending, say. */
static int until(struct context *context, const struct waits_view *view, const char *detail, bool *ret, struct err *err)
{
        (void)context;
        (void)view;
        (void)err;
        *ret = time(NULL) >= strtoll(detail, NULL, 10);
        return 0;
}

/* Of the user's ledger: a run ended, so that money may have come back, or a grant was given. */
static int ledger(struct context *context, const struct waits_view *view, const char *detail, bool *ret,
                  struct err *err)
{
        _cleanup_spend_ struct spend *spend = NULL;
        char state[48];

        (void)view;
        if (ledger_open(context, &spend, err) < 0 || spend_state(spend, state, err) < 0)
                return -1;
        *ret = strcmp(state, detail) != 0;
        return 0;
}

static int requirement(struct context *context, const struct waits_view *view, const char *detail, bool *ret,
                       struct err *err)
{
        (void)view;
        return require_changed(context, detail, ret, err);
}

/* Of a credential that a provider refused: somebody had it forgotten. */
static int refused(struct context *context, const struct waits_view *view, const char *detail, bool *ret,
                   struct err *err)
{
        _cleanup_refusal_ struct refusal refusal = {0};

        (void)view;
        (void)err;
        *ret = !refused_find(context->state_root, detail, &refusal);
        return 0;
}

/* Keys that could not be used. */
static int keys(struct context *context, const struct waits_view *view, const char *detail, bool *ret, struct err *err)
{
        (void)view;
        *ret = keys_check(context, strcmp(detail, "commit") == 0, err) == 0;
        if (!*ret && err->code != ERR_BLOCKED)
                return -1;
        *err = ERR_INIT;
        return 0;
}

static const struct {
        const char *kind;
        int (*changed)(struct context *context, const struct waits_view *view, const char *detail, bool *ret,
                       struct err *err);
} kinds[] = {
        {"admission", admission}, {"approval", approval},       {"arm", arm},         {"until", until},
        {"ledger", ledger},       {"requirement", requirement}, {"refused", refused}, {"keys", keys},
};

static int look_at(struct context *context, const struct waits_view *view, char *line, bool *ret, struct err *err)
{
        char *detail = line + strcspn(line, " ");

        if (*detail)
                *detail++ = '\0';
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (strcmp(kinds[i].kind, line) == 0)
                        return kinds[i].changed(context, view, detail, ret, err);
        return 0;
}

int waits_changed(struct context *context, const struct waits_view *view, const char *waits_for, bool *ret,
                  struct err *err)
{
        _cleanup_free_ char *lines = xstrdup(waits_for);
        char *rest = lines, *line;
        bool changed = false;

        while (!changed && (line = strsep(&rest, "\n")))
                if (look_at(context, view, line, &changed, err) < 0)
                        return -1;
        *ret = changed;
        return 0;
}
