/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The template of a prompt and its one pass of replacement. What is wrong with a template is told by line and column of its
 * text; nothing else fails.
 */
#include "policy/prompt_parts.h"

#include <string.h>

static const char prompt_default[] = "{task}\n\n"
                                     "{acceptance}\n\n"
                                     "{paths}\n\n"
                                     "{forbidden}\n\n"
                                     "{verifiers}\n\n"
                                     "{gates}\n\n"
                                     "{network}\n\n"
                                     "{budget}\n\n"
                                     "{result}\n\n"
                                     "{notes}\n\n"
                                     "{history}\n";

static const struct placeholder {
        const char *name;
        void (*put)(const struct prompt_input *input, struct str *out);
} placeholders[] = {
#define X(name, about) {#name, prompt_part_##name},
        PROMPT_PARTS(X)
#undef X
};
#define PLACEHOLDERS (sizeof(placeholders) / sizeof(placeholders[0]))

static const struct placeholder *find(const char *name, size_t len)
{
        for (size_t i = 0; i < PLACEHOLDERS; i++)
                if (strlen(placeholders[i].name) == len && memcmp(placeholders[i].name, name, len) == 0)
                        return &placeholders[i];
        return NULL;
}

static int wrong_at(const char *text, const char *at, struct err *err)
{
        size_t line = 1, column = 1, shown = strcspn(at, "}\n");
        _cleanup_str_ struct str names = {0}, quoted = {0};

        for (const char *c = text; c < at; c++) {
                column = *c == '\n' ? 1 : column + (((unsigned char)*c & 0xc0) != 0x80);
                line += *c == '\n';
        }
        for (size_t i = 0; i < PLACEHOLDERS; i++)
                str_printf(&names, "%s{%s}", i ? " " : "", placeholders[i].name);
        str_put_harmless(&quoted, at, shown < 40 ? shown + (at[shown] == '}') : 40);
        return err_set(
                err, ERR_INPUT,
                "line %zu, column %zu of the prompt: %s is no placeholder; expected one of %s, or {{ for a brace", line,
                column, str_text(&quoted), str_text(&names));
}

/* The placeholder at `at` (a brace), and what comes after it; NULL with err. */
static const struct placeholder *take(const char *text, const char *at, const char **ret_next, struct err *err)
{
        size_t len = strcspn(at + 1, "{}\n");
        const struct placeholder *found = at[1 + len] == '}' ? find(at + 1, len) : NULL;

        if (!found) {
                wrong_at(text, at, err);
                return NULL;
        }
        *ret_next = at + len + 2;
        return found;
}

static bool ends_with(const struct str *out, const char *end)
{
        size_t len = strlen(end);

        return out->len >= len && memcmp(out->data + out->len - len, end, len) == 0;
}

static void trim(struct str *out, size_t least)
{
        while (out->len > least && out->data[out->len - 1] == '\n')
                out->len--;
        if (out->data)
                out->data[out->len] = '\0';
}

/* An empty part that has its line for itself takes the line with it, and the blank line after it. */
static const char *put(const struct prompt_input *input, const struct placeholder *placeholder, const char *next,
                       struct str *out)
{
        size_t before = out->len;
        bool alone = (!before || out->data[before - 1] == '\n') && (*next == '\n' || !*next);

        placeholder->put(input, out);
        trim(out, before);
        if (out->len != before || !alone || !*next)
                return next;
        next++;
        return *next == '\n' && (!before || ends_with(out, "\n\n")) ? next + 1 : next;
}

/* `input` NULL: only judged. */
static int expand(const char *text, const struct prompt_input *input, struct str *out, struct err *err)
{
        for (const char *at = text; *at;) {
                const struct placeholder *placeholder;

                if ((at[0] == '{' || at[0] == '}') && at[1] == at[0]) {
                        str_putc(out, *at);
                        at += 2;
                } else if (*at == '{') {
                        placeholder = take(text, at, &at, err);
                        if (!placeholder)
                                return -1;
                        at = input ? put(input, placeholder, at, out) : at;
                } else {
                        str_putc(out, *at++);
                }
        }
        return 0;
}

int prompt_check(const char *text, struct err *err)
{
        _cleanup_str_ struct str ignored = {0};

        return expand(text, NULL, &ignored, err);
}

int prompt_render(const struct prompt_input *input, struct str *out, struct err *err)
{
        size_t before = out->len;

        if (expand(input->text ? input->text : prompt_default, input, out, err) < 0)
                return -1;
        trim(out, before);
        str_putc(out, '\n');
        return 0;
}
