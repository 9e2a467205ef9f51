/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One byte decides at a time, but for the insides of strings, which are most of what comes. What is kept of the way down to the
 * current value is one set of rules per level.
 */
#include "runner/egress/json_scan.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX ((int64_t)1000000000000000)

enum state { START, VALUE, VALUE_OR_END, KEY, KEY_OR_END, COLON, AFTER, STRING, NUMBER, WORD, WHOLE, BROKEN };

void json_scan_init(struct json_scan *scan, const struct json_rule *rules, size_t len, json_scan_value *on_value,
                    void *user)
{
        *scan = (struct json_scan){.rules = rules, .rules_len = len, .on_value = on_value, .user = user};
        json_scan_again(scan);
}

void json_scan_again(struct json_scan *scan)
{
        scan->state = START;
        scan->depth = 0;
        scan->escape = 0;
        scan->value = scan->rules_len < JSON_RULES_MAX ? (1u << scan->rules_len) - 1 : UINT32_MAX;
}

/* ---- the way down ---- */

static bool in_array(const struct json_scan *scan)
{
        return scan->depth && scan->arrays[(scan->depth - 1) / 8] & (1u << ((scan->depth - 1) % 8));
}

/* Of the rules that fit this container those that go on with this segment. */
static uint32_t narrow(const struct json_scan *scan, const char *segment, size_t len)
{
        uint32_t left = scan->depth <= JSON_RULE_SEGMENTS ? scan->alive[scan->depth] : 0, fit = 0;

        for (; left; left &= left - 1) {
                int rule = __builtin_ctz(left);
                const char *wanted = scan->rules[rule].path[scan->depth - 1];

                if (wanted && wanted[0] == segment[0] && strlen(wanted) == len && memcmp(wanted, segment, len) == 0)
                        fit |= 1u << rule;
        }
        return fit;
}

/* Of the rules that fit the value to come those that end there. */
static uint32_t ending(const struct json_scan *scan)
{
        uint32_t fit = 0;

        for (uint32_t left = scan->depth <= JSON_RULE_SEGMENTS ? scan->value : 0; left; left &= left - 1) {
                int rule = __builtin_ctz(left);

                if (!scan->rules[rule].path[scan->depth])
                        fit |= 1u << rule;
        }
        return fit;
}

static void tell(const struct json_scan *scan, const struct json_value *value)
{
        for (uint32_t left = ending(scan); left; left &= left - 1)
                scan->on_value(scan->user, __builtin_ctz(left), value);
}

static uint8_t open_container(struct json_scan *scan, bool array)
{
        uint8_t bit;

        if (scan->depth == JSON_SCAN_DEPTH)
                return BROKEN;
        if (scan->depth)
                tell(scan, &(struct json_value){.kind = JSON_VALUE_INSIDE});
        bit = (uint8_t)(1u << (scan->depth % 8));
        scan->arrays[scan->depth / 8] = (uint8_t)((scan->arrays[scan->depth / 8] & ~bit) | (array ? bit : 0));
        scan->depth++;
        if (scan->depth <= JSON_RULE_SEGMENTS)
                scan->alive[scan->depth] = scan->value;
        if (array)
                scan->value = narrow(scan, "*", 1);
        return array ? VALUE_OR_END : KEY_OR_END;
}

static uint8_t close_container(struct json_scan *scan, bool array)
{
        if (in_array(scan) != array)
                return BROKEN;
        scan->depth--;
        return scan->depth ? AFTER : WHOLE;
}

/* ---- values ---- */

static uint8_t begin_string(struct json_scan *scan, bool key)
{
        scan->key = key;
        scan->escaped = false;
        scan->escape = 0;
        scan->text_len = 0;
        scan->bytes = 0;
        return STRING;
}

