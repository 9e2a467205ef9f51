/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A base layer: the tree is listed once in the order of an index, folders are made, then threads fill them, each taking
 * the next share of files and reading from an object store of its own. At the end the shared index is written from the
 * same list, the tiny split index over it, and the rest of the throw-away .git.
 *
 * Nearly all of the time is the kernel's, making files. Threads in one folder wait for its lock: so a share of work ends
 * where a folder ends. What a share's files hold is read by one thread at a time, while others write.
 *
 * Any failure ends all threads at their next step and removes the layer (build_release).
 */
#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/git/index_tree.h"
#include "lib/git/layer_internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHARE_MIN 48             /* files that a thread takes at a time: on to the end of their folder, */
#define SHARE_MAX BLOB_AHEAD_MAX /* up to so many */
#define THREADS_MAX 32
#define BLOCK 4096

struct listing {
        struct index_list files;    /* gitlinks included */
        struct strv folders;        /* [0] is the root, "." */
        struct index_folder *trees; /* of the same folders */
        size_t trees_cap;
        uint32_t open[TREE_DEPTH_MAX + 1]; /* the folders that the walk is in, by number */
        size_t open_len[TREE_DEPTH_MAX + 1];
        size_t depth;
        struct index_list attributes; /* .gitattributes */
};

static void listing_release(struct listing *listing)
{
        index_list_release(&listing->files);
        strv_release(&listing->folders);
        index_list_release(&listing->attributes);
        free(listing->trees);
}

static void list_folder(struct listing *listing, const char *path, const git_oid *id)
{
        strv_add(&listing->folders, path);
        if (listing->folders.len > listing->trees_cap) {
                listing->trees_cap = listing->trees_cap ? listing->trees_cap * 2 : 64;
                listing->trees = xrealloc(listing->trees, listing->trees_cap * sizeof(*listing->trees));
        }
        listing->trees[listing->folders.len - 1] =
                (struct index_folder){.parent = listing->open[listing->depth], .id = *id};
}

static enum tree_step list_entry(void *data, const char *path, size_t len, const struct tree_entry *entry,
                                 struct err *err)
{
        struct listing *listing = data;
        struct index_item *item;
        size_t parent = len - entry->name_len; /* length of the parent's path with its '/' */

        (void)err;
        while (listing->open_len[listing->depth] > parent)
                listing->depth--;
        if (tree_entry_is_tree(entry)) {
                list_folder(listing, path, &entry->id);
                listing->depth++;
                listing->open[listing->depth] = (uint32_t)(listing->folders.len - 1);
                listing->open_len[listing->depth] = len + 1;
                return TREE_GO;
        }
        item = index_list_add(&listing->files, path, len);
        item->mode = entry->mode;
        item->id = entry->id;
        item->folder = listing->open[listing->depth];
        listing->trees[item->folder].entries++;
        if (entry->name_len == 14 && memcmp(entry->name, ".gitattributes", 14) == 0 && entry->mode != 0120000)
                index_list_add(&listing->attributes, path, len)->id = entry->id;
        return TREE_GO;
}

/* The threads */

struct crew {
        struct repo *repo;
        struct build *build;
        struct listing *listing;
        bool filters;
        size_t *shares; /* where each begins in the list; one more at the end */
        size_t share_count;
        atomic_size_t taken;
        atomic_bool failed;
        atomic_uint_fast64_t bytes;
        pthread_mutex_t reading; /* the object stores, share by share */
        pthread_mutex_t mutex;   /* err, done, and the progress callback */
        struct err err;
        uint64_t done;
};

static void crew_fail(struct crew *crew, const struct err *err)
{
        pthread_mutex_lock(&crew->mutex);
        if (!atomic_exchange(&crew->failed, true))
                crew->err = *err;
        pthread_mutex_unlock(&crew->mutex);
}

static int crew_progress(struct crew *crew, size_t files, struct err *err)
{
        const struct layer_options *options = crew->build->options;
        bool go_on = true;

        pthread_mutex_lock(&crew->mutex);
        crew->done += files;
        if (options->progress)
                go_on = options->progress(options->progress_data, crew->done, crew->listing->files.len);
        pthread_mutex_unlock(&crew->mutex);
        return go_on ? 0 : err_set(err, ERR_BUSY, "given up before all files were written");
}

struct place {
        int fd; /* the folder of the last file */
        uint32_t folder;
};

