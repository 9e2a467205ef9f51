/* SPDX-License-Identifier: Apache-2.0 */
/* What reaches the terminal, whole and cut at every byte; an oracle of its own judges random input. */
#include "lib/base/terminal_filter.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

struct text {
        const char *bytes;
        size_t len;
};
#define T(literal)                                                                                                     \
        {                                                                                                              \
                (literal), sizeof(literal) - 1                                                                         \
        }

/* Fed as one, two and single pieces; they must agree. `end` is not called. */
static void filtered(enum terminal_mode mode, const char *bytes, size_t len, struct str *ret)
{
        for (size_t cut = 0; cut <= len; cut++) {
                _cleanup_str_ struct str out = {0};
                struct terminal_filter filter;

                terminal_filter_init(&filter, mode);
                terminal_filter_feed(&filter, bytes, cut, &out);
                terminal_filter_feed(&filter, bytes + cut, len - cut, &out);
                if (cut == 0)
                        str_append(ret, str_text(&out), out.len);
                cr_assert(out.len == ret->len && memcmp(str_text(&out), str_text(ret), out.len) == 0,
                          "cut at %zu: \"%s\" is not \"%s\"", cut, str_text(&out), str_text(ret));
        }
}

static void check(enum terminal_mode mode, struct text in, struct text expected)
{
        _cleanup_str_ struct str out = {0}, shown = {0}, wanted = {0};

        filtered(mode, in.bytes, in.len, &out);
        str_put_quoted(&shown, str_text(&out), out.len);
        str_put_quoted(&wanted, expected.bytes, expected.len);
        cr_expect_str_eq(str_text(&shown), str_text(&wanted));
}

Test(terminal_filter, plain_is_text_and_everything_else_visible)
{
        static const struct text cases[][2] = {
                {T("ok\tä \"q\" \\\nnext"), T("ok\tä \"q\" \\\nnext")},
                {T("\033[31mred\r\nx"), T("\\033[31mred\nx")},
                {T("10%\r20%\r\r30%\r\r\nx"), T("10%\n20%\n30%\nx")},
                {T("ab\bc\a\v\f"), T("ab\\bc\\a\\v\\f")},
                {T("\033]0;owned\a\033]52;c;eA==\033\\"), T("\\033]0;owned\\a\\033]52;c;eA==\\033\\")},
                {T("\x9b"
                   "2J\xc2\x9b"
                   "2J"),
                 T("\\2332J\\302\\2332J")},
                {T("a\xe2\x80\xae"
                   "b"),
                 T("a\\342\\200\\256b")},
                {T("\xff\0z\x7f"), T("\\377\\000z\\177")},
                {T("\xe2\x82"
                   "a\xc3\xc3\xa9"),
                 T("\\342\\202a\\303é")},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                check(TERMINAL_PLAIN, cases[i][0], cases[i][1]);
}

Test(terminal_filter, plain_shows_what_is_incomplete_at_the_end)
{
        _cleanup_str_ struct str out = {0};
        struct terminal_filter filter;

        terminal_filter_init(&filter, TERMINAL_PLAIN);
        terminal_filter_feed(&filter, "a\xe2\x82", 3, &out);
        terminal_filter_end(&filter, &out);
        terminal_filter_feed(&filter, "b\r", 2, &out);
        terminal_filter_end(&filter, &out);
        cr_assert_str_eq(str_text(&out), "a\\342\\202b\n");
}

Test(terminal_filter, a_screen_is_drawn_with_what_the_table_has)
{
        static const char *const passed[] = {
                "plain text äöü ┌─┐ 漢字 😀\r\n\t\b\a\v\f",
                "\033[m",
                "\033[0m",
                "\033[1;31m",
                "\033[38;2;1;2;3m",
                "\033[38:5:9m",
                "\033[4:3m",
                "\033[58:2::1:2:3m",
                "\033[H",
                "\033[12;40H",
                "\033[A\033[2B\033[C\033[3D\033[E\033[F\033[5G\033[7d",
                "\033[J\033[1J\033[2J\033[K\033[1K",
                "\033[3P\033[2@\033[4X\033[L\033[M\033[S\033[T",
                "\033[2;20r\033[r",
                "\033[s\033[u\0337\0338",
                "\033D\033M\033E\033H\033[g\033[3g\033[I\033[Z",
                "\033(0lqk\033(B\016\017\033)0",
                "\033=\033>",
                "\033[4h\033[4l",
                "\033[?1049h\033[?1h\033[?25l\033[?2004h\033[?2026h\033[?2026l\033[?7l\033[?1000h\033[?1006h",
                "\033[2 q\033[0 q",
                "x\033[5b",
        };

        for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
                const struct text text = {passed[i], strlen(passed[i])};

                check(TERMINAL_SCREEN, text, text);
        }
}

