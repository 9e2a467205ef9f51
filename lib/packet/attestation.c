/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/packet/attestation.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/packet/attest_key.h"
#include "lib/packet/dsse.h"

#include <string.h>

static const char *const uris[] = {
#define X(id, uri) [ATTEST_##id] = uri,
        ATTEST_PREDICATES(X)
#undef X
};

const char *attest_predicate_uri(enum attest_predicate predicate)
{
        return uris[predicate];
}

void attestation_release(struct attestation *attestation)
{
        for (int i = 0; i < ATTEST_PREDICATE_COUNT; i++)
                json_decref(attestation->predicates[i]);
        *attestation = (struct attestation){.keyid = ""};
}

/* ---- One statement ---- */

struct reading {
        const struct attest_keys *keys;
        struct attestation *attestation;
        int last; /* predicate of the line before; -1: none */
        size_t lines;
        char digests[ATTEST_PREDICATE_COUNT][HASH_HEX]; /* of the envelopes */
};

static bool is_hex(const char *text, size_t least, size_t most)
{
        const size_t len = strlen(text);

        return (len == least || len == most) && strspn(text, "0123456789abcdef") == len;
}

/* One algorithm of the subject: the same in all lines. `first`: this line is the first. */
static bool same_digest(struct json_t *digest, const char *name, char *place, size_t size, bool first)
{
        const char *text = json_text_of(digest, name);

        if (*text && !is_hex(text, 40, 64))
                return false;
        if (first)
                snprintf(place, size, "%s", text);
        return strcmp(place, text) == 0;
}

static int take_subject(struct reading *reading, struct json_t *subjects, struct err *err)
{
        static const char *const algorithms[] = {"gitCommit", "gitTree", "sha256"};
        struct attestation *a = reading->attestation;
        struct json_t *digest = json_object_get(json_array_get(subjects, 0), "digest");
        const bool first = reading->lines == 0;
        size_t known = 0;

        for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
                known += json_object_get(digest, algorithms[i]) ? 1 : 0;
        if (json_array_size(subjects) != 1 || !json_object_size(digest) || json_object_size(digest) != known)
                return err_set(err, ERR_INPUT, "a statement has another subject than one commit, tree or report");
        if (!same_digest(digest, "gitCommit", a->commit, sizeof(a->commit), first) ||
            !same_digest(digest, "gitTree", a->tree, sizeof(a->tree), first) ||
            !same_digest(digest, "sha256", a->report, sizeof(a->report), first))
                return err_set(err, ERR_INPUT, "its statements are about different things, or one is about nothing");
        if (a->commit[0] && !a->tree[0])
                return err_set(err, ERR_INPUT, "a statement is about a commit without its tree");
        return 0;
}

static int find_predicate(const char *uri)
{
        for (int i = 0; i < ATTEST_PREDICATE_COUNT; i++)
                if (strcmp(uris[i], uri) == 0)
                        return i;
        return -1;
}

static int take_statement(struct reading *reading, const struct str *payload, int *ret_predicate, struct err *err)
{
        _cleanup_json_ struct json_t *statement = json_parse(str_text(payload), payload->len, "statement", err);
        const char *type = NULL, *uri = NULL;
        struct json_t *subjects = NULL, *predicate = NULL;
        const struct json_field fields[] = {{"_type", JSON_FIELD_STRING, &type, true},
                                            {"predicateType", JSON_FIELD_STRING, &uri, true},
                                            {"subject", JSON_FIELD_ARRAY, &subjects, true},
                                            {"predicate", JSON_FIELD_OBJECT, &predicate, true},
                                            {0}};
        int which;

        if (!statement || json_fields(statement, "statement", fields, err) < 0)
                return -1;
        which = find_predicate(uri);
        if (strcmp(type, ATTEST_STATEMENT_TYPE) != 0 || which < 0)
                return err_set(err, ERR_INPUT, "a statement is of a kind that no packet has: %.100s",
                               which < 0 ? uri : type);
        if (which <= reading->last)
                return err_set(err, ERR_INPUT, "its statements are not each there once, in their order");
        if (take_subject(reading, subjects, err) < 0)
                return -1;
        reading->attestation->predicates[which] = json_incref(predicate);
        *ret_predicate = which;
        return 0;
}

/* ---- The lines ---- */

static int check_signature(struct reading *reading, const struct dsse *envelope, struct err *err)
{
        int got;

        if (reading->lines == 0)
                memcpy(reading->attestation->keyid, envelope->keyid, sizeof(envelope->keyid));
        if (strcmp(reading->attestation->keyid, envelope->keyid) != 0)
                return err_set(err, ERR_INPUT, "its lines name different keys");
        if (!reading->keys)
                return 0;
        got = dsse_verify(envelope, reading->keys);
        if (got == 0)
                return err_set(err, ERR_REFUSED, "it names the key %.16s…, which is none of those that are trusted",
                               envelope->keyid);
        return got < 0 ? err_set(err, ERR_REFUSED, "the signature of line %zu is not one of the key %.16s… over it",
                                 reading->lines + 1, envelope->keyid)
                       : 0;
}

