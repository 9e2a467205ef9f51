/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/secret_mask.h"

#include "lib/base/cleanup.h"
#include "policy/gates/rules.h"

#include <ctype.h>
#include <string.h>

#define STARS "********"
#define RUN_LEAST 20

static bool is_key_byte(char c)
{
        return isalnum((unsigned char)c) || strchr("+/=_-", c) != NULL;
}

static void hide_matches(const char *text, size_t len, char *hidden)
{
        const struct gate_rule *rule;

        for (size_t i = 0; (rule = rule_at(i)); i++) {
                struct pattern_span span;

                if (rule->gate != GATE_SECRETS || !rule->pattern || !rule_has_hint(rule, text, len))
                        continue;
                for (size_t from = 0; pattern_find(rule_pattern(i), text, len, from, &span) == PATTERN_FOUND;
                     from = span.end)
                        memset(hidden + span.at, 1, span.at_end - span.at);
        }
}

/* What a pattern does not know, or only a piece of it is in the line: the body of a key, a token that is cut. */
static void hide_runs(const char *text, size_t len, char *hidden)
{
        for (size_t at = 0; at < len;) {
                size_t end = at, digits = 0, upper = 0, lower = 0;

                for (; end < len && is_key_byte(text[end]); end++) {
                        digits += isdigit((unsigned char)text[end]) != 0;
                        upper += isupper((unsigned char)text[end]) != 0;
                        lower += islower((unsigned char)text[end]) != 0;
                }
                if (end - at >= RUN_LEAST && digits && (upper || lower) && (digits > 3 || (upper && lower)))
                        memset(hidden + at, 1, end - at);
                at = end + (end == at);
        }
}

void secret_mask(const char *text, size_t len, struct str *out)
{
        _cleanup_free_ char *hidden = xcalloc(len + 1, 1);

        hide_matches(text, len, hidden);
        hide_runs(text, len, hidden);
        for (size_t at = 0; at < len;) {
                size_t end = at;

                while (end < len && hidden[end] == hidden[at])
                        end++;
                if (hidden[at])
                        str_puts(out, STARS);
                else
                        str_append(out, text + at, end - at);
                at = end;
        }
}
