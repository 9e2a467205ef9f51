/* SPDX-License-Identifier: Apache-2.0 */
/* Who of a step stands still, and whether anybody ran, on a /proc made by hand: as the step's own would be, PID 1 included. */
#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "sandbox/step.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct step_process process;

static void put(const char *path, const char *text)
{
        _cleanup_free_ char *whole = xasprintf("%s/%s", folder, path);
        FILE *file = fopen(whole, "w");

        cr_assert_not_null(file, "%s", whole);
        fputs(text, file);
        fclose(file);
}

static void make_folder(const char *format, int pid, int thread)
{
        _cleanup_free_ char *path = NULL;

        cr_assert(asprintf(&path, format, folder, pid, thread) > 0);
        mkdir(path, 0700);
}

struct thread {
        int pid, thread;
        const char *name; /* as the thread calls itself */
        char state;
        unsigned long long start, voluntary, forced;
};

static void put_thread(const struct thread *t)
{
        _cleanup_free_ char *stat = xasprintf("%d/task/%d/stat", t->pid, t->thread);
        _cleanup_free_ char *status = xasprintf("%d/task/%d/status", t->pid, t->thread);
        _cleanup_free_ char *line =
                xasprintf("%d (%s) %c 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 %llu 10 11 12 13\n", t->thread,
                          t->name, t->state, t->start);
        _cleanup_free_ char *text = xasprintf("Name:\t%s\nState:\t%c\nGroups:\t0 1 2\nvoluntary_ctxt_switches:\t%llu\n"
                                              "nonvoluntary_ctxt_switches:\t%llu\n",
                                              t->name, t->state, t->voluntary, t->forced);

        make_folder("%s/%d", t->pid, 0);
        make_folder("%s/%d/task", t->pid, 0);
        make_folder("%s/%d/task/%d", t->pid, t->thread);
        put(stat, line);
        put(status, text);
}

static void remove_thread(int pid, int thread)
{
        _cleanup_free_ char *command = xasprintf("rm -r %s/%d/task/%d", folder, pid, thread);

        cr_assert_eq(system(command), 0);
}

static const struct thread first = {1, 1, "init", 'S', 5, 40, 2};
static const struct thread shell = {2, 2, "sh", 'T', 10, 7, 1};
static const struct thread worker = {2, 3, "sh", 'T', 11, 20, 9};

static void begin(void)
{
        snprintf(folder, sizeof(folder), "/tmp/cupel-still-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
        process = STEP_PROCESS_NONE;
        process.proc = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        put("uptime", "1 1\n");
        put_thread(&first);
        put_thread(&shell);
        put_thread(&worker);
}

static void end(void)
{
        _cleanup_free_ char *command = xasprintf("rm -r %s", folder);

        close(process.proc);
        cr_assert_eq(system(command), 0);
}

TestSuite(still, .init = begin, .fini = end);

/* ---- Who stands ---- */

Test(still, everybody_but_pid_1_has_to_stand)
{
        cr_assert(step_all_stand(&process));
}

Test(still, one_thread_that_does_not_stand_is_enough)
{
        static const char runs[] = "RSDIKW";
        struct thread other = worker;

        for (size_t i = 0; i < strlen(runs); i++) {
                other.state = runs[i];
                put_thread(&other);
                cr_assert_not(step_all_stand(&process), "%c", runs[i]);
        }
}

Test(still, stopped_traced_and_dead_ones_stand)
{
        static const char stands[] = "TtZX";
        struct thread other = worker;

        for (size_t i = 0; i < strlen(stands); i++) {
                other.state = stands[i];
                put_thread(&other);
                cr_assert(step_all_stand(&process), "%c", stands[i]);
        }
}

Test(still, a_name_says_nothing_of_the_state)
{
        struct thread other = worker;

        other.state = 'R';
        other.name = "x) T 1";
        put_thread(&other);
        cr_assert_not(step_all_stand(&process));
        other.state = 'T';
        other.name = "x) R 1";
        put_thread(&other);
        cr_assert(step_all_stand(&process));
}

Test(still, who_is_gone_while_it_is_looked_at_stands)
{
        make_folder("%s/%d", 9, 0); /* a process without threads: it has ended since it was listed */
        make_folder("%s/%d/task", 2, 0);
        make_folder("%s/%d/task/%d", 2, 8);
        cr_assert(step_all_stand(&process));
}

Test(still, without_its_proc_nobody_is_known_to_stand)
{
        const int proc = process.proc;

        process.proc = open("/dev/null", O_RDONLY | O_CLOEXEC);
        cr_assert_not(step_all_stand(&process));
        close(process.proc);
        process.proc = proc;
}

/* ---- Who ran ---- */

static void look(struct str *ret)
{
        cr_assert(step_look(&process, ret));
}

static bool changed_since(const struct str *before)
{
        _cleanup_str_ struct str now = {0};

        look(&now);
        return strcmp(str_text(&now), str_text(before)) != 0;
}

Test(still, nobody_ran_nothing_changes)
{
        _cleanup_str_ struct str before = {0};

        look(&before);
        cr_assert_not(changed_since(&before));
        put_thread(&shell); /* another file with the same text */
        cr_assert_not(changed_since(&before));
}

Test(still, one_switch_of_one_thread_is_seen_of_either_kind)
{
        _cleanup_str_ struct str before = {0};
        struct thread ran = worker;

        look(&before);
        ran.voluntary++;
        put_thread(&ran);
        cr_assert(changed_since(&before));
        ran = worker;
        ran.forced++;
        put_thread(&ran);
        cr_assert(changed_since(&before));
        put_thread(&worker);
        cr_assert_not(changed_since(&before));
}

Test(still, births_and_deaths_are_seen)
{
        const struct thread child = {4, 4, "child", 'T', 12, 1, 0};
        _cleanup_str_ struct str before = {0};

        look(&before);
        put_thread(&child);
        cr_assert(changed_since(&before));
        look(&before);
        remove_thread(2, 3);
        cr_assert(changed_since(&before));
}

Test(still, another_one_with_the_same_number_is_seen)
{
        _cleanup_str_ struct str before = {0};
        struct thread next = worker;

        look(&before);
        next.start = 99;
        put_thread(&next);
        cr_assert(changed_since(&before));
}

Test(still, what_pid_1_does_and_that_it_reaps_the_dead_is_no_matter)
{
        struct thread busy = first, dead = worker;
        _cleanup_str_ struct str before = {0};

        dead.state = 'Z';
        put_thread(&dead);
        look(&before);
        busy.voluntary += 100;
        busy.state = 'R';
        put_thread(&busy);
        cr_assert_not(changed_since(&before));
        remove_thread(2, 3);
        cr_assert_not(changed_since(&before));
}

Test(still, a_name_forges_no_counts)
{
        _cleanup_str_ struct str before = {0};
        struct thread other = worker;

        /* the kernel writes a line end in a name as \n, in two characters */
        other.name = "\\nvoluntary_ctxt_switches:\t1\\nnonvoluntary_ctxt_switches:\t1";
        put_thread(&other);
        look(&before);
        other.voluntary++;
        put_thread(&other);
        cr_assert(changed_since(&before));
}

Test(still, counts_that_cannot_be_read_are_no_look)
{
        _cleanup_str_ struct str ignored = {0};

        put("2/task/3/status", "Name:\tsh\nState:\tT\nvoluntary_ctxt_switches:\t20\n");
        cr_assert_not(step_look(&process, &ignored));
}
