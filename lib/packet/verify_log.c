/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a packet: one event per line, "{…,"hash":"<hex>","prevhash":"<hex>"}"; the hash is SHA-256 over the previous hash, as
 * text, and the line without its last two members. So the bytes themselves are checked, and no second way to write JSON is
 * needed. On the way what the log tells is kept for the checks that compare with it.
 *
 * What people say after a run's end stands in files beside the packet that grow (operator.jsonl, amendments.jsonl), as events of the
 * same run, whose place in the chain only the store knows; each line by itself must still hold.
 */
#include "lib/packet/verify_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/lines.h"
#include "lib/packet/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_MAX ((off_t)1 << 30)
#define LINE_MAX_BYTES ((size_t)32 << 20)
#define HEX_LEN (HASH_HEX - 1)
#define HASH_KEY ",\"hash\":\""
#define PREVIOUS_KEY "\",\"prevhash\":\""
#define END "\"}"
#define TAIL_LEN (sizeof(HASH_KEY) - 1 + HEX_LEN + sizeof(PREVIOUS_KEY) - 1 + HEX_LEN + sizeof(END) - 1)
#define NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"

/* ---- One line ---- */

struct line {
        const char *file;
        int64_t number; /* from 1 */
        char hash[HASH_HEX], previous[HASH_HEX];
        size_t len, values; /* as text */
        struct json_t *event;
        const char *type; /* without its prefix */
        struct json_t *data;
};

static bool take_hex(const char *at, char ret[HASH_HEX])
{
        if (strspn(at, "0123456789abcdef") < HEX_LEN)
                return false;
        memcpy(ret, at, HEX_LEN);
        ret[HEX_LEN] = '\0';
        return true;
}

/* `text` has no line end. False: it is no line of a log, or its hash is not its own. */
static bool line_holds(const char *text, size_t len, struct line *line)
{
        const char *tail = text + len - TAIL_LEN;
        const char *middle = tail + sizeof(HASH_KEY) - 1 + HEX_LEN;
        char hash[HASH_HEX];
        struct hash state;

        if (len <= TAIL_LEN + 1 || strlen(text) != len || memcmp(tail, HASH_KEY, sizeof(HASH_KEY) - 1) != 0 ||
            memcmp(middle, PREVIOUS_KEY, sizeof(PREVIOUS_KEY) - 1) != 0 || strcmp(text + len - 2, END) != 0 ||
            !take_hex(tail + sizeof(HASH_KEY) - 1, line->hash) ||
            !take_hex(middle + sizeof(PREVIOUS_KEY) - 1, line->previous))
                return false;
        hash_init(&state);
        hash_update(&state, line->previous, HEX_LEN);
        hash_update(&state, text, len - TAIL_LEN);
        hash_update(&state, "}", 1);
        hash_final(&state, hash);
        return strcmp(hash, line->hash) == 0;
}

static bool line_parse(const char *text, size_t len, struct line *line)
{
        struct err ignored = ERR_INIT;
        const char *type;

        line->len = len;
        line->values = json_values_in(text, len);
        line->event = json_parse(text, len, "event", &ignored);
        line->data = json_object_get(line->event, "data");
        type = json_text_of(line->event, "type");
        if (!json_is_object(line->data) || strncmp(type, EVENT_TYPE_PREFIX, strlen(EVENT_TYPE_PREFIX)) != 0)
                return false;
        line->type = type + strlen(EVENT_TYPE_PREFIX);
        return event_type_find(line->type) != NULL;
}

/* ---- What the log tells ---- */

static void keep(char *place, size_t size, const char *text)
{
        snprintf(place, size, "%s", text);
}

#define KEEP(place, text) keep(place, sizeof(place), text)

static void see_birth(struct verify *v, const struct line *line)
{
        struct packet_told *told = &v->verdict->told;

        KEEP(told->item, json_text_of(line->event, "itemid"));
        KEEP(told->identity, json_text_of(line->event, "identity"));
        KEEP(told->base, json_text_of(line->data, "base"));
        KEEP(told->target, json_text_of(line->data, "target_ref"));
        KEEP(told->snapshot, json_text_of(line->data, "snapshot_sha256"));
}

static bool move_is_possible(struct verify *v, const struct line *line)
{
        const char *from = json_text_of(line->data, "from");
        struct err ignored = ERR_INIT;
        enum phase next;

        if (phase_from_name(json_text_of(line->data, "to"), &next) < 0)
                return false;
        if (!v->born) {
                v->born = strcmp(from, "none") == 0 && next == PHASE_CREATED;
                v->phase = PHASE_CREATED;
                return v->born;
        }
        return strcmp(from, phase_name(v->phase)) == 0 && phase_move(&v->phase, next, &ignored) == 0;
}

