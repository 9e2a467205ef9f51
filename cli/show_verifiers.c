/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line per verifier; below it what its tests came to, one line per list that holds any, and whose verdict it is where it
 * was not run.
 */
#include "cli/render.h"
#include "cli/show_view.h"
#include "cli/story.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#define NAMES_SHOWN 5
#define INDENT 31

/* list of the receipt, its words */
static const struct {
        const char *key, *words;
} lists[] = {
        {"new_failures", "new failures"},     {"vanished", "gone"}, {"skipped", "skipped now"},
        {"pre_existing", "fail on base too"}, {"flaky", "flaky"},   {"untested", "pass without change"},
};

static void put_list(const json_t *list, const char *words, struct str *out)
{
        const json_t *names = json_object_get(list, "names");
        long long count = json_int_of(list, "count");
        json_t *name;
        size_t i;

        if (!count)
                return;
        str_printf(out, "%*s%s (%lld): ", INDENT, "", words, count);
        json_array_foreach(names, i, name)
        {
                if (i == NAMES_SHOWN)
                        break;
                str_puts(out, i ? ", " : "");
                render_line(out, json_string_value(name));
        }
        if (count > (long long)i)
                str_printf(out, " and %lld more", count - (long long)i);
        str_putc(out, '\n');
}

static void put_cases(const json_t *verifier, struct str *out)
{
        const json_t *cases = json_object_get(verifier, "cases"), *reused = json_object_get(verifier, "reused");

        if (reused)
                str_printf(out, "%*sreused: %s gave it at %s\n", INDENT, "", json_text_of(reused, "run"),
                           json_text_of(reused, "time"));
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
                put_list(json_object_get(cases, lists[i].key), lists[i].words, out);
        if (json_is_true(json_object_get(cases, "does_not_test")) &&
            !json_int_of(json_object_get(cases, "untested"), "count"))
                str_printf(out, "%*sthe changed tests pass without the change\n", INDENT, "");
}

static void put_verifier(const struct show_page *page, const json_t *verifier, struct str *out)
{
        char took[CLOCK_RFC3339];
        _cleanup_str_ struct str result = {0};

        clock_human((uint64_t)json_int_of(verifier, "ms"), took);
        str_puts(out, "  ");
        render_cell(out, json_text_of(verifier, "gate"), 9, false);
        render_cell(out, json_text_of(verifier, "name"), 20, false);
        str_puts(out, "  ");
        render_cell(&result, json_text_of(verifier, "result"), 13, false);
        render_tint(out, page->colour, render_result_tint(json_text_of(verifier, "result")), str_text(&result));
        str_printf(out, "  %8s  ", took);
        render_cell(out, json_text_of(verifier, "command"), 50, true);
        str_putc(out, '\n');
        put_cases(verifier, out);
}

void show_verifiers(const struct show_page *page, struct str *out)
{
        json_t *verifier;
        size_t i;

        if (!json_array_size(page->story->verifiers))
                return;
        str_putc(out, '\n');
        render_tint(out, page->colour, TINT_STRONG, "verifiers\n");
        json_array_foreach(page->story->verifiers, i, verifier) put_verifier(page, verifier, out);
}
