/* SPDX-License-Identifier: Apache-2.0 */
/* Two patterns per language, over the file with its comments blank. */
#include "policy/gates/test_count.h"

#include "policy/gates/pattern.h"

#include <string.h>

#define CASES_MAX 20000 /* of one file */

#define C_CASE                                                                                                         \
        "^[ \\t]*(?:(?<at>(?:TEST(?:_F|_P|_CASE|_METHOD)?|Test|ParameterizedTest|TYPED_TEST(?:_P)?|START_TEST|"        \
        "BOOST_AUTO_TEST_CASE|SCENARIO)[ ]?\\([^)\\n]{1,200})|(?:static[ ])?(?:void|int|bool)[ "                       \
        "](?<at>test_\\w{1,100})[ ]?\\()"
#define C_ASSERT                                                                                                       \
        "\\b(?:EXPECT|ASSERT|CHECK|REQUIRE|BOOST_(?:TEST|CHECK|REQUIRE)|CU_ASSERT|TEST_ASSERT|QVERIFY|QCOMPARE|FAIL|"  \
        "ck_assert|cr_assert|cr_expect|g_assert|mu_assert|assert)\\w{0,40}[ ]?\\("

static const struct {
        const char *cases, *asserts;
} table[LANG_COUNT] = {
        [LANG_C] = {C_CASE, C_ASSERT},
        [LANG_CPP] = {C_CASE, C_ASSERT},
        [LANG_PYTHON] =
                {"^[ \\t]*(?:async[ ])?def[ ](?<at>test\\w{0,200})[ ]?\\(",
                 "\\bassert(?:\\b|[A-Z_]\\w{0,60}[ ]?\\()|\\bpytest\\.(?:raises|warns|fail)\\(|\\.assert_\\w{1,60}\\("},
        [LANG_JS] = {"(?<![\\w.$])(?:it|test|specify)(?:\\.(?:concurrent|failing|each\\b[^\\n]{0,200}\\)))?[ "
                     "]?\\(\\s{0,40}(?<at>"
                     "\"[^\"\\n]{1,200}\"|'[^'\\n]{1,200}'|`[^`]{1,200}`)",
                     "\\bexpect[ ]?\\(|\\bassert(?:\\.\\w{1,40})?[ "
                     "]?\\(|\\.should\\b|\\bt\\.(?:is|deepEqual|true|false|throws|equals?|ok|"
                     "same|not\\w{0,20}|like)\\("},
        [LANG_GO] = {"^func[ ](?<at>(?:Test|Fuzz|Example)[A-Z_0-9]\\w{0,200})\\(",
                     "\\bt\\.(?:Errorf?|Fatalf?|Fail|FailNow)\\(|\\b(?:assert|require)\\.\\w{1,40}\\("},
        [LANG_RUST] = {"#\\[(?:\\w{1,40}::){0,4}test\\b[^\\]\\n]{0,100}\\]\\s{0,40}(?:#\\[[^\\]\\n]{0,200}\\]\\s{0,40})"
                       "{0,6}(?:pub[ ])?"
                       "(?:async[ ])?fn[ ](?<at>\\w{1,200})",
                       "\\b(?:debug_)?assert(?:_eq|_ne|_matches)?!|\\bpanic!|\\bshould_panic\\b"},
        [LANG_JAVA] = {"@(?:Test|ParameterizedTest|RepeatedTest)\\b[^;{}]{0,300}\\bvoid[ ](?<at>\\w{1,200})[ ]?\\(|^[ "
                       "\\t]*public[ ]void"
                       "[ ](?<at>test\\w{1,200})[ ]?\\([ ]?\\)",
                       "\\bassert\\w{0,40}[ ]?\\(|\\bassert[ ]|\\bverify\\(|\\bfail\\("},
        [LANG_SHELL] = {"^@test[ ](?<at>\"[^\"\\n]{1,200}\"|'[^'\\n]{1,200}')|^(?<at>test_\\w{1,200})[ ]?\\([ ]?\\)",
                        "\\bassert\\w{0,40}\\b|\\|\\|[ ]?(?:exit|fail|die|return)\\b"},
};

static struct pattern *compiled(enum language language, bool asserts)
{
        static struct pattern *patterns[LANG_COUNT][2];
        struct pattern **pattern = &patterns[language][asserts];

        if (!*pattern)
                *pattern = pattern_new(asserts ? table[language].asserts : table[language].cases);
        return *pattern;
}

typedef void (*case_fn)(const char *name, size_t len, struct test_count *count);

static void each(struct source *source, bool asserts, case_fn take, struct test_count *count)
{
        const char *text = source_view(source, asserts ? VIEW_CODE : VIEW_SOURCE);
        struct pattern_span span;
        size_t from = 0, seen = 0;

        if (!table[source->language].cases)
                return;
        while (seen++ < CASES_MAX && pattern_find(compiled(source->language, asserts), text, source->text.len, from,
                                                  &span) == PATTERN_FOUND) {
                take(text + span.at, span.at_end - span.at, count);
                from = span.end;
        }
}

static void add_name(const char *name, size_t len, struct test_count *count)
{
        strv_add_printf(&count->names, "%.*s", (int)len, name);
}

static void add_assert(const char *name, size_t len, struct test_count *count)
{
        (void)name;
        (void)len;
        count->asserts++;
}

void test_count(struct source *source, struct test_count *count)
{
        each(source, false, add_name, count);
        each(source, true, add_assert, count);
}

void test_count_release(struct test_count *count)
{
        strv_release(&count->names);
        *count = (struct test_count){0};
}
