/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_IDENTITY_H
#define CUPEL_PACKET_IDENTITY_H

/*
 * Who a packet says its run was, recomputed from its folder alone: config_snapshot/ and identity.txt are all that is read. The
 * definition, for other implementations too: docs/identity.md.
 *
 *         struct packet_identity identity;
 *         if (packet_identity(packet, &identity, err) < 0) …         what is there is no snapshot: says which file, and why
 *         if (!packet_identity_holds(&identity)) …                   the snapshot is not the one that identity.txt was made of
 *
 * ERR_NOT_FOUND: a file that must be there is not; ERR_INPUT: one is not as cupel writes it. Whether the run in the log has the
 * same identity and snapshot (struct store_run) is for whoever has a log.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"

#include <stdbool.h>

struct packet_identity {
        char snapshot[HASH_HEX]; /* of config_snapshot/: lib/base/snapshot.h */
        char identity[HASH_HEX]; /* recomputed: lib/base/identity.h */
        char recorded[HASH_HEX]; /* what identity.txt says */
};

int packet_identity(int packet, struct packet_identity *ret, struct err *err);
bool packet_identity_holds(const struct packet_identity *identity);

/* The same of a config_snapshot that lies elsewhere (a checkpoint's): `recorded` stays empty. */
int packet_snapshot_identity(int snapshot, struct packet_identity *ret, struct err *err);

#endif
