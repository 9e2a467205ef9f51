/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One child after the other: its keys, its own item as the ordinary parser takes it, then a copy of the parent into which goes
 * what a child may say. What the copy does not take over explicitly stays the parent's, so that a key that is new to work
 * items cannot be widened by a proposal.
 */
#include "policy/split.h"

#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "lib/base/json.h"
#include "policy/budget.h"
#include "policy/item_keys.h"
#include "policy/plan.h"

#include <stdlib.h>
#include <string.h>

struct split {
        const struct work_item *parent;
        const struct plan *plan;
        struct budget limit;
        struct strv names; /* of the children so far, as the agent gave them; "" where it gave none */
        struct err *err;
};

/* "A.2.1" of parent "A.2" is one deeper than that. */
unsigned split_depth(const struct work_item *item)
{
        size_t parent = item->parent ? strlen(item->parent) : 0;
        const char *at = item->id ? item->id + strlen(item->id) : NULL;
        unsigned depth = 0;

        if (!parent || !item->id || strncmp(item->id, item->parent, parent) != 0 || item->id[parent] != '.')
                return 0;
        while (at > item->id) {
                size_t digits = 0;

                while (at > item->id && at[-1] >= '0' && at[-1] <= '9') {
                        at--;
                        digits++;
                }
                if (!digits || at == item->id || at[-1] != '.')
                        break;
                at--;
                depth++;
        }
        return depth;
}

static int refuse(const struct split *split, const char *what, const char *expected)
{
        return err_set(split->err, ERR_INPUT, "items[%zu]: %s; expected %s", split->names.len, what, expected);
}

static int check_keys(const struct split *split, const json_t *entry)
{
        static const char *const allowed[] = {"id",   "title", "objective", "acceptance", "paths",   "verify",
                                              "risk", "mood",  "budget",    "rollback",   "depends", NULL};
        _cleanup_str_ struct str what = {0};
        const char *key;
        json_t *value;

        if (!json_is_object(entry))
                return refuse(split, "it is no object", "a work item");
        json_object_foreach((json_t *)entry, key, value)
        {
                if (word_find(allowed, key) >= 0)
                        continue;
                str_puts(&what, "\"");
                str_put_harmless(&what, key, strnlen(key, 64));
                str_puts(&what, "\" is not a child's to say");
                return refuse(split, str_text(&what),
                              "id, title, objective, acceptance, paths, verify, risk, mood, budget, rollback, depends");
        }
        return 0;
}

static int read_entry(const struct split *split, const json_t *entry, struct work_item *ret)
{
        _cleanup_free_ char *text = json_canonical(entry);
        _cleanup_free_ char *name = xasprintf("items[%zu]", split->names.len);

        return work_item_parse(text, strlen(text), name, ret, split->err) < 0 || work_item_check(ret, split->err) < 0
                       ? -1
                       : 0;
}

/* ---- What a child may say ---- */

static void put_text(char **to, const char *text)
{
        free(*to);
        *to = xstrdup(text);
}

static int take_id(const struct split *split, struct work_item *child)
{
        char *id = xasprintf("%s.%zu", split->parent->id, split->names.len + 1);

        free(child->id);
        child->id = id;
        put_text(&child->parent, split->parent->id);
        return check_item_id(id)
                       ? refuse(split, "the parent's id is too long to be split", "one of at most 60 characters")
                       : 0;
}

static int take_depends(const struct split *split, const struct work_item *own, struct work_item *child)
{
        strv_release(&child->depends);
        for (size_t i = 0; i < own->depends.len; i++) {
                size_t at = 0;

                while (at < split->names.len && strcmp(split->names.items[at], own->depends.items[i]) != 0)
                        at++;
                if (at == split->names.len)
                        return refuse(split, "it depends on something else than a child before it",
                                      "ids of earlier entries");
                strv_add_printf(&child->depends, "%s.%zu", split->parent->id, at + 1);
        }
        strv_sort_unique(&child->depends);
        return 0;
}

