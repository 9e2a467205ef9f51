/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding to the queue: begin → each item, its bytes, what it depends on → cycles → the counts of what waits → commit. One that is
 * refused takes all with it.
 */
#include "lib/base/clock.h"
#include "lib/store/queue_internal.h"

#include <stdlib.h>
#include <string.h>

#define ID_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static int check_id(const char *id, const char *what, struct err *err)
{
        const size_t len = strlen(id);

        if (len > 0 && len <= ITEM_ID_MAX && id[strspn(id, ID_CHARACTERS)] == '\0')
                return 0;
        return err_set(err, ERR_INPUT, "\"%.80s\" cannot be %s: 1 to %d letters, digits, . _ - are", id, what,
                       ITEM_ID_MAX);
}

/* `ret_before`: the item as it ended, where it is not new. */
static int check_spec(struct store *store, const struct store_queue_spec *spec, struct store_queued *ret_before,
                      struct err *err)
{
        int got;

        if (check_id(spec->item, "an item's id", err) < 0 ||
            (spec->parent && check_id(spec->parent, "a parent's id", err) < 0))
                return -1;
        for (size_t i = 0; spec->depends && i < spec->depends->len; i++)
                if (check_id(spec->depends->items[i], "an id to depend on", err) < 0)
                        return -1;
        if ((got = queue_find(store, spec->item, ret_before, err)) <= 0)
                return got;
        if (store_item_state_is_terminal(ret_before->state))
                return 0;
        return err_set(err, ERR_CONFLICT,
                       "item %s is in the queue already (%s since %s): drop it first, or give this one another id",
                       spec->item, store_item_state_name(ret_before->state), ret_before->moved);
}

/* Who is given no other parent stays with the one that waits for it. 0 or -1. */
static int choose_parent(struct store *store, const struct store_queue_spec *spec, const struct store_queued *before,
                         const char **ret, struct err *err)
{
        _cleanup_store_queued_ struct store_queued parent = {0};
        int got;

        *ret = spec->parent ? spec->parent : "";
        if (spec->parent || !before->parent || !before->parent[0])
                return 0;
        if ((got = queue_find(store, before->parent, &parent, err)) == 1 && !store_item_state_is_terminal(parent.state))
                *ret = before->parent;
        return got < 0 ? -1 : 0;
}

static int write_row(struct store *store, const struct store_queue_spec *spec, const char *parent, struct err *err)
{
        struct sqlite3_stmt *add = db_use(store, SQL_QUEUE_ADD, err);
        char now[CLOCK_RFC3339], sha256[HASH_HEX];

        if (!add)
                return -1;
        clock_rfc3339(now);
        hash_bytes(spec->bytes, spec->len, sha256);
        db_text(add, 1, spec->item);
        db_text(add, 2, spec->title);
        db_text(add, 3, sha256);
        db_text(add, 4, parent);
        db_text(add, 5, spec->policy ? spec->policy : "");
        db_text(add, 6, spec->who ? spec->who : "");
        db_text(add, 7, now);
        db_int(add, 8, spec->priority);
        return db_run(store, add, err);
}

static int write_bytes(struct store *store, const struct store_queue_spec *spec, struct err *err)
{
        struct sqlite3_stmt *set = db_use(store, SQL_QUEUE_BYTES_SET, err);

        if (!set)
                return -1;
        db_text(set, 1, spec->item);
        db_blob(set, 2, spec->bytes, spec->len);
        return db_run(store, set, err);
}

static int write_depends(struct store *store, const struct store_queue_spec *spec, struct err *err)
{
        struct sqlite3_stmt *set = db_use(store, SQL_QUEUE_DEPENDS_CLEAR, err);

        if (!set)
                return -1;
        db_text(set, 1, spec->item);
        if (db_run(store, set, err) < 0)
                return -1;
        for (size_t i = 0; spec->depends && i < spec->depends->len; i++) {
                if (!(set = db_use(store, SQL_QUEUE_DEPENDS_ADD, err)))
                        return -1;
                db_text(set, 1, spec->item);
                db_text(set, 2, spec->depends->items[i]);
                if (db_run(store, set, err) < 0)
                        return -1;
        }
        return 0;
}

