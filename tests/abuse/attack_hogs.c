/* SPDX-License-Identifier: Apache-2.0 */
/* Lines 14, 16, 17 and 32: what takes without end. A script watches how the step ends. */
#include "attack.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define MEBIBYTE ((size_t)1 << 20)

/* A grandchild in a session of its own, which would write later: it must not live to do so. */
ATTEMPT(orphan)
{
        if (fork() == 0) {
                setsid();
                if (fork() == 0) {
                        signal(SIGTERM, SIG_IGN);
                        for (;;)
                                close(open("orphan", O_WRONLY | O_CREAT | O_APPEND, 0644));
                }
                _exit(0);
        }
        while (access("orphan", F_OK) < 0)
                sched_yield();
        return HELD;
}

/* Ends only where forking fails for good: the attempt is stopped from outside. */
ATTEMPT(fork_bomb)
{
        for (;;)
                if (fork() < 0)
                        sched_yield();
}

ATTEMPT(burn)
{
        for (;;)
                ;
}

ATTEMPT(eat_memory)
{
        for (;;) {
                void *memory = malloc(MEBIBYTE);

                if (!memory)
                        return HELD;
                memset(memory, 1, MEBIBYTE);
        }
}

/* Each is written, not mapped: no process shows it. */
ATTEMPT(eat_shared)
{
        static const char block[MEBIBYTE];

        for (;;) {
                int fd = (int)syscall(SYS_memfd_create, "hog", 0);

                if (fd < 0)
                        return HELD;
                for (int i = 0; i < 64; i++)
                        if (write(fd, block, sizeof(block)) < 0)
                                return HELD;
        }
}

ATTEMPT(fill_hidden)
{
        static const char block[MEBIBYTE];
        int fd = open("hidden", O_RDWR | O_CREAT, 0600);

        unlink("hidden");
        while (write(fd, block, sizeof(block)) > 0)
                ;
        for (;;)
                pause(); /* the file lives as long as we do */
}

/* Ends this process's first thread once another runs `go`: /proc calls it a zombie from then on. */
static void lose_head(void *(*go)(void *))
{
        pthread_t thread;

        if (pthread_create(&thread, NULL, go, NULL) == 0)
                syscall(SYS_exit, 0);
        _exit(1);
}

/* Time for the first thread to be gone and for whoever looks to look: nothing was taken until then. */
static void wait_headless(void)
{
        poll(NULL, 0, 300);
}

static void *hold_memory(void *unused)
{
        void *memory = malloc(8 * MEBIBYTE);

        wait_headless();
        if (memory)
                explicit_bzero(memory, 8 * MEBIBYTE); /* a memset would be left out */
        for (;;)
                pause();
        return unused;
}

ATTEMPT(eat_headless)
{
        for (int i = 0; i < 32; i++)
                if (fork() == 0)
                        lose_head(hold_memory);
        for (;;)
                pause();
}

/* Each its own, which looks like what several have together. */
ATTEMPT(eat_apart)
{
        for (int i = 0; i < 16; i++)
                if (fork() == 0) {
                        void *memory =
                                mmap(NULL, 8 * MEBIBYTE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

                        if (memory != MAP_FAILED)
                                memset(memory, 1, 8 * MEBIBYTE);
                        for (;;)
                                pause();
                }
        for (;;)
                pause();
}

/* Nothing is ever written: what it takes are page tables, of a gigabyte in all. */
ATTEMPT(eat_tables)
{
        static const size_t gibibyte = (size_t)1 << 30;
        volatile char sum = 0;

        for (int i = 0; i < 512; i++) {
                char *space = mmap(NULL, gibibyte, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

                if (space == MAP_FAILED)
                        return HELD;
                madvise(space, gibibyte, MADV_NOHUGEPAGE);
                for (size_t at = 0; at < gibibyte; at += 2 * MEBIBYTE)
                        sum = (char)(sum + space[at]);
        }
        for (;;)
                pause();
}

/* Two, each below the limit of one file. */
static void *hold_files(void *unused)
{
        static const char block[MEBIBYTE];

        wait_headless();
        for (int i = 0; i < 2; i++) {
                int fd = open("hidden", O_RDWR | O_CREAT | O_EXCL, 0600);

                unlink("hidden");
                for (int k = 0; k < 12 && write(fd, block, sizeof(block)) > 0; k++)
                        ;
        }
        for (;;)
                pause();
        return unused;
}

ATTEMPT(fill_headless)
{
        lose_head(hold_files);
        return HELD;
}

static void *stand(void *unused)
{
        for (;;)
                pause();
        return unused;
}

/* Each of many threads shows each of many descriptors to whoever looks for hidden files. */
ATTEMPT(crowd_descriptors)
{
        struct rlimit limit;
        pthread_attr_t small;
        pthread_t thread;

        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max < 20000 ? limit.rlim_max : 20000;
        setrlimit(RLIMIT_NOFILE, &limit);
        while (dup(STDIN_FILENO) >= 0)
                ;
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 65536);
        for (int i = 0; i < 1500 && pthread_create(&thread, &small, stand, NULL) == 0; i++)
                ;
        for (;;)
                pause();
}

ATTEMPT(fill_inodes)
{
        char name[32];

        for (long i = 0;; i++) {
                int fd;

                snprintf(name, sizeof(name), "%ld", i);
                fd = open(name, O_WRONLY | O_CREAT, 0600);
                if (fd >= 0)
                        close(fd);
                else
                        sched_yield();
        }
}

ATTEMPT(print_forever)
{
        for (long i = 0;; i++)
                printf("line %ld\n", i);
}
