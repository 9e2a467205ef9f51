/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/bundle_list.h"

#include "lib/base/cleanup.h"
#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"

#include <string.h>
#include <sys/stat.h>

#define BUNDLE "bundle/"

void bundle_list_add(struct json_t *list, const char *path, const struct str *bytes, mode_t mode)
{
        _cleanup_json_ struct json_t *name = json_quoted(path);
        char digest[HASH_HEX];
        struct json_t *file;

        hash_bytes(str_text(bytes), bytes->len, digest);
        file = json_pack("{s:I, s:s}", "bytes", (json_int_t)bytes->len, "sha256", digest);
        if (mode & S_IXUSR)
                json_object_set_new(file, "executable", json_true());
        json_object_set_new(list, json_string_value(name), file);
}

struct json_t *bundle_list_read(const char *bytes, size_t len)
{
        struct err none = ERR_INIT;

        return len ? json_parse(bytes, len, BUNDLE_LIST_FILE, &none) : NULL;
}

mode_t bundle_list_mode(const struct json_t *list, const char *name)
{
        const size_t prefix = strlen(BUNDLE);
        _cleanup_json_ struct json_t *path = strncmp(name, BUNDLE, prefix) == 0 ? json_quoted(name + prefix) : NULL;
        const struct json_t *file = path ? json_object_get(list, json_string_value(path)) : NULL;

        return json_is_true(json_object_get(file, "executable")) ? 0555 : 0444;
}
