/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_PROBE_H
#define CUPEL_SANDBOX_PROBE_H

/*
 * What this kernel really gives to this user: every layer is tried in a throw-away child, none is read from a version.
 *
 *         struct probe probe;
 *         if (probe_spawn(&probe, err) < 0) …      starts the program; about 10 ms; what cannot be tried is `missing`
 *         for (i = 0; i < probe.len; i++) …probe.layers[i]…
 *
 * It is tried in `cupel-sandbox probe`, which has no threads and may fork; `--json` prints what the others read.
 */

#include "lib/base/err.h"
#include "sandbox/plan.h"

#include <stdbool.h>

struct json_t;

#define PROBE_LAYERS_MAX 24

struct probe_layer {
        const char *name;    /* "user namespace", static */
        const char *purpose; /* what it is good for, static */
        bool present;
        bool required;      /* for tier A */
        char detail[160];   /* "ABI 7", or why it is missing */
        const char *remedy; /* what to do where it is missing, static; NULL where nothing helps */
};

struct probe {
        struct probe_layer layers[PROBE_LAYERS_MAX];
        size_t len;
        enum sandbox_tier tier;
        int landlock_abi; /* 0: none */
};

/* Runs `cupel-sandbox probe --json` (found by sibling_path()) and reads it; ERR_INPUT where it is one of another release. */
int probe_spawn(struct probe *ret, struct err *err);
struct json_t *probe_to_json(const struct probe *probe); /* {"tier":"A","landlock_abi":7,"layers":[{…}]}, owned */

/* The body of `cupel-sandbox probe`. */
int probe_main(int argc, char **argv);

#endif
