/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_PACKET_H
#define CUPEL_CLI_PACKET_H

/*
 * Finding the packet that a person named: a run of this repository, an archive that `cupel export` wrote, maybe somewhere
 * else, or the folder that one was unpacked to. What reads it (lib/packet/) is the same for all.
 *
 *         _cleanup_packet_ref_ struct packet_ref ref = PACKET_REF_INIT;
 *         if (packet_find(context, argument, &ref, err) < 0) …
 *         packet_report(ref.fd); …
 */

#include "cli/scratch.h"
#include "lib/base/err.h"
#include "lib/packet/folder.h"
#include "lib/store/store.h"

struct context;

/* The run's folder, or -1 with ERR_NOT_FOUND (gc removed it). */
int packet_open(const struct context *context, const char *run, struct err *err);

struct packet_ref {
        int fd;                  /* the packet's folder */
        char *name;              /* the run's id, as the store or else the packet itself says */
        bool stored;             /* `run` is its row here */
        struct store_run run;    /* only where `stored` */
        struct scratch unpacked; /* of an archive: a private folder that goes with the reference */
};

#define PACKET_REF_INIT ((struct packet_ref){.fd = -1, .unpacked = SCRATCH_INIT})

/* Whether a person who writes this means an archive or a folder: it has a slash, or ends in .tar.zst. */
bool packet_is_path(const char *which);

/* It is one, and there is one: a file, or a folder with what packets have in it. */
bool packet_is_here(const char *which);

/*
 * `which`: what context_find_run() takes, or the path of an archive or of a packet's folder. What those hold is anybody's word:
 * nothing in it was checked but, of an archive, that it is laid out as a packet (lib/packet/archive.h). A folder is read where it
 * lies, and only itself: that of a run of this machine, too, is then a packet like any other. For a run the repository and its
 * history are opened where they are not yet; a path does without.
 */
int packet_find(struct context *context, const char *which, struct packet_ref *ret, struct err *err);
void packet_ref_release(struct packet_ref *ref);
#define _cleanup_packet_ref_ __attribute__((cleanup(packet_ref_release)))

#endif
