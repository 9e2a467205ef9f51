/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Line by line. A stack of levels, one per open subtest: lines that are indented deeper open one, lines that are indented
 * less close those above, and a level that is closed is held against its plan.
 */
#include "lib/base/tap.h"

#include "lib/base/cleanup.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INDENT 4
#define VERSION_MIN 12
#define VERSION_MAX 14
#define SUBTESTS_SINCE 14

struct level {
        char *name; /* of the subtest; NULL: the outermost */
        unsigned long planned, ran;
        bool has_plan, any_failed;
};

struct reader {
        struct test_cases *cases;
        struct level levels[TAP_DEPTH_MAX];
        size_t depth;
        char *announced; /* the name of the subtest that comes next, or NULL */
        long version;
        bool seen;           /* anything of TAP */
        bool bailed;         /* nothing after it counts */
        bool in_yaml;        /* in a block of diagnostics */
        bool closed, failed; /* the line before closed a subtest; in which a test failed */
};

static void release(struct reader *reader)
{
        for (size_t i = 0; i < TAP_DEPTH_MAX; i++)
                free(reader->levels[i].name);
        free(reader->announced);
}

struct line {
        const char *text;
        size_t len;
};

static bool begins(struct line line, const char *word)
{
        size_t len = strlen(word);

        return line.len >= len && memcmp(line.text, word, len) == 0;
}

static void skip(struct line *line, size_t bytes)
{
        line->text += bytes;
        line->len -= bytes;
}

static void skip_blanks(struct line *line)
{
        while (line->len && (*line->text == ' ' || *line->text == '\t'))
                skip(line, 1);
}

static void trim(struct line *line)
{
        while (line->len && strchr(" \t\r", line->text[line->len - 1]))
                line->len--;
}

/* At most nine digits, so that no number is too large. */
static bool take_number(struct line *line, unsigned long *ret)
{
        size_t digits = 0;
        unsigned long number = 0;

        while (digits < line->len && digits < 10 && isdigit((unsigned char)line->text[digits]))
                number = number * 10 + (unsigned long)(line->text[digits++] - '0');
        if (digits == 0 || digits == 10)
                return false;
        skip(line, digits);
        *ret = number;
        return true;
}

/* ---- Cases ---- */

static int add_case(struct reader *reader, const char *name, enum test_result result, struct err *err)
{
        const char *parts[TAP_DEPTH_MAX + 1];
        size_t len = 0;

        for (size_t i = 1; i <= reader->depth; i++)
                parts[len++] = reader->levels[i].name;
        parts[len++] = name;
        if (result == TEST_FAIL || result == TEST_ERROR)
                reader->levels[reader->depth].any_failed = true;
        return test_cases_add(reader->cases, parts, len, result, 0, err);
}

static int check_plan(struct reader *reader, struct err *err)
{
        const struct level *level = &reader->levels[reader->depth];

        if (reader->bailed || (level->has_plan && level->ran == level->planned))
                return 0;
        return add_case(reader, "(plan)", TEST_ERROR, err);
}

static int close_level(struct reader *reader, struct err *err)
{
        struct level *level = &reader->levels[reader->depth];
        bool failed;

        if (check_plan(reader, err) < 0)
                return -1;
        failed = level->any_failed;
        free(level->name);
        *level = (struct level){0};
        reader->depth--;
        reader->levels[reader->depth].any_failed |= failed;
        reader->closed = true;
        reader->failed = failed;
        return 0;
}

static void open_level(struct reader *reader)
{
        unsigned long number = reader->levels[reader->depth].ran + 1;
        struct level *level = &reader->levels[++reader->depth];

        level->name = reader->announced ? steal_ptr(&reader->announced) : xasprintf("subtest %lu", number);
}

/* ---- Lines ---- */

