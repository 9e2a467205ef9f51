/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SITE_DIR_H
#define CUPEL_CLI_SITE_DIR_H

/*
 * The folder of a site, replaced as a whole: the new one is built beside it and takes its name in one rename(2), so that whoever looks,
 * and whatever is killed, sees the old site or the new one. What did not change is linked from the old one and keeps its times.
 *
 *         struct site_dir dir = SITE_DIR_INIT;
 *         site_dir_open(&dir, "public", &owner, err);        ERR_INPUT: there is something that is no site of ours
 *         site_dir_put(&dir, "data/index.json", bytes, len, err);
 *         site_dir_copy(&dir, "data/runs/x/patch.diff", fd, most, &file, err);
 *         site_dir_finish(&dir, err);                        SHA256SUMS, then the exchange
 *         site_dir_release(&dir);                            whatever is not finished is removed
 *
 * A site of ours has data/site.json, which names the repository; anything else at its top that cupel did not write keeps it from being
 * replaced. ERR_BUSY: another process publishes into the same folder.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SITE_SCHEMA "cupel.site.v1"

struct site_dir {
        int parent, old, new; /* the folder above; the site that is there, or -1; the one that is built */
        char *name, *building;
        struct strv sums; /* "<path>\n<hex>" */
        size_t written, kept, removed;
        bool finished;
};

#define SITE_DIR_INIT ((struct site_dir){.parent = -1, .old = -1, .new = -1})

struct site_owner {
        const char *repository; /* as data/site.json has it */
        bool preview;           /* never takes the place of a site that is none */
};

struct site_file {
        char sha256[HASH_HEX];
        int64_t bytes;
};

int site_dir_open(struct site_dir *dir, const char *path, const struct site_owner *owner, struct err *err);
int site_dir_put(struct site_dir *dir, const char *path, const void *bytes, size_t len, struct err *err);
/* From the descriptor's start; at most `most` bytes, else ERR_INPUT. */
int site_dir_copy(struct site_dir *dir, const char *path, int fd, size_t most, struct site_file *ret, struct err *err);
int site_dir_finish(struct site_dir *dir, struct err *err);
void site_dir_release(struct site_dir *dir);
#define _cleanup_site_dir_ __attribute__((cleanup(site_dir_release)))

/* A file of any folder, never through a link, or its bytes; ERR_NOT_FOUND, ERR_INPUT where it is no file. It may be somebody else's. */
int site_open(int folder, const char *path, struct err *err);
int site_read(int folder, const char *path, size_t most, struct str *ret, struct err *err);

/* Bytes of a file of the site that is built; ERR_NOT_FOUND where nothing put it. */
int site_dir_read(const struct site_dir *dir, const char *path, struct str *ret, struct err *err);

#endif
