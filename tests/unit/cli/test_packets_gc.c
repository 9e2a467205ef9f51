/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/packets_gc.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/approval.h"
#include "lib/store/store.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char root[64];
static struct store *store;
static enum outcome end_as = OUTCOME_CANCELLED; /* explains itself */

static void make_run(const char *id, enum phase end)
{
        const struct store_run_spec spec = {.id = id,
                                            .item = "i",
                                            .item_sha256 =
                                                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                            .title = "t",
                                            .mood = "calm"};
        const struct store_move move = {.run = id, .to = end, .outcome = end_as, .actor = EVENT_ACTOR_SYSTEM};
        _cleanup_free_ char *folder = xasprintf("%s/runs/%s/logs", root, id);
        _cleanup_free_ char *file = xasprintf("%s/agent.log", folder);
        struct err err = ERR_INIT;

        cr_assert_eq(fs_mkdir_p(folder, 0700, &err), 0, "%s", err.message);
        cr_assert_eq(fs_write_at(AT_FDCWD, file, "0123456789", 10, 0600, &err), 0, "%s", err.message);
        cr_assert_eq(store_run_create(store, &spec, &err), 0, "%s", err.message);
        if (end != PHASE_CREATED)
                cr_assert_eq(store_run_move(store, &move, &err), 0, "%s", err.message);
}

static void setup(void)
{
        _cleanup_free_ char *path = NULL;
        struct err err = ERR_INIT;

        snprintf(root, sizeof(root), "/tmp/cupel-test-gc-XXXXXX");
        cr_assert(mkdtemp(root));
        path = xasprintf("%s/store.db", root);
        cr_assert_eq(store_open(path, "repo-0123456789ab", STORE_CREATE, &store, &err), 0, "%s", err.message);
        make_run("ended", PHASE_DISCARDED);
        make_run("working", PHASE_CREATED);
}

static void teardown(void)
{
        struct err err = ERR_INIT;

        store_close(store);
        fs_remove_tree_at(AT_FDCWD, root, &err);
}

static bool there(const char *run)
{
        _cleanup_free_ char *path = xasprintf("%s/runs/%s", root, run);

        return access(path, F_OK) == 0;
}

static struct strv gone;

static void note_gone(void *data, const char *run, const char *reason, uint64_t bytes)
{
        (void)data;
        strv_add_printf(&gone, "%s %s %d", run, reason, bytes >= 10);
}

static struct strv kept;

static void note_kept(void *data, const char *run, const char *why, uint64_t bytes)
{
        (void)data;
        (void)bytes;
        strv_add_printf(&kept, "%s %s", run, why);
}

static void collect(uint64_t age, uint64_t bytes, int64_t later, bool dry_run)
{
        const struct packets_gc gc = {.repo_state = root,
                                      .max_age_s = age,
                                      .max_bytes = bytes,
                                      .dry_run = dry_run,
                                      .now = time(NULL) + later,
                                      .report = note_gone,
                                      .kept = note_kept};
        struct err err = ERR_INIT;

        strv_release(&gone);
        strv_release(&kept);
        cr_assert_eq(packets_gc(&gc, &err), 0, "%s", err.message);
}

TestSuite(packets_gc, .init = setup, .fini = teardown);

Test(packets_gc, only_ended_runs_lose_their_packet)
{
        collect(3600, 0, 7200, false);
        cr_assert_not(there("ended"));
        cr_assert(there("working"));
        cr_assert_eq(gone.len, 1);
        cr_assert_str_eq(gone.items[0], "ended age 1");
        strv_release(&gone);
}

Test(packets_gc, young_packets_within_the_size_stay)
{
        collect(3600, 1 << 30, 0, false);
        cr_assert(there("ended"));
        cr_assert_eq(gone.len, 0);
        collect(0, 1, 0, false);
        cr_assert_not(there("ended"));
        strv_release(&gone);
}

Test(packets_gc, a_dry_run_says_the_same_and_removes_nothing)
{
        collect(3600, 0, 7200, true);
        cr_assert(there("ended"));
        cr_assert_eq(gone.len, 1);
        strv_release(&gone);
}

Test(packets_gc, a_folder_without_a_run_goes_after_a_day)
{
        _cleanup_free_ char *orphan = xasprintf("%s/runs/orphan", root);

        cr_assert_eq(mkdir(orphan, 0700), 0);
        collect(0, 0, 3600, false);
        cr_assert(there("orphan"));
        collect(0, 0, 90000, false);
        cr_assert_not(there("orphan"));
        cr_assert(there("ended"));
        strv_release(&gone);
}

Test(packets_gc, the_newest_packet_of_an_unexplained_failure_stays)
{
        struct err err = ERR_INIT;

        end_as = OUTCOME_NO_CHANGE;
        make_run("empty1", PHASE_DISCARDED);
        make_run("empty2", PHASE_DISCARDED);
        collect(3600, 0, 7200, false);
        cr_assert_not(there("empty1"));
        cr_assert(there("empty2"));
        cr_assert_eq(kept.len, 1);
        cr_assert_str_eq(kept.items[0], "empty2 the last packet of an unexplained failure");
        cr_assert_eq(store_acceptance_add(store, "empty1", false, "me", "known", &err), 0, "%s", err.message);
        collect(3600, 0, 7200, false);
        cr_assert_not(there("empty2"));
        strv_release(&gone);
}

Test(packets_gc, of_more_than_a_count_the_oldest_go)
{
        end_as = OUTCOME_CANCELLED;
        make_run("second", PHASE_DISCARDED);
        make_run("third", PHASE_DISCARDED);
        strv_release(&gone);
        cr_assert_eq(packets_gc(
                             &(struct packets_gc){
                                     .repo_state = root, .max_count = 1, .now = time(NULL), .report = note_gone},
                             &(struct err){.code = ERR_OK}),
                     0);
        cr_assert_eq(gone.len, 2);
        cr_assert(there("working"));
        strv_release(&gone);
}

Test(packets_gc, what_went_is_on_record)
{
        struct json_t *removed;

        collect(3600, 0, 7200, true);
        removed = packets_removed(root);
        cr_assert_eq(json_object_size(removed), 0);
        json_decref(removed);
        collect(3600, 0, 7200, false);
        removed = packets_removed(root);
        cr_assert_str_eq(json_text_of(removed, "ended"), "age");
        json_decref(removed);
        strv_release(&gone);
}
