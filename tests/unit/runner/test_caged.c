/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole runs: the built cupel-sandbox and cupel-runner, a real repository, and this test in the supervisor's place. The
 * programs lie beside the test program. Every run has a deadline (alarm), no step sleeps to wait.
 */
#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/spawn.h"
#include "policy/plan.h"
#include "sandbox/cage.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE 60 /* seconds */

static char root[] = "/tmp/cupel-caged-XXXXXX";
static char repo[64], gitdir[96], run_folder[96], layer[64], base[GIT_HEX];
static struct channel supervisor;
static pid_t cage = -1;

/* What the runner said. */
static json_t *records, *result;
static json_int_t dropped;
static const char *user_policy = "";
static struct str phases;

static void sh(const char *format, ...)
{
        _cleanup_free_ char *command = NULL;
        va_list arguments;

        va_start(arguments, format);
        cr_assert(vasprintf(&command, format, arguments) > 0);
        va_end(arguments);
        cr_assert(system(command) == 0, "%s", command);
}

static void line_of(const char *command, char *ret, size_t size)
{
        FILE *pipe = popen(command, "r");

        cr_assert(fgets(ret, (int)size, pipe) != NULL);
        pclose(pipe);
        ret[strcspn(ret, "\n")] = '\0';
}

static void setup(void)
{
        char command[128];

        alarm(DEADLINE);
        cr_assert(mkdtemp(root) != NULL);
        setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
        snprintf(repo, sizeof(repo), "%s/repo", root);
        snprintf(gitdir, sizeof(gitdir), "%s/.git", repo);
        snprintf(layer, sizeof(layer), "%s/layer", root);
        snprintf(run_folder, sizeof(run_folder), "%s/state/runs/item__1", root);
        sh("mkdir -p %s %s %s/config_snapshot %s/logs %s/quarantine %s/upper", repo, layer, run_folder, run_folder,
           run_folder, run_folder);
        sh("cd %s && git init -q -b main . && echo one >a.txt && echo '*.o' >.gitignore && git add -A && "
           "git -c user.name=t -c user.email=t@t commit -qm base && cp a.txt .gitignore %s/",
           repo, layer);
        snprintf(command, sizeof(command), "git -C %s rev-parse HEAD", repo);
        line_of(command, base, sizeof(base));
        records = json_array();
}

static void teardown(void)
{
        struct err err = ERR_INIT;

        channel_release(&supervisor);
        if (cage > 0)
                waitpid(cage, NULL, 0);
        json_decref(records);
        json_decref(result);
        str_release(&phases);
        fs_remove_tree_at(AT_FDCWD, root, &err);
}

static void write_plan(const char *yaml)
{
        struct plan_options options = {.mood = KEY_UNSET};
        _cleanup_policy_ struct policy user, effective;
        _cleanup_item_ struct work_item item;
        _cleanup_plan_ struct plan plan;
        _cleanup_free_ char *json = NULL, *path = xasprintf("%s/config_snapshot/plan.json", run_folder);
        struct err err = ERR_INIT;

        work_item_init(&item);
        policy_init(&user);
        cr_assert(work_item_parse(yaml, strlen(yaml), "item.yaml", &item, &err) == 0, "%s", err.message);
        cr_assert(work_item_check(&item, &err) == 0, "%s", err.message);
        cr_assert(policy_parse(user_policy, strlen(user_policy), "config.yaml", POLICY_FROM_USER, NULL, &user, &err) ==
                          0,
                  "%s", err.message);
        cr_assert(policy_merge(NULL, &user, NULL, &effective, &err) == 0, "%s", err.message);
        cr_assert(plan_compile(&item, &effective, &options, &plan, &err) == 0, "%s", err.message);
        json = plan_to_json(&plan);
        cr_assert(fs_write_at(AT_FDCWD, path, json, strlen(json), 0600, &err) == 0, "%s", err.message);
}

static void launch(void)
{
        _cleanup_cage_plan_ struct cage_plan plan = CAGE_PLAN_INIT;
        struct err err = ERR_INIT;
        _cleanup_free_ char *runner = sibling_path("cupel-runner", &err);
        char *argv[] = {runner, "--run-folder", run_folder, "--repository", gitdir, "--base", base, NULL};
        /* LeakSanitizer wants ptrace, which the cage refuses. */
        char *envp[] = {"PATH=/usr/bin:/bin", "HOME=/home/somebody", "ASAN_OPTIONS=detect_leaks=0", NULL};
        int pair[2];

        cr_assert(runner != NULL, "%s", err.message);
        cr_assert(channel_pair(pair, &err) == 0);
        plan.state_root = xasprintf("%s/state", root);
        plan.run_dir = xstrdup(run_folder);
        strv_add_printf(&plan.write, "%s/logs", run_folder);
        strv_add_printf(&plan.write, "%s/quarantine", run_folder);
        strv_add_printf(&plan.write, "%s/upper", run_folder);
        strv_add(&plan.read, repo);
        strv_add(&plan.read, layer);
        cr_assert(cage_spawn(&(struct cage_start){&plan, argv, envp, pair[1], -1, 0, NULL}, &cage, &err) == 0, "%s",
                  err.message);
        close(pair[1]);
        channel_init(&supervisor, pair[0]);
}

