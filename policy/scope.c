/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/scope.h"

#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "policy/item.h"
#include "policy/plan.h"

#include <string.h>

#define ANY "\001" /* no glob that anybody writes names it: what matches it matches everything */

static bool is_any_depth(const char *glob, const char *at)
{
        return strncmp(at, "**", 2) == 0 && (at == glob || at[-1] == '/') && (at[2] == '/' || !at[2]);
}

/* "**" and the slash behind it: so many folders. At the end of a glob it is one name at least. Returns its last byte. */
static const char *put_folders(struct str *text, const char *at, size_t depth)
{
        const bool last = !at[2];

        for (size_t i = 0; i < depth + (last && !depth); i++)
                str_puts(text, last && i + 1 >= depth ? ANY : ANY "/");
        return at + (last ? 1 : 2);
}

/* What stands for all that the wildcards of a glob can be, where each "**" is `depth` folders. A class is taken for any character. */
static char *example(const char *glob, size_t depth)
{
        struct str text = {0};

        for (const char *at = glob; *at; at++) {
                if (*at == '\\' && at[1]) {
                        str_putc(&text, *++at);
                } else if (is_any_depth(glob, at)) {
                        at = put_folders(&text, at, depth);
                } else if (*at == '[' && strchr(at, ']')) {
                        str_puts(&text, ANY);
                        at = strchr(at + (at[1] == '!' || at[1] == '^') + 2, ']') ?: at + strlen(at) - 1;
                } else {
                        str_puts(&text, *at == '*' || *at == '?' ? ANY : (char[]){*at, '\0'});
                }
        }
        return str_steal(&text);
}

/* A glob with a slash before its end is tied to the top; others match at any depth. */
static bool is_anchored(const char *glob)
{
        const char *slash = strchr(glob, '/');

        return slash && slash[1];
}

/* Only what is matched whatever stands for a wildcard is trusted: a class or a "?" in the covering glob is not. */
static bool is_plain(const char *glob)
{
        return !strpbrk(glob, "[?\\!");
}

static bool matches(const struct ignore *rules, const char *path)
{
        size_t len = strlen(path);
        _cleanup_free_ char *bare = xstrdup(path + (*path == '/'));
        const bool folder = len && path[len - 1] == '/';

        len = strlen(bare);
        if (len && bare[len - 1] == '/')
                bare[len - 1] = '\0';
        return ignore_covers(rules, bare, folder);
}

/* Deeper than any glob that names its folders one by one: what is matched there is matched however deep. */
static size_t depth_beyond(const struct strv *globs)
{
        size_t most = 0;

        for (size_t i = 0; i < globs->len; i++) {
                size_t slashes = 0;

                for (const char *at = globs->items[i]; *at; at++)
                        slashes += *at == '/';
                most = slashes > most ? slashes : most;
        }
        return most + 2;
}

bool scope_covers(const struct strv *allow, const char *glob)
{
        _cleanup_ignore_ struct ignore rules = {0};
        _cleanup_free_ char *whole = xasprintf("%s%s", is_anchored(glob) ? "" : "**/", glob);
        const size_t deepest = depth_beyond(allow);

        if (*glob == '!')
                return false;
        for (size_t i = 0; i < allow->len; i++) {
                if (strcmp(allow->items[i], glob) == 0)
                        return true;
                if (is_plain(allow->items[i]) || !strpbrk(whole, "*?["))
                        ignore_add(&rules, "", allow->items[i]);
        }
        for (size_t depth = 0; depth <= deepest; depth++) {
                _cleanup_free_ char *path = example(whole, depth);

                if (!matches(&rules, path))
                        return false;
        }
        return true;
}

void scope_missing(const struct scope *scope, const struct work_item *item, struct strv *ret)
{
        for (size_t i = 0; i < item->paths.allow.len; i++) {
                const char *glob = item->paths.allow.items[i];

                if (scope->allow->len && !scope_covers(scope->allow, glob))
                        strv_add_printf(ret,
                                        "the work item may change %s, and this repository is admitted for %s%s alone; "
                                        "narrow its paths, or: cupel admit --allow",
                                        glob, scope->allow->items[0], scope->allow->len > 1 ? ", …" : "");
                else if (scope->deny->len && scope_covers(scope->deny, glob))
                        strv_add_printf(ret,
                                        "the work item may change %s, which this repository's admission denies; take "
                                        "it out of its paths, or: cupel admit --deny",
                                        glob);
        }
}

void scope_missing_of_plan(const struct scope *scope, const struct plan *plan, struct strv *ret)
{
        const struct {
                const char *action;
                bool wanted;
                const char *what;
        } rows[] = {
                {"commit", plan->may_commit, "this run may end in a commit"},
                {"network", plan_has_network(plan), "the agent of this run reaches hosts"},
                {"paid", plan_is_metered(plan), "the agent of this run costs money"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (rows[i].wanted && strv_has(scope->forbid, rows[i].action))
                        strv_add_printf(ret,
                                        "%s, and the repository's admission forbids it (%s); see: cupel admit --show",
                                        rows[i].what, rows[i].action);
}

void scope_narrow(const struct scope *scope, struct work_item *item)
{
        if (!item->paths.allow.len)
                strv_add_missing(&item->paths.allow, scope->allow);
        strv_add_missing(&item->paths.deny, scope->deny);
        for (size_t i = 0; i < scope->forbid->len; i++)
                if (strcmp(scope->forbid->items[i], "paid") != 0 && !strv_has(&item->forbid, scope->forbid->items[i]))
                        strv_add(&item->forbid, scope->forbid->items[i]);
}
