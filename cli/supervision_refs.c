/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/supervision_refs.h"

#include "lib/base/json.h"

#include <stdbool.h>
#include <string.h>

#define PATCH (1u << RECORD_REFS_PATCH)
#define DECISION (1u << RECORD_REFS_DECISION)
#define VERIFIERS (1u << RECORD_REFS_VERIFIERS)
#define RESULTS (1u << RECORD_REFS_RESULTS)

static const struct {
        const char *type;
        unsigned rests_on;
        enum record_refs_kind is; /* KINDS: nothing rests on it */
        bool all;                 /* not only the last one */
} rows[] = {
        {"receipt.patch", 0, RECORD_REFS_PATCH, false},
        {"receipt.policy.decision", PATCH, RECORD_REFS_DECISION, false},
        {"receipt.verifier", PATCH, RECORD_REFS_VERIFIERS, true},
        {"receipt.verifier.results", VERIFIERS, RECORD_REFS_RESULTS, false},
        {"note.request.verify", PATCH | DECISION | RESULTS, RECORD_REFS_KINDS, false},
};

static size_t row_of(const char *type)
{
        size_t i = 0;

        while (i < sizeof(rows) / sizeof(rows[0]) && strcmp(rows[i].type, type) != 0)
                i++;
        return i;
}

struct json_t *record_refs_of(const struct record_refs *known, const char *type)
{
        const size_t row = row_of(type);
        json_t *refs = NULL;

        if (row == sizeof(rows) / sizeof(rows[0]))
                return NULL;
        for (unsigned kind = 0; kind < RECORD_REFS_KINDS; kind++) {
                if (!(rows[row].rests_on & 1u << kind) || !known->ids[kind])
                        continue;
                if (!refs)
                        refs = json_array();
                json_array_extend(refs, known->ids[kind]);
        }
        return refs;
}

/* A patch is named by its digest, too: so the change itself is found, whoever counted it. */
void record_refs_see(struct record_refs *known, const char *type, const char *id, const struct json_t *data)
{
        const size_t row = row_of(type);
        const char *digest;
        json_t **ids;

        if (row == sizeof(rows) / sizeof(rows[0]) || rows[row].is == RECORD_REFS_KINDS)
                return;
        ids = &known->ids[rows[row].is];
        if (!*ids || !rows[row].all) {
                json_decref(*ids);
                *ids = json_array();
        }
        if (json_array_size(*ids) < RECORD_REFS_MAX)
                json_array_append_new(*ids, json_string(id));
        digest = rows[row].is == RECORD_REFS_PATCH ? json_text_of(data, "sha256") : "";
        if (digest[0])
                json_array_append_new(*ids, json_string(digest));
}

struct record_refs record_refs_copy(const struct record_refs *known)
{
        struct record_refs copy = {0};

        for (size_t i = 0; i < RECORD_REFS_KINDS; i++)
                copy.ids[i] = json_copy(known->ids[i]);
        return copy;
}

void record_refs_release(struct record_refs *known)
{
        for (size_t i = 0; i < RECORD_REFS_KINDS; i++)
                json_decref(known->ids[i]);
        *known = (struct record_refs){0};
}
