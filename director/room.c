/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cage and its helper for verifiers. runs/<id>/<name>/ is the only folder that the cage can write: the helper's
 * scratch. The overlay is head : delta… : base, nothing else: each folder and file of a room is made and removed once per
 * run. The cage goes when its socket closes; whoever lets the layers go waits for it first, since nothing may be mounted
 * on them any more.
 */
#include "director/room.h"

#include "director/director.h"
#include "director/furniture.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/cage.h"
#include "sandbox/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_MS 2000

/* Rooms beside the first lie in a folder of their own, so that whoever cleans up needs one name. */
static int make_folder(const struct director *d, const char *name, struct err *err)
{
        if (strchr(name, '/') && mkdirat(d->run_fd, ROOMS_FOLDER, 0700) < 0 && errno != EEXIST)
                return err_errno(err, "make the clean rooms");
        if (mkdirat(d->run_fd, name, 0700) == 0)
                return 0;
        if (errno != EEXIST || fs_remove_tree_at(d->run_fd, name, err) < 0 || mkdirat(d->run_fd, name, 0700) < 0)
                return err_errno(err, "make the clean room");
        return 0;
}

int room_open(struct room *room, const struct director *d, const char *name, struct err *err)
{
        _cleanup_cage_plan_ struct cage_plan cage = CAGE_PLAN_INIT;
        _cleanup_fd_ int nowhere =
                open("/dev/null", O_WRONLY | O_CLOEXEC); /* why there is no cage comes by the socket */
        int pair[2];

        if (furniture_cage(d, name, &cage, err) < 0 || make_folder(d, name, err) < 0 || channel_pair(pair, err) < 0)
                return -1;
        if (cage_spawn(
                    &(struct cage_start){.plan = &cage, .envp = environ, .control_fd = pair[1], .output_fd = nowhere},
                    &room->pid, err) < 0) {
                close(pair[0]);
                close(pair[1]);
                room->pid = 0;
                return -1;
        }
        close(pair[1]);
        sandbox_client_init(&room->client, pair[0]);
        free(room->name);
        room->name = xstrdup(name);
        return 0;
}

int room_furnish_begin(struct room *room, const struct director *d, const struct layer_stack *stack, struct err *err)
{
        _cleanup_sandbox_plan_ struct sandbox_plan plan = SANDBOX_PLAN_INIT;
        struct err unsent = ERR_INIT;

        if (furniture_plan(d, room->name, &stack->dirs, &plan, err) < 0)
                return -1;
        /* a cage that could not be made is gone before it is asked: what it said on the way out is the better error */
        if (sandbox_prepare(&room->client, &plan, &unsent) < 0 && unsent.code != ERR_SANDBOX) {
                *err = unsent; /* it is there, was not asked, and would never answer */
                return -1;
        }
        return 0;
}

int room_furnish_end(struct room *room, struct err *err)
{
        _cleanup_sandbox_event_ struct sandbox_event event = {.fd = -1};

        if (sandbox_wait(&room->client, SANDBOX_EVENT_READY, &event, err) < 0)
                return err_wrap(err, "the clean room");
        room->tier = event.tier;
        room->upper = event.upper;
        room->landlock_abi = event.landlock_abi;
        memcpy(room->worktree, event.worktree, sizeof(room->worktree));
        room->furnished = true;
        return sandbox_client_set_nonblocking(&room->client, err);
}

pid_t room_leave(struct room *room)
{
        pid_t pid = room->pid;

        if (pid) {
                sandbox_client_release(&room->client);
                sandbox_client_init(&room->client, -1);
        }
        /* no kernel kills what is in the cage of tier D: its helper does, when its socket is closed, and is waited for */
        if (pid && room->furnished && room->tier == SANDBOX_TIER_D) {
                while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                        continue;
                pid = 0;
        }
        room->pid = 0;
        return pid;
}

/* It goes by itself when its socket is closed, and then takes its control groups along. */
static void let_go(pid_t pid)
{
        _cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);

        if (fd >= 0)
                poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, GRACE_MS);
}

void room_reap(pid_t pid)
{
        int status = 0;

        if (pid <= 0)
                return;
        let_go(pid);
        kill(pid, SIGKILL); /* everything in the cage dies with it */
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                continue;
        if (WIFSIGNALED(status))
                cgroups_sweep(false);
}

void room_close(struct room *room)
{
        room_reap(room_leave(room));
        free(room->name);
        *room = ROOM_INIT;
}
