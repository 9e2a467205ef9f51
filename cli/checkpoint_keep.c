/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order: the objects out of the cage (rename) into a folder of ours, looked over and summed, the rest written beside them, on the
 * disk (syncfs), under its name (rename). Whatever fails leaves a folder whose name is no step's, which is removed.
 *
 * A rename does not take a folder from who has it open: the caged side may go on writing below objects/. What it changes there
 * after the sum is found by the sum. Nothing else of the checkpoint is below it.
 */
#include "cli/checkpoint_keep.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/json.h"
#include "lib/base/snapshot.h"
#include "lib/packet/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEPS_MAX 1000
#define TREE_BYTES_MAX ((uint64_t)4 << 30) /* what a read-back takes */

void checkpoint_keep_release(struct checkpoint_keep *keep)
{
        char **const all[] = {&keep->run, &keep->run_folder, &keep->base,  &keep->identity,  &keep->snapshot,
                              &keep->by,  &keep->tree,       &keep->state, &keep->state_path};

        for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
                free(*all[i]);
        *keep = (struct checkpoint_keep){0};
}

/* ---- Sums ---- */

static int put_sum(int folder, const char *path, uint64_t *left, struct strv *sums, struct err *err)
{
        _cleanup_fd_ int fd = fs_open_beneath(folder, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
        char hex[HASH_HEX];

        if (fd < 0)
                return err_errno(err, "%s", path);
        if (hash_fd_within(fd, left, hex, err) < 0)
                return err_wrap(err, "%s", path);
        strv_add_printf(sums, "%s  %s", hex, path);
        return 0;
}

static int odd(const char *name, struct err *err)
{
        _cleanup_str_ struct str quoted = {0};

        str_put_quoted(&quoted, name, strlen(name));
        return err_set(err, ERR_REFUSED, "the caged side left %.100s among the objects, which is none",
                       str_text(&quoted));
}

/* One of the 256 folders. */
static int sum_fan(int folder, const char *name, uint64_t *left, struct strv *sums, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("objects/%s", name);
        _cleanup_dir_ DIR *dir = fs_list(fs_open_beneath(folder, path, O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;
        int status = 0;

        if (!dir)
                return odd(name, err);
        while (status == 0 && (entry = fs_list_next(dir))) {
                _cleanup_free_ char *object = xasprintf("%s/%s", name, entry->d_name);
                _cleanup_free_ char *whole = xasprintf("objects/%s", object);
                struct stat st;

                if (!packet_checkpoint_is_object(object) ||
                    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
                        status = odd(object, err);
                else if (sums->len >= CHECKPOINT_OBJECTS_MAX)
                        status = err_set(err, ERR_REFUSED, "more than %zu objects", CHECKPOINT_OBJECTS_MAX);
                else if ((uint64_t)st.st_size > *left)
                        status = err_set(err, ERR_REFUSED, "%s: more bytes than there may be", whole);
                else
                        status = put_sum(folder, whole, left, sums, err);
        }
        return status == 0 && errno ? err_errno(err, "%s", path) : status;
}

static int sum_objects(int folder, uint64_t left, struct strv *sums, struct err *err)
{
        _cleanup_dir_ DIR *dir = fs_list(fs_open_beneath(folder, "objects", O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;

        if (!dir)
                return err_errno(err, "objects of the checkpoint");
        while ((entry = fs_list_next(dir)))
                if (sum_fan(folder, entry->d_name, &left, sums, err) < 0)
                        return -1;
        return errno ? err_errno(err, "objects of the checkpoint") : 0;
}

/* ---- What is written beside the objects ---- */

static int copy_file(int from, int to, const char *path, struct err *err)
{
        const char *name = NULL;
        _cleanup_fd_ int folder = fs_mkdir_parents_at(to, path, 0700, &name, err), fd = -1;
        _cleanup_str_ struct str bytes = {0};

        if (folder < 0)
                return -1;
        if (linkat(from, path, folder, name, 0) == 0)
                return 0;
        if (fs_read_at(from, path, SIZE_MAX / 2, &bytes, err) < 0)
                return -1;
        fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
        if (fd < 0 || fs_write_all(fd, str_text(&bytes), bytes.len) < 0)
                return err_errno(err, "%s", path);
        return 0;
}

static int embed_snapshot(int run, int folder, struct err *err)
{
        _cleanup_fd_ int from = fs_open_beneath(run, "config_snapshot", O_RDONLY | O_DIRECTORY, 0);
        _cleanup_fd_ int to = -1;
        _cleanup_strv_ struct strv files = {0};

        if (from < 0)
                return err_errno(err, "config_snapshot");
        if (snapshot_list(from, &files, err) < 0 || (to = fs_mkdir_open_at(folder, "config_snapshot", 0700, err)) < 0)
                return -1;
        for (size_t i = 0; i < files.len; i++)
                if (copy_file(from, to, files.items[i], err) < 0)
                        return -1;
        return copy_file(run, folder, "identity.txt", err);
}

static int write_record(const struct checkpoint_keep *keep, int folder, struct err *err)
{
        char now[CLOCK_RFC3339];
        _cleanup_json_ json_t *record = NULL;
        _cleanup_free_ char *text = NULL;

        clock_rfc3339(now);
        record =
                json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s*, s:s*, s:s, s:s, s:I, s:s, s:I, s:I, s:I}",
                          "schema", CHECKPOINT_SCHEMA, "run", keep->run, "step", (json_int_t)keep->step, "by", keep->by,
                          "time", now, "tree", keep->tree, "base", keep->base, "state", keep->state, "state_path",
                          keep->state_path, "identity", keep->identity, "snapshot_sha256", keep->snapshot, "sequence",
                          (json_int_t)keep->sequence, "log_hash", keep->log_hash, "files", (json_int_t)keep->files,
                          "bytes", (json_int_t)keep->bytes, "paused_ms", (json_int_t)keep->paused_ms);
        text = record ? json_dumps(record, JSON_INDENT(2)) : NULL;
        if (!text)
                return err_set(err, ERR_INTERNAL, "the checkpoint's record is no JSON");
        return fs_write_at(folder, "checkpoint.json", text, strlen(text), 0444, err);
}

static int seal(struct checkpoint_keep *keep, int folder, struct strv *sums, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        uint64_t left = UINT64_MAX;

        if (put_sum(folder, "checkpoint.json", &left, sums, err) < 0 ||
            put_sum(folder, "identity.txt", &left, sums, err) < 0)
                return -1;
        strv_sort_unique(sums);
        for (size_t i = 0; i < sums->len; i++)
                str_printf(&text, "%s\n", sums->items[i]);
        hash_bytes(str_text(&text), text.len, keep->sha256);
        return fs_write_at(folder, "SHA256SUMS", str_text(&text), text.len, 0444, err);
}

static int fill(struct checkpoint_keep *keep, int run, int folder, struct err *err)
{
        /* twice: what does not deflate grows a little, and trees come on top */
        const uint64_t most = 2 * (TREE_BYTES_MAX + (uint64_t)keep->state_bytes);
        _cleanup_strv_ struct strv sums = {0};

        if (sum_objects(folder, most, &sums, err) < 0 || embed_snapshot(run, folder, err) < 0 ||
            write_record(keep, folder, err) < 0 || seal(keep, folder, &sums, err) < 0)
                return -1;
        return syncfs(folder) < 0 ? err_errno(err, "sync the checkpoint") : 0;
}

/* ---- The order ---- */

/* A link in the place of objects/ is moved as a link, and not followed. */
static int move_out(int run, int checkpoints, const char *name, const char *part, struct err *err)
{
        _cleanup_fd_ int staging = fs_open_beneath(run, "staging", O_RDONLY | O_DIRECTORY, 0);
        _cleanup_fd_ int staged = staging < 0 ? -1 : fs_open_beneath(staging, name, O_RDONLY | O_DIRECTORY, 0);
        _cleanup_fd_ int folder = -1;

        if (staged < 0)
                return err_errno(err, "staging/%s", name);
        if (fs_remove_tree_at(checkpoints, part, err) < 0 ||
            (folder = fs_mkdir_open_at(checkpoints, part, 0700, err)) < 0)
                return -1;
        if (renameat(staged, "objects", folder, "objects") < 0)
                return err_errno(err, "staging/%s/objects", name);
        (void)unlinkat(staging, name, AT_REMOVEDIR); /* the end of the run takes what is left */
        return steal_fd(&folder);
}

static int put_in_place(int checkpoints, const char *part, const char *name, struct err *err)
{
        if (fs_remove_tree_at(checkpoints, name, err) < 0)
                return -1;
        if (renameat(checkpoints, part, checkpoints, name) < 0 || fs_fsync_dir(checkpoints) < 0)
                return err_errno(err, "%s", name);
        return 0;
}

int checkpoint_keep(struct checkpoint_keep *keep, struct err *err)
{
        char name[CHECKPOINT_NAME];
        _cleanup_free_ char *part = NULL;
        _cleanup_fd_ int run = fs_open_dir(keep->run_folder, err);
        _cleanup_fd_ int checkpoints = run < 0 ? -1 : fs_mkdir_open_at(run, CHECKPOINT_FOLDER, 0700, err);
        _cleanup_fd_ int folder = -1;
        struct err ignored = ERR_INIT;
        int status;

        if (checkpoints < 0)
                return -1;
        packet_checkpoint_name(keep->step, name);
        part = xasprintf(".%s.part", name);
        folder = move_out(run, checkpoints, name, part, err);
        status = folder < 0 ? -1 : fill(keep, run, folder, err);
        if (status == 0)
                status = put_in_place(checkpoints, part, name, err);
        if (status < 0)
                (void)fs_remove_tree_at(checkpoints, part, &ignored);
        return status;
}

void checkpoint_prune(const char *run_folder, int64_t keep)
{
        struct err ignored = ERR_INIT;
        _cleanup_fd_ int run = fs_open_dir(run_folder, &ignored);
        _cleanup_fd_ int checkpoints =
                run < 0 ? -1 : openat(run, CHECKPOINT_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int64_t steps[STEPS_MAX];
        const size_t len = checkpoints < 0 ? 0 : packet_checkpoint_steps(run, steps, STEPS_MAX);

        for (size_t i = 0; i + (size_t)keep < len; i++) {
                char name[CHECKPOINT_NAME];

                packet_checkpoint_name(steps[i], name);
                (void)fs_remove_tree_at(checkpoints, name, &ignored);
        }
}
