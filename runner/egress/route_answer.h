/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_ROUTE_ANSWER_H
#define CUPEL_EGRESS_ROUTE_ANSWER_H

/*
 * An upstream's answer on its way to the client: its head line by line, whether it may pass, and how its body is framed anew.
 *
 *         struct answer answer = {0};
 *         answer_line(&answer, line, len)        each line with its line end: MORE, then HEAD after the empty one, or BAD
 *         answer_refused(&answer)                NULL, or why it does not pass
 *         answer_head(&answer, mask, &client, &out);   the head for the client; chooses the framing
 *         answer_body(&answer, bytes, len, &out);      a piece of the body, already masked
 *         answer_end(&answer, &out);                   what ends it; a body that broke off gets no end
 *         answer_tell(&answer, route, NULL, sink);     what it means to the run: at its head, or with why there is none
 *         answer_release(&answer);
 *
 * Refused are redirects (301, 302, 303, 307, 308), 101, and bodies with a Content-Encoding: we asked for none, and what is
 * compressed cannot be masked. Interim answers (1xx) are dropped: the client had its 100 from us.
 */

#include "runner/egress/mask.h"
#include "runner/egress/route_head.h"
#include "runner/egress/sink.h"

enum answer_state { ANSWER_MORE, ANSWER_HEAD, ANSWER_BAD };
enum answer_framing { FRAME_NOTHING, FRAME_LENGTH, FRAME_CHUNKED, FRAME_CLOSE };

struct answer {
        int status;
        struct str reason;
        struct header_list headers;
        size_t bytes;
        bool complete; /* the head */
        enum answer_framing framing;
};

struct answer_client { /* what of the request decides the framing */
        bool head;     /* HEAD: no body */
        bool http_1_0; /* knows no chunks */
        bool close;    /* the connection ends with this answer */
};

enum answer_state answer_line(struct answer *answer, const char *line, size_t len);
const char *answer_refused(const struct answer *answer);
void answer_head(struct answer *answer, const struct mask *mask, const struct answer_client *client, struct str *out);
void answer_body(const struct answer *answer, const char *bytes, size_t len, struct str *out);
void answer_end(const struct answer *answer, struct str *out);
void answer_tell(const struct answer *answer, const char *route, const char *error, struct sink *sink);
void answer_release(struct answer *answer);

/* An answer of our own, in words, after which the connection closes. */
void answer_own(int status, const char *text, bool head, struct str *out);

#endif
