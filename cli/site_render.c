/* SPDX-License-Identifier: Apache-2.0 */
/* From data/ to pages: nothing else is read, so that whoever has the mirror has the site. */
#include "cli/site.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

static struct json_t *load(const struct site_dir *dir, const char *path, struct err *err)
{
        _cleanup_str_ struct str text = {0};

        return site_dir_read(dir, path, &text, err) < 0 ? NULL : json_parse(str_text(&text), text.len, path, err);
}

/* A run that the index names has a file of that name, or the mirror is not whole; nothing else may be named. */
static int check_id(const char *id, struct err *err)
{
        return id[0] && id[0] != '.' &&
                               id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")] ==
                                       '\0'
                       ? 0
                       : err_set(err, ERR_INPUT, "data/index.json names a run that is none");
}

static int render_run(struct site_dir *dir, const struct json_t *site, const char *id, struct err *err)
{
        _cleanup_free_ char *data = xasprintf("data/runs/%s.json", id);
        _cleanup_free_ char *patch_path = xasprintf("data/runs/%s/patch.diff", id);
        _cleanup_free_ char *path = xasprintf("runs/%s.html", id);
        _cleanup_str_ struct str out = {0}, patch = {0};
        _cleanup_json_ struct json_t *run = NULL;
        struct err none = ERR_INIT;

        if (check_id(id, err) < 0 || !(run = load(dir, data, err)))
                return -1;
        (void)site_dir_read(dir, patch_path, &patch, &none); /* there may be none */
        page_run(site, run, &patch, &out);
        return site_dir_put(dir, path, str_text(&out), out.len, err);
}

static int render_runs(struct site_dir *dir, const struct json_t *site, struct err *err)
{
        _cleanup_json_ struct json_t *index = load(dir, "data/index.json", err);
        struct json_t *run;
        size_t i;

        if (!index)
                return -1;
        json_array_foreach(json_object_get(index, "runs"), i,
                           run) if (render_run(dir, site, json_text_of(run, "run"), err) < 0) return -1;
        return 0;
}

static const struct {
        const char *data, *path;
        void (*page)(const struct json_t *site, const struct json_t *data, struct str *out);
} pages[] = {
        {"data/index.json", "index.html", page_index},
        {"data/failures.json", "failures.html", page_failures},
        {"data/covenant.json", "covenant.html", page_covenant},
};

int site_render(struct site_dir *dir, struct err *err)
{
        _cleanup_json_ struct json_t *site = load(dir, "data/site.json", err);

        if (!site)
                return -1;
        for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
                _cleanup_json_ struct json_t *data = load(dir, pages[i].data, err);
                _cleanup_str_ struct str out = {0};

                if (!data)
                        return -1;
                pages[i].page(site, data, &out);
                if (site_dir_put(dir, pages[i].path, str_text(&out), out.len, err) < 0)
                        return -1;
        }
        return render_runs(dir, site, err) < 0 || site_dir_put(dir, ".nojekyll", "", 0, err) < 0 ? -1 : 0;
}
