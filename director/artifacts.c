/* SPDX-License-Identifier: Apache-2.0 */
#include "director/artifacts.h"

#include "director/candidate.h"
#include "director/director.h"
#include "director/facts.h"
#include "director/packet.h"
#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/fs.h"
#include "lib/base/ignore.h"
#include "lib/base/json.h"
#include "lib/packet/folder.h"
#include "policy/scrub.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OUTPUTS CANDIDATE_QUARANTINE "/outputs"
#define LIST_BYTES_MAX ((size_t)16 << 20)
#define TYPE "receipt.artifacts"
#define ODD_FOLDER "+odd"
#define DEPTH_MAX 6
#define PART_BYTES_MAX 100
#define PATH_BYTES_MAX 512
#define CHUNK_BYTES (EVENT_DATA_MAX - 4096)

struct take {
        struct director *d;
        struct ignore globs;
        int outputs_fd;       /* evidence/outputs */
        struct json_t *items; /* of the receipt */
        uint64_t bytes, files;
        int64_t left_out;
};

/* ---- Names ---- */

static bool plain_path(const char *path)
{
        int depth = 0;

        if (strlen(path) > PATH_BYTES_MAX || strncmp(path, ODD_FOLDER, strlen(ODD_FOLDER)) == 0)
                return false;
        for (const char *part = path;; part += strcspn(part, "/") + 1) {
                const size_t len = strcspn(part, "/");

                if (len > PART_BYTES_MAX || !packet_name_is_plain(part, len) || ++depth > DEPTH_MAX)
                        return false;
                if (!part[len])
                        return true;
        }
}

static char *name_of(const struct take *take, const char *path)
{
        return plain_path(path) ? xstrdup(path)
                                : xasprintf(ODD_FOLDER "/%04llu", (unsigned long long)json_array_size(take->items));
}

static int create_below(int dirfd, const char *path, struct err *err)
{
        const char *name = NULL;
        _cleanup_fd_ int folder = fs_mkdir_parents_at(dirfd, path, 0700, &name, err);
        int fd;

        if (folder < 0)
                return err_wrap(err, "outputs");
        fd = fs_open_beneath(folder, name, O_RDWR | O_CREAT | O_TRUNC, 0600);
        return fd < 0 ? err_errno(err, "create outputs/%s", path) : fd;
}

/* ---- One of them ---- */

static bool holds_secret(struct director *d, struct str *bytes)
{
        struct redact *known = packet_secrets(d);
        const uint64_t before = known->count;
        _cleanup_free_ char *copy = xmemdup(str_text(bytes), bytes->len);

        redact_text(known, copy, bytes->len);
        if (known->count == before)
                return scrub_text(copy, bytes->len) > 0;
        known->count = before; /* nothing of it is shown: it is withheld, not hidden */
        return true;
}

