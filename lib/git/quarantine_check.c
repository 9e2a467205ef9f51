/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The director's check of a candidate: from base tree and candidate tree down every folder that differs. Each tree and
 * blob met there is read with suspicion (loose_read.c) or known to the real store; each tree is parsed strictly here,
 * with no help from libgit2, which lets through modes, orders and names that git or a file system would stumble over.
 *
 * Limits count what is met by path, not by object: a few objects that refer to each other a thousand times over would
 * cost a checkout the same as the files they pretend to be.
 */
#include "lib/base/cleanup.h"
#include "lib/git/quarantine_entries.h"
#include "lib/git/quarantine_relied.h"

#include <stdlib.h>
#include <string.h>

#define LINK_BYTES_MAX ((uint64_t)4095) /* a longer symlink cannot be checked out */

static const struct quarantine_limits defaults = {.max_objects = 200000,
                                                  .max_tree_bytes = (uint64_t)16 << 20,
                                                  .max_blob_bytes = (uint64_t)1 << 30,
                                                  .max_total_bytes = (uint64_t)4 << 30,
                                                  .max_depth = 200};

/* A folder to visit: the base's side, if it is a folder there too, and the candidate's. */
struct folder {
        git_oid old_id, new_id;
        bool has_old;
        unsigned depth;
        char *path; /* with '/' at the end; "" at the top */
};

struct check {
        struct quarantine *q;
        struct quarantine_limits limits;
        struct quarantine_counts counts;
        struct folder *stack;
        size_t len, cap;
        struct relied relied;
        struct err *err;
};

static int refuse(struct check *check, const char *folder, const char *name, size_t len, const char *why)
{
        _cleanup_str_ struct str path = {0}, quoted = {0};

        str_puts(&path, folder);
        str_append(&path, name, len);
        str_put_quoted(&quoted, str_text(&path), path.len);
        return err_set(check->err, ERR_REFUSED, "%.380s: %s", str_text(&quoted), why);
}

static void push(struct check *check, const git_oid *old_id, const git_oid *new_id, unsigned depth, char *path)
{
        struct folder *folder;

        if (check->len == check->cap) {
                check->cap = check->cap ? check->cap * 2 : 32;
                check->stack = xrealloc(check->stack, check->cap * sizeof(*check->stack));
        }
        folder = &check->stack[check->len++];
        *folder = (struct folder){.new_id = *new_id, .has_old = old_id != NULL, .depth = depth, .path = path};
        if (old_id)
                folder->old_id = *old_id;
}

static int parse_tree(struct check *check, const char *path, const char *bytes, size_t len, struct entries *ret)
{
        const char *at = bytes, *end = len ? bytes + len : bytes, *why;
        size_t cap = 0;

        while (at < end) {
                struct entry entry = {.name = ""};

                at = entry_parse(at, end, &entry, &why);
                if (!at)
                        return refuse(check, path, entry.name, entry.len, why);
                if (ret->len && entry_order(&ret->items[ret->len - 1], &entry) >= 0)
                        return refuse(check, path, entry.name, entry.len,
                                      "a tree object is not sorted, or names it twice");
                if (ret->len == cap) {
                        cap = cap ? cap * 2 : 32;
                        ret->items = xrealloc(ret->items, cap * sizeof(*ret->items));
                }
                ret->items[ret->len++] = entry;
        }
        if (entries_have_twins(ret))
                return refuse(check, path, "", 0, "a tree object names a file and a folder the same");
        return 0;
}

static int count(struct check *check, const char *path, const char *name, size_t name_len, uint64_t *counter,
                 uint64_t bytes)
{
        (*counter)++;
        check->counts.bytes += bytes;
        if (check->counts.trees + check->counts.blobs > check->limits.max_objects)
                return refuse(check, path, name, name_len, "the candidate has more new objects than the limit");
        if (check->counts.bytes > check->limits.max_total_bytes)
                return refuse(check, path, name, name_len, "the candidate is larger than the limit");
        return 0;
}

