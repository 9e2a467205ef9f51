/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the list to the competitors: take apart → compile the plan of each, so that a fault in the input is told once and before
 * anything starts → start all → listen → tell.
 */
#include "cli/compete_internal.h"

#include "cli/local_changes.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/signals.h"
#include "lib/base/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static void release(struct race *race)
{
        for (size_t i = 0; i < race->competitors.len; i++) {
                struct competitor *competitor = &race->competitors.items[i];

                free(competitor->entry);
                free(competitor->label);
                str_release(&competitor->input);
                json_decref(competitor->told);
                free(competitor->said);
                free(competitor->run);
                run_result_release(&competitor->end);
        }
        free(race->competitors.items);
        free(race->id);
        free(race->title);
        cleanup_fd(&race->item);
        cleanup_fd(&race->signals);
}

/* ---- The list ---- */

static size_t given_before(const struct race *race, const char *entry)
{
        size_t count = 0;

        for (size_t i = 0; i < race->competitors.len; i++)
                count += strcmp(race->competitors.items[i].entry, entry) == 0;
        return count;
}

static int add_entry(struct race *race, const char *entry, size_t len, struct err *err)
{
        char *name = xmemdup(entry, len);
        const size_t before = given_before(race, name);

        if (len == 0 || race->competitors.len == COMPETE_MOST) {
                free(name);
                return len == 0 ? err_set(err, ERR_INPUT, "--agents: a name is empty; expected NAME[:MODEL],…")
                                : err_set(err, ERR_INPUT,
                                          "--agents: at most %d compete at once; each is a sandbox and a budget",
                                          COMPETE_MOST);
        }
        race->competitors.items =
                xrealloc(race->competitors.items, (race->competitors.len + 1) * sizeof(*race->competitors.items));
        race->competitors.items[race->competitors.len++] = (struct competitor){
                .entry = name,
                .label = before ? xasprintf("%s#%zu", name, before + 1) : xstrdup(name),
                .fd = -1,
                .end.outcome = OUTCOME_INTERNAL_ERROR,
        };
        return 0;
}

static int take_list(struct race *race, struct err *err)
{
        const char *at = race->request->agents;

        for (;;) {
                const size_t len = strcspn(at, ",");

                if (add_entry(race, at, len, err) < 0)
                        return -1;
                if (!at[len])
                        return 0;
                at += len + 1;
        }
}

/* ---- The item ---- */

/* Every competitor reads the same bytes; what is no regular file, standard input say, could be read once. */
static int keep_item(struct race *race, struct err *err)
{
        const char *file = race->request->launch->item_file;
        const bool input = file && strcmp(file, "-") == 0;
        _cleanup_str_ struct str bytes = {0};
        struct stat st;

        if (!file || (!input && (stat(file, &st) < 0 || S_ISREG(st.st_mode))))
                return 0;
        if ((input ? fs_read_fd(STDIN_FILENO, WORK_ITEM_BYTES_MAX, &bytes, err)
                   : fs_read_named(file, WORK_ITEM_BYTES_MAX, &bytes, err)) < 0)
                return err_wrap(err, "%s", input ? "standard input" : file);
        race->item = memfd_create("work-item", MFD_CLOEXEC);
        if (race->item < 0 || fs_write_all(race->item, bytes.data, bytes.len) < 0)
                return err_errno(err, "keep the work item");
        return 0;
}

/* Where this process, or a competitor (whose first descriptor it is), finds it. */
static char *item_path(const struct race *race, int fd)
{
        return race->item >= 0 ? xasprintf("/dev/fd/%d", fd) : xstrdup(race->request->launch->item_file);
}

static int check_plan(struct race *race, const struct launch *launch, struct err *err)
{
        if (!launch->plan.may_commit)
                return err_set(err, ERR_INPUT,
                               "nothing can win a race in the mood %s, which commits nothing: run the agents one after "
                               "another with --agent",
                               mood_names[launch->plan.mood]);
        if (race->title)
                return 0;
        race->title = xstrdup(launch->plan.title);
        memcpy(race->base, launch->base, sizeof(race->base));
        race->cost_limit = launch->plan.budget.cost_usd;
        race->id = xasprintf("%s__", launch->slug);
        return 0;
}

