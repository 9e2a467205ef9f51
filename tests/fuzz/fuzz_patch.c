/* SPDX-License-Identifier: Apache-2.0 */
/* A patch from an attacker, against a small file: it is read to its end or refused, and names no path that holds a NUL. */
#include "lib/base/cleanup.h"
#include "lib/git/patch_read.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char old[] = "one\ntwo\nthree\nfour\nfive\nsix\nseven";
        _cleanup_free_ char *copy = xmemdup(data, size);
        struct patch_reader reader = {.at = copy, .end = copy + size};
        struct err err = ERR_INIT;
        struct patch_file file;
        int got;

        while ((got = patch_next(&reader, &file, &err)) > 0) {
                _cleanup_str_ struct str content = {0};

                if (!file.path || !file.path[0] || (!file.old_mode && !file.new_mode))
                        abort();
                got = patch_content(&reader, &file, old, sizeof(old) - 1, &content, &err);
                patch_file_release(&file);
                if (got < 0)
                        break;
        }
        if (got < 0 && err.code != ERR_INPUT)
                abort();
        return 0;
}
