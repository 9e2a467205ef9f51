/* SPDX-License-Identifier: Apache-2.0 */
/*
 *              ┌────────── text, C0 ──────────┐
 *              ▼                              │
 *           GROUND ── lead byte ──► CHARACTER ┘       both modes
 *              │
 *             ESC ──► ESCAPE ── [ ──► CSI ── final byte ──► terminal_sequence() ──► GROUND
 *                        │             └─ too long ──► CSI_IGNORE
 *                        ├─ final byte ──► terminal_sequence() ──► GROUND
 *                        └─ ] P X ^ _ ──► STRING ── BEL (OSC), ST ──► GROUND
 *
 * ESC begins anew from everywhere; CAN, SUB and bytes that are no ASCII end a sequence without effect.
 */
#include "lib/base/terminal_filter.h"

#include <string.h>

enum state {
        GROUND,
        CHARACTER,
        ESCAPE,
        CSI,
        CSI_IGNORE,
        STRING,
        STATES,
};

#define ESC 0x1b
#define BEL 0x07
#define CAN 0x18
#define SUB 0x1a
#define DEL 0x7f
#define REPLACEMENT "\xef\xbf\xbd"

void terminal_filter_init(struct terminal_filter *filter, enum terminal_mode mode)
{
        *filter = (struct terminal_filter){.mode = mode, .state = GROUND};
}

static void begin(struct terminal_filter *filter, enum state state)
{
        filter->state = (int)state;
        filter->held_len = filter->dropped = 0;
}

static bool hold(struct terminal_filter *filter, unsigned char byte)
{
        if (filter->held_len == sizeof(filter->held))
                return false;
        filter->held[filter->held_len++] = (char)byte;
        return true;
}

/* ---- Characters ---- */

