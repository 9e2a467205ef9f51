/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/refused.h"

#include "cli/fingerprint.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "policy/network.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOMAIN "cupel refused credential 2"
#define BYTES_MAX ((size_t)8 << 10)

void refusal_release(struct refusal *refusal)
{
        free(refusal->agent);
        free(refusal->route);
        free(refusal->upstream);
        free(refusal->variable);
        free(refusal->time);
        free(refusal->run);
        *refusal = (struct refusal){0};
}

char *route_variables(const struct route *route)
{
        struct str text = {0};
        size_t prefix;

        for (size_t i = 0; i < route->header.len; i++) {
                const char *name = route_secret_variable(route->header.items[i].value, &prefix);

                str_printf(&text, "%s%s", i ? " and " : "", name);
        }
        return str_steal(&text);
}

static bool is_exported(const struct pair *header)
{
        size_t prefix;
        const char *value = getenv(route_secret_variable(header->value, &prefix));

        return value && value[0];
}

void route_choose_header(struct route *route)
{
        struct pairs chosen = {0};

        for (size_t i = 0; route->any == 1 && i < route->header.len && !chosen.len; i++)
                if (is_exported(&route->header.items[i]))
                        pairs_set(&chosen, route->header.items[i].name, route->header.items[i].value);
        if (!chosen.len)
                return;
        pairs_release(&route->header);
        route->header = chosen;
}

void refused_id(const char *state_root, const struct route *route, char ret_id[HASH_HEX])
{
        struct err err = ERR_INIT;
        struct fingerprint print;

        ret_id[0] = '\0';
        if (!route->header.len || fingerprint_begin(&print, state_root, DOMAIN, &err) < 0)
                return;
        fingerprint_add(&print, route->upstream, strlen(route->upstream));
        for (size_t i = 0; i < route->header.len; i++) {
                const struct pair *header = &route->header.items[i];
                size_t prefix;
                const char *value = getenv(route_secret_variable(header->value, &prefix));

                fingerprint_add(&print, header->name, strlen(header->name));
                fingerprint_add(&print, header->value, prefix);
                fingerprint_add(&print, value ? value : "", value ? strlen(value) : 0);
        }
        fingerprint_end(&print, ret_id);
}

static char *folder_of(const char *state_root)
{
        return xasprintf("%s/refused", state_root);
}

/* Whole or not there, also after a power cut: the next run goes by it. */
static int write_durably(const char *folder, const char *name, const char *text, struct err *err)
{
        _cleanup_fd_ int dir = -1, file = -1;

        if (fs_mkdir_p(folder, 0700, err) < 0)
                return -1;
        dir = fs_open_dir(folder, err);
        if (dir < 0 || fs_write_at(dir, name, text, strlen(text), 0600, err) < 0)
                return -1;
        file = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (file < 0 || fsync(file) < 0 || fs_fsync_dir(dir) < 0)
                return err_errno(err, "write %s/%s", folder, name);
        return 0;
}

int refused_remember(const char *state_root, const char *id, const struct refusal *refusal, struct err *err)
{
        _cleanup_free_ char *folder = folder_of(state_root);
        _cleanup_free_ char *text = NULL;
        _cleanup_json_ json_t *json = NULL;

        if (!id[0])
                return 0;
        json = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "version", 1, "agent", refusal->agent, "route",
                         refusal->route, "upstream", refusal->upstream, "variable", refusal->variable, "time",
                         refusal->time, "run", refusal->run, "status", (json_int_t)refusal->status);
        if (!json)
                return err_set(err, ERR_INTERNAL, "a refused credential that cannot be described");
        text = json_canonical(json);
        return write_durably(folder, id, text, err);
}

static int parse(const char *text, size_t len, struct refusal *ret)
{
        struct err err = ERR_INIT;
        const char *agent = "", *route = "", *upstream = "", *variable = "", *time = "", *run = "";
        int64_t version = 0, status = 0;
        const struct json_field fields[] = {{"version", JSON_FIELD_INT, &version, true},
                                            {"agent", JSON_FIELD_STRING, &agent, true},
                                            {"route", JSON_FIELD_STRING, &route, true},
                                            {"upstream", JSON_FIELD_STRING, &upstream, true},
                                            {"variable", JSON_FIELD_STRING, &variable, true},
                                            {"time", JSON_FIELD_STRING, &time, true},
                                            {"run", JSON_FIELD_STRING, &run, true},
                                            {"status", JSON_FIELD_INT, &status, true},
                                            {0}};
        _cleanup_json_ json_t *json = json_parse(text, len, "refused credential", &err);

        if (!json || json_fields(json, "refused credential", fields, &err) < 0 || version != 1)
                return -1;
        *ret = (struct refusal){.agent = xstrdup(agent),
                                .route = xstrdup(route),
                                .upstream = xstrdup(upstream),
                                .variable = xstrdup(variable),
                                .time = xstrdup(time),
                                .run = xstrdup(run),
                                .status = status};
        return 0;
}

static int read_one(int dir, const char *name, struct refusal *ret, time_t *ret_written)
{
        _cleanup_fd_ int fd = fs_open_beneath(dir, name, O_RDONLY | O_NONBLOCK, 0);
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || fs_read_fd(fd, BYTES_MAX, &text, &err) < 0)
                return -1;
        if (parse(str_text(&text), text.len, ret) < 0)
                return -1;
        *ret_written = st.st_mtime;
        return 0;
}

/* A 403 may have been about what an agent asked for: it shall not lock a good key out for ever. */
static bool is_over(const struct refusal *refusal, time_t written)
{
        return refusal->status == 403 && time(NULL) - written > REFUSED_FORBIDDEN_S;
}

int refused_find(const char *state_root, const char *id, struct refusal *ret)
{
        _cleanup_free_ char *folder = folder_of(state_root);
        _cleanup_fd_ int dir = -1;
        struct refusal found = {0};
        struct err err = ERR_INIT;
        time_t written = 0;

        if (!id[0])
                return 0;
        dir = fs_open_dir(folder, &err);
        if (dir < 0 || read_one(dir, id, &found, &written) < 0)
                return 0;
        if (is_over(&found, written)) {
                refusal_release(&found);
                return 0;
        }
        *ret = found;
        return 1;
}

void refused_clear(const char *state_root, const char *id)
{
        _cleanup_free_ char *path = xasprintf("%s/refused/%s", state_root, id);

        if (id[0])
                unlink(path);
}

int refused_remove(const char *state_root, const char *file, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/refused/%s", state_root, file);

        return unlink(path) < 0 && errno != ENOENT ? err_errno(err, "remove %s", path) : 0;
}

static int visit_one(int dir, const char *name, refused_visit *visit, void *arg, struct err *err)
{
        struct refusal damaged = {.agent = "", .route = "", .upstream = "", .variable = "", .time = "", .run = ""};
        _cleanup_refusal_ struct refusal refusal = {0};
        struct stat st;
        time_t written;

        if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return 0; /* somebody else removed it */
        return visit(arg, name, read_one(dir, name, &refusal, &written) == 0 ? &refusal : &damaged, st.st_mtime, err);
}

int refused_each(const char *state_root, refused_visit *visit, void *arg, struct err *err)
{
        _cleanup_free_ char *path = folder_of(state_root);
        DIR *folder = opendir(path);
        struct dirent *entry;
        int status = 0;

        if (!folder)
                return errno == ENOENT ? 0 : err_errno(err, "list %s", path);
        while (status == 0 && (entry = readdir(folder)))
                if (entry->d_name[0] != '.')
                        status = visit_one(dirfd(folder), entry->d_name, visit, arg, err);
        closedir(folder);
        return status;
}
