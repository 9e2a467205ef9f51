/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_COST_SUM_H
#define CUPEL_BASE_COST_SUM_H

/*
 * What a run's requests to models cost, summed up from its cost.reported events, one after the other:
 *
 *         struct json_t *sum = NULL;
 *         cost_sum_see(&sum, "system", data);       made by the first event that counts
 *         json_decref(sum);
 *
 *         {"usd":0.0123,"tokens_in":2400,"tokens_out":80,"requests":2,"estimated":0,"claimed_usd":null,
 *          "models":{"NAME":{"usd","tokens_in","tokens_out","cached_in","requests","estimated"}, …}}
 *
 * `estimated` counts requests whose final count did not come. Only what "system" recorded is the run's cost; what an agent says
 * of its own accord is `claimed_usd`. Models beyond COST_SUM_MODELS are summed up under "others".
 */

#include <stdint.h>

struct json_t;
struct str;

#define COST_SUM_MODELS 50
#define COST_TEXT 32

void cost_sum_see(struct json_t **sum, const char *actor, const struct json_t *data);
int64_t cost_sum_micro(const struct json_t *sum); /* micro-dollars; 0 for NULL */

/* "$1.00", "$0.0123", "$0.000004": no digit that counts is left out. */
void cost_text(int64_t micro, char ret[COST_TEXT]);

/* "$0.0123 of $1.00 · 2 requests · 2,400 in / 80 out · claude-…" for a person; limit -1: none is told. Not harmless: names of
 * models are as they came. */
void cost_put_line(const struct json_t *sum, int64_t limit_micro, struct str *out);

#endif
