/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emptying the cache. In turn: what a crash left half-built, layers whose marker does not hold, then by age and by size
 * the least recently used; a delta goes before the layer below it, which was used as recently. Whoever mounts a layer
 * holds its lock, and a locked layer stays. Those that remain are synced, and their markers say so.
 *
 * A layer is first renamed under its exclusive lock, then removed: nobody finds a half-removed one. A dry run tries the
 * same locks and goes the same way, without making, renaming or removing anything.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/git/layer_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define ENTRIES_MAX ((size_t)1000000) /* of a tree that is measured */

struct found {
        char key[LAYER_KEY];
        struct layer_marker marker;
        bool valid, removed;
        time_t used;
        long used_nsec;
        uint64_t bytes;
};

struct sweep {
        const struct layer_gc *gc;
        struct cache cache;
        struct found *items;
        size_t len, left; /* found; not removed */
        uint64_t bytes;
        struct strv leftovers; /* .tmp-, .gone-, .build- */
        bool leftovers_only;
};

static void sweep_release(struct sweep *sweep)
{
        cache_release(&sweep->cache);
        free(sweep->items);
        strv_release(&sweep->leftovers);
}

static void sweep_add(struct sweep *sweep, const char *key)
{
        struct found found = {.bytes = 0};
        char lock[LAYER_KEY + 8];
        struct stat status;

        snprintf(found.key, sizeof(found.key), "%.64s", key);
        snprintf(lock, sizeof(lock), "%.64s/lock", key);
        found.valid = marker_read(&sweep->cache, key, &found.marker) == 0;
        /* without a marker that holds nobody knows; it goes anyway, so looking costs little more */
        found.bytes = found.valid ? found.marker.bytes : fs_tree_bytes(sweep->cache.fd, key, ENTRIES_MAX);
        if (fstatat(sweep->cache.fd, lock, &status, AT_SYMLINK_NOFOLLOW) == 0) {
                found.used = status.st_mtim.tv_sec;
                found.used_nsec = status.st_mtim.tv_nsec;
        }
        sweep->items = xrealloc(sweep->items, (sweep->len + 1) * sizeof(*sweep->items));
        sweep->items[sweep->len++] = found;
        sweep->left++;
        sweep->bytes += found.bytes;
}

