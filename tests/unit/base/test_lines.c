/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/lines.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void note(void *arg, const char *line, size_t len)
{
        cr_assert_eq(strlen(line), len);
        str_printf(arg, "[%s]", line);
}

static void feed(struct str *input, const char *text, struct str *heard)
{
        str_puts(input, text);
        lines_take(input, 16, note, heard);
}

Test(lines, come_whole_however_they_were_cut)
{
        _cleanup_str_ struct str input = {0}, heard = {0};

        feed(&input, "one\ntw", &heard);
        cr_assert_str_eq(str_text(&heard), "[one]");
        feed(&input, "o\n\n", &heard);
        feed(&input, "three", &heard);
        cr_assert_str_eq(str_text(&heard), "[one][two]");
        cr_assert_str_eq(str_text(&input), "three");
}

Test(lines, one_without_end_is_not_kept_for_ever)
{
        _cleanup_str_ struct str input = {0}, heard = {0};

        feed(&input, "seventeen letters", &heard);
        cr_assert_eq(input.len, 0);
        feed(&input, "next\n", &heard);
        cr_assert_str_eq(str_text(&heard), "[next]");
}

static int file_of(const char *text, size_t len)
{
        const int fd = memfd_create("lines", MFD_CLOEXEC);

        cr_assert(fd >= 0 && write(fd, text, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0);
        return fd;
}

static void read_all(int fd, size_t most, struct str *heard, int expected)
{
        _cleanup_line_reader_ struct line_reader reader = {.fd = fd, .most = most};
        const char *line;
        size_t len;
        int got;

        while ((got = line_next(&reader, &line, &len)) > 0) {
                cr_assert_eq(line[len], '\0');
                str_printf(heard, "[%s]", line);
        }
        cr_assert_eq(got, expected);
        close(fd);
}

Test(lines, of_a_file_come_whole)
{
        _cleanup_str_ struct str heard = {0}, long_one = {0}, expected = {0};

        read_all(file_of("one\n\ntwo\n", 9), 16, &heard, 0);
        cr_assert_str_eq(str_text(&heard), "[one][][two]");
        str_clear(&heard);
        for (int i = 0; i < 30000; i++)
                str_puts(&long_one, "0123456789");
        str_printf(&expected, "[%s][%s]", str_text(&long_one), str_text(&long_one));
        str_clear(&long_one);
        for (int i = 0; i < 60000; i++)
                str_puts(&long_one, i == 29999 || i == 59999 ? "0123456789\n" : "0123456789");
        read_all(file_of(long_one.data, long_one.len), 300000, &heard, 0);
        cr_assert_str_eq(str_text(&heard), str_text(&expected));
}

Test(lines, of_a_file_that_are_too_long_or_have_no_end_are_refused)
{
        _cleanup_str_ struct str heard = {0};

        read_all(file_of("0123\n01234\n", 11), 4, &heard, -1);
        read_all(file_of("0123\n0123", 9), 4, &heard, -1);
        cr_assert_str_eq(str_text(&heard), "[0123][0123]");
        read_all(file_of("", 0), 4, &heard, 0);
}

Test(lines, one_of_a_gigabyte_is_never_in_memory)
{
        const int fd = memfd_create("lines", MFD_CLOEXEC);
        struct line_reader reader = {.fd = fd, .most = 1 << 20};
        const char *line;
        size_t len;

        cr_assert_eq(ftruncate(fd, 1 << 30), 0);
        cr_assert_eq(line_next(&reader, &line, &len), -1);
        cr_assert_lt(reader.bytes.cap, (size_t)4 << 20);
        line_reader_release(&reader);
        close(fd);
}
