/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of layers: markers, locks, chains. A layer is used only under a shared lock on its lock file and only where
 * its marker holds; the lock file's modification time says when it was last used.
 */
#include "lib/base/canonical.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"
#include "lib/git/layer_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#define MARKER_BYTES 4096
#define FIELD_BYTES (1 << 20) /* info/attributes */

int cache_open(const char *cache_root, struct cache *ret, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/layers", cache_root);
        _cleanup_str_ struct str boot = {0};
        struct cache cache = {.fd = -1};

        if (fs_mkdir_spread(path, 0700, err) < 0)
                return -1;
        if (fs_read_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", LAYER_BOOT, &boot, err) < 0)
                return -1;
        snprintf(cache.boot, sizeof(cache.boot), "%.36s", str_text(&boot));
        cache.fd = fs_open_dir(path, err);
        if (cache.fd < 0)
                return -1;
        cache.path = realpath(path, NULL);
        if (!cache.path) {
                err_errno(err, "cannot resolve %s", path);
                cache_release(&cache);
                return -1;
        }
        *ret = cache;
        return 0;
}

void cache_release(struct cache *cache)
{
        cleanup_fd(&cache->fd);
        free(cache->path);
        *cache = (struct cache){.fd = -1};
}

static void field_text(struct hash *hash, const char *text)
{
        hash_field(hash, text ? text : "", text ? strlen(text) + 1 : 0);
}

int cache_family(struct cache *cache, struct repo *repo, const struct layer_options *options, struct err *err)
{
        static const char *const keys[] = {"core.autocrlf", "core.eol", "core.symlinks", "core.filemode",
                                           "core.attributesfile"};
        _cleanup_free_ char *attributes = xasprintf("%s/info/attributes", repo_commondir(repo));
        _cleanup_str_ struct str bytes = {0};
        _cleanup_strv_ struct strv stores = {0};
        struct hash hash;
        char owner[96];

        if (repo_object_dirs(repo, &stores, err) < 0)
                return -1;
        if (access(attributes, F_OK) == 0 && fs_read_at(AT_FDCWD, attributes, FIELD_BYTES, &bytes, err) < 0)
                return -1;
        snprintf(owner, sizeof(owner), "%u:%u:%zu", options->uid, options->gid, stores.len);
        hash_init(&hash);
        field_text(&hash, LAYER_FORMAT);
        field_text(&hash, repo_commondir(repo));
        field_text(&hash, owner);
        field_text(&hash, options->objects_mount);
        hash_field(&hash, str_text(&bytes), bytes.len);
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
                _cleanup_free_ char *value = repo_config_str(repo, keys[i]);

                field_text(&hash, value);
        }
        hash_final(&hash, cache->family);
        return 0;
}

void cache_key(const struct cache *cache, const char *tree, char ret_key[LAYER_KEY])
{
        struct hash hash;

        hash_init(&hash);
        field_text(&hash, cache->family);
        field_text(&hash, tree);
        hash_final(&hash, ret_key);
}

/* Markers */

/* A text of less than `size` bytes; "" where it is not there and need not be. */
static bool take_text(const struct canonical *object, const char *name, bool required, char *ret, size_t size)
{
        const struct canonical_member *member = canonical_get(object, name);

        ret[0] = '\0';
        if (!member)
                return !required;
        if (member->kind != CANONICAL_STRING || member->len >= size)
                return false;
        memcpy(ret, member->text, member->len);
        ret[member->len] = '\0';
        return true;
}

/* What ends the number ends its member. */
static bool take_number(const struct canonical *object, const char *name, uint64_t *ret)
{
        const struct canonical_member *member = canonical_get(object, name);

        if (!member || member->kind != CANONICAL_INTEGER || member->text[0] == '-')
                return false;
        *ret = strtoull(member->text, NULL, 10);
        return true;
}

static bool take_bool(const struct canonical *object, const char *name, bool *ret)
{
        const struct canonical_member *member = canonical_get(object, name);

        *ret = member && member->kind == CANONICAL_BOOL && member->text[0] == 't';
        return member && member->kind == CANONICAL_BOOL;
}

/* A stack has up to LAYER_DELTAS_MAX of them, each run reads them all, and they are as marker_write() wrote them or damaged. */
static int marker_parse(const struct str *text, struct layer_marker *ret)
{
        struct layer_marker marker;
        struct canonical object;
        char format[sizeof(LAYER_FORMAT)], created[CLOCK_RFC3339];

        if (!canonical_read(str_text(text), text->len, &object) || object.escapes ||
            !take_text(&object, "format", true, format, sizeof(format)) || strcmp(format, LAYER_FORMAT) != 0 ||
            !take_text(&object, "tree", true, marker.tree, sizeof(marker.tree)) ||
            !take_text(&object, "parent", false, marker.parent, sizeof(marker.parent)) ||
            !take_text(&object, "boot", true, marker.boot, sizeof(marker.boot)) ||
            !take_text(&object, "created", true, created, sizeof(created)) ||
            !take_number(&object, "bytes", &marker.bytes) || !take_number(&object, "files", &marker.files) ||
            !take_bool(&object, "synced", &marker.synced) || object.len != (marker.parent[0] ? 8 : 7))
                return -1;
        if (strlen(marker.tree) != GIT_HEX - 1 || (marker.parent[0] && strlen(marker.parent) != LAYER_KEY - 1))
                return -1;
        *ret = marker;
        return 0;
}

