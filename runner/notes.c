/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients of the notes socket: buffers and their bounds. A line is judged in notes_line.c.
 *
 * A client fails alone: whatever its socket says closes this client. A line that is too long is answered once and skipped
 * to its end. Where replies pile up, the rest of them is left out for good: a client that read on would match them to the
 * wrong notes.
 */
#include "runner/notes.h"

#include "lib/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define READ_BYTES ((size_t)16 << 10) /* of one turn: a client with one note waits for no more of each that floods */

void notes_init(struct notes *notes, struct uplink *up, uint64_t budget)
{
        *notes = (struct notes){.up = up, .listener = -1, .budget = budget};
        for (int slot = 0; slot < NOTES_CLIENTS_MAX; slot++)
                notes->clients[slot].fd = -1;
}

void notes_listen(struct notes *notes, int fd)
{
        int flags = fcntl(fd, F_GETFL);

        if (flags >= 0)
                fcntl(fd, F_SETFL, flags | O_NONBLOCK);
        notes->listener = fd;
}

int notes_client_fd(const struct notes *notes, int slot)
{
        return notes->clients[slot].fd;
}

static void close_client(struct notes_client *client)
{
        cleanup_fd(&client->fd);
        str_release(&client->in);
        str_release(&client->out);
        notes_git_release(client);
        *client = (struct notes_client){.fd = -1};
}

static void close_listener(struct notes *notes)
{
        cleanup_fd(&notes->listener);
        notes->listener = -1;
}

void notes_release(struct notes *notes)
{
        str_release(&notes->asked);
        close_listener(notes);
        for (int slot = 0; slot < NOTES_CLIENTS_MAX; slot++)
                close_client(&notes->clients[slot]);
}

static int free_slot(const struct notes *notes)
{
        for (int slot = 0; slot < NOTES_CLIENTS_MAX; slot++)
                if (notes->clients[slot].fd < 0)
                        return slot;
        return -1;
}

