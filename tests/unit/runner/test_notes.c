/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/notes.h"

#include "lib/base/channel.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A notes socket, the queue behind it, and the supervisor's end of that. */
static struct notes notes;
static struct uplink up;
static int supervisor[2];
static char folder[] = "/tmp/cupel-notes-XXXXXX", path[64];
static bool served[NOTES_CLIENTS_MAX];

static void setup_budget(uint64_t budget)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct err err = ERR_INIT;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        cr_assert(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/notes.sock", folder);
        strcpy(address.sun_path, path);
        cr_assert(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
        cr_assert(listen(fd, NOTES_CLIENTS_MAX + 8) == 0);
        cr_assert(channel_pair(supervisor, &err) == 0);
        uplink_init(&up, supervisor[0]);
        notes_init(&notes, &up, budget);
        notes_listen(&notes, fd);
}

static void setup(void)
{
        setup_budget(1000);
}

static void teardown(void)
{
        notes_release(&notes);
        uplink_release(&up);
        close(supervisor[0]);
        close(supervisor[1]);
        unlink(path);
        rmdir(folder);
}

static int client(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        strcpy(address.sun_path, path);
        cr_assert(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
        return fd;
}

/* What an event loop does in one turn. */
static void turn(void)
{
        int slot;

        while ((slot = notes_accept(&notes)) >= 0)
                served[slot] = true;
        for (slot = 0; slot < NOTES_CLIENTS_MAX; slot++)
                if (served[slot] && !notes_serve(&notes, slot, NOTES_READ | NOTES_WRITE)) {
                        notes_close(&notes, slot);
                        served[slot] = false;
                }
}

/* Until nothing lies in the sockets any more. */
static void turns(void)
{
        for (bool more = true; more;) {
                more = false;
                turn();
                for (int slot = 0; slot < NOTES_CLIENTS_MAX; slot++) {
                        struct pollfd poll_in = {.fd = served[slot] ? notes.clients[slot].fd : -1, .events = POLLIN};

                        more |= poll(&poll_in, 1, 0) == 1;
                }
        }
}

static void say(int fd, const char *text)
{
        cr_assert((size_t)send(fd, text, strlen(text), MSG_NOSIGNAL) == strlen(text));
        turn();
}

static const char *answer(int fd)
{
        static char buffer[65536];
        ssize_t got = recv(fd, buffer, sizeof(buffer) - 1, MSG_DONTWAIT);

        buffer[got > 0 ? got : 0] = '\0';
        return buffer;
}

/* Everything that went up to the supervisor. */
static const char *records(void)
{
        static char buffer[1 << 20];
        ssize_t got;

        uplink_flush(&up);
        got = recv(supervisor[1], buffer, sizeof(buffer) - 1, MSG_DONTWAIT);
        buffer[got > 0 ? got : 0] = '\0';
        return buffer;
}

#define OBSERVATION "{\"type\":\"note.observation\",\"data\":{\"text\":\"seen\"}}\n"

Test(notes, a_valid_note_is_answered_and_recorded_as_the_agents, .init = setup, .fini = teardown)
{
        int fd = client();

        say(fd, OBSERVATION);
        cr_assert(strcmp(answer(fd), "{\"ok\":true,\"id\":1}\n") == 0);
        cr_assert(strcmp(records(), "{\"event\":\"record\",\"type\":\"note.observation\",\"actor\":\"agent\","
                                    "\"data\":{\"text\":\"seen\"}}\n") == 0);
        cr_assert(notes.accepted == 1);
        cr_assert(notes.findings == 1);
        close(fd);
}

Test(notes, what_can_reach_nobody_is_not_answered_for, .init = setup, .fini = teardown)
{
        int fd = client();

        say(fd, OBSERVATION);
        answer(fd);
        cr_assert(shutdown(supervisor[0], SHUT_WR) == 0); /* as after any error of it: nothing leaves any more */
        say(fd, OBSERVATION);
        cr_assert_str_eq(answer(fd), "");
        cr_assert_eq(recv(fd, (char[1]){0}, 1, MSG_DONTWAIT), 0, "and is told so by the end");
        close(fd);
}

Test(notes, the_slash_form_is_recorded_under_its_plain_name, .init = setup, .fini = teardown)
{
        int fd = client();

        say(fd, "{\"type\":\"NOTE/STATUS\",\"data\":{\"text\":\"half\",\"progress\":0.5}}\n");
        cr_assert(strstr(records(), "\"type\":\"note.status\""));
        cr_assert(notes.findings == 0);
        close(fd);
}

Test(notes, what_an_agent_may_not_emit_is_refused_and_recorded, .init = setup, .fini = teardown)
{
        static const char *const forged[] = {
                "{\"type\":\"receipt.commit\",\"data\":{\"commit\":\"x\"}}\n",
                "{\"type\":\"run.state\",\"data\":{\"from\":\"running\",\"to\":\"committed\",\"reasons\":[]}}\n",
                "{\"type\":\"note.request.verify\",\"data\":{\"tree\":\"x\",\"results\":[]}}\n",
                "{\"type\":\"approval.granted\",\"data\":{\"who\":\"me\",\"tree\":\"x\"}}\n",
        };
        int fd = client();

        for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
                const char *up_there;

                say(fd, forged[i]);
                cr_assert(strstr(answer(fd), "\"ok\":false"));
                up_there = records();
                cr_assert(strstr(up_there, "\"type\":\"action.vetoed\",\"actor\":\"runner\""));
                cr_assert(!strstr(up_there, "\"actor\":\"agent\""));
        }
        cr_assert(notes.accepted == 0);
        cr_assert(notes.refused == 4);
        close(fd);
}

Test(notes, what_is_wrong_is_answered_with_why_and_the_next_note_still_counts, .init = setup, .fini = teardown)
{
        static const char *const wrong[][2] = {
                {"nonsense\n", "note"},
                {"\n", "note"},
                {"[1,2]\n", "object"},
                {"{\"type\":\"note.observation\"}\n", "data"},
                {"{\"type\":\"note.observation\",\"data\":{}}\n", "text"},
                {"{\"type\":\"note.observation\",\"data\":{\"text\":\"x\"},\"actor\":\"director\"}\n", "actor"},
                {"{\"type\":\"note.unheard\",\"data\":{}}\n", "note.unheard"},
                {"{\"type\":\"note.observation\",\"type\":\"receipt.commit\",\"data\":{\"text\":\"x\"}}\n", "note"},
                {"{\"type\":\"note.observation\",\"data\":{\"text\":\"\xff\xfe\"}}\n", "note"},
        };
        int fd = client();

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                _cleanup_json_ json_t *reply = NULL;
                struct err err = ERR_INIT;
                const char *text;

                say(fd, wrong[i][0]);
                text = answer(fd);
                reply = json_parse(text, strlen(text), "reply", &err);
                cr_assert(json_is_false(json_object_get(reply, "ok")), "%s", text);
                cr_assert(strstr(json_string_value(json_object_get(reply, "error")), wrong[i][1]), "%s", text);
        }
        cr_assert(strcmp(records(), "") == 0);
        say(fd, OBSERVATION);
        cr_assert(strstr(answer(fd), "\"ok\":true"));
        close(fd);
}

