/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/sections.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST 200
#define BEGIN "==> "
#define END " <==\n"

/* The heading that `at` begins with: its length, 0 where there is none. */
static size_t heading(const char *at, size_t left, char **ret_path)
{
        const char *end = left > strlen(BEGIN) && memcmp(at, BEGIN, strlen(BEGIN)) == 0 ? memchr(at, '\n', left) : NULL;
        size_t len = end ? (size_t)(end + 1 - at) : 0;

        if (len <= strlen(BEGIN) + strlen(END) || memcmp(at + len - strlen(END), END, strlen(END)) != 0)
                return 0;
        *ret_path = xmemdup(at + strlen(BEGIN), len - strlen(BEGIN) - strlen(END));
        return len;
}

static const char *next_line(const char *at, const char *end)
{
        const char *newline = memchr(at, '\n', (size_t)(end - at));

        return newline ? newline + 1 : end;
}

void sections_read(struct sections *ret, const uint8_t *data, size_t size)
{
        const char *at = (const char *)data, *end = at + size;

        *ret = (struct sections){0};
        while (at < end) {
                char *path = NULL;
                const size_t len = heading(at, (size_t)(end - at), &path);

                if (len && ret->len < MOST) {
                        ret->items = xgrow(ret->items, ret->len, sizeof(*ret->items));
                        ret->items[ret->len++] = (struct section){.path = path, .data = at + len};
                        at += len;
                        continue;
                }
                free(path);
                at = next_line(at, end);
                if (ret->len)
                        ret->items[ret->len - 1].len = (size_t)(at - ret->items[ret->len - 1].data);
        }
}

void sections_release(struct sections *sections)
{
        for (size_t i = 0; i < sections->len; i++)
                free(sections->items[i].path);
        free(sections->items);
        *sections = (struct sections){0};
}

struct section *sections_find(const struct sections *sections, const char *path)
{
        for (size_t i = 0; i < sections->len; i++)
                if (strcmp(sections->items[i].path, path) == 0)
                        return &sections->items[i];
        return NULL;
}

void sections_put(int folder, const char *path, const char *data, size_t len)
{
        _cleanup_fd_ int at = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (const char *name = path;;) {
                const size_t part = strcspn(name, "/");
                _cleanup_free_ char *word = xmemdup(name, part);
                int next;

                if (!part || part > 200 || strcmp(word, ".") == 0 || strcmp(word, "..") == 0)
                        return;
                if (name[part]) {
                        (void)mkdirat(at, word, 0700);
                        next = openat(at, word, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                } else {
                        next = openat(at, word, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
                }
                close(at);
                at = next;
                if (at < 0)
                        return;
                if (!name[part])
                        break;
                name += part + 1;
        }
        must(fs_write_all(at, data, len) == 0);
}

void sections_write(const struct sections *sections, int folder)
{
        for (size_t i = 0; i < sections->len; i++)
                sections_put(folder, sections->items[i].path, sections->items[i].data, sections->items[i].len);
}

int sections_folder(char ret_path[64])
{
        int fd;

        strcpy(ret_path, "/dev/shm/cupel-fuzz-XXXXXX");
        if (!mkdtemp(ret_path)) {
                strcpy(ret_path, "/tmp/cupel-fuzz-XXXXXX");
                must(mkdtemp(ret_path) != NULL);
        }
        fd = open(ret_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        must(fd >= 0);
        return fd;
}

void sections_remove(int folder, const char *path)
{
        struct err err = ERR_INIT;

        close(folder);
        must(fs_remove_tree_at(AT_FDCWD, path, &err) == 0);
}
