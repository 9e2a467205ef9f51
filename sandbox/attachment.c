/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/attachment.h"

#include "lib/base/clock.h"
#include "sandbox/pty.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define END_MS 1000

static void detach(struct attachment *attachment)
{
        if (attachment->fd >= 0)
                close(attachment->fd);
        attachment->fd = -1;
        str_release(&attachment->shown);
}

static void consume(struct str *text, size_t len)
{
        text->len -= len;
        memmove(text->data, text->data + len, text->len);
}

void attachment_begin(struct attachment *attachment, int fd)
{
        *attachment = (struct attachment){.fd = fd};
}

bool attachment_may_print(const struct attachment *attachment)
{
        return attachment->fd < 0 || !attachment->shown.len;
}

bool attachment_has_typed(const struct attachment *attachment)
{
        return attachment->typed.len > 0;
}

short attachment_events(const struct attachment *attachment)
{
        return (short)((attachment->typed.len ? 0 : POLLIN) | (attachment->shown.len ? POLLOUT : 0));
}

static void send_shown(struct attachment *attachment)
{
        while (attachment->fd >= 0 && attachment->shown.len) {
                size_t part = attachment->shown.len < ATTACHMENT_PACKET ? attachment->shown.len : ATTACHMENT_PACKET;
                ssize_t put = send(attachment->fd, attachment->shown.data, part, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0 && errno == EAGAIN)
                        return;
                if (put < 0)
                        detach(attachment);
                else
                        consume(&attachment->shown, (size_t)put);
        }
}

void attachment_output(struct attachment *attachment, const char *bytes, size_t len)
{
        if (attachment->fd < 0)
                return;
        str_append(&attachment->shown, bytes, len);
        send_shown(attachment);
}

static void write_typed(struct attachment *attachment, int master)
{
        while (attachment->typed.len) {
                ssize_t put = master < 0 ? -1 : write(master, attachment->typed.data, attachment->typed.len);

                if (put < 0 && master >= 0 && errno == EINTR)
                        continue;
                if (put < 0 && master >= 0 && errno == EAGAIN)
                        return;
                if (put < 0) /* nobody can read it any more */
                        str_clear(&attachment->typed);
                else if (put == 0)
                        return;
                else
                        consume(&attachment->typed, (size_t)put);
        }
}

static unsigned number(const unsigned char *at)
{
        return at[0] | (unsigned)at[1] << 8;
}

static void take_packet(struct attachment *attachment, int master, const unsigned char *packet, size_t len)
{
        if (packet[0] == ATTACHMENT_KEYS && len > 1)
                str_append(&attachment->typed, packet + 1, len - 1);
        else if (packet[0] == ATTACHMENT_WINDOW && len == 5 && master >= 0)
                pty_resize(master, number(packet + 1), number(packet + 3));
        else if (packet[0] != ATTACHMENT_WINDOW || len != 5)
                detach(attachment);
}

void attachment_serve(struct attachment *attachment, int master, short happened)
{
        unsigned char packet[ATTACHMENT_PACKET];

        send_shown(attachment);
        write_typed(attachment, master);
        if (attachment->typed.len && (happened & (POLLHUP | POLLERR)))
                detach(attachment); /* nobody would read that it is gone, and poll(2) would say it for ever */
        while (attachment->fd >= 0 && !attachment->typed.len) {
                ssize_t got = recv(attachment->fd, packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0 && errno == EAGAIN)
                        return;
                if (got <= 0 || (size_t)got > sizeof(packet)) {
                        detach(attachment);
                        return;
                }
                take_packet(attachment, master, packet, (size_t)got);
                write_typed(attachment, master);
        }
}

void attachment_end(struct attachment *attachment)
{
        uint64_t end = clock_ms() + END_MS, now;

        send_shown(attachment);
        while (attachment->fd >= 0 && attachment->shown.len && (now = clock_ms()) < end) {
                poll(&(struct pollfd){.fd = attachment->fd, .events = POLLOUT}, 1, (int)(end - now));
                send_shown(attachment);
        }
        detach(attachment);
        str_release(&attachment->typed);
}
