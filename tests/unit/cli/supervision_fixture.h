/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TESTS_UNIT_CLI_SUPERVISION_FIXTURE_H
#define CUPEL_TESTS_UNIT_CLI_SUPERVISION_FIXTURE_H

/* A run that is supervised, without its processes: what they would say is said by the test. */
#include "cli/supervision.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>

static struct supervision s;
static struct launch launch;
static struct terminal terminal;

static void setup(void)
{
        launch_init(&launch);
        terminal_init(&terminal, false, true, false);
        supervision_init(&s, NULL, &launch, &terminal);
        s.stage = STAGE_WORKING;
        s.turn = DIRECTOR_WAITS;
}

static void teardown(void)
{
        supervision_release(&s);
        launch_release(&launch);
}

/* As `hear` (supervision_from_director(), …) finds it in the channel. */
static inline void say_to(void (*hear)(struct supervision *s, json_t *message), const char *text)
{
        json_t *message = json_loads(text, 0, NULL);

        cr_assert(message, "%s", text);
        hear(&s, message);
        json_decref(message);
}

#endif
