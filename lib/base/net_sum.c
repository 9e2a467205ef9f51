/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/net_sum.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#include <string.h>

static const char *const counts[] = {"requests", "refused", "bytes_in", "bytes_out"};

static void add(json_t *object, const char *key, json_int_t count)
{
        json_object_set_new(object, key, json_integer(json_integer_value(json_object_get(object, key)) + count));
}

/* In a fixed order, so that a person reads them in it. */
static json_t *zeroes(void)
{
        json_t *object = json_object();

        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
                json_object_set_new(object, counts[i], json_integer(0));
        return object;
}

static json_t *host_of(json_t *sum, const char *name)
{
        json_t *hosts = json_object_get(sum, "hosts"), *host = json_object_get(hosts, name);

        if (host)
                return host;
        if (json_object_size(hosts) >= NET_SUM_HOSTS)
                return NULL;
        json_object_set_new(hosts, name, zeroes());
        return json_object_get(hosts, name);
}

static void count(json_t *sum, const char *name, const json_int_t values[4])
{
        json_t *host = host_of(sum, name);

        if (!host)
                add(sum, "others", 1);
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                add(sum, counts[i], values[i]);
                if (host)
                        add(host, counts[i], values[i]);
        }
}

static json_int_t number(const json_t *data, const char *key)
{
        return json_integer_value(json_object_get(data, key));
}

static void see_receipt(json_t *sum, const json_t *data)
{
        const char *host = json_string_value(json_object_get(data, "host"));
        _cleanup_free_ char *name =
                xasprintf(host && strchr(host, ':') ? "[%s]:%d" : "%s:%d", host ? host : "", (int)number(data, "port"));

        count(sum, name, (const json_int_t[]){1, 0, number(data, "bytes_in"), number(data, "bytes_out")});
}

static void see_veto(json_t *sum, const json_t *data)
{
        const char *action = json_string_value(json_object_get(data, "candidate_action"));

        if (action)
                count(sum, strncmp(action, "connect ", 8) ? action : action + 8, (const json_int_t[]){0, 1, 0, 0});
}

void net_sum_see(struct json_t **sum, const char *type, const char *actor, const struct json_t *data)
{
        bool receipt = strcmp(type, "receipt.net") == 0;

        if (!actor || strcmp(actor, "system") != 0 || (!receipt && strcmp(type, "action.vetoed") != 0))
                return;
        if (!*sum) {
                *sum = zeroes();
                json_object_set_new(*sum, "others", json_integer(0));
                json_object_set_new(*sum, "hosts", json_object());
        }
        (receipt ? see_receipt : see_veto)(*sum, data);
}
