/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fast-forward of a checked-out target. checkout_check() wants every changed path to be exactly what the old tree
 * says, in the index and on disk, and nothing in the way of what comes. checkout_forward() looks at each path again: what
 * is old becomes new, what is new already stays, what is neither was edited meanwhile and is left alone and named. So it
 * can be repeated after a crash at any point. Deletions come first, since a file may become a folder.
 */
#include "lib/git/checkout.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/git/landing_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAY_DEPTH_MAX 64
#define FORWARD_TRIES 3

static bool is_file_name(const struct change_list *changes, const char *name)
{
        for (size_t i = 0; i < changes->len; i++) {
                const char *slash = strrchr(changes->items[i].path, '/');

                if (strcmp(slash ? slash + 1 : changes->items[i].path, name) == 0)
                        return true;
        }
        return false;
}

/* The command knows its run's id and may have made a file of that very name. The same at recovery: the changes decide. */
static char *temporary_name(const struct change_list *changes, const char *run_id)
{
        char *name = xasprintf(".cupel-%s", run_id);

        for (unsigned serial = 1; is_file_name(changes, name); serial++) {
                free(name);
                name = xasprintf(".cupel-%s.%u", run_id, serial);
        }
        return name;
}

int checkout_init(struct checkout *checkout, struct repo *repo, const git_oid *old_tree, const git_oid *new_tree,
                  const char *run_id, struct err *err)
{
        *checkout = (struct checkout){
                .repo = repo, .run_id = run_id, .dirfd = -1, .old_tree = *old_tree, .new_tree = *new_tree};
        if (!repo->workdir)
                return err_set(err, ERR_HELD, "the worktree of %s cannot be found", repo->gitdir);
        checkout->trust_mode = repo_config_bool(repo, "core.filemode", true);
        checkout->symlinks = repo_config_bool(repo, "core.symlinks", true);
        checkout->dirfd = fs_open_dir(repo->workdir, err);
        if (checkout->dirfd < 0)
                return -1;
        if (tree_changed_paths(repo->odb, old_tree, new_tree, &checkout->changes, err) < 0)
                return -1;
        change_list_sort(&checkout->changes);
        checkout->temporary = temporary_name(&checkout->changes, run_id);
        return index_load(&checkout->index, repo->gitdir, err);
}

void checkout_release(struct checkout *checkout)
{
        free(checkout->temporary);
        if (checkout->dirfd >= 0)
                close(checkout->dirfd);
        change_list_release(&checkout->changes);
        index_release(&checkout->index);
        tree_attributes_release(&checkout->old_attributes);
        tree_attributes_release(&checkout->new_attributes);
        *checkout = (struct checkout){.dirfd = -1};
}

bool checkout_index_unchanged(const struct checkout *checkout)
{
        _cleanup_free_ char *path = xasprintf("%s/index", checkout->repo->gitdir);
        const struct stat *old = &checkout->index.st;
        struct stat st;

        return lstat(path, &st) == 0 && st.st_ino == old->st_ino && st.st_size == old->st_size &&
               st.st_mtim.tv_sec == old->st_mtim.tv_sec && st.st_mtim.tv_nsec == old->st_mtim.tv_nsec;
}

static int order_by_path(const void *a, const void *b)
{
        return strcmp(a, ((const struct change *)b)->path);
}

static const struct change *find_change(const struct checkout *checkout, const char *path)
{
        if (!checkout->changes.len)
                return NULL;
        return bsearch(path, checkout->changes.items, checkout->changes.len, sizeof(struct change), order_by_path);
}

/* A folder stands where a file will be: fine when all that is in it is tracked and goes. */
static int check_folder_goes(const struct checkout *checkout, const char *path, unsigned depth, struct err *err)
{
        _cleanup_free_ char *self = xasprintf("%s/.", path);
        const char *name;
        _cleanup_dir_ DIR *dir = fs_list(checkout_parent(checkout, self, false, &name));
        const struct dirent *entry;
        int result = 0;

        if (!dir)
                return checkout_held(err, path, "is in the way and cannot be read");
        while (result == 0 && (entry = fs_list_next(dir))) {
                _cleanup_free_ char *inside = xasprintf("%s/%s", path, entry->d_name);
                const struct change *change;
                struct stat st;

                change = find_change(checkout, inside);
                if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || depth > WAY_DEPTH_MAX)
                        result = checkout_held(err, inside, "is in the way");
                else if (S_ISDIR(st.st_mode))
                        result = check_folder_goes(checkout, inside, depth + 1, err);
                else if (!change || !change->old_mode || change->new_mode)
                        result = checkout_held(err, inside, "is untracked and in the way");
        }
        return result == 0 && errno ? checkout_held(err, path, "is in the way and cannot be read") : result;
}

