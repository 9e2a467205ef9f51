/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows say who is in the line, FIFOs who lives. Order, so that a crash between two steps leaves nothing that lies:
 *
 *   join     FIFO made, locked → row               leave    row removed → FIFO removed, closed (POLLHUP)
 *   expect   row → byte                            anew     row → new FIFO in the old one's place, old one closed (POLLHUP)
 */
#include "director/line.h"

#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/store/line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "line"
#define LONG_MS 60000

/* ---- Our own FIFO ---- */

/* Made under another name, locked, then named: nobody ever finds it without its lock while we live. */
static int make_fifo(struct director *d, struct err *err)
{
        _cleanup_free_ char *fresh = xasprintf(".%s", d->row.id);
        _cleanup_fd_ int fd = -1;

        (void)unlinkat(d->line.folder_fd, fresh, 0);
        if (mkfifoat(d->line.folder_fd, fresh, 0600) < 0)
                return err_errno(err, "make a place in the line");
        /* open for both: it never blocks, and we are the writer whose end the others see */
        fd = openat(d->line.folder_fd, fresh, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ||
            renameat(d->line.folder_fd, fresh, d->line.folder_fd, d->row.id) < 0) {
                err_errno(err, "take a place in the line");
                (void)unlinkat(d->line.folder_fd, fresh, 0);
                return -1;
        }
        cleanup_fd(&d->line.fifo_fd);
        d->line.fifo_fd = steal_fd(&fd);
        d->line.posted = false;
        return 0;
}

static void post(struct director *d)
{
        if (!d->line.posted)
                d->line.posted = write(d->line.fifo_fd, "x", 1) == 1;
}

int line_join(struct director *d, struct err *err)
{
        d->line.folder_fd = fs_mkdir_open_at(d->state_fd, FOLDER, 0700, err);
        d->line.deadline = clock_ms() + (uint64_t)d->plan.budget.wall_ms;
        if (d->line.folder_fd < 0 || make_fifo(d, err) < 0 ||
            store_line_join(d->store, d->row.target_ref, d->row.id, &d->line.position, err) < 0)
                return err_wrap(err, "the line before %s", d->row.target_ref);
        return 0;
}

int line_expect(struct director *d, const char *tree, struct err *err)
{
        if (!d->line.position)
                return 0;
        if (store_line_expect(d->store, d->line.position, tree, err) < 0)
                return -1;
        post(d);
        return 0;
}

/* Who stands on us finds out by the end of the old FIFO, and then finds the row as it is now. */
int line_stand_aside(struct director *d, struct err *err)
{
        if (!d->line.position)
                return 0;
        return store_line_stand_aside(d->store, d->line.position, err) < 0 ? -1 : make_fifo(d, err);
}

int line_begin_anew(struct director *d, struct err *err)
{
        if (!d->line.position)
                return 0;
        return store_line_expect(d->store, d->line.position, "", err) < 0 ? -1 : make_fifo(d, err);
}

int line_learn(struct director *d, const struct stand *stand, bool held, struct err *err)
{
        return stand->run[0] ? store_line_learn(d->store, d->row.target_ref, held, err) : 0;
}

/* What cannot be removed now is the next command's: the mark of our end stays (director/end.c). */
static void remove_fifo(struct director *d, int folder, const char *name)
{
        d->line.stays |= unlinkat(folder, name, 0) < 0 && errno != ENOENT;
}

void line_leave(struct director *d)
{
        struct err ignored = ERR_INIT;

        if (d->line.position) /* a row that stays is found without a lock behind it, and looked past until it is removed */
                d->line.stays |= store_line_leave(d->store, d->line.position, &ignored) < 0;
        if (d->line.folder_fd >= 0) /* whether or not there is a row: it comes after the FIFO */
                remove_fifo(d, d->line.folder_fd, d->row.id);
        cleanup_fd(&d->line.fifo_fd);
        cleanup_fd(&d->line.folder_fd);
        d->line = (struct line){.folder_fd = -1, .fifo_fd = -1, .stays = d->line.stays};
}

/* ---- The others ---- */

