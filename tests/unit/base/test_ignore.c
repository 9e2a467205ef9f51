/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "lib/base/str.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

Test(ignore, wildmatch)
{
        static const struct {
                const char *pattern, *text;
                bool matches;
        } cases[] = {
                {"*.c", "a.c", true},
                {"*.c", "d/a.c", false},
                {"**/a", "a", true},
                {"**/a", "x/y/a", true},
                {"**/a", "xa", false},
                {"a/**", "a/b/c", true},
                {"a/**", "a", false},
                {"a/**/b", "a/b", true},
                {"a/**/b", "a/x/y/b", true},
                {"a**b", "axxb", true},
                {"a**b", "a/b", false},
                {"?", "/", false},
                {"[a-c]x", "bx", true},
                {"[!a-c]x", "bx", false},
                {"[]]", "]", true},
                {"[", "[", false},
                {"\\*", "*", true},
                {"\\*", "x", false},
                {"[[:digit:]]", "7", true},
                {"[[:nope:]]", "7", false},
                {"x\\", "x\\", false},
                {"", "", true},
                {"*", "", true},
                {"[^a]", "/", false},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                cr_assert_eq(ignore_glob(cases[i].pattern, cases[i].text), cases[i].matches, "%s on %s",
                             cases[i].pattern, cases[i].text);
}

Test(ignore, the_last_match_wins_and_folders_cover)
{
        struct ignore rules = {0};
        size_t mark;

        ignore_add_file(&rules, "", "*.o\n!keep.o\nbuild/\n# no\n\\#yes\nend\\ \n", 36);
        cr_assert_eq(ignore_match(&rules, "d/a.o", false), IGNORE_YES);
        cr_assert_eq(ignore_match(&rules, "d/keep.o", false), IGNORE_NO);
        cr_assert_eq(ignore_match(&rules, "build", false), IGNORE_NONE);
        cr_assert_eq(ignore_match(&rules, "build", true), IGNORE_YES);
        cr_assert(ignore_covers(&rules, "build/keep.o", false));
        cr_assert(!ignore_covers(&rules, "src/keep.o", false));
        cr_assert(ignore_covers(&rules, "#yes", false));
        mark = rules.len;
        ignore_add(&rules, "src/", "/local");
        cr_assert(ignore_covers(&rules, "src/local/x", false));
        cr_assert(!ignore_covers(&rules, "local", false));
        cr_assert(!ignore_covers(&rules, "src/deep/local", false));
        ignore_truncate(&rules, mark);
        cr_assert(!ignore_covers(&rules, "src/local", false));
        ignore_release(&rules);
}

/* A backtracking matcher would not come back from these. */
Test(ignore, hostile_patterns_end, .timeout = 20)
{
        _cleanup_str_ struct str pattern = {0}, text = {0};

        for (int i = 0; i < 500; i++)
                str_puts(&pattern, "*a");
        str_puts(&pattern, "b");
        for (int i = 0; i < 4000; i++)
                str_putc(&text, 'a');
        cr_assert(!ignore_glob(pattern.data, text.data));
        str_clear(&pattern);
        str_clear(&text);
        for (int i = 0; i < 300; i++)
                str_puts(&pattern, "**/");
        str_puts(&pattern, "x");
        for (int i = 0; i < 1500; i++)
                str_puts(&text, "a/");
        cr_assert(!ignore_glob(pattern.data, text.data));
        str_clear(&pattern);
        for (int i = 0; i < 5000; i++)
                str_putc(&pattern, '?');
        cr_assert(!ignore_glob(pattern.data, text.data));
}

/* git check-ignore on made-up rules and paths is the judge. */
static unsigned seed = 20261;

static unsigned dice(unsigned sides)
{
        seed = seed * 1103515245u + 12345u;
        return (seed >> 16) % sides;
}

static void make_pattern(struct str *out)
{
        static const char *const parts[] = {"a",   "b",           "ab",   "*",    "**",   "?",   "/",  "/",
                                            "**/", "/**",         "[ab]", "[!a]", "\\a",  "*b",  "a*", ".",
                                            "[a-", "[[:alpha:]]", "\\*",  " ",    "/**/", "[]a]"};
        unsigned count = 1 + dice(5);

        if (dice(6) == 0)
                str_putc(out, '!');
        for (unsigned i = 0; i < count; i++)
                str_puts(out, parts[dice(sizeof(parts) / sizeof(parts[0]))]);
        str_puts(out, dice(10) == 0 ? "\r\n" : "\n");
}

static void make_path(struct str *out)
{
        static const char *const names[] = {"a", "b", "ab", "ba", "aab", "a.b", "*", "c"};
        unsigned depth = 1 + dice(4);

        for (unsigned i = 0; i < depth; i++)
                str_printf(out, "%s%s", i ? "/" : "", names[dice(sizeof(names) / sizeof(names[0]))]);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st, (void)type, (void)ftw;
        return remove(path);
}

static void write_file(const char *folder, const char *name, const struct str *bytes)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", folder, name);
        FILE *file = fopen(path, "w");

        cr_assert(file);
        cr_assert_eq(fwrite(str_text(bytes), 1, bytes->len, file), bytes->len);
        fclose(file);
}

