/* SPDX-License-Identifier: Apache-2.0 */
#include "director/parent.h"

#include "director/director.h"
#include "director/furniture.h"
#include "lib/base/json.h"

#include <string.h>
#include <unistd.h>

bool parent_from_json(const struct json_t *json, struct parent *ret)
{
        const char *commit = json_text_of(json, "commit"), *tree = json_text_of(json, "tree");

        if (!hex_is(commit, GIT_HEX) || !hex_is(tree, GIT_HEX))
                return false;
        memcpy(ret->commit, commit, GIT_HEX);
        memcpy(ret->tree, tree, GIT_HEX);
        return true;
}

int parent_layers(struct director *d, struct layer_stack *ret, struct err *err)
{
        const struct layer_options options = furniture_layers(d);
        struct repo *repo = d->candidate.quarantine ? quarantine_repo(d->candidate.quarantine) : d->repo;

        if (strcmp(d->parent.tree, d->base_tree) == 0)
                return layer_prepare(d->repo, d->row.base, &options, ret, err);
        return layer_delta(repo, &d->base, d->parent.tree, &options, ret, err);
}
