/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_CANONICAL_H
#define CUPEL_BASE_CANONICAL_H

/*
 * Whether a text is a JSON object in canonical form (lib/base/json.h, json_canonical()), told from its bytes alone: notes come by
 * the ten thousand, and what is canonical already need neither be taken apart nor be put together again.
 *
 *         struct canonical data;
 *         if (canonical_read(text, len, &data))
 *                 … json_canonical() of what is parsed from the text gives these very bytes
 *         else
 *                 … it is not canonical, or this cannot tell (long numbers, exponents, rare escapes): json_parse() judges
 *
 * Any bytes are taken. Nothing is allocated: the members borrow from the text. The judge of this is jansson: tests and a fuzz target
 * compare the two.
 */

#include <stdbool.h>
#include <stddef.h>

#define CANONICAL_MEMBERS_MAX 32 /* of the object itself; more: it cannot tell */
#define CANONICAL_DEPTH_MAX 16

enum canonical_kind {
        CANONICAL_STRING,
        CANONICAL_INTEGER,
        CANONICAL_REAL,
        CANONICAL_BOOL,
        CANONICAL_NULL,
        CANONICAL_ARRAY,
        CANONICAL_OBJECT,
};

struct canonical_member {
        const char *name,
                *text; /* as they stand there; of strings without the quotes around them, escapes as they are */
        size_t name_len, len;
        enum canonical_kind kind;
};

struct canonical {
        struct canonical_member members[CANONICAL_MEMBERS_MAX];
        size_t len;
        bool escapes; /* somewhere in it is a backslash: a search in the bytes may miss what the strings say */
};

bool canonical_read(const char *text, size_t len, struct canonical *ret);

/* NULL: it has no such member. */
const struct canonical_member *canonical_get(const struct canonical *object, const char *name);

#endif
