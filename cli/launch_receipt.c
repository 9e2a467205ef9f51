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

static struct json_t *read_data(const struct launch_file *file)
{
        char digest[HASH_HEX];

        hash_bytes(file->bytes, file->len, digest);
        return json_pack("{s:o, s:s, s:I, s:s}", "path", json_quoted(file->name), "sha256", digest, "bytes",
                         (json_int_t)file->len, "origin", file->origin);
}

void launch_reads(const struct launch *launch, struct launch_reads *ret)
{
        ret->items = xcalloc(launch->files.len, sizeof(*ret->items));
        for (size_t i = 0; i < launch->files.len; i++)
                if (strncmp(launch->files.items[i].name, "bundle/", strlen("bundle/")) != 0)
                        ret->items[ret->len++] = (struct store_event){.type = "receipt.read",
                                                                      .actor = EVENT_ACTOR_SYSTEM,
                                                                      .data = read_data(&launch->files.items[i])};
}

void launch_reads_release(struct launch_reads *reads)
{
        for (size_t i = 0; i < reads->len; i++)
                json_decref((json_t *)reads->items[i].data);
        free(reads->items);
        *reads = (struct launch_reads){0};
}
