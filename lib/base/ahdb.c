/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/ahdb.h"

#include "lib/base/json.h"

static const char *const parts[] = {"assert", "hypothesize", "drive", "believe"};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

const char *ahdb_part(size_t index)
{
        return index < PARTS ? parts[index] : NULL;
}

bool ahdb_counts(size_t part, bool attested)
{
        return attested || part > 0;
}

struct json_t *ahdb_new(void)
{
        return json_pack("{s:{}, s:{}, s:{}, s:{}}", parts[0], parts[1], parts[2], parts[3]);
}

static void set(json_t *part, const char *key, json_t *value)
{
        if (json_is_null(value))
                json_object_del(part, key);
        else
                json_object_set(part, key, value);
}

void ahdb_fold(struct json_t *ahdb, const struct json_t *delta, bool attested)
{
        for (size_t i = 0; i < PARTS; i++) {
                json_t *part = json_object_get(ahdb, parts[i]), *change = json_object_get(delta, parts[i]), *value;
                const char *key;

                if (!change || !ahdb_counts(i, attested))
                        continue;
                if (!json_is_object(change)) {
                        set(part, "", change);
                        continue;
                }
                json_object_foreach(change, key, value) set(part, key, value);
        }
}

size_t ahdb_entries(const struct json_t *ahdb)
{
        size_t entries = 0;

        for (size_t i = 0; i < PARTS; i++)
                entries += json_object_size(json_object_get(ahdb, parts[i]));
        return entries;
}