Test(notes, a_line_may_come_in_pieces_and_many_in_one_piece, .init = setup, .fini = teardown)
{
        static const char text[] = OBSERVATION;
        int fd = client();

        for (size_t i = 0; i < sizeof(text) - 1; i++) {
                cr_assert((int)send(fd, text + i, 1, MSG_NOSIGNAL) == 1);
                turn();
        }
        say(fd, OBSERVATION OBSERVATION OBSERVATION "{\"type\":");
        cr_assert(notes.accepted == 4);
        say(fd, "\"note.observation\",\"data\":{\"text\":\"end\"}}\n");
        cr_assert(notes.accepted == 5);
        close(fd);
}

Test(notes, an_endless_line_is_refused_once_and_costs_no_memory, .init = setup, .fini = teardown)
{
        static char block[65536];
        int fd = client();

        memset(block, 'x', sizeof(block));
        for (int i = 0; i < 200; i++) {
                send(fd, block, sizeof(block), MSG_NOSIGNAL);
                turns();
                for (int slot = 0; slot < NOTES_CLIENTS_MAX; slot++)
                        cr_assert(notes.clients[slot].in.cap < 4 * NOTES_LINE_MAX);
        }
        cr_assert(notes.refused == 1);
        say(fd, "\n" OBSERVATION);
        cr_assert(notes.accepted == 1);
        close(fd);
}

