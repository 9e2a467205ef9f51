/* SPDX-License-Identifier: Apache-2.0 */
/* A log's head and tail, and what lies between. */
#include "sandbox/capture.h"

#include "lib/base/str.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct capture capture;
static char log_text[8192];

/* Captures `text` in pieces, as a pipe would give them. */
static void keep(const char *text, size_t len, size_t piece, uint64_t bytes)
{
        int log = memfd_create("log", MFD_CLOEXEC), again = dup(log), pipes[2];
        struct redact *redact = capture.redact;
        ssize_t got;

        cr_assert(pipe(pipes) == 0);
        capture_begin(&capture, log, bytes, 0);
        capture.redact = redact;
        for (size_t at = 0; at < len; at += piece) {
                size_t part = len - at < piece ? len - at : piece;

                cr_assert(write(pipes[1], text + at, part) == (ssize_t)part);
                while (part > 0)
                        part -= (size_t)capture_read(&capture, pipes[0]);
        }
        capture_end(&capture);
        close(pipes[0]);
        close(pipes[1]);
        got = pread(again, log_text, sizeof(log_text) - 1, 0);
        log_text[got > 0 ? got : 0] = '\0';
        close(again);
}

Test(capture, says_exactly_how_many_bytes_are_left_out)
{
        char text[4000];
        unsigned long long told = 0;
        char *line;

        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = (char)('a' + i % 26);
        for (size_t piece = 1; piece < 3000; piece = piece * 3 + 1) {
                keep(text, sizeof(text), piece, 1001);
                line = strstr(log_text, "\n[cupel: ");
                cr_assert(line && sscanf(line, "\n[cupel: %llu bytes of output left out]\n", &told) == 1);
                cr_assert(told == sizeof(text) - 1001 && capture.left_out == told && capture.total == sizeof(text));
                cr_assert(memcmp(log_text, text, 501) == 0 && line == log_text + 501);
                cr_assert(strcmp(strchr(line + 1, '\n') + 1, "") != 0);
                cr_assert(memcmp(strchr(line + 1, '\n') + 1, text + sizeof(text) - 500, 500) == 0);
        }
}

Test(capture, cuts_between_characters)
{
        struct str text = {0};

        for (int i = 0; i < 300; i++)
                str_puts(&text, i % 2 ? "\xe2\x82\xac" : "\xf0\x9f\x9a\x80");
        for (uint64_t bytes = 90; bytes < 104; bytes++) {
                unsigned long long told = 0;
                char *line;

                keep(text.data, text.len, 7, bytes);
                line = strstr(log_text, "\n[cupel: ");
                cr_assert(line && sscanf(line, "\n[cupel: %llu", &told) == 1);
                cr_assert(((unsigned char)line[-1] & 0xc0) == 0x80, "the head ends in half a character");
                cr_assert((line - log_text) % 7 == 0 || (line - log_text) % 7 == 4);
                line = strchr(line + 1, '\n') + 1;
                cr_assert(((unsigned char)line[0] & 0xc0) != 0x80, "the tail begins in half a character");
                cr_assert(told + strlen(line) + (size_t)(strstr(log_text, "\n[cupel") - log_text) == text.len);
        }
        str_release(&text);
}

Test(capture, hides_values_where_head_and_tail_meet)
{
        struct redact redact = {0};
        struct str text = {0};

        redact_add(&redact, "top-secret-value");
        for (int i = 0; i < 100; i++)
                str_printf(&text, "%d top-secret-value ", i);
        for (uint64_t bytes = 200; bytes < 240; bytes++) {
                capture.redact = &redact;
                keep(text.data, text.len, 11, bytes);
                cr_assert(!strstr(log_text, "top-secret") && !strstr(log_text, "secret-value"));
        }
        cr_assert(redact.count == 4000);
        capture.redact = NULL;
        redact_release(&redact);
        str_release(&text);
}
