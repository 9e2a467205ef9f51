/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a packet that a site shows as they are, below data/runs/ID/: patch, reports, sums, attestations, and artifacts that are
 * accepted. Logs are not among them. What a browser would run as a page of the site gets a name under which it does not.
 */
#include "cli/site_run.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"
#include "lib/packet/folder.h"

#include <fcntl.h>
#include <string.h>

#define FILE_MAX ((size_t)32 << 20)
#define ATTESTATION_SUFFIX ".intoto.jsonl"

static const char *const always[] = {"evidence/report.json", "evidence/report.md", "evidence/patch.diff",
                                     "evidence/SHA256SUMS",  "amendments.jsonl",   "operator.jsonl"};

/* Endings that no browser takes for a page or a program. */
static const char *const inert[] = {".png", ".jpg",  ".jpeg",  ".gif",  ".webp",  ".txt", ".log",
                                    ".csv", ".json", ".jsonl", ".diff", ".patch", ".md",  ".zip",
                                    ".gz",  ".zst",  ".xz",    ".tar",  ".pdf",   ".wav", ".mp4"};

bool site_is_inert(const char *path)
{
        const char *dot = strrchr(path, '.');

        for (size_t i = 0; dot && i < sizeof(inert) / sizeof(inert[0]); i++)
                if (strcasecmp(dot, inert[i]) == 0)
                        return true;
        return false;
}

/* A file that is too large, or no regular one, stays where it is: 0 without *ret. */
static int copy(int packet, const char *path, const char *to, struct site_dir *dir, struct site_file *ret,
                bool *ret_copied, struct err *err)
{
        struct err none = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(packet, path, &none);

        *ret_copied = false;
        if (fd < 0)
                return 0;
        if (site_dir_copy(dir, to, fd, FILE_MAX, ret, err) < 0)
                return err->code == ERR_INPUT ? 0 : -1;
        *ret_copied = true;
        return 0;
}

static int add_file(int packet, const char *path, const char *run, struct json_t *files, struct site_dir *dir,
                    struct err *err)
{
        const char *name = strrchr(path, '/');
        _cleanup_free_ char *href = xasprintf("runs/%s/%s", run, name ? name + 1 : path);
        _cleanup_free_ char *to = xasprintf("data/%s", href);
        struct site_file file;
        bool copied;

        if (copy(packet, path, to, dir, &file, &copied, err) < 0)
                return -1;
        if (copied)
                json_array_append_new(files, json_pack("{s:s,s:s,s:I,s:s}", "path", path, "href", href, "bytes",
                                                       (json_int_t)file.bytes, "sha256", file.sha256));
        return 0;
}

/* ---- attestations: evidence/<commit>.intoto.jsonl, or packet.intoto.jsonl where nothing was committed ---- */

static bool is_attestation(const char *name)
{
        const size_t plain = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");

        return plain > 0 && strcmp(name + plain, ATTESTATION_SUFFIX) == 0;
}

static void list_attestations(int packet, struct strv *ret)
{
        _cleanup_dir_ DIR *folder = fs_list(fs_open_beneath(packet, "evidence", O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;

        while ((entry = fs_list_next(folder)))
                if (is_attestation(entry->d_name))
                        strv_add_printf(ret, "evidence/%s", entry->d_name);
        strv_sort_unique(ret);
}

/* ---- artifacts ---- */

/* The latest amendment of its status holds. */
static const char *status_of(const struct json_t *run, const struct json_t *artifact, const char **ret_reason)
{
        const char *status = json_text_of(artifact, "status");
        struct json_t *amendment;
        size_t i;

        *ret_reason = json_text_of(artifact, "reason");
        json_array_foreach(json_object_get(run, "amendments"), i, amendment)
        {
                const char *now = json_string_value(json_object_get(amendment, "new"));

                if (!now || strcmp(json_text_of(amendment, "artifact"), json_text_of(artifact, "path")) != 0)
                        continue;
                status = now;
                *ret_reason = json_text_of(amendment, "reason");
        }
        return status;
}

/* The name is the digest's: what an artifact is called decides nothing about where it is put. */
static char *artifact_href(const char *run, const struct json_t *artifact)
{
        const char *path = json_text_of(artifact, "path"), *dot = strrchr(path, '.');

        return xasprintf("runs/%s/artifacts/%.16s%s", run, json_text_of(artifact, "sha256"),
                         site_is_inert(path) ? dot : ".bin");
}

static int copy_artifact(int packet, const struct json_t *run, const struct json_t *artifact, struct json_t *ret,
                         struct site_dir *dir, struct err *err)
{
        _cleanup_free_ char *href = artifact_href(json_text_of(run, "run"), artifact);
        _cleanup_free_ char *to = xasprintf("data/%s", href);
        _cleanup_free_ char *file_path = xasprintf("evidence/%s", json_text_of(artifact, "file"));
        _cleanup_str_ struct str there = {0};
        struct err none = ERR_INIT;
        struct site_file file;
        bool copied = true;

        /* the same bytes under two names are one file */
        if (site_dir_read(dir, to, &there, &none) < 0 && copy(packet, file_path, to, dir, &file, &copied, err) < 0)
                return -1;
        if (copied)
                json_object_set_new(ret, "href", json_string(href));
        return 0;
}

static bool has_digest(const struct json_t *artifact)
{
        return hex_is(json_text_of(artifact, "sha256"), HASH_HEX);
}

/* What is not accepted is a line with its status: nothing leads to its bytes, and no digest confirms a guess of them. */
static int add_artifact(int packet, const struct json_t *run, const struct json_t *artifact, struct json_t *list,
                        struct site_dir *dir, struct err *err)
{
        const char *reason, *status = status_of(run, artifact, &reason);
        const bool accepted = strcmp(status, "accepted") == 0;
        struct json_t *told = json_pack("{s:O?,s:s,s:s,s:n}", "path", json_object_get(artifact, "path"), "status",
                                        status, "reason", reason, "href");

        json_array_append_new(list, told);
        if (!accepted)
                return 0;
        json_object_set(told, "bytes", json_object_get(artifact, "bytes"));
        json_object_set(told, "sha256", json_object_get(artifact, "sha256"));
        return has_digest(artifact) ? copy_artifact(packet, run, artifact, told, dir, err) : 0;
}

int site_files(int packet, struct json_t *ret, struct site_dir *dir, struct err *err)
{
        const char *run = json_text_of(ret, "run");
        const struct json_t *artifacts =
                json_object_get(json_object_get(json_object_get(ret, "report"), "artifacts"), "items");
        struct json_t *files = json_array(), *list = json_array(), *artifact;
        _cleanup_strv_ struct strv attestations = {0};
        size_t i;

        json_object_set_new(ret, "files", files);
        json_object_set_new(ret, "artifacts", list);
        for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
                if (add_file(packet, always[i], run, files, dir, err) < 0)
                        return -1;
        list_attestations(packet, &attestations);
        for (i = 0; i < attestations.len; i++)
                if (add_file(packet, attestations.items[i], run, files, dir, err) < 0)
                        return -1;
        json_array_foreach(artifacts, i,
                           artifact) if (add_artifact(packet, ret, artifact, list, dir, err) < 0) return -1;
        return 0;
}
