/* SPDX-License-Identifier: Apache-2.0 */
/* A notes tree names each note by the id it is about, with any number of its leading pairs of digits as folders. */
#include "lib/git/history.h"

#include "lib/base/cleanup.h"
#include "lib/git/internal.h"

#include <string.h>

#define FANOUT_MAX 19

static int read_blob(struct repo *repo, const git_oid *id, size_t most, struct str *ret, struct err *err)
{
        _cleanup_odb_object_ git_odb_object *object = NULL;
        git_object_t type;
        size_t size;

        if (git_odb_read_header(&size, &type, repo->odb, id) < 0 || type != GIT_OBJECT_BLOB)
                return err_set(err, ERR_INPUT, "a note is no file");
        if (size > most)
                return err_set(err, ERR_INPUT, "a note has %zu bytes; at most %zu are read", size, most);
        if (git_odb_read(&object, repo->odb, id) < 0)
                return git_fail(err, "cannot read a note");
        str_append(ret, git_odb_object_data(object), git_odb_object_size(object));
        return 0;
}

/* One level: the note itself, else the folder of its next two digits. 1: ret is the note, 0: neither, 2: the folder. */
static int step(struct repo *repo, git_oid *tree, const char *rest, struct tree_entry *ret, struct err *err)
{
        const char pair[] = {rest[0], rest[1], '\0'};
        int got = tree_lookup(repo->odb, tree, rest, ret, err);

        if (got != 0)
                return got > 0 && tree_entry_is_tree(ret) ? 0 : got;
        got = tree_lookup(repo->odb, tree, pair, ret, err);
        if (got <= 0 || !tree_entry_is_tree(ret))
                return got < 0 ? -1 : 0;
        *tree = ret->id;
        return 2;
}

int note_read(struct repo *repo, const char *notes, const char *about, size_t most, struct str *ret, struct err *err)
{
        struct tree_entry entry;
        char hex[GIT_HEX];
        git_oid tree;
        int got = 2;

        if (strlen(about) != GIT_HEX - 1 || repo_commit_tree(repo, notes, hex, err) < 0 ||
            oid_parse(hex, &tree, err) < 0)
                return err->code == ERR_OK ? err_set(err, ERR_INPUT, "%.64s is no id", about) : -1;
        for (int level = 0; got == 2 && level <= FANOUT_MAX; level++)
                got = step(repo, &tree, about + 2 * level, &entry, err);
        if (got != 1)
                return got < 0 ? -1 : 0;
        return read_blob(repo, &entry.id, most, ret, err) < 0 ? -1 : 1;
}

int note_write(struct repo *repo, const char *notes, const char *about, const struct str *text, char ret_notes[GIT_HEX],
               struct err *err)
{
        git_commit *parent = NULL;
        git_signature *who = NULL;
        git_oid id, target, made, blob;
        int got;

        if ((notes[0] && oid_parse(notes, &id, err) < 0) || oid_parse(about, &target, err) < 0)
                return -1;
        if (notes[0] && git_commit_lookup(&parent, repo->git, &id) < 0)
                return git_fail(err, "cannot read the notes %.12s", notes);
        got = git_signature_now(&who, "cupel", "cupel@cupel.invalid");
        if (got == 0)
                got = git_note_commit_create(&made, &blob, repo->git, parent, who, who, &target, str_text(text), 1);
        if (got < 0)
                git_fail(err, "cannot write the note of %.12s", about);
        git_signature_free(who);
        git_commit_free(parent);
        if (got < 0)
                return -1;
        oid_hex(&made, ret_notes);
        return 0;
}
