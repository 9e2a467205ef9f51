/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/scrub.h, by the rules of the gate `secrets`: in what a run printed no line number, name or place helps, so
 * only formats count that say what they are.
 */
#include "policy/scrub.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/gates/rules.h"
#include "policy/gates/secret_search.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define LEAST 16 /* bytes: no format is shorter */

/* Formats that say what they are; not what only its name, or its place, makes a secret. */
static bool knows_itself(const struct gate_rule *rule)
{
        return rule->gate == GATE_SECRETS && rule->pattern && rule->hint && strncmp(rule->id, "assigned", 8) != 0;
}

static void line_of(const char *text, size_t len, const struct pattern_span *span, struct gate_match *match)
{
        const char *start = memrchr(text, '\n', span->at), *end = memchr(text + span->at, '\n', len - span->at);

        match->line_text = start ? start + 1 : text;
        match->line_len = (size_t)((end ? end : text + len) - match->line_text);
        match->text = text + span->at;
        match->len = span->at_end - span->at;
}

static uint64_t hide_rule(size_t index, const struct gate_rule *rule, char *text, size_t len)
{
        struct gate_match match = {.rule = rule};
        struct pattern_span span;
        uint64_t hidden = 0;

        for (size_t from = 0; pattern_find(rule_pattern(index), text, len, from, &span) == PATTERN_FOUND;
             from = span.end) {
                line_of(text, len, &span, &match);
                if (!secret_is_meant(&match))
                        continue;
                memset(text + span.at, '*', span.at_end - span.at);
                hidden++;
        }
        return hidden;
}

/*
 * Nearly every text holds none: one pass over its pairs of bytes tells which rules are worth a look. `start` has for the first two
 * bytes of a hint its number, `masks` for that number the rules with such a hint.
 */
#define RULES_MAX 64
#define STARTS_MAX 256

static struct {
        pthread_once_t once;
        size_t rules[RULES_MAX], len;
        uint8_t start[1 << 16];
        uint64_t masks[STARTS_MAX];
        uint64_t vague; /* rules with a hint of one byte, which is everywhere: they want a long word with a dot in it */
} index_ = {.once = PTHREAD_ONCE_INIT};

static size_t pair_of(const char *at)
{
        return (size_t)((unsigned char)at[0] << 8 | (unsigned char)at[1]);
}

static void add_hint(const char *hint, uint64_t bit, uint8_t *starts)
{
        uint8_t *start = &index_.start[pair_of(hint)];

        if (strcspn(hint, "|") < 2) {
                index_.vague |= bit;
                return;
        }
        if (!*start)
                *start = ++*starts;
        index_.masks[*start] |= bit;
}

/* Hints are words, apart by "|". The tests hold the table to RULES_MAX. */
static void make_index(void)
{
        const struct gate_rule *rule;
        uint8_t starts = 0;

        for (size_t i = 0; (rule = rule_at(i)) && index_.len < RULES_MAX; i++) {
                if (!knows_itself(rule))
                        continue;
                for (const char *hint = rule->hint; *hint; hint += strcspn(hint, "|") + (strchr(hint, '|') != NULL))
                        add_hint(hint, (uint64_t)1 << index_.len, &starts);
                index_.rules[index_.len++] = i;
        }
}

#define VAGUE_LEAST 50

static bool has_dotted_word(const char *text, size_t len)
{
        size_t run = 0;
        bool dot = false;

        for (size_t i = 0; i < len; i++) {
                const char c = text[i];
                const bool word = isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';

                run = word ? run + 1 : 0;
                dot = word && (dot || c == '.');
                if (dot && run >= VAGUE_LEAST)
                        return true;
        }
        return false;
}

static uint64_t worth_a_look(const char *text, size_t len)
{
        uint64_t found = 0;

        pthread_once(&index_.once, make_index);
        for (size_t i = 0; i + 1 < len; i++)
                found |= index_.masks[index_.start[pair_of(text + i)]];
        return has_dotted_word(text, len) ? found | index_.vague : found;
}

