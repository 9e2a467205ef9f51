/* SPDX-License-Identifier: Apache-2.0 */
/* The disk budget where the worktree is a copy: what a step adds counts, the copy itself does not. */
#include "sandbox/client.h"
#include "site.h"

#include <stdlib.h>

static struct bench bench;

static void setup(void)
{
        bench_make(&bench);
        bench.plan.force_copy = true;
}

static void teardown(void)
{
        bench_end(&bench);
}

/* So many files of a few bytes, each of which takes a block: together more than the budget of 16 MiB. */
static void put_small_files(void)
{
        char *base = below(&bench, "base/dir");
        int fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (unsigned i = 0; i < 6000; i++) {
                char name[16];
                int file;

                snprintf(name, sizeof(name), "%u", i);
                file = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
                cr_assert(write(file, "text\n", 5) == 5);
                close(file);
        }
        close(fd);
        free(base);
}

TestSuite(copy_budget, .init = setup, .fini = teardown, .timeout = 120);

Test(copy_budget, a_repository_of_many_small_files_is_not_charged_to_the_step)
{
        put_small_files();
        bench_start(&bench, SANDBOX_TIER_B);
        run_shell(&bench, SANDBOX_WORK, "sleep 0.3");
        cr_assert(bench.result.reason == SANDBOX_REASON_EXIT, "%s: %llu bytes",
                  sandbox_reason_name(bench.result.reason), (unsigned long long)bench.result.disk_bytes);
        run_shell(&bench, SANDBOX_VERIFY, "sleep 0.3");
        cr_assert(bench.result.reason == SANDBOX_REASON_EXIT, "%s: %llu bytes",
                  sandbox_reason_name(bench.result.reason), (unsigned long long)bench.result.disk_bytes);
}

/* As with an overlay, where its upper is fresh. */
Test(copy_budget, a_verifier_has_the_whole_budget_for_itself)
{
        bench_start(&bench, SANDBOX_TIER_B);
        run_shell(&bench, SANDBOX_WORK, "head -c 12000000 /dev/zero > work");
        cr_assert(bench.result.reason == SANDBOX_REASON_EXIT);
        close(freeze_upper(&bench));
        run_shell(&bench, SANDBOX_VERIFY, "head -c 12000000 /dev/zero > log; sleep 0.3");
        cr_assert(bench.result.reason == SANDBOX_REASON_EXIT, "%s: %llu bytes",
                  sandbox_reason_name(bench.result.reason), (unsigned long long)bench.result.disk_bytes);
        run_shell(&bench, SANDBOX_VERIFY, "head -c 20000000 /dev/zero > log; sleep 5");
        cr_assert(bench.result.reason == SANDBOX_REASON_DISK);
}

/* The limit of a single file is the same number: what stops there has used up the budget, too. */
Test(copy_budget, a_file_that_reaches_the_limit_of_a_file_is_the_whole_budget)
{
        struct sandbox_step step = shell_step(SANDBOX_WORK, "head -c 20000000 /dev/zero > log; sleep 5");

        step.limits.file_bytes = bench.plan.upper_bytes;
        bench_start(&bench, SANDBOX_TIER_B);
        run_step(&bench, &step);
        cr_assert(bench.result.reason == SANDBOX_REASON_DISK, "%s: %llu bytes",
                  sandbox_reason_name(bench.result.reason), (unsigned long long)bench.result.disk_bytes);
}
