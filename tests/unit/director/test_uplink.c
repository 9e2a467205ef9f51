/* SPDX-License-Identifier: Apache-2.0 */
#include "director/uplink.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const messages[] = {
        "{\"op\":\"begin\"}",
        "{\"op\":\"verify\"}",
        "{\"op\":\"discard\",\"outcome\":\"work_failed\"}",
        "{\"op\":\"stop\"}",
};
#define MESSAGES (sizeof(messages) / sizeof(messages[0]))

/* The table of director/uplink.h: which of them may come, and whose turn it is then. */
static const struct {
        bool may[MESSAGES];
        enum uplink_turn then[MESSAGES];
} turns[UPLINK_TURNS] = {
        [UPLINK_AHEAD] = {{true, false, false, false}, {UPLINK_WAITS}},
        [UPLINK_WAITS] = {{false, true, true, true}, {0, UPLINK_DECIDES, UPLINK_DECIDES, UPLINK_WAITS}},
        [UPLINK_DECIDES] = {{false, false, false, true}, {0, 0, 0, UPLINK_DECIDES}},
};

static void say(int fd, const char *text)
{
        struct channel channel;
        struct err err = ERR_INIT;
        json_t *message = json_parse(text, strlen(text), "message", &err);

        channel_init(&channel, dup(fd));
        cr_assert_not_null(message);
        cr_assert_eq(channel_send(&channel, message, NULL, 0, &err), 0, "%s", err.message);
        json_decref(message);
        channel_release(&channel);
}

/* Not by uplink_open(): its descriptor is one of criterion's own. */
static int begin(struct uplink *up, enum uplink_turn turn)
{
        int pair[2];

        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
        *up = (struct uplink){
                .turn = turn, .connected = true, .poll_fd = -1, .signal_fd = -1, .outcome = OUTCOME_COUNT};
        channel_init(&up->channel, pair[0]);
        return pair[1];
}

Test(uplink, each_request_comes_in_its_turn_or_the_supervisor_is_taken_to_be_gone)
{
        for (size_t turn = 0; turn < UPLINK_TURNS; turn++)
                for (size_t i = 0; i < MESSAGES; i++) {
                        struct uplink up;
                        const int fd = begin(&up, (enum uplink_turn)turn);

                        say(fd, messages[i]);
                        uplink_pump(&up);
                        cr_expect_eq(up.lost, !turns[turn].may[i], "turn %zu, %s", turn, messages[i]);
                        if (turns[turn].may[i])
                                cr_expect_eq(up.turn, turns[turn].then[i], "turn %zu, %s", turn, messages[i]);
                        else
                                cr_expect(strstr(up.trouble, "out of order") && up.request == UPLINK_NOTHING &&
                                                  !up.stop && !up.begun,
                                          "turn %zu, %s: %s", turn, messages[i], up.trouble);
                        uplink_close(&up);
                        close(fd);
                }
}

/* What was asked first holds. */
Test(uplink, a_second_request_changes_nothing_of_the_first)
{
        struct uplink up;
        const int fd = begin(&up, UPLINK_WAITS);

        say(fd, messages[1]);
        say(fd, messages[2]);
        uplink_pump(&up);
        cr_expect(up.lost);
        cr_expect_eq(up.request, UPLINK_VERIFY);
        cr_expect_eq(up.outcome, OUTCOME_COUNT);
        uplink_close(&up);
        close(fd);
}
