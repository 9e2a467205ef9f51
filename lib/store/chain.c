/* SPDX-License-Identifier: Apache-2.0 */
/* The two chains: how a hash is made, the links of the store, and its head for evidence. */
#include "lib/store/event.h"

#include "lib/base/hash.h"

#include <string.h>

_Static_assert(sizeof(STORE_HASH_NONE) == HASH_HEX, "the hash before the first has the form of every other");

void chain_hash(const char *previous, const char *text, size_t len, char ret_hex[HASH_HEX])
{
        struct hash hash;

        hash_init(&hash);
        hash_update(&hash, previous, strlen(previous));
        hash_update(&hash, text, len);
        hash_final(&hash, ret_hex);
}

void chain_link_hash(const char *previous, const char *run, const char *event, char ret_hex[HASH_HEX])
{
        struct hash hash;

        hash_init(&hash);
        hash_update(&hash, previous, strlen(previous));
        hash_update(&hash, run, strlen(run));
        hash_update(&hash, event, strlen(event));
        hash_final(&hash, ret_hex);
}

static int last_link(struct store *store, int64_t *ret_position, char ret_hex[HASH_HEX], struct err *err)
{
        struct sqlite3_stmt *last = db_use(store, SQL_LINK_LAST, err);
        int got = last ? db_step(store, last, err) : -1;

        if (got < 0)
                return -1;
        *ret_position = got ? db_column_int(last, 0) : 0;
        snprintf(ret_hex, HASH_HEX, "%s", got ? db_column(last, 1) : STORE_HASH_NONE);
        db_done(last);
        return 0;
}

int chain_link(struct store *store, struct err *err)
{
        const struct cursor *cursor = &store->cursor;
        char previous[HASH_HEX], hash[HASH_HEX];
        struct sqlite3_stmt *add;
        int64_t position;

        if (last_link(store, &position, previous, err) < 0 || !(add = db_use(store, SQL_LINK_ADD, err)))
                return -1;
        chain_link_hash(previous, cursor->id, cursor->head, hash);
        db_int(add, 1, position + 1);
        db_int(add, 2, cursor->run);
        db_int(add, 3, cursor->sequence);
        db_text(add, 4, cursor->head);
        db_text(add, 5, hash);
        return db_run(store, add, err);
}

int store_chain_head(struct store *store, char ret_hex[HASH_HEX], struct err *err)
{
        int64_t position;

        return last_link(store, &position, ret_hex, err);
}

int store_chain_has(struct store *store, const char *head, bool *ret, struct err *err)
{
        struct sqlite3_stmt *has;
        const int got = db_find(store, SQL_LINK_HAS, head, &has, err);

        if (got < 0)
                return -1;
        db_done(has);
        *ret = got == 1 || strcmp(head, STORE_HASH_NONE) == 0;
        return 0;
}
