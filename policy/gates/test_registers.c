/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of build files that make a test run: where a change takes one away that nothing brings back, the test is still there and says
 * nothing any more.
 */
#include "policy/gates/rules.h"
#include "policy/gates/test_count.h"

#include "lib/base/cleanup.h"

#include <string.h>

static const struct {
        const char *file; /* end of the path */
        const char *words[6];
} builds[] = {
        {"CMakeLists.txt",
         {"add_test(", "gtest_discover_tests(", "gtest_add_tests(", "catch_discover_tests(", "enable_testing("}},
        {".cmake", {"add_test(", "gtest_discover_tests(", "gtest_add_tests(", "catch_discover_tests("}},
        {"meson.build", {"test("}},
        {"Makefile.am", {"TESTS ", "TESTS+", "TESTS="}},
        {"BUILD", {"_test("}},
        {"BUILD.bazel", {"_test("}},
};

static bool ends_with(const char *text, const char *end)
{
        size_t len = strlen(text), tail = strlen(end);

        return len >= tail && !strcmp(text + len - tail, end) &&
               (len == tail || *end == '.' || text[len - tail - 1] == '/');
}

static bool registers(size_t build, const struct change_line *line)
{
        const char *text = line->text;
        size_t len = line->len;

        while (len && (*text == ' ' || *text == '\t')) {
                text++;
                len--;
        }
        if (len && *text == '#')
                return false;
        for (const char *const *word = builds[build].words; *word; word++)
                if (memmem(text, len, *word, strlen(*word)))
                        return true;
        return false;
}

static void judge_change(const struct judgement *judgement, size_t build, const struct change *change, bool code_went)
{
        const struct change_line *first = NULL;
        size_t added = 0, removed = 0;

        for (size_t i = 0; i < change->lines_len; i++) {
                if (!registers(build, &change->lines[i]))
                        continue;
                *(change->lines[i].sign == '+' ? &added : &removed) += 1;
                if (!first && change->lines[i].sign == '-')
                        first = &change->lines[i];
        }
        if (first && removed > added) {
                _cleanup_free_ char *excerpt = gate_excerpt(first->text, first->len);

                gate_find(judgement,
                          &(struct gate_at){.path = change->path,
                                            .line = first->number,
                                            .rule = code_went ? "test-went-with-code" : "test-unregistered",
                                            .excerpt = excerpt},
                          "no longer runs a test that it ran");
        }
}

void test_registers_judge(const struct judgement *judgement, bool code_went)
{
        for (size_t i = 0; i < judgement->changes->len; i++)
                for (size_t k = 0; k < sizeof(builds) / sizeof(builds[0]); k++)
                        if (ends_with(judgement->changes->items[i].path, builds[k].file))
                                judge_change(judgement, k, &judgement->changes->items[i], code_went);
}