/* Who floods gets no more of a turn than a small part of what it sends, however much lies there. */
Test(notes, a_flood_keeps_no_other_client_waiting, .init = setup, .fini = teardown)
{
        _cleanup_str_ struct str flood = {0};
        int loud = client(), quiet = client();

        turn();
        notes.budget = 100000;
        while (flood.len < (size_t)64 << 10)
                str_puts(&flood, OBSERVATION);
        cr_assert(send(loud, flood.data, flood.len, MSG_NOSIGNAL) > (ssize_t)32 << 10);
        cr_assert(send(quiet, OBSERVATION, strlen(OBSERVATION), MSG_NOSIGNAL) > 0);
        turn();
        cr_expect(notes.accepted < 400, "%llu notes in one turn", (unsigned long long)notes.accepted);
        cr_expect(strstr(answer(quiet), "\"ok\":true"));
        close(loud);
        close(quiet);
}

Test(notes, data_over_its_bound_is_refused, .init = setup, .fini = teardown)
{
        _cleanup_str_ struct str line = {0};
        int fd = client();

        str_puts(&line, "{\"type\":\"note.observation\",\"data\":{\"text\":\"");
        for (size_t i = 0; i < EVENT_DATA_MAX; i++)
                str_putc(&line, 'y');
        str_puts(&line, "\"}}\n");
        for (size_t sent = 0; sent < line.len;) {
                ssize_t put = send(fd, line.data + sent, line.len - sent, MSG_NOSIGNAL);

                sent += put > 0 ? (size_t)put : 0;
                turns();
        }
        cr_assert(notes.refused == 1);
        cr_assert(notes.accepted == 0);
        close(fd);
}

Test(notes, past_the_budget_notes_are_refused_and_a_flood_is_not_listened_to, .fini = teardown)
{
        int fd, other;

        setup_budget(10);
        fd = client();
        for (int i = 0; i < 12; i++)
                say(fd, OBSERVATION);
        cr_assert(notes.accepted == 10);
        cr_assert(notes.refused == 2);
        cr_assert(strstr(answer(fd), "budget.notes"));
        for (int i = 0; i < 2 * NOTES_PATIENCE && !notes.muted; i++) {
                (void)!write(fd, "x\n", 2);
                turn();
                answer(fd);
        }
        cr_assert(notes.muted);
        turn();
        cr_assert((int)recv(fd, &(char){0}, 1, MSG_DONTWAIT) == 0, "the flooder is disconnected");
        other = client();
        turn();
        cr_assert(strstr(answer(other), "\"ok\":false"));
        close(fd);
        close(other);
}

Test(notes, a_supervisor_that_does_not_read_costs_notes_and_not_memory, .fini = teardown)
{
        static char line[60100];
        int fd;

        setup_budget(1000000);
        fd = client();
        snprintf(line, sizeof(line), "{\"type\":\"note.observation\",\"data\":{\"text\":\"%060000d\"}}", 7);
        for (int i = 0; i < 300; i++) {
                struct str reply = {0};

                notes_line(&notes, NULL, line, strlen(line), &reply);
                str_release(&reply);
        }
        cr_assert(notes.accepted > 50);
        cr_assert(notes.refused > 100);
        cr_assert(up.out.len < 2 * UPLINK_ROOM + 2 * sizeof(line));
        close(fd);
}

