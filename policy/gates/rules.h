/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_RULES_H
#define CUPEL_POLICY_GATES_RULES_H

/*
 * The rules of the gates: one table, each row with an id, what it looks for, and two examples that the tests hold it to. A rule with
 * a pattern is looked for in what a change adds; one without is found by its gate's own code, and stands here for its id, its level
 * and its examples. To add one is to add a row (policy/gates/rules_*.c).
 *
 *         rules_each(judgement, found, data);           every rule of the judgement's gate that has a pattern; `found` hears of each match
 *         rule_say(judgement, match);                   says it
 *
 * What counts as added: a match that touches an added line, or that a removal changed (a function that lost its body). Not counted is
 * what only moved (each of its lines was removed somewhere in the change), and as many matches as the same hunk had before: a line that was
 * edited around its marker.
 *
 * Patterns: PCRE2, line by line anchors, bytes (policy/gates/pattern.h). "(?<at>…)" is the part that is told. A repetition of what may
 * be long is bounded ("[^)\n]{0,200}", never ".*"), so that no text makes a search slow; a search that hits the bound all the same
 * is said as "could not be judged", and blocks where the rule blocks.
 */

#include "policy/gates/judgement.h"
#include "policy/gates/language.h"
#include "policy/gates/pattern.h"
#include "policy/gates/source.h"

enum place {
        EVERYWHERE,
        OUTSIDE_TESTS, /* of the policy's `tests` */
        IN_TESTS,
};

struct gate_rule {
        const char *id; /* unique; [a-z0-9-] */
        enum gate gate;
        enum gate_level
                level; /* what it says where its gate blocks; WARN where real changes match it too often to block */
        uint32_t languages; /* IN(C) | IN(CPP), IN_CODE; IN_ANY: whatever the file is, and only what is added is read */
        enum view view;     /* VIEW_RAW where `languages` is IN_ANY */
        enum place place;
        bool by_value;    /* another text in the place of one that matched before is told as well */
        const char *hint; /* of these texts ("a|b") one must be there before the pattern is tried; NULL: try always */
        const char *pattern; /* NULL: the gate's own code looks */
        /*
         * A new file's text, or a change: "--- path" (old side), its lines, "+++ path" (new side), its lines, as often as there are
         * files. A new file's path is `path`, or one of the first of `languages`.
         */
        const char *path, *must_match, *must_not;
        const char *text; /* "is …": what is said behind the place */
};

struct gate_match {
        const struct gate_rule *rule;
        const struct change *change;
        uint32_t line;
        uint32_t lines;   /* of the whole match */
        const char *text; /* the part that it is about; it may have several lines */
        size_t len;
        const char *line_text; /* the line on which that begins */
        size_t line_len;
};

typedef void (*gate_match_fn)(const struct judgement *judgement, const struct gate_match *match, void *data);

void rules_each(const struct judgement *judgement, gate_match_fn found, void *data);

/* A match with its place and the rule's sentence; the excerpt is the line. */
void rule_say(const struct judgement *judgement, const struct gate_match *match);

/* For gates that look themselves: the rule's pattern, compiled once; whether its hint is in the text, so that it is worth a try. */
struct pattern *rule_pattern(size_t index);
bool rule_has_hint(const struct gate_rule *rule, const char *text, size_t len);

/* NULL: there is none. Of the whole table, for documentation and tests: rule_at(0), rule_at(1), … until NULL. */
const struct gate_rule *rule_find(const char *id);
const struct gate_rule *rule_at(size_t index);

/* What a rule says under this plan: what the plan says of it, else its own level, within its gate's. */
enum gate_level rule_level(const struct plan *plan, const struct gate_rule *rule);

/* "not judged": fails closed, at the level of the gate. `line` as in struct gate_at. */
void gate_unjudged(const struct judgement *judgement, const struct change *change, const char *why);

/* `text` as an excerpt: one line without its indentation, at most EXCERPT_MAX bytes, harmless to print, secrets masked. */
#define EXCERPT_MAX 120
char *gate_excerpt(const char *text, size_t len);

/* The tables, one per gate that has rules. */
struct gate_rules {
        const struct gate_rule *rules;
        size_t len;
};
extern const struct gate_rules rules_anti_stub, rules_bodies, rules_test_tamper, rules_secrets, rules_secret_files,
        rules_generated, rules_file_types, rules_whitespace, rules_no_copy;

#endif
