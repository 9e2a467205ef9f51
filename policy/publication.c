/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/publication.h"

#include "policy/schema.h"
#include "policy/words.h"

static const char *const names[] = {"silent", "never", "person", "allowed", NULL};

const char *publication_name(enum publication publication)
{
        return names[publication];
}

static enum publication read_word(const char *word, enum publication otherwise)
{
        const int found = word ? word_find(names, word) : -1;

        if (!word)
                return otherwise;
        return found > PUBLICATION_SILENT ? (enum publication)found : PUBLICATION_NEVER;
}

enum publication publication_boundary(const struct pairs *said)
{
        const enum publication website = read_word(pairs_get(said, "website"), PUBLICATION_SILENT);
        const enum publication external = read_word(pairs_get(said, "external"), PUBLICATION_PERSON);

        return website < external ? website : external;
}