static uint8_t begin_value(struct json_scan *scan, char c)
{
        if (c == '{' || c == '[')
                return open_container(scan, c == '[');
        if (c == '"')
                return begin_string(scan, false);
        scan->text_len = 0;
        scan->number = 0;
        scan->fraction = false;
        scan->text[scan->text_len++] = c;
        if (c == '-' || (c >= '0' && c <= '9')) {
                scan->number = c == '-' ? -1 : c - '0';
                return NUMBER;
        }
        return c == 't' || c == 'f' || c == 'n' ? WORD : BROKEN;
}

/* With a point or an exponent, by which a small number can be written long and a large one short. */
static int64_t decimal(struct json_scan *scan)
{
        double number;

        if (scan->text_len == sizeof(scan->text) - 1) /* cut */
                return NUMBER_MAX;
        scan->text[scan->text_len] = '\0';
        number = strtod(scan->text, NULL);
        return number < 0 ? -1 : number < (double)NUMBER_MAX ? (int64_t)number : NUMBER_MAX;
}

static uint8_t in_number(struct json_scan *scan, char c)
{
        if (scan->text_len < sizeof(scan->text) - 1)
                scan->text[scan->text_len++] = c;
        if (c >= '0' && c <= '9') {
                if (!scan->fraction && scan->number >= 0 && scan->number < NUMBER_MAX)
                        scan->number = scan->number * 10 + (c - '0');
                return NUMBER;
        }
        if (c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-') {
                scan->fraction = true;
                return NUMBER;
        }
        tell(scan,
             &(struct json_value){.kind = JSON_VALUE_NUMBER, .number = scan->fraction ? decimal(scan) : scan->number});
        return AFTER;
}

static uint8_t in_word(struct json_scan *scan, char c)
{
        if (c >= 'a' && c <= 'z' && scan->text_len < 6) {
                scan->text[scan->text_len++] = c;
                return WORD;
        }
        scan->text[scan->text_len] = '\0';
        if (strcmp(scan->text, "true") != 0 && strcmp(scan->text, "false") != 0 && strcmp(scan->text, "null") != 0)
                return BROKEN;
        tell(scan, &(struct json_value){.kind = JSON_VALUE_WORD, .text = scan->text});
        return AFTER;
}

/* ---- strings ---- */

static void keep(struct json_scan *scan, const char *bytes, size_t len)
{
        size_t room = sizeof(scan->text) - 1 - scan->text_len;

        scan->bytes += len;
        if (!scan->key && !scan->value)
                return;
        if (len > room)
                len = room;
        memcpy(scan->text + scan->text_len, bytes, len);
        scan->text_len += len;
}

static uint8_t end_string(struct json_scan *scan)
{
        scan->text[scan->text_len] = '\0';
        if (!scan->key) {
                tell(scan, &(struct json_value){.kind = JSON_VALUE_TEXT, .text = scan->text, .bytes = scan->bytes});
                return AFTER;
        }
        scan->value = !scan->escaped && scan->text_len == scan->bytes ? narrow(scan, scan->text, scan->text_len) : 0;
        if (scan->escaped && scan->depth <= JSON_RULE_SEGMENTS && scan->alive[scan->depth])
                scan->on_value(scan->user, -1, &(struct json_value){.kind = JSON_VALUE_TEXT, .text = scan->text});
        return COLON;
}

/* Within an escape; false: it is none. */
static bool in_escape(struct json_scan *scan, char c)
{
        if (scan->escape == 1) {
                scan->escape = c == 'u' ? 5 : 0;
                return c && strchr("\"\\/bfnrtu", c);
        }
        scan->escape = scan->escape == 2 ? 0 : (uint8_t)(scan->escape - 1);
        return c && strchr("0123456789abcdefABCDEF", c);
}

static bool is_plain(char c)
{
        return c != '"' && c != '\\' && (unsigned char)c >= ' ';
}

