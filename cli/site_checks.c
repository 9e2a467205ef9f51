/* SPDX-License-Identifier: Apache-2.0 */
/* What `cupel verify` and `cupel packet check` say of a packet, for the mirror. */
#include "cli/site_run.h"

#include "lib/base/json.h"
#include "lib/packet/terms.h"
#include "lib/packet/verify.h"

#define FINDINGS_MAX 50

static struct json_t *faults_json(const struct strv *faults)
{
        struct json_t *list = json_array();

        for (size_t i = 0; i < faults->len && i < FINDINGS_MAX; i++)
                json_array_append_new(list, json_quoted(faults->items[i]));
        return list;
}

static void put_terms(int packet, struct json_t *ret)
{
        _cleanup_packet_terms_ struct packet_terms terms;
        struct json_t *list = json_array();

        packet_terms_check(packet, &terms);
        for (unsigned i = 0; i < PACKET_TERM_COUNT; i++)
                json_array_append_new(list,
                                      json_pack("{s:s,s:s,s:s,s:o}", "term", packet_term_name((enum packet_term)i),
                                                "word", packet_term_group((enum packet_term)i), "promise",
                                                packet_term_promise((enum packet_term)i), "faults",
                                                faults_json(&terms.faults[i])));
        json_object_set_new(ret, "terms", list);
}

int site_checks(int packet, const struct attest_keys *keys, struct json_t *ret, struct err *err)
{
        _cleanup_packet_verdict_ struct packet_verdict verdict = {0};
        struct json_t *findings = json_array(), *checks = json_array();

        json_object_set_new(ret, "checks", json_pack("{s:o,s:o}", "findings", findings, "list", checks));
        if (packet_verify(packet, &(struct packet_verify_options){.keys = keys}, &verdict, err) < 0)
                return -1;
        for (size_t i = 0; i < verdict.len && i < FINDINGS_MAX; i++)
                json_array_append_new(findings,
                                      json_pack("{s:s,s:o,s:o}", "check", packet_check_name(verdict.items[i].check),
                                                "file", json_quoted(verdict.items[i].file), "what",
                                                json_quoted(verdict.items[i].what)));
        for (unsigned i = 0; i < PACKET_CHECK_COUNT; i++) {
                const bool failed = packet_verdict_failed(&verdict, (enum packet_check)i);

                if (i == PACKET_CHECK_STORE || i == PACKET_CHECK_COMMIT)
                        continue; /* about this machine's store and clone: a reader has the packet */
                json_array_append_new(checks,
                                      json_pack("{s:s,s:s,s:o}", "name", packet_check_name((enum packet_check)i),
                                                "promise", packet_check_promise((enum packet_check)i), "ok",
                                                failed            ? json_false()
                                                : verdict.done[i] ? json_true()
                                                                  : json_null()));
        }
        json_object_set_new(json_object_get(ret, "checks"), "ok", json_boolean(verdict.len == 0));
        json_object_set_new(json_object_get(ret, "checks"), "files", json_integer((json_int_t)verdict.files));
        put_terms(packet, ret);
        return 0;
}
