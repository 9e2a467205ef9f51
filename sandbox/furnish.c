/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/furnish.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#define INODES_MIN 4096
#define INODES_MAX ((uint64_t)1 << 20)
#define BYTES_PER_INODE 2048

/* file of the snapshot, its name below /cupel, the variable that tells where it is */
static const struct {
        const char *name, *inside, *variable;
} files[] = {
        {"prompt.txt", "prompt", "CUPEL_PROMPT"},
        {"work_item.json", "work_item.json", "CUPEL_ITEM"},
        {"bundle", "bundle", "CUPEL_BUNDLE"},
        {"history.jsonl", "history.jsonl", "CUPEL_HISTORY"},
};

static uint64_t clamp(uint64_t value, uint64_t least, uint64_t most)
{
        return value < least ? least : value > most ? most : value;
}

const char *furnish_home(const char *home)
{
        return home && home[0] == '/' && home[1] ? home : "/home/cupel";
}

int furnish_minimum(const char *letter, enum sandbox_tier *ret, struct err *err)
{
        return sandbox_tier_from_name(letter, ret) < 0
                       ? err_set(err, ERR_INPUT, "no tier of the sandbox is \"%s\"", letter)
                       : 0;
}

void furnish_sizes(struct sandbox_plan *plan, uint64_t disk, uint64_t memory)
{
        plan->upper_bytes = disk;
        plan->upper_inodes = clamp(disk / BYTES_PER_INODE, INODES_MIN, INODES_MAX);
        if (disk < plan->tmp_bytes)
                plan->tmp_bytes = disk;
        if (memory < plan->shm_bytes)
                plan->shm_bytes = memory;
}

void furnish_carried(struct sandbox_shows *shows, const char *checkout, const struct strv *names)
{
        _cleanup_fd_ int root = -1;

        if (!checkout || names->len == 0)
                return;
        root = open(checkout, O_PATH | O_DIRECTORY | O_CLOEXEC);
        for (size_t i = 0; root >= 0 && i < names->len; i++) {
                _cleanup_fd_ int folder = fs_open_beneath(root, names->items[i], O_PATH | O_DIRECTORY, 0);
                _cleanup_free_ char *path = xasprintf("%s/%s", checkout, names->items[i]);

                if (folder >= 0)
                        sandbox_shows_add(shows, path, names->items[i]);
        }
}

void furnish_snapshot(struct sandbox_plan *plan, const char *run_folder)
{
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                _cleanup_free_ char *path = xasprintf("%s/config_snapshot/%s", run_folder, files[i].name);
                struct stat st;

                if (lstat(path, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
                        continue;
                sandbox_shows_add(&plan->files, path, files[i].inside);
                strv_add_printf(&plan->env, "%s=/cupel/%s", files[i].variable, files[i].inside);
        }
}