/* Bit per rule of `index_.rules` that is worth a look and has a hint there, as `has_hint` sees it. */
static uint64_t hinted(const char *text, size_t len, bool (*has_hint)(const struct gate_rule *, const char *, size_t))
{
        const uint64_t worth = len >= LEAST ? worth_a_look(text, len) : 0;
        uint64_t found = 0;

        for (size_t i = 0; i < RULES_MAX && worth >> i; i++)
                if (worth >> i & 1 && has_hint(rule_at(index_.rules[i]), text, len))
                        found |= (uint64_t)1 << i;
        return found;
}

/* What a string says stands in its JSON as it is, but for quotes: of a hint that has some, only what is between them is looked for. */
static bool has_hint_in_json(const struct gate_rule *rule, const char *json, size_t len)
{
        for (const char *at = rule->hint; *at; at += strcspn(at, "\"|") + (at[strcspn(at, "\"|")] != '\0'))
                if (strcspn(at, "\"|") && memmem(json, len, at, strcspn(at, "\"|")))
                        return true;
        return false;
}

bool scrub_may_find(const char *json, size_t len)
{
        return hinted(json, len, has_hint_in_json) != 0;
}

uint64_t scrub_text(char *text, size_t len)
{
        uint64_t found = hinted(text, len, rule_has_hint), hidden = 0;

        for (size_t i = 0; found; i++, found >>= 1)
                if (found & 1)
                        hidden += hide_rule(index_.rules[i], rule_at(index_.rules[i]), text, len);
        return hidden;
}

static struct json_t *scrubbed(struct json_t *string, uint64_t *hidden)
{
        const size_t len = json_string_length(string);
        _cleanup_free_ char *text =
                hinted(json_string_value(string), len, rule_has_hint) ? xmemdup(json_string_value(string), len) : NULL;
        const uint64_t found = text ? scrub_text(text, len) : 0;

        *hidden += found;
        return found ? json_stringn(text, len) : NULL;
}

/* A name is somebody's text as well: an agent's telemetry, a key of its projection. */
static uint64_t scrub_member(struct json_t *object, const char *name, struct json_t *value)
{
        _cleanup_json_ struct json_t *key = json_stringn_nocheck(name, strlen(name)), *clean_key = NULL, *kept = NULL;
        struct json_t *clean = NULL;
        uint64_t hidden = 0;

        clean_key = scrubbed(key, &hidden);
        if (json_is_string(value))
                clean = scrubbed(value, &hidden);
        else
                hidden += scrub_json(value);
        if (!clean_key && !clean)
                return hidden;
        kept = clean ? clean : json_incref(value);
        json_object_set(object, clean_key ? json_string_value(clean_key) : name, kept);
        if (clean_key)
                json_object_del(object, name);
        return hidden;
}

uint64_t scrub_json(struct json_t *json)
{
        struct json_t *value, *clean;
        uint64_t hidden = 0;
        const char *name;
        void *next;
        size_t i;

        json_array_foreach(json, i, value)
        {
                if (!json_is_string(value))
                        hidden += scrub_json(value);
                else if ((clean = scrubbed(value, &hidden)))
                        json_array_set_new(json, i, clean);
        }
        json_object_foreach_safe(json, next, name, value)
        {
                hidden += scrub_member(json, name, value);
        }
        return hidden;
}

int scrub_file(int fd, uint64_t *ret_hidden, struct err *err)
{
        struct stat st;
        char *text;

        *ret_hidden = 0;
        if (fstat(fd, &st) < 0)
                return err_errno(err, "look at a log");
        if (st.st_size < LEAST)
                return 0;
        text = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (text == MAP_FAILED)
                return err_errno(err, "map a log");
        *ret_hidden = scrub_text(text, (size_t)st.st_size);
        munmap(text, (size_t)st.st_size);
        return 0;
}
