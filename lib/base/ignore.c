/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gitignore patterns. A rule keeps the literal beginning of its pattern apart (as git does; that is visible: in "foo**"
 * the stars stand at the beginning of what is left) and the rest as a list of tokens that is run as a set of states over
 * the text. So the cost of one match is at most tokens × bytes, whatever the pattern; a pattern with more than
 * TOKENS_MAX tokens after its literal part matches nothing. Nothing here fails.
 */
#include "lib/base/ignore.h"

#include "lib/base/cleanup.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <string.h>

#define TOKENS_MAX 1024

enum token_type {
        TOKEN_BYTE,
        TOKEN_ONE,     /* ? */
        TOKEN_CLASS,   /* […] */
        TOKEN_STAR,    /* any bytes but '/' */
        TOKEN_ALL,     /* any bytes */
        TOKEN_FOLDERS, /* "**" before '/': goes on behind the two tokens ALL and '/' that follow, or into them */
        TOKEN_NEVER,
};

struct token {
        unsigned char type, byte;
        unsigned char class[32]; /* TOKEN_CLASS: one bit per byte */
};

struct glob {
        struct token *tokens;
        size_t len;
        bool valid;
};

struct ignore_rule {
        char *folder; /* without '/' at the end */
        char *literal;
        size_t folder_len, literal_len;
        struct glob glob; /* what follows the literal part */
        bool negated, folders_only, basename;
};

static void add_token(struct glob *glob, enum token_type type, unsigned char byte)
{
        if (glob->len == TOKENS_MAX) {
                glob->valid = false;
                return;
        }
        if ((glob->len & (glob->len - 1)) == 0)
                glob->tokens = xrealloc(glob->tokens, (glob->len ? 2 * glob->len : 1) * sizeof(*glob->tokens));
        glob->tokens[glob->len++] = (struct token){.type = (unsigned char)type, .byte = byte};
}

static void class_add(unsigned char class[32], unsigned char first, unsigned char last)
{
        for (unsigned c = first; c <= last; c++)
                class[c / 8] |= (unsigned char)(1u << (c % 8));
}

static bool class_has(const unsigned char class[32], unsigned char c)
{
        return class[c / 8] & (1u << (c % 8));
}

