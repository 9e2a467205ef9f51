/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A delta layer: only what differs between the tree below and the new one, in the language of overlayfs. A path that is
 * gone becomes a whiteout (a character device 0/0, which any user may make); a folder that must not show what is below
 * it (a submodule's place where a folder was) is marked opaque. The index is split over the base layer's shared index.
 *
 * All work is in proportion to the changes, those of the layers between included.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/index_tree.h"
#include "lib/git/layer_internal.h"
#include "lib/git/tree_finder.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/xattr.h>

#define MODE_GITLINK 0160000u
#define CHANGES_BYTES (512u << 20)
#define TREES_BYTES (512u << 20)
#define BLOCK 4096u

void delta_release(struct delta *delta)
{
        index_list_release(&delta->changes);
        strv_release(&delta->folders);
        strv_release(&delta->opaque);
        strv_release(&delta->whiteouts);
        free(delta->hidden);
}

/* Below a folder that is gone or replaced, the index loses its paths, but there is nothing left to do in the layer. */
static bool is_hidden(const struct delta *delta, const char *path)
{
        return delta->hidden && strncmp(path, delta->hidden, strlen(delta->hidden)) == 0;
}

static void hide(struct delta *delta, const char *path)
{
        free(delta->hidden);
        delta->hidden = xasprintf("%s/", path);
}

static void note_gone(struct delta *delta, const char *path, size_t len, const struct tree_entry *old_entry,
                      bool replaced)
{
        bool hidden = is_hidden(delta, path);

        if (!tree_entry_is_tree(old_entry)) {
                index_list_add(&delta->changes, path, len)->deleted = true;
                if (!hidden && !replaced)
                        strv_add(&delta->whiteouts, path);
                return;
        }
        if (hidden)
                return;
        if (!replaced)
                strv_add(&delta->whiteouts, path);
        hide(delta, path);
}

static void note_new(struct delta *delta, const char *path, size_t len, const struct tree_entry *old_entry,
                     const struct tree_entry *new_entry)
{
        struct index_item *item;

        if (tree_entry_is_tree(new_entry)) {
                strv_add(&delta->folders, path);
                return;
        }
        item = index_list_add(&delta->changes, path, len);
        item->mode = new_entry->mode;
        item->id = new_entry->id;
        if (new_entry->mode != MODE_GITLINK || (old_entry && old_entry->mode == MODE_GITLINK))
                return;
        strv_add(&delta->folders, path);
        if (old_entry && tree_entry_is_tree(old_entry))
                strv_add(&delta->opaque, path);
}

static enum tree_step collect(void *data, const char *path, size_t len, const struct tree_entry *old_entry,
                              const struct tree_entry *new_entry, struct err *err)
{
        struct delta *delta = data;
        const struct tree_entry *named = new_entry ? new_entry : old_entry;

        if (delta->changes.len + delta->folders.len >= delta->limit) {
                delta->too_many = true;
                err_set(err, ERR_INTERNAL, "more changes than a delta is worth");
                return TREE_STOP;
        }
        if (named->name_len == 14 && memcmp(named->name, ".gitattributes", 14) == 0)
                delta->attributes_changed = true;
        if (old_entry && (!new_entry || tree_entry_is_tree(old_entry) != tree_entry_is_tree(new_entry)))
                note_gone(delta, path, len, old_entry, new_entry != NULL);
        if (new_entry)
                note_new(delta, path, len, old_entry, new_entry);
        return TREE_GO;
}

int delta_collect(struct repo *repo, const char *old_tree, const char *new_tree, size_t limit, struct delta *ret,
                  struct err *err)
{
        struct err walk = ERR_INIT;
        git_oid old_id, new_id;

        ret->limit = limit;
        if (oid_parse(old_tree, &old_id, err) < 0 || oid_parse(new_tree, &new_id, err) < 0)
                return -1;
        if (tree_walk_pair(repo->odb, &old_id, &new_id, collect, ret, &walk) == 0 || ret->too_many)
                return 0;
        *err = walk;
        return -1;
}

/* Filling the layer */

static int put_shape(const struct build *build, const struct delta *delta, struct err *err)
{
        for (size_t i = 0; i < delta->folders.len; i++) {
                if (build_folder(build, build->tree, delta->folders.items[i], err) < 0)
                        return -1;
        }
        for (size_t i = 0; i < delta->opaque.len; i++) {
                _cleanup_fd_ int fd = fs_open_beneath(build->tree, delta->opaque.items[i], O_RDONLY | O_DIRECTORY, 0);

                if (fd < 0 || fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0)
                        return err_errno(err, "cannot make %s opaque", delta->opaque.items[i]);
        }
        for (size_t i = 0; i < delta->whiteouts.len; i++) {
                const char *path = delta->whiteouts.items[i];

                if (mknodat(build->tree, path, S_IFCHR, 0) < 0)
                        return err_errno(err, "cannot make a whiteout for %s", path);
                if (build->set_owner &&
                    fchownat(build->tree, path, build->options->uid, build->options->gid, AT_SYMLINK_NOFOLLOW) < 0)
                        return err_errno(err, "cannot give %s to its owner", path);
        }
        return 0;
}

static int put_files(struct repo *repo, struct build *build, struct delta *delta, const git_oid *tree, bool filters,
                     struct err *err)
{
        struct blob_source source = {0};
        struct tree_finder *finder = tree_finder_new(repo->odb, tree);
        int result = blob_source_open(&source, repo, false, filters, err);

        for (size_t i = 0; i < delta->changes.len && result == 0; i++) {
                struct index_item *item = &delta->changes.items[i];

                item->mtime = build->mtime;
                if (item->deleted || item->mode == MODE_GITLINK)
                        continue;
                if (source.attributes)
                        result = attributes_add_for_path(source.attributes, finder, item->path, err);
                if (result == 0)
                        result = blob_put(&source, build, build->tree, item->path, item, err);
                build->marker.bytes += (item->size + BLOCK) / BLOCK * BLOCK;
        }
        blob_source_release(&source);
        tree_finder_free(finder);
        return result;
}

int delta_put(struct repo *repo, struct build *build, struct delta *delta, const git_oid *tree, bool filters,
              struct err *err)
{
        return put_shape(build, delta, err) < 0 ? -1 : put_files(repo, build, delta, tree, filters, err);
}

/* The base layer's shared index, mapped. */

struct mapping {
        void *bytes;
        size_t len;
};

static void mapping_release(struct mapping *mapping)
{
        if (mapping->bytes)
                munmap(mapping->bytes, mapping->len);
}

static int map_file(const struct cache *cache, const char *path, struct mapping *ret, struct err *err)
{
        _cleanup_fd_ int fd = openat(cache->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        struct stat status;
        void *bytes = NULL;

        if (fd < 0 || fstat(fd, &status) < 0)
                return err_errno(err, "cannot open the layer's %s", path);
        if (status.st_size > 0) {
                bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
                if (bytes == MAP_FAILED)
                        return err_errno(err, "cannot map the layer's %s", path);
        }
        *ret = (struct mapping){bytes, (size_t)status.st_size};
        return 0;
}

static int put_split(const struct build *build, const char *base_key, const struct index_list *changes, struct err *err)
{
        __attribute__((cleanup(mapping_release))) struct mapping index = {0}, positions = {0};
        _cleanup_free_ char *path = xasprintf("%s/shared", base_key), *table = xasprintf("%s/positions", base_key);
        _cleanup_free_ char *trees = xasprintf("%s/trees", base_key), *file = NULL;
        _cleanup_str_ struct str name = {0}, known = {0}, tree = {0}, split = {0};
        struct index_shared shared = {0};
        git_oid id;

        if (fs_read_at(build->cache->fd, path, GIT_HEX, &name, err) < 0 || oid_parse(str_text(&name), &id, err) < 0)
                return -1;
        file = xasprintf("%s/tree/.git/sharedindex.%s", base_key, str_text(&name));
        if (map_file(build->cache, file, &index, err) < 0 || map_file(build->cache, table, &positions, err) < 0)
                return -1;
        shared = (struct index_shared){index.bytes, index.len, positions.bytes, positions.len / sizeof(uint32_t), {0}};
        memcpy(shared.id, id.id, sizeof(shared.id));
        if (fs_read_at(build->cache->fd, trees, TREES_BYTES, &known, err) < 0 ||
            index_tree_forget(&known, changes, &tree, err) < 0 ||
            index_write_split(&shared, changes, &tree, &split, err) < 0 ||
            build_file(build, build->git, "index", split.data, split.len, 0644, err) < 0)
                return -1;
        return utimensat(build->git, "index", NULL, 0) < 0 ? err_errno(err, "cannot date the index") : 0;
}

/* Everything that differs from the base layer: what the parent recorded, and ours over it. */
static int merge_changes(const struct build *build, struct delta *delta, const struct chain *parent,
                         struct index_list *ret, struct err *err)
{
        _cleanup_index_list_ struct index_list under = {0};
        _cleanup_free_ char *path = xasprintf("%s/changes", parent->keys[0]);
        _cleanup_str_ struct str bytes = {0};

        index_list_sort(&delta->changes);
        if (parent->len > 1 && (fs_read_at(build->cache->fd, path, CHANGES_BYTES, &bytes, err) < 0 ||
                                index_changes_read(str_text(&bytes), bytes.len, &under, err) < 0))
                return -1;
        index_list_merge(&under, &delta->changes, ret);
        return 0;
}

int delta_build(struct repo *repo, struct build *build, struct delta *delta, const struct chain *parent,
                const git_oid *tree, struct err *err)
{
        _cleanup_index_list_ struct index_list changes = {0};
        _cleanup_str_ struct str record = {0};

        if (delta_put(repo, build, delta, tree, true, err) < 0)
                return -1;
        if (merge_changes(build, delta, parent, &changes, err) < 0)
                return -1;
        index_changes_write(&changes, &record);
        if (build_file(build, build->dir, "changes", str_text(&record), record.len, 0600, err) < 0 ||
            put_split(build, parent->keys[parent->len - 1], &changes, err) < 0)
                return -1;
        oid_hex(tree, build->marker.tree);
        snprintf(build->marker.parent, sizeof(build->marker.parent), "%s", parent->keys[0]);
        build->marker.files = parent->markers[parent->len - 1].files;
        build->marker.bytes += (delta->folders.len + delta->whiteouts.len + 4) * BLOCK + record.len;
        return 0;
}
