/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The director as a process, with this program in the supervisor's place: a real repository, a real store, a candidate
 * written by git into the quarantine, and git as the judge of what was landed. Skipped where cupel-director and
 * cupel-sandbox are not built beside this program.
 */
#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"
#include "lib/base/snapshot.h"
#include "lib/base/spawn.h"
#include "lib/git/repo.h"
#include "lib/store/store.h"
#include "policy/plan.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUN "item-1__2026-01-01-00-00-00-abcdef"
#define WAIT_MS 30000

extern char **environ;

static struct {
        char folder[64];
        char *state, *cache, *git, *run;
        char base[GIT_HEX], snapshot[HASH_HEX];
        struct repo *repo;
        struct store *store;
        struct channel channel;
        pid_t pid;
        struct json_t *done;
        const char *race;  /* NULL: it competes with nobody */
        const char *claim; /* what the runner says of the verifier; NULL: PASS */
} t;

static struct err err;

/* The trimmed output of a shell command that must succeed. */
static char *sh(const char *format, ...)
{
        _cleanup_free_ char *command = NULL;
        _cleanup_str_ struct str text = {0};
        va_list args;
        FILE *pipe;

        va_start(args, format);
        cr_assert(vasprintf(&command, format, args) > 0);
        va_end(args);
        pipe = popen(command, "r");
        cr_assert_eq(fs_read_fd(fileno(pipe), 1 << 20, &text, &err), 0, "%s", err.message);
        cr_assert_eq(pclose(pipe), 0, "%s", command);
        while (text.len && text.data[text.len - 1] == '\n')
                text.data[--text.len] = '\0';
        return str_steal(&text);
}

#define SH(...) free(sh(__VA_ARGS__))

static void make_repository(void)
{
        _cleanup_free_ char *base = NULL;

        snprintf(t.folder, sizeof(t.folder), "/tmp/cupel-flow-XXXXXX");
        cr_assert_not_null(mkdtemp(t.folder));
        setenv("HOME", t.folder, 1);
        t.git = xasprintf("%s/repo/.git", t.folder);
        t.state = xasprintf("%s/state", t.folder);
        t.cache = xasprintf("%s/cache", t.folder);
        SH("cd %s && git init -q -b main repo && cd repo && git config user.name T && git config user.email t@t && "
           "echo one >file && printf 'secret\\n' >.gitignore && git add . && git commit -q -m base",
           t.folder);
        base = sh("git -C %s/repo rev-parse HEAD", t.folder);
        snprintf(t.base, sizeof(t.base), "%s", base);
}

