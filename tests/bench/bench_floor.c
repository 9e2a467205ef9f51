/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel alone takes for one trivial run: the system calls that no implementation of the same promises can leave out, and
 * nothing else: no JSON, no SQL, no hashes, no gates, no messages beyond one byte.
 *
 *         bench-floor ROUNDS FOLDER     {phase: median ms, …}; FOLDER must be on the file system that is to be measured
 *
 * The phases, and what is in each (scripts/bench phases sets our own time beside it, by the same names):
 *
 *         launch      exec of a process; seven files of a snapshot; a row that is durable before anything starts; beside it the
 *                     cage: exec, namespaces, a map of ids, a few mounts, a process in them; exec of the runner
 *         sandbox     the namespaces of one step, its root, /usr, /proc, /dev, the overlay, pivot_root, Landlock, seccomp, exec
 *         step        what the agent does, to its end: sh -c 'echo … > b.txt'
 *         read-back   its namespaces end; the upper is walked, a blob and a tree are written; a step with a fresh upper, to its exec
 *         verify      sh -c true, to its end
 *         transfer    namespaces and cage end and is waited for
 *         judge       the objects are read; a step to its exec, in a cage that was made beside all this, as the director's is
 *         clean room  sh -c true, to its end
 *         sign        nothing: no system call is needed for it
 *         land        intent; three objects, a reflog and a ref: written, synced, renamed
 *         packet      fourteen files; the row of the end, durable; the quarantine removed
 *         end         the last process is waited for
 *
 * One process marks the end of each phase with the time; the marks of caged ones come through a pipe. Exits 1, with what failed, where
 * a call is refused.
 */
#include "tests/bench/floor.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define MAX_ROUNDS 1000
#define OBJECTS 3
#define ROW 16384 /* bytes of a row's pages, as a write-ahead log has them */

static const char *const phase_names[] = {
#define X(id, name) name,
        PHASES
#undef X
};

uint64_t now_ns(void)
{
        struct timespec at;

        clock_gettime(CLOCK_MONOTONIC, &at);
        return (uint64_t)at.tv_sec * 1000000000U + (uint64_t)at.tv_nsec;
}

void mark(enum phase phase)
{
        struct mark one = {phase, now_ns()};

        if (write(MARKS, &one, sizeof(one)) != sizeof(one))
                err(1, "mark");
}

long must(long result, const char *what)
{
        if (result < 0)
                err(1, "%s", what);
        return result;
}

void put_file(const char *path, const void *bytes, size_t size, int flags)
{
        int fd = (int)must(open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644), path);

        must(write(fd, bytes, size), path);
        close(fd);
}

static void put_files(const char *folder, int count, size_t size)
{
        static const char bytes[ROW];

        must(mkdir(folder, 0755), folder);
        for (int i = 0; i < count; i++) {
                char path[64];

                snprintf(path, sizeof(path), "%s/%d", folder, i);
                put_file(path, bytes, size, 0);
        }
}

/* Over what is there, as in a log that starts again after each checkpoint. */
static void put_row(int log)
{
        static const char pages[ROW];

        must(pwrite(log, pages, sizeof(pages), 0), "write of a row");
        must(fdatasync(log), "fdatasync");
}

static pid_t start(const char *mode, const char *name)
{
        char *argv[] = {(char *)"bench-floor", (char *)mode, (char *)name, NULL};
        pid_t pid;

        errno = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ);
        if (errno != 0)
                err(1, "posix_spawn");
        return pid;
}

void finish(pid_t pid)
{
        int status;

        must(waitpid(pid, &status, 0), "waitpid");
        if (status != 0)
                errx(1, "a process ended with %d", status);
}

/* ---- One run ---- */

/* All objects on their way to the disk before the first is waited for; the ref when they are there. */
static void land(int log)
{
        int folder = (int)must(open("repo", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "repo"), fds[OBJECTS];
        char path[64];

        put_row(log); /* the intent */
        for (int i = 0; i < OBJECTS; i++) {
                snprintf(path, sizeof(path), "repo/object-%d.tmp", i);
                fds[i] = (int)must(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0444), path);
                must(write(fds[i], path, sizeof(path)), path);
                must(sync_file_range(fds[i], 0, 0, SYNC_FILE_RANGE_WRITE), "sync_file_range");
        }
        for (int i = 0; i < OBJECTS; i++) {
                char to[32];

                must(fdatasync(fds[i]), "fdatasync of an object");
                close(fds[i]);
                snprintf(path, sizeof(path), "repo/object-%d.tmp", i);
                snprintf(to, sizeof(to), "repo/object-%d", i);
                must(rename(path, to), to);
        }
        put_file("repo/ref.lock", "0123456789012345678901234567890123456789\n", 41, O_EXCL);
        must(fsync(folder), "fsync of the objects' folder");
        put_file("repo/reflog", "a line", 6, O_APPEND);
        must(rename("repo/ref.lock", "repo/ref"), "ref");
        must(fsync(folder), "fsync of the ref's folder");
        close(folder);
}

