/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop over four descriptors. The terminal's description is shared with the shell: it stays as it is, and is read only when
 * it is ready. Keys are taken even while the agent does not read, since two of them end this; what it does not take within
 * TYPED_MAX is lost.
 */
#include "sandbox/attach.h"

#include "lib/base/err.h"
#include "lib/base/terminal_filter.h"
#include "sandbox/attachment.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define TYPED_MAX ((size_t)64 << 10)
#define KEYS_PACKET ((size_t)4096)
#define COMMAND_KEY 0x1d /* Ctrl-] */

struct viewer {
        struct termios before;
        struct terminal_filter filter;
        struct str out;   /* for the terminal */
        struct str typed; /* for the agent */
        bool command;     /* Ctrl-] was typed */
        bool fresh_line;  /* the last byte on the terminal was a newline */
        int done;         /* -1: not yet; else the exit status */
};

static volatile sig_atomic_t resized = 1, stopped;

static void on_resize(int number)
{
        (void)number;
        resized = 1;
}

static void on_stop(int number)
{
        (void)number;
        stopped = 1;
}

/* The shell's programs share the terminal's description, and one that ran before may have left it non-blocking. */
static void wait_for_terminal(void)
{
        ppoll(&(struct pollfd){.fd = ATTACH_OUT_FD, .events = POLLOUT}, 1, NULL, NULL);
}

static void draw(struct viewer *viewer)
{
        for (size_t done = 0; done < viewer->out.len;) {
                ssize_t put = write(ATTACH_OUT_FD, viewer->out.data + done, viewer->out.len - done);

                if (put < 0 && errno == EAGAIN) {
                        wait_for_terminal();
                } else if (put < 0 && errno != EINTR) { /* the terminal is gone */
                        viewer->done = ATTACH_DETACHED;
                        break;
                }
                done += put > 0 ? (size_t)put : 0;
        }
        if (viewer->out.len)
                viewer->fresh_line = viewer->out.data[viewer->out.len - 1] == '\n';
        str_clear(&viewer->out);
}