static void see_state(struct verify *v, const struct line *line)
{
        struct packet_told *told = &v->verdict->told;
        const bool first = !v->born;
        struct json_t *reasons = json_object_get(line->data, "reasons");

        if (!move_is_possible(v, line)) {
                packet_found(v->verdict, PACKET_CHECK_LOG, line->file,
                             "event %lld: no run moves from %.20s to %.20s here", (long long)line->number,
                             json_text_of(line->data, "from"), json_text_of(line->data, "to"));
                return;
        }
        if (first)
                see_birth(v, line);
        if (json_object_get(line->data, "tree"))
                KEEP(told->tree, json_text_of(line->data, "tree"));
        KEEP(told->outcome, json_text_of(line->data, "outcome"));
        if (json_array_size(reasons) || json_text_of(line->data, "outcome")[0]) {
                json_decref(v->reasons);
                v->reasons = json_incref(reasons);
        }
        json_array_append_new(v->timeline, json_pack("{s:s, s:s}", "phase", json_text_of(line->data, "to"), "time",
                                                     json_text_of(line->event, "time")));
}

static void see_commit(struct verify *v, const struct line *line)
{
        struct packet_told *told = &v->verdict->told;

        KEEP(told->commit, json_text_of(line->data, "commit"));
        KEEP(told->parent, json_text_of(line->data, "parent"));
        KEEP(told->tree, json_text_of(line->data, "tree"));
}

static void see_seal(struct verify *v, const struct line *line)
{
        struct packet_told *told = &v->verdict->told;

        KEEP(told->evidence, json_text_of(line->data, "sha256"));
        KEEP(told->store_chain, json_text_of(line->data, "store_chain"));
        v->receipts_sealed = v->receipts.len;
        v->sealed = true;
}

/* As it was at the last seal: the receipts until then, and the head of the store's chain. Once, however many seals a log has. */
static void make_set(struct verify *v)
{
        _cleanup_strv_ struct strv lines = {0};

        for (size_t i = 0; i < v->receipts_sealed; i++)
                strv_add(&lines, v->receipts.items[i]);
        strv_add_printf(&lines, "store-chain %s", v->verdict->told.store_chain);
        strv_sort_unique(&lines);
        for (size_t i = 0; i < lines.len; i++)
                str_printf(&v->sealed_set, "%s\n", lines.items[i]);
}

static void see_attested(struct verify *v, const struct line *line)
{
        v->attested = json_is_array(json_object_get(line->data, "attestations"));
}

static void see_verifier(struct verify *v, const struct line *line)
{
        const bool director = strcmp(json_text_of(line->event, "actor"), "director") == 0;

        json_array_append(director ? v->director : v->self, line->data);
}

static const struct {
        const char *type;
        void (*see)(struct verify *v, const struct line *line);
} sights[] = {
        {"run.state", see_state},
        {"receipt.commit", see_commit},
        {"receipt.verifier", see_verifier},
        {"receipt.verifier.attestations", see_attested},
        {"receipt.evidence.set.hash", see_seal},
};

/* What is compared with report and evidence set has to fit into them, and both are bounded: what tells more is no run's log. */
static bool has_room(struct verify *v, const struct line *line, size_t values, size_t bytes)
{
        v->kept_values += values;
        v->kept_bytes += bytes;
        if (!v->full && (v->kept_values > JSON_VALUES_MAX || v->kept_bytes > VERIFY_FILE_MAX)) {
                v->full = true;
                packet_found(v->verdict, PACKET_CHECK_LOG, line->file,
                             "event %lld: it tells more than any report holds", (long long)line->number);
        }
        return !v->full;
}

static void see(struct verify *v, const struct line *line)
{
        for (size_t i = 0; i < sizeof(sights) / sizeof(sights[0]); i++)
                if (strcmp(sights[i].type, line->type) == 0 && has_room(v, line, line->values, line->len))
                        sights[i].see(v, line);
        if (strncmp(line->type, "receipt.", 8) == 0 && has_room(v, line, 0, 2 * sizeof(line->hash)))
                strv_add_printf(&v->receipts, "%s %s", json_text_of(line->event, "id"), line->hash);
        if (strncmp(line->type, "note.", 5) == 0) {
                const json_int_t so_far = json_integer_value(json_object_get(v->notes, line->type));

                json_object_set_new(v->notes, line->type, json_integer(so_far + 1));
        }
}

/* ---- The chain ---- */

static const char *place_problem(struct verify *v, const struct line *line)
{
        struct packet_told *told = &v->verdict->told;
        char id[sizeof(told->run) + 32], sequence[32];

        if (line->number == 1)
                KEEP(told->run, json_text_of(line->event, "runid"));
        snprintf(sequence, sizeof(sequence), "%010lld", (long long)line->number);
        snprintf(id, sizeof(id), "%s:%s", told->run, sequence);
        if (strcmp(json_text_of(line->event, "runid"), told->run) != 0)
                return "it is of another run";
        if (strcmp(json_text_of(line->event, "sequence"), sequence) != 0 ||
            strcmp(json_text_of(line->event, "id"), id) != 0)
                return "it stands in another's place";
        return NULL;
}

