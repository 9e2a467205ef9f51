/* SPDX-License-Identifier: Apache-2.0 */
/* A record as people, programs and a run's receipt get it. */
#include "cli/admission.h"

#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>

#define TEXT_AT 13

struct json_t *admission_receipt(const struct admission *admission)
{
        return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "path", admission->path,
                         "owner", admission->owner, "uid", (json_int_t)admission->owner_uid, "evidence",
                         admission->evidence, "by", admission->by, "risk", admission->risk, "admitted", admission->time,
                         "digest", admission->digest, "allow", json_from_strv(&admission->allow), "deny",
                         json_from_strv(&admission->deny), "forbid", json_from_strv(&admission->forbid), "remotes",
                         json_from_strv(&admission->remotes));
}

struct json_t *admission_json(const struct admission *admission)
{
        json_t *told = admission->json ? json_deep_copy(admission->json) : json_object();

        json_object_set_new(told, "admitted", json_boolean(admission->json != NULL));
        json_object_set_new(told, "digest", admission->json ? json_string(admission->digest) : json_null());
        return told;
}

static void put_row(struct str *out, const char *name, const char *text)
{
        _cleanup_str_ struct str line = {0};

        render_line(&line, text);
        str_printf(out, "  %-10s ", name);
        render_wrapped(out, str_text(&line), TEXT_AT, TEXT_AT);
        str_putc(out, '\n');
}

static void put_list(struct str *out, const char *name, const struct strv *list, const char *empty)
{
        _cleanup_str_ struct str text = {0};

        for (size_t i = 0; i < list->len; i++)
                str_printf(&text, "%s%s", i ? ", " : "", list->items[i]);
        put_row(out, name, list->len ? str_text(&text) : empty);
}

static void put_review(struct str *out, const struct admission *admission)
{
        _cleanup_str_ struct str text = {0};

        str_puts(&text, "another owner");
        for (size_t i = 0; i < admission->review_on.len; i++)
                str_printf(&text, ", another %s", admission->review_on.items[i]);
        if (admission->review_ms >= 86400000)
                str_printf(&text, ", %lld days", (long long)(admission->review_ms / 86400000));
        else if (admission->review_ms >= 0)
                str_printf(&text, ", %lld seconds", (long long)(admission->review_ms / 1000));
        put_row(out, "look again", str_text(&text));
}

void admission_print(const struct admission *admission)
{
        _cleanup_str_ struct str out = {0}, by = {0};

        if (!admission->json) {
                puts("not admitted; look at it, then: cupel admit");
                return;
        }
        str_printf(&by, "%s, %.10s %.5s UTC", admission->by, admission->time,
                   strlen(admission->time) > 11 ? admission->time + 11 : "");
        str_puts(&out, "admitted ");
        render_line(&out, admission->path);
        str_putc(&out, '\n');
        put_row(&out, "by", str_text(&by));
        put_row(&out, "evidence", admission->evidence);
        put_row(&out, "risk", admission->risk);
        put_list(&out, "paths", &admission->allow, "any");
        if (admission->deny.len)
                put_list(&out, "never", &admission->deny, "");
        put_list(&out, "forbidden", &admission->forbid, "nothing beyond the sandbox's own rules");
        put_list(&out, "remotes", &admission->remotes, "none");
        put_review(&out, admission);
        put_row(&out, "record", admission->digest);
        fputs(str_text(&out), stdout);
}
