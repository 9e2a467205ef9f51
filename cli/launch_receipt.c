/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipt.preconditions: what was looked at before a run could start, each part by who looked. Values of the environment are
 * nowhere in it. receipt.read: each file that decided what the run may do, from the bytes of the snapshot; the files of a bundle
 * stand in bundle.json, which is one of them.
 */
#include "cli/launch_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

static void put(json_t *receipt, const char *name, json_t *part)
{
        if (part)
                json_object_set(receipt, name, part);
}

struct json_t *launch_receipt(const struct launch *launch)
{
        json_t *receipt = json_object();

        put(receipt, "admission", launch->admission);
        put(receipt, "freshness", launch->freshness);
        put(receipt, "requirements", launch->requirements);
        put(receipt, "spend", launch->spend);
        return receipt;
}

static int record_read(const struct launch *launch, const struct launch_file *file, struct store *store,
                       struct err *err)
{
        _cleanup_json_ json_t *data = NULL;
        struct store_event event = {.run = launch->run_id, .type = "receipt.read", .actor = EVENT_ACTOR_SYSTEM};
        char digest[HASH_HEX];

        hash_bytes(file->bytes, file->len, digest);
        data = json_pack("{s:o, s:s, s:I, s:s}", "path", json_quoted(file->name), "sha256", digest, "bytes",
                         (json_int_t)file->len, "origin", file->origin);
        event.data = data;
        return store_event_append(store, &event, NULL, err);
}

int launch_record_reads(const struct launch *launch, struct context *context, struct err *err)
{
        if (store_batch_begin(context->store, err) < 0)
                return -1;
        for (size_t i = 0; i < launch->files.len; i++) {
                const struct launch_file *file = &launch->files.items[i];

                if (strncmp(file->name, "bundle/", strlen("bundle/")) == 0)
                        continue;
                if (record_read(launch, file, context->store, err) < 0) {
                        store_batch_abort(context->store);
                        return err_wrap(err, "record what was read");
                }
        }
        return store_batch_commit(context->store, err);
}
