/* SPDX-License-Identifier: Apache-2.0 */
/* The judge is jansson: what canonical_read() takes must be, byte for byte, what json_canonical() makes of it. */
#include "lib/base/canonical.h"

#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

static bool takes(const char *text)
{
        struct canonical read;

        return canonical_read(text, strlen(text), &read);
}

static bool is_canonical(const char *text, size_t len)
{
        struct err err = ERR_INIT;
        _cleanup_json_ json_t *value = json_parse(text, len, "text", &err);
        _cleanup_free_ char *canonical = value ? json_canonical(value) : NULL;

        return canonical && strlen(canonical) == len && memcmp(canonical, text, len) == 0;
}

Test(canonical, what_notes_are_made_of_is_taken)
{
        static const char *const texts[] = {
                "{}",
                "{\"text\":\"looked at src/strings.py\"}",
                "{\"progress\":0.5,\"text\":\"half \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}",
                "{\"a\":[],\"b\":[1,-2,[true,false,null]],\"c\":{\"d\":{}}}",
                "{\"text\":\"a line\\nand \\\"another\\\" \\\\ \\t\\b\\f\\r\"}",
                "{\"a\":-0.25,\"b\":12345678901234.0,\"c\":0.000123,\"d\":99999999999999.9,\"e\":123456789012345678}",
                "{\"\":1,\"A\":1,\"B\":1,\"Ba\":1,\"a\":1,\"\xc3\xa9\":1}",
                "{\"a\":\"\x7f\"}",
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                cr_expect(takes(texts[i]), "%s", texts[i]);
                cr_expect(is_canonical(texts[i], strlen(texts[i])), "%s", texts[i]);
        }
}

