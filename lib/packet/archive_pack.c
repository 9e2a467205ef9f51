/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing an archive: the list of files first, sorted; then each as it is at that moment, exactly as many bytes as its header
 * said. What grows meanwhile is cut, what shrinks is an error.
 */
#include "lib/packet/archive.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/str.h"
#include "lib/packet/folder.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MOST 50000
#define DEPTH_MOST 40
#define SHOWN_MOST 300 /* bytes of a path in a message */

struct packing {
        struct archive *archive;
        const char *run;
        int packet;
        struct strv files; /* below the run's folder */
};

static void packing_release(struct packing *packing)
{
        strv_release(&packing->files);
        archive_write_free(packing->archive);
}

static int fail(const struct packing *packing, const char *what, struct err *err)
{
        const char *text = archive_error_string(packing->archive);

        return err_set(err, ERR_SYSTEM, "%s: %s", what, text ? text : "libarchive does not say why");
}

/* ---- The list ---- */

static int refuse(const char *path, const char *why, struct err *err)
{
        _cleanup_str_ struct str quoted = {0}, shown = {0};

        str_put_quoted(&quoted, path, strlen(path));
        str_put_ends(&shown, str_text(&quoted), SHOWN_MOST);
        return err_set(err, ERR_INPUT, "%s of the packet cannot be in an archive: %s", str_text(&shown), why);
}

/* logs/ was writable for the caged side: what is no plain file there is nobody's evidence. */
static int take_file(struct packing *packing, const char *path, struct err *err)
{
        _cleanup_free_ char *full = xasprintf("%s/%s", packing->run, path);
        const char *why = archive_name_refused(full);

        if (!why && packing->files.len >= FILES_MOST)
                return err_set(err, ERR_INPUT, "the packet has more than %d files", FILES_MOST);
        if (!why)
                strv_add(&packing->files, path);
        if (!why || strncmp(path, "logs/", 5) == 0)
                return 0;
        return refuse(path, why, err);
}

static int take_folder(struct packing *packing, const char *path, int depth, struct err *err);

static int take_entry(struct packing *packing, int folder, const char *path, const char *name, int depth,
                      struct err *err)
{
        _cleanup_free_ char *child = xasprintf("%s/%s", path, name);
        struct stat st;

        if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return err_errno(err, "look at %s of the packet", child);
        if (S_ISDIR(st.st_mode))
                return take_folder(packing, child, depth + 1, err);
        if (S_ISREG(st.st_mode))
                return take_file(packing, child, err);
        return strncmp(child, "logs/", 5) == 0
                       ? 0
                       : err_set(err, ERR_INPUT, "%s of the packet is neither file nor folder", child);
}

static int take_folder(struct packing *packing, const char *path, int depth, struct err *err)
{
        _cleanup_dir_ DIR *folder = NULL;
        const struct dirent *entry;

        if (depth > DEPTH_MOST)
                return refuse(path, "more than 40 folders deep", err);
        folder = fs_list(fs_open_beneath(packing->packet, path, O_RDONLY | O_DIRECTORY, 0));
        if (!folder)
                return depth == 0 && errno == ENOENT ? 0 : err_errno(err, "list %s of the packet", path);
        while ((entry = fs_list_next(folder)))
                if (take_entry(packing, dirfd(folder), path, entry->d_name, depth, err) < 0)
                        return -1;
        return errno ? err_errno(err, "list %s of the packet", path) : 0;
}

