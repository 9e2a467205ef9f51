/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending events. The body is put together as text in canonical key order, from pieces that the cursor prepared once per
 * run, so that an event costs one serialisation of its data, one hash and one insert. Head and sequence are read within
 * the write transaction, since supervisor and director append to the same run. Fails before it writes where the event is
 * not in the table of types.
 */
#include "lib/store/event.h"

#include "lib/base/clock.h"
#include "lib/base/event.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"

#include <stdlib.h>
#include <string.h>

/* ---- the run that is written to ---- */

void cursor_release(struct cursor *cursor)
{
        struct str *const texts[] = {&cursor->id_key, &cursor->attributes, &cursor->sequence_key, &cursor->source,
                                     &cursor->subject};

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                str_release(texts[i]);
        *cursor = (struct cursor){0};
}

static char *json_text(const char *text)
{
        _cleanup_json_ json_t *value = json_quoted(text);

        return json_canonical(value);
}

/* Attributes of CloudEvents may be absent but not empty. */
static void put_attribute(struct str *out, const char *name, const char *text)
{
        char *value;

        if (!*text)
                return;
        value = json_text(text);
        str_printf(out, ",\"%s\":%s", name, value);
        free(value);
}

static void fill_cursor(struct store *store, const struct store_run *run, int64_t number)
{
        struct cursor *cursor = &store->cursor;
        char *repo = json_text(store->repo);

        cursor_release(cursor);
        cursor->run = number;
        snprintf(cursor->id, sizeof(cursor->id), "%s", run->id);
        str_printf(&cursor->id_key, ",\"datacontenttype\":\"application/json\",\"id\":\"%s:", run->id);
        str_putc(&cursor->attributes, '"');
        put_attribute(&cursor->attributes, "identity", run->identity);
        put_attribute(&cursor->attributes, "itemid", run->item);
        put_attribute(&cursor->attributes, "mood", run->mood);
        str_printf(&cursor->sequence_key, ",\"runid\":\"%s\",\"sequence\":\"", run->id);
        /* `repo` without its closing quote */
        str_printf(&cursor->source, "\",\"source\":\"/repos/%.*s/runs/%s\",\"specversion\":\"1.0\"",
                   (int)strlen(repo) - 2, repo + 1, run->id);
        put_attribute(&cursor->subject, "subject", run->item);
        free(repo);
}

int cursor_load(struct store *store, const char *run, struct err *err)
{
        static const size_t texts[] = {offsetof(struct store_run, id), offsetof(struct store_run, item),
                                       offsetof(struct store_run, mood), offsetof(struct store_run, identity)};
        struct store_run row = {0};
        struct sqlite3_stmt *get;

        if (store->cursor.run && strcmp(store->cursor.id, run) == 0)
                return 0;
        if (cursor_flush(store, err) < 0 || !(get = db_use_run(store, SQL_RUN_CURSOR, run, err)))
                return -1;
        row.memory_ = db_copy_texts(get, texts, sizeof(texts) / sizeof(texts[0]), &row);
        fill_cursor(store, &row, db_column_int(get, 4));
        db_done(get);
        store_run_release(&row);
        return 0;
}

static int read_head(struct store *store, struct err *err)
{
        struct cursor *cursor = &store->cursor;
        struct sqlite3_stmt *get;
        int got;

        if (cursor->head_known)
                return 0;
        if (!(get = db_use(store, SQL_HEAD_GET, err)))
                return -1;
        db_int(get, 1, cursor->run);
        if ((got = db_step(store, get, err)) < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_STORE, "run %s vanished from the store", cursor->id);
        cursor->sequence = db_column_int(get, 0);
        snprintf(cursor->head, sizeof(cursor->head), "%s", db_column(get, 1));
        cursor->head_known = true;
        db_done(get);
        return 0;
}

int cursor_flush(struct store *store, struct err *err)
{
        struct cursor *cursor = &store->cursor;
        struct sqlite3_stmt *set;

        if (cursor->head_moved) {
                if (!(set = db_use(store, SQL_HEAD_SET, err)))
                        return -1;
                db_int(set, 1, cursor->run);
                db_int(set, 2, cursor->sequence);
                db_text(set, 3, cursor->head);
                if (db_run(store, set, err) < 0)
                        return -1;
        }
        cursor->head_known = cursor->head_moved = false;
        return 0;
}

