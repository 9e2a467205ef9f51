/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights are spelled here by number of their bit and the ABI that brought them, since the headers of a build machine are
 * often older than the kernel that runs.
 */
#include "sandbox/landlock.h"

#include "lib/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* struct landlock_ruleset_attr as of ABI 6 */
struct ruleset {
        uint64_t handled_access_fs;
        uint64_t handled_access_net;
        uint64_t scoped;
};

static const struct {
        uint64_t bit;
        int abi;
        unsigned grants;
        int of_files; /* may stand in a rule on a file */
} rights[] = {
        {1u << 0, 1, LANDLOCK_RUN, 1},                      /* EXECUTE */
        {1u << 1, 1, LANDLOCK_WRITE | LANDLOCK_FILE, 1},    /* WRITE_FILE */
        {1u << 2, 1, LANDLOCK_READ, 1},                     /* READ_FILE */
        {1u << 3, 1, LANDLOCK_READ, 0},                     /* READ_DIR */
        {1u << 4, 1, LANDLOCK_WRITE, 0},                    /* REMOVE_DIR */
        {1u << 5, 1, LANDLOCK_WRITE, 0},                    /* REMOVE_FILE */
        {1u << 6, 1, LANDLOCK_WRITE, 0},                    /* MAKE_CHAR: whiteouts by hand are harmless in an upper */
        {1u << 7, 1, LANDLOCK_WRITE, 0},                    /* MAKE_DIR */
        {1u << 8, 1, LANDLOCK_WRITE, 0},                    /* MAKE_REG */
        {1u << 9, 1, LANDLOCK_WRITE, 0},                    /* MAKE_SOCK */
        {1u << 10, 1, LANDLOCK_WRITE, 0},                   /* MAKE_FIFO */
        {1u << 11, 1, 0, 0},                                /* MAKE_BLOCK: nobody */
        {1u << 12, 1, LANDLOCK_WRITE, 0},                   /* MAKE_SYM */
        {1u << 13, 2, LANDLOCK_WRITE, 0},                   /* REFER */
        {1u << 14, 3, LANDLOCK_WRITE | LANDLOCK_FILE, 1},   /* TRUNCATE */
        {1u << 15, 5, LANDLOCK_WRITE | LANDLOCK_FILE, 1},   /* IOCTL_DEV */
        {1u << 16, 9, LANDLOCK_WRITE | LANDLOCK_SOCKET, 1}, /* RESOLVE_UNIX */
};

#define RIGHTS (sizeof(rights) / sizeof(*rights))
#define ABI_NET 4
#define ABI_LOG 7
#define NET_BIND_TCP 1u
#define NET_BIND_CONNECT_TCP 3u
#define SCOPES 3u
/* What is refused before the program starts, and in domains that it makes itself, is not the audit log's business: an agent
 * could fill it. */
#define LOG_SAME_EXEC_OFF 1u
#define LOG_SUBDOMAINS_OFF 4u

int landlock_abi(void)
{
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

        return abi < 0 ? 0 : (int)abi;
}

int landlock_begin(struct landlock *lock, uint64_t scopes, struct err *err)
{
        struct ruleset ruleset = {0};

        *lock = (struct landlock){.fd = -1, .abi = landlock_abi()};
        if (!lock->abi)
                return 0;
        for (size_t i = 0; i < RIGHTS; i++)
                if (rights[i].abi <= lock->abi)
                        lock->handled |= rights[i].bit;
        ruleset.handled_access_fs = lock->handled;
        if (lock->abi >= LANDLOCK_ABI_SCOPES)
                ruleset.scoped = scopes & SCOPES;
        if (lock->abi >= ABI_NET && (scopes & LANDLOCK_NO_TCP))
                ruleset.handled_access_net = NET_BIND_CONNECT_TCP;
        else if (lock->abi >= ABI_NET && (scopes & LANDLOCK_NO_BIND))
                ruleset.handled_access_net = NET_BIND_TCP;
        /* a kernel that knows less of the struct accepts zeroes after what it knows */
        lock->fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
        if (lock->fd < 0)
                return err_errno(err, "Landlock ruleset");
        return 0;
}

int landlock_allow_fd(struct landlock *lock, int fd, unsigned grants, struct err *err)
{
        struct landlock_path_beneath_attr rule = {.parent_fd = fd};
        struct stat status;

        if (!lock->abi)
                return 0;
        if (fstat(fd, &status) < 0)
                return err_errno(err, "Landlock rule");
        for (size_t i = 0; i < RIGHTS; i++)
                if ((rights[i].grants & grants) && (rights[i].of_files || S_ISDIR(status.st_mode)))
                        rule.allowed_access |= rights[i].bit & lock->handled;
        if (!rule.allowed_access)
                return 0;
        if (syscall(SYS_landlock_add_rule, lock->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
                return err_errno(err, "Landlock rule");
        return 0;
}

int landlock_allow(struct landlock *lock, const char *path, unsigned grants, struct err *err)
{
        _cleanup_fd_ int fd = open(path, O_PATH | O_CLOEXEC);

        if (fd < 0 && (errno == ENOENT || errno == EACCES))
                return 0;
        if (fd < 0)
                return err_errno(err, "Landlock rule on %s", path);
        return landlock_allow_fd(lock, fd, grants, err) < 0 ? err_wrap(err, "%s", path) : 0;
}

int landlock_enter(struct landlock *lock, struct err *err)
{
        unsigned flags = lock->abi >= ABI_LOG ? LOG_SAME_EXEC_OFF | LOG_SUBDOMAINS_OFF : 0;

        if (lock->abi && syscall(SYS_landlock_restrict_self, lock->fd, flags) < 0)
                return err_errno(err, "Landlock");
        return 0;
}

void landlock_release(struct landlock *lock)
{
        if (lock->fd >= 0)
                close(lock->fd);
        lock->fd = -1;
}
