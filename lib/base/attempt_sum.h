/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_ATTEMPT_SUM_H
#define CUPEL_BASE_ATTEMPT_SUM_H

/*
 * What a run's agent tried in vain besides the network (lib/base/net_sum.h), from its action.vetoed events, one after the other:
 *
 *         struct json_t *sum = NULL;
 *         attempt_sum_see(&sum, "runner", data);       made by the first event that counts
 *         json_decref(sum);
 *
 *         [{"action":"git push origin main","result":"refused","reason":"…","times":2}, …]
 *
 * The same action is one entry. Beyond ATTEMPT_SUM_MAX the last entry counts the rest, with an empty action. Texts are as they
 * came: not harmless.
 */

struct json_t;

#define ATTEMPT_SUM_MAX 50

void attempt_sum_see(struct json_t **sum, const char *actor, const struct json_t *data);

#endif
