/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not git_packbuilder: it visits every ref and tag of the repository to choose an order. Not git_indexer: it makes, maps,
 * reads back and renames files of its own, to learn what whoever wrote the pack knows.
 */
#include "lib/git/pack_build.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BUFFER ((size_t)1 << 16)
#define FAR_OFFSET ((uint64_t)1 << 31) /* from here on an offset stands in the table of long ones */

/* A file that is written once, from its beginning, and ends in the checksum of all of it. */
struct summed {
        int fd;
        uint64_t at;
        struct str buffer;
        SHA_CTX sha;
        const char *what;
};

struct packed {
        git_oid id;
        uint32_t crc;
        uint64_t offset;
};

static void summed_release(struct summed *file)
{
        str_release(&file->buffer);
}

#define _cleanup_summed_ __attribute__((cleanup(summed_release)))

static int flush(struct summed *file, struct err *err)
{
        if (file->buffer.len && fs_write_all(file->fd, file->buffer.data, file->buffer.len) < 0)
                return err_errno(err, "cannot write %s", file->what);
        str_clear(&file->buffer);
        return 0;
}

static int put(struct summed *file, const void *bytes, size_t len, struct err *err)
{
        SHA1_Update(&file->sha, bytes, len);
        str_append(&file->buffer, bytes, len);
        file->at += len;
        return file->buffer.len < BUFFER ? 0 : flush(file, err);
}

static int put_number(struct summed *file, uint32_t number, struct err *err)
{
        const uint32_t big = htobe32(number);

        return put(file, &big, sizeof(big), err);
}

static int finish(struct summed *file, unsigned char ret_sum[SHA_DIGEST_LENGTH], struct err *err)
{
        SHA1_Final(ret_sum, &file->sha);
        str_append(&file->buffer, (const char *)ret_sum, SHA_DIGEST_LENGTH);
        return flush(file, err);
}

/* ---- The pack ---- */

/* Type and size, 4 bits and then 7 bits at a time. */
static size_t put_head(unsigned char head[16], git_object_t type, size_t size)
{
        size_t len = 0;

        head[len] = (unsigned char)((unsigned)type << 4 | (size & 15));
        for (size >>= 4; size; size >>= 7) {
                head[len++] |= 128;
                head[len] = size & 127;
        }
        return len + 1;
}

static int put_object(struct summed *file, git_odb *odb, struct packed *packed, struct err *err)
{
        _cleanup_odb_object_ git_odb_object *object = NULL;
        _cleanup_free_ unsigned char *deflated = NULL;
        unsigned char head[16];
        uLongf deflated_len;
        size_t head_len;
        uLong size;

        if (git_odb_read(&object, odb, &packed->id) < 0)
                return git_fail(err, "an object of the candidate cannot be read");
        size = (uLong)git_odb_object_size(object);
        head_len = put_head(head, git_odb_object_type(object), size);
        deflated_len = compressBound(size);
        deflated = xcalloc(1, deflated_len);
        if (compress(deflated, &deflated_len, git_odb_object_data(object), size) != Z_OK)
                return err_set(err, ERR_INTERNAL, "cannot compress an object");
        packed->offset = file->at;
        packed->crc = (uint32_t)crc32_z(crc32_z(0, head, head_len), deflated, deflated_len);
        return put(file, head, head_len, err) < 0 ? -1 : put(file, deflated, deflated_len, err);
}

static int write_pack(struct summed *file, git_odb *odb, struct packed *list, size_t len, struct err *err)
{
        if (put(file, "PACK", 4, err) < 0 || put_number(file, 2, err) < 0 || put_number(file, (uint32_t)len, err) < 0)
                return -1;
        for (size_t i = 0; i < len; i++)
                if (put_object(file, odb, &list[i], err) < 0)
                        return -1;
        return 0;
}

/* ---- The index ---- */

static int by_id(const void *a, const void *b)
{
        return git_oid_cmp(&((const struct packed *)a)->id, &((const struct packed *)b)->id);
}

/* For each first byte how many objects begin with it or a lower one. */
static int put_fanout(struct summed *file, const struct packed *list, size_t len, struct err *err)
{
        size_t below = 0;

        for (unsigned byte = 0; byte < 256; byte++) {
                while (below < len && list[below].id.id[0] <= byte)
                        below++;
                if (put_number(file, (uint32_t)below, err) < 0)
                        return -1;
        }
        return 0;
}

static int put_offsets(struct summed *file, const struct packed *list, size_t len, struct err *err)
{
        uint32_t far = 0;

        for (size_t i = 0; i < len; i++) {
                bool is_far = list[i].offset >= FAR_OFFSET;

                if (put_number(file, is_far ? (uint32_t)FAR_OFFSET | far++ : (uint32_t)list[i].offset, err) < 0)
                        return -1;
        }
        for (size_t i = 0; i < len && far; i++)
                if (list[i].offset >= FAR_OFFSET && (put_number(file, (uint32_t)(list[i].offset >> 32), err) < 0 ||
                                                     put_number(file, (uint32_t)list[i].offset, err) < 0))
                        return -1;
        return 0;
}

static int write_idx(struct summed *file, struct packed *list, size_t len,
                     const unsigned char pack_sum[SHA_DIGEST_LENGTH], struct err *err)
{
        qsort(list, len, sizeof(*list), by_id);
        if (put(file, "\377tOc", 4, err) < 0 || put_number(file, 2, err) < 0 || put_fanout(file, list, len, err) < 0)
                return -1;
        for (size_t i = 0; i < len; i++)
                if (put(file, list[i].id.id, GIT_OID_RAWSZ, err) < 0)
                        return -1;
        for (size_t i = 0; i < len; i++)
                if (put_number(file, list[i].crc, err) < 0)
                        return -1;
        return put_offsets(file, list, len, err) < 0 ? -1 : put(file, pack_sum, SHA_DIGEST_LENGTH, err);
}

int pack_build(struct quarantine *q, int pack_fd, int idx_fd, char ret_name[GIT_HEX], struct err *err)
{
        _cleanup_summed_ struct summed pack = {.fd = pack_fd, .what = "the pack"};
        _cleanup_summed_ struct summed idx = {.fd = idx_fd, .what = "the pack's index"};
        const size_t len = q->fresh.len;
        _cleanup_free_ struct packed *list = xcalloc(len ? len : 1, sizeof(*list));
        unsigned char pack_sum[SHA_DIGEST_LENGTH], idx_sum[SHA_DIGEST_LENGTH];
        git_oid name;

        for (size_t i = 0; i < len; i++)
                list[i].id = q->fresh.ids[i];
        SHA1_Init(&pack.sha);
        SHA1_Init(&idx.sha);
        if (write_pack(&pack, q->odb, list, len, err) < 0 || finish(&pack, pack_sum, err) < 0 ||
            write_idx(&idx, list, len, pack_sum, err) < 0 || finish(&idx, idx_sum, err) < 0)
                return -1;
        memcpy(name.id, pack_sum, sizeof(name.id));
        oid_hex(&name, ret_name);
        return 0;
}
