/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_HOOK_H
#define CUPEL_CLI_HOOK_H

/*
 * The two ends of a push. On the machine that made the commits `cupel hook notes` puts their attestations into refs/notes/cupel; on
 * the server `cupel hook pre-receive` reads them there, with keys that its administrator named, and lets nothing else onto
 * protected branches.
 *
 * hook_receive() runs in receive-pack's quarantine (git-receive-pack(1)): what was pushed is read where git put it for the time
 * being, and nothing is written. Everything pushed is hostile. It fails closed: what cannot be read is refused.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdio.h>

struct context;
struct option_rest;

/* The lines of pre-receive from `in`; `problems` gets one text per reason to refuse. -1: nothing could be judged, refuse too. */
int hook_receive(const char *gitdir, FILE *in, struct strv *problems, struct err *err);

struct hook_noted {
        size_t noted, had;   /* new; as they were */
        struct strv without; /* "<commit>: why" */
};

/* `what`: commits and ranges; none: what the upstream of HEAD's branch does not have. */
int hook_notes(struct context *context, const struct option_rest *what, struct hook_noted *ret, struct err *err);

#endif
