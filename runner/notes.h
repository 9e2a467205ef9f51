/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_NOTES_H
#define CUPEL_RUNNER_NOTES_H

/*
 * The notes socket of a step: any number of clients, one JSON object per line in, one JSON reply per line out.
 *
 *         {"type":"note.observation","data":{"text":"…"}}   →  {"ok":true,"id":1}
 *         {"type":"receipt.commit","data":{…}}              →  {"ok":false,"error":"…"}
 *         {"type":"budget.left"}                            →  {"ok":true,"budget":{"wall_ms":{"limit":…,"left":…},…}}
 *         {"type":"checkpoint"}                             →  {"ok":true,"checkpoint":{"step":1,"tree":"…"}}
 *
 * The last two are questions: no notes, in no log, answered even where the budget of notes is used up, up to
 * NOTES_QUESTIONS_MAX times (runner/budget.h, runner/checkpoint.h). The answer to the second comes when the checkpoint is
 * durable; until then nothing more is read from that client.
 *
 * Everything that connects is hostile. What is valid goes to the supervisor as a record; what is not is answered with the
 * reason, counted, and never stops anything. An agent that floods, sends garbage or never reads its replies loses its own notes
 * and nothing else: lines, buffers and clients are bounded, past the budget a note is refused unread, and who goes on for long
 * after that is not listened to any more. An answer leaves after the note that it is for. The agent never waits for us
 * otherwise: notes of a client that does not read its replies are still taken, but from where its replies pile up it gets none
 * any more, and the end of the stream instead.
 *
 *         notes_init(&notes, &up, budget);
 *         notes_listen(&notes, fd);                        takes the listening socket
 *         slot = notes_accept(&notes);                     the listener is readable; -1: nobody is there (any more)
 *         wants = notes_serve(&notes, slot, ready);        a client is ready; NOTES_* it waits for next
 *         if (!wants) notes_close(&notes, slot);           it is gone, or has to go
 *         notes_answer(&notes, slot, serial, line);        to one that waits; then notes_serve() with nothing ready
 *         notes_drain(&notes);                             the step is dead: what still lies in the sockets is taken
 *         notes_release(&notes);
 *
 * No event loop in here: who polls tells what is ready.
 */

#include "runner/uplink.h"

#include <stdint.h>

#define NOTES_CLIENTS_MAX 128
#define NOTES_LINE_MAX (EVENT_DATA_MAX + 4096) /* bytes of one line; a note's data may have 64 KiB */
#define NOTES_REPLY_MAX ((size_t)256 << 10)    /* replies that wait before a client gets no more */
#define NOTES_ASKED_MAX ((size_t)400)          /* bytes of a question that are told again at the end */
#define NOTES_PATIENCE 10000                   /* refused notes beyond the budget until nobody listens any more */
#define NOTES_QUESTION_MAX 128                 /* bytes of a question */
#define NOTES_QUESTIONS_MAX 10000              /* of one run; more are refused, like notes */
#define NOTES_VETOES_MAX 20                    /* forged events that are recorded one by one */

enum notes_ready {
        NOTES_READ = 1,
        NOTES_WRITE = 2,
        NOTES_ANSWER = 4, /* it waits for notes_answer() */
        NOTES_HELD = 8, /* … for the uplink to take what it is answered for; then notes_serve() with nothing ready */
};

/* One of them may be a git process instead, which tells what it was asked to do (notes_git.c). */
struct notes_client {
        int fd; /* -1: the slot is free */
        struct str in, out;
        size_t sent;          /* of `out` */
        bool skipping;        /* inside a line that is too long */
        bool deaf;            /* a reply was left out: it gets no more */
        bool ended;           /* it sends no more, but may wait for answers */
        int64_t waits;        /* for the checkpoint of this number; 0: for none */
        bool told;            /* of git: nothing more is wanted of it */
        char *git, *git_word; /* its arguments, and the first that is no option; NULL: it said none */
};

struct notes {
        struct uplink *up;
        int listener; /* -1: none */
        struct notes_client clients[NOTES_CLIENTS_MAX];
        uint64_t budget;
        uint64_t accepted, accepted_bytes, refused;
        uint64_t findings; /* observations and conjectures among the accepted */
        uint64_t questions;
        struct str asked; /* the last note.request.help, quoted */
        unsigned vetoes;
        bool has_hosts;               /* the policy opens hosts to this run: a push may have reached one */
        uint64_t git_lines, git_told; /* of git's trace; more than NOTES_VETOES_MAX are counted */
        bool muted;
        bool held;                         /* somebody is, since the supervisor's socket was full */
        struct json_t *(*left)(void *arg); /* what is left of it, owned by the caller; NULL: nobody knows */
        void *left_arg;
        int64_t (*checkpoint)(void *arg,
                              struct err *err); /* the number of the one that answers; NULL: there are none */
};

void notes_init(struct notes *notes, struct uplink *up, uint64_t budget);
void notes_release(struct notes *notes);
void notes_listen(struct notes *notes, int fd);

int notes_accept(struct notes *notes);
unsigned notes_serve(struct notes *notes, int slot, unsigned ready);
void notes_close(struct notes *notes, int slot);
int notes_client_fd(const struct notes *notes, int slot);
void notes_drain(struct notes *notes);

/* Returns whether the client was waiting for it. What it had sent meanwhile is judged now. */
bool notes_answer(struct notes *notes, int slot, int64_t serial, const char *line);

/* Judges one line (without its newline) and appends the reply line. What notes_serve() does for each. */
void notes_line(struct notes *notes, struct notes_client *client, const char *line, size_t len, struct str *reply);

/* The same for a line of git's trace, which is not answered. */
bool notes_is_git(const char *line, size_t len);
void notes_git_line(struct notes *notes, struct notes_client *client, const char *line, size_t len);
void notes_git_release(struct notes_client *client);

#endif