Test(terminal_filter, what_is_hostile_leaves_no_trace)
{
        static const struct text cases[][2] = {
                /* strings: title, icon, colours, links, clipboard, notifications; DCS, SOS, PM, APC */
                {T("a\033]0;title\ab\033]2;title\033\\c"), T("abc")},
                {T("a\033]8;;http://evil\033\\link\033]8;;\033\\b"), T("alinkb")},
                {T("a\033]52;c;ZXZpbA==\ab\033]52;c;?\033\\"), T("ab")},
                {T("a\033]4;1;?\ab\033]10;?\a\033]777;notify;x;y\a\033]1337;File=:QQ==\a"), T("ab")},
                {T("a\033Pq#0;2;0;0;0#0~~@@\033\\b"), T("ab")},
                {T("a\033P$qm\033\\b\033P+q544e\033\\"), T("ab")},
                {T("a\033_Gf=24;AAAA\033\\b\033^pm\033\\\033Xsos\ax\033\\"), T("ab")},
                {T("a\033]0;x\033[31mred"), T("a\033[31mred")}, /* ESC ends a string and begins the next sequence */
                {T("a\033]0;x\030b\033]0;x\032c"), T("abc")},
                /* the terminal would answer, or send */
                {T("\033[c\033[0c\033[>c\033[>0c\033[=c\033Z"), T("")},
                {T("\033[5n\033[6n\033[?6n\033[?15n\033[?996n"), T("")},
                {T("\033[?25$p\033[4$p\033[x\033[1x\033[>q\033[>0q"), T("")},
                {T("\033[14t\033[18t\033[21t\033[8;50;100t\033[22;0t\033[2t"), T("")},
                {T("\005a\033[?4m\033[?u\033[?1;1;0S"), T("a")},
                {T("\033[1;2;3;4;5T\033[1;1;1;1;1;1*y"), T("")},
                /* keyboard, pointer, focus */
                {T("\033[>1u\033[<u\033[=5u\033[>4;2m\033[>4m\033[?1004h\033[?1003h\033[?1015h\033[?9h"), T("")},
                {T("\033[?1003;1000;25h"), T("\033[?1000h\033[?25h")},
                /* resets, printing, eight-bit modes, other character sets, what scrolled by */
                {T("\033c\033[!p\033#8\033[i\033[5i\033[?5i\033 G\033%@\033%G\033*0\033n\033o\033|"), T("")},
                {T("\033[3J\033[?5h\033[?3h\033[?69h\033[2;3s\033[?1049s\033[?1049r\033[1q"), T("")},
                /* the same in eight bits, raw and as characters */
                {T("\x9b"
                   "6n"),
                 T("\xef\xbf\xbd"
                   "6n")},
                {T("\xc2\x9d"
                   "0;x\a"),
                 T("\xef\xbf\xbd"
                   "0;x\a")},
                {T("\xff\xfe"), T("\xef\xbf\xbd\xef\xbf\xbd")},
                {T("\xe2\x80\xae"), T("\xef\xbf\xbd")},
                /* inside sequences: controls happen, bytes that are no ASCII end them */
                {T("\033[3\n1m"), T("\n\033[31m")},
                {T("\033[3\0001\x7fm"), T("\033[31m")},
                {T("\033[6\xc3\xa9n"), T("én")},
                {T("\033[6\033[31mn"), T("\033[31mn")},
                {T("\033\033\033[6n\033[6\030n"), T("n")},
                /* numbers and lengths without end */
                {T("\033[99999Cx\033[1;2;3Hx\033[1:2Hx\033[-1Cx\033[1 Cx\033[?1$Cx"), T("xxxxxx")},
                {T("\033[?25:1hx\033[25?hx\033[7 q\033[??25h"), T("xx")},
                {T("\021\023\0\x7f"), T("")},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                check(TERMINAL_SCREEN, cases[i][0], cases[i][1]);
}

Test(terminal_filter, sequences_and_strings_without_end_are_bounded)
{
        _cleanup_str_ struct str out = {0};
        struct terminal_filter filter;

        terminal_filter_init(&filter, TERMINAL_SCREEN);
        terminal_filter_feed(&filter, "\033[", 2, &out);
        for (int i = 0; i < 100000; i++)
                terminal_filter_feed(&filter, "1;", 2, &out);
        terminal_filter_feed(&filter, "mA", 2, &out);
        cr_assert_str_eq(str_text(&out), "A");
        terminal_filter_feed(&filter, "\033(((((", 6, &out);
        for (int i = 0; i < 1000; i++)
                terminal_filter_feed(&filter, "(", 1, &out);
        terminal_filter_feed(&filter, "\033]0;", 4, &out);
        str_clear(&out);
        for (int i = 0; i < TERMINAL_STRING_MAX - 2; i++)
                terminal_filter_feed(&filter, "s", 1, &out);
        terminal_filter_feed(&filter, "text", 4, &out);
        cr_assert_str_eq(str_text(&out), "text");
}

Test(terminal_filter, a_terminal_that_is_not_known_to_be_utf8_gets_ascii)
{
        static const struct text cases[][2] = {
                {T("a\xdb\x9b"
                   "6n\xc3\xa9\xff"),
                 T("a?6n??")},
                {T("\033[31mx\xe2\x94\x80"), T("\033[31mx?")},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                check(TERMINAL_SCREEN_ASCII, cases[i][0], cases[i][1]);
}

static const char *after(const char *bytes)
{
        static struct str out;
        struct terminal_filter filter;

        terminal_filter_init(&filter, TERMINAL_SCREEN);
        terminal_filter_feed(&filter, bytes, strlen(bytes), &out);
        str_clear(&out);
        terminal_filter_end(&filter, &out);
        return str_text(&out);
}

Test(terminal_filter, the_end_undoes_what_was_left_behind)
{
        cr_assert_str_eq(after("text"), "\017\033[0m");
        cr_assert_str_eq(after("\033[?1049;25;1l"), "\033[?25h\017\033[0m");
        cr_assert_str_eq(after("\033[?25l\033[?1049h\033[?2004h"), "\033[?1049l\033[?25h\033[?2004l\017\033[0m");
        cr_assert_str_eq(after("\033[?1049h\033[?1049l\033[?7l\033[?7h"), "\017\033[0m");
        cr_assert_str_eq(after("\033[2;5r\033(0\033=\033[4h\033[3 q"),
                         "\0337\033[r\0338\033(B\033)B\033>\033[4l\033[0 q\017\033[0m");
        cr_assert_str_eq(after("\033]0;never ended"), "\017\033[0m");
}

/* ---- The oracle: another grammar of what may be in the output ---- */

static bool digits(const char **at)
{
        const char *from = *at;

        while (isdigit((unsigned char)**at))
                (*at)++;
        return *at - from < 5;
}

/* The length of the harmless sequence at `at`, or 0. */
static size_t harmless(const char *at)
{
        const char *p = at + 2;
        bool question;

        if (at[1] && strchr("78DEHM=>", at[1]))
                return 2;
        if ((at[1] == '(' || at[1] == ')') && (at[2] == '0' || at[2] == 'B'))
                return 3;
        if (at[1] != '[')
                return 0;
        question = *p == '?';
        p += question;
        do
                if (!digits(&p))
                        return 0;
        while ((*p == ';' || *p == ':') && p++);
        if (question)
                return *p == 'h' || *p == 'l' ? (size_t)(p + 1 - at) : 0;
        if (p[0] == ' ' && p[1] == 'q')
                return (size_t)(p + 2 - at);
        return *p && strchr("ABCDEFGHIJKLMPSTXZ@`abdefgmrsuhl", *p) ? (size_t)(p + 1 - at) : 0;
}

static void judge(const struct str *out)
{
        const char *text = str_text(out);

        for (size_t i = 0; i < out->len;) {
                unsigned char byte = (unsigned char)text[i];
                size_t len = byte == 033 ? harmless(text + i) : 1;

                cr_assert(len, "a sequence passed: %.20s", text + i + 1);
                cr_assert(byte >= 0x20 || byte == 033 || (byte >= 7 && byte <= 15), "control %d passed", byte);
                cr_assert_neq(byte, 0x7f);
                cr_assert(!(byte == 0xc2 && (unsigned char)text[i + 1] < 0xa0), "C1 passed");
                i += len;
        }
}

static uint32_t next_random(uint32_t *state)
{
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        return *state;
}

Test(terminal_filter, nothing_made_of_pieces_gets_through)
{
        static const struct text pieces[] = {
                T("\033"),  T("["),    T("]"),      T("P"),    T("_"),    T("\\"), T("?"),    T(">"),    T("="),
                T(";"),     T(":"),    T("1"),      T("25"),   T("1049"), T("52"), T("6"),    T("n"),    T("c"),
                T("m"),     T("h"),    T("l"),      T("q"),    T(" "),    T("$"),  T("!"),    T("p"),    T("t"),
                T("u"),     T("J"),    T("3"),      T("\a"),   T("\030"), T("\n"), T("\r"),   T("\x9b"), T("\xc2"),
                T("\x9d"),  T("\xe2"), T("\x80"),   T("\xae"), T("\xf0"), T("\0"), T("\x7f"), T("\005"), T("text"),
                T("\033["), T("("),    T("\033[?"), T("0"),    T("B"),    T("%"),  T("#"),    T("x"),    T("\x90"),
        };
        uint32_t state = 2463534242u;

        for (int round = 0; round < 20000; round++) {
                _cleanup_str_ struct str in = {0}, whole = {0}, split = {0};
                struct terminal_filter a, b;

                for (uint32_t i = 1 + next_random(&state) % 24; i; i--) {
                        const struct text *piece = &pieces[next_random(&state) % (sizeof(pieces) / sizeof(pieces[0]))];

                        str_append(&in, piece->bytes, piece->len);
                }
                terminal_filter_init(&a, TERMINAL_SCREEN);
                terminal_filter_init(&b, TERMINAL_SCREEN);
                terminal_filter_feed(&a, in.data, in.len, &whole);
                for (size_t i = 0; i < in.len; i++)
                        terminal_filter_feed(&b, in.data + i, 1, &split);
                judge(&whole);
                cr_assert(whole.len == split.len && memcmp(str_text(&whole), str_text(&split), whole.len) == 0);
                terminal_filter_end(&a, &whole);
                judge(&whole);
        }
}
