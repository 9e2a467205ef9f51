/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control sequences that may reach the user's terminal. Refused on purpose, beside what is unknown: everything that makes
 * it answer (what it answers is typed into whatever reads next); CSI 3 J, which takes away what scrolled by; modes that
 * report the pointer or the focus although no key was pressed (1003, 1004); the keyboard protocols (CSI > … m, CSI > … u),
 * which would take the keys from us that detach.
 */
#include "lib/base/terminal_filter.h"

#include <string.h>

#define PARAMETERS_MAX 32
#define VALUE_MAX 9999

enum {
        TOUCHED_SHAPE = 1,
        TOUCHED_MARGINS = 2,
        TOUCHED_CHARSET = 4,
        TOUCHED_KEYPAD = 8,
        TOUCHED_INSERT = 16,
};

/* CSI ? … h (set) and l: number, whether it is set at rest */
static const struct {
        unsigned number;
        bool at_rest;
} modes[] = {
        {1049, false}, /* alternate screen and cursor; these first, so that the rest is undone on the screen that stays */
        {1047, false},             /* alternate screen */
        {47, false},   {1, false}, /* cursor keys send what applications expect */
        {7, true},                 /* lines wrap */
        {12, false},               /* the cursor blinks */
        {25, true},                /* it is visible */
        {1000, false},             /* mouse: buttons, */
        {1002, false},             /* … and dragging with one pressed; */
        {1006, false},             /* … reported in plain digits */
        {2004, false},             /* what is pasted is marked as pasted */
        {2026, false},             /* drawn when it is complete */
};

#define MODES (sizeof(modes) / sizeof(modes[0]))

/* CSI without prefix and intermediate bytes: final bytes, how many numbers may stand before */
static const struct {
        const char *finals;
        size_t parameters;
} plain_finals[] = {
        {"ABCDEFGIZ`ade", 1}, /* cursor, tabs */
        {"Hf", 2},
        {"JKXP@LMSTb", 1}, /* erase, insert, delete, scroll, repeat */
        {"g", 1},          /* tab stops */
        {"r", 2},          /* scrolling region */
        {"su", 0},         /* cursor saved and restored */
        {"m", PARAMETERS_MAX},
};

struct csi {
        char prefix, intermediate, final;
        unsigned values[PARAMETERS_MAX];
        size_t len;
        bool colons;
};

/* false: more than we know of. A missing number counts as 0. */
static bool parse_values(const char **at, struct csi *csi)
{
        const char *p = *at;

        if (!strchr("0123456789:;", *p) || !*p)
                return true;
        for (csi->len = 1; *p && strchr("0123456789:;", *p); p++) {
                unsigned *value = &csi->values[csi->len - 1];

                if (*p == ';' || *p == ':') {
                        csi->colons |= *p == ':';
                        if (csi->len++ == PARAMETERS_MAX)
                                return false;
                } else if ((*value = *value * 10 + (unsigned)(*p - '0')) > VALUE_MAX) {
                        return false;
                }
        }
        *at = p;
        return true;
}

static bool parse(const char *text, struct csi *ret)
{
        *ret = (struct csi){0};
        if (*text && strchr("<=>?", *text))
                ret->prefix = *text++;
        if (!parse_values(&text, ret))
                return false;
        if (*text >= 0x20 && *text < 0x30)
                ret->intermediate = *text++;
        ret->final = *text;
        return *text >= 0x40 && !text[1];
}

static void note_mode(struct terminal_filter *filter, size_t mode, bool set)
{
        if (set != modes[mode].at_rest)
                filter->modes |= UINT32_C(1) << mode;
        else
                filter->modes &= ~(UINT32_C(1) << mode);
}

/* Of a list, those that are in the table. */
static void put_modes(struct terminal_filter *filter, const struct csi *csi, struct str *out)
{
        for (size_t i = 0; i < csi->len; i++)
                for (size_t mode = 0; mode < MODES; mode++)
                        if (modes[mode].number == csi->values[i]) {
                                note_mode(filter, mode, csi->final == 'h');
                                str_printf(out, "\033[?%u%c", csi->values[i], csi->final);
                        }
}

static bool is_plain_final(const struct csi *csi)
{
        for (size_t i = 0; i < sizeof(plain_finals) / sizeof(plain_finals[0]); i++)
                if (strchr(plain_finals[i].finals, csi->final))
                        return csi->len <= plain_finals[i].parameters && (csi->final == 'm' || !csi->colons) &&
                               !(csi->final == 'J' && csi->values[0] > 2);
        return (csi->final == 'h' || csi->final == 'l') && csi->len == 1 && csi->values[0] == 4; /* insert */
}

static unsigned touched_by(const struct csi *csi)
{
        switch (csi->final) {
        case 'q':
                return TOUCHED_SHAPE;
        case 'r':
                return TOUCHED_MARGINS;
        case 'h':
                return TOUCHED_INSERT;
        default:
                return 0;
        }
}

static void put_csi(struct terminal_filter *filter, const char *sequence, size_t len, struct str *out)
{
        struct csi csi;
        bool shape;

        if (!parse(sequence + 2, &csi))
                return;
        if (csi.prefix == '?' && !csi.intermediate && !csi.colons && (csi.final == 'h' || csi.final == 'l')) {
                put_modes(filter, &csi, out);
                return;
        }
        shape = csi.intermediate == ' ' && csi.final == 'q' && csi.len <= 1 && csi.values[0] <= 6;
        if (csi.prefix || (csi.intermediate ? !shape : !is_plain_final(&csi)))
                return;
        filter->touched |= touched_by(&csi);
        str_append(out, sequence, len);
}

void terminal_sequence(struct terminal_filter *filter, const char *sequence, size_t len, struct str *out)
{
        /* save, restore, index, next line, tab stop, reverse index, keypad */
        static const char plain_escapes[] = "78DEHM=>";
        char text[TERMINAL_HELD_MAX + 1];

        memcpy(text, sequence, len);
        text[len] = '\0';
        if (len > 2 && text[1] == '[') {
                put_csi(filter, text, len, out);
        } else if (len == 2 && strchr(plain_escapes, text[1])) {
                filter->touched |= text[1] == '=' ? TOUCHED_KEYPAD : 0;
                str_append(out, text, len);
        } else if (len == 3 && strchr("()", text[1]) && strchr("0B", text[2])) { /* line drawing, ASCII */
                filter->touched |= TOUCHED_CHARSET;
                str_append(out, text, len);
        }
}

void terminal_sequences_undo(struct terminal_filter *filter, struct str *out)
{
        static const struct {
                unsigned touched;
                const char *sequence;
        } undo[] = {
                {TOUCHED_MARGINS, "\0337\033[r\0338"}, /* which moves the cursor */
                {TOUCHED_CHARSET, "\033(B\033)B"},     {TOUCHED_KEYPAD, "\033>"},
                {TOUCHED_INSERT, "\033[4l"},           {TOUCHED_SHAPE, "\033[0 q"},
        };

        for (size_t mode = 0; mode < MODES; mode++)
                if (filter->modes & (UINT32_C(1) << mode))
                        str_printf(out, "\033[?%u%c", modes[mode].number, modes[mode].at_rest ? 'h' : 'l');
        for (size_t i = 0; i < sizeof(undo) / sizeof(undo[0]); i++)
                if (filter->touched & undo[i].touched)
                        str_puts(out, undo[i].sequence);
        str_puts(out, "\017\033[0m");
        filter->modes = filter->touched = 0;
}
