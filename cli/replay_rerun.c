/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the old run's snapshot → `cupel run`, as a program of its own → its result → `cupel reject`. */
#include "cli/replay_rerun.h"

#include "cli/packet.h"
#include "cli/replay.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/outcome.h"
#include "lib/base/spawn.h"
#include "policy/item.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_MOST ((size_t)4 << 20)
#define SAID_MOST ((size_t)16 << 20)

extern char **environ;

/* ---- What is run ---- */

static int write_item(const struct packet_ref *ref, const struct scratch *scratch, struct strv *argv, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};
        _cleanup_item_ struct work_item item;
        _cleanup_free_ char *text = NULL;

        work_item_init(&item);
        if (packet_read(ref->fd, "config_snapshot/work_item.yaml", FILE_MOST, &bytes, err) < 0 ||
            work_item_parse(bytes.data, bytes.len, "work_item.yaml", &item, err) < 0)
                return -1;
        item.approval.after = APPROVAL_AFTER_PERSON;
        text = work_item_canonical(&item);
        strv_add_printf(argv, "%s/item.yaml", scratch->path);
        return fs_write_at(scratch->fd, "item.yaml", text, strlen(text), 0600, err);
}

/* A policy that was given with --policy is given again; any other is found as it was then, in the base. */
static int write_policy(const struct packet_ref *ref, const struct scratch *scratch, struct strv *argv, struct err *err)
{
        _cleanup_str_ struct str text = {0}, bytes = {0};
        _cleanup_json_ json_t *origins = NULL;

        if (packet_read(ref->fd, "config_snapshot/origins.json", FILE_MOST, &text, err) < 0 ||
            !(origins = json_parse(str_text(&text), text.len, "origins.json", err)))
                return -1;
        if (strncmp(json_text_of(origins, "policy.yaml"), "--policy", 8) != 0)
                return 0;
        strv_add(argv, "--policy");
        strv_add_printf(argv, "%s/policy.yaml", scratch->path);
        if (packet_read(ref->fd, "config_snapshot/policy.yaml", FILE_MOST, &bytes, err) < 0)
                return -1;
        return fs_write_at(scratch->fd, "policy.yaml", str_text(&bytes), bytes.len, 0600, err);
}

static int compose(const struct replay_subject *subject, const struct packet_ref *ref, const struct scratch *scratch,
                   const struct replay_rerun *how, struct strv *argv, struct err *err)
{
        _cleanup_fd_ int bundle = fs_open_beneath(ref->fd, "config_snapshot/bundle", O_RDONLY | O_DIRECTORY, 0);

        strv_add(argv, "cupel");
        strv_add(argv, "run");
        if (write_item(ref, scratch, argv, err) < 0 || write_policy(ref, scratch, argv, err) < 0)
                return -1;
        strv_add(argv, "--json");
        if (how->quiet)
                strv_add(argv, "--quiet");
        if (how->arm)
                strv_add(argv, "--arm");
        strv_add(argv, "--mood");
        strv_add(argv, json_text_of(subject->report, "mood"));
        strv_add(argv, "--base");
        strv_add(argv, json_text_of(subject->report, "base"));
        if (bundle >= 0) {
                strv_add(argv, "--bundle");
                strv_add_printf(argv, "/proc/%d/fd/%d", (int)getpid(), bundle);
        }
        return 0;
}

/* ---- Running it ---- */

/* What it says goes to `said`; its progress is the caller's. */
static int call(const struct strv *argv, int said, struct err *err)
{
        _cleanup_free_ char *program = sibling_path("cupel", err);
        _cleanup_fd_ int out = -1;
        int status = 0, got;
        pid_t pid;

        if (!program)
                return -1;
        fflush(stdout);
        out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
        if (out < 0 || dup2(said, STDOUT_FILENO) < 0)
                return err_errno(err, "redirect what the run says");
        signal(SIGINT, SIG_IGN); /* it reaches the run, which ends and says so */
        got = spawn_at_terminal(program, argv->items, environ, NULL, 0, &pid, err);
        dup2(out, STDOUT_FILENO);
        if (got < 0)
                return -1;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                continue;
        signal(SIGINT, SIG_DFL);
        return WIFEXITED(status) ? WEXITSTATUS(status) : outcome_exit_status(OUTCOME_INTERRUPTED);
}

static int read_last_line(int said, struct json_t **ret, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        const char *line;

        if (lseek(said, 0, SEEK_SET) < 0 || fs_read_fd(said, SAID_MOST, &text, err) < 0)
                return -1;
        while (text.len && text.data[text.len - 1] == '\n')
                text.data[--text.len] = '\0';
        line = text.len ? strrchr(text.data, '\n') : NULL;
        line = line ? line + 1 : str_text(&text);
        *ret = json_parse(line, strlen(line), "what the run said", err);
        return *ret ? 0 : -1;
}

static int reject(const char *run, const char *of, struct err *err)
{
        _cleanup_strv_ struct strv argv = {0};
        _cleanup_fd_ int said = memfd_create("said", MFD_CLOEXEC);

        strv_add(&argv, "cupel");
        strv_add(&argv, "reject");
        strv_add(&argv, run);
        strv_add(&argv, "--reason");
        strv_add_printf(&argv, "a rerun of %s, which never lands", of);
        if (call(&argv, said, err) != 0)
                return err->code ? -1 : err_set(err, ERR_STORE, "the rerun %s is held, and could not be rejected", run);
        return 0;
}

/* Merged onto where the target is by now, a commit that is there leaves nothing: it did the same once more. */
static bool is_there_already(const struct replay_subject *subject, const struct json_t *result)
{
        const struct json_t *reason = json_array_get(json_object_get(result, "reasons"), 0);

        return subject->outcome == OUTCOME_COMMITTED && strcmp(json_text_of(result, "outcome"), "no_change") == 0 &&
               json_is_string(reason) && strstr(json_string_value(reason), "has all of its changes already");
}

int replay_rerun(const struct context *context, const struct replay_subject *subject, const struct packet_ref *ref,
                 const struct replay_rerun *how, struct json_t **ret, struct err *err)
{
        _cleanup_scratch_ struct scratch scratch = SCRATCH_INIT;
        _cleanup_fd_ int said = memfd_create("said", MFD_CLOEXEC);
        _cleanup_strv_ struct strv argv = {0};
        _cleanup_json_ json_t *result = NULL;
        const char *then = json_text_of(subject->report, "outcome"), *now;
        bool same;
        int status;

        if (!subject->own)
                return err_set(
                        err, ERR_INPUT,
                        "--rerun is for runs of this repository's log: an agent's command out of somebody else's "
                        "packet is not started unread; take its work item out, and `cupel run` that");
        if (scratch_make(context, &scratch, err) < 0 || compose(subject, ref, &scratch, how, &argv, err) < 0)
                return -1;
        status = call(&argv, said, err);
        if (status < 0)
                return -1;
        if (status == 2)
                return err_set(err, ERR_INPUT, "the work could not be started again (see above)");
        if (read_last_line(said, &result, err) < 0)
                return -1;
        now = json_text_of(result, "outcome");
        same = strcmp(now, then) == 0 || (strcmp(now, "held") == 0 && subject->accepted) ||
               is_there_already(subject, result);
        if (strcmp(now, "held") == 0 && reject(json_text_of(result, "run"), subject->run, err) < 0)
                return -1;
        *ret = json_pack("{s:s,s:s,s:s,s:b,s:O?}", "run", json_text_of(result, "run"), "then", then, "now", now, "same",
                         same, "reasons", json_object_get(result, "reasons"));
        return 0;
}
