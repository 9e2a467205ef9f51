/* SPDX-License-Identifier: Apache-2.0 */
/* Files are streamed in pieces: a log may have its whole output budget. */
#include "cli/show_files.h"

#include "cli/github.h"
#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/terminal_filter.h"
#include "lib/packet/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 65536
#define LINE_SHOWN_MAX 4096 /* a longer line of a patch is shown in pieces */

/* 1: the reader closed the pipe; it has seen enough. */
static int put(const struct str *text, struct err *err)
{
        if (!text->len || fwrite(text->data, 1, text->len, stdout) == text->len)
                return 0;
        return errno == EPIPE ? 1 : err_errno(err, "write to standard output");
}

/* What a file goes through: gets the bytes piece by piece and says how many it wants to see again with the next ones. */
struct view {
        size_t (*show)(struct view *view, const char *bytes, size_t len, bool end, struct str *out);
        bool colour;
        struct terminal_filter filter;
};

static size_t show_raw(struct view *view, const char *bytes, size_t len, bool end, struct str *out)
{
        (void)end;
        (void)view;
        str_append(out, bytes, len);
        return 0;
}

static int stream(int fd, struct view *view, struct err *err)
{
        _cleanup_free_ char *buffer = xcalloc(1, PIECE);
        size_t kept = 0;

        if (view->show == show_raw)
                github_raw();
        for (;;) {
                _cleanup_str_ struct str out = {0};
                const ssize_t got = read(fd, buffer + kept, PIECE - kept);
                size_t left;

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return err_errno(err, "read the packet");
                left = view->show(view, buffer, kept + (size_t)got, got == 0, &out);
                memmove(buffer, buffer + kept + (size_t)got - left, left);
                kept = left;
                switch (put(&out, err)) {
                case 0:
                        break;
                case 1:
                        return 0;
                default:
                        return -1;
                }
                if (got == 0)
                        return 0;
        }
}

static size_t show_plain(struct view *view, const char *bytes, size_t len, bool end, struct str *out)
{
        terminal_filter_feed(&view->filter, bytes, len, out);
        if (end)
                terminal_filter_end(&view->filter, out);
        return 0;
}

static enum tint line_tint(const char *line, size_t len)
{
        if (len >= 4 && (memcmp(line, "diff", 4) == 0 || memcmp(line, "+++ ", 4) == 0 || memcmp(line, "--- ", 4) == 0))
                return TINT_STRONG;
        if (len && (line[0] == '+' || line[0] == '-'))
                return line[0] == '+' ? TINT_GOOD : TINT_BAD;
        return len && line[0] == '@' ? TINT_DIM : TINT_PLAIN;
}

/* Whole lines only; what is left of one is seen again with the rest of it. */
static size_t show_diff(struct view *view, const char *bytes, size_t len, bool end, struct str *out)
{
        while (len) {
                const char *newline = memchr(bytes, '\n', len);
                const size_t line = newline ? (size_t)(newline - bytes) : len;
                _cleanup_str_ struct str safe = {0};

                if (!newline && !end && len < LINE_SHOWN_MAX)
                        return len;
                str_put_harmless(&safe, bytes, line);
                render_tint(out, view->colour, line_tint(bytes, line), str_text(&safe));
                if (newline)
                        str_putc(out, '\n');
                bytes += line + (newline != NULL);
                len -= line + (newline != NULL);
        }
        return 0;
}

int show_patch(int packet, const json_t *report, bool colour, struct err *err)
{
        const char *missing = json_string_value(json_object_get(report, "patch_missing"));
        _cleanup_fd_ int fd = packet_file(packet, "evidence/patch.diff", err);
        struct view view = {.colour = colour};
        struct stat st;

        if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size == 0) {
                cleanup_fd(&fd);
                err_set(err, ERR_NOT_FOUND, "evidence/patch.diff is empty");
        }
        if (fd < 0 && err->code == ERR_NOT_FOUND) {
                _cleanup_str_ struct str why = {0};

                render_line(&why, missing ? missing : "the run changed nothing, or it has not ended");
                return err_set(err, ERR_NOT_FOUND, "there is no patch: %s", str_text(&why));
        }
        if (fd < 0)
                return -1;
        if (json_is_true(json_object_get(json_object_get(report, "patch"), "masked")))
                fputs("cupel: what is added to files that hold secrets is shown as stars\n", stderr);
        view.show = isatty(STDOUT_FILENO) ? show_diff : show_raw;
        return stream(fd, &view, err);
}

static int show_one(int packet, const char *name, bool heading, bool raw, struct err *err)
{
        struct view view = {.show = raw ? show_raw : show_plain};
        _cleanup_free_ char *path = xasprintf("logs/%s", name);
        _cleanup_fd_ int fd = packet_file(packet, path, err);
        _cleanup_str_ struct str line = {0};

        if (fd < 0 && err->code == ERR_SYSTEM && err->errnum == ELOOP)
                return err_set(err, ERR_INPUT, "a log of the packet is a symlink: it is not followed");
        if (fd < 0)
                return -1;
        if (heading) {
                str_puts(&line, "==> ");
                render_line(&line, name);
                str_puts(&line, " <==\n");
        }
        if (put(&line, err) < 0)
                return -1;
        terminal_filter_init(&view.filter, TERMINAL_PLAIN);
        return stream(fd, &view, err);
}

/* One bad file must not hide the others: it is named on standard error. */
static int show_all(int packet, const struct strv *logs, bool raw)
{
        for (size_t i = 0; i < logs->len; i++) {
                struct err failed = ERR_INIT;

                if (show_one(packet, logs->items[i], true, raw, &failed) < 0)
                        err_report(stderr, "cupel", &failed);
        }
        return 0;
}

static const char *find_log(const struct strv *logs, const char *only)
{
        _cleanup_free_ char *full = xasprintf("%s.log", only);

        for (size_t i = 0; i < logs->len; i++)
                if (strcmp(logs->items[i], only) == 0 || strcmp(logs->items[i], full) == 0)
                        return logs->items[i];
        return NULL;
}

int show_logs(int packet, const char *only, bool raw, struct err *err)
{
        _cleanup_strv_ struct strv logs = {0};
        _cleanup_str_ struct str names = {0};
        const char *found;

        if (packet_logs(packet, &logs, err) < 0)
                return -1;
        if (!only && logs.len == 0)
                fputs("no output: no step of this run was started\n", stderr);
        if (!only)
                return show_all(packet, &logs, raw);
        found = find_log(&logs, only);
        if (found)
                return show_one(packet, found, false, raw, err);
        for (size_t i = 0; i < logs.len; i++) {
                str_puts(&names, i ? ", " : "");
                render_line(&names, logs.items[i]);
        }
        return err_set(err, ERR_NOT_FOUND, "no such log; there are: %s", names.len ? str_text(&names) : "none");
}
