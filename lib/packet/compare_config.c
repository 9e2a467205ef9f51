/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshots of two packets. What is YAML or JSON by its name is compared key by key; where it cannot be read, or is neither,
 * by digest and size. Everything is a hostile file of an archive: opened beneath the packet, bounded, never followed.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/hash.h"
#include "lib/base/yaml.h"
#include "lib/packet/compare_internal.h"
#include "lib/packet/folder.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 20000
#define DEPTH_MAX 32
#define STRUCTURED_MAX ((size_t)1 << 20)
#define SNAPSHOT "config_snapshot"

/* ---- files ---- */

static int list_folder(int packet, const char *path, int depth, struct strv *ret, struct err *err)
{
        _cleanup_dir_ DIR *folder = fs_list(fs_open_beneath(packet, path, O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;
        int status = 0;

        if (!folder)
                return err_set(err, ERR_INPUT, "the packet has no %s", path);
        while (status == 0 && (entry = fs_list_next(folder))) {
                _cleanup_free_ char *child = xasprintf("%s/%s", path, entry->d_name);
                struct stat st;

                if (fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (ret->len >= FILES_MAX || depth > DEPTH_MAX)
                        status = err_set(err, ERR_INPUT, "the snapshot has more than %d files", FILES_MAX);
                else if (S_ISDIR(st.st_mode))
                        status = list_folder(packet, child, depth + 1, ret, err);
                else if (S_ISREG(st.st_mode))
                        strv_add(ret, child + strlen(SNAPSHOT "/"));
        }
        return status;
}

static int snapshot_files(int packet, struct strv *ret, struct err *err)
{
        if (list_folder(packet, SNAPSHOT, 0, ret, err) < 0)
                return -1;
        strv_sort_unique(ret);
        return 0;
}

/* ---- YAML as JSON ---- */

static json_t *yaml_json(const struct yaml_node *node)
{
        json_t *value;

        if (!node || node->type == YAML_NULL)
                return json_null();
        if (node->type == YAML_SCALAR)
                return json_quoted(node->text);
        value = node->type == YAML_LIST ? json_array() : json_object();
        for (size_t i = 0; i < node->len; i++) {
                if (node->type == YAML_LIST)
                        json_array_append_new(value, yaml_json(node->entries[i].value));
                else
                        json_object_set_new(value, node->entries[i].key, yaml_json(node->entries[i].value));
        }
        return value;
}

static bool ends_in(const char *name, const char *suffix)
{
        const size_t len = strlen(name), tail = strlen(suffix);

        return len > tail && strcmp(name + len - tail, suffix) == 0;
}

/* JSON is YAML; the strict reader of YAML refuses what neither of us would write. */
static json_t *structured(const char *name, const struct str *bytes)
{
        struct err unreadable = ERR_INIT;
        _cleanup_yaml_ struct yaml *doc = NULL;

        if (bytes->len > STRUCTURED_MAX)
                return NULL;
        if (ends_in(name, ".json"))
                return json_parse(str_text(bytes), bytes->len, name, &unreadable);
        if (!ends_in(name, ".yaml"))
                return NULL;
        doc = yaml_parse(str_text(bytes), bytes->len, name, &unreadable);
        return doc ? yaml_json(yaml_root(doc)) : NULL;
}

/* ---- one file of both ---- */

static json_t *digest_of(int packet, const char *path)
{
        struct err gone = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(packet, path, &gone);
        _cleanup_free_ char *text = NULL;
        char hex[HASH_HEX];
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || hash_fd(fd, hex, &gone) < 0)
                return NULL;
        text = xasprintf("sha256:%.12s, %lld bytes", hex, (long long)st.st_size);
        return json_string(text);
}

static json_t *flat_of(int packet, const char *path, const char *name)
{
        _cleanup_str_ struct str bytes = {0};
        _cleanup_json_ json_t *value = NULL;
        struct err gone = ERR_INIT;
        json_t *flat;

        if (packet_read(packet, path, STRUCTURED_MAX, &bytes, &gone) < 0 || !(value = structured(name, &bytes)))
                return NULL;
        flat = json_object();
        compare_flatten(value, "", flat);
        if (strcmp(name, "plan.json") == 0)
                json_object_del(flat, "prompt"); /* prompt.txt is it */
        return flat;
}

/* NULL where it is too large or no text. */
static json_t *lines_of(int packet, const char *path)
{
        _cleanup_str_ struct str bytes = {0};
        struct err gone = ERR_INIT;
        json_t *lines;

        if (packet_read(packet, path, STRUCTURED_MAX, &bytes, &gone) < 0 || memchr(str_text(&bytes), 0, bytes.len))
                return NULL;
        lines = json_array();
        for (char *at = bytes.data; at && *at;) {
                char *newline = strchr(at, '\n');

                if (newline)
                        *newline = '\0';
                json_array_append_new(lines, json_quoted(at));
                at = newline ? newline + 1 : NULL;
        }
        return lines;
}

static void tell_history(const struct pair *pair, json_t *row)
{
        static const char *const sides[] = {"first", "second"};

        for (int i = 0; i < 2; i++) {
                json_t *told = compare_history_told(pair->packet[i]);

                if (told)
                        json_object_set_new(row, sides[i], told);
        }
}

static void compare_texts(const struct pair *pair, const char *path, json_t *row)
{
        _cleanup_json_ json_t *first = lines_of(pair->packet[0], path), *second = lines_of(pair->packet[1], path);

        if (first && second)
                compare_lines(row, first, second);
}

static void compare_file(const struct pair *pair, const char *name, const char *prefix, struct section *section)
{
        _cleanup_free_ char *path = xasprintf(SNAPSHOT "/%s", name);
        _cleanup_json_ json_t *first = digest_of(pair->packet[0], path), *second = digest_of(pair->packet[1], path);
        _cleanup_json_ json_t *flat_first = NULL, *flat_second = NULL;

        if (first && second && !json_equal(first, second)) {
                flat_first = flat_of(pair->packet[0], path, name);
                flat_second = flat_of(pair->packet[1], path, name);
        }
        if (flat_first && flat_second) {
                const size_t before = json_array_size(section->rows);

                section_compare_flat(section, prefix, flat_first, flat_second);
                /* the same keys in other words: comments, order, quotes; of a plan what is left is its prompt */
                if (json_array_size(section->rows) > before || strcmp(name, "plan.json") == 0)
                        return;
        }
        if (first && second && !json_equal(first, second)) {
                json_t *row = section_add(section, name, first, second);

                compare_texts(pair, path, row);
                if (strcmp(name, COMPARE_HISTORY) == 0)
                        tell_history(pair, row);
        } else {
                section_compare(section, name, first, second);
        }
}

/* ---- sections ---- */

/* Made from the rest of the snapshot, or compared by a section of their own. */
static bool is_compiled(const char *name)
{
        return strcmp(name, "plan.json") == 0 || strcmp(name, "work_item.json") == 0;
}

static int all_files(const struct pair *pair, struct strv *ret, struct err *err)
{
        if (snapshot_files(pair->packet[0], ret, err) < 0 || snapshot_files(pair->packet[1], ret, err) < 0)
                return -1;
        strv_sort_unique(ret);
        return 0;
}

int compare_configuration(const struct pair *pair, struct section *section, struct err *err)
{
        _cleanup_strv_ struct strv files = {0};

        if (all_files(pair, &files, err) < 0)
                return -1;
        for (size_t i = 0; i < files.len; i++) {
                _cleanup_free_ char *prefix = xasprintf("%s ", files.items[i]);

                if (!is_compiled(files.items[i]))
                        compare_file(pair, files.items[i], prefix, section);
        }
        return 0;
}

int compare_plan(const struct pair *pair, struct section *section, struct err *err)
{
        (void)err;
        compare_file(pair, "plan.json", "", section);
        return 0;
}

/* ---- identity ---- */

static json_t *identity_of(int packet)
{
        _cleanup_str_ struct str text = {0};
        struct err gone = ERR_INIT;

        if (packet_read(packet, "identity.txt", 256, &text, &gone) < 0)
                return NULL;
        while (text.len && (text.data[text.len - 1] == '\n'))
                text.data[--text.len] = '\0';
        return json_quoted(str_text(&text));
}

static json_t *name_parts(const struct pair *pair, const struct strv *files)
{
        json_t *parts = json_array();

        for (size_t i = 0; i < files->len; i++) {
                _cleanup_free_ char *path = xasprintf(SNAPSHOT "/%s", files->items[i]);
                _cleanup_json_ json_t *first = digest_of(pair->packet[0], path),
                                      *second = digest_of(pair->packet[1], path);

                if (!first || !second || !json_equal(first, second))
                        json_array_append_new(parts, json_quoted(files->items[i]));
        }
        if (!json_array_size(parts))
                json_array_append_new(parts, json_string("the tools: agent, cupel or sandbox"));
        return parts;
}

int compare_identity(const struct pair *pair, struct section *section, struct err *err)
{
        _cleanup_json_ json_t *first = identity_of(pair->packet[0]), *second = identity_of(pair->packet[1]);
        _cleanup_strv_ struct strv files = {0};
        bool same;

        if (all_files(pair, &files, err) < 0)
                return -1;
        section_compare(section, "identity", first, second);
        same = json_array_size(section->rows) == 0;
        json_object_set_new(section->more, "relation", json_string(same ? "same" : "fork"));
        json_object_set_new(section->more, "parts", same ? json_array() : name_parts(pair, &files));
        return 0;
}
