/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of a tree as a file of a layer. Blobs come raw from the object store, or through the built-in filters (crlf,
 * ident) where attributes could ask for them; a filter that is a program (LFS) is unknown here, and its pointer stays.
 */
#include "lib/base/cleanup.h"
#include "lib/git/layer_internal.h"

#include <string.h>

#define AHEAD_BYTES ((size_t)4 << 20)

int blob_source_open(struct blob_source *source, struct repo *repo, bool own_odb, bool filters, struct err *err)
{
        _cleanup_free_ char *objects = xasprintf("%s/objects", repo_commondir(repo));

        *source = (struct blob_source){.repo = repo, .symlinks = repo_config_bool(repo, "core.symlinks", true)};
        if (own_odb && git_odb_open(&source->odb, objects) < 0)
                return git_fail(err, "cannot open %s", objects);
        if (filters && attributes_open(repo, repo->odb, &source->attributes, err) < 0)
                return -1;
        return 0;
}

static void forget_ahead(struct blob_source *source)
{
        for (size_t i = 0; i < BLOB_AHEAD_MAX; i++) {
                git_odb_object_free(source->ahead[i]);
                source->ahead[i] = NULL;
        }
}

void blob_source_release(struct blob_source *source)
{
        forget_ahead(source);
        git_odb_free(source->odb);
        git_repository_free(source->attributes);
        *source = (struct blob_source){0};
}

void blob_source_read_ahead(struct blob_source *source, const struct index_item *items, size_t len)
{
        size_t bytes = 0;

        forget_ahead(source);
        source->ahead_of = items;
        if (source->attributes)
                return;
        for (size_t i = 0; i < len && i < BLOB_AHEAD_MAX && bytes < AHEAD_BYTES; i++)
                if (items[i].mode != 0160000 && git_odb_read(&source->ahead[i], source->odb, &items[i].id) == 0)
                        bytes += git_odb_object_size(source->ahead[i]);
}

static git_odb_object *take_ahead(struct blob_source *source, const struct index_item *item)
{
        size_t at = source->ahead_of ? (size_t)(item - source->ahead_of) : BLOB_AHEAD_MAX;
        git_odb_object *object = at < BLOB_AHEAD_MAX ? source->ahead[at] : NULL;

        if (object)
                source->ahead[at] = NULL;
        return object;
}

static int put_bytes(const struct blob_source *source, const struct build *build, int dirfd, const char *name,
                     struct index_item *item, const void *data, size_t len, struct err *err)
{
        item->size = (uint32_t)len;
        item->mtime = build->mtime;
        if (item->mode == 0120000 && source->symlinks)
                return build_symlink(build, dirfd, name, data, len, err);
        return build_file(build, dirfd, name, data, len, item->mode == 0100755 ? 0755 : 0644, err);
}

static int put_filtered(struct blob_source *source, const struct build *build, int dirfd, const char *name,
                        struct index_item *item, struct err *err)
{
        git_filter_list *filters = NULL;
        git_buf out = {0};
        git_blob *blob = NULL;
        int result = -1;

        if (git_blob_lookup(&blob, source->attributes, &item->id) < 0) {
                git_fail(err, "cannot read %s", item->path);
                goto out;
        }
        if (git_filter_list_load(&filters, source->attributes, blob, item->path, GIT_FILTER_TO_WORKTREE,
                                 GIT_FILTER_DEFAULT) < 0 ||
            (filters && git_filter_list_apply_to_blob(&out, filters, blob) < 0)) {
                git_fail(err, "cannot filter %s", item->path);
                goto out;
        }
        if (filters)
                result = put_bytes(source, build, dirfd, name, item, out.ptr, out.size, err);
        else
                result = put_bytes(source, build, dirfd, name, item, git_blob_rawcontent(blob),
                                   (size_t)git_blob_rawsize(blob), err);
out:
        git_filter_list_free(filters);
        git_buf_dispose(&out);
        git_blob_free(blob);
        return result;
}

int blob_put(struct blob_source *source, const struct build *build, int dirfd, const char *name,
             struct index_item *item, struct err *err)
{
        _cleanup_odb_object_ git_odb_object *object = take_ahead(source, item);

        if (source->attributes && item->mode != 0120000)
                return put_filtered(source, build, dirfd, name, item, err);
        /* What only the repository's own handle sees (a quarantine) is not in this thread's store. */
        if (!object && (!source->odb || git_odb_read(&object, source->odb, &item->id) < 0) &&
            git_odb_read(&object, source->repo->odb, &item->id) < 0)
                return git_fail(err, "cannot read %s", item->path);
        if (git_odb_object_type(object) != GIT_OBJECT_BLOB)
                return err_set(err, ERR_INPUT, "%s is not a blob in the object store", item->path);
        return put_bytes(source, build, dirfd, name, item, git_odb_object_data(object), git_odb_object_size(object),
                         err);
}
