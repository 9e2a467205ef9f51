/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What helper, cage and client read of each other, as JSON. The first byte chooses: a plan of the sandbox, a step, a request to the
 * helper with what is in it, an event of its, the plan of a cage. What is taken says the same when it is written again.
 */
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "sandbox/cage.h"
#include "sandbox/message.h"
#include "tests/fuzz/sections.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void said(const struct err *err)
{
        must(err->code != ERR_OK && err->code != ERR_INTERNAL && err->message[0]);
}

static void same(json_t *one, json_t *two)
{
        _cleanup_free_ char *a = json_canonical(one), *b = json_canonical(two);

        must(strcmp(a, b) == 0);
        json_decref(one);
        json_decref(two);
}

static void read_plan(json_t *json)
{
        _cleanup_sandbox_plan_ struct sandbox_plan plan = {0}, again = {0};
        _cleanup_json_ json_t *written = NULL;
        struct err err = ERR_INIT;

        if (sandbox_plan_from_json(json, &plan, &err) < 0) {
                said(&err);
                return;
        }
        written = sandbox_plan_to_json(&plan);
        must(sandbox_plan_from_json(written, &again, &err) == 0);
        same(sandbox_plan_to_json(&plan), sandbox_plan_to_json(&again));
}

static void read_step(json_t *json)
{
        _cleanup_step_ struct sandbox_step step = {0}, again = {0};
        _cleanup_json_ json_t *written = NULL;
        struct err err = ERR_INIT;

        if (sandbox_step_from_json(json, &step, &err) < 0) {
                said(&err);
                return;
        }
        written = sandbox_step_to_json(&step);
        must(sandbox_step_from_json(written, &again, &err) == 0);
        same(sandbox_step_to_json(&step), sandbox_step_to_json(&again));
}

static void read_request(json_t *json)
{
        enum request_type type;
        json_t *body = NULL;
        struct err err = ERR_INIT;

        if (request_from_json(json, &type, &body, &err) < 0)
                said(&err);
        else if (type == REQUEST_PREPARE)
                read_plan(body);
        else if (type == REQUEST_STEP)
                read_step(body);
        else
                must(!body);
}

static void read_event(json_t *json)
{
        struct sandbox_event event = {.fd = -1};
        struct err err = ERR_INIT;

        if (event_from_json(json, &event, &err) < 0) {
                said(&err);
                return;
        }
        must(event.listeners_len <= SANDBOX_PORTS_MAX && event.reports < 1U << SANDBOX_REPORTS_MAX);
        json_decref(event_to_json(&event));
}

static void read_cage(json_t *json)
{
        struct cage_plan plan = {0}, again = {0};
        _cleanup_json_ json_t *written = NULL;
        struct err err = ERR_INIT;

        if (cage_plan_from_json(json, &plan, &err) < 0) {
                said(&err);
                return;
        }
        written = cage_plan_to_json(&plan);
        must(cage_plan_from_json(written, &again, &err) == 0);
        same(cage_plan_to_json(&plan), cage_plan_to_json(&again));
        cage_plan_release(&plan);
        cage_plan_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static void (*const readers[])(json_t *) = {read_plan, read_step, read_request, read_event, read_cage};
        _cleanup_json_ json_t *json = NULL;
        struct err err = ERR_INIT;

        if (!size)
                return 0;
        json = json_parse((const char *)data + 1, size - 1, "message", &err);
        if (json_is_object(json))
                readers[data[0] % (sizeof(readers) / sizeof(readers[0]))](json);
        return 0;
}