static int place_enter(struct crew *crew, struct place *place, uint32_t folder, struct err *err)
{
        const char *path = crew->listing->folders.items[folder];

        if (place->fd >= 0 && place->folder == folder)
                return 0;
        cleanup_fd(&place->fd);
        place->fd = openat(crew->build->tree, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        place->folder = folder;
        return place->fd < 0 ? err_errno(err, "cannot open the folder %s", path) : 0;
}

static int fill_one(struct crew *crew, struct blob_source *source, struct place *place, struct index_item *item,
                    struct err *err)
{
        const char *slash = strrchr(item->path, '/');

        if (place_enter(crew, place, item->folder, err) < 0)
                return -1;
        if (item->mode == 0160000) {
                item->mtime = crew->build->mtime;
                return build_folder(crew->build, place->fd, slash ? slash + 1 : item->path, err);
        }
        if (blob_put(source, crew->build, place->fd, slash ? slash + 1 : item->path, item, err) < 0)
                return err_wrap(err, "%.200s", item->path);
        atomic_fetch_add(&crew->bytes, ((uint64_t)item->size + BLOCK - 1) / BLOCK * BLOCK);
        return 0;
}

static int source_for(struct crew *crew, struct blob_source *source, struct err *err)
{
        const struct index_list *attributes = &crew->listing->attributes;

        if (blob_source_open(source, crew->repo, true, crew->filters, err) < 0)
                return -1;
        for (size_t i = 0; crew->filters && i < attributes->len; i++) {
                if (attributes_add(source->attributes, attributes->items[i].path, &attributes->items[i].id, err) < 0)
                        return -1;
        }
        return 0;
}

static void crew_release(struct crew *crew)
{
        free(crew->shares);
}

static void crew_share_out(struct crew *crew)
{
        const struct index_list *files = &crew->listing->files;
        size_t from = 0;

        crew->shares = xcalloc(files->len / SHARE_MIN + 2, sizeof(*crew->shares));
        for (size_t i = 1; i < files->len; i++) {
                bool ends = files->items[i].folder != files->items[i - 1].folder;

                if (i - from >= SHARE_MAX || (ends && i - from >= SHARE_MIN))
                        crew->shares[++crew->share_count] = from = i;
        }
        if (files->len)
                crew->shares[++crew->share_count] = files->len;
}

static void *fill(void *data)
{
        struct crew *crew = data;
        struct index_list *files = &crew->listing->files;
        struct blob_source source = {0};
        struct place place = {.fd = -1};
        struct err err = ERR_INIT;
        int result = source_for(crew, &source, &err);

        while (result == 0 && !atomic_load(&crew->failed)) {
                size_t share = atomic_fetch_add(&crew->taken, 1), from, to;

                if (share >= crew->share_count)
                        break;
                from = crew->shares[share];
                to = crew->shares[share + 1];
                pthread_mutex_lock(&crew->reading);
                blob_source_read_ahead(&source, &files->items[from], to - from);
                pthread_mutex_unlock(&crew->reading);
                for (size_t i = from; i < to && result == 0; i++)
                        result = fill_one(crew, &source, &place, &files->items[i], &err);
                if (result == 0)
                        result = crew_progress(crew, to - from, &err);
        }
        if (result < 0)
                crew_fail(crew, &err);
        cleanup_fd(&place.fd);
        blob_source_release(&source);
        return NULL;
}

static int fill_all(struct crew *crew, struct err *err)
{
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        size_t wanted = crew->build->options->threads ? crew->build->options->threads
                        : processors > 0              ? (size_t)processors
                                                      : 1;
        size_t useful = crew->share_count ? crew->share_count : 1, started = 0;
        pthread_t threads[THREADS_MAX];

        /* As git does, what our own store says is taken at its word: hashing it again would cost a tenth of the whole. */
        git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
        wanted = wanted < useful ? wanted : useful;
        wanted = wanted < THREADS_MAX ? wanted : THREADS_MAX;
        while (started + 1 < wanted && pthread_create(&threads[started], NULL, fill, crew) == 0)
                started++;
        fill(crew);
        while (started)
                pthread_join(threads[--started], NULL);
        git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
        if (!atomic_load(&crew->failed))
                return 0;
        *err = crew->err;
        return -1;
}

/* The throw-away .git */

static void put_config(struct repo *repo, struct str *text)
{
        static const char *const copied[][2] = {{"core.autocrlf", "autocrlf"},
                                                {"core.eol", "eol"},
                                                {"core.symlinks", "symlinks"},
                                                {"core.filemode", "fileMode"}};

        str_puts(text, "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tlogAllRefUpdates = true\n"
                       "\tcheckStat = minimal\n\ttrustctime = false\n\tfsmonitor = false\n\tuntrackedCache = false\n");
        for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
                _cleanup_free_ char *value = repo_config_str(repo, copied[i][0]);

                /* Only words: the file is ours, its syntax stays ours. */
                if (value && *value &&
                    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(value))
                        str_printf(text, "\t%s = %s\n", copied[i][1], value);
        }
        str_puts(text, "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[commit]\n\tgpgSign = false\n[tag]\n\tgpgSign "
                       "= false\n"
                       "[user]\n\tname = cupel agent\n\temail = agent@cupel.invalid\n");
}

