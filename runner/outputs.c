/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/outputs.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/json.h"
#include "lib/base/overlay.h"
#include "policy/plan.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES_MAX 200000
#define DEPTH_MAX 64
#define PATH_BYTES_MAX 4096
#define ODD_MAX 1000 /* links and the like that are listed */

struct copy {
        const struct ignore *rules;
        const struct budget *budget;
        int to_fd;
        struct json_t *items;
        struct str path;
        uint64_t entries, files, bytes, odd, left_out;
};

void outputs_rules(const struct plan *plan, struct ignore *ret)
{
        ignore_truncate(ret, 0);
        for (size_t i = 0; i < plan->outputs.len; i++)
                ignore_add(ret, "", plan->outputs.items[i]);
}

/* ---- One file ---- */

static void list_odd(struct copy *copy)
{
        if (copy->odd++ < ODD_MAX)
                json_array_append_new(copy->items,
                                      json_pack("{s:o, s:s, s:i}", "path", json_quoted(str_text(&copy->path)), "odd",
                                                "no regular file", "bytes", 0));
        else
                copy->left_out++;
}

static int copy_bytes(int from, int to, uint64_t size, struct err *err)
{
        char buffer[65536];

        while (size) {
                ssize_t got = read(from, buffer, size < sizeof(buffer) ? (size_t)size : sizeof(buffer));

                if (got < 0)
                        return err_errno(err, "read an output");
                if (got == 0)
                        return 0;
                if (fs_write_all(to, buffer, (size_t)got) < 0)
                        return err_errno(err, "write an output");
                size -= (uint64_t)got;
        }
        return 0;
}

static bool fits(const struct copy *copy, uint64_t size)
{
        return copy->files < (uint64_t)copy->budget->artifact_files &&
               copy->bytes + size <= (uint64_t)copy->budget->artifact_bytes;
}

/* The director says of one that is too much, or cannot be read, that it is withheld: there is no file of it. */
static int copy_file(struct copy *copy, int dirfd, const char *name, const struct stat *st, struct err *err)
{
        _cleanup_free_ char *file = xasprintf("%llu", (unsigned long long)copy->files);
        const uint64_t size = (uint64_t)st->st_size;
        _cleanup_fd_ int from = -1, to = -1;

        if (copy->files >= (uint64_t)copy->budget->artifact_files) {
                copy->left_out++;
                return 0;
        }
        json_array_append_new(copy->items, json_pack("{s:o, s:s, s:I}", "path", json_quoted(str_text(&copy->path)),
                                                     "file", file, "bytes", (json_int_t)size));
        from = fits(copy, size) ? fs_open_beneath(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0) : -1;
        copy->files++;
        if (from < 0)
                return 0;
        to = openat(copy->to_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (to < 0)
                return err_errno(err, "create an output");
        copy->bytes += size;
        return copy_bytes(from, to, size, err);
}

/* ---- The walk ---- */

static int walk(struct copy *copy, int dirfd, int depth, struct err *err);

static int enter(struct copy *copy, int dirfd, const char *name, int depth, struct err *err)
{
        int fd;

        if (depth >= DEPTH_MAX || (!ignore_covers(copy->rules, str_text(&copy->path), true) &&
                                   !ignore_may_cover_below(copy->rules, str_text(&copy->path))))
                return 0;
        fd = fs_open_beneath(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        return fd < 0 ? 0 : walk(copy, fd, depth + 1, err);
}

static int visit(struct copy *copy, int dirfd, const char *name, int depth, struct err *err)
{
        const size_t before = copy->path.len;
        struct stat st;
        int result = 0;

        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || overlay_is_whiteout(&st) ||
            before + strlen(name) > PATH_BYTES_MAX)
                return 0;
        str_printf(&copy->path, "%s%s", before ? "/" : "", name);
        if (S_ISDIR(st.st_mode))
                result = enter(copy, dirfd, name, depth, err);
        else if (!ignore_covers(copy->rules, str_text(&copy->path), false))
                result = 0;
        else if (S_ISREG(st.st_mode))
                result = copy_file(copy, dirfd, name, &st, err);
        else
                list_odd(copy);
        copy->path.len = before;
        copy->path.data[before] = '\0';
        return result;
}

/* Takes the descriptor. The top-level .git is nobody's output. */
static int walk(struct copy *copy, int dirfd, int depth, struct err *err)
{
        _cleanup_dir_ DIR *dir = fs_list(dirfd);
        const struct dirent *entry;
        int result = 0;

        while (result == 0 && (entry = fs_list_next(dir))) {
                if (depth == 0 && strcmp(entry->d_name, ".git") == 0)
                        continue;
                if (++copy->entries > ENTRIES_MAX) {
                        copy->left_out++;
                        break;
                }
                result = visit(copy, dirfd, entry->d_name, depth, err);
        }
        return result;
}

static int write_list(struct copy *copy, struct err *err)
{
        _cleanup_json_ struct json_t *list =
                json_pack("{s:O, s:I}", "items", copy->items, "left_out", (json_int_t)copy->left_out);
        _cleanup_free_ char *text = json_dumps(list, JSON_COMPACT);

        return text ? fs_write_at(copy->to_fd, "list.json", text, strlen(text), 0600, err) : 0;
}

int outputs_copy(const struct ignore *rules, const struct budget *budget, int upper_fd, const char *quarantine,
                 struct err *err)
{
        _cleanup_fd_ int folder = fs_open_dir(quarantine, err);
        _cleanup_fd_ int to = folder < 0 ? -1 : fs_mkdir_open_at(folder, "outputs", 0700, err);
        struct copy copy = {.rules = rules, .budget = budget, .to_fd = to};
        int root, result;

        if (to < 0)
                return -1;
        root = openat(upper_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
                return err_errno(err, "open the frozen worktree");
        copy.items = json_array();
        str_puts(&copy.path, "");
        result = walk(&copy, root, 0, err);
        if (result == 0)
                result = write_list(&copy, err);
        json_decref(copy.items);
        str_release(&copy.path);
        return result;
}
