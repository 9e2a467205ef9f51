/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_NET_SUM_H
#define CUPEL_BASE_NET_SUM_H

/*
 * What a run did on the network, summed up from its events, one after the other:
 *
 *         struct json_t *sum = NULL;
 *         net_sum_see(&sum, "receipt.net", "system", data);      made by the first event that counts
 *         json_decref(sum);
 *
 *         {"requests":3,"refused":1,"bytes_in":…,"bytes_out":…,"others":0,
 *          "hosts":{"example.com:443":{"requests":2,"refused":0,"bytes_in":…,"bytes_out":…}, …}}
 *
 * Hosts beyond NET_SUM_HOSTS are summed up without their names, and counted in `others`. Only what "system" recorded counts:
 * an agent may have its own reasons to tell of a refusal.
 */

struct json_t;

#define NET_SUM_HOSTS 200

void net_sum_see(struct json_t **sum, const char *type, const char *actor, const struct json_t *data);

#endif
