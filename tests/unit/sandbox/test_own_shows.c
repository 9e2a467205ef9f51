/* SPDX-License-Identifier: Apache-2.0 */
/* What one step has for itself: files in its home, shows, links in /cupel/bin; later steps have none of it. */
#include "site.h"

#include "lib/base/json.h"
#include "sandbox/plan.h"

static struct bench bench;

static void setup(void)
{
        bench_make(&bench);
}

static void teardown(void)
{
        bench_end(&bench);
}

TestSuite(own_shows, .init = setup, .fini = teardown, .timeout = 60);

static struct sandbox_step step_with_home(const char *script)
{
        struct sandbox_step step = shell_step(SANDBOX_WORK, script);

        sandbox_home_add(&step.home, ".config/agent/settings.json", "{\"a\": 1}\n");
        sandbox_home_add(&step.home, ".config/agent/hook", "#!/bin/sh\necho hooked\n");
        sandbox_home_add(&step.home, ".agent.toml", "");
        return step;
}

static void check_home(enum sandbox_tier tier)
{
        struct sandbox_step step = step_with_home(
                "cat ~/.config/agent/settings.json && ~/.config/agent/hook && test ! -s ~/.agent.toml && "
                "stat -c %a ~/.config ~/.config/agent/settings.json ~/.config/agent/hook && "
                "test -O ~/.agent.toml && touch ~/.config/agent/other");

        bench_start(&bench, tier);
        run_step(&bench, &step);
        cr_assert_eq(bench.result.exit_code, 0, "%s%s", bench.log, bench.result.message);
        cr_assert_str_eq(bench.log, "{\"a\": 1}\nhooked\n700\n600\n700\n");
        cr_assert(bench.result.home_changed == 0 && bench.result.home_removed == 0);
        run_shell(&bench, SANDBOX_WORK, "test ! -e ~/.agent.toml && test ! -e ~/.config");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
}

Test(own_shows, home_files_are_there_with_their_modes)
{
        check_home(SANDBOX_TIER_A);
}

Test(own_shows, home_files_without_overlay)
{
        bench.plan.force_copy = true;
        check_home(SANDBOX_TIER_B);
}

/* Nothing that the step puts in their place is followed, or waited for. */
Test(own_shows, a_changed_and_a_removed_home_file_are_told)
{
        static const struct {
                const char *script;
                uint64_t changed, removed;
        } cases[] = {
                {"true", 0, 0},
                {"echo x >> ~/.config/agent/settings.json", 1, 0},
                {"printf '{\"a\": 2}\\n' > ~/.config/agent/settings.json", 1, 0},
                {"cp ~/.agent.toml x && mv x ~/.agent.toml", 0, 0},
                {"rm ~/.agent.toml", 0, 4},
                {"rm -r ~/.config", 0, 3},
                {"mv ~/.config ~/c && echo 1 > ~/.config", 0, 3},
                {"mv ~/.config ~/c && ln -s c ~/.config", 3, 0},
                {"rm ~/.agent.toml && ln -s /dev/zero ~/.agent.toml", 4, 0},
                {"rm ~/.agent.toml && mkfifo ~/.agent.toml", 4, 0},
                {"rm ~/.agent.toml && mkdir ~/.agent.toml", 4, 0},
                {"chmod 0 ~/.config/agent/settings.json; chmod 0 ~/.config", 0, 0},
                {"echo x > ~/.agent.toml; kill -9 $$", 4, 0},
                {"(setsid sh -c 'while :; do echo x >> ~/.agent.toml; done' &) ; until test -s ~/.agent.toml; do :; "
                 "done",
                 4, 0},
        };

        bench_start(&bench, SANDBOX_TIER_A);
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                struct sandbox_step step = step_with_home(cases[i].script);

                run_step(&bench, &step);
                cr_expect(bench.result.home_changed == cases[i].changed &&
                                  bench.result.home_removed == cases[i].removed,
                          "%s: changed %llx, removed %llx", cases[i].script,
                          (unsigned long long)bench.result.home_changed, (unsigned long long)bench.result.home_removed);
        }
}

Test(own_shows, a_home_file_that_cannot_be_written_ends_the_step)
{
        struct sandbox_step step = step_with_home("true");
        char *dir = below(&bench, "base/dir");

        sandbox_home_add(&step.home, ".agent.toml/below", "x");
        bench_start(&bench, SANDBOX_TIER_A);
        run_step(&bench, &step);
        cr_assert_eq(bench.result.reason, SANDBOX_REASON_SETUP);
        cr_assert(strstr(bench.result.message, ".agent.toml/below"), "%s", bench.result.message);
        step = step_with_home("true");
        sandbox_shows_add(&step.read, dir, "/home/nobody-here/.config");
        run_step(&bench, &step);
        cr_assert_eq(bench.result.reason, SANDBOX_REASON_SETUP);
        free(dir);
}

