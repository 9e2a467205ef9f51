/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel diff RUN RUN: what differed between two runs, or two packets of anywhere. Exit status as of diff(1): 0 the same, 1
 * they differ.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/diff_view.h"
#include "cli/options.h"
#include "cli/packet.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/packet/compare.h"

#include <stdio.h>
#include <unistd.h>

static json_t *name_json(const struct packet_ref *ref)
{
        return json_pack("{s:s,s:b}", "run", ref->name ? ref->name : "", "stored", ref->stored);
}

int cmd_diff(struct context *context, int argc, char **argv, struct err *err)
{
        bool json = false, lines = false;
        struct option_rest rest = {.least = 2, .most = 2};
        _cleanup_packet_ref_ struct packet_ref first = PACKET_REF_INIT, second = PACKET_REF_INIT;
        _cleanup_json_ json_t *found = NULL;
        _cleanup_str_ struct str out = {0};
        const struct option_spec table[] = {
                {"lines", 'l', OPTION_FLAG, &lines, NULL, "of patches and texts also the lines that differ"},
                {"json", 0, OPTION_FLAG, &json, NULL, "all of it as JSON"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if (packet_find(context, rest.items[0], &first, err) < 0 ||
            packet_find(context, rest.items[1], &second, err) < 0 ||
            packet_compare(first.fd, second.fd, &found, err) < 0)
                return -1;
        json_object_set_new(found, "first", name_json(&first));
        json_object_set_new(found, "second", name_json(&second));
        if (json) {
                json_print(stdout, found);
        } else {
                diff_put(&(struct diff_view){.found = found,
                                             .lines = lines,
                                             .columns = render_columns(STDOUT_FILENO),
                                             .colour = context->colour_out},
                         &out);
                fputs(str_text(&out), stdout);
        }
        return json_is_true(json_object_get(found, "same")) ? 0 : 1;
}
