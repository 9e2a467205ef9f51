/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One checkpoint of somebody else's packet (tests/fuzz/sections.h). With "sums" in the first line its SHA256SUMS is put right, and the
 * digest of its snapshot. What is taken has ids of the right form, a path that stays inside, and objects that are objects.
 */
#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/base/snapshot.h"
#include "lib/packet/checkpoint.h"
#include "lib/packet/folder.h"
#include "tests/fuzz/sections.h"

#include <fcntl.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_sums(const struct sections *sections, int folder)
{
        _cleanup_strv_ struct strv lines = {0};
        _cleanup_str_ struct str out = {0};

        for (size_t i = 0; i < sections->len; i++) {
                const char *path = sections->items[i].path;
                struct err err = ERR_INIT;
                _cleanup_fd_ int fd = packet_file(folder, path, &err);
                char hex[HASH_HEX];

                if (strncmp(path, "config_snapshot/", 16) != 0 && strcmp(path, "SHA256SUMS") != 0 && fd >= 0 &&
                    hash_fd(fd, hex, &err) == 0)
                        strv_add_printf(&lines, "%s  %s", hex, path);
        }
        strv_sort_unique(&lines);
        for (size_t i = 0; i < lines.len; i++)
                str_printf(&out, "%s\n", lines.items[i]);
        sections_put(folder, "SHA256SUMS", str_text(&out), out.len);
}

/* @SNAPSHOT@ in the record stands for the digest that the snapshot has. */
static void put_record(const struct sections *sections, int folder)
{
        static const char mark[] = "@SNAPSHOT@";
        const struct section *record = sections_find(sections, "checkpoint.json");
        const char *at = record ? memmem(record->data, record->len, mark, strlen(mark)) : NULL;
        _cleanup_fd_ int snapshot = openat(folder, "config_snapshot", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_str_ struct str out = {0};
        struct err err = ERR_INIT;
        char hex[HASH_HEX];

        if (!at || snapshot < 0 || snapshot_digest(snapshot, hex, &err) < 0)
                return;
        str_append(&out, record->data, (size_t)(at - record->data));
        str_puts(&out, hex);
        at += strlen(mark);
        str_append(&out, at, (size_t)(record->data + record->len - at));
        sections_put(folder, "checkpoint.json", str_text(&out), out.len);
}

static void check(const struct packet_checkpoint *checkpoint)
{
        must(strlen(checkpoint->tree) == 40 && strlen(checkpoint->base) == 40);
        must(!checkpoint->state[0] || strlen(checkpoint->state) == 40);
        must(strlen(checkpoint->identity) == HASH_HEX - 1 && strlen(checkpoint->snapshot) == HASH_HEX - 1);
        for (size_t i = 0; i < checkpoint->objects.len; i++)
                must(packet_checkpoint_is_object(checkpoint->objects.items[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_packet_checkpoint_ struct packet_checkpoint checkpoint = {0};
        struct err err = ERR_INIT;
        struct sections sections;
        char path[64];
        const int folder = sections_folder(path);

        sections_read(&sections, data, size);
        sections_write(&sections, folder);
        if (size > 4 && memcmp(data, "sums", 4) == 0) {
                put_record(&sections, folder);
                put_sums(&sections, folder);
        }
        if (packet_checkpoint_read(folder, NULL, &checkpoint, &err) == 0)
                check(&checkpoint);
        else
                must(err.code != ERR_OK && err.code != ERR_INTERNAL);
        sections_release(&sections);
        sections_remove(folder, path);
        return 0;
}