static int take_line(struct reading *reading, const char *line, size_t len, struct err *err)
{
        _cleanup_dsse_ struct dsse envelope = {.keyid = ""};
        int which = -1;

        if (dsse_parse(line, len, &envelope, err) < 0)
                return err_wrap(err, "line %zu", reading->lines + 1);
        if (check_signature(reading, &envelope, err) < 0 || take_statement(reading, &envelope.payload, &which, err) < 0)
                return -1;
        hash_bytes(line, len, reading->digests[which]);
        reading->last = which;
        reading->lines++;
        return 0;
}

/* The summary was made of exactly the lines before it. */
static int check_inputs(const struct reading *reading, struct err *err)
{
        const struct json_t *summary = reading->attestation->predicates[ATTEST_SUMMARY];
        const struct json_t *inputs = json_object_get(summary, "inputAttestations");
        size_t at = 0;

        if (!summary)
                return 0;
        for (int i = 0; i < ATTEST_SUMMARY; i++) {
                const struct json_t *digest = json_object_get(json_array_get(inputs, at), "digest");

                if (!reading->attestation->predicates[i])
                        continue;
                at++;
                if (strcmp(json_text_of(digest, "sha256"), reading->digests[i]) != 0)
                        return err_set(err, ERR_INPUT, "its summary was made of other lines than those before it");
        }
        return json_array_size(inputs) == at
                       ? 0
                       : err_set(err, ERR_INPUT, "its summary was made of more lines than are there");
}

int attestation_read(const char *text, size_t len, const struct attest_keys *keys, struct attestation *ret,
                     struct err *err)
{
        _cleanup_attestation_ struct attestation attestation = {.keyid = ""};
        struct reading reading = {.keys = keys, .attestation = &attestation, .last = -1};
        const char *at = text, *end = text + len;

        if (len > ATTEST_FILE_MAX)
                return err_set(err, ERR_INPUT, "it is larger than any attestation");
        while (at < end) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));

                if (!newline || reading.lines == ATTEST_PREDICATE_COUNT)
                        return err_set(err, ERR_INPUT,
                                       newline ? "it has more lines than an attestation has"
                                               : "its last line has no end");
                if (take_line(&reading, at, (size_t)(newline - at), err) < 0)
                        return -1;
                at = newline + 1;
        }
        if (!reading.lines)
                return err_set(err, ERR_INPUT, "it is empty");
        if (check_inputs(&reading, err) < 0)
                return -1;
        *ret = attestation;
        attestation = (struct attestation){.keyid = ""};
        return 0;
}

/* ---- What there is to say ---- */

/* A tree counts once its objects were checked, which is when the report tells its changes. */
const char *attest_checked_tree(const struct json_t *report)
{
        return json_is_object(json_object_get(report, "changes")) ? json_text_of(report, "tree") : "";
}

int attest_decision(const struct json_t *report)
{
        const char *outcome = json_text_of(report, "outcome");

        if (strcmp(outcome, "committed") == 0)
                return 1;
        return (strcmp(outcome, "director_refused") == 0 || strcmp(outcome, "rejected") == 0) &&
                               attest_checked_tree(report)[0]
                       ? 0
                       : -1;
}

/* ---- What it says ---- */

int attestation_vouches(const struct attestation *a, const char *commit, const char *tree, struct err *err)
{
        const struct json_t *summary = a->predicates[ATTEST_SUMMARY], *tests = a->predicates[ATTEST_TEST_RESULT];

        if (strcmp(a->commit, commit) != 0)
                return err_set(err, ERR_REFUSED, "its attestation is about another commit, %.12s",
                               a->commit[0] ? a->commit : "none");
        if (strcmp(a->tree, tree) != 0)
                return err_set(err, ERR_REFUSED, "its attestation is about another tree, %.12s", a->tree);
        if (!summary || !tests || !a->predicates[ATTEST_PROVENANCE])
                return err_set(err, ERR_REFUSED, "its attestation lacks test result, provenance or summary");
        if (strcmp(json_text_of(summary, "verificationResult"), "PASSED") != 0)
                return err_set(err, ERR_REFUSED, "the director refused it");
        if (strcmp(json_text_of(tests, "result"), "PASSED") != 0 &&
            strcmp(json_text_of(tests, "result"), "WARNED") != 0)
                return err_set(err, ERR_REFUSED, "a verifier had failed on it");
        return 0;
}

const char *attestation_byproduct(const struct attestation *a, const char *name)
{
        const struct json_t *details = json_object_get(a->predicates[ATTEST_PROVENANCE], "runDetails");
        struct json_t *byproduct;
        size_t i;

        json_array_foreach(json_object_get(details, "byproducts"), i, byproduct)
        {
                if (strcmp(json_text_of(byproduct, "name"), name) == 0)
                        return json_text_of(json_object_get(byproduct, "digest"), "sha256");
        }
        return "";
}
