/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/blocker.h"

#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *masked(const char *line, bool paths)
{
        static struct str out;

        str_release(&out);
        blocker_mask(line, paths, &out);
        return str_text(&out);
}

static void see(struct blocker *blocker, const char *type, const char *actor, const char *data)
{
        json_t *json = json_loads(data, 0, NULL);

        cr_assert_not_null(json, "%s", data);
        blocker_see(blocker, type, actor, json);
        json_decref(json);
}

Test(blocker, numbers_hex_paths_and_runs_are_masked)
{
        cr_assert_str_eq(masked("test 17 failed after 0.25s at 12:33:01", true), "test N failed after Ns at N");
        cr_assert_str_eq(masked("segfault at 0x7ffe0012ab in deadbeef12", true), "segfault at HEX in HEX");
        cr_assert_str_eq(masked("/tmp/x-81/a.c:12: error in (src/b.c)", true), "PATH error in (PATH)");
        cr_assert_str_eq(masked("fix__2026-01-31-12-34-56-ab12cd won", true), "RUN won");
        cr_assert_str_eq(masked("a   b\t\tc\n", true), "a b c");
}

Test(blocker, names_of_tests_keep_their_paths)
{
        cr_assert_str_eq(masked("tests/test_a.py::test_b[3]", false), "tests/test_a.py::test_b[N]");
}

Test(blocker, words_that_look_like_hex_stay)
{
        cr_assert_str_eq(masked("feedback defaced added", true), "feedback defaced added");
}

Test(blocker, a_long_line_is_cut_at_a_character)
{
        char line[1024] = "";

        for (size_t i = 0; i + 3 < sizeof(line); i += 2)
                memcpy(line + i, "\xc3\xa9", 3);
        cr_assert_leq(strlen(masked(line, true)), BLOCKER_DETAIL_MAX);
        cr_assert_eq(strlen(masked(line, true)) % 2, 0);
}

static void refused(struct blocker *blocker, const char *line)
{
        char state[512];

        snprintf(state, sizeof(state),
                 "{\"to\":\"discarded\",\"reasons\":[\"verifier unit failed\",\"verify.unit.log: %s\"]}", line);
        see(blocker, "receipt.verifier", "runner", "{\"name\":\"unit\",\"gate\":\"self\",\"result\":\"FAIL\"}");
        see(blocker, "run.state", "system", state);
        blocker_finish(blocker, OUTCOME_SELF_VERIFICATION_FAILED);
}

Test(blocker, the_same_failure_has_the_same_signature)
{
        struct blocker one = {0}, two = {0}, other = {0};

        refused(&one, "error: test 3 failed");
        refused(&two, "error: test 4 failed");
        refused(&other, "error: no such file");
        cr_assert_eq(one.kind, BLOCKER_VERIFIER);
        cr_assert_str_eq(one.name, "unit");
        cr_assert_str_eq(one.detail, "error: test N failed");
        cr_assert_eq(strlen(one.signature), BLOCKER_SIGNATURE);
        cr_assert_str_eq(one.signature, two.signature);
        cr_assert_str_neq(one.signature, other.signature);
        blocker_release(&one);
        blocker_release(&two);
        blocker_release(&other);
}

/* Whoever compares signatures of two machines, or of two versions, relies on these bytes. */
Test(blocker, the_signature_is_made_as_written)
{
        char sign[BLOCKER_SIGNATURE + 1];

        blocker_sign(OUTCOME_NO_CHANGE, BLOCKER_EMPTY, "", "the command changed nothing that git would commit", sign);
        cr_assert_str_eq(sign, "5a38141ec8fe");
}

Test(blocker, a_gate_that_blocks_goes_before_a_verifier)
{
        struct blocker blocker = {0};

        see(&blocker, "receipt.policy.decision", "director",
            "{\"gates\":[{\"gate\":\"whitespace\",\"level\":\"warn\",\"rule\":\"a\"},"
            "{\"gate\":\"secrets\",\"level\":\"block\",\"rule\":\"aws\"}]}");
        see(&blocker, "receipt.verifier", "director", "{\"name\":\"unit\",\"gate\":\"director\",\"result\":\"FAIL\"}");
        blocker_finish(&blocker, OUTCOME_DIRECTOR_REFUSED);
        cr_assert_eq(blocker.kind, BLOCKER_GATE);
        cr_assert_str_eq(blocker.name, "secrets/aws");
        blocker_release(&blocker);
}

Test(blocker, the_first_new_failure_names_it)
{
        struct blocker blocker = {0};

        see(&blocker, "receipt.verifier", "director",
            "{\"name\":\"unit\",\"gate\":\"director\",\"result\":\"FAIL\",\"cases\":{\"new_failures\":"
            "{\"count\":2,\"names\":[\"a/b::c2\",\"d\"]}}}");
        blocker_finish(&blocker, OUTCOME_DIRECTOR_REFUSED);
        cr_assert_str_eq(blocker.detail, "a/b::cN");
        blocker_release(&blocker);
}

