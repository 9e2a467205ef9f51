/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of --bundle, which a run takes along beside item and policy: copied byte for byte, once; the folder is never looked
 * at again. Regular files only, never through a symlink. What was copied is listed in the snapshot, as bundle.json, sorted by the
 * bytes of the paths, and the digest of that list is part of the plan. A bundle over its bounds is an error.
 */
#include "cli/launch_internal.h"
#include "lib/base/bundle_list.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/identity.h"
#include "lib/base/json.h"
#include "policy/bundle_state.h"

#include <errno.h>
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
        struct json_t *list; /* lib/base/bundle_list.h */
};

static int read_file(struct bundle *bundle, const char *path, struct str *ret, mode_t *ret_mode, struct err *err)
{
        const size_t left = BUNDLE_BYTES_MAX - bundle->bytes;
        _cleanup_fd_ int fd = fs_open_beneath(bundle->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return err_errno(err, "--bundle %s: open %s", bundle->root, path);
        if (!S_ISREG(st.st_mode))
                return err_set(err, ERR_INPUT, "--bundle %s: %s is no regular file any more", bundle->root, path);
        if (st.st_size > (off_t)left)
                return err_set(err, ERR_INPUT, "--bundle %s: more than %zu MiB with %s; expected at most that",
                               bundle->root, BUNDLE_BYTES_MAX >> 20, path);
        *ret_mode = st.st_mode;
        return fs_read_fd(fd, left, ret, err) < 0 ? err_wrap(err, "--bundle %s: %s", bundle->root, path) : 0;
}

static int add_file(struct bundle *bundle, const char *path, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};
        _cleanup_free_ char *name = xasprintf("bundle/%s", path);
        _cleanup_free_ char *origin = xasprintf("--bundle %s", bundle->root);
        mode_t mode = 0;

        if (++bundle->files > BUNDLE_FILES_MAX)
                return err_set(err, ERR_INPUT, "--bundle %s: more than %d files", bundle->root, BUNDLE_FILES_MAX);
        if (read_file(bundle, path, &bytes, &mode, err) < 0)
                return -1;
        bundle->bytes += bytes.len;
        bundle_list_add(bundle->list, path, &bytes, mode);
        launch_add_file(bundle->launch, name, origin, str_text(&bytes), bytes.len);
        return 0;
}

/* The list of sums of a packet is one of lines, as sha256sum(1) reads them. */
static bool fits_in_a_line(const char *name)
{
        for (; *name; name++)
                if ((unsigned char)*name < 0x20 || *name == 0x7f || *name == '\\')
                        return false;
        return true;
}

static int add_entry(struct bundle *bundle, int folder, const char *within, const char *name, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s%s%s", within, within[0] ? "/" : "", name);
        struct stat st;

        if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return err_errno(err, "--bundle %s: look at %s", bundle->root, path);
        if (!fits_in_a_line(name)) {
                _cleanup_str_ struct str quoted = {0};

                str_put_quoted(&quoted, path, strlen(path));
                return err_set(err, ERR_INPUT,
                               "--bundle %s: %s has a control character or a backslash in its name; rename it",
                               bundle->root, str_text(&quoted));
        }
        if (S_ISDIR(st.st_mode)) {
                strv_add(&bundle->folders, path);
                return 0;
        }
        if (!S_ISREG(st.st_mode))
                return err_set(err, ERR_INPUT, "--bundle %s: %s is %s; a bundle holds only files and folders",
                               bundle->root, path, S_ISLNK(st.st_mode) ? "a symlink" : "no file");
        return add_file(bundle, path, err);
}

static int add_folder(struct bundle *bundle, const char *within, struct err *err)
{
        _cleanup_dir_ DIR *dir =
                fs_list(fs_open_beneath(bundle->fd, within[0] ? within : ".", O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;

        if (!dir)
                return err_errno(err, "--bundle %s: open %s", bundle->root, within);
        while ((entry = fs_list_next(dir)))
                if (add_entry(bundle, dirfd(dir), within, entry->d_name, err) < 0)
                        return -1;
        return errno ? err_errno(err, "--bundle %s: list %s", bundle->root, within) : 0;
}

static void put_list(struct launch *launch, const struct bundle *bundle)
{
        _cleanup_free_ char *text = json_canonical(bundle->list);
        char digest[HASH_HEX];

        hash_bytes(text, strlen(text), digest);
        launch->plan.bundle.files = (int64_t)bundle->files;
        launch->plan.bundle.bytes = (int64_t)bundle->bytes;
        launch->plan.bundle.sha256 = xstrdup(digest);
        launch_add_file(launch, BUNDLE_LIST_FILE, IDENTITY_COMPILED, text, strlen(text));
}

int launch_see_state(struct launch *launch, struct err *err)
{
        for (size_t i = 0; i < launch->files.len; i++) {
                const struct launch_file *file = &launch->files.items[i];

                if (strcmp(file->name, "bundle/" BUNDLE_STATE_FILE) == 0)
                        return bundle_state_read(file->bytes, file->len, file->name, &launch->plan, err);
        }
        return 0;
}

/* What is in a bundle is shown to the agent, and stays in the packet. */
static int expect_no_secrets(const struct context *context, const char *folder, struct err *err)
{
        __attribute__((cleanup(launch_guards_free))) struct guards *guards = NULL;
        const char *what = NULL;
        int refused;

        if (launch_guards_secrets(&guards, context, err) < 0 ||
            (refused = launch_guards_check(guards, folder, false, &what, err)) < 0)
                return -1;
        return refused ? err_set(err, ERR_INPUT,
                                 "--bundle %s: it would take %s along, into the sandbox and the packet; copy the files "
                                 "that the run needs to a folder of their own",
                                 folder, what)
                       : 0;
}

/* Before anything is looked for in it: what is named may be nothing at all. */
static int open_bundle(const char *folder, struct err *err)
{
        const int fd = folder[0] ? fs_open_dir(folder, err) : -1;

        if (fd >= 0)
                return fd;
        if (!folder[0])
                return err_set(err, ERR_INPUT, "--bundle \"\": expected a folder with files for the agent");
        err->code = ERR_INPUT;
        return err_wrap(err, "--bundle %s: expected a folder with files for the agent", folder);
}

int launch_add_bundle(struct launch *launch, const struct context *context, const char *folder, struct err *err)
{
        _cleanup_fd_ int fd = open_bundle(folder, err);
        struct bundle bundle = {.launch = launch, .root = folder, .fd = fd};
        int status = 0;

        if (fd < 0 || expect_no_secrets(context, folder, err) < 0)
                return -1;
        bundle.list = json_object();
        strv_add(&bundle.folders, "");
        for (size_t i = 0; status == 0 && i < bundle.folders.len; i++) {
                _cleanup_free_ char *within = xstrdup(bundle.folders.items[i]);

                status = add_folder(&bundle, within, err);
        }
        if (status == 0)
                put_list(launch, &bundle);
        else
                err->code = ERR_INPUT; /* whatever it is: the folder that was named cannot be taken along */
        json_decref(bundle.list);
        strv_release(&bundle.folders);
        return status < 0 ? -1 : launch_see_state(launch, err);
}
