/* SPDX-License-Identifier: Apache-2.0 */
/* A delta layer's content without a layer around it: no index, no marker, no cache. */
#include "lib/git/layer_internal.h"

#include <time.h>

#define CHANGES_MAX ((size_t)400000)
#define MTIME_BEHIND 2 /* seconds: older than whatever is done with the files next */

int changes_write(struct repo *repo, const char *old_tree, const char *new_tree, bool raw, int to, struct err *err)
{
        struct build build = {.lock = -1,
                              .dir = -1,
                              .git = -1,
                              .tree = to,
                              .set_mode = true,
                              .mtime = (uint32_t)(time(NULL) - MTIME_BEHIND)};
        _cleanup_delta_ struct delta delta = {0};
        git_oid tree;

        if (oid_parse(new_tree, &tree, err) < 0 ||
            delta_collect(repo, old_tree, new_tree, CHANGES_MAX, &delta, err) < 0)
                return -1;
        if (delta.too_many)
                return err_set(err, ERR_REFUSED, "more than %zu changes", CHANGES_MAX);
        return delta_put(repo, &build, &delta, &tree, !raw, err);
}