static void read_objects(void)
{
        for (const char *const *name = (const char *const[]){"quarantine/blob", "quarantine/tree", NULL}; *name;
             name++) {
                int fd = (int)must(open(*name, O_RDONLY | O_CLOEXEC), *name);
                char bytes[256];

                must(read(fd, bytes, sizeof(bytes)), *name);
                close(fd);
        }
}

static void take_marks(int marks, struct mark *got, size_t count)
{
        char *at = (char *)got;

        for (size_t left = count * sizeof(*got); left;) {
                size_t some = (size_t)must(read(marks, at, left), "marks");

                at += some;
                left -= some;
        }
}

static void one_run(int log, int begin, int go, int marks, struct mark *ret)
{
        pid_t cage = start("cage", "run"), room;

        finish(start("nothing", ""));
        put_files("snapshot", 7, 1024);
        put_row(log);
        must(write(begin, "", 1), "begin");
        room = start("cage", "room");
        finish(cage);
        mark(PHASE_transfer);
        read_objects();
        must(write(go, "", 1), "go");
        take_marks(marks, ret, PHASE_sign);
        mark(PHASE_sign);
        land(log);
        mark(PHASE_land);
        put_files("packet", 14, 4096);
        put_row(log);
        must(unlink("quarantine/blob"), "blob");
        must(unlink("quarantine/tree"), "tree");
        must(rmdir("quarantine"), "quarantine");
        mark(PHASE_packet);
        finish(room);
        mark(PHASE_end);
        take_marks(marks, ret + PHASE_sign, PHASE_COUNT - PHASE_sign);
}

static void prepare(unsigned round)
{
        static const char *const folders[] = {"repo", "state", "root", "scratch", "quarantine", "lower"};
        char name[32];

        snprintf(name, sizeof(name), "round-%u", round);
        must(mkdir(name, 0755), name);
        must(chdir(name), name);
        for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
                must(mkdir(folders[i], 0755), folders[i]);
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

/* Above the three that caged processes are given by number. */
static int high(int fd)
{
        int copy = (int)must(fcntl(fd, F_DUPFD_CLOEXEC, 10), "dup");

        close(fd);
        return copy;
}

static void measure(unsigned rounds, double (*ms)[MAX_ROUNDS])
{
        int marks[2], go[2], begin[2], log;

        must(pipe(marks), "pipe");
        must(pipe(go), "pipe");
        must(pipe(begin), "pipe");
        log = high((int)must(open("log", O_RDWR | O_CREAT | O_CLOEXEC, 0644), "log"));
        for (int i = 0; i < 2; i++) {
                marks[i] = high(marks[i]);
                go[i] = high(go[i]);
                begin[i] = high(begin[i]);
        }
        put_row(log);
        must(dup2(marks[1], MARKS), "dup");
        must(dup2(go[0], GO), "dup");
        must(dup2(begin[0], BEGIN), "dup");
        for (unsigned i = 0; i < rounds; i++) {
                struct mark got[PHASE_COUNT];
                uint64_t before;

                prepare(i);
                before = now_ns();
                one_run(log, begin[1], go[1], marks[0], got);
                for (int k = 0; k < PHASE_COUNT; k++) {
                        if (got[k].phase != (enum phase)k)
                                errx(1, "marks came in another order");
                        ms[k][i] = (double)(got[k].ns - before) / 1e6;
                        before = got[k].ns;
                }
                must(chdir(".."), "..");
        }
}

int main(int argc, char **argv)
{
        static double ms[PHASE_COUNT][MAX_ROUNDS];
        unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

        if (argc == 3 && strcmp(argv[1], "nothing") == 0)
                return 0;
        if (argc == 3 && strcmp(argv[1], "cage") == 0)
                return make_cage(argv[2]), 0;
        if (argc == 3 && strcmp(argv[1], "caged") == 0)
                return run_caged(argv[2]), 0;
        if (argc != 3 || rounds < 1 || rounds > MAX_ROUNDS) {
                fputs("usage: bench-floor ROUNDS FOLDER\n", stderr);
                return 2;
        }
        must(chdir(argv[2]), argv[2]);
        measure(rounds, ms);
        printf("{");
        for (int k = 0; k < PHASE_COUNT; k++) {
                qsort(ms[k], rounds, sizeof(double), compare);
                printf("%s\"%s\": %.4f", k ? ", " : "", phase_names[k], ms[k][rounds / 2]);
        }
        printf("}\n");
        return 0;
}
