/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cage and its helper for verifiers. Folders, all below runs/<id>/<name>/:
 *
 *         cage/     the only thing the cage can write: the helper's scratch
 *         lower/    a lower of ours, .git/objects/info/alternates: the repository's stores and the quarantine
 *
 * The overlay is lower : head : delta… : base. The cage goes when its socket closes; room_close() waits for it, since the
 * layers may be let go only when nothing is mounted on them any more.
 */
#include "director/room.h"

#include "director/director.h"
#include "director/furniture.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Modes are set, not left to the umask: of what is merged, the topmost lower decides how it looks inside. */
static int make_lower(int room_fd, const char *alternates, struct err *err)
{
        static const char *const folders[] = {"lower", "lower/.git", "lower/.git/objects", "lower/.git/objects/info"};
        _cleanup_fd_ int info_fd = -1;

        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
                if (mkdirat(room_fd, folders[i], 0755) < 0 || fchmodat(room_fd, folders[i], 0755, 0) < 0)
                        return err_errno(err, "make %s of the clean room", folders[i]);
        info_fd = fs_open_beneath(room_fd, folders[3], O_DIRECTORY | O_RDONLY | O_CLOEXEC, 0);
        if (info_fd < 0)
                return err_errno(err, "open %s of the clean room", folders[3]);
        return fs_write_at(info_fd, "alternates", alternates, strlen(alternates), 0644, err);
}

static int make_folders(const struct director *d, const char *name, const char *alternates, struct err *err)
{
        _cleanup_fd_ int room_fd = -1;

        if (fs_remove_tree_at(d->run_fd, name, err) < 0)
                return -1;
        room_fd = fs_mkdir_open_at(d->run_fd, name, 0700, err);
        if (room_fd < 0)
                return -1;
        if (mkdirat(room_fd, "cage", 0700) < 0)
                return err_errno(err, "make the clean room");
        return make_lower(room_fd, alternates, err);
}

int room_open(struct room *room, const struct director *d, const char *name, struct err *err)
{
        _cleanup_cage_plan_ struct cage_plan cage = CAGE_PLAN_INIT;
        _cleanup_free_ char *alternates = NULL;
        int pair[2];

        if (furniture_cage(d, name, &cage, &alternates, err) < 0 || make_folders(d, name, alternates, err) < 0 ||
            channel_pair(pair, err) < 0)
                return -1;
        if (cage_spawn(&cage, NULL, environ, pair[1], &room->pid, err) < 0) {
                close(pair[0]);
                close(pair[1]);
                room->pid = 0;
                return -1;
        }
        close(pair[1]);
        sandbox_client_init(&room->client, pair[0]);
        room->name = xstrdup(name);
        return 0;
}

int room_furnish(struct room *room, const struct director *d, const struct layer_stack *stack, struct err *err)
{
        _cleanup_sandbox_plan_ struct sandbox_plan plan = SANDBOX_PLAN_INIT;
        _cleanup_sandbox_event_ struct sandbox_event event = {.fd = -1};
        struct err unsent = ERR_INIT;

        if (furniture_plan(d, room->name, &stack->dirs, &plan, err) < 0)
                return -1;
        /* a cage that could not be made is gone before it is asked: what it said on the way out is the better error */
        (void)sandbox_prepare(&room->client, &plan, &unsent);
        if (sandbox_wait(&room->client, SANDBOX_EVENT_READY, &event, err) < 0)
                return err_wrap(err, "the clean room");
        room->tier = event.tier;
        room->upper = event.upper;
        room->landlock_abi = event.landlock_abi;
        memcpy(room->worktree, event.worktree, sizeof(room->worktree));
        room->furnished = true;
        return 0;
}

static int interrupted(void *arg)
{
        struct uplink *up = arg;

        uplink_pump(up);
        return uplink_interrupted(up);
}

int room_run(struct room *room, struct director *d, const struct sandbox_step *step, int log_fd,
             struct sandbox_result *ret, struct err *err)
{
        const struct sandbox_watch watch = {.fd = uplink_watch_fd(&d->up), .ready = interrupted, .arg = &d->up};

        return sandbox_step_run(&room->client, step, log_fd, &watch, ret, err);
}

void room_leave(struct room *room)
{
        if (!room->pid)
                return;
        sandbox_client_release(&room->client);
        sandbox_client_init(&room->client, -1);
}

void room_close(struct room *room)
{
        if (!room->pid)
                return;
        room_leave(room);
        kill(room->pid, SIGKILL); /* everything in the cage dies with it */
        while (waitpid(room->pid, NULL, 0) < 0 && errno == EINTR)
                continue;
        free(room->name);
        *room = ROOM_INIT;
}
