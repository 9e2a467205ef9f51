/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/packet/folder.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define REPORT_BYTES_MAX ((size_t)64 << 20)
#define LOGS_MAX 1000
#define HOLLOW_FROM ((off_t)256 << 20)
#define HOLLOW_RATIO 200

const struct packet_work packet_work[] = {
        {"head", false},        {"upper", false},     {"room", false},    {"rooms", false},
        {"merge", false},       {"staging", false},   {"resumed", false}, {"landing.pack", false},
        {"landing.idx", false}, {"quarantine", true}, {"kept", true},     {NULL, false},
};

bool packet_is_work(const char *name)
{
        for (const struct packet_work *work = packet_work; work->name; work++)
                if (strcmp(work->name, name) == 0)
                        return true;
        return false;
}

bool packet_name_is_plain(const char *name, size_t len)
{
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-";

        return len > 0 && name[0] != '.' && name[0] != '-' && strspn(name, allowed) >= len;
}

/* As an archive may unpack to so many times its size at most: who reads all of a file reads about what somebody has stored. */
static bool is_hollow(const struct stat *st)
{
        return st->st_size > HOLLOW_FROM && st->st_size / HOLLOW_RATIO > (off_t)st->st_blocks * 512;
}

int packet_hold(int packet, struct err *err)
{
        _cleanup_fd_ int evidence = -1;

        while (flock(packet, LOCK_EX) < 0)
                if (errno != EINTR)
                        return err_errno(err, "lock the packet's folder");
        evidence = fs_open_beneath(packet, "evidence", O_RDONLY | O_DIRECTORY, 0);
        fs_sweep_unwritten(packet);
        if (evidence >= 0)
                fs_sweep_unwritten(evidence);
        return 0;
}

void packet_let_go(int packet)
{
        (void)flock(packet, LOCK_UN);
}

int packet_file(int packet, const char *path, struct err *err)
{
        _cleanup_fd_ int fd = fs_open_beneath(packet, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
        struct stat st;

        if (fd < 0 && errno == ENOENT)
                return err_set(err, ERR_NOT_FOUND, "the packet has no %s", path);
        if (fd < 0 && (errno == ELOOP || errno == ENOTDIR || errno == ENXIO))
                return err_set(err, ERR_INPUT, "%s of the packet is no regular file", path);
        if (fd < 0 || fstat(fd, &st) < 0)
                return err_errno(err, "open %s of the packet", path);
        if (!S_ISREG(st.st_mode))
                return err_set(err, ERR_INPUT, "%s of the packet is no regular file", path);
        if (is_hollow(&st))
                return err_set(err, ERR_INPUT,
                               "%s of the packet is nearly all hole: it has no more bytes than %lld "
                               "blocks hold, and says that it has %lld",
                               path, (long long)st.st_blocks, (long long)st.st_size);
        return steal_fd(&fd);
}

int packet_read(int packet, const char *path, size_t most, struct str *ret, struct err *err)
{
        _cleanup_fd_ int fd = packet_file(packet, path, err);

        if (fd < 0)
                return -1;
        return fs_read_fd(fd, most, ret, err) < 0 ? err_wrap(err, "%s of the packet", path) : 0;
}

json_t *packet_report(int packet)
{
        struct err ignored = ERR_INIT;
        _cleanup_str_ struct str text = {0};

        if (packet_read(packet, "evidence/report.json", REPORT_BYTES_MAX, &text, &ignored) < 0)
                return NULL;
        return json_parse(str_text(&text), text.len, "report.json", &ignored);
}

static void put_first(struct strv *list, const char *name)
{
        for (size_t i = 1; i < list->len; i++)
                if (strcmp(list->items[i], name) == 0) {
                        char *found = list->items[i];

                        memmove(list->items + 1, list->items, i * sizeof(*list->items));
                        list->items[0] = found;
                }
}

int packet_logs(int packet, struct strv *ret, struct err *err)
{
        _cleanup_dir_ DIR *folder = fs_list(fs_open_beneath(packet, "logs", O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;

        if (!folder)
                return errno == ENOENT ? 0 : err_errno(err, "list the logs of the packet");
        while ((entry = fs_list_next(folder)) && ret->len < LOGS_MAX)
                if (entry->d_name[0] != '.')
                        strv_add(ret, entry->d_name);
        strv_sort_unique(ret);
        put_first(ret, "agent.log");
        return 0;
}
