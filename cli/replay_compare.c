/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two verdicts beside each other. They are the same where both accept or both refuse, and where they refuse, the same gates and
 * the same verifiers do. Everything else that differs (another exit status, a test more that fails) is shown, and changes nothing.
 */
#include "cli/replay.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/test_compare.h"
#include "lib/base/verifier_result.h"

#include <string.h>

/* ---- Verifiers ---- */

static bool blocks(const struct replay_subject *subject, const char *result)
{
        return verifier_word_blocks(result, subject->pre_existing_blocks);
}

/* The receipts of the gate that judged: of several rounds the last one's count. */
static const struct json_t *recorded(const struct replay_subject *subject)
{
        return json_object_get(json_object_get(subject->report, "verifiers"),
                               subject->judge == REPLAY_SELF ? "self" : "director");
}

/* {name: its last receipt}: how many a packet has of them is somebody else's to say. */
static struct json_t *last_by_name(const struct json_t *receipts)
{
        struct json_t *last = json_object();

        for (size_t i = 0; i < json_array_size(receipts); i++)
                json_object_set(last, json_text_of(json_array_get(receipts, i), "name"), json_array_get(receipts, i));
        return last;
}

bool replay_any_blocks(const struct replay_subject *subject)
{
        _cleanup_json_ json_t *last = last_by_name(recorded(subject));
        const char *name;
        json_t *receipt;

        json_object_foreach(last, name, receipt)
        {
                if (blocks(subject, json_text_of(receipt, "result")))
                        return true;
        }
        return false;
}

static void put_cases(const struct json_t *receipt, const char *side, struct json_t *cases)
{
        for (size_t list = 0; list < TEST_LISTS_LEN; list++) {
                const struct json_t *found = json_object_get(json_object_get(receipt, "cases"), test_lists[list].key);
                const struct json_t *names = json_object_get(found, "names");

                for (size_t i = 0; i < json_array_size(names); i++) {
                        const char *name = json_string_value(json_array_get(names, i));
                        struct json_t *entry = name ? json_object_get(cases, name) : NULL;

                        if (name && !entry) {
                                entry = json_pack("{s:s,s:n,s:n}", "name", name, "then", "now");
                                json_object_set_new(cases, name, entry);
                        }
                        if (entry)
                                json_object_set_new(entry, side, json_string(test_lists[list].key));
                }
        }
}

/* Each test that either side had something to say of. */
static struct json_t *compare_cases(const struct json_t *then, const struct json_t *now)
{
        _cleanup_json_ json_t *cases = json_object();
        struct json_t *list = json_array(), *entry;
        const char *name;

        put_cases(then, "then", cases);
        put_cases(now, "now", cases);
        json_object_foreach(cases, name, entry) json_array_append(list, entry);
        return list;
}

static struct json_t *text_or_null(const struct json_t *receipt, const char *key)
{
        struct json_t *value = json_object_get(receipt, key);

        return value ? json_incref(value) : json_null();
}

static struct json_t *compare_verifier(const struct replay_subject *subject, const struct json_t *then,
                                       const struct json_t *now)
{
        const char *before = json_text_of(then, "result"), *after = json_text_of(now, "result");
        const bool blocked = then && blocks(subject, before), blocking = now && blocks(subject, after);

        return json_pack(
                "{s:s,s:s,s:o,s:o,s:{s:b,s:b},s:b,s:o,s:o,s:o,s:o}", "name", json_text_of(then ? then : now, "name"),
                "gate", subject->judge == REPLAY_SELF ? "self" : "director", "then", text_or_null(then, "result"),
                "now", text_or_null(now, "result"), "blocks", "then", blocked, "now", blocking, "same",
                blocked == blocking && (then != NULL) == (now != NULL), "exit", text_or_null(now, "exit"), "why",
                text_or_null(now, "why"), "ms", text_or_null(now, "ms"), "cases", compare_cases(then, now));
}

static struct json_t *compare_verifiers(const struct replay_subject *subject, const struct json_t *now)
{
        _cleanup_json_ json_t *then = last_by_name(recorded(subject));
        _cleanup_json_ json_t *judged = last_by_name(json_object_get(now, "verifiers"));
        struct json_t *list = json_array(), *receipt;
        _cleanup_strv_ struct strv names = {0};
        const char *name;