/* Its FIFO, where its director lives: the descriptor; -1: it does not. */
static int open_living(int folder, const char *run)
{
        for (;;) {
                _cleanup_fd_ int fd = openat(folder, run, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
                struct stat held, named;

                if (fd < 0)
                        return -1;
                if (flock(fd, LOCK_SH | LOCK_NB) < 0)
                        return errno == EWOULDBLOCK ? steal_fd(&fd) : -1;
                if (fstat(fd, &held) < 0 || fstatat(folder, run, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
                    (held.st_ino == named.st_ino && held.st_dev == named.st_dev))
                        return -1;
                /* it began anew between the two looks */
        }
}

/* Returns false where it is dead: then its entry is gone. */
static bool lives(struct director *d, const struct store_line_entry *entry)
{
        _cleanup_fd_ int fd = open_living(d->line.folder_fd, entry->run);
        struct err ignored = ERR_INIT;

        if (fd >= 0)
                return true;
        (void)store_line_leave(d->store, entry->position, &ignored);
        (void)unlinkat(d->line.folder_fd, entry->run, 0);
        return false;
}

void line_forget(struct director *d)
{
        _cleanup_free_ char *fresh = xasprintf(".%s", d->row.id);
        _cleanup_fd_ int folder = fs_open_beneath(d->state_fd, FOLDER, O_RDONLY | O_DIRECTORY, 0);
        _cleanup_fd_ int living = folder < 0 || d->line.position ? -1 : open_living(folder, d->row.id);
        struct err ignored = ERR_INIT;

        if (folder < 0 || d->line.position || living >= 0)
                return;
        d->line.stays |= store_line_forget(d->store, d->row.id, &ignored) < 0;
        remove_fifo(d, folder, d->row.id);
        remove_fifo(d, folder, fresh);
}

/* Ready, ended, or the deadline passed: who called looks again. */
static void wait_on_fd(struct director *d, int fd, short events)
{
        struct pollfd polled[] = {{.fd = fd, .events = events}, {.fd = uplink_watch_fd(&d->up), .events = POLLIN}};

        while (!uplink_interrupted(&d->up)) {
                const uint64_t now = clock_ms(), left = d->line.deadline > now ? d->line.deadline - now : 0;

                polled[0].revents = 0;
                if (left == 0 || (poll(polled, 2, left < LONG_MS ? (int)left : LONG_MS) < 0 && errno != EINTR) ||
                    polled[0].revents)
                        return;
                uplink_pump(&d->up);
        }
}

static void wait_on(struct director *d, const char *run, short events)
{
        _cleanup_fd_ int fd = open_living(d->line.folder_fd, run);

        if (fd >= 0)
                wait_on_fd(d, fd, events);
}

/* Those ahead that live and mean to land, oldest first. */
static int look_ahead(struct director *d, struct store_line *ret, struct err *err)
{
        size_t kept = 0;

        if (store_line_ahead(d->store, d->row.target_ref, d->line.position, ret, err) < 0)
                return -1;
        if (clock_ms() >= d->line.deadline)
                ret->len = 0;
        for (size_t i = 0; i < ret->len; i++)
                if (!ret->items[i].aside && lives(d, &ret->items[i]))
                        ret->items[kept++] = ret->items[i];
        ret->len = kept;
        return 0;
}

/* True where it is our turn to stand on *last (NULL: on the target); else this waited for what was in the way. */
static bool is_turn(struct director *d, const struct store_line *ahead, const struct store_line_entry **last)
{
        *last = ahead->len ? &ahead->items[ahead->len - 1] : NULL;
        if (ahead->len > (size_t)ahead->width)
                wait_on(d, ahead->items[ahead->len - (size_t)ahead->width - 1].run, 0);
        else if (*last && !(*last)->tree[0])
                wait_on(d, (*last)->run, POLLIN);
        else
                return true;
        return false;
}

int line_stand(struct director *d, struct stand *ret, struct err *err)
{
        *ret = (struct stand){.run = ""};
        while (d->line.position && !uplink_interrupted(&d->up)) {
                _cleanup_store_line_ struct store_line ahead = {0};
                const struct store_line_entry *last;

                if (look_ahead(d, &ahead, err) < 0)
                        return err_wrap(err, "the line before %s", d->row.target_ref);
                if (!is_turn(d, &ahead, &last))
                        continue;
                if (last) {
                        memcpy(ret->run, last->run, sizeof(ret->run));
                        memcpy(ret->tree, last->tree, sizeof(ret->tree));
                }
                return 0;
        }
        return 0;
}

/* Its FIFO is open before its row is read: a change after that ends the wait. */
int line_wait_for(struct director *d, const struct stand *stand, struct err *err)
{
        _cleanup_store_line_ struct store_line ahead = {0};
        _cleanup_fd_ int fd = -1;

        if (!stand->run[0] || !d->line.position)
                return 0;
        fd = open_living(d->line.folder_fd, stand->run);
        if (store_line_ahead(d->store, d->row.target_ref, d->line.position, &ahead, err) < 0)
                return -1;
        for (size_t i = 0; fd >= 0 && i < ahead.len; i++)
                if (strcmp(ahead.items[i].run, stand->run) == 0 && strcmp(ahead.items[i].tree, stand->tree) == 0)
                        wait_on_fd(d, fd, 0);
        return 0;
}