/* Lists that were appended to after the end: operator.jsonl and others. */
static int take_lists(struct packing *packing, struct err *err)
{
        _cleanup_dir_ DIR *folder = fs_list(fs_open_beneath(packing->packet, ".", O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;

        if (!folder)
                return err_errno(err, "list the packet");
        while ((entry = fs_list_next(folder))) {
                _cleanup_free_ char *full = xasprintf("%s/%s", packing->run, entry->d_name);
                const char *dot = strrchr(entry->d_name, '.');
                struct stat st;

                if (dot && strcmp(dot, ".jsonl") == 0 && !archive_name_refused(full) &&
                    fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
                    take_file(packing, entry->d_name, err) < 0)
                        return -1;
        }
        return errno ? err_errno(err, "list the packet") : 0;
}

static int list_parts(struct packing *packing, struct err *err)
{
        enum archive_kind kind;
        const char *name;
        struct stat st;

        for (size_t i = 0; (name = archive_part_at(i, &kind)); i++) {
                const bool file = kind == ARCHIVE_FILE;

                if (file && fstatat(packing->packet, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if ((file ? take_file(packing, name, err) : take_folder(packing, name, 0, err)) < 0)
                        return -1;
        }
        if (take_lists(packing, err) < 0)
                return -1;
        strv_sort_unique(&packing->files);
        return 0;
}

/* ---- The bytes ---- */

static int put_header(struct packing *packing, const char *path, int64_t size, struct err *err)
{
        _cleanup_free_ char *name = xasprintf("%s/%s", packing->run, path);
        struct archive_entry *entry = archive_entry_new();
        int got;

        archive_entry_set_pathname(entry, name);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, size);
        archive_entry_set_mtime(entry, 0, 0);
        got = archive_write_header(packing->archive, entry);
        archive_entry_free(entry);
        return got == ARCHIVE_OK ? 0 : fail(packing, path, err);
}

static int put_file(struct packing *packing, const char *path, int fd, struct err *err)
{
        char buffer[65536];
        struct stat st;
        off_t left;

        if (fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return err_errno(err, "read %s of the packet", path);
        left = st.st_size;
        if (put_header(packing, path, left, err) < 0)
                return -1;
        while (left > 0) {
                const size_t want = left < (off_t)sizeof(buffer) ? (size_t)left : sizeof(buffer);
                const ssize_t got = read(fd, buffer, want);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return err_set(err, ERR_SYSTEM, "%s of the packet became shorter while it was read", path);
                if (archive_write_data(packing->archive, buffer, (size_t)got) != got)
                        return fail(packing, path, err);
                left -= got;
        }
        return 0;
}

static int put_extra(struct packing *packing, const struct archive_extra *extra, struct err *err)
{
        _cleanup_free_ char *name = xasprintf("%s/%s", packing->run, extra->path);

        if (archive_name_refused(name))
                return err_set(err, ERR_INTERNAL, "%s is no part of a packet", extra->path);
        return put_file(packing, extra->path, extra->fd, err);
}

static const struct archive_extra *extra_for(const char *path, const struct archive_extra *extras, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if (strcmp(extras[i].path, path) == 0)
                        return &extras[i];
        return NULL;
}

static int put_all(struct packing *packing, const struct archive_extra *extras, size_t extras_len, struct err *err)
{
        for (size_t i = 0; i < packing->files.len; i++) {
                const char *path = packing->files.items[i];
                const struct archive_extra *extra = extra_for(path, extras, extras_len);
                _cleanup_fd_ int fd = extra ? -1 : packet_file(packing->packet, path, err);

                if (extra ? put_extra(packing, extra, err) < 0 : fd < 0 || put_file(packing, path, fd, err) < 0)
                        return -1;
        }
        return 0;
}

static bool all_ascii(const struct strv *names)
{
        for (size_t i = 0; i < names->len; i++)
                for (const char *at = names->items[i]; *at; at++)
                        if ((unsigned char)*at >= 0x80)
                                return false;
        return true;
}

/*
 * Names go as they are, whatever the locale. What says so is a header before every entry, of which GNU tar complains each time: it
 * is there only where some name needs it.
 */
static bool keep_names(struct packing *packing)
{
        return all_ascii(&packing->files) ||
               archive_write_set_format_option(packing->archive, NULL, "hdrcharset", "BINARY") == ARCHIVE_OK;
}

static int open_archive(struct packing *packing, int out_fd, struct err *err)
{
        packing->archive = archive_write_new();
        if (!packing->archive)
                return err_set(err, ERR_SYSTEM, "libarchive has no memory");
        /* an archive ends where its last block does */
        if (archive_write_add_filter_zstd(packing->archive) != ARCHIVE_OK ||
            archive_write_set_format_pax_restricted(packing->archive) != ARCHIVE_OK || !keep_names(packing) ||
            archive_write_set_bytes_in_last_block(packing->archive, 1) != ARCHIVE_OK ||
            archive_write_open_fd(packing->archive, out_fd) != ARCHIVE_OK)
                return fail(packing, "begin the archive", err);
        return 0;
}

int archive_pack(int packet, const char *run, const struct archive_extra *extras, size_t extras_len, int out_fd,
                 struct err *err)
{
        __attribute__((cleanup(packing_release))) struct packing packing = {.packet = packet, .run = run};

        if (!archive_run_ok(run))
                return err_set(err, ERR_INPUT, "\"%.64s\" is no run's id", run);
        if (list_parts(&packing, err) < 0)
                return -1;
        for (size_t i = 0; i < extras_len; i++)
                strv_add(&packing.files, extras[i].path);
        strv_sort_unique(&packing.files);
        if (open_archive(&packing, out_fd, err) < 0 || put_all(&packing, extras, extras_len, err) < 0)
                return -1;
        return archive_write_close(packing.archive) == ARCHIVE_OK ? 0 : fail(&packing, "end the archive", err);
}
