/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_json.h"

#include "cli/context.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>
#include <unistd.h>

static json_t *reasons_json(const char *text)
{
        json_t *reasons = json_loads(text && text[0] ? text : "[]", 0, NULL);

        return reasons ? reasons : json_array();
}

const char *run_commit(const struct store_run *run)
{
        return run->phase == PHASE_COMMITTED && run->commit && run->commit[0] ? run->commit : NULL;
}

json_t *run_json(const struct context *context, const struct store_run *run)
{
        _cleanup_free_ char *packet = context_run_folder(context, run->id);
        const bool ended = run->outcome < OUTCOME_COUNT;

        return json_pack(
                "{s:s,s:o,s:o,s:s,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:s,s:I,s:o,s:o}", "run", run->id, "item",
                json_quoted_or_null(run->item), "title", json_quoted_or_null(run->title), "mood", run->mood, "agent",
                json_quoted_or_null(run->agent), "race", json_quoted_or_null(run->race), "state",
                phase_name(run->phase), "outcome", json_quoted_or_null(ended ? outcome_name(run->outcome) : NULL),
                "base", json_quoted_or_null(run->base), "target", json_quoted_or_null(run->target_ref), "tree",
                json_quoted_or_null(run->tree), "commit", json_quoted_or_null(run_commit(run)), "identity",
                json_quoted_or_null(run->identity), "created", run->created, "moved", run->moved, "events",
                (json_int_t)run->events, "reasons", reasons_json(run->reasons), "packet", json_quoted_or_null(packet));
}

void json_print(FILE *out, const json_t *value)
{
        _cleanup_free_ char *text =
                json_dumps(value, isatty(fileno(out)) ? JSON_REALS | JSON_INDENT(2) | JSON_ENSURE_ASCII
                                                      : JSON_REALS | JSON_COMPACT);

        fprintf(out, "%s\n", text ? text : "null");
}

const char *short_ref(const char *ref)
{
        static const char heads[] = "refs/heads/";

        if (!ref)
                return "";
        return strncmp(ref, heads, sizeof(heads) - 1) == 0 ? ref + sizeof(heads) - 1 : ref;
}