        json_object_foreach(then, name, receipt) strv_add(&names, name);
        json_object_foreach(judged, name, receipt) strv_add(&names, name);
        strv_sort_unique(&names);
        for (size_t i = 0; i < names.len; i++)
                json_array_append_new(list, compare_verifier(subject, json_object_get(then, names.items[i]),
                                                             json_object_get(judged, names.items[i])));
        return list;
}

/* ---- Gates ---- */

static bool same_finding(const struct json_t *a, const struct json_t *b)
{
        static const char *const keys[] = {"gate", "path", "rule", "line", "level"};

        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
                const struct json_t *left = json_object_get(a, keys[i]), *right = json_object_get(b, keys[i]);

                if (left != right && !json_equal(left, right))
                        return false;
        }
        return true;
}

static bool is_among(const struct json_t *finding, const struct json_t *findings)
{
        for (size_t i = 0; i < json_array_size(findings); i++)
                if (same_finding(finding, json_array_get(findings, i)))
                        return true;
        return false;
}

/* The bytes that such a finding is about are hidden in the packet, so that the record is all there is. */
static bool from_record(const struct replay_subject *subject, const struct json_t *finding)
{
        return subject->judge == REPLAY_MARKED && strcmp(json_text_of(finding, "gate"), "secrets") == 0;
}

static void add_finding(struct json_t *list, const struct json_t *finding, bool then, bool now, bool record)
{
        struct json_t *copy = json_copy((struct json_t *)finding);

        json_object_update_new(copy,
                               json_pack("{s:b,s:b,s:b}", "then", then, "now", now || record, "recorded", record));
        json_array_append_new(list, copy);
}

static struct json_t *compare_gates(const struct replay_subject *subject, const struct json_t *now)
{
        const struct json_t *then = json_object_get(subject->report, "gates"), *found = json_object_get(now, "gates");
        struct json_t *list = json_array();

        for (size_t i = 0; i < json_array_size(then); i++) {
                const struct json_t *finding = json_array_get(then, i);
                const bool again = is_among(finding, found);

                add_finding(list, finding, true, again, !again && from_record(subject, finding));
        }
        for (size_t i = 0; i < json_array_size(found); i++)
                if (!is_among(json_array_get(found, i), then))
                        add_finding(list, json_array_get(found, i), false, true, false);
        return list;
}

/* ---- Both ---- */

static bool is_blocking(const struct json_t *finding, const char *side)
{
        return strcmp(json_text_of(finding, "level"), "block") == 0 && json_is_true(json_object_get(finding, side));
}

static bool gates_agree(const struct json_t *gates)
{
        for (size_t i = 0; i < json_array_size(gates); i++)
                if (is_blocking(json_array_get(gates, i), "then") != is_blocking(json_array_get(gates, i), "now"))
                        return false;
        return true;
}

static bool verifiers_agree(const struct json_t *verifiers)
{
        for (size_t i = 0; i < json_array_size(verifiers); i++)
                if (!json_is_true(json_object_get(json_array_get(verifiers, i), "same")))
                        return false;
        return true;
}

static bool refused_now(const struct json_t *now, const struct json_t *gates)
{
        for (size_t i = 0; i < json_array_size(gates); i++)
                if (is_blocking(json_array_get(gates, i), "now"))
                        return true;
        return strcmp(json_text_of(now, "decision"), "refuse") == 0;
}

struct json_t *replay_compare(const struct replay_subject *subject, const struct json_t *now)
{
        struct json_t *gates = compare_gates(subject, now), *verifiers = compare_verifiers(subject, now);
        const bool accepted = !refused_now(now, gates);
        const bool same = accepted == subject->accepted && gates_agree(gates) && verifiers_agree(verifiers);

        return json_pack("{s:b,s:{s:s,s:s},s:o,s:o,s:O?,s:O?}", "same", same, "verdict", "then",
                         subject->accepted ? "accepted" : "refused", "now", accepted ? "accepted" : "refused", "gates",
                         gates, "verifiers", verifiers, "reasons", json_object_get(now, "reasons"), "tier",
                         json_object_get(now, "tier"));
}
