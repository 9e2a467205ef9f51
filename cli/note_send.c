/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/note_send.h"

#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define ANSWER_WITHIN_S 10
#define CHECKPOINT_WITHIN_S 600 /* it is on the disk when it is answered */

static int patience_for(const json_t *request)
{
        return strcmp(json_text_of(request, "type"), "checkpoint") == 0 ? CHECKPOINT_WITHIN_S : ANSWER_WITHIN_S;
}

static int connect_to(const char *path, int seconds, struct err *err)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        const struct timeval patience = {.tv_sec = seconds};
        _cleanup_fd_ int fd = -1;

        if (strlen(path) >= sizeof(address.sun_path))
                return err_set(err, ERR_INPUT, "$CUPEL_NOTES is longer than a socket's path can be");
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return err_errno(err, "connect to $CUPEL_NOTES (%s)", path);
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
                return err_errno(err, "limit the wait for an answer");
        return steal_fd(&fd);
}

static int check_reply(struct json_t *reply, struct err *err)
{
        const char *error = json_string_value(json_object_get(reply, "error"));

        if (json_is_true(json_object_get(reply, "ok")))
                return 0;
        return err_set(err, ERR_REFUSED, "%s", error ? error : "the note was refused without a reason");
}

int note_ask(const char *socket_path, const json_t *request, json_t **ret_reply, struct err *err)
{
        _cleanup_channel_ struct channel channel = {.fd = -1};
        _cleanup_json_ json_t *reply = NULL;
        const int seconds = patience_for(request), fd = connect_to(socket_path, seconds, err);
        int got;

        if (fd < 0)
                return -1;
        channel_init(&channel, fd);
        if (channel_send(&channel, request, NULL, 0, err) < 0)
                return -1;
        got = channel_recv(&channel, &reply, err);
        if (got == CHANNEL_AGAIN)
                return err_set(err, ERR_SYSTEM, "no answer within %d seconds; the note may be lost", seconds);
        if (got == 0)
                return err_set(err, ERR_SYSTEM, "the run closed the connection: its notes budget may be used up");
        if (got < 0 || check_reply(reply, err) < 0)
                return -1;
        *ret_reply = json_incref(reply);
        return 0;
}

int note_send(const char *socket_path, const char *type, json_t *data, struct err *err)
{
        _cleanup_json_ json_t *note = json_pack("{s:s,s:O}", "type", type, "data", data);
        _cleanup_json_ json_t *reply = NULL;

        return note_ask(socket_path, note, &reply, err);
}
