/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel gc: old packets of every repository and old layers of the cache, by age, count and size. Never of a run that works or
 * waits, never the last packet of a failure that nobody has explained; never a layer that is mounted. What is gone can be seen
 * no more but in the log (packets), or is made again (layers). Refused credentials are forgotten by age alone: the next run
 * with one asks the provider again.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/packets_gc.h"
#include "cli/refused.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/git/layer.h"
#include "policy/schema.h"
#include "sandbox/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAME_CELLS 52
#define KEY_CELLS 30
#define PAGE_COLUMNS 96 /* of a line with NAME_CELLS */

#define DEFAULT_AGE "30d"
#define DEFAULT_SIZE "20G"

struct collection {
        struct context *context;
        int64_t max_age_ms, max_bytes, max_count;
        bool dry_run, json;
        size_t columns; /* of the terminal; 0: it goes elsewhere */
        uint64_t freed;
        uint64_t kept_bytes;
        size_t packets, layers, stay;
        json_t *removed, *kept; /* arrays, with --json */
};

static void say(struct collection *c, const char *what, const char *name, const char *reason, uint64_t bytes)
{
        _cleanup_str_ struct str line = {0}, shown = {0};

        c->freed += bytes;
        if (c->removed) {
                json_array_append_new(c->removed,
                                      json_pack("{s:s,s:o,s:s,s:I}", "kind", what, "name", json_quoted(name), "reason",
                                                reason, "bytes", (json_int_t)bytes));
                return;
        }
        str_printf(&line, "%s %-7s  ", c->dry_run ? "would remove" : "removed", what);
        if (strcmp(what, "layer") == 0) { /* nobody copies its key; the id of a run is never cut */
                render_cell(&line, name, c->columns && c->columns < PAGE_COLUMNS ? KEY_CELLS : NAME_CELLS, false);
        } else {
                render_line(&shown, name);
                str_printf(&line, "%-*s", NAME_CELLS, str_text(&shown));
        }
        str_puts(&line, "  ");
        str_put_size(&line, bytes);
        str_printf(&line, "  (%s)\n", reason);
        fputs(str_text(&line), stdout);
}

static void on_packet(void *data, const char *run, const char *reason, uint64_t bytes)
{
        struct collection *c = data;

        c->packets++;
        say(c, "packet", run, reason, bytes);
}

/* It would have gone; why it stays is what one wants to know. */
static void on_kept(void *data, const char *run, const char *why, uint64_t bytes)
{
        struct collection *c = data;
        _cleanup_str_ struct str line = {0};

        c->stay++;
        c->kept_bytes += bytes;
        if (c->kept) {
                json_array_append_new(c->kept, json_pack("{s:s,s:o,s:s,s:I}", "kind", "packet", "name",
                                                         json_quoted(run), "why", why, "bytes", (json_int_t)bytes));
                return;
        }
        str_puts(&line, "stays        ");
        render_line(&line, run);
        str_printf(&line, "\n             %s\n", why);
        fputs(str_text(&line), stdout);
}

static void on_layer(void *data, const struct layer_gc_report *removed)
{
        struct collection *c = data;

        c->layers++;
        say(c, "layer", removed->key, removed->reason, removed->bytes);
}

static int collect_repository(struct collection *c, const char *folder, const char *name, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", folder, name);
        const struct packets_gc gc = {.repo_state = path,
                                      .max_age_s = ((uint64_t)c->max_age_ms + 999) / 1000,
                                      .max_bytes = (uint64_t)c->max_bytes,
                                      .max_count = (uint64_t)c->max_count,
                                      .dry_run = c->dry_run,
                                      .now = time(NULL),
                                      .report = on_packet,
                                      .kept = on_kept,
                                      .data = c};

        return packets_gc(&gc, err);
}

/* One damaged repository must not keep the others full: it is named, and the command fails in the end. */
static int collect_packets(struct collection *c, struct err *err)
{
        _cleanup_free_ char *repos = xasprintf("%s/repos", c->context->state_root);
        DIR *folder = opendir(repos);
        struct dirent *entry;
        int status = 0;

        if (!folder)
                return errno == ENOENT ? 0 : err_errno(err, "list %s", repos);
        while ((entry = readdir(folder))) {
                struct err failed = ERR_INIT;

                if (entry->d_name[0] == '.' || collect_repository(c, repos, entry->d_name, &failed) == 0)
                        continue;
                if (status < 0)
                        err_report(stderr, "cupel", err);
                *err = failed;
                err_wrap(err, "%s", entry->d_name);
                status = -1;
        }
        closedir(folder);
        return status;
}

