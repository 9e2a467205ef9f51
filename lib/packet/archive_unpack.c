/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading an archive of anybody's: entry by entry, judged before a byte of it is written. What lies below `folder` afterwards
 * was made here, file by file, with O_EXCL and beneath it: nothing that the archive says can lead elsewhere.
 */
#include "lib/packet/archive.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define MIB ((uint64_t)1 << 20)

struct unpacking {
        struct archive *archive;
        struct archive_limits limits;
        int folder;
        char *run;         /* the one top folder; NULL before the first entry */
        struct strv paths; /* all of them, to find those that differ in case only */
        uint64_t entries, total;
};

static void unpacking_release(struct unpacking *unpacking)
{
        free(unpacking->run);
        strv_release(&unpacking->paths);
        archive_read_free(unpacking->archive);
}

static uint64_t either(uint64_t value, uint64_t otherwise)
{
        return value ? value : otherwise;
}

static void take_limits(struct unpacking *unpacking, const struct archive_limits *limits)
{
        static const struct archive_limits none = {0};
        const struct archive_limits *given = limits ? limits : &none;

        unpacking->limits = (struct archive_limits){
                .max_entries = either(given->max_entries, 50000),
                .max_file = either(given->max_file, 2048 * MIB),
                .max_total = either(given->max_total, 4096 * MIB),
                .max_ratio = either(given->max_ratio, 200),
                .ratio_from = either(given->ratio_from, 256 * MIB),
        };
}

static int refuse(const char *path, const char *why, struct err *err)
{
        _cleanup_str_ struct str shown = {0};

        str_put_quoted(&shown, path, strlen(path));
        return err_set(err, ERR_INPUT, "the archive is refused: %.200s: %s", str_text(&shown), why);
}

static int unreadable(struct unpacking *unpacking, struct err *err)
{
        const char *text = archive_error_string(unpacking->archive);
        _cleanup_str_ struct str shown = {0};

        if (text)
                str_put_harmless(&shown, text, strlen(text));
        return err_set(err, ERR_INPUT, "the archive cannot be read as .tar.zst%s%.200s", text ? ": " : "",
                       str_text(&shown));
}

/* ---- Judging an entry ---- */

static const char *kind_refused(struct archive_entry *entry)
{
        const unsigned type = archive_entry_filetype(entry);

        if (archive_entry_hardlink(entry) || archive_entry_hardlink_w(entry))
                return "a hard link";
        if (archive_entry_symlink(entry) || type == AE_IFLNK)
                return "a symbolic link";
        if (type != AE_IFREG && type != AE_IFDIR)
                return "neither file nor folder";
        if (archive_entry_sparse_count(entry) > 0)
                return "a sparse file";
        return NULL;
}

static const char *size_refused(const struct unpacking *unpacking, struct archive_entry *entry)
{
        const int64_t size = archive_entry_size(entry);

        if (!archive_entry_size_is_set(entry) || size < 0)
                return "a file without a size";
        if ((uint64_t)size > unpacking->limits.max_file)
                return "a file that is too large";
        if ((uint64_t)size > unpacking->limits.max_total - unpacking->total)
                return "with it the archive would be too large";
        return NULL;
}

/* All entries are in one folder, the first one's. */
static const char *run_refused(struct unpacking *unpacking, const char *path)
{
        const size_t len = strcspn(path, "/");

        if (!unpacking->run)
                unpacking->run = xasprintf("%.*s", (int)len, path);
        return strlen(unpacking->run) == len && strncmp(unpacking->run, path, len) == 0
                       ? NULL
                       : "in the folder of another run";
}

/* The name of a folder may end in a slash. */
static char *path_of(struct archive_entry *entry)
{
        const char *name = archive_entry_pathname(entry);
        char *path = name ? xstrdup(name) : NULL;
        const size_t len = path ? strlen(path) : 0;

        if (len > 1 && archive_entry_filetype(entry) == AE_IFDIR && path[len - 1] == '/')
                path[len - 1] = '\0';
        return path;
}

static int judge(struct unpacking *unpacking, struct archive_entry *entry, const char *path, struct err *err)
{
        const char *why = archive_name_refused(path);

        if (!why)
                why = kind_refused(entry);
        if (!why)
                why = run_refused(unpacking, path);
        if (!why && archive_entry_filetype(entry) == AE_IFREG)
                why = size_refused(unpacking, entry);
        if (!why && ++unpacking->entries > unpacking->limits.max_entries)
                why = "with it the archive has too many entries";
        return why ? refuse(path, why, err) : 0;
}

/* ---- Making it ---- */

/* The folder `path` below ours, each part made where it is missing; its descriptor. */
static int make_folder(struct unpacking *unpacking, const char *path, struct err *err)
{
        _cleanup_fd_ int fd = fs_open_beneath(unpacking->folder, ".", O_RDONLY | O_DIRECTORY, 0);
        size_t len;

        if (fd < 0)
                return err_errno(err, "open the folder to unpack in");
        for (const char *name = path; name; name = name[len] ? name + len + 1 : NULL) {
                _cleanup_free_ char *part = NULL;
                int next;

                len = strcspn(name, "/");
                part = xasprintf("%.*s", (int)len, name);
                if (mkdirat(fd, part, 0700) < 0 && errno != EEXIST)
                        return err_errno(err, "make %s", path);
                next = fs_open_beneath(fd, part, O_RDONLY | O_DIRECTORY, 0);
                if (next < 0)
                        return errno == ENOTDIR ? refuse(path, "file and folder at once", err)
                                                : err_errno(err, "open %s", path);
                cleanup_fd(&fd);
                fd = next;
        }
        return steal_fd(&fd);
}

