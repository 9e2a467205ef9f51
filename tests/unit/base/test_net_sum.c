/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/net_sum.h"

#include "lib/base/json.h"

#include <criterion/criterion.h>

static void receipt(json_t **sum, const char *actor, const char *host, int port)
{
        _cleanup_json_ json_t *data = json_pack("{s:s, s:i, s:s, s:i, s:i, s:i}", "host", host, "port", port, "address",
                                                "", "bytes_in", 10, "bytes_out", 3, "ms", 1);

        net_sum_see(sum, "receipt.net", actor, data);
}

static json_int_t of(const json_t *sum, const char *host, const char *key)
{
        return json_integer_value(
                json_object_get(host ? json_object_get(json_object_get(sum, "hosts"), host) : sum, key));
}

Test(net_sum, requests_and_refusals_are_counted_by_host)
{
        _cleanup_json_ json_t *sum = NULL, *veto = json_pack("{s:s}", "candidate_action", "connect b.example:22");

        receipt(&sum, "system", "a.example", 443);
        receipt(&sum, "system", "a.example", 443);
        receipt(&sum, "system", "::1", 80);
        net_sum_see(&sum, "action.vetoed", "system", veto);
        cr_assert_eq(of(sum, "a.example:443", "requests"), 2);
        cr_assert_eq(of(sum, "a.example:443", "bytes_in"), 20);
        cr_assert_eq(of(sum, "[::1]:80", "requests"), 1);
        cr_assert_eq(of(sum, "b.example:22", "refused"), 1);
        cr_assert_eq(of(sum, NULL, "requests"), 3);
        cr_assert_eq(of(sum, NULL, "bytes_out"), 9);
        cr_assert_eq(of(sum, NULL, "refused"), 1);
}

Test(net_sum, what_an_agent_says_does_not_count)
{
        _cleanup_json_ json_t *sum = NULL;

        receipt(&sum, "agent", "a.example", 443);
        net_sum_see(&sum, "note.status", "system", NULL);
        cr_assert_null(sum);
}

Test(net_sum, many_hosts_are_summed_up_without_names)
{
        _cleanup_json_ json_t *sum = NULL;

        for (int port = 1; port <= NET_SUM_HOSTS + 5; port++)
                receipt(&sum, "system", "a.example", port);
        cr_assert_eq(json_object_size(json_object_get(sum, "hosts")), NET_SUM_HOSTS);
        cr_assert_eq(of(sum, NULL, "others"), 5);
        cr_assert_eq(of(sum, NULL, "requests"), NET_SUM_HOSTS + 5);
}
