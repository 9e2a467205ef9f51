/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a candidate changes, judged by all gates. The input is a path and two texts, "PATH NUL OLD NUL NEW": a change is made of it as
 * lib/git would, lines that differ from both ends. Whatever it is: no crash, findings are bounded lines of plain text whose places
 * exist, and every byte of a language has a class.
 */
#include "policy/gates/language.h"
#include "policy/plan.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MAX 4000

struct sides {
        const char *path, *text[2];
        size_t len[2];
};

static struct plan *plan_of_all_gates(void)
{
        static const char item_text[] = "title: x\nverify: [{name: v, run: 'true'}]\nagent: {command: [a]}\n";
        static struct plan plan;
        const struct plan_options options = {.mood = KEY_UNSET};
        struct err err = ERR_INIT;
        struct work_item item;
        struct policy user, effective;

        work_item_init(&item);
        policy_init(&user);
        if (work_item_parse(item_text, sizeof(item_text) - 1, "item", &item, &err) < 0 ||
            policy_merge(NULL, &user, NULL, &effective, &err) < 0 ||
            plan_compile(&item, &effective, &options, &plan, &err) < 0)
                abort();
        work_item_release(&item);
        policy_release(&user);
        policy_release(&effective);
        return &plan;
}

static int read_side(void *data, const char *path, bool new_side, struct str *ret, struct err *err)
{
        const struct sides *sides = data;

        if (strcmp(path, sides->path) != 0 || !sides->text[new_side])
                return err_set(err, ERR_NOT_FOUND, "no such file");
        str_append(ret, sides->text[new_side], sides->len[new_side]);
        return 0;
}

static size_t split(const char *text, size_t len, struct change_line *ret)
{
        size_t lines = 0;

        for (size_t at = 0; at < len && lines < LINES_MAX; lines++) {
                const char *end = memchr(text + at, '\n', len - at);
                const size_t line = end ? (size_t)(end - text) - at : len - at;

                ret[lines] = (struct change_line){.number = (uint32_t)lines + 1, .text = text + at, .len = line};
                at += line + 1;
        }
        return lines;
}

static bool equal(const struct change_line *a, const struct change_line *b)
{
        return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static void compare(const struct sides *sides, struct change *change)
{
        static struct change_line olds[LINES_MAX], news[LINES_MAX];
        const size_t was = sides->text[0] ? split(sides->text[0], sides->len[0], olds) : 0;
        const size_t is = split(sides->text[1], sides->len[1], news);
        size_t head = 0, tail = 0;

        while (head < was && head < is && equal(&olds[head], &news[head]))
                head++;
        while (tail < was - head && tail < is - head && equal(&olds[was - 1 - tail], &news[is - 1 - tail]))
                tail++;
        change->lines = xcalloc(was + is + 1, sizeof(*change->lines));
        for (size_t i = head; i < was - tail; i++) {
                change->lines[change->lines_len] = olds[i];
                change->lines[change->lines_len].sign = '-';
                change->lines[change->lines_len++].place = (uint32_t)head;
        }
        change->lines_removed = (uint32_t)change->lines_len;
        for (size_t i = head; i < is - tail; i++) {
                change->lines[change->lines_len] = news[i];
                change->lines[change->lines_len].sign = '+';
                change->lines[change->lines_len++].place = (uint32_t)(was - tail);
        }
        change->lines_added = (uint32_t)change->lines_len - change->lines_removed;
}

static void check_text(const char *text, size_t max)
{
        if (text && strlen(text) > max)
                abort();
        for (; text && *text; text++)
                if ((unsigned char)*text < 0x20 || *text == 0x7f)
                        abort();
}

static void check(const struct gate_report *report, const struct change *change)
{
        _cleanup_json_ json_t *json = gate_report_json(report);

        if (!json || json_array_size(json) < report->len || report->len > GATE_FINDINGS_MAX)
                abort();
        for (size_t i = 0; i < report->len; i++) {
                const struct gate_finding *finding = &report->items[i];

                check_text(finding->reason, 32768);
                check_text(finding->excerpt, 1024);
                if (finding->line > change->lines_len + LINES_MAX)
                        abort();
        }
}

static void classify(const struct sides *sides)
{
        unsigned char *classes = xcalloc(sides->len[1] + 1, 1);

        for (int language = 0; language < LANG_COUNT; language++) {
                memset(classes, 0xff, sides->len[1]);
                language_classify((enum language)language, sides->text[1], sides->len[1], classes);
                for (size_t i = 0; i < sides->len[1]; i++)
                        if (classes[i] > BYTE_TEXT)
                                abort();
        }
        free(classes);
}

static void judge(const struct sides *sides)
{
        static struct plan *plan;
        struct sides copy = *sides;
        const struct change_reader reader = {.read = read_side, .data = &copy};
        _cleanup_gates_ struct gate_report report = {0};
        _cleanup_changes_ struct change_list list = {0};
        struct change *change = change_list_add(&list, sides->path);

        if (!plan)
                plan = plan_of_all_gates();
        change->kind = sides->text[0] ? CHANGE_MODIFIED : CHANGE_ADDED;
        change->old_mode = sides->text[0] ? 0100644 : 0;
        change->new_mode = 0100644;
        change->new_size = sides->len[1];
        compare(sides, change);
        gates_judge(plan, &list, &reader, &report);
        check(&report, change);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = xmemdup(data, size);
        const size_t path = strnlen(text, size), rest = path < size ? path + 1 : size,
                     old = strnlen(text + rest, size - rest);
        const size_t fresh = rest + old < size ? rest + old + 1 : size;
        const struct sides sides = {
                .path = text, .text = {old ? text + rest : NULL, text + fresh}, .len = {old, size - fresh}};

        if (!path || path > 200 || size > 1 << 20)
                return 0;
        classify(&sides);
        judge(&sides);
        return 0;
}
