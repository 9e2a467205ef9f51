/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/packet_base.h"

#include "lib/base/hash.h"
#include "lib/base/json.h"

#include <string.h>

static void take_id(const struct json_t *object, const char *key, char ret[GIT_HEX])
{
        const char *text = json_text_of(object, key);

        if (hex_is(text, GIT_HEX))
                memcpy(ret, text, GIT_HEX);
}

int packet_base_read(const struct json_t *report, struct packet_base *ret, struct err *err)
{
        const struct json_t *parent = json_object_get(json_object_get(report, "landing"), "parent");
        struct packet_base base = {.commit = ""};

        if (!report)
                return err_set(err, ERR_INPUT, "the packet has no report.json");
        take_id(report, "base", base.commit);
        take_id(parent, "commit", base.commit);
        take_id(parent, "tree", base.tree);
        take_id(report, "tree", base.candidate);
        if (!base.commit[0])
                return err_set(err, ERR_INPUT, "the packet's report names no base commit");
        *ret = base;
        return 0;
}
