/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/render.h"

#include "lib/base/terminal_filter.h"

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

static const char *const sequences[] = {
        [TINT_PLAIN] = "",        [TINT_GOOD] = "\033[32m", [TINT_BAD] = "\033[31m",
        [TINT_WAIT] = "\033[33m", [TINT_DIM] = "\033[2m",   [TINT_STRONG] = "\033[1m",
};

void render_tint(struct str *out, bool colour, enum tint tint, const char *text)
{
        if (!colour || tint == TINT_PLAIN)
                str_puts(out, text);
        else
                str_printf(out, "%s%s\033[0m", sequences[tint], text);
}

void render_heading(struct str *out, bool colour, const char *text)
{
        str_putc(out, '\n');
        render_tint(out, colour, TINT_STRONG, text);
        str_putc(out, '\n');
}

/* Length of the UTF-8 character at `at`, 0 where it is none, -1 where it may become one with more bytes. */
static int character_length(const unsigned char *at, size_t left)
{
        const int len = at[0] < 0x80                    ? 1
                        : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                        : (at[0] & 0xf0) == 0xe0        ? 3
                        : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                        : 0;

        for (int i = 1; i < len; i++) {
                if ((size_t)i >= left)
                        return -1;
                if ((at[i] & 0xc0) != 0x80)
                        return 0;
        }
        if (len == 3 && ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0)))
                return 0;
        if (len == 4 && ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] >= 0x90)))
                return 0;
        return len;
}

/* Cells of one character: what the locale says, else one for each. */
static size_t character_width(const char *at, int len)
{
        wchar_t wide;
        mbstate_t state = {0};
        int cells;

        if (len == 1 || mbrtowc(&wide, at, (size_t)len, &state) != (size_t)len)
                return 1;
        cells = wcwidth(wide);
        return cells < 0 ? 1 : (size_t)cells;
}

void render_cell(struct str *out, const char *text, size_t width, bool last)
{
        _cleanup_str_ struct str quoted = {0};
        size_t used = 0, cut_at = 0, cut_used = 0;
        const char *at;

        render_line(&quoted, text);
        at = str_text(&quoted);
        for (size_t i = 0; i < quoted.len;) {
                const int len = character_length((const unsigned char *)at + i, quoted.len - i);
                const size_t cells = character_width(at + i, len < 1 ? 1 : len);

                if (used + cells > width) {
                        str_append(out, at, cut_at);
                        str_puts(out, "…");
                        used = cut_used + 1;
                        goto pad;
                }
                i += len < 1 ? 1 : (size_t)len;
                used += cells;
                if (used < width) {
                        cut_at = i;
                        cut_used = used;
                }
        }
        str_append(out, at, quoted.len);
pad:
        for (; !last && used < width; used++)
                str_putc(out, ' ');
}

static size_t cells_of(const char *text, size_t len)
{
        size_t cells = 0;

        for (size_t i = 0; i < len;) {
                const int length = character_length((const unsigned char *)text + i, len - i);

                cells += character_width(text + i, length < 1 ? 1 : length);
                i += length < 1 ? 1 : (size_t)length;
        }
        return cells;
}

void render_folded(struct str *out, const char *text, size_t column, size_t indent, size_t columns)
{
        size_t blanks = 0;

        for (bool first = true; *text; first = false) {
                const size_t len = strcspn(text, " "), cells = cells_of(text, len);

                if (column + blanks + cells > columns && column > indent && !(first && cells > columns - indent)) {
                        str_printf(out, "\n%*s", (int)indent, "");
                        column = indent;
                        blanks = 0;
                }
                str_printf(out, "%*s%.*s", (int)blanks, "", (int)len, text);
                column += blanks + cells;
                text += len;
                blanks = strspn(text, " ");
                text += blanks;
        }
}

void render_wrapped(struct str *out, const char *text, size_t indent, size_t column)
{
        render_folded(out, text, column, indent, RENDER_PAGE);
}

/* A quote or a backslash is harmless in running text, unlike all else that str_put_quoted() would show differently. */
static void put_character(struct str *out, const char *at, size_t len)
{
        _cleanup_str_ struct str quoted = {0};

        if (len == 1 && (at[0] == '"' || at[0] == '\\')) {
                str_putc(out, at[0]);
                return;
        }
        str_put_quoted(&quoted, at, len);
        if (quoted.len > 2 && quoted.data[0] == '"')
                str_append(out, quoted.data + 1, quoted.len - 2);
        else
                str_append(out, quoted.data, quoted.len);
}

static size_t plain_run(const char *at, size_t len)
{
        size_t i = 0;

        while (i < len && at[i] >= 0x20 && at[i] < 0x7f)
                i++;
        return i;
}

void render_safe(struct str *out, const char *bytes, size_t len)
{
        struct terminal_filter filter;

        terminal_filter_init(&filter, TERMINAL_PLAIN);
        terminal_filter_feed(&filter, bytes, len, out);
        terminal_filter_end(&filter, out);
}

void render_line(struct str *out, const char *text)
{
        const size_t len = text ? strlen(text) : 0;

        for (size_t i = 0; i < len;) {
                const size_t plain = plain_run(text + i, len - i);
                int got;

                str_append(out, text + i, plain);
                i += plain;
                if (i == len)
                        break;
                got = character_length((const unsigned char *)text + i, len - i);
                put_character(out, text + i, got < 1 ? 1 : (size_t)got);
                i += got < 1 ? 1 : (size_t)got;
        }
}

void render_ago(struct str *out, const char *text, int64_t now)
{
        static const struct {
                int64_t seconds;
                const char *unit;
        } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
        struct tm parts = {0};
        int64_t ago;

        if (!text || !strptime(text, "%Y-%m-%dT%H:%M:%S", &parts)) {
                str_puts(out, "-");
                return;
        }
        ago = now - (int64_t)timegm(&parts);
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
                const int64_t count = ago / units[i].seconds;

                if (count < 1)
                        continue;
                str_printf(out, "%lld %s%s ago", (long long)count, units[i].unit, count == 1 ? "" : "s");
                return;
        }
        str_puts(out, "now");
}

const char *render_state(enum phase phase, enum outcome outcome)
{
        return outcome < OUTCOME_COUNT && (phase_is_terminal(phase) || phase == PHASE_HELD) ? outcome_name(outcome)
                                                                                            : phase_name(phase);
}

enum tint render_state_tint(enum phase phase, enum outcome outcome)
{
        if (phase == PHASE_HELD || !phase_is_terminal(phase))
                return TINT_WAIT;
        return outcome < OUTCOME_COUNT && outcome_exit_status(outcome) == 0 ? TINT_GOOD : TINT_BAD;
}

enum tint render_result_tint(const char *result)
{
        if (strcmp(result, "PASS") == 0)
                return TINT_GOOD;
        return strcmp(result, "FLAKY") == 0 || strcmp(result, "PRE_EXISTING") == 0 ? TINT_WAIT : TINT_BAD;
}

size_t render_columns(int fd)
{
        struct winsize size = {0};

        if (!isatty(fd))
                return 0;
        return ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 ? 80 : size.ws_col;
}
