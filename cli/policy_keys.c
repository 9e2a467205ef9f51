/* SPDX-License-Identifier: Apache-2.0 */
/* `cupel policy keys` and docs/keys.md: every key that people may write, from the tables that read them. */
#include "cli/policy_pages.h"

#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/plan.h"

#include <stdio.h>

static const struct {
        const char *name, *title, *intro;
        void (*describe)(schema_described *each, void *arg);
} files[] = {
        {"item", "Work item", "One run's objective; `cupel run ITEM.yaml`.", work_item_describe},
        {"policy", "Policy", "`.cupel/policy.yaml`, your own `config.yaml`, and `--policy FILE`.", policy_describe},
};

#define FILES (sizeof(files) / sizeof(files[0]))

/* A cell of a table: the only character that would end it early. */
static void put_cell(const char *text, FILE *out)
{
        for (; *text; text++) {
                if (*text == '|')
                        fputc('\\', out);
                fputc(*text, out);
        }
}

static void print_markdown_row(const struct schema_row *row, void *arg)
{
        FILE *out = arg;

        fprintf(out, "| `%s` | ", row->key);
        put_cell(row->takes, out);
        fputs(" | ", out);
        if (row->required)
                fputs("*required*", out);
        else if (row->otherwise[0])
                fprintf(out, "`%s`", row->otherwise);
        fputs(" | ", out);
        put_cell(row->meaning, out);
        fputs(" |\n", out);
}

static void print_text_row(const struct schema_row *row, void *arg)
{
        FILE *out = arg;

        fprintf(out, "  %-36s %s\n", row->key, row->meaning);
        fprintf(out, "  %-36s   takes %s", "", row->takes);
        if (row->required)
                fputs("; required", out);
        else if (row->otherwise[0])
                fprintf(out, "; default %s", row->otherwise);
        fputc('\n', out);
}

static void add_json_row(const struct schema_row *row, void *arg)
{
        json_array_append_new(arg, json_pack("{s:s, s:s, s:o, s:b, s:s}", "key", row->key, "takes", row->takes,
                                             "default", row->otherwise[0] ? json_string(row->otherwise) : json_null(),
                                             "required", row->required, "meaning", row->meaning));
}

static void print_markdown(void)
{
        fputs("# All keys\n\nEvery key of work items and policies with what it takes and what holds where nobody says "
              "anything, as\n`cupel policy keys --markdown` prints them from the tables that read them. What they are "
              "for: docs/policy.md.\n",
              stdout);
        for (size_t i = 0; i < FILES; i++) {
                printf("\n## %s\n\n%s\n\n| key | takes | default | meaning |\n|---|---|---|---|\n", files[i].title,
                       files[i].intro);
                files[i].describe(print_markdown_row, stdout);
        }
}

static void print_text(void)
{
        for (size_t i = 0; i < FILES; i++) {
                printf("%s%s. %s\n\n", i ? "\n" : "", files[i].title, files[i].intro);
                files[i].describe(print_text_row, stdout);
        }
}

static void print_json(void)
{
        _cleanup_json_ json_t *all = json_object();

        for (size_t i = 0; i < FILES; i++) {
                json_t *rows = json_array();

                files[i].describe(add_json_row, rows);
                json_object_set_new(all, files[i].name, rows);
        }
        json_print(stdout, all);
}

const struct policy_page policy_keys_page = {
        "keys",
        {[POLICY_PAGE_TEXT] = print_text, [POLICY_PAGE_JSON] = print_json, [POLICY_PAGE_MARKDOWN] = print_markdown}};
