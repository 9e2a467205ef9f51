/* SPDX-License-Identifier: Apache-2.0 */
/* What cupel-egress may tell the supervisor: everything else, in whatever form, ends the run. */
#include "tests/unit/cli/supervision_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

static void setup_network(void)
{
        setup();
        launch.plan.sandbox.network.bytes = 4096;
        launch.plan.sandbox.network.connections = 3;
}

TestSuite(supervision_egress, .init = setup_network, .fini = teardown, .timeout = 30);

static void say(const char *text)
{
        say_to(supervision_from_egress, text);
}

static const char receipt[] =
        "{\"type\":\"record\",\"event\":\"receipt.net\",\"data\":{\"host\":\"example.org\",\"port\":443,"
        "\"address\":\"192.0.2.1\",\"bytes_in\":10,\"bytes_out\":20,\"ms\":5,\"via\":\"connect\"}}";
static const char veto[] =
        "{\"type\":\"record\",\"event\":\"action.vetoed\",\"data\":{\"candidate_action\":\"connect "
        "a.example:22\",\"final_action\":\"refused\",\"veto_reason\":\"it is not in network.allow\"}}";

Test(supervision_egress, its_records_are_the_systems)
{
        say("{\"type\":\"ready\"}");
        say(receipt);
        say(veto);
        say("{\"type\":\"dropped\",\"count\":2}");
        cr_assert_eq(s.stage, STAGE_WORKING);
        cr_assert_eq(json_array_size(s.records), 2);
        for (size_t i = 0; i < 2; i++)
                cr_assert_str_eq(json_string_value(json_object_get(json_array_get(s.records, i), "actor")), "system");
        cr_assert_eq(s.net_dropped, 2);
        cr_assert(strv_has(&s.refused, "a.example:22"));
}

Test(supervision_egress, a_flood_of_refusals_hides_no_receipt)
{
        for (int i = 0; i < 50010; i++)
                say(veto);
        cr_assert_eq(s.net_dropped, 10);
        json_array_clear(s.records);
        say(receipt);
        cr_assert_eq(json_array_size(s.records), 1);
        cr_assert_eq(s.net_dropped, 10);
}

Test(supervision_egress, a_credential_that_comes_back_goes_no_further)
{
        redact_add(&s.redact, "sk-live-123456");
        say("{\"type\":\"record\",\"event\":\"action.vetoed\",\"data\":{\"candidate_action\":\"connect "
            "sk-live-123456:1\","
            "\"final_action\":\"refused\",\"veto_reason\":\"sk-live-123456 is no host\"}}");
        cr_assert_eq(json_array_size(s.records), 1);
        cr_assert_eq(s.refused.len, 1);
        cr_assert(!strstr(s.refused.items[0], "sk-live"), "%s", s.refused.items[0]);
        char *text = json_dumps(s.records, 0);
        cr_assert(!strstr(text, "sk-live"), "%s", text);
        free(text);
}

Test(supervision_egress, a_budget_ends_the_run_by_its_name)
{
        say("{\"type\":\"exceeded\",\"budget\":\"bytes\"}");
        cr_assert_eq(s.verdict.outcome, OUTCOME_BUDGET_EXCEEDED);
        cr_assert(strstr(s.verdict.reasons.items[0], "network.bytes is 4096"));
}

Test(supervision_egress, what_is_not_in_the_table_ends_the_run)
{
        static const char *const bad[] = {
                "{}",
                "{\"type\":\"result\"}",
                "{\"type\":\"ready\",\"more\":1}",
                "{\"type\":\"exceeded\",\"budget\":\"wall\"}",
                "{\"type\":\"dropped\",\"count\":-1}",
                "{\"type\":\"record\",\"event\":\"receipt.commit\",\"data\":{}}",
                "{\"type\":\"record\",\"event\":\"receipt.net\",\"data\":{\"host\":\"x\"}}",
                "{\"type\":\"record\",\"event\":\"receipt.net\",\"data\":{\"host\":\"x\",\"port\":70000,\"address\":"
                "\"\","
                "\"bytes_in\":0,\"bytes_out\":0,\"ms\":0}}",
                "{\"type\":\"record\",\"event\":\"receipt.net\",\"data\":{\"host\":\"x\",\"port\":1,\"address\":\"\","
                "\"bytes_in\":-1,\"bytes_out\":0,\"ms\":0}}",
                "{\"type\":\"record\",\"event\":\"receipt.net\",\"data\":{\"host\":\"x\\u001b[2J\",\"port\":1,"
                "\"address\":\"\","
                "\"bytes_in\":0,\"bytes_out\":0,\"ms\":0}}",
                "{\"type\":\"record\",\"event\":\"receipt.net\",\"data\":{\"host\":\"x\",\"port\":1,\"address\":\"\","
                "\"bytes_in\":0,\"bytes_out\":0,\"ms\":0,\"secret\":\"x\"}}",
                "{\"type\":\"record\",\"event\":\"action.vetoed\",\"data\":{\"candidate_action\":1,\"final_action\":"
                "\"x\","
                "\"veto_reason\":\"y\"}}",
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
                teardown();
                setup();
                s.keeping = KEEPING_WANTED; /* the director, who would read the log, is not asked yet */
                say(bad[i]);
                cr_expect_eq(s.verdict.outcome, OUTCOME_INTERNAL_ERROR, "%s", bad[i]);
                cr_expect_eq(json_array_size(s.records), 1, "%s", bad[i]);
                cr_expect_str_eq(json_text_of(json_array_get(s.records, 0), "type"), "receipt.attack.report");
                cr_expect(s.verdict.reasons.len == 1 && strstr(s.verdict.reasons.items[0], "egress proxy"), "%s",
                          bad[i]);
        }
}

/* As wait(2) reports them. */
#define EXITED(status) ((status) << 8)
#define NOBODY 0x3fffffff /* no process: whoever signals it hits nothing */

Test(supervision_egress, an_end_that_nobody_asked_for_ends_the_run)
{
        s.egress_pid = NOBODY;
        supervision_egress_exited(&s, 11);
        cr_assert_eq(s.verdict.outcome, OUTCOME_INTERRUPTED);
        cr_assert(strstr(s.verdict.reasons.items[0], "signal 11"), "%s", s.verdict.reasons.items[0]);
        teardown();
        setup();
        s.egress_pid = NOBODY;
        supervision_egress_exited(&s, EXITED(31));
        cr_assert_eq(s.verdict.outcome, OUTCOME_SANDBOX_UNAVAILABLE);
}

Test(supervision_egress, the_director_waits_for_the_last_record)
{
        s.egress_pid = NOBODY;
        s.cage_pid = NOBODY;
        s.stage = STAGE_CLOSING;
        s.told = true;
        supervision_cage_exited(&s, 0);
        cr_assert_eq(s.stage, STAGE_CLOSING, "asked before the proxy ended");
        supervision_egress_exited(&s, 0);
        cr_assert_eq(s.stage, STAGE_DECIDING);
}

Test(supervision_egress, an_end_that_was_decided_stays)
{
        say("{\"type\":\"exceeded\",\"budget\":\"connections\"}");
        s.stage = STAGE_CLOSING;
        s.egress_pid = NOBODY;
        supervision_egress_exited(&s, EXITED(2));
        cr_assert_eq(s.verdict.outcome, OUTCOME_BUDGET_EXCEEDED);
        cr_assert_eq(s.stage, STAGE_DECIDING);
}
