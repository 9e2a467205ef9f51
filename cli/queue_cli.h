/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_QUEUE_CLI_H
#define CUPEL_CLI_QUEUE_CLI_H

/* The words of `cupel queue`, one function each; what they are given is one set of options (cmd_queue.c). */

#include "cli/context.h"
#include "cli/options.h"
#include "lib/store/queue.h"
#include "policy/item.h"

struct queue_options {
        bool json, all, lines, item, failed;
        const char *priority, *policy, *reason;
        struct strv depends;
        struct item_options item_options; /* what goes before the files' own words */
        struct option_rest rest;          /* rest.items[0] is the word */
};

/* Each returns 0, or -1 with err set. */
int queue_add(struct context *context, const struct queue_options *options, struct err *err);
int queue_list(struct context *context, const struct queue_options *options, struct err *err);
int queue_show(struct context *context, const struct queue_options *options, struct err *err);
int queue_drop(struct context *context, const struct queue_options *options, struct err *err);
int queue_retry(struct context *context, const struct queue_options *options, struct err *err);

/* queue_read.c: the work items of the files, folders and streams that were named, in their order. */
struct queue_source {
        char *name; /* for errors: the file, with the line in a list of items */
        struct str bytes;
        struct work_item item;
};
struct queue_sources {
        struct queue_source *items;
        size_t len;
};
int queue_read_sources(const struct queue_options *options, struct queue_sources *ret, struct err *err);
void queue_sources_release(struct queue_sources *sources);
#define _cleanup_queue_sources_ __attribute__((cleanup(queue_sources_release)))

/* queue_check.c: what a launch would refuse in any of them (a verifier that nobody defines), before they are queued. */
int queue_check_plans(struct context *context, const struct queue_options *options, const struct queue_sources *sources,
                      struct err *err);

/* queue_view.c: shared by list and show. Owned by the caller. */
struct json_t *queued_json(struct context *context, const struct store_queued *row, struct err *err);
/* What it waits for, or why it is where it is: one line, untrusted text made harmless. */
int queued_why(struct context *context, const struct store_queued *row, struct str *out, struct err *err);
/* The state as a person reads it: "ready" and "stuck" are queued. */
const char *queued_state(const struct store_queued *row, bool stuck);
/* A dependency failed or was dropped. */
int queued_stuck(struct context *context, const struct store_queued *row, bool *ret, struct err *err);

#endif
