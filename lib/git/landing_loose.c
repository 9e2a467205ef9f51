/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of a small landing, loose: git's own rule for small fetches (transfer.unpackLimit). A pack per landing makes
 * every later look at the repository dearer by one pack, for us and for git (measured: 0.04 ms per run and pack); loose
 * objects cost only themselves, and `git gc` packs them when it sees fit.
 *
 * Made without a name in the object store's file system, linked under their ids while the ref is locked, synced before the
 * ref moves. Each carries the landing's time, to the second, as its modification time: whoever else comes to need such an
 * object touches it (git freshens what it would have written), and then it is no longer ours to take back.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/landing_internal.h"
#include "lib/git/quarantine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char *fan_path(const struct repo *repo, const char *id)
{
        return xasprintf("%s/objects/%.2s", repo->commondir, id);
}

static char *public_path(const struct repo *repo, const char *id)
{
        return xasprintf("%s/objects/%.2s/%s", repo->commondir, id, id + 2);
}

void loose_release(struct landing_loose *loose)
{
        for (size_t i = 0; i < loose->len; i++)
                cleanup_fd(&loose->fds[i]);
        free(loose->fds);
        strv_release(&loose->ids);
        *loose = (struct landing_loose){0};
}

/* ---- Writing ---- */

/* "<type> <size>" NUL content, deflated as one stream. */
static int deflate_object(git_odb_object *object, struct str *ret, struct err *err)
{
        z_stream stream = {0};
        char header[64], *out;
        size_t size = git_odb_object_size(object), bound;
        int header_len =
                snprintf(header, sizeof(header), "%s %zu", git_object_type2string(git_odb_object_type(object)), size);
        int code;

        if (size > INT32_MAX || deflateInit(&stream, Z_BEST_SPEED) != Z_OK)
                return err_set(err, ERR_INTERNAL, "cannot compress an object of %zu bytes", size);
        bound = deflateBound(&stream, (uLong)(size + sizeof(header)));
        out = xcalloc(1, bound);
        stream.next_out = (unsigned char *)out;
        stream.avail_out = (uInt)bound;
        stream.next_in = (unsigned char *)header;
        stream.avail_in = (uInt)header_len + 1;
        code = deflate(&stream, Z_NO_FLUSH);
        stream.next_in = (unsigned char *)git_odb_object_data(object);
        stream.avail_in = (uInt)size;
        if (code == Z_OK)
                code = deflate(&stream, Z_FINISH);
        if (code == Z_STREAM_END)
                str_append(ret, out, stream.total_out);
        deflateEnd(&stream);
        free(out);
        return code == Z_STREAM_END ? 0 : err_set(err, ERR_INTERNAL, "cannot compress an object");
}

static int write_one(const struct quarantine *q, const git_oid *id, int fd, int64_t when, struct err *err)
{
        const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};
        _cleanup_odb_object_ git_odb_object *object = NULL;
        _cleanup_str_ struct str bytes = {0};

        if (git_odb_read(&object, q->odb, id) < 0)
                return git_fail(err, "an object of the candidate cannot be read");
        if (deflate_object(object, &bytes, err) < 0)
                return -1;
        if (fs_write_all(fd, bytes.data, bytes.len) < 0 || futimens(fd, times) < 0)
                return err_errno(err, "cannot write an object");
        sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* on its way while the intent is written */
        return 0;
}

static int add_one(const struct quarantine *q, struct landing *landing, const git_oid *id, struct err *err)
{
        struct landing_plan *plan = &landing->plan;
        struct landing_loose *loose = &landing->loose;
        _cleanup_free_ char *objects = xasprintf("%s/objects", landing->repo->commondir), *public = NULL, *fan = NULL;
        _cleanup_fd_ int fd = -1;
        char hex[GIT_HEX];

        git_oid_tostr(hex, sizeof(hex), id);
        public = public_path(landing->repo, hex);
        fan = fan_path(landing->repo, hex);
        fd = open(objects, O_TMPFILE | O_RDWR | O_CLOEXEC, 0444);
        if (fd < 0)
                return 1;
        if (write_one(q, id, fd, plan->time, err) < 0)
                return -1;
        if (access(fan, F_OK) < 0)
                strv_add_printf(&plan->fans, "%.2s", hex);
        if (access(public, F_OK) < 0)
                strv_add(&plan->loose, hex);
        strv_add(&loose->ids, hex);
        loose->fds = xrealloc(loose->fds, (loose->len + 1) * sizeof(*loose->fds));
        loose->fds[loose->len++] = steal_fd(&fd);
        return 0;
}

