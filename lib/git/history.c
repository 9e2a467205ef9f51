/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/git/history.h"

#include "lib/base/cleanup.h"
#include "lib/git/internal.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define COMMIT_BYTES_MAX ((size_t)1 << 20)

/* ---- One commit ---- */

void commit_facts_release(struct commit_facts *facts)
{
        strv_release(&facts->parents);
        strv_release(&facts->trailers);
        free(facts->committer_mail);
        free(facts->subject);
        free(facts->signature);
        str_release(&facts->signed_part);
        *facts = (struct commit_facts){.tree = ""};
}

static int check_size(struct repo *repo, const git_oid *id, const char *commit, struct err *err)
{
        git_object_t type;
        size_t size;

        if (git_odb_read_header(&size, &type, repo->odb, id) < 0 || type != GIT_OBJECT_COMMIT)
                return err_set(err, ERR_NOT_FOUND, "there is no commit %.12s in this repository", commit);
        return size <= COMMIT_BYTES_MAX ? 0 : err_set(err, ERR_INPUT, "commit %.12s is larger than 1 MiB", commit);
}

static void take_trailers(const git_commit *commit, struct strv *ret)
{
        git_message_trailer_array found;

        if (git_message_trailers(&found, git_commit_message_raw(commit)) < 0)
                return;
        for (size_t i = 0; i < found.count; i++)
                strv_add_printf(ret, "%s: %s", found.trailers[i].key, found.trailers[i].value);
        git_message_trailer_array_free(&found);
}

static void take_signature(struct repo *repo, const git_oid *id, struct commit_facts *ret)
{
        git_buf signature = GIT_BUF_INIT, signed_part = GIT_BUF_INIT;
        git_oid copy = *id;

        if (git_commit_extract_signature(&signature, &signed_part, repo->git, &copy, NULL) == 0) {
                ret->signature = xmemdup(signature.ptr, signature.size);
                str_append(&ret->signed_part, signed_part.ptr, signed_part.size);
        }
        git_buf_dispose(&signature);
        git_buf_dispose(&signed_part);
}

int commit_facts_read(struct repo *repo, const char *commit, struct commit_facts *ret, struct err *err)
{
        git_commit *found = NULL;
        const git_signature *committer;
        char hex[GIT_HEX];
        git_oid id;

        if (oid_parse(commit, &id, err) < 0 || check_size(repo, &id, commit, err) < 0)
                return -1;
        if (git_commit_lookup(&found, repo->git, &id) < 0)
                return git_fail(err, "cannot read commit %.12s", commit);
        oid_hex(git_commit_tree_id(found), ret->tree);
        for (unsigned i = 0; i < git_commit_parentcount(found); i++) {
                oid_hex(git_commit_parent_id(found, i), hex);
                strv_add(&ret->parents, hex);
        }
        committer = git_commit_committer(found);
        ret->committer_mail = xstrdup(committer && committer->email ? committer->email : "");
        ret->subject = xstrdup(git_commit_summary(found) ? git_commit_summary(found) : "");
        take_trailers(found, &ret->trailers);
        take_signature(repo, &id, ret);
        git_commit_free(found);
        return 0;
}

const char *commit_facts_trailer(const struct commit_facts *facts, const char *key)
{
        const size_t len = strlen(key);
        const char *value = NULL;

        for (size_t i = 0; i < facts->trailers.len; i++) {
                const char *trailer = facts->trailers.items[i];

                if (strncmp(trailer, key, len) != 0 || strncmp(trailer + len, ": ", 2) != 0)
                        continue;
                if (value)
                        return NULL;
                value = trailer + len + 2;
        }
        return value;
}

/* ---- Many ---- */

