/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_COMMIT_H
#define CUPEL_GIT_COMMIT_H

/*
 * One commit object, signed in the process and kept in the quarantine's handle, in memory, until landing_prepare() packs
 * it. Nothing of the repository's configuration is asked: what is in the commit is what the caller says.
 *
 *         const struct commit_trailer trailers[] = {{"Cupel-Run", run}, {"Cupel-Item", item}, {0}};
 *         const struct commit_spec spec = {.tree = tree, .parent = base, .author = {"A", "a@b"}, .committer = …,
 *                                          .time = time(NULL), .message = text, .trailers = trailers};
 *         commit_make(q, &spec, key, id, err);
 *
 * Names and mails lose '<', '>', control characters and surrounding blanks; an empty one is ERR_INPUT. The message is
 * cut at NUL, its line ends and outer blank lines made even; a trailer value keeps to one line.
 */

#include "lib/base/err.h"
#include "lib/base/ids.h"

#include <stdint.h>

struct quarantine;
struct sshkey;

struct commit_person {
        const char *name, *mail;
};

struct commit_trailer {
        const char *key, *value; /* key NULL ends the list */
};

struct commit_spec {
        const char *tree, *parent; /* 40 hex digits; parent NULL for a root commit */
        struct commit_person author, committer;
        int64_t time; /* seconds since the epoch, for both, in UTC */
        const char *message;
        const struct commit_trailer *trailers; /* NULL: none */
};

int commit_make(struct quarantine *q, const struct commit_spec *spec, const struct sshkey *key, char ret_id[GIT_HEX],
                struct err *err);

#endif
