/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loose object that a taken-over process may have written: opened beneath the quarantine without following anything
 * and without blocking on a FIFO, its header parsed before its body is inflated, its body bounded, its end exact, its
 * hash recomputed. Whatever is wrong is one refusal; nothing is trusted because of its name.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/quarantine_internal.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK ((size_t)1 << 15)
#define HEADER_MAX 32

struct loose {
        int fd;
        z_stream z;
        SHA_CTX sha;
        unsigned char in[CHUNK], out[CHUNK];
        bool ended;
};

static int refuse(const git_oid *id, struct err *err, const char *why)
{
        char hex[GIT_HEX];

        oid_hex(id, hex);
        return err_set(err, ERR_REFUSED, "object %s of the candidate: %s", hex, why);
}

/* 1 opened, 0 absent, -1 */
static int loose_open(int dirfd, const git_oid *id, int *ret_fd, struct err *err)
{
        char hex[GIT_HEX], path[GIT_HEX + 2];
        struct stat st;
        _cleanup_fd_ int fd = -1;

        oid_hex(id, hex);
        snprintf(path, sizeof(path), "%.2s/%s", hex, hex + 2);
        fd = fs_open_beneath(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
        if (fd < 0 && errno == ENOENT)
                return 0;
        if (fd < 0)
                return refuse(id, err, "its file cannot be opened safely");
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return refuse(id, err, "it is not a regular file");
        *ret_fd = steal_fd(&fd);
        return 1;
}

/* Inflates until `want` bytes are in `to` or the stream ends; returns the bytes, -1 when broken. */
static ssize_t loose_inflate(struct loose *loose, unsigned char *to, size_t want)
{
        loose->z.next_out = to;
        loose->z.avail_out = (uInt)want;
        while (loose->z.avail_out && !loose->ended) {
                int code;

                if (loose->z.avail_in == 0) {
                        ssize_t got = read(loose->fd, loose->in, sizeof(loose->in));

                        if (got <= 0)
                                return -1;
                        loose->z.next_in = loose->in;
                        loose->z.avail_in = (uInt)got;
                }
                code = inflate(&loose->z, Z_NO_FLUSH);
                if (code != Z_OK && code != Z_STREAM_END)
                        return -1;
                loose->ended = code == Z_STREAM_END;
        }
        return (ssize_t)(want - loose->z.avail_out);
}

/* "blob 123\0": one byte at a time, since the body follows in the same stream. Returns its length, 0 when malformed. */
static size_t read_header(struct loose *loose, char header[HEADER_MAX])
{
        for (size_t len = 0; len < HEADER_MAX; len++) {
                if (loose_inflate(loose, (unsigned char *)header + len, 1) != 1)
                        return 0;
                if (header[len] == '\0')
                        return len + 1;
        }
        return 0;
}

static bool parse_header(const char *header, const char *type, uint64_t *ret_size)
{
        size_t len = strlen(type);
        uint64_t size = 0;

        if (strncmp(header, type, len) != 0 || header[len] != ' ')
                return false;
        header += len + 1;
        if (!*header || (header[0] == '0' && header[1]) || strlen(header) > 15)
                return false;
        for (; *header; header++) {
                if (*header < '0' || *header > '9')
                        return false;
                size = size * 10 + (uint64_t)(*header - '0');
        }
        *ret_size = size;
        return true;
}

static bool at_end(struct loose *loose)
{
        unsigned char extra;

        return loose_inflate(loose, &extra, 1) == 0 && loose->ended && loose->z.avail_in == 0 &&
               read(loose->fd, &extra, 1) == 0;
}

static const char *read_body(struct loose *loose, const git_oid *id, uint64_t size, char *data)
{
        git_oid seen;

        for (uint64_t at = 0; at < size;) {
                size_t want = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
                unsigned char *to = data ? (unsigned char *)data + at : loose->out;

                if (loose_inflate(loose, to, want) != (ssize_t)want)
                        return "it is cut off or damaged";
                SHA1_Update(&loose->sha, to, want);
                at += want;
        }
        if (!at_end(loose))
                return "it is longer than it says";
        SHA1_Final(seen.id, &loose->sha);
        return git_oid_cmp(&seen, id) == 0 ? NULL : "its content is not what its name says";
}

static const char *read_object(struct loose *loose, const git_oid *id, git_object_t type, uint64_t max, char **ret_data,
                               uint64_t *ret_len)
{
        char header[HEADER_MAX];
        size_t header_len = read_header(loose, header);
        _cleanup_free_ char *data = NULL;
        const char *why;
        uint64_t size;

        if (!header_len || !parse_header(header, git_object_type2string(type), &size))
                return "its header is not that of the object it should be";
        if (size > max)
                return "it is larger than the limit";
        SHA1_Init(&loose->sha);
        SHA1_Update(&loose->sha, header, header_len);
        if (ret_data)
                data = xcalloc(1, size + 1);
        why = read_body(loose, id, size, data);
        if (why)
                return why;
        if (ret_data)
                *ret_data = steal_ptr(&data);
        *ret_len = size;
        return NULL;
}

int loose_read(int dirfd, const git_oid *id, git_object_t type, uint64_t max, char **ret_data, uint64_t *ret_len,
               struct err *err)
{
        _cleanup_fd_ int fd = -1;
        _cleanup_free_ struct loose *loose = NULL;
        const char *why;
        int got = loose_open(dirfd, id, &fd, err);

        if (got <= 0)
                return got;
        loose = xcalloc(1, sizeof(*loose));
        loose->fd = fd;
        if (inflateInit(&loose->z) != Z_OK)
                return err_set(err, ERR_INTERNAL, "cannot start zlib");
        why = read_object(loose, id, type, max, ret_data, ret_len);
        inflateEnd(&loose->z);
        return why ? refuse(id, err, why) : 1;
}
