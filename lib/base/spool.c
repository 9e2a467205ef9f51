/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece lies in one of the two as a whole: in memory while it fits there. In the file each begins on a block, so that a file
 * system that can share blocks (copy_file_range) may.
 */
#include "lib/base/spool.h"

#include "lib/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BLOCK ((uint64_t)4096)
#define CHUNK ((size_t)1 << 18)
#define FIRST ((uint64_t)1 << 16)

/* Where the file system knows no nameless files it has a name for a moment. */
int spool_open(struct spool *spool, int folder, uint64_t memory_most, struct err *err)
{
        static const char name[] = ".spool";
        int fd = openat(folder, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

        if (fd < 0) {
                (void)unlinkat(folder, name, 0);
                fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
                if (fd >= 0)
                        (void)unlinkat(folder, name, 0);
        }
        if (fd < 0)
                return err_errno(err, "cannot make a file to read into");
        *spool = (struct spool){.fd = fd, .most = memory_most};
        return 0;
}

void spool_release(struct spool *spool)
{
        if (spool->fd >= 0)
                close(spool->fd);
        free(spool->memory);
        *spool = SPOOL_NONE;
}

static int changed(struct err *err)
{
        return err_set(err, ERR_REFUSED, "a file changed while it was read");
}

/* ---- In memory ---- */

/* One byte more than asked for: where a file that has grown shows it. */
static char *room(struct spool *spool, uint64_t size)
{
        const uint64_t wanted = spool->len + size + 1;

        if (wanted > spool->cap) {
                spool->cap = spool->cap ? spool->cap : FIRST;
                while (spool->cap < wanted)
                        spool->cap *= 2;
                spool->memory = xrealloc(spool->memory, (size_t)spool->cap);
        }
        return spool->memory + spool->len;
}

static int read_fully(int fd, char *to, uint64_t offset, uint64_t most, uint64_t *ret, struct err *err)
{
        uint64_t len = 0;

        while (len < most) {
                const ssize_t got = pread(fd, to + len, (size_t)(most - len), (off_t)(offset + len));

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return err_errno(err, "cannot read a changed file");
                if (got == 0)
                        break;
                len += (uint64_t)got;
        }
        *ret = len;
        return 0;
}

static int take_into_memory(struct spool *spool, int fd, uint64_t size, struct spool_piece *ret, struct err *err)
{
        uint64_t got = 0;

        if (read_fully(fd, room(spool, size), 0, size + 1, &got, err) < 0)
                return -1;
        if (got != size)
                return changed(err);
        *ret = (struct spool_piece){.at = spool->len, .size = size, .in_memory = true};
        spool->len += size;
        return 0;
}

static bool fits(const struct spool *spool, uint64_t size)
{
        return size <= spool->most && spool->len <= spool->most - size;
}

/* ---- In the file ---- */

static int write_fully(int fd, const char *bytes, uint64_t offset, size_t len, struct err *err)
{
        for (size_t done = 0; done < len;) {
                const ssize_t put = pwrite(fd, bytes + done, len - done, (off_t)(offset + done));

                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0)
                        return err_errno(err, "cannot write what was read");
                done += (size_t)put;
        }
        return 0;
}

static int copy_by_hand(struct spool *spool, int fd, uint64_t from, uint64_t to, struct err *err)
{
        _cleanup_free_ char *chunk = xcalloc(1, CHUNK);

        while (from < to) {
                const uint64_t most = to - from < CHUNK ? to - from : CHUNK;
                uint64_t got = 0;

                if (read_fully(fd, chunk, from, most, &got, err) < 0)
                        return -1;
                if (got != most)
                        return changed(err);
                if (write_fully(spool->fd, chunk, spool->end + from, (size_t)got, err) < 0)
                        return -1;
                from += got;
        }
        return 0;
}

/* By the kernel where it will; what it will not, a read says better why. */
static int copy_range(struct spool *spool, int fd, uint64_t from, uint64_t to, struct err *err)
{
        while (from < to) {
                off_t in = (off_t)from, out = (off_t)(spool->end + from);
                const ssize_t put = copy_file_range(fd, &in, spool->fd, &out, (size_t)(to - from), 0);

                if (put < 0 && errno == EINTR)
                        continue;
                if (put <= 0)
                        return copy_by_hand(spool, fd, from, to, err);
                from += (uint64_t)put;
        }
        return 0;
}

