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

/* For whom it is shown. `columns`: of the terminal, where a question is broken at blanks; 0: it is none. */
struct request_look {
        int64_t now; /* seconds since the epoch */
        size_t columns;
        bool colour;
};

void request_put(const struct store_request *request, const struct request_look *look,
                 struct str *out); /* a few lines */
void request_put_page(const struct store_request *request, const struct request_look *look, struct str *out); /* all */

#endif
