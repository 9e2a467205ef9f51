/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a push may move (cli/hook.h): git's lines are read whole, then each new commit of a protected branch is asked
 * for its proof; every refusal is told, not the first alone.
 */
#include "cli/hook_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/history.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 10000
#define LINE_BYTES_MAX 4096
#define COMMITS_MAX 10000
#define PROBLEMS_MAX 20
#define SIGNERS_MAX ((size_t)1 << 20)
#define ID_LEN (GIT_HEX - 1)
#define REPLACE_REFS "refs/replace/"

static void hook_release(struct hook *hook)
{
        for (size_t i = 0; i < hook->len; i++)
                free(hook->updates[i].ref);
        free(hook->updates);
        strv_release(&hook->protect);
        strv_release(&hook->hidden);
        strv_release(&hook->require);
        attest_keys_release(&hook->keys);
        str_release(&hook->signers);
        repo_free(hook->repo);
}

static void __attribute__((format(printf, 2, 3))) refuse(struct hook *hook, const char *format, ...)
{
        char text[1024];
        va_list args;

        if (hook->problems->len >= PROBLEMS_MAX)
                return;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        strv_add(hook->problems, text);
}

/* ---- The repository, with what was pushed ---- */

static int add_objects(struct hook *hook, const char *path, struct err *err)
{
        _cleanup_free_ char *real = path && path[0] ? realpath(path, NULL) : NULL;

        return real ? history_add_objects(hook->repo, real, err) : 0;
}