/* The same glob, or a plain path that the parent's globs cover whole. */
static bool is_within(const struct strv *parent, const char *glob)
{
        _cleanup_ignore_ struct ignore rules = {0};
        _cleanup_free_ char *path = xstrdup(glob + (*glob == '/'));
        size_t len = strlen(path);
        const bool folder = len && path[len - 1] == '/';

        if (!parent->len || strv_has(parent, glob))
                return true;
        if (folder)
                path[--len] = '\0';
        if (!len || strpbrk(path, "*?[\\") || strstr(path, "..") || strstr(path, "//"))
                return false;
        for (size_t i = 0; i < parent->len; i++)
                ignore_add(&rules, "", parent->items[i]);
        return ignore_covers(&rules, path, folder);
}

/* What has no slash would match at any depth: a path that was looked at as one stays one. */
static char *anchored(const struct strv *parent, const char *glob)
{
        return !parent->len || strv_has(parent, glob) || *glob == '/' ? xstrdup(glob) : xasprintf("/%s", glob);
}

static int take_paths(const struct split *split, const struct work_item *own, struct work_item *child)
{
        const struct strv *parent = &split->parent->paths.allow;

        for (size_t i = 0; i < own->paths.allow.len; i++)
                if (!is_within(parent, own->paths.allow.items[i]))
                        return refuse(split, "paths.allow reaches beyond the parent's",
                                      "one of the parent's globs, or a plain path that they cover");
        if (own->paths.allow.len)
                strv_release(&child->paths.allow);
        for (size_t i = 0; i < own->paths.allow.len; i++)
                strv_take(&child->paths.allow, anchored(parent, own->paths.allow.items[i]));
        strv_copy(&child->paths.deny, &own->paths.deny);
        return 0;
}

static bool knows_verifier(const struct plan *plan, const char *name)
{
        for (size_t i = 0; i < plan->verifiers.len; i++)
                if (!strcmp(plan->verifiers.items[i].name, name))
                        return true;
        return false;
}

/* A name may be added, never a command: who is judged does not bring the judge. */
static int take_verifiers(const struct split *split, const struct work_item *own, struct work_item *child)
{
        for (size_t i = 0; i < own->verify.len; i++) {
                const struct item_verifier *from = &own->verify.items[i];
                struct item_verifier *to;

                if (from->run || from->timeout_ms != KEY_UNSET || from->kind != KEY_UNSET)
                        return refuse(split, "verify brings a verifier of its own", "names of verifiers of the plan");
                if (!knows_verifier(split->plan, from->name))
                        return refuse(split, "verify names a verifier that the plan does not have",
                                      "names of verifiers of the plan");
                if (item_find_verifier(child, from->name))
                        continue;
                to = schema_list_add(&item_verifier_schema, (struct list *)&child->verify);
                to->name = xstrdup(from->name);
        }
        return 0;
}

static int take_mood(const struct split *split, const struct work_item *own, struct work_item *child)
{
        if (own->mood == KEY_UNSET || own->mood == split->parent->mood)
                return 0;
        if (split->parent->mood != KEY_UNSET)
                return refuse(split, "mood is another one than the parent names", "the parent's, or none");
        if (mood_rules((enum mood)own->mood)->diff_factor > 1)
                return refuse(split, "mood raises the budgets", "another mood, or none");
        child->mood = own->mood;
        return 0;
}

static int64_t *value_of(const struct key *key, const struct budget *budget)
{
        return (int64_t *)((char *)budget + key->offset);
}

static int take_budget(const struct split *split, const struct work_item *own, struct work_item *child)
{
        for (size_t i = 0; i < budget_schema.len; i++) {
                const struct key *key = &budget_schema.keys[i];
                const int64_t wanted = *value_of(key, &own->budget), most = *value_of(key, &split->limit);
                _cleanup_free_ char *what = NULL;

                if (wanted == KEY_UNSET)
                        continue;
                if (wanted > most) {
                        what = xasprintf("budget.%s is more than the parent has", key->name);
                        return refuse(split, what, "at most that");
                }
                *value_of(key, &child->budget) = wanted;
        }
        if (own->budget.cost_usd == KEY_UNSET)
                child->budget.cost_usd = KEY_UNSET; /* share_cost() */
        return 0;
}

