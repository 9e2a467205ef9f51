/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel doctor: which sandbox layers this machine really has, each tried by `cupel-sandbox probe`, what to do about those
 * that are missing, and the tier that results; which keys of this user's cannot be used. Exit 0 where that is at least the tier that
 * policy asks for by default, and the keys are whole.
 */
#include "cli/admission.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/launch_keys.h"
#include "cli/options.h"
#include "cli/policy_files.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/outcome.h"
#include "lib/base/spawn.h"
#include "sandbox/probe.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#define NAME_AT 11
#define NAME_CELLS 22
#define PURPOSE_AT (NAME_AT + NAME_CELLS + 2)
#define DEFAULT_MINIMUM SANDBOX_TIER_C /* sandbox.minimum of the built-in policy */

static enum tint layer_tint(const struct probe_layer *layer)
{
        if (layer->present)
                return TINT_GOOD;
        return layer->required ? TINT_BAD : TINT_WAIT;
}

static void put_layer(const struct probe_layer *layer, bool colour, struct str *out)
{
        _cleanup_str_ struct str text = {0};

        str_puts(&text, layer->purpose);
        if (layer->detail[0]) {
                str_puts(&text, " (");
                render_line(&text, layer->detail);
                str_puts(&text, ")");
        }
        str_puts(out, "  ");
        render_tint(out, colour, layer_tint(layer), layer->present ? "ok       " : "missing  ");
        render_cell(out, layer->name, NAME_CELLS, false);
        str_puts(out, "  ");
        render_wrapped(out, str_text(&text), PURPOSE_AT, PURPOSE_AT);
        str_putc(out, '\n');
        /* on one line: it is copied */
        if (!layer->present && layer->remedy && layer->remedy[0])
                str_printf(out, "%*sdo: %s\n", NAME_AT, "", layer->remedy);
}

static bool lacks_any(const struct probe *probe)
{
        for (size_t i = 0; i < probe->len; i++)
                if (!probe->layers[i].present)
                        return true;
        return false;
}

static void print_probe(const struct probe *probe, bool colour, bool enough)
{
        _cleanup_str_ struct str out = {0};

        str_puts(&out, "Sandbox layers, each tried on this machine as this user:\n");
        for (size_t i = 0; i < probe->len; i++)
                put_layer(&probe->layers[i], colour, &out);
        str_puts(&out, "\ntier ");
        render_tint(&out, colour, enough ? TINT_GOOD : TINT_BAD, sandbox_tier_name(probe->tier));
        str_printf(&out, ": %s%s\n", sandbox_tier_meaning(probe->tier),
                   probe->tier == SANDBOX_TIER_A && lacks_any(probe)
                           ? " that a run needs; it does without what is missing above"
                           : "");
        if (!enough)
                str_printf(&out,
                           "Runs are refused here: the built-in policy asks for tier %s or better. Give this machine "
                           "what is\n"
                           "missing above%s.\n",
                           sandbox_tier_name(DEFAULT_MINIMUM),
                           probe->tier == SANDBOX_TIER_D
                                   ? ", or accept the weaker tier: sandbox: {minimum: D} in your own configuration\n"
                                     "(docs/sandbox.md says what it does not stop)"
                                   : "");
        fputs(str_text(&out), stdout);
}

/* The filter as the sandbox compiles it, printed by the program that loads it. */
static int show_seccomp(bool json, struct err *err)
{
        _cleanup_free_ char *program = sibling_path("cupel-sandbox", err);
        char *argv[] = {program, (char *)"seccomp", json ? (char *)"--json" : NULL, NULL};
        int status = 0;
        pid_t pid;

        if (!program || spawn(program, argv, environ, NULL, 0, &pid, err) < 0)
                return -1;
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return err_errno(err, "wait for cupel-sandbox");
        return WIFEXITED(status) ? WEXITSTATUS(status) : err_set(err, ERR_SANDBOX, "cupel-sandbox seccomp was killed");
}

/* In a repository, whether a run may start there as far as its admission goes. NULL outside of one, or where that is unknown. */
static json_t *see_admission(struct context *context, bool json)
{
        _cleanup_admission_ struct admission admission = ADMISSION_NONE;
        _cleanup_policy_files_ struct policy_files files;
        _cleanup_strv_ struct strv missing = {0};
        struct err none = ERR_INIT;
        char head[GIT_HEX];
        json_t *told = NULL;
        const char *base;

        policy_files_init(&files);
        if (context_open_repository(context, ".", &none) < 0 || context_open_history(context, &none) < 0)
                return NULL;
        base = repo_resolve_commit(context->repo, "HEAD", head, &none) == 0 ? head : NULL;
        if (policy_files_read(&files, context, NULL, base, &none) < 0 ||
            admission_read(context, &admission, &none) < 0 ||
            admission_check(context, &admission, &files, &missing, &none) < 0)
                return NULL;
        if (json) {
                told = admission_json(&admission);
                json_object_set_new(told, "missing", json_from_strv(&missing));
                return told;
        }
        puts("");
        admission_print(&admission);
        for (size_t i = 0; i < missing.len && admission.json; i++)
                printf("  it does not hold: %s\n", missing.items[i]);
        return NULL;
}

static void print_faults(const json_t *faults, bool colour)
{
        _cleanup_str_ struct str out = {0};
        const json_t *fault;
        size_t i;

        json_array_foreach(faults, i, fault)
        {
                render_tint(&out, colour, TINT_BAD, "\nkey that cannot be used: ");
                render_line(&out, json_text_of(fault, "fault"));
                str_putc(&out, '\n');
        }
        fputs(str_text(&out), stdout);
}

static int examine(struct context *context, bool json, struct err *err)
{
        _cleanup_json_ json_t *faults = keys_faults(context);
        struct probe probe;
        bool enough;

        if (probe_spawn(&probe, err) < 0)
                return -1;
        enough = probe.tier <= DEFAULT_MINIMUM;
        if (json) {
                _cleanup_json_ json_t *told = probe_to_json(&probe);

                json_object_set_new(told, "enough", json_boolean(enough));
                json_object_set(told, "keys", faults);
                json_object_set_new(told, "admission", see_admission(context, true) ?: json_null());
                json_print(stdout, told);
        } else {
                print_probe(&probe, context->colour_out, enough);
                print_faults(faults, context->colour_out);
                see_admission(context, false);
        }
        if (!enough)
                return outcome_exit_status(OUTCOME_SANDBOX_UNAVAILABLE);
        return json_array_size(faults) ? outcome_exit_status(OUTCOME_BLOCKED) : 0;
}

int cmd_doctor(struct context *context, int argc, char **argv, struct err *err)
{
        bool json = false, seccomp = false;
        struct option_rest rest = {.most = 0};
        const struct option_spec options[] = {
                {"json", 0, OPTION_FLAG, &json, NULL, "as JSON"},
                {"seccomp", 0, OPTION_FLAG, &seccomp, NULL, "print the system call filter instead"},
                {0}};
        const int got = options_take(argc, argv, options, &rest, err);

        if (got <= 0)
                return got;
        return seccomp ? show_seccomp(json, err) : examine(context, json, err);
}
