/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/checkpoint_read.h"

#include "runner/machine.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#define REFUSAL_MAX 400 /* bytes; an error's message has room for little more */

void checkpoint_read_forget(struct checkpoint_read *read)
{
        cleanup_fd(&read->upper_fd);
        readback_taken_free(read->took_tree);
        readback_taken_free(read->took_state);
        spool_release(&read->spool);
        quarantine_close(read->store);
        readback_release(&read->tree);
        readback_release(&read->state);
        *read = CHECKPOINT_READ_NONE;
}

/* Before anybody is told: where the disk was full, their words need the room. */
void checkpoint_read_discard(struct runner *runner)
{
        _cleanup_free_ char *name = xasprintf("step_%06" PRId64, runner->checkpoint.step + 1);
        _cleanup_free_ char *staging = xasprintf("%s/staging", runner->options.run_folder);
        struct err ignored = ERR_INIT;
        _cleanup_fd_ int dirfd = fs_open_dir(staging, &ignored);

        checkpoint_read_forget(&runner->checkpoint.read);
        if (dirfd >= 0)
                (void)fs_remove_tree_at(dirfd, name, &ignored);
}

int checkpoint_read_open(struct runner *runner, struct err *err)
{
        struct checkpoint *checkpoint = &runner->checkpoint;
        _cleanup_free_ char *name = xasprintf("step_%06" PRId64, checkpoint->step + 1);
        _cleanup_free_ char *staging = xasprintf("%s/staging", runner->options.run_folder);
        _cleanup_free_ char *objects = xasprintf("%s/%s/objects", staging, name);
        _cleanup_fd_ int dirfd = fs_open_dir(staging, err);
        _cleanup_fd_ int step = -1;

        if (dirfd < 0 || fs_remove_tree_at(dirfd, name, err) < 0)
                return -1;
        step = fs_mkdir_open_at(dirfd, name, 0700, err);
        if (step < 0 || spool_open(&checkpoint->read.spool, step, CHECKPOINT_MEMORY_MAX, err) < 0)
                return -1;
        return quarantine_open(runner->candidate.repo, objects, QUARANTINE_CREATE, &checkpoint->read.store, err);
}

/* ---- While everything stands still ---- */

static int take_state(struct runner *runner, struct err *err)
{
        struct checkpoint_read *read = &runner->checkpoint.read;
        const struct readback_options options = {.base_tree = GIT_EMPTY_TREE,
                                                 .untouched = true,
                                                 .raw = true,
                                                 .max_file_bytes = (uint64_t)runner->plan.checkpoint.state_bytes,
                                                 .max_total_bytes = (uint64_t)runner->plan.checkpoint.state_bytes};
        _cleanup_fd_ int fd = fs_open_beneath(read->upper_fd, runner->plan.checkpoint.state,
                                              O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC, 0);

        if (fd < 0)
                return errno == ENOENT ? 0 : err_errno(err, "state folder %s", runner->plan.checkpoint.state);
        if (readback_take(read->store, fd, &options, &read->spool, &read->took_state, err) < 0)
                return err_wrap(err, "state folder %s", runner->plan.checkpoint.state);
        return 0;
}

int checkpoint_take(struct runner *runner, struct err *err)
{
        struct checkpoint_read *read = &runner->checkpoint.read;
        const struct readback_options options = {
                .base_tree = runner->candidate.base_tree, .skip = runner->plan.checkpoint.state, .untouched = true};

        if (readback_take(read->store, read->upper_fd, &options, &read->spool, &read->took_tree, err) < 0)
                return -1;
        return runner->plan.checkpoint.state ? take_state(runner, err) : 0;
}

/* ---- While it works again ---- */

static int refused(const struct readback *readback, const char *what, struct err *err)
{
        _cleanup_str_ struct str first = {0};

        if (!readback->refusals.len)
                return 0;
        str_put_ends(&first, readback->refusals.items[0], REFUSAL_MAX);
        if (readback->refusals.len == 1)
                return err_set(err, ERR_REFUSED, "%s%s", what, str_text(&first));
        return err_set(err, ERR_REFUSED, "%s%s, and %zu more", what, str_text(&first), readback->refusals.len - 1);
}

int checkpoint_store(struct runner *runner, struct err *err)
{
        struct checkpoint_read *read = &runner->checkpoint.read;

        if (readback_store(read->took_tree, &read->tree, err) < 0 || refused(&read->tree, "", err) < 0)
                return -1;
        if (!read->took_state)
                return 0;
        if (readback_store(read->took_state, &read->state, err) < 0)
                return err_wrap(err, "state folder %s", runner->plan.checkpoint.state);
        return refused(&read->state, "in the state folder: ", err);
}
