/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/packet/terms_internal.h"

#include "lib/base/cleanup.h"
#include "lib/packet/folder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Those that packet_verify() finds out are told by it. */
static void term_verified(const struct term_look *look, enum packet_check check)
{
        for (size_t i = 0; i < look->verdict.len; i++)
                if (look->verdict.items[i].check == check)
                        strv_add_printf(look->faults, "%s: %s", look->verdict.items[i].file,
                                        look->verdict.items[i].what);
}

static void term_evidence(const struct term_look *look)
{
        term_verified(look, PACKET_CHECK_EVIDENCE);
}

static void term_sums(const struct term_look *look)
{
        term_verified(look, PACKET_CHECK_FILES);
}

static void term_agrees(const struct term_look *look)
{
        term_verified(look, PACKET_CHECK_REPORT);
}

static const struct {
        const char *name, *where, *group, *promise;
} terms[] = {
#define X(id, name_, where_, group_, promise_)                                                                         \
        [PACKET_TERM_##id] = {.name = (name_), .where = (where_), .group = (group_), .promise = (promise_)},
        PACKET_TERMS(X)
#undef X
};

/* Without `always` the check itself says whether it must be there. */
static const struct {
        void (*check)(const struct term_look *look);
        bool always;
} checks[] = {
        [PACKET_TERM_REPORT] = {term_report, true},       [PACKET_TERM_READABLE] = {term_readable, true},
        [PACKET_TERM_REQUEST] = {term_request, true},     [PACKET_TERM_SCOPE] = {term_scope, true},
        [PACKET_TERM_RULES] = {term_rules, true},         [PACKET_TERM_IDENTITY] = {term_identity, true},
        [PACKET_TERM_OWNERSHIP] = {term_ownership, true}, [PACKET_TERM_FRESHNESS] = {term_freshness, true},
        [PACKET_TERM_DECISION] = {term_decision, true},   [PACKET_TERM_OUTCOME] = {term_outcome, true},
        [PACKET_TERM_COST] = {term_cost, true},           [PACKET_TERM_PATCH] = {term_patch, true},
        [PACKET_TERM_TESTS] = {term_tests, true},         [PACKET_TERM_AGENT] = {term_agent, false},
        [PACKET_TERM_TRACE] = {term_trace, true},         [PACKET_TERM_LOG] = {term_log, true},
        [PACKET_TERM_EVIDENCE] = {term_evidence, false},  [PACKET_TERM_ARTIFACTS] = {term_artifacts, true},
        [PACKET_TERM_REFUSALS] = {term_refusals, true},   [PACKET_TERM_UNAUTHORIZED] = {term_unauthorized, true},
        [PACKET_TERM_NEXT] = {term_next, true},           [PACKET_TERM_PUBLICATION] = {term_publication, true},
        [PACKET_TERM_WITHHELD] = {term_withheld, true},   [PACKET_TERM_AMENDMENTS] = {term_amendments, false},
        [PACKET_TERM_SUMS] = {term_sums, true},           [PACKET_TERM_AGREES] = {term_agrees, true},
};

_Static_assert(sizeof(checks) / sizeof(checks[0]) == PACKET_TERM_COUNT, "every term has its check");

const char *packet_term_name(enum packet_term term)
{
        return terms[term].name;
}

const char *packet_term_where(enum packet_term term)
{
        return terms[term].where;
}

const char *packet_term_group(enum packet_term term)
{
        return terms[term].group;
}

const char *packet_term_promise(enum packet_term term)
{
        return terms[term].promise;
}

/* ---- Whether it is there at all ---- */

static void check_place(const struct term_look *look, const char *place)
{
        const char *member = strchr(place, '#');
        _cleanup_free_ char *file = xmemdup(place, member ? (size_t)(member - place) : strlen(place));
        struct err err = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(look->packet, file, &err);
        char text[512];

        if (fd < 0) {
                err_text(&err, text, sizeof(text));
                strv_add_printf(look->faults, "%s is missing: %s", file, text);
        } else if (member && !json_object_get(look->report, member + 1)) {
                strv_add_printf(look->faults, "%s: \"%s\" is missing", file, member + 1);
        }
}

static void check_places(const struct term_look *look, const char *where)
{
        while (*where) {
                const size_t len = strcspn(where, " ");
                _cleanup_free_ char *place = xmemdup(where, len);

                check_place(look, place);
                where += len + (where[len] == ' ');
        }
}

/* ---- All of them ---- */

static void check_verdict(struct term_look *look, struct packet_terms *ret)
{
        struct err err = ERR_INIT;
        char text[512];

        if (packet_verify(look->packet, &(struct packet_verify_options){.keys = NULL}, &look->verdict, &err) == 0)
                return;
        err_text(&err, text, sizeof(text));
        strv_add_printf(&ret->faults[PACKET_TERM_SUMS], "the packet cannot be read: %s", text);
}

void packet_terms_check(int packet, struct packet_terms *ret)
{
        struct term_look look = {.packet = packet};
        _cleanup_json_ struct json_t *nothing = json_object();

        *ret = (struct packet_terms){.report = packet_report(packet)};
        look.report = json_is_object(ret->report) ? ret->report : nothing;
        check_verdict(&look, ret);
        for (size_t i = 0; i < PACKET_TERM_COUNT; i++) {
                look.faults = &ret->faults[i];
                if (checks[i].always)
                        check_places(&look, terms[i].where);
                checks[i].check(&look);
                ret->broken += ret->faults[i].len > 0;
        }
        packet_verdict_release(&look.verdict);
}

void packet_terms_release(struct packet_terms *ret)
{
        for (size_t i = 0; i < PACKET_TERM_COUNT; i++)
                strv_release(&ret->faults[i]);
        json_decref(ret->report);
        *ret = (struct packet_terms){0};
}

void packet_term_fault(struct packet_terms *ret, enum packet_term term, const char *format, ...)
{
        char text[512];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        ret->broken += ret->faults[term].len == 0;
        strv_add(&ret->faults[term], text);
}
