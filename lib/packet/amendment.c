/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/packet/amendment.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/packet/folder.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX ((size_t)16 << 20)
#define TYPE "dev.cupel.amendment"

static const struct amendable {
        const char *field;
        enum amend_takes takes;
        const char *place, *doc;
} table[] = {
#define X(field, takes, place, doc) {field, AMEND_##takes, place, doc},
        AMENDABLE(X)
#undef X
};

static const char *const choices[] = {
        [AMEND_RISK] = "low|medium|high|critical",
        [AMEND_WORD] = "allowed|person|never",
        [AMEND_STATUS] = "accepted|held|rejected|withheld",
};

static const struct amendable *find(const char *field)
{
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
                if (strcmp(table[i].field, field) == 0)
                        return &table[i];
        return NULL;
}

const char *packet_amendable(size_t index, const char **ret_takes)
{
        if (index >= sizeof(table) / sizeof(table[0]))
                return NULL;
        *ret_takes = table[index].doc;
        return table[index].field;
}

/* ---- Values ---- */

static bool is_choice(const char *list, const char *word)
{
        const size_t len = strlen(word);

        for (const char *at = list; len;) {
                const size_t here = strcspn(at, "|");

                if (here == len && strncmp(at, word, len) == 0)
                        return true;
                if (!at[here])
                        break;
                at += here + 1;
        }
        return false;
}

/* NULL: it takes no such value. Owned by the caller. */
static struct json_t *value_of(const struct amendable *row, const char *text)
{
        char *end = NULL;
        double number;

        if (row->takes == AMEND_TEXT)
                return *text ? json_string(text) : NULL;
        if (row->takes != AMEND_USD)
                return is_choice(choices[row->takes], text) ? json_string(text) : NULL;
        errno = 0;
        number = strtod(text, &end);
        return *text && !*end && errno == 0 && isfinite(number) && number >= 0 ? json_real(number) : NULL;
}

static bool takes(const struct amendable *row, const struct json_t *value)
{
        _cleanup_json_ struct json_t *same = NULL;

        if (row->takes == AMEND_USD)
                return json_is_number(value) && json_number_value(value) >= 0;
        same = json_is_string(value) ? value_of(row, json_string_value(value)) : NULL;
        return same != NULL;
}

/* What holds: of the report's artifacts by path, of fields by the amendments so far. */
struct holding {
        const struct json_t *report;
        struct json_t *artifacts, *amended;
};

static void holding_release(struct holding *holding)
{
        json_decref(holding->artifacts);
        json_decref(holding->amended);
}

static void holding_init(struct holding *holding, const struct json_t *report)
{
        struct json_t *item;
        size_t i;

        *holding = (struct holding){.report = report, .artifacts = json_object(), .amended = json_object()};
        json_array_foreach(json_object_get(json_object_get(report, "artifacts"), "items"), i, item)
        {
                const char *path = json_text_of(item, "path");

                if (!json_object_get(holding->artifacts, path))
                        json_object_set(holding->artifacts, path, item);
        }
}

static char *amended_key(const char *field, const char *artifact)
{
        return xasprintf("%s\n%s", field, artifact ? artifact : "");
}

static void holding_amend(struct holding *holding, const struct json_t *amendment)
{
        _cleanup_free_ char *key = amended_key(json_text_of(amendment, "field"), json_text_of(amendment, "artifact"));

        json_object_set(holding->amended, key, json_object_get(amendment, "new"));
}

/* What the report has at "a.b.c"; borrowed, NULL where there is nothing. */
static struct json_t *at_place(const struct json_t *report, const char *place)
{
        struct json_t *value = (struct json_t *)report;

        while (place && value) {
                const size_t len = strcspn(place, ".");
                _cleanup_free_ char *name = xmemdup(place, len);

                value = json_object_get(value, name);
                place = place[len] ? place + len + 1 : NULL;
        }
        return value;
}

/* Owned by the caller. */
static struct json_t *old_of(const struct holding *holding, const struct amendable *row, const char *artifact)
{
        _cleanup_free_ char *key = amended_key(row->field, artifact);
        struct json_t *old = json_object_get(holding->amended, key);

        if (!old)
                old = artifact     ? json_object_get(json_object_get(holding->artifacts, artifact), "status")
                      : row->place ? at_place(holding->report, row->place)
                                   : NULL;
        return old ? json_incref(old) : json_null();
}

/* ---- A new one ---- */

