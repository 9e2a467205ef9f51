/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken is what was there, wherever it lies; holes cost nothing; a file that is another length than was said is refused. */
#include "lib/base/spool.h"

#include "lib/base/cleanup.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct bench {
        char folder[64];
        int dirfd, file;
        struct spool spool;
        struct err err;
};

static void begin(struct bench *bench, uint64_t memory)
{
        *bench = (struct bench){.folder = "/tmp/cupel-spool-XXXXXX", .spool = SPOOL_NONE};
        cr_assert(mkdtemp(bench->folder));
        bench->dirfd = open(bench->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bench->file = openat(bench->dirfd, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        cr_assert(bench->file >= 0);
        cr_assert_eq(spool_open(&bench->spool, bench->dirfd, memory, &bench->err), 0, "%s", bench->err.message);
}

static void end(struct bench *bench)
{
        spool_release(&bench->spool);
        cr_assert_eq(unlinkat(bench->dirfd, "file", 0), 0);
        close(bench->file);
        close(bench->dirfd);
        cr_assert_eq(rmdir(bench->folder), 0, "the spool has no name in its folder");
}

static void write_file(const struct bench *bench, const void *bytes, size_t len)
{
        cr_assert(ftruncate(bench->file, 0) == 0 && pwrite(bench->file, bytes, len, 0) == (ssize_t)len);
}

static void expect(struct bench *bench, const struct spool_piece *piece, const void *bytes, size_t len)
{
        _cleanup_str_ struct str got = {0};

        cr_assert_eq(spool_read(&bench->spool, piece, &got, &bench->err), 0, "%s", bench->err.message);
        cr_assert_eq(got.len, len);
        cr_assert(len == 0 || memcmp(got.data, bytes, len) == 0);
}

Test(spool, pieces_lie_in_memory_until_it_is_full_and_then_in_the_file)
{
        static char large[100000];
        struct spool_piece pieces[4];
        struct bench bench;

        begin(&bench, 1000);
        memset(large, 'l', sizeof(large));
        write_file(&bench, "first", 5);
        cr_assert_eq(spool_take(&bench.spool, bench.file, 5, &pieces[0], &bench.err), 0);
        write_file(&bench, large, sizeof(large));
        cr_assert_eq(spool_take(&bench.spool, bench.file, sizeof(large), &pieces[1], &bench.err), 0);
        cr_assert_eq(spool_put(&bench.spool, "link", 4, &pieces[2], &bench.err), 0);
        write_file(&bench, large, 1000);
        cr_assert_eq(spool_take(&bench.spool, bench.file, 1000, &pieces[3], &bench.err), 0);
        cr_assert(pieces[0].in_memory && !pieces[1].in_memory && pieces[2].in_memory && !pieces[3].in_memory);
        cr_assert_leq(bench.spool.len, 1000);
        expect(&bench, &pieces[0], "first", 5);
        expect(&bench, &pieces[1], large, sizeof(large));
        expect(&bench, &pieces[2], "link", 4);
        expect(&bench, &pieces[3], large, 1000);
        end(&bench);
}

Test(spool, empty_files_and_a_spool_without_memory)
{
        struct spool_piece pieces[3];
        struct bench bench;

        begin(&bench, 0);
        cr_assert_eq(spool_take(&bench.spool, bench.file, 0, &pieces[0], &bench.err), 0);
        write_file(&bench, "x", 1);
        cr_assert_eq(spool_take(&bench.spool, bench.file, 1, &pieces[1], &bench.err), 0);
        cr_assert_eq(spool_put(&bench.spool, "where", 5, &pieces[2], &bench.err), 0);
        expect(&bench, &pieces[0], "", 0);
        expect(&bench, &pieces[1], "x", 1);
        expect(&bench, &pieces[2], "where", 5);
        end(&bench);
}

Test(spool, holes_stay_holes)
{
        const uint64_t size = (uint64_t)1 << 30;
        struct spool_piece piece, after;
        struct bench bench;
        struct stat st;
        char byte = 'x';

        begin(&bench, 16 << 20);
        cr_assert(ftruncate(bench.file, (off_t)size) == 0 && pwrite(bench.file, "in the middle", 13, 500 << 20) == 13);
        cr_assert_eq(spool_take(&bench.spool, bench.file, size, &piece, &bench.err), 0, "%s", bench.err.message);
        write_file(&bench, "next", 4);
        bench.spool.most = 0;
        cr_assert_eq(spool_take(&bench.spool, bench.file, 4, &after, &bench.err), 0);
        cr_assert(fstat(bench.spool.fd, &st) == 0);
        cr_assert_lt((uint64_t)st.st_blocks * 512, (uint64_t)16 << 20, "a gigabyte of holes takes no room");
        cr_assert_geq((uint64_t)st.st_size, size, "and can be read to its end");
        cr_assert(pread(bench.spool.fd, &byte, 1, (off_t)(piece.at + size - 1)) == 1 && byte == 0);
        cr_assert(pread(bench.spool.fd, &byte, 1, (off_t)(piece.at + (500 << 20))) == 1 && byte == 'i');
        expect(&bench, &after, "next", 4);
        end(&bench);
}

Test(spool, a_file_of_another_length_is_refused)
{
        struct spool_piece piece;
        struct bench bench;

        for (int memory = 0; memory < 2; memory++) {
                begin(&bench, memory ? 1000 : 0);
                write_file(&bench, "four", 4);
                for (uint64_t said = 3; said < 6; said += 2) {
                        bench.err = ERR_INIT;
                        cr_assert_eq(spool_take(&bench.spool, bench.file, said, &piece, &bench.err), -1);
                        cr_assert_eq(bench.err.code, ERR_REFUSED);
                        cr_assert_not_null(strstr(bench.err.message, "changed while it was read"));
                }
                end(&bench);
        }
}

/* A limit on the size of files stands in for the disk. */
Test(spool, a_full_disk_is_an_error_and_nothing_else)
{
        const struct rlimit small = {4096, 4096};
        static char large[100000];
        struct spool_piece piece;
        struct bench bench;

        begin(&bench, 0);
        write_file(&bench, large, sizeof(large));
        signal(SIGXFSZ, SIG_IGN);
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
        cr_assert_eq(spool_take(&bench.spool, bench.file, sizeof(large), &piece, &bench.err), -1);
        cr_assert_eq(bench.err.code, ERR_SYSTEM);
        end(&bench);
}
