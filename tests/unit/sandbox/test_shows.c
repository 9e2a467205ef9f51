/* SPDX-License-Identifier: Apache-2.0 */
/* What a step sees of the host: writable inside, hidden, in any order; and the host stays as it was. */
#include "site.h"

#include "lib/base/fs.h"

static struct bench bench;

static void setup(void)
{
        bench_make(&bench);
}

static void teardown(void)
{
        bench_end(&bench);
}

TestSuite(shows, .init = setup, .fini = teardown, .timeout = 60);

static void is_untouched(const char *file)
{
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        cr_assert(fs_read_at(AT_FDCWD, file, 100, &text, &err) == 0, "%s", err.message);
        cr_assert_str_eq(str_text(&text), "one\n");
}

static void check_writable(bool copy)
{
        char *host = below(&bench, "base/dir");
        char *file = below(&bench, "base/dir/file");
        char *mine = xstrdup("/home/nobody-here/x/file");

        bench.plan.force_copy = copy;
        bench.plan.minimum = SANDBOX_TIER_B;
        sandbox_shows_add(&bench.plan.write, host, "/home/nobody-here/tools");
        sandbox_shows_add(&bench.plan.write, host, "/srv/tools");
        sandbox_shows_add(&bench.plan.write, file, mine);
        bench_start(&bench, copy ? SANDBOX_TIER_B : SANDBOX_TIER_A);
        for (int i = 0; i < 2; i++) { /* a second step finds nothing of the first */
                run_shell(&bench, SANDBOX_WORK,
                          "cat ~/tools/file && echo two > ~/tools/file && touch ~/tools/x && mv ~/tools/x ~/tools/y && "
                          "rm /srv/tools/file && cat ~/x/file && echo 3 > ~/x/new && mv ~/x/new ~/x/file");
                cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
                cr_assert_str_eq(bench.log, "one\none\n");
        }
        is_untouched(file);
        free(host);
        free(file);
        free(mine);
}

Test(shows, writable_folders_are_written_inside_only)
{
        check_writable(false);
}

Test(shows, writable_folders_without_overlay)
{
        check_writable(true);
}

Test(shows, what_is_shown_lies_in_each_other_in_any_order)
{
        char *host = below(&bench, "base/dir");
        char *base = below(&bench, "base");

        sandbox_shows_add(&bench.plan.write, host, "/home/nobody-here/all/dir");
        sandbox_shows_add(&bench.plan.read, base, "/home/nobody-here/all");
        bench_start(&bench, SANDBOX_TIER_A);
        run_shell(&bench, SANDBOX_WORK, "touch ~/all/dir/x && ! touch ~/all/x 2> /dev/null");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        free(host);
        free(base);
}

static void check_hidden(bool copy)
{
        char *host = below(&bench, "base/dir");

        bench.plan.force_copy = copy;
        bench.plan.minimum = SANDBOX_TIER_B;
        sandbox_shows_add(&bench.plan.read, host, "/home/nobody-here/tools");
        strv_add(&bench.plan.hide, "/home/nobody-here/tools/file");
        strv_add(&bench.plan.hide, "/home/nobody-here/tools/absent");
        bench_start(&bench, copy ? SANDBOX_TIER_B : SANDBOX_TIER_A);
        run_shell(&bench, SANDBOX_WORK, "test -e ~/tools/file && test ! -s ~/tools/file && test ! -e ~/tools/absent");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        free(host);
}

Test(shows, hidden_files_are_empty)
{
        check_hidden(false);
}

Test(shows, hidden_files_are_empty_without_overlay)
{
        check_hidden(true);
}

Test(shows, programs_of_shown_folders_are_on_the_path)
{
        char *host = below(&bench, "base");
        char *bin = below(&bench, "base/bin");

        cr_assert(mkdir(bin, 0755) == 0);
        sandbox_shows_add(&bench.plan.read, host, "/home/nobody-here/tools");
        bench_start(&bench, SANDBOX_TIER_A);
        run_shell(&bench, SANDBOX_WORK, "echo $PATH");
        cr_assert(strncmp(bench.log, "/cupel/bin:/home/nobody-here/tools/bin:/usr/local/bin:", 54) == 0, "%s",
                  bench.log);
        free(host);
        free(bin);
}
