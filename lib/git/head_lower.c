/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lower on top of a run's stack: what of the throw-away .git belongs to one commit and one moment. HEAD names the
 * branch "work" at the base commit; the repository's own exclude file and shallow boundary are copied as they are now.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define COPY_BYTES (16u << 20)

static int make_folders(int run_dirfd, struct err *err)
{
        static const char *const folders[] = {"head", "head/.git", "head/.git/refs", "head/.git/refs/heads",
                                              "head/.git/info"};

        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
                if (mkdirat(run_dirfd, folders[i], 0755) < 0 && errno != EEXIST)
                        return err_errno(err, "cannot make %s", folders[i]);
                if (fchmodat(run_dirfd, folders[i], 0755, 0) < 0)
                        return err_errno(err, "cannot open %s to its run", folders[i]);
        }
        return 0;
}

static int put(int run_dirfd, const char *name, const char *bytes, size_t len, struct err *err)
{
        _cleanup_fd_ int fd = openat(run_dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

        if (fd < 0 || fs_write_all(fd, bytes, len) < 0 || fchmod(fd, 0644) < 0)
                return err_errno(err, "cannot write %s", name);
        return 0;
}

static int copy_from(struct repo *repo, const char *source, int run_dirfd, const char *name, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", repo_commondir(repo), source);
        _cleanup_str_ struct str bytes = {0};

        if (access(path, F_OK) < 0)
                return 0;
        if (fs_read_at(AT_FDCWD, path, COPY_BYTES, &bytes, err) < 0)
                return -1;
        return put(run_dirfd, name, str_text(&bytes), bytes.len, err);
}

int head_lower_write(int run_dirfd, struct repo *repo, const char *commit, struct err *err)
{
        static const char head[] = "ref: refs/heads/work\n";
        char line[GIT_HEX + 1];

        if (strlen(commit) != GIT_HEX - 1)
                return err_set(err, ERR_INPUT, "\"%.60s\" is not a commit id", commit);
        snprintf(line, sizeof(line), "%s\n", commit);
        if (make_folders(run_dirfd, err) < 0 || put(run_dirfd, "head/.git/HEAD", head, strlen(head), err) < 0 ||
            put(run_dirfd, "head/.git/refs/heads/work", line, strlen(line), err) < 0)
                return -1;
        if (copy_from(repo, "info/exclude", run_dirfd, "head/.git/info/exclude", err) < 0)
                return -1;
        return copy_from(repo, "shallow", run_dirfd, "head/.git/shallow", err);
}
