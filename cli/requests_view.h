/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_REQUESTS_VIEW_H
#define CUPEL_CLI_REQUESTS_VIEW_H

/* A request as people and programs see it. What it says was written by whoever asked: on a terminal it is made harmless. */

#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct json_t;
struct store_request;

/* {"id","type","run","item","title","actor","time","open","data","decision"}; owned by the caller. */
struct json_t *request_json(const struct store_request *request);
struct json_t *request_data(const struct store_request *request); /* of its event; owned by the caller */

void request_put(const struct store_request *request, int64_t now, bool colour, struct str *out);      /* a few lines */
void request_put_page(const struct store_request *request, int64_t now, bool colour, struct str *out); /* everything */

#endif
