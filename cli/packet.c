/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/packet.h"

#include "cli/context.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define REPORT_BYTES_MAX ((size_t)64 << 20)
#define LOGS_MAX 1000

int packet_open(const struct context *context, const char *run, struct err *err)
{
        _cleanup_free_ char *path = context_run_folder(context, run);
        const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0 && errno == ENOENT)
                return err_set(err, ERR_NOT_FOUND, "the packet of %s is gone (`cupel gc` removes old ones)", run);
        return fd < 0 ? err_errno(err, "open %s", path) : fd;
}

int packet_file(int packet, const char *path, struct err *err)
{
        _cleanup_fd_ int fd = fs_open_beneath(packet, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
        struct stat st;

        if (fd < 0 && errno == ENOENT)
                return err_set(err, ERR_NOT_FOUND, "the packet has no %s", path);
        if (fd < 0 || fstat(fd, &st) < 0)
                return err_errno(err, "open %s of the packet", path);
        if (!S_ISREG(st.st_mode))
                return err_set(err, ERR_INPUT, "%s of the packet is no regular file", path);
        return steal_fd(&fd);
}

json_t *packet_report(int packet)
{
        struct err ignored = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(packet, "evidence/report.json", &ignored);
        _cleanup_str_ struct str text = {0};

        if (fd < 0 || fs_read_fd(fd, REPORT_BYTES_MAX, &text, &ignored) < 0)
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
        const int fd = fs_open_beneath(packet, "logs", O_RDONLY | O_DIRECTORY, 0);
        DIR *folder = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (!folder) {
                if (fd >= 0)
                        close(fd);
                return errno == ENOENT ? 0 : err_errno(err, "list the logs of the packet");
        }
        while ((entry = readdir(folder)) && ret->len < LOGS_MAX)
                if (entry->d_name[0] != '.')
                        strv_add(ret, entry->d_name);
        closedir(folder);
        strv_sort_unique(ret);
        put_first(ret, "agent.log");
        return 0;
}
