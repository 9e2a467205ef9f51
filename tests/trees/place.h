/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TREES_PLACE_H
#define CUPEL_TREES_PLACE_H

/*
 * One base, and sequences of edits over it, each in an overlay of the kernel's: what git makes of the merged folder, and what the
 * read-back makes of the upper.
 *
 *         struct place place;
 *         place_open(&place, "/dev/shm");                    a private folder there
 *         place_base(&place, &config, &base);                a repository, its tree, a checkout, git's index of it
 *         …                                                  the clock moves on by a second: git compares whole seconds
 *         place_judge(&place, &base, &edits, &result);       result.git and result.ours, or why there is none
 *         place_close(&place);
 *
 * Needs a mount namespace in which it may mount. What is no matter of trees (a folder that cannot be made, a git that cannot be
 * started) ends the program and says so.
 */

#include "lib/git/repo.h"
#include "tests/trees/edits.h"

struct place {
        char folder[80];
        int fd;
        struct repo *repo;
        char tree[GIT_HEX]; /* of the base */
        uint64_t judged;
};

struct place_config {
        const char *autocrlf; /* NULL: unset */
        bool distrust_mode;   /* core.filemode false */
        bool as_is;           /* the base's blobs are its bytes, whatever the attributes say */
        uint32_t exclude;     /* a line of info/exclude; 0: none */
};

struct place_result {
        char git[GIT_HEX], ours[GIT_HEX], late[GIT_HEX]; /* late: in two parts */
        bool unseen;   /* git could not look at something: there is nothing to compare with */
        char why[400]; /* what was refused, or failed */
};

void place_open(struct place *place, const char *where);
void place_base(struct place *place, const struct place_config *config, const struct edits *base);
void place_judge(struct place *place, const struct edits *base, const struct edits *edits, struct place_result *ret);
void place_close(struct place *place);

/*
 * git with these arguments (NULL ends) on the place; the first line that it prints in `ret` of `size`. With NULL its warnings are read, too:
 * 1 where it says that it could not look at something (below a symlink that leads to itself), and so leaves that as it was. 0, or -1.
 */
struct git_call {
        const char *git_dir, *work_tree, *index, *objects; /* below the place; NULL: as GIT_DIR has it */
};
int place_git(const struct place *place, const struct git_call *call, const char *const *arguments, char *ret,
              size_t size);

#endif
