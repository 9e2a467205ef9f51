/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a client of the notes socket, of an agent or whoever is in its step. Each is answered with one line of JSON that says whether
 * it was taken; what is taken is an event that an agent may emit, and what is kept of refused ones is bounded.
 */
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "runner/notes.h"
#include "tests/fuzz/sections.h"

#include <string.h>

#define LINES_MOST 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const struct str *reply)
{
        struct err err = ERR_INIT;
        _cleanup_json_ json_t *answer = NULL;

        must(reply->len > 0 && reply->data[reply->len - 1] == '\n' && !memchr(reply->data, '\n', reply->len - 1));
        answer = json_parse(reply->data, reply->len - 1, "reply", &err);
        must(answer && json_is_boolean(json_object_get(answer, "ok")));
        must(json_is_true(json_object_get(answer, "ok")) || json_is_string(json_object_get(answer, "error")));
}

static void take(struct notes *notes, struct notes_client *client, const char *line, size_t len)
{
        _cleanup_str_ struct str reply = {0};

        notes_line(notes, client, line, len, &reply);
        if (!client->waits)
                check_reply(&reply);
        client->waits = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct notes notes;
        struct notes_client client = {.fd = -1};
        struct uplink up;
        size_t lines = 0;

        uplink_init(&up, -1);
        notes_init(&notes, &up, 50);
        for (const char *at = (const char *)data, *end = at + size; at < end && lines < LINES_MOST; lines++) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                const size_t len = (size_t)((newline ? newline : end) - at);
                _cleanup_free_ char *line = xmemdup(at, len);

                if (len > NOTES_LINE_MAX)
                        break;
                if (notes_is_git(line, len))
                        notes_git_line(&notes, &client, line, len);
                else
                        take(&notes, &client, line, len);
                at += len + 1;
        }
        must(notes.accepted <= 50 && notes.asked.len < 4 * NOTES_ASKED_MAX + 10);
        notes_git_release(&client);
        notes_release(&notes);
        uplink_release(&up);
        return 0;
}
