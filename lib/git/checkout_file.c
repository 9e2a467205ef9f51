/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file of the user's worktree: is it what a tree says, and replacing it. Everything goes through the descriptor of
 * the folder that holds it, opened beneath the worktree, so that a symlink on the way is never followed. Content counts,
 * stat data only saves reading it. A program's filter (LFS) is never run: such a file is the same only by its stat data
 * or its raw bytes.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/checkout.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((size_t)4 << 30)

int checkout_held(struct err *err, const char *path, const char *why)
{
        _cleanup_str_ struct str quoted = {0};

        str_put_quoted(&quoted, path, strlen(path));
        return err_set(err, ERR_HELD, "%.300s %s; commit it, stash it or move it away, then approve the run",
                       str_text(&quoted), why);
}

int checkout_parent(const struct checkout *checkout, const char *path, bool make, const char **ret_name)
{
        int at = fcntl(checkout->dirfd, F_DUPFD_CLOEXEC, 3);

        for (;;) {
                const char *slash = strchr(path, '/');
                char name[NAME_MAX + 1];
                int next;

                if (at < 0 || !slash)
                        break;
                if ((size_t)(slash - path) > NAME_MAX) {
                        close(at);
                        errno = ENAMETOOLONG;
                        return -1;
                }
                memcpy(name, path, (size_t)(slash - path));
                name[slash - path] = '\0';
                if (make && mkdirat(at, name, 0777) < 0 && errno != EEXIST)
                        make = false; /* the open below says why */
                next = fs_open_beneath(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
                close(at);
                at = next;
                path = slash + 1;
        }
        *ret_name = path;
        return at;
}

static int attributes_for(struct checkout *checkout, bool old_side, const char *path, git_repository **ret,
                          struct err *err)
{
        struct tree_attributes *attributes = old_side ? &checkout->old_attributes : &checkout->new_attributes;
        const git_oid *tree = old_side ? &checkout->old_tree : &checkout->new_tree;

        if (tree_attributes_for(attributes, checkout->repo, checkout->repo->odb, tree, path, err) < 0)
                return -1;
        *ret = attributes->handle;
        return 0;
}

/* `bytes` through the built-in filters of the path; *ret_done false where there are none. */
static int apply_filters(struct checkout *checkout, bool old_side, const char *path, git_filter_mode_t direction,
                         const char *bytes, size_t len, git_buf *ret, bool *ret_done, struct err *err)
{
        git_repository *handle = NULL;
        git_filter_list *filters = NULL;
        int result = 0;

        *ret_done = false;
        if (attributes_for(checkout, old_side, path, &handle, err) < 0)
                return -1;
        if (git_filter_list_load(&filters, handle, NULL, path, direction, GIT_FILTER_DEFAULT) < 0)
                return git_fail(err, "cannot find the filters of %.200s", path);
        if (filters && git_filter_list_apply_to_buffer(ret, filters, bytes, len) < 0)
                result = git_fail(err, "cannot convert %.200s", path);
        *ret_done = filters && result == 0;
        git_filter_list_free(filters);
        return result;
}

static bool is_blob(const char *bytes, size_t len, const git_oid *id)
{
        git_oid seen;

        return git_odb_hash(&seen, bytes, len, GIT_OBJECT_BLOB) == 0 && git_oid_cmp(&seen, id) == 0;
}

static int same_content(struct checkout *checkout, int fd, const char *path, const git_oid *id, bool old_side,
                        bool *ret, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};
        git_buf clean = {0};
        bool done = false;
        int result;

        if (fs_read_fd(fd, FILE_MAX, &bytes, err) < 0)
                return -1;
        *ret = is_blob(str_text(&bytes), bytes.len, id);
        if (*ret)
                return 0;
        result = apply_filters(checkout, old_side, path, GIT_FILTER_TO_ODB, str_text(&bytes), bytes.len, &clean, &done,
                               err);
        if (done)
                *ret = is_blob(clean.ptr ? clean.ptr : "", clean.size, id);
        git_buf_dispose(&clean);
        return result;
}

/*
 * After a call that failed on the file. 0: so it is not what we left there; -1: the error says nothing of it, and who took it
 * for an answer would take the file for its user's.
 */
static int cannot_look(const char *path, struct err *err)
{
        static const int answers[] = {ENOENT, ENOTDIR, ELOOP, EXDEV, EACCES, EPERM, ENAMETOOLONG, ENXIO, ENODEV};
        const int error = errno;
        _cleanup_str_ struct str quoted = {0};

        for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
                if (error == answers[i])
                        return 0;
        str_put_quoted(&quoted, path, strlen(path));
        return err_set(err, ERR_HELD, "%.300s cannot be read (%s); approve the run when it can be", str_text(&quoted),
                       strerror(error));
}

