/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_LAUNCH_INTERNAL_H
#define CUPEL_CLI_LAUNCH_INTERNAL_H

/* The parts of reading a launch and creating its run that live in files of their own. */

#include "cli/launch.h"

/* launch.c, for a launch that takes them from a checkpoint instead (launch_resume.c). */
int launch_read_item(struct launch *launch, const struct launch_request *request, struct err *err);
int launch_compile(struct launch *launch, struct context *context, const struct launch_request *request,
                   struct err *err);
int launch_snapshot_files(struct launch *launch, const struct context *context, const struct launch_request *request,
                          struct err *err);

/* Copies the bytes. */
void launch_add_file(struct launch *launch, const char *name, const char *origin, const void *bytes, size_t len);

/* launch_gather.c: --bundle's files as bundle/… */
int launch_add_bundle(struct launch *launch, const struct context *context, const char *folder, struct err *err);
/* The same file: what the bundle's files declare as state, into the plan. */
int launch_see_state(struct launch *launch, struct err *err);
/* launch_history.c: what earlier runs on this item noted, as history.jsonl and, for the prompt, as launch->history. */
int launch_add_history(struct launch *launch, struct context *context, struct err *err);

/* launch_situation.c: earlier runs of the same item, and the admission, for the choice of the mood. */
int launch_see_situation(const struct launch *launch, struct context *context, struct plan_options *options,
                         struct err *err);

/*
 * launch_shows.c: what is never shown (the repository, its git folder and objects, cupel's state, layers, configuration) and
 * the user's secret folders, found by identity. launch_guards_check(): 0, or 1 (never) or 2 (a secret) with what `path`
 * would open; a secret that is `named` may be shown. launch_guards_contains(): the same for a folder in the checkout itself.
 */
struct guards;
int launch_guards(struct guards **ret, const struct context *context, struct err *err);
void launch_guards_free(struct guards **guards);
int launch_guards_check(const struct guards *guards, const char *path, bool secrets_named, const char **ret_what,
                        struct err *err);
/* Guards of the keys and the secret folders alone, for what a user takes along by name. */
int launch_guards_secrets(struct guards **ret, const struct context *context, struct err *err);
/* 1: another file system is mounted in the folder, at `ret_point` (borrowed); 0: none. */
int launch_guards_mounted(const struct guards *guards, const char *path, const char **ret_point, struct err *err);
int launch_guards_contains(const struct guards *guards, const char *path, const char **ret_what, struct err *err);

/* Patterns of sandbox.read and sandbox.write become what they match; each of these and of sandbox.carry is checked. */
#define LAUNCH_SHOWS_MAX 256
int launch_resolve_shows(struct launch *launch, const struct context *context, struct err *err);

/* launch_furnish.c: what the programs of an agent profile need inside, into the plan; fills launch->missing. */
struct agent_programs;
char *launch_home_inside(const struct context *context, const char *worktree); /* where the agent has its home; owned */
int launch_furnish(struct launch *launch, const struct context *context, struct err *err);
int launch_furnish_with(struct launch *launch, const struct context *context, struct agent_programs *ret,
                        struct err *err);

/* launch_receipt.c: a receipt.read of each file of the snapshot. */
struct launch_reads {
        struct store_event *items;
        size_t len;
};
void launch_reads(const struct launch *launch, struct launch_reads *ret);
void launch_reads_release(struct launch_reads *reads);

/* launch_check.c: whether something can be seen in the sandbox at that absolute path */
bool launch_can_show(const char *path);

/* launch_check.c: whether the sandbox can show the repository at its path; ERR_INPUT where it cannot. */
int launch_check_place(const struct context *context, struct err *err);
/* launch_paths.c: whether the item's globs are of the repository, not paths of this machine; ERR_INPUT. After the base is known. */
int launch_check_paths(const struct launch *launch, const struct context *context, struct err *err);
/* Admission, arming, requirements; fills launch->missing. */
int launch_check(struct launch *launch, struct context *context, const struct launch_request *request, struct err *err);
/* launch_admission.c: whether the admission holds and the item lies in it, before the plan is compiled, then what the plan adds;
 * the user's checkout; what is known of how fresh the base is. */
int launch_see_admission(struct launch *launch, struct context *context, struct err *err);
int launch_check_scope(struct launch *launch, struct context *context, struct err *err);
int launch_check_checkout(struct launch *launch, struct context *context, struct err *err);
int launch_see_freshness(struct launch *launch, struct context *context, struct err *err);
int launch_check_admitted(struct launch *launch, struct context *context, struct err *err);
/* launch_network.c: of a route's headers of which one is enough, the one that is sent stays in the plan. */
void launch_choose_headers(struct launch *launch);
/* The same file: hosts that only the item asks for, variables that routes need, keys that were refused; fills launch->missing. */
int launch_check_network(struct launch *launch, const struct context *context, struct err *err);
/*
 * launch_approval.c: whether it is armed; whether a person's sentence is needed; what must be missing where nobody gave it. What is
 * approved is launch_approval_key() (cli/launch.h).
 */
void launch_see_arming(struct launch *launch, const struct launch_request *request);
void launch_explain_approval(struct launch *launch, bool granted);

/* launch_tools.c: what the run's identity says of the tools. Owned by the caller. */
char *launch_agent_identity(const struct launch *launch, const struct context *context);
char *launch_sandbox_identity(const struct context *context);

#endif
