/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_WHEN_H
#define CUPEL_CLI_WHEN_H

/*
 * A moment in the past as people type it: a span before now (90s, 2h, 3d), a day or a time by the clock on the wall (2026-12-01,
 * "2026-12-01 18:00", "2026-12-01 18:00:30"), or what the log itself prints (RFC 3339, with Z or an offset).
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds since the epoch; `end`: of what it names, the last one (a whole day, minute, second). ERR_INPUT names `option`. */
int when_parse(const char *option, const char *text, int64_t now_ms, bool end, int64_t *ret_ms, struct err *err);

#endif
