/* SPDX-License-Identifier: Apache-2.0 */
/* A run at whose agent the user sits: the start of the work, and the ends of sitting there. */
#include "cli/attach.h"
#include "cli/supervision_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <sys/socket.h>

static void send_attached(struct supervision *s, json_t *message, const struct attach_place *place)
{
        struct err err = ERR_INIT;

        json_object_set_new(message, "columns", json_integer(place->columns));
        json_object_set_new(message, "rows", json_integer(place->rows));
        if (s->runner.fd >= 0 && channel_send(&s->runner, message, &place->fd, 1, &err) < 0)
                shutdown(s->runner.fd, SHUT_WR);
}

void supervision_start_runner(struct supervision *s, json_t *owned)
{
        _cleanup_json_ json_t *message = owned;
        struct attach *attach = s->terminal->attach;
        struct attach_place place = {.fd = -1};
        struct err err = ERR_INIT;
        char text[640];

        if (!attach || attach->started) {
                supervision_send(&s->runner, json_incref(message));
                return;
        }
        terminal_say(s->terminal, "at the agent's terminal; Ctrl-] d leaves it alone, Ctrl-] q discards the run");
        terminal_give_away(s->terminal);
        if (attach_start(attach, &place, &err) == 0) {
                send_attached(s, message, &place);
                cleanup_fd(&place.fd);
                return;
        }
        terminal_take_back(s->terminal);
        err_text(&err, text, sizeof(text));
        supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "--attach: %s", text);
}

void supervision_viewer_exited(struct supervision *s, int wait_status)
{
        static const char *const said[] = {
                [ATTACH_END_AGENT] = NULL,
                [ATTACH_END_DETACHED] = "left the agent's terminal; the run goes on, Ctrl-C stops it",
                [ATTACH_END_DISCARD] = NULL,
                [ATTACH_END_LOST] = "the agent's terminal was lost; the run goes on, Ctrl-C stops it",
        };
        enum attach_end end = attach_exited(s->terminal->attach, wait_status);

        terminal_take_back(s->terminal);
        if (said[end])
                terminal_say(s->terminal, "%s", said[end]);
        if (end == ATTACH_END_DISCARD)
                supervision_signal(s);
}
