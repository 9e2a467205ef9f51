/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/snapshot.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNAPSHOT_FILE_MAX ((size_t)64 << 20)

/* Lists one folder: files go to `files`, folders to `folders`, both as paths from the top. */
static int list_folder(int top, const char *folder, struct strv *files, struct strv *folders, struct err *err)
{
        _cleanup_dir_ DIR *dir = fs_list(fs_open_beneath(top, folder[0] ? folder : ".", O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;
        int status = 0;

        if (!dir && errno == ENAMETOOLONG)
                return err_set(err, ERR_INPUT, "it has folders deeper than any path can be (%.100s…)", folder);
        if (!dir)
                return err_errno(err, "open snapshot folder %s", folder);
        while (status == 0 && (entry = fs_list_next(dir))) {
                struct stat st;

                if (files->len + folders->len >= SNAPSHOT_ENTRIES_MAX)
                        status = err_set(err, ERR_INPUT, "snapshot: more than %zu files and folders",
                                         SNAPSHOT_ENTRIES_MAX);
                else if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        status = err_errno(err, "look at %s", entry->d_name);
                else if (S_ISREG(st.st_mode))
                        strv_add_printf(files, "%s%s%s", folder, folder[0] ? "/" : "", entry->d_name);
                else if (S_ISDIR(st.st_mode))
                        strv_add_printf(folders, "%s%s%s", folder, folder[0] ? "/" : "", entry->d_name);
                else
                        status = err_set(err, ERR_INPUT, "snapshot: %s is neither a file nor a folder", entry->d_name);
        }
        if (status == 0 && errno)
                status = err_errno(err, "list snapshot folder %s", folder);
        return status;
}

int snapshot_read(int snapshot_dirfd, const char *path, struct str *ret, struct err *err)
{
        _cleanup_fd_ int fd = fs_open_beneath(snapshot_dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return err_errno(err, "open snapshot file %s", path);
        if (!S_ISREG(st.st_mode))
                return err_set(err, ERR_INPUT, "snapshot: %s is no regular file", path);
        return fs_read_fd(fd, SNAPSHOT_FILE_MAX, ret, err) < 0 ? err_wrap(err, "snapshot file %s", path) : 0;
}

int snapshot_list(int snapshot_dirfd, struct strv *ret, struct err *err)
{
        _cleanup_strv_ struct strv folders = {0};

        strv_add(&folders, "");
        for (size_t i = 0; i < folders.len; i++)
                if (list_folder(snapshot_dirfd, folders.items[i], ret, &folders, err) < 0)
                        return -1;
        strv_sort_unique(ret);
        return 0;
}

int snapshot_digest(int snapshot_dirfd, char ret_hex[HASH_HEX], struct err *err)
{
        _cleanup_strv_ struct strv files = {0};
        struct hash hash;
        size_t total = 0;

        if (snapshot_list(snapshot_dirfd, &files, err) < 0)
                return -1;
        hash_init(&hash);
        for (size_t i = 0; i < files.len; i++) {
                _cleanup_str_ struct str bytes = {0};

                if (snapshot_read(snapshot_dirfd, files.items[i], &bytes, err) < 0)
                        return -1;
                if ((total += bytes.len) > SNAPSHOT_BYTES_MAX)
                        return err_set(err, ERR_INPUT, "snapshot: more than %zu bytes", SNAPSHOT_BYTES_MAX);
                hash_field(&hash, files.items[i], strlen(files.items[i]));
                hash_field(&hash, bytes.data, bytes.len);
        }
        hash_final(&hash, ret_hex);
        return 0;
}
