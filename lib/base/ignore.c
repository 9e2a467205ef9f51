/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gitignore rules. A rule keeps the literal beginning of its pattern apart, as git does; that is visible: in "foo**" the
 * stars stand at the beginning of what is left, and that is matched by lib/base/glob.h. Nothing here fails.
 */
#include "lib/base/ignore.h"

#include "lib/base/cleanup.h"
#include "lib/base/glob.h"
#include "lib/base/str.h"

#include <string.h>

struct ignore_rule {
        char *folder; /* without '/' at the end */
        char *literal;
        size_t folder_len, literal_len;
        struct glob glob; /* what follows the literal part */
        bool negated, folders_only, basename;
};

bool ignore_glob(const char *pattern, const char *text)
{
        size_t literal = strcspn(pattern, "*?[\\");
        struct glob glob;
        bool matches;

        /* most names differ from most patterns before a pattern's first star: those cost no compilation */
        if (strncmp(pattern, text, literal) != 0)
                return false;
        if (!pattern[literal])
                return !text[literal];
        glob_compile(&glob, pattern);
        matches = glob_match(&glob, text);
        glob_release(&glob);
        return matches;
}

static void rule_release(struct ignore_rule *rule)
{
        free(rule->folder);
        free(rule->literal);
        glob_release(&rule->glob);
}

void ignore_truncate(struct ignore *rules, size_t len)
{
        while (rules->len > len)
                rule_release(&rules->rules[--rules->len]);
}

void ignore_release(struct ignore *rules)
{
        ignore_truncate(rules, 0);
        free(rules->rules);
        *rules = (struct ignore){0};
}

void ignore_add(struct ignore *rules, const char *folder, const char *pattern)
{
        bool negated = *pattern == '!';
        _cleanup_free_ char *text = xstrdup(pattern + negated);
        size_t len = strlen(text), folder_len = strlen(folder);
        struct ignore_rule rule = {.negated = negated};
        const char *from = text;

        if (len && text[len - 1] == '/') {
                text[--len] = 0;
                rule.folders_only = true;
        }
        if (!len)
                return;
        rule.basename = !strchr(text, '/');
        from += *text == '/';
        rule.literal_len = strcspn(from, "*?[\\");
        rule.literal = xmemdup(from, rule.literal_len);
        glob_compile(&rule.glob, from + rule.literal_len);
        rule.folder_len = folder_len && folder[folder_len - 1] == '/' ? folder_len - 1 : folder_len;
        rule.folder = xmemdup(folder, rule.folder_len);
        if ((rules->len & (rules->len - 1)) == 0)
                rules->rules = xrealloc(rules->rules, (rules->len ? 2 * rules->len : 1) * sizeof(*rules->rules));
        rules->rules[rules->len++] = rule;
}

/* Spaces at the end go, unless escaped. */
static void trim_spaces(char *line)
{
        char *end = line;

        for (char *at = line; *at; at++) {
                if (*at == '\\' && at[1])
                        at++;
                else if (*at == ' ')
                        continue;
                end = at + 1;
        }
        *end = 0;
}

void ignore_add_file(struct ignore *rules, const char *folder, const char *bytes, size_t len)
{
        const char *end = bytes + len;

        if (len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
                bytes += 3;
        while (bytes < end) {
                const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
                size_t line_len = (size_t)((newline ? newline : end) - bytes);
                _cleanup_free_ char *line = NULL;

                line = xmemdup(bytes, line_len - (line_len && bytes[line_len - 1] == '\r'));
                if (*line && *line != '#') {
                        trim_spaces(line);
                        ignore_add(rules, folder, line);
                }
                bytes += line_len + 1;
        }
}

static bool rule_matches(const struct ignore_rule *rule, const char *path, bool is_folder)
{
        const char *name = path, *slash;

        if (rule->folders_only && !is_folder)
                return false;
        if (rule->folder_len) {
                if (strncmp(path, rule->folder, rule->folder_len) != 0 || path[rule->folder_len] != '/')
                        return false;
                name = path + rule->folder_len + 1;
        }
        slash = rule->basename ? strrchr(name, '/') : NULL;
        if (slash)
                name = slash + 1;
        if (strncmp(name, rule->literal, rule->literal_len) != 0)
                return false;
        return glob_match(&rule->glob, name + rule->literal_len);
}

enum ignore_verdict ignore_match(const struct ignore *rules, const char *path, bool is_folder)
{
        for (size_t i = rules->len; i > 0; i--)
                if (rule_matches(&rules->rules[i - 1], path, is_folder))
                        return rules->rules[i - 1].negated ? IGNORE_NO : IGNORE_YES;
        return IGNORE_NONE;
}

bool ignore_covers(const struct ignore *rules, const char *path, bool is_folder)
{
        _cleanup_free_ char *parent = NULL;

        if (!rules->len)
                return false;
        parent = xstrdup(path);
        for (char *slash = strchr(parent, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = 0;
                if (ignore_match(rules, parent, true) == IGNORE_YES)
                        return true;
                *slash = '/';
        }
        return ignore_match(rules, path, is_folder) == IGNORE_YES;
}

bool ignore_may_cover_below(const struct ignore *rules, const char *folder)
{
        size_t len = strlen(folder);

        for (size_t i = 0; i < rules->len; i++) {
                const struct ignore_rule *rule = &rules->rules[i];
                size_t same = rule->literal_len < len ? rule->literal_len : len;

                if (!rule->negated && (rule->basename || rule->folder_len || memcmp(rule->literal, folder, same) == 0))
                        return true;
        }
        return false;
}
