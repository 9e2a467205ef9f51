/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/attempts.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "runner/machine.h"
#include "sandbox/client.h"

#include <signal.h>
#include <string.h>

#define SHELL_SIGNALLED 128 /* plus the signal: how a shell tells that what it waited for was killed */

static void say(struct runner *runner, const char *action, const char *final_action, const char *reason)
{
        say_record(runner, "action.vetoed",
                   json_pack("{s:o, s:s, s:o}", "candidate_action", json_quoted(action), "final_action", final_action,
                             "veto_reason", json_quoted(reason)));
}

static void say_more(struct runner *runner, uint64_t more)
{
        if (more)
                uplink_put(&runner->up, json_pack("{s:s, s:s, s:I}", "event", "dropped", "what", "further attempts",
                                                  "count", (json_int_t)more));
}

/* What is refused with an errno only who asked knows of; what kills shows, also where a shell waited for it. */
void attempts_say_killed(struct runner *runner, const char *step, const struct sandbox_result *result)
{
        _cleanup_free_ char *action = NULL;

        if (result->signal != SIGSYS && result->exit_code != SHELL_SIGNALLED + SIGSYS)
                return;
        action = xasprintf("system call of another ABI (%s)", step);
        say(runner, action, "killed", "32-bit and x32 system calls are outside of what the filter can judge");
}

void attempts_say_home(struct runner *runner, const struct sandbox_result *result)
{
        const struct pairs *files = &runner->plan.agent.home;

        for (size_t i = 0; i < files->len && i < 64; i++) {
                const uint64_t bit = (uint64_t)1 << i;
                const char *what = result->home_removed & bit ? "removed" : "changed";

                if (((result->home_changed | result->home_removed) & bit) &&
                    !strv_has(&runner->plan.agent.rewrites, files->items[i].name))
                        say_record(runner, "note.observation",
                                   json_pack("{s:o}", "text",
                                             json_sprintf("the step %s ~/%s, which cupel had rendered; it is gone with "
                                                          "the home",
                                                          what, files->items[i].name)));
        }
}

static void say_git(struct runner *runner)
{
        const struct inside *inside = &runner->candidate.inside;

        for (size_t i = 0; i < inside->actions.len; i++)
                say(runner, inside->actions.items[i], "not kept",
                    "the sandbox's .git is thrown away; only the director commits");
        say_more(runner, inside->more);
}

static bool is_attempt(const struct gate_finding *finding)
{
        return finding->level == GATE_BLOCK && finding->path &&
               (finding->gate == GATE_PATHS || finding->gate == GATE_PROTECTED || finding->gate == GATE_MOOD);
}

static void say_gates(struct runner *runner)
{
        const struct gate_report *report = &runner->candidate.gates;
        uint64_t count = 0;

        for (size_t i = 0; i < report->len; i++) {
                const struct gate_finding *finding = &report->items[i];
                _cleanup_str_ struct str action = {0};
                _cleanup_free_ char *reason = NULL;

                if (!is_attempt(finding) || ++count > ATTEMPTS_MAX)
                        continue;
                str_puts(&action, "change ");
                str_put_quoted(&action, finding->path, strlen(finding->path));
                reason = xasprintf("%s: %s", gate_names[finding->gate], finding->reason);
                say(runner, str_text(&action), "refused", reason);
        }
        say_more(runner, (count > ATTEMPTS_MAX ? count - ATTEMPTS_MAX : 0) + report->left_out);
}

/* A refusal reads `"path": reason` (lib/git/readback.h). */
static void say_refusals(struct runner *runner)
{
        const struct strv *refusals = &runner->candidate.readback.refusals;

        for (size_t i = 0; i < refusals->len && i < ATTEMPTS_MAX; i++) {
                const char *text = refusals->items[i], *quote = text[0] == '"' ? strstr(text, "\": ") : NULL;
                const char *colon = strstr(quote ? quote : text, ": ");
                _cleanup_free_ char *action = xasprintf("leave %.*s", colon ? (int)(colon - text) : 0, text);

                say(runner, action, "refused", colon ? colon + 2 : text);
        }
        say_more(runner, refusals->len > ATTEMPTS_MAX ? refusals->len - ATTEMPTS_MAX : 0);
}

void attempts_say(struct runner *runner)
{
        say_git(runner);
        say_gates(runner);
        say_refusals(runner);
}
