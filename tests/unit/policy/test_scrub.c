/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/scrub.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/gates/rules.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Made up, in pieces, so that no scanner takes this file for a leak. */
#define TOKEN                                                                                                          \
        "gh"                                                                                                           \
        "p_5u5O5JjOVSURRI6WhVrPcHmxznIGTt0EOl85"

Test(scrub, hides_formats_and_keeps_lengths)
{
        char text[] = "before " TOKEN " between " TOKEN " after\n";
        const size_t len = strlen(text);

        cr_assert_eq(scrub_text(text, len), 2);
        cr_assert_eq(strlen(text), len);
        cr_assert_null(strstr(text, "5u5O5"));
        cr_assert_eq(strncmp(text, "before ", 7), 0);
        cr_assert_str_eq(text + len - 7, " after\n");
        cr_assert_eq(scrub_text(text, len), 0, "what is hidden is not found again");
}

/* As agents print their JSON, a terminal its colours, a URL its bytes; and what is joined to a name. */
Test(scrub, finds_them_behind_a_letter_that_is_no_letter)
{
        const char *const before[] = {"{\"text\":\"line\\n",
                                      "\\t",
                                      "\033[01;31m\033[K",
                                      "\033[32m",
                                      "\\u001b[1m",
                                      "?token%3D",
                                      "token_",
                                      "=",
                                      "\""};

        for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
                _cleanup_free_ char *text = xasprintf("%s%s\n", before[i], TOKEN);

                cr_expect_eq(scrub_text(text, strlen(text)), 1, "behind %s", before[i]);
                cr_expect_null(strstr(text, "5u5O5"), "behind %s", before[i]);
        }
        {
                char inside[] = "a wordgh"
                                "p_5u5O5JjOVSURRI6WhVrPcHmxznIGTt0EOl85";

                cr_expect_eq(scrub_text(inside, strlen(inside)), 0, "it is the end of a word");
        }
}

Test(scrub, leaves_what_is_no_secret)
{
        char made_up[] = "token ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
        char digest[] = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        char named[] = "password = hunter2-Correct-Horse";
        char none[] = "";

        cr_assert_eq(scrub_text(made_up, strlen(made_up)), 0);
        cr_assert_eq(scrub_text(digest, strlen(digest)), 0);
        cr_assert_eq(scrub_text(named, strlen(named)), 0);
        cr_assert_eq(scrub_text(none, 0), 0);
}

Test(scrub, goes_through_json_its_names_too)
{
        _cleanup_json_ struct json_t *json =
                json_pack("{s:[s, {s:s}], s:s, s:i}", "list", "x " TOKEN, "deep", TOKEN, TOKEN, "plain", "n", 3);
        _cleanup_free_ char *text = NULL;

        cr_assert_eq(scrub_json(json), 3);
        text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
        cr_assert_null(strstr(text, TOKEN));
        cr_assert_not_null(strstr(text, "****\":\"plain\""));
        cr_assert_not_null(strstr(text, "\"deep\":\"****"));
        cr_assert_not_null(strstr(text, "\"n\":3"));
}

Test(scrub, files_of_any_size)
{
        const int fd = memfd_create("log", MFD_CLOEXEC);
        struct err err = ERR_INIT;
        uint64_t hidden = 7;
        char tail[sizeof(TOKEN)] = "";

        cr_assert_eq(scrub_file(fd, &hidden, &err), 0, "%s", err.message);
        cr_assert_eq(hidden, 0);
        cr_assert_eq(ftruncate(fd, 1 << 20), 0);
        cr_assert_eq(pwrite(fd, " " TOKEN "\n", strlen(TOKEN) + 2, 1 << 20), (ssize_t)strlen(TOKEN) + 2);
        cr_assert_eq(scrub_file(fd, &hidden, &err), 0, "%s", err.message);
        cr_assert_eq(hidden, 1);
        cr_assert_eq(pread(fd, tail, strlen(TOKEN), (1 << 20) + 1), (ssize_t)strlen(TOKEN));
        cr_assert_eq(strspn(tail, "*"), strlen(TOKEN));
        close(fd);
}

/* Each row's own example, by itself: so none is lost to the index that texts are looked through by. */
Test(scrub, every_format_of_the_table_is_found)
{
        const struct gate_rule *rule;
        size_t formats = 0;

        for (size_t i = 0; (rule = rule_at(i)); i++) {
                _cleanup_free_ char *text = NULL;

                if (rule->gate != GATE_SECRETS || !rule->pattern || !rule->hint ||
                    strncmp(rule->id, "assigned", 8) == 0)
                        continue;
                formats++;
                text = xstrdup(rule->must_match);
                cr_expect_gt(scrub_text(text, strlen(text)), 0, "%s", rule->id);
        }
        cr_assert_leq(formats, 64, "the index has room for 64");
        cr_assert_gt(formats, 40);
}

/* scrub_may_find() looks at a text with its escapes: that misses nothing as long as hints have no byte that is escaped, but quotes. */
Test(scrub, no_hint_is_written_otherwise_in_json)
{
        const struct gate_rule *rule;

        for (size_t i = 0; (rule = rule_at(i)); i++)
                for (const char *at = rule->gate == GATE_SECRETS && rule->hint ? rule->hint : ""; *at; at++)
                        cr_expect((unsigned char)*at >= 0x20 && *at != '\\', "%s: %s", rule->id, rule->hint);
}

/* The example of each rule, quotes and line ends and all, is a note's text. */
Test(scrub, what_is_hidden_is_never_let_pass)
{
        const struct gate_rule *rule;
        size_t hidden = 0;

        for (size_t i = 0; (rule = rule_at(i)); i++) {
                const bool secret = rule->gate == GATE_SECRETS && rule->must_match;
                _cleanup_json_ struct json_t *json = secret ? json_pack("{s:s}", "text", rule->must_match) : NULL;
                _cleanup_free_ char *text = json ? json_canonical(json) : NULL;

                if (!text || !scrub_json(json))
                        continue;
                hidden++;
                cr_expect(scrub_may_find(text, strlen(text)), "%s: %s", rule->id, text);
        }
        cr_expect(hidden > 20, "%zu", hidden);
}

Test(scrub, a_text_is_only_let_pass_where_nothing_is_hidden)
{
        static const char quoted[] = "{\"auth\": \""
                                     "qm8zvw5pibg7iqebjkqkxxdxl"
                                     "\"}";
        const char *const texts[] = {"x " TOKEN " y", "a\nb \"" TOKEN "\"", "nothing", "ghp_ alone is none", quoted};
        _cleanup_json_ struct json_t *list = json_pack("[s]", quoted);

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                _cleanup_json_ struct json_t *json = json_pack("{s:s}", "text", texts[i]);
                _cleanup_free_ char *text = json_canonical(json);

                if (!scrub_may_find(text, strlen(text)))
                        cr_expect_eq(scrub_json(json), 0, "%s", texts[i]);
        }
        cr_expect_eq(scrub_json(list), 1, "its quotes are written otherwise in JSON");
        cr_expect(scrub_may_find("{\"text\":\"" TOKEN "\"}", strlen("{\"text\":\"" TOKEN "\"}")));
        cr_expect(!scrub_may_find("{\"text\":\"nothing at all\"}", strlen("{\"text\":\"nothing at all\"}")));
}