static int same_file(struct checkout *checkout, int parent, const char *name, const char *path, uint32_t mode,
                     const git_oid *id, bool old_side, const struct stat *st, bool *ret, struct err *err)
{
        const struct index_entry *entry = index_find(&checkout->index, path);
        _cleanup_fd_ int fd = -1;

        *ret = false;
        if (checkout->trust_mode && mode != 0120000 && ((st->st_mode & S_IXUSR) != 0) != (mode == 0100755))
                return 0;
        *ret = entry && git_oid_cmp(&entry->id, id) == 0 && index_entry_fresh(&checkout->index, entry, st);
        if (*ret)
                return 0;
        fd = fs_open_beneath(parent, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
        if (fd < 0)
                return cannot_look(path, err);
        return same_content(checkout, fd, path, id, old_side, ret, err);
}

static int same_link(int parent, const char *name, const char *path, const git_oid *id, bool *ret, struct err *err)
{
        char text[PATH_MAX];
        ssize_t len = readlinkat(parent, name, text, sizeof(text));

        if (len < 0)
                return cannot_look(path, err);
        *ret = is_blob(text, (size_t)len, id);
        return 0;
}

int checkout_state(struct checkout *checkout, const char *path, uint32_t mode, const char *id_hex, bool old_side,
                   enum checkout_state *ret, struct stat *ret_stat, struct err *err)
{
        const char *name;
        _cleanup_fd_ int parent = checkout_parent(checkout, path, false, &name);
        bool same = false;
        git_oid id;

        *ret = CHECKOUT_MISSING;
        if (parent < 0 && errno != ENOENT && errno != ENOTDIR)
                *ret = CHECKOUT_OTHER; /* behind a symlink, or a mount */
        if (parent < 0 || fstatat(parent, name, ret_stat, AT_SYMLINK_NOFOLLOW) < 0)
                return cannot_look(path, err);
        *ret = CHECKOUT_OTHER;
        if (oid_parse(id_hex, &id, err) < 0)
                return -1;
        if (mode == 0160000)
                same = S_ISDIR(ret_stat->st_mode);
        else if ((S_ISLNK(ret_stat->st_mode) && mode == 0120000 &&
                  same_link(parent, name, path, &id, &same, err) < 0) ||
                 (S_ISREG(ret_stat->st_mode) && (mode != 0120000 || !checkout->symlinks) &&
                  same_file(checkout, parent, name, path, mode, &id, old_side, ret_stat, &same, err) < 0))
                return -1;
        if (same)
                *ret = CHECKOUT_SAME;
        return 0;
}

static int write_bytes(int parent, const char *name, const char *bytes, size_t len, mode_t mode)
{
        _cleanup_fd_ int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

        return fd < 0 ? -1 : fs_write_all(fd, bytes, len);
}

static int write_temporary(struct checkout *checkout, const struct change *change, int parent, struct err *err)
{
        _cleanup_odb_object_ git_odb_object *object = NULL;
        mode_t mode = change->new_mode == 0100755 ? 0777 : 0666;
        git_buf smudged = {0};
        bool done = false;
        git_oid id;
        int result;

        if (oid_parse(change->new_id, &id, err) < 0)
                return -1;
        if (git_odb_read(&object, checkout->repo->odb, &id) < 0)
                return git_fail(err, "cannot read %s", change->new_id);
        if (change->new_mode == 0120000 && checkout->symlinks) {
                _cleanup_free_ char *text = xmemdup(git_odb_object_data(object), git_odb_object_size(object));

                return symlinkat(text, parent, checkout->temporary) < 0 ? err_errno(err, "cannot write a symlink") : 0;
        }
        if (change->new_mode != 0120000 &&
            apply_filters(checkout, false, change->path, GIT_FILTER_TO_WORKTREE, git_odb_object_data(object),
                          git_odb_object_size(object), &smudged, &done, err) < 0)
                return -1;
        result = done ? write_bytes(parent, checkout->temporary, smudged.ptr ? smudged.ptr : "", smudged.size, mode)
                      : write_bytes(parent, checkout->temporary, git_odb_object_data(object),
                                    git_odb_object_size(object), mode);
        if (result < 0)
                err_errno(err, "cannot write %.200s", change->path);
        git_buf_dispose(&smudged);
        return result;
}

int checkout_write(struct checkout *checkout, const struct change *change, struct stat *ret_stat, struct err *err)
{
        const char *name;
        _cleanup_fd_ int parent = checkout_parent(checkout, change->path, true, &name);

        if (parent < 0)
                return err_errno(err, "cannot make the folder of %.200s", change->path);
        unlinkat(parent, checkout->temporary, 0); /* left by a crash of this very run */
        if (write_temporary(checkout, change, parent, err) < 0) {
                unlinkat(parent, checkout->temporary, 0);
                return -1;
        }
        unlinkat(parent, name,
                 AT_REMOVEDIR); /* an empty folder in the way; anything else stays and is replaced or not */
        if (renameat(parent, checkout->temporary, parent, name) < 0 ||
            fstatat(parent, name, ret_stat, AT_SYMLINK_NOFOLLOW) < 0) {
                err_errno(err, "cannot write %.200s", change->path);
                unlinkat(parent, checkout->temporary, 0);
                return -1;
        }
        return 0;
}