static char *unescaped(struct line line)
{
        _cleanup_str_ struct str text = {0};

        for (size_t i = 0; i < line.len; i++) {
                if (line.text[i] == '\\' && i + 1 < line.len && (line.text[i + 1] == '#' || line.text[i + 1] == '\\'))
                        i++;
                str_putc(&text, line.text[i] ? line.text[i] : ' ');
        }
        return str_steal(&text);
}

/* Splits off " # …"; a "#" after a backslash is text. */
static struct line split_directive(struct line *line)
{
        struct line none = {"", 0};

        for (size_t i = 0; i < line->len; i++) {
                if (line->text[i] == '\\')
                        i++;
                else if (line->text[i] == '#' && (i == 0 || isblank((unsigned char)line->text[i - 1]))) {
                        struct line rest = {line->text + i + 1, line->len - i - 1};

                        line->len = i;
                        skip_blanks(&rest);
                        return rest;
                }
        }
        return none;
}

static bool directs(struct line directive, const char *word)
{
        return directive.len >= 4 && strncasecmp(directive.text, word, 4) == 0;
}

static enum test_result result_of(bool ok, struct line directive)
{
        if (directs(directive, "skip") || (!ok && directs(directive, "todo")))
                return TEST_SKIP;
        return ok ? TEST_PASS : TEST_FAIL;
}

/* The result of a subtest: what its tests said already is not said twice. */
static bool is_said(const struct reader *reader, enum test_result result)
{
        return reader->closed && (result == TEST_PASS || (result == TEST_FAIL && reader->failed));
}

static int take_test(struct reader *reader, struct line line, bool ok, struct err *err)
{
        struct level *level = &reader->levels[reader->depth];
        unsigned long number = level->ran + 1;
        _cleanup_free_ char *name = NULL;
        struct line directive;
        enum test_result result;

        level->ran++;
        skip_blanks(&line);
        if (take_number(&line, &number))
                skip_blanks(&line);
        if (line.len && *line.text == '-')
                skip(&line, 1);
        skip_blanks(&line);
        directive = split_directive(&line);
        result = result_of(ok, directive);
        trim(&line);
        if (line.len && line.text[line.len - 1] == '{') { /* its subtest follows, with all that it has to say */
                line.len--;
                trim(&line);
                free(reader->announced);
                reader->announced = unescaped(line);
                /* a failure that only its tests may tell would be nobody's where none follow */
                return result == TEST_FAIL ? add_case(reader, reader->announced, result, err) : 0;
        }
        name = line.len ? unescaped(line) : xasprintf("test %lu", number);
        return is_said(reader, result) ? 0 : add_case(reader, name, result, err);
}

static void take_plan(struct reader *reader, struct line line)
{
        struct level *level = &reader->levels[reader->depth];

        skip(&line, strlen("1.."));
        /* a second plan of a level contradicts the first: neither counts */
        if (level->has_plan)
                level->planned = (unsigned long)-1;
        else
                level->has_plan = take_number(&line, &level->planned);
}

static int take_version(struct reader *reader, struct line line, struct err *err)
{
        unsigned long version = 0;

        skip(&line, strlen("TAP version "));
        if (!take_number(&line, &version) || version < VERSION_MIN || version > VERSION_MAX)
                return err_set(err, ERR_INPUT, "TAP of another version than %d to %d", VERSION_MIN, VERSION_MAX);
        reader->version = (long)version;
        return 0;
}

static void announce(struct reader *reader, struct line line)
{
        skip(&line, strlen("# Subtest"));
        if (line.len && *line.text == ':')
                skip(&line, 1);
        skip_blanks(&line);
        trim(&line);
        free(reader->announced);
        reader->announced = line.len ? unescaped(line) : xstrdup("subtest");
}

static bool is_test(struct line line, bool *ret_ok)
{
        size_t word;

        *ret_ok = !begins(line, "not ok");
        word = *ret_ok ? 2 : 6;
        if (*ret_ok && !begins(line, "ok"))
                return false;
        return line.len == word || isblank((unsigned char)line.text[word]) || line.text[word] == '\r';
}