int queue_insert(struct store *store, const struct store_queue_spec *spec, struct err *err)
{
        _cleanup_store_queued_ struct store_queued before = {0};
        const char *parent;

        if (check_spec(store, spec, &before, err) < 0 || choose_parent(store, spec, &before, &parent, err) < 0 ||
            write_row(store, spec, parent, err) < 0 || write_bytes(store, spec, err) < 0 ||
            write_depends(store, spec, err) < 0)
                return -1;
        return before.parent && strcmp(before.parent, parent) != 0 ? queue_left(store, before.parent, err) : 0;
}

static int recount(struct store *store, enum sql sql, const char *item, struct err *err)
{
        struct sqlite3_stmt *count = db_use(store, sql, err);

        if (!count)
                return -1;
        db_text(count, 1, item);
        return db_run(store, count, err);
}

int queue_recount_own(struct store *store, const char *item, struct err *err)
{
        return recount(store, SQL_QUEUE_RECOUNT, item, err);
}

int queue_recount(struct store *store, const char *item, struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        const int got = queue_find(store, item, &row, err);

        if (got < 0 || recount(store, SQL_QUEUE_RECOUNT_NEEDED, item, err) < 0)
                return -1;
        if (got == 0)
                return 0;
        if (queue_recount_own(store, item, err) < 0)
                return -1;
        return row.parent[0] ? queue_recount_own(store, row.parent, err) : 0;
}

static size_t find_spec(const struct store_queue_spec *specs, size_t len, const char *item)
{
        size_t at = 0;

        while (at + 1 < len && strcmp(specs[at].item, item) != 0)
                at++;
        return at;
}

static int check_cycles(struct store *store, const struct store_queue_spec *specs, size_t len, size_t *ret_at,
                        struct err *err)
{
        char *member = NULL;
        const int status = queue_check_cycles(store, &member, err);

        if (member)
                *ret_at = find_spec(specs, len, member);
        free(member);
        return status;
}

static bool is_among(const struct store_queue_spec *specs, size_t len, const char *item)
{
        for (size_t i = 0; i < len; i++)
                if (strcmp(specs[i].item, item) == 0)
                        return true;
        return false;
}

/* The same id twice in one go would silently be one item. */
static int check_twice(const struct store_queue_spec *specs, size_t len, size_t *ret_at, struct err *err)
{
        _cleanup_strv_ struct strv ids = {0};
        size_t at = 1;

        for (size_t i = 0; i < len; i++)
                strv_add(&ids, specs[i].item);
        strv_sort_unique(&ids);
        if (ids.len == len)
                return 0;
        while (!is_among(specs, at, specs[at].item))
                at++;
        *ret_at = at;
        return err_set(err, ERR_INPUT, "the id %s is given twice", specs[at].item);
}

int store_queue_add(struct store *store, const struct store_queue_spec *specs, size_t len, size_t *ret_at,
                    struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        size_t unused = 0, *at = ret_at ? ret_at : &unused;

        *at = 0;
        if (check_twice(specs, len, at, err) < 0 || db_begin(&tx, store, DB_DURABLE, err) < 0)
                return -1;
        for (size_t i = 0; i < len; i++) {
                *at = i;
                if (queue_insert(store, &specs[i], err) < 0)
                        return -1;
        }
        if (check_cycles(store, specs, len, at, err) < 0)
                return -1;
        for (size_t i = 0; i < len; i++)
                if (queue_recount(store, specs[i].item, err) < 0)
                        return -1;
        if (db_commit(&tx, err) < 0)
                return -1;
        store_queue_wake(store);
        return 0;
}
