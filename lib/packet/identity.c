/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the files in their order: each is read once, into both digests, so that they cannot have seen different bytes.
 * Origins and tools are read first, and are files like the others after that.
 */
#include "lib/packet/identity.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/identity.h"
#include "lib/base/json.h"
#include "lib/base/snapshot.h"
#include "lib/packet/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define TOOLS_MAX 16
#define LABEL "sha256:"

struct reading {
        int snapshot;
        struct strv files;
        json_t *origins, *tools;
        struct str plan;
        struct hash of_snapshot, of_identity;
        size_t bytes;
};

/* {text: text, …} */
static json_t *read_texts(int snapshot, const char *name, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_json_ json_t *object = NULL;
        const char *key;
        json_t *value;

        if (snapshot_read(snapshot, name, &text, err) < 0)
                return NULL;
        object = json_parse(str_text(&text), text.len, name, err);
        if (!object)
                return NULL;
        if (!json_is_object(object)) {
                err_set(err, ERR_INPUT, "%s: expected an object of texts", name);
                return NULL;
        }
        json_object_foreach(object, key, value)
        {
                if (json_is_string(value))
                        continue;
                err_set(err, ERR_INPUT, "%s: expected a text for each name", name);
                return NULL;
        }
        return json_incref(object);
}

static const char *origin_of(const struct reading *reading, const char *name)
{
        _cleanup_json_ json_t *key = json_quoted(name);

        return strcmp(name, IDENTITY_ORIGINS) == 0
                       ? IDENTITY_COMPILED
                       : json_string_value(json_object_get(reading->origins, json_string_value(key)));
}

static int take_file(struct reading *reading, const char *name, struct err *err)
{
        const char *origin = origin_of(reading, name);
        _cleanup_str_ struct str bytes = {0};

        if (!origin)
                return err_set(err, ERR_INPUT,
                               "config_snapshot/%s: " IDENTITY_ORIGINS " does not say where it came from", name);
        if (snapshot_read(reading->snapshot, name, &bytes, err) < 0)
                return -1;
        if ((reading->bytes += bytes.len) > SNAPSHOT_BYTES_MAX)
                return err_set(err, ERR_INPUT, "config_snapshot has more than %zu bytes", SNAPSHOT_BYTES_MAX);
        hash_field(&reading->of_snapshot, name, strlen(name));
        hash_field(&reading->of_snapshot, str_text(&bytes), bytes.len);
        identity_file(&reading->of_identity, &(struct identity_file){name, origin, str_text(&bytes), bytes.len});
        if (strcmp(name, "plan.json") == 0) {
                str_release(&reading->plan);
                reading->plan = bytes;
                bytes = (struct str){0};
        }
        return 0;
}

static int take_files(struct reading *reading, struct err *err)
{
        const size_t told = json_object_size(reading->origins) + 1;

        hash_init(&reading->of_snapshot);
        identity_begin(&reading->of_identity, reading->files.len);
        for (size_t i = 0; i < reading->files.len; i++)
                if (take_file(reading, reading->files.items[i], err) < 0)
                        return -1;
        if (told != reading->files.len)
                return err_set(err, ERR_INPUT,
                               "config_snapshot has %zu files; expected %zu, which " IDENTITY_ORIGINS " names",
                               reading->files.len, told);
        return reading->plan.len ? 0 : err_set(err, ERR_NOT_FOUND, "config_snapshot has no plan.json");
}

static int finish(struct reading *reading, struct packet_identity *ret, struct err *err)
{
        struct identity_tool tools[TOOLS_MAX];
        size_t tools_len = 0;
        const char *name;
        json_t *value;

        if (json_object_size(reading->tools) > TOOLS_MAX)
                return err_set(err, ERR_INPUT, IDENTITY_TOOLS ": expected at most %d tools", TOOLS_MAX);
        json_object_foreach(reading->tools, name, value)
        {
                tools[tools_len++] = (struct identity_tool){name, json_string_value(value)};
        }
        hash_final(&reading->of_snapshot, ret->snapshot);
        identity_end(&reading->of_identity, str_text(&reading->plan), reading->plan.len, tools, tools_len,
                     ret->identity);
        return 0;
}

int packet_snapshot_identity(int snapshot, struct packet_identity *ret, struct err *err)
{
        struct reading reading = {.snapshot = snapshot};
        struct packet_identity found = {.recorded = ""};
        int status = snapshot_list(snapshot, &reading.files, err);

        if (status == 0 && !strv_has(&reading.files, IDENTITY_ORIGINS))
                status = err_set(err, ERR_NOT_FOUND, "config_snapshot has no " IDENTITY_ORIGINS);
        if (status == 0 && !strv_has(&reading.files, IDENTITY_TOOLS))
                status = err_set(err, ERR_NOT_FOUND, "config_snapshot has no " IDENTITY_TOOLS);
        if (status == 0 && (!(reading.origins = read_texts(snapshot, IDENTITY_ORIGINS, err)) ||
                            !(reading.tools = read_texts(snapshot, IDENTITY_TOOLS, err))))
                status = -1;
        if (status == 0)
                status = take_files(&reading, err);
        if (status == 0)
                status = finish(&reading, &found, err);
        if (status == 0)
                *ret = found;
        json_decref(reading.origins);
        json_decref(reading.tools);
        str_release(&reading.plan);
        strv_release(&reading.files);
        return status;
}

/* "sha256:", 64 digits, the end of the line, and nothing else. */
static int read_recorded(int packet, char ret[HASH_HEX], struct err *err)
{
        const size_t label = strlen(LABEL), len = label + HASH_HEX;
        _cleanup_str_ struct str text = {0};

        if (packet_read(packet, "identity.txt", len, &text, err) < 0)
                return -1;
        if (text.len != len || strncmp(text.data, LABEL, label) != 0 || text.data[len - 1] != '\n' ||
            strspn(text.data + label, "0123456789abcdef") != HASH_HEX - 1)
                return err_set(err, ERR_INPUT, "identity.txt: expected \"" LABEL "\" and 64 hex digits");
        memcpy(ret, text.data + label, HASH_HEX - 1);
        ret[HASH_HEX - 1] = '\0';
        return 0;
}

int packet_identity(int packet, struct packet_identity *ret, struct err *err)
{
        _cleanup_fd_ int snapshot = fs_open_beneath(packet, "config_snapshot", O_RDONLY | O_DIRECTORY, 0);
        struct packet_identity found;

        if (snapshot < 0 && errno == ENOENT)
                return err_set(err, ERR_NOT_FOUND, "the packet has no config_snapshot");
        if (snapshot < 0)
                return err_errno(err, "open config_snapshot of the packet");
        if (packet_snapshot_identity(snapshot, &found, err) < 0 || read_recorded(packet, found.recorded, err) < 0)
                return -1;
        *ret = found;
        return 0;
}

bool packet_identity_holds(const struct packet_identity *identity)
{
        return strcmp(identity->identity, identity->recorded) == 0;
}
