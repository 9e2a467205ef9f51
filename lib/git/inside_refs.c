/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refs, HEAD and its log. A step begins with HEAD on the branch "work" at the base commit, and no other ref; so every other
 * name, and every other value, is the step's own. packed-refs comes first, loose refs win over it. Stacks and lists are
 * bounded; what is no id is passed over.
 */
#include "lib/git/inside_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define REFS_MAX 500
#define REF_DEPTH 16
#define SHORT_ID 12
#define WORK "refs/heads/work"

struct ref {
        char *name;
        char id[GIT_HEX];
};

struct refs {
        struct inside_walk *walk;
        struct ref items[REFS_MAX];
        size_t len;
        bool work_gone;   /* the branch "work" was removed, loose or with its folder */
        struct strv told; /* ids of commits */
};

static bool take_id(const char *text, size_t len, char ret[GIT_HEX])
{
        if (len < GIT_HEX - 1)
                return false;
        for (size_t i = 0; i < GIT_HEX - 1; i++)
                if (!isxdigit((unsigned char)text[i]))
                        return false;
        memcpy(ret, text, GIT_HEX - 1);
        ret[GIT_HEX - 1] = '\0';
        return true;
}

static void set_ref(struct refs *refs, const char *name, size_t len, const char id[GIT_HEX])
{
        struct ref *ref = refs->items;

        while (ref < refs->items + refs->len && (strncmp(ref->name, name, len) != 0 || ref->name[len]))
                ref++;
        if (ref == refs->items + REFS_MAX) {
                refs->walk->found->more++;
                return;
        }
        if (ref == refs->items + refs->len) {
                ref->name = xmemdup(name, len);
                refs->len++;
        }
        memcpy(ref->id, id, GIT_HEX);
}

static void read_packed(struct refs *refs)
{
        _cleanup_str_ struct str text = {0};
        char id[GIT_HEX];

        if (inside_read(refs->walk, "packed-refs", &text) != INSIDE_READ)
                return;
        for (const char *at = str_text(&text); *at;) {
                size_t len = strcspn(at, "\n");

                if (len > GIT_HEX && at[GIT_HEX - 1] == ' ' && take_id(at, len, id))
                        set_ref(refs, at + GIT_HEX, len - GIT_HEX, id);
                at += len + (at[len] == '\n');
        }
}

static void read_loose(struct refs *refs, const char *path)
{
        _cleanup_str_ struct str text = {0};
        char id[GIT_HEX];

        switch (inside_read(refs->walk, path, &text)) {
        case INSIDE_REMOVED:
                refs->work_gone |= strcmp(path, WORK) == 0;
                break;
        case INSIDE_READ:
                if (take_id(str_text(&text), text.len, id))
                        set_ref(refs, path, strlen(path), id);
                break;
        default:
                break;
        }
}

