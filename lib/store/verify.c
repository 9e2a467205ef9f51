/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proving the chains. For each run: every event is there, hashes to what is stored, says of itself what its row says, moves
 * the run as the table of phases allows, and the run's row agrees with what its events tell. For the store: run numbers
 * and links have no gap, each link hashes on from the one before, and each finished run has exactly one. What was cut from
 * the very end of everything shows only against a head that was kept elsewhere (store_chain_has()).
 *
 * The first thing wrong ends the walk and is put into the report; only failing to read is an error.
 */
#include "lib/base/event.h"
#include "lib/base/json.h"
#include "lib/store/event.h"
#include "lib/store/run.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BROKEN 1

struct walk {
        struct store *store;
        struct store_chain_report *report;
        struct store_run run;
        int64_t number;
        int64_t sequence;
        char head[HASH_HEX];
        bool born;
        enum phase phase;
        enum outcome outcome;
        int64_t terminal; /* sequence and hash of the event that ended it */
        char terminal_hash[HASH_HEX];
};

static int __attribute__((format(printf, 4, 5)))
broken(struct store_chain_report *report, const char *run, int64_t sequence, const char *format, ...)
{
        va_list args;

        report->ok = false;
        report->broken_sequence = sequence;
        snprintf(report->broken_run, sizeof(report->broken_run), "%s", run);
        va_start(args, format);
        vsnprintf(report->what, sizeof(report->what), format, args);
        va_end(args);
        return BROKEN;
}

/* ---- one event ---- */

/* What an event says of its run beside its data. */
static const struct {
        const char *attribute, *column;
        size_t row;
} birth_attributes[] = {
        {"itemid", "item", offsetof(struct store_run, item)},
        {"mood", "mood", offsetof(struct store_run, mood)},
        {"identity", "identity", offsetof(struct store_run, identity)},
        {"time", "created", offsetof(struct store_run, created)},
};

static int verify_told(struct walk *walk, const json_t *told, const char *name, const char *column, size_t row)
{
        _cleanup_json_ json_t *quoted = json_quoted(*(const char *const *)((const char *)&walk->run + row));

        if (strcmp(json_text_of(told, name), json_string_value(quoted)) == 0)
                return 0;
        return broken(walk->report, walk->run.id, 1, "%s of the run is not what its first event says", column);
}

static int verify_birth(struct walk *walk, const json_t *event)
{
        const json_t *data = json_object_get(event, "data");
        int verdict = 0;

        for (size_t i = 0; verdict == 0 && i < RUN_FACTS; i++)
                verdict = verify_told(walk, data, run_facts[i].name, run_facts[i].name, run_facts[i].row);
        for (size_t i = 0; verdict == 0 && i < sizeof(birth_attributes) / sizeof(birth_attributes[0]); i++)
                verdict = verify_told(walk, event, birth_attributes[i].attribute, birth_attributes[i].column,
                                      birth_attributes[i].row);
        if (verdict != 0)
                return verdict;
        walk->born = true;
        walk->phase = PHASE_CREATED;
        return 0;
}

static int verify_state(struct walk *walk, const json_t *event)
{
        const json_t *data = json_object_get(event, "data");
        const char *from = json_text_of(data, "from"), *to = json_text_of(data, "to"),
                   *outcome = json_text_of(data, "outcome");
        struct err ignored = ERR_INIT;
        enum phase next;

        if (!walk->born && strcmp(from, "none") == 0 && strcmp(to, phase_name(PHASE_CREATED)) == 0)
                return verify_birth(walk, event);
        if (!walk->born || strcmp(from, phase_name(walk->phase)) != 0 || phase_from_name(to, &next) < 0 ||
            phase_move(&walk->phase, next, &ignored) < 0)
                return broken(walk->report, walk->run.id, walk->sequence, "no run moves from %.20s to %.20s here", from,
                              to);
        walk->outcome = STORE_OUTCOME_NONE;
        if (*outcome && outcome_from_name(outcome, &walk->outcome) < 0)
                return broken(walk->report, walk->run.id, walk->sequence, "unknown outcome %.32s", outcome);
        if (phase_is_terminal(walk->phase)) {
                walk->terminal = walk->sequence;
                memcpy(walk->terminal_hash, walk->head, sizeof(walk->head));
        }
        return 0;
}