Test(own_shows, a_link_in_a_shown_folder_is_not_followed)
{
        struct sandbox_step step = step_with_home("true");
        char *dir = below(&bench, "base/dir"), *link = below(&bench, "base/dir/agent");

        cr_assert(symlink("/tmp", link) == 0);
        sandbox_shows_add(&bench.plan.write, dir, "/home/nobody-here/.config");
        bench_start(&bench, SANDBOX_TIER_A);
        run_step(&bench, &step);
        cr_assert_eq(bench.result.reason, SANDBOX_REASON_SETUP, "%s", bench.log);
        free(dir);
        free(link);
}

static void add_furniture(struct sandbox_step *step, const char *dir, const char *file)
{
        sandbox_shows_add(&step->read, dir, "/srv/agents/one");
        sandbox_shows_add(&step->read, file, "/srv/tool");
        sandbox_shows_add(&step->read, dir, "/home/nobody-here/.local/agent");
        sandbox_shows_add(&step->links, "/srv/agents/one/run", "agent");
        sandbox_shows_add(&step->links, "/usr/bin/env", "node");
}

static void check_shows(enum sandbox_tier tier)
{
        char *dir = below(&bench, "base/dir"), *file = below(&bench, "base/dir/file"),
             *run = below(&bench, "base/dir/run");
        struct sandbox_step step =
                shell_step(SANDBOX_WORK,
                           "agent && node echo env && cat /srv/tool ~/.local/agent/file && attack table > /dev/null && "
                           "command -v agent && ls /cupel/bin && ! touch /srv/agents/one/x 2> /dev/null && "
                           "! touch /cupel/bin/x 2> /dev/null && grep -q ' /cupel/bin ro,' /proc/self/mountinfo && ! "
                           "rm /cupel/bin/agent 2> /dev/null && touch ~/.local/mine");

        put_file(dir, "run", "#!/bin/sh\necho it runs\n");
        cr_assert(chmod(run, 0755) == 0);
        add_furniture(&step, dir, file);
        bench_start(&bench, tier);
        run_step(&bench, &step);
        cr_assert_eq(bench.result.exit_code, 0, "%s%s", bench.log, bench.result.message);
        cr_assert_str_eq(bench.log, "it runs\nenv\none\none\n/cupel/bin/agent\nagent\nattack\nnode\n");
        run_shell(&bench, SANDBOX_WORK, "ls /cupel/bin; test ! -e /srv && ! command -v agent && ls -A ~");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        cr_assert_str_eq(bench.log, "attack\n");
        free(dir);
        free(file);
        free(run);
}

Test(own_shows, shows_and_links_are_the_steps_own)
{
        check_shows(SANDBOX_TIER_A);
}

Test(own_shows, shows_and_links_without_overlay)
{
        bench.plan.force_copy = true;
        bench.plan.minimum = SANDBOX_TIER_B;
        check_shows(SANDBOX_TIER_B);
}

static void is_refused(struct sandbox_step *step, const char *why)
{
        json_t *json = sandbox_step_to_json(step);
        struct sandbox_step again = SANDBOX_STEP_INIT;
        struct err err = ERR_INIT;

        cr_expect(sandbox_step_from_json(json, &again, &err) < 0 && err.code == ERR_INPUT, "%s", why);
        cr_expect(strstr(err.message, why), "%s: %s", why, err.message);
        json_decref(json);
        sandbox_step_release(step);
}

Test(own_shows, what_a_hostile_plan_asks_for_is_refused)
{
        static const char *const paths[] = {"../x", "/etc/passwd", "a/../../x", "", "a//b", ".", "a/"};
        static const char *const names[] = {"cupel", "a/b", "..", ""};
        char *large = xcalloc(SANDBOX_HOME_BYTES + 2, 1);
        struct sandbox_step step;

        for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
                step = shell_step(SANDBOX_WORK, "true");
                sandbox_home_add(&step.home, paths[i], "x");
                is_refused(&step, "home");
        }
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
                step = shell_step(SANDBOX_WORK, "true");
                sandbox_shows_add(&step.links, "/usr/bin/true", names[i]);
                is_refused(&step, "links");
        }
        step = shell_step(SANDBOX_WORK, "true");
        sandbox_shows_add(&step.links, "../x", "x");
        is_refused(&step, "links");
        step = shell_step(SANDBOX_WORK, "true");
        sandbox_shows_add(&step.read, "/srv", "/etc/x");
        is_refused(&step, "read");
        step = step_with_home("true");
        sandbox_home_add(&step.home, ".agent.toml", "");
        is_refused(&step, "twice");
        step = shell_step(SANDBOX_WORK, "true");
        memset(large, 'x', SANDBOX_HOME_BYTES + 1);
        sandbox_home_add(&step.home, "x", large);
        is_refused(&step, "512 KiB");
        step = shell_step(SANDBOX_WORK, "true");
        for (int i = 0; i <= SANDBOX_HOME_MAX; i++) {
                char *path = xasprintf("f%d", i);

                sandbox_home_add(&step.home, path, "");
                free(path);
        }
        is_refused(&step, "60 files");
        free(large);
}
