/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/owner.h"

#include "lib/base/cleanup.h"
#include "lib/base/process.h"
#include "lib/base/str.h"

#include <fcntl.h>
#include <unistd.h>

#define OWNERS_FILE "owners.lock"
#define PID_BITS 22 /* PID_MAX_LIMIT, proc_sys_kernel(5) */

static int owners = -1; /* the process's own, like its pid; closed by its end alone */
static bool is_owner;

/* Of this open file alone (fcntl_locking(2)): the locks of a process would end with any descriptor of the file that it closes. */
static struct flock byte_of(struct store_owner owner, short type)
{
        const uint64_t pid = (uint64_t)owner.pid & ((1u << PID_BITS) - 1);

        return (struct flock){.l_type = type,
                              .l_whence = SEEK_SET,
                              .l_start = (off_t)((owner.start << PID_BITS | pid) & INT64_MAX),
                              .l_len = 1};
}

int owner_begin(const char *state_root, bool owns, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/" OWNERS_FILE, state_root);
        struct flock mine;

        if (owners < 0)
                owners = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (owns ? O_CREAT : 0), 0600);
        if (!owns || is_owner)
                return 0;
        if (owners < 0)
                return err_errno(err, "open %s", path);
        mine = byte_of(owner_self(), F_RDLCK);
        if (fcntl(owners, F_OFD_SETLK, &mine) < 0)
                return err_errno(err, "lock %s", path);
        is_owner = true;
        return 0;
}

struct store_owner owner_self(void)
{
        return (struct store_owner){.pid = getpid(), .start = process_start(getpid())};
}

struct store_owner owner_of(const struct store_run *run)
{
        return (struct store_owner){.pid = run->owner_pid, .start = run->owner_start};
}

bool owner_is_near(struct store_owner owner)
{
        return process_lives(owner.pid, owner.start);
}

bool owner_lives(struct store_owner owner)
{
        struct flock theirs = byte_of(owner, F_WRLCK);

        if (owner_is_near(owner))
                return true;
        return owner.pid > 0 && owners >= 0 && fcntl(owners, F_OFD_GETLK, &theirs) == 0 && theirs.l_type != F_UNLCK;
}
