/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/identity.h"

#include "lib/base/cleanup.h"
#include "lib/base/str.h"

#include <stdlib.h>
#include <string.h>

static const char domain[] = "cupel.identity.v1";

static int compare_files(const void *a, const void *b)
{
        const struct identity_file *const *x = a, *const *y = b;

        return strcmp((*x)->name, (*y)->name);
}

static int compare_tools(const void *a, const void *b)
{
        const struct identity_tool *const *x = a, *const *y = b;

        return strcmp((*x)->name, (*y)->name);
}

static void put_text(struct hash *hash, const char *text)
{
        hash_field(hash, text, strlen(text));
}

static void put_count(struct hash *hash, size_t count)
{
        unsigned char bytes[8];

        for (size_t i = 0; i < 8; i++)
                bytes[i] = (unsigned char)((uint64_t)count >> (56 - 8 * i));
        hash_field(hash, bytes, sizeof(bytes));
}

void identity_begin(struct hash *hash, size_t files)
{
        hash_init(hash);
        put_text(hash, domain);
        put_count(hash, files);
}

void identity_file(struct hash *hash, const struct identity_file *file)
{
        put_text(hash, file->name);
        put_text(hash, file->origin);
        hash_field(hash, file->bytes, file->len);
}

static void put_tools(struct hash *hash, const struct identity_tool *tools, size_t tools_len)
{
        _cleanup_free_ const struct identity_tool **sorted = xcalloc(tools_len + 1, sizeof(*sorted));

        for (size_t i = 0; i < tools_len; i++)
                sorted[i] = &tools[i];
        qsort(sorted, tools_len, sizeof(*sorted), compare_tools);
        put_count(hash, tools_len);
        for (size_t i = 0; i < tools_len; i++) {
                put_text(hash, sorted[i]->name);
                put_text(hash, sorted[i]->value);
        }
}

void identity_end(struct hash *hash, const char *plan_json, size_t plan_len, const struct identity_tool *tools,
                  size_t tools_len, char ret_hex[HASH_HEX])
{
        hash_field(hash, plan_json, plan_len);
        put_tools(hash, tools, tools_len);
        hash_final(hash, ret_hex);
}

void identity_compute(const struct identity_input *input, char ret_hex[HASH_HEX])
{
        _cleanup_free_ const struct identity_file **sorted = xcalloc(input->files_len + 1, sizeof(*sorted));
        struct hash hash;

        for (size_t i = 0; i < input->files_len; i++)
                sorted[i] = &input->files[i];
        qsort(sorted, input->files_len, sizeof(*sorted), compare_files);
        identity_begin(&hash, input->files_len);
        for (size_t i = 0; i < input->files_len; i++)
                identity_file(&hash, sorted[i]);
        identity_end(&hash, input->plan_json, input->plan_len, input->tools, input->tools_len, ret_hex);
}