static int verify_body(struct walk *walk, const char *type, const char *body)
{
        struct err unreadable = ERR_INIT;
        _cleanup_json_ json_t *event = json_parse(body, strlen(body), "event", &unreadable);
        const char *full = json_text_of(event, "type");

        if (!event)
                return broken(walk->report, walk->run.id, walk->sequence, "the event is no JSON");
        if (strcmp(json_text_of(event, "runid"), walk->run.id) != 0)
                return broken(walk->report, walk->run.id, walk->sequence, "the event belongs to another run");
        if (strtoll(json_text_of(event, "sequence"), NULL, 10) != walk->sequence)
                return broken(walk->report, walk->run.id, walk->sequence, "the event stands in another's place");
        if (strncmp(full, EVENT_TYPE_PREFIX, strlen(EVENT_TYPE_PREFIX)) != 0 ||
            strcmp(full + strlen(EVENT_TYPE_PREFIX), type) != 0)
                return broken(walk->report, walk->run.id, walk->sequence, "the event is filed under another type");
        if (strcmp(type, "run.state") == 0)
                return verify_state(walk, event);
        return 0;
}

static int verify_event(struct walk *walk, struct sqlite3_stmt *stmt)
{
        const char *body = db_column(stmt, 2);
        int64_t sequence = db_column_int(stmt, 0);
        char hash[HASH_HEX];

        if (sequence != ++walk->sequence)
                return broken(walk->report, walk->run.id, walk->sequence, "the event is missing");
        walk->report->events++;
        chain_hash(walk->head, body, strlen(body), hash);
        if (strcmp(hash, db_column(stmt, 3)) != 0)
                return broken(walk->report, walk->run.id, sequence, "the event is not the one that was written");
        memcpy(walk->head, hash, sizeof(hash));
        return verify_body(walk, db_column(stmt, 1), body);
}

/* ---- one run ---- */

/* The link of a finished run names its terminal event. */
static int verify_link_of(struct walk *walk, struct err *err)
{
        struct sqlite3_stmt *link = db_use(walk->store, SQL_LINK_OF_RUN, err);
        int64_t sequence;
        bool same;
        int got;

        if (!link)
                return -1;
        db_int(link, 1, walk->number);
        if ((got = db_step(walk->store, link, err)) < 0)
                return -1;
        sequence = got ? db_column_int(link, 0) : 0;
        same = got && strcmp(db_column(link, 1), walk->terminal_hash) == 0;
        db_done(link);
        if (sequence != walk->terminal || (got && !same))
                return broken(walk->report, walk->run.id, walk->terminal,
                              walk->terminal ? "the end of the run is not in the chain of the store"
                                             : "the chain of the store ends a run that goes on");
        return 0;
}

static int verify_end(struct walk *walk, struct err *err)
{
        const struct store_run *run = &walk->run;
        struct sqlite3_stmt *head;
        bool same;

        if (!walk->born)
                return broken(walk->report, run->id, 1, "the run has no beginning");
        if (!(head = db_use(walk->store, SQL_HEAD_GET, err)))
                return -1;
        db_int(head, 1, walk->number);
        if (db_step(walk->store, head, err) < 0)
                return -1;
        same = strcmp(db_column(head, 1), walk->head) == 0;
        db_done(head);
        if (run->events != walk->sequence || !same)
                return broken(walk->report, run->id, walk->sequence + 1,
                              "the run counts %lld events, %lld are there: its end was cut off or replaced",
                              (long long)run->events, (long long)walk->sequence);
        if (run->phase != walk->phase || run->outcome != walk->outcome)
                return broken(walk->report, run->id, 0, "the run is recorded as %s %s, its events end in %s %s",
                              phase_name(run->phase), run->outcome < OUTCOME_COUNT ? outcome_name(run->outcome) : "",
                              phase_name(walk->phase),
                              walk->outcome < OUTCOME_COUNT ? outcome_name(walk->outcome) : "");
        return verify_link_of(walk, err);
}

static int verify_events(struct walk *walk, struct err *err)
{
        struct sqlite3_stmt *stmt = db_use(walk->store, SQL_EVENTS, err);
        int got, verdict = 0;

        if (!stmt)
                return -1;
        db_int(stmt, 1, walk->number);
        db_int(stmt, 2, INT64_MIN);
        while (verdict == 0 && (got = db_step(walk->store, stmt, err)) != 0)
                verdict = got < 0 ? -1 : verify_event(walk, stmt);
        db_done(stmt);
        return verdict;
}

