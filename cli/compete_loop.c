/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What competitors say, line by line, until each has closed its output; what the user says by signals. The first whose run is
 * committed or held has won: the others are asked to stop at once. What it came to is read from the log, since among what a
 * competitor passes on are words of its caged side; its own line only says that it is time to look. Who ends without one was
 * killed: its run is recovered here and now, so that a landing that hangs in the air does not keep others from theirs.
 */
#include "cli/compete_internal.h"

#include "cli/director_call.h"
#include "cli/packet.h"
#include "cli/recover.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/lines.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS 200
#define LINE_MOST (4 << 20)

static void stop_all_but(struct race *race, ssize_t spared)
{
        for (size_t i = 0; i < race->competitors.len; i++)
                if ((ssize_t)i != spared && race->competitors.items[i].fd >= 0)
                        kill(race->competitors.items[i].pid, SIGTERM);
}

static bool wins(enum outcome outcome)
{
        return outcome == OUTCOME_COMMITTED || outcome == OUTCOME_HELD;
}

struct search {
        pid_t owner;
        char *run;
};

static int match_owner(const struct store_run *run, void *arg, struct err *err)
{
        struct search *search = arg;

        (void)err;
        if (run->owner_pid == search->owner && !search->run)
                search->run = xstrdup(run->id);
        return 0;
}

/* The run of a competitor that told none: its row names its process. */
static char *find_run(const struct race *race, const struct competitor *competitor)
{
        const struct store_runs_filter of_race = {.race = race->id};
        struct search search = {.owner = competitor->pid};
        struct err err = ERR_INIT;

        store_runs_each(race->context->store, &of_race, match_owner, &search, &err);
        return search.run;
}

static void declare_winner(struct race *race, const struct competitor *competitor)
{
        if (race->winner >= 0)
                return;
        race->winner = competitor - race->competitors.items;
        stop_all_but(race, race->winner);
}

/* The line is kept, for its reasons; whether it is true is looked up. */
static void hear_result(struct race *race, struct competitor *competitor, const char *line, size_t len)
{
        _cleanup_store_run_ struct store_run row = {0};
        struct err err = ERR_INIT;
        json_t *told = json_parse(line, len, "result", &err);

        if (!told)
                return;
        json_decref(competitor->told);
        competitor->told = told;
        if (!competitor->run)
                competitor->run = find_run(race, competitor);
        if (competitor->run && store_run_get(race->context->store, competitor->run, &row, &err) == 0 &&
            wins(row.outcome))
                declare_winner(race, competitor);
}

struct heard {
        struct race *race;
        struct competitor *competitor;
};

static void hear_line(void *arg, const char *line, size_t len)
{
        struct race *race = ((const struct heard *)arg)->race;
        struct competitor *competitor = ((const struct heard *)arg)->competitor;

        if (line[0] == '{') {
                hear_result(race, competitor, line, len);
                return;
        }
        free(competitor->said);
        competitor->said = xmemdup(line, len);
        view_line(race, competitor);
}

/* ---- The end of one ---- */

static void take_reasons(struct competitor *competitor, const json_t *reasons)
{
        json_t *reason;
        size_t i;

        json_array_foreach(reasons, i, reason)
        {
                if (json_is_string(reason))
                        strv_add(&competitor->end.reasons, json_string_value(reason));
        }
}

/* What was told besides the log (a packet that is incomplete) is in the reasons of its line, where that speaks of this end. */
static bool tells(const struct competitor *competitor, const struct store_run *row)
{
        const char *run = json_string_value(json_object_get(competitor->told, "run"));
        const char *outcome = json_string_value(json_object_get(competitor->told, "outcome"));

        return run && outcome && strcmp(run, row->id) == 0 && strcmp(outcome, outcome_name(row->outcome)) == 0;
}

/* Whether it has ended; then how. */
static bool read_row(const struct race *race, struct competitor *competitor)
{
        _cleanup_store_run_ struct store_run row = {0};
        _cleanup_json_ json_t *reasons = NULL;
        struct err err = ERR_INIT;

        if (store_run_get(race->context->store, competitor->run, &row, &err) < 0 || row.outcome >= OUTCOME_COUNT)
                return false;
        competitor->end.outcome = row.outcome;
        competitor->end.commit = run_commit(&row) ? xstrdup(run_commit(&row)) : NULL;
        competitor->end.tree = row.tree[0] ? xstrdup(row.tree) : NULL;
        reasons = json_loads(row.reasons, 0, NULL);
        take_reasons(competitor, tells(competitor, &row) ? json_object_get(competitor->told, "reasons") : reasons);
        return true;
}

