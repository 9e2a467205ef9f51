// SPDX-License-Identifier: Apache-2.0
/*
 * What gcc counts for coverage, in one file that all processes share. Linked into every program of the preset "coverage".
 *
 * gcc's own way writes the counts when a program exits: of one that is killed, that leaves with _exit(), or that may write no file
 * (cages, steps) nothing would be seen. Here the counters are pages of a file from the first instruction on (counters.ld puts them
 * side by side), so there is nothing to write at the end. The file reaches cages and steps as a descriptor: whoever can open it by
 * its name leaves it open for those that he starts, and the close_range() of a coverage build spares it.
 *
 *     CUPEL_COVERAGE_DUMP=FOLDER PROGRAM     writes what all processes of PROGRAM have counted, as .gcda files, and does nothing else
 *
 * Where no file can be had the program counts for itself alone, and nobody hears of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <gcov.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHARED_FD 199
#define SLOT_BYTES (4L << 20)
#define HEAD_BYTES 65536L
#define FILE_BYTES (128 * SLOT_BYTES) /* also how the file is known again */

#define UNCOUNTED __attribute__((no_profile_instrument_function))

extern char coverage_counters_begin[], coverage_counters_end[];
extern const struct gcov_info *coverage_infos_begin[], *coverage_infos_end[];

/* The first page of a slot: counts of another build of the program must not be mixed in. */
struct slot_head {
        uint64_t counters, infos;
};

/* gcc turns fork() and exec() into these, which would write files and forget what was counted; what is meant has names here that gcc
 * does not know. */
pid_t plain_fork(void) __asm__("fork");
int plain_execv(const char *path, char *const argv[]) __asm__("execv");
int plain_execvp(const char *path, char *const argv[]) __asm__("execvp");
int plain_execve(const char *path, char *const argv[], char *const env[]) __asm__("execve");
pid_t __gcov_fork(void);
int __gcov_execv(const char *path, char *const argv[]);
int __gcov_execvp(const char *path, char *const argv[]);
int __gcov_execve(const char *path, char *const argv[], char *const env[]);
int __real_close_range(unsigned first, unsigned last, int flags);
int __wrap_close_range(unsigned first, unsigned last, int flags);

UNCOUNTED pid_t __gcov_fork(void)
{
        return plain_fork();
}

UNCOUNTED int __gcov_execv(const char *path, char *const argv[])
{
        return plain_execv(path, argv);
}

UNCOUNTED int __gcov_execvp(const char *path, char *const argv[])
{
        return plain_execvp(path, argv);
}

UNCOUNTED int __gcov_execve(const char *path, char *const argv[], char *const env[])
{
        return plain_execve(path, argv, env);
}

#ifdef CUPEL_COVERAGE_SPARES
UNCOUNTED int __wrap_close_range(unsigned first, unsigned last, int flags)
{
        if (first > SHARED_FD || last < SHARED_FD)
                return __real_close_range(first, last, flags);
        if (first < SHARED_FD && __real_close_range(first, SHARED_FD - 1, flags) < 0)
                return -1;
        return last == SHARED_FD ? 0 : __real_close_range(SHARED_FD + 1, last, flags);
}
#endif

UNCOUNTED static int is_shared(int fd)
{
        struct stat st;

        return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == FILE_BYTES;
}

/* Already there, inherited; or by its name, and then for all that this process starts, too. */
UNCOUNTED static int shared_file(void)
{
        int fd;

        if (is_shared(SHARED_FD))
                return SHARED_FD;
        fd = open(CUPEL_COVERAGE_FILE, O_RDWR | O_CLOEXEC);
        if (fd < 0 || !is_shared(fd))
                return -1;
        return fcntl(SHARED_FD, F_GETFD) < 0 && dup2(fd, SHARED_FD) == SHARED_FD && close(fd) == 0 ? SHARED_FD : fd;
}

UNCOUNTED static int share_counters(void)
{
        size_t bytes = (size_t)(coverage_counters_end - coverage_counters_begin);
        const struct slot_head mine = {bytes, (uint64_t)(coverage_infos_end - coverage_infos_begin)}, none = {0, 0};
        off_t slot = CUPEL_COVERAGE_SLOT * SLOT_BYTES;
        struct slot_head *head;
        int fd = shared_file();

        if (fd < 0 || bytes == 0 || (off_t)bytes > SLOT_BYTES - HEAD_BYTES)
                return -1;
        head = mmap(NULL, sizeof(*head), PROT_READ | PROT_WRITE, MAP_SHARED, fd, slot);
        if (head == MAP_FAILED)
                return -1;
        if (memcmp(head, &none, sizeof(none)) == 0)
                *head = mine; /* two at once write the same */
        if (memcmp(head, &mine, sizeof(mine)) != 0)
                return -1;
        munmap(head, sizeof(*head));
        return mmap(coverage_counters_begin, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
                    slot + HEAD_BYTES) == MAP_FAILED
                       ? -1
                       : 0;
}

struct dump {
        const char *folder;
        FILE *out;
};

/* All in one folder, since their names are unique with their path: slashes become "#", as gcov's -p has it. */
UNCOUNTED static void dump_begin(const char *name, void *arg)
{
        struct dump *dump = arg;
        char path[4096];
        size_t at = (size_t)snprintf(path, sizeof(path), "%s/", dump->folder);

        snprintf(path + at, sizeof(path) - at, "%s", name);
        for (; path[at]; at++)
                if (path[at] == '/')
                        path[at] = '#';
        dump->out = fopen(path, "we");
        if (!dump->out) {
                fprintf(stderr, "%s: %s\n", path, strerror(errno));
                _exit(1);
        }
}

UNCOUNTED static void dump_bytes(const void *bytes, unsigned len, void *arg)
{
        struct dump *dump = arg;

        fwrite(bytes, 1, len, dump->out);
}

UNCOUNTED static void *dump_memory(unsigned len, void *arg)
{
        (void)arg;
        return malloc(len);
}

UNCOUNTED __attribute__((constructor(101))) static void coverage_start(void)
{
        struct dump dump = {.folder = getenv("CUPEL_COVERAGE_DUMP")};
        int shared = share_counters();

        if (!dump.folder)
                return;
        for (const struct gcov_info **info = coverage_infos_begin; shared == 0 && info < coverage_infos_end; info++) {
                __gcov_info_to_gcda(*info, dump_begin, dump_bytes, dump_memory, &dump);
                if (fclose(dump.out) != 0)
                        _exit(1);
        }
        _exit(shared == 0 ? 0 : 3); /* 3: nobody has counted, or another build */
}
