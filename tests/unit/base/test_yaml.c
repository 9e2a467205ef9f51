/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/str.h"
#include "lib/base/yaml.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_error(const char *text, size_t len, const char *expected)
{
        struct err err = ERR_INIT;
        struct yaml *doc = yaml_parse(text, len, "f.yaml", &err);

        cr_assert_null(doc, "accepted: %.60s", text);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert(strstr(err.message, expected), "\"%s\" is not in \"%s\"", expected, err.message);
}

#define REFUSED(text, expected) expect_error((text), strlen(text), (expected))

Test(yaml, a_tree_with_positions)
{
        struct err err = ERR_INIT;
        const char *text = "# comment\na: 1\nb: [x, \"true\", ~]\nc:\n  d: |\n    two\n    lines\n";
        struct yaml *doc = yaml_parse(text, strlen(text), "f.yaml", &err);
        const struct yaml_node *root, *list;

        cr_assert(doc, "%s", err.message);
        root = yaml_root(doc);
        cr_assert_eq(root->type, YAML_MAP);
        cr_assert_eq(root->len, 3);
        cr_assert_str_eq(yaml_get(root, "a")->text, "1");
        cr_assert_eq(yaml_get(root, "a")->line, 2);
        cr_assert_eq(yaml_get(root, "a")->column, 4);
        list = yaml_get(root, "b");
        cr_assert_eq(list->len, 3);
        cr_assert(!list->entries[0].value->quoted && list->entries[1].value->quoted);
        cr_assert_eq(list->entries[2].value->type, YAML_NULL);
        cr_assert_str_eq(yaml_get(yaml_get(root, "c"), "d")->text, "two\nlines\n");
        cr_assert_null(yaml_get(root, "z"));
        yaml_err(doc, list, &err, "bad %s", "thing");
        cr_assert_str_eq(err.message, "f.yaml:3:4: bad thing");
        yaml_doc_free(doc);
}

Test(yaml, nothing_is_null)
{
        struct err err = ERR_INIT;
        struct yaml *doc = yaml_parse("# only this\n", 12, "f", &err);

        cr_assert(doc);
        cr_assert_eq(yaml_root(doc)->type, YAML_NULL);
        yaml_doc_free(doc);
}

Test(yaml, json_is_yaml)
{
        struct err err = ERR_INIT;
        const char *text = "\xef\xbb\xbf{\"a\":{\"b\":[1,true,\"x\\ny\"]}}";
        struct yaml *doc = yaml_parse(text, strlen(text), "f", &err);

        cr_assert(doc, "%s", err.message);
        cr_assert_str_eq(yaml_get(yaml_get(yaml_root(doc), "a"), "b")->entries[2].value->text, "x\ny");
        yaml_doc_free(doc);
}

Test(yaml, what_is_refused_says_where)
{
        REFUSED("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: duplicate key \"a\"");
        REFUSED("a: &x [1]\nb: *x\n", "f.yaml:1:4: an anchor");
        REFUSED("a: *x\n", "f.yaml:1:4: an alias");
        REFUSED("a: !!binary x\n", "f.yaml:1:4: a tag");
        REFUSED("a: 1\n---\nb: 2\n", "a second document");
        REFUSED("%YAML 1.1\n---\na: 1\n", "directive");
        REFUSED("[a]: 1\n", "a list or map as key");
        REFUSED("\"\": 1\n", "an empty key");
        REFUSED("a: \"x\\0y\"\n", "a NUL byte");
        REFUSED("a: [1\n", "f.yaml:");
        REFUSED("a: b: c\n", "f.yaml:1:5");
        expect_error("a: \xff\n", 5, "f.yaml:1:1: byte 3");
        expect_error("a: x\0y", 6, "f.yaml:");
}

Test(yaml, messages_move_no_cursor)
{
        struct err err = ERR_INIT;

        cr_assert_null(yaml_parse("\"\\e[2J\": 1\n\"\\e[2J\": 2\n", 22, "f", &err));
        cr_assert(strstr(err.message, "duplicate key \"?[2J\""), "%s", err.message);
}

Test(yaml, size_depth_and_count_are_bounded)
{
        _cleanup_str_ struct str text = {0};

        for (int i = 0; i < 65; i++)
                str_putc(&text, '[');
        expect_error(text.data, text.len, "nested too deeply");
        for (int i = 0; i < 200000; i++)
                str_putc(&text, '[');
        expect_error(text.data, text.len, "nested too deeply");
        str_clear(&text);
        for (int i = 0; i < 100001; i++)
                str_puts(&text, "- a\n");
        expect_error(text.data, text.len, "too many values");
        str_clear(&text);
        while (text.len <= 1 << 20)
                str_puts(&text, "# comment that goes on and on\n");
        expect_error(text.data, text.len, "at most 1 MiB");
}

/* A pairwise search for duplicates would take minutes here. */
Test(yaml, many_keys_are_quick, .timeout = 10)
{
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;
        struct yaml *doc;

        for (int i = 0; i < 90000; i++)
                str_printf(&text, "k%d: 1\n", i);
        doc = yaml_parse(text.data, text.len, "f", &err);
        cr_assert(doc, "%s", err.message);
        yaml_doc_free(doc);
}
