/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel amend RUN: what a person says of a sealed packet. It is an event of the run, and a line of amendments.jsonl beside its packet;
 * nothing that was sealed is written again. Which fields may be amended is a table: lib/packet/amendment.h.
 */
#include "cli/amendments_view.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/packet.h"
#include "cli/person.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/phase.h"
#include "lib/packet/amendment.h"
#include "lib/store/store.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct amend_options {
        struct packet_amend amend;
        bool json;
};

static int check_options(const struct amend_options *options, const char *run, struct err *err)
{
        const struct packet_amend *amend = &options->amend;

        if (!amend->field == !amend->artifact)
                return err_set(err, ERR_INPUT, "say what: cupel amend %s --field FIELD, or --artifact PATH", run);
        if (!amend->value)
                return err_set(err, ERR_INPUT, "say what it becomes: --value VALUE");
        if (!amend->reason || !amend->reason[0])
                return err_set(err, ERR_INPUT, "say why, for the record: --reason TEXT");
        return 0;
}

static int expect_sealed(const struct store_run *run, struct err *err)
{
        if (phase_is_terminal(run->phase) || run->phase == PHASE_HELD)
                return 0;
        return err_set(err, ERR_INPUT, "run %s is at work (%s): there is nothing to amend yet", run->id,
                       phase_name(run->phase));
}

static int amend(struct context *context, const struct store_run *run, const struct packet_amend *what, struct err *err)
{
        _cleanup_fd_ int packet = packet_open(context, run->id, err);
        _cleanup_json_ json_t *report = packet < 0 ? NULL : packet_report(packet), *data = NULL;
        _cleanup_free_ char *who = person_name(geteuid());

        if (packet < 0)
                return -1;
        if (!report)
                return err_set(err, ERR_INPUT, "the packet of %s has no report: there is nothing to amend", run->id);
        /* what the log says stands there: a packet that was copied back would else tell an old value */
        if (amendments_write(context, run->id, err) < 0 || packet_amend_check(packet, report, what, &data, err) < 0)
                return -1;
        json_object_set_new(data, "who", json_string(who));
        if (store_event_append(
                    context->store,
                    &(struct store_event){.run = run->id, .type = "amendment", .actor = EVENT_ACTOR_USER, .data = data},
                    NULL, err) < 0)
                return -1;
        return amendments_write(context, run->id, err);
}

static int print(struct context *context, const struct store_run *run, bool json, struct err *err)
{
        _cleanup_json_ json_t *all = amendments_json(context->store, run->id, err), *told = NULL;
        _cleanup_str_ struct str out = {0};

        if (!all)
                return -1;
        if (json) {
                told = json_pack("{s:s,s:O}", "run", run->id, "amendments", all);
                json_print(stdout, told);
                return 0;
        }
        amendments_put(all, time(NULL), context->colour_out, &out);
        fputs(str_text(&out) + (out.len > 0), stdout);
        return 0;
}

int cmd_amend(struct context *context, int argc, char **argv, struct err *err)
{
        struct amend_options options = {0};
        struct option_rest rest = {.least = 1, .most = 1};
        _cleanup_store_run_ struct store_run run = {0};
        const struct option_spec table[] = {
                {"field", 0, OPTION_TEXT, &options.amend.field, "FIELD", "what of the record"},
                {"artifact", 0, OPTION_TEXT, &options.amend.artifact, "PATH", "the status of this output"},
                {"value", 0, OPTION_TEXT, &options.amend.value, "VALUE", "what it becomes"},
                {"reason", 'r', OPTION_TEXT, &options.amend.reason, "TEXT", "why, for the record"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "all amendments of the run, as one JSON line"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if (check_options(&options, rest.items[0], err) < 0 ||
            context_find_run(context, rest.items[0], &run, err) < 0 || expect_sealed(&run, err) < 0 ||
            amend(context, &run, &options.amend, err) < 0)
                return -1;
        return print(context, &run, options.json, err);
}
