/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_RISK_H
#define CUPEL_DIRECTOR_RISK_H

/* The risk of the run as far as it is known: of its candidate where that was checked, else what the plan knew at the start. */

struct director;
struct json_t;

struct json_t *director_risk_json(const struct director *d); /* null without a plan; owned by the caller */

#endif
