/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing git's index format (gitformat-index(5)): header, sorted entries, extensions, SHA-1 of all before it. A split
 * index carries the "link" extension: the id of the shared index, then two EWAH bitmaps over its entries (deleted,
 * replaced); replaced entries come first, in the shared order and without their names, added ones after them.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lib/git/index_file.h"
#include "lib/base/cleanup.h"

#include <endian.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_FIXED 62u /* bytes of an entry before its name */
#define NAME_MASK 0xfffu

static void put_u32(struct str *out, uint32_t value)
{
        value = htobe32(value);
        str_append(out, &value, sizeof(value));
}

static void put_u64(struct str *out, uint64_t value)
{
        value = htobe64(value);
        str_append(out, &value, sizeof(value));
}

static void put_header(struct str *out, size_t entries)
{
        str_append(out, "DIRC", 4);
        put_u32(out, 2);
        put_u32(out, (uint32_t)entries);
}

static void put_entry(struct str *out, const struct index_item *item, bool named)
{
        static const char zeros[8];
        size_t len = named ? strlen(item->path) : 0;
        size_t whole = (ENTRY_FIXED + len + 8) & ~(size_t)7;
        uint16_t flags = htobe16((uint16_t)(len < NAME_MASK ? len : NAME_MASK));
        const uint32_t fields[] = {0, 0, item->mtime, 0, 0, 0, item->mode, 0, 0, item->size};

        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
                put_u32(out, fields[i]);
        str_append(out, item->id.id, sizeof(item->id.id));
        str_append(out, &flags, sizeof(flags));
        str_append(out, item->path, len);
        str_append(out, zeros, whole - ENTRY_FIXED - len);
}

static void put_checksum(struct str *out, unsigned char ret_id[20])
{
        SHA1((const unsigned char *)out->data, out->len, ret_id);
        str_append(out, ret_id, 20);
}

void index_write_shared(const struct index_list *list, struct str *ret, struct str *ret_positions,
                        unsigned char ret_id[20])
{
        put_header(ret, list->len);
        for (size_t i = 0; i < list->len; i++) {
                uint32_t position = (uint32_t)ret->len;

                str_append(ret_positions, &position, sizeof(position));
                put_entry(ret, &list->items[i], true);
        }
        put_checksum(ret, ret_id);
}

/* Bitmaps */

struct positions {
        uint32_t *items; /* ascending */
        size_t len, cap;
};

static void positions_release(struct positions *list)
{
        free(list->items);
}

static void positions_add(struct positions *list, uint32_t position)
{
        if (list->len == list->cap) {
                list->cap = list->cap ? list->cap * 2 : 64;
                list->items = xrealloc(list->items, list->cap * sizeof(*list->items));
        }
        list->items[list->len++] = position;
}

/* EWAH: a marker word (bit 0 the running bit, 32 bits how many words of it, 31 bits how many literal words follow), then
 * the literals; repeated. Ours runs only zeros. */
static void put_ewah(struct str *out, const struct positions *list)
{
        _cleanup_free_ uint64_t *words = xcalloc(list->len * 2 + 1, sizeof(*words));
        size_t count = 1, marker = 0, literal = 0;
        uint64_t next_word = 0; /* the first word not written yet */

        for (size_t i = 0; i < list->len; i++) {
                uint64_t word = list->items[i] / 64;

                if (literal && word == next_word - 1) {
                        words[literal] |= 1ULL << (list->items[i] % 64);
                        continue;
                }
                if (word > next_word && literal)
                        marker = count++;
                words[marker] += (word - next_word) << 1;
                words[marker] += 1ULL << 33;
                literal = count++;
                words[literal] = 1ULL << (list->items[i] % 64);
                next_word = word + 1;
        }
        put_u32(out, list->len ? list->items[list->len - 1] + 1 : 0);
        put_u32(out, (uint32_t)count);
        for (size_t i = 0; i < count; i++)
                put_u64(out, words[i]);
        put_u32(out, (uint32_t)marker);
}

/* Split index */

static const char *shared_name(const struct index_shared *shared, size_t at)
{
        size_t position = shared->positions[at];

        if (position > shared->len || shared->len - position <= ENTRY_FIXED ||
            !memchr(shared->bytes + position + ENTRY_FIXED, '\0', shared->len - position - ENTRY_FIXED))
                return NULL;
        return (const char *)shared->bytes + position + ENTRY_FIXED;
}

/* 1 and the position, 0 where the shared index has no such path, -1 where its table does not fit it. */
static int shared_find(const struct index_shared *shared, const char *path, uint32_t *ret)
{
        size_t low = 0, high = shared->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const char *name = shared_name(shared, middle);
                int order = name ? strcmp(name, path) : 0;

                if (!name)
                        return -1;
                if (order == 0) {
                        *ret = (uint32_t)middle;
                        return 1;
                }
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return 0;
}

struct split {
        struct positions removed, replaced;
        struct str replacements, additions; /* entries */
        size_t entries;
};

static void split_release(struct split *split)
{
        positions_release(&split->removed);
        positions_release(&split->replaced);
        str_release(&split->replacements);
        str_release(&split->additions);
}

static int split_sort_out(struct split *split, const struct index_shared *shared, const struct index_list *changes,
                          struct err *err)
{
        for (size_t i = 0; i < changes->len; i++) {
                const struct index_item *item = &changes->items[i];
                uint32_t position;
                int found = shared_find(shared, item->path, &position);

                if (found < 0)
                        return err_set(err, ERR_INTERNAL, "a layer's shared index is damaged");
                if (item->deleted) {
                        if (found)
                                positions_add(&split->removed, position);
                        continue;
                }
                if (found)
                        positions_add(&split->replaced, position);
                put_entry(found ? &split->replacements : &split->additions, item, !found);
                split->entries++;
        }
        return 0;
}

static void put_extension(struct str *out, const char *name, const struct str *payload)
{
        str_append(out, name, 4);
        put_u32(out, (uint32_t)payload->len);
        str_append(out, str_text(payload), payload->len);
}

int index_write_split(const struct index_shared *shared, const struct index_list *changes, const struct str *tree,
                      struct str *ret, struct err *err)
{
        __attribute__((cleanup(split_release))) struct split split = {0};
        _cleanup_str_ struct str link = {0};
        unsigned char checksum[20];

        if (split_sort_out(&split, shared, changes, err) < 0)
                return -1;
        str_append(&link, shared->id, sizeof(shared->id));
        put_ewah(&link, &split.removed);
        put_ewah(&link, &split.replaced);

        put_header(ret, split.entries);
        str_append(ret, str_text(&split.replacements), split.replacements.len);
        str_append(ret, str_text(&split.additions), split.additions.len);
        put_extension(ret, "link", &link);
        put_extension(ret, "TREE", tree);
        put_checksum(ret, checksum);
        return 0;
}