/* False: the chain is broken here, and what comes after cannot be judged. */
static bool take_event(struct verify *v, const char *text, size_t len, struct line *line)
{
        struct packet_told *told = &v->verdict->told;
        const char *problem = NULL;

        if (!line_holds(text, len, line))
                problem = "its bytes are not those that its hash was made of";
        else if (strcmp(line->previous, told->events ? told->head : NO_HASH) != 0)
                problem = "it does not follow from the one before";
        else if (!line_parse(text, len, line))
                problem = "it is no event";
        else
                problem = place_problem(v, line);
        if (problem) {
                packet_found(v->verdict, PACKET_CHECK_LOG, line->file, "event %lld: %s", (long long)line->number,
                             problem);
                return false;
        }
        told->events = line->number;
        memcpy(told->head, line->hash, sizeof(told->head));
        see(v, line);
        return true;
}

static void check_end(struct verify *v)
{
        if (!v->born)
                packet_found(v->verdict, PACKET_CHECK_LOG, VERIFY_EVENTS_FILE, "the run has no beginning");
        else if (!phase_is_terminal(v->phase) && v->phase != PHASE_HELD)
                packet_found(v->verdict, PACKET_CHECK_LOG, VERIFY_EVENTS_FILE,
                             "the run is %s at its last event: its end was cut off", phase_name(v->phase));
}

/* ---- Files of lines ---- */

typedef bool line_fn(struct verify *v, const char *text, size_t len, struct line *line);

/* False: it was broken off. `line.event` lives as long as `take` runs. */
static bool each_line(struct verify *v, const char *file, int fd, line_fn *take)
{
        _cleanup_line_reader_ struct line_reader reader = {.fd = fd, .most = LINE_MAX_BYTES};
        struct line line = {.file = file};
        const char *text;
        size_t len;
        int got;

        while ((got = line_next(&reader, &text, &len)) > 0) {
                bool goes_on;

                line = (struct line){.file = file, .number = line.number + 1};
                goes_on = take(v, text, len, &line);
                json_decref(line.event);
                if (!goes_on)
                        return false;
        }
        if (got < 0)
                packet_found(v->verdict, PACKET_CHECK_LOG, file, "line %lld has no end, or is longer than any event",
                             (long long)line.number + 1);
        return got == 0;
}

static int open_lines(struct verify *v, const char *file, struct err *err)
{
        _cleanup_fd_ int fd = packet_file(v->packet, file, err);

        if (fd < 0)
                return -1;
        if (lseek(fd, 0, SEEK_END) > LOG_MAX || lseek(fd, 0, SEEK_SET) < 0)
                return err_set(err, ERR_INPUT, "%s is larger than any log", file);
        return steal_fd(&fd);
}

/* One line of what was said after the end: an event of this run that comes after the packet's. */
static bool take_late(struct verify *v, const char *text, size_t len, struct line *line)
{
        const struct packet_told *told = &v->verdict->told;

        if (!line_holds(text, len, line))
                packet_found(v->verdict, PACKET_CHECK_LOG, line->file,
                             "line %lld: its bytes are not those that its hash was made of", (long long)line->number);
        else if (!line_parse(text, len, line) || strcmp(json_text_of(line->event, "runid"), told->run) != 0)
                packet_found(v->verdict, PACKET_CHECK_LOG, line->file, "line %lld is no event of this run",
                             (long long)line->number);
        return true;
}

static void verify_late(struct verify *v, const char *file)
{
        struct err err = ERR_INIT;
        _cleanup_fd_ int fd = open_lines(v, file, &err);

        if (fd < 0) {
                if (err.code != ERR_NOT_FOUND)
                        packet_found(v->verdict, PACKET_CHECK_LOG, file, "%s", err.message);
                return;
        }
        strv_add(&v->verdict->later, file);
        (void)each_line(v, file, fd, take_late);
}

void verify_log(struct verify *v)
{
        struct err err = ERR_INIT;
        _cleanup_fd_ int fd = open_lines(v, VERIFY_EVENTS_FILE, &err);

        v->verdict->done[PACKET_CHECK_LOG] = true;
        if (fd < 0) {
                packet_found(v->verdict, PACKET_CHECK_LOG, VERIFY_EVENTS_FILE, "%s", err.message);
                return;
        }
        if (each_line(v, VERIFY_EVENTS_FILE, fd, take_event))
                check_end(v);
        if (v->sealed)
                make_set(v);
        verify_late(v, "operator.jsonl");
        verify_late(v, "amendments.jsonl");
}
