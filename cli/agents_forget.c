/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agents_forget.h"

#include "cli/context.h"
#include "cli/refused.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>

struct forgetting {
        const char *state_root, *name;
        json_t *forgotten; /* array, with --json */
        size_t count;
};

static bool is_meant(const struct refusal *refusal, const char *name)
{
        return !name || strcmp(refusal->agent, name) == 0 || strcmp(refusal->variable, name) == 0 ||
               strcmp(refusal->upstream, name) == 0;
}

static void say(struct forgetting *f, const struct refusal *refusal)
{
        _cleanup_str_ struct str line = {0};

        if (f->forgotten) {
                json_array_append_new(f->forgotten,
                                      json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:s}", "agent", refusal->agent, "route",
                                                refusal->route, "upstream", refusal->upstream, "variable",
                                                refusal->variable, "status", (json_int_t)refusal->status, "time",
                                                refusal->time, "run", refusal->run));
                return;
        }
        str_puts(&line, "forgotten: ");
        render_line(&line, refusal->variable[0] ? refusal->variable : "a damaged record");
        str_puts(&line, " at ");
        render_line(&line, refusal->upstream);
        str_printf(&line, ", refused with %lld on %s\n", (long long)refusal->status, refusal->time);
        fputs(str_text(&line), stdout);
}

static int forget_one(void *arg, const char *file, const struct refusal *refusal, time_t written, struct err *err)
{
        struct forgetting *f = arg;

        (void)written;
        if (!is_meant(refusal, f->name))
                return 0;
        if (refused_remove(f->state_root, file, err) < 0)
                return -1;
        say(f, refusal);
        f->count++;
        return 0;
}

int agents_forget(const struct context *context, const char *name, bool json, struct err *err)
{
        _cleanup_json_ json_t *forgotten = json ? json_array() : NULL;
        struct forgetting f = {.state_root = context->state_root, .name = name, .forgotten = forgotten};

        if (refused_each(context->state_root, forget_one, &f, err) < 0)
                return -1;
        if (json)
                json_print(stdout, forgotten);
        else if (!f.count)
                fprintf(stderr, "no refused credential is remembered%s%s\n", name ? " of " : "", name ? name : "");
        return 0;
}
