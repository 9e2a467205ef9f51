/* SPDX-License-Identifier: Apache-2.0 */
/* The events of approvals: what is approved, what it rests on (their refs), and who said what. */
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/store/approval_row.h"
#include "lib/store/event.h"

#include <stdio.h>
#include <string.h>

static void put(json_t *data, const char *name, const char *text)
{
        if (text && *text)
                json_object_set_new(data, name, json_quoted(text));
}

static void put_subject(json_t *data, const struct store_approval_key *key)
{
        put(data, "tree", key->tree);
        put(data, "base", key->base);
        put(data, "evidence", key->evidence);
        put(data, "sentence", key->sentence);
        put(data, "item_sha256", key->item_sha256);
        put(data, "plan_id", key->plan_id);
}

/* The newest event of this kind about the same, in the run whose log is being written. */
static int add_earlier(struct store *store, const struct store_approval_key *key, const char *type, json_t *refs,
                       struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, SQL_EVENT_ABOUT, err);
        char id[STORE_ID_MAX];
        int got;

        if (!get)
                return -1;
        db_int(get, 1, store->cursor.run);
        db_text(get, 2, type);
        db_text(get, 3, approval_kind_name(key->kind));
        db_text(get, 4, key->evidence ? key->evidence : "");
        if ((got = db_step(store, get, err)) <= 0)
                return got;
        snprintf(id, sizeof(id), "%s:" STORE_SEQUENCE, store->cursor.id, (long long)db_column_int(get, 0));
        db_done(get);
        json_array_append_new(refs, json_string(id));
        return 0;
}

static void add_digest(json_t *refs, const char *digest)
{
        if (digest && *digest)
                json_array_append_new(refs, json_string(digest));
}

/* What it is bound to, and the step before; a request rests on the seal of what it asks about. */
static json_t *refs_of(struct store *store, const struct store_approval_key *key, const char *type, struct err *err)
{
        static const struct {
                const char *type, *earlier;
        } steps[] = {{"approval.requested", "receipt.evidence.set.hash"},
                     {"approval.granted", "approval.requested"},
                     {"approval.denied", "approval.requested"},
                     {"approval.consumed", "approval.granted"}};
        json_t *refs = json_array();

        add_digest(refs, key->evidence);
        if (key->kind == STORE_APPROVAL_START) {
                add_digest(refs, key->item_sha256);
                add_digest(refs, key->plan_id);
        }
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
                if (strcmp(steps[i].type, type) == 0 && add_earlier(store, key, steps[i].earlier, refs, err) < 0) {
                        json_decref(refs);
                        return NULL;
                }
        return refs;
}

int approval_tell(struct store *store, const char *run, const struct store_approval_key *key,
                  const struct approval_told *told, struct err *err)
{
        _cleanup_json_ json_t *refs = NULL;
        _cleanup_json_ json_t *data = json_pack("{s:s}", "kind", approval_kind_name(key->kind));
        char deadline[CLOCK_RFC3339];

        put_subject(data, key);
        put(data, "who", told->who);
        put(data, "reason", told->reason);
        put(data, "granted", told->granted);
        if (told->deadline_ms > 0) {
                clock_rfc3339_at(told->deadline_ms, deadline);
                put(data, "deadline", deadline);
        }
        if (cursor_load(store, run, err) < 0 || !(refs = refs_of(store, key, told->type, err)))
                return -1;
        return event_write(store,
                           &(struct store_event){.type = told->type, .actor = told->actor, .data = data, .refs = refs},
                           NULL, err);
}
