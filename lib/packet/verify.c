/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the checks: files first, since the others tell of files that may have been changed; the log before what is compared
 * with it. A check that fails does not end the others: who looks at a damaged packet wants to know all of it.
 */
#include "lib/packet/verify_internal.h"

#include "lib/base/cleanup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
        const char *name, *promise;
} checks[] = {
#define X(id, name, text) {name, text},
        PACKET_CHECKS(X)
#undef X
};

const char *packet_check_name(enum packet_check check)
{
        return checks[check].name;
}

const char *packet_check_promise(enum packet_check check)
{
        return checks[check].promise;
}

void packet_found(struct packet_verdict *verdict, enum packet_check check, const char *file, const char *format, ...)
{
        _cleanup_str_ struct str name = {0}, what = {0};
        char text[1024];
        va_list args;

        if (verdict->len == PACKET_FINDINGS_MAX)
                return;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        str_put_quoted(&name, file, strlen(file));
        str_put_harmless(&what, text, strlen(text));
        verdict->items = xgrow(verdict->items, verdict->len, sizeof(*verdict->items));
        verdict->items[verdict->len++] =
                (struct packet_finding){.check = check, .file = str_steal(&name), .what = str_steal(&what)};
}

bool packet_verdict_failed(const struct packet_verdict *verdict, enum packet_check check)
{
        for (size_t i = 0; i < verdict->len; i++)
                if (verdict->items[i].check == check)
                        return true;
        return false;
}

void packet_verdict_release(struct packet_verdict *verdict)
{
        for (size_t i = 0; i < verdict->len; i++) {
                free(verdict->items[i].file);
                free(verdict->items[i].what);
        }
        free(verdict->items);
        strv_release(&verdict->signers);
        strv_release(&verdict->later);
        *verdict = (struct packet_verdict){0};
}

static int compare_path(const void *key, const void *item)
{
        return strcmp(key, ((const struct verify_sum *)item)->path);
}

/* Sorted: a line that is out of order was not taken. */
bool verify_log_holds(const struct verify *v)
{
        return v->born && !packet_verdict_failed(v->verdict, PACKET_CHECK_LOG);
}

const struct verify_sum *verify_sum_of(const struct verify *v, const char *path)
{
        return v->sums_len ? bsearch(path, v->sums, v->sums_len, sizeof(*v->sums), compare_path) : NULL;
}

static void release(struct verify *v)
{
        for (size_t i = 0; i < v->sums_len; i++)
                free(v->sums[i].path);
        free(v->sums);
        strv_release(&v->receipts);
        str_release(&v->sealed_set);
        json_decref(v->timeline);
        json_decref(v->notes);
        json_decref(v->self);
        json_decref(v->director);
        json_decref(v->reasons);
        json_decref(v->report);
}

int packet_verify(int packet, const struct packet_verify_options *options, struct packet_verdict *ret, struct err *err)
{
        struct packet_verdict verdict = {0};
        __attribute__((cleanup(release))) struct verify v = {.packet = packet,
                                                             .options = options,
                                                             .verdict = &verdict,
                                                             .timeline = json_array(),
                                                             .notes = json_object(),
                                                             .self = json_array(),
                                                             .director = json_array()};

        if (verify_files(&v, err) < 0) {
                packet_verdict_release(&verdict);
                return -1;
        }
        verify_log(&v);
        verify_snapshot(&v);
        verify_evidence(&v);
        verify_report(&v);
        verify_attestation(&v);
        verify_later(&v);
        *ret = verdict;
        return 0;
}
