/* SPDX-License-Identifier: Apache-2.0 */
/* One table of sections; each fills rows. What is in report.json is compared here, files of the packet in the others. */
#include "lib/packet/compare.h"

#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "lib/packet/compare_internal.h"
#include "lib/packet/folder.h"

#include <string.h>

#define LIST_MOST 1000 /* entries that are looked for in another list */

/* ---- rows ---- */

json_t *section_add(struct section *section, const char *key, json_t *first, json_t *second)
{
        json_t *row = json_pack("{s:o,s:O,s:O}", "key", json_quoted(key), "first", first, "second", second);

        json_array_append_new(section->rows, row);
        return row;
}

void section_compare(struct section *section, const char *key, json_t *first, json_t *second)
{
        _cleanup_json_ json_t *none = json_null();

        first = first ? first : none;
        second = second ? second : none;
        if (json_equal(first, second))
                section->equal++;
        else
                section_add(section, key, first, second);
}

void section_compare_flat(struct section *section, const char *prefix, json_t *first, json_t *second)
{
        const char *key;
        json_t *value;

        json_object_foreach(first, key, value)
        {
                _cleanup_free_ char *name = xasprintf("%s%s", prefix, key);

                section_compare(section, name, value, json_object_get(second, key));
        }
        json_object_foreach(second, key, value)
        {
                _cleanup_free_ char *name = xasprintf("%s%s", prefix, key);

                if (!json_object_get(first, key))
                        section_compare(section, name, NULL, value);
        }
}

static void flatten_list(json_t *list, const char *prefix, json_t *ret)
{
        json_t *entry;
        size_t i;

        if (!json_is_object(json_array_get(list, 0))) {
                json_object_set(ret, prefix, list);
                return;
        }
        json_array_foreach(list, i, entry)
        {
                const char *name = json_text_of(entry, "name");
                _cleanup_free_ char *key = *name ? xasprintf("%s.%s", prefix, name) : xasprintf("%s.%zu", prefix, i);

                compare_flatten(entry, key, ret);
        }
}

void compare_flatten(json_t *value, const char *prefix, json_t *ret)
{
        const char *key;
        json_t *member;

        if (strlen(prefix) > COMPARE_PREFIX_MAX) { /* as one */
                json_object_set(ret, prefix, value);
                return;
        }
        if (json_is_array(value)) {
                flatten_list(value, prefix, ret);
                return;
        }
        if (!json_is_object(value) || !json_object_size(value)) {
                json_object_set(ret, prefix, value);
                return;
        }
        json_object_foreach(value, key, member)
        {
                _cleanup_free_ char *name = xasprintf("%s%s%s", prefix, *prefix ? "." : "", key);

                compare_flatten(member, name, ret);
        }
}

/* ---- report.json ---- */

static void compare_members(const struct pair *pair, const char *const *names, struct section *section)
{
        for (; *names; names++)
                section_compare(section, *names, json_object_get(pair->report[0], *names),
                                json_object_get(pair->report[1], *names));
}

static int compare_base(const struct pair *pair, struct section *section, struct err *err)
{
        static const char *const names[] = {"base", "target", NULL}, *const fresh[] = {"tip", "landed_on", "upstream"};

        (void)err;
        compare_members(pair, names, section);
        for (size_t i = 0; i < sizeof(fresh) / sizeof(fresh[0]); i++)
                section_compare(section, fresh[i],
                                json_object_get(json_object_get(pair->report[0], "freshness"), fresh[i]),
                                json_object_get(json_object_get(pair->report[1], "freshness"), fresh[i]));
        return 0;
}

static bool holds(const json_t *list, const json_t *value)
{
        json_t *entry;
        size_t i;

        json_array_foreach(list, i, entry) if (json_equal(entry, value)) return true;
        return false;
}

static void compare_lists(struct section *section, const char *key, json_t *first, json_t *second)
{
        _cleanup_json_ json_t *none = json_null();
        json_t *entry;
        size_t i;

        if (json_array_size(first) > LIST_MOST || json_array_size(second) > LIST_MOST) {
                section_compare(section, key, first, second);
                return;
        }
        json_array_foreach(first, i, entry)
        {
                if (holds(second, entry))
                        section->equal++;
                else
                        section_add(section, key, entry, none);
        }
        json_array_foreach(second, i, entry) if (!holds(first, entry)) section_add(section, key, none, entry);
}

static int compare_outcome(const struct pair *pair, struct section *section, struct err *err)
{
        static const char *const names[] = {"outcome", "tree", "patch_missing", NULL};

        (void)err;
        compare_members(pair, names, section);
        compare_lists(section, "reason", json_object_get(pair->report[0], "reasons"),
                      json_object_get(pair->report[1], "reasons"));
        return 0;
}

/* ---- all of it ---- */

static const struct {
        const char *id;
        int (*compare)(const struct pair *pair, struct section *section, struct err *err);
        bool counts;
} sections[] = {
        {"configuration", compare_configuration, true},
        {"identity", compare_identity, true},
        {"base", compare_base, true},
        {"plan", compare_plan, true},
        {"outcome", compare_outcome, true},
        {"verdicts", compare_verdicts, true},
        {"gates", compare_gates, true},
        {"patch", compare_patch, true},
        {"resources", compare_resources, false},
};

static const json_t *rows_of(const json_t *list, const char *id)
{
        json_t *section;
        size_t i;

        json_array_foreach(list, i, section)
        {
                if (strcmp(json_text_of(section, "id"), id) == 0)
                        return json_object_get(section, "rows");
        }
        return NULL;
}

static int compare_all(const struct pair *pair, struct json_t **ret, struct err *err)
{
        _cleanup_json_ json_t *list = json_array();
        bool same = true;

        for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
                struct section section = {.rows = json_array(), .more = json_object()};
                const int status = sections[i].compare(pair, &section, err);
                const bool equal = json_array_size(section.rows) == 0;

                json_object_update_new(section.more, json_pack("{s:s,s:b,s:b,s:I,s:o}", "id", sections[i].id, "counts",
                                                               sections[i].counts, "same", equal, "equal",
                                                               (json_int_t)section.equal, "rows", section.rows));
                json_array_append_new(list, section.more);
                if (status < 0)
                        return err_wrap(err, "%s", sections[i].id);
                same = same && (equal || !sections[i].counts);
        }
        *ret = json_pack("{s:b,s:s,s:O}", "same", same, "asked",
                         compare_asked(rows_of(list, "configuration"), rows_of(list, "plan")), "sections", list);
        return 0;
}

int packet_compare(int first, int second, struct json_t **ret, struct err *err)
{
        struct pair pair = {.packet = {first, second}};
        int status = 0;

        for (size_t i = 0; i < 2 && status == 0; i++)
                if (!(pair.report[i] = packet_report(pair.packet[i])))
                        status = err_set(err, ERR_INPUT,
                                         "the %s packet has no evidence/report.json: its run has not ended, or the "
                                         "packet is damaged",
                                         i ? "second" : "first");
        if (status == 0)
                status = compare_all(&pair, ret, err);
        json_decref(pair.report[0]);
        json_decref(pair.report[1]);
        return status;
}
