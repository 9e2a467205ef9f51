/* SPDX-License-Identifier: Apache-2.0 */
#include "director/attest_statement.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/packet/attestation.h"

#include <string.h>

#define DIRECTOR_ID "https://cupel.dev/director/v1"
#define BUILD_TYPE "https://cupel.dev/run/v1"
#define LEVEL "CUPEL_VERIFIED"
#define BYPRODUCTS_MAX 500
#define SNAPSHOT "config_snapshot/"

static const char *text(const struct attest_input *input, const char *key)
{
        return json_text_of(input->report, key);
}

/* ---- Sums: "<path>\n<hex>" ---- */

static const char *sum_hex(const char *sum)
{
        return strchr(sum, '\n') + 1;
}

static bool sum_is(const char *sum, const char *path)
{
        const size_t len = strlen(path);

        return strncmp(sum, path, len) == 0 && sum[len] == '\n';
}

static const char *hex_of(const struct attest_input *input, const char *path)
{
        for (size_t i = 0; i < input->sums->len; i++)
                if (sum_is(input->sums->items[i], path))
                        return sum_hex(input->sums->items[i]);
        return "";
}

static struct json_t *described(const char *name, const char *hex)
{
        return json_pack("{s:s, s:{s:s}}", "name", name, "digest", "sha256", hex);
}

static struct json_t *described_sum(const char *sum)
{
        const char *end = strchr(sum, '\n');

        return json_pack("{s:s%, s:{s:s}}", "name", sum, (size_t)(end - sum), "digest", "sha256", end + 1);
}

struct json_t *attest_subject(const struct attest_input *input)
{
        const char *commit = text(input, "commit"),
                   *tree = commit[0] ? text(input, "tree") : attest_checked_tree(input->report);

        if (commit[0])
                return json_pack("[{s:{s:s, s:s}}]", "digest", "gitCommit", commit, "gitTree", tree);
        if (tree[0])
                return json_pack("[{s:{s:s}}]", "digest", "gitTree", tree);
        return json_pack("[{s:{s:s}, s:s}]", "digest", "sha256", hex_of(input, "evidence/report.json"), "name",
                         "evidence/report.json");
}

/* ---- Test result ---- */

/* Of a verdict: what it counts as. What failed on the base too, or passed at the second try, is told, and is no pass. */
static const struct {
        const char *verdict, *list;
} counts[] = {
        {"PASS", "passedTests"}, {"FLAKY", "warnedTests"},        {"PRE_EXISTING", "warnedTests"},
        {"FAIL", "failedTests"}, {"INCONCLUSIVE", "failedTests"},
};

static const char *list_of(const char *verdict)
{
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
                if (strcmp(counts[i].verdict, verdict) == 0)
                        return counts[i].list;
        return "failedTests";
}

static struct json_t *configuration(const struct attest_input *input)
{
        static const char *const files[] = {SNAPSHOT "plan.json", SNAPSHOT "policy.yaml", SNAPSHOT "work_item.yaml"};
        struct json_t *list = json_array();

        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
                if (hex_of(input, files[i])[0])
                        json_array_append_new(list, described(files[i], hex_of(input, files[i])));
        return list;
}

/* Without any test there is nothing that passed. */
static const char *result_of(const struct json_t *tests)
{
        if (json_array_size(json_object_get(tests, "failedTests")))
                return "FAILED";
        return json_array_size(json_object_get(tests, "warnedTests")) ||
                               !json_array_size(json_object_get(tests, "passedTests"))
                       ? "WARNED"
                       : "PASSED";
}

struct json_t *attest_test_result(const struct attest_input *input)
{
        struct json_t *tests, *verdict;
        size_t i;

        if (!json_is_array(input->attested) || !attest_checked_tree(input->report)[0])
                return NULL;
        tests = json_pack("{s:o, s:[], s:[], s:[]}", "configuration", configuration(input), "passedTests",
                          "warnedTests", "failedTests");
        json_array_foreach(input->attested, i, verdict)
        {
                struct json_t *list = json_object_get(tests, list_of(json_text_of(verdict, "result")));

                json_array_append_new(list, json_quoted(json_text_of(verdict, "name")));
        }
        json_object_set_new(tests, "result", json_string(result_of(tests)));
        return tests;
}

/* ---- Provenance ---- */

static struct json_t *git_described(const char *name, const char *commit)
{
        return json_pack("{s:s, s:{s:s}}", "name", name, "digest", "gitCommit", commit);
}

static struct json_t *dependencies(const struct attest_input *input)
{
        const char *parent =
                json_text_of(json_object_get(json_object_get(input->report, "landing"), "parent"), "commit");
        struct json_t *list = json_array();

