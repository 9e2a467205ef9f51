/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

static int validate(const char *type, enum event_actor actor, const char *json, struct err *err)
{
        _cleanup_json_ json_t *data = json_parse(json, strlen(json), "data", err);

        cr_assert(data, "%s", err->message);
        return event_validate(event_type_find(type), actor, data, err);
}

Test(event, names_in_every_form)
{
        const struct event_type *type = event_type_find("note.request.help");

        cr_assert(type);
        cr_assert_eq(event_type_find("NOTE/REQUEST/HELP"), type);
        cr_assert_eq(event_type_find("dev.cupel.note.request.help"), type);
        cr_assert_str_eq(event_type_name(type), "note.request.help");
        cr_assert_null(event_type_find("note.nothing"));
        cr_assert_null(event_type_find("note/request.help"));
        cr_assert_null(event_type_find(""));
        cr_assert_null(event_type_find("dev.cupel."));
        cr_assert_null(
                event_type_find("note.observationnote.observationnote.observationnote.observationnote.observation"));
}

Test(event, what_is_missing_or_wrong_is_said)
{
        struct err err = ERR_INIT;

        cr_assert_eq(validate("note.hypothesis", EVENT_ACTOR_AGENT,
                              "{\"claim\":\"c\",\"test\":\"t\",\"budget\":\"1h\"}", &err),
                     0);
        cr_assert_eq(validate("note.hypothesis", EVENT_ACTOR_AGENT, "{\"claim\":\"c\",\"budget\":1}", &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert_str_eq(err.message, "note.hypothesis: \"test\" is missing; expected: text");
        cr_assert_eq(validate("note.observation", EVENT_ACTOR_AGENT, "{\"text\":7}", &err), -1);
        cr_assert_eq(validate("note.observation", EVENT_ACTOR_AGENT, "{\"text\":\"\"}", &err), -1);
        cr_assert_eq(validate("note.observation", EVENT_ACTOR_AGENT, "[]", &err), -1);
        cr_assert_eq(validate("note.status", EVENT_ACTOR_AGENT, "{\"text\":\"x\",\"progress\":1.5}", &err), -1);
        cr_assert(strstr(err.message, "from 0 to 1"));
        cr_assert_eq(validate("note.status", EVENT_ACTOR_AGENT,
                              "{\"text\":\"x\",\"progress\":0.5,\"extra\":{\"panic\":1}}", &err),
                     0);
        cr_assert_eq(validate("cost.reported", EVENT_ACTOR_AGENT, "{\"usd\":-1}", &err), -1);
}

Test(event, words_come_from_a_fixed_list)
{
        struct err err = ERR_INIT;
        const char *good = "{\"blind_spot\":\"b\",\"why\":\"cost\",\"risk\":\"r\",\"bound\":\"b\"}";
        const char *part = "{\"blind_spot\":\"b\",\"why\":\"co\",\"risk\":\"r\",\"bound\":\"b\"}";

        cr_assert_eq(validate("note.hyperthesis", EVENT_ACTOR_AGENT, good, &err), 0);
        cr_assert_eq(validate("note.hyperthesis", EVENT_ACTOR_AGENT, part, &err), -1);
        cr_assert(strstr(err.message, "missing_data, missing_tool, permission, cost, semantics, adversary"));
}

Test(event, an_agent_forges_nothing)
{
        static const char *const allowed[] = {"spec.change.request", "split.request", "cost.reported",
                                              "receipt.ahdb.delta", "receipt.conjecture.set"};
        struct err err = ERR_INIT;

        for (size_t i = 0; event_type_at(i); i++) {
                const char *name = event_type_name(event_type_at(i));
                bool expected = !strncmp(name, "note.", 5) && strcmp(name, "note.request.verify") != 0;

                for (size_t j = 0; j < sizeof(allowed) / sizeof(allowed[0]); j++)
                        expected |= !strcmp(name, allowed[j]);
                cr_assert_eq(event_may_emit(event_type_at(i), EVENT_ACTOR_AGENT), expected, "%s", name);
        }
        cr_assert_eq(validate("receipt.commit", EVENT_ACTOR_AGENT, "{}", &err), -1);
        cr_assert_eq(err.code, ERR_REFUSED);
        cr_assert_eq(validate("receipt.verifier.attestations", EVENT_ACTOR_RUNNER, "{}", &err), -1);
        cr_assert_eq(err.code, ERR_REFUSED);
}

Test(event, one_of_several_is_enough)
{
        struct err err = ERR_INIT;

        cr_assert_eq(validate("receipt.ahdb.delta", EVENT_ACTOR_AGENT, "{\"believe\":{\"a\":1}}", &err), 0);
        cr_assert_eq(validate("receipt.ahdb.delta", EVENT_ACTOR_AGENT, "{\"other\":1}", &err), -1);
        cr_assert(strstr(err.message, "\"assert\", \"hypothesize\", \"drive\", \"believe\""));
        cr_assert_eq(validate("approval.granted", EVENT_ACTOR_USER, "{\"sentence\":\"I approve\",\"who\":\"u\"}", &err),
                     0);
        cr_assert_eq(validate("approval.granted", EVENT_ACTOR_USER, "{\"who\":\"u\"}", &err), -1);
}

Test(event, data_is_bounded)
{
        struct err err = ERR_INIT;
        _cleanup_str_ struct str json = {0};

        str_puts(&json, "{\"text\":\"");
        while (json.len < EVENT_DATA_MAX - 2)
                str_putc(&json, 'x');
        str_puts(&json, "\"}");
        cr_assert_eq(validate("note.observation", EVENT_ACTOR_AGENT, json.data, &err), 0);
        str_clear(&json);
        str_puts(&json, "{\"text\":\"");
        while (json.len < EVENT_DATA_MAX - 1)
                str_putc(&json, 'x');
        str_puts(&json, "\"}");
        cr_assert_eq(validate("note.observation", EVENT_ACTOR_AGENT, json.data, &err), -1);
        cr_assert(strstr(err.message, "at most 65536"));
}

Test(event, what_could_not_be_read_again_is_refused)
{
        _cleanup_str_ struct str json = {0};
        struct err err = ERR_INIT;

        str_puts(&json, "{\"text\":\"x\",\"extra\":");
        for (int i = 0; i < 1100; i++)
                str_putc(&json, '[');
        for (int i = 0; i < 1100; i++)
                str_putc(&json, ']');
        str_putc(&json, '}');
        cr_assert_eq(validate("note.observation", EVENT_ACTOR_AGENT, json.data, &err), -1);
        cr_assert(strstr(err.message, "nested too deeply"), "%s", err.message);
        cr_assert_eq(validate("note.observation", EVENT_ACTOR_AGENT, "{\"text\":\"x\",\"n\":1e308}", &err), 0);
        cr_assert_eq(
                validate("note.observation", EVENT_ACTOR_AGENT, "{\"text\":\"x\",\"n\":-1.7976931348623157e308}", &err),
                -1);
}

Test(event, digests_and_ids_have_their_form)
{
        struct err err = ERR_INIT;
        const char *sha = "{\"sha256\":\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}";

        cr_assert_eq(validate("receipt.evidence.set.hash", EVENT_ACTOR_DIRECTOR, sha, &err), 0);
        cr_assert_eq(validate("receipt.evidence.set.hash", EVENT_ACTOR_DIRECTOR, "{\"sha256\":\"e3b0\"}", &err), -1);
}

Test(event, every_type_is_found_by_its_name)
{
        for (size_t i = 0; event_type_at(i); i++)
                cr_assert_eq(event_type_find(event_type_name(event_type_at(i))), event_type_at(i));
}

Test(event, the_size_of_data_is_that_of_its_text)
{
        static const char *const texts[] = {
                "{}",
                "[]",
                "{\"a\":[]}",
                "{\"a\":1,\"b\":[true,false,null,-12,0,9,10,-9,123456789012345678]}",
                "{\"quoted \\\" \\\\ / \\u0001 \\n\":\"tab\\t \\u001f \\u00e9 \\ud83d\\ude00\"}",
                "[[[[\"\"]]],{\"x\":{\"y\":{}}}]"};

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                _cleanup_json_ json_t *value = json_loads(texts[i], 0, NULL);

                cr_assert(value, "%s", texts[i]);
                cr_expect_eq(json_size(value), json_dumpb(value, NULL, 0, JSON_COMPACT), "%s", texts[i]);
        }
}

Test(event, lists_are_shortened_until_the_data_fit)
{
        _cleanup_json_ json_t *data = json_pack("{s:s, s:[s], s:[]}", "decision", "pass", "few", "one", "many");
        _cleanup_json_ json_t *small = json_pack("{s:[s]}", "few", "one");
        _cleanup_free_ char *text = xcalloc(1, 1001);
        const size_t most = 200;

        memset(text, 'x', 1000);
        for (size_t i = 0; i < most; i++)
                json_array_append_new(json_object_get(data, "many"), json_string(text));
        event_fit(data);
        cr_expect_leq(json_size(data), EVENT_DATA_MAX);
        cr_expect_eq(json_array_size(json_object_get(data, "many")), most / 4);
        cr_expect_eq(json_array_size(json_object_get(data, "few")), 1);
        cr_expect(json_is_true(json_object_get(data, "shortened")));
        cr_expect_str_eq(json_string_value(json_object_get(data, "decision")), "pass");
        event_fit(small);
        cr_expect_null(json_object_get(small, "shortened"));
        cr_expect_eq(json_array_size(json_object_get(small, "few")), 1);
}
