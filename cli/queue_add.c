/* SPDX-License-Identifier: Apache-2.0 */
/* cupel queue add: read all, check all, add all in one transaction, or none with the one at fault. */
#include "cli/person.h"
#include "cli/queue_cli.h"
#include "cli/recover.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOLD_MOST 20 /* beyond, their number says more */
#define ID_CELLS 24

static int parse_priority(const char *text, int64_t *ret, struct err *err)
{
        char *end = NULL;

        errno = 0;
        *ret = text ? strtoll(text, &end, 10) : 0;
        if (!text || (*text && !*end && !errno && *ret >= -1000000 && *ret <= 1000000))
                return 0;
        return err_set(err, ERR_INPUT, "--priority %s: expected a whole number, 10 or -3 say; the highest goes first",
                       text);
}

/* A relative path would be another file where the worker is. */
static int place_policy(const char *given, char **ret, struct err *err)
{
        if (!given)
                return 0;
        *ret = realpath(given, NULL);
        if (*ret)
                return 0;
        err_errno(err, "--policy %s", given);
        err->code = ERR_INPUT;
        return -1;
}

static void make_specs(const struct queue_sources *sources, const char *policy, const char *who, int64_t priority,
                       struct store_queue_spec *specs)
{
        for (size_t i = 0; i < sources->len; i++) {
                struct queue_source *source = &sources->items[i];

                if (!source->item.id) {
                        char slug[SLUG_MAX + 1];

                        work_item_slug(&source->item, slug);
                        source->item.id = xstrdup(slug); /* as a run of the same bytes is called */
                }
                specs[i] = (struct store_queue_spec){.item = source->item.id,
                                                     .title = source->item.title,
                                                     .bytes = source->bytes.data,
                                                     .len = source->bytes.len,
                                                     .parent = source->item.parent,
                                                     .policy = policy,
                                                     .who = who,
                                                     .priority = priority,
                                                     .depends = &source->item.depends};
        }
}

static int tell_json(struct context *context, const struct queue_sources *sources, struct err *err)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < sources->len; i++) {
                _cleanup_store_queued_ struct store_queued row = {0};
                json_t *told;

                if (store_queue_get(context->store, sources->items[i].item.id, &row, err) < 0 ||
                    !(told = queued_json(context, &row, err)))
                        return -1;
                json_array_append_new(list, told);
        }
        json_print(stdout, list);
        return 0;
}

static void tell(const struct queue_sources *sources)
{
        _cleanup_str_ struct str out = {0};

        for (size_t i = 0; i < sources->len && i < TOLD_MOST; i++) {
                str_puts(&out, "queued  ");
                render_cell(&out, sources->items[i].item.id, ID_CELLS, false);
                str_puts(&out, "  ");
                render_line(&out, sources->items[i].item.title);
                str_putc(&out, '\n');
        }
        if (sources->len > TOLD_MOST)
                str_printf(&out, "queued  and %zu more\n", sources->len - TOLD_MOST);
        fputs(str_text(&out), stdout);
}

/* It may change nothing then (docs/moods.md), which nobody expects who only forgot a line. */
static void tell_vague(const struct queue_sources *sources)
{
        for (size_t i = 0; i < sources->len; i++) {
                const struct work_item *item = &sources->items[i].item;
                _cleanup_str_ struct str id = {0};

                if (item->mood != KEY_UNSET || item->acceptance.len || item->verify.len)
                        continue;
                render_line(&id, item->id);
                fprintf(stderr,
                        "cupel: %s names neither a verifier nor acceptance: its runs only look and change nothing "
                        "(mood "
                        "curious); name one (verify:), or a mood\n",
                        str_text(&id));
        }
}

int queue_add(struct context *context, const struct queue_options *options, struct err *err)
{
        _cleanup_queue_sources_ struct queue_sources sources = {0};
        _cleanup_free_ char *policy = NULL, *who = person_name(getuid());
        _cleanup_free_ struct store_queue_spec *specs = NULL;
        int64_t priority;
        size_t at = 0;

        if (parse_priority(options->priority, &priority, err) < 0 || place_policy(options->policy, &policy, err) < 0 ||
            queue_read_sources(options, &sources, err) < 0 || context_open_store(context, err) < 0 ||
            queue_check_plans(context, options, &sources, err) < 0 || recover_runs(context, err) < 0)
                return -1;
        specs = xcalloc(sources.len, sizeof(*specs));
        make_specs(&sources, policy, who, priority, specs);
        if (store_queue_add(context->store, specs, sources.len, &at, err) < 0) {
                if (err->code != ERR_CONFLICT && err->code != ERR_INPUT)
                        return -1;
                err->code = ERR_INPUT; /* nothing moved: what was asked for cannot be */
                return err_wrap(err, "%s", sources.items[at].name);
        }
        if (options->json)
                return tell_json(context, &sources, err);
        tell(&sources);
        tell_vague(&sources);
        return 0;
}
