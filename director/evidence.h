/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_EVIDENCE_H
#define CUPEL_DIRECTOR_EVIDENCE_H

/*
 * The evidence of a run as one digest, fixed before the commit that carries it.
 *
 * The evidence set is a list of lines, one per receipt of the run ("<event id> <event hash>") and one for the head of the
 * store's chain at that moment ("store-chain <hash>"), sorted, each followed by a newline; the digest is SHA-256 over
 * these bytes. The list is evidence/evidence-set.txt of the packet: `sha256sum evidence-set.txt` gives the digest.
 *
 *         evidence_seal(d, digest, err);      the first time: computes, records receipt.evidence.set.hash
 *                                             later: recomputes from the same receipts; ERR_REFUSED where it differs
 *                                             after evidence_void(): over all receipts there are by then
 *         evidence_list(d, &text, err);       the lines, for the packet; empty where nothing was sealed
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/str.h"

struct director;

int evidence_seal(struct director *d, char ret_digest[HASH_HEX], struct err *err);
void evidence_forget(struct director *d); /* the transaction that held the seal was undone */
void evidence_void(struct director *d);   /* what was sealed is not what will land: the next seal is a new one */
int evidence_list(struct director *d, struct str *ret, struct err *err);

/* Pure: sorts the lines and gives text and digest. */
void evidence_digest(struct strv *lines, struct str *ret_text, char ret_digest[HASH_HEX]);

#endif