static void read_folder(struct refs *refs, const char *path, unsigned depth)
{
        _cleanup_dir_ DIR *dir =
                fs_list(depth > REF_DEPTH ? -1 : fs_open_beneath(refs->walk->git, path, O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;

        while (refs->len < REFS_MAX && refs->walk->found->more < 10 * REFS_MAX && (entry = fs_list_next(dir))) {
                _cleanup_free_ char *name = xasprintf("%s/%s", path, entry->d_name);
                struct stat st;

                if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (S_ISDIR(st.st_mode))
                        read_folder(refs, name, depth + 1);
                else
                        read_loose(refs, name);
        }
}

/* Made by the step: the real repository does not have it. */
static bool is_new(const struct refs *refs, const char *id)
{
        git_oid oid;

        return git_oid_fromstr(&oid, id) < 0 || !git_odb_exists_ext(refs->walk->odb, &oid, GIT_ODB_LOOKUP_NO_REFRESH);
}

/* "commit 1a2b3c4d5e6f on branch NAME" */
static void add_at(struct refs *refs, const char *what, const char *id, const char *where, const char *name)
{
        _cleanup_free_ char *verb = xasprintf("%s %.*s%s", what, SHORT_ID, id, where);

        inside_add(refs->walk, verb, name);
}

static void add_id(struct refs *refs, const char *verb, const char *id)
{
        _cleanup_free_ char *brief = xasprintf("%.*s", SHORT_ID, id);

        inside_add(refs->walk, verb, brief);
}

static void tell_branch(struct refs *refs, const char *name, const char *id)
{
        bool work = strcmp(name, "work") == 0;

        if (is_new(refs, id)) {
                add_at(refs, "commit", id, " on branch", name);
                strv_add(&refs->told, id);
        } else if (!work) {
                inside_add(refs->walk, "make branch", name);
        } else if (strcmp(id, refs->walk->options->base) != 0) {
                add_at(refs, "reset to", id, ": branch", name);
        }
}

static void tell_ref(struct refs *refs, const struct ref *ref)
{
        static const struct {
                const char *prefix, *verb;
        } kinds[] = {{"refs/tags/", "make tag"}, {"refs/remotes/", "make remote branch"}};

        if (strncmp(ref->name, "refs/heads/", 11) == 0) {
                tell_branch(refs, ref->name + 11, ref->id);
                return;
        }
        if (strcmp(ref->name, "refs/stash") == 0) {
                add_id(refs, "stash as", ref->id);
                return;
        }
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
                if (strncmp(ref->name, kinds[i].prefix, strlen(kinds[i].prefix)) == 0) {
                        inside_add(refs->walk, kinds[i].verb, ref->name + strlen(kinds[i].prefix));
                        return;
                }
        }
        inside_add(refs->walk, "make ref", ref->name);
}

static void tell_head(struct refs *refs)
{
        _cleanup_str_ struct str text = {0};
        enum inside_state state = inside_read(refs->walk, "HEAD", &text);
        const char *head = str_text(&text);
        char id[GIT_HEX];

        if (state == INSIDE_REMOVED || state == INSIDE_STRANGE) {
                inside_add(refs->walk, "remove", ".git/HEAD");
        } else if (state == INSIDE_READ) {
                _cleanup_free_ char *line = xmemdup(head, strcspn(head, "\n"));

                if (strcmp(line, "ref: " WORK) == 0)
                        return;
                if (take_id(line, strlen(line), id))
                        add_id(refs, "check out", id);
                else
                        inside_add(refs->walk, "check out",
                                   strncmp(line, "ref: refs/heads/", 16) == 0 ? line + 16 : line);
        }
}

/* Commits that no ref names any more: left by a reset, an amend, a rebase. "OLD NEW who when\tmessage" */
static void tell_log(struct refs *refs)
{
        _cleanup_str_ struct str text = {0};
        char id[GIT_HEX];

        if (inside_read(refs->walk, "logs/HEAD", &text) != INSIDE_READ)
                return;
        for (const char *at = str_text(&text); *at;) {
                size_t len = strcspn(at, "\n");

                if (len > 2 * GIT_HEX && take_id(at + GIT_HEX, len - GIT_HEX, id) && !strv_has(&refs->told, id) &&
                    refs->told.len < REFS_MAX && is_new(refs, id)) {
                        add_id(refs, "commit", id);
                        strv_add(&refs->told, id);
                }
                at += len + (at[len] == '\n');
        }
}

static int by_name(const void *a, const void *b)
{
        return strcmp(((const struct ref *)a)->name, ((const struct ref *)b)->name);
}

static bool is_removed(const struct inside_walk *walk, const char *path)
{
        _cleanup_str_ struct str ignored = {0};

        return inside_read(walk, path, &ignored) == INSIDE_REMOVED;
}

void inside_refs(struct inside_walk *walk)
{
        struct refs *refs = xcalloc(1, sizeof(*refs));
        bool has_work = false;

        refs->walk = walk;
        read_packed(refs);
        read_folder(refs, "refs", 0);
        refs->work_gone |= is_removed(walk, "refs") || is_removed(walk, "refs/heads");
        qsort(refs->items, refs->len, sizeof(refs->items[0]), by_name);
        for (size_t i = 0; i < refs->len; i++) {
                has_work |= strcmp(refs->items[i].name, WORK) == 0;
                tell_ref(refs, &refs->items[i]);
        }
        if (refs->work_gone && !has_work)
                inside_add(walk, "remove branch", "work");
        tell_head(refs);
        tell_log(refs);
        for (size_t i = 0; i < refs->len; i++)
                free(refs->items[i].name);
        strv_release(&refs->told);
        free(refs);
}
