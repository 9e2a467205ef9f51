/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reflogs of the branch and of HEAD, where git would write them (core.logAllRefUpdates). The line is appended before the
 * ref moves, under the ref's lock, in one write; it is taken back only while it is the last one, and it names the
 * commit, so it cannot be anybody else's. Not synced: a power cut may lose the line, never the ref.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/landing_internal.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MAX ((size_t)256 << 20)

static char *log_path(const char *root, const char *name)
{
        return xasprintf("%s/logs/%s", root, name);
}

static bool is_wanted(struct repo *repo, const char *path)
{
        _cleanup_free_ char *value = repo_config_str(repo, "core.logallrefupdates");

        if (access(path, F_OK) == 0)
                return true;
        if (value && strcasecmp(value, "always") == 0)
                return true;
        return repo_config_bool(repo, "core.logallrefupdates", !repo_is_bare(repo));
}

void reflog_decide(struct repo *repo, struct landing_plan *plan, bool head_follows)
{
        _cleanup_free_ char *of_ref = log_path(repo->commondir, plan->ref), *of_head = log_path(repo->gitdir, "HEAD");

        plan->log_ref = is_wanted(repo, of_ref);
        plan->log_head = head_follows && is_wanted(repo, of_head);
}

/* Does the log end with our line? The log stays open in *ret_fd. */
static bool ends_with_line(const char *path, const char *line, int flags, int *ret_fd, off_t *ret_size)
{
        size_t len = strlen(line);
        _cleanup_free_ char *tail = xcalloc(1, len + 1);
        _cleanup_fd_ int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0666);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return false;
        *ret_fd = steal_fd(&fd);
        *ret_size = st.st_size;
        return st.st_size >= (off_t)len && pread(*ret_fd, tail, len, st.st_size - (off_t)len) == (ssize_t)len &&
               memcmp(tail, line, len) == 0;
}

static int append(const char *path, const char *line, struct err *err)
{
        _cleanup_free_ char *folder = xstrdup(path);
        _cleanup_fd_ int fd = -1;
        off_t size = 0;

        *strrchr(folder, '/') = '\0';
        if (fs_mkdir_p(folder, 0777, err) < 0)
                return -1;
        if (ends_with_line(path, line, O_RDWR | O_CREAT | O_APPEND, &fd, &size))
                return 0;
        if (fd < 0 || fs_write_all(fd, line, strlen(line)) < 0)
                return err_errno(err, "cannot write %s", path);
        return 0;
}

int reflog_append(struct repo *repo, const struct landing_plan *plan, struct err *err)
{
        _cleanup_free_ char *of_ref = log_path(repo->commondir, plan->ref), *of_head = log_path(repo->gitdir, "HEAD");

        if (plan->log_ref && append(of_ref, plan->log_line, err) < 0)
                return -1;
        landing_step("branch logged");
        if (plan->log_head && append(of_head, plan->log_line, err) < 0)
                return -1;
        landing_step("HEAD logged");
        return 0;
}

/* A write that was cut short leaves the beginning of our line at the end: it goes too. -1: that cannot be told. */
static off_t our_tail(int fd, off_t size, const char *line)
{
        size_t len = strlen(line);
        _cleanup_free_ char *tail = xcalloc(1, len + 1);
        size_t have = size < (off_t)len ? (size_t)size : len;

        if (pread(fd, tail, have, size - (off_t)have) != (ssize_t)have)
                return -1;
        for (size_t cut = have; cut > GIT_OID_HEXSZ; cut--) {
                bool at_line_start = (off_t)cut == size || (cut < have ? tail[have - cut - 1] == '\n' : cut == len);

                if (at_line_start && memcmp(tail + have - cut, line, cut) == 0)
                        return (off_t)cut;
        }
        return 0;
}

static int cut_line(const char *path, const char *line)
{
        _cleanup_fd_ int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        struct stat st;
        off_t cut;

        if (fd < 0 || fstat(fd, &st) < 0 || (cut = our_tail(fd, st.st_size, line)) < 0)
                return -1;
        return cut ? ftruncate(fd, st.st_size - cut) : 0;
}

/* A line that stays for all that names a commit that never was: harmless, and nothing better can be done here. */
static void undo(const char *path, const char *line)
{
        for (int tries = 0; cut_line(path, line) < 0 && fs_again(&tries);)
                ;
}

void reflog_undo(struct repo *repo, const struct landing_plan *plan)
{
        _cleanup_free_ char *of_ref = log_path(repo->commondir, plan->ref), *of_head = log_path(repo->gitdir, "HEAD");

        if (plan->log_ref)
                undo(of_ref, plan->log_line);
        landing_step("branch log cut");
        if (plan->log_head)
                undo(of_head, plan->log_line);
        landing_step("HEAD log cut");
}

bool reflog_left(struct repo *repo, const struct landing_plan *plan)
{
        _cleanup_free_ char *path = log_path(repo->commondir, plan->ref), *old = xasprintf("\n%s ", plan->commit);
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        _cleanup_str_ struct str bytes = {0};
        struct err ignored = ERR_INIT;
        const size_t len = strlen(old);

        if (fd < 0 || fs_read_fd(fd, LOG_MAX, &bytes, &ignored) < 0)
                return false;
        return strncmp(str_text(&bytes), old + 1, len - 1) == 0 || memmem(str_text(&bytes), bytes.len, old, len);
}