static int make_child(struct split *split, const json_t *entry, struct work_item *ret)
{
        _cleanup_item_ struct work_item own;

        work_item_init(&own);
        if (check_keys(split, entry) < 0 || read_entry(split, entry, &own) < 0)
                return -1;
        if (own.id && strv_has(&split->names, own.id))
                return refuse(split, "its id is another child's too", "different ids");
        work_item_release(ret);
        schema_copy(&work_item_schema, ret, split->parent);
        put_text(&ret->title, own.title);
        put_text(&ret->objective, own.objective);
        strv_release(&ret->acceptance);
        strv_copy(&ret->acceptance, &own.acceptance);
        if (own.rollback)
                put_text(&ret->rollback, own.rollback);
        if (own.risk > ret->risk)
                ret->risk = own.risk;
        if (take_id(split, ret) < 0 || take_depends(split, &own, ret) < 0 || take_paths(split, &own, ret) < 0 ||
            take_verifiers(split, &own, ret) < 0 || take_mood(split, &own, ret) < 0 ||
            take_budget(split, &own, ret) < 0)
                return -1;
        strv_add(&split->names, own.id ? own.id : "");
        return 0;
}

/* ---- All of them ---- */

/* Money is the parent's, once: what nobody names is shared equally. */
static int share_cost(struct work_item *children, size_t len, int64_t most, struct err *err)
{
        int64_t rest = most;
        size_t open = 0;

        for (size_t i = 0; i < len; i++) {
                const int64_t cost = children[i].budget.cost_usd;

                open += cost == KEY_UNSET;
                rest -= cost == KEY_UNSET ? 0 : cost;
                if (rest < 0)
                        return err_set(err, ERR_INPUT,
                                       "the children's budget.cost_usd are together more than the parent has");
        }
        for (size_t i = 0; i < len; i++)
                if (children[i].budget.cost_usd == KEY_UNSET)
                        children[i].budget.cost_usd = rest / (int64_t)open;
        return 0;
}

static struct json_t *write_all(const struct work_item *children, size_t len)
{
        json_t *list = json_array();

        for (size_t i = 0; i < len; i++)
                json_array_append_new(list, schema_write(&work_item_schema, &children[i]));
        return list;
}

static int make_all(struct split *split, const struct json_t *items, struct work_item *children)
{
        const size_t len = json_array_size(items);

        for (size_t i = 0; i < len; i++)
                if (make_child(split, json_array_get(items, i), &children[i]) < 0)
                        return -1;
        return share_cost(children, len, split->limit.cost_usd, split->err);
}

static int check_request(const struct json_t *items, const struct work_item *parent, struct err *err)
{
        const size_t len = json_array_size(items);

        if (!parent->id)
                return err_set(err, ERR_INPUT, "the item has no id for its children to be named after; give it one");
        if (len < SPLIT_CHILDREN_MIN || len > SPLIT_CHILDREN_MAX)
                return err_set(err, ERR_INPUT, "%zu items; expected %d to %d", len, SPLIT_CHILDREN_MIN,
                               SPLIT_CHILDREN_MAX);
        if (split_depth(parent) >= SPLIT_DEPTH_MAX)
                return err_set(err, ERR_INPUT, "the item comes from %d splits already; no more are made",
                               SPLIT_DEPTH_MAX);
        return 0;
}

struct json_t *split_children(const struct json_t *items, const struct work_item *parent, const struct plan *plan,
                              struct err *err)
{
        struct split split = {.parent = parent, .plan = plan, .limit = plan->budget, .err = err};
        const int64_t factor = mood_rules((enum mood)plan->mood)->diff_factor;
        struct work_item *children;
        struct json_t *list = NULL;
        const size_t len = json_array_size(items);

        if (check_request(items, parent, err) < 0)
                return NULL;
        budget_narrow(&split.limit, factor);
        children = xcalloc(len, sizeof(*children));
        for (size_t i = 0; i < len; i++)
                work_item_init(&children[i]);
        if (make_all(&split, items, children) == 0)
                list = write_all(children, len);
        for (size_t i = 0; i < len; i++)
                work_item_release(&children[i]);
        free(children);
        strv_release(&split.names);
        return list;
}
