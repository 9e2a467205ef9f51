/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_POLICY_GATE_KEYS_H
#define CUPEL_POLICY_POLICY_GATE_KEYS_H

/* Of policy_keys.c only: what it takes from policy_gate_keys.c. */

#include "policy/schema.h"

extern const struct schema policy_gates_schema, policy_secrets_schema;

#endif
