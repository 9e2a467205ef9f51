/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/reason.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/client.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static char folder[] = "/tmp/cupel-reason-XXXXXX";
static int dirfd_ = -1;

static void setup(void)
{
        cr_assert(mkdtemp(folder));
        dirfd_ = open(folder, O_RDONLY | O_DIRECTORY);
}

static void teardown(void)
{
        struct err err = ERR_INIT;

        close(dirfd_);
        fs_remove_tree_at(AT_FDCWD, folder, &err);
}

static void put(const char *name, const char *bytes, size_t len)
{
        struct err err = ERR_INIT;

        cr_assert(fs_write_at(dirfd_, name, bytes, len, 0600, &err) == 0);
}

static char *end(const struct sandbox_result *result)
{
        struct str text = {0};

        reason_of_end("the command", result, &text);
        return str_steal(&text);
}

Test(reason, names_how_a_command_ended)
{
        static const struct {
                struct sandbox_result result;
                const char *says;
        } cases[] = {
                {{.reason = SANDBOX_REASON_EXIT, .exit_code = 3}, "the command exited with status 3"},
                {{.reason = SANDBOX_REASON_EXIT, .exit_code = -1, .signal = 11},
                 "the command was killed by signal 11, SIGSEGV"},
                {{.reason = SANDBOX_REASON_MEMORY,
                  .signal = 9,
                  .uses[SANDBOX_LIMIT_MEMORY] = {.budget = (uint64_t)2 << 30,
                                                 .peak = ((uint64_t)2 << 30) + (300 << 20)}},
                 "the command used more memory than its budget of 2G (budget.memory; it used 2.2G)"},
                {{.reason = SANDBOX_REASON_PROCESSES,
                  .uses[SANDBOX_LIMIT_PROCESSES] = {.budget = 512, .peak = USE_UNKNOWN}},
                 "the command started more processes and threads at once than its budget of 512 (budget.pids)"},
                {{.reason = SANDBOX_REASON_DISK,
                  .out_of_inodes = true,
                  .uses[SANDBOX_LIMIT_INODES] = {.budget = 4096, .peak = 4096}},
                 "the command made more files and folders (inodes) than its budget of 4096 (budget.disk; it used "
                 "4096)"},
                {{.reason = SANDBOX_REASON_SETUP, .message = "no\nsuch"},
                 "the command could not be started: \"no\\nsuch\""},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_free_ char *text = end(&cases[i].result);

                cr_assert(strcmp(text, cases[i].says) == 0);
        }
}

Test(reason, names_the_wall_budget)
{
        _cleanup_free_ char *text = end(&(struct sandbox_result){
                .reason = SANDBOX_REASON_WALL, .uses[SANDBOX_LIMIT_WALL] = {.budget = 600000, .peak = 600050}});

        cr_assert(strstr(text, "ran for longer than its budget of 10 m"));
        cr_assert(strstr(text, "(budget.wall; it used 10 m 00 s)"));
}

Test(reason, quotes_the_last_lines_only, .init = setup, .fini = teardown)
{
        _cleanup_strv_ struct strv reasons = {0};
        _cleanup_str_ struct str text = {0};

        for (int i = 1; i <= 5000; i++)
                str_printf(&text, "line %d\n", i);
        put("agent.log", text.data, text.len);
        reason_log_tail(dirfd_, "agent.log", &reasons);
        cr_assert(reasons.len == REASON_LINES);
        cr_assert(strcmp(reasons.items[0], "agent.log: line 4995") == 0);
        cr_assert(strcmp(reasons.items[REASON_LINES - 1], "agent.log: line 5000") == 0);
}

Test(reason, keeps_a_last_line_without_an_end_and_neutralises_escapes, .init = setup, .fini = teardown)
{
        static const char bytes[] = "ok\n\n\033[2Jgone\377";
        _cleanup_strv_ struct strv reasons = {0};

        put("agent.log", bytes, sizeof(bytes) - 1);
        reason_log_tail(dirfd_, "agent.log", &reasons);
        cr_assert(reasons.len == 2);
        cr_assert(strcmp(reasons.items[0], "agent.log: ok") == 0);
        cr_assert(!strchr(reasons.items[1], '\033'));
        cr_assert(!strchr(reasons.items[1], '\377'));
        cr_assert(strstr(reasons.items[1], "gone"));
}

Test(reason, bounds_one_endless_line_and_refuses_what_is_no_file, .init = setup, .fini = teardown)
{
        _cleanup_strv_ struct strv reasons = {0};
        _cleanup_free_ char *endless = xcalloc(1, 1 << 20);

        memset(endless, 'x', 1 << 20);
        put("agent.log", endless, 1 << 20);
        cr_assert(symlinkat("/etc/passwd", dirfd_, "link.log") == 0);
        cr_assert(mkfifoat(dirfd_, "fifo.log", 0600) == 0);
        reason_log_tail(dirfd_, "agent.log", &reasons);
        reason_log_tail(dirfd_, "link.log", &reasons);
        reason_log_tail(dirfd_, "fifo.log", &reasons);
        reason_log_tail(dirfd_, "absent.log", &reasons);
        cr_assert(reasons.len == 1);
        cr_assert(strlen(reasons.items[0]) < REASON_LINE_MAX + 32);
}

Test(reason, bounds_the_list)
{
        _cleanup_strv_ struct strv reasons = {0};
        _cleanup_str_ struct str umlauts = {0};

        for (int i = 0; i < 4000; i++)
                str_puts(&umlauts, "ä");
        for (int i = 0; i < 500; i++)
                strv_add(&reasons, str_text(&umlauts));
        reasons_bound(&reasons);
        cr_assert(reasons.len == REASONS_MAX);
        cr_assert(strlen(reasons.items[0]) <= REASON_MAX);
        cr_assert(strcmp(reasons.items[REASONS_MAX - 1], "and 441 more") == 0);
        cr_assert(strlen(reasons.items[0]) >= REASON_MAX - 4);
        cr_assert(strstr(reasons.items[0], "ä … ä") != NULL);
        cr_assert(strncmp(reasons.items[0] + strlen(reasons.items[0]) - 2, "ä", 2) == 0);
}
