/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_ITEM_REF_H
#define CUPEL_CLI_ITEM_REF_H

/*
 * What a person means by ITEM or RUN: a run (its id, a unique beginning, @last), the file of a work item, or the id of an item
 * that the queue holds, that an approval was asked for, or that has run.
 *
 *         struct item_ref ref = {0};
 *         item_ref_find(context, "ITEM-049", &ref, err);       ERR_NOT_FOUND, ERR_INPUT
 *         item_ref_release(&ref);
 *
 * In this order: what has the look of a file (a slash, .yaml, .yml, .json, "-") is one; the whole id of a run; the id of an
 * item that is in the queue or whose start waits for a person; the beginning of one run's id; the id of any other item; a file
 * that is there.
 */

#include "cli/context.h"
#include "lib/base/str.h"
#include "lib/store/queue.h"

enum item_ref_kind {
        ITEM_REF_RUN,  /* run */
        ITEM_REF_FILE, /* name */
        ITEM_REF_ITEM, /* name, and the bytes that were queued, or that its last run had */
};

struct item_ref {
        enum item_ref_kind kind;
        struct store_run run;
        char *name;
        struct str bytes; /* empty: nobody has them any more */
        bool queued;      /* they are the queue's, and `row` is its */
        struct store_queued row;
};

int item_ref_find(struct context *context, const char *typed, struct item_ref *ret, struct err *err);
void item_ref_release(struct item_ref *ref);
#define _cleanup_item_ref_ __attribute__((cleanup(item_ref_release)))

#endif
