/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/secret_search.h"

#include "lib/base/cleanup.h"
#include "policy/gates/secret_form.h"
#include "policy/gates/secret_mask.h"
#include "policy/gates/source.h"
#include "policy/plan.h"

#include <string.h>

#define MODE_TYPE 0170000u
#define MODE_LINK 0120000u /* where it leads is no line of text */
#define KNOWN_MAX 1000     /* matches that are looked up elsewhere: what comes behind them counts as new */

/* One text that is searched, and how a place in it is told. */
struct search {
        const struct judgement *judgement;
        const struct change *change;
        const char *text;
        size_t len;
        const struct str *known[2]; /* texts in which it may stand already: that is told elsewhere, or nothing new */
        const struct secret_form *form; /* NULL: the text is the change's own */
        const struct source *source;    /* of the form; NULL: no line is told */
        const char *where;              /* "…, in the file's name"; NULL: the rule's own sentence */
};

static bool is_known(const struct search *search, const struct pattern_span *span)
{
        for (size_t i = 0; i < 2; i++)
                if (search->known[i] && memmem(str_text(search->known[i]), search->known[i]->len,
                                               search->text + span->at, span->at_end - span->at))
                        return true;
        return false;
}

static void say(const struct search *search, const struct gate_rule *rule, const struct pattern_span *span)
{
        _cleanup_free_ char *text = xasprintf("%s%s", rule->text, search->where ? search->where : "");
        _cleanup_str_ struct str path = {0};
        uint32_t line = 0;

        if (search->source && search->source->len)
                line = search->source->lines[source_line_at(search->source, secret_form_origin(search->form, span->at))]
                               .number;
        if (search->text == search->change->path)
                secret_mask(search->text, search->len, &path);
        else
                str_puts(&path, search->change->path);
        gate_find(search->judgement, &(struct gate_at){.path = str_text(&path), .line = line, .rule = rule->id}, text);
}

/* Whatever decoys stand before it: the first that is meant. */
static void search_rule(const struct search *search, size_t index, const struct gate_rule *rule)
{
        struct gate_match match = {.rule = rule, .change = search->change, .line_text = ""};
        enum pattern_found found = PATTERN_NOTHING;
        struct pattern_span span;
        size_t known = 0;

        for (size_t from = 0;
             (found = pattern_find(rule_pattern(index), search->text, search->len, from, &span)) == PATTERN_FOUND;
             from = span.end) {
                match.text = search->text + span.at;
                match.len = span.at_end - span.at;
                if (secret_is_meant(&match) && (known++ >= KNOWN_MAX || !is_known(search, &span))) {
                        say(search, rule, &span);
                        return;
                }
        }
        if (found == PATTERN_GAVE_UP)
                gate_unjudged(search->judgement, search->change, rule->id);
}

static void search_text(const struct search *search)
{
        const struct gate_rule *rule;

        for (size_t i = 0; search->len && (rule = rule_at(i)); i++)
                if (rule->gate == GATE_SECRETS && rule->pattern && rule->place == EVERYWHERE &&
                    strncmp(rule->id, "assigned", 8) != 0 && rule_level(search->judgement->plan, rule) != GATE_OFF &&
                    rule_has_hint(rule, search->text, search->len))
                        search_rule(search, i, rule);
}

/* ---- What is no text ---- */

static void search_bytes(const struct judgement *judgement, const struct change *change)
{
        _cleanup_str_ struct str bytes = {0}, old = {0};
        _cleanup_secret_form_ struct secret_form narrow = {0};
        struct search search = {.judgement = judgement, .change = change, .known = {&old, NULL}};
        struct err err = ERR_INIT, ignored = ERR_INIT;

        if (!judgement->read || judgement->read->read(judgement->read->data, change->path, true, &bytes, &err) < 0) {
                const enum gate_level most = judgement->plan->pre_existing_blocks ? GATE_OFF : GATE_WARN; /* strict */

                gate_find(judgement, &(struct gate_at){.path = change->path, .most = most, .rule = "not-searched"},
                          "was not searched for secrets: it is over 4 MiB, or cannot be read");
                return;
        }
        if (change->old_mode)
                (void)judgement->read->read(judgement->read->data, change->path, false, &old, &ignored);
        search.text = str_text(&bytes);
        search.len = bytes.len;
        search_text(&search);
        secret_form_narrow(&narrow, str_text(&bytes), bytes.len);
        search.text = str_text(&narrow.text);
        search.len = narrow.text.len;
        search.known[1] = &bytes;
        search_text(&search);
}

/* ---- Lines, in another form ---- */

static void search_form(const struct judgement *judgement, const struct change *change, const struct source sides[2],
                        void (*make)(struct secret_form *form, const char *text, size_t len), const char *where)
{
        _cleanup_secret_form_ struct secret_form form = {0}, old = {0};
        struct search search = {.judgement = judgement,
                                .change = change,
                                .known = {&sides[1].text, &old.text},
                                .form = &form,
                                .source = &sides[1],
                                .where = where};

        make(&form, str_text(&sides[1].text), sides[1].text.len);
        if (!form.text.len)
                return;
        make(&old, str_text(&sides[0].text), sides[0].text.len);
        search.text = str_text(&form.text);
        search.len = form.text.len;
        search_text(&search);
}

static void search_lines(const struct judgement *judgement, const struct change *change)
{
        struct source sides[2] = {0};

        source_lines(&sides[0], change, false);
        source_lines(&sides[1], change, true);
        search_form(judgement, change, sides, secret_form_joined, ", in pieces");
        search_form(judgement, change, sides, secret_form_decoded, ", in base64");
        source_release(&sides[0]);
        source_release(&sides[1]);
}

/* ---- Names ---- */

static void search_name(const struct judgement *judgement, const struct change *change)
{
        const struct search search = {.judgement = judgement,
                                      .change = change,
                                      .text = change->path,
                                      .len = strlen(change->path),
                                      .where = ", in its name"};

        if (change->kind == CHANGE_ADDED)
                search_text(&search);
}

void secret_search(const struct judgement *judgement, const struct change *change)
{
        if (!change->new_mode)
                return;
        search_name(judgement, change);
        if ((change->binary || (change->new_mode & MODE_TYPE) == MODE_LINK) &&
            strcmp(change->old_id, change->new_id) != 0)
                search_bytes(judgement, change);
        else if (change->lines_len)
                search_lines(judgement, change);
}
