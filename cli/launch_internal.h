/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_LAUNCH_INTERNAL_H
#define CUPEL_CLI_LAUNCH_INTERNAL_H

/* The parts of launch_read() that live in files of their own; nobody else calls them. */

#include "cli/launch.h"

/* Copies the bytes. */
void launch_add_file(struct launch *launch, const char *name, const char *origin, const void *bytes, size_t len);

/* launch_gather.c: --bundle's files as bundle/…, and what earlier runs on this item noted as history.jsonl. */
int launch_add_bundle(struct launch *launch, const char *folder, struct err *err);
int launch_add_history(struct launch *launch, struct context *context, struct err *err);

/* launch_check.c: whether the sandbox can show the repository at its path; ERR_INPUT where it cannot. */
int launch_check_place(const struct context *context, struct err *err);
/* Admission, arming, requirements; fills launch->missing. */
int launch_check(struct launch *launch, struct context *context, const struct launch_request *request, struct err *err);
/* launch_network.c: hosts that only the item asks for, variables that routes need; fills launch->missing. */
void launch_check_network(struct launch *launch, const struct context *context);
/* The approval before the start, asked and used in the name of the run: once its row exists. */
int launch_check_sentence(struct launch *launch, struct context *context, struct err *err);

/* launch_tools.c: what the run's identity says of the tools. Owned by the caller. */
char *launch_agent_identity(const struct launch *launch, const struct context *context);
char *launch_sandbox_identity(const struct context *context);

#endif
