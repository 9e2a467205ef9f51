/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/told_later.h"

#include "cli/context.h"
#include "cli/packet.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/p256.h"
#include "lib/packet/attest_key.h"
#include "lib/packet/folder.h"
#include "lib/packet/later.h"
#include "lib/store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct told_later_file told_later_files[] = {
        {"amendments.jsonl", "amendment"}, {"operator.jsonl", "operator.outcome"}, {NULL, NULL}};

static int take(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *event = json_loadb(row->json, row->len, 0, NULL);
        json_t *data = json_object_get(event, "data");

        (void)err;
        if (!json_is_object(data))
                return 0;
        json_object_set(data, "time", json_object_get(event, "time"));
        json_array_append(arg, data);
        return 0;
}

json_t *told_later_json(struct store *store, const char *run, const char *type_prefix, struct err *err)
{
        const struct store_events_filter filter = {.type_prefix = type_prefix};
        _cleanup_json_ json_t *all = json_array();

        return store_events_each(store, run, &filter, take, all, err) < 0 ? NULL : json_incref(all);
}

static int put_event(const struct store_event_row *row, void *arg, struct err *err)
{
        (void)err;
        str_append(arg, row->json, row->len);
        str_putc(arg, '\n');
        return 0;
}

int told_later_write(struct context *context, const char *run, const char *type_prefix, const char *file,
                     struct err *err)
{
        const struct store_events_filter filter = {.type_prefix = type_prefix};
        struct err gone = ERR_INIT;
        _cleanup_fd_ int packet = packet_open(context, run, &gone);
        _cleanup_str_ struct str lines = {0};

        if (packet < 0)
                return gone.code == ERR_NOT_FOUND ? 0 : (*err = gone, -1);
        if (packet_hold(packet, err) < 0 ||
            store_events_each(context->store, run, &filter, put_event, &lines, err) < 0 ||
            fs_write_at(packet, file, str_text(&lines), lines.len, 0600, err) < 0)
                return -1;
        /* a held run's packet is there too; one without its sums is about to be written, and sealed then */
        if (faccessat(packet, "evidence/SHA256SUMS", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        return told_later_seal(context, run, packet, err);
}

/* ---- the seal ---- */

struct head {
        int64_t events;
        char hash[HASH_HEX];
};

static int take_head(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *event = json_parse(row->json, row->len, "event", err);
        struct head *head = arg;

        head->events = row->sequence;
        snprintf(head->hash, sizeof(head->hash), "%s", json_text_of(event, "hash"));
        return event ? 0 : -1;
}

int told_later_seal(struct context *context, const char *run, int packet, struct err *err)
{
        _cleanup_free_ char *folder = xasprintf("%s/keys", context->state_root);
        _cleanup_fd_ int keys = fs_open_dir(folder, err);
        _cleanup_p256_ struct p256_key *key = NULL;
        _cleanup_store_run_ struct store_run row = {0};
        struct head head = {0};

        if (packet_hold(packet, err) < 0 || keys < 0 || p256_ensure(keys, ATTEST_KEY, &key, err) < 0 ||
            store_run_get(context->store, run, &row, err) < 0 ||
            store_events_each(context->store, run, &(struct store_events_filter){.from = row.events}, take_head, &head,
                              err) < 0)
                return err_wrap(err, "seal what was said of %s", run);
        return later_seal(packet, key, &(struct later_log){run, head.events, head.hash}, err);
}

/* ---- against the log ---- */

struct said_line {
        char *text; /* with its end */
        int64_t sequence;
        bool there;
};

struct said {
        struct said_line *items;
        size_t len;
};

static void said_release(struct said *said)
{
        for (size_t i = 0; i < said->len; i++)
                free(said->items[i].text);
        free(said->items);
}

static int take_said(const struct store_event_row *row, void *arg, struct err *err)
{
        struct said *said = arg;

        (void)err;
        said->items = xgrow(said->items, said->len, sizeof(*said->items));
        said->items[said->len++] =
                (struct said_line){.text = xasprintf("%.*s\n", (int)row->len, row->json), .sequence = row->sequence};
        return 0;
}

static bool find_line(struct said *said, const char *at, size_t len)
{
        for (size_t i = 0; i < said->len; i++)
                if (!said->items[i].there && strlen(said->items[i].text) == len &&
                    memcmp(said->items[i].text, at, len) == 0)
                        return said->items[i].there = true;
        return false;
}

static void say_missing(const struct said *said, struct strv *ret)
{
        for (size_t i = 0; i < said->len; i++)
                if (!said->items[i].there)
                        strv_add_printf(ret, "the line of event %lld is missing, or was changed",
                                        (long long)said->items[i].sequence);
}

int told_later_compare(struct context *context, const char *run, int packet, const struct told_later_file *file,
                       struct strv *ret_faults, struct err *err)
{
        __attribute__((cleanup(said_release))) struct said said = {0};
        const struct store_events_filter filter = {.type_prefix = file->type};
        _cleanup_str_ struct str text = {0}, expected = {0};
        struct err gone = ERR_INIT;
        const size_t before = ret_faults->len;
        size_t number = 0;

        if (store_events_each(context->store, run, &filter, take_said, &said, err) < 0)
                return -1;
        if (packet_read(packet, file->name, LATER_FILE_MAX, &text, &gone) < 0)
                str_clear(&text);
        for (const char *at = str_text(&text); *at;) {
                const size_t to = strcspn(at, "\n"), len = to + (at[to] == '\n');

                number++;
                if (!find_line(&said, at, len))
                        strv_add_printf(ret_faults, "line %zu is no event of the log", number);
                at += len;
        }
        say_missing(&said, ret_faults);
        for (size_t i = 0; i < said.len; i++)
                str_puts(&expected, said.items[i].text);
        if (ret_faults->len == before && strcmp(str_text(&expected), str_text(&text)) != 0)
                strv_add(ret_faults, "its lines stand in another order than in the log");
        return 0;
}