int notes_accept(struct notes *notes)
{
        static const char crowded[] = "{\"ok\":false,\"error\":\"too many connections at once\"}\n";
        int slot = free_slot(notes), fd;

        do
                fd = accept4(notes->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
        if (fd < 0)
                return -1;
        if (slot < 0 || notes->muted) {
                send(fd, crowded, sizeof(crowded) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
                notes->refused++;
                close(fd);
                return -1;
        }
        notes->clients[slot].fd = fd;
        return slot;
}

static void judge_line(struct notes *notes, struct notes_client *client, const char *line, size_t len,
                       struct str *reply)
{
        if (notes_is_git(line, len))
                notes_git_line(notes, client, line, len);
        else
                notes_line(notes, client, line, len, reply);
}

/* Judges the whole lines of the buffer; what is left of it is the beginning of a line. */
static void take_lines(struct notes *notes, struct notes_client *client)
{
        const char *at = client->in.data, *end = at + client->in.len, *newline;
        struct str unsaid = {0};
        struct str *reply = client->deaf ? &unsaid : &client->out;

        while (!client->waits && at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
                if (!client->skipping)
                        judge_line(notes, client, at, (size_t)(newline - at), reply);
                client->skipping = false;
                at = newline + 1;
        }
        client->in.len = (size_t)(end - at);
        memmove(client->in.data, at, client->in.len + 1);
        if (client->in.len > NOTES_LINE_MAX && !client->waits) {
                if (!client->skipping)
                        judge_line(notes, client, client->in.data, client->in.len, reply);
                client->skipping = true;
                str_clear(&client->in);
        }
        if (notes->refused > notes->budget && notes->refused - notes->budget > NOTES_PATIENCE)
                notes->muted = true;
        client->deaf |= client->out.len - client->sent >= NOTES_REPLY_MAX;
        str_release(&unsaid);
}

/* The last line may lack its end: a whole note is one, half a note is refused and counted. */
static void end_line(struct notes *notes, struct notes_client *client)
{
        struct str unsaid = {0};

        if (client->in.len && !client->skipping)
                judge_line(notes, client, client->in.data, client->in.len, client->deaf ? &unsaid : &client->out);
        str_clear(&client->in);
        client->ended = true;
        str_release(&unsaid);
}

/* Not by who closed its own side alone, and waits for what it is answered. */
static bool is_gone(const struct notes_client *client)
{
        struct pollfd end = {.fd = client->fd};

        return poll(&end, 1, 0) == 1;
}

/* 1: there may be more, 0: nothing now, or nothing more, -1: closed by the other side or by an error. */
static int receive_notes(struct notes *notes, struct notes_client *client)
{
        char buffer[READ_BYTES];
        ssize_t got = recv(client->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

        if (got < 0)
                return errno == EAGAIN ? 0 : errno == EINTR ? 1 : -1;
        if (got == 0) {
                end_line(notes, client);
                return is_gone(client) ? -1 : 0;
        }
        str_append(&client->in, buffer, (size_t)got);
        take_lines(notes, client);
        return 1;
}

/* A client that is gone may have left notes behind: not being able to answer is no reason not to read them. */
static void send_replies(struct notes_client *client)
{
        while (client->sent < client->out.len) {
                ssize_t put = send(client->fd, client->out.data + client->sent, client->out.len - client->sent,
                                   MSG_NOSIGNAL | MSG_DONTWAIT);

                if (put < 0 && errno == EAGAIN)
                        return;
                if (put < 0 && errno != EINTR) {
                        client->deaf = true;
                        break;
                }
                if (put > 0)
                        client->sent += (size_t)put;
        }
        str_clear(&client->out);
        client->sent = 0;
        if (client->deaf)
                shutdown(client->fd, SHUT_WR);
}

/*
 * What is answered for has left this process, which may be killed any time; what cannot leave it any more is not. Notes are taken
 * meanwhile, though not so many that their answers pile up as if nobody read them.
 */
static unsigned hold(struct notes *notes, const struct notes_client *client)
{
        const bool full = client->out.len - client->sent >= NOTES_REPLY_MAX / 2;

        notes->held = true;
        return NOTES_HELD | (client->waits || client->ended || full ? 0u : NOTES_READ);
}

unsigned notes_serve(struct notes *notes, int slot, unsigned ready)
{
        struct notes_client *client = &notes->clients[slot];

        /* One read per turn, so that no client keeps the others waiting. */
        if (((ready & NOTES_READ) && !client->waits && !client->ended && receive_notes(notes, client) < 0) ||
            notes->muted || client->told)
                return 0;
        if (client->out.len > client->sent) {
                int left = uplink_flush(notes->up);

                if (left <= 0)
                        return left < 0 ? 0 : hold(notes, client);
                send_replies(client);
        }
        return (client->waits   ? NOTES_ANSWER
                : client->ended ? 0u
                                : NOTES_READ) |
               (client->out.len > client->sent ? NOTES_WRITE : 0u);
}

bool notes_answer(struct notes *notes, int slot, int64_t serial, const char *line)
{
        struct notes_client *client = &notes->clients[slot];

        if (client->fd < 0 || !client->waits || client->waits > serial)
                return false;
        client->waits = 0;
        if (!client->deaf)
                str_printf(&client->out, "%s\n", line);
        if (client->in.len)
                take_lines(notes, client);
        return true;
}

void notes_close(struct notes *notes, int slot)
{
        close_client(&notes->clients[slot]);
}

void notes_drain(struct notes *notes)
{
        notes->checkpoint = NULL; /* who asked is dead */
        if (notes->listener < 0)
                return;
        for (;;) {
                bool some = false;

                for (int slot = 0; slot < NOTES_CLIENTS_MAX; slot++) {
                        struct notes_client *client = &notes->clients[slot];

                        if (client->fd < 0)
                                continue;
                        notes_answer(notes, slot, INT64_MAX, "");
                        while (!notes->muted && receive_notes(notes, client) > 0)
                                str_clear(&client->out); /* nobody is left to read replies */
                        close_client(client);
                }
                while (!notes->muted && free_slot(notes) >= 0 && notes_accept(notes) >= 0)
                        some = true;
                if (!some)
                        break;
        }
        close_listener(notes);
}
