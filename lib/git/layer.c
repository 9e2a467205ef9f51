/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which layers a tree needs: the stack that is there, else a delta on the nearest stack that is, else a new base. The
 * nearest is looked for among the last few of the same family; how near, the pruned walk over both trees says, and it
 * gives up as soon as a delta would not be worth it.
 */
#include "lib/git/layer.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/layer_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECENT_MAX 8    /* stacks that are looked at for the nearest */
#define DELTA_FREE 1000 /* a delta of so few changes is always worth it */
#define DELTA_SHARE 8   /* else of at most one in so many files */

void layer_stack_release(struct layer_stack *stack)
{
        strv_release(&stack->dirs);
        while (stack->lock_count)
                close(stack->locks[--stack->lock_count]);
        *stack = LAYER_STACK_INIT;
}

/* The family's latest stacks, latest first; only a hint, so a lost update costs one rebuild at most. */

static void recent_name(const struct cache *cache, char ret[LAYER_KEY + 8])
{
        snprintf(ret, LAYER_KEY + 8, ".near-%s", cache->family);
}

static void recent_read(const struct cache *cache, struct strv *ret)
{
        struct err ignored = ERR_INIT;
        _cleanup_str_ struct str text = {0};
        _cleanup_free_ char *copy = NULL;
        char name[LAYER_KEY + 8], *rest, *line;

        recent_name(cache, name);
        if (fs_read_at(cache->fd, name, (RECENT_MAX + 1) * LAYER_KEY, &text, &ignored) < 0)
                return;
        copy = xstrdup(str_text(&text));
        rest = copy;
        while ((line = strsep(&rest, "\n"))) {
                if (*line)
                        strv_add(ret, line);
        }
}

static void recent_note(const struct cache *cache, const char *key)
{
        struct err ignored = ERR_INIT;
        _cleanup_strv_ struct strv keys = {0};
        _cleanup_str_ struct str text = {0};
        char name[LAYER_KEY + 8];

        recent_read(cache, &keys);
        recent_name(cache, name);
        str_printf(&text, "%s\n", key);
        for (size_t i = 0, kept = 1; i < keys.len && kept < RECENT_MAX; i++) {
                if (strcmp(keys.items[i], key) == 0)
                        continue;
                str_printf(&text, "%s\n", keys.items[i]);
                kept++;
        }
        fs_write_at(cache->fd, name, text.data, text.len, 0600, &ignored);
}

/* What a layer is built on. */
struct plan {
        struct chain parent; /* empty: a new base */
        struct delta delta;
};

static void plan_release(struct plan *plan)
{
        chain_release(&plan->parent);
        delta_release(&plan->delta);
}

/* A chain that is full is folded: the new delta holds all that differs from its base layer. */
static void chain_fold(struct chain *chain)
{
        size_t base = chain->len - 1;

        if (chain->len <= LAYER_DELTAS_MAX)
                return;
        for (size_t i = 0; i < base; i++)
                close(chain->locks[i]);
        memmove(chain->keys[0], chain->keys[base], LAYER_KEY);
        chain->markers[0] = chain->markers[base];
        chain->locks[0] = chain->locks[base];
        chain->len = 1;
}

/* Takes the stack `key` as the parent where it is nearer than what the plan has. */
static int plan_consider(struct plan *plan, struct repo *repo, const struct cache *cache, const char *key,
                         const char *tree, bool always, struct err *err)
{
        _cleanup_chain_ struct chain chain = {.len = 0};
        _cleanup_delta_ struct delta delta = {0};
        size_t share, limit;

        if (!chain_open(cache, key, NULL, &chain))
                return 0;
        chain_fold(&chain);
        share = chain.markers[chain.len - 1].files / DELTA_SHARE;
        limit = always ? SIZE_MAX : share > DELTA_FREE ? share : DELTA_FREE;
        if (plan->parent.len && plan->delta.changes.len < limit)
                limit = plan->delta.changes.len;
        /* a candidate that was discarded left its layer, but not its tree: such a layer is nobody's parent */
        if (delta_collect(repo, chain.markers[0].tree, tree, limit, &delta, err) < 0)
                return always ? -1 : 0;
        if (delta.too_many || delta.attributes_changed)
                return 0;
        plan_release(plan);
        plan->parent = chain;
        plan->delta = delta;
        chain.len = 0;
        delta = (struct delta){0};
        return 0;
}

