/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/attributes.h"

#include "lib/base/cleanup.h"
#include "policy/gate.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
        const char *path, *text;
} files[] = {
        {".gitattributes", "# *.c whitespace=comment\n*.c whitespace=one linguist-generated\n/top.c -whitespace\r\n"
                           "[attr]macro whitespace=macro\n!*.c whitespace=never\n*.h whitespace=last"},
        {"src/.gitattributes", "*.c whitespace=two\nno.c !whitespace\nlong.c whitespaces=no\n"},
        {"src/deep/.gitattributes", "*.c -linguist-generated\n"},
};
static size_t reads;

static int read_file(void *data, const char *path, bool new_side, struct str *ret, struct err *err)
{
        (void)data;
        cr_assert_not(new_side, "the change's own attributes count for nothing");
        reads++;
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
                if (!strcmp(path, files[i].path)) {
                        str_puts(ret, files[i].text);
                        return 0;
                }
        return err_set(err, ERR_NOT_FOUND, "no file");
}

static const struct change_reader reader = {.read = read_file};

static void is(const char *path, const char *name, const char *expected)
{
        _cleanup_attributes_ struct attributes attributes = {.read = &reader};
        const char *value = attributes_of(&attributes, path, name);

        if (!expected)
                cr_expect_null(value, "%s %s: %s", path, name, value);
        else
                cr_expect(value && !strcmp(value, expected), "%s %s: %s", path, name, value ? value : "(none)");
}

Test(attributes, the_last_line_of_the_deepest_file_wins)
{
        is("a.c", "whitespace", "one");
        is("a.c", "linguist-generated", "");
        is("top.c", "whitespace", "-");
        is("a.h", "whitespace", "last");
        is("a.txt", "whitespace", NULL);
        is("src/a.c", "whitespace", "two");
        is("src/top.c", "whitespace", "two");
        is("src/no.c", "whitespace", NULL);
        is("src/long.c", "whitespace", "two");
        is("src/deep/a.c", "whitespace", "two");
        is("src/deep/a.c", "linguist-generated", "-");
        is("srcs/a.c", "whitespace", "one");
}

Test(attributes, each_file_is_read_once_and_without_a_reader_nothing_is_said)
{
        _cleanup_attributes_ struct attributes attributes = {.read = &reader}, none = {0};

        reads = 0;
        for (size_t i = 0; i < 10; i++)
                (void)attributes_of(&attributes, "src/deep/a.c", "whitespace");
        cr_assert_eq(reads, 3);
        cr_assert_null(attributes_of(&none, "a.c", "whitespace"));
}
