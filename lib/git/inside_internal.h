/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_INSIDE_INTERNAL_H
#define CUPEL_GIT_INSIDE_INTERNAL_H

/* What the parts of a look into the throw-away .git share: inside.c, inside_refs.c, inside_config.c. */

#include "lib/git/inside.h"
#include "lib/git/internal.h"

#define INSIDE_FILE_MAX ((size_t)256 << 10) /* bytes of one file that are read; a larger one counts as changed */

struct inside_walk {
        int git; /* the upper's .git */
        const struct inside_options *options;
        git_odb *odb; /* of the real repository */
        struct inside *found;
        bool replaced; /* nothing of the lowers shines through */
};

enum inside_state {
        INSIDE_ABSENT,  /* the upper says nothing of it */
        INSIDE_REMOVED, /* a whiteout */
        INSIDE_READ,
        INSIDE_STRANGE, /* no regular file, too large, or unreadable */
};

/* "VERB NAME", the name quoted where it is no plain one. */
void inside_add(struct inside_walk *walk, const char *verb, const char *name);

/* A file below .git, of the upper alone; `ret` is empty but for INSIDE_READ. */
enum inside_state inside_read(const struct inside_walk *walk, const char *path, struct str *ret);

/* The same file as it was at the start; false: it was not there. */
bool inside_read_lower(const struct inside_walk *walk, const char *path, struct str *ret);

void inside_refs(struct inside_walk *walk);
void inside_config(struct inside_walk *walk);

#endif