static int collect_layers(struct collection *c, struct err *err)
{
        const struct layer_gc gc = {.cache_root = c->context->cache_root,
                                    .max_bytes = (uint64_t)c->max_bytes,
                                    .max_age_s = ((uint64_t)c->max_age_ms + 999) / 1000,
                                    .max_count = (uint64_t)c->max_count,
                                    .dry_run = c->dry_run,
                                    .report = on_layer,
                                    .data = c};

        return layer_gc(&gc, err);
}

static int on_refused(void *data, const char *file, const struct refusal *refusal, time_t written, struct err *err)
{
        struct collection *c = data;
        const bool old = c->max_age_ms && time(NULL) - written > (time_t)(c->max_age_ms / 1000);

        if (!old && refusal->agent[0])
                return 0;
        if (!c->dry_run && refused_remove(c->context->state_root, file, err) < 0)
                return -1;
        say(c, "refusal", refusal->variable[0] ? refusal->variable : file, old ? "age" : "damaged", 0);
        return 0;
}

static void print_sum(const struct collection *c)
{
        _cleanup_str_ struct str line = {0};
        _cleanup_json_ json_t *told = NULL;

        if (c->removed) {
                told = json_pack("{s:b,s:I,s:O,s:O,s:I}", "dry_run", c->dry_run, "bytes", (json_int_t)c->freed,
                                 "removed", c->removed, "kept", c->kept, "kept_bytes", (json_int_t)c->kept_bytes);
                json_print(stdout, told);
                return;
        }
        str_printf(&line, "%s ", c->dry_run ? "would free" : "freed");
        str_put_size(&line, c->freed);
        str_printf(&line, ": %zu packet%s, %zu layer%s\n", c->packets, c->packets == 1 ? "" : "s", c->layers,
                   c->layers == 1 ? "" : "s");
        if (c->stay) {
                str_printf(&line, "%zu packet%s stay%s all the same: ", c->stay, c->stay == 1 ? "" : "s",
                           c->stay == 1 ? "s" : "");
                str_put_size(&line, c->kept_bytes);
                str_putc(&line, '\n');
        }
        fputs(str_text(&line), stderr);
}

static int collect(struct collection *c, struct err *err)
{
        struct err layers_failed = ERR_INIT;
        int status;

        c->removed = c->json ? json_array() : NULL;
        c->kept = c->json ? json_array() : NULL;
        status = collect_packets(c, err);
        if (!c->dry_run)
                cgroups_sweep(true);
        if (collect_layers(c, status < 0 ? &layers_failed : err) < 0) {
                if (status < 0)
                        err_report(stderr, "cupel", &layers_failed);
                status = -1;
        }
        if (refused_each(c->context->state_root, on_refused, c, status < 0 ? &layers_failed : err) < 0) {
                if (status < 0)
                        err_report(stderr, "cupel", &layers_failed);
                status = -1;
        }
        print_sum(c);
        json_decref(c->removed);
        json_decref(c->kept);
        return status;
}

/* What goes is gone: who types 30 and means days would have everything removed. */
static bool lacks_unit(const char *text)
{
        return text[strspn(text, "0123456789")] == '\0' && text[strspn(text, "0")] != '\0';
}

int cmd_gc(struct context *context, int argc, char **argv, struct err *err)
{
        struct collection c = {.context = context, .columns = render_columns(STDOUT_FILENO)};
        const char *age = DEFAULT_AGE, *size = DEFAULT_SIZE;
        struct option_rest rest = {.most = 0};
        const struct option_spec options[] = {
                {"max-age", 0, OPTION_TEXT, &age, "TIME",
                 "older goes: 12h, 30d; 0: no limit (default " DEFAULT_AGE ")"},
                {"max-size", 0, OPTION_TEXT, &size, "SIZE",
                 "more goes, oldest first, packets and layers each; 0: no limit (default " DEFAULT_SIZE ")"},
                {"max-count", 0, OPTION_INT, &c.max_count, "COUNT",
                 "more goes, oldest first, packets of a repository and layers each; 0: no limit"},
                {"dry-run", 'n', OPTION_FLAG, &c.dry_run, NULL, "only say what would go"},
                {"json", 0, OPTION_FLAG, &c.json, NULL, "what went, as JSON"},
                {0}};
        const int got = options_take(argc, argv, options, &rest, err);

        if (got <= 0)
                return got;
        if (lacks_unit(age) || text_to_time(age, &c.max_age_ms) < 0)
                return err_set(err, ERR_INPUT, "--max-age: expected a time with its unit, as 12h or 30d");
        if (lacks_unit(size) || text_to_size(size, &c.max_bytes) < 0)
                return err_set(err, ERR_INPUT, "--max-size: expected a size with its unit, as 500M or 20G");
        return collect(&c, err);
}