/* check-ignore --no-index --verbose --non-matching: "source:line:pattern<TAB>path", all empty where nothing matched. */
static bool git_ignores(FILE *answer)
{
        char line[512], *tab;

        cr_assert(fgets(line, sizeof(line), answer));
        if (!strncmp(line, "::\t", 3))
                return false;
        tab = strchr(line, ':');
        tab = strchr(tab + 1, ':');
        return tab[1] != '!';
}

static void compare_round(const char *folder)
{
        _cleanup_str_ struct str rules_text = {0}, inner_text = {0}, paths = {0};
        _cleanup_free_ char *command = NULL;
        struct ignore rules = {0};
        FILE *answer;

        for (unsigned i = 0; i < 1 + dice(4); i++)
                make_pattern(&rules_text);
        for (unsigned i = 0; i < dice(3); i++)
                make_pattern(&inner_text);
        write_file(folder, ".gitignore", &rules_text);
        write_file(folder, "a/.gitignore", &inner_text);
        for (int i = 0; i < 60; i++) {
                make_path(&paths);
                str_putc(&paths, '\n');
        }
        write_file(folder, "paths", &paths);
        command = xasprintf("cd %s && GIT_CONFIG_NOSYSTEM=1 HOME=%s git check-ignore --no-index -v -n --stdin <paths",
                            folder, folder);
        ignore_add_file(&rules, "", str_text(&rules_text), rules_text.len);
        ignore_add_file(&rules, "a", str_text(&inner_text), inner_text.len);
        answer = popen(command, "r");
        for (char *path = strtok(paths.data, "\n"); path; path = strtok(NULL, "\n")) {
                bool expected = git_ignores(answer), is_folder = !strcmp(path, "a");

                cr_assert_eq(ignore_covers(&rules, path, is_folder), expected,
                             "path \"%s\": git says %d\nrules:\n%s---\n%s", path, expected, str_text(&rules_text),
                             str_text(&inner_text));
        }
        pclose(answer);
        ignore_release(&rules);
}

Test(ignore, agrees_with_git, .timeout = 120)
{
        char folder[] = "/tmp/cupel-ignore-XXXXXX";
        _cleanup_free_ char *command = NULL, *inner = NULL;

        cr_assert(mkdtemp(folder));
        command = xasprintf("cd %s && HOME=%s git init -q .", folder, folder);
        cr_assert_eq(system(command), 0);
        inner = xasprintf("%s/a", folder);
        cr_assert_eq(mkdir(inner, 0755), 0);
        for (int i = 0; i < 300; i++)
                compare_round(folder);
        nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
