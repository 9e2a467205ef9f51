/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_LATER_H
#define CUPEL_PACKET_LATER_H

/*
 * The seal of what was said of a run after its packet was sealed: later.jsonl beside the packet, one in-toto Statement in one signed
 * envelope (lib/packet/dsse.h), by the key that signs attestations. The files of LATER_FILES grow, so SHA256SUMS has none of them; this
 * says how many lines each had, and which, when somebody last said something, or when the packet was exported:
 *
 *   subject     evidence/SHA256SUMS: no other packet's
 *   predicate   {"run", "time", "log": {"events", "head"}, "files": [{"name", "lines", "sha256"}, …]}
 *
 *         later_seal(packet, key, &(struct later_log){run, events, head}, err);      whoever wrote one of the files
 *
 * Written anew only where it would say something else, so that a packet that nobody touched is exported to the same bytes. What
 * it cannot tell is docs/provenance.md's: who puts an older seal back together with the older files is seen by the log alone.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/ids.h"
#include "lib/base/p256.h"

#include <stdbool.h>
#include <stdint.h>

struct attest_keys;

#define LATER_SEAL "later.jsonl"
#define LATER_PREDICATE "https://cupel.dev/later/v1"
#define LATER_FILE_MAX ((size_t)64 << 20)

/* In this order, in the seal too. */
#define LATER_FILES(X)                                                                                                 \
        X("amendments.jsonl")                                                                                          \
        X("operator.jsonl")

enum {
#define X(name) +1
        LATER_FILES_LEN = 0 LATER_FILES(X)
#undef X
};

/* Walks them: NULL past the end. */
const char *later_file(size_t index);

/* The run's log when it is sealed. */
struct later_log {
        const char *run;
        int64_t events;
        const char *head; /* hash of the last */
};

int later_seal(int packet, const struct p256_key *key, const struct later_log *log, struct err *err);

/* Whether there is anything to seal: one of the files, or a seal. */
bool later_any(int packet);

struct later_told { /* of one file, as it is or as it was sealed */
        int64_t lines;
        char sha256[HASH_HEX];
};

struct later {
        char run[RUN_ID_MAX + 1], time[40], sums[HASH_HEX];
        int64_t events;
        struct later_told files[LATER_FILES_LEN]; /* in their order */
};

/* Each file that is not as the seal has it, or that nothing seals. `seal` (may be NULL) is what it says, where there is one. */
typedef void later_fault_fn(void *arg, const char *file, const char *what);
bool later_compare(int packet, const struct attest_keys *keys, later_fault_fn *found, void *arg, struct later *seal);

#endif