static void tell(json_t *message)
{
        struct err err = ERR_INIT;

        cr_assert(channel_send(&supervisor, message, NULL, 0, &err) == 0, "%s", err.message);
        json_decref(message);
}

static void start(const char *yaml)
{
        _cleanup_free_ char *objects = xasprintf("%s/objects", gitdir);

        write_plan(yaml);
        launch();
        tell(json_pack("{s:s, s:[s], s:[s]}", "op", "start", "lowers", layer, "objects", objects));
}

/* Takes one message apart; false when it was the result. */
static bool hear(void)
{
        _cleanup_json_ json_t *message = NULL;
        struct err err = ERR_INIT;
        const char *event;

        cr_assert(channel_recv(&supervisor, &message, &err) == 1, "the runner went without a result: %s", err.message);
        event = json_string_value(json_object_get(message, "event"));
        if (strcmp(event, "phase") == 0)
                str_printf(&phases, "%s ", json_string_value(json_object_get(message, "to")));
        if (strcmp(event, "record") == 0) {
                enum event_actor actor;

                cr_assert(event_actor_from_name(json_string_value(json_object_get(message, "actor")), &actor) == 0);
                cr_assert(event_validate(event_type_find(json_string_value(json_object_get(message, "type"))), actor,
                                         json_object_get(message, "data"), &err) == 0,
                          "%s", err.message);
                json_array_append(records, message);
        }
        if (strcmp(event, "dropped") == 0)
                dropped = json_integer_value(json_object_get(message, "count"));
        if (strcmp(event, "result") == 0)
                result = json_incref(message);
        return result == NULL;
}

static void hear_phase(const char *phase)
{
        while (!strstr(str_text(&phases), phase) && hear())
                ;
        cr_assert(result == NULL, "ended before %s", phase);
}

static void expect(const char *outcome)
{
        _cleanup_free_ char *text = NULL;

        while (!result && hear())
                ;
        text = json_dumps(result, JSON_COMPACT);
        cr_assert(strcmp(json_string_value(json_object_get(result, "outcome")), outcome) == 0, "%s: %s", outcome, text);
}

static void expect_reason(const char *part)
{
        _cleanup_free_ char *text = json_dumps(json_object_get(result, "reasons"), JSON_COMPACT);

        cr_assert(strstr(text, part) != NULL, "no %s in %s", part, text);
}

static json_t *record(const char *type)
{
        size_t i;
        json_t *one;

        json_array_foreach(records, i, one)
        {
                if (strcmp(json_string_value(json_object_get(one, "type")), type) == 0)
                        return json_object_get(one, "data");
        }
        return NULL;
}

#define ITEM(command, more)                                                                                            \
        "title: t\nagent: {command: [sh, -c, '" command "']}\nverify: [{name: unit, run: \"grep -q two "               \
        "a.txt\"}]\n" more
#define NOTE                                                                                                           \
        "perl -MIO::Socket::UNIX -e \"\\$s = IO::Socket::UNIX->new(\\$ENV{CUPEL_NOTES}) or die; print \\$s "           \
        "q({\\\"type\\\":\\\"note.observation\\\",\\\"data\\\":{\\\"text\\\":\\\"seen\\\"}}), qq(\\n); "               \
        "\\$s->flush; \\$r = <\\$s>; print \\$r;\""

Test(caged, a_change_that_verifies_becomes_a_request, .init = setup, .fini = teardown)
{
        char tree[GIT_HEX], command[256];
        json_t *request;

        start(ITEM("echo two >a.txt; echo new >b.txt; echo junk >c.o; rm -f .gitignore.bak", ""));
        expect("verify");
        snprintf(command, sizeof(command),
                 "cd %s && echo two >a.txt && echo new >b.txt && git add -A && git write-tree", repo);
        line_of(command, tree, sizeof(tree));
        request = record("note.request.verify");
        cr_assert(strcmp(json_string_value(json_object_get(request, "tree")), tree) == 0);
        cr_assert(strcmp(str_text(&phases), "running frozen self_verifying ") == 0, "%s", str_text(&phases));
        cr_assert(strcmp(json_string_value(json_object_get(record("receipt.verifier"), "result")), "PASS") == 0);
        cr_assert(record("receipt.patch") && record("receipt.policy.decision") && record("receipt.verifier.results"));
}

