/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TESTS_POLICY_CHANGES_H
#define CUPEL_TESTS_POLICY_CHANGES_H

/*
 * Changes from a text, without git: the whole text of a new file, or "--- path", the old lines, "+++ path", the new lines, as often as
 * there are files. A mode may stand behind a path, after a tab. One side may be missing. Lines are compared from both ends only, which is enough for examples.
 *
 *         _cleanup_fake_changes_ struct fake_changes fake = {0};
 *         fake_changes_read(&fake, "src/a.c", text);
 *         fake_changes_judge(&fake, "gates: {…}\n", &report);
 */

#include "lib/base/change.h"
#include "lib/base/hash.h"
#include "lib/base/str.h"
#include "policy/plan.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct fake_file {
        char *path;
        struct str sides[2]; /* old, new */
        bool there[2];
        uint32_t modes[2];
};

struct fake_changes {
        struct fake_file files[32];
        size_t len;
        struct change_list list;
        bool paranoid; /* judged in that mood */
};

static struct fake_file *fake_file(struct fake_changes *fake, const char *path, size_t len)
{
        for (size_t i = 0; i < fake->len; i++)
                if (strlen(fake->files[i].path) == len && !memcmp(fake->files[i].path, path, len))
                        return &fake->files[i];
        cr_assert_lt(fake->len, 32);
        fake->files[fake->len].path = strndup(path, len);
        return &fake->files[fake->len++];
}

static size_t fake_split(const struct str *text, const char **ret, size_t max)
{
        size_t len = 0;

        for (const char *at = str_text(text); *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : at + strlen(at)) {
                cr_assert_lt(len, max);
                ret[len++] = at;
        }
        return len;
}

static bool fake_equal(const char *a, const char *b)
{
        size_t len = strcspn(a, "\n");

        return len == strcspn(b, "\n") && !memcmp(a, b, len);
}

static void fake_lines(struct change *change, const struct fake_file *file)
{
        const char *olds[2000], *news[2000];
        size_t was = fake_split(&file->sides[0], olds, 2000), is = fake_split(&file->sides[1], news, 2000), head = 0,
               tail = 0;

        while (head < was && head < is && fake_equal(olds[head], news[head]))
                head++;
        while (tail < was - head && tail < is - head && fake_equal(olds[was - 1 - tail], news[is - 1 - tail]))
                tail++;
        change->lines = calloc(was + is + 1, sizeof(*change->lines));
        for (size_t i = head; i < was - tail; i++)
                change->lines[change->lines_len++] = (struct change_line){.sign = '-',
                                                                          .number = (uint32_t)i + 1,
                                                                          .place = (uint32_t)head,
                                                                          .text = olds[i],
                                                                          .len = strcspn(olds[i], "\n")};
        change->lines_removed = (uint32_t)change->lines_len;
        for (size_t i = head; i < is - tail; i++)
                change->lines[change->lines_len++] = (struct change_line){.sign = '+',
                                                                          .number = (uint32_t)i + 1,
                                                                          .place = (uint32_t)(was - tail),
                                                                          .text = news[i],
                                                                          .len = strcspn(news[i], "\n")};
        change->lines_added = (uint32_t)change->lines_len - change->lines_removed;
}

/* \1 stands for the zero byte that makes a file binary: examples are C texts. */
static bool fake_is_binary(const struct str *side)
{
        return side->len && memchr(side->data, 1, side->len);
}

static void fake_id(const struct str *text, char ret[41])
{
        char hex[HASH_HEX];

        hash_bytes(str_text(text), text->len, hex);
        memcpy(ret, hex, 40);
}

static void fake_make(struct fake_changes *fake)
{
        for (size_t i = 0; i < fake->len; i++) {
                const struct fake_file *file = &fake->files[i];
                struct change *change = change_list_add(&fake->list, file->path);

                change->old_mode = file->there[0] ? file->modes[0] : 0;
                change->new_mode = file->there[1] ? file->modes[1] : 0;
                change->binary = fake_is_binary(&file->sides[0]) || fake_is_binary(&file->sides[1]);
                change->kind = !file->there[0] ? CHANGE_ADDED : !file->there[1] ? CHANGE_DELETED : CHANGE_MODIFIED;
                if (file->there[0])
                        fake_id(&file->sides[0], change->old_id);
                if (file->there[1])
                        fake_id(&file->sides[1], change->new_id);
                change->old_size = file->sides[0].len;
                change->new_size = file->sides[1].len;
                if (file->there[0] && file->there[1] && (file->modes[0] ^ file->modes[1]) & 0170000)
                        change->kind = CHANGE_TYPE;
                if (!change->binary)
                        fake_lines(change, file);
                fake->list.lines_added += change->lines_added;
                fake->list.lines_removed += change->lines_removed;
        }
        change_list_sort(&fake->list);
}

