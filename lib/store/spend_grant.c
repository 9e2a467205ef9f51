/* SPDX-License-Identifier: Apache-2.0 */
/* Grants: money for one run beyond its week. None is ever deleted: that one was given is part of what was spent. */
#include "lib/store/spend_db.h"

int spend_grant_add(struct spend *spend, const struct spend_grant *grant, int64_t *ret_id, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *add =
                spend_prepare(spend,
                              "INSERT INTO grants(usd, item, agent, until, by, reason, time, repository) VALUES(?, ?, "
                              "?, ?, ?, ?, ?, ?) "
                              "RETURNING id",
                              err);
        int64_t id;

        if (!add)
                return -1;
        db_int(add, 1, grant->usd);
        db_text(add, 2, grant->item);
        db_text(add, 3, grant->agent);
        db_int(add, 4, grant->until);
        db_text(add, 5, grant->by);
        db_text(add, 6, grant->reason);
        db_int(add, 7, grant->time);
        db_text(add, 8, grant->repository);
        if (spend_step(spend, add, err) < 0)
                return -1;
        id = db_column_int(add, 0);
        if (spend_step(spend, add, err) < 0)
                return -1;
        *ret_id = id;
        return 0;
}

int spend_grant_revoke(struct spend *spend, int64_t id, int64_t now, struct err *err)
{
        _cleanup_spend_tx_ struct spend_tx tx = {0};
        _cleanup_stmt_ struct sqlite3_stmt *find = NULL, *set = NULL;
        int got;

        if (spend_begin(&tx, spend, err) < 0 ||
            !(find = spend_prepare(spend, "SELECT used_by FROM grants WHERE id = ?", err)))
                return -1;
        db_int(find, 1, id);
        got = spend_step(spend, find, err);
        if (got < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_NOT_FOUND, "there is no grant %lld; `cupel grant --list` lists them",
                               (long long)id);
        if (db_column_or_null(find, 0))
                return err_set(err, ERR_CONFLICT, "grant %lld is used up, by run %s", (long long)id,
                               db_column_or_null(find, 0));
        db_finalize(&find);
        set = spend_prepare(spend, "UPDATE grants SET revoked = ?2 WHERE id = ?1 AND revoked = 0", err);
        if (!set)
                return -1;
        db_int(set, 1, id);
        db_int(set, 2, now);
        if (spend_step(spend, set, err) < 0)
                return -1;
        return spend_commit(&tx, err);
}

int spend_each_grant(struct spend *spend, spend_grant_fn *each, void *arg, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *list =
                spend_prepare(spend,
                              "SELECT id, usd, item, agent, until, by, reason, time, used_by, used, revoked, "
                              "repository FROM grants ORDER BY id",
                              err);
        int got;

        if (!list)
                return -1;
        while ((got = spend_step(spend, list, err)) == 1) {
                const struct spend_grant grant = {.id = db_column_int(list, 0),
                                                  .usd = db_column_int(list, 1),
                                                  .item = db_column_or_null(list, 2),
                                                  .agent = db_column_or_null(list, 3),
                                                  .until = db_column_int(list, 4),
                                                  .by = db_column_or_null(list, 5),
                                                  .reason = db_column_or_null(list, 6),
                                                  .time = db_column_int(list, 7),
                                                  .used_by = db_column_or_null(list, 8),
                                                  .used = db_column_int(list, 9),
                                                  .revoked = db_column_int(list, 10),
                                                  .repository = db_column_or_null(list, 11)};

                if (each(&grant, arg, err) < 0)
                        return -1;
        }
        return got;
}
