/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands between a step of tier D and the host: Landlock, which shows the system's folders and the step's own, and the
 * filter. Everything else is invisible to read and write; that something exists, and how large it is, can still be asked.
 */
#include "sandbox/weak.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs_list.h"
#include "sandbox/landlock.h"
#include "sandbox/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVERYTHING (LANDLOCK_READ | LANDLOCK_RUN | LANDLOCK_WRITE)

static const struct {
        const char *path;
        unsigned grants;
} shown[] = {
        {"/usr", LANDLOCK_READ | LANDLOCK_RUN},
        {"/bin", LANDLOCK_READ | LANDLOCK_RUN},
        {"/sbin", LANDLOCK_READ | LANDLOCK_RUN},
        {"/lib", LANDLOCK_READ | LANDLOCK_RUN},
        {"/lib32", LANDLOCK_READ | LANDLOCK_RUN},
        {"/lib64", LANDLOCK_READ | LANDLOCK_RUN},
        {"/libx32", LANDLOCK_READ | LANDLOCK_RUN},
        {"/opt", LANDLOCK_READ | LANDLOCK_RUN},
        {"/nix", LANDLOCK_READ | LANDLOCK_RUN},
        {"/gnu", LANDLOCK_READ | LANDLOCK_RUN},
        {"/dev/null", LANDLOCK_READ | LANDLOCK_FILE},
        {"/dev/zero", LANDLOCK_READ | LANDLOCK_FILE},
        {"/dev/full", LANDLOCK_READ | LANDLOCK_FILE},
        {"/dev/random", LANDLOCK_READ | LANDLOCK_FILE},
        {"/dev/urandom", LANDLOCK_READ | LANDLOCK_FILE},
        /* of /proc what says nothing of other processes; its own folder has no fixed name */
        {"/proc/cpuinfo", LANDLOCK_READ},
        {"/proc/meminfo", LANDLOCK_READ},
        {"/proc/stat", LANDLOCK_READ},
        {"/proc/version", LANDLOCK_READ},
        {"/proc/filesystems", LANDLOCK_READ},
        {"/proc/loadavg", LANDLOCK_READ},
        {"/proc/uptime", LANDLOCK_READ},
        {"/proc/sys/kernel", LANDLOCK_READ},
        {"/proc/sys/vm", LANDLOCK_READ},
};

static int show_system(struct landlock *lock, struct err *err)
{
        const char *const *names;

        for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
                if (landlock_allow(lock, shown[i].path, shown[i].grants, err) < 0)
                        return -1;
        for (names = etc_shown(); *names; names++) {
                _cleanup_free_ char *path = xasprintf("/etc/%s", *names);

                if (landlock_allow(lock, path, LANDLOCK_READ | LANDLOCK_RUN, err) < 0)
                        return -1;
        }
        return 0;
}

static bool hides(const struct sandbox_plan *plan, const char *inside, bool below)
{
        size_t len = strlen(inside);

        for (size_t i = 0; i < plan->hide.len; i++) {
                const char *file = plan->hide.items[i];

                if (strncmp(file, inside, len) == 0 && file[len] == (below ? '/' : '\0'))
                        return true;
        }
        return false;
}

static int show_but(struct landlock *lock, const struct sandbox_plan *plan, const char *host, const char *inside,
                    struct err *err);