/* The last two attributes of a body are time and type, and with hashes nothing of that name follows: the last one is meant. */
void event_take_time(const char *body, char ret[CLOCK_RFC3339])
{
        static const char mark[] = ",\"time\":\"";
        const size_t len = strlen(body);

        ret[0] = '\0';
        for (size_t at = len > strlen(mark) ? len - strlen(mark) : 0; at; at--)
                if (memcmp(body + at, mark, strlen(mark)) == 0) {
                        const char *text = body + at + strlen(mark);

                        snprintf(ret, CLOCK_RFC3339, "%.*s", (int)strcspn(text, "\""), text);
                        return;
                }
}

/* ---- one event ---- */

/* What is written of it beside its data, whichever way it came. */
struct written {
        const char *type;
        enum event_actor actor;
};

/* An attribute of CloudEvents is no list: the ids stand in one string, with spaces between them. */
static int put_refs(struct str *out, const json_t *refs, struct err *err)
{
        _cleanup_str_ struct str list = {0};

        for (size_t i = 0; i < json_array_size(refs); i++) {
                const char *ref = json_string_value(json_array_get(refs, i));

                if (!ref || !*ref || strpbrk(ref, " \t\r\n"))
                        return err_set(err, ERR_INPUT, "refs: entry %zu is no id (text without spaces)", i + 1);
                str_printf(&list, "%s%s", i ? " " : "", ref);
        }
        put_attribute(out, "refs", str_text(&list));
        return 0;
}

static int put_time(struct str *out, const char *time, struct err *err)
{
        char now[CLOCK_RFC3339];

        if (!time)
                clock_rfc3339(now);
        else if (strlen(time) < 20 || strlen(time) > 40 || time[strspn(time, "0123456789TZ:.+-")])
                return err_set(err, ERR_INPUT, "time \"%.40s\" is not RFC 3339", time);
        str_puts(out, ",\"time\":\"");
        str_puts(out, time ? time : now);
        str_putc(out, '"');
        return 0;
}

static void put_str(struct str *out, const struct str *piece)
{
        str_append(out, piece->data, piece->len);
}

static int put_data(struct str *out, const struct store_event *event, const char *type, struct err *err)
{
        if (event->checked) {
                str_append(out, event->checked->data, event->checked->len);
                return 0;
        }
        if (json_put(out, event->data, JSON_COMPACT | JSON_SORT_KEYS | JSON_REALS) < 0)
                return err_set(err, ERR_INPUT, "%s: data cannot be written as JSON", type);
        return 0;
}

/* Keys in the order of the canonical form, which is their byte order. */
static int put_body(struct str *out, const struct cursor *cursor, const struct store_event *event,
                    const struct written *written, struct err *err)
{
        char sequence[32];
        const int digits = snprintf(sequence, sizeof(sequence), STORE_SEQUENCE, (long long)cursor->sequence + 1);

        str_puts(out, "{\"actor\":\"");
        str_puts(out, event_actor_name(written->actor));
        str_puts(out, "\",\"data\":");
        if (put_data(out, event, written->type, err) < 0)
                return -1;
        put_str(out, &cursor->id_key);
        str_append(out, sequence, (size_t)digits);
        put_str(out, &cursor->attributes);
        if (json_array_size(event->refs) && put_refs(out, event->refs, err) < 0)
                return -1;
        put_str(out, &cursor->sequence_key);
        str_append(out, sequence, (size_t)digits);
        put_str(out, &cursor->source);
        if (event->subject)
                put_attribute(out, "subject", event->subject);
        else
                put_str(out, &cursor->subject);
        if (put_time(out, event->time, err) < 0)
                return -1;
        str_puts(out, ",\"type\":\"" EVENT_TYPE_PREFIX);
        str_puts(out, written->type);
        str_puts(out, "\"}");
        return 0;
}

static int insert(struct store *store, const char *type, const char *hash, struct err *err)
{
        struct sqlite3_stmt *add = db_use(store, SQL_EVENT_ADD, err);

        if (!add)
                return -1;
        db_int(add, 1, store->cursor.run);
        db_int(add, 2, store->cursor.sequence + 1);
        db_text(add, 3, type);
        db_bytes(add, 4, store->body.data, store->body.len);
        db_bytes(add, 5, hash, HASH_HEX - 1);
        return db_run(store, add, err);
}

