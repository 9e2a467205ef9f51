/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GREEN "\033[32m"
#define RED "\033[31m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

/* The phases in a person's words; those that take no noticeable time have none. */
static const struct {
        const char *phase, *words;
} words[] = {
        {"preparing", "preparing the worktree"},
        {"running", "working"},
        {"self_verifying", "verifying in the run's worktree"},
        {"director_verifying", "verifying in the clean room"},
        {"landing", "landing"},
};

void terminal_init(struct terminal *terminal, bool live, bool quiet, bool colour)
{
        *terminal = (struct terminal){.live = live && !quiet, .quiet = quiet, .colour = colour, .started = clock_ms()};
}

static void erase(struct terminal *terminal)
{
        if (terminal->drawn)
                fputs("\r\033[K", stderr);
        terminal->drawn = false;
}

static const char *tint(const struct terminal *terminal, const char *sequence)
{
        return terminal->colour ? sequence : "";
}

void terminal_complain(struct terminal *terminal, const char *line)
{
        if (terminal->given_away) {
                str_printf(&terminal->held, "%s\n", line);
                return;
        }
        erase(terminal);
        fprintf(stderr, "%s\n", line);
        terminal_tick(terminal);
}

void terminal_say(struct terminal *terminal, const char *format, ...)
{
        _cleanup_free_ char *line = NULL;
        va_list args;

        if (terminal->quiet)
                return;
        va_start(args, format);
        line = xvasprintf(format, args);
        va_end(args);
        terminal_complain(terminal, line);
}

void terminal_give_away(struct terminal *terminal)
{
        erase(terminal);
        fflush(stderr);
        terminal->given_away = true;
}

void terminal_take_back(struct terminal *terminal)
{
        if (!terminal->given_away)
                return;
        terminal->given_away = false;
        fputs(str_text(&terminal->held), stderr);
        str_release(&terminal->held);
        terminal_tick(terminal);
}

void terminal_phase(struct terminal *terminal, const char *phase)
{
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strcmp(words[i].phase, phase) == 0) {
                        snprintf(terminal->phase, sizeof(terminal->phase), "%s", words[i].words);
                        terminal->detail[0] = '\0';
                        if (!terminal->live)
                                terminal_say(terminal, "%s", words[i].words);
                }
        terminal_tick(terminal);
}

void terminal_step(struct terminal *terminal, const struct terminal_step *step)
{
        bool good = step->result && (strcmp(step->result, "PASS") == 0 || strcmp(step->result, "FLAKY") == 0 ||
                                     strcmp(step->result, "exit 0") == 0);
        char took[CLOCK_RFC3339];
        _cleanup_str_ struct str name = {0};

        render_line(&name, step->name);
        snprintf(terminal->detail, sizeof(terminal->detail), "%s", step->result ? "" : str_text(&name));
        if (!step->result) {
                terminal_tick(terminal);
                return;
        }
        clock_human((uint64_t)step->ms, took);
        terminal_say(terminal, "  %s%s%s %s %s(%s, %s)%s", tint(terminal, good ? GREEN : RED), step->result,
                     tint(terminal, PLAIN), str_text(&name), tint(terminal, DIM), step->gate, took,
                     tint(terminal, PLAIN));
}

bool terminal_prints_notes(const struct terminal *terminal)
{
        return !terminal->quiet && !terminal->live;
}

void terminal_note(struct terminal *terminal, const char *type, const char *text)
{
        struct str shown = {0};

        if (terminal->quiet)
                return;
        render_line(&shown, text);
        snprintf(terminal->note, sizeof(terminal->note), "%s", str_text(&shown));
        if (!terminal->live)
                terminal_say(terminal, "  %s: %.200s", type, str_text(&shown));
        str_release(&shown);
}

void terminal_progress(struct terminal *terminal, const char *what, uint64_t done, uint64_t total)
{
        static const char bar[] = "####################";
        int filled = total ? (int)(done * 20 / total) : 0;

        snprintf(terminal->detail, sizeof(terminal->detail), "%s [%.*s%*s] %llu/%llu files", what, filled, bar,
                 20 - filled, "", (unsigned long long)done, (unsigned long long)total);
        terminal_tick(terminal);
}

static void clock_short(uint64_t ms, char *ret, size_t size)
{
        snprintf(ret, size, "%u:%02u", (unsigned)(ms / 60000), (unsigned)(ms / 1000 % 60));
}

void terminal_tick(struct terminal *terminal)
{
        char elapsed[16], budget[16], line[512];
        struct winsize size = {.ws_col = 80};

        if (!terminal->live || !terminal->phase[0] || terminal->given_away)
                return;
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
        clock_short(clock_ms() - terminal->started, elapsed, sizeof(elapsed));
        clock_short(terminal->budget_ms, budget, sizeof(budget));
        snprintf(line, sizeof(line), "%s  %s of %s%s%s%s%s%s", terminal->phase, elapsed, budget,
                 terminal->detail[0] ? "  " : "", terminal->detail, terminal->note[0] ? "  \"" : "", terminal->note,
                 terminal->note[0] ? "\"" : "");
        fprintf(stderr, "\r\033[K%s%.*s%s", tint(terminal, DIM), size.ws_col > 1 ? size.ws_col - 1 : 79, line,
                tint(terminal, PLAIN));
        fflush(stderr);
        terminal->drawn = true;
}

void terminal_end(struct terminal *terminal)
{
        terminal_take_back(terminal);
        erase(terminal);
        terminal->live = false;
        fflush(stderr);
}
