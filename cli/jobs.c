/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/jobs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const char *text)
{
        const size_t len = strspn(text, "0123456789");
        const unsigned long jobs = strtoul(text, NULL, 10);

        return len > 0 && len <= 2 && !text[len] && jobs >= 1 && jobs <= JOBS_MAX;
}

int jobs_choose(const char *option, const char **ret, struct err *err)
{
        const char *environment = getenv("CUPEL_JOBS");
        const char *value = option ? option : environment && *environment ? environment : NULL;

        if (value && !is_number(value))
                return err_set(err, ERR_INPUT, "%s: expected how many verifiers run at once, 1 to %d; got \"%.64s\"",
                               option ? "--jobs" : "CUPEL_JOBS", JOBS_MAX, value);
        *ret = value;
        return 0;
}