/* Bytes that are nothing but text, eight at a time where it is long. */
static size_t plain_run(const char *bytes, size_t len)
{
        const uint64_t ones = 0x0101010101010101u, high = ones << 7;
        size_t at = 0;

        for (; at + sizeof(uint64_t) <= len; at += sizeof(uint64_t)) {
                uint64_t eight, quote, slash;

                memcpy(&eight, bytes + at, sizeof(eight));
                quote = eight ^ (ones * '"');
                slash = eight ^ (ones * '\\');
                /* a byte that is zero, or below a space: more is looked at one by one, which decides */
                if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((eight - ones * ' ') & ~eight)) & high)
                        break;
        }
        while (at < len && is_plain(bytes[at]))
                at++;
        return at;
}

/* Returns how many bytes it took. */
static size_t in_string(struct json_scan *scan, const char *bytes, size_t len)
{
        size_t run = scan->escape ? 0 : plain_run(bytes, len);

        if (run) {
                keep(scan, bytes, run);
                return run;
        }
        if (scan->escape) {
                keep(scan, bytes, 1);
                scan->state = in_escape(scan, bytes[0]) ? STRING : BROKEN;
        } else if (bytes[0] == '"') {
                scan->state = end_string(scan);
        } else if (bytes[0] == '\\') {
                keep(scan, bytes, 1);
                scan->escaped = true;
                scan->escape = 1;
        } else {
                scan->state = BROKEN;
        }
        return 1;
}

/* ---- structure ---- */

static uint8_t at_start(struct json_scan *scan, char c)
{
        if (c == '{')
                return open_container(scan, false);
        if (scan->each && c == '[' && !scan->listed) {
                scan->listed = true;
                return START;
        }
        return scan->listed && (c == ',' || c == ']') ? START : BROKEN;
}

static uint8_t after_value(struct json_scan *scan, char c)
{
        if (c == '}' || c == ']')
                return close_container(scan, c == ']');
        if (c != ',')
                return BROKEN;
        if (in_array(scan))
                scan->value = narrow(scan, "*", 1);
        return in_array(scan) ? VALUE : KEY;
}

static uint8_t structure(struct json_scan *scan, char c)
{
        switch ((enum state)scan->state) {
        case START:
                return at_start(scan, c);
        case VALUE:
                return begin_value(scan, c);
        case VALUE_OR_END:
                return c == ']' ? close_container(scan, true) : begin_value(scan, c);
        case KEY:
                return c == '"' ? begin_string(scan, true) : BROKEN;
        case KEY_OR_END:
                return c == '}' ? close_container(scan, false) : c == '"' ? begin_string(scan, true) : BROKEN;
        case COLON:
                return c == ':' ? VALUE : BROKEN;
        case AFTER:
                return after_value(scan, c);
        default:
                return BROKEN;
        }
}

static bool is_space(char c)
{
        return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static size_t step(struct json_scan *scan, const char *bytes, size_t len)
{
        if (scan->state == STRING)
                return in_string(scan, bytes, len);
        if (scan->state == NUMBER || scan->state == WORD) {
                scan->state = scan->state == NUMBER ? in_number(scan, bytes[0]) : in_word(scan, bytes[0]);
                return scan->state == NUMBER || scan->state == WORD; /* what ended it is looked at again */
        }
        if (!is_space(bytes[0]))
                scan->state = structure(scan, bytes[0]);
        return 1;
}

enum json_scan_state json_scan_feed(struct json_scan *scan, const char *bytes, size_t len, size_t *ret_used)
{
        size_t at = 0;

        while (at < len && scan->state != WHOLE && scan->state != BROKEN)
                at += step(scan, bytes + at, len - at);
        *ret_used = at;
        return scan->state == WHOLE ? JSON_SCAN_WHOLE : scan->state == BROKEN ? JSON_SCAN_BROKEN : JSON_SCAN_MORE;
}

uint64_t json_scan_open_text(const struct json_scan *scan, uint8_t what)
{
        if (scan->state != STRING || scan->key)
                return 0;
        for (uint32_t left = ending(scan); left; left &= left - 1)
                if (scan->rules[__builtin_ctz(left)].what == what)
                        return scan->bytes;
        return 0;
}