static int no_such_field(const char *field, struct err *err)
{
        _cleanup_str_ struct str names = {0};

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
                str_printf(&names, "%s%s", i ? ", " : "", table[i].field);
        return err_set(err, ERR_INPUT,
                       "\"%.64s\" cannot be amended: what was verified, measured and decided stays as it is; "
                       "expected one of %s",
                       field, str_text(&names));
}

int packet_amend_check(int packet, const struct json_t *report, const struct packet_amend *amend, struct json_t **ret,
                       struct err *err)
{
        const char *field = amend->artifact ? AMEND_ARTIFACT : amend->field;
        const struct amendable *row = find(field);
        _cleanup_json_ struct json_t *list = packet_amendments(packet), *value = NULL;
        __attribute__((cleanup(holding_release))) struct holding holding;
        struct json_t *earlier;
        size_t i;

        holding_init(&holding, report);
        json_array_foreach(list, i, earlier) holding_amend(&holding, earlier);
        if (!row)
                return no_such_field(field, err);
        if (row->takes == AMEND_STATUS && !amend->artifact)
                return err_set(err, ERR_INPUT, "say which: --artifact PATH --value %s", choices[AMEND_STATUS]);
        if (amend->artifact && !json_object_get(holding.artifacts, amend->artifact))
                return err_set(err, ERR_NOT_FOUND, "the run has no artifact \"%.200s\": its report lists them",
                               amend->artifact);
        value = value_of(row, amend->value);
        if (!value)
                return err_set(err, ERR_INPUT, "%s cannot become \"%.64s\"; expected %s", field, amend->value,
                               row->doc);
        *ret = json_pack("{s:s, s:o, s:O, s:s}", "field", field, "old", old_of(&holding, row, amend->artifact), "new",
                         value, "reason", amend->reason);
        if (amend->artifact)
                json_object_set_new(*ret, "artifact", json_string(amend->artifact));
        return 0;
}

/* ---- Those that there are ---- */

static struct json_t *read_line(const char *line, size_t len)
{
        struct err ignored = ERR_INIT;
        _cleanup_json_ struct json_t *event = json_parse(line, len, AMENDMENTS_FILE, &ignored);
        struct json_t *data = json_object_get(event, "data");

        if (!json_is_object(data) || strcmp(json_text_of(event, "type"), TYPE) != 0)
                return NULL;
        data = json_copy(data);
        json_object_set(data, "time", json_object_get(event, "time"));
        return data;
}

static struct json_t *read_all(int packet, size_t *ret_odd)
{
        _cleanup_str_ struct str text = {0};
        struct err ignored = ERR_INIT;
        struct json_t *list = json_array(), *one;

        *ret_odd = 0;
        if (packet_read(packet, AMENDMENTS_FILE, BYTES_MAX, &text, &ignored) < 0) {
                *ret_odd = ignored.code != ERR_NOT_FOUND;
                return list;
        }
        for (const char *at = str_text(&text); *at;) {
                const size_t len = strcspn(at, "\n");

                if ((one = read_line(at, len)))
                        json_array_append_new(list, one);
                else
                        ++*ret_odd;
                at += len + (at[len] == '\n');
        }
        return list;
}

struct json_t *packet_amendments(int packet)
{
        size_t odd;

        return read_all(packet, &odd);
}

void packet_amendments_check(int packet, const struct json_t *report, struct strv *ret_faults)
{
        size_t odd = 0, i;
        _cleanup_json_ struct json_t *list = read_all(packet, &odd);
        __attribute__((cleanup(holding_release))) struct holding holding;
        struct json_t *one;

        holding_init(&holding, report);
        if (odd)
                strv_add(ret_faults, AMENDMENTS_FILE ": it holds what is no amendment");
        json_array_foreach(list, i, one)
        {
                const struct amendable *row = find(json_text_of(one, "field"));
                const char *artifact = json_string_value(json_object_get(one, "artifact"));
                _cleanup_json_ struct json_t *old = row ? old_of(&holding, row, artifact) : NULL;

                if (!row || !takes(row, json_object_get(one, "new")) || !json_text_of(one, "reason")[0])
                        strv_add_printf(ret_faults, AMENDMENTS_FILE " line %zu: nobody may amend that so", i + 1);
                else if (!json_equal(old, json_object_get(one, "old")))
                        strv_add_printf(ret_faults, AMENDMENTS_FILE " line %zu: what it says was there before was not",
                                        i + 1);
                holding_amend(&holding, one);
        }
}