static int count(struct unpacking *unpacking, const char *path, size_t len, struct err *err)
{
        const int64_t read = archive_filter_bytes(unpacking->archive, -1);

        unpacking->total += len;
        if (unpacking->total > unpacking->limits.max_total)
                return refuse(path, "with it the archive would be too large", err);
        if (unpacking->total > unpacking->limits.ratio_from && read > 0 &&
            unpacking->total / (uint64_t)read >= unpacking->limits.max_ratio)
                return refuse(path, "the archive unpacks to far more than any packet does", err);
        return 0;
}

static int copy(struct unpacking *unpacking, const char *path, int fd, struct err *err)
{
        char buffer[65536];
        ssize_t got;

        while ((got = archive_read_data(unpacking->archive, buffer, sizeof(buffer))) > 0) {
                if (count(unpacking, path, (size_t)got, err) < 0)
                        return -1;
                if (fs_write_all(fd, buffer, (size_t)got) < 0)
                        return err_errno(err, "unpack %s", path);
        }
        return got < 0 ? unreadable(unpacking, err) : 0;
}

static int make_file(struct unpacking *unpacking, const char *path, struct err *err)
{
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *parent = xasprintf("%.*s", slash ? (int)(slash - path) : 0, path);
        _cleanup_fd_ int folder = -1, fd = -1;

        if (!slash)
                return refuse(path, "a file where the run's folder is", err);
        folder = make_folder(unpacking, parent, err);
        if (folder < 0)
                return -1;
        fd = openat(folder, slash + 1, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return errno == EEXIST ? refuse(path, "it is there twice", err) : err_errno(err, "unpack %s", path);
        return copy(unpacking, path, fd, err);
}

static int take(struct unpacking *unpacking, struct archive_entry *entry, struct err *err)
{
        _cleanup_free_ char *path = path_of(entry);
        int folder;

        if (!path)
                return err_set(err, ERR_INPUT, "the archive is refused: an entry whose name is no text");
        if (judge(unpacking, entry, path, err) < 0)
                return -1;
        strv_add(&unpacking->paths, path);
        if (archive_entry_filetype(entry) == AE_IFREG)
                return make_file(unpacking, path, err);
        folder = make_folder(unpacking, path, err);
        if (folder < 0)
                return -1;
        close(folder);
        return 0;
}

/* ---- All of it ---- */

static int compare_folded(const void *a, const void *b)
{
        return strcasecmp(*(char *const *)a, *(char *const *)b);
}

/* What others named may differ in case only; a packet's own files never do. */
static int check_case(struct unpacking *unpacking, struct err *err)
{
        struct strv *paths = &unpacking->paths;

        if (paths->len)
                qsort(paths->items, paths->len, sizeof(*paths->items), compare_folded);
        for (size_t i = 1; i < paths->len; i++)
                if (strcasecmp(paths->items[i - 1], paths->items[i]) == 0 && !strstr(paths->items[i], "/bundle/") &&
                    !strstr(paths->items[i], "/checkpoints/") && !strstr(paths->items[i], "/outputs/"))
                        return refuse(paths->items[i], "it differs from another name in case only", err);
        return 0;
}

static int open_archive(struct unpacking *unpacking, int in_fd, struct err *err)
{
        unpacking->archive = archive_read_new();
        if (!unpacking->archive)
                return err_set(err, ERR_SYSTEM, "libarchive has no memory");
        if (archive_read_support_filter_zstd(unpacking->archive) != ARCHIVE_OK ||
            archive_read_support_format_tar(unpacking->archive) != ARCHIVE_OK ||
            archive_read_open_fd(unpacking->archive, in_fd, 65536) != ARCHIVE_OK)
                return unreadable(unpacking, err);
        return 0;
}

static int take_all(struct unpacking *unpacking, struct err *err)
{
        struct archive_entry *entry;
        int got;

        while ((got = archive_read_next_header(unpacking->archive, &entry)) == ARCHIVE_OK)
                if (take(unpacking, entry, err) < 0)
                        return -1;
        if (got != ARCHIVE_EOF)
                return unreadable(unpacking, err);
        if (!unpacking->run)
                return err_set(err, ERR_INPUT, "the archive is refused: there is nothing in it");
        return check_case(unpacking, err);
}

int archive_unpack(int in_fd, int folder, const struct archive_limits *limits, char **ret_name, struct err *err)
{
        __attribute__((cleanup(unpacking_release))) struct unpacking unpacking = {.folder = folder};

        take_limits(&unpacking, limits);
        if (open_archive(&unpacking, in_fd, err) < 0 || take_all(&unpacking, err) < 0)
                return -1;
        *ret_name = steal_ptr(&unpacking.run);
        return 0;
}