static const struct {
        const char *name;
        int (*is)(int);
} named_classes[] = {
        {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
        {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
        {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
};

static bool class_add_named(unsigned char class[32], const char *name, size_t len)
{
        for (size_t i = 0; i < sizeof(named_classes) / sizeof(named_classes[0]); i++) {
                if (strlen(named_classes[i].name) != len || memcmp(named_classes[i].name, name, len) != 0)
                        continue;
                for (int c = 0; c < 128; c++)
                        if (named_classes[i].is(c))
                                class_add(class, (unsigned char)c, (unsigned char)c);
                return true;
        }
        return false;
}

/* "[:name:]" at `at`: adds it and returns what follows; NULL where the class is unknown; `at` where it is none. */
static const char *parse_named(const char *at, unsigned char class[32])
{
        const char *name, *end;

        if (at[0] != '[' || at[1] != ':')
                return at;
        name = at + 2;
        end = strchr(name, ']');
        if (!end)
                return NULL;
        if (end == name || end[-1] != ':')
                return at; /* no class after all: a '[' like any other */
        return class_add_named(class, name, (size_t)(end - 1 - name)) ? end + 1 : NULL;
}

/* One byte of a class, maybe escaped. NULL at the end of the pattern. */
static const char *parse_class_byte(const char *at, unsigned char *ret)
{
        if (*at == '\\')
                at++;
        if (!*at)
                return NULL;
        *ret = (unsigned char)*at;
        return at + 1;
}

/* After '['. Returns what follows the ']', or NULL where the class never ends. */
static const char *parse_class(const char *at, unsigned char class[32])
{
        bool negated = *at == '!' || *at == '^', first = true;

        memset(class, 0, 32);
        at += negated;
        for (; first || *at != ']'; first = false) {
                const char *after = parse_named(at, class);
                unsigned char low, high;

                if (!after)
                        return NULL;
                if (after != at) {
                        at = after;
                        continue;
                }
                at = parse_class_byte(at, &low);
                if (!at)
                        return NULL;
                high = low;
                if (at[0] == '-' && at[1] && at[1] != ']') {
                        at = parse_class_byte(at + 1, &high);
                        if (!at)
                                return NULL;
                }
                class_add(class, low, low);
                class_add(class, low, high);
        }
        for (size_t i = 0; negated && i < 32; i++)
                class[i] = (unsigned char)~class[i];
        class['/' / 8] &= (unsigned char)~(1u << ('/' % 8));
        return at + 1;
}

/* At the first star; `start` is the beginning of the pattern. */
static const char *parse_stars(struct glob *glob, const char *start, const char *at)
{
        const char *after = at + strspn(at, "*");
        bool bounded =
                (at == start || at[-1] == '/') && (!*after || *after == '/' || (after[0] == '\\' && after[1] == '/'));

        if (after - at == 1 || !bounded) {
                add_token(glob, TOKEN_STAR, 0);
                return after;
        }
        if (*after == '/')
                add_token(glob, TOKEN_FOLDERS, 0);
        add_token(glob, TOKEN_ALL, 0);
        return after;
}

static void glob_compile(struct glob *glob, const char *pattern)
{
        const char *at = pattern;

        *glob = (struct glob){.valid = true};
        while (*at && glob->valid) {
                switch (*at) {
                case '*':
                        at = parse_stars(glob, pattern, at);
                        break;
                case '?':
                        add_token(glob, TOKEN_ONE, 0);
                        at++;
                        break;
                case '[':
                        add_token(glob, TOKEN_CLASS, 0);
                        at = parse_class(at + 1, glob->tokens[glob->len - 1].class);
                        break;
                case '\\':
                        add_token(glob, at[1] ? TOKEN_BYTE : TOKEN_NEVER, (unsigned char)at[1]);
                        at += at[1] ? 2 : 1;
                        break;
                default:
                        add_token(glob, TOKEN_BYTE, (unsigned char)*at++);
                }
                if (!at) {
                        glob->valid = false;
                        break;
                }
        }
}

/* States are indexes of tokens that may match next; `len` is the end of the pattern. */
struct states {
        unsigned char on[TOKENS_MAX + 1];
        size_t low, high; /* none is on outside */
};

static void states_clear(struct states *states, size_t len)
{
        memset(states->on, 0, len + 1);
        states->low = len + 1;
        states->high = 0;
}

/* Enters a state and those reached from it without a byte. */
static void enter(const struct glob *glob, struct states *states, size_t state)
{
        for (;;) {
                if (states->on[state])
                        return;
                states->on[state] = 1;
                if (state < states->low)
                        states->low = state;
                if (state > states->high)
                        states->high = state;
                if (state == glob->len)
                        return;
                if (glob->tokens[state].type == TOKEN_FOLDERS)
                        enter(glob, states, state + 3); /* at most as deep as "**" follow each other */
                else if (glob->tokens[state].type != TOKEN_STAR && glob->tokens[state].type != TOKEN_ALL)
                        return;
                state++;
        }
}

static void step(const struct glob *glob, size_t state, unsigned char c, struct states *next)
{
        const struct token *token = &glob->tokens[state];

        switch (token->type) {
        case TOKEN_BYTE:
                if (token->byte == c)
                        enter(glob, next, state + 1);
                break;
        case TOKEN_ONE:
                if (c != '/')
                        enter(glob, next, state + 1);
                break;
        case TOKEN_CLASS:
                if (class_has(token->class, c))
                        enter(glob, next, state + 1);
                break;
        case TOKEN_STAR:
                if (c != '/')
                        enter(glob, next, state);
                break;
        case TOKEN_ALL:
                enter(glob, next, state);
                break;
        default:
                break;
        }
}

static bool glob_match(const struct glob *glob, const char *text)
{
        struct states sets[2], *now = &sets[0], *next = &sets[1];

        if (!glob->valid)
                return false;
        states_clear(now, glob->len);
        enter(glob, now, 0);
        for (; *text; text++) {
                struct states *swap = now;

                if (now->low > now->high)
                        return false;
                states_clear(next, glob->len);
                for (size_t state = now->low; state <= now->high && state < glob->len; state++)
                        if (now->on[state])
                                step(glob, state, (unsigned char)*text, next);
                now = next;
                next = swap;
        }
        return now->on[glob->len];
}

bool ignore_glob(const char *pattern, const char *text)
{
        struct glob glob;
        bool matches;

        glob_compile(&glob, pattern);
        matches = glob_match(&glob, text);
        free(glob.tokens);
        return matches;
}

static void rule_release(struct ignore_rule *rule)
{
        free(rule->folder);
        free(rule->literal);
        free(rule->glob.tokens);
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
