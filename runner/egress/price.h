/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_PRICE_H
#define CUPEL_EGRESS_PRICE_H

/*
 * What tokens cost, in micro-dollars and whole numbers alone. Prices are micro-dollars for a million tokens, by the model's name:
 * the longest glob that fits it, or what stands behind its last slash ("anthropic/claude-…"), wins. "*" is the fallback.
 */

#include "runner/egress/egress.h"
#include "runner/egress/meter.h"

/* NULL where there is no price at all. */
const struct egress_price *price_find(const struct egress_config *config, const char *model, bool *ret_fallback);

/* Rounded up; more than UINT64_MAX is UINT64_MAX. Without a price: 0. */
uint64_t price_cost(const struct egress_price *price, const struct meter_usage *usage);

#endif
