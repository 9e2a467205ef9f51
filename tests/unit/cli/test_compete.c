/* SPDX-License-Identifier: Apache-2.0 */
/* Whose end a race tells, and what it keeps of what competitors say; the rest is tests/e2e/test_compete.sh. */
#include "cli/compete_internal.h"
#include "cli/race_view.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

static struct competitor runners[3] = {
        {.entry = (char *)"a", .run = (char *)"r1"},
        {.entry = (char *)"b", .run = (char *)"r2"},
        {.entry = (char *)"c", .run = (char *)"r3"},
};

static size_t telling(ssize_t winner, unsigned stopping, enum outcome a, enum outcome b, enum outcome c)
{
        const struct race race = {.competitors = {.items = runners, .len = 3}, .winner = winner, .stopping = stopping};

        runners[0].end.outcome = a;
        runners[1].end.outcome = b;
        runners[2].end.outcome = c;
        return race_telling(&race);
}

Test(compete, the_winner_is_told)
{
        cr_assert_eq(telling(2, 0, OUTCOME_BASE_CONFLICT, OUTCOME_CANCELLED, OUTCOME_COMMITTED), 2);
        cr_assert_eq(telling(0, 1, OUTCOME_HELD, OUTCOME_CANCELLED, OUTCOME_CANCELLED), 0);
}

Test(compete, without_a_winner_who_got_farthest)
{
        cr_assert_eq(telling(-1, 0, OUTCOME_BLOCKED, OUTCOME_WORK_FAILED, OUTCOME_NO_CHANGE), 1);
        cr_assert_eq(telling(-1, 0, OUTCOME_WORK_FAILED, OUTCOME_DIRECTOR_REFUSED, OUTCOME_SELF_VERIFICATION_FAILED),
                     1);
        cr_assert_eq(telling(-1, 0, OUTCOME_SANDBOX_UNAVAILABLE, OUTCOME_BLOCKED, OUTCOME_INTERNAL_ERROR), 2);
        cr_assert_eq(telling(-1, 0, OUTCOME_NO_CHANGE, OUTCOME_NO_CHANGE, OUTCOME_NO_CHANGE), 0);
}

Test(compete, who_stopped_it_is_told_that_it_was_stopped)
{
        cr_assert_eq(telling(-1, 1, OUTCOME_WORK_FAILED, OUTCOME_CANCELLED, OUTCOME_NO_CHANGE), 1);
        cr_assert_eq(telling(-1, 1, OUTCOME_NO_CHANGE, OUTCOME_WORK_FAILED, OUTCOME_NO_CHANGE), 1);
}

Test(compete, a_page_of_a_run_names_its_race)
{
        const struct store_run run = {.id = "r1", .agent = "ada", .race = "x"};
        json_t *race = json_pack("{s:s,s:s,s:[{s:s,s:s,s:s,s:s},{s:s,s:s,s:s,s:n}]}", "id", "x", "winner", "r2", "runs",
                                 "run", "r2", "agent", "bob\033[2J", "state", "committed", "outcome", "committed",
                                 "run", "r1", "agent", "ada", "state", "running", "outcome");
        struct str out = {0};

        race_facts(&run, race, 6, &out);
        cr_assert(strstr(str_text(&out), "agent ada\n"), "%s", str_text(&out));
        cr_assert(strstr(str_text(&out), "race  of 2, won by another\n"), "%s", str_text(&out));
        cr_assert(strstr(str_text(&out), "r2  won\n"), "%s", str_text(&out));
        cr_assert_null(strstr(str_text(&out), "r1"), "itself is not among the others");
        cr_assert_null(strchr(str_text(&out), '\033'), "a name is harmless");
        str_clear(&out);
        race_facts(&(struct store_run){.id = "r1", .agent = "", .race = ""}, NULL, 6, &out);
        cr_assert_str_eq(str_text(&out), "");
        json_decref(race);
        str_release(&out);
}

/* ---- What a competitor passes on ---- */

static struct err err;

/* A competitor that says `line` and ends; its run is over, as `outcome`. */
static void make_competitor(struct store *store, struct competitor *ret, const char *id, enum outcome outcome,
                            const char *line)
{
        struct store_run_spec spec = {.id = id,
                                      .item = "i",
                                      .item_sha256 = "x",
                                      .title = "T",
                                      .mood = "calm",
                                      .race = "race",
                                      .agent = id,
                                      .owner_start = 1};
        struct store_move move = {.run = id, .to = PHASE_DISCARDED, .outcome = outcome, .actor = EVENT_ACTOR_SYSTEM};
        int ends[2];

        cr_assert_eq(pipe(ends), 0);
        cr_assert_eq(write(ends[1], line, strlen(line)), (ssize_t)strlen(line));
        if ((ret->pid = fork()) == 0)
                _exit(0);
        close(ends[1]);
        ret->fd = ends[0];
        spec.owner_pid = ret->pid;
        cr_assert_eq(store_run_create(store, &spec, &err), 0, "%s", err.message);
        cr_assert_eq(store_run_move(store, &move, &err), 0, "%s", err.message);
}

Test(compete, nobody_wins_by_saying_so)
{
        char folder[] = "/tmp/cupel-compete-XXXXXX", path[64], command[80];
        struct context context = {.repo_state = folder};
        const struct compete_request request = {.quiet = true};
        struct competitor two[2] = {{.label = (char *)"a"}, {.label = (char *)"b"}};
        struct race race = {.context = &context,
                            .request = &request,
                            .id = (char *)"race",
                            .signals = -1,
                            .winner = -1,
                            .competitors = {.items = two, .len = 2}};

        cr_assert_not_null(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/store.db", folder);
        cr_assert_eq(store_open(path, "repo", STORE_CREATE, &context.store, &err), 0, "%s", err.message);
        make_competitor(context.store, &two[0], "liar", OUTCOME_WORK_FAILED,
                        "{\"run\":\"liar\",\"outcome\":\"committed\",\"exit\":0,\"commit\":\"c0ffee\",\"reasons\":["
                        "\"trust me\"]}\n");
        make_competitor(context.store, &two[1], "honest", OUTCOME_NO_CHANGE,
                        "{\"run\":\"honest\",\"outcome\":\"no_change\",\"exit\":20,\"reasons\":[\"and more\"]}\n");
        cr_assert_eq(race_listen(&race, &err), 0, "%s", err.message);
        cr_assert_eq(race.winner, -1);
        cr_assert_eq(two[0].end.outcome, OUTCOME_WORK_FAILED);
        cr_assert_null(two[0].end.commit);
        cr_assert_eq(two[0].end.reasons.len, 0, "%s", two[0].end.reasons.items[0]);
        cr_assert_eq(two[1].end.outcome, OUTCOME_NO_CHANGE);
        cr_assert_str_eq(two[1].end.reasons.items[0], "and more");
        store_close(context.store);
        for (int i = 0; i < 2; i++) {
                json_decref(two[i].told);
                free(two[i].run);
                str_release(&two[i].input);
                run_result_release(&two[i].end);
        }
        snprintf(command, sizeof(command), "rm -rf %s", folder);
        cr_assert_eq(system(command), 0);
}