Test(canonical, what_is_not_is_never_taken)
{
        static const char *const texts[] = {
                "",
                "{",
                "}",
                "[]",
                "1",
                "{} ",
                " {}",
                "{}{}",
                "{\"a\":1,}",
                "{,}",
                "{\"a\"}",
                "{\"a\":}",
                "{a:1}",
                "{\"a\": 1}",
                "{\"b\":1,\"a\":1}",
                "{\"a\":1,\"a\":2}",
                "{\"x\":{\"b\":1,\"a\":1}}",
                "{\"a\":01}",
                "{\"a\":-0}",
                "{\"a\":+1}",
                "{\"a\":1.}",
                "{\"a\":.5}",
                "{\"a\":1.50}",
                "{\"a\":0.00}",
                "{\"a\":0.00001}",
                "{\"a\":1e5}",
                "{\"a\":1.5e3}",
                "{\"a\":1234567890123456.5}",
                "{\"a\":9223372036854775808}",
                "{\"a\":\"\\u0041\"}",
                "{\"a\":\"\\/\"}",
                "{\"a\":\"\x01\"}",
                "{\"a\":\"\xff\"}",
                "{\"a\":\"\xc0\x80\"}",
                "{\"a\":\"\xed\xa0\x80\"}",
                "{\"a\":\"\xf4\x90\x80\x80\"}",
                "{\"a\":\"\xe2\x82\"}",
                "{\"a\":\"x}",
                "{\"a\":\"\\\"}",
                "{\"a\":tru}",
                "{\"a\":TRUE}",
                "{\"a\":nul}",
                "{\"a\":NaN}",
                "{\"a\":[1,]}",
                "{\"a\":[1 ,2]}",
                "{\"a\":[}",
                "{\"a\\n\":1}",
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                cr_expect(!takes(texts[i]), "%s", texts[i]);
}

/* Every decimal of a few digits in front of the point and behind it. */
Test(canonical, numbers_come_back_as_they_were)
{
        size_t taken = 0;

        for (int whole = -120; whole <= 120; whole++)
                for (int digits = 1; digits <= 6; digits++)
                        for (int part = 0; part < 1000; part += 7) {
                                _cleanup_free_ char *text = xasprintf("{\"n\":%d.%0*d}", whole, digits, part);

                                if (!takes(text))
                                        continue;
                                taken++;
                                cr_assert(is_canonical(text, strlen(text)), "%s", text);
                        }
        cr_expect(taken > 10000, "%zu", taken);
}

/* Any one byte changed: mostly no JSON any more, and where it is, jansson agrees. */
Test(canonical, no_changed_byte_deceives_it)
{
        static const char text[] = "{\"a\":[1,-20.5,\"x\\n\"],\"b\":{\"c\":null,\"d\":true},\"e\":\"\xc3\xa9\"}";
        char copy[sizeof(text)];

        for (size_t i = 0; i < sizeof(text) - 1; i++)
                for (int byte = 0; byte < 256; byte++) {
                        struct canonical read;

                        memcpy(copy, text, sizeof(text));
                        copy[i] = (char)byte;
                        if (canonical_read(copy, sizeof(text) - 1, &read))
                                cr_assert(is_canonical(copy, sizeof(text) - 1), "byte %zu is %d", i, byte);
                }
}

Test(canonical, members_are_told)
{
        static const char text[] = "{\"a\":1.5,\"b\":\"x\\ty\",\"c\":[1,2],\"d\":null}";
        const struct canonical_member *member;
        struct canonical read;

        cr_assert(canonical_read(text, strlen(text), &read));
        cr_expect(read.len == 4 && read.escapes);
        member = canonical_get(&read, "b");
        cr_assert(member);
        cr_expect(member->kind == CANONICAL_STRING && member->len == 4 && memcmp(member->text, "x\\ty", 4) == 0);
        member = canonical_get(&read, "c");
        cr_expect(member && member->kind == CANONICAL_ARRAY && member->len == 5);
        cr_expect(!canonical_get(&read, "e") && !canonical_get(&read, ""));
        cr_expect(canonical_get(&read, "d")->kind == CANONICAL_NULL &&
                  canonical_get(&read, "a")->kind == CANONICAL_REAL);
}

Test(canonical, deep_and_wide_ones_are_left_to_others)
{
        _cleanup_str_ struct str deep = {0}, wide = {0};

        str_puts(&deep, "{\"a\":");
        for (int i = 0; i < 100000; i++)
                str_putc(&deep, '[');
        cr_expect(!takes(str_text(&deep)));
        for (int i = 0; i <= CANONICAL_MEMBERS_MAX; i++)
                str_printf(&wide, "%c\"%03d\":1", i ? ',' : '{', i);
        str_putc(&wide, '}');
        cr_expect(!takes(str_text(&wide)));
}

static bool checks(const char *type, enum event_actor actor, const char *data)
{
        struct event_checked checked;

        return event_check_text(event_type_find(type), actor, data, strlen(data), &checked);
}

static bool validates(const char *type, enum event_actor actor, const char *data)
{
        struct err err = ERR_INIT;
        _cleanup_json_ json_t *json = json_parse(data, strlen(data), "data", &err);

        return json && event_validate(event_type_find(type), actor, json, &err) == 0;
}

/* Both ways to check an event are one: over every type and actor, with data that fits some of them. */
Test(canonical, an_event_that_is_checked_as_text_is_valid)
{
        static const char *const texts[] = {
                "{}",
                "{\"text\":\"\"}",
                "{\"text\":\"x\"}",
                "{\"text\":7}",
                "{\"text\":null}",
                "{\"progress\":0.5,\"text\":\"x\"}",
                "{\"progress\":1.5,\"text\":\"x\"}",
                "{\"progress\":-0.5,\"text\":\"x\"}",
                "{\"progress\":null,\"text\":\"x\",\"tick\":-3}",
                "{\"extra\":[],\"text\":\"x\"}",
                "{\"text\":\"x\",\"tick\":1.5}",
                "{\"budget\":1,\"claim\":\"c\",\"test\":\"t\"}",
                "{\"budget\":null,\"claim\":\"c\",\"test\":\"t\"}",
                "{\"blind_spot\":\"b\",\"bound\":\"b\",\"risk\":\"r\",\"why\":\"cost\"}",
                "{\"blind_spot\":\"b\",\"bound\":\"b\",\"risk\":\"r\",\"why\":\"costs\"}",
                "{\"believe\":{\"a\":1}}",
                "{\"other\":1}",
                "{\"usd\":-1}",
                "{\"tokens_in\":1.5,\"usd\":1}",
                "{\"tokens_in\":12,\"usd\":1}",
                "{\"items\":[],\"reason\":\"r\"}",
                "{\"items\":{},\"reason\":\"r\"}",
                "{\"options\":[1],\"question\":\"q\"}",
                "{\"sha256\":\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}",
                "{\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}",
                "{\"sha256\":\"E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}",
                "{\"evidence\":\"sha256:\",\"who\":\"me\"}",
                "{\"tree\":\"\",\"who\":\"me\"}",
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                for (size_t j = 0; event_type_at(j); j++)
                        for (int actor = 0; actor < EVENT_ACTOR_COUNT; actor++) {
                                const char *type = event_type_name(event_type_at(j));

                                cr_expect_eq(checks(type, (enum event_actor)actor, texts[i]),
                                             validates(type, (enum event_actor)actor, texts[i]), "%s %s by %d", type,
                                             texts[i], actor);
                        }
}