/* `stmt` stands on a row of RUN_COLUMNS. */
static int verify_run(struct store *store, struct sqlite3_stmt *stmt, struct store_chain_report *report,
                      int64_t expected, struct err *err)
{
        struct walk walk = {.store = store, .report = report, .head = STORE_HASH_NONE, .outcome = STORE_OUTCOME_NONE};
        int verdict;

        if (run_read(stmt, &walk.run, &walk.number, err) < 0)
                return broken(report, db_column(stmt, 0), 0, "the row of the run has a state that there is not");
        report->runs++;
        if (expected && walk.number != expected)
                verdict = broken(report, walk.run.id, 0, "run number %lld is missing", (long long)expected);
        else if ((verdict = verify_events(&walk, err)) == 0)
                verdict = verify_end(&walk, err);
        store_run_release(&walk.run);
        return verdict;
}

static int verify_one(struct store *store, const char *run, struct store_chain_report *report, struct err *err)
{
        struct sqlite3_stmt *get = db_use_run(store, SQL_RUN_BY_ID, run, err);
        int got;

        if (!get)
                return -1;
        got = verify_run(store, get, report, 0, err);
        db_done(get);
        return got;
}

/* ---- the store ---- */

static int verify_runs(struct store *store, struct store_chain_report *report, struct err *err)
{
        struct sqlite3_stmt *stmt = db_use(store, SQL_RUNS_VERIFY, err);
        int64_t expected = 1;
        int got, verdict = 0;

        if (!stmt)
                return -1;
        while (verdict == 0 && (got = db_step(store, stmt, err)) != 0)
                verdict = got < 0 ? -1 : verify_run(store, stmt, report, expected++, err);
        db_done(stmt);
        return verdict;
}

static int verify_orphans(struct store *store, struct store_chain_report *report, struct err *err)
{
        struct sqlite3_stmt *stmt = db_use(store, SQL_EVENTS_ORPHANED, err);
        int got = stmt ? db_step(store, stmt, err) : -1;

        if (got <= 0)
                return got;
        db_done(stmt);
        return broken(report, "", 0, "there are events of a run that is missing");
}

static int verify_link(struct sqlite3_stmt *stmt, struct store_chain_report *report)
{
        const char *event = db_column(stmt, 2), *run = db_column(stmt, 4);
        char hash[HASH_HEX];

        report->broken_link = report->links + 1;
        if (db_column_int(stmt, 0) != ++report->links)
                return broken(report, run, 0, "link %lld of the store's chain is missing", (long long)report->links);
        if (strcmp(event, db_column(stmt, 5)) != 0)
                return broken(report, run, db_column_int(stmt, 1),
                              "the end of the run is not the one that link %lld of the store's chain has",
                              (long long)report->links);
        chain_link_hash(report->head, run, event, hash);
        if (strcmp(hash, db_column(stmt, 3)) != 0)
                return broken(report, run, 0, "link %lld of the store's chain does not follow from the one before",
                              (long long)report->links);
        memcpy(report->head, hash, sizeof(hash));
        report->broken_link = 0;
        return 0;
}

static int verify_links(struct store *store, struct store_chain_report *report, struct err *err)
{
        struct sqlite3_stmt *stmt = db_use(store, SQL_LINKS, err);
        int got, verdict = 0;

        if (!stmt)
                return -1;
        while (verdict == 0 && (got = db_step(store, stmt, err)) != 0)
                verdict = got < 0 ? -1 : verify_link(stmt, report);
        db_done(stmt);
        return verdict;
}

/* The chains are of rows; indexes, and pages that hold none, are the store's own to check. */
static void verify_pages(struct store *store, struct store_chain_report *report)
{
        struct err damage = ERR_INIT;

        if (store_check(store, &damage) == 0)
                return;
        report->ok = false;
        err_text(&damage, report->what, sizeof(report->what));
}

int store_chain_verify(struct store *store, const char *run, struct store_chain_report *ret, struct err *err)
{
        struct store_chain_report report = {.ok = true, .head = STORE_HASH_NONE};
        _cleanup_tx_ struct db_tx tx = {0};
        int verdict;

        /* One transaction: what others append meanwhile is not seen. */
        if (db_begin_read(&tx, store, err) < 0)
                return -1;
        verdict = run ? verify_one(store, run, &report, err) : verify_runs(store, &report, err);
        if (verdict == 0)
                verdict = verify_links(store, &report, err);
        if (verdict == 0 && !run)
                verdict = verify_orphans(store, &report, err);
        if (verdict < 0)
                return -1;
        if (verdict == 0 && !run)
                verify_pages(store, &report);
        *ret = report;
        return 0;
}
