/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git's index format, versions 2 to 4 (gitformat-index(5)). Extensions are caches and are not carried over, but the ones
 * that change what the entries mean (lower-case names: split, sparse) make the index none that we may write.
 */
#include "lib/git/index_edit.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEADER_LEN 12
#define FIXED_LEN 62 /* up to and with the flags */
#define RAW_LEN 60
#define CHECKSUM_LEN 20
#define FILE_MAX ((size_t)1 << 30)

#define FLAG_EXTENDED 0x4000u
#define FLAG_STAGE 0x3000u
#define FLAG_NAME 0x0fffu
#define MORE_SKIP_WORKTREE 0x4000u
#define MORE_INTENT_TO_ADD 0x2000u

enum { RAW_CTIME = 0, RAW_MTIME = 8, RAW_INO = 20, RAW_MODE = 24, RAW_SIZE = 36, RAW_ID = 40 };

static uint32_t get_u32(const unsigned char *at)
{
        return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint16_t get_u16(const unsigned char *at)
{
        return (uint16_t)(at[0] << 8 | at[1]);
}

static void set_u32(unsigned char *at, uint32_t value)
{
        at[0] = (unsigned char)(value >> 24);
        at[1] = (unsigned char)(value >> 16);
        at[2] = (unsigned char)(value >> 8);
        at[3] = (unsigned char)value;
}

static int held(struct err *err, const char *why)
{
        return err_set(err, ERR_HELD, "the index of the checkout %s", why);
}

/* The offset encoding of version 4's prefix lengths. */
static bool get_varint(const unsigned char **at, const unsigned char *end, size_t *ret)
{
        size_t value = 0;

        for (int i = 0; *at < end && i < 5; i++) {
                unsigned char byte = *(*at)++;

                value = i ? (value + 1) << 7 | (byte & 127u) : byte & 127u;
                if (!(byte & 128)) {
                        *ret = value;
                        return true;
                }
        }
        return false;
}

static void put_varint(struct str *out, size_t value)
{
        unsigned char bytes[10];
        size_t at = sizeof(bytes) - 1;

        bytes[at] = value & 127;
        while (value >>= 7)
                bytes[--at] = (unsigned char)(128 | (--value & 127));
        str_append(out, bytes + at, sizeof(bytes) - at);
}

/* The name of a version 4 entry: the last one without its tail, and a new tail. Offsets, since `names` may move. */
static bool read_compressed_name(struct index_file *index, struct index_entry *entry, size_t *last,
                                 const unsigned char **at, const unsigned char *end)
{
        size_t cut, previous_len = index->len ? index->entries[index->len - 1].name_len : 0, start = index->names.len;
        const unsigned char *nul;

        if (!get_varint(at, end, &cut) || cut > previous_len)
                return false;
        nul = memchr(*at, '\0', (size_t)(end - *at));
        if (!nul)
                return false;
        if (previous_len > cut) {
                _cleanup_free_ char *prefix = xmemdup(index->names.data + *last, previous_len - cut);

                str_append(&index->names, prefix, previous_len - cut);
        }
        str_append(&index->names, *at, (size_t)(nul - *at));
        entry->name_len = index->names.len - start;
        str_putc(&index->names, '\0');
        *last = start;
        *at = nul + 1;
        return true;
}

static bool read_padded_name(struct index_entry *entry, const unsigned char *start, const unsigned char **at,
                             const unsigned char *end)
{
        const unsigned char *nul = memchr(*at, '\0', (size_t)(end - *at));
        size_t len;

        if (!nul)
                return false;
        entry->name = (const char *)*at;
        entry->name_len = (size_t)(nul - *at);
        len = ((size_t)(nul - start) + 8) & ~(size_t)7;
        if ((size_t)(end - start) < len)
                return false;
        *at = start + len;
        return true;
}

static bool read_entry(struct index_file *index, size_t *last, const unsigned char **at, const unsigned char *end)
{
        struct index_entry *entry = &index->entries[index->len];
        const unsigned char *start = *at;

        if (end - start < FIXED_LEN + 2)
                return false;
        entry->raw = start;
        entry->mode = get_u32(start + RAW_MODE);
        memcpy(entry->id.id, start + RAW_ID, GIT_OID_RAWSZ);
        entry->flags = get_u16(start + RAW_LEN);
        *at += FIXED_LEN;
        if (entry->flags & FLAG_EXTENDED) {
                entry->more_flags = get_u16(*at);
                *at += 2;
        }
        return index->version == 4 ? read_compressed_name(index, entry, last, at, end)
                                   : read_padded_name(entry, start, at, end);
}

static bool read_entries(struct index_file *index, const unsigned char **at, const unsigned char *end, size_t count)
{
        size_t last = 0, offset = 0;

        index->entries = xcalloc(count + 1, sizeof(*index->entries));
        for (; index->len < count; index->len++) {
                if (!read_entry(index, &last, at, end))
                        return false;
        }
        for (size_t i = 0; index->version == 4 && i < index->len; i++) {
                index->entries[i].name = index->names.data + offset;
                offset += index->entries[i].name_len + 1;
        }
        return true;
}

static int check_extensions(const unsigned char *at, const unsigned char *end, struct err *err)
{
        while (end - at >= 8) {
                size_t len = get_u32(at + 4);

                if (memcmp(at, "link", 4) == 0)
                        return held(err, "is split (git update-index --no-split-index)");
                if (memcmp(at, "sdir", 4) == 0)
                        return held(err, "is sparse (git sparse-checkout reapply --no-sparse-index)");
                if (!isupper(at[0]))
                        return held(err, "has an extension that cupel does not know");
                if ((size_t)(end - at) - 8 < len)
                        return held(err, "is damaged");
                at += 8 + len;
        }
        return at == end ? 0 : held(err, "is damaged");
}

static int check_checksum(const struct index_file *index, struct err *err)
{
        const unsigned char *bytes = (const unsigned char *)index->bytes.data;
        size_t len = index->bytes.len - CHECKSUM_LEN;
        static const unsigned char none[CHECKSUM_LEN];
        unsigned char seen[CHECKSUM_LEN];

        if (memcmp(bytes + len, none, CHECKSUM_LEN) == 0)
                return held(err, "has no checksum (index.skipHash)");
        SHA1(bytes, len, seen);
        return memcmp(bytes + len, seen, CHECKSUM_LEN) == 0 ? 0 : held(err, "is damaged: its checksum is wrong");
}

static int parse(struct index_file *index, struct err *err)
{
        const unsigned char *at = (const unsigned char *)index->bytes.data, *end = at + index->bytes.len - CHECKSUM_LEN;
        size_t count;

        if (index->bytes.len < HEADER_LEN + CHECKSUM_LEN || memcmp(at, "DIRC", 4) != 0)
                return held(err, "is damaged");
        index->version = get_u32(at + 4);
        count = get_u32(at + 8);
        if (index->version < 2 || index->version > 4 || count > index->bytes.len / FIXED_LEN)
                return held(err, "has a version that cupel does not know");
        if (check_checksum(index, err) < 0)
                return -1;
        at += HEADER_LEN;
        if (!read_entries(index, &at, end, count))
                return held(err, "is damaged");
        if (check_extensions(at, end, err) < 0)
                return -1;
        for (size_t i = 0; i < index->len; i++) {
                if (index->entries[i].flags & FLAG_STAGE)
                        return held(err, "has unresolved conflicts");
        }
        return 0;
}

int index_load(struct index_file *index, const char *gitdir, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/index", gitdir);
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

        if (fd < 0 && errno == ENOENT)
                return held(err, "is missing (nothing is checked out)");
        if (fd < 0 || fstat(fd, &index->st) < 0)
                return err_errno(err, "cannot open %s", path);
        if (fs_read_fd(fd, FILE_MAX, &index->bytes, err) < 0)
                return err_wrap(err, "%s", path);
        return parse(index, err);
}

void index_release(struct index_file *index)
{
        str_release(&index->bytes);
        str_release(&index->names);
        free(index->entries);
        *index = (struct index_file){0};
}

static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
        int diff = memcmp(a, b, a_len < b_len ? a_len : b_len);

        return diff ? diff : (a_len > b_len) - (a_len < b_len);
}

