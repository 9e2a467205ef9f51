/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/packet_check.h"

#include "cli/amendments_view.h"
#include "cli/context.h"
#include "cli/packet.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/phase.h"
#include "lib/packet/amendment.h"

#include <string.h>

static void check_outcome(const struct packet_ref *ref, struct packet_terms *terms)
{
        const struct store_run *run = &ref->run;
        const char *told = json_text_of(terms->report, "outcome");

        if (!phase_is_terminal(run->phase) && run->phase != PHASE_HELD)
                packet_term_fault(terms, PACKET_TERM_OUTCOME,
                                  "the run goes on (%s): this packet is of an earlier moment", phase_name(run->phase));
        else if (run->outcome < OUTCOME_COUNT && strcmp(told, outcome_name(run->outcome)) != 0)
                packet_term_fault(terms, PACKET_TERM_OUTCOME, "the log says %s, the packet is stale",
                                  outcome_name(run->outcome));
}

static int check_amendments(struct context *context, const struct packet_ref *ref, struct packet_terms *terms,
                            struct err *err)
{
        _cleanup_json_ json_t *here = packet_amendments(ref->fd);
        _cleanup_json_ json_t *log = amendments_json(context->store, ref->name, err);

        if (!log)
                return -1;
        if (!json_equal(here, log))
                packet_term_fault(terms, PACKET_TERM_AMENDMENTS,
                                  AMENDMENTS_FILE ": the log has %zu amendments, this has %zu, or others",
                                  json_array_size(log), json_array_size(here));
        return 0;
}

int packet_check(struct context *context, const struct packet_ref *ref, struct packet_terms *ret, struct err *err)
{
        packet_terms_check(ref->fd, ret);
        if (strcmp(json_text_of(ret->report, "run"), ref->name) != 0)
                packet_term_fault(ret, PACKET_TERM_REQUEST, "the report is of another run than %s", ref->name);
        if (!ref->stored)
                return 0;
        check_outcome(ref, ret);
        return check_amendments(context, ref, ret, err);
}

/* ---- Told ---- */

struct json_t *packet_check_json(const struct packet_ref *ref, const struct packet_terms *terms)
{
        json_t *list = json_array();

        for (enum packet_term term = 0; term < PACKET_TERM_COUNT; term++)
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:o}", "term", packet_term_name(term),
                                                      "group", packet_term_group(term), "promise",
                                                      packet_term_promise(term), "kept", terms->faults[term].len == 0,
                                                      "faults", json_from_strv(&terms->faults[term])));
        return json_pack("{s:s, s:b, s:o, s:o}", "run", ref->name, "kept", terms->broken == 0, "terms", list,
                         "amendments", packet_amendments(ref->fd));
}

struct json_t *packet_terms_json(void)
{
        json_t *list = json_array();

        for (enum packet_term term = 0; term < PACKET_TERM_COUNT; term++)
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "term", packet_term_name(term), "group",
                                                      packet_term_group(term), "where", packet_term_where(term),
                                                      "promise", packet_term_promise(term)));
        return list;
}

static void put_places(const char *where, struct str *out)
{
        while (*where) {
                const size_t len = strcspn(where, " ");

                str_printf(out, "`%.*s`%s", (int)len, where, where[len] ? ", " : "");
                where += len + (where[len] == ' ');
        }
}

void packet_terms_markdown(struct str *out)
{
        str_puts(out, "# The terms of a packet\n\n"
                      "What `cupel packet check` holds every packet to ([packets.md](packets.md)). Made by "
                      "`scripts/docs` from "
                      "`lib/packet/terms.h`.\n\n| term | promise | where | covenant |\n|---|---|---|---|\n");
        for (enum packet_term term = 0; term < PACKET_TERM_COUNT; term++) {
                str_printf(out, "| %s | %s | ", packet_term_name(term), packet_term_promise(term));
                put_places(packet_term_where(term), out);
                str_printf(out, " | %s |\n", packet_term_group(term));
        }
}