static void make_plan(const char *item_text, const char *policy_text)
{
        _cleanup_item_ struct work_item item;
        _cleanup_policy_ struct policy user, own, effective;
        _cleanup_plan_ struct plan plan;
        const struct plan_options options = {.mood = KEY_UNSET};
        _cleanup_free_ char *json = NULL;
        _cleanup_fd_ int fd = -1;

        work_item_init(&item);
        policy_init(&user);
        policy_init(&own);
        cr_assert_eq(work_item_parse(item_text, strlen(item_text), "item.yaml", &item, &err), 0, "%s", err.message);
        cr_assert_eq(
                policy_parse(policy_text, strlen(policy_text), "policy.yaml", POLICY_FROM_OPTION, NULL, &own, &err), 0,
                "%s", err.message);
        cr_assert_eq(policy_merge(NULL, &user, &own, &effective, &err), 0, "%s", err.message);
        cr_assert_eq(plan_compile(&item, &effective, &options, &plan, &err), 0, "%s", err.message);
        json = plan_to_json(&plan);
        SH("mkdir -p %s/config_snapshot %s/logs %s/quarantine/info %s/quarantine/pack %s/upper", t.run, t.run, t.run,
           t.run, t.run);
        fd = open(t.run, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        cr_assert_eq(fs_write_at(fd, "config_snapshot/plan.json", json, strlen(json), 0600, &err), 0, "%s",
                     err.message);
        close(fd);
        {
                _cleanup_free_ char *path = xasprintf("%s/config_snapshot", t.run);
                _cleanup_fd_ int snapshot = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

                cr_assert_eq(snapshot_digest(snapshot, t.snapshot, &err), 0, "%s", err.message);
        }
}

static void move(enum phase to)
{
        const struct store_move move = {
                .run = RUN, .to = to, .outcome = STORE_OUTCOME_NONE, .actor = EVENT_ACTOR_SYSTEM};

        cr_assert_eq(store_run_move(t.store, &move, &err), 0, "%s", err.message);
}

static void make_run(const char *item, const char *policy)
{
        _cleanup_free_ char *repo_folder = NULL, *db = NULL;
        struct store_run_spec spec = {.id = RUN,
                                      .item = "item-1",
                                      .item_sha256 = t.snapshot,
                                      .title = "Title",
                                      .mood = "calm",
                                      .base = t.base,
                                      .target_ref = "refs/heads/main",
                                      .snapshot_sha256 = t.snapshot,
                                      .identity = "sha256:0000",
                                      .owner_pid = getpid(),
                                      .owner_start = 1,
                                      .race = t.race,
                                      .agent = t.race ? "ada" : NULL};

        make_repository();
        cr_assert_eq(git_start(&err), 0, "%s", err.message);
        cr_assert_eq(repo_open(t.git, &t.repo, &err), 0, "%s", err.message);
        repo_folder = xasprintf("%s/repos/%s", t.state, repo_identity(t.repo));
        t.run = xasprintf("%s/runs/%s", repo_folder, RUN);
        SH("mkdir -p %s %s", t.run, t.cache);
        make_plan(item, policy);
        db = xasprintf("%s/store.db", repo_folder);
        cr_assert_eq(store_open(db, repo_identity(t.repo), STORE_CREATE, &t.store, &err), 0, "%s", err.message);
        cr_assert_eq(store_run_create(t.store, &spec, &err), 0, "%s", err.message);
}

static void setup_program(void)
{
        struct err missing = ERR_INIT;
        _cleanup_free_ char *director = sibling_path("cupel-director", &missing),
                            *sandbox = sibling_path("cupel-sandbox", &missing);

        if (!director || !sandbox)
                cr_assert(false, "cupel-director and cupel-sandbox are not built beside this program");
}

static void start_with(const char *mode, const char *option, const char *value)
{
        _cleanup_free_ char *program = sibling_path("cupel-director", &err);
        char *argv[] = {program,      (char *)mode,   "--state",      t.state,       "--cache",
                        t.cache,      "--repository", t.git,          "--run",       RUN,
                        "--snapshot", t.snapshot,     (char *)option, (char *)value, NULL};
        int pair[2];

        cr_assert_eq(channel_pair(pair, &err), 0);
        cr_assert_eq(spawn(program, argv, environ, &pair[1], 1, &t.pid, &err), 0, "%s", err.message);
        close(pair[1]);
        cr_assert_eq(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
        channel_init(&t.channel, pair[0]);
}

static void start(const char *mode, const char *outcome)
{
        start_with(mode, outcome ? "--outcome" : NULL, outcome);
}

/* The next message with that event; everything else on the way is fine, but an end of the stream is not. */
static struct json_t *hear(const char *event)
{
        for (;;) {
                struct pollfd ready = {.fd = t.channel.fd, .events = POLLIN};
                struct json_t *message = NULL;
                const char *name;
                int got;

                while ((got = channel_recv(&t.channel, &message, &err)) == CHANNEL_AGAIN)
                        cr_assert_eq(poll(&ready, 1, WAIT_MS), 1, "no %s in time", event);
                cr_assert_eq(got, 1, "the director ended before \"%s\"", event);
                name = json_string_value(json_object_get(message, "event"));
                if (strcmp(name, event) == 0)
                        return message;
                cr_assert_str_neq(name, "error", "%s", json_string_value(json_object_get(message, "message")));
                json_decref(message);
        }
}

static void send_op(const char *op)
{
        _cleanup_json_ struct json_t *message = json_pack("{s:s}", "op", op);

        cr_assert_eq(channel_send(&t.channel, message, NULL, 0, &err), 0, "%s", err.message);
}

static const char *outcome(void)
{
        json_decref(t.done);
        t.done = hear("done");
        waitpid(t.pid, NULL, 0);
        channel_release(&t.channel);
        return json_string_value(json_object_get(t.done, "outcome"));
}

/* For messages of failed tests. */
static const char *shown(void)
{
        static char *text;

        free(text);
        text = json_dumps(t.done, 0);
        return text;
}

static bool told(const char *part)
{
        _cleanup_free_ char *reasons = json_dumps(json_object_get(t.done, "reasons"), 0);

        return strstr(reasons, part) != NULL;
}

static void await_candidate(void)
{
        json_decref(hear("ready"));
        move(PHASE_PREPARING);
        move(PHASE_RUNNING);
        move(PHASE_FROZEN);
        move(PHASE_SELF_VERIFYING);
}

/* The tree of base plus what `script` makes of a checkout, its new objects in the quarantine alone. */
static void propose(const char *script)
{
        _cleanup_free_ char *tree = sh("cd %s && rm -rf co && mkdir co && cd co && export GIT_DIR=%s "
                                       "GIT_WORK_TREE=$PWD GIT_INDEX_FILE=%s/index "
                                       "GIT_OBJECT_DIRECTORY=%s/quarantine GIT_ALTERNATE_OBJECT_DIRECTORIES=%s/objects "
                                       "&& git read-tree main && "
                                       "git checkout-index -a && (%s) && git add -A && git write-tree",
                                       t.folder, t.git, t.folder, t.run, t.git, script);
        _cleanup_json_ struct json_t *data = json_pack("{s:s, s:[{s:s, s:s}]}", "tree", tree, "results", "name", "unit",
                                                       "result", t.claim ? t.claim : "PASS");
        const struct store_event event = {
                .run = RUN, .type = "note.request.verify", .actor = EVENT_ACTOR_RUNNER, .data = data};

        cr_assert_eq(store_event_append(t.store, &event, NULL, &err), 0, "%s", err.message);
        move(PHASE_AWAITING_DIRECTOR);
}

static void teardown(void)
{
        json_decref(t.done);
        store_close(t.store);
        repo_free(t.repo);
        free(t.state);
        free(t.cache);
        free(t.git);
        free(t.run);
        if (t.folder[0])
                SH("chmod -R u+rwX %s && rm -rf %s", t.folder, t.folder);
}

#define ITEM "title: Title\nagent: {command: [sh]}\n"
#define POLICY(run) "verifiers: {unit: {run: \"" run "\", timeout: 20s, gate: both}}\n"

static void verify(const char *script)
{
        start("run", NULL);
        await_candidate();
        propose(script);
        send_op("verify");
}

static void is_unchanged(void)
{
        _cleanup_free_ char *head = sh("git -C %s/repo rev-parse main", t.folder);
        _cleanup_free_ char *status = sh("git -C %s/repo status --porcelain", t.folder);

        cr_assert_str_eq(head, t.base);
        cr_assert_str_eq(status, "");
        SH("cd %s/repo && git fsck --strict --no-dangling 2>&1 && test ! -e %s/quarantine", t.folder, t.run);
}

TestSuite(flow, .init = setup_program, .fini = teardown, .timeout = 120);

Test(flow, a_verified_candidate_becomes_one_signed_commit)
{
        make_run(ITEM, POLICY("grep -q two file && test ! -e secret"));
        verify("echo two >file; mkdir d; echo new >d/n");
        cr_assert_str_eq(outcome(), "committed", "%s", shown());
        SH("cd %s/repo && test $(git rev-parse main~1) = %s && test \"$(cat file)\" = two && test \"$(cat d/n)\" = new "
           "&& "
           "test -z \"$(git status --porcelain)\" && git fsck --strict --no-dangling && "
           "git log -1 --format=%%B | grep -q '^Cupel-Run: %s' && "
           "git -c gpg.ssh.allowedSignersFile=%s/keys/allowed_signers verify-commit main 2>&1 && "
           "cd %s/evidence && sha256sum -c --quiet SHA256SUMS && git -C %s/repo apply --check -R $PWD/patch.diff && "
           "test ! -e %s/quarantine && test ! -e %s/head && test ! -e %s/room",
           t.folder, t.base, RUN, t.state, t.run, t.folder, t.run, t.run, t.run);
}

Test(flow, one_that_was_started_ahead_waits_for_its_run)
{
        make_run(ITEM, POLICY("grep -q two file"));
        start_with("run", "--ahead", "yes");
        send_op("begin");
        await_candidate();
        propose("echo two >file");
        send_op("verify");
        cr_assert_str_eq(outcome(), "committed", "%s", shown());
}

Test(flow, one_that_was_started_ahead_and_given_up_does_nothing)
{
        struct store_run row = {0};

        make_run(ITEM, POLICY("grep -q two file"));
        start_with("run", "--ahead", "yes");
        channel_release(&t.channel);
        waitpid(t.pid, NULL, 0);
        cr_assert_eq(store_run_get(t.store, RUN, &row, &err), 0);
        cr_assert_eq(row.phase, PHASE_CREATED, "%s", phase_name(row.phase));
        store_run_release(&row);
        SH("test ! -e %s/head && test ! -e %s/evidence/report.json && test -d %s/quarantine", t.run, t.run, t.run);
}

Test(flow, what_the_clean_room_refuses_leaves_nothing)
{
        make_run(ITEM, POLICY("test -e secret"));
        verify("echo two >file; echo x >secret");
        cr_assert_str_eq(outcome(), "director_refused");
        cr_assert(told("ignored or untracked file"));
        is_unchanged();
}

Test(flow, a_verifier_that_edits_sources_changes_nothing_of_the_commit)
{
        make_run(ITEM, POLICY("echo spoiled >file; git add -A; git commit -q -m x; true"));
        verify("echo two >file");
        cr_assert_str_eq(outcome(), "committed", "%s", shown());
        SH("test \"$(git -C %s/repo show main:file)\" = two", t.folder);
}

Test(flow, git_in_the_clean_room_sees_the_change_and_its_objects)
{
        make_run(ITEM,
                 POLICY("test \\\"$(git status --porcelain)\\\" = 'M  file' && git diff --cached | grep -q +two"));
        verify("echo two >file");
        cr_assert_str_eq(outcome(), "committed", "%s", shown());
}

Test(flow, what_failed_on_the_base_already_is_named_and_does_not_block)
{
        make_run(ITEM, "verifiers: {unit: {run: \"false\", timeout: 20s, gate: both, baseline: true}}\n");
        t.claim = "PRE_EXISTING";
        verify("echo two >file");
        cr_assert_str_eq(outcome(), "committed", "%s", shown());
        SH("grep -q PRE_EXISTING %s/evidence/report.md", t.run);
}

Test(flow, a_verifier_that_takes_too_long_is_inconclusive)
{
        make_run(ITEM, "verifiers: {unit: {run: \"sleep 60\", timeout: 1s, gate: both}}\n");
        verify("echo two >file");
        cr_assert_str_eq(outcome(), "director_refused");
        cr_assert(told("INCONCLUSIVE"));
        is_unchanged();
}

static void move_target_meanwhile(const char *script)
{
        make_run(ITEM, POLICY("true"));
        start("run", NULL);
        await_candidate();
        propose("echo two >file");
        SH("cd %s/repo && %s && git commit -q --allow-empty -m other", t.folder, script);
        send_op("verify");
}

Test(flow, a_target_that_moved_is_landed_on)
{
        move_target_meanwhile("echo other >other && git add other");
        cr_assert_str_eq(outcome(), "committed", "%s", shown());
        SH("test $(git -C %s/repo rev-parse main~2) = %s", t.folder, t.base);
        SH("cd %s/repo && test \"$(git show main:file main:other | tr '\\n' ' ')\" = 'two other '", t.folder);
}

Test(flow, a_target_that_moved_in_the_same_lines_is_a_base_conflict)
{
        move_target_meanwhile("echo mine >file && git add file");
        cr_assert_str_eq(outcome(), "base_conflict");
        SH("test $(git -C %s/repo rev-parse main~1) = %s", t.folder, t.base);
}

Test(flow, a_denied_path_is_refused_whatever_the_runner_says)
{
        make_run(ITEM "paths: {deny: [file]}\n", POLICY("true"));
        verify("echo two >file");
        cr_assert_str_eq(outcome(), "director_refused", "%s", shown());
        is_unchanged();
}

Test(flow, an_object_that_lies_about_its_name_is_refused)
{
        make_run(ITEM, POLICY("true"));
        start("run", NULL);
        await_candidate();
        propose("echo two >file");
        SH("cd %s/quarantine && f=$(find . -type f -path './[0-9a-f]*' | head -1) && chmod u+w $f && "
           "printf 'blob 4\\0two!' | python3 -c 'import "
           "sys,zlib;sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read()))' >$f",
           t.run);
        send_op("verify");
        cr_assert_str_eq(outcome(), "director_refused", "%s", shown());
        is_unchanged();
}

Test(flow, a_snapshot_that_changed_is_refused)
{
        make_run(ITEM, POLICY("true"));
        start("run", NULL);
        await_candidate();
        propose("echo two >file");
        SH("echo x >%s/config_snapshot/extra", t.run);
        kill(t.pid, SIGKILL);
        waitpid(t.pid, NULL, 0);
        channel_release(&t.channel);
        start("run", NULL);
        json_decref(hear("ready"));
        send_op("verify");
        cr_assert_str_eq(outcome(), "director_refused");
        is_unchanged();
}

static void decide_approval(bool grant)
{
        _cleanup_store_approval_ struct store_approval approval = {0};

        cr_assert_eq(store_approval_get(t.store, RUN, STORE_APPROVAL_LANDING, &approval, &err), 0, "%s", err.message);
        cr_assert_eq(store_approval_decide(t.store, approval.id, grant, "ada", "fine", &err), 0, "%s", err.message);
}

Test(flow, a_held_run_lands_only_when_approved)
{
        make_run(ITEM "approval: {after: person}\n", POLICY("true"));
        verify("echo two >file");
        cr_assert_str_eq(outcome(), "held", "%s", shown());
        start("land", NULL);
        cr_assert_str_eq(outcome(), "held");
        decide_approval(true);
        start("land", NULL);
        cr_assert_str_eq(outcome(), "committed", "%s", shown());
        SH("cd %s/repo && test $(git rev-parse main~1) = %s && test \"$(git show main:file)\" = two", t.folder, t.base);
}

Test(flow, a_held_run_that_is_rejected_leaves_nothing)
{
        make_run(ITEM "approval: {after: person}\n", POLICY("true"));
        verify("echo two >file");
        cr_assert_str_eq(outcome(), "held", "%s", shown());
        start("discard", "rejected");
        cr_assert_str_eq(outcome(), "rejected");
        is_unchanged();
}

Test(flow, local_changes_hold_it_until_they_are_gone)
{
        make_run(ITEM, POLICY("true"));
        SH("echo mine >%s/repo/file", t.folder);
        verify("echo two >file");
        cr_assert_str_eq(outcome(), "held", "%s", shown());
        cr_assert(told("file"));
        SH("git -C %s/repo checkout -q file", t.folder);
        start("land", NULL);
        cr_assert_str_eq(outcome(), "committed", "%s", shown());
}

Test(flow, stop_cancels_and_a_dead_supervisor_interrupts)
{
        make_run(ITEM, POLICY("sleep 60"));
        verify("echo two >file");
        json_decref(hear("step"));
        send_op("stop");
        cr_assert_str_eq(outcome(), "cancelled");
        is_unchanged();
}

Test(flow, a_supervisor_that_dies_leaves_an_interrupted_run)
{
        _cleanup_store_run_ struct store_run row = {0};

        make_run(ITEM, POLICY("true"));
        start("run", NULL);
        await_candidate();
        channel_release(&t.channel);
        waitpid(t.pid, NULL, 0);
        cr_assert_eq(store_run_get(t.store, RUN, &row, &err), 0);
        cr_assert_eq(row.phase, PHASE_DISCARDED);
        cr_assert_eq(row.outcome, OUTCOME_INTERRUPTED);
}

Test(flow, a_director_that_was_killed_is_recovered_to_nothing)
{
        make_run(ITEM, POLICY("sleep 60"));
        verify("echo two >file");
        json_decref(hear("step"));
        kill(t.pid, SIGKILL);
        waitpid(t.pid, NULL, 0);
        channel_release(&t.channel);
        start("recover", NULL);
        cr_assert_str_eq(outcome(), "interrupted");
        is_unchanged();
        start("recover", NULL);
        cr_assert_str_eq(outcome(), "interrupted");
}

/* ---- Races ---- */

#define RIVAL "rival__2026-01-01-00-00-00-abcdef"

static int try_rival(enum phase to)
{
        const struct store_move move = {
                .run = RIVAL, .to = to, .outcome = OUTCOME_CANCELLED, .actor = EVENT_ACTOR_DIRECTOR};

        return store_run_move(t.store, &move, &err);
}

static void move_rival(enum phase to)
{
        cr_assert_eq(try_rival(to), 0, "%s", err.message);
}

/* Another run of the same race, verified and about to land. */
static void make_rival(void)
{
        static const enum phase way[] = {PHASE_PREPARING,      PHASE_RUNNING,           PHASE_FROZEN,
                                         PHASE_SELF_VERIFYING, PHASE_AWAITING_DIRECTOR, PHASE_DIRECTOR_VERIFYING};
        const struct store_run_spec spec = {.id = RIVAL,
                                            .item = "item-1",
                                            .item_sha256 = t.snapshot,
                                            .title = "Title",
                                            .mood = "calm",
                                            .base = t.base,
                                            .owner_pid = getpid(),
                                            .owner_start = 1,
                                            .race = t.race,
                                            .agent = "bob"};

        cr_assert_eq(store_run_create(t.store, &spec, &err), 0, "%s", err.message);
        for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++)
                move_rival(way[i]);
}

static void start_race(const char *item, const char *policy)
{
        t.race = "race-1";
        make_run(item, policy);
        make_rival();
}

Test(flow, who_verifies_while_another_wins_is_cancelled_and_says_who_won)
{
        start_race(ITEM, POLICY("sleep 1"));
        verify("echo two >file");
        json_decref(hear("step"));
        move_rival(PHASE_LANDING);
        move_rival(PHASE_COMMITTED);
        cr_assert_str_eq(outcome(), "cancelled", "%s", shown());
        cr_assert(told(RIVAL " of agent bob won"), "%s", shown());
        is_unchanged();
}

Test(flow, who_is_stopped_because_another_won_says_who)
{
        start_race(ITEM, POLICY("sleep 60"));
        verify("echo two >file");
        json_decref(hear("step"));
        move_rival(PHASE_HELD);
        send_op("stop");
        cr_assert_str_eq(outcome(), "cancelled", "%s", shown());
        cr_assert(told(RIVAL " of agent bob won"), "%s", shown());
        is_unchanged();
}

Test(flow, a_target_that_the_winner_moved_is_no_base_conflict)
{
        start_race(ITEM, POLICY("true"));
        start("run", NULL);
        await_candidate();
        propose("echo two >file");
        SH("cd %s/repo && git commit -q --allow-empty -m rival", t.folder);
        move_rival(PHASE_LANDING);
        move_rival(PHASE_COMMITTED);
        send_op("verify");
        cr_assert_str_eq(outcome(), "cancelled", "%s", shown());
        cr_assert(told("bob won"), "%s", shown());
}

Test(flow, while_one_is_held_no_person_is_asked_about_another)
{
        _cleanup_store_approval_ struct store_approval approval = {0};

        start_race(ITEM "approval: {after: person}\n", POLICY("sleep 1"));
        verify("echo two >file");
        json_decref(hear("step"));
        move_rival(PHASE_HELD);
        cr_assert_str_eq(outcome(), "cancelled", "%s", shown());
        cr_assert_eq(store_approval_get(t.store, RUN, STORE_APPROVAL_LANDING, &approval, &err), -1);
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        is_unchanged();
}

Test(flow, a_rival_that_failed_to_land_is_not_in_the_way)
{
        start_race(ITEM, POLICY("true"));
        move_rival(PHASE_LANDING);
        move_rival(PHASE_DISCARDED);
        verify("echo two >file");
        cr_assert_str_eq(outcome(), "committed", "%s", shown());
}

/* Until the director has the lock's file open: it asks for the lock, which another has. */
static void await_asker(void)
{
        SH("i=0; until readlink /proc/%d/fd/* 2>/dev/null | grep -q '/landing.lock$'; do i=$((i + 1)); "
           "test $i -lt 3000; sleep 0.01; done",
           (int)t.pid);
}

/* Until the director has the lock, for however short a look. */
static void await_holder(const char *path)
{
        const time_t deadline = time(NULL) + 30;
        struct stat st;
        char wanted[64], line[256];
        bool held = false;

        cr_assert_eq(stat(path, &st), 0);
        snprintf(wanted, sizeof(wanted), ":%llu ", (unsigned long long)st.st_ino);
        while (!held && time(NULL) < deadline) {
                FILE *locks = fopen("/proc/locks", "re");

                cr_assert_not_null(locks);
                while (!held && fgets(line, sizeof(line), locks)) {
                        int pid = 0;

                        held = strstr(line, wanted) && sscanf(line, "%*s FLOCK ADVISORY WRITE %d", &pid) == 1 &&
                               pid == t.pid;
                }
                fclose(locks);
        }
        cr_assert(held, "the director never had the lock");
}

/* The lock is taken, given to the director that waits for it, and taken again once that has looked and stood back. */
Test(flow, a_rival_that_died_at_its_landing_is_waited_for)
{
        _cleanup_free_ char *path = NULL;
        int fds[2];

        start_race(ITEM, POLICY("true"));
        path = xasprintf("%s/../../landing.lock", t.run);
        for (int i = 0; i < 2; i++)
                cr_assert_geq(fds[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), 0);
        cr_assert_eq(flock(fds[0], LOCK_EX), 0);
        verify("echo two >file");
        move_rival(PHASE_LANDING);
        await_asker();
        close(fds[0]);
        await_holder(path);
        cr_assert_eq(flock(fds[1], LOCK_EX), 0);
        move_rival(PHASE_DISCARDED);
        close(fds[1]);
        cr_assert_str_eq(outcome(), "committed", "%s", shown());
}

/* ---- Killed while it lands ---- */

static void await_phase(const char *wanted)
{
        for (;;) {
                _cleanup_json_ struct json_t *message = hear("phase");

                if (strcmp(json_string_value(json_object_get(message, "to")), wanted) == 0)
                        return;
        }
}

/* Wherever the kill falls between intent and receipt: one commit or none, and a repository that git finds sound. */
static void kill_while_landing(useconds_t after_us)
{
        _cleanup_free_ char *head = NULL;
        const char *end;

        start_race(ITEM, POLICY("true"));
        verify("echo two >file");
        await_phase("landing");
        usleep(after_us);
        kill(t.pid, SIGKILL);
        waitpid(t.pid, NULL, 0);
        channel_release(&t.channel);
        /* until somebody knows what became of it, and ever after where it is a commit, no rival lands */
        cr_assert_eq(try_rival(PHASE_LANDING), -1);
        cr_assert_eq(err.code, ERR_LOST, "%s", err.message);
        start("recover", NULL);
        end = outcome();
        if (strcmp(end, "interrupted") == 0) {
                is_unchanged();
                move_rival(PHASE_LANDING);
                return;
        }
        cr_assert_str_eq(end, "committed", "%s", shown());
        cr_assert_eq(try_rival(PHASE_LANDING), -1);
        cr_assert_eq(err.code, ERR_LOST, "%s", err.message);
        head = sh("git -C %s/repo rev-parse main", t.folder);
        cr_assert_str_eq(json_string_value(json_object_get(t.done, "commit")), head);
        SH("cd %s/repo && test $(git rev-parse main~1) = %s && test -z \"$(git status --porcelain)\" && "
           "git fsck --strict --no-dangling && test \"$(cat file)\" = two && ! ls .git/*.lock .git/refs/heads/*.lock "
           "2>/dev/null",
           t.folder, t.base);
}

#define KILL_AFTER(us)                                                                                                 \
        Test(flow, a_director_killed_##us##_us_into_landing_is_finished_or_undone)                                     \
        {                                                                                                              \
                kill_while_landing(us);                                                                                \
        }

KILL_AFTER(0)
KILL_AFTER(500)
KILL_AFTER(1000)
KILL_AFTER(2000)
KILL_AFTER(4000)
KILL_AFTER(8000)
KILL_AFTER(16000)
