/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_CLIENT_H
#define CUPEL_SANDBOX_CLIENT_H

/*
 * The other end of a helper's socket (`cupel-sandbox helper`, or the one that a cage started). One helper, one plan, one
 * step at a time; the helper answers while a step runs. Requests are sent at once; answers arrive as events.
 *
 *         sandbox_client_init(&client, fd);                       takes the descriptor
 *         sandbox_prepare(&client, &plan, err);                → READY  {tier, upper, landlock_abi, worktree}
 *         sandbox_step_start(&client, &step, log_fd, err);     → STARTED {fd: notes, listeners} … ENDED {…}
 *         sandbox_step_cancel(&client, err);                   → ENDED {killed}, if it was running
 *         sandbox_pause(&client, err);                         → PAUSED {fd: root of the upper, or -1: see message}
 *         sandbox_go_on(&client, err);                         → WENT_ON {message: why what was read counts for nothing}
 *         sandbox_freeze(&client, err);                        → FROZEN {fd: root of the upper}; WORK is over
 *         sandbox_client_release(&client);                     the helper sees EOF, kills its step and goes
 *
 * From an event loop: poll sandbox_client_fd() for reading and call sandbox_client_next() until it returns CHANNEL_AGAIN
 * (the descriptor must be O_NONBLOCK for that; sandbox_client_set_nonblocking()). Without one: sandbox_wait(),
 * sandbox_step_run().
 *
 * A layer that is missing or that fails comes as event FAILED with a message that names the layer and the remedy; the
 * blocking calls turn it into ERR_SANDBOX. Event descriptors belong to the receiver (sandbox_event_release() closes what
 * was not taken). The frozen root: read it with openat2 beneath; entries may have mode 000 (chmod them); the descriptor
 * must be used while the helper lives when the reader is Landlocked.
 */

#include "lib/base/channel.h"
#include "lib/base/err.h"
#include "sandbox/limit.h"
#include "sandbox/plan.h"

#include <stdint.h>

struct test_fetched;

struct sandbox_client {
        struct channel channel;
};

enum sandbox_event_type {
        SANDBOX_EVENT_READY,
        SANDBOX_EVENT_STARTED,
        SANDBOX_EVENT_ENDED,
        SANDBOX_EVENT_FROZEN,
        SANDBOX_EVENT_PAUSED,
        SANDBOX_EVENT_WENT_ON,
        SANDBOX_EVENT_FAILED,
};

/* Why a step ended: name in JSON and in receipts, and the limit (limit.h) of those that are a budget's, COUNT for the others. */
#define SANDBOX_REASONS(X)                                                                                             \
        X(EXIT, "exit", COUNT) /* by itself: see exit_code, signal */                                                  \
        X(WALL, "wall", WALL)                                                                                          \
        X(CPU, "cpu", CPU)                                                                                             \
        X(MEMORY, "memory", MEMORY)                                                                                    \
        X(PROCESSES, "processes", PROCESSES)                                                                           \
        X(DISK, "disk", DISK) /* INODES where those ran out */                                                         \
        X(OUTPUT, "output", OUTPUT)                                                                                    \
        X(FILE, "file size", FILE)                                                                                     \
        X(KILLED, "killed", COUNT) /* sandbox_step_cancel() */                                                         \
        X(SETUP, "setup", COUNT)   /* could not start: not found, cwd missing, carried folder replaced; see message */

enum sandbox_reason {
#define X(name, text, limit) SANDBOX_REASON_##name,
        SANDBOX_REASONS(X)
#undef X
                SANDBOX_REASON_COUNT
};

const char *sandbox_reason_name(enum sandbox_reason reason);
bool sandbox_reason_is_budget(enum sandbox_reason reason);

struct sandbox_result {
        enum sandbox_reason reason;
        int exit_code; /* 0–255 when it exited, else -1 */
        int signal;    /* that killed it, else 0 */
        uint64_t wall_ms;
        uint64_t cpu_ms;
        uint64_t output_bytes;               /* printed */
        uint64_t left_out;                   /* of them not in the log */
        uint64_t redacted;                   /* values that are hidden in it */
        uint64_t peak_memory;                /* as in `uses` */
        uint64_t disk_bytes;                 /* used in the upper at the end */
        char message[256];                   /* SETUP, PAUSED without a descriptor, WENT_ON: what was wrong */
        bool out_of_inodes;                  /* reason DISK: of files, not of bytes */
        uint64_t home_changed, home_removed; /* bit i: the step's home file i has another text or kind, is gone */
        struct sandbox_use uses[SANDBOX_LIMIT_COUNT];
};

