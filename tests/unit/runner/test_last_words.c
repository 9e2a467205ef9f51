/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent said last, in plain text, JSON of several makes, and bytes that mean no good. */
#include "runner/last_words.h"
#include "runner/reason.h"

#include "lib/base/cleanup.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void says(const char *log, const char *expected)
{
        _cleanup_last_words_ struct last_words words = {0};
        _cleanup_strv_ struct strv reasons = {0};
        _cleanup_str_ struct str all = {0};

        last_words_take(&words, log, strlen(log), NULL);
        last_words_reasons(&words, "agent.log", &reasons);
        for (size_t i = 0; i < reasons.len; i++)
                str_printf(&all, "%s%s", i ? "|" : "", reasons.items[i] + strlen("agent.log: "));
        cr_expect_str_eq(str_text(&all), expected, "of %s: %s", log, str_text(&all));
}

Test(last_words, the_last_lines_of_plain_text)
{
        says("", "");
        says("\n \n", "");
        says("Should I also change the docs? (y/n) ", "Should I also change the docs? (y/n)");
        says("one\n\n\ntwo\r\n", "one|two");
        says("1\n2\n3\n4\n5\n6\n7\n8\n", "3|4|5|6|7|8");
        says("done }\n", "done }");
}

Test(last_words, what_it_was_told_is_not_its_own)
{
        static const char prompt[] = "Fix the parser.\n\n> because: 429 Too Many Requests\n  indented\n";
        static const char log[] = "user\r\nFix the parser.\r\n> because: 429 Too Many Requests \nindented\n"
                                  "agent\nFix the parser. I will.\n";
        _cleanup_last_words_ struct last_words words = {0};

        last_words_take(&words, log, strlen(log), prompt);
        cr_assert(!strstr(str_text(&words.log), "429"), "%s", str_text(&words.log));
        cr_assert(!strstr(str_text(&words.log), "indented"));
        cr_assert(strstr(str_text(&words.log), "Fix the parser. I will."));
}

Test(last_words, json_gives_its_text)
{
        says("{\"type\":\"system\"}\n{\"type\":\"result\",\"result\":\"All done.\\nOr is it?\",\"usage\":{\"x\":1}}\n",
             "All done.|Or is it?");
        says("{\"type\":\"item.completed\",\"item\":{\"id\":\"1\",\"type\":\"agent_message\",\"text\":\"Which "
             "file?\"}}\n"
             "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":1}}\n",
             "Which file?");
        says("{\"type\":\"text\",\"part\":{\"type\":\"text\",\"text\":\"from a part\"}}\n", "from a part");
        says("{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"tool_use\"},{\"type\":\"text\",\"text\":"
             "\"from a message\"}]}}\n",
             "from a message");
        says("{\"type\":\"turn.failed\",\"error\":{\"message\":\"no quota\"}}\n", "no quota");
        says("Loaded.\n{\n  \"response\": \"many lines\",\n  \"stats\": {}\n}\n", "many lines");
        says("[{\"type\":\"system\"},{\"type\":\"result\",\"result\":\"in a list\"}]\n", "in a list");
}

Test(last_words, json_without_a_text_is_shown_as_it_is)
{
        says("{\"a\":1}\n", "\"{\\\"a\\\":1}\"");
        says("{\"result\":\"  \"}", "\"{\\\"result\\\":\\\"  \\\"}\"");
        says("{\"result\":\"cut", "\"{\\\"result\\\":\\\"cut\"");
        says("plain\n{\"a\":1}\n", "plain|\"{\\\"a\\\":1}\"");
}

Test(last_words, a_terminals_control_sequences_are_left_out)
{
        says("\033[1;31mPlease\033[0m run \033]8;;http://x\033\\/login\033]8;;\a\n", "Please run /login");
        says("working 1%\rworking 2%\rdone\n", "working 1%|working 2%|done");
        says("a\033", "a");
        says("a\033[", "a");
        says("a\033]never ends", "anever ends");
        says("bell\a \b back", "\"bell\\a \\b back\"");
        says("{\"result\":\"\\u001b[2Jclear \\u202e\"}", "\"clear \\342\\200\\256\"");
}

Test(last_words, what_is_hostile_takes_neither_long_nor_much)
{
        static const char *const pieces[] = {"\033]", "[\n", "{\n", "{\"result\":", "[", "\033[1", "{}\n", "]\n"};
        char log[LAST_WORDS_BYTES + 1];

        for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
                _cleanup_last_words_ struct last_words words = {0};
                _cleanup_strv_ struct strv reasons = {0};
                const size_t len = strlen(pieces[i]);

                for (size_t at = 0; at < LAST_WORDS_BYTES; at++)
                        log[at] = pieces[i][at % len];
                log[LAST_WORDS_BYTES - 1] = '}';
                last_words_take(&words, log, LAST_WORDS_BYTES, NULL);
                last_words_reasons(&words, "agent.log", &reasons);
                cr_assert_leq(reasons.len, REASON_LINES);
                for (size_t k = 0; k < reasons.len; k++)
                        cr_assert_leq(strlen(reasons.items[k]), REASON_MAX);
        }
}

Test(last_words, of_a_long_log_the_end_is_read)
{
        char folder[] = "/tmp/cupel-words-XXXXXX", line[64];
        _cleanup_last_words_ struct last_words words = {0}, none = {0};
        _cleanup_strv_ struct strv reasons = {0};
        int dir, fd;

        cr_assert(mkdtemp(folder));
        dir = open(folder, O_RDONLY | O_DIRECTORY);
        fd = openat(dir, "agent.log", O_CREAT | O_WRONLY, 0600);
        for (int i = 0; i < 10000; i++)
                cr_assert(write(fd, line, (size_t)snprintf(line, sizeof(line), "line %06d\n", i)) > 0);
        last_words_read(&words, dir, "agent.log", NULL);
        last_words_reasons(&words, "agent.log", &reasons);
        cr_assert_eq(reasons.len, REASON_LINES);
        cr_assert_str_eq(reasons.items[REASON_LINES - 1], "agent.log: line 009999");
        cr_assert_leq(words.log.len, LAST_WORDS_BYTES);
        last_words_read(&none, dir, "nothing.log", NULL);
        cr_assert_eq(none.log.len, 0);
        unlinkat(dir, "agent.log", 0);
        rmdir(folder);
        close(dir);
        close(fd);
}
