/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA256SUMS first, against the log; then every file that it names; then what checkpoint.json says. Paths are taken from the sums
 * only after their form was checked, and files are opened beneath the folder: an archive's may have been written by anybody.
 */
#include "lib/packet/checkpoint.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/json.h"
#include "lib/base/snapshot.h"
#include "lib/packet/folder.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUMS_BYTES_MAX (CHECKPOINT_OBJECTS_MAX * 128)
#define RECORD_BYTES_MAX ((size_t)64 << 10)
#define SUM_DIGITS ((size_t)HASH_HEX - 1)

void packet_checkpoint_release(struct packet_checkpoint *checkpoint)
{
        free(checkpoint->run);
        free(checkpoint->by);
        free(checkpoint->time);
        free(checkpoint->state_path);
        strv_release(&checkpoint->objects);
        *checkpoint = (struct packet_checkpoint){0};
}

void packet_checkpoint_name(int64_t step, char ret[CHECKPOINT_NAME])
{
        snprintf(ret, CHECKPOINT_NAME, "step_%06" PRId64, step < 0 || step > 999999 ? 0 : step);
}

static bool is_hex(const char *text, size_t len)
{
        return strspn(text, "0123456789abcdef") >= len;
}

bool packet_checkpoint_is_object(const char *path)
{
        return strlen(path) == 41 && is_hex(path, 2) && path[2] == '/' && is_hex(path + 3, 38);
}

static int by_number(const void *a, const void *b)
{
        const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

        return left < right ? -1 : left > right;
}

static int64_t step_of(const char *name)
{
        static const char prefix[] = "step_";
        const size_t len = strlen(prefix);

        if (strncmp(name, prefix, len) != 0 || strlen(name) != len + 6 || strspn(name + len, "0123456789") != 6)
                return 0;
        return strtoll(name + len, NULL, 10);
}

