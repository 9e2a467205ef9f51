/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of a landing as one pack: made in the run's own folder from exactly what the check vouched for, then put
 * into the repository under its content's name. Each file appears there whole and synced: by link() where the file
 * systems allow, else copied to an unnamed file that is linked. The pack comes before its idx: git finds packs by idx.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/landing_internal.h"
#include "lib/git/quarantine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const extensions[] = {"pack", "idx"}; /* in the order of appearance */

static char *private_path(const struct landing_plan *plan, const char *extension)
{
        return xasprintf("%s/landing/%s.%s", plan->work_folder, plan->pack, extension);
}

static char *public_path(struct repo *repo, const struct landing_plan *plan, const char *extension)
{
        return xasprintf("%s/objects/pack/%s.%s", repo->commondir, plan->pack, extension);
}

/* Where the file system has no unnamed files; git sweeps names like this one itself. */
static char *named_copy_path(struct repo *repo, const struct landing_plan *plan)
{
        return xasprintf("%s/objects/pack/tmp_cupel_%s", repo->commondir, plan->run_id);
}

static int fill(git_packbuilder *builder, struct quarantine *q, const struct landing_plan *plan, struct err *err)
{
        git_oid commit;

        if (oid_parse(plan->commit, &commit, err) < 0)
                return -1;
        if (!oid_set_has(&q->fresh, &commit) && git_packbuilder_insert(builder, &commit, NULL) < 0)
                return git_fail(err, "the commit is not in the quarantine");
        for (size_t i = 0; i < q->fresh.len; i++) {
                if (git_packbuilder_insert(builder, &q->fresh.ids[i], NULL) < 0)
                        return git_fail(err, "cannot pack the candidate");
        }
        return 0;
}

int pack_write(struct quarantine *q, struct landing_plan *plan, struct repo *repo, struct err *err)
{
        _cleanup_free_ char *folder = xasprintf("%s/landing", plan->work_folder);
        git_packbuilder *builder = NULL;
        int result = 0;

        if (mkdir(folder, 0700) < 0 && errno != EEXIST)
                return err_errno(err, "cannot make %s", folder);
        if (git_packbuilder_new(&builder, q->repo->git) < 0)
                return git_fail(err, "cannot start a pack");
        git_packbuilder_set_threads(builder, 1);
        result = fill(builder, q, plan, err);
        if (result == 0 && git_packbuilder_write(builder, folder, 0444, NULL, NULL) < 0)
                result = git_fail(err, "cannot write the pack");
        if (result == 0)
                plan->pack = xasprintf("pack-%s", git_packbuilder_name(builder));
        git_packbuilder_free(builder);
        if (result == 0)
                plan->pack_existed = pack_is_installed(repo, plan);
        return result;
}

static int copy_to(int from, int to)
{
        char chunk[1 << 15];
        ssize_t got;

        while ((got = read(from, chunk, sizeof(chunk))) > 0) {
                if (fs_write_all(to, chunk, (size_t)got) < 0)
                        return -1;
        }
        return got < 0 ? -1 : fsync(to);
}

static int copy_across(struct repo *repo, const struct landing_plan *plan, const char *from, const char *to)
{
        _cleanup_free_ char *folder = xasprintf("%s/objects/pack", repo->commondir), *named = named_copy_path(repo, plan);
        _cleanup_fd_ int in = open(from, O_RDONLY | O_CLOEXEC), out = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0444);
        char self[64];
        int result;

        if (in < 0)
                return -1;
        if (out >= 0) {
                snprintf(self, sizeof(self), "/proc/self/fd/%d", out);
                return copy_to(in, out) < 0 ? -1 : linkat(AT_FDCWD, self, AT_FDCWD, to, AT_SYMLINK_FOLLOW);
        }
        unlink(named);
        out = open(named, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
        if (out < 0)
                return -1;
        result = copy_to(in, out) < 0 ? -1 : link(named, to);
        unlink(named);
        return result;
}

static int install_one(struct repo *repo, const struct landing_plan *plan, const char *extension, struct err *err)
{
        _cleanup_free_ char *from = private_path(plan, extension), *to = public_path(repo, plan, extension);
        _cleanup_fd_ int fd = -1;

        if (link(from, to) == 0) {
                fd = open(to, O_RDONLY | O_CLOEXEC);
                return fd < 0 || fsync(fd) < 0 ? err_errno(err, "cannot sync %s", to) : 0;
        }
        if (errno == EEXIST)
                return 0; /* named by its content: the same objects */
        if (errno != EXDEV && errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK)
                return err_errno(err, "cannot install %s", to);
        if (copy_across(repo, plan, from, to) < 0 && errno != EEXIST)
                return err_errno(err, "cannot install %s", to);
        return 0;
}

int pack_install(struct repo *repo, const struct landing_plan *plan, struct err *err)
{
        _cleanup_free_ char *folder = xasprintf("%s/objects/pack", repo->commondir);
        _cleanup_fd_ int dirfd = -1;

        for (size_t i = 0; i < 2; i++) {
                if (install_one(repo, plan, extensions[i], err) < 0)
                        return -1;
                landing_step(i == 0 ? "pack installed" : "idx installed");
        }
        dirfd = fs_open_dir(folder, err);
        if (dirfd < 0)
                return -1;
        return fs_fsync_dir(dirfd) < 0 ? err_errno(err, "cannot sync %s", folder) : 0;
}

bool pack_is_installed(struct repo *repo, const struct landing_plan *plan)
{
        _cleanup_free_ char *idx = public_path(repo, plan, "idx");

        return access(idx, F_OK) == 0;
}

void pack_remove(struct repo *repo, const struct landing_plan *plan)
{
        _cleanup_free_ char *named = named_copy_path(repo, plan);

        unlink(named);
        for (size_t i = 2; i-- > 0 && !plan->pack_existed;) {
                _cleanup_free_ char *path = public_path(repo, plan, extensions[i]);

                unlink(path);
                landing_step("pack removed");
        }
}

void pack_forget(const struct landing_plan *plan)
{
        _cleanup_free_ char *folder = xasprintf("%s/landing", plan->work_folder);

        for (size_t i = 0; i < 2; i++) {
                _cleanup_free_ char *path = private_path(plan, extensions[i]);

                unlink(path);
        }
        rmdir(folder);
}
