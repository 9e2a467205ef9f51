/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/put_right.h"

#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/base/str.h"
#include "lib/packet/folder.h"

#include <stdlib.h>
#include <string.h>

#define EVENTS "telemetry/events.normalized.jsonl"
#define SUMS "evidence/SHA256SUMS"
#define KEY ",\"hash\":\""

static void chain_line(const char *line, size_t len, char head[HASH_HEX], struct str *out)
{
        const char *tail = memmem(line, len, KEY, strlen(KEY)), *next = tail;
        char hash[HASH_HEX];
        struct hash state;

        while (next && (next = memmem(next + 1, (size_t)(line + len - next - 1), KEY, strlen(KEY))))
                tail = next;
        if (!tail) {
                str_append(out, line, len);
                str_putc(out, '\n');
                return;
        }
        hash_init(&state);
        hash_update(&state, head, HASH_HEX - 1);
        hash_update(&state, line, (size_t)(tail - line));
        hash_update(&state, "}", 1);
        hash_final(&state, hash);
        str_append(out, line, (size_t)(tail - line));
        str_printf(out, KEY "%s\",\"prevhash\":\"%s\"}\n", hash, head);
        memcpy(head, hash, HASH_HEX);
}

static void put_chain(const struct sections *sections, int folder)
{
        const struct section *log = sections_find(sections, EVENTS);
        _cleanup_str_ struct str out = {0};
        char head[HASH_HEX];

        if (!log)
                return;
        memset(head, '0', HASH_HEX - 1);
        head[HASH_HEX - 1] = '\0';
        for (const char *at = log->data, *end = at + log->len; at < end;) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                const size_t len = (size_t)((newline ? newline : end) - at);

                chain_line(at, len, head, &out);
                at += len + 1;
        }
        sections_put(folder, EVENTS, str_text(&out), out.len);
}

static int by_path(const void *a, const void *b)
{
        return strcmp(((const struct section *)a)->path, ((const struct section *)b)->path);
}

static void put_sums(struct sections *sections, int folder)
{
        static const char evidence[] = "evidence/";
        _cleanup_str_ struct str out = {0};

        if (sections->len)
                qsort(sections->items, sections->len, sizeof(*sections->items), by_path);
        for (size_t i = 0; i < sections->len; i++) {
                const char *path = sections->items[i].path;
                const bool inside = strncmp(path, evidence, strlen(evidence)) == 0;
                struct err err = ERR_INIT;
                _cleanup_fd_ int fd = packet_file(folder, path, &err);
                char hex[HASH_HEX];

                if (strcmp(path, SUMS) == 0 || fd < 0 || hash_fd(fd, hex, &err) < 0)
                        continue;
                str_printf(&out, "%s  %s%s\n", hex, inside ? "" : "../", inside ? path + strlen(evidence) : path);
        }
        sections_put(folder, SUMS, str_text(&out), out.len);
}

void packet_put_right(struct sections *sections, int folder, const uint8_t *data, size_t size)
{
        const bool both = size > 4 && memcmp(data, "both", 4) == 0;

        if (both || (size > 5 && memcmp(data, "chain", 5) == 0))
                put_chain(sections, folder);
        if (both || (size > 4 && memcmp(data, "sums", 4) == 0))
                put_sums(sections, folder);
}
