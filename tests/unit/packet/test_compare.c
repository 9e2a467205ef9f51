/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/packet/compare.h"

#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char roots[2][64];
static int fds[2];
static json_t *found;

#define REPORT                                                                                                         \
        "{\"outcome\":\"committed\",\"base\":\"b\",\"reasons\":[\"one\"],\"verifiers\":{\"self\":[],\"director\":"     \
        "[{\"name\":\"unit\",\"result\":\"%s\",\"exit\":0,\"cases\":{\"new_failures\":{\"names\":[%s]}}}]}}"
#define PATCH "diff --git a/%s b/%s\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -%d,1 +1,2 @@\n one\n+%s\n"

static void put(int which, const char *path, const char *text)
{
        char full[256];
        char *slash;
        struct err err = ERR_INIT;

        snprintf(full, sizeof(full), "%s/%s", roots[which], path);
        slash = strrchr(full, '/');
        *slash = '\0';
        cr_assert_eq(fs_mkdir_p(full, 0700, &err), 0);
        *slash = '/';
        cr_assert_eq(fs_write_at(AT_FDCWD, full, text, strlen(text), 0600, &err), 0, "%s", err.message);
}

static void put_both(const char *path, const char *text)
{
        put(0, path, text);
        put(1, path, text);
}

static void put_report(int which, const char *result, const char *tests)
{
        char text[1024];

        snprintf(text, sizeof(text), REPORT, result, tests);
        put(which, "evidence/report.json", text);
}

static void put_patch(int which, const char *file, int line, const char *added)
{
        char text[1024];

        snprintf(text, sizeof(text), PATCH, file, file, line, added);
        put(which, "evidence/patch.diff", text);
}

