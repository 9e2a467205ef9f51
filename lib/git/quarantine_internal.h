/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_QUARANTINE_INTERNAL_H
#define CUPEL_GIT_QUARANTINE_INTERNAL_H

/*
 * How lib/git writes into a quarantine and reads loose objects that nobody vouches for.
 *
 * Two object databases: `real` is the repository's own; `odb` sees it first and the quarantine last, so that a planted
 * file can never stand in for an object that exists. Both stores are alternates of `odb`, hence it refuses writes;
 * quarantine_write() goes to the loose backend directly, which neither refreshes nor touches the real store.
 */

#include "lib/git/internal.h"
#include "lib/git/oid_set.h"
#include "lib/git/quarantine.h"

#include <git2/sys/odb_backend.h>

/* Folders of another run's objects, open while quarantine_borrow() is at work. */
struct quarantine_lender {
        int fds[3];
        size_t len;
};

struct quarantine {
        struct repo *repo;       /* the second handle */
        git_odb *odb;            /* of `repo`; owned */
        git_odb *real;           /* borrowed from the caller's handle */
        git_odb_backend *loose;  /* of the quarantine; owned by odb */
        git_odb_backend *memory; /* what quarantine_keep() was given; owned by odb; NULL until then */
        int dirfd;
        git_odb_backend *store; /* quarantine_own_store(); owned by odb; NULL until then */
        int store_fd;
        char *keep_folder;     /* quarantine_keep_in() */
        git_odb_backend *kept; /* there; owned by odb; NULL until something is */
        int kept_fd;
        struct quarantine_lender lender;
        struct oid_set fresh; /* checked or written by this process, and to be published */
};

/* Stores an object that neither store has; the id in any case. */
int quarantine_write(struct quarantine *q, const void *data, size_t len, git_object_t type, git_oid *ret,
                     struct err *err);

/* The same, for as long as this handle lives: no file is written. */
int quarantine_keep(struct quarantine *q, const void *data, size_t len, git_object_t type, git_oid *ret,
                    struct err *err);

/* The same for a file of `size` bytes at `fd` (offset 0), without holding it in memory. */
int quarantine_write_file(struct quarantine *q, int fd, uint64_t size, git_oid *ret, struct err *err);
/* … or for a part of one, whatever lies behind it. */
int quarantine_write_part(struct quarantine *q, int fd, uint64_t offset, uint64_t size, git_oid *ret, struct err *err);

bool quarantine_real_has(struct quarantine *q, const git_oid *id);

/* The blob can be what a symlink says: it is not empty, and without a zero byte, as everything that readlink() ever gave. */
bool quarantine_has_link(struct quarantine *q, const git_oid *id);

/*
 * One object that the real store does not have, with suspicion: from the own store, the run that is borrowed from, the
 * quarantine. As loose_read().
 */
int quarantine_fetch(struct quarantine *q, const git_oid *id, git_object_t type, uint64_t max, char **ret_data,
                     uint64_t *ret_len, struct err *err);

#define QUARANTINE_COMPRESSION 1 /* speed over size: these objects are read once or twice and packed anew */

/* Where an object is looked for: the own store, then the quarantine, so that nothing planted there stands in the way. */
enum { QUARANTINE_LAST = -1, QUARANTINE_STORE = 0, QUARANTINE_FIRST = 1000 };

/*
 * One loose object below `dirfd`, opened and inflated with suspicion. `max` bounds the inflated size. With `ret_data` the
 * content is kept (NUL after it; free), else only hashed. Returns 1, 0 where there is no such file, -1 with ERR_REFUSED.
 */
int loose_read(int dirfd, const git_oid *id, git_object_t type, uint64_t max, char **ret_data, uint64_t *ret_len,
               struct err *err);

#endif
