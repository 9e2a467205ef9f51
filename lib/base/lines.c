/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)64 << 10)

void lines_take(struct str *input, size_t most, void (*hear)(void *arg, const char *line, size_t len), void *arg)
{
        size_t used = 0;
        char *end;

        while (input->len > used && (end = memchr(input->data + used, '\n', input->len - used))) {
                const size_t len = (size_t)(end - input->data) - used;

                *end = '\0';
                if (len)
                        hear(arg, input->data + used, len);
                used += len + 1;
        }
        if (used) {
                memmove(input->data, input->data + used, input->len - used);
                input->len -= used;
                input->data[input->len] = '\0';
        }
        if (input->len > most)
                str_clear(input);
}

/* 1: there is more of it now; 0: the file has no more; -1. */
static int read_more(struct line_reader *reader)
{
        char piece[PIECE];
        ssize_t got;

        if (reader->at) {
                memmove(reader->bytes.data, reader->bytes.data + reader->at, reader->bytes.len - reader->at);
                reader->bytes.len -= reader->at;
                reader->at = 0;
        }
        do
                got = read(reader->fd, piece, sizeof(piece));
        while (got < 0 && errno == EINTR);
        if (got > 0)
                str_append(&reader->bytes, piece, (size_t)got);
        return got > 0 ? 1 : (int)got;
}

int line_next(struct line_reader *reader, const char **ret, size_t *ret_len)
{
        for (;;) {
                const size_t from = reader->at + reader->seen, left = reader->bytes.len - from;
                char *end = left ? memchr(reader->bytes.data + from, '\n', left) : NULL;
                int got;

                reader->seen += end ? (size_t)(end - reader->bytes.data) - from : left;
                if (reader->seen > reader->most)
                        return -1;
                if (end) {
                        *end = '\0';
                        *ret = reader->bytes.data + reader->at;
                        *ret_len = reader->seen;
                        reader->at += reader->seen + 1;
                        reader->seen = 0;
                        return 1;
                }
                got = read_more(reader);
                if (got <= 0)
                        return got < 0 || reader->seen ? -1 : 0;
        }
}

void line_reader_release(struct line_reader *reader)
{
        str_release(&reader->bytes);
}
