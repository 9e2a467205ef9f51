/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gate test_tamper: tests that say less than before. Marks that turn tests off are rules with patterns. What goes away is
 * counted here, over all files of tests together, so that a test that moved to another file is not missed: names of cases,
 * assertions, files, and the lines that register tests with a build. Where the change takes more code away than it adds, tests
 * may well go with it: then they are told, and not refused.
 */
#include "policy/gates/rules.h"

#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "policy/gates/test_count.h"
#include "policy/plan.h"

#include <ctype.h>
#include <string.h>

#define GAINED_MAX                                                                                                     \
        20000       /* names of cases that are looked through for one that moved; a case beyond them counts as lost */
#define TOLD_MAX 50 /* lost cases of one file */

/* One changed file that is a test on one of its sides, or source code with tests in it. */
struct test_file {
        const struct change *change;
        struct test_count before, after;
};

struct tally {
        const struct judgement *judgement;
        struct test_file *files;
        size_t len;
        struct strv gained;   /* names of cases that the new files have, each as often as it is there */
        size_t before, after; /* assertions */
        bool code_went;       /* outside of tests, more lines were removed than added */
};

/* A name that is there once is taken once. */
static bool take(struct strv *names, const char *name)
{
        for (size_t i = 0; i < names->len; i++)
                if (names->items[i] && !strcmp(names->items[i], name)) {
                        names->items[i][0] = '\0';
                        return true;
                }
        return false;
}

static void count_side(const struct tally *tally, const struct change *change, bool new_side, struct test_count *ret)
{
        _cleanup_source_ struct source source = {0};
        struct err ignored = ERR_INIT; /* what cannot be read was told by rules_each() */

        if (((new_side ? change->new_mode : change->old_mode) & 0170000) == 0100000 && !change->binary &&
            source_open(&source, tally->judgement, change, new_side, &ignored) == 0)
                test_count(&source, ret);
}

static void tally_up(struct tally *tally)
{
        _cleanup_ignore_ struct ignore tests = judgement_rules(&tally->judgement->plan->paths.tests);
        const struct change_list *changes = tally->judgement->changes;
        uint64_t added = 0, removed = 0;

        tally->files = xcalloc(changes->len + 1, sizeof(*tally->files));
        for (size_t i = 0; i < changes->len; i++) {
                const struct change *change = &changes->items[i];
                const enum language language = language_of(change->path, "", 0);
                const bool test = ignore_covers(&tests, change->path, false);
                struct test_file *file = &tally->files[tally->len];

                if (!test && language != LANG_NONE) {
                        added += change->lines_added;
                        removed += change->lines_removed;
                }
                if (!test && language != LANG_RUST) /* where tests live beside the code */
                        continue;
                file->change = change;
                count_side(tally, change, false, &file->before);
                count_side(tally, change, true, &file->after);
                tally->before += file->before.asserts;
                tally->after += file->after.asserts;
                for (size_t k = 0; k < file->after.names.len && tally->gained.len < GAINED_MAX; k++)
                        strv_add(&tally->gained, file->after.names.items[k]);
                tally->len++;
        }
        tally->code_went = removed > added;
}

static void tally_release(struct tally *tally)
{
        for (size_t i = 0; i < tally->len; i++) {
                test_count_release(&tally->files[i].before);
                test_count_release(&tally->files[i].after);
        }
        free(tally->files);
        strv_release(&tally->gained);
}

static void say(const struct tally *tally, const struct gate_at *at, const char *rule, const char *text)
{
        struct gate_at place = *at;

        place.rule = rule;
        if (tally->code_went && strcmp(rule, "test-uncollected") != 0 && strcmp(rule, "test-moved-away") != 0)
                place.rule = "test-went-with-code";
        gate_find(tally->judgement, &place, text);
}

static bool is_named_as_test(const char *path)
{
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

        return strcasestr(name, "test") || strcasestr(name, "spec");
}

/* Below the tests alone is not enough: runners look at what a file is called, too. */
static bool still_runs(const char *from, const char *to)
{
        const enum language language = language_of(from, "", 0);
        const bool by_name = language == LANG_PYTHON || language == LANG_GO || language == LANG_JS;

        return language == language_of(to, "", 0) && (!by_name || is_named_as_test(to) || !is_named_as_test(from));
}

/* The same bytes came back under another path: of a test, or of none. */
static const char *moved_to(const struct tally *tally, const struct change *gone, bool *ret_test)
{
        _cleanup_ignore_ struct ignore tests = judgement_rules(&tally->judgement->plan->paths.tests);
        const struct change_list *changes = tally->judgement->changes;

        for (size_t i = 0; i < changes->len; i++)
                if (changes->items[i].kind == CHANGE_ADDED && !strcmp(changes->items[i].new_id, gone->old_id) &&
                    gone->old_id[0]) {
                        *ret_test = ignore_covers(&tests, changes->items[i].path, false) &&
                                    still_runs(gone->path, changes->items[i].path);
                        return changes->items[i].path;
                }
        return NULL;
}

