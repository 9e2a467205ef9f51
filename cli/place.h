/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_PLACE_H
#define CUPEL_CLI_PLACE_H

/*
 * Whether showing one folder would show another, whatever names lead to them: links, bind mounts, other spellings on a file
 * system that ignores case. Two things are compared: the identity (device and inode) of each folder on the way up from either
 * one, and where in its file system a folder lies (proc_pid_mountinfo(5)), also of what is mounted below it.
 *
 *         struct mounts mounts = {0};
 *         mounts_read(&mounts, err);
 *         place_find(&place, "/home/me/.ssh", &mounts, err);
 *         switch (place_compare(&shown, &place, &mounts)) { … }
 *         place_release(&place); mounts_release(&mounts);
 *
 * What does not exist yet is compared by the nearest folder above it that does: it can only be shown by what contains that.
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct mount_entry {
        int id;
        char *device, *root, *point; /* "254:0", path in that file system, path here */
};

struct mounts {
        struct mount_entry *items;
        size_t len;
};

int mounts_read(struct mounts *mounts, struct err *err);
void mounts_release(struct mounts *mounts);

struct place {
        int fd;       /* O_PATH */
        char *path;   /* real path; of the nearest folder above where it does not exist */
        char *device; /* NULL: unknown */
        char *within; /* path in the file system of that device */
        bool exists;
};

#define PLACE_NONE ((struct place){.fd = -1})

/* Follows links: what counts is where the name leads. */
int place_find(struct place *ret, const char *path, const struct mounts *mounts, struct err *err);
void place_release(struct place *place);

enum place_relation {
        PLACE_APART,
        PLACE_IN,       /* `shown` is the guarded one, or lies in it */
        PLACE_CONTAINS, /* the guarded one would be seen in `shown` */
};

enum place_relation place_compare(const struct place *shown, const struct place *guarded, const struct mounts *mounts);

/* The first mount point below the folder, NULL where there is none; borrowed from `mounts`. */
const char *place_mount_below(const struct place *place, const struct mounts *mounts);

#define _cleanup_place_ __attribute__((cleanup(place_release)))
#define _cleanup_mounts_ __attribute__((cleanup(mounts_release)))

#endif
