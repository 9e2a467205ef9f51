/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of --bundle, which a run takes along beside item and policy: regular files only, never through a symlink. A bundle
 * over its bounds is an error.
 */
#include "cli/launch_internal.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define BUNDLE_FILES_MAX 10000
#define BUNDLE_BYTES_MAX ((size_t)64 << 20)

struct bundle {
        struct launch *launch;
        const char *root;
        int fd;
        size_t files, bytes;
        struct strv folders; /* still to be read, relative, "" first */
};

static int add_file(struct bundle *bundle, const char *path, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};
        _cleanup_free_ char *name = xasprintf("bundle/%s", path);
        _cleanup_free_ char *origin = xasprintf("--bundle %s", bundle->root);
        _cleanup_fd_ int fd = fs_open_beneath(bundle->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

        if (fd < 0)
                return err_errno(err, "--bundle %s: open %s", bundle->root, path);
        if (++bundle->files > BUNDLE_FILES_MAX)
                return err_set(err, ERR_INPUT, "--bundle %s: more than %d files", bundle->root, BUNDLE_FILES_MAX);
        if (fs_read_fd(fd, BUNDLE_BYTES_MAX - bundle->bytes, &bytes, err) < 0)
                return err_wrap(err, "--bundle %s: %s", bundle->root, path);
        bundle->bytes += bytes.len;
        launch_add_file(bundle->launch, name, origin, bytes.data, bytes.len);
        return 0;
}

static int add_entry(struct bundle *bundle, int folder, const char *within, const char *name, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s%s%s", within, within[0] ? "/" : "", name);
        struct stat st;

        if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return err_errno(err, "--bundle %s: look at %s", bundle->root, path);
        if (S_ISDIR(st.st_mode)) {
                strv_add(&bundle->folders, path);
                return 0;
        }
        if (!S_ISREG(st.st_mode))
                return err_set(err, ERR_INPUT,
                               "--bundle %s: %s is neither a file nor a folder; a bundle holds only those",
                               bundle->root, path);
        return add_file(bundle, path, err);
}

static int add_folder(struct bundle *bundle, const char *within, struct err *err)
{
        int fd = fs_open_beneath(bundle->fd, within[0] ? within : ".", O_RDONLY | O_DIRECTORY, 0);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;
        int status = 0;

        if (!dir)
                return err_errno(err, "--bundle %s: open %s", bundle->root, within);
        while (status == 0 && (entry = readdir(dir)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        status = add_entry(bundle, fd, within, entry->d_name, err);
        closedir(dir);
        return status;
}

int launch_add_bundle(struct launch *launch, const char *folder, struct err *err)
{
        struct bundle bundle = {.launch = launch, .root = folder, .fd = fs_open_dir(folder, err)};
        int status = bundle.fd < 0 ? -1 : 0;

        if (status < 0) {
                err->code = ERR_INPUT;
                return err_wrap(err, "--bundle");
        }
        strv_add(&bundle.folders, "");
        for (size_t i = 0; status == 0 && i < bundle.folders.len; i++) {
                _cleanup_free_ char *within = xstrdup(bundle.folders.items[i]);

                status = add_folder(&bundle, within, err);
        }
        strv_release(&bundle.folders);
        close(bundle.fd);
        return status;
}