#define DECIDED(decision) "{\"decision\":\"" decision "\",\"gates\":[],\"reasons\":[]}"
#define VERDICT(name, result, why)                                                                                     \
        "{\"name\":\"" name "\",\"gate\":\"director\",\"result\":\"" result "\",\"why\":\"" why "\"}"

/* Two verdicts of the director (`other` may be NULL), then what it decided. */
static void see_judged(struct blocker *blocker, const char *verdict, const char *other, const char *decision)
{
        see(blocker, "receipt.verifier", "director", verdict);
        if (other)
                see(blocker, "receipt.verifier", "director", other);
        see(blocker, "receipt.policy.decision", "director", decision);
}

/* In strict moods alone, which the log does not name: where the director decided against it, and nothing else did. */
Test(blocker, what_failed_before_names_a_refusal_that_nothing_else_explains)
{
        struct blocker blocker = {0};

        see_judged(&blocker, VERDICT("new", "PASS", ""), VERDICT("old", "PRE_EXISTING", "it fails on the base too"),
                   DECIDED("refuse"));
        blocker_finish(&blocker, OUTCOME_DIRECTOR_REFUSED);
        cr_assert_eq(blocker.kind, BLOCKER_VERIFIER);
        cr_assert_str_eq(blocker.name, "old");
        cr_assert_str_eq(blocker.detail, "it fails on the base too");
        blocker_release(&blocker);
}

Test(blocker, what_failed_before_does_not_hide_what_failed)
{
        struct blocker blocker = {0};

        see_judged(&blocker, VERDICT("a", "PRE_EXISTING", "it fails on the base too"),
                   VERDICT("b", "FAIL", "exit status 1"), DECIDED("refuse"));
        blocker_finish(&blocker, OUTCOME_DIRECTOR_REFUSED);
        cr_assert_str_eq(blocker.name, "b");
        blocker_release(&blocker);
}

Test(blocker, what_failed_before_did_not_block_what_was_approved)
{
        struct blocker blocker = {0};

        see_judged(&blocker, VERDICT("a", "PRE_EXISTING", "it fails on the base too"), NULL, DECIDED("approve"));
        see(&blocker, "run.state", "director", "{\"to\":\"discarded\",\"reasons\":[\"another reason\"]}");
        blocker_finish(&blocker, OUTCOME_DIRECTOR_REFUSED);
        cr_assert_eq(blocker.kind, BLOCKER_REFUSAL);
        cr_assert_str_eq(blocker.detail, "another reason");
        blocker_release(&blocker);
}

static unsigned doubts_of(const char *self, const char *director, enum outcome outcome)
{
        struct blocker blocker = {0};
        char data[128];
        unsigned doubts;

        snprintf(data, sizeof(data), "{\"name\":\"unit\",\"gate\":\"self\",\"result\":\"%s\"}", self);
        see(&blocker, "receipt.verifier", "runner", data);
        snprintf(data, sizeof(data), "{\"name\":\"unit\",\"gate\":\"director\",\"result\":\"%s\"}", director);
        see(&blocker, "receipt.verifier", "director", data);
        blocker_finish(&blocker, outcome);
        doubts = blocker.doubts;
        cr_assert_eq(blocker.signature[0] != '\0', doubts || outcome != OUTCOME_COMMITTED);
        blocker_release(&blocker);
        return doubts;
}

Test(blocker, what_is_in_doubt)
{
        cr_assert_eq(doubts_of("PASS", "PASS", OUTCOME_COMMITTED), 0);
        cr_assert_eq(doubts_of("PASS", "PRE_EXISTING", OUTCOME_COMMITTED), 0);
        cr_assert_eq(doubts_of("PASS", "FLAKY", OUTCOME_COMMITTED), DOUBT_BIT(DOUBT_FLAKY));
        cr_assert_eq(doubts_of("PASS", "FAIL", OUTCOME_DIRECTOR_REFUSED), DOUBT_BIT(DOUBT_DISAGREE));
        cr_assert_eq(doubts_of("PASS", "INCONCLUSIVE", OUTCOME_DIRECTOR_REFUSED), DOUBT_BIT(DOUBT_INCONCLUSIVE));
        cr_assert_eq(doubts_of("PASS", "PASS", OUTCOME_INTERRUPTED), DOUBT_BIT(DOUBT_BROKEN_OFF));
}

Test(blocker, every_outcome_has_a_meaning)
{
        for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
                struct blocker blocker = {0};

                blocker_finish(&blocker, (enum outcome)i);
                cr_assert_not_null(blocker.name);
                cr_assert_not_null(blocker.detail);
                cr_assert_eq(blocker_is_failure((enum outcome)i),
                             i != OUTCOME_COMMITTED && i != OUTCOME_OBSERVED && i != OUTCOME_HELD, "%s",
                             outcome_name((enum outcome)i));
                blocker_release(&blocker);
        }
}