static bool is_tap(struct line line)
{
        bool ok;

        return is_test(line, &ok) || begins(line, "1..") || begins(line, "TAP version ") || begins(line, "Bail out!");
}

/* Brings the stack to the line's level; false: it is indented, but no subtest of ours. */
static int find_level(struct reader *reader, size_t wanted, bool *ret, struct err *err)
{
        *ret = wanted <= reader->depth || ((reader->announced || reader->version >= SUBTESTS_SINCE) &&
                                           wanted == reader->depth + 1 && wanted < TAP_DEPTH_MAX);
        if (!*ret)
                return 0;
        if (wanted > reader->depth)
                open_level(reader);
        while (wanted < reader->depth)
                if (close_level(reader, err) < 0)
                        return -1;
        return 0;
}

static int take_tap(struct reader *reader, struct line line, struct err *err)
{
        bool ok;
        int failed = 0;

        reader->seen = true;
        if (begins(line, "Bail out!")) {
                while (reader->depth && !failed)
                        failed = close_level(reader, err);
                reader->bailed = true;
                failed = failed ? failed : add_case(reader, "(bail out)", TEST_ERROR, err);
        } else if (begins(line, "TAP version ")) {
                failed = take_version(reader, line, err);
        } else if (begins(line, "1..")) {
                take_plan(reader, line);
        } else if (is_test(line, &ok)) {
                skip(&line, ok ? 2 : 6);
                failed = take_test(reader, line, ok, err);
        }
        reader->closed = false;
        return failed;
}

/* "  ---" to "  ..." below a test; true: the line is part of it. */
static bool is_diagnostics(struct reader *reader, struct line line)
{
        bool inside = reader->in_yaml;

        skip_blanks(&line);
        trim(&line);
        if (inside && line.len == 3 && memcmp(line.text, "...", 3) == 0)
                reader->in_yaml = false;
        else if (!inside && line.len == 3 && memcmp(line.text, "---", 3) == 0)
                reader->in_yaml = inside = true;
        return inside;
}

static int take_line(struct reader *reader, struct line line, struct err *err)
{
        size_t spaces = 0;
        bool ours = false;

        while (spaces < line.len && line.text[spaces] == ' ')
                spaces++;
        if (spaces % INDENT == 2 && is_diagnostics(reader, line))
                return 0;
        if (reader->in_yaml || reader->bailed || spaces % INDENT)
                return 0;
        skip(&line, spaces);
        if (begins(line, "# Subtest"))
                announce(reader, line);
        if (!is_tap(line))
                return 0;
        if (find_level(reader, spaces / INDENT, &ours, err) < 0)
                return -1;
        return ours ? take_tap(reader, line, err) : 0;
}

static int parse(struct reader *reader, const char *bytes, size_t len, struct err *err)
{
        for (size_t at = 0; at < len;) {
                const char *end = memchr(bytes + at, '\n', len - at);
                struct line line = {bytes + at, end ? (size_t)(end - bytes) - at : len - at};

                if (take_line(reader, line, err) < 0)
                        return -1;
                at += line.len + 1;
        }
        while (reader->depth)
                if (close_level(reader, err) < 0)
                        return -1;
        return check_plan(reader, err);
}

int tap_parse(const char *bytes, size_t len, struct test_cases *ret, struct err *err)
{
        _cleanup_test_cases_ struct test_cases cases = {0};
        __attribute__((cleanup(release))) struct reader reader = {.cases = &cases};

        if (len > TEST_REPORT_MAX)
                return err_set(err, ERR_INPUT, "more than %zu MiB", TEST_REPORT_MAX >> 20);
        if (parse(&reader, bytes, len, err) < 0)
                return -1;
        if (!reader.seen)
                return err_set(err, ERR_INPUT, "no line of it is TAP");
        test_cases_finish(&cases);
        *ret = cases;
        cases = (struct test_cases){0};
        return 0;
}
