/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a step leaves in its .git and what its git says of itself. The first byte chooses: a file below .git that is looked at with
 * the rest as its bytes, or lines of git's trace. Whatever it is: no crash, and what is told is one bounded line of plain text.
 */
#include "lib/git/inside.h"
#include "runner/notes.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/repo.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const files[] = {"config", "packed-refs", "HEAD", "logs/HEAD", "refs/heads/work"};
static char folder[] = "/tmp/cupel-fuzz-XXXXXX";
static struct repo *repo;

static void clean_up(void)
{
        struct err ignored = ERR_INIT;

        repo_free(repo);
        fs_remove_tree_at(AT_FDCWD, folder, &ignored);
}

static void set_up(void)
{
        static const char *const folders[] = {"r",      "r/.git",      "r/.git/objects", "r/.git/refs",      "u",
                                              "u/.git", "u/.git/logs", "u/.git/refs",    "u/.git/refs/heads"};
        _cleanup_free_ char *gitdir = NULL;
        struct err err = ERR_INIT;

        if (!mkdtemp(folder) || atexit(clean_up) != 0)
                abort();
        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
                _cleanup_free_ char *path = xasprintf("%s/%s", folder, folders[i]);

                if (fs_mkdir_p(path, 0700, &err) < 0)
                        abort();
        }
        gitdir = xasprintf("%s/r/.git", folder);
        {
                _cleanup_fd_ int fd = open(gitdir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                if (fs_write_at(fd, "HEAD", "ref: refs/heads/main\n", 21, 0600, &err) < 0)
                        abort();
        }
        if (git_start(&err) < 0 || repo_open(gitdir, &repo, &err) < 0)
                abort();
}

static void check(const struct inside *inside)
{
        if (inside->actions.len > INSIDE_ACTIONS_MAX)
                abort();
        for (size_t i = 0; i < inside->actions.len; i++)
                for (const char *at = inside->actions.items[i]; *at; at++)
                        if ((unsigned char)*at < 0x20 || *at == 0x7f || at - inside->actions.items[i] > 1000)
                                abort();
}

static void look(const char *file, const uint8_t *data, size_t size)
{
        const struct inside_options options = {.base = "0000000000000000000000000000000000000000"};
        _cleanup_free_ char *path = xasprintf("%s/u/.git/%s", folder, file), *upper = xasprintf("%s/u", folder);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        struct inside inside = {0};

        if (fd < 0 || fs_write_all(fd, data, size) < 0)
                abort();
        close(fd);
        fd = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        inside_look(repo, fd, &options, &inside);
        check(&inside);
        inside_release(&inside);
        close(fd);
        unlink(path);
}

static void trace(const char *data, size_t size)
{
        static struct notes notes;
        struct notes_client client = {.fd = -1};
        struct uplink up;

        uplink_init(&up, -1);
        notes_init(&notes, &up, 1);
        for (const char *at = data, *end = data + size; at < end;) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                size_t len = (size_t)((newline ? newline : end) - at);

                if (notes_is_git(at, len))
                        notes_git_line(&notes, &client, at, len);
                at += len + 1;
        }
        if (up.out.len > 100000)
                abort();
        notes_git_release(&client);
        notes_release(&notes);
        uplink_release(&up);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const size_t choices = sizeof(files) / sizeof(files[0]);

        if (!repo)
                set_up();
        if (size && data[0] % (choices + 1) < choices)
                look(files[data[0] % (choices + 1)], data + 1, size - 1);
        else if (size)
                trace((const char *)data + 1, size - 1);
        return 0;
}