static void read_cost(const struct race *race, struct competitor *competitor)
{
        struct err none = ERR_INIT;
        _cleanup_fd_ int packet = packet_open(race->context, competitor->run, &none);
        _cleanup_json_ json_t *report = packet < 0 ? NULL : packet_report(packet);
        json_t *cost = json_object_get(report, "cost");

        if (json_is_object(cost))
                competitor->end.cost = json_incref(cost);
}

/* A run that was killed after its end, while its folder was put in order, is no open one: its director does the rest. */
static void finish(const struct race *race, const char *run)
{
        const struct director_call call = {.context = race->context, .mode = "recover", .run = run, .aside = true};
        _cleanup_director_answer_ struct director_answer answer = {0};
        struct err ignored = ERR_INIT;

        (void)director_call(&call, &answer, &ignored);
}

static void recover(const struct race *race, struct competitor *competitor)
{
        struct err err = ERR_INIT;
        char text[640];

        if (recover_runs(race->context, &err) < 0) {
                err_text(&err, text, sizeof(text));
                strv_add(&competitor->end.reasons, text);
        }
        if (competitor->run)
                finish(race, competitor->run);
        else if (competitor->said)
                strv_add(&competitor->end.reasons, competitor->said);
}

static void end_of(struct race *race, struct competitor *competitor)
{
        bool ended;
        int status = 0;

        if (!competitor->run)
                competitor->run = find_run(race, competitor); /* while nobody else can have recovered it */
        close(steal_fd(&competitor->fd));
        while (waitpid(competitor->pid, &status, 0) < 0 && errno == EINTR)
                ;
        competitor->ended = clock_ms();
        competitor->exit = WIFEXITED(status) ? WEXITSTATUS(status) : outcome_exit_status(OUTCOME_INTERRUPTED);
        ended = competitor->run && read_row(race, competitor);
        if (!competitor->told || !ended)
                recover(race, competitor);
        if (competitor->run && !ended)
                read_row(race, competitor);
        if (competitor->run)
                read_cost(race, competitor);
        if (competitor->run && wins(competitor->end.outcome))
                declare_winner(race, competitor); /* recovery finished its landing */
        view_draw(race);
}

static void listen_to(struct race *race, struct competitor *competitor)
{
        char bytes[16384];
        ssize_t got = read(competitor->fd, bytes, sizeof(bytes));

        if (got < 0 && errno == EINTR)
                return;
        if (got > 0) {
                str_append(&competitor->input, bytes, (size_t)got);
                lines_take(&competitor->input, LINE_MOST, hear_line, &(struct heard){race, competitor});
                return;
        }
        end_of(race, competitor);
}

/* ---- The loop ---- */

static void hear_signal(struct race *race)
{
        struct signalfd_siginfo info;

        if (read(race->signals, &info, sizeof(info)) != sizeof(info))
                return;
        race->stopping++;
        stop_all_but(race, -1);
        view_draw(race);
}

static bool anybody_left(const struct race *race)
{
        for (size_t i = 0; i < race->competitors.len; i++)
                if (race->competitors.items[i].fd >= 0)
                        return true;
        return false;
}

/* A descriptor of -1 is passed over by poll(2). */
static int wait_for_any(const struct race *race, struct pollfd fds[COMPETE_MOST + 1], struct err *err)
{
        const size_t len = race->competitors.len;

        for (size_t i = 0; i < len; i++)
                fds[i] = (struct pollfd){.fd = race->competitors.items[i].fd, .events = POLLIN};
        fds[len] = (struct pollfd){.fd = race->signals, .events = POLLIN};
        if (poll(fds, len + 1, race->live ? TICK_MS : -1) >= 0)
                return 0;
        for (size_t i = 0; i <= len; i++)
                fds[i].revents = 0;
        return errno == EINTR ? 0 : err_errno(err, "wait for the competitors");
}

int race_listen(struct race *race, struct err *err)
{
        struct pollfd fds[COMPETE_MOST + 1];

        while (anybody_left(race)) {
                if (wait_for_any(race, fds, err) < 0)
                        return -1;
                if (fds[race->competitors.len].revents)
                        hear_signal(race);
                for (size_t i = 0; i < race->competitors.len; i++)
                        if (fds[i].revents)
                                listen_to(race, &race->competitors.items[i]);
                view_draw(race);
        }
        return 0;
}
