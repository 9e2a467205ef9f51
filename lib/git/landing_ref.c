/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ref and the two locks. A lock is born whole: written to an unnamed file, synced, linked to its name; so a crash
 * leaves either no lock or one that says whose it is. The ref's lock holds the new value and becomes the ref by rename;
 * index.lock only says who holds it, since the index is written beside it when the files are in place.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/landing_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_TRIES 20
#define DROP_TRIES 3
#define LOOK_TRIES 3
#define LOCK_WAIT_MS 50

int ref_value(struct repo *repo, const char *ref, char ret[GIT_HEX], struct err *err)
{
        _cleanup_reference_ git_reference *found = NULL;
        int code = git_reference_lookup(&found, repo->git, ref);

        if (code == GIT_ENOTFOUND) {
                ret[0] = '\0';
                return 0;
        }
        if (code < 0)
                return git_fail(err, "cannot read %s", ref);
        if (git_reference_type(found) != GIT_REFERENCE_DIRECT)
                return err_set(err, ERR_INPUT, "%s is a symbolic ref: name the branch it stands for", ref);
        oid_hex(git_reference_target(found), ret);
        return 0;
}

char *ref_lock_path(struct repo *repo, const struct landing_plan *plan)
{
        return xasprintf("%s/%s.lock", repo->commondir, plan->ref);
}

char *ref_lock_content(const struct landing_plan *plan)
{
        return xasprintf("%s\n", plan->commit);
}

char *index_lock_path(struct repo *repo)
{
        return xasprintf("%s/index.lock", repo->gitdir);
}

char *index_lock_content(const struct landing_plan *plan)
{
        return xasprintf("cupel lands run %s; `cupel runs` finishes it\n", plan->run_id);
}

/* 1: it says `content`; 0: there is none, or another's; -1: that cannot be told. */
static int look_at_lock(const char *path, const char *content)
{
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        _cleanup_str_ struct str bytes = {0};
        struct err ignored = ERR_INIT;

        if (fd < 0)
                return errno == ENOENT || errno == ELOOP ? 0 : -1;
        return fs_read_fd(fd, 4096, &bytes, &ignored) < 0 ? -1 : strcmp(str_text(&bytes), content) == 0;
}

/* One of ours that is taken for another's would stay for ever: what could not be read is read again. */
bool lock_is_ours(const char *path, const char *content)
{
        int ours = -1;

        for (int tries = 0; tries < LOOK_TRIES && ours < 0; tries++)
                ours = look_at_lock(path, content);
        return ours > 0;
}

void lock_drop(const char *path, const char *content)
{
        for (int tries = 0; tries < DROP_TRIES && lock_is_ours(path, content); tries++)
                unlink(path);
}

char *lock_named_path(struct repo *repo, const struct landing_plan *plan)
{
        return xasprintf("%s/cupel.%s", repo->gitdir, plan->run_id);
}

int lock_prepare(struct repo *repo, const char *content)
{
        _cleanup_fd_ int fd = open(repo->gitdir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);

        if (fd < 0 || fs_write_all(fd, content, strlen(content)) < 0)
                return -1;
        sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
        return steal_fd(&fd);
}

/* Where the file system has no unnamed files: one with the run's name. Returns the fd. */
static int named_file(const char *named, const char *content)
{
        _cleanup_fd_ int fd = -1;

        unlink(named);
        fd = open(named, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        return fd < 0 || fs_write_all(fd, content, strlen(content)) < 0 ? -1 : steal_fd(&fd);
}

static int link_patiently(const char *from, const char *path)
{
        for (int i = 0; i < LOCK_TRIES; i++) {
                if (i)
                        poll(NULL, 0, LOCK_WAIT_MS);
                if (linkat(AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
                        return 0;
                if (errno != EEXIST)
                        return -1;
        }
        return -1;
}

int lock_take(struct repo *repo, const struct landing_plan *plan, const char *path, const char *content, int prepared,
              struct err *err)
{
        _cleanup_free_ char *named = lock_named_path(repo, plan);
        _cleanup_fd_ int fd = prepared >= 0 ? prepared : lock_prepare(repo, content);
        const bool is_named = fd < 0;
        char self[64];
        int result;

        if (is_named)
                fd = named_file(named, content);
        if (fd < 0 || fdatasync(fd) < 0)
                return err_errno(err, "cannot prepare %s", path);
        snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
        result = link_patiently(is_named ? named : self, path);
        if (result < 0)
                result = errno == EEXIST ? err_set(err, ERR_BUSY,
                                                   "somebody else holds %s; it can land once that git command is over, "
                                                   "or you removed a file that one left behind",
                                                   path)
                                         : err_errno(err, "cannot take %s", path);
        if (is_named)
                unlink(named);
        return result;
}

static void note_missing(struct strv *made, const char *root, const char *prefix, const char *path)
{
        _cleanup_free_ char *copy = xasprintf("%s%s", prefix, path);

        for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                _cleanup_free_ char *full = xasprintf("%s/%s", root, copy);

                if (access(full, F_OK) < 0 && !strv_has(made, full))
                        strv_add(made, full);
                *slash = '/';
        }
}

static void note_log(struct strv *made, const char *root, const char *name)
{
        _cleanup_free_ char *path = xasprintf("%s/logs/%s", root, name);

        note_missing(made, root, "logs/", name);
        if (access(path, F_OK) < 0)
                strv_add(made, path);
}

void made_note(struct repo *repo, struct landing_plan *plan)
{
        note_missing(&plan->made, repo->commondir, "", plan->ref);
        if (plan->log_ref)
                note_log(&plan->made, repo->commondir, plan->ref);
        if (plan->log_head)
                note_log(&plan->made, repo->gitdir, "HEAD");
}

int ref_publish(struct repo *repo, const struct landing_plan *plan, struct err *err)
{
        _cleanup_free_ char *lock = ref_lock_path(repo, plan), *path = xasprintf("%s/%s", repo->commondir, plan->ref);
        _cleanup_free_ char *folder = xstrdup(path);
        _cleanup_fd_ int dirfd = -1;

        if (rename(lock, path) < 0) {
                /* A folder that git left empty where the packed ref's file goes. */
                if ((errno != EISDIR && errno != ENOTEMPTY && errno != EEXIST) || rmdir(path) < 0 ||
                    rename(lock, path) < 0)
                        return err_errno(err, "cannot move %s", plan->ref);
        }
        landing_step("ref moved");
        *strrchr(folder, '/') = '\0';
        dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dirfd >= 0)
                fs_fsync_dir(dirfd); /* it has moved for everybody: a failing sync changes nothing about that */
        return 0;
}