/* git quotes those that have a colon in them; the repository's own objects, which it names here, are known without it. */
static int add_alternates(struct hook *hook, struct err *err)
{
        _cleanup_free_ char *list = xstrdup(getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES"));
        char *rest = list, *path;

        while (rest && (path = strsep(&rest, ":")))
                if (add_objects(hook, path, err) < 0)
                        return -1;
        return 0;
}

static int open_repository(struct hook *hook, const char *gitdir, struct err *err)
{
        _cleanup_free_ char *found = NULL;

        if (git_start(err) < 0 || repo_discover(gitdir, &found, err) < 0 || repo_open(found, &hook->repo, err) < 0)
                return -1;
        return add_objects(hook, getenv("GIT_OBJECT_DIRECTORY"), err) < 0 ? -1 : add_alternates(hook, err);
}

/* ---- Its configuration ---- */

/*
 * Nobody said what to protect: the branch that HEAD names. Where there is none, a new server's HEAD may name "master" while all push
 * "main", and a hook that protects what nobody has would protect nothing: every branch, until there is one.
 */
static int protect_head(struct hook *hook, struct err *err)
{
        _cleanup_free_ char *head = NULL, *name = NULL;
        char id[GIT_HEX] = "";

        if (repo_head_ref(hook->repo, &head, err) < 0 || (head && history_ref(hook->repo, head, &name, id, err) < 0))
                return -1;
        strv_add(&hook->protect, id[0] ? head : "refs/heads/*");
        return 0;
}

static int read_protected(struct hook *hook, struct err *err)
{
        _cleanup_strv_ struct strv named = {0};

        repo_config_strs(hook->repo, "cupel.protect", &named);
        if (strv_has(&named, ""))
                return err_set(
                        err, ERR_INPUT,
                        "cupel.protect of the server is empty, and would protect nothing; it names a branch each "
                        "time that it is given");
        for (size_t i = 0; i < named.len; i++)
                strv_add_printf(&hook->protect, "%s%s", strncmp(named.items[i], "refs/", 5) == 0 ? "" : "refs/heads/",
                                named.items[i]);
        if (!named.len && protect_head(hook, err) < 0)
                return -1;
        return history_ref_targets(hook->repo, &hook->protect, err);
}

/* A path of the configuration, relative to the repository. */
static char *own_path(const struct hook *hook, const char *path)
{
        return path[0] == '/' ? xstrdup(path) : xasprintf("%s/%s", repo_gitdir(hook->repo), path);
}

static int read_keys(struct hook *hook, struct err *err)
{
        _cleanup_strv_ struct strv files = {0};

        repo_config_strs(hook->repo, "cupel.attestKeys", &files);
        for (size_t i = 0; i < files.len; i++) {
                _cleanup_free_ char *path = own_path(hook, files.items[i]);

                if (attest_keys_load(&hook->keys, path, err) < 0)
                        return err_wrap(err, "cupel.attestKeys of the server");
        }
        return 0;
}

static int read_signers(struct hook *hook, struct err *err)
{
        _cleanup_free_ char *named = repo_config_str(hook->repo, "cupel.allowedSigners");
        _cleanup_free_ char *path = named ? own_path(hook, named) : NULL;

        hook->wants_signers = named != NULL;
        if (!path || fs_read_named(path, SIGNERS_MAX, &hook->signers, err) == 0)
                return 0;
        return err_wrap(err, "cupel.allowedSigners of the server: %s", path);
}

static bool take_id(const char *text, char ret[GIT_HEX])
{
        if (strspn(text, "0123456789abcdef") != ID_LEN)
                return false;
        memcpy(ret, text, ID_LEN);
        ret[ID_LEN] = '\0';
        if (strspn(ret, "0") == ID_LEN)
                ret[0] = '\0';
        return true;
}

/* A name is what somebody pushed: a tag could be moved, a branch be called like a short id. */
static int take_since(struct hook *hook, const char *named, struct err *err)
{
        char commit[GIT_HEX], tree[GIT_HEX];

        if (strlen(named) != ID_LEN || !take_id(named, commit))
                return err_set(err, ERR_INPUT,
                               "%.100s is no whole id, and a push can move what a name leads to; say git config --add "
                               "cupel.since $(git rev-parse %.100s^{commit})",
                               named, named);
        if (repo_commit_tree(hook->repo, commit, tree, err) < 0)
                return -1;
        strv_add(&hook->hidden, commit);
        return 0;
}

static int read_since(struct hook *hook, struct err *err)
{
        _cleanup_strv_ struct strv named = {0};

        repo_config_strs(hook->repo, "cupel.since", &named);
        for (size_t i = 0; i < named.len; i++)
                if (take_since(hook, named.items[i], err) < 0)
                        return err_wrap(err, "cupel.since of the server");
        return history_refs(hook->repo, &hook->protect, &hook->hidden, err);
}

static int read_configuration(struct hook *hook, struct err *err)
{
        repo_config_strs(hook->repo, "cupel.requireTest", &hook->require);
        if (read_keys(hook, err) < 0 || read_signers(hook, err) < 0)
                return -1;
        return read_since(hook, err);
}

/* ---- What is pushed ---- */

static bool is_protected(const struct hook *hook, const char *ref)
{
        for (size_t i = 0; i < hook->protect.len; i++)
                if (fnmatch(hook->protect.items[i], ref, 0) == 0)
                        return true;
        return false;
}

static int take_update(struct hook *hook, const char *line, struct err *err)
{
        struct update update = {.ref = NULL};

        if (!take_id(line, update.old) || line[ID_LEN] != ' ' || !take_id(line + ID_LEN + 1, update.new) ||
            line[2 * ID_LEN + 1] != ' ' || !line[2 * ID_LEN + 2])
                return err_set(err, ERR_INPUT,
                               "a line that git gave to the hook is not \"OLD NEW REF\"; sha1 is expected");
        if (history_ref(hook->repo, line + 2 * ID_LEN + 2, &update.ref, update.now, err) < 0)
                return -1;
        update.is_protected = is_protected(hook, update.ref) || is_protected(hook, line + 2 * ID_LEN + 2);
        hook->updates = xgrow(hook->updates, hook->len, sizeof(*hook->updates));
        hook->updates[hook->len++] = update;
        return 0;
}

static int read_updates(struct hook *hook, FILE *in, struct err *err)
{
        char line[LINE_BYTES_MAX];

        while (fgets(line, sizeof(line), in)) {
                const size_t len = strcspn(line, "\n");

                if (line[len] != '\n' || hook->len == LINES_MAX)
                        return err_set(err, ERR_INPUT, "more refs, or longer names, than this hook takes at once (%d)",
                                       LINES_MAX);
                line[len] = '\0';
                if (take_update(hook, line, err) < 0)
                        return -1;
        }
        return ferror(in) ? err_errno(err, "read what is pushed") : 0;
}

/* ---- The notes ---- */

static bool is_commit(const struct hook *hook, const char *id)
{
        struct err ignored = ERR_INIT;
        char tree[GIT_HEX];

        return repo_commit_tree(hook->repo, id, tree, &ignored) == 0;
}

/* They only grow: what vouched for a commit is not taken away from those who look later. */
static int take_notes(struct hook *hook, const struct update *update, struct err *err)
{
        int grows = 1;

        if (update->new[0] && !is_commit(hook, update->new)) {
                refuse(hook, NOTES_REF ": %.12s is no commit, so there are no notes in it", update->new);
                return 0;
        }
        if (update->new[0] && hook->notes[0])
                grows = repo_has_commit_in(hook->repo, update->new, hook->notes, err);
        if (grows < 0)
                return -1;
        if (!update->new[0] || !grows)
                refuse(hook, NOTES_REF
                       ": it may only grow; fetch it, `git notes --ref=cupel merge` it with yours, push again");
        else
                memcpy(hook->notes, update->new, sizeof(hook->notes));
        return 0;
}

/* What is there and is no commit vouches for nothing, and nothing could ever grow from it: it holds nobody up. */
static int find_notes(struct hook *hook, struct err *err)
{
        _cleanup_free_ char *name = NULL;

        if (history_ref(hook->repo, NOTES_REF, &name, hook->notes, err) < 0)
                return -1;
        if (!is_commit(hook, hook->notes))
                hook->notes[0] = '\0';
        for (size_t i = 0; i < hook->len; i++)
                if (strcmp(hook->updates[i].ref, name) == 0 && take_notes(hook, &hook->updates[i], err) < 0)
                        return -1;
        return 0;
}

/* ---- One protected branch ---- */

static void check_commits(struct hook *hook, const struct update *update, const struct strv *commits)
{
        for (size_t i = 0; i < commits->len; i++) {
                _cleanup_commit_facts_ struct commit_facts facts = {.tree = ""};
                struct err why = ERR_INIT;
                char text[600];

                if (hook_check_commit(hook, commits->items[i], &facts, &why) == 0)
                        continue;
                err_text(&why, text, sizeof(text));
                refuse(hook, "%s: commit %.12s (%.60s): %s", update->ref, commits->items[i],
                       facts.subject ? facts.subject : "", text);
        }
}

static int check_update(struct hook *hook, const struct update *update, struct err *err)
{
        _cleanup_strv_ struct strv hidden = {0}, commits = {0};
        int forward;

        if (!update->new[0]) {
                refuse(hook, "%s: it is protected, and is not deleted", update->ref);
                return 0;
        }
        if (strcmp(update->old, update->now) != 0) {
                refuse(hook, "%s: it is at %.12s and not at %.12s, from where it is pushed on; fetch, and push again",
                       update->ref, update->now[0] ? update->now : "nothing", update->old[0] ? update->old : "nothing");
                return 0;
        }
        forward = update->old[0] ? repo_has_commit_in(hook->repo, update->new, update->old, err) : 1;
        if (forward < 0)
                return -1;
        if (!forward) {
                refuse(hook, "%s: it is protected, and only moves forward; %.12s is not based on %.12s", update->ref,
                       update->new, update->old);
                return 0;
        }
        strv_copy(&hidden, &hook->hidden);
        if (update->old[0])
                strv_add(&hidden, update->old);
        if (history_between(hook->repo, update->new, &hidden, COMMITS_MAX, &commits, err) < 0)
                return err_wrap(err, "%s", update->ref);
        if (commits.len && !hook->keys.len)
                refuse(hook,
                       "%s: this server trusts no key; its administrator names some: git config --add cupel.attestKeys "
                       "FILE",
                       update->ref);
        else
                check_commits(hook, update, &commits);
        return 0;
}

/* With one git on the server shows other objects in the place of those that were vouched for, whatever the branch names. */
static void check_replacement(struct hook *hook, const struct update *update)
{
        if (update->new[0] && strncmp(update->ref, REPLACE_REFS, strlen(REPLACE_REFS)) == 0)
                refuse(hook, "%s: it would put another object in the place of that one", update->ref);
}

int hook_receive(const char *gitdir, FILE *in, struct strv *problems, struct err *err)
{
        __attribute__((cleanup(hook_release))) struct hook hook = {.problems = problems};
        bool configured = false;

        if (open_repository(&hook, gitdir, err) < 0 || read_protected(&hook, err) < 0 ||
            read_updates(&hook, in, err) < 0 || find_notes(&hook, err) < 0)
                return -1;
        for (size_t i = 0; i < hook.len; i++) {
                check_replacement(&hook, &hook.updates[i]);
                if (!hook.updates[i].is_protected)
                        continue;
                if (!configured && read_configuration(&hook, err) < 0)
                        return -1;
                configured = true;
                if (check_update(&hook, &hook.updates[i], err) < 0)
                        return -1;
        }
        return 0;
}