int loose_write(const struct quarantine *q, struct landing *landing, struct err *err)
{
        for (size_t i = 0; i < q->fresh.len; i++) {
                int result = add_one(q, landing, &q->fresh.ids[i], err);

                if (result == 0)
                        continue;
                loose_release(&landing->loose);
                strv_release(&landing->plan.loose);
                strv_release(&landing->plan.fans);
                return result;
        }
        strv_sort_unique(&landing->plan.fans);
        return 0;
}

/* ---- Installing ---- */

static int sync_folder(const char *path, struct err *err)
{
        _cleanup_fd_ int fd = fs_open_dir(path, err);

        if (fd < 0)
                return -1;
        return fs_fsync_dir(fd) < 0 ? err_errno(err, "cannot sync %s", path) : 0;
}

static int sync_folders(const struct landing *landing, struct err *err)
{
        const struct landing_plan *plan = &landing->plan;

        for (size_t i = 0; i < landing->loose.len; i++) {
                _cleanup_free_ char *fan = fan_path(landing->repo, landing->loose.ids.items[i]);

                if (sync_folder(fan, err) < 0)
                        return -1;
        }
        if (plan->fans.len) {
                _cleanup_free_ char *objects = xasprintf("%s/objects", landing->repo->commondir);

                return sync_folder(objects, err);
        }
        return 0;
}

#define SWEPT_TIMES 8 /* it was there, and then it was not */

/*
 * One that is there is named by its content: the same object. Made young, as git does it, it stays when git gc sweeps what is old
 * and nobody names; one that is another user's, and may not be touched, is left as git leaves it.
 */
static int link_or_freshen(const char *from, const char *to)
{
        for (int i = 0; i < SWEPT_TIMES; i++) {
                if (linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0)
                        return 0;
                if (errno != EEXIST)
                        return -1;
                if (utimensat(AT_FDCWD, to, NULL, 0) == 0 || errno != ENOENT)
                        return 0;
        }
        return -1;
}

static int link_one(const struct landing *landing, size_t index, struct err *err)
{
        const char *id = landing->loose.ids.items[index];
        _cleanup_free_ char *fan = fan_path(landing->repo, id), *to = public_path(landing->repo, id);
        char self[64];

        snprintf(self, sizeof(self), "/proc/self/fd/%d", landing->loose.fds[index]);
        if (mkdir(fan, 0777) < 0 && errno != EEXIST)
                return err_errno(err, "cannot make %s", fan);
        if (link_or_freshen(self, to) < 0)
                return err_errno(err, "cannot install %s", to);
        return 0;
}

/* Content before names; and all names before the first folder is synced: a journal then takes them in one commit. */
int loose_install(struct landing *landing, struct err *err)
{
        for (size_t i = 0; i < landing->loose.len; i++)
                if (fdatasync(landing->loose.fds[i]) < 0)
                        return err_errno(err, "cannot sync an object");
        for (size_t i = 0; i < landing->loose.len; i++) {
                if (link_one(landing, i, err) < 0)
                        return -1;
                landing_step("object installed");
        }
        return sync_folders(landing, err);
}

/* ---- Recovery ---- */

static bool is_untouched(const char *path, const struct landing_plan *plan)
{
        struct stat st;

        return undo_look(path, &st) == 0 && st.st_mtim.tv_sec == plan->time && st.st_mtim.tv_nsec == 0;
}

void loose_remove(const struct repo *repo, const struct landing_plan *plan)
{
        for (size_t i = plan->loose.len; i-- > 0;) {
                _cleanup_free_ char *path = public_path(repo, plan->loose.items[i]);

                if (is_untouched(path, plan))
                        undo_file(path);
                landing_step("object removed");
        }
        for (size_t i = 0; i < plan->fans.len; i++) {
                _cleanup_free_ char *fan = fan_path(repo, plan->fans.items[i]);

                undo_folder(fan); /* stays where somebody else keeps an object by now */
        }
}
