/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives from an attacker: what was unpacked is files and folders below the one folder, within the limits, and nothing else. Mutations
 * of what is compressed stop at its compression: an input that is no .zst is a tar, which is put into one here, without compression. With
 * "sums" in front the checksums of its headers are put right.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/packet/archive.h"
#include "tests/fuzz/must.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ZST "\x28\xb5\x2f\xfd"

static uint64_t total;
static size_t entries, top_len;

static int look(const char *path, const struct stat *st, int type, struct FTW *walk)
{
        (void)type;
        must(S_ISREG(st->st_mode) || S_ISDIR(st->st_mode));
        must((st->st_mode & 07077) == 0);
        if (walk->level > 0)
                must(!archive_name_refused(path + top_len + 1));
        if (S_ISREG(st->st_mode)) {
                must(st->st_nlink == 1);
                total += (uint64_t)st->st_size;
                entries++;
        }
        return 0;
}

/* ---- A tar as .tar.zst (RFC 8878), in blocks that are not compressed ---- */

#define RECORD ((size_t)512)
#define BLOCK_MOST ((size_t)128 << 10)

static void put_sum(char *header)
{
        unsigned sum = 0;

        memset(header + 148, ' ', 8);
        for (size_t i = 0; i < RECORD; i++)
                sum += (unsigned char)header[i];
        snprintf(header + 148, 8, "%06o", sum & 0777777);
}

static void put_sums(char *tar, size_t size)
{
        for (size_t at = 0; at + RECORD <= size;) {
                char digits[13] = {0};
                size_t content;

                memcpy(digits, tar + at + 124, 12);
                content = (size_t)strtoull(digits, NULL, 8);
                put_sum(tar + at);
                if (content > size)
                        return;
                at += RECORD + (content + RECORD - 1) / RECORD * RECORD;
        }
}

static void put_number(struct str *out, size_t value, size_t bytes)
{
        for (; bytes; bytes--, value >>= 8)
                str_putc(out, (char)(value & 0xff));
}

static void enclose(const char *tar, size_t size, struct str *out)
{
        size_t at = 0;

        str_append(out, ZST, 4);
        str_putc(out, (char)0xa0); /* one segment, its size in four bytes */
        put_number(out, size, 4);
        do {
                const size_t len = size - at < BLOCK_MOST ? size - at : BLOCK_MOST;

                put_number(out, len << 3 | (at + len == size), 3);
                str_append(out, tar + at, len);
                at += len;
        } while (at < size);
}

static void take_in(const uint8_t *data, size_t size, struct str *out)
{
        const bool sums = size >= 4 && memcmp(data, "sums", 4) == 0;
        _cleanup_free_ char *tar = NULL;

        if (size >= 4 && memcmp(data, ZST, 4) == 0) {
                str_append(out, (const char *)data, size);
                return;
        }
        tar = xmemdup((const char *)data + (sums ? 4 : 0), size - (sums ? 4 : 0));
        if (sums)
                put_sums(tar, size - 4);
        enclose(tar, size - (sums ? 4 : 0), out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct archive_limits limits = {
                .max_entries = 100, .max_file = 1 << 20, .max_total = 2 << 20, .ratio_from = 1 << 20};
        char folder[] = "/tmp/cupel-fuzz-archive-XXXXXX";
        _cleanup_fd_ int in = memfd_create("archive", MFD_CLOEXEC);
        _cleanup_fd_ int out = -1;
        _cleanup_free_ char *name = NULL;
        _cleanup_str_ struct str bytes = {0};
        struct err err = ERR_INIT;

        take_in(data, size, &bytes);
        umask(0077);
        must(mkdtemp(folder) && (out = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
        must(fs_write_all(in, str_text(&bytes), bytes.len) == 0 && lseek(in, 0, SEEK_SET) == 0);
        if (archive_unpack(in, out, &limits, &name, &err) == 0)
                must(name && archive_run_ok(name));
        else
                must(err.code == ERR_INPUT || err.code == ERR_SYSTEM);
        total = entries = 0;
        top_len = strlen(folder);
        nftw(folder, look, 16, FTW_PHYS);
        must(total <= limits.max_total && entries <= limits.max_entries);
        must(fs_remove_tree_at(AT_FDCWD, folder, &err) == 0);
        return 0;
}