/* The limit that a budget's reason is about; COUNT for the others. */
enum sandbox_limit sandbox_result_limit(const struct sandbox_result *result);

/* {"step", "ended", "output_left_out", "redacted", "limits": […]}: the data of a receipt.limits; owned by the caller. */
struct json_t *sandbox_result_receipt(const char *step, const struct sandbox_result *result);

struct sandbox_event {
        enum sandbox_event_type type;
        int fd;                              /* STARTED: notes listener or -1; FROZEN, PAUSED: root of the upper */
        bool brings_fd;                      /* of the message: that of `fd` is among its descriptors */
        int listeners[SANDBOX_PORTS_MAX];    /* STARTED: one per port of the step's `listen`, in its order */
        size_t listeners_len;                /* 0 where the step failed before it could listen: ENDED follows */
        struct sandbox_result result;        /* ENDED */
        int report_fds[SANDBOX_REPORTS_MAX]; /* ENDED: of the step's `reports`, where bit i of `reports` is set */
        uint32_t reports, odd_reports;       /* what lies there is no regular file: a bit of `odd_reports` */
        enum sandbox_tier tier;              /* READY */
        enum sandbox_upper upper;            /* READY: TMPFS or DISK */
        uint32_t landlock_abi;               /* READY */
        char worktree[16];                   /* READY: "overlay", "reflink" or "copy" */
        struct err error;                    /* FAILED */
};

void sandbox_client_init(struct sandbox_client *client, int fd);
void sandbox_client_release(struct sandbox_client *client);
int sandbox_client_fd(const struct sandbox_client *client);
int sandbox_client_set_nonblocking(struct sandbox_client *client, struct err *err);

int sandbox_prepare(struct sandbox_client *client, const struct sandbox_plan *plan, struct err *err);
int sandbox_step_start(struct sandbox_client *client, const struct sandbox_step *step, int log_fd, struct err *err);
/* A step with `tty` and `attached`: somebody sits at its terminal, behind this socket (sandbox/attachment.h). */
int sandbox_step_start_attached(struct sandbox_client *client, const struct sandbox_step *step, int log_fd,
                                int viewer_fd, struct err *err);
int sandbox_step_cancel(struct sandbox_client *client, struct err *err);
int sandbox_freeze(struct sandbox_client *client, struct err *err);

/*
 * The running WORK step stands still from PAUSED until sandbox_go_on(), unless a budget ends it: its ENDED then comes as always,
 * and nobody can write to the upper any more either. Where no step runs, or it cannot be stopped, PAUSED has no descriptor
 * and the step, if there is one, runs. The upper belongs to a mounted overlay: read it, change nothing in it. WENT_ON says
 * whether everybody stood still until then: with a message, what was read is not what the step had at any one time.
 */
int sandbox_pause(struct sandbox_client *client, struct err *err);
int sandbox_go_on(struct sandbox_client *client, struct err *err);

/* 1: an event; 0: the helper is gone; CHANNEL_AGAIN: nothing yet (non-blocking); -1: error (a malformed message). */
int sandbox_client_next(struct sandbox_client *client, struct sandbox_event *ret, struct err *err);
void sandbox_event_release(struct sandbox_event *event);

/* Blocks until the event of that type; FAILED and a closed socket are ERR_SANDBOX, another type is ERR_INTERNAL. */
int sandbox_wait(struct sandbox_client *client, enum sandbox_event_type type, struct sandbox_event *ret,
                 struct err *err);

/*
 * Starts a step and waits for its end. Where `watch.fd` >= 0 it is polled for reading beside the helper, and
 * `watch.ready(watch.arg)` is called when it is readable: a return other than 0 cancels the step (reason KILLED). A
 * watched descriptor that stays readable is called again and again: read it.
 */
struct sandbox_watch {
        int fd; /* -1: none */
        int (*ready)(void *arg);
        void *arg;
};

int sandbox_step_run(struct sandbox_client *client, const struct sandbox_step *step, int log_fd,
                     const struct sandbox_watch *watch, struct sandbox_result *ret, struct err *err);

/* Of a step that ended: its reports, and `log_fd` with what it printed, as test_report_take() wants them. All borrowed. */
struct test_fetched sandbox_fetched(const struct sandbox_event *ended, int log_fd);

#define _cleanup_sandbox_event_ __attribute__((cleanup(sandbox_event_release)))

#endif
