/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landing, in this order; each line is on disk before the next begins where it says so:
 *
 *   prepare   checks; objects (loose, or pack and idx) and the ref's new value as files without a name; the plan
 *   (caller)  intent row, synced
 *   execute   1  link <ref>.lock (content synced), then index.lock where the target is checked out
 *             2  compare the ref, and the index's file, under the locks
 *             3  sync the objects' files, name them (idx after pack); sync their folders
 *             4  append the reflogs
 *             5  rename <ref>.lock to <ref>; sync its folder          ← the ref is the truth
 *             6  bring the files forward; install the index; unlink index.lock
 *
 * A failure before 5 is taken back at once by landing_undo(), the ref's lock last: while that lock stands the landing has
 * not happened, whatever else is there; once it is gone without the ref having moved there is nothing left to undo.
 * index.lock stands until 6 is complete. Recovery (landing_recover.c) needs no more than these two facts.
 */
#include "lib/git/landing.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/ids.h"
#include "lib/git/landing_internal.h"
#include "lib/git/quarantine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

int landing_lock(int state_dirfd, landing_wait *wait, void *data, int *ret_fd, struct err *err)
{
        _cleanup_fd_ int fd = openat(state_dirfd, "landing.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                return err_errno(err, "cannot open landing.lock");
        while (flock(fd, LOCK_EX) < 0) {
                if (errno != EINTR)
                        return err_errno(err, "cannot take landing.lock");
                if (wait && !wait(data))
                        return err_set(err, ERR_BUSY, "another landing in this repository does not end");
        }
        *ret_fd = steal_fd(&fd);
        return 0;
}

void landing_free(struct landing *landing)
{
        if (!landing)
                return;
        pack_release(&landing->pack);
        loose_release(&landing->loose);
        cleanup_fd(&landing->ref_lock_fd);
        checkout_release(&landing->checkout_state);
        landing_plan_release(&landing->plan);
        strv_release(&landing->left);
        free(landing);
}

const struct strv *landing_left(const struct landing *landing)
{
        return &landing->left;
}

static int check_spec(const struct landing_spec *spec, struct err *err)
{
        int valid = 0;

        if (strncmp(spec->ref, "refs/", 5) != 0 || git_reference_name_is_valid(&valid, spec->ref) < 0 || !valid)
                return err_set(err, ERR_INPUT, "%.200s is not the full name of a ref", spec->ref);
        if (!*spec->run_id || strlen(spec->run_id) > RUN_ID_MAX ||
            strspn(spec->run_id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz"
                                 "0123456789._-") != strlen(spec->run_id))
                return err_set(err, ERR_INTERNAL, "a landing needs a plain run id");
        return 0;
}

static char *log_line(const struct landing_spec *spec)
{
        _cleanup_str_ struct str line = {0};

        str_printf(&line, "%s %s ", spec->base, spec->commit);
        for (const char *c = spec->who_name; *c; c++) {
                if ((unsigned char)*c >= ' ' && !strchr("<>", *c))
                        str_putc(&line, *c);
        }
        str_puts(&line, " <");
        for (const char *c = spec->who_mail; *c; c++) {
                if ((unsigned char)*c > ' ' && !strchr("<>", *c))
                        str_putc(&line, *c);
        }
        str_printf(&line, "> %" PRId64 " +0000\tcupel: run %s\n", spec->time, spec->run_id);
        return str_steal(&line);
}

static void plan_fill(struct landing_plan *plan, const struct landing_spec *spec)
{
        plan->ref = xstrdup(spec->ref);
        plan->base = xstrdup(spec->base);
        plan->commit = xstrdup(spec->commit);
        plan->run_id = xstrdup(spec->run_id);
        plan->work_folder = xstrdup(spec->work_folder);
        plan->time = spec->time;
        plan->log_line = log_line(spec);
}

static int compare_ref(struct repo *repo, const struct landing_plan *plan, struct err *err)
{
        char value[GIT_HEX];

        if (ref_value(repo, plan->ref, value, err) < 0)
                return -1;
        if (strcmp(value, plan->base) == 0)
                return 0;
        return err_set(err, ERR_CONFLICT, "%s moved from %.12s to %.12s while the run worked", plan->ref, plan->base,
                       *value ? value : "nothing");
}

/* The checkout is measured through the handle that sees the candidate; its files are written through the plain one. */
static int prepare_checkout(struct landing *landing, struct quarantine *q, struct err *err)
{
        char base_hex[GIT_HEX], commit_hex[GIT_HEX];
        git_oid base, commit;

        if (repo_commit_tree(q->repo, landing->plan.base, base_hex, err) < 0 ||
            repo_commit_tree(q->repo, landing->plan.commit, commit_hex, err) < 0 ||
            oid_parse(base_hex, &base, err) < 0 || oid_parse(commit_hex, &commit, err) < 0)
                return -1;
        if (checkout_init(&landing->checkout_state, q->repo, &base, &commit, landing->plan.run_id, err) < 0)
                return -1;
        return checkout_check(&landing->checkout_state, err);
}

#define LOOSE_MAX 100 /* git's transfer.unpackLimit */

static int write_objects(struct landing *landing, struct quarantine *q, struct err *err)
{
        git_oid commit;
        int written = 1;

        if (oid_parse(landing->plan.commit, &commit, err) < 0)
                return -1;
        if (!quarantine_real_has(q, &commit))
                oid_set_add(&q->fresh, &commit);
        if (q->fresh.len <= LOOSE_MAX)
                written = loose_write(q, landing, err);
        return written == 1 ? pack_write(q, landing, err) : written;
}

static int prepare(struct landing *landing, struct quarantine *q, const struct landing_spec *spec, struct err *err)
{
        struct landing_plan *plan = &landing->plan;
        _cleanup_free_ char *head = NULL, *text = NULL;
        bool head_follows;

        plan_fill(plan, spec);
        plan->gitdir = xstrdup(landing->repo->gitdir);
        if (compare_ref(landing->repo, plan, err) < 0 || repo_head_branch(landing->repo, &head, err) < 0)
                return -1;
        head_follows = head && strcmp(head, plan->ref) == 0;
        plan->checkout = head_follows && !repo_is_bare(landing->repo);
        if (worktrees_check(landing->repo, plan->ref, plan->checkout, err) < 0)
                return -1;
        if (plan->checkout && prepare_checkout(landing, q, err) < 0)
                return -1;
        reflog_decide(landing->repo, plan, head_follows);
        made_note(landing->repo, plan);
        if (write_objects(landing, q, err) < 0)
                return -1;
        text = ref_lock_content(plan);
        landing->ref_lock_fd = lock_prepare(landing->repo, text);
        return 0;
}

static int prepare_shared(struct landing *landing, struct quarantine *q, const struct landing_spec *spec,
                          struct err *err)
{
        const mode_t own = shared_begin(landing->shared);
        const int status = prepare(landing, q, spec, err);

        umask(own);
        return status;
}

int landing_prepare(struct repo *repo, struct quarantine *q, const struct landing_spec *spec, struct landing **ret,
                    struct err *err)
{
        _cleanup_landing_ struct landing *landing = xcalloc(1, sizeof(*landing));

        landing->repo = repo;
        landing->checkout_state.dirfd = landing->ref_lock_fd = -1;
        landing->pack = LANDING_PACK_INIT;
        landing->shared = shared_read(repo);
        if (check_spec(spec, err) < 0 || prepare_shared(landing, q, spec, err) < 0)
                return -1;
        *ret = steal_ptr(&landing);
        return 0;
}

static int make_ref_folder(struct repo *repo, const struct landing_plan *plan, struct err *err)
{
        _cleanup_free_ char *folder = xasprintf("%s/%s", repo->commondir, plan->ref);

        *strrchr(folder, '/') = '\0';
        return fs_mkdir_p(folder, 0777, err);
}

static int take_locks(struct landing *landing, struct err *err)
{
        struct landing_plan *plan = &landing->plan;
        _cleanup_free_ char *ref_lock = ref_lock_path(landing->repo, plan), *ref_text = ref_lock_content(plan);
        _cleanup_free_ char *index_lock = index_lock_path(landing->repo), *index_text = index_lock_content(plan);

        if (make_ref_folder(landing->repo, plan, err) < 0)
                return -1;
        landing_step("ref folder made");
        if (lock_take(landing->repo, plan, ref_lock, ref_text, steal_fd(&landing->ref_lock_fd), err) < 0)
                return -1;
        landing_step("ref locked");
        if (plan->checkout && lock_take(landing->repo, plan, index_lock, index_text, -1, err) < 0)
                return -1;
        landing_step("index locked");
        return 0;
}

static int publish(struct landing *landing, struct err *err)
{
        struct landing_plan *plan = &landing->plan;

        if (take_locks(landing, err) < 0 || compare_ref(landing->repo, plan, err) < 0)
                return -1;
        if (plan->checkout && !checkout_index_unchanged(&landing->checkout_state))
                return err_set(err, ERR_BUSY, "the index of the checkout changed meanwhile");
        if ((plan->pack ? pack_install(landing, err) : loose_install(landing, err)) < 0)
                return -1;
        landing_step("objects published");
        if (reflog_append(landing->repo, plan, err) < 0)
                return -1;
        return ref_publish(landing->repo, plan, err);
}

static int publish_shared(struct landing *landing, struct err *err)
{
        const mode_t own = shared_begin(landing->shared);
        const int status = publish(landing, err);

        umask(own);
        return status;
}

int landing_execute(struct landing *landing, struct err *err)
{
        struct landing_plan *plan = &landing->plan;
        _cleanup_free_ char *index_lock = index_lock_path(landing->repo), *index_text = index_lock_content(plan);
        struct err checkout_err = ERR_INIT;

        if (publish_shared(landing, err) < 0) {
                landing_undo(landing->repo, plan);
                return -1;
        }
        if (plan->checkout) {
                /* From here on the commit has landed: what fails below is told, not undone. */
                if (checkout_forward(&landing->checkout_state, &landing->left, &checkout_err) < 0)
                        strv_add_printf(&landing->left, "the checkout (%s)", checkout_err.message);
                landing_step("checkout done");
                lock_drop(index_lock, index_text);
        }
        landing_step("index unlocked");
        if (landing->pack.named)
                pack_forget(plan);
        return 0;
}
