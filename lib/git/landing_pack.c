/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of a large landing as one pack: made from exactly what the check vouched for, then put into the repository under
 * its content's name. Until then the files have no name at all (O_TMPFILE in the folder of packs: a crash leaves nothing),
 * or, where the file system has no such files, names in the run's own folder. Each appears in the repository whole and
 * synced, the pack before its idx: git finds packs by idx.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/landing_internal.h"
#include "lib/git/pack_build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char *const extensions[PACK_FILES] = {"pack", "idx"}; /* in the order of appearance */

static char *pack_folder(struct repo *repo)
{
        return xasprintf("%s/objects/pack", repo->commondir);
}

static char *private_path(const struct landing_plan *plan, size_t which)
{
        return xasprintf("%s/landing.%s", plan->work_folder, extensions[which]);
}

static char *public_path(struct repo *repo, const struct landing_plan *plan, size_t which)
{
        return xasprintf("%s/objects/pack/%s.%s", repo->commondir, plan->pack, extensions[which]);
}

/* On its way into the repository, where it can neither be linked nor be without a name; git sweeps names like this. */
static char *named_copy_path(struct repo *repo, const struct landing_plan *plan)
{
        return xasprintf("%s/objects/pack/tmp_cupel_%s", repo->commondir, plan->run_id);
}

void pack_release(struct landing_pack *pack)
{
        for (size_t i = 0; i < PACK_FILES; i++)
                cleanup_fd(&pack->fds[i]);
        *pack = LANDING_PACK_INIT;
}

/* ---- Writing ---- */

static int open_one(struct landing *landing, size_t which, struct err *err)
{
        _cleanup_free_ char *folder = pack_folder(landing->repo), *path = private_path(&landing->plan, which);
        int fd = -1;

        if (which == 0 || !landing->pack.named)
                fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0444);
        if (fd < 0) {
                landing->pack.named = true;
                unlink(path);
                fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0444);
        }
        if (fd < 0)
                return err_errno(err, "cannot write a pack");
        landing->pack.fds[which] = fd;
        return 0;
}

static bool pack_is_installed(struct repo *repo, const struct landing_plan *plan)
{
        _cleanup_free_ char *idx = public_path(repo, plan, 1);

        return access(idx, F_OK) == 0;
}

int pack_write(struct quarantine *q, struct landing *landing, struct err *err)
{
        struct landing_plan *plan = &landing->plan;
        struct landing_pack *pack = &landing->pack;
        char name[GIT_HEX];

        if (open_one(landing, 0, err) < 0 || open_one(landing, 1, err) < 0 ||
            pack_build(q, pack->fds[0], pack->fds[1], name, err) < 0)
                return -1;
        /* on its way to the disk while the intent is written; pack_install() waits for it */
        for (size_t i = 0; i < PACK_FILES; i++)
                sync_file_range(pack->fds[i], 0, 0, SYNC_FILE_RANGE_WRITE);
        plan->pack = xasprintf("pack-%s", name);
        plan->pack_existed = pack_is_installed(landing->repo, plan);
        return 0;
}

/* ---- Installing ---- */

static int copy_to(int from, int to)
{
        char chunk[1 << 15];
        off_t at = 0;
        ssize_t got;

        while ((got = pread(from, chunk, sizeof(chunk), at)) > 0) {
                if (fs_write_all(to, chunk, (size_t)got) < 0)
                        return -1;
                at += got;
        }
        return got < 0 ? -1 : fsync(to);
}

static int copy_across(struct landing *landing, int from, const char *to)
{
        _cleanup_free_ char *named = named_copy_path(landing->repo, &landing->plan);
        _cleanup_fd_ int out = -1;
        int result;

        unlink(named);
        out = open(named, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
        if (out < 0)
                return -1;
        result = copy_to(from, out) < 0 ? -1 : link(named, to);
        unlink(named);
        return result;
}

static int link_one(struct landing *landing, size_t which, const char *to)
{
        _cleanup_free_ char *from = private_path(&landing->plan, which);
        char self[64];

        if (!landing->pack.named) {
                snprintf(self, sizeof(self), "/proc/self/fd/%d", landing->pack.fds[which]);
                return linkat(AT_FDCWD, self, AT_FDCWD, to, AT_SYMLINK_FOLLOW);
        }
        if (link(from, to) == 0 || errno == EEXIST)
                return 0;
        if (errno != EXDEV && errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK)
                return -1;
        return copy_across(landing, landing->pack.fds[which], to);
}

int pack_install(struct landing *landing, struct err *err)
{
        _cleanup_free_ char *folder = pack_folder(landing->repo);
        _cleanup_fd_ int dirfd = -1;

        for (size_t i = 0; i < PACK_FILES; i++)
                if (fdatasync(landing->pack.fds[i]) < 0)
                        return err_errno(err, "cannot sync the pack");
        for (size_t i = 0; i < PACK_FILES; i++) {
                _cleanup_free_ char *to = public_path(landing->repo, &landing->plan, i);

                /* one that is there is named by its content: the same objects */
                if (link_one(landing, i, to) < 0 && errno != EEXIST)
                        return err_errno(err, "cannot install %s", to);
                landing_step(i == 0 ? "pack installed" : "idx installed");
        }
        dirfd = fs_open_dir(folder, err);
        if (dirfd < 0)
                return -1;
        return fs_fsync_dir(dirfd) < 0 ? err_errno(err, "cannot sync %s", folder) : 0;
}

void pack_remove(struct repo *repo, const struct landing_plan *plan)
{
        _cleanup_free_ char *named = named_copy_path(repo, plan);

        undo_file(named);
        for (size_t i = PACK_FILES; i-- > 0 && !plan->pack_existed;) {
                _cleanup_free_ char *path = public_path(repo, plan, i);

                undo_file(path);
                landing_step("pack removed");
        }
}

void pack_forget(const struct landing_plan *plan)
{
        for (size_t i = 0; i < PACK_FILES; i++) {
                _cleanup_free_ char *path = private_path(plan, i);

                undo_file(path);
        }
}
