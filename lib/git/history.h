/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_HISTORY_H
#define CUPEL_GIT_HISTORY_H

/*
 * Commits as evidence: what one says and who signed it, which ones are new, and what a notes ref has about them. Objects that
 * were pushed are read here, so nothing of them is believed: sizes are bounded, trees are read strictly.
 */

#include "lib/base/str.h"
#include "lib/git/repo.h"

struct commit_facts {
        char tree[GIT_HEX];
        struct strv parents;
        char *committer_mail, *subject;
        struct strv trailers;   /* "Key: value", of the last paragraph */
        char *signature;        /* SSH's armor (header gpgsig); NULL: it is not signed */
        struct str signed_part; /* what it is a signature of */
};

/* ERR_NOT_FOUND: there is no such commit. */
int commit_facts_read(struct repo *repo, const char *commit, struct commit_facts *ret, struct err *err);
void commit_facts_release(struct commit_facts *facts);
#define _cleanup_commit_facts_ __attribute__((cleanup(commit_facts_release)))

/* The value of the trailer; NULL where there is none, or more than one. Borrowed. */
const char *commit_facts_trailer(const struct commit_facts *facts, const char *key);

/* What is reachable from `tip` and from none of `hidden` (ids; unknown ones are passed over), oldest first. ERR_INPUT over `most`. */
int history_between(struct repo *repo, const char *tip, const struct strv *hidden, size_t most, struct strv *ret,
                    struct err *err);

/* Ids of the refs whose full name fits one of the globs (fnmatch(3)). */
int history_refs(struct repo *repo, const struct strv *globs, struct strv *ret_ids, struct err *err);

/* Where a ref leads to by name, where it is symbolic; else its own name. The id it has: "" where there is none. Free ret_name. */
int history_ref(struct repo *repo, const char *ref, char **ret_name, char ret_id[GIT_HEX], struct err *err);

/* Adds where those that are symbolic refs lead to; what is no ref, a glob say, is there twice then. */
int history_ref_targets(struct repo *repo, struct strv *names, struct err *err);

/* Another folder of objects to read from: what a push brought and nobody has accepted yet. */
int history_add_objects(struct repo *repo, const char *folder, struct err *err);

/* ---- Notes (git-notes(1)) ---- */

#define NOTES_REF "refs/notes/cupel"

/* The note of `about` in the commit `notes`: 1; 0: there is none. ERR_INPUT over `most` bytes. */
int note_read(struct repo *repo, const char *notes, const char *about, size_t most, struct str *ret, struct err *err);

/*
 * A new commit on `notes` ("": none yet) that has this note in place of any other; in the repository's store, no ref is moved.
 */
int note_write(struct repo *repo, const char *notes, const char *about, const struct str *text, char ret_notes[GIT_HEX],
               struct err *err);

/* Moves a ref from one id ("": it is not there) to another; ERR_CONFLICT where it is elsewhere by now. */
int history_move_ref(struct repo *repo, const char *ref, const char *from, const char *to, const char *why,
                     struct err *err);

#endif
