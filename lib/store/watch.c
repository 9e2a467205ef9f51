/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite writes its write-ahead log with pwrite(2), which inotify tells of; the shared memory beside it is mapped, which it does not.
 * The watch is on the folder: the log is removed and made again in the life of a store. What was told is read to its end, so that
 * a thousand commits are one look.
 */
#include "lib/store/stream.h"

#include "lib/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

int store_watch_open(const char *folder)
{
        int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

        if (fd < 0)
                return -1;
        if (inotify_add_watch(fd, folder, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) >= 0)
                return fd;
        close(fd);
        return -1;
}

/* Whether one of the store's own files was meant: runs come and go beside it. */
static bool drain(int watch)
{
        _Alignas(struct inotify_event) char buffer[16384];
        bool wrote = false;
        ssize_t got;

        while ((got = read(watch, buffer, sizeof(buffer))) > 0)
                for (char *at = buffer; at < buffer + got;) {
                        const struct inotify_event *event = (const void *)at;

                        if ((event->mask & IN_Q_OVERFLOW) || (event->len && !strncmp(event->name, "store.db", 8)))
                                wrote = true;
                        at += sizeof(*event) + event->len;
                }
        return wrote;
}

/* What does not concern the store wakes us, and makes the time no longer. */
static int left_of(uint64_t end)
{
        const uint64_t now = clock_ms();

        return end > now ? (int)(end - now) : 0;
}

int store_watch_wait(int watch, int also, int timeout_ms, struct err *err)
{
        struct pollfd fds[] = {{.fd = watch, .events = POLLIN}, {.fd = also}};
        const uint64_t end = clock_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);

        for (int left = timeout_ms;; left = left_of(end)) {
                int got = poll(fds, 2, left);

                if (got < 0 && errno != EINTR)
                        return err_errno(err, "wait for writes to the store");
                if (got <= 0)
                        return 0;
                if (fds[1].revents || (fds[0].revents && drain(watch)))
                        return 1;
        }
}
