/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/test_cases.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define X(result, letter, name) [TEST_##result] = name,
        TEST_RESULTS(X)
#undef X
};

static const char letters[] = {
#define X(result, letter, name) [TEST_##result] = letter,
        TEST_RESULTS(X)
#undef X
};

static bool goes_on(unsigned char c)
{
        return (c & 0xc0) == 0x80;
}

/* Of a name only what may be kept: a hundred thousand cases may stand below a suite whose name has megabytes. */
static void put_part(const char *part, struct str *raw)
{
        size_t len = strnlen(part, TEST_NAME_MAX + 1);

        if (raw->len > TEST_NAME_MAX)
                return;
        while (part[len] && len > 1 && goes_on((unsigned char)part[len]))
                len--;
        str_printf(raw, "%s%.*s", raw->len ? "::" : "", (int)len, part);
}

/* As one line; a name that is too long ends in "…", before the character that does not fit. */
static char *plain_name(const char *const *parts, size_t parts_len)
{
        _cleanup_str_ struct str raw = {0}, text = {0};
        const char *from;
        size_t len;

        for (size_t i = 0; i < parts_len; i++)
                if (parts[i] && parts[i][0])
                        put_part(parts[i], &raw);
        str_put_quoted(&text, str_text(&raw), raw.len);
        from = str_text(&text);
        len = text.len;
        if (raw.len && from[0] == '"' && len >= 2) { /* something in it had to be written differently */
                from++;
                len -= 2;
        }
        if (len > TEST_NAME_MAX) {
                for (len = TEST_NAME_MAX; len > 0 && goes_on((unsigned char)from[len]); len--)
                        continue;
                return xasprintf("%.*s…", (int)len, from);
        }
        return len ? xasprintf("%.*s", (int)len, from) : xstrdup("(no name)");
}

static struct test_case *add(struct test_cases *cases, struct err *err)
{
        if (cases->len == TEST_CASES_MAX) {
                err_set(err, ERR_INPUT, "more than %d test cases", TEST_CASES_MAX);
                return NULL;
        }
        if (cases->len == cases->cap) {
                cases->cap = cases->cap ? cases->cap * 2 : 64;
                cases->items = xrealloc(cases->items, cases->cap * sizeof(*cases->items));
        }
        return &cases->items[cases->len++];
}

int test_cases_add(struct test_cases *cases, const char *const *parts, size_t parts_len, enum test_result result,
                   uint64_t ms, struct err *err)
{
        struct test_case *one = add(cases, err);

        if (!one)
                return -1;
        *one = (struct test_case){.name = plain_name(parts, parts_len), .result = result, .ms = ms};
        return 0;
}

void test_cases_release(struct test_cases *cases)
{
        for (size_t i = 0; i < cases->len; i++)
                free(cases->items[i].name);
        free(cases->items);
        *cases = (struct test_cases){0};
}

static int by_name(const void *a, const void *b)
{
        return strcmp(((const struct test_case *)a)->name, ((const struct test_case *)b)->name);
}

static void merge(struct test_case *into, struct test_case *from)
{
        if (from->result > into->result)
                into->result = from->result;
        into->ms += from->ms;
        free(from->name);
}

void test_cases_finish(struct test_cases *cases)
{
        size_t kept = 0;

        if (!cases->len)
                return;
        qsort(cases->items, cases->len, sizeof(*cases->items), by_name);
        for (size_t i = 1; i < cases->len; i++) {
                if (strcmp(cases->items[kept].name, cases->items[i].name) == 0)
                        merge(&cases->items[kept], &cases->items[i]);
                else
                        cases->items[++kept] = cases->items[i];
        }
        cases->len = kept + 1;
}

const struct test_case *test_cases_find(const struct test_cases *cases, const char *name)
{
        const struct test_case wanted = {.name = (char *)name};

        return cases->len ? bsearch(&wanted, cases->items, cases->len, sizeof(wanted), by_name) : NULL;
}

static size_t count_of(const struct test_cases *cases, enum test_result result)
{
        size_t count = 0;

        for (size_t i = 0; i < cases->len; i++)
                count += cases->items[i].result == result;
        return count;
}

bool test_case_failed(const struct test_case *one)
{
        return one->result == TEST_FAIL || one->result == TEST_ERROR;
}

bool test_cases_any_failed(const struct test_cases *cases)
{
        return count_of(cases, TEST_FAIL) + count_of(cases, TEST_ERROR) > 0;
}

struct json_t *test_cases_counts(const struct test_cases *cases)
{
        struct json_t *counts = json_object();

        for (enum test_result result = 0; result < TEST_RESULT_COUNT; result++)
                json_object_set_new(counts, names[result], json_integer((json_int_t)count_of(cases, result)));
        return counts;
}

void test_counts_put(const struct json_t *counts, struct str *out)
{
        const char *result, *between = "";
        struct json_t *count;

        json_object_foreach((struct json_t *)counts, result, count)
        {
                if (!json_integer_value(count))
                        continue;
                str_printf(out, "%s%lld %s", between, (long long)json_integer_value(count), result);
                between = ", ";
        }
}

void test_cases_put(const struct test_cases *cases, struct str *out)
{
        for (size_t i = 0; i < cases->len; i++)
                str_printf(out, "%c %s\n", letters[cases->items[i].result], cases->items[i].name);
}

static int take_line(struct test_cases *cases, const char *line, size_t len, struct err *err)
{
        const char *letter = len > 2 && line[1] == ' ' ? memchr(letters, line[0], sizeof(letters)) : NULL;
        struct test_case *one;

        if (!letter)
                return err_set(err, ERR_INPUT, "no list of test cases");
        one = add(cases, err);
        if (!one)
                return -1;
        *one = (struct test_case){.name = xmemdup(line + 2, len - 2), .result = (enum test_result)(letter - letters)};
        return 0;
}

int test_cases_take(struct test_cases *cases, const char *text, size_t len, struct err *err)
{
        for (size_t at = 0; at < len;) {
                const char *end = memchr(text + at, '\n', len - at);
                size_t line = end ? (size_t)(end - text) - at : len - at;

                if (take_line(cases, text + at, line, err) < 0)
                        return -1;
                at += line + 1;
        }
        test_cases_finish(cases);
        return 0;
}