static int check(const struct store_event *event, struct written *ret, struct err *err)
{
        const struct event_type *type = event->checked ? event->checked->type : event_type_find(event->type);

        if (!type)
                return err_set(err, ERR_INPUT, "there is no event type \"%.64s\"", event->type);
        *ret = (struct written){event_type_name(type), event->checked ? event->checked->actor : event->actor};
        return event->checked ? 0 : event_validate(type, event->actor, event->data, err);
}

/* The projection that is kept of these; text that was only looked at is taken apart for it. */
static int see_delta(struct store *store, const struct store_event *event, struct err *err)
{
        struct store_event seen = *event;
        _cleanup_json_ json_t *data = NULL;

        if (event->checked) {
                if (!(data = json_parse(event->checked->data, event->checked->len, "receipt.ahdb.delta", err)))
                        return -1;
                seen.data = data;
                seen.actor = event->checked->actor;
        }
        return ahdb_see(store, &seen, str_text(&store->body), err);
}

int event_write(struct store *store, const struct store_event *event, char *ret_id, struct err *err)
{
        struct cursor *cursor = &store->cursor;
        char hash[HASH_HEX];
        struct written written = {.type = ""};

        str_clear(&store->body);
        if (check(event, &written, err) < 0 || read_head(store, err) < 0 ||
            put_body(&store->body, cursor, event, &written, err) < 0)
                return -1;
        chain_hash(cursor->head, store->body.data, store->body.len, hash);
        if (insert(store, written.type, hash, err) < 0)
                return -1;
        if (strcmp(written.type, "receipt.ahdb.delta") == 0 && see_delta(store, event, err) < 0)
                return -1;
        cursor->sequence++;
        memcpy(cursor->head, hash, sizeof(hash));
        cursor->head_moved = true;
        if (ret_id)
                snprintf(ret_id, STORE_ID_MAX, "%s:" STORE_SEQUENCE, cursor->id, (long long)cursor->sequence);
        return 0;
}

int event_write_all(struct store *store, const char *run, const struct store_event *events, size_t len, struct err *err)
{
        if (cursor_load(store, run, err) < 0)
                return -1;
        for (size_t i = 0; i < len; i++)
                if (event_write(store, &events[i], NULL, err) < 0)
                        return err_wrap(err, "run %s, event %s", run, events[i].type);
        return 0;
}

/* ---- the interface ---- */

static int append_in_batch(struct store *store, const struct store_event *event, char *ret_id, struct err *err)
{
        if (store->batch_failed)
                return err_set(err, ERR_INTERNAL, "the batch failed before; it can only be aborted");
        if (cursor_load(store, event->run, err) == 0 && event_write(store, event, ret_id, err) == 0)
                return 0;
        store->batch_failed = err->code != ERR_INPUT && err->code != ERR_REFUSED && err->code != ERR_NOT_FOUND;
        return -1;
}

int store_event_append(struct store *store, const struct store_event *event, char *ret_id, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};

        if (store->batch)
                return append_in_batch(store, event, ret_id, err);
        if (db_begin(&tx, store, DB_QUICK, err) < 0 || cursor_load(store, event->run, err) < 0 ||
            event_write(store, event, ret_id, err) < 0)
                return -1;
        return db_commit(&tx, err);
}

int store_batch_begin(struct store *store, struct err *err)
{
        struct db_tx tx = {0};

        if (db_begin(&tx, store, DB_QUICK, err) < 0)
                return -1;
        store->batch = true;
        store->batch_failed = false;
        return 0;
}

int store_batch_commit(struct store *store, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {.store = store};

        if (!store->batch) {
                tx.store = NULL;
                return err_set(err, ERR_INTERNAL, "no batch is open");
        }
        store->batch = false;
        if (store->batch_failed)
                return err_set(err, ERR_INTERNAL, "the batch failed before; nothing of it was written");
        return db_commit(&tx, err);
}

void store_batch_abort(struct store *store)
{
        struct db_tx tx = {.store = store->batch ? store : NULL};

        store->batch = false;
        db_tx_end(&tx);
}
