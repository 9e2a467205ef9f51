/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/review_entry.h"

#include "cli/acceptance_view.h"
#include "cli/context.h"
#include "cli/launch.h"
#include "cli/packet.h"
#include "cli/run_json.h"
#include "cli/story.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <string.h>

static json_t *or_null(const json_t *value)
{
        return value ? json_incref((json_t *)value) : json_null();
}

static json_t *time_json(int64_t ms)
{
        char text[CLOCK_RFC3339];

        if (!ms)
                return json_null();
        clock_rfc3339_at(ms, text);
        return json_string(text);
}

/* A question has no change to land: another run answers it. */
static json_t *commands_json(const struct store_run *run)
{
        _cleanup_free_ char *look = xasprintf("cupel review %s", run->id);
        _cleanup_free_ char *diff = xasprintf("cupel show %s --diff", run->id);
        _cleanup_free_ char *approve = xasprintf("cupel approve %s", run->id);
        _cleanup_free_ char *reject = xasprintf("cupel reject %s --reason TEXT", run->id);

        return json_pack("{s:s,s:s?,s:s,s:s}", "look", look, "diff", run->tree[0] ? diff : NULL, "approve",
                         run->tree[0] ? approve : "cupel requests answer", "reject", reject);
}

static const char *waits_for(const struct store_run *run, const json_t *approval)
{
        const char *state = json_string_value(json_object_get(approval, "state"));

        if (!run->tree[0])
                return "answer";
        return state && strcmp(state, "requested") == 0 ? "approval" : "checkout";
}

static json_t *read_report(struct context *context, const struct store_run *run)
{
        struct err gone = ERR_INIT;
        _cleanup_fd_ int packet = packet_open(context, run->id, &gone);

        return packet < 0 ? NULL : packet_report(packet);
}

json_t *review_held(struct context *context, const struct store_run *run, struct err *err)
{
        _cleanup_json_ json_t *approval = approvals_json(context->store, run, err);
        _cleanup_json_ json_t *report = read_report(context, run);
        _cleanup_story_ struct story story = {0};
        const json_t *changes = json_object_get(report, "changes");
        json_t *entry;

        if (!approval || story_read(&story, context->store, run->id, err) < 0)
                return NULL;
        entry = run_json(context, run);
        json_object_set_new(entry, "waits_for", json_string(waits_for(run, approval)));
        json_object_set_new(entry, "deadline", or_null(json_object_get(json_object_get(approval, "deadline"), "time")));
        json_object_set_new(entry, "deadline_ms",
                            or_null(json_object_get(json_object_get(approval, "deadline"), "ms")));
        json_object_set_new(entry, "changes", or_null(json_is_object(changes) ? changes : story.patch));
        json_object_set_new(entry, "gates", story.gates ? json_incref(story.gates) : json_array());
        json_object_set_new(entry, "verifiers", json_incref(story.verifiers));
        json_object_set_new(entry, "risk", or_null(json_object_get(report, "risk")));
        json_object_set(entry, "approval", approval);
        json_object_set_new(entry, "commands", commands_json(run));
        return entry;
}

json_t *review_start(const struct store_approval *approval)
{
        const char *name = approval->key.run[0] ? approval->key.run : approval->key.item;
        _cleanup_free_ char *word = shell_word(approval->key.sentence);
        _cleanup_free_ char *look = xasprintf("cupel show %s", approval->key.item);
        _cleanup_free_ char *approve = xasprintf("cupel approve %s --sentence %s", name, word);
        _cleanup_free_ char *reject = xasprintf("cupel reject %s --reason TEXT", name);

        return json_pack("{s:o,s:s,s:s?,s:s,s:o,s:o,s:o,s:{s:o,s:o,s:o}}", "item", json_quoted(approval->key.item),
                         "waits_for", "start", "run", approval->key.run[0] ? approval->key.run : NULL, "asked",
                         approval->time, "deadline", time_json(approval->deadline_ms), "deadline_ms",
                         approval->deadline_ms ? json_integer((json_int_t)approval->deadline_ms) : json_null(),
                         "sentence", json_quoted(approval->key.sentence), "commands", "look", json_quoted(look),
                         "approve", json_quoted(approve), "reject", json_quoted(reject));
}