int marker_read(const struct cache *cache, const char *key, struct layer_marker *ret)
{
        struct err ignored = ERR_INIT;
        _cleanup_str_ struct str text = {0};
        char name[LAYER_KEY + 16];

        snprintf(name, sizeof(name), "%s/complete", key);
        if (fs_read_at(cache->fd, name, MARKER_BYTES, &text, &ignored) < 0 || marker_parse(&text, ret) < 0)
                return -1;
        return ret->synced || strcmp(ret->boot, cache->boot) == 0 ? 0 : -1;
}

int marker_write(int layer_fd, const struct layer_marker *marker, struct err *err)
{
        _cleanup_json_ struct json_t *object = json_object();
        _cleanup_free_ char *text = NULL;
        char now[CLOCK_RFC3339];

        clock_rfc3339(now);
        json_object_set_new(object, "format", json_string(LAYER_FORMAT));
        json_object_set_new(object, "tree", json_string(marker->tree));
        if (marker->parent[0])
                json_object_set_new(object, "parent", json_string(marker->parent));
        json_object_set_new(object, "boot", json_string(marker->boot));
        json_object_set_new(object, "created", json_string(now));
        json_object_set_new(object, "bytes", json_integer((json_int_t)marker->bytes));
        json_object_set_new(object, "files", json_integer((json_int_t)marker->files));
        json_object_set_new(object, "synced", json_boolean(marker->synced));
        text = json_canonical(object);
        return fs_write_at(layer_fd, "complete", text, strlen(text), 0600, err);
}

/* Locks and chains */

int lock_by_name(int dirfd, const char *name, int open_flags, int operation)
{
        for (;;) {
                _cleanup_fd_ int fd = openat(dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | open_flags, 0600);
                struct stat held, named;

                if (fd < 0 || flock(fd, operation) < 0 || fstat(fd, &held) < 0)
                        return -1;
                if (fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == held.st_ino &&
                    named.st_dev == held.st_dev)
                        return steal_fd(&fd);
                if (!(open_flags & O_CREAT) && faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                        return -1;
        }
}

static bool chain_append(struct chain *chain, struct chain *known)
{
        if (chain->len + known->len > LAYER_DELTAS_MAX + 1)
                return false;
        memcpy(chain->keys[chain->len], known->keys, known->len * sizeof(known->keys[0]));
        memcpy(&chain->markers[chain->len], known->markers, known->len * sizeof(known->markers[0]));
        memcpy(&chain->locks[chain->len], known->locks, known->len * sizeof(known->locks[0]));
        chain->len += known->len;
        known->len = 0;
        return true;
}

bool chain_open(const struct cache *cache, const char *key, struct chain *known, struct chain *ret)
{
        _cleanup_chain_ struct chain chain = {.len = 0};

        for (const char *next = key; *next; next = chain.markers[chain.len - 1].parent) {
                char name[LAYER_KEY + 8];
                int lock;

                if (known && known->len && strcmp(next, known->keys[0]) == 0) {
                        if (!chain_append(&chain, known))
                                return false;
                        break;
                }
                /* as part of a path, a key that a marker names must look like one */
                if (chain.len == LAYER_DELTAS_MAX + 1 || !hex_is(next, LAYER_KEY))
                        return false;
                snprintf(name, sizeof(name), "%s/lock", next);
                lock = lock_by_name(cache->fd, name, 0, LOCK_SH);
                if (lock < 0)
                        return false;
                chain.locks[chain.len] = lock;
                snprintf(chain.keys[chain.len], LAYER_KEY, "%s", next);
                chain.len++;
                if (marker_read(cache, next, &chain.markers[chain.len - 1]) < 0)
                        return false;
                futimens(lock, NULL);
        }
        *ret = chain;
        chain.len = 0;
        return true;
}

void chain_release(struct chain *chain)
{
        while (chain->len)
                close(chain->locks[--chain->len]);
}

void chain_to_stack(const struct cache *cache, struct chain *chain, struct layer_stack *ret)
{
        *ret = LAYER_STACK_INIT;
        snprintf(ret->key, sizeof(ret->key), "%s", chain->keys[0]);
        snprintf(ret->tree, sizeof(ret->tree), "%s", chain->markers[0].tree);
        for (size_t i = 0; i < chain->len; i++) {
                strv_add_printf(&ret->dirs, "%s/%s/tree", cache->path, chain->keys[i]);
                ret->locks[ret->lock_count++] = chain->locks[i];
        }
        chain->len = 0;
}
