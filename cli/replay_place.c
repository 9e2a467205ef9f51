/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the base is. The repository that the command stands in is only read; where it lacks the commit, the packet's own
 * bundle becomes a repository in a scratch folder, with layers of its own that go with it.
 */
#include "cli/replay.h"

#include "cli/context.h"
#include "lib/base/cleanup.h"
#include "lib/git/bundle.h"
#include "lib/packet/archive.h"
#include "lib/packet/folder.h"

#include <string.h>

static bool has_tree(struct repo *repo, const char *commit, const char *tree)
{
        struct err ignored = ERR_INIT;
        char found[GIT_HEX];

        return commit[0] && repo_commit_tree(repo, commit, found, &ignored) == 0 && (!tree || strcmp(found, tree) == 0);
}

static int say_missing(const struct context *context, const struct replay_subject *subject, struct err *err)
{
        if (context->repo)
                return err_set(
                        err, ERR_NOT_FOUND,
                        "%s does not have commit %.12s, on which run %s was judged: fetch it (git fetch), or let "
                        "the other side export the packet --with-base",
                        repo_path(context->repo), subject->base, subject->run);
        return err_set(
                err, ERR_NOT_FOUND,
                "commit %.12s, on which run %s was judged, is neither here nor in the packet: run this in a clone "
                "that has it, or let the other side export the packet --with-base",
                subject->base, subject->run);
}

static int open_bundle(struct replay_place *place, struct context *context, const struct replay_subject *subject,
                       int bundle, struct err *err)
{
        _cleanup_free_ char *folder = NULL;

        if (scratch_make(context, &place->scratch, err) < 0)
                return -1;
        folder = xasprintf("%s/base.git", place->scratch.path);
        if (bundle_open(bundle, folder, subject->base, err) < 0)
                return err_wrap(err, "the packet's " ARCHIVE_BUNDLE);
        place->own = xcalloc(1, sizeof(*place->own));
        if (context_init(place->own, err) < 0 || repo_open(folder, &place->own->repo, err) < 0)
                return -1;
        free(place->own->cache_root);
        place->own->cache_root = xasprintf("%s/cache", place->scratch.path);
        place->context = place->own;
        place->from_bundle = true;
        return 0;
}

/* Bytes that the patch lacks are in the commit, where that is. */
static int find_tree(struct replay_place *place, const struct replay_subject *subject, struct err *err)
{
        if (subject->patch_is_whole || subject->judge == REPLAY_MARKED)
                return 0;
        place->tree_from_commit = has_tree(place->context->repo, subject->commit, subject->tree);
        return place->tree_from_commit
                       ? 0
                       : err_set(err, ERR_NOT_FOUND,
                                 "the packet does not have all bytes of its patch, and its commit %.12s, which has, "
                                 "is not here: fetch it (git fetch)",
                                 subject->commit);
}

int replay_place_find(struct replay_place *ret, struct context *context, struct replay_subject *subject,
                      struct err *err)
{
        struct err ignored = ERR_INIT;
        _cleanup_fd_ int bundle = -1;

        ret->context = ret->outer = context;
        if (context->repo && has_tree(context->repo, subject->base, NULL))
                return find_tree(ret, subject, err);
        bundle = packet_file(subject->packet, ARCHIVE_BUNDLE, &ignored);
        if (bundle < 0)
                return say_missing(context, subject, err);
        return open_bundle(ret, context, subject, bundle, err) < 0 ? -1 : find_tree(ret, subject, err);
}

void replay_place_release(struct replay_place *place)
{
        if (place->own)
                context_release(place->own);
        free(place->own);
        scratch_remove(&place->scratch);
        *place = REPLAY_PLACE_INIT;
}