/* From the real store, where it is; the header is asked before anything is inflated. 1 read, 0 absent, -1. */
static int real_header(struct check *check, const git_oid *id, git_object_t type, uint64_t max, uint64_t *ret_len)
{
        git_object_t seen;
        size_t size;

        if (!quarantine_real_has(check->q, id))
                return 0;
        if (git_odb_read_header(&size, &seen, check->q->real, id) < 0)
                return git_fail(check->err, "cannot read the repository's objects");
        if (seen != type)
                return err_set(check->err, ERR_REFUSED,
                               "an object of the candidate has another type than its entry says");
        if (size > max)
                return err_set(check->err, ERR_REFUSED, "an object of the candidate is larger than the limit");
        *ret_len = size;
        return 1;
}

static int real_tree(struct check *check, const git_oid *id, char **ret_bytes, uint64_t *ret_len)
{
        _cleanup_odb_object_ git_odb_object *object = NULL;
        int got = real_header(check, id, GIT_OBJECT_TREE, check->limits.max_tree_bytes, ret_len);

        if (got <= 0)
                return got;
        if (git_odb_read(&object, check->q->real, id) < 0)
                return git_fail(check->err, "cannot read a tree of the repository");
        *ret_len = git_odb_object_size(object);
        *ret_bytes = xmemdup(git_odb_object_data(object), *ret_len);
        return 1;
}

static int missing(struct check *check, const char *path, const char *name, size_t len)
{
        return refuse(check, path, name, len, "an object of the candidate is missing");
}

/* The candidate's side of a folder. An object that only the quarantine has is noted for the pack. */
static int fetch_tree(struct check *check, const struct folder *folder, struct entries *ret)
{
        uint64_t len = 0;
        int got = real_tree(check, &folder->new_id, &ret->bytes, &len);

        if (got > 0)
                oid_set_add(&check->relied.needed, &folder->new_id);
        if (got == 0) {
                got = quarantine_fetch(check->q, &folder->new_id, GIT_OBJECT_TREE, check->limits.max_tree_bytes,
                                       &ret->bytes, &len, check->err);
                if (got > 0)
                        oid_set_add(&check->q->fresh, &folder->new_id);
        }
        if (got < 0)
                return err_wrap(check->err, "%.200s", *folder->path ? folder->path : "the candidate's tree");
        if (got == 0 && git_oid_streq(&folder->new_id, GIT_EMPTY_TREE) != 0)
                return missing(check, folder->path, "", 0);
        if (count(check, folder->path, "", 0, &check->counts.trees, len) < 0)
                return -1;
        return parse_tree(check, folder->path, ret->bytes, len, ret);
}

static int fetch_old(struct check *check, const struct folder *folder, struct entries *ret)
{
        uint64_t len = 0;
        int got;

        if (!folder->has_old || git_oid_streq(&folder->old_id, GIT_EMPTY_TREE) == 0)
                return 0;
        oid_set_add(&check->relied.old, &folder->old_id);
        got = real_tree(check, &folder->old_id, &ret->bytes, &len);
        if (got == 0 && check->q->store) /* a base that is only expected */
                got = quarantine_fetch(check->q, &folder->old_id, GIT_OBJECT_TREE, check->limits.max_tree_bytes,
                                       &ret->bytes, &len, check->err);
        if (got == 0)
                return err_set(check->err, ERR_GIT, "a tree of the base is missing in the repository");
        return got < 0 ? -1 : parse_tree(check, folder->path, ret->bytes, len, ret);
}

static int check_blob(struct check *check, const struct folder *folder, const struct entry *entry)
{
        uint64_t len = 0, max = entry->mode == 0120000 ? LINK_BYTES_MAX : check->limits.max_blob_bytes;
        int got = real_header(check, &entry->id, GIT_OBJECT_BLOB, max, &len);

        if (got == 0 && oid_set_has(&check->q->fresh, &entry->id)) {
                size_t size;
                git_object_t type;

                if (git_odb_read_header(&size, &type, check->q->odb, &entry->id) < 0 || type != GIT_OBJECT_BLOB ||
                    size > max)
                        return refuse(check, folder->path, entry->name, entry->len, "it is not a blob of allowed size");
                return count(check, folder->path, entry->name, entry->len, &check->counts.blobs, size);
        }
        if (got > 0)
                oid_set_add(&check->relied.needed, &entry->id);
        if (got == 0) {
                got = quarantine_fetch(check->q, &entry->id, GIT_OBJECT_BLOB, max, NULL, &len, check->err);
                if (got > 0)
                        oid_set_add(&check->q->fresh, &entry->id);
        }
        if (got < 0)
                return err_wrap(check->err, "%.200s%.100s", folder->path, entry->name);
        if (got == 0)
                return missing(check, folder->path, entry->name, entry->len);
        return count(check, folder->path, entry->name, entry->len, &check->counts.blobs, len);
}

