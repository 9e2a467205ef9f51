/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that the run was given as secrets, whatever their format: an agent that writes a file of settings writes the credential
 * that it works with as easily as a name for it. Only what was drawn counts: a variable named like a secret may be "production".
 */
#include "policy/gates/secret_search.h"
#include "policy/gates/secret_value.h"

#include "lib/base/redact.h"

#include <string.h>

#define RULE "known-secret"
#define MODE_TYPE 0170000u
#define MODE_LINK 0120000u

static bool holds(const char *text, size_t len, const struct redact_value *value)
{
        return memmem(text, len, value->bytes, value->len) != NULL;
}

/* Taken away somewhere: it only moves. */
static bool is_moved(const struct judgement *judgement, const struct redact_value *value)
{
        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];

                for (size_t k = 0; k < change->lines_len; k++)
                        if (change->lines[k].sign == '-' && holds(change->lines[k].text, change->lines[k].len, value))
                                return true;
        }
        return false;
}

static bool in_lines(const struct change *change, const struct redact_value *value, uint32_t *ret_line)
{
        for (size_t i = 0; i < change->lines_len; i++)
                if (change->lines[i].sign == '+' && holds(change->lines[i].text, change->lines[i].len, value)) {
                        *ret_line = change->lines[i].number;
                        return true;
                }
        return false;
}

/* What has no lines, or more than are at hand; read once for all values. Which cannot be read is told by secret_search(). */
struct content {
        struct str now;
        bool looked, is_there;
};

static bool has_now(const struct judgement *judgement, const struct change *change, const struct redact_value *value,
                    struct content *content)
{
        struct err ignored = ERR_INIT;

        if (!change->binary && !change->text_left_out && (change->new_mode & MODE_TYPE) != MODE_LINK)
                return false;
        if (!content->looked)
                content->is_there =
                        judgement->read->read(judgement->read->data, change->path, true, &content->now, &ignored) >= 0;
        content->looked = true;
        return content->is_there && holds(str_text(&content->now), content->now.len, value);
}

static bool had_before(const struct judgement *judgement, const struct change *change, const struct redact_value *value)
{
        _cleanup_str_ struct str before = {0};
        struct err ignored = ERR_INIT;

        return change->old_mode &&
               judgement->read->read(judgement->read->data, change->path, false, &before, &ignored) >= 0 &&
               holds(str_text(&before), before.len, value);
}

/* A version or a region may be required of the environment just as a password is. */
static bool is_drawn(const struct redact_value *value)
{
        return secret_is_random(value->bytes, value->len) ||
               (secret_is_password(value->bytes, value->len) && !secret_is_spelled(value->bytes, value->len));
}

static bool brings(const struct judgement *judgement, const struct change *change, const struct redact_value *value,
                   struct content *content, uint32_t *ret_line)
{
        return in_lines(change, value, ret_line) ||
               (has_now(judgement, change, value, content) && !had_before(judgement, change, value));
}

void secret_known(const struct judgement *judgement, const struct change *change)
{
        const struct redact *known = judgement->read ? judgement->read->known : NULL;
        struct content content = {.looked = false};
        bool told = false;

        for (size_t i = 0; known && change->new_mode && i < known->len && !told; i++) {
                const struct redact_value *value = &known->values[i];
                uint32_t line = 0;
                bool named = change->kind == CHANGE_ADDED && holds(change->path, strlen(change->path), value);

                if (!is_drawn(value) || (!named && !brings(judgement, change, value, &content, &line)) ||
                    is_moved(judgement, value))
                        continue;
                gate_find(judgement, &(struct gate_at){.path = change->path, .line = line, .rule = RULE},
                          named ? "has in its name a secret that the run was given"
                                : "holds a secret that the run was given");
                told = true;
        }
        str_release(&content.now);
}