static void __attribute__((unused)) fake_changes_read(struct fake_changes *fake, const char *path, const char *text)
{
        struct fake_file *file = NULL;
        size_t side = 1;

        if (strncmp(text, "--- ", 4) != 0 && strncmp(text, "+++ ", 4) != 0) {
                file = fake_file(fake, path, strlen(path));
                file->there[1] = true;
                file->modes[1] = 0100644;
        }
        for (const char *at = text; *at;) {
                size_t len = strcspn(at, "\n"), whole = len + (at[len] == '\n');

                if (!strncmp(at, "--- ", 4) || !strncmp(at, "+++ ", 4)) {
                        const char *tab = memchr(at, '\t', len);

                        side = *at == '+';
                        file = fake_file(fake, at + 4, (tab ? (size_t)(tab - at) : len) - 4);
                        file->there[side] = true;
                        file->modes[side] = tab ? (uint32_t)strtoul(tab + 1, NULL, 8) : 0100644;
                } else {
                        str_append(&file->sides[side], at, whole);
                }
                at += whole;
        }
        fake_make(fake);
}

static int fake_read(void *data, const char *path, bool new_side, struct str *ret, struct err *err)
{
        const struct fake_changes *fake = data;

        for (size_t i = 0; i < fake->len; i++)
                if (!strcmp(fake->files[i].path, path) && fake->files[i].there[new_side]) {
                        str_append(ret, str_text(&fake->files[i].sides[new_side]), fake->files[i].sides[new_side].len);
                        for (size_t k = 0; k < ret->len; k++)
                                ret->data[k] = ret->data[k] == 1 ? '\0' : ret->data[k];
                        return 0;
                }
        return err_set(err, ERR_NOT_FOUND, "there is no file at \"%s\"", path);
}

static int fake_list(void *data, bool (*enter)(void *arg, const char *folder),
                     void (*take)(void *arg, const char *path), void *arg, struct err *err)
{
        const struct fake_changes *fake = data;

        (void)err;
        for (size_t i = 0; i < fake->len; i++) {
                const char *slash = strrchr(fake->files[i].path, '/');
                char folder[256] = "";

                if (slash)
                        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - fake->files[i].path),
                                 fake->files[i].path);
                if (fake->files[i].there[0] && (!slash || enter(arg, folder)))
                        take(arg, fake->files[i].path);
        }
        return 0;
}

/* Under the built-in policy with `policy` on top, and a work item that asks for nothing special. */
static void __attribute__((unused))
fake_changes_judge(struct fake_changes *fake, const char *policy, struct gate_report *report)
{
        static const char item_text[] = "title: x\nverify: [{name: v, run: 'true'}]\nagent: {command: [a]}\n";
        const struct change_reader reader = {.read = fake_read, .list = fake_list, .data = fake};
        const struct plan_options options = {.mood = fake->paranoid ? (int)MOOD_PARANOID : KEY_UNSET};
        struct err err = ERR_INIT;
        struct work_item item;
        struct policy own, user, effective;
        struct plan plan;

        work_item_init(&item);
        policy_init(&user);
        policy_init(&own);
        cr_assert_eq(work_item_parse(item_text, sizeof(item_text) - 1, "item", &item, &err), 0, "%s", err.message);
        if (*policy)
                cr_assert_eq(policy_parse(policy, strlen(policy), "policy", POLICY_FROM_OPTION, NULL, &own, &err), 0,
                             "%s", err.message);
        cr_assert_eq(policy_merge(NULL, &user, &own, &effective, &err), 0, "%s", err.message);
        cr_assert_eq(plan_compile(&item, &effective, &options, &plan, &err), 0, "%s", err.message);
        gates_judge(&plan, &fake->list, &reader, report);
        plan_release(&plan);
        policy_release(&effective);
        policy_release(&own);
        policy_release(&user);
        work_item_release(&item);
}

static void fake_changes_release(struct fake_changes *fake)
{
        for (size_t i = 0; i < fake->len; i++) {
                free(fake->files[i].path);
                str_release(&fake->files[i].sides[0]);
                str_release(&fake->files[i].sides[1]);
        }
        change_list_release(&fake->list);
}

#define _cleanup_fake_changes_ __attribute__((cleanup(fake_changes_release)))

#endif
