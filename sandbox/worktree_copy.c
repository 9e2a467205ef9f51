/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/worktree_copy.h"
int copy_prepare(struct site *site, struct err *err)
{
        (void)site;
        return err_set(err, ERR_SANDBOX, "no overlay");
}
int copy_step_begin(const struct site *site, const struct sandbox_step *step, struct err *err)
{
        (void)site;
        (void)step;
        return err_set(err, ERR_SANDBOX, "no overlay");
}
int copy_show(const struct site *site, const struct sandbox_step *step, const char *at, struct err *err)
{
        (void)site;
        (void)step;
        (void)at;
        return err_set(err, ERR_SANDBOX, "no overlay");
}
int copy_freeze(const struct site *site, struct err *err)
{
        (void)site;
        return err_set(err, ERR_SANDBOX, "no overlay");
}