/* A folder on the way to a new file is a file or a symlink on disk: fine when that one is tracked and goes (1). */
static int check_way(struct checkout *checkout, const char *path, struct err *err)
{
        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
                _cleanup_free_ char *above = xmemdup(path, (size_t)(slash - path));
                const struct change *change = find_change(checkout, above);
                const char *name;
                _cleanup_fd_ int parent = checkout_parent(checkout, above, false, &name);
                struct stat st;

                if (parent < 0 || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return 0;
                if (S_ISDIR(st.st_mode))
                        continue;
                if (!change || !change->old_mode || change->new_mode)
                        return checkout_held(err, above, "is in the way of a new folder");
                return 1; /* its own change is checked by itself */
        }
        return 0;
}

static int check_added(struct checkout *checkout, const struct change *change, struct err *err)
{
        enum checkout_state state;
        struct stat st = {0};
        int way;

        if (index_find(&checkout->index, change->path))
                return checkout_held(err, change->path, "is staged, and the run adds it too");
        way = check_way(checkout, change->path, err);
        if (way != 0)
                return way < 0 ? -1 : 0;
        if (checkout_state(checkout, change->path, change->new_mode, change->new_id, false, &state, &st, err) < 0)
                return -1;
        if (state == CHECKOUT_MISSING)
                return 0;
        if (state == CHECKOUT_OTHER && S_ISDIR(st.st_mode))
                return check_folder_goes(checkout, change->path, 0, err);
        if (state == CHECKOUT_OTHER && !st.st_mode)
                return checkout_held(err, change->path, "is behind a symbolic link");
        return checkout_held(err, change->path, "is untracked and in the way of a new file");
}

static int check_tracked(struct checkout *checkout, const struct change *change, struct err *err)
{
        const struct index_entry *entry = index_find(&checkout->index, change->path);
        enum checkout_state state;
        struct stat st;
        git_oid id;

        if (oid_parse(change->old_id, &id, err) < 0)
                return -1;
        if (!entry || entry->mode != change->old_mode || git_oid_cmp(&entry->id, &id) != 0)
                return checkout_held(err, change->path, "has staged changes");
        if (index_entry_skips_worktree(entry))
                return checkout_held(err, change->path, "is outside the sparse checkout or only marked to be added");
        if (checkout_state(checkout, change->path, change->old_mode, change->old_id, true, &state, &st, err) < 0)
                return -1;
        if (state == CHECKOUT_SAME)
                return 0;
        return checkout_held(err, change->path,
                             state == CHECKOUT_MISSING ? "was deleted locally" : "has local changes");
}

int checkout_check(struct checkout *checkout, struct err *err)
{
        if (repo_config_bool(checkout->repo, "core.sparsecheckout", false))
                return err_set(err, ERR_HELD,
                               "the checkout is sparse (core.sparseCheckout); git sparse-checkout disable, or switch "
                               "to another branch there, then approve the run");
        for (size_t i = 0; i < checkout->changes.len; i++) {
                const struct change *change = &checkout->changes.items[i];

                if ((change->old_mode ? check_tracked(checkout, change, err) : check_added(checkout, change, err)) < 0)
                        return -1;
        }
        return 0;
}

/* Folders that are empty now go, as git removes them. */
static void remove_empty_parents(const struct checkout *checkout, const char *path)
{
        _cleanup_free_ char *above = xstrdup(path);
        char *slash;

        while ((slash = strrchr(above, '/'))) {
                const char *name;

                *slash = '\0';
                _cleanup_fd_ int parent = checkout_parent(checkout, above, false, &name);

                if (parent < 0 || unlinkat(parent, name, AT_REMOVEDIR) < 0)
                        return;
        }
}

static int forward_deleted(struct checkout *checkout, const struct change *change, bool *ret_left, struct err *err)
{
        enum checkout_state state;
        const char *name;
        struct stat st;

        if (checkout_state(checkout, change->path, change->old_mode, change->old_id, true, &state, &st, err) < 0)
                return -1;
        *ret_left = state == CHECKOUT_OTHER;
        if (state == CHECKOUT_SAME) {
                _cleanup_fd_ int parent = checkout_parent(checkout, change->path, false, &name);

                if (parent < 0 || unlinkat(parent, name, change->old_mode == 0160000 ? AT_REMOVEDIR : 0) < 0)
                        *ret_left = checkout->unwritten = errno != ENOENT && change->old_mode != 0160000;
        }
        if (state != CHECKOUT_OTHER)
                remove_empty_parents(checkout, change->path);
        return 0;
}

