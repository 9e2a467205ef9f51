/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a single step sees besides what all steps do: its own shows, and links in /cupel/bin. Shows are mounted in its own
 * namespace (shows.c), but the root below them is one file system for all steps: the folders that are made there as mount
 * points go when the step does, so that no later step can tell that it had them. The links lie in a small file system of the
 * step's own over /cupel/bin, with our programs in it again.
 *
 * Tier D, which has no mounts, makes the links in its folder of programs.
 */
#include "sandbox/kernel.h"
#include "sandbox/site.h"

#include "lib/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_BYTES ((uint64_t)64 << 10)
#define LINKS_INODES 1024
#define READ_ONLY (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define PROGRAMS "bin/"

/* What is not there yet of the way to `inside`, from the shortest to the longest. */
static void note_points(struct site *site, const char *inside)
{
        _cleanup_free_ char *path = xasprintf("%s%s", site->root, inside);
        char *slash = path + strlen(site->root);
        struct stat status;

        do {
                slash = strchr(slash + 1, '/');
                if (slash)
                        *slash = '\0';
                if (lstat(path, &status) < 0 && !strv_has(&site->points, path))
                        strv_add(&site->points, path);
                if (slash)
                        *slash = '/';
        } while (slash);
}

static int link_weak(struct site *site, const struct sandbox_step *step, struct err *err)
{
        for (size_t i = 0; i < step->links.len; i++) {
                _cleanup_free_ char *at = xasprintf("%s/bin/%s", site->plan->scratch, step->links.items[i].inside);

                if (symlink(step->links.items[i].host, at) < 0)
                        return err_errno(err, "link %s", step->links.items[i].inside);
                strv_add(&site->points, at);
        }
        return 0;
}

int own_shows_begin(struct site *site, const struct sandbox_step *step, struct err *err)
{
        if (site->weak)
                return link_weak(site, step, err);
        for (size_t i = 0; i < step->read.len; i++)
                if (!shows_is_below(step->read.items[i].inside, site->home)) /* the home is the step's own */
                        note_points(site, step->read.items[i].inside);
        return 0;
}

/* A mount point that another namespace still holds goes too (rename(2), EBUSY is of before 3.18). */
void own_shows_end(struct site *site)
{
        for (size_t i = site->points.len; i > 0; i--)
                if (rmdir(site->points.items[i - 1]) < 0 && errno == ENOTDIR)
                        unlink(site->points.items[i - 1]);
        strv_release(&site->points);
}

static bool is_program(const struct sandbox_show *file)
{
        return strncmp(file->inside, PROGRAMS, strlen(PROGRAMS)) == 0;
}

/* Copies of the mounts of our own programs, in the order of the plan's files; -1 for the others. */
static int copy_programs(const struct site *site, int *copies, struct err *err)
{
        for (size_t i = 0; i < site->plan->files.len; i++) {
                _cleanup_free_ char *at = xasprintf("%s/cupel/%s", site->root, site->plan->files.items[i].inside);

                copies[i] = -1;
                if (is_program(&site->plan->files.items[i]) && (copies[i] = mount_copy(at, READ_ONLY, err)) < 0)
                        return -1;
        }
        return 0;
}

static int fill(const struct site *site, const struct sandbox_step *step, const int *copies, const char *bin,
                struct err *err)
{
        _cleanup_fd_ int folder = open(bin, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (folder < 0)
                return err_errno(err, "open %s", bin);
        for (size_t i = 0; i < site->plan->files.len; i++) {
                const char *name = site->plan->files.items[i].inside + strlen(PROGRAMS);
                _cleanup_fd_ int at = -1;
                char path[FD_PATH_MAX];

                if (copies[i] < 0)
                        continue;
                at = mount_point_beneath(folder, name, false, err);
                if (at < 0 || mount_place(copies[i], fd_path(at, path), err) < 0)
                        return -1;
        }
        for (size_t i = 0; i < step->links.len; i++)
                if (symlinkat(step->links.items[i].host, folder, step->links.items[i].inside) < 0)
                        return err_errno(err, "link %s", step->links.items[i].inside);
        return 0;
}

int own_shows_links(const struct site *site, const struct sandbox_step *step, struct err *err)
{
        _cleanup_free_ char *bin = xasprintf("%s/cupel/bin", site->root);
        _cleanup_free_ int *copies = NULL;

        if (!step->links.len)
                return 0;
        copies = xcalloc(site->plan->files.len + 1, sizeof(*copies));
        if (copy_programs(site, copies, err) < 0 || mount_tmpfs(bin, LINKS_BYTES, LINKS_INODES, "0755", 0, err) < 0 ||
            fill(site, step, copies, bin, err) < 0)
                return err_wrap(err, "links");
        for (size_t i = 0; i < site->plan->files.len; i++)
                if (copies[i] >= 0)
                        close(copies[i]);
        return mount_attributes(bin, MOUNT_ATTR_RDONLY, 0, false, err);
}
