/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_DIFF_VIEW_H
#define CUPEL_CLI_DIFF_VIEW_H

/* What packet_compare() found, for a person: a table of what differs, and one line of what does not. */

#include "lib/base/str.h"

#include <stdbool.h>

struct json_t;

struct diff_view {
        const struct json_t *found; /* lib/packet/compare.h, with "first" and "second": {"run"} */
        bool lines;                 /* of patches the lines, too */
        size_t columns;             /* of the terminal; 0: it goes elsewhere */
        bool colour;
};
void diff_put(const struct diff_view *view, struct str *out);

#endif
