/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receipt of the seal is itself the end of what it seals: a later look takes the receipts before it, and the chain
 * head that it recorded, so that the digest can be recomputed for as long as the log lives. Where there are several, since the
 * target moved after the first, the last counts.
 */
#include "director/evidence.h"

#include "director/attack_report.h"
#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdlib.h>
#include <string.h>

#define SEAL "receipt.evidence.set.hash"
#define DECISION "receipt.policy.decision"

struct collection {
        struct strv lines;
        bool sealed;
        size_t sealed_lines;   /* those before the last seal */
        char digest[HASH_HEX]; /* as recorded */
        char chain[HASH_HEX];
        char decision[STORE_ID_MAX]; /* the director's last */
};

static void take_seal(struct json_t *data, struct collection *collection)
{
        const char *digest = json_string_value(json_object_get(data, "sha256"));
        const char *chain = json_string_value(json_object_get(data, "store_chain"));

        snprintf(collection->digest, sizeof(collection->digest), "%s", digest ? digest : "");
        snprintf(collection->chain, sizeof(collection->chain), "%s", chain ? chain : "");
        collection->sealed = true;
        collection->sealed_lines = collection->lines.len;
}

static int collect(const struct store_event_row *row, void *arg, struct err *err)
{
        struct collection *collection = arg;

        if (strcmp(row->type, SEAL) == 0) {
                _cleanup_json_ struct json_t *data = store_event_data(row->json, err);

                if (!data)
                        return -1;
                take_seal(data, collection);
        } else if (strcmp(row->type, DECISION) == 0) { /* the director's own is the last before its seal */
                snprintf(collection->decision, sizeof(collection->decision), "%s:" STORE_SEQUENCE, row->run,
                         (long long)row->sequence);
        }
        strv_add_printf(&collection->lines, "%s:" STORE_SEQUENCE " %s", row->run, (long long)row->sequence, row->hash);
        return 0;
}

/* `anew`: what was sealed does not count; the next seal takes all there is, the old one too. */
static int gather(struct director *d, bool anew, struct collection *collection, struct err *err)
{
        const struct store_events_filter filter = {.type_prefix = "receipt."};

        if (store_events_each(d->store, d->row.id, &filter, collect, collection, err) < 0)
                return -1;
        if (anew)
                collection->sealed = false;
        if (!collection->sealed && store_chain_head(d->store, collection->chain, err) < 0)
                return -1;
        while (collection->sealed && collection->lines.len > collection->sealed_lines)
                free(collection->lines.items[--collection->lines.len]);
        strv_add_printf(&collection->lines, "store-chain %s", collection->chain);
        return 0;
}

void evidence_digest(struct strv *lines, struct str *ret_text, char ret_digest[HASH_HEX])
{
        strv_sort_unique(lines);
        for (size_t i = 0; i < lines->len; i++)
                str_printf(ret_text, "%s\n", lines->items[i]);
        hash_bytes(str_text(ret_text), ret_text->len, ret_digest);
}

static int check_seal(struct director *d, const struct collection *collection, const char *digest, struct err *err)
{
        bool known = false;

        if (strcmp(collection->digest, digest) != 0)
                return err_set(err, ERR_REFUSED, "the evidence is not what was sealed: the log was changed");
        if (store_chain_has(d->store, collection->chain, &known, err) < 0)
                return -1;
        return known ? 0
                     : err_set(err, ERR_REFUSED, "the store's history is not the one that the evidence was sealed in");
}

static int record_seal(struct director *d, const struct collection *collection, const char *digest, struct err *err)
{
        struct json_t *refs = json_pack("[s]", digest);

        if (collection->decision[0])
                json_array_append_new(refs, json_string(collection->decision));
        return director_record_on(d, SEAL,
                                  json_pack("{s:s, s:s, s:I}", "sha256", digest, "store_chain", collection->chain,
                                            "count", (json_int_t)collection->lines.len),
                                  refs, NULL, err);
}

int evidence_seal(struct director *d, char ret_digest[HASH_HEX], struct err *err)
{
        struct collection collection = {.sealed = false};
        _cleanup_str_ struct str text = {0};
        char digest[HASH_HEX];
        int got;

        if (d->sealed.digest[0]) { /* by this process, whose run nobody else moves */
                memcpy(ret_digest, d->sealed.digest, HASH_HEX);
                return 0;
        }
        got = gather(d, d->sealed.stale, &collection, err);
        if (got == 0) {
                evidence_digest(&collection.lines, &text, digest);
                got = collection.sealed ? check_seal(d, &collection, digest, err)
                                        : record_seal(d, &collection, digest, err);
                if (got < 0 && err->code == ERR_REFUSED)
                        attack_notice(d, "evidence", err);
        }
        strv_release(&collection.lines);
        if (got < 0)
                return -1;
        str_release(&d->sealed.text);
        d->sealed.text = text;
        text = (struct str){0};
        d->sealed.stale = false;
        memcpy(d->sealed.digest, digest, HASH_HEX);
        memcpy(ret_digest, digest, HASH_HEX);
        return 0;
}

void evidence_forget(struct director *d)
{
        str_release(&d->sealed.text);
        d->sealed = (struct sealed){.digest = ""};
}

void evidence_void(struct director *d)
{
        evidence_forget(d);
        d->sealed.stale = true;
}

int evidence_list(struct director *d, struct str *ret, struct err *err)
{
        struct collection collection = {.sealed = false};
        char digest[HASH_HEX];
        int got;

        if (d->sealed.digest[0]) {
                str_append(ret, str_text(&d->sealed.text), d->sealed.text.len);
                return 0;
        }
        got = gather(d, false, &collection, err); /* a seal that no round came after is in the log all the same */
        if (got == 0 && collection.sealed)
                evidence_digest(&collection.lines, ret, digest);
        strv_release(&collection.lines);
        return got;
}
