/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles a pattern to a list of tokens and runs them as a set of states over the text. So the cost of one match is at
 * most tokens × bytes, whatever the pattern. Nothing here fails: what is no pattern matches nothing.
 */
#include "lib/base/glob.h"

#include "lib/base/str.h"

#include <ctype.h>
#include <stdlib.h>
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

void glob_compile(struct glob *glob, const char *pattern)
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

void glob_release(struct glob *glob)
{
        free(glob->tokens);
        *glob = (struct glob){0};
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

bool glob_match(const struct glob *glob, const char *text)
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