const struct index_entry *index_find(const struct index_file *index, const char *path)
{
        size_t low = 0, high = index->len, len = strlen(path);

        while (low < high) {
                size_t mid = low + (high - low) / 2;
                int order = compare(index->entries[mid].name, index->entries[mid].name_len, path, len);

                if (order == 0)
                        return &index->entries[mid];
                if (order < 0)
                        low = mid + 1;
                else
                        high = mid;
        }
        return NULL;
}

bool index_entry_skips_worktree(const struct index_entry *entry)
{
        return entry->more_flags & (MORE_SKIP_WORKTREE | MORE_INTENT_TO_ADD);
}

/* Changed in the same tick as the index was written, or later: equal stat data proves nothing. */
static bool is_racy(const struct index_file *index, const struct index_entry *entry)
{
        uint32_t sec = get_u32(entry->raw + RAW_MTIME), nsec = get_u32(entry->raw + RAW_MTIME + 4);
        uint32_t index_sec = (uint32_t)index->st.st_mtim.tv_sec;

        return sec > index_sec || (sec == index_sec && nsec >= (uint32_t)index->st.st_mtim.tv_nsec);
}

bool index_entry_fresh(const struct index_file *index, const struct index_entry *entry, const struct stat *st)
{
        return get_u32(entry->raw + RAW_MTIME) == (uint32_t)st->st_mtim.tv_sec &&
               get_u32(entry->raw + RAW_MTIME + 4) == (uint32_t)st->st_mtim.tv_nsec &&
               get_u32(entry->raw + RAW_CTIME) == (uint32_t)st->st_ctim.tv_sec &&
               get_u32(entry->raw + RAW_INO) == (uint32_t)st->st_ino &&
               get_u32(entry->raw + RAW_SIZE) == (uint32_t)st->st_size && !is_racy(index, entry);
}