static int check_entries(struct race *race, struct err *err)
{
        _cleanup_free_ char *file = item_path(race, race->item);

        for (size_t i = 0; i < race->competitors.len; i++) {
                _cleanup_launch_ struct launch launch;
                struct launch_request request = *race->request->launch;

                request.item_file = file;
                request.options.agent = race->competitors.items[i].entry;
                launch_init(&launch);
                if (launch_read(&launch, race->context, &request, err) < 0 || check_plan(race, &launch, err) < 0)
                        return err_wrap(err, "agent %s", request.options.agent);
        }
        return 0;
}

static int name_race(struct race *race, struct err *err)
{
        _cleanup_free_ char *slug = race->id;
        char stamp[CLOCK_RFC3339], random[7];

        race->id = NULL;
        clock_stamp(stamp);
        if (random_hex(random, 6) < 0)
                return err_errno(err, "getrandom");
        race->id = xasprintf("%s%s-%s", slug, stamp, random);
        return 0;
}

/* ---- The processes ---- */

static int start_one(const struct race *race, struct competitor *competitor, const char *program, struct err *err)
{
        _cleanup_strv_ struct strv list = {0};
        _cleanup_free_ char *file = item_path(race, 3);
        _cleanup_free_ char **argv = NULL;
        int pipe_fds[2], status;

        strv_add(&list, program);
        strv_add(&list, "run");
        for (size_t i = 0; i < race->request->arguments->len; i++)
                strv_add(&list, race->request->arguments->items[i]);
        strv_add_printf(&list, "--agent=%s", competitor->entry);
        strv_add_printf(&list, "--race=%s:%d", race->id, (int)getpid());
        if (file)
                strv_add(&list, file);
        argv = xcalloc(list.len + 1, sizeof(*argv));
        memcpy(argv, list.items, list.len * sizeof(*argv));
        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                return err_errno(err, "pipe");
        status = spawn_away(program, argv, environ, &race->item, race->item >= 0 ? 1 : 0, pipe_fds[1], &competitor->pid,
                            err);
        close(pipe_fds[1]);
        if (status < 0) {
                close(pipe_fds[0]);
                return -1;
        }
        competitor->fd = pipe_fds[0];
        competitor->started = clock_ms();
        return 0;
}

/* Who cannot be started has lost; the others go on. */
static void start_all(struct race *race, const char *program)
{
        for (size_t i = 0; i < race->competitors.len; i++) {
                struct competitor *competitor = &race->competitors.items[i];
                struct err err = ERR_INIT;
                char text[640];

                if (start_one(race, competitor, program, &err) == 0)
                        continue;
                err_text(&err, text, sizeof(text));
                strv_add(&competitor->end.reasons, text);
                competitor->exit = err_exit_status(&err);
        }
}

static int run_race(struct race *race, struct err *err)
{
        _cleanup_free_ char *program = sibling_path("cupel", err);
        struct local_changes *changes = NULL;
        int status;

        if (!program || name_race(race, err) < 0)
                return -1;
        race->signals = signals_listen(err); /* passed on in order; none ends this process by itself */
        if (race->signals < 0)
                return -1;
        if (race->live)
                changes = local_changes_start(repo_gitdir(race->context->repo));
        view_begin(race);
        start_all(race, program);
        status = race_listen(race, err);
        view_end(race);
        local_changes_report(changes, race->base);
        return status < 0 ? -1 : race_tell(race);
}

int compete(struct context *context, const struct compete_request *request, struct err *err)
{
        struct race race = {.context = context,
                            .request = request,
                            .item = -1,
                            .signals = -1,
                            .winner = -1,
                            .live = context->terminal_err && !request->quiet};
        int status = -1;

        spawn_abandon(&context->cage); /* each competitor has its own */
        if (take_list(&race, err) == 0 && keep_item(&race, err) == 0 && check_entries(&race, err) == 0)
                status = run_race(&race, err);
        release(&race);
        return status;
}

#define ID_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

/* A competitor whose parent ended before it could ask for the signal would outlive it. */
int compete_join(const char *race, char **ret_id, struct err *err)
{
        const char *colon = strrchr(race, ':');

        if (!colon || colon == race || strspn(race, ID_BYTES) != (size_t)(colon - race))
                return err_set(err, ERR_INPUT, "--race is not for people: say --agents A,B --first");
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
                return err_errno(err, "prctl PR_SET_PDEATHSIG");
        if (getppid() != (pid_t)strtol(colon + 1, NULL, 10))
                return err_set(err, ERR_INPUT, "the race that this run belongs to is over: its process has ended");
        *ret_id = xmemdup(race, (size_t)(colon - race));
        return 0;
}