Test(caged, a_command_that_fails_names_its_status_and_last_words, .init = setup, .fini = teardown)
{
        start(ITEM("echo two >a.txt; echo last words; exit 3", ""));
        expect("work_failed");
        expect_reason("exited with status 3");
        expect_reason("last words");
        cr_assert(record("receipt.patch") != NULL, "the patch of failed work is kept");
        cr_assert(record("note.request.verify") == NULL);
}

Test(caged, no_change_is_no_success, .init = setup, .fini = teardown)
{
        start(ITEM("echo one >a.txt; echo junk >c.o", ""));
        expect("no_change");
        expect_reason("changed nothing");
}

Test(caged, the_wall_budget_ends_it, .init = setup, .fini = teardown)
{
        start(ITEM("while :; do :; done", "budget: {wall: 1s}\n"));
        expect("budget_exceeded");
        expect_reason("budget.wall");
        cr_assert(record("receipt.timeout") != NULL);
}

Test(caged, the_output_budget_ends_it, .init = setup, .fini = teardown)
{
        _cleanup_free_ char *log = xasprintf("%s/logs/agent.log", run_folder);
        struct stat st;

        start(ITEM("echo first words; yes", "budget: {output: 1M}\n"));
        expect("budget_exceeded");
        expect_reason("budget.output");
        cr_assert_eq(stat(log, &st), 0, "%s: %m", log);
        cr_assert_leq(st.st_size, (1 << 20) + 4096, "%lld bytes", (long long)st.st_size);
}

Test(caged, the_disk_budget_ends_it, .init = setup, .fini = teardown)
{
        start(ITEM("head -c 50M /dev/zero >big || exit 1", "budget: {disk: 8M}\n"));
        expect("budget_exceeded");
        expect_reason("budget.disk");
}

Test(caged, the_memory_budget_ends_it, .init = setup, .fini = teardown)
{
        start(ITEM("perl -e \"my @x; push @x, q(a) x 1000000 while 1\"", "budget: {memory: 64M}\n"));
        expect("budget_exceeded");
        expect_reason("budget.memory");
}

Test(caged, the_processor_budget_ends_it, .init = setup, .fini = teardown)
{
        start(ITEM("while :; do :; done", "budget: {cpu: 1s}\n"));
        expect("budget_exceeded");
        expect_reason("budget.cpu");
}

Test(caged, a_verifier_that_fails_ends_it_with_its_output, .init = setup, .fini = teardown)
{
        start("title: t\nagent: {command: [sh, -c, 'echo two >a.txt']}\n"
              "verify: [{name: unit, run: 'echo expected three; exit 1'}, {name: zzz, run: 'true'}]\n");
        expect("self_verification_failed");
        expect_reason("the verifier unit exited with status 1 (FAIL)");
        expect_reason("expected three");
        cr_assert(json_array_size(json_object_get(record("receipt.verifier.results"), "results")) == 2);
        cr_assert(record("note.request.verify") == NULL);
}

Test(caged, a_verifier_that_takes_too_long_is_inconclusive, .init = setup, .fini = teardown)
{
        start("title: t\nagent: {command: [sh, -c, 'echo two >a.txt']}\n"
              "verify: [{name: unit, run: 'while :; do :; done', timeout: 300ms}]\n");
        expect("self_verification_failed");
        expect_reason("within its timeout of 300 ms (INCONCLUSIVE)");
}

Test(caged, what_a_verifier_writes_is_not_in_the_candidate, .init = setup, .fini = teardown)
{
        char tree[GIT_HEX], command[256];

        start("title: t\nagent: {command: [sh, -c, 'echo two >a.txt']}\n"
              "verify: [{name: unit, run: 'echo three >a.txt; rm .gitignore'}, {name: zzz, run: 'grep two a.txt'}]\n");
        expect("verify");
        snprintf(command, sizeof(command), "cd %s && echo two >a.txt && git add -A && git write-tree", repo);
        line_of(command, tree, sizeof(tree));
        cr_assert(strcmp(json_string_value(json_object_get(record("note.request.verify"), "tree")), tree) == 0);
}

Test(caged, a_denied_path_is_named, .init = setup, .fini = teardown)
{
        start(ITEM("echo two >a.txt; mkdir deploy; echo x >deploy/run", "paths: {deny: [deploy/]}\n"));
        expect("self_verification_failed");
        expect_reason("deploy/run");
        cr_assert(record("receipt.verifier") == NULL);
}