/* The name is still there as a part of another, or without what makes it a test. */
static uint32_t still_there(const struct tally *tally, const struct change *change, const char *name)
{
        _cleanup_source_ struct source source = {0};
        struct err ignored = ERR_INIT;
        const char *text, *at, *word = name + strspn(name, "\"'`");
        size_t len = strcspn(word, "\"'`(");

        if (change->kind == CHANGE_DELETED || len < 5 ||
            source_open(&source, tally->judgement, change, true, &ignored) < 0)
                return 0;
        text = source_view(&source, VIEW_CODE);
        for (at = text; (at = memmem(at, source.text.len - (size_t)(at - text), word, len)); at += len) {
                const size_t line = source_line_at(&source, (size_t)(at - text));

                if (source.lines[line].hunk != NO_HUNK && at > text &&
                    (isalnum((unsigned char)at[-1]) || at[-1] == '_'))
                        return source.lines[line].number;
        }
        return 0;
}

static void judge_lost(const struct tally *tally, const struct test_file *file, const struct strv *lost)
{
        const struct change *change = file->change;
        bool to_test = false;
        const char *to = change->kind == CHANGE_DELETED ? moved_to(tally, change, &to_test) : NULL;
        _cleanup_str_ struct str text = {0};

        if (to && to_test)
                return;
        if (to) {
                str_puts(&text, "is a test that went to ");
                str_put_quoted(&text, to, strlen(to));
                str_puts(&text, ", where no test is looked for");
                say(tally, &(struct gate_at){.path = change->path}, "test-moved-away", str_text(&text));
                return;
        }
        if (change->kind == CHANGE_DELETED) {
                if (lost->len || !file->before.names.len)
                        say(tally, &(struct gate_at){.path = change->path},
                            file->before.names.len ? "test-deleted" : "test-data-deleted",
                            file->before.names.len ? "is a file of tests that is deleted"
                                                   : "belongs to the tests and is deleted");
                return;
        }
        for (size_t i = 0; i < lost->len && i < TOLD_MAX; i++) {
                _cleanup_free_ char *excerpt = gate_excerpt(lost->items[i], strlen(lost->items[i]));
                const uint32_t line = still_there(tally, change, lost->items[i]);

                say(tally, &(struct gate_at){.path = change->path, .line = line, .excerpt = excerpt},
                    line ? "test-uncollected" : "test-removed",
                    line ? "renames a test so that nobody runs it" : "has a test less than before");
        }
}

static void judge_files(struct tally *tally)
{
        for (size_t i = 0; i < tally->len; i++) {
                const struct test_file *file = &tally->files[i];
                _cleanup_strv_ struct strv lost = {0};
                size_t cases = file->before.names.len, now = file->after.names.len;

                for (size_t k = 0; k < cases; k++)
                        if (!take(&tally->gained, file->before.names.items[k]))
                                strv_add(&lost, file->before.names.items[k]);
                /* As many cases as before, under other names: they were renamed, and still run. */
                if (lost.len && file->change->kind != CHANGE_DELETED && now >= cases)
                        continue;
                if (lost.len || file->change->kind == CHANGE_DELETED)
                        judge_lost(tally, file, &lost);
        }
}

static void judge_asserts(const struct tally *tally)
{
        for (size_t i = 0; i < tally->len && tally->after < tally->before; i++) {
                const struct test_file *file = &tally->files[i];
                _cleanup_str_ struct str text = {0};

                if (file->change->kind != CHANGE_MODIFIED || file->after.asserts >= file->before.asserts ||
                    file->after.names.len < file->before.names.len)
                        continue; /* told as tests that went */
                str_printf(&text, "asserts less than before: %zu of %zu", file->after.asserts, file->before.asserts);
                say(tally, &(struct gate_at){.path = file->change->path},
                    file->after.asserts ? "test-fewer-asserts" : "test-no-asserts", str_text(&text));
        }
}

static bool has_word(const char *path, const char *const *words)
{
        for (; *words; words++)
                if (strstr(path, *words))
                        return true;
        return false;
}

/* What a test is compared with: changed, it says something else, and only a reader knows whether that is right. */
static void judge_expected(const struct tally *tally)
{
        static const char *const words[] = {".snap",      "__snapshots__/", ".golden",    "golden/",  "expected",
                                            ".approved.", ".ref.",          "/baseline/", "-output.", NULL};

        for (size_t i = 0; i < tally->len; i++) {
                const struct change *change = tally->files[i].change;

                if (change->kind == CHANGE_MODIFIED && language_of(change->path, "", 0) == LANG_NONE &&
                    has_word(change->path, words))
                        gate_find(tally->judgement,
                                  &(struct gate_at){.path = change->path, .rule = "test-expected-changed"},
                                  "is what tests compare with, and changes");
        }
}

static bool path_is_build(const char *path)
{
        const char *slash = strrchr(path, '/');

        return !strcmp(slash ? slash + 1 : path, "CMakeLists.txt");
}

/* A document may well name the options that turn tests off. */
static void found(const struct judgement *judgement, const struct gate_match *match, void *data)
{
        static const char *const documents[] = {".md", ".rst", ".txt", ".adoc", ".html", ".1", ".texi", ".po", NULL};
        const char *dot = strrchr(match->change->path, '.');

        (void)data;
        if (dot && path_is_build(match->change->path))
                dot = NULL;
        for (size_t i = 0; match->rule->languages == IN_ANY && dot && documents[i]; i++)
                if (!strcmp(dot, documents[i]))
                        return;
        rule_say(judgement, match);
}

void judge_test_tamper(const struct judgement *judgement)
{
        struct tally tally = {.judgement = judgement};

        rules_each(judgement, found, NULL);
        tally_up(&tally);
        judge_files(&tally);
        judge_asserts(&tally);
        judge_expected(&tally);
        test_registers_judge(judgement, tally.code_went);
        tally_release(&tally);
}