static int check_entry(struct check *check, const struct folder *folder, const struct entry *old,
                       const struct entry *entry)
{
        if (old && old->mode == entry->mode && git_oid_cmp(&old->id, &entry->id) == 0)
                return 0;
        if (entry->mode == 0160000)
                return refuse(check, folder->path, entry->name, entry->len, "a submodule was added or changed");
        if (entry->mode != 0040000 && check_blob(check, folder, entry) < 0)
                return -1;
        if (entry->mode == 0120000 && !quarantine_has_link(check->q, &entry->id))
                return refuse(check, folder->path, entry->name, entry->len, "it is a symbolic link to nothing");
        if (entry->mode != 0040000)
                return 0;
        if (folder->depth + 1 > check->limits.max_depth)
                return refuse(check, folder->path, entry->name, entry->len, "folders are nested deeper than the limit");
        if (strlen(folder->path) + entry->len > TREE_PATH_MAX)
                return refuse(check, folder->path, entry->name, entry->len, "its path is longer than the limit");
        push(check, old ? &old->id : NULL, &entry->id, folder->depth + 1,
             xasprintf("%s%.*s/", folder->path, (int)entry->len, entry->name));
        return 0;
}

/* What the base has there and the candidate does not. */
static void note_gone(struct check *check, const struct entry *old)
{
        if (old->mode == 0040000)
                oid_set_add(&check->relied.gone, &old->id);
}

static int check_folder(struct check *check, const struct folder *folder)
{
        _cleanup_entries_ struct entries old_list = {0}, new_list = {0};
        size_t at = 0;

        if (fetch_tree(check, folder, &new_list) < 0 || fetch_old(check, folder, &old_list) < 0)
                return -1;
        if (!new_list.len && folder->depth)
                return refuse(check, folder->path, "", 0, "a folder is empty, which git never records");
        for (size_t i = 0; i < new_list.len; i++) {
                const struct entry *entry = &new_list.items[i], *old = NULL;

                while (at < old_list.len && entry_order(&old_list.items[at], entry) < 0)
                        note_gone(check, &old_list.items[at++]);
                if (at < old_list.len && entry_order(&old_list.items[at], entry) == 0)
                        old = &old_list.items[at++];
                if (check_entry(check, folder, old, entry) < 0)
                        return -1;
        }
        while (at < old_list.len)
                note_gone(check, &old_list.items[at++]);
        return 0;
}

static void set_limits(struct check *check, const struct quarantine_limits *limits)
{
        check->limits = limits ? *limits : defaults;
#define DEFAULT(field)                                                                                                 \
        if (!check->limits.field)                                                                                      \
        check->limits.field = defaults.field
        DEFAULT(max_objects);
        DEFAULT(max_tree_bytes);
        DEFAULT(max_blob_bytes);
        DEFAULT(max_total_bytes);
        DEFAULT(max_depth);
#undef DEFAULT
}

static int check_all(struct check *check)
{
        int result = 0;

        while (check->len && result == 0) {
                struct folder folder = check->stack[--check->len];

                result = check_folder(check, &folder);
                free(folder.path);
        }
        while (check->len)
                free(check->stack[--check->len].path);
        free(check->stack);
        if (result == 0)
                result = relied_keep(check->q, &check->relied, check->err);
        relied_release(&check->relied);
        return result;
}

int quarantine_check(struct quarantine *q, const char *base_tree, const char *candidate_tree,
                     const struct quarantine_limits *limits, struct quarantine_counts *ret, struct err *err)
{
        struct check check = {.q = q, .err = err};
        git_oid base, candidate;

        if (oid_parse(base_tree, &base, err) < 0 || oid_parse(candidate_tree, &candidate, err) < 0)
                return -1;
        set_limits(&check, limits);
        if (git_odb_refresh(q->real) < 0) /* what a concurrent repack moved must not look missing */
                return git_fail(err, "cannot read the repository's objects");
        if (git_oid_cmp(&base, &candidate) != 0)
                push(&check, &base, &candidate, 0, xstrdup(""));
        if (check_all(&check) < 0)
                return -1;
        if (ret)
                *ret = check.counts;
        return 0;
}
