/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_RUNNER_H
#define CUPEL_RUNNER_RUNNER_H

/*
 * The runner: from launch to candidate, in the cage. It runs the agent's command in the sandbox, takes its notes, reads the
 * worktree back, judges it by the gates, runs the verifiers of its own gate on the frozen worktree, and says what came
 * out. It decides nothing that lasts: the director verifies everything again and trusts none of it.
 *
 *         cupel-runner --run-folder DIR --repository GITDIR --base COMMIT
 *
 * Descriptor 3 is the channel to the supervisor, descriptor 4 the one to the sandbox helper, descriptor 5, where the plan has
 * network, the one to cupel-egress (sandbox/cage.h). From the supervisor: start, stop, checkpoint,
 * kept. To it: record, phase, step, dropped, checkpoint and, last, one result:
 *
 *         {"event":"result","outcome":"verify"|OUTCOME,"reasons":[…],"tier":"A","usage":{…},
 *          "meant":OUTCOME,"meaning":"…"}         what the agent's end means by its profile, where it means something
 *
 * How it fails: whatever goes wrong ends in a result with an outcome of its own; a supervisor that is gone ends the process,
 * and with it everything in the cage. SIGTERM is a stop. SIGINT and SIGHUP of a terminal are the supervisor's business.
 */

#include "runner/candidate.h"
#include "runner/checkpoint.h"
#include "runner/differential.h"
#include "runner/egress_link.h"
#include "runner/notes.h"
#include "runner/state.h"
#include "runner/uplink.h"
#include "runner/verdict.h"

#include "lib/base/channel.h"
#include "lib/base/outcome.h"
#include "policy/plan.h"
#include "sandbox/client.h"

struct loop;
struct json_t;

struct runner_options {
        const char *run_folder, *repository, *base;
        int supervisor_fd, helper_fd; /* taken */
        char *const *envp;
};

struct runner {
        struct runner_options options;
        enum runner_state state;
        struct channel supervisor;
        struct uplink up;
        struct sandbox_client helper;
        struct egress_link egress;
        struct loop *loop; /* borrowed while the loop runs */

        struct plan plan;
        char plan_id[HASH_HEX];
        char *program;     /* cupel, or NULL */
        char *node_module; /* COMPOSE_NODE_MODULE where the proxy listens, or NULL */
        struct strv lowers, objects;
        uint32_t columns, rows; /* of the terminal at which the user sits, from `start`; 0: nobody sits there */
        int viewer_fd;          /* its socket, for the helper; -1: none, or handed over */
        int logs_fd;
        int log_fd;        /* of the step that runs */
        uint64_t scrubbed; /* secrets that were hidden in it by their format: for its receipt.limits */
        struct notes notes;
        uint64_t work_began_ms, work_wall_ms; /* of the agent's step: on clock_ms(), and its limit */

        struct candidate candidate;
        bool prepared;                                      /* candidate_prepare() is through */
        int upper_fd;                                       /* root of the frozen upper */
        int (*job)(struct runner *runner, struct err *err); /* running on the thread, or NULL */
        struct err job_err;

        struct checkpoint checkpoint;
        char *resumed; /* RUN@STEP whose checkpoint the worktree begins with; NULL: the base */

        char carried[HASH_HEX], carried_after[HASH_HEX]; /* digests of the carried folders; "": none are */
        size_t verifier;                                 /* the one that runs: index into plan.verifiers */
        struct verdict verdict;
        uint64_t verifier_ms;
        struct differential_state differential;
        struct json_t *results;                 /* of the verifiers, for the records */
        bool verify_failed, verify_over_budget; /* a verifier blocks; because a budget was used up */
        bool said_results;                      /* receipt.verifier.results */

        bool ready; /* the sandbox stands: what follows is known */
        struct sandbox_event sandbox;
        bool failed; /* `outcome` is decided; the candidate is read for its patch only */
        enum outcome outcome;
        struct strv reasons;
        enum outcome meant; /* runner/means.h; only with `meaning` */
        char *meaning;      /* NULL: nothing */
        bool done;
};

/* The whole life of the process; returns its exit status. */
int runner_main(int argc, char **argv, char *const *envp);

void runner_init(struct runner *runner, const struct runner_options *options);
void runner_release(struct runner *runner);

/*
 * What the event loop calls: something is readable, the thread is done, a stop was asked for. Each records what happened,
 * ticks the machine, and turns every failure into a result; `runner->done` says that the result is in the queue.
 */
void runner_begin(struct runner *runner);
void runner_on_supervisor(struct runner *runner);
void runner_on_helper(struct runner *runner);
void runner_on_job(struct runner *runner);
void runner_on_alarm(struct runner *runner);
void runner_on_stop(struct runner *runner);

#endif