static int walk(struct repo *repo, git_revwalk *revwalk, const char *tip, const struct strv *hidden, struct err *err)
{
        git_oid id;

        git_revwalk_sorting(revwalk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
        if (oid_parse(tip, &id, err) < 0)
                return -1;
        if (git_revwalk_push(revwalk, &id) < 0)
                return git_fail(err, "cannot walk from %.12s", tip);
        for (size_t i = 0; i < hidden->len; i++) {
                struct err ignored = ERR_INIT;

                if (oid_parse(hidden->items[i], &id, &ignored) == 0 && git_odb_exists(repo->odb, &id) &&
                    git_revwalk_hide(revwalk, &id) < 0)
                        return git_fail(err, "cannot walk to %.12s", hidden->items[i]);
        }
        return 0;
}

int history_between(struct repo *repo, const char *tip, const struct strv *hidden, size_t most, struct strv *ret,
                    struct err *err)
{
        git_revwalk *revwalk = NULL;
        char hex[GIT_HEX];
        git_oid id;
        int got;

        if (git_revwalk_new(&revwalk, repo->git) < 0)
                return git_fail(err, "cannot walk the history");
        got = walk(repo, revwalk, tip, hidden, err);
        while (got == 0 && (got = git_revwalk_next(&id, revwalk)) == 0) {
                oid_hex(&id, hex);
                if (ret->len < most)
                        strv_add(ret, hex);
                else
                        got = err_set(err, ERR_INPUT, "there are more than %zu commits", most);
        }
        if (got < 0 && got != GIT_ITEROVER && err->code == ERR_OK)
                got = git_fail(err, "cannot walk from %.12s", tip);
        git_revwalk_free(revwalk);
        return got == GIT_ITEROVER ? 0 : -1;
}

struct refs {
        const struct strv *globs;
        struct strv *ids;
};

static int take_ref(git_reference *reference, void *data)
{
        struct refs *refs = data;
        char hex[GIT_HEX];

        for (size_t i = 0; i < refs->globs->len; i++)
                if (git_reference_target(reference) &&
                    fnmatch(refs->globs->items[i], git_reference_name(reference), 0) == 0) {
                        oid_hex(git_reference_target(reference), hex);
                        strv_add(refs->ids, hex);
                        break;
                }
        git_reference_free(reference);
        return 0;
}

int history_refs(struct repo *repo, const struct strv *globs, struct strv *ret_ids, struct err *err)
{
        struct refs refs = {.globs = globs, .ids = ret_ids};

        return git_reference_foreach(repo->git, take_ref, &refs) < 0 ? git_fail(err, "cannot list refs") : 0;
}

int history_ref(struct repo *repo, const char *ref, char **ret_name, char ret_id[GIT_HEX], struct err *err)
{
        _cleanup_free_ char *name = xstrdup(ref);
        char id[GIT_HEX] = "";

        for (int depth = 0; depth < 10; depth++) {
                _cleanup_reference_ git_reference *reference = NULL;
                const int got = git_reference_lookup(&reference, repo->git, name);

                if (got < 0 && got != GIT_ENOTFOUND && got != GIT_EINVALIDSPEC)
                        return git_fail(err, "cannot read the ref %s", name);
                if (reference && git_reference_type(reference) == GIT_REFERENCE_SYMBOLIC) {
                        char *next = xstrdup(git_reference_symbolic_target(reference));

                        free(name);
                        name = next;
                        continue;
                }
                if (reference)
                        oid_hex(git_reference_target(reference), id);
                memcpy(ret_id, id, sizeof(id));
                *ret_name = steal_ptr(&name);
                return 0;
        }
        return err_set(err, ERR_INPUT, "the ref %s leads through too many others", ref);
}

int history_ref_targets(struct repo *repo, struct strv *names, struct err *err)
{
        const size_t named = names->len;
        char now[GIT_HEX];

        for (size_t i = 0; i < named; i++) {
                _cleanup_free_ char *target = NULL;

                if (history_ref(repo, names->items[i], &target, now, err) < 0)
                        return -1;
                strv_add(names, target);
        }
        return 0;
}

int history_move_ref(struct repo *repo, const char *ref, const char *from, const char *to, const char *why,
                     struct err *err)
{
        _cleanup_reference_ git_reference *moved = NULL;
        git_oid old = {{0}}, new;
        int got;

        if ((from[0] && oid_parse(from, &old, err) < 0) || oid_parse(to, &new, err) < 0)
                return -1;
        got = git_reference_create_matching(&moved, repo->git, ref, &new, 1, &old, why);
        if (got == GIT_EMODIFIED || got == GIT_EEXISTS)
                return err_set(err, ERR_CONFLICT, "%s was moved by somebody else meanwhile", ref);
        return got < 0 ? git_fail(err, "cannot move %s", ref) : 0;
}

int history_add_objects(struct repo *repo, const char *folder, struct err *err)
{
        return git_odb_add_disk_alternate(repo->odb, folder) < 0
                       ? git_fail(err, "cannot read the objects of %s", folder)
                       : 0;
}
