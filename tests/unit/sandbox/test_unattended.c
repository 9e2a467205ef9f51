/* SPDX-License-Identifier: Apache-2.0 */
/* What a program reads from a terminal at which nobody sits. The clock is the test's own. */
#include "sandbox/unattended.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static int master, slave;
static struct unattended unattended;

static void setup(void)
{
        master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
        cr_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
        slave = open(ptsname(master), O_RDWR | O_NOCTTY);
        cr_assert_geq(slave, 0);
}

static void teardown(void)
{
        close(master);
        close(slave);
}

TestSuite(unattended, .init = setup, .fini = teardown, .timeout = 30);

static void set_keys(void)
{
        struct termios modes;

        cr_assert(tcgetattr(slave, &modes) == 0);
        cfmakeraw(&modes);
        cr_assert(tcsetattr(slave, TCSANOW, &modes) == 0);
}

/* -1: nothing to read; else what read(2) says, and the byte. */
static ssize_t reads(char *ret)
{
        if (poll(&(struct pollfd){.fd = slave, .events = POLLIN}, 1, 0) <= 0)
                return -1;
        return read(slave, ret, 1);
}

static void tick(uint64_t now, uint64_t output)
{
        unattended_tick(&unattended, master, now, output);
}

Test(unattended, who_reads_lines_gets_their_end_again_and_again_but_slowly)
{
        char byte;

        tick(1000, 0);
        tick(1000 + UNATTENDED_FIRST_MS - 1, 0);
        cr_assert_eq(reads(&byte), -1, "not at once");
        tick(1000 + UNATTENDED_FIRST_MS, 0);
        cr_assert_eq(reads(&byte), 0, "the end of the file");
        tick(1000 + UNATTENDED_FIRST_MS + UNATTENDED_NEXT_MS - 1, 0);
        cr_assert_eq(reads(&byte), -1);
        tick(1000 + UNATTENDED_FIRST_MS + UNATTENDED_NEXT_MS, 0);
        cr_assert_eq(reads(&byte), 0);
}

Test(unattended, one_that_was_not_read_is_not_followed_by_another)
{
        char byte;

        for (uint64_t now = 1000; now < 100000; now += 500)
                tick(now, 0);
        cr_assert_eq(reads(&byte), 0);
        cr_assert_eq(reads(&byte), -1);
}

Test(unattended, who_reads_keys_is_left_alone_while_it_prints)
{
        char byte;

        set_keys();
        for (uint64_t now = 1000; now < 10 * UNATTENDED_SILENT_MS; now += 1000)
                tick(now, now);
        cr_assert_eq(reads(&byte), -1);
}

Test(unattended, who_reads_keys_and_is_silent_gets_ctrl_d_twice)
{
        const uint64_t due = 1000 + UNATTENDED_SILENT_MS;
        char byte = 0;

        set_keys();
        tick(1000, 7);
        tick(due - 1, 7);
        cr_assert_eq(reads(&byte), -1);
        tick(due, 7);
        cr_assert_eq(reads(&byte), 1);
        cr_assert_eq(byte, 4);
        tick(due + UNATTENDED_SECOND_MS - 1, 7);
        cr_assert_eq(reads(&byte), -1);
        tick(due + UNATTENDED_SECOND_MS, 9); /* it asked for the second one */
        cr_assert_eq(reads(&byte), 1);
        cr_assert_eq(byte, 4);
        tick(due + 2 * UNATTENDED_SECOND_MS, 9);
        cr_assert_eq(reads(&byte), -1, "no third");
}

Test(unattended, another_character_for_the_end_is_kept_to_and_none_is_none)
{
        struct termios modes;
        char byte;

        cr_assert(tcgetattr(slave, &modes) == 0);
        modes.c_cc[VEOF] = 'q';
        cr_assert(tcsetattr(slave, TCSANOW, &modes) == 0);
        tick(1000, 0);
        tick(1000 + UNATTENDED_FIRST_MS, 0);
        cr_assert_eq(reads(&byte), 0);
        modes.c_cc[VEOF] = _POSIX_VDISABLE;
        cr_assert(tcsetattr(slave, TCSANOW, &modes) == 0);
        tick(100000, 0);
        cr_assert_eq(reads(&byte), -1);
}

Test(unattended, a_terminal_that_is_gone_is_no_trouble)
{
        unattended_tick(&unattended, -1, 1000, 0);
        unattended_tick(&unattended, -1, 100000, 0);
        cr_assert_eq(unattended.given, 0);
}
