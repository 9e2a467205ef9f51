/* SPDX-License-Identifier: Apache-2.0 */
/* The table of reasons, and one small function per reason that looks whether it holds and says of what. */
#include "policy/risk.h"

#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "lib/base/json.h"
#include "policy/plan.h"

#include <stdlib.h>
#include <string.h>

#define LARGE_FILES 50
#define LARGE_LINES 2000
#define HUGE_FILES 1000
#define HUGE_LINES 20000
#define SENTENCE_MAX 600 /* bytes */

static const struct {
        const char *id;
        enum risk level;
        const char *meaning;
} table[] = {
#define X(reason, id_, level_, text) [RISK_BY_##reason] = {(id_), RISK_##level_, (text)},
        RISKS(X)
#undef X
};

const char *risk_reason_id(enum risk_reason reason)
{
        return table[reason].id;
}

enum risk risk_reason_level(enum risk_reason reason)
{
        return table[reason].level;
}

const char *risk_reason_meaning(enum risk_reason reason)
{
        return table[reason].meaning;
}

static void raise(struct risk_report *risk, enum risk level)
{
        if (level > risk->level)
                risk->level = level;
}

/* "ID (LEVEL): sentence" → its level. */
static int level_told(const char *reason)
{
        const char *at = strchr(reason, '(');

        for (int i = 0; at && risk_names[i]; i++)
                if (strncmp(at + 1, risk_names[i], strlen(risk_names[i])) == 0)
                        return i;
        return RISK_LOW;
}

/* Behind those of its level. */
static void insert(struct strv *reasons, char *owned, enum risk level)
{
        size_t at = reasons->len;

        strv_take(reasons, owned);
        for (; at && level_told(reasons->items[at - 1]) < (int)level; at--)
                reasons->items[at] = reasons->items[at - 1];
        reasons->items[at] = owned;
}

/* A path may have thousands of bytes; all reasons together are a part of one event. */
static void put_cut(struct str *out, const char *sentence)
{
        const size_t len = strlen(sentence);
        size_t cut = len < SENTENCE_MAX ? len : SENTENCE_MAX;

        while (cut < len && cut && ((unsigned char)sentence[cut] & 0xc0) == 0x80)
                cut--;
        str_append(out, sentence, cut);
        if (cut < len)
                str_puts(out, " …");
}

static void add(struct risk_report *risk, enum risk_reason reason, enum risk level, const char *sentence)
{
        struct str text = {0};

        raise(risk, level);
        str_printf(&text, "%s (%s): ", table[reason].id, risk_names[level]);
        put_cut(&text, sentence);
        insert(&risk->reasons, str_steal(&text), level);
}

/* ---- At the start ---- */

bool risk_names_protected(const struct work_item *item, const struct policy *policy)
{
        _cleanup_ignore_ struct ignore rules = {0};
        bool found = false;

        for (size_t i = 0; i < policy->protected_paths.len; i++)
                ignore_add(&rules, "", policy->protected_paths.items[i]);
        for (size_t i = 0; i < item->paths.allow.len && !found; i++) {
                const char *glob = item->paths.allow.items[i];

                found = ignore_covers(&rules, glob + (*glob == '/'), false);
        }
        return found;
}

/* What is low by itself is no reason. */
void risk_at_start(const struct risk_start *start, struct risk_report *ret)
{
        if (start->item->risk > (int)RISK_LOW)
                add(ret, RISK_BY_ITEM, (enum risk)start->item->risk, "the work item says so");
        if (start->repository > (int)RISK_LOW)
                add(ret, RISK_BY_REPOSITORY, (enum risk)start->repository,
                    "the repository was admitted with that risk");
        if (risk_names_protected(start->item, start->policy))
                add(ret, RISK_BY_NAMES_PROTECTED, RISK_HIGH, "the item's allowed paths name a protected path");
}

/* ---- At the decision ---- */

struct look {
        const struct risk_input *input;
        struct str text;
};

/* The first path of a gate's findings, and how many more there are. */
static bool look_at_gate(struct look *look, enum gate gate, const char *what)
{
        const struct gate_report *gates = look->input->gates;
        const size_t found = gates ? gates->found[gate] : 0;

        if (found)
                str_puts(&look->text, gates->first[gate]);
        if (found > 1)
                str_printf(&look->text, ", and %zu more", found - 1);
        if (!found && gate == GATE_PROTECTED && gates && gates->touches_protected)
                str_puts(&look->text, what);
        return look->text.len > 0;
}