static int put_git_folder(struct repo *repo, const struct build *build, struct err *err)
{
        static const char *const folders[] = {"objects",    "objects/info", "objects/pack", "refs",
                                              "refs/heads", "refs/tags",    "hooks",        "info"};
        _cleanup_str_ struct str config = {0}, alternates = {0};
        _cleanup_strv_ struct strv stores = {0};

        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
                if (build_folder(build, build->git, folders[i], err) < 0)
                        return -1;
        }
        if (repo_object_dirs(repo, &stores, err) < 0)
                return -1;
        for (size_t i = 0; i < stores.len; i++)
                str_printf(&alternates, "%s/%zu\n", build->options->objects_mount, i);
        put_config(repo, &config);
        if (build_file(build, build->git, "objects/info/alternates", str_text(&alternates), alternates.len, 0644, err) <
            0)
                return -1;
        return build_file(build, build->git, "config", config.data, config.len, 0644, err);
}

static int put_index(const struct build *build, struct listing *listing, struct err *err)
{
        _cleanup_str_ struct str shared = {0}, positions = {0}, all = {0}, upper = {0}, split = {0};
        struct index_shared empty = {.count = 0};
        const struct index_list nothing = {0};
        char hex[GIT_HEX], name[64];

        for (size_t i = 0; i < listing->folders.len; i++)
                listing->trees[i].path = i ? listing->folders.items[i] : "";
        index_tree_write(listing->trees, listing->folders.len, &all, &upper);
        index_write_shared(&listing->files, &shared, &positions, empty.id);
        hex_encode(empty.id, sizeof(empty.id), hex);
        snprintf(name, sizeof(name), "sharedindex.%s", hex);
        if (index_write_split(&empty, &nothing, &all, &split, err) < 0 ||
            build_file(build, build->git, name, shared.data, shared.len, 0644, err) < 0 ||
            build_file(build, build->dir, "positions", str_text(&positions), positions.len, 0644, err) < 0 ||
            build_file(build, build->dir, "trees", upper.data, upper.len, 0644, err) < 0 ||
            build_file(build, build->dir, "shared", hex, strlen(hex), 0644, err) < 0)
                return -1;
        if (build_file(build, build->git, "index", split.data, split.len, 0644, err) < 0)
                return -1;
        /* The index must be younger than its entries (see MTIME_BEHIND). */
        return utimensat(build->git, "index", NULL, 0) < 0 ? err_errno(err, "cannot date the index") : 0;
}

int materialise(struct repo *repo, struct build *build, const git_oid *tree, struct err *err)
{
        __attribute__((cleanup(listing_release))) struct listing listing = {.depth = 0};
        __attribute__((cleanup(crew_release))) struct crew crew = {.repo = repo,
                                                                   .build = build,
                                                                   .listing = &listing,
                                                                   .reading = PTHREAD_MUTEX_INITIALIZER,
                                                                   .mutex = PTHREAD_MUTEX_INITIALIZER,
                                                                   .err = ERR_INIT};

        list_folder(&listing, ".", tree);
        if (tree_walk(repo->odb, tree, list_entry, &listing, err) < 0)
                return -1;
        for (size_t i = 1; i < listing.folders.len; i++) {
                if (build_folder(build, build->tree, listing.folders.items[i], err) < 0)
                        return -1;
        }
        crew.filters = listing.attributes.len || attributes_configured(repo);
        crew_share_out(&crew);
        if (fill_all(&crew, err) < 0 || put_git_folder(repo, build, err) < 0 || put_index(build, &listing, err) < 0)
                return -1;
        oid_hex(tree, build->marker.tree);
        build->marker.files = listing.files.len;
        build->marker.bytes = atomic_load(&crew.bytes) + listing.folders.len * BLOCK + listing.files.len * 80;
        return 0;
}
