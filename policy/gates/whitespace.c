/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gate whitespace: what `git diff --check` says of added lines, once per file and rule. A carriage return at the end is part of the
 * end of the line. What .gitattributes of the base say (-whitespace, whitespace=-blank-at-eol,…) holds; patches, where a blank line
 * is a space, and the two spaces of Markdown that break a line are as they should be.
 */
#include "policy/gates/attributes.h"
#include "policy/gates/judgement.h"

#include "lib/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *path, const char *const *endings)
{
        const char *dot = strrchr(path, '.');

        for (; dot && *endings; endings++)
                if (strcmp(dot, *endings) == 0)
                        return true;
        return false;
}

static size_t without_return(const struct change_line *line)
{
        return line->len && line->text[line->len - 1] == '\r' ? line->len - 1 : line->len;
}

static bool is_blank(const struct change_line *line)
{
        for (size_t i = 0; i < line->len; i++)
                if (!strchr(" \t\r\f\v", line->text[i]))
                        return false;
        return true;
}

static bool trails(const struct change *change, const struct change_line *line)
{
        static const char *const prose[] = {".md", ".markdown", NULL};
        size_t len = without_return(line), kept = len;

        while (kept && (line->text[kept - 1] == ' ' || line->text[kept - 1] == '\t'))
                kept--;
        if (kept == len)
                return false;
        return !(kept && len - kept == 2 && line->text[len - 1] == ' ' && ends_with(change->path, prose));
}

static bool has_space_before_tab(const struct change *change, const struct change_line *line)
{
        (void)change;
        for (size_t i = 1; i < line->len && (line->text[i - 1] == ' ' || line->text[i - 1] == '\t'); i++)
                if (line->text[i - 1] == ' ' && line->text[i] == '\t')
                        return true;
        return false;
}

/* rule, its name for git's attribute, what it says, the question put to each added line */
static const struct {
        const char *rule, *attribute, *text;
        bool (*found)(const struct change *change, const struct change_line *line);
} rules[] = {
        {"trailing-space", "blank-at-eol", "ends in white space", trails},
        {"space-before-tab", "space-before-tab", "is indented with a space before a tab", has_space_before_tab},
};

/* Whether the attribute's value turns one of git's checks off; "trailing-space" is two of them. */
static bool is_off(const char *value, const char *check)
{
        _cleanup_free_ char *off = xasprintf(",-%s,", check), *all = xasprintf(",%s,", value ? value : "");
        bool trailing = strncmp(check, "blank-at-", strlen("blank-at-")) == 0;

        return value && (strcmp(value, "-") == 0 || strstr(all, off) || (trailing && strstr(all, ",-trailing-space,")));
}

static void say(const struct judgement *judgement, const struct change *change, const char *rule, uint32_t line,
                size_t count, const char *text)
{
        _cleanup_str_ struct str sentence = {0};

        str_puts(&sentence, text);
        if (count > 1)
                str_printf(&sentence, ", and so do %zu more lines", count - 1);
        gate_find(judgement, &(struct gate_at){.path = change->path, .line = line, .rule = rule}, str_text(&sentence));
}

static void judge_rule(const struct judgement *judgement, const struct change *change, size_t rule)
{
        uint32_t first = 0;
        size_t count = 0;

        for (size_t i = 0; i < change->lines_len; i++) {
                const struct change_line *line = &change->lines[i];

                if (line->sign != '+' || !rules[rule].found(change, line))
                        continue;
                first = first ? first : line->number;
                count++;
        }
        if (count)
                say(judgement, change, rules[rule].rule, first, count, rules[rule].text);
}

/* Only a file whose last added line is blank can have a new blank end: nothing else is read. */
static void judge_end(const struct judgement *judgement, const struct change *change)
{
        const struct change_line *last = NULL;
        _cleanup_str_ struct str text = {0};
        struct err ignored = ERR_INIT;
        uint32_t lines = 0;

        for (size_t i = 0; i < change->lines_len; i++)
                if (change->lines[i].sign == '+')
                        last = &change->lines[i];
        if (!last || !is_blank(last) || !judgement->read ||
            judgement->read->read(judgement->read->data, change->path, true, &text, &ignored) < 0)
                return;
        for (const char *at = text.data; at && (at = memchr(at, '\n', text.len - (size_t)(at - text.data))); at++)
                lines++;
        if (lines == last->number)
                say(judgement, change, "blank-at-eof", last->number, 1, "is a blank line at the end of the file");
}

void judge_whitespace(const struct judgement *judgement)
{
        static const char *const patches[] = {".patch", ".diff", NULL};
        _cleanup_attributes_ struct attributes attributes = {.read = judgement->read};

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];
                const char *value;

                if (!change->lines_len || change->new_mode == 0120000 || ends_with(change->path, patches))
                        continue;
                value = attributes_of(&attributes, change->path, "whitespace");
                for (size_t rule = 0; rule < sizeof(rules) / sizeof(rules[0]); rule++)
                        if (!is_off(value, rules[rule].attribute))
                                judge_rule(judgement, change, rule);
                if (!is_off(value, "blank-at-eof"))
                        judge_end(judgement, change);
        }
}