/* Each entry by itself, and no link: a rule on one would be a rule on what it leads to. */
static int show_entries(struct landlock *lock, const struct sandbox_plan *plan, const char *host, const char *inside,
                        struct err *err)
{
        _cleanup_dir_ DIR *dir = fs_list(open(host, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const struct dirent *entry;

        if (!dir)
                return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : err_errno(err, "open %s", host);
        while ((entry = fs_list_next(dir))) {
                _cleanup_free_ char *path = xasprintf("%s/%s", host, entry->d_name);
                _cleanup_free_ char *seen = xasprintf("%s/%s", inside, entry->d_name);
                struct stat st;

                if (lstat(path, &st) == 0 && (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)) &&
                    show_but(lock, plan, path, seen, err) < 0)
                        return -1;
        }
        return errno ? err_errno(err, "list %s", host) : 0;
}

/* Nothing can be covered here: a folder with a hidden file is shown without it, entry by entry, and cannot be listed. */
static int show_but(struct landlock *lock, const struct sandbox_plan *plan, const char *host, const char *inside,
                    struct err *err)
{
        if (hides(plan, inside, false))
                return 0;
        if (hides(plan, inside, true))
                return show_entries(lock, plan, host, inside, err);
        return landlock_allow(lock, host, LANDLOCK_READ | LANDLOCK_RUN, err);
}

static int show_all(struct landlock *lock, const struct sandbox_plan *plan, const struct sandbox_shows *shows,
                    struct err *err)
{
        for (size_t i = 0; i < shows->len; i++)
                if (show_but(lock, plan, shows->items[i].host, shows->items[i].inside, err) < 0)
                        return -1;
        return 0;
}

static int show_plan(struct landlock *lock, const struct sandbox_plan *plan, struct err *err)
{
        if (show_all(lock, plan, &plan->read, err) < 0)
                return -1;
        for (size_t i = 0; i < plan->files.len; i++)
                if (landlock_allow(lock, plan->files.items[i].host, LANDLOCK_READ | LANDLOCK_RUN, err) < 0)
                        return -1;
        for (size_t i = 0; i < plan->objects.len; i++)
                if (landlock_allow(lock, plan->objects.items[i], LANDLOCK_READ, err) < 0)
                        return -1;
        return 0;
}

static int show_own(struct landlock *lock, const struct site *site, const struct sandbox_step *step, struct err *err)
{
        _cleanup_free_ char *tree = weak_tree(site, step);
        _cleanup_free_ char *tmp = xasprintf("%s/tmp", site->plan->scratch);
        _cleanup_free_ char *bin = xasprintf("%s/bin", site->plan->scratch);
        unsigned grants = step->worktree == SANDBOX_READONLY ? LANDLOCK_READ | LANDLOCK_RUN : EVERYTHING;

        if (landlock_allow(lock, bin, LANDLOCK_READ | LANDLOCK_RUN, err) < 0 ||
            landlock_allow(lock, tmp, EVERYTHING, err) < 0 || landlock_allow(lock, site->home, EVERYTHING, err) < 0)
                return -1;
        return landlock_allow(lock, tree, grants, err);
}

/* One byte, since a descriptor does not travel alone. */
static int send_filter(int keeper, int filter, struct err *err)
{
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
        char byte = 0;
        struct iovec part = {&byte, 1};
        struct msghdr header = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        struct cmsghdr *message = CMSG_FIRSTHDR(&header);

        message->cmsg_level = SOL_SOCKET;
        message->cmsg_type = SCM_RIGHTS;
        message->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(message), &filter, sizeof(int));
        return sendmsg(keeper, &header, MSG_NOSIGNAL) == 1 ? 0 : err_errno(err, "filter of the step");
}

int weak_restrict(const struct site *site, const struct sandbox_step *step, int keeper, struct err *err)
{
        _cleanup_landlock_ struct landlock lock = {.fd = -1};
        _cleanup_fd_ int filter = -1;

        if (landlock_begin(&lock, LANDLOCK_NO_ABSTRACT_SOCKETS | LANDLOCK_NO_SIGNALS | LANDLOCK_NO_TCP, err) < 0 ||
            show_system(&lock, err) < 0 || show_plan(&lock, site->plan, err) < 0 ||
            show_all(&lock, site->plan, &step->read, err) < 0 || show_own(&lock, site, step, err) < 0 ||
            landlock_enter(&lock, err) < 0)
                return -1;
        filter = seccomp_apply_listening(SECCOMP_WEAK_STEP, err);
        return filter < 0 ? -1 : send_filter(keeper, filter, err);
}
