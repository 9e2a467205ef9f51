/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names come from the working tree (its root, tests/ and test/), contents from HEAD: a name that is not committed says nothing
 * about what a run will see. A bare repository has no names to list: the fixed ones are tried.
 */
#include "cli/init_look.h"

#include "cli/context.h"
#include "cli/policy_files.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX ((size_t)256 << 10)
#define NAMES_MAX 2000

struct look {
        struct context *context;
        const char *head; /* NULL: nothing is committed */
        int folder;       /* the working tree, or -1 */
        struct strv names;
        struct guess_file *files;
        size_t len;
};

static void look_release(struct look *look)
{
        for (size_t i = 0; i < look->len; i++)
                free((char *)look->files[i].bytes);
        free(look->files);
        cleanup_fd(&look->folder);
        strv_release(&look->names);
}

static void list_names(struct look *look, const char *below)
{
        _cleanup_dir_ DIR *folder =
                fs_list(fs_open_beneath(look->folder, below[0] ? below : ".", O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;

        while ((entry = fs_list_next(folder)) && look->names.len < NAMES_MAX) {
                _cleanup_free_ char *path = xasprintf("%s%s%s", below, below[0] ? "/" : "", entry->d_name);

                if (guess_wants(path))
                        strv_add(&look->names, path);
        }
}

static int read_uncommitted(struct look *look, const char *path, struct str *ret)
{
        _cleanup_fd_ int fd = fs_open_beneath(look->folder, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
        struct err ignored = ERR_INIT;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return -1;
        if (st.st_size <= (off_t)FILE_BYTES_MAX)
                return fs_read_fd(fd, FILE_BYTES_MAX, ret, &ignored);
        return 0; /* too long to look into, but it is there */
}

static bool read_file(struct look *look, const char *path, struct str *ret)
{
        struct err why = ERR_INIT;

        if (!look->head)
                return look->folder >= 0 && read_uncommitted(look, path, ret) == 0;
        return repo_read_blob_at(look->context->repo, look->head, path, FILE_BYTES_MAX, ret, &why) == 0 ||
               why.code == ERR_INPUT;
}

static void read_files(struct look *look)
{
        look->files = xcalloc(look->names.len + 1, sizeof(*look->files));
        for (size_t i = 0; i < look->names.len; i++) {
                _cleanup_str_ struct str bytes = {0};
                struct guess_file *file = &look->files[look->len];

                if (!read_file(look, look->names.items[i], &bytes))
                        continue;
                file->path = look->names.items[i];
                file->len = bytes.len;
                file->bytes = str_steal(&bytes);
                look->len++;
        }
}

int init_guess(struct context *context, const char *head, struct guesses *ret, struct err *err)
{
        const char *workdir = repo_workdir(context->repo);
        struct look look = {.context = context, .head = head, .folder = -1};

        if (workdir && (look.folder = fs_open_dir(workdir, err)) < 0)
                return -1;
        for (const char *const *known = guess_known_paths(); *known; known++)
                strv_add(&look.names, *known);
        if (look.folder >= 0) {
                list_names(&look, "");
                list_names(&look, "tests");
                list_names(&look, "test");
        }
        strv_sort_unique(&look.names);
        read_files(&look);
        guess_verifiers(&(struct guess_input){.files = look.files, .len = look.len}, ret);
        look_release(&look);
        return 0;
}

static int open_policy_folder(int tree, struct err *err)
{
        int fd = fs_open_beneath(tree, ".cupel", O_RDONLY | O_DIRECTORY, 0);

        if (fd < 0 && errno == ENOENT && mkdirat(tree, ".cupel", 0777) == 0)
                fd = fs_open_beneath(tree, ".cupel", O_RDONLY | O_DIRECTORY, 0);
        return fd < 0 ? err_errno(err, "open the folder .cupel (symlinks are not followed)") : fd;
}

int init_write_policy(struct context *context, const struct guesses *guesses, bool *ret_written, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_fd_ int tree = fs_open_dir(repo_workdir(context->repo), err);
        _cleanup_fd_ int folder = -1, fd = -1;

        if (tree < 0 || (folder = open_policy_folder(tree, err)) < 0)
                return -1;
        fd = fs_open_beneath(folder, "policy.yaml", O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (fd < 0 && errno == EEXIST) {
                *ret_written = false;
                return 0;
        }
        if (fd < 0)
                return err_errno(err, "create %s", POLICY_PATH);
        guess_policy(guesses, &text);
        if (fs_write_all(fd, text.data, text.len) < 0) {
                err_errno(err, "write %s", POLICY_PATH);
                unlinkat(folder, "policy.yaml", 0);
                return -1;
        }
        *ret_written = true;
        return 0;
}
