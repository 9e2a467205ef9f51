/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a verifier in the policy; a part of the table of policy/policy_keys.c. Pure data, nothing fails. */
#include "policy/policy.h"

#include <string.h>

#define DAY ((int64_t)24 * 3600 * 1000)
#define KEY(struct_, member) .offset = offsetof(struct struct_, member)

struct report {
        char *junit, *tap;
        int lost;
};

/* A file below the worktree, or "-". */
static const char *check_report(const char *path)
{
        return strcmp(path, "-") == 0 ? NULL : check_file_path(path);
}

static const struct key report_keys[] = {
        {.name = "junit",
         .type = KEY_LINE,
         KEY(report, junit),
         .check = check_file_path,
         .doc = "JUnit file that it writes"},
        {.name = "tap",
         .type = KEY_LINE,
         KEY(report, tap),
         .check = check_report,
         .doc = "TAP file that it writes; \"-\": it prints TAP"},
        {.name = "lost",
         .type = KEY_ENUM,
         KEY(report, lost),
         .choices = gate_level_names,
         .doc = "what it means that a test that passes on the base is gone, or skipped, now"},
};
static const struct schema report_schema = SCHEMA("report", report_keys, struct report);

static const struct key verifier_keys[] = {
        {.name = "run",
         .type = KEY_TEXT,
         KEY(verifier, run),
         .check = check_command,
         .required = true,
         .doc = "shell command; exit status 0 passes"},
        {.name = "timeout",
         .type = KEY_TIME,
         KEY(verifier, timeout_ms),
         .min = 1,
         .max = 7 * DAY,
         .doc = "how long it may take"},
        {.name = "scope",
         .type = KEY_STRINGS,
         KEY(verifier, scope),
         .check = check_path_glob,
         .doc = "runs where one of these globs matches a change; none: always"},
        {.name = "gate",
         .type = KEY_ENUM,
         KEY(verifier, gate),
         .choices = verifier_gate_names,
         .doc = "whose gate runs it"},
        {.name = "retries", .type = KEY_INT, KEY(verifier, retries), .max = 10, .doc = "tries again after a failure"},
        {.name = "report",
         .type = KEY_MAP,
         KEY(verifier, report),
         .sub = &report_schema,
         .doc = "its results test by test"},
        {.name = "baseline",
         .type = KEY_BOOL,
         KEY(verifier, baseline),
         .doc = "what fails on the base too is PRE_EXISTING and blocks only in strict moods; false where nothing is "
                "said"},
        {.name = "base_tests",
         .type = KEY_BOOL,
         KEY(verifier, base_tests),
         .doc = "changed tests run against the base's code too, to see that they fail there"},
        {.name = "kind", .type = KEY_ENUM, KEY(verifier, kind), .choices = verifier_kind_names, .doc = "what it shows"},
};
const struct schema verifier_schema =
        SCHEMA("a verifier", verifier_keys, struct verifier, .shorthand = "run", .check_name = check_verifier_name);
