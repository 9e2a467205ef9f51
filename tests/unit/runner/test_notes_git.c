/* SPDX-License-Identifier: Apache-2.0 */
/* git's trace lines on the notes socket: as git 2.39 writes them, shortened, and as nobody writes them. */
#include "runner/notes.h"

#include <criterion/criterion.h>
#include <string.h>

static struct notes notes;
static struct notes_client client;
static struct uplink up;

static void setup(void)
{
        uplink_init(&up, -1);
        notes_init(&notes, &up, 10);
}

static void teardown(void)
{
        notes_git_release(&client);
        uplink_release(&up);
}

static void line(const char *text)
{
        cr_assert(notes_is_git(text, strlen(text)), "%s", text);
        notes_git_line(&notes, &client, text, strlen(text));
}

#define START(argv) "{\"event\":\"start\",\"sid\":\"x\",\"t_abs\":0.1,\"argv\":[" argv "]}"
#define NAME(name, hierarchy)                                                                                          \
        "{\"event\":\"cmd_name\",\"sid\":\"x\",\"name\":\"" name "\",\"hierarchy\":\"" hierarchy "\"}"

static void git(const char *start, const char *name)
{
        line(start);
        line(name);
        cr_assert(client.told);
        client.told = false;
}

static bool said(const char *text)
{
        return strstr(str_text(&up.out), text) != NULL;
}

Test(notes_git, a_push_is_recorded_whatever_it_is_called, .init = setup, .fini = teardown)
{
        git(START("\"git\",\"push\",\"origin\",\"main\""), NAME("push", "push"));
        cr_assert(said("\"type\":\"action.vetoed\",\"actor\":\"runner\""));
        cr_assert(said("\"candidate_action\":\"git push origin main\""));
        git(START("\"/usr/lib/git-core/git\",\"push\",\"x\""), NAME("push", "_run_dashed_/_run_git_alias_/push"));
        cr_assert(said("\"git push x\""));
        git(START("\"git\",\"-C\",\"/r\",\"-c\",\"a=b\",\"send-email\",\"p\""), NAME("_run_dashed_", "_run_dashed_"));
        cr_assert(said("\"git -C /r -c a=b send-email p\""));
        cr_assert_eq(notes.git_told, 3);
        cr_assert(notes.refused == 0 && notes.accepted == 0, "they are no notes");
}

Test(notes_git, what_would_fetch_is_a_note_of_ours_and_told_once, .init = setup, .fini = teardown)
{
        git(START("\"git\",\"pull\",\"https://me:hunter2@h.example/r\""), NAME("pull", "pull"));
        git(START("\"git\",\"fetch\",\"--update-head-ok\""), NAME("fetch", "pull/fetch"));
        cr_assert_eq(notes.git_told, 1);
        cr_assert(said("\"type\":\"note.status\",\"actor\":\"runner\""));
        cr_assert(said("git pull https://***@h.example/r was run inside"));
        cr_assert(!said("hunter2"));
}

Test(notes_git, where_hosts_are_open_nothing_is_claimed, .init = setup, .fini = teardown)
{
        notes.has_hosts = true;
        git(START("\"git\",\"push\""), NAME("push", "push"));
        cr_assert(!said("action.vetoed") && said("git push was run inside"));
}

Test(notes_git, ordinary_commands_say_nothing, .init = setup, .fini = teardown)
{
        git(START("\"git\",\"status\""), NAME("status", "status"));
        git(START("\"git\",\"commit\",\"-m\",\"push\""), NAME("commit", "commit"));
        line("{\"event\":\"version\",\"sid\":\"x\"}");
        line("{\"event\":\"exit\",\"sid\":\"x\"}");
        cr_assert_eq(up.out.len, 0);
}

Test(notes_git, nonsense_is_passed_over, .init = setup, .fini = teardown)
{
        static const char *const lines[] = {
                START(""),
                START("1,null,{}"),
                "{\"event\":\"start\"}",
                "{\"event\":\"start\"",
                "{\"event\":\"cmd_name\"}",
                "{\"event\":\"cmd_name\",\"name\":[],\"hierarchy\":1}",
                NAME("push", ""),
                NAME("_run_dashed_", "////"),
                "{\"event\":\"startpush\"}",
                "{\"event\":\"\\u0000\"}",
        };

        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
                line(lines[i]);
        notes_git_release(&client);
        line(NAME("push", "push"));
        cr_assert(notes.git_told <= 1, "only what came with its arguments");
        cr_assert(!notes_is_git("{\"type\":\"note.status\"}", 22));
        cr_assert(!notes_is_git("{\"event\":", 9));
}

Test(notes_git, a_flood_and_hostile_bytes_are_bounded, .init = setup, .fini = teardown)
{
        git(START("\"git\",\"push\",\"\\u001b[31m\\u0007\""), NAME("push", "push"));
        cr_assert(!strchr(str_text(&up.out), 0x1b) && !said("u001b"));
        for (int i = 0; i < 1000; i++)
                git(START("\"git\",\"push\""), NAME("push", "push"));
        cr_assert_eq(notes.git_told, 1001);
        cr_assert_lt(up.out.len, 100000);
}
