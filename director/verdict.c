/* SPDX-License-Identifier: Apache-2.0 */
#include "director/verdict.h"

#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

void verdicts_release(struct verdicts *verdicts)
{
        for (size_t i = 0; i < verdicts->len; i++) {
                struct verdict *verdict = &verdicts->items[i];

                free(verdict->name);
                free(verdict->command);
                free(verdict->log);
                free(verdict->why);
                free(verdict->base_run);
                free(verdict->reused_run);
                free(verdict->reused_time);
                json_decref(verdict->counts);
                test_comparison_release(&verdict->cases);
        }
        free(verdicts->items);
        *verdicts = (struct verdicts){0};
}

/* ---- Receipts ---- */

static struct json_t *quoted_or_null(const char *text)
{
        return text ? json_quoted(text) : json_null();
}

static void add_cases(const struct verdict *verdict, struct json_t *receipt)
{
        struct json_t *cases = test_comparison_json(&verdict->cases);

        if (verdict->counts)
                json_object_set(cases, "counts", verdict->counts);
        json_object_set_new(cases, "does_not_test", json_boolean(verdict->does_not_test));
        json_object_set_new(receipt, "cases", cases);
}

struct json_t *verdict_json(const struct verdict *verdict)
{
        struct json_t *receipt = json_pack(
                "{s:o, s:s, s:o, s:s, s:i, s:I, s:s, s:I, s:o, s:o}", "name", json_quoted(verdict->name), "gate",
                "director", "command", json_quoted(verdict->command), "result", verifier_result_name(verdict->result),
                "exit", verdict->exit_code, "ms", (json_int_t)verdict->ms, "log_sha256", verdict->log_sha256,
                "attempts", (json_int_t)verdict->attempts, "why", quoted_or_null(verdict->why), "log",
                quoted_or_null(verdict->log));

        if (verdict->started[0]) {
                json_object_set_new(receipt, "started", json_string(verdict->started));
                json_object_set_new(receipt, "ended", json_string(verdict->ended));
        }
        if (verdict->counts || verdict->does_not_test)
                add_cases(verdict, receipt);
        if (verdict->base_run)
                json_object_set_new(receipt, "base_run", json_string(verdict->base_run));
        if (verdict->reused)
                json_object_set_new(receipt, "reused",
                                    json_pack("{s:s, s:s}", "run", verdict->reused_run, "time", verdict->reused_time));
        return receipt;
}

static int record_limits(struct director *d, const struct verdict *verdict, struct err *err)
{
        _cleanup_free_ char *step = xasprintf("director.%s", verdict->name);

        if (verdict->reused)
                return 0;
        return director_record(d, "receipt.limits", sandbox_result_receipt(step, &verdict->end), err);
}

/* The list of attestations repeats the receipts, but for the names of tests: all of them together are one event. */
static struct json_t *attestation(const struct json_t *receipt)
{
        struct json_t *copy = json_copy((struct json_t *)receipt);

        json_object_del(copy, "cases");
        return copy;
}

static int record_each(struct director *d, const struct verdicts *verdicts, struct json_t *refs,
                       struct json_t *attestations, struct json_t *ids, struct err *err)
{
        for (size_t i = 0; i < verdicts->len; i++) {
                struct json_t *receipt = verdict_json(&verdicts->items[i]);
                char own[STORE_ID_MAX];

                json_array_append_new(attestations, attestation(receipt));
                if (director_record_on(d, "receipt.verifier", receipt, json_incref(refs), own, err) < 0 ||
                    record_limits(d, &verdicts->items[i], err) < 0)
                        return -1;
                json_array_append_new(ids, json_string(own));
        }
        return 0;
}

/* What is no plain PASS is worth a line where it lands too. */
static void warn(struct director *d, const struct verdicts *verdicts)
{
        strv_release(&d->warnings);
        for (size_t i = 0; i < verdicts->len; i++)
                if (verdicts->items[i].why)
                        strv_add_printf(&d->warnings, "verifier %s: %s: %s", verdicts->items[i].name,
                                        verifier_result_name(verdicts->items[i].result), verdicts->items[i].why);
}

int verdicts_record(struct director *d, const struct verdicts *verdicts, struct json_t *refs, char *ret_id,
                    struct err *err)
{
        struct json_t *attestations = json_array(), *ids = json_array();

        warn(d, verdicts);
        if (record_each(d, verdicts, refs, attestations, ids, err) < 0) {
                json_decref(attestations);
                json_decref(ids);
                return -1;
        }
        return director_record_on(d, "receipt.verifier.attestations",
                                  json_pack("{s:s, s:o}", "plan_id", d->plan_id, "attestations", attestations), ids,
                                  ret_id, err);
}
