/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet's log against the store's rows, byte for byte; what was said later against the files beside the packet; and the chains.
 */
#include "cli/verify.h"

#include "cli/context.h"
#include "cli/told_later.h"
#include "lib/base/cleanup.h"
#include "lib/base/lines.h"
#include "lib/packet/folder.h"

#include <string.h>

#define LOG_FILE "telemetry/events.normalized.jsonl"
#define LINE_MOST ((size_t)32 << 20)

struct comparison {
        struct line_reader log; /* fd -1: there is none */
        struct packet_verdict *verdict;
        int64_t beyond; /* rows that the packet does not have */
        bool broken;
};

static int compare_row(const struct store_event_row *row, void *arg, struct err *err)
{
        struct comparison *c = arg;
        const char *line = NULL;
        size_t len = 0;
        const int got = c->log.fd < 0 ? 0 : line_next(&c->log, &line, &len);

        (void)err;
        if (got == 0) {
                c->beyond++;
        } else if (!c->broken && (got < 0 || len != row->len || memcmp(line, row->json, len) != 0)) {
                packet_found(c->verdict, PACKET_CHECK_STORE, LOG_FILE,
                             "event %lld is not the store's: one of the two was changed", (long long)row->sequence);
                c->broken = true;
        }
        return 0;
}

static int compare_late(struct context *context, const struct packet_ref *ref, struct packet_verdict *verdict,
                        struct err *err)
{
        for (const struct told_later_file *file = told_later_files; file->name; file++) {
                _cleanup_strv_ struct strv faults = {0};

                if (told_later_compare(context, ref->run.id, ref->fd, file, &faults, err) < 0)
                        return -1;
                for (size_t i = 0; i < faults.len; i++)
                        packet_found(verdict, PACKET_CHECK_STORE, file->name, "%s", faults.items[i]);
        }
        return 0;
}

static void comparison_release(struct comparison *c)
{
        line_reader_release(&c->log);
}

static int verify_run_chain(struct context *context, const char *run, struct packet_verdict *verdict, struct err *err)
{
        struct store_chain_report report;
        bool known = true;

        if (store_chain_verify(context->store, run, &report, err) < 0)
                return -1;
        if (!report.ok)
                packet_found(verdict, PACKET_CHECK_STORE, "store.db", "run %s, event %lld: %s", run,
                             (long long)report.broken_sequence, report.what);
        if (verdict->told.store_chain[0] && store_chain_has(context->store, verdict->told.store_chain, &known, err) < 0)
                return -1;
        if (!known)
                packet_found(verdict, PACKET_CHECK_STORE, "store.db",
                             "the chain of the store has no link that the evidence was sealed after: its history was "
                             "rewritten");
        return 0;
}

int verify_store(struct context *context, const struct packet_ref *ref, struct packet_verdict *verdict, struct err *err)
{
        struct err ignored = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(ref->fd, LOG_FILE, &ignored);
        __attribute__((cleanup(comparison_release))) struct comparison c = {.verdict = verdict,
                                                                            .log = {.fd = fd, .most = LINE_MOST}};
        const char *line;
        size_t len;

        verdict->done[PACKET_CHECK_STORE] = true;
        if (store_events_each(context->store, ref->run.id, NULL, compare_row, &c, err) < 0)
                return -1;
        if (fd >= 0 && line_next(&c.log, &line, &len) != 0)
                packet_found(verdict, PACKET_CHECK_STORE, LOG_FILE, "it has events that the store does not have");
        if (compare_late(context, ref, verdict, err) < 0)
                return -1;
        return verify_run_chain(context, ref->run.id, verdict, err);
}

int verify_chains(struct context *context, struct packet_verdict *verdict, struct err *err)
{
        struct store_chain_report report;

        if (!context->store)
                return 0;
        if (store_chain_verify(context->store, NULL, &report, err) < 0)
                return -1;
        if (!report.ok && !packet_verdict_failed(verdict, PACKET_CHECK_STORE))
                packet_found(verdict, PACKET_CHECK_STORE, "store.db", "%s%s%s: %s",
                             report.broken_run[0] ? "run " : "the store", report.broken_run, "", report.what);
        return 0;
}
