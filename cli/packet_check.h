/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_PACKET_CHECK_H
#define CUPEL_CLI_PACKET_CHECK_H

/*
 * Whether a packet keeps its terms (lib/packet/terms.h), and, of a run of this store, whether it is still what the log tells: a
 * packet that somebody copied back, or that a run outlived, is stale.
 */

#include "lib/base/err.h"
#include "lib/packet/terms.h"

struct context;
struct json_t;
struct packet_ref;

int packet_check(struct context *context, const struct packet_ref *ref, struct packet_terms *ret, struct err *err);

/* {"run","kept","terms":[{"term","group","promise","kept","faults"}],"amendments":[…]}; owned by the caller. */
struct json_t *packet_check_json(const struct packet_ref *ref, const struct packet_terms *terms);

/* The table of terms itself: [{"term","group","where","promise"}], and as a page of docs/. */
struct json_t *packet_terms_json(void);
void packet_terms_markdown(struct str *out);

#endif