static size_t character_length(unsigned char lead)
{
        if (lead >= 0xc2 && lead < 0xe0)
                return 2;
        if ((lead & 0xf0) == 0xe0)
                return 3;
        return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

/* What is held is a character, or bytes that are none. */
static void put_held(struct terminal_filter *filter, struct str *out)
{
        _cleanup_str_ struct str safe = {0};
        bool good;

        str_put_harmless(&safe, filter->held, filter->held_len);
        good = safe.len == filter->held_len && memcmp(safe.data, filter->held, safe.len) == 0;
        if (filter->mode == TERMINAL_PLAIN || (good && filter->mode == TERMINAL_SCREEN))
                str_append(out, str_text(&safe), safe.len);
        else
                str_puts(out, filter->mode == TERMINAL_SCREEN ? REPLACEMENT : "?");
        begin(filter, GROUND);
}

static void ground_high(struct terminal_filter *filter, unsigned char byte, struct str *out)
{
        begin(filter, CHARACTER);
        hold(filter, byte);
        filter->wanted = character_length(byte);
        if (!filter->wanted)
                put_held(filter, out);
}

/* ---- Control characters ---- */

static void control_plain(struct terminal_filter *filter, unsigned char byte, struct str *out)
{
        if (byte == '\r')
                filter->returned = true;
        else
                str_put_harmless(out, (const char *)&byte, 1);
}

/* BEL, cursor movement, shifts between the two designated sets; not ENQ, XON, XOFF, NUL, DEL. */
static void control_screen(unsigned char byte, struct str *out)
{
        if (byte >= 0x07 && byte <= 0x0f)
                str_putc(out, (char)byte);
}

static void on_control(struct terminal_filter *filter, unsigned char byte, struct str *out)
{
        if (filter->mode == TERMINAL_PLAIN) {
                control_plain(filter, byte, out);
                return;
        }
        if (byte == ESC) {
                begin(filter, ESCAPE);
                hold(filter, byte);
        } else if (byte == CAN || byte == SUB) {
                begin(filter, GROUND);
        } else {
                control_screen(byte, out); /* inside a sequence too: a terminal does it at once */
        }
}

/* ---- The states ---- */

static void on_ground(struct terminal_filter *filter, unsigned char byte, struct str *out)
{
        if (byte >= 0x80)
                ground_high(filter, byte, out);
        else if (byte < 0x20 || byte == DEL)
                on_control(filter, byte, out);
        else
                str_putc(out, (char)byte);
}

static void on_character(struct terminal_filter *filter, unsigned char byte, struct str *out)
{
        if ((byte & 0xc0) == 0x80) {
                hold(filter, byte);
                if (filter->held_len == filter->wanted)
                        put_held(filter, out);
                return;
        }
        put_held(filter, out);
        on_ground(filter, byte, out);
}

static void complete(struct terminal_filter *filter, unsigned char byte, struct str *out)
{
        if (hold(filter, byte))
                terminal_sequence(filter, filter->held, filter->held_len, out);
        begin(filter, GROUND);
}

static void on_escape(struct terminal_filter *filter, unsigned char byte, struct str *out)
{
        bool first = filter->held_len == 1;

        if (first && byte == '[') {
                filter->state = CSI;
                hold(filter, byte);
        } else if (first && strchr("]PX^_", byte)) {
                begin(filter, STRING);
                filter->operating = byte == ']';
        } else if (byte >= 0x30) {
                complete(filter, byte, out);
        } else if (!hold(filter, byte)) { /* intermediate bytes without end */
                begin(filter, GROUND);
        }
}

static void on_csi(struct terminal_filter *filter, unsigned char byte, struct str *out)
{
        if (byte >= 0x40)
                complete(filter, byte, out);
        else if (!hold(filter, byte))
                filter->state = CSI_IGNORE;
}

static void on_csi_ignore(struct terminal_filter *filter, unsigned char byte, struct str *out)
{
        (void)out;
        if (byte >= 0x40)
                begin(filter, GROUND);
}

static void on_string(struct terminal_filter *filter, unsigned char byte, struct str *out)
{
        (void)out;
        if (byte == ESC) { /* of the terminator, which is a sequence without effect, or of the next sequence */
                begin(filter, ESCAPE);
                hold(filter, byte);
        } else if (byte == CAN || byte == SUB || (byte == BEL && filter->operating) ||
                   ++filter->dropped == TERMINAL_STRING_MAX) {
                begin(filter, GROUND);
        }
}

static void step(struct terminal_filter *filter, unsigned char byte, struct str *out)
{
        static void (*const on[STATES])(struct terminal_filter *, unsigned char, struct str *) = {
                [GROUND] = on_ground, [CHARACTER] = on_character,   [ESCAPE] = on_escape,
                [CSI] = on_csi,       [CSI_IGNORE] = on_csi_ignore, [STRING] = on_string,
        };
        bool sequence = filter->state == ESCAPE || filter->state == CSI || filter->state == CSI_IGNORE;

        if (filter->returned && byte != '\r') {
                filter->returned = false;
                str_putc(out, '\n');
                if (byte == '\n')
                        return;
        }
        if (sequence && byte >= 0x80) {
                begin(filter, GROUND);
                on_ground(filter, byte, out);
        } else if (sequence && (byte < 0x20 || byte == DEL)) {
                on_control(filter, byte, out);
        } else {
                on[filter->state](filter, byte, out);
        }
}

/* Plain ASCII is by far the most of all output: it is passed on in one piece. */
static size_t plain_run(const char *at, size_t len)
{
        size_t i = 0;

        while (i < len && at[i] >= 0x20 && at[i] < DEL)
                i++;
        return i;
}

void terminal_filter_feed(struct terminal_filter *filter, const char *bytes, size_t len, struct str *out)
{
        for (size_t i = 0; i < len;) {
                size_t plain = filter->state == GROUND && !filter->returned ? plain_run(bytes + i, len - i) : 0;

                if (plain)
                        str_append(out, bytes + i, plain);
                else
                        step(filter, (unsigned char)bytes[i], out);
                i += plain ? plain : 1;
        }
}

void terminal_filter_end(struct terminal_filter *filter, struct str *out)
{
        if (filter->returned)
                str_putc(out, '\n');
        filter->returned = false;
        if (filter->state == CHARACTER)
                put_held(filter, out);
        begin(filter, GROUND);
        if (filter->mode != TERMINAL_PLAIN)
                terminal_sequences_undo(filter, out);
}
