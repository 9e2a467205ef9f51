/* SPDX-License-Identifier: Apache-2.0 */
/* The log's disk may be full: then output is counted and lost, and the step goes on. */
#include "sandbox/capture.h"

#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)64 << 10)

void capture_begin(struct capture *capture, int log_fd, uint64_t keep, uint64_t budget)
{
        if (budget && (!keep || keep > budget))
                keep = budget;
        *capture = (struct capture){.log = log_fd, .keep = keep, .budget = budget};
        capture->head_left = keep ? keep - keep / 2 : UINT64_MAX;
        capture->tail_max = (size_t)(keep / 2);
}

bool capture_spent(const struct capture *capture)
{
        return capture->budget && capture->total > capture->budget;
}

static void write_log(struct capture *capture, const char *bytes, size_t len)
{
        if (capture->log >= 0 && len && fs_write_all(capture->log, bytes, len) < 0)
                capture->left_out += len;
}

/* Room for `len` more bytes, up to tail_max: the ring is still straight (ring_at 0) while it grows. */
static void grow(struct capture *capture, size_t len)
{
        size_t want = capture->ring_len + len;
        size_t cap = capture->ring_cap ? capture->ring_cap : CHUNK;

        if (want <= capture->ring_cap || capture->ring_cap == capture->tail_max)
                return;
        while (cap < want)
                cap *= 2;
        capture->ring_cap = cap < capture->tail_max ? cap : capture->tail_max;
        capture->ring = xrealloc(capture->ring, capture->ring_cap);
}

static void put_tail(struct capture *capture, const char *bytes, size_t len)
{
        if (len > capture->tail_max) {
                capture->left_out += len - capture->tail_max;
                bytes += len - capture->tail_max;
                len = capture->tail_max;
        }
        grow(capture, len);
        for (size_t done = 0; done < len;) {
                size_t end = (capture->ring_at + capture->ring_len) % capture->ring_cap;
                size_t part = capture->ring_cap - end < len - done ? capture->ring_cap - end : len - done;
                size_t room = capture->ring_cap - capture->ring_len;
                size_t lost = part > room ? part - room : 0;

                memcpy(capture->ring + end, bytes + done, part);
                capture->ring_len += part - lost;
                capture->ring_at = (capture->ring_at + lost) % capture->ring_cap;
                capture->left_out += lost;
                done += part;
        }
}

static bool continues(char byte)
{
        return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The longest beginning of at most `len` bytes that ends with a whole UTF-8 character; what is no UTF-8 is cut anywhere. */
static size_t whole_characters(const char *bytes, size_t len)
{
        size_t at = len, need;

        while (at > 0 && len - at < 3 && continues(bytes[at - 1]))
                at--;
        if (at == 0 || (unsigned char)bytes[at - 1] < 0xc0)
                return len;
        need = (unsigned char)bytes[at - 1] >= 0xf0 ? 4 : (unsigned char)bytes[at - 1] >= 0xe0 ? 3 : 2;
        return len - (at - 1) < need ? at - 1 : len;
}

static void put(void *arg, const char *bytes, size_t len)
{
        struct capture *capture = arg;
        size_t head = len < capture->head_left ? len : (size_t)capture->head_left;
        bool last = capture->keep && head == capture->head_left;

        if (last && head)
                head = whole_characters(bytes, head);
        write_log(capture, bytes, head);
        if (capture->keep)
                capture->head_left -= last ? capture->head_left : head;
        if (len > head && capture->tail_max)
                put_tail(capture, bytes + head, len - head);
        else
                capture->left_out += len - head;
}

long capture_read(struct capture *capture, int fd)
{
        char buffer[CHUNK];
        size_t want = sizeof(buffer);
        ssize_t got;

        if (capture_spent(capture))
                return 0;
        if (capture->budget && capture->budget - capture->total < want)
                want = (size_t)(capture->budget - capture->total) + 1;
        do
                got = read(fd, buffer, want);
        while (got < 0 && errno == EINTR);
        if (got > 0) {
                capture->total += (uint64_t)got;
                if (capture->also)
                        capture->also(capture->also_arg, buffer, (size_t)got);
                if (capture->redact)
                        redact_feed(capture->redact, buffer, (size_t)got, put, capture);
                else
                        put(capture, buffer, (size_t)got);
        }
        return got;
}

void capture_text(struct capture *capture, const char *text)
{
        if (capture->redact)
                redact_flush(capture->redact, put, capture);
        put(capture, text, strlen(text));
}

/* Where bytes are lost before it, the tail begins with a whole character too. */
static void trim_tail(struct capture *capture)
{
        for (int i = 0; capture->left_out && i < 3 && capture->ring_len; i++) {
                if (!continues(capture->ring[capture->ring_at]))
                        return;
                capture->ring_at = (capture->ring_at + 1) % capture->ring_cap;
                capture->ring_len--;
                capture->left_out++;
        }
}

void capture_end(struct capture *capture)
{
        char line[96];
        size_t first;

        if (capture->redact)
                redact_flush(capture->redact, put, capture);
        trim_tail(capture);
        first = capture->ring_cap - capture->ring_at;
        if (capture->left_out) {
                snprintf(line, sizeof(line), "\n[cupel: %" PRIu64 " bytes of output left out]\n", capture->left_out);
                write_log(capture, line, strlen(line));
        }
        if (first > capture->ring_len)
                first = capture->ring_len;
        if (capture->ring_len) {
                write_log(capture, capture->ring + capture->ring_at, first);
                write_log(capture, capture->ring, capture->ring_len - first);
        }
        if (capture->log >= 0)
                close(capture->log);
        free(capture->ring);
        capture->log = -1;
        capture->ring = NULL;
        capture->ring_cap = capture->ring_len = 0;
}