static int plan_build(struct plan *plan, struct repo *repo, struct build *build, const char *tree, struct err *err)
{
        git_oid id;

        if (oid_parse(tree, &id, err) < 0)
                return -1;
        if (plan->parent.len)
                return delta_build(repo, build, &plan->delta, &plan->parent, &id, err);
        return materialise(repo, build, &id, err);
}

static int stack_build(struct repo *repo, const struct cache *cache, const char *key, const char *tree,
                       struct plan *plan, const struct layer_options *options, struct chain *ret, struct err *err)
{
        _cleanup_build_ struct build build = {.lock = -1, .dir = -1, .tree = -1, .git = -1};
        int begun = build_begin(&build, cache, key, options, ret, err);

        if (begun != 0)
                return begun < 0 ? -1 : 0;
        if (plan_build(plan, repo, &build, tree, err) < 0 || build_finish(&build, err) < 0)
                return -1;
        if (!chain_open(cache, key, &plan->parent, ret))
                return err_set(err, ERR_BUSY, "the layer %.12s was removed while it was made", key);
        recent_note(cache, key);
        return 0;
}

/* `base_key` NULL: look for the nearest. */
/* A folder that cannot be written is the user's to change, and this is where it is known which one it is. */
static int name_cache(const struct layer_options *options, struct err *err)
{
        return err_wrap(err, "the cache folder %s must be writable (CUPEL_CACHE names another)", options->cache_root);
}

static bool is_of_folder(const struct err *err)
{
        return err->errnum == EACCES || err->errnum == EPERM || err->errnum == EROFS || err->errnum == ENOSPC;
}

static int stack_for(struct repo *repo, const char *tree, const char *base_key, const struct layer_options *options,
                     struct layer_stack *ret, struct err *err)
{
        _cleanup_cache_ struct cache cache = {.fd = -1};
        _cleanup_chain_ struct chain chain = {.len = 0};
        __attribute__((cleanup(plan_release))) struct plan plan = {0};
        _cleanup_strv_ struct strv candidates = {0};
        char key[LAYER_KEY];

        if (cache_open(options->cache_root, &cache, err) < 0)
                return name_cache(options, err);
        if (cache_family(&cache, repo, options, err) < 0)
                return -1;
        cache_key(&cache, tree, key);
        if (chain_open(&cache, key, NULL, &chain)) {
                chain_to_stack(&cache, &chain, ret);
                return 0;
        }
        if (base_key)
                strv_add(&candidates, base_key);
        else
                recent_read(&cache, &candidates);
        for (size_t i = 0; i < candidates.len; i++) {
                if (plan_consider(&plan, repo, &cache, candidates.items[i], tree, base_key != NULL, err) < 0)
                        return -1;
        }
        if (stack_build(repo, &cache, key, tree, &plan, options, &chain, err) < 0)
                return is_of_folder(err) ? name_cache(options, err) : -1;
        chain_to_stack(&cache, &chain, ret);
        ret->built = true;
        return 0;
}

int layer_prepare(struct repo *repo, const char *commit, const struct layer_options *options, struct layer_stack *ret,
                  struct err *err)
{
        char tree[GIT_HEX];

        if (repo_commit_tree(repo, commit, tree, err) < 0)
                return -1;
        if (stack_for(repo, tree, NULL, options, ret, err) < 0)
                return err_wrap(err, "cannot prepare the layers of %.12s", commit);
        return 0;
}

int layer_delta(struct repo *repo, const struct layer_stack *base, const char *new_tree,
                const struct layer_options *options, struct layer_stack *ret, struct err *err)
{
        if (stack_for(repo, new_tree, base->key, options, ret, err) < 0)
                return err_wrap(err, "cannot prepare the layers of tree %.12s", new_tree);
        return 0;
}
