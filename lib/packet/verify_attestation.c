/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attestation: who signed it, that it is about what this run made, and that the sums and the files that it names are those that
 * are here. A packet has one, named by the commit, or "packet" where there is none; a run that never got so far has none.
 */
#include "lib/packet/verify_internal.h"

#include "lib/base/cleanup.h"
#include "lib/packet/attestation.h"
#include "lib/packet/folder.h"

#include <string.h>

static void found(struct verify *v, const char *file, const char *what)
{
        packet_found(v->verdict, PACKET_CHECK_ATTESTATION, file, "%s", what);
}

/* About the commit that the log tells of; or about the tree, or the report, of a run that has none. */
static void check_subject(struct verify *v, const char *file, const struct attestation *a)
{
        const struct packet_told *told = &v->verdict->told;
        const struct verify_sum *report = verify_sum_of(v, VERIFY_REPORT_FILE);

        if (strcmp(a->commit, told->commit) != 0)
                found(v, file, "it is about another commit than the one of the log");
        if (told->commit[0] && strcmp(a->tree, told->tree) != 0)
                found(v, file, "it is about another tree than the one of the log");
        if (a->report[0] && (!report || strcmp(a->report, report->hex) != 0))
                found(v, file, "it is about another report than the one that is here");
}

/* A line that somebody took out: of a commit all three are there, of other runs those that their end calls for. */
static void check_lines(struct verify *v, const char *file, const struct attestation *a)
{
        const struct packet_told *told = &v->verdict->told;
        struct err why = ERR_INIT;

        if (told->commit[0]) {
                if (attestation_vouches(a, told->commit, told->tree, &why) < 0)
                        found(v, file, why.message);
                return;
        }
        if (attest_decision(v->report) >= 0 && !a->predicates[ATTEST_SUMMARY])
                found(v, file, "its summary, which tells the decision, was taken out");
        if (v->attested && attest_checked_tree(v->report)[0] && !a->predicates[ATTEST_TEST_RESULT])
                found(v, file, "what the director's verifiers said was taken out");
}

/* What was signed are the sums; the files that it names besides tell which of them was changed. */
static void check_byproducts(struct verify *v, const char *file, const struct attestation *a)
{
        const struct json_t *details = json_object_get(a->predicates[ATTEST_PROVENANCE], "runDetails");
        struct json_t *byproduct;
        size_t i;

        if (strcmp(attestation_byproduct(a, ATTEST_SUMS_NAME), v->sums_digest) != 0)
                found(v, VERIFY_SUMS_FILE,
                      "it is not the list of sums that was signed: a file was changed together with its line");
        json_array_foreach(json_object_get(details, "byproducts"), i, byproduct)
        {
                const char *name = json_text_of(byproduct, "name");
                const struct verify_sum *sum = verify_sum_of(v, name);

                if (strcmp(name, ATTEST_SUMS_NAME) == 0)
                        continue;
                if (!sum)
                        packet_found(v->verdict, PACKET_CHECK_ATTESTATION, name,
                                     "it was signed (%s), and SHA256SUMS does not have it", file);
                else if (strcmp(json_text_of(json_object_get(byproduct, "digest"), "sha256"), sum->hex) != 0)
                        packet_found(v->verdict, PACKET_CHECK_ATTESTATION, name,
                                     "its sum is not the one that was signed (%s)", file);
        }
}

static void check_file(struct verify *v, const struct verify_sum *sum)
{
        const char *file = sum->path;
        _cleanup_attestation_ struct attestation a = {.keyid = ""};
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        v->verdict->done[PACKET_CHECK_ATTESTATION] = true;
        if (packet_read(v->packet, file, ATTEST_FILE_MAX, &text, &err) < 0 ||
            attestation_read(str_text(&text), text.len, v->options->keys, &a, &err) < 0) {
                found(v, file, err.message);
                return;
        }
        strv_add(&v->verdict->signers, a.keyid);
        if (!sum->same)
                found(v, VERIFY_SUMS_FILE, "its line of the attestation is not the sum of what was signed");
        if (!a.predicates[ATTEST_PROVENANCE])
                found(v, file, "it has no provenance, so nothing signs the files of the packet");
        else
                check_byproducts(v, file, &a);
        if (!verify_log_holds(v))
                return;
        check_subject(v, file, &a);
        check_lines(v, file, &a);
}

bool verify_is_attestation(const char *path)
{
        static const char folder[] = "evidence/";
        const char *name = strncmp(path, folder, strlen(folder)) == 0 ? path + strlen(folder) : "";
        const size_t len = strlen(name), end = strlen(VERIFY_ATTESTATION_END);

        return !strchr(name, '/') && len > end && strcmp(name + len - end, VERIFY_ATTESTATION_END) == 0;
}

/* SHA256SUMS does not have it: is it there all the same? Then the list was changed. */
static void check_unlisted(struct verify *v, char *expected)
{
        struct err err = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(v->packet, expected, &err);

        if (fd >= 0)
                check_file(v, &(struct verify_sum){.path = expected});
        else
                found(v, expected, "it is missing: nothing signs this packet");
}

void verify_attestation(struct verify *v)
{
        const struct packet_told *told = &v->verdict->told;
        _cleanup_free_ char *expected =
                xasprintf("evidence/%s" VERIFY_ATTESTATION_END, told->commit[0] ? told->commit : "packet");
        bool has = false;

        for (size_t i = 0; i < v->sums_len; i++) {
                if (!verify_is_attestation(v->sums[i].path))
                        continue;
                has = has || strcmp(v->sums[i].path, expected) == 0;
                if (verify_log_holds(v) && strcmp(v->sums[i].path, expected) != 0)
                        found(v, v->sums[i].path, "no packet of this run has an attestation of this name");
                check_file(v, &v->sums[i]);
        }
        if (!has && verify_log_holds(v) && v->sums_len)
                check_unlisted(v, expected);
}
