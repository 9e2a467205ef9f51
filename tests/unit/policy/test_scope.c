/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/scope.h"

#include "policy/item.h"
#include "policy/plan.h"

#include <criterion/criterion.h>

static bool covers(const char *allowed, const char *glob)
{
        _cleanup_strv_ struct strv allow = {0};

        strv_add(&allow, allowed);
        return scope_covers(&allow, glob);
}

Test(scope, a_glob_lies_inside_where_all_that_it_matches_does)
{
        static const struct {
                const char *allowed, *glob;
                bool inside;
        } rows[] = {
                {"src/**", "src/a.c", true},
                {"src/", "src/a.c", true},
                {"src/**", "src/*.c", true},
                {"src/", "src/**", true},
                {"src/", "src/sub/", true},
                {"src/**", "src/sub/**/x.c", true},
                {"*.md", "*.md", true},
                {"*.md", "docs/*.md", true},
                {"*.md", "README.md", true},
                {"docs/*.md", "*.md", false},
                {"src/**", "*.c", false},
                {"src/**", "lib/a.c", false},
                {"src/*.c", "src/*", false},
                {"src/*.c", "src/**", false},
                {"src/", "**", false},
                {"src/", "src*", false},
                {"/a.c", "a.c", false},
                {"a.c", "/a.c", true},
                {"src/[ab].c", "src/a.c", true},
                {"src/[!a]*", "src/*", false},
                {"src/?.c", "src/*.c", false},
                {"src/?.c", "src/?.c", true},
                {"**", "anything/*", true},
                {"src/**", "!src/a.c", false},
                {"src/", "src/[a-c].c", true},
                {"src/a*", "src/*", false},
                {"src/*", "src/sub/x.c", true},
                {"src/", "src", false},
                /* "**" is no folder, too */
                {"src/*/**", "src/**/*.c", false},
                {"src/*/**", "src/*/*.c", true},
                {"src/**", "src/**/*.c", true},
                {"a/**/b", "a/**/b/", true},
                {"a/*/**/b", "a/**/b", false},
                {"src/*/", "src/**/x/", true},
                {"/src/**", "/src/a/**/b", true},
                {"**/src/", "src/", true},
                {"src", "**/src", true},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                cr_expect_eq(covers(rows[i].allowed, rows[i].glob), rows[i].inside, "%s in %s", rows[i].glob,
                             rows[i].allowed);
}

Test(scope, globs_that_reach_so_deep_together_do_not_reach_deeper)
{
        static const struct {
                const char *one, *other, *glob;
        } rows[] = {
                {"a/*/b", "a/*/*/b", "a/**/b"},
                {"/b", "*/b", "b"},
                {"/b", "?/b", "b"},
                {"a/b", "a/*/b", "a/**/b"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_strv_ struct strv globs = {0};

                strv_add(&globs, rows[i].one);
                strv_add(&globs, rows[i].other);
                cr_expect_not(scope_covers(&globs, rows[i].glob), "%s in %s and %s", rows[i].glob, rows[i].one,
                              rows[i].other);
        }
}

static struct strv allow, deny, forbid;
static const struct scope scope = {&allow, &deny, &forbid};

static size_t missing(const struct work_item *item)
{
        _cleanup_strv_ struct strv found = {0};

        scope_missing(&scope, item, &found);
        return found.len;
}

Test(scope, an_item_outside_is_named_glob_by_glob)
{
        _cleanup_item_ struct work_item item;

        work_item_init(&item);
        strv_add(&allow, "src/");
        strv_add(&deny, "src/gen/");
        cr_assert_eq(missing(&item), 0, "it names nothing, and is narrowed");
        strv_add(&item.paths.allow, "src/a.c");
        cr_assert_eq(missing(&item), 0);
        strv_add(&item.paths.allow, "src/gen/b.c");
        strv_add(&item.paths.allow, "deploy/");
        cr_assert_eq(missing(&item), 2);
}

Test(scope, narrowing_adds_paths_and_words_once)
{
        _cleanup_item_ struct work_item item;

        work_item_init(&item);
        strv_add(&allow, "src/");
        strv_add(&deny, "src/gen/");
        strv_add(&forbid, "push");
        strv_add(&forbid, "paid");
        strv_add(&item.forbid, "push");
        scope_narrow(&scope, &item);
        cr_assert(strv_has(&item.paths.allow, "src/"));
        cr_assert(strv_has(&item.paths.deny, "src/gen/"));
        cr_assert_eq(item.forbid.len, 1);
        scope_narrow(&scope, &item);
        cr_assert_eq(item.paths.allow.len, 1);
}

Test(scope, what_a_plan_does_and_the_admission_forbids_is_missing)
{
        _cleanup_strv_ struct strv found = {0};
        _cleanup_plan_ struct plan plan;

        plan_init(&plan);
        plan.may_commit = 1;
        strv_add(&forbid, "network");
        scope_missing_of_plan(&scope, &plan, &found);
        cr_assert_eq(found.len, 0);
        strv_add(&forbid, "commit");
        scope_missing_of_plan(&scope, &plan, &found);
        cr_assert_eq(found.len, 1);
        cr_assert(strstr(found.items[0], "commit"));
}
