/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/packet/attest_key.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)1 << 20)

void attest_keys_release(struct attest_keys *keys)
{
        free(keys->items);
        *keys = (struct attest_keys){0};
}

int attest_keys_read(struct attest_keys *keys, const char *text, const char *name, struct err *err)
{
        const size_t before = keys->len;
        struct p256_public key;
        int got;

        while ((got = p256_public_read(&text, &key, err)) > 0) {
                if (attest_keys_find(keys, key.id))
                        continue;
                keys->items = xgrow(keys->items, keys->len, sizeof(*keys->items));
                keys->items[keys->len++] = key;
        }
        if (got < 0)
                return err_wrap(err, "%s", name);
        if (keys->len == before && !before)
                return err_set(err, ERR_INPUT, "%s: there is no public key in it (-----BEGIN PUBLIC KEY-----)", name);
        return 0;
}

int attest_keys_load(struct attest_keys *keys, const char *path, struct err *err)
{
        _cleanup_str_ struct str text = {0};

        if (fs_read_named(path, FILE_MAX, &text, err) < 0)
                return err_wrap(err, "the keys %s", path);
        return attest_keys_read(keys, str_text(&text), path, err);
}

const struct p256_public *attest_keys_find(const struct attest_keys *keys, const char *id)
{
        for (size_t i = 0; i < keys->len; i++)
                if (strcmp(keys->items[i].id, id) == 0)
                        return &keys->items[i];
        return NULL;
}
