/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_COMPETE_INTERNAL_H
#define CUPEL_CLI_COMPETE_INTERNAL_H

/* A race while it is run, between its parts: compete.c starts, compete_loop.c listens, compete_view.c and _result.c tell. */

#include "cli/compete.h"
#include "cli/supervisor.h"

#include <sys/types.h>

struct json_t;

struct competitor {
        char *entry; /* NAME or NAME:MODEL */
        char *label; /* the same, with "#2" where it was given before */
        pid_t pid;
        int fd;                /* what it says; -1: it has ended */
        struct str input;      /* the beginning of a line */
        struct json_t *told;   /* its last line, the result; NULL: none yet */
        char *said;            /* its last line for people; NULL: none yet */
        char *run;             /* NULL: there is no run of it */
        struct run_result end; /* once it has ended */
        int exit;              /* … and its exit status */
        uint64_t started, ended;
};

struct race {
        struct context *context;
        const struct compete_request *request;
        char *id;
        char *title;
        char base[GIT_HEX];
        int64_t cost_limit; /* micro-dollars, of each; KEY_UNSET: none */
        int item;           /* what came on standard input; -1: it did not */
        int signals;
        LIST_OF(struct competitor) competitors;
        ssize_t winner;    /* -1: none yet */
        unsigned stopping; /* signals of the user */
        bool live;         /* the view is drawn in place */
        bool drawn;
};

/* compete_loop.c: until all have ended; what each came to is in `end`, `exit`, `run` and `cost`. */
int race_listen(struct race *race, struct err *err);

/* compete_view.c */
void view_begin(struct race *race);
void view_line(struct race *race, const struct competitor *competitor); /* it said something */
void view_draw(struct race *race);
void view_end(struct race *race);

/* compete_result.c: prints how it ended; returns the exit status. */
int race_tell(const struct race *race);
/* The one whose end is told: the winner, else the most telling failure. */
size_t race_telling(const struct race *race);

#endif