/* Why its bytes are not kept; NULL: they are in `ret`. */
static const char *read_one(struct take *take, const char *file, struct str *ret)
{
        const struct budget *budget = &take->d->plan.budget;
        _cleanup_free_ char *path = xasprintf(OUTPUTS "/%s", file);
        _cleanup_fd_ int fd = -1;
        struct err ignored = ERR_INIT;
        struct stat st;

        if (strspn(file, "0123456789") != strlen(file) || !*file)
                return "the caged side names no file of it";
        fd = fs_open_beneath(take->d->run_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return "the caged side left no file of it";
        if (take->bytes + (uint64_t)st.st_size > (uint64_t)budget->artifact_bytes)
                return "with it there would be more bytes than budget.artifact_bytes";
        if (fs_read_fd(fd, (size_t)st.st_size, ret, &ignored) < 0)
                return "it could not be read";
        return holds_secret(take->d, ret) ? "it holds a secret" : NULL;
}

static int keep_one(struct take *take, const char *path, const struct str *bytes, struct json_t *item, struct err *err)
{
        _cleanup_free_ char *name = name_of(take, path);
        _cleanup_fd_ int fd = create_below(take->outputs_fd, name, err);
        _cleanup_free_ char *file = xasprintf("outputs/%s", name);
        char hex[HASH_HEX];

        if (fd < 0)
                return -1;
        if (fs_write_all(fd, str_text(bytes), bytes->len) < 0)
                return err_errno(err, "write %s", file);
        hash_bytes(str_text(bytes), bytes->len, hex);
        take->bytes += bytes->len;
        take->files++;
        json_object_set_new(item, "file", json_string(file));
        json_object_set_new(item, "sha256", json_string(hex));
        return 0;
}

static void set_status(struct json_t *item, const char *status, const char *reason)
{
        json_object_set_new(item, "status", json_string(status));
        json_object_set_new(item, "reason", json_string(reason));
}

/* A name may be a secret, too: it is on record with stars, and no file of the packet is called so. */
static char *shown_path(struct take *take, const char *path)
{
        struct redact *known = packet_secrets(take->d);
        char *shown = xstrdup(path);

        redact_text(known, shown, strlen(shown));
        known->count += scrub_text(shown, strlen(shown));
        return shown;
}

static int take_one(struct take *take, const struct json_t *entry, struct err *err)
{
        const char *path = json_text_of(entry, "path"), *odd = json_text_of(entry, "odd");
        _cleanup_free_ char *shown = NULL;
        _cleanup_str_ struct str bytes = {0};
        struct json_t *item;
        const char *why;

        if (!*path || !ignore_covers(&take->globs, path, false) ||
            take->files >= (uint64_t)take->d->plan.budget.artifact_files) {
                take->left_out++;
                return 0;
        }
        shown = shown_path(take, path);
        item = json_pack("{s:o, s:n, s:n, s:I, s:b}", "path", json_quoted(shown), "file", "sha256", "bytes",
                         facts_add(0, json_int_of(entry, "bytes")), "tracked",
                         json_is_true(json_object_get(entry, "tracked")));
        json_array_append_new(take->items, item);
        if (*odd) {
                set_status(item, "rejected", "it is no regular file: a link, a FIFO, a socket or a device");
                return 0;
        }
        why = read_one(take, json_text_of(entry, "file"), &bytes);
        json_object_set_new(item, "bytes", json_integer((json_int_t)bytes.len));
        set_status(item, why ? "withheld" : "held", why ? why : "nobody has decided yet");
        return why ? 0 : keep_one(take, shown, &bytes, item, err);
}

/* ---- All of them ---- */

/* What one event can hold at a time. */
static int record(struct take *take, struct err *err)
{
        struct json_t *chunk = json_array(), *item;
        size_t bytes = 0, i;
        int result = 0;

        json_array_foreach(take->items, i, item)
        {
                const size_t more = json_dumpb(item, NULL, 0, JSON_COMPACT) + 1;

                if (bytes + more > CHUNK_BYTES && result == 0) {
                        result = director_record(take->d, TYPE, json_pack("{s:o}", "items", chunk), err);
                        chunk = json_array();
                        bytes = 0;
                }
                json_array_append(chunk, item);
                bytes += more;
        }
        if (result < 0) {
                json_decref(chunk);
                return -1;
        }
        return director_record(take->d, TYPE,
                               json_pack("{s:o, s:I}", "items", chunk, "left_out", (json_int_t)take->left_out), err);
}

static int take_all(struct take *take, const struct json_t *list, struct err *err)
{
        struct json_t *entry;
        size_t i;

        for (i = 0; i < take->d->plan.outputs.len; i++)
                ignore_add(&take->globs, "", take->d->plan.outputs.items[i]);
        json_array_foreach(json_object_get(list, "items"), i, entry)
        {
                if (take_one(take, entry, err) < 0)
                        return -1;
        }
        take->left_out = facts_add(take->left_out, json_int_of(list, "left_out"));
        return record(take, err);
}

static int see_earlier(const struct store_event_row *row, void *arg, struct err *err)
{
        (void)row;
        (void)err;
        *(bool *)arg = true;
        return 1;
}

/* A held run's were taken when it was held. */
static int taken_earlier(struct director *d, bool *ret, struct err *err)
{
        const struct store_events_filter filter = {.type_prefix = TYPE, .limit = 1};

        *ret = false;
        return store_events_each(d->store, d->row.id, &filter, see_earlier, ret, err);
}

static int open_outputs(struct director *d, struct err *err)
{
        _cleanup_fd_ int evidence_fd = fs_mkdir_open_at(d->run_fd, "evidence", 0700, err);

        if (evidence_fd < 0 || fs_remove_tree_at(evidence_fd, "outputs", err) < 0)
                return -1;
        return fs_mkdir_open_at(evidence_fd, "outputs", 0700, err);
}

int artifacts_take(struct director *d, struct err *err)
{
        struct take take = {.d = d, .outputs_fd = -1};
        struct err ignored = ERR_INIT;
        _cleanup_str_ struct str text = {0};
        _cleanup_json_ struct json_t *list = NULL;
        bool earlier = false;
        int result;

        if (d->packet.has_artifacts || director_load_plan(d, &ignored) < 0 || !d->plan.outputs.len)
                return 0;
        if (taken_earlier(d, &earlier, err) < 0)
                return -1;
        d->packet.has_artifacts = true;
        /* what the caged side left there may be a pipe that nobody writes to */
        if (earlier || packet_read(d->run_fd, OUTPUTS "/list.json", LIST_BYTES_MAX, &text, &ignored) < 0 ||
            !(list = json_parse(str_text(&text), text.len, "the list of outputs", &ignored)))
                return 0;
        take.outputs_fd = open_outputs(d, err);
        take.items = json_array();
        result = take.outputs_fd < 0 ? -1 : take_all(&take, list, err);
        json_decref(take.items);
        ignore_release(&take.globs);
        cleanup_fd(&take.outputs_fd);
        return result;
}

/* ---- For the report ---- */

static void decide(const struct director *d, struct json_t *item)
{
        if (strcmp(json_text_of(item, "status"), "held") != 0)
                return;
        if (d->outcome == OUTCOME_HELD)
                set_status(item, "held", "the run waits for a person");
        else if (outcome_exit_status(d->outcome) == 0)
                set_status(item, "accepted", "the run was verified; the artifact itself is as the run left it");
        else
                set_status(item, "rejected", outcome_meaning(d->outcome));
}

struct json_t *artifacts_json(const struct director *d, const struct facts *facts)
{
        struct json_t *items = json_deep_copy(facts->artifacts), *item;
        size_t i;

        if (!items)
                items = json_array();
        json_array_foreach(items, i, item) decide(d, item);
        return json_pack("{s:o, s:o, s:I}", "patterns", d->has_plan ? json_from_strv(&d->plan.outputs) : json_array(),
                         "items", items, "left_out", (json_int_t)facts->artifacts_left_out);
}
