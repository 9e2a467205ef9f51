/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/identity.h"

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

static void put_files(struct hash *hash, const struct identity_input *input)
{
        _cleanup_free_ const struct identity_file **sorted = xcalloc(input->files_len + 1, sizeof(*sorted));

        for (size_t i = 0; i < input->files_len; i++)
                sorted[i] = &input->files[i];
        qsort(sorted, input->files_len, sizeof(*sorted), compare_files);
        put_count(hash, input->files_len);
        for (size_t i = 0; i < input->files_len; i++) {
                put_text(hash, sorted[i]->name);
                put_text(hash, sorted[i]->origin);
                hash_field(hash, sorted[i]->bytes, sorted[i]->len);
        }
}

static void put_tools(struct hash *hash, const struct identity_input *input)
{
        _cleanup_free_ const struct identity_tool **sorted = xcalloc(input->tools_len + 1, sizeof(*sorted));

        for (size_t i = 0; i < input->tools_len; i++)
                sorted[i] = &input->tools[i];
        qsort(sorted, input->tools_len, sizeof(*sorted), compare_tools);
        put_count(hash, input->tools_len);
        for (size_t i = 0; i < input->tools_len; i++) {
                put_text(hash, sorted[i]->name);
                put_text(hash, sorted[i]->value);
        }
}

void identity_compute(const struct identity_input *input, char ret_hex[HASH_HEX])
{
        struct hash hash;

        hash_init(&hash);
        put_text(&hash, domain);
        put_files(&hash, input);
        put_text(&hash, input->plan_json);
        put_tools(&hash, input);
        hash_final(&hash, ret_hex);
}
