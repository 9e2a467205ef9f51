/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel ahdb [RUN]: the projection ASSERT / HYPOTHESIZE / DRIVE / BELIEVE, of the repository as the store keeps it, or of one run.
 * --check rebuilds it from the log: exit 1 where the two differ.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/ahdb.h"
#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"
#include "lib/store/ahdb.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct ahdb_options {
        bool json, check;
        int64_t at;
};

static void put_value(const json_t *value, struct str *out)
{
        _cleanup_free_ char *text = json_is_string(value) ? xstrdup(json_string_value(value)) : json_canonical(value);

        render_line(out, text);
}

static void put_part(const char *name, const json_t *part, bool colour, struct str *out)
{
        _cleanup_free_ char *title = xstrdup(name);
        const char *key;
        json_t *value;

        for (char *c = title; *c; c++)
                *c = (char)toupper((unsigned char)*c);
        render_tint(out, colour, TINT_STRONG, title);
        str_puts(out, json_object_size(part) ? "\n" : "  nothing\n");
        json_object_foreach((json_t *)part, key, value)
        {
                str_puts(out, "  ");
                if (key[0]) {
                        render_line(out, key);
                        str_puts(out, ": ");
                }
                put_value(value, out);
                str_putc(out, '\n');
        }
}

static void print_ahdb(const json_t *ahdb, bool colour)
{
        _cleanup_str_ struct str out = {0};

        for (size_t i = 0; ahdb_part(i); i++)
                put_part(ahdb_part(i), json_object_get(ahdb, ahdb_part(i)), colour, &out);
        fputs(str_text(&out), stdout);
}

static int check(struct context *context, const json_t *kept, const struct ahdb_options *options, struct err *err)
{
        _cleanup_json_ json_t *told = NULL, *line = NULL;
        _cleanup_free_ char *text = NULL;
        char digest[HASH_HEX];
        bool same;

        if (store_ahdb_rebuild(context->store, &told, err) < 0)
                return -1;
        text = json_canonical(told);
        hash_bytes(text, strlen(text), digest);
        same = json_equal(kept, told);
        if (options->json) {
                line = json_pack("{s:b, s:I, s:s}", "ok", same, "entries", (json_int_t)ahdb_entries(told), "sha256",
                                 digest);
                json_print(stdout, line);
        } else {
                printf("%s  %zu entries, rebuilt from the log: %.12s\n",
                       same ? "equal" : "DIFFERENT: what the store keeps is not what its log comes to;",
                       ahdb_entries(told), digest);
        }
        return same ? 0 : 1;
}

static int read_ahdb(struct context *context, const struct option_rest *rest, const struct ahdb_options *options,
                     json_t **ret, struct err *err)
{
        _cleanup_store_run_ struct store_run run = {0};

        if (!rest->len && !context->store) {
                *ret = ahdb_new();
                return 0;
        }
        if (!rest->len)
                return store_ahdb(context->store, ret, err);
        if (context_find_run(context, rest->items[0], &run, err) < 0)
                return -1;
        if (options->at > (int64_t)run.events)
                return err_set(err, ERR_INPUT, "the log of %s has %lld events, and no %lld", run.id,
                               (long long)run.events, (long long)options->at);
        return store_ahdb_of_run(context->store, run.id, options->at, ret, err);
}

int cmd_ahdb(struct context *context, int argc, char **argv, struct err *err)
{
        struct ahdb_options options = {0};
        struct option_rest rest = {.most = 1};
        _cleanup_json_ json_t *ahdb = NULL;
        const struct option_spec table[] = {
                {"json", 0, OPTION_FLAG, &options.json, NULL, "{\"assert\", \"hypothesize\", \"drive\", \"believe\"}"},
                {"at", 0, OPTION_INT, &options.at, "SEQ", "of a run: as it was after this event"},
                {"check", 0, OPTION_FLAG, &options.check, NULL, "rebuild it from the log; exit 1 where it differs"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if (options.at && !rest.len)
                return err_set(err, ERR_INPUT, "--at counts the events of one run: cupel ahdb RUN --at SEQ");
        if (options.check && rest.len)
                return err_set(err, ERR_INPUT, "--check is of the repository's projection: without RUN");
        if (read_ahdb(context, &rest, &options, &ahdb, err) < 0)
                return -1;
        if (options.check && context->store)
                return check(context, ahdb, &options, err);
        if (options.json)
                json_print(stdout, ahdb);
        else
                print_ahdb(ahdb, context->colour_out);
        return 0;
}