/* The next stretch of data at or after `at`; where holes cannot be asked for, everything is. */
static bool next_data(int fd, uint64_t at, uint64_t size, uint64_t *ret_from, uint64_t *ret_to)
{
        const off_t from = lseek(fd, (off_t)at, SEEK_DATA);
        const off_t to = from < 0 ? -1 : lseek(fd, from, SEEK_HOLE);

        if (from < 0 && errno == ENXIO)
                return false;
        *ret_from = from < 0 ? at : (uint64_t)from;
        *ret_to = to < 0 || (uint64_t)to > size ? size : (uint64_t)to;
        return *ret_from < size;
}

/* Twice, since what is made of it needs room, too; the last bit of a disk is left to others, who would fail without it. */
static int check_room(const struct spool *spool, const struct stat *st, struct err *err)
{
        const uint64_t wanted = 2 * (uint64_t)st->st_blocks * 512 + SPOOL_LEAVES;
        struct statvfs disk;

        if (fstatvfs(spool->fd, &disk) < 0 || (uint64_t)disk.f_bavail * disk.f_frsize >= wanted)
                return 0;
        errno = ENOSPC;
        return err_errno(err, "%llu bytes of it are free, and %llu may be needed",
                         (unsigned long long)disk.f_bavail * disk.f_frsize, (unsigned long long)wanted);
}

static int take_into_file(struct spool *spool, int fd, uint64_t size, struct spool_piece *ret, struct err *err)
{
        uint64_t from = 0, to = 0;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return err_errno(err, "cannot read a changed file");
        if (check_room(spool, &st, err) < 0)
                return -1;
        while (to < size && next_data(fd, to, size, &from, &to))
                if (copy_range(spool, fd, from, to, err) < 0)
                        return -1;
        if (fstat(fd, &st) < 0)
                return err_errno(err, "cannot read a changed file");
        if ((uint64_t)st.st_size != size)
                return changed(err);
        *ret = (struct spool_piece){.at = spool->end, .size = size};
        spool->end = (spool->end + size + BLOCK - 1) / BLOCK * BLOCK;
        /* a hole at its end is read as such */
        return ftruncate(spool->fd, (off_t)spool->end) < 0 ? err_errno(err, "cannot write what was read") : 0;
}

/* ---- Both ---- */

int spool_take(struct spool *spool, int fd, uint64_t size, struct spool_piece *ret, struct err *err)
{
        return fits(spool, size) ? take_into_memory(spool, fd, size, ret, err)
                                 : take_into_file(spool, fd, size, ret, err);
}

int spool_put(struct spool *spool, const void *bytes, size_t len, struct spool_piece *ret, struct err *err)
{
        if (fits(spool, len)) {
                memcpy(room(spool, len), bytes, len);
                *ret = (struct spool_piece){.at = spool->len, .size = len, .in_memory = true};
                spool->len += len;
                return 0;
        }
        if (write_fully(spool->fd, bytes, spool->end, len, err) < 0)
                return -1;
        *ret = (struct spool_piece){.at = spool->end, .size = len};
        spool->end = (spool->end + len + BLOCK - 1) / BLOCK * BLOCK;
        return ftruncate(spool->fd, (off_t)spool->end) < 0 ? err_errno(err, "cannot write what was read") : 0;
}

int spool_read(const struct spool *spool, const struct spool_piece *piece, struct str *ret, struct err *err)
{
        _cleanup_free_ char *bytes = NULL;
        uint64_t got = 0;

        if (piece->in_memory) {
                str_append(ret, spool->memory + piece->at, (size_t)piece->size);
                return 0;
        }
        bytes = xcalloc(1, (size_t)piece->size + 1);
        if (read_fully(spool->fd, bytes, piece->at, piece->size, &got, err) < 0)
                return -1;
        if (got != piece->size)
                return err_set(err, ERR_SYSTEM, "what was read is gone");
        str_append(ret, bytes, (size_t)got);
        return 0;
}
