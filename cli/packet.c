/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/packet.h"

#include "cli/context.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/packet/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int packet_open(const struct context *context, const char *run, struct err *err)
{
        _cleanup_free_ char *path = context_run_folder(context, run);
        const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0 && errno == ENOENT)
                return err_set(err, ERR_NOT_FOUND, "the packet of %s is gone (`cupel gc` removes old ones)", run);
        return fd < 0 ? err_errno(err, "open %s", path) : fd;
}

bool packet_is_path(const char *which)
{
        const size_t len = strlen(which), ending = strlen(ARCHIVE_SUFFIX);

        return strchr(which, '/') || (len > ending && strcmp(which + len - ending, ARCHIVE_SUFFIX) == 0);
}

/* ---- An archive ---- */

static int open_archive(const char *path, struct err *err)
{
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        struct stat st;

        if (fd < 0 && errno == ENOENT)
                return err_set(err, ERR_NOT_FOUND,
                               "%s: there is no such file or folder (a run is named without a slash)", path);
        if (fd < 0 || fstat(fd, &st) < 0)
                return err_errno(err, "open %s", path);
        if (!S_ISREG(st.st_mode))
                return err_set(err, ERR_INPUT, "%s is no file; expected what `cupel export` writes", path);
        return steal_fd(&fd);
}

static int find_in_archive(const struct context *context, const char *path, struct packet_ref *ret, struct err *err)
{
        _cleanup_fd_ int fd = open_archive(path, err);

        if (fd < 0 || scratch_make(context, &ret->unpacked, err) < 0)
                return -1;
        if (archive_unpack(fd, ret->unpacked.fd, NULL, &ret->name, err) < 0)
                return err_wrap(err, "%s", path);
        ret->fd = fs_open_beneath(ret->unpacked.fd, ret->name, O_RDONLY | O_DIRECTORY, 0);
        return ret->fd < 0 ? err_errno(err, "open what %s was unpacked to", path) : 0;
}

/* ---- A folder ---- */

static bool is_packet(int folder)
{
        static const char *const parts[] = {"evidence", "config_snapshot", "identity.txt"};

        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
                if (faccessat(folder, parts[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                        return true;
        return false;
}

/* It may have been renamed: the report knows better. Neither becomes a path but as an archive's would. */
static char *run_of(int folder, const char *resolved)
{
        _cleanup_json_ json_t *report = packet_report(folder);
        const char *told = json_text_of(report, "run"), *last = strrchr(resolved, '/') + 1;

        return archive_run_ok(told) ? xstrdup(told) : archive_run_ok(last) ? xstrdup(last) : NULL;
}

static int find_in_folder(const char *path, struct packet_ref *ret, struct err *err)
{
        _cleanup_free_ char *resolved = realpath(path, NULL);
        _cleanup_fd_ int fd = resolved ? open(resolved, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        if (fd < 0)
                return err_errno(err, "open %s", path);
        if (!is_packet(fd))
                return err_set(err, ERR_INPUT,
                               "%s is a folder, but no packet: it has no evidence/; name the folder of a run, or what "
                               "`cupel export` wrote, unpacked or not",
                               path);
        ret->name = run_of(fd, resolved);
        if (!ret->name)
                return err_set(err, ERR_INPUT,
                               "%s: neither its evidence/report.json nor its name says which run's packet it is", path);
        ret->fd = steal_fd(&fd);
        return 0;
}

bool packet_is_here(const char *which)
{
        _cleanup_fd_ int fd = -1;

        if (!packet_is_path(which))
                return false;
        if (!fs_is_folder(which))
                return access(which, F_OK) == 0;
        fd = open(which, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd >= 0 && is_packet(fd);
}

/* ---- A run ---- */

static int find_run(struct context *context, const char *which, struct packet_ref *ret, struct err *err)
{
        if (!context->repo &&
            (context_open_repository(context, ".", err) < 0 || context_open_history(context, err) < 0))
                return -1;
        if (context_find_run(context, which, &ret->run, err) < 0)
                return err->code == ERR_NOT_FOUND && access(which, F_OK) == 0
                               ? err_set(err, ERR_NOT_FOUND, "no run begins with \"%s\"; for the %s here: ./%s", which,
                                         fs_is_folder(which) ? "folder" : "file", which)
                               : -1;
        ret->stored = true;
        ret->name = xstrdup(ret->run.id);
        ret->fd = packet_open(context, ret->name, err);
        return ret->fd < 0 ? -1 : 0;
}

int packet_find(struct context *context, const char *which, struct packet_ref *ret, struct err *err)
{
        if (!packet_is_path(which))
                return find_run(context, which, ret, err);
        return fs_is_folder(which) ? find_in_folder(which, ret, err) : find_in_archive(context, which, ret, err);
}

void packet_ref_release(struct packet_ref *ref)
{
        cleanup_fd(&ref->fd);
        free(ref->name);
        scratch_remove(&ref->unpacked);
        if (ref->stored)
                store_run_release(&ref->run);
        *ref = PACKET_REF_INIT;
}