        if (text(input, "base")[0])
                json_array_append_new(list, git_described("base", text(input, "base")));
        if (parent[0])
                json_array_append_new(list, git_described("parent", parent));
        /* a bundle's files have names of their own, which are the user's affair; the snapshot's digest covers them */
        for (size_t i = 0; i < input->sums->len; i++) {
                const char *sum = input->sums->items[i];

                if (strncmp(sum, SNAPSHOT, strlen(SNAPSHOT)) == 0 &&
                    strcspn(sum + strlen(SNAPSHOT), "/") > strcspn(sum + strlen(SNAPSHOT), "\n"))
                        json_array_append_new(list, described_sum(sum));
        }
        return list;
}

static bool is_byproduct(const char *sum)
{
        return strncmp(sum, SNAPSHOT, strlen(SNAPSHOT)) != 0 && strncmp(sum, "checkpoints/", 12) != 0;
}

static struct json_t *byproducts(const struct attest_input *input)
{
        struct json_t *list = json_array();

        json_array_append_new(list, described(ATTEST_SUMS_NAME, input->sums_digest));
        for (size_t i = 0; i < input->sums->len && json_array_size(list) < BYPRODUCTS_MAX; i++)
                if (is_byproduct(input->sums->items[i]))
                        json_array_append_new(list, described_sum(input->sums->items[i]));
        return list;
}

static const char *time_of(const struct attest_input *input, bool last)
{
        const struct json_t *timeline = json_object_get(input->report, "timeline");
        const size_t len = json_array_size(timeline);

        return json_text_of(json_array_get(timeline, last && len ? len - 1 : 0), "time");
}

static struct json_t *definition(const struct attest_input *input)
{
        return json_pack("{s:s, s:{s:O?, s:O?, s:O?, s:O?}, s:{s:O?, s:O?, s:O?, s:O?}, s:o}", "buildType", BUILD_TYPE,
                         "externalParameters", "item", json_object_get(input->report, "item"), "mood",
                         json_object_get(input->report, "mood"), "agent", json_object_get(input->report, "agent"),
                         "target", json_object_get(input->report, "target"), "internalParameters", "identity",
                         json_object_get(input->report, "identity"), "plan", json_object_get(input->report, "plan_id"),
                         "snapshot", json_object_get(input->report, "snapshot_sha256"), "outcome",
                         json_object_get(input->report, "outcome"), "resolvedDependencies", dependencies(input));
}

struct json_t *attest_provenance(const struct attest_input *input)
{
        return json_pack("{s:o, s:{s:{s:s, s:{s:s}}, s:{s:s, s:s, s:s}, s:o}}", "buildDefinition", definition(input),
                         "runDetails", "builder", "id", DIRECTOR_ID, "version", "cupel", input->version, "metadata",
                         "invocationId", text(input, "run"), "startedOn", time_of(input, false), "finishedOn",
                         time_of(input, true), "byproducts", byproducts(input));
}

/* ---- Summary ---- */

/* A URI (RFC 3986) of the ref in the repository: what is not plain is escaped. */
static char *resource_uri(const struct attest_input *input)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
        _cleanup_free_ char *path = xasprintf("%s/%s", input->repository, text(input, "target"));
        struct str uri = {0};

        str_puts(&uri, "urn:cupel:repos/");
        for (const char *c = path; *c; c++)
                if (strchr(plain, *c))
                        str_putc(&uri, *c);
                else
                        str_printf(&uri, "%%%02X", (unsigned)(unsigned char)*c);
        return str_steal(&uri);
}

struct json_t *attest_summary(const struct attest_input *input, struct json_t *inputs)
{
        _cleanup_json_ struct json_t *taken = inputs;
        _cleanup_free_ char *uri = NULL, *policy = NULL;
        const char *plan = hex_of(input, SNAPSHOT "plan.json");
        const int passed = attest_decision(input->report);

        if (passed < 0)
                return NULL;
        uri = resource_uri(input);
        policy = xasprintf("urn:cupel:plan:sha256:%s", plan);
        return json_pack("{s:{s:s, s:{s:s}}, s:s, s:s, s:{s:s, s:{s:s}}, s:O, s:s, s:[s], s:s}", "verifier", "id",
                         DIRECTOR_ID, "version", "cupel", input->version, "timeVerified", time_of(input, true),
                         "resourceUri", uri, "policy", "uri", policy, "digest", "sha256", plan, "inputAttestations",
                         taken, "verificationResult", passed ? "PASSED" : "FAILED", "verifiedLevels",
                         passed ? LEVEL : "FAILED", "slsaVersion", "1.0");
}
