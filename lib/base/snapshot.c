/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/snapshot.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SNAPSHOT_FILE_MAX ((size_t)64 << 20)

/* Lists one folder: files go to `files`, folders to `folders`, both as paths from the top. */
static int list_folder(int top, const char *folder, struct strv *files, struct strv *folders, struct err *err)
{
        int fd = fs_open_beneath(top, folder[0] ? folder : ".", O_RDONLY | O_DIRECTORY, 0);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;
        int status = 0;

        if (!dir)
                return err_errno(err, "open snapshot folder %s", folder);
        while (status == 0 && (entry = readdir(dir))) {
                struct stat st;

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        status = err_errno(err, "look at %s", entry->d_name);
                else if (S_ISREG(st.st_mode))
                        strv_add_printf(files, "%s%s%s", folder, folder[0] ? "/" : "", entry->d_name);
                else if (S_ISDIR(st.st_mode))
                        strv_add_printf(folders, "%s%s%s", folder, folder[0] ? "/" : "", entry->d_name);
                else
                        status = err_set(err, ERR_INPUT, "snapshot: %s is neither a file nor a folder", entry->d_name);
        }
        closedir(dir);
        return status;
}

static int hash_file(int top, const char *path, struct hash *hash, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};
        _cleanup_fd_ int fd = fs_open_beneath(top, path, O_RDONLY, 0);

        if (fd < 0)
                return err_errno(err, "open snapshot file %s", path);
        if (fs_read_fd(fd, SNAPSHOT_FILE_MAX, &bytes, err) < 0)
                return err_wrap(err, "snapshot file %s", path);
        hash_field(hash, path, strlen(path));
        hash_field(hash, bytes.data, bytes.len);
        return 0;
}

int snapshot_digest(int snapshot_dirfd, char ret_hex[HASH_HEX], struct err *err)
{
        _cleanup_strv_ struct strv files = {0}, folders = {0};
        struct hash hash;

        strv_add(&folders, "");
        for (size_t i = 0; i < folders.len; i++)
                if (list_folder(snapshot_dirfd, folders.items[i], &files, &folders, err) < 0)
                        return -1;
        strv_sort_unique(&files);
        hash_init(&hash);
        for (size_t i = 0; i < files.len; i++)
                if (hash_file(snapshot_dirfd, files.items[i], &hash, err) < 0)
                        return -1;
        hash_final(&hash, ret_hex);
        return 0;
}