static int sweep_list(struct sweep *sweep, struct err *err)
{
        _cleanup_dir_ DIR *folder = fs_list(openat(sweep->cache.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const struct dirent *entry;

        if (!folder)
                return err_errno(err, "cannot list %s", sweep->cache.path);
        while ((entry = fs_list_next(folder))) {
                const char *name = entry->d_name;

                if (strlen(name) == LAYER_KEY - 1 && name[0] != '.' && !sweep->leftovers_only)
                        sweep_add(sweep, name);
                else if (strncmp(name, ".tmp-", 5) == 0 || strncmp(name, ".gone-", 6) == 0 ||
                         strncmp(name, ".build-", 7) == 0)
                        strv_add(&sweep->leftovers, name);
        }
        return errno ? err_errno(err, "cannot list %s", sweep->cache.path) : 0;
}

static void tell(const struct sweep *sweep, const char *key, const char *reason, uint64_t bytes)
{
        const struct layer_gc_report removed = {key, reason, bytes};

        if (sweep->gc->report)
                sweep->gc->report(sweep->gc->data, &removed);
}

/* Is it nobody's now? `ret_lock` keeps it so; it stays -1 in a dry run where there is none to take. */
static bool take_lock(const struct sweep *sweep, const char *name, int *ret_lock)
{
        *ret_lock = lock_by_name(sweep->cache.fd, name, sweep->gc->dry_run ? 0 : O_CREAT, LOCK_EX | LOCK_NB);
        return *ret_lock >= 0 || (sweep->gc->dry_run && errno == ENOENT);
}

/*
 * A builder holds its build lock for as long as its folder is unfinished. The list of recent layers has no lock: who writes it loses
 * that writing, and nothing else, where its half-written file is taken for a dead one's.
 */
static int remove_leftovers(struct sweep *sweep, struct err *err)
{
        if (!sweep->gc->dry_run)
                fs_sweep_unwritten(sweep->cache.fd);
        for (size_t i = 0; i < sweep->leftovers.len; i++) {
                const char *name = sweep->leftovers.items[i], *key = strchr(name, '-') + 1;
                _cleanup_free_ char *lock_name = xasprintf(".build-%s", key);
                _cleanup_fd_ int lock = -1;
                uint64_t bytes;

                if (!take_lock(sweep, lock_name, &lock))
                        continue;
                if (strcmp(name, lock_name) != 0) {
                        bytes = fs_tree_bytes(sweep->cache.fd, name, ENTRIES_MAX);
                        if (!sweep->gc->dry_run && fs_remove_tree_at(sweep->cache.fd, name, err) < 0)
                                return -1;
                        tell(sweep, key, "unfinished", bytes);
                }
                if (!sweep->gc->dry_run)
                        unlinkat(sweep->cache.fd, lock_name, 0);
        }
        return 0;
}

/* 1 removed, 0 it was gone already, -1 error. */
static int put_away(const struct sweep *sweep, const struct found *found, struct err *err)
{
        char gone[LAYER_KEY + 8];

        if (sweep->gc->dry_run)
                return 1;
        snprintf(gone, sizeof(gone), ".gone-%s", found->key);
        if (renameat(sweep->cache.fd, found->key, sweep->cache.fd, gone) < 0)
                return errno == ENOENT ? 0 : err_errno(err, "cannot set aside the layer %s", found->key);
        return fs_remove_tree_at(sweep->cache.fd, gone, err) < 0 ? -1 : 1;
}

static int remove_layer(struct sweep *sweep, struct found *found, const char *reason, struct err *err)
{
        char name[LAYER_KEY + 8];
        _cleanup_fd_ int lock = -1;
        int removed;

        snprintf(name, sizeof(name), "%s/lock", found->key);
        if (!take_lock(sweep, name, &lock))
                return 0;
        removed = put_away(sweep, found, err);
        if (removed <= 0)
                return removed;
        found->removed = true;
        sweep->bytes -= found->bytes;
        sweep->left--;
        tell(sweep, found->key, reason, found->bytes);
        return 0;
}

/* Least recently used first; of a stack, which is used as one, the upper layers first. */
static int compare_use(const void *a, const void *b)
{
        const struct found *left = a, *right = b;

        if (left->used != right->used)
                return left->used < right->used ? -1 : 1;
        return (left->marker.parent[0] == '\0') - (right->marker.parent[0] == '\0');
}

static bool stands(const struct sweep *sweep, const char *key)
{
        for (size_t i = 0; i < sweep->len; i++) {
                if (strcmp(sweep->items[i].key, key) == 0)
                        return sweep->items[i].valid && !sweep->items[i].removed;
        }
        return false;
}

/* What lost the layer below it; again and again, since its own children lose it in turn. */
static int remove_orphans(struct sweep *sweep, struct err *err)
{
        bool again = true;

        while (again) {
                again = false;
                for (size_t i = 0; i < sweep->len; i++) {
                        struct found *found = &sweep->items[i];

                        if (found->removed || !found->marker.parent[0] || stands(sweep, found->marker.parent))
                                continue;
                        if (remove_layer(sweep, found, "orphan", err) < 0)
                                return -1;
                        again |= found->removed;
                }
        }
        return 0;
}

static int remove_by_use(struct sweep *sweep, struct err *err)
{
        uint64_t max_bytes = sweep->gc->max_bytes, max_age_s = sweep->gc->max_age_s;
        const uint64_t max_count = sweep->gc->max_count;
        time_t now = time(NULL);

        if (sweep->len)
                qsort(sweep->items, sweep->len, sizeof(*sweep->items), compare_use);
        for (size_t i = 0; i < sweep->len; i++) {
                struct found *found = &sweep->items[i];
                bool old = max_age_s && now > found->used && (uint64_t)(now - found->used) > max_age_s;
                bool full = max_bytes && sweep->bytes > max_bytes;
                bool many = max_count && sweep->left > max_count;
                const char *reason = !found->valid ? "stale" : old ? "age" : many ? "count" : "size";

                if ((!found->valid || old || many || full) && remove_layer(sweep, found, reason, err) < 0)
                        return -1;
        }
        return remove_orphans(sweep, err);
}

static int sync_rest(struct sweep *sweep, struct err *err)
{
        bool synced = false;

        for (size_t i = 0; i < sweep->len; i++) {
                struct found *found = &sweep->items[i];
                _cleanup_fd_ int fd = -1;

                if (found->removed || !found->valid || found->marker.synced)
                        continue;
                if (!synced && syncfs(sweep->cache.fd) < 0)
                        return err_errno(err, "cannot sync %s", sweep->cache.path);
                synced = true;
                fd = openat(sweep->cache.fd, found->key, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                found->marker.synced = true;
                if (fd >= 0 && marker_write(fd, &found->marker, err) < 0)
                        return -1;
        }
        return 0;
}

int layer_sweep(const char *cache_root, struct err *err)
{
        const struct layer_gc gc = {.cache_root = cache_root};
        __attribute__((cleanup(sweep_release))) struct sweep sweep = {
                .gc = &gc, .cache = {.fd = -1}, .leftovers_only = true};
        _cleanup_free_ char *layers = xasprintf("%s/layers", cache_root);

        if (access(layers, F_OK) < 0 && errno == ENOENT)
                return 0;
        if (cache_open(cache_root, &sweep.cache, err) < 0 || sweep_list(&sweep, err) < 0)
                return -1;
        return remove_leftovers(&sweep, err);
}

int layer_gc(const struct layer_gc *gc, struct err *err)
{
        __attribute__((cleanup(sweep_release))) struct sweep sweep = {.gc = gc, .cache = {.fd = -1}};
        _cleanup_free_ char *layers = xasprintf("%s/layers", gc->cache_root);

        if (access(layers, F_OK) < 0 && errno == ENOENT)
                return 0;
        if (cache_open(gc->cache_root, &sweep.cache, err) < 0 || sweep_list(&sweep, err) < 0)
                return -1;
        if (remove_leftovers(&sweep, err) < 0 || remove_by_use(&sweep, err) < 0)
                return -1;
        return gc->dry_run ? 0 : sync_rest(&sweep, err);
}
