/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/amendments_view.h"

#include "cli/render.h"
#include "cli/told_later.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/packet/amendment.h"

#include <string.h>

#define AMENDMENT_TYPE "amendment"

json_t *amendments_json(struct store *store, const char *run, struct err *err)
{
        return told_later_json(store, run, AMENDMENT_TYPE, err);
}

int amendments_write(struct context *context, const char *run, struct err *err)
{
        return told_later_write(context, run, AMENDMENT_TYPE, AMENDMENTS_FILE, err);
}

/* ---- for people ---- */

static void put_value(const json_t *value, struct str *out)
{
        _cleanup_free_ char *text = NULL;

        if (json_is_string(value)) {
                render_line(out, json_string_value(value));
                return;
        }
        text = json_is_null(value) ? xstrdup("nothing")
                                   : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REALS);
        render_line(out, text ? text : "?");
}

static void put_one(const json_t *one, int64_t now, struct str *out)
{
        str_puts(out, "  ");
        if (*json_text_of(one, "artifact")) {
                str_puts(out, "artifact ");
                render_line(out, json_text_of(one, "artifact"));
        } else {
                render_line(out, json_text_of(one, "field"));
        }
        str_puts(out, ": ");
        put_value(json_object_get(one, "old"), out);
        str_puts(out, " → ");
        put_value(json_object_get(one, "new"), out);
        str_puts(out, "\n    by ");
        render_line(out, json_text_of(one, "who"));
        str_puts(out, ", ");
        render_ago(out, json_text_of(one, "time"), now);
        str_puts(out, ": ");
        render_line(out, json_text_of(one, "reason"));
        str_putc(out, '\n');
}

void amendments_put(const json_t *list, int64_t now, bool colour, struct str *out)
{
        json_t *one;
        size_t i;

        if (!json_array_size(list))
                return;
        str_putc(out, '\n');
        render_tint(out, colour, TINT_STRONG, "amendments");
        str_puts(out, "  beside the record, which stays as it was sealed\n");
        json_array_foreach(list, i, one) put_one(one, now, out);
}
