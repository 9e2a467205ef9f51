/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/when.h"

#include "policy/schema.h"

#include <string.h>
#include <time.h>

/* By the clock on the wall; `span`: what a text of that form names. */
static const struct {
        const char *form;
        int64_t span_ms;
} forms[] = {
        {"%Y-%m-%d", 86400000},      {"%Y-%m-%d %H:%M", 60000},   {"%Y-%m-%dT%H:%M", 60000},
        {"%Y-%m-%d %H:%M:%S", 1000}, {"%Y-%m-%dT%H:%M:%S", 1000},
};

static bool two_digits(const char **at, int *ret)
{
        const char *text = *at;

        if (strspn(text, "0123456789") < 2)
                return false;
        *ret = 10 * (text[0] - '0') + text[1] - '0';
        *at += 2;
        return true;
}

/* "Z", "+02:00", "-0530"; minutes east of Greenwich. */
static bool read_offset(const char *text, int *ret_minutes)
{
        const char *at = text + 1;
        int hours = 0, minutes = 0;

        *ret_minutes = 0;
        if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
                return true;
        if ((text[0] != '+' && text[0] != '-') || !two_digits(&at, &hours))
                return false;
        at += *at == ':';
        if (!two_digits(&at, &minutes) || *at)
                return false;
        *ret_minutes = (text[0] == '-' ? -1 : 1) * (60 * hours + minutes);
        return hours < 24 && minutes < 60;
}

/* With a fraction of any length, of which milliseconds count. */
static bool read_rfc3339(const char *text, bool last, int64_t *ret_ms)
{
        struct tm tm = {0};
        const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
        int64_t ms = 0, scale = 100;
        int minutes;

        if (!at)
                return false;
        if (*at == '.' && strspn(at + 1, "0123456789"))
                for (at++; *at >= '0' && *at <= '9'; at++, scale /= 10)
                        ms += scale * (*at - '0');
        else
                ms = last ? 999 : 0;
        if (!read_offset(at, &minutes))
                return false;
        *ret_ms = ((int64_t)timegm(&tm) - 60 * minutes) * 1000 + ms;
        return true;
}

static bool read_wall(const char *text, bool last, int64_t *ret_ms)
{
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
                struct tm tm = {.tm_isdst = -1};
                const char *rest = strptime(text, forms[i].form, &tm);

                if (!rest || *rest)
                        continue;
                *ret_ms = (int64_t)mktime(&tm) * 1000 + (last ? forms[i].span_ms - 1 : 0);
                return true;
        }
        return false;
}

int when_parse(const char *option, const char *text, int64_t now_ms, bool end, int64_t *ret_ms, struct err *err)
{
        int64_t span;

        if (text_to_time(text, &span) == 0) {
                *ret_ms = now_ms - span;
                return 0;
        }
        if (read_rfc3339(text, end, ret_ms) || read_wall(text, end, ret_ms))
                return 0;
        return err_set(err, ERR_INPUT,
                       "%s %.40s: expected a span before now like 90s or 2h, or 2026-12-01, \"2026-12-01 18:00\", "
                       "2026-12-01T18:00:00Z",
                       option, text);
}
