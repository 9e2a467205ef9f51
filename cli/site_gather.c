/* SPDX-License-Identifier: Apache-2.0 */
/* From the log and the packets to data/: the only half of the site that knows this machine. */
#include "cli/site.h"

#include "cli/context.h"
#include "cli/packet.h"
#include "cli/site_boundary.h"
#include "cli/site_run.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/packet/attest_key.h"

#include <string.h>

#define KEY_MAX ((size_t)1 << 20)

struct gathering {
        struct context *context;
        const struct site_options *options;
        struct site_dir *dir;
        struct site_told *told;
        struct attest_keys keys;
        struct json_t *rows, *withheld, *covenant;
        struct strv shown;
};

static int put_json(struct site_dir *dir, const char *path, const struct json_t *value, struct err *err)
{
        _cleanup_free_ char *text = json_dumps(value, JSON_INDENT(1) | JSON_SORT_KEYS | JSON_REALS);
        _cleanup_str_ struct str line = {0};

        if (!text)
                return err_set(err, ERR_INTERNAL, "%s is no JSON", path);
        str_puts(&line, text);
        str_putc(&line, '\n');
        return site_dir_put(dir, path, str_text(&line), line.len, err);
}

/* ---- one run ---- */

/* "2026-01-31-12-34-56-0a1b2c" of a run's id: what comes before it was made from the item's title. */
static char *label_of(const char *run)
{
        const char *stamp = strstr(run, "__");
        char hex[HASH_HEX];

        while (stamp && strstr(stamp + 2, "__"))
                stamp = strstr(stamp + 2, "__");
        if (stamp && strlen(stamp + 2) >= 26 && strspn(stamp + 2, "0123456789abcdef-") >= 26)
                return xasprintf("%.26s", stamp + 2);
        hash_bytes(run, strlen(run), hex);
        return xasprintf("%.16s", hex);
}

static void withhold(struct gathering *g, const struct store_run *run, const struct boundary *boundary)
{
        _cleanup_free_ char *label = label_of(run->id);

        if (boundary->state == BOUNDARY_SILENT) {
                g->told->silent++;
                return;
        }
        if (boundary->state == BOUNDARY_WAITS) {
                g->told->waits++;
                json_array_append_new(g->told->waiting, json_string(run->id));
        } else {
                g->told->never++;
        }
        json_array_append_new(g->withheld, json_pack("{s:s,s:s}", "run", label, "reason", boundary->why));
}

static int show(struct gathering *g, const struct store_run *run, int packet, const struct boundary *boundary,
                struct err *err)
{
        const struct site_sources from = {g->context, g->dir, g->keys.len ? &g->keys : NULL};
        _cleanup_json_ struct json_t *data = site_run(&from, run, packet, boundary, err);
        _cleanup_free_ char *path = xasprintf("data/runs/%s.json", run->id);

        if (!data || put_json(g->dir, path, data, err) < 0)
                return -1;
        g->told->shown++;
        strv_add(&g->shown, run->id);
        json_array_append_new(g->rows, site_row(data));
        json_array_append_new(g->covenant,
                              json_pack("{s:s,s:O?,s:O?}", "run", run->id, "title", json_object_get(data, "title"),
                                        "kept", json_object_get(data, "covenant")));
        return 0;
}

static int take_run(const struct store_run *run, void *arg, struct err *err)
{
        struct gathering *g = arg;
        struct err gone = ERR_INIT;
        _cleanup_fd_ int packet = packet_open(g->context, run->id, &gone);
        _cleanup_boundary_ struct boundary boundary = {0};

        if (boundary_look(g->context, run, packet, &boundary, err) < 0)
                return err_wrap(err, "run %s", run->id);
        if (boundary.state == BOUNDARY_SHOWN || (boundary.state == BOUNDARY_WAITS && g->options->preview))
                return show(g, run, packet, &boundary, err) < 0 ? err_wrap(err, "run %s", run->id) : 0;
        withhold(g, run, &boundary);
        return 0;
}

/* ---- the whole ---- */

static struct json_t *site_json(const struct context *context, const struct site_options *options)
{
        const char *id = repo_identity(context->repo), *dash = strrchr(id, '-');
        _cleanup_free_ char *name = xasprintf("%.*s", dash ? (int)(dash - id) : (int)strlen(id), id);

        return json_pack("{s:s,s:s,s:o,s:s,s:b}", "schema", SITE_SCHEMA, "repository", id, "title",
                         json_quoted(options->title ? options->title : name), "generator", "cupel " CUPEL_VERSION,
                         "preview", options->preview);
}

static int put_index(struct gathering *g, struct err *err)
{
        char head[HASH_HEX] = "";
        _cleanup_json_ struct json_t *site = site_json(g->context, g->options), *index = NULL;

        if (g->context->store && store_chain_head(g->context->store, head, err) < 0)
                return -1;
        index = json_pack("{s:O,s:O,s:s}", "runs", g->rows, "withheld", g->withheld, "head", head);
        return put_json(g->dir, "data/site.json", site, err) < 0 || put_json(g->dir, "data/index.json", index, err) < 0
                       ? -1
                       : 0;
}

static int put_failures(struct gathering *g, struct err *err)
{
        _cleanup_json_ struct json_t *failures = site_failures(g->context, &g->shown, err);

        return failures ? put_json(g->dir, "data/failures.json", failures, err) : -1;
}

static int put_covenant(struct gathering *g, struct err *err)
{
        _cleanup_json_ struct json_t *covenant = json_pack("{s:o,s:O}", "words", covenant_words(), "runs", g->covenant);

        return put_json(g->dir, "data/covenant.json", covenant, err);
}

/* The public halves of the keys that signed attestations and commits: what a reader checks them with. */
static int put_keys(struct gathering *g, struct err *err)
{
        static const char *const names[] = {"attest.pub", "allowed_signers"};
        _cleanup_free_ char *folder = xasprintf("%s/keys", g->context->state_root);
        struct err none = ERR_INIT;
        _cleanup_fd_ int fd = fs_open_dir(folder, &none);

        for (size_t i = 0; fd >= 0 && i < sizeof(names) / sizeof(names[0]); i++) {
                _cleanup_free_ char *path = xasprintf("data/keys/%s", names[i]);
                _cleanup_str_ struct str text = {0};

                if (fs_read_at(fd, names[i], KEY_MAX, &text, &none) < 0)
                        continue; /* nothing was ever signed */
                if (site_dir_put(g->dir, path, str_text(&text), text.len, err) < 0 ||
                    (i == 0 && attest_keys_read(&g->keys, str_text(&text), names[i], err) < 0))
                        return -1;
        }
        return 0;
}

static int gather(struct gathering *g, struct err *err)
{
        if (put_keys(g, err) < 0 ||
            (g->context->store &&
             store_runs_each(g->context->store, &(struct store_runs_filter){0}, take_run, g, err) < 0))
                return -1;
        return put_index(g, err) < 0 || put_failures(g, err) < 0 || put_covenant(g, err) < 0 ? -1 : 0;
}

int site_gather(struct context *context, const struct site_options *options, struct site_dir *dir,
                struct site_told *ret, struct err *err)
{
        struct gathering g = {.context = context,
                              .options = options,
                              .dir = dir,
                              .told = ret,
                              .rows = json_array(),
                              .withheld = json_array(),
                              .covenant = json_array()};
        const int status = gather(&g, err);

        attest_keys_release(&g.keys);
        strv_release(&g.shown);
        json_decref(g.rows);
        json_decref(g.withheld);
        json_decref(g.covenant);
        return status;
}
