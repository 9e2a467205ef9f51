/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/carry.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct walk {
        struct hash hash;
        size_t entries;
};

/* Entry names of the folder, sorted; takes the descriptor. */
static int list_folder(int fd, struct strv *ret, struct err *err)
{
        _cleanup_dir_ DIR *folder = fs_list(fd);
        const struct dirent *entry;

        while ((entry = fs_list_next(folder)))
                strv_add(ret, entry->d_name);
        if (!folder || errno)
                return err_errno(err, "read a folder");
        strv_sort_unique(ret);
        return 0;
}

static void add_entry(struct walk *walk, const char *name, const struct stat *st)
{
        const uint64_t facts[] = {(uint64_t)st->st_mode, S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size,
                                  (uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec};

        hash_field(&walk->hash, name, strlen(name));
        hash_update(&walk->hash, facts, sizeof(facts));
}

static int walk_folder(struct walk *walk, int fd, unsigned depth, struct err *err)
{
        _cleanup_strv_ struct strv names = {0};
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

        if (copy < 0)
                return err_errno(err, "descriptor");
        if (list_folder(copy, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.len; i++) {
                _cleanup_fd_ int below = -1;
                struct stat st;

                if (++walk->entries > CARRY_ENTRIES_MAX || depth > CARRY_DEPTH_MAX)
                        return err_set(err, ERR_INPUT, "more than %d entries or %d levels", CARRY_ENTRIES_MAX,
                                       CARRY_DEPTH_MAX);
                if (fstatat(fd, names.items[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue; /* gone since: the digest differs then */
                if (strcasecmp(names.items[i], ".git") == 0)
                        return err_set(
                                err, ERR_REFUSED,
                                "a git repository of its own is in it (%s); its settings may hold credentials, move it "
                                "out or do not carry the folder",
                                names.items[i]);
                add_entry(walk, names.items[i], &st);
                if (!S_ISDIR(st.st_mode))
                        continue;
                below = fs_open_beneath(fd, names.items[i], O_RDONLY | O_DIRECTORY, 0);
                if (below >= 0 && walk_folder(walk, below, depth + 1, err) < 0)
                        return err->code == ERR_REFUSED ? err_wrap(err, "%s", names.items[i]) : -1;
                hash_field(&walk->hash, "", 0); /* the end of the folder */
        }
        return 0;
}

int carry_digest(const char *checkout, const struct strv *names, char ret_hex[HASH_HEX], struct err *err)
{
        _cleanup_fd_ int root = fs_open_dir(checkout, err);
        struct walk walk = {0};

        if (root < 0)
                return -1;
        hash_init(&walk.hash);
        for (size_t i = 0; i < names->len; i++) {
                _cleanup_fd_ int fd = fs_open_beneath(root, names->items[i], O_RDONLY | O_DIRECTORY, 0);

                hash_field(&walk.hash, names->items[i], strlen(names->items[i]));
                if (fd >= 0 && walk_folder(&walk, fd, 0, err) < 0)
                        return err_wrap(err, "carried folder %s", names->items[i]);
        }
        hash_final(&walk.hash, ret_hex);
        return 0;
}