static void put_entry(const struct index_file *index, struct str *out, const unsigned char raw[RAW_LEN], uint16_t flags,
                      uint16_t more_flags, const char *name, size_t name_len, struct str *last)
{
        size_t start = out->len, same = 0;
        unsigned char bytes[4] = {(unsigned char)(flags >> 8), (unsigned char)flags, (unsigned char)(more_flags >> 8),
                                  (unsigned char)more_flags};

        str_append(out, raw, RAW_LEN);
        str_append(out, bytes, flags & FLAG_EXTENDED ? 4 : 2);
        if (index->version == 4) {
                while (same < last->len && same < name_len && last->data[same] == name[same])
                        same++;
                put_varint(out, last->len - same);
                str_append(out, name + same, name_len - same + 1);
                str_clear(last);
                str_append(last, name, name_len);
                return;
        }
        str_append(out, name, name_len);
        do
                str_putc(out, '\0');
        while ((out->len - start) % 8);
}

static void put_kept(const struct index_file *index, struct str *out, const struct index_entry *entry, struct str *last)
{
        unsigned char raw[RAW_LEN];

        memcpy(raw, entry->raw, RAW_LEN);
        if (is_racy(index, entry))
                set_u32(raw + RAW_SIZE, 0); /* the new file's time would make it look clean for ever */
        put_entry(index, out, raw, entry->flags, entry->more_flags, entry->name, entry->name_len, last);
}

static void put_update(const struct index_file *index, struct str *out, const struct index_update *update,
                       struct str *last)
{
        const struct stat *st = &update->st;
        size_t len = strlen(update->path);
        const uint32_t fields[10] = {(uint32_t)st->st_ctim.tv_sec,
                                     (uint32_t)st->st_ctim.tv_nsec,
                                     (uint32_t)st->st_mtim.tv_sec,
                                     (uint32_t)st->st_mtim.tv_nsec,
                                     (uint32_t)st->st_dev,
                                     (uint32_t)st->st_ino,
                                     update->mode,
                                     (uint32_t)st->st_uid,
                                     (uint32_t)st->st_gid,
                                     (uint32_t)st->st_size};
        unsigned char raw[RAW_LEN];

        for (size_t i = 0; i < 10; i++)
                set_u32(raw + 4 * i, fields[i]);
        memcpy(raw + RAW_ID, update->id.id, GIT_OID_RAWSZ);
        put_entry(index, out, raw, (uint16_t)(len < FLAG_NAME ? len : FLAG_NAME), 0, update->path, len, last);
}

static size_t put_entries(const struct index_file *index, const struct index_update *updates, size_t len,
                          struct str *out)
{
        _cleanup_str_ struct str last = {0};
        size_t at = 0, count = 0;

        for (size_t i = 0; i < index->len || at < len;) {
                int order = at < len ? 1 : -1; /* where one side is at its end, the other comes first */

                if (i < index->len && at < len)
                        order = compare(index->entries[i].name, index->entries[i].name_len, updates[at].path,
                                        strlen(updates[at].path));
                if (order < 0) {
                        put_kept(index, out, &index->entries[i++], &last);
                        count++;
                        continue;
                }
                if (updates[at].mode) {
                        put_update(index, out, &updates[at], &last);
                        count++;
                }
                at++;
                i += order == 0;
        }
        return count;
}

void index_compose(const struct index_file *index, const struct index_update *updates, size_t len, struct str *ret)
{
        unsigned char header[HEADER_LEN] = "DIRC", checksum[CHECKSUM_LEN];
        size_t count;

        str_append(ret, header, sizeof(header));
        count = put_entries(index, updates, len, ret);
        set_u32((unsigned char *)ret->data + 4, index->version);
        set_u32((unsigned char *)ret->data + 8, (uint32_t)count);
        SHA1((const unsigned char *)ret->data, ret->len, checksum);
        str_append(ret, checksum, sizeof(checksum));
}