/* A runner that is killed takes along what it still has: of that nobody was told that it is taken. */
Test(notes, what_waits_for_a_full_supervisor_is_answered_once_it_has_left, .fini = teardown)
{
        int fd, fill = 0;
        char seen[1 << 16] = {0};

        setup_budget(1000000);
        fd = client();
        say(fd, OBSERVATION);
        answer(fd);
        records();
        while (send(supervisor[0], seen, sizeof(seen), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
                fill++;
        cr_assert(fill > 0);
        for (int i = 0; i < 4000; i++)
                if (send(fd, OBSERVATION, strlen(OBSERVATION), MSG_NOSIGNAL) > 0)
                        turn();
        cr_assert(notes.held);
        cr_assert_eq(notes.accepted, 4001, "the agent does not wait: %d", (int)notes.accepted);
        cr_assert_str_eq(answer(fd), "");
        while (recv(supervisor[1], seen, sizeof(seen), MSG_DONTWAIT) > 0)
                uplink_flush(&up);
        turn();
        cr_assert(strstr(answer(fd), "\"ok\":true"));
        close(fd);
}

Test(notes, who_sends_no_more_is_answered_all_the_same, .fini = teardown)
{
        int half, gone, fill = 0;
        char seen[1 << 16] = {0};

        setup_budget(1000000);
        half = client();
        gone = client();
        while (send(supervisor[0], seen, sizeof(seen), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
                fill++;
        cr_assert(fill > 0);
        say(half, OBSERVATION "{\"type\":\"budget.left\"}");
        shutdown(half, SHUT_WR);
        say(gone, OBSERVATION);
        close(gone);
        for (int i = 0; i < 3; i++)
                turn();
        cr_assert_eq(notes.accepted, 2);
        cr_assert_eq(notes.clients[1].fd, -1, "nobody waits there");
        cr_assert_str_eq(answer(half), "");
        while (recv(supervisor[1], seen, sizeof(seen), MSG_DONTWAIT) > 0)
                uplink_flush(&up);
        turn();
        cr_assert_not_null(strstr(strcpy(seen, answer(half)), "{\"ok\":true,\"id\":1}\n{\"ok\":false"), "%s", seen);
        cr_assert_eq(recv(half, seen, 1, MSG_DONTWAIT), 0, "and then the end");
        cr_assert_eq(notes.clients[0].fd, -1);
        close(half);
}

/* The supervisor counts numbers at the size that they may have, and ends a run whose runner lets more through. */
Test(notes, bytes_are_counted_as_the_supervisor_counts_them, .init = setup, .fini = teardown)
{
        static const char note[] =
                "{\"type\":\"note.observation\",\"data\":{\"text\":\"x\",\"extra\":[0.5,0.5,0.5,0.5]}}";
        _cleanup_json_ json_t *data = json_loads("{\"text\":\"x\",\"extra\":[0.5,0.5,0.5,0.5]}", 0, NULL);
        struct str reply = {0};

        notes_line(&notes, NULL, note, strlen(note), &reply);
        cr_assert_eq(notes.accepted, 1, "%s", str_text(&reply));
        cr_assert_eq(notes.accepted_bytes, json_size(data));
        notes.accepted_bytes = EVENT_NOTES_BYTES_MAX - json_size(data) + 1;
        notes_line(&notes, NULL, note, strlen(note), &reply);
        cr_assert_eq(notes.accepted, 1);
        cr_assert(strstr(str_text(&reply), "are used up"), "%s", str_text(&reply));
        str_release(&reply);
}

Test(notes, a_client_that_never_reads_its_replies_never_waits_for_us, .fini = teardown)
{
        int deaf, fine;

        setup_budget(1000000);
        deaf = client();
        fine = client();
        for (int i = 0; i < 100000; i++) {
                cr_assert(send(deaf, OBSERVATION, strlen(OBSERVATION), MSG_NOSIGNAL) > 0, "note %d", i);
                turn();
                if (i % 100 == 0)
                        records();
        }
        cr_assert(notes.accepted == 100000);
        for (int slot = 0; slot < NOTES_CLIENTS_MAX; slot++)
                cr_assert(notes.clients[slot].out.len < 4 * NOTES_REPLY_MAX);
        say(fine, OBSERVATION);
        cr_assert(strstr(answer(fine), "\"ok\":true"));
        /* whole replies in order, then the end: never one that belongs to another note */
        while (*answer(deaf))
                turn();
        cr_assert(recv(deaf, &(char){0}, 1, MSG_DONTWAIT) == 0);
        close(deaf);
        close(fine);
}

Test(notes, more_clients_than_slots_are_told_so, .init = setup, .fini = teardown)
{
        int fds[NOTES_CLIENTS_MAX + 1];

        for (int i = 0; i <= NOTES_CLIENTS_MAX; i++) {
                fds[i] = client();
                turn();
        }
        cr_assert(strstr(answer(fds[NOTES_CLIENTS_MAX]), "too many"));
        say(fds[0], OBSERVATION);
        cr_assert(strstr(answer(fds[0]), "\"ok\":true"));
        close(fds[1]);
        turn();
        close(fds[NOTES_CLIENTS_MAX]);
        fds[NOTES_CLIENTS_MAX] = client();
        say(fds[NOTES_CLIENTS_MAX], OBSERVATION);
        cr_assert(strstr(answer(fds[NOTES_CLIENTS_MAX]), "\"ok\":true"));
        for (int i = 0; i <= NOTES_CLIENTS_MAX; i++)
                if (i != 1)
                        close(fds[i]);
}

Test(notes, what_was_sent_before_the_end_is_taken_by_the_drain, .init = setup, .fini = teardown)
{
        int fds[100];

        /* more than there are slots; nobody was accepted yet, and all of them are gone */
        for (int i = 0; i < 100; i++) {
                fds[i] = client();
                cr_assert((int)send(fds[i], OBSERVATION, strlen(OBSERVATION), MSG_NOSIGNAL) > 0);
                close(fds[i]);
        }
        notes_drain(&notes);
        cr_assert(notes.accepted == 100);
        cr_assert(notes.listener == -1);
}

Test(notes, a_last_line_without_its_end_counts_when_it_is_whole, .init = setup, .fini = teardown)
{
        int whole = client(), half = client();

        say(whole, "{\"type\":\"note.observation\",\"data\":{\"text\":\"seen\"}}");
        say(half, "{\"type\":\"note.observ");
        close(whole);
        close(half);
        turn();
        cr_assert(notes.accepted == 1 && notes.refused == 1);
}

Test(notes, a_flood_within_the_budget_is_taken_whole, .fini = teardown)
{
        struct str reply = {0};

        setup_budget(1000000);
        for (int i = 0; i < 50000; i++) {
                notes_line(&notes, NULL, OBSERVATION, strlen(OBSERVATION) - 1, &reply);
                if (reply.len > 4096)
                        str_clear(&reply);
                if (i % 1000 == 999)
                        while (uplink_flush(&up) == 0)
                                records();
        }
        cr_assert(notes.accepted == 50000);
        str_release(&reply);
}

static json_t *two_minutes(void *arg)
{
        ++*(int *)arg;
        return json_pack("{s:{s:i, s:i}, s:f}", "wall_ms", "limit", 180000, "left", 120000, "cost_usd", 0.1);
}

static void setup_asked(void)
{
        static int asked;

        setup_budget(2);
        asked = 0;
        notes.left = two_minutes;
        notes.left_arg = &asked;
}

#define QUESTION "{\"type\":\"budget.left\"}\n"
#define TWO_MINUTES "{\"ok\":true,\"budget\":{\"wall_ms\":{\"limit\":180000,\"left\":120000},\"cost_usd\":0.1}}\n"

Test(notes, what_is_left_is_answered_and_is_no_note, .init = setup_asked, .fini = teardown)
{
        int fd = client();

        say(fd, QUESTION);
        cr_assert_str_eq(answer(fd), TWO_MINUTES);
        cr_assert_str_eq(records(), "");
        cr_assert(notes.accepted == 0 && notes.refused == 0);
        close(fd);
}

Test(notes, what_is_left_is_answered_when_no_note_is_taken_any_more, .init = setup_asked, .fini = teardown)
{
        int fd = client();

        say(fd, OBSERVATION OBSERVATION OBSERVATION);
        cr_assert(strstr(answer(fd), "budget of 2 notes"));
        say(fd, QUESTION);
        cr_assert_str_eq(answer(fd), TWO_MINUTES);
        close(fd);
}

Test(notes, a_malformed_question_is_refused, .init = setup_asked, .fini = teardown)
{
        int fd = client();

        say(fd, "{\"type\":\"budget.left\",\"of\":\"another run\"}\n");
        cr_assert(strstr(answer(fd), "\"ok\":false") != NULL);
        say(fd, "{\"type\":\"x\",\"data\":\"budget.left\"}\n");
        cr_assert(strstr(answer(fd), "\"ok\":false") != NULL);
        say(fd, "{\"type\":\"note.observation\",\"data\":{\"text\":\"of \\\"budget.left\\\"\"}}\n");
        cr_assert(strstr(answer(fd), "\"ok\":true,\"id\":1") != NULL, "a note that speaks of it is a note");
        cr_assert(*(int *)notes.left_arg == 0);
        close(fd);
}

Test(notes, a_note_may_have_the_words_of_a_question, .init = setup_asked, .fini = teardown)
{
        int fd = client();

        say(fd, "{\"type\":\"note.observation\",\"data\":{\"text\":\"budget.left\"}}\n");
        cr_assert(strstr(answer(fd), "\"ok\":true,\"id\":1") != NULL);
        say(fd, "{\"type\":\"note.status\",\"data\":{\"text\":\"saved\",\"goal\":\"checkpoint\"}}\n");
        cr_assert(strstr(answer(fd), "\"ok\":true,\"id\":2") != NULL);
        cr_assert(*(int *)notes.left_arg == 0);
        close(fd);
}

Test(notes, who_asks_for_ever_is_answered_no_more, .init = setup_asked, .fini = teardown)
{
        int fd = client();

        for (int i = 0; i < NOTES_QUESTIONS_MAX; i++) {
                say(fd, QUESTION);
                answer(fd);
        }
        say(fd, QUESTION);
        cr_assert(strstr(answer(fd), "asked more than"));
        cr_assert(*(int *)notes.left_arg == NOTES_QUESTIONS_MAX);
        close(fd);
}
