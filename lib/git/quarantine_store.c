/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store that a director adds to a quarantine for what it makes itself, and for what it borrows from the run ahead of its
 * own: everything that its merged tree stands on lies there, so that whoever borrows from us needs to look in two folders
 * only, ours and our candidate's. Borrowed files are linked: nobody writes to them any more, that run's caged side is dead.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/quarantine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_anew(const char *folder, struct err *err)
{
        _cleanup_free_ char *parent = xstrdup(folder);
        char *slash = strrchr(parent, '/');
        _cleanup_fd_ int dirfd = -1;

        *slash = '\0';
        dirfd = fs_open_dir(parent, err);
        if (dirfd < 0)
                return -1;
        if (mkdirat(dirfd, slash + 1, 0700) == 0)
                return 0;
        if (errno != EEXIST || fs_remove_tree_at(dirfd, slash + 1, err) < 0 || mkdirat(dirfd, slash + 1, 0700) < 0)
                return err_errno(err, "cannot make %s", folder);
        return 0;
}

int quarantine_own_store(struct quarantine *q, const char *folder, struct err *err)
{
        git_odb_backend *store = NULL;

        if (q->store)
                return 0;
        if (make_anew(folder, err) < 0)
                return -1;
        q->store_fd = fs_open_dir(folder, err);
        if (q->store_fd < 0)
                return -1;
        if (git_odb_backend_loose(&store, folder, QUARANTINE_COMPRESSION, 0, 0700, 0444) < 0 ||
            git_odb_add_alternate(q->odb, store, QUARANTINE_STORE) < 0)
                return git_fail(err, "cannot open %s", folder);
        q->store = store;
        return 0;
}

int quarantine_see(struct quarantine *q, const char *folder, struct err *err)
{
        git_odb_backend *store = NULL;

        if (access(folder, F_OK) < 0)
                return errno == ENOENT ? 0 : err_errno(err, "cannot open %s", folder);
        if (git_odb_backend_loose(&store, folder, QUARANTINE_COMPRESSION, 0, 0700, 0444) < 0 ||
            git_odb_add_alternate(q->odb, store, QUARANTINE_STORE) < 0)
                return git_fail(err, "cannot open %s", folder);
        return 0;
}

/* ---- Reading ---- */

/* So that it stays when that run has ended; what is here already is the same object. */
static int keep_file(struct quarantine *q, int from, const git_oid *id, struct err *err)
{
        char hex[GIT_HEX], fan[3], path[GIT_HEX + 2];

        oid_hex(id, hex);
        snprintf(fan, sizeof(fan), "%.2s", hex);
        snprintf(path, sizeof(path), "%.2s/%s", hex, hex + 2);
        if (mkdirat(q->store_fd, fan, 0700) < 0 && errno != EEXIST)
                return err_errno(err, "cannot keep an object");
        if (linkat(from, path, q->store_fd, path, 0) < 0 && errno != EEXIST)
                return err_errno(err, "cannot keep an object of the run ahead");
        return 0;
}

static int fetch_from_lender(struct quarantine *q, const git_oid *id, git_object_t type, uint64_t max, char **ret_data,
                             uint64_t *ret_len, struct err *err)
{
        for (size_t i = 0; i < q->lender.len; i++) {
                int got = loose_read(q->lender.fds[i], id, type, max, ret_data, ret_len, err);

                if (got != 0)
                        return got < 0 || keep_file(q, q->lender.fds[i], id, err) < 0 ? -1 : 1;
        }
        return 0;
}

int quarantine_fetch(struct quarantine *q, const git_oid *id, git_object_t type, uint64_t max, char **ret_data,
                     uint64_t *ret_len, struct err *err)
{
        int got = q->store ? loose_read(q->store_fd, id, type, max, ret_data, ret_len, err) : 0;

        if (got == 0)
                got = fetch_from_lender(q, id, type, max, ret_data, ret_len, err);
        if (got == 0 && q->kept)
                got = loose_read(q->kept_fd, id, type, max, ret_data, ret_len, err);
        return got != 0 ? got : loose_read(q->dirfd, id, type, max, ret_data, ret_len, err);
}

/* ---- Borrowing ---- */

static void lender_close(struct quarantine_lender *lender)
{
        while (lender->len)
                close(lender->fds[--lender->len]);
}

static void lender_open(struct quarantine_lender *lender, const struct strv *folders)
{
        for (size_t i = 0; i < folders->len && lender->len < sizeof(lender->fds) / sizeof(lender->fds[0]); i++) {
                int fd = open(folders->items[i], O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

                if (fd >= 0)
                        lender->fds[lender->len++] = fd;
        }
}

int quarantine_borrow(struct quarantine *q, const char *known_tree, const char *tree, const struct strv *folders,
                      struct err *err)
{
        struct oid_set own = q->fresh;
        int result;

        if (!q->store)
                return err_set(err, ERR_INTERNAL, "objects are borrowed into a store of one's own");
        lender_open(&q->lender, folders);
        q->fresh = (struct oid_set){0};
        result = quarantine_check(q, known_tree, tree, NULL, NULL, err);
        oid_set_release(&q->fresh);
        q->fresh = own;
        lender_close(&q->lender);
        return result;
}

int quarantine_check_anew(struct quarantine *q, const char *base_tree, const char *tree, struct err *err)
{
        oid_set_release(&q->fresh);
        return quarantine_check(q, base_tree, tree, NULL, NULL, err);
}

bool quarantine_has_link(struct quarantine *q, const git_oid *id)
{
        _cleanup_odb_object_ git_odb_object *object = NULL;

        return git_odb_read(&object, q->odb, id) == 0 && git_odb_object_size(object) &&
               !memchr(git_odb_object_data(object), '\0', git_odb_object_size(object));
}