Test(caged, what_the_read_back_refuses_is_named, .init = setup, .fini = teardown)
{
        start(ITEM("echo two >a.txt; mkfifo pipe", ""));
        expect("self_verification_failed");
        expect_reason("pipe");
}

Test(caged, a_curious_run_with_a_note_is_observed, .init = setup, .fini = teardown)
{
        start("title: t\nmood: curious\nagent: {command: [sh, -c, '" NOTE " && ! touch x'] }\n");
        expect("observed");
        cr_assert(record("note.observation") != NULL);
}

Test(caged, no_note_of_a_flood_is_lost_without_being_counted, .init = setup, .fini = teardown)
{
        size_t i, notes = 0;
        json_t *one;

        start("title: t\nmood: curious\nbudget: {notes: 1000000}\nagent: {command: [perl, -MIO::Socket::UNIX, -e, "
              "'$s = IO::Socket::UNIX->new($ENV{CUPEL_NOTES}) or die; print $s "
              "q({\"type\":\"note.observation\",\"data\":{\"text\":\"seen\"}}), qq(\\n) for 1..50000']}\n");
        expect("observed");
        cr_assert(record("receipt.limits") != NULL);
        json_array_foreach(records, i, one)
        {
                notes += strcmp(json_string_value(json_object_get(one, "type")), "note.observation") == 0;
        }
        cr_assert(notes + (size_t)dropped == 50000);
        cr_assert(json_array_size(records) > 10000);
}

Test(caged, garbage_costs_the_notes_and_nothing_else, .init = setup, .fini = teardown)
{
        start("title: t\nbudget: {notes: 100}\nverify: [{name: unit, run: grep -q two a.txt}]\n"
              "agent: {command: [perl, -MIO::Socket::UNIX, -e, "
              "'$s = IO::Socket::UNIX->new($ENV{CUPEL_NOTES}) or die; local $SIG{PIPE} = q(IGNORE); "
              "print $s qq(garbage\\n) x 1000 for 1..1000; print $s qq(x) x 1000000 for 1..100; "
              "open($f, q(>), q(a.txt)); print $f qq(two\\n)']}\n");
        expect("verify");
        cr_assert(dropped > 10000);
}

Test(caged, a_curious_run_without_a_note_is_not, .init = setup, .fini = teardown)
{
        start("title: t\nmood: curious\nagent: {command: [sh, -c, 'true']}\n");
        expect("self_verification_failed");
        expect_reason("note");
}

Test(caged, a_stop_cancels_in_the_middle_of_the_work, .init = setup, .fini = teardown)
{
        start(ITEM("while :; do :; done", ""));
        hear_phase("running");
        tell(json_pack("{s:s}", "op", "stop"));
        expect("cancelled");
}

Test(caged, a_stop_before_the_start_cancels_too, .init = setup, .fini = teardown)
{
        write_plan(ITEM("true", ""));
        launch();
        tell(json_pack("{s:s}", "op", "stop"));
        expect("cancelled");
}

Test(caged, a_supervisor_that_goes_takes_everything_along, .init = setup, .fini = teardown)
{
        int status;

        start(ITEM("while :; do :; done", ""));
        hear_phase("running");
        channel_release(&supervisor);
        supervisor = (struct channel){.fd = -1};
        cr_assert(waitpid(cage, &status, 0) == cage);
        cage = -1;
}

Test(caged, a_carried_folder_is_there_and_leaves_the_run_alone, .init = setup, .fini = teardown)
{
        user_policy = "sandbox: {carry: [deps]}\n";
        sh("mkdir %s/deps && echo lib >%s/deps/lib", repo, repo);
        start(ITEM("grep -q lib deps/lib && echo x >deps/x; echo two >a.txt", ""));
        expect("verify");
        sh("test ! -e %s/deps/x", repo);
}

Test(caged, a_carried_folder_that_changes_meanwhile_makes_it_inconclusive, .init = setup, .fini = teardown)
{
        user_policy = "sandbox: {carry: [deps]}\n";
        sh("mkdir %s/deps && echo lib >%s/deps/lib", repo, repo);
        start("title: t\nagent: {command: [sh, -c, 'echo two >a.txt']}\n"
              "verify: [{name: unit, run: 'while :; do :; done', timeout: 1s}]\n");
        hear_phase("self_verifying"); /* the first digest was taken */
        sh("echo other >%s/deps/lib", repo);
        expect("self_verification_failed");
        expect_reason("carried folder");
}

Test(caged, an_unknown_order_is_an_error_with_a_result, .init = setup, .fini = teardown)
{
        write_plan(ITEM("true", ""));
        launch();
        tell(json_pack("{s:s}", "op", "commit"));
        expect("internal_error");
}
