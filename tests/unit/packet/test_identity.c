/* SPDX-License-Identifier: Apache-2.0 */
/* The vectors of docs/identity.md, and packets that somebody changed. */
#include "lib/packet/identity.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/cupel-identity-XXXXXX";
static int packet = -1;
static json_t *vectors;

static size_t from_hex(const char *hex, char *ret)
{
        size_t len = strlen(hex) / 2;

        for (size_t i = 0; i < len; i++) {
                unsigned byte = 0;

                sscanf(hex + 2 * i, "%2x", &byte);
                ret[i] = (char)byte;
        }
        ret[len] = '\0';
        return len;
}

static void put(const char *path, const void *bytes, size_t len)
{
        _cleanup_free_ char *made = xstrdup(path);
        struct err err = ERR_INIT;
        _cleanup_fd_ int fd = -1;

        for (char *slash = made; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                mkdirat(packet, made, 0700);
                *slash = '/';
        }
        fd = openat(packet, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        cr_assert(fd >= 0 && fs_write_all(fd, bytes, len) == 0, "%s: %s", path, err.message);
}

static const json_t *vector(const char *name)
{
        json_t *each;
        size_t i;

        json_array_foreach(json_object_get(vectors, "cases"), i,
                           each) if (strcmp(json_text_of(each, "name"), name) == 0) return each;
        cr_assert_fail("no case %s", name);
        return NULL;
}

static void unpack(const json_t *each)
{
        char name[512] = "config_snapshot/", label[HASH_HEX + 16];
        json_t *file;
        size_t i;

        json_array_foreach(json_object_get(each, "files"), i, file)
        {
                const char *hex = json_text_of(file, "bytes_hex");
                _cleanup_free_ char *bytes = xcalloc(1, strlen(hex) / 2 + 1);
                const size_t len = from_hex(hex, bytes);

                from_hex(json_text_of(file, "name_hex"), name + strlen("config_snapshot/"));
                put(name, bytes, len);
        }
        snprintf(label, sizeof(label), "sha256:%s\n", json_text_of(each, "identity"));
        put("identity.txt", label, strlen(label));
}

static void empty(void)
{
        struct err err = ERR_INIT;

        cr_assert_eq(fs_remove_tree_at(packet, "config_snapshot", &err), 0, "%s", err.message);
        unlinkat(packet, "identity.txt", 0);
}

static void open_packet(void)
{
        struct err err = ERR_INIT;
        _cleanup_str_ struct str text = {0};

        cr_assert(mkdtemp(folder));
        packet = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        cr_assert_eq(fs_read_at(AT_FDCWD, CUPEL_TESTS "/vectors/identity.json", (size_t)1 << 20, &text, &err), 0, "%s",
                     err.message);
        vectors = json_parse(str_text(&text), text.len, "identity.json", &err);
        cr_assert(vectors, "%s", err.message);
}

static void close_packet(void)
{
        empty();
        close(packet);
        rmdir(folder);
        json_decref(vectors);
}

TestSuite(packet_identity, .init = open_packet, .fini = close_packet);

Test(packet_identity, is_what_the_vectors_say)
{
        json_t *each;
        size_t i;

        cr_assert_gt(json_array_size(json_object_get(vectors, "cases")), 4u);
        json_array_foreach(json_object_get(vectors, "cases"), i, each)
        {
                struct packet_identity found = {.identity = ""};
                struct err err = ERR_INIT;

                unpack(each);
                cr_assert_eq(packet_identity(packet, &found, &err), 0, "%s: %s", json_text_of(each, "name"),
                             err.message);
                cr_expect_str_eq(found.snapshot, json_text_of(each, "snapshot"), "%s", json_text_of(each, "name"));
                cr_expect_str_eq(found.identity, json_text_of(each, "identity"), "%s", json_text_of(each, "name"));
                cr_expect(packet_identity_holds(&found));
                empty();
        }
}

Test(packet_identity, any_changed_file_is_another_identity)
{
        const json_t *each = vector("bundle");
        json_t *file;
        size_t i;

        json_array_foreach(json_object_get(each, "files"), i, file)
        {
                _cleanup_free_ char *path = xasprintf("config_snapshot/%s", json_text_of(file, "name"));
                struct packet_identity found;
                struct err err = ERR_INIT;
                _cleanup_fd_ int fd = -1;

                unpack(each);
                fd = openat(packet, path, O_WRONLY | O_APPEND);
                cr_assert_eq(write(fd, " ", 1), 1, "%s", path);
                cr_assert_eq(packet_identity(packet, &found, &err), 0, "%s: %s", path, err.message);
                cr_expect_not(packet_identity_holds(&found), "%s", path);
                cr_expect_str_neq(found.snapshot, json_text_of(each, "snapshot"), "%s", path);
                empty();
        }
}

static void refused(const char *what, const char *expected)
{
        struct packet_identity found;
        struct err err = ERR_INIT;

        cr_assert_eq(packet_identity(packet, &found, &err), -1, "%s", what);
        cr_expect(strstr(err.message, expected), "%s: %s", what, err.message);
        empty();
}

Test(packet_identity, what_is_no_snapshot_has_none)
{
        static const char other[] = "sha256:0123\n";

        refused("nothing", "config_snapshot");
        unpack(vector("small"));
        put("config_snapshot/more.txt", "x", 1);
        refused("a file that nobody named", "more.txt");
        unpack(vector("small"));
        unlinkat(packet, "config_snapshot/work_item.yaml", 0);
        refused("a file that is gone", "expected 4");
        unpack(vector("small"));
        unlinkat(packet, "config_snapshot/tools.json", 0);
        refused("no tools", "tools.json");
        unpack(vector("small"));
        unlinkat(packet, "config_snapshot/origins.json", 0);
        refused("no origins", "origins.json");
        unpack(vector("small"));
        put("config_snapshot/tools.json", "{\"cupel\":1}", 11);
        refused("a version that is no text", "tools.json");
        unpack(vector("small"));
        put("identity.txt", other, strlen(other));
        refused("half an identity", "identity.txt");
        unpack(vector("small"));
        unlinkat(packet, "config_snapshot/work_item.yaml", 0);
        cr_assert_eq(symlinkat("/etc/hostname", packet, "config_snapshot/work_item.yaml"), 0);
        refused("a symlink", "neither a file nor a folder");
        unpack(vector("small"));
        unlinkat(packet, "config_snapshot/plan.json", 0);
        cr_assert_eq(mkfifoat(packet, "config_snapshot/plan.json", 0600), 0);
        refused("a pipe", "neither a file nor a folder");
}