size_t packet_checkpoint_steps(int packet, int64_t *ret, size_t most)
{
        _cleanup_dir_ DIR *dir = fs_list(fs_open_beneath(packet, CHECKPOINT_FOLDER, O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;
        size_t len = 0;

        while (len < most && (entry = fs_list_next(dir)))
                if (step_of(entry->d_name) > 0)
                        ret[len++] = step_of(entry->d_name);
        if (len)
                qsort(ret, len, sizeof(*ret), by_number);
        return len;
}

/* ---- Sums ---- */

static bool is_own_file(const char *path)
{
        return strcmp(path, "checkpoint.json") == 0 || strcmp(path, "identity.txt") == 0;
}

static int check_file(int folder, const char *path, const char *expected, struct err *err)
{
        _cleanup_fd_ int fd = packet_file(folder, path, err);
        char hex[HASH_HEX];

        if (fd < 0 || hash_fd(fd, hex, err) < 0)
                return -1;
        if (strncmp(hex, expected, SUM_DIGITS) != 0)
                return err_set(err, ERR_REFUSED, "%s is not what it was when it was written", path);
        return 0;
}

/* "<hex>  <path>"; the path, or NULL where it is no such line. */
static const char *line_path(const char *line)
{
        const char *path = line + SUM_DIGITS + 2;

        return strlen(line) > SUM_DIGITS + 2 && is_hex(line, SUM_DIGITS) && strncmp(line + SUM_DIGITS, "  ", 2) == 0
                       ? path
                       : NULL;
}

static int take_line(const char *line, struct packet_checkpoint *ret, struct strv *own, struct err *err)
{
        static const char objects[] = "objects/";
        const char *path = line_path(line);

        if (!path)
                return err_set(err, ERR_REFUSED, "SHA256SUMS: a line is no sum");
        if (strncmp(path, objects, strlen(objects)) == 0 && packet_checkpoint_is_object(path + strlen(objects))) {
                if (ret->objects.len >= CHECKPOINT_OBJECTS_MAX)
                        return err_set(err, ERR_REFUSED, "more than %zu objects", CHECKPOINT_OBJECTS_MAX);
                strv_add(&ret->objects, path + strlen(objects));
        } else if (is_own_file(path)) {
                strv_add(own, path);
        } else {
                return err_set(err, ERR_REFUSED, "SHA256SUMS: a path that belongs to no checkpoint");
        }
        return 0;
}

/* A file that is named often would be read as often. */
static int check_names(struct packet_checkpoint *ret, struct strv *own, struct err *err)
{
        const size_t objects = ret->objects.len, files = own->len;

        strv_sort_unique(&ret->objects);
        strv_sort_unique(own);
        return ret->objects.len == objects && own->len == files
                       ? 0
                       : err_set(err, ERR_REFUSED, "SHA256SUMS: a path that is there twice");
}

static int check_sums(int folder, const char *sha256, struct packet_checkpoint *ret, struct err *err)
{
        _cleanup_str_ struct str sums = {0};
        _cleanup_strv_ struct strv lines = {0}, own = {0};
        char hex[HASH_HEX], *saved = NULL;

        if (packet_read(folder, "SHA256SUMS", SUMS_BYTES_MAX, &sums, err) < 0)
                return -1;
        hash_bytes(str_text(&sums), sums.len, hex);
        if (sha256 && strcmp(hex, sha256) != 0)
                return err_set(err, ERR_REFUSED, "SHA256SUMS is not what the log says (checkpoint.created)");
        if (!sums.len)
                return err_set(err, ERR_REFUSED, "SHA256SUMS is empty");
        for (char *line = strtok_r(sums.data, "\n", &saved); line; line = strtok_r(NULL, "\n", &saved)) {
                if (take_line(line, ret, &own, err) < 0)
                        return -1;
                strv_add(&lines, line);
        }
        if (check_names(ret, &own, err) < 0)
                return -1;
        for (size_t i = 0; i < lines.len; i++)
                if (check_file(folder, line_path(lines.items[i]), lines.items[i], err) < 0)
                        return -1;
        return 0;
}

static size_t count_entries(int dirfd, const char *path, struct strv *names)
{
        _cleanup_dir_ DIR *dir = fs_list(fs_open_beneath(dirfd, path, O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;
        size_t len = 0;

        for (; (entry = fs_list_next(dir)); len++)
                if (names)
                        strv_add_printf(names, "%s/%s", path, entry->d_name);
        return len;
}

/* All that are named are there by now: more of them is something that was added. */
static int check_none_added(int folder, const struct packet_checkpoint *checkpoint, struct err *err)
{
        _cleanup_strv_ struct strv fans = {0};
        size_t len = 0;

        (void)count_entries(folder, "objects", &fans);
        for (size_t i = 0; i < fans.len; i++)
                len += count_entries(folder, fans.items[i], NULL);
        if (len != checkpoint->objects.len)
                return err_set(err, ERR_REFUSED, "objects has what SHA256SUMS does not name: it was added");
        return 0;
}

static int check_snapshot(int folder, const char *expected, struct err *err)
{
        _cleanup_fd_ int fd = fs_open_beneath(folder, "config_snapshot", O_RDONLY | O_DIRECTORY, 0);
        char hex[HASH_HEX];

        if (fd < 0)
                return err_errno(err, "config_snapshot");
        if (snapshot_digest(fd, hex, err) < 0)
                return -1;
        if (strcmp(hex, expected) != 0)
                return err_set(err, ERR_REFUSED, "config_snapshot is not what it was when it was written");
        return 0;
}

/* ---- The record ---- */

static int take_hex(const char *what, const char *text, char *ret, size_t digits, struct err *err)
{
        if (strlen(text) != digits || !is_hex(text, digits))
                return err_set(err, ERR_REFUSED, "checkpoint.json: \"%s\" is no id", what);
        memcpy(ret, text, digits + 1);
        return 0;
}

static int take_record(struct json_t *record, struct packet_checkpoint *ret, struct err *err)
{
        const char *schema, *run, *by, *time, *tree, *base, *identity, *snapshot, *hash, *state = NULL, *path = NULL;
        const struct json_field fields[] = {{"schema", JSON_FIELD_STRING, &schema, true},
                                            {"run", JSON_FIELD_STRING, &run, true},
                                            {"step", JSON_FIELD_INT, &ret->step, true},
                                            {"by", JSON_FIELD_STRING, &by, true},
                                            {"time", JSON_FIELD_STRING, &time, true},
                                            {"tree", JSON_FIELD_STRING, &tree, true},
                                            {"base", JSON_FIELD_STRING, &base, true},
                                            {"state", JSON_FIELD_STRING, &state, false},
                                            {"state_path", JSON_FIELD_STRING, &path, false},
                                            {"identity", JSON_FIELD_STRING, &identity, true},
                                            {"snapshot_sha256", JSON_FIELD_STRING, &snapshot, true},
                                            {"sequence", JSON_FIELD_INT, &ret->sequence, true},
                                            {"log_hash", JSON_FIELD_STRING, &hash, true},
                                            {"files", JSON_FIELD_INT, &ret->files, true},
                                            {"bytes", JSON_FIELD_INT, &ret->bytes, true},
                                            {"paused_ms", JSON_FIELD_INT, &ret->paused_ms, true},
                                            {0}};

        if (json_fields(record, "checkpoint.json", fields, err) < 0)
                return -1;
        if (strcmp(schema, CHECKPOINT_SCHEMA) != 0)
                return err_set(err, ERR_REFUSED, "checkpoint.json: an unknown form");
        ret->run = xstrdup(run);
        ret->by = xstrdup(by);
        ret->time = xstrdup(time);
        ret->state_path = path ? xstrdup(path) : NULL;
        if (take_hex("tree", tree, ret->tree, 40, err) < 0 || take_hex("base", base, ret->base, 40, err) < 0 ||
            (state && take_hex("state", state, ret->state, 40, err) < 0) ||
            take_hex("identity", identity, ret->identity, SUM_DIGITS, err) < 0 ||
            take_hex("snapshot_sha256", snapshot, ret->snapshot, SUM_DIGITS, err) < 0)
                return -1;
        return take_hex("log_hash", hash, ret->log_hash, SUM_DIGITS, err);
}

static int read_record(int folder, struct packet_checkpoint *ret, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_json_ json_t *record = NULL;

        if (packet_read(folder, "checkpoint.json", RECORD_BYTES_MAX, &text, err) < 0)
                return -1;
        record = json_parse(str_text(&text), text.len, "checkpoint.json", err);
        return record ? take_record(record, ret, err) : -1;
}

int packet_checkpoint_read(int folder, const char *sha256, struct packet_checkpoint *ret, struct err *err)
{
        struct packet_checkpoint checkpoint = {0};

        if (check_sums(folder, sha256, &checkpoint, err) < 0 || read_record(folder, &checkpoint, err) < 0 ||
            check_none_added(folder, &checkpoint, err) < 0 || check_snapshot(folder, checkpoint.snapshot, err) < 0) {
                packet_checkpoint_release(&checkpoint);
                return -1;
        }
        *ret = checkpoint;
        return 0;
}