/* Old or nothing where something new comes: write. New already: keep. */
static int forward_written(struct checkout *checkout, const struct change *change, struct stat *ret_stat,
                           bool *ret_left, struct err *err)
{
        enum checkout_state state, old_state = CHECKOUT_OTHER;
        struct stat st = {0};

        *ret_left = false;
        if (checkout_state(checkout, change->path, change->new_mode, change->new_id, false, &state, ret_stat, err) < 0)
                return -1;
        if (state == CHECKOUT_SAME)
                return 0;
        if (change->old_mode) {
                if (checkout_state(checkout, change->path, change->old_mode, change->old_id, true, &old_state, &st,
                                   err) < 0)
                        return -1;
                *ret_left = old_state != CHECKOUT_SAME;
        } else if (state != CHECKOUT_MISSING) {
                *ret_left = !S_ISDIR(
                        ret_stat->st_mode); /* (0 behind a symlink) an emptied folder gives way; a full one refuses the rename */
        }
        return *ret_left ? 0 : checkout_write(checkout, change, ret_stat, err);
}

static void leave(struct strv *left, const char *path)
{
        _cleanup_str_ struct str quoted = {0};

        str_put_quoted(&quoted, path, strlen(path));
        strv_add(left, str_text(&quoted));
}

static bool is_entry(const struct index_entry *entry, uint32_t mode, const char *id)
{
        char hex[GIT_HEX];

        if (!entry || !mode)
                return !entry && !mode;
        oid_hex(&entry->id, hex);
        return entry->mode == mode && strcmp(hex, id) == 0;
}

bool checkout_is_behind(const struct checkout *checkout, struct strv *ret)
{
        bool all = checkout->changes.len > 0;

        for (size_t i = 0; i < checkout->changes.len; i++) {
                const struct change *change = &checkout->changes.items[i];
                const struct index_entry *entry = index_find(&checkout->index, change->path);

                if (!is_entry(entry, change->new_mode, change->new_id))
                        leave(ret, change->path);
                all = all && is_entry(entry, change->old_mode, change->old_id);
        }
        return all;
}

static int forward_files(struct checkout *checkout, struct index_update *updates, struct strv *left, struct err *err)
{
        for (int pass = 0; pass < 2; pass++) {
                for (size_t i = 0; i < checkout->changes.len; i++) {
                        const struct change *change = &checkout->changes.items[i];
                        struct stat st = {0};
                        bool is_left = false;

                        if ((change->new_mode == 0) != (pass == 0))
                                continue;
                        landing_step("checkout file");
                        if (pass == 0 && forward_deleted(checkout, change, &is_left, err) < 0)
                                return -1;
                        /* A file that cannot be written is left like one that was edited: the ref is the truth by now. */
                        if (pass == 1 && forward_written(checkout, change, &st, &is_left, err) < 0)
                                is_left = checkout->unwritten = true;
                        if (is_left)
                                leave(left, change->path);
                        updates[i] = (struct index_update){.path = change->path, .mode = change->new_mode};
                        if (change->new_mode)
                                git_oid_fromstr(&updates[i].id, change->new_id);
                        if (!is_left)
                                updates[i].st = st;
                }
        }
        return 0;
}

static int install_index(struct checkout *checkout, const struct str *bytes, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/index", checkout->repo->gitdir);
        _cleanup_free_ char *private = xasprintf("%s/index.cupel-%s", checkout->repo->gitdir, checkout->run_id);
        _cleanup_fd_ int fd = -1;

        unlink(private);
        fd = open(private, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || fchmod(fd, checkout->index.st.st_mode & 0777) < 0 ||
            fs_write_all(fd, bytes->data, bytes->len) < 0 || fsync(fd) < 0)
                return err_errno(err, "cannot write %s", private);
        landing_step("index written");
        if (rename(private, path) == 0)
                return 0;
        err_errno(err, "cannot replace %s", path);
        unlink(private);
        return -1;
}

static int forward_once(struct checkout *checkout, struct strv *left, struct err *err)
{
        _cleanup_free_ struct index_update *updates = xcalloc(checkout->changes.len + 1, sizeof(*updates));
        _cleanup_str_ struct str bytes = {0};

        checkout->unwritten = false;
        if (forward_files(checkout, updates, left, err) < 0)
                return -1;
        index_compose(&checkout->index, updates, checkout->changes.len, &bytes);
        return install_index(checkout, &bytes, err);
}

/* The commit has landed, and a checkout that stays behind looks as if its user had taken it back: a failure gets another chance. */
int checkout_forward(struct checkout *checkout, struct strv *left, struct err *err)
{
        const size_t before = left->len;
        int result = forward_once(checkout, left, err);

        for (int tries = 1; tries < FORWARD_TRIES && (result < 0 || checkout->unwritten); tries++) {
                *err = ERR_INIT;
                while (left->len > before)
                        free(left->items[--left->len]);
                result = forward_once(checkout, left, err);
        }
        return result;
}
