/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/channel.h"

#include "lib/base/json.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES ((size_t)64 << 10)

void channel_init(struct channel *channel, int fd)
{
        *channel = (struct channel){.fd = fd};
}

void channel_release(struct channel *channel)
{
        int fd;

        while ((fd = channel_take_fd(channel)) >= 0)
                close(fd);
        if (channel->fd >= 0)
                close(channel->fd);
        str_release(&channel->in);
        channel->fd = -1;
}

int channel_pair(int ret_fds[2], struct err *err)
{
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_fds) < 0)
                return err_errno(err, "socketpair");
        return 0;
}

int channel_take_fd(struct channel *channel)
{
        int fd;

        if (!channel->fds_len)
                return -1;
        fd = channel->fds[0];
        channel->fds_len--;
        memmove(channel->fds, channel->fds + 1, channel->fds_len * sizeof(*channel->fds));
        return fd;
}

static void put_fds(struct msghdr *header, const int *fds, size_t fds_len)
{
        struct cmsghdr *control = CMSG_FIRSTHDR(header);

        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = CMSG_LEN(fds_len * sizeof(int));
        memcpy(CMSG_DATA(control), fds, fds_len * sizeof(int));
}

/* Sends what the socket takes now; the descriptors travel with the first byte. */
static ssize_t send_some(int fd, const char *data, size_t len, const int *fds, size_t fds_len)
{
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))] = {0};
        struct iovec part = {.iov_base = (char *)data, .iov_len = len};
        struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

        if (fds_len) {
                header.msg_control = control;
                header.msg_controllen = CMSG_SPACE(fds_len * sizeof(int));
                put_fds(&header, fds, fds_len);
        }
        return sendmsg(fd, &header, MSG_NOSIGNAL);
}

int channel_send(struct channel *channel, const struct json_t *message, const int *fds, size_t fds_len, struct err *err)
{
        _cleanup_str_ struct str line = {0};

        if (json_put(&line, message, JSON_COMPACT) < 0)
                return err_set(err, ERR_INTERNAL, "a message that is no JSON");
        str_putc(&line, '\n');
        if (line.len > CHANNEL_LINE_MAX || fds_len > CHANNEL_FDS_MAX)
                return err_set(err, ERR_INTERNAL, "a message of %zu bytes with %zu descriptors", line.len, fds_len);
        for (size_t done = 0; done < line.len;) {
                ssize_t put = send_some(channel->fd, line.data + done, line.len - done, fds, done ? 0 : fds_len);

                if (put < 0 && errno == EAGAIN)
                        poll(&(struct pollfd){.fd = channel->fd, .events = POLLOUT}, 1, -1);
                else if (put < 0 && errno != EINTR)
                        return err_errno(err, "send");
                else if (put > 0)
                        done += (size_t)put;
        }
        return 0;
}

/* Queues what arrived beside the bytes; more than a peer of ours ever has in flight is its fault, and closed. */
static void keep_fds(struct channel *channel, struct msghdr *header)
{
        for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
                size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t i = 0; i < count; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof(int));
                        if (channel->fds_len < CHANNEL_FDS_MAX)
                                channel->fds[channel->fds_len++] = fd;
                        else
                                close(fd);
                }
        }
}

static ssize_t receive_some(struct channel *channel)
{
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))];
        char buffer[RECEIVE_BYTES];
        struct iovec part = {.iov_base = buffer, .iov_len = sizeof(buffer)};
        struct msghdr header = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        ssize_t got;

        do
                got = recvmsg(channel->fd, &header, MSG_CMSG_CLOEXEC);
        while (got < 0 && errno == EINTR);
        if (got < 0)
                return got;
        keep_fds(channel, &header);
        str_append(&channel->in, buffer, (size_t)got);
        return got;
}

struct json_t *channel_message(const char *line, size_t len, struct err *err)
{
        json_t *message = json_parse(line, len, "message", err);

        if (message && !json_is_object(message)) {
                json_decref(message);
                message = NULL;
                err_set(err, ERR_INPUT, "message: expected an object");
        }
        return message;
}

static const char *find_newline(const struct channel *channel)
{
        return channel->in.len > channel->scanned
                       ? memchr(channel->in.data + channel->scanned, '\n', channel->in.len - channel->scanned)
                       : NULL;
}

bool channel_has_line(const struct channel *channel)
{
        return find_newline(channel) != NULL;
}

/* When more is wanted, not line by line: many lines come at once. */
static void forget_taken(struct channel *channel)
{
        if (!channel->taken)
                return;
        channel->in.len -= channel->taken;
        memmove(channel->in.data, channel->in.data + channel->taken, channel->in.len + 1);
        channel->scanned -= channel->taken;
        channel->taken = 0;
}

/* Where nothing is left, `in` is empty at once; the bytes stay until more is received. */
static void hand_out(struct channel *channel, const char *newline, const char **ret_line, size_t *ret_len)
{
        *ret_line = channel->in.data + channel->taken;
        *ret_len = (size_t)(newline - *ret_line);
        channel->taken = channel->scanned = (size_t)(newline + 1 - channel->in.data);
        if (channel->taken == channel->in.len)
                channel->in.len = channel->taken = channel->scanned = 0;
}

int channel_recv_line(struct channel *channel, const char **ret_line, size_t *ret_len, struct err *err)
{
        for (;;) {
                const char *newline = find_newline(channel);
                ssize_t got;

                if (newline) {
                        hand_out(channel, newline, ret_line, ret_len);
                        return 1;
                }
                channel->scanned = channel->in.len;
                forget_taken(channel);
                if (channel->in.len > CHANNEL_LINE_MAX)
                        return err_set(err, ERR_INPUT, "message: longer than %zu bytes", CHANNEL_LINE_MAX);
                got = receive_some(channel);
                if (got < 0 && errno == EAGAIN)
                        return CHANNEL_AGAIN;
                if (got < 0 && errno != ECONNRESET)
                        return err_errno(err, "receive");
                if (got <= 0 && channel->in.len)
                        return err_set(err, ERR_INPUT, "message: the peer closed in the middle of a line");
                if (got <= 0)
                        return 0;
        }
}

int channel_recv(struct channel *channel, struct json_t **ret_message, struct err *err)
{
        const char *line = NULL;
        size_t len = 0;
        json_t *message;
        const int got = channel_recv_line(channel, &line, &len, err);

        if (got != 1)
                return got;
        message = channel_message(line, len, err);
        if (!message)
                return -1;
        *ret_message = message;
        return 1;
}
