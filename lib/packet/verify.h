/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_VERIFY_H
#define CUPEL_PACKET_VERIFY_H

/*
 * Is a packet what the director wrote? A pure look at one folder, of a run here or of an unpacked archive: nothing outside of it is
 * asked, nothing in it is believed before it is checked, and nothing is written.
 *
 *         _cleanup_packet_verdict_ struct packet_verdict verdict;
 *         if (packet_verify(fd, &(struct packet_verify_options){.keys = keys}, &verdict, err) < 0)
 *                 return -1;                                     the folder cannot be read at all
 *         for (size_t i = 0; i < verdict.len; i++)
 *                 say(verdict.items[i].file, verdict.items[i].what);   none: nothing is wrong
 *
 * What anchors what is a table in docs/provenance.md. In short: SHA256SUMS has every file; the log of events is a chain by itself;
 * the evidence set names receipts of that chain; the first event names snapshot and identity; the report tells what the log tells;
 * and the attestation signs the list of sums, so that a file that was changed together with its line shows.
 *
 * Keys that are NULL: the attestation is checked in everything but who signed it; `signers` says what key it claims.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/ids.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct attest_keys;

/* name, what it says where all is well; of the last two packet_verify() knows nothing, they are `cupel verify`'s */
#define PACKET_CHECKS(X)                                                                                               \
        X(FILES, "files", "every file is as SHA256SUMS has it, none is missing, none was added")                       \
        X(LOG, "log", "the chain of events is unbroken, from the run's beginning to its end")                          \
        X(SNAPSHOT, "snapshot", "snapshot and identity are those that the run began with")                             \
        X(EVIDENCE, "evidence", "the evidence set is the one that was sealed, and names receipts of this log")         \
        X(REPORT, "report", "the report tells what the log tells")                                                     \
        X(ATTESTATION, "attestation", "its statements are signed, and are about this packet")                          \
        X(STORE, "store", "the store has the same events, and both of its chains are unbroken")                        \
        X(COMMIT, "commit", "the repository has the commit, with this tree and parent, its trailers and its signature")

enum packet_check {
#define X(id, name, text) PACKET_CHECK_##id,
        PACKET_CHECKS(X)
#undef X
                PACKET_CHECK_COUNT
};

const char *packet_check_name(enum packet_check check);
const char *packet_check_promise(enum packet_check check);

struct packet_finding {
        enum packet_check check;
        char *file; /* its path in the packet, made fit for a line */
        char *what; /* a sentence without its end */
};

struct packet_verify_options {
        const struct attest_keys *keys; /* lib/packet/attest_key.h; NULL: not asked who signed */
        bool exported;                  /* out of an archive: it must say how much of what was said later it has */
};

/* What the log of the packet tells; "" where it tells nothing of it. All of it is hostile until nothing was found. */
struct packet_told {
        char run[RUN_ID_MAX + 1], item[ITEM_ID_MAX + 1];
        char base[GIT_HEX], tree[GIT_HEX], commit[GIT_HEX], parent[GIT_HEX];
        char target[256], outcome[33];
        char identity[HASH_HEX], snapshot[HASH_HEX], evidence[HASH_HEX], store_chain[HASH_HEX];
        char head[HASH_HEX]; /* of the run's chain */
        int64_t events;
};

struct packet_verdict {
        struct packet_finding *items;
        size_t len;
        bool done
                [PACKET_CHECK_COUNT]; /* false: there was nothing to check (a run that ended before its evidence was sealed) */
        size_t files;                 /* that SHA256SUMS has */
        struct packet_told told;
        struct strv signers; /* ids of the keys that signed, each once */
        struct strv
                later; /* files of what people said after the end, where there are such: in neither sums nor signature */
        int64_t sealed_lines; /* lines that were said later, as they were sealed (lib/packet/later.h) */
        char sealed_time[40]; /* when; "": nothing is sealed */
};

/* -1: the folder or its list of sums cannot be read for a reason that is no finding (a failing disk, no memory for it). */
int packet_verify(int packet, const struct packet_verify_options *options, struct packet_verdict *ret, struct err *err);
void packet_verdict_release(struct packet_verdict *verdict);
#define _cleanup_packet_verdict_ __attribute__((cleanup(packet_verdict_release)))

bool packet_verdict_failed(const struct packet_verdict *verdict, enum packet_check check);

/* For what others find in the same packet: the store's rows, the repository. At most PACKET_FINDINGS_MAX are kept. */
#define PACKET_FINDINGS_MAX 1000
void packet_found(struct packet_verdict *verdict, enum packet_check check, const char *file, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

#endif