static bool is_protected(struct look *look)
{
        return look_at_gate(look, GATE_PROTECTED, "a protected path changes");
}

static bool is_tampered(struct look *look)
{
        return look_at_gate(look, GATE_TEST_TAMPER, "");
}

static bool has_secrets(struct look *look)
{
        return look_at_gate(look, GATE_SECRETS, "");
}

static uint64_t lines_of(const struct change_list *changes)
{
        return changes->lines_added + changes->lines_removed;
}

static bool is_beyond(struct look *look, size_t files, uint64_t lines)
{
        const struct change_list *changes = look->input->changes;

        if (!changes || (changes->len <= files && lines_of(changes) <= lines))
                return false;
        str_printf(&look->text, "%zu file%s and %llu lines change", changes->len, changes->len == 1 ? "" : "s",
                   (unsigned long long)lines_of(changes));
        return true;
}

static bool is_huge(struct look *look)
{
        return is_beyond(look, HUGE_FILES, HUGE_LINES);
}

static bool is_large(struct look *look)
{
        struct look huge = {.input = look->input};
        bool beyond = is_beyond(&huge, HUGE_FILES, HUGE_LINES);

        str_release(&huge.text);
        return !beyond && is_beyond(look, LARGE_FILES, LARGE_LINES);
}

static void put_path(struct str *out, const char *path)
{
        str_put_quoted(out, path, strlen(path));
}

static bool adds_dependencies(struct look *look)
{
        const struct change_list *changes = look->input->changes;
        size_t found = 0;

        for (size_t i = 0; changes && i < changes->len; i++) {
                const char *ecosystem = risk_dependencies(&changes->items[i]);

                if (!ecosystem || ++found > 3)
                        continue;
                str_puts(&look->text, found == 1 ? "dependencies may change: " : ", ");
                put_path(&look->text, changes->items[i].path);
                str_printf(&look->text, " (%s)", ecosystem);
        }
        if (found > 3)
                str_printf(&look->text, ", and %zu more", found - 3);
        return found > 0;
}

#define EXECUTABLE 0100755u

static bool adds_executables(struct look *look)
{
        const struct change_list *changes = look->input->changes;
        size_t found = 0;

        for (size_t i = 0; changes && i < changes->len; i++) {
                const struct change *change = &changes->items[i];

                if (change->new_mode != EXECUTABLE || change->old_mode == EXECUTABLE)
                        continue;
                if (++found == 1)
                        put_path(&look->text, change->path);
        }
        if (found > 1)
                str_printf(&look->text, " and %zu more", found - 1);
        if (found)
                str_puts(&look->text, found == 1 ? " is newly executable" : " are newly executable");
        return found > 0;
}

static bool (*const looks[RISK_REASON_COUNT])(struct look *look) = {
        [RISK_BY_PROTECTED] = is_protected,
        [RISK_BY_TEST_TAMPER] = is_tampered,
        [RISK_BY_SECRETS] = has_secrets,
        [RISK_BY_HUGE] = is_huge,
        [RISK_BY_LARGE] = is_large,
        [RISK_BY_DEPENDENCIES] = adds_dependencies,
        [RISK_BY_EXECUTABLES] = adds_executables,
};

void risk_judge(const struct risk_input *input, struct risk_report *ret)
{
        raise(ret, (enum risk)input->plan->risk);
        strv_copy(&ret->reasons, &input->plan->risk_why);
        for (size_t i = 0; i < RISK_REASON_COUNT; i++) {
                struct look look = {.input = input};

                if (looks[i] && looks[i](&look))
                        add(ret, (enum risk_reason)i, table[i].level, str_text(&look.text));
                str_release(&look.text);
        }
}

void risk_release(struct risk_report *risk)
{
        strv_release(&risk->reasons);
        *risk = (struct risk_report){0};
}

struct json_t *risk_json(const struct risk_report *risk)
{
        json_t *reasons = json_array();

        for (size_t i = 0; i < risk->reasons.len; i++)
                json_array_append_new(reasons, json_quoted(risk->reasons.items[i]));
        return json_pack("{s:s, s:o}", "level", risk_names[risk->level], "reasons", reasons);
}
