/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One changed file or symlink, from the upper directory into the quarantine: size first, then the filters that its path
 * has by the base's attributes. What is not filtered is streamed when it is large; what is filtered is held in memory, so
 * it has a tighter bound. No program is ever run: a filter that would need one is refused by its name.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/readback_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define IN_MEMORY_MAX ((uint64_t)1 << 20)
#define FILTERED_MAX ((uint64_t)256 << 20)

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

int readback_need_attributes(struct readback_walk *walk)
{
        if (walk->attributes)
                return 0;
        return attributes_open(walk->q->repo, walk->q->odb, &walk->attributes, walk->err);
}

static int allow_reading(int dirfd, const char *name, mode_t mode)
{
        mode = (mode & 0777) | (S_ISDIR(mode) ? 0700 : 0400);
        if (syscall(SYS_fchmodat2, dirfd, name, mode, AT_SYMLINK_NOFOLLOW) == 0)
                return 0;
        return fchmodat(dirfd, name, mode, AT_SYMLINK_NOFOLLOW);
}

bool readback_is_closed(mode_t mode)
{
        return S_ISDIR(mode) && (mode & 0500) != 0500;
}

int readback_open(const struct readback_walk *walk, int dirfd, const char *name, int flags, mode_t mode)
{
        const bool closed = readback_is_closed(mode);
        int fd = closed ? -1 : fs_open_beneath(dirfd, name, flags | O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);

        if (fd >= 0 || (!closed && errno != EACCES) || allow_reading(dirfd, name, mode) < 0)
                return fd;
        fd = fs_open_beneath(dirfd, name, flags | O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
        if (fd >= 0 && walk->options.untouched && !S_ISDIR(mode))
                (void)fchmod(fd, mode & 07777);
        return fd;
}

static int read_all(struct readback_walk *walk, const struct readback_content *content, struct str *ret)
{
        const int got = content->piece ? spool_read(walk->late->spool, content->piece, ret, walk->err)
                                       : fs_read_fd(content->fd, (size_t)content->size, ret, walk->err);

        return got < 0 ? err_wrap(walk->err, "cannot read a file of the result") : 0;
}

static int store_large(struct readback_walk *walk, const struct readback_content *content, git_oid *ret)
{
        if (!content->piece)
                return quarantine_write_file(walk->q, content->fd, content->size, ret, walk->err);
        return quarantine_write_part(walk->q, walk->late->spool->fd, content->piece->at, content->size, ret, walk->err);
}

static int store_raw(struct readback_walk *walk, const struct readback_content *content, git_oid *ret)
{
        _cleanup_str_ struct str bytes = {0};

        if (content->piece && content->piece->in_memory)
                return quarantine_write(walk->q, walk->late->spool->memory + content->piece->at, (size_t)content->size,
                                        GIT_OBJECT_BLOB, ret, walk->err);
        if (content->size > IN_MEMORY_MAX)
                return store_large(walk, content, ret);
        if (read_all(walk, content, &bytes) < 0)
                return -1;
        return quarantine_write(walk->q, str_text(&bytes), bytes.len, GIT_OBJECT_BLOB, ret, walk->err);
}

/* The name of an attribute's program, where the path has one that only a program could apply. NULL: none. */
static const char *foreign_filter(struct readback_walk *walk, const char *attribute)
{
        const char *value = NULL;

        if (git_attr_get(&value, walk->attributes, GIT_ATTR_CHECK_INDEX_ONLY | GIT_ATTR_CHECK_NO_SYSTEM,
                         str_text(&walk->path), attribute) < 0)
                return NULL;
        return git_attr_value(value) == GIT_ATTR_VALUE_STRING ? value : NULL;
}

/*
 * Whether git would say that this blob has line ends of DOS: it must be text, by git's count of what can be printed. libgit2 asks
 * for a CR alone, so it is only shown blobs for which both say the same.
 */
static bool has_dos_lines(const unsigned char *text, size_t len)
{
        size_t printable = 0, others = 0, pairs = 0;

        for (size_t i = 0; i < len; i++) {
                const unsigned char byte = text[i];

                if (byte == '\0' || (byte == '\r' && (i + 1 == len || text[i + 1] != '\n')))
                        return false;
                if (byte == '\r' || byte == '\n')
                        pairs += byte == '\r';
                else if (byte == 127 || (byte < 32 && !strchr("\b\t\033\014", byte)))
                        others += byte != '\032' || i + 1 < len; /* DOS ends files with it */
                else
                        printable++;
        }
        return pairs && printable / 128 >= others;
}

/* The conversion of line ends asks what the base has there: a file with CRLF in it stays as it is. */
static int show_base(struct readback_walk *walk, const struct tree_entry *tracked)
{
        _cleanup_odb_object_ git_odb_object *object = NULL;

        if (!tracked || tracked->mode == 0160000)
                return 0;
        if (git_odb_read(&object, walk->q->odb, &tracked->id) < 0)
                return git_fail(walk->err, "cannot read what the base has at \"%.200s\"", str_text(&walk->path));
        if (!has_dos_lines(git_odb_object_data(object), git_odb_object_size(object)))
                return 0;
        return attributes_add(walk->attributes, str_text(&walk->path), &tracked->id, walk->err);
}

static int store_filtered(struct readback_walk *walk, git_filter_list *filters, const struct readback_content *content,
                          git_oid *ret)
{
        _cleanup_str_ struct str bytes = {0};
        git_buf out = {0};
        int result;

        if (read_all(walk, content, &bytes) < 0)
                return -1;
        if (git_filter_list_apply_to_buffer(&out, filters, str_text(&bytes), bytes.len) < 0)
                return git_fail(walk->err, "cannot convert \"%.200s\"", str_text(&walk->path));
        result = quarantine_write(walk->q, out.ptr ? out.ptr : "", out.size, GIT_OBJECT_BLOB, ret, walk->err);
        git_buf_dispose(&out);
        return result;
}

/* A path under a program's filter (LFS) may be touched, but its bytes must be those of the base. */
static int store_unchanged_only(struct readback_walk *walk, const struct readback_content *content,
                                const struct tree_entry *tracked, const char *filter, git_oid *ret, uint32_t *mode)
{
        if (tracked && content->size <= FILTERED_MAX) {
                _cleanup_str_ struct str bytes = {0};
                git_oid seen;

                if (read_all(walk, content, &bytes) < 0)
                        return -1;
                if (git_odb_hash(&seen, str_text(&bytes), bytes.len, GIT_OBJECT_BLOB) == 0 &&
                    git_oid_cmp(&seen, &tracked->id) == 0) {
                        *ret = seen;
                        return 0;
                }
        }
        *mode = 0;
        return readback_refuse(walk, "its content goes through the filter \"%.60s\", which cupel does not run yet",
                               filter);
}

int readback_store_file(struct readback_walk *walk, const struct readback_content *content,
                        const struct tree_entry *tracked, git_oid *ret, uint32_t *mode)
{
        git_filter_list *filters = NULL;
        const char *foreign;
        int result;

        if (!walk->attributes || *mode == 0120000)
                return store_raw(walk, content, ret);
        foreign = foreign_filter(walk, "filter");
        if (!foreign)
                foreign = foreign_filter(walk, "working-tree-encoding");
        if (foreign)
                return store_unchanged_only(walk, content, tracked, foreign, ret, mode);
        if (git_filter_list_load(&filters, walk->attributes, NULL, str_text(&walk->path), GIT_FILTER_TO_ODB,
                                 GIT_FILTER_DEFAULT) < 0)
                return git_fail(walk->err, "cannot find the filters of \"%.200s\"", str_text(&walk->path));
        if (!filters)
                return store_raw(walk, content, ret);
        if (content->size > FILTERED_MAX) {
                *mode = 0;
                result = readback_refuse(walk, "it is too large for a conversion of line ends (limit 256 MiB)");
        } else {
                result = show_base(walk, tracked);
                result = result < 0 ? -1 : store_filtered(walk, filters, content, ret);
        }
        git_filter_list_free(filters);
        return result;
}

/* The mode of a regular file as `git add` would record it. */
static uint32_t mode_of_file(const struct readback_walk *walk, const struct stat *st, const struct tree_entry *tracked)
{
        if (!walk->symlinks && tracked && tracked->mode == 0120000)
                return 0120000;
        if (!walk->trust_mode)
                return tracked && (tracked->mode == 0100644 || tracked->mode == 0100755) ? tracked->mode : 0100644;
        return st->st_mode & S_IXUSR ? 0100755 : 0100644;
}

static int symlink_entry(struct readback_walk *walk, const struct readback_frame *frame, const char *name, git_oid *ret)
{
        char text[PATH_MAX];
        const ssize_t len = readlinkat(frame->fd, name, text, sizeof(text));

        if (len < 0)
                return err_errno(walk->err, "cannot read a symlink of the result");
        if (walk->late)
                return readback_late_link(walk, frame, text, (size_t)len);
        return quarantine_write(walk->q, text, (size_t)len, GIT_OBJECT_BLOB, ret, walk->err);
}

/* False: the file or the whole is too large, and that was said. */
static bool within_limits(struct readback_walk *walk, uint64_t size)
{
        if (size > walk->options.max_file_bytes)
                return readback_refuse(walk, "it is larger than the limit of %llu bytes for one file",
                                       (unsigned long long)walk->options.max_file_bytes);
        if (walk->result->bytes + size > walk->options.max_total_bytes)
                return readback_stop(walk, "the changed files are larger than the limit of %llu bytes",
                                     (unsigned long long)walk->options.max_total_bytes);
        walk->result->files++;
        walk->result->bytes += size;
        return true;
}

int readback_file(struct readback_walk *walk, const struct readback_frame *frame, const char *name,
                  const struct stat *st, const struct tree_entry *tracked, git_oid *ret, uint32_t *ret_mode)
{
        struct readback_content content = {.size = (uint64_t)st->st_size};
        _cleanup_fd_ int fd = -1;

        *ret_mode = 0;
        if (!within_limits(walk, content.size))
                return 0;
        if (S_ISLNK(st->st_mode)) {
                *ret_mode = 0120000;
                return symlink_entry(walk, frame, name, ret);
        }
        fd = readback_open(walk, frame->fd, name, 0, st->st_mode);
        if (fd < 0)
                return err_errno(walk->err, "cannot open \"%.200s\"", str_text(&walk->path));
        *ret_mode = mode_of_file(walk, st, tracked);
        content.fd = fd;
        if (walk->late)
                return readback_late_file(walk, frame, &content, tracked, *ret_mode);
        return readback_store_file(walk, &content, tracked, ret, ret_mode);
}
