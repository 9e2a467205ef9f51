/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_FUZZ_GIT_PLACE_H
#define CUPEL_FUZZ_GIT_PLACE_H

/*
 * A repository with something of everything in its one tree, made by git once, in a private folder; and, for one input, a fresh
 * quarantine and a fresh empty folder there.
 *
 *         struct git_place *place = git_place();
 *         struct quarantine *q = git_place_quarantine(place, "q");
 *         int fd = git_place_fresh(place, "upper");
 */

#include "lib/git/quarantine.h"
#include "lib/git/repo.h"

struct git_place {
        char folder[64];
        int fd;
        struct repo *repo;
        char tree[GIT_HEX];
};

struct git_place *git_place(void); /* the same each time; goes when the process ends */
struct quarantine *git_place_quarantine(const struct git_place *place, const char *name); /* of a fresh folder */
int git_place_fresh(const struct git_place *place, const char *name); /* descriptor of an empty folder */

/*
 * Written as an upper and read back, `tree` is the same: what quarantine_check() takes, an overlay shows. `q` holds it.
 */
void git_place_round_trip(const struct git_place *place, struct quarantine *q, const char *tree);

#endif
