/* SPDX-License-Identifier: Apache-2.0 */
/* The mirror of another site: its files byte for byte, as far as its own list of sums names them. */
#include "cli/site.h"
#include "cli/site_run.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LIST_MAX ((size_t)64 << 20)
#define FILE_MAX ((size_t)64 << 20)

/* As a site of ours has them: nothing that a browser would run in the place that this one is served from. */
static bool is_of_a_site(const char *path)
{
        static const char *const names[] = {"SHA256SUMS", "allowed_signers", "attest.pub"};
        const char *name = strrchr(path, '/') + 1;
        const size_t len = strlen(name);

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (strcmp(names[i], name) == 0)
                        return true;
        return site_is_inert(path) || (len > 4 && strcmp(name + len - 4, ".bin") == 0);
}

static int take_file(int from, const char *path, const char *hex, struct site_dir *dir, struct err *err)
{
        _cleanup_fd_ int fd = -1;
        struct site_file file;

        if (!is_of_a_site(path))
                return err_set(err, ERR_INPUT, "%s of the other site is no file that cupel puts there", path);
        if (faccessat(dir->new, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return err_set(err, ERR_INPUT, "SHA256SUMS of the other site names %s twice", path);
        fd = site_open(from, path, err);
        if (fd < 0)
                return err_wrap(err, "the other site");
        if (site_dir_copy(dir, path, fd, FILE_MAX, &file, err) < 0)
                return -1;
        return strncmp(file.sha256, hex, HASH_HEX - 1) == 0
                       ? 0
                       : err_set(err, ERR_INPUT, "%s of the other site is not what its SHA256SUMS says", path);
}

struct json_t *site_of(int from, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_json_ struct json_t *site = NULL;

        if (site_read(from, "data/site.json", FILE_MAX, &text, err) < 0 ||
            !(site = json_parse(str_text(&text), text.len, "data/site.json", err))) {
                err_wrap(err, "the other site");
                return NULL;
        }
        if (strcmp(json_text_of(site, "schema"), SITE_SCHEMA) != 0) {
                err_set(err, ERR_INPUT, "data/site.json is no " SITE_SCHEMA);
                return NULL;
        }
        return steal_ptr(&site);
}

int site_take(int from, struct site_dir *dir, struct err *err)
{
        _cleanup_str_ struct str sums = {0};

        if (site_read(from, "SHA256SUMS", LIST_MAX, &sums, err) < 0)
                return err_wrap(err, "the other site");
        for (char *line = strtok(sums.data, "\n"); line; line = strtok(NULL, "\n")) {
                const char *path = line + HASH_HEX + 1;

                if (strlen(line) > HASH_HEX + 1 && strncmp(path, "data/", 5) == 0 &&
                    take_file(from, path, line, dir, err) < 0)
                        return -1;
        }
        return 0;
}