static void show(struct viewer *viewer)
{
        char packet[ATTACHMENT_PACKET];
        ssize_t got = recv(ATTACH_SOCKET_FD, packet, sizeof(packet), MSG_DONTWAIT);

        /* reset: the helper went without having read what was typed; what it had sent before is still there (unix(7)) */
        if (got < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
                return;
        if (got <= 0) {
                viewer->done = ATTACH_ENDED;
                return;
        }
        terminal_filter_feed(&viewer->filter, packet, (size_t)got, &viewer->out);
        draw(viewer);
}

/* A Ctrl-] before a key that means nothing was meant for the agent. */
static void take_command(struct viewer *viewer, char key)
{
        viewer->command = false;
        if (key == 'd')
                viewer->done = ATTACH_DETACHED;
        else if (key == 'q')
                viewer->done = ATTACH_DISCARD;
        else if (key != COMMAND_KEY)
                str_putc(&viewer->typed, COMMAND_KEY);
        if (viewer->done < 0)
                str_putc(&viewer->typed, key);
}

static void take_keys(struct viewer *viewer)
{
        char keys[KEYS_PACKET];
        ssize_t got = read(ATTACH_IN_FD, keys, sizeof(keys));

        if (got < 0 && (errno == EINTR || errno == EAGAIN))
                return;
        if (got <= 0)
                viewer->done = ATTACH_DETACHED;
        for (ssize_t i = 0; i < got && viewer->done < 0; i++) {
                if (viewer->command)
                        take_command(viewer, keys[i]);
                else if (keys[i] == COMMAND_KEY)
                        viewer->command = true;
                else if (viewer->typed.len < TYPED_MAX)
                        str_putc(&viewer->typed, keys[i]);
        }
}

/* Where nobody hears it any more, what was printed before is still to be shown: show() finds the end. */
static bool send_packet(struct viewer *viewer, const unsigned char *packet, size_t len)
{
        ssize_t put = send(ATTACH_SOCKET_FD, packet, len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (put < 0 && errno != EAGAIN && errno != EINTR)
                str_clear(&viewer->typed);
        return put >= 0;
}

static void send_typed(struct viewer *viewer)
{
        unsigned char packet[1 + KEYS_PACKET] = {ATTACHMENT_KEYS};

        while (viewer->typed.len) {
                size_t part = viewer->typed.len < KEYS_PACKET ? viewer->typed.len : KEYS_PACKET;

                memcpy(packet + 1, viewer->typed.data, part);
                if (!send_packet(viewer, packet, 1 + part))
                        return;
                viewer->typed.len -= part;
                memmove(viewer->typed.data, viewer->typed.data + part, viewer->typed.len);
        }
}

static void send_size(struct viewer *viewer)
{
        struct winsize size;
        unsigned char packet[5] = {ATTACHMENT_WINDOW};

        if (ioctl(ATTACH_IN_FD, TIOCGWINSZ, &size) < 0)
                return;
        packet[1] = (unsigned char)size.ws_col;
        packet[2] = (unsigned char)(size.ws_col >> 8);
        packet[3] = (unsigned char)size.ws_row;
        packet[4] = (unsigned char)(size.ws_row >> 8);
        resized = !send_packet(viewer, packet, sizeof(packet));
}

static void loop(struct viewer *viewer)
{
        sigset_t open_mask;

        sigemptyset(&open_mask);
        while (viewer->done < 0) {
                struct pollfd fds[] = {
                        {.fd = ATTACH_SOCKET_FD, .events = (short)(POLLIN | (viewer->typed.len ? POLLOUT : 0))},
                        {.fd = ATTACH_CONTROL_FD, .events = POLLIN},
                        {.fd = ATTACH_IN_FD, .events = POLLIN},
                };

                if (resized)
                        send_size(viewer);
                if (ppoll(fds, 3, NULL, &open_mask) < 0)
                        memset(fds, 0, sizeof(fds)); /* a signal */
                if (fds[2].revents)
                        take_keys(viewer);
                if (viewer->done < 0 && viewer->typed.len)
                        send_typed(viewer);
                if (viewer->done < 0 && (fds[0].revents & ~POLLOUT))
                        show(viewer);
                if (viewer->done < 0 && (fds[1].revents || stopped))
                        viewer->done = ATTACH_ENDED;
        }
}

/* Signals are only heard while the loop waits. A terminal that has another foreground group by now can still be restored. */
static void set_signals(void)
{
        static const int ignored[] = {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE};
        static const int heard[] = {SIGWINCH, SIGTERM, SIGHUP};
        sigset_t held;

        sigemptyset(&held);
        for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
                signal(ignored[i], SIG_IGN);
        for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++) {
                const struct sigaction action = {.sa_handler = heard[i] == SIGWINCH ? on_resize : on_stop};

                sigaction(heard[i], &action, NULL);
                sigaddset(&held, heard[i]);
        }
        sigprocmask(SIG_BLOCK, &held, NULL);
}

static int make_raw(struct viewer *viewer, bool utf8, struct err *err)
{
        struct termios raw;

        if (tcgetattr(ATTACH_IN_FD, &viewer->before) < 0)
                return err_errno(err, "the terminal");
        utf8 |= (viewer->before.c_iflag & IUTF8) != 0;
        terminal_filter_init(&viewer->filter, utf8 ? TERMINAL_SCREEN : TERMINAL_SCREEN_ASCII);
        raw = viewer->before;
        cfmakeraw(&raw);
        return tcsetattr(ATTACH_IN_FD, TCSADRAIN, &raw) < 0 ? err_errno(err, "the terminal") : 0;
}

static void restore(struct viewer *viewer)
{
        int done = viewer->done;

        terminal_filter_end(&viewer->filter, &viewer->out);
        if (!viewer->fresh_line)
                str_puts(&viewer->out, "\r\n");
        draw(viewer);
        tcsetattr(ATTACH_IN_FD, TCSANOW, &viewer->before);
        viewer->done = done;
}

int attach_main(int argc, char **argv)
{
        struct viewer viewer = {.done = -1, .fresh_line = true};
        struct err err = ERR_INIT;

        set_signals();
        if (attach_confine(&err) < 0 || make_raw(&viewer, argc > 1 && strcmp(argv[1], "utf8") == 0, &err) < 0) {
                err_report(stderr, "cupel-sandbox attach", &err);
                _exit(err_exit_status(&err));
        }
        loop(&viewer);
        restore(&viewer);
        _exit(viewer.done); /* exit handlers would need more system calls than are left */
}
