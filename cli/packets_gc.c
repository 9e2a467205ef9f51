/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List the folders → ask the store about each, and which of them stay → sort by the time their run ended → remove from the
 * oldest on. The store is asked before anything is removed, run by run, so a run that starts meanwhile is not on the list.
 */
#include "cli/packets_gc.h"

#include "cli/packets_keep.h"
#include "cli/recover.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/json.h"
#include "lib/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES_MAX ((size_t)1000000)

struct packet {
        char *run;
        uint64_t bytes;
        int64_t ended; /* milliseconds since the epoch */
        bool orphan;
};

struct packets {
        int folder; /* runs/ */
        struct packet *items;
        size_t len, left; /* listed; not removed */
        uint64_t bytes;
        json_t *keep; /* {RUN: why} */
};

static void packets_release(struct packets *packets)
{
        for (size_t i = 0; i < packets->len; i++)
                free(packets->items[i].run);
        free(packets->items);
        json_decref(packets->keep);
        cleanup_fd(&packets->folder);
}

/* 1: it may go some day, with `ret->ended` set; 0: it must stay. */
static int judge(struct store *store, int folder, const char *run, struct packet *ret, struct err *err)
{
        _cleanup_store_run_ struct store_run row = {0};
        struct err why = ERR_INIT;
        struct stat st;

        if (store_run_get(store, run, &row, &why) == 0 && strcmp(row.id, run) == 0) {
                ret->ended = clock_from_rfc3339(row.moved);
                /* a run is over before its packet is complete: while its owner lives it may still be written */
                return phase_is_terminal(row.phase) && !owner_lives(owner_of(&row));
        }
        if (why.code != ERR_OK && why.code != ERR_NOT_FOUND && why.code != ERR_INPUT) {
                *err = why;
                return -1;
        }
        if (fstatat(folder, run, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        ret->ended = (int64_t)st.st_mtime * 1000;
        ret->orphan = true;
        return 1;
}

static int add_packet(struct packets *packets, struct store *store, const char *run, struct err *err)
{
        struct packet packet = {0};
        const int may_go = judge(store, packets->folder, run, &packet, err);

        if (may_go <= 0)
                return may_go;
        packet.run = xstrdup(run);
        packet.bytes = fs_tree_bytes(packets->folder, run, ENTRIES_MAX);
        packets->bytes += packet.bytes;
        packets->items = xrealloc(packets->items, (packets->len + 1) * sizeof(*packets->items));
        packets->items[packets->len++] = packet;
        return 0;
}

static int list(struct packets *packets, struct store *store, struct err *err)
{
        _cleanup_dir_ DIR *folder = fs_list(openat(packets->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const struct dirent *entry;

        if (!folder)
                return err_errno(err, "list the packets");
        while ((entry = fs_list_next(folder)))
                if (entry->d_name[0] != '.' && add_packet(packets, store, entry->d_name, err) < 0)
                        return -1;
        return errno ? err_errno(err, "list the packets") : 0;
}

static int compare_end(const void *a, const void *b)
{
        const struct packet *left = a, *right = b;

        if (left->ended != right->ended)
                return left->ended > right->ended ? 1 : -1;
        return strcmp(left->run, right->run);
}

static const char *reason_to_go(const struct packets_gc *gc, const struct packets *packets, const struct packet *packet)
{
        const int64_t age = gc->now - packet->ended / 1000; /* seconds */

        if (packet->orphan)
                return age > PACKET_ORPHAN_AGE_S ? "left by a crash" : NULL;
        if (gc->max_age_s && age > (int64_t)gc->max_age_s)
                return "age";
        if (gc->max_count && packets->left > gc->max_count)
                return "count";
        return gc->max_bytes && packets->bytes > gc->max_bytes ? "size" : NULL;
}

/* On record before it is gone: a crash in between leaves a packet that the next one removes. */
static int record(const struct packets_gc *gc, const struct packet *packet, const char *reason, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/" PACKETS_REMOVED, gc->repo_state), *line = NULL;
        _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
        _cleanup_str_ struct str text = {0};
        _cleanup_json_ json_t *json = NULL;
        char now[CLOCK_RFC3339];

        clock_rfc3339(now);
        json = json_pack("{s:o,s:s,s:I,s:s}", "run", json_quoted(packet->run), "reason", reason, "bytes",
                         (json_int_t)packet->bytes, "time", now);
        line = json_canonical(json);
        str_printf(&text, "%s\n", line);
        return fd < 0 || fs_write_all(fd, str_text(&text), text.len) < 0 ? err_errno(err, "write %s", path) : 0;
}

static int remove_packet(const struct packets_gc *gc, struct packets *packets, const struct packet *packet,
                         const char *reason, struct err *err)
{
        if (!gc->dry_run &&
            (record(gc, packet, reason, err) < 0 || fs_remove_tree_at(packets->folder, packet->run, err) < 0))
                return err_wrap(err, "packet %s", packet->run);
        packets->bytes -= packet->bytes;
        packets->left--;
        if (gc->report)
                gc->report(gc->data, packet->run, reason, packet->bytes);
        return 0;
}

static int sweep(const struct packets_gc *gc, struct packets *packets, struct err *err)
{
        packets->left = packets->len;
        for (size_t i = 0; i < packets->len; i++) {
                const struct packet *packet = &packets->items[i];
                const char *reason = reason_to_go(gc, packets, packet), *why;

                if (!reason)
                        continue;
                why = json_text_of(packets->keep, packet->run);
                if (why[0] && gc->kept)
                        gc->kept(gc->data, packet->run, why, packet->bytes);
                if (!why[0] && remove_packet(gc, packets, packet, reason, err) < 0)
                        return -1;
        }
        return 0;
}

static bool has_packet(void *data, const char *run, bool with_checkpoint)
{
        const struct packets *packets = data;
        _cleanup_free_ char *path = xasprintf("%s%s", run, with_checkpoint ? "/checkpoints" : "");

        return faccessat(packets->folder, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int look(struct packets *packets, struct store *store, struct err *err)
{
        const struct packets_keep keep = {.store = store, .has_packet = has_packet, .data = packets};

        if (list(packets, store, err) < 0)
                return -1;
        packets->keep = packets_keep(&keep, err);
        return packets->keep ? 0 : -1;
}

int packets_gc(const struct packets_gc *gc, struct err *err)
{
        _cleanup_free_ char *runs = xasprintf("%s/runs", gc->repo_state);
        _cleanup_free_ char *path = xasprintf("%s/store.db", gc->repo_state);
        struct packets packets = {.folder = open(runs, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
        struct store *store = NULL;
        struct err why = ERR_INIT;
        int status;

        if (packets.folder < 0)
                return errno == ENOENT ? 0 : err_errno(err, "open %s", runs);
        if (store_open(path, NULL, STORE_READ, &store, &why) < 0) {
                packets_release(&packets);
                if (why.code == ERR_NOT_FOUND)
                        return 0;
                *err = why;
                return -1;
        }
        status = look(&packets, store, err);
        store_close(store);
        if (status == 0) {
                if (packets.len)
                        qsort(packets.items, packets.len, sizeof(*packets.items), compare_end);
                status = sweep(gc, &packets, err);
        }
        packets_release(&packets);
        return status;
}

struct json_t *packets_removed(const char *repo_state)
{
        _cleanup_free_ char *path = xasprintf("%s/" PACKETS_REMOVED, repo_state);
        FILE *file = fopen(path, "re");
        json_t *removed = json_object();
        char *line = NULL;
        size_t size = 0;

        while (file && getline(&line, &size, file) > 0) {
                _cleanup_json_ json_t *one = json_loads(line, 0, NULL);

                if (json_text_of(one, "run")[0])
                        json_object_set_new(removed, json_text_of(one, "run"),
                                            json_string(json_text_of(one, "reason")));
        }
        free(line);
        if (file)
                fclose(file);
        return removed;
}