static void setup(void)
{
        for (int i = 0; i < 2; i++) {
                snprintf(roots[i], sizeof(roots[i]), "/tmp/cupel-test-compare-XXXXXX");
                cr_assert(mkdtemp(roots[i]));
                fds[i] = open(roots[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                put_report(i, "PASS", "");
        }
        put_both("config_snapshot/policy.yaml", "gates:\n  secrets: block\nverifiers:\n  unit: {run: make}\n");
        put_both("config_snapshot/plan.json",
                 "{\"verifiers\":[{\"name\":\"unit\",\"run\":\"make\"}],\"mood\":\"calm\"}");
        put_both("config_snapshot/prompt.txt", "do it\n");
        put_both("identity.txt", "sha256:aa\n");
}

static void teardown(void)
{
        struct err err = ERR_INIT;

        json_decref(found);
        for (int i = 0; i < 2; i++) {
                close(fds[i]);
                fs_remove_tree_at(AT_FDCWD, roots[i], &err);
        }
}

TestSuite(compare, .init = setup, .fini = teardown);

static bool compare(void)
{
        struct err err = ERR_INIT;

        json_decref(found);
        found = NULL;
        cr_assert_eq(packet_compare(fds[0], fds[1], &found, &err), 0, "%s", err.message);
        return json_is_true(json_object_get(found, "same"));
}

static json_t *section(const char *id)
{
        json_t *one;
        size_t i;

        json_array_foreach(json_object_get(found, "sections"), i,
                           one) if (!strcmp(json_text_of(one, "id"), id)) return one;
        cr_assert(false, "no section %s", id);
        return NULL;
}

/* "KEY first second" of the only row. */
static const char *row(const char *id)
{
        static char text[512];
        json_t *rows = json_object_get(section(id), "rows"), *one = json_array_get(rows, 0);
        char *first, *second;

        cr_assert_eq(json_array_size(rows), 1, "%s: %zu rows", id, json_array_size(rows));
        first = json_canonical(json_object_get(one, "first"));
        second = json_canonical(json_object_get(one, "second"));
        snprintf(text, sizeof(text), "%s %s %s", json_text_of(one, "key"), first, second);
        free(first);
        free(second);
        return text;
}

Test(compare, equal_packets_are_the_same)
{
        cr_assert(compare());
        cr_assert_eq(json_array_size(json_object_get(section("configuration"), "rows")), 0);
        cr_assert_eq(json_integer_value(json_object_get(section("configuration"), "equal")), 2);
}

Test(compare, a_policy_is_compared_key_by_key)
{
        put(1, "config_snapshot/policy.yaml", "gates:\n  secrets: warn\nverifiers:\n  unit: {run: make}\n");
        cr_assert_not(compare());
        cr_assert_str_eq(row("configuration"), "policy.yaml gates.secrets \"block\" \"warn\"");
}

Test(compare, the_same_keys_in_other_words_still_differ)
{
        put(1, "config_snapshot/policy.yaml", "# said\ngates:\n  secrets: block\nverifiers:\n  unit: {run: make}\n");
        cr_assert_not(compare());
        cr_assert_eq(strncmp(row("configuration"), "policy.yaml \"sha256:", 20), 0);
}

Test(compare, a_file_that_only_one_has_is_a_row)
{
        put(1, "config_snapshot/bundle/data", "x");
        cr_assert_not(compare());
        cr_assert_eq(strncmp(row("configuration"), "bundle/data null", 16), 0);
}

Test(compare, plans_go_by_the_names_of_their_verifiers)
{
        put(1, "config_snapshot/plan.json",
            "{\"mood\":\"calm\",\"verifiers\":[{\"name\":\"unit\",\"run\":\"make -k\"}]}");
        cr_assert_not(compare());
        cr_assert_str_eq(row("plan"), "verifiers.unit.run \"make\" \"make -k\"");
}

Test(compare, another_identity_names_its_parts)
{
        put(1, "identity.txt", "sha256:bb\n");
        cr_assert_not(compare());
        cr_assert_str_eq(json_text_of(section("identity"), "relation"), "fork");
        cr_assert(strstr(json_string_value(json_array_get(json_object_get(section("identity"), "parts"), 0)), "tools"));
        put(1, "config_snapshot/policy.yaml", "gates: {}\n");
        compare();
        cr_assert_str_eq(json_string_value(json_array_get(json_object_get(section("identity"), "parts"), 0)),
                         "policy.yaml");
}

Test(compare, an_item_that_is_run_again_was_told_of_the_first_run)
{
        put(0, "config_snapshot/history.jsonl", "");
        put(1, "config_snapshot/history.jsonl", "{\"runid\":\"a\"}\n{\"runid\":\"b\"}\n{\"runid\":\"a\"}\n");
        put(1, "identity.txt", "sha256:bb\n");
        cr_assert_not(compare());
        cr_assert_str_eq(row("configuration"), "history.jsonl \"nothing\" \"3 notes of 2 runs\"");
        cr_assert_str_eq(json_string_value(json_array_get(json_object_get(section("identity"), "parts"), 0)),
                         "history.jsonl");
        cr_assert_str_eq(json_text_of(found, "asked"), "history");
        put(1, "config_snapshot/prompt.txt", "do it, and\n");
        compare();
        cr_assert_str_eq(json_text_of(found, "asked"), "history");
        put(1, "config_snapshot/plan.json", "{\"verifiers\":[{\"name\":\"unit\",\"run\":\"make\"}],\"mood\":\"bold\"}");
        compare();
        cr_assert_str_eq(json_text_of(found, "asked"), "other");
}

Test(compare, what_was_asked_is_the_same_without_a_word_of_history)
{
        cr_assert(compare());
        cr_assert_str_eq(json_text_of(found, "asked"), "same");
        put(1, "config_snapshot/prompt.txt", "do it, and\n");
        compare();
        cr_assert_str_eq(json_text_of(found, "asked"), "other");
}

Test(compare, verdicts_go_down_to_the_test)
{
        put_report(0, "PASS", "");
        put_report(1, "PASS", "\"a::b\"");
        cr_assert_not(compare());
        cr_assert_str_eq(row("verdicts"), "director unit test a::b null \"new_failures\"");
        put_report(1, "FAIL", "");
        compare();
        cr_assert_str_eq(row("verdicts"), "director unit \"PASS\" \"FAIL\"");
}

Test(compare, the_same_change_elsewhere_in_a_file_is_the_same)
{
        put_patch(0, "x", 1, "two");
        put_patch(1, "x", 90, "two");
        cr_assert(compare());
        cr_assert_eq(json_integer_value(json_object_get(section("patch"), "equal")), 1);
}

Test(compare, patches_say_what_only_one_of_them_does)
{
        json_t *one;

        put_patch(0, "x", 1, "two");
        put_patch(1, "x", 1, "three");
        cr_assert_not(compare());
        cr_assert_str_eq(row("patch"), "x \"+1 -0\" \"+1 -0\"");
        one = json_array_get(json_object_get(section("patch"), "rows"), 0);
        cr_assert_str_eq(json_string_value(json_array_get(json_object_get(one, "only_first"), 0)), "+two");
        cr_assert_str_eq(json_string_value(json_array_get(json_object_get(one, "only_second"), 0)), "+three");
        put_patch(1, "sub/y", 1, "two");
        compare();
        cr_assert_eq(json_array_size(json_object_get(section("patch"), "rows")), 2);
}

Test(compare, what_was_used_makes_no_difference)
{
        put(0, "evidence/report.json", "{\"outcome\":\"x\",\"cost\":{\"usd\":0.5}}");
        put(1, "evidence/report.json", "{\"outcome\":\"x\",\"cost\":{\"usd\":0.25}}");
        cr_assert(compare());
        cr_assert_str_eq(row("resources"), "cost.usd 0.5 0.25");
}

Test(compare, links_are_not_followed)
{
        char path[128];

        snprintf(path, sizeof(path), "%s/config_snapshot/passwd.txt", roots[0]);
        cr_assert_eq(symlink("/etc/passwd", path), 0);
        cr_assert(compare());
}

Test(compare, a_packet_without_a_report_is_an_error)
{
        struct err err = ERR_INIT;
        char path[128];

        snprintf(path, sizeof(path), "%s/evidence/report.json", roots[1]);
        unlink(path);
        cr_assert_eq(packet_compare(fds[0], fds[1], &found, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert(strstr(err.message, "second"));
}

/* What many keys would begin with is not copied as often as there are keys. */
Test(compare, long_names_are_not_multiplied, .timeout = 60)
{
        _cleanup_str_ struct str plan = {0}, other = {0};

        str_puts(&plan, "{\"");
        for (int i = 0; i < 200000; i++)
                str_putc(&plan, 'x');
        str_puts(&plan, "\":{\"a\":{\"0\":1");
        for (int i = 1; i < 60000; i++)
                str_printf(&plan, ",\"%d\":1", i);
        str_printf(&other, "%s,\"y\":2}}}", str_text(&plan));
        str_puts(&plan, "}}}");
        put(0, "config_snapshot/plan.json", str_text(&plan));
        put(1, "config_snapshot/plan.json", str_text(&other));
        cr_expect(!compare());
        cr_expect_eq(json_array_size(json_object_get(section("plan"), "rows")), 1);
}

Test(compare, patches_of_many_lines_differ_in_what_is_not_kept, .timeout = 60)
{
        _cleanup_str_ struct str patch = {0};

        str_printf(&patch, PATCH, "f", "f", 1, "one");
        for (int i = 0; i < 600000; i++)
                str_puts(&patch, "+\n");
        str_puts(&patch, "+last\n");
        put_both("evidence/patch.diff", str_text(&patch));
        cr_expect(compare());
        memcpy(patch.data + patch.len - 5, "LAST", 4);
        put(1, "evidence/patch.diff", str_text(&patch));
        cr_expect(!compare());
        cr_expect_eq(json_array_size(json_object_get(section("patch"), "rows")), 1);
}
