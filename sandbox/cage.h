/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_CAGE_H
#define CUPEL_SANDBOX_CAGE_H

/*
 * The cage: what the processes that touch the agent's work can reach of the host. It is made by
 *
 *         cupel-sandbox cage [ahead | PROGRAM]
 *
 * with descriptor 3 = a socket, on which one message arrives (lib/base/channel.h):
 *
 *         {"plan": cage_plan_to_json(), "argv": [PROGRAM, ARGUMENT, …] or [], "environment": ["NAME=value", …]}
 *
 * and with it the descriptors CONTROL, a socket; PEER, where the plan has `peer`; OUTPUT, where standard output and error are not
 * to be the caller's. Where the stream ends instead, nobody wants the cage and it goes. (PROGRAM as an argument is for who looks at
 * the processes; the message counts.) It makes user, mount, pid, net, ipc and uts namespaces, with `ahead` before the message comes,
 * in which
 *
 *     - every mount of the host is read-only, /proc is fresh (or the host's where the kernel refuses a fresh one);
 *     - `state_root`, `home` and /run are empty, and so are store, keys and other runs;
 *     - of them only `read`, `show` and `run_dir` are there, read-only, and `write`, the only folders that can be written;
 *     - there is no network.
 *
 * With PROGRAM: a helper is started in the cage, without Landlock (which forbids mount), then PROGRAM is executed with
 * Landlock (reads: the system's folders, `read`, `run_dir`, its own file; writes: `write`), seccomp (no sockets to connect, no
 * ptrace, no namespaces) and without capabilities. It finds descriptor 3 = CONTROL, and descriptor 4 =
 * the helper's socket (sandbox_client_init()); its arguments, environment and 1–2 are as given, its working directory is "/".
 * PROGRAM is an absolute path. The cage process stays as its parent, and ends as PROGRAM ends (exit status, or 128 +
 * signal).
 *
 * Without PROGRAM: CONTROL is the helper's socket itself (the director's form).
 *
 * With `network` in the plan it is another cage, that of cupel-egress: the host's net namespace stays, and in its place
 * everything else goes. There is no helper, no /proc, no /dev; of the host only libraries and the files of name resolution
 * and TLS are there, read-only; Landlock and seccomp are put on before PROGRAM, which puts its own, stricter filter on when
 * it has been loaded (SECCOMP_EGRESS). Nothing of repository, run, state or home is named to it at all.
 *
 * PEER is a socket for PROGRAM to another caged program of the run: the runner finds it as descriptor 5 (CAGED_PEER_FD), the
 * program of a cage with network, which has no helper, as descriptor 4 (CAGED_NETWORK_PEER_FD).
 *
 * Everything in the cage dies with the process that started it, and with PROGRAM. A layer that cannot be had: exit
 * status 31 and the reason on standard error (and, without PROGRAM, as event FAILED on the socket).
 */

#include "lib/base/err.h"
#include "lib/base/spawn.h"
#include "lib/base/str.h"
#include "sandbox/plan.h"

#include <stdbool.h>
#include <sys/types.h>

struct json_t;

#define CAGE_ORDER_FD 3
#define CAGED_CONTROL_FD 3 /* as PROGRAM sees them */
#define CAGED_HELPER_FD 4
#define CAGED_PEER_FD 5
#define CAGED_NETWORK_PEER_FD 4 /* in a cage with network there is no helper */

struct cage_plan {
        char *state_root;  /* $CUPEL_STATE: hidden */
        char *home;        /* the caller's home: hidden; NULL: not hidden */
        char *run_dir;     /* the run's folder: shown, read-only */
        struct strv write; /* folders in run_dir, and nothing else: writable */
        struct strv
                read; /* for PROGRAM and steps: git folder, common folder, workdir, alternates, layers (or their cache root) */
        struct strv show;          /* for steps alone: policy's read shows, carried folders, the cupel program */
        enum sandbox_tier minimum; /* D: without user namespaces there is no cage but Landlock and seccomp (weak.h) */
        bool network;              /* the other kind of cage: none of the members above is set */
        bool peer;                 /* there is a socket to another caged program */
};

#define CAGE_PLAN_INIT ((struct cage_plan){0})

void cage_plan_release(struct cage_plan *plan);
struct json_t *cage_plan_to_json(const struct cage_plan *plan); /* owned by the caller */
int cage_plan_from_json(struct json_t *json, struct cage_plan *ret, struct err *err);

/*
 * What a cage is started with; the descriptors stay the caller's. Whoever starts one from a terminal gives it another output:
 * a caged program that was taken over would write to the terminal what it likes.
 */
struct cage_start {
        const struct cage_plan *plan;
        char *const *argv; /* NULL or empty: helper only */
        char *const *envp;
        int control_fd;
        int peer_fd;               /* where the plan has `peer` */
        int output_fd;             /* > 0: standard output and error of all that is in the cage; else the caller's */
        struct spawn_ahead *ahead; /* taken where it fits; NULL: there is none */
};

/*
 * A cage that was begun before it is known what it is for, so that its process starts beside other work. It fits every plan but
 * one with network, or one that does with tier D: one that does not fit, or is gone, is ended, and cage_spawn() starts another.
 *
 *         struct spawn_ahead ahead = SPAWN_AHEAD_NONE;
 *         cage_begin(&ahead, err);
 *         cage_spawn(&(struct cage_start){…, .ahead = &ahead}, &pid, err);
 *         spawn_abandon(&ahead);                  ends the one that was never asked, and reaps it
 */
int cage_begin(struct spawn_ahead *ret, struct err *err);

/* Starts `cupel-sandbox cage` (found by sibling_path()). The child is not reaped here. */
int cage_spawn(const struct cage_start *start, pid_t *ret_pid, struct err *err);

/* What a cage is told, on its side. cage_receive() takes `fd`; 1, or 0 where nobody wants the cage. */
struct cage_order {
        struct cage_plan plan;
        struct strv argv, environment;
        int control, peer, output;
};

#define CAGE_ORDER_INIT ((struct cage_order){.control = -1, .peer = -1, .output = -1})

int cage_receive(int fd, struct cage_order *ret, struct err *err);
void cage_order_release(struct cage_order *order);

/* The body of `cupel-sandbox cage`; returns the exit status. */
int cage_main(int argc, char **argv);

#define _cleanup_cage_plan_ __attribute__((cleanup(cage_plan_release)))

#endif
