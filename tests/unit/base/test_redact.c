/* SPDX-License-Identifier: Apache-2.0 */
/* Values of secret variables in what programs print. */
#include "lib/base/redact.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#include <criterion/criterion.h>
#include <string.h>

static void append(void *out, const char *bytes, size_t len)
{
        str_append(out, bytes, len);
}

static void expect_stream(struct redact *redact, const char *text, size_t piece, const char *expected)
{
        struct str out = {0};

        for (size_t at = 0; at < strlen(text); at += piece)
                redact_feed(redact, text + at, strlen(text + at) < piece ? strlen(text + at) : piece, append, &out);
        redact_flush(redact, append, &out);
        cr_assert(strcmp(str_text(&out), expected) == 0, "pieces of %zu: %s", piece, str_text(&out));
        str_release(&out);
}

Test(redact, finds_values_across_every_border)
{
        static const char text[] = "a sk-live-123456 b sk-live-12345 sk-live-sk-live-123456sk-live-123456";
        static const char hidden[] = "a ************** b sk-live-12345 sk-live-****************************";

        for (size_t piece = 1; piece <= sizeof(text); piece++) {
                struct redact redact = {0};

                redact_add(&redact, "sk-live-123456");
                expect_stream(&redact, text, piece, hidden);
                cr_assert(redact.count == 3, "%llu", (unsigned long long)redact.count);
                redact_release(&redact);
        }
}

Test(redact, hides_all_of_values_that_overlap)
{
        for (size_t piece = 1; piece < 24; piece++) {
                struct redact redact = {0};

                redact_add(&redact, "abcdefgh");
                redact_add(&redact, "fghijklm");
                redact_add(&redact, "cdefgh");
                expect_stream(&redact, "-abcdefghijklm-abcdefg", piece, "-*************-abcdefg");
                redact_release(&redact);
        }
}

/* As JSON has a text in it, and git a path. */
Test(redact, finds_values_with_their_quotes_escaped)
{
        struct redact redact = {0};
        char text[] = "a\"b\\cde {\"key\":\"a\\\"b\\\\cde\"} plain-value";

        redact_add(&redact, "a\"b\\cde");
        redact_add(&redact, "plain-value");
        cr_assert(redact.len == 3);
        redact_text(&redact, text, strlen(text));
        cr_assert(strcmp(text, "******* {\"key\":\"*********\"} ***********") == 0, "%s", text);
        redact_release(&redact);
}

Test(redact, leaves_short_and_missing_values_alone)
{
        struct redact redact = {0};
        char text[] = "1 yes 12345";

        redact_add(&redact, NULL);
        redact_add(&redact, "");
        redact_add(&redact, "12345");
        redact_text(&redact, text, strlen(text));
        cr_assert(strcmp(text, "1 yes 12345") == 0 && redact.count == 0);
        redact_release(&redact);
}

Test(redact, reaches_into_json)
{
        struct redact redact = {0};
        struct err err = ERR_INIT;
        static const char text[] =
                "{\"text\":\"key=hunter22!\",\"extra\":{\"hunter22\":[1,\"hunter22\",{\"a\":\"hunter22\"}]}}";
        static const char hidden[] =
                "{\"extra\":{\"********\":[1,\"********\",{\"a\":\"********\"}]},\"text\":\"key=********!\"}";
        json_t *json = json_parse(text, strlen(text), "test", &err);
        char *after;

        redact_add(&redact, "hunter22");
        redact_json(&redact, json);
        after = json_canonical(json);
        cr_assert(strcmp(after, hidden) == 0, "%s", after);
        cr_assert(redact.count == 4);
        free(after);
        json_decref(json);
        redact_release(&redact);
}

static void expect_record(const char *before, const char *hidden)
{
        struct redact redact = {0};
        struct err err = ERR_INIT;
        json_t *json = json_parse(before, strlen(before), "test", &err);
        char *after;

        redact_add(&redact, "master");
        redact_record(&redact, json);
        after = json_canonical(json);
        cr_expect(strcmp(after, hidden) == 0, "%s", after);
        free(after);
        json_decref(json);
        redact_release(&redact);
}

Test(redact, a_record_keeps_its_own_words_and_names)
{
        expect_record("{\"outcome\":\"master\",\"target\":\"refs/heads/master\"}",
                      "{\"outcome\":\"master\",\"target\":\"refs/heads/master\"}");
        expect_record("{\"notes\":{\"note.master\":1},\"timeline\":[{\"phase\":\"master\"}]}",
                      "{\"notes\":{\"note.master\":1},\"timeline\":[{\"phase\":\"master\"}]}");
        expect_record("{\"master\":{\"result\":\"master\"}}", "{\"master\":{\"result\":\"master\"}}");
}

Test(redact, of_a_record_every_text_is_looked_at)
{
        expect_record("{\"command\":\"echo master\",\"reasons\":[\"master\"]}",
                      "{\"command\":\"echo ******\",\"reasons\":[\"******\"]}");
        expect_record("{\"verifiers\":[{\"cases\":{\"gone\":[\"a master\"]},\"name\":\"master\"}]}",
                      "{\"verifiers\":[{\"cases\":{\"gone\":[\"a ******\"]},\"name\":\"master\"}]}");
        expect_record("{\"network\":{\"hosts\":{\"master.org\":{\"status\":\"master\"}}}}",
                      "{\"network\":{\"hosts\":{\"******.org\":{\"status\":\"******\"}}}}");
}

Test(redact, a_value_that_cuts_a_character_leaves_valid_json)
{
        struct redact redact = {0};
        json_t *json = json_pack("{s:s}", "text", "xxxxx\xc3\xa9 and more");

        redact_add(&redact, "xxxxx\xc3");
        redact_json(&redact, json);
        cr_assert(strcmp(json_string_value(json_object_get(json, "text")), "******") == 0);
        json_decref(json);
        redact_release(&redact);
}

Test(redact, knows_names_of_secrets)
{
        cr_assert(redact_is_secret_name("GITHUB_TOKEN") && redact_is_secret_name("ANTHROPIC_API_KEY") &&
                  redact_is_secret_name("db_password"));
        cr_assert(!redact_is_secret_name("LANG") && !redact_is_secret_name("TERM") &&
                  !redact_is_secret_name("KEYBOARD"));
}

/* What a search in the bytes may miss is never said to be free of secrets. */
Test(redact, a_text_is_only_let_pass_where_nothing_can_be_in_it)
{
        static const char with[] = "{\"text\":\"it is hunter22\"}", without[] = "{\"text\":\"it is nothing\"}";
        static const char escaped[] = "{\"text\":\"first\\nsecond\"}";
        _cleanup_redact_ struct redact plain = {0}, lines = {0};

        redact_add(&plain, "hunter22");
        redact_add(&lines, "first\nsecond");
        cr_expect(redact_may_find(&plain, with, strlen(with), false));
        cr_expect(!redact_may_find(&plain, without, strlen(without), false));
        cr_expect(!redact_may_find(&plain, escaped, strlen(escaped), true));
        cr_expect(redact_may_find(&lines, escaped, strlen(escaped), true));
        cr_expect(!redact_may_find(&lines, without, strlen(without), false));
}
