/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/packet/later.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/packet/attest_key.h"
#include "lib/packet/attestation.h"
#include "lib/packet/dsse.h"
#include "lib/packet/folder.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SEAL_MAX ((size_t)64 << 10)
#define SUMS_FILE "evidence/SHA256SUMS"

static const char *const files[LATER_FILES_LEN] = {
#define X(name) name,
        LATER_FILES(X)
#undef X
};

const char *later_file(size_t index)
{
        return index < LATER_FILES_LEN ? files[index] : NULL;
}

bool later_any(int packet)
{
        for (size_t i = 0; i < LATER_FILES_LEN; i++)
                if (faccessat(packet, files[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                        return true;
        return faccessat(packet, LATER_SEAL, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* How the file is now; one that is not there has no line. */
static int look(int packet, const char *file, struct later_told *ret, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        struct err why = ERR_INIT;
        int64_t lines = 0;

        if (packet_read(packet, file, LATER_FILE_MAX, &text, &why) < 0 && why.code != ERR_NOT_FOUND) {
                *err = why;
                return -1;
        }
        for (size_t i = 0; i < text.len; i++)
                lines += text.data[i] == '\n';
        ret->lines = lines;
        hash_bytes(str_text(&text), text.len, ret->sha256);
        return 0;
}

/* ---- Writing ---- */

static int sums_digest(int packet, char ret[HASH_HEX], struct err *err)
{
        _cleanup_fd_ int fd = packet_file(packet, SUMS_FILE, err);

        return fd < 0 ? -1 : hash_fd(fd, ret, err);
}

static struct json_t *statement(int packet, const struct later_log *log, struct err *err)
{
        struct json_t *list = json_array();
        char sums[HASH_HEX];

        for (size_t i = 0; i < LATER_FILES_LEN; i++) {
                struct later_told told;

                if (look(packet, files[i], &told, err) < 0) {
                        json_decref(list);
                        return NULL;
                }
                json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "name", files[i], "lines",
                                                      (json_int_t)told.lines, "sha256", told.sha256));
        }
        if (sums_digest(packet, sums, err) < 0) {
                json_decref(list);
                return NULL;
        }
        return json_pack("{s:s, s:s, s:{s:s, s:{s:I, s:s}, s:o}, s:[{s:s, s:{s:s}}]}", "_type", ATTEST_STATEMENT_TYPE,
                         "predicateType", LATER_PREDICATE, "predicate", "run", log->run, "log", "events",
                         (json_int_t)log->events, "head", log->head, "files", list, "subject", "name", SUMS_FILE,
                         "digest", "sha256", sums);
}

/* Its statement; NULL: there is no seal that can be read. */
static struct json_t *read_statement(int packet, const struct attest_keys *keys, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_dsse_ struct dsse envelope = {.keyid = ""};
        int got;

        if (packet_read(packet, LATER_SEAL, SEAL_MAX, &text, err) < 0)
                return NULL;
        if (!text.len || text.data[text.len - 1] != '\n' ||
            memchr(text.data, '\n', text.len) != text.data + text.len - 1)
                return err_set(err, ERR_INPUT, "it is not one line"), NULL;
        if (dsse_parse(text.data, text.len - 1, &envelope, err) < 0)
                return NULL;
        got = keys ? dsse_verify(&envelope, keys) : 1;
        if (got == 0)
                return err_set(err, ERR_REFUSED, "it names the key %.16s…, which is none of those that are trusted",
                               envelope.keyid),
                       NULL;
        if (got < 0)
                return err_set(err, ERR_REFUSED, "its signature is not one of the key %.16s… over it", envelope.keyid),
                       NULL;
        return json_parse(str_text(&envelope.payload), envelope.payload.len, LATER_SEAL, err);
}

/* Does the seal that is there say this, but for the time? Then it is still the latest word. */
static bool says_so_already(int packet, const struct p256_key *key, const struct json_t *now)
{
        struct p256_public own = *p256_public_of(key);
        const struct attest_keys keys = {.items = &own, .len = 1};
        struct err ignored = ERR_INIT;
        _cleanup_json_ struct json_t *there = read_statement(packet, &keys, &ignored);
        struct json_t *predicate = json_object_get(there, "predicate");

        if (json_is_object(predicate))
                json_object_del(predicate, "time");
        return there && json_equal(there, now);
}

int later_seal(int packet, const struct p256_key *key, const struct later_log *log, struct err *err)
{
        _cleanup_json_ struct json_t *now = statement(packet, log, err);
        _cleanup_free_ char *payload = NULL;
        _cleanup_str_ struct str line = {0};
        char time[CLOCK_RFC3339];

        if (!now)
                return -1;
        if (says_so_already(packet, key, now))
                return 0;
        clock_rfc3339(time);
        json_object_set_new(json_object_get(now, "predicate"), "time", json_string(time));
        payload = json_canonical(now);
        if (dsse_sign(key, payload, strlen(payload), &line, err) < 0)
                return -1;
        str_putc(&line, '\n');
        return fs_write_at(packet, LATER_SEAL, str_text(&line), line.len, 0600, err);
}

/* ---- Reading ---- */

static bool take_text(const struct json_t *object, const char *name, char *ret, size_t size)
{
        const char *text = json_text_of(object, name);

        return *text && (size_t)snprintf(ret, size, "%s", text) < size;
}

static bool take_files(const struct json_t *list, struct later *later)
{
        if (json_array_size(list) != LATER_FILES_LEN)
                return false;
        for (size_t i = 0; i < LATER_FILES_LEN; i++) {
                const struct json_t *one = json_array_get(list, i);

                if (strcmp(json_text_of(one, "name"), files[i]) != 0 ||
                    !json_is_integer(json_object_get(one, "lines")) ||
                    !take_text(one, "sha256", later->files[i].sha256, HASH_HEX))
                        return false;
                later->files[i].lines = json_integer_value(json_object_get(one, "lines"));
        }
        return true;
}

/* `keys` NULL: not asked who signed. ERR_NOT_FOUND: there is no seal; ERR_INPUT, ERR_REFUSED: it is none, or not by one of them. */
static int read_seal(int packet, const struct attest_keys *keys, struct later *ret, struct err *err)
{
        _cleanup_json_ struct json_t *said = read_statement(packet, keys, err);
        const struct json_t *predicate = json_object_get(said, "predicate");
        const struct json_t *subject = json_array_get(json_object_get(said, "subject"), 0);
        struct later later = {.run = ""};

        if (!said)
                return -1;
        if (strcmp(json_text_of(said, "predicateType"), LATER_PREDICATE) != 0 ||
            strcmp(json_text_of(subject, "name"), SUMS_FILE) != 0 ||
            !take_text(json_object_get(subject, "digest"), "sha256", later.sums, sizeof(later.sums)) ||
            !take_text(predicate, "run", later.run, sizeof(later.run)) ||
            !take_text(predicate, "time", later.time, sizeof(later.time)) ||
            !take_files(json_object_get(predicate, "files"), &later))
                return err_set(err, ERR_INPUT, "it is signed, and no statement of what was said later");
        later.events = json_integer_value(json_object_get(json_object_get(predicate, "log"), "events"));
        *ret = later;
        return 0;
}

/* ---- Comparing ---- */

static void compare_file(int packet, const char *file, const struct later_told *sealed, later_fault_fn *found,
                         void *arg)
{
        struct err err = ERR_INIT;
        struct later_told now;
        _cleanup_free_ char *what = NULL;

        if (look(packet, file, &now, &err) < 0)
                what = xasprintf("it cannot be read: %s", err.message);
        else if (now.lines != sealed->lines)
                what = xasprintf("it has %lld line%s, and " LATER_SEAL " was signed for %lld: some were %s",
                                 (long long)now.lines, now.lines == 1 ? "" : "s", (long long)sealed->lines,
                                 now.lines < sealed->lines ? "removed" : "added");
        else if (strcmp(now.sha256, sealed->sha256) != 0)
                what = xstrdup("its bytes are not those that " LATER_SEAL " was signed for");
        if (what)
                found(arg, file, what);
}

static void without_seal(int packet, later_fault_fn *found, void *arg)
{
        for (size_t i = 0; i < LATER_FILES_LEN; i++) {
                struct later_told now = {.lines = 0};
                struct err ignored = ERR_INIT;

                if (look(packet, files[i], &now, &ignored) < 0 || now.lines > 0)
                        found(arg, files[i],
                              "nothing signs that these are all of its lines: " LATER_SEAL " is missing");
        }
}

bool later_compare(int packet, const struct attest_keys *keys, later_fault_fn *found, void *arg, struct later *seal)
{
        struct err err = ERR_INIT;
        struct later later = {.run = ""};

        if (read_seal(packet, keys, &later, &err) < 0) {
                if (err.code == ERR_NOT_FOUND)
                        without_seal(packet, found, arg);
                else
                        found(arg, LATER_SEAL, err.message);
                return false;
        }
        for (size_t i = 0; i < LATER_FILES_LEN; i++)
                compare_file(packet, files[i], &later.files[i], found, arg);
        if (seal)
                *seal = later;
        return true;
}
