/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/github.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct guard {
        int fd;
        struct github_line line;
};

static struct guard guards[] = {{.fd = STDOUT_FILENO}, {.fd = STDERR_FILENO}};
static bool raw;

bool github_is_here(void)
{
        const char *value = getenv("GITHUB_ACTIONS");

        return value && strcmp(value, "true") == 0;
}

/* Blanks of Unicode count as blanks there, too: nothing beyond ASCII is taken for the beginning of a text. */
static bool is_blank(unsigned char c)
{
        return c <= ' ' || c >= 0x7f;
}

void github_put_guarded(struct github_line *line, const char *bytes, size_t len, struct str *out)
{
        for (size_t i = 0; i < len; i++) {
                const char c = bytes[i];

                if (c == '[' && line->hashes >= 2)
                        str_puts(out, "\\u005b");
                else if (c == ':' && line->colons == 1 && !line->inside)
                        str_puts(out, "\\u003a");
                else
                        str_putc(out, c);
                line->hashes = c == '#' ? line->hashes + 1 : 0;
                line->colons = c == ':' ? line->colons + 1 : 0;
                if (c == '\n' || c == '\r')
                        *line = (struct github_line){0};
                else
                        line->inside = line->inside || line->colons > 1 || (c != ':' && !is_blank((unsigned char)c));
        }
}

static ssize_t write_guarded(void *cookie, const char *bytes, size_t len)
{
        struct guard *guard = cookie;
        _cleanup_str_ struct str out = {0};

        if (raw)
                return fs_write_all(guard->fd, bytes, len) < 0 ? 0 : (ssize_t)len;
        github_put_guarded(&guard->line, bytes, len, &out);
        return fs_write_all(guard->fd, str_text(&out), out.len) < 0 ? 0 : (ssize_t)len;
}

static FILE *open_guarded(struct guard *guard)
{
        return fopencookie(guard, "w", (cookie_io_functions_t){.write = write_guarded});
}

void github_guard(void)
{
        FILE *out, *err;

        if (!github_is_here() || !(out = open_guarded(&guards[0])))
                return;
        if (!(err = open_guarded(&guards[1]))) {
                fclose(out);
                return;
        }
        setvbuf(err, NULL, _IOLBF, BUFSIZ);
        stdout = out;
        stderr = err;
}

void github_raw(void)
{
        fflush(stdout);
        raw = true;
}

void github_say(int fd, const char *lines)
{
        fflush(stdout);
        fflush(stderr);
        (void)fs_write_all(fd, lines, strlen(lines));
}
