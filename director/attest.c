/* SPDX-License-Identifier: Apache-2.0 */
#include "director/attest.h"

#include "director/attest_statement.h"
#include "director/director.h"
#include "director/packet.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/p256.h"
#include "lib/packet/attest_key.h"
#include "lib/packet/attestation.h"
#include "lib/packet/dsse.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_COMMIT "packet"

int attest_prepare(struct director *d, struct err *err)
{
        _cleanup_free_ char *folder = NULL;
        _cleanup_fd_ int keys_fd = -1;

        if (d->attest_key)
                return 0;
        keys_fd = director_open_keys(d, &folder, err);
        if (keys_fd < 0)
                return -1;
        return p256_ensure(keys_fd, ATTEST_KEY, &d->attest_key, err) < 0 ? err_wrap(err, "%s", folder) : 0;
}

/* ---- The lines ---- */

struct lines {
        const struct attest_input *input;
        const struct p256_key *key;
        struct json_t *subject, *inputs; /* what the summary is made of: the lines so far */
        struct str *out;
};

/* `predicate` is taken; NULL: there is no such line. */
static int put_line(struct lines *lines, enum attest_predicate which, struct json_t *predicate, struct err *err)
{
        const char *uri = attest_predicate_uri(which);
        _cleanup_json_ struct json_t *statement =
                predicate ? json_pack("{s:s, s:s, s:o, s:O}", "_type", ATTEST_STATEMENT_TYPE, "predicateType", uri,
                                      "predicate", predicate, "subject", lines->subject)
                          : NULL;
        _cleanup_free_ char *payload = NULL;
        const size_t from = lines->out->len;
        char hex[HASH_HEX];

        if (!statement)
                return 0;
        payload = json_canonical(statement);
        if (dsse_sign(lines->key, payload, strlen(payload), lines->out, err) < 0)
                return -1;
        hash_bytes(lines->out->data + from, lines->out->len - from, hex);
        json_array_append_new(lines->inputs, json_pack("{s:s, s:{s:s}}", "name", uri, "digest", "sha256", hex));
        str_putc(lines->out, '\n');
        return 0;
}

static int compose(const struct attest_input *input, const struct p256_key *key, struct str *out, struct err *err)
{
        _cleanup_json_ struct json_t *subject = attest_subject(input), *inputs = json_array();
        struct lines lines = {.input = input, .key = key, .subject = subject, .inputs = inputs, .out = out};

        if (put_line(&lines, ATTEST_TEST_RESULT, attest_test_result(input), err) < 0 ||
            put_line(&lines, ATTEST_PROVENANCE, attest_provenance(input), err) < 0)
                return -1;
        return put_line(&lines, ATTEST_SUMMARY, attest_summary(input, json_incref(inputs)), err);
}

/* ---- The file ---- */

/* A held run has one without a commit, which goes when it lands. */
static int write_lines(int evidence_fd, const char *subject, const struct str *lines, struct strv *sums,
                       struct err *err)
{
        _cleanup_free_ char *name = xasprintf("%s.intoto.jsonl", subject);
        _cleanup_free_ char *path = xasprintf("evidence/%s", name);
        char hex[HASH_HEX];

        if (strcmp(subject, NO_COMMIT) != 0)
                (void)unlinkat(evidence_fd, NO_COMMIT ".intoto.jsonl", 0);
        if (fs_write_at(evidence_fd, name, lines->data, lines->len, 0600, err) < 0)
                return err_wrap(err, "the attestation");
        hash_bytes(lines->data, lines->len, hex);
        packet_add_sum(sums, path, hex);
        return 0;
}

int attest_write(struct director *d, int evidence_fd, const struct json_t *report, const struct json_t *attested,
                 struct strv *sums, struct err *err)
{
        _cleanup_str_ struct str list = {0}, lines = {0};
        char digest[HASH_HEX];
        const struct attest_input input = {.report = report,
                                           .attested = attested,
                                           .sums = sums,
                                           .sums_digest = digest,
                                           .repository = repo_identity(d->repo),
                                           .version = CUPEL_VERSION};
        const char *commit = json_text_of(report, "commit");

        packet_put_sums(sums, &list);
        hash_bytes(str_text(&list), list.len, digest);
        if (attest_prepare(d, err) < 0 || compose(&input, d->attest_key, &lines, err) < 0)
                return -1;
        return write_lines(evidence_fd, commit[0] ? commit : NO_COMMIT, &lines, sums, err);
}
