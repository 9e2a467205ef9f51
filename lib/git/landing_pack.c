/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of a landing as one pack: made in the run's own folder from exactly what the check vouched for, then put
 * into the repository under its content's name. Each file appears there whole and synced: by link() where the file
 * systems allow, else copied to an unnamed file that is linked. The pack comes before its idx: git finds packs by idx.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/landing_internal.h"
#include "lib/git/quarantine_internal.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const char *const extensions[] = {"pack", "idx"}; /* in the order of appearance */

static char *private_path(const struct landing_plan *plan, const char *extension)
{
        return xasprintf("%s/landing/%s.%s", plan->work_folder, plan->pack, extension);
}

static char *public_path(struct repo *repo, const struct landing_plan *plan, const char *extension)
{
        return xasprintf("%s/objects/pack/%s.%s", repo->commondir, plan->pack, extension);
}

/* Where the file system has no unnamed files; git sweeps names like this one itself. */
static char *named_copy_path(struct repo *repo, const struct landing_plan *plan)
{
        return xasprintf("%s/objects/pack/tmp_cupel_%s", repo->commondir, plan->run_id);
}

/* What has been handed to the indexer, hashed for the pack's trailer. */
struct pack_stream {
        git_indexer *indexer;
        git_indexer_progress progress;
        SHA_CTX sha;
};

static int stream_put(struct pack_stream *stream, const void *bytes, size_t len, struct err *err)
{
        SHA1_Update(&stream->sha, bytes, len);
        if (git_indexer_append(stream->indexer, bytes, len, &stream->progress) < 0)
                return git_fail(err, "cannot write the pack");
        return 0;
}

/* gitformat-pack(5): type and size, 4 bits and then 7 bits at a time; then the deflated content, no deltas. */
static int stream_object(struct pack_stream *stream, git_odb *odb, const git_oid *id, struct err *err)
{
        _cleanup_odb_object_ git_odb_object *object = NULL;
        _cleanup_free_ unsigned char *packed = NULL;
        unsigned char header[16];
        size_t size, len = 0;
        uLongf packed_len;

        if (git_odb_read(&object, odb, id) < 0)
                return git_fail(err, "an object of the candidate cannot be read");
        size = git_odb_object_size(object);
        header[len] = (unsigned char)((unsigned)git_odb_object_type(object) << 4 | (size & 15));
        for (size >>= 4; size; size >>= 7) {
                header[len++] |= 128;
                header[len] = size & 127;
        }
        packed_len = compressBound((uLong)git_odb_object_size(object));
        packed = xcalloc(1, packed_len);
        if (compress(packed, &packed_len, git_odb_object_data(object), (uLong)git_odb_object_size(object)) != Z_OK)
                return err_set(err, ERR_INTERNAL, "cannot compress an object");
        return stream_put(stream, header, len + 1, err) < 0 ? -1 : stream_put(stream, packed, packed_len, err);
}

static int stream_pack(struct pack_stream *stream, struct quarantine *q, struct err *err)
{
        unsigned char header[12] = "PACK\0\0\0\2", trailer[SHA_DIGEST_LENGTH];

        for (int i = 0; i < 4; i++)
                header[8 + i] = (unsigned char)(q->fresh.len >> (24 - 8 * i));
        SHA1_Init(&stream->sha);
        if (stream_put(stream, header, sizeof(header), err) < 0)
                return -1;
        for (size_t i = 0; i < q->fresh.len; i++) {
                if (stream_object(stream, q->odb, &q->fresh.ids[i], err) < 0)
                        return -1;
        }
        SHA1_Final(trailer, &stream->sha);
        if (git_indexer_append(stream->indexer, trailer, sizeof(trailer), &stream->progress) < 0 ||
            git_indexer_commit(stream->indexer, &stream->progress) < 0)
                return git_fail(err, "cannot index the pack");
        return 0;
}

/* Not git_packbuilder: it visits every ref and tag of the repository to choose an order. */
int pack_write(struct quarantine *q, struct landing_plan *plan, struct repo *repo, struct err *err)
{
        _cleanup_free_ char *folder = xasprintf("%s/landing", plan->work_folder);
        struct pack_stream stream = {0};
        git_oid commit;
        int result;

        if (oid_parse(plan->commit, &commit, err) < 0)
                return -1;
        if (!quarantine_real_has(q, &commit))
                oid_set_add(&q->fresh, &commit);
        if (mkdir(folder, 0700) < 0 && errno != EEXIST)
                return err_errno(err, "cannot make %s", folder);
        if (git_indexer_new(&stream.indexer, folder, 0444, q->odb, NULL) < 0)
                return git_fail(err, "cannot start a pack");
        result = stream_pack(&stream, q, err);
        if (result == 0) {
                plan->pack = xasprintf("pack-%s", git_indexer_name(stream.indexer));
                plan->pack_existed = pack_is_installed(repo, plan);
        }
        git_indexer_free(stream.indexer);
        return result;
}

static int copy_to(int from, int to)
{
        char chunk[1 << 15];
        ssize_t got;

        while ((got = read(from, chunk, sizeof(chunk))) > 0) {
                if (fs_write_all(to, chunk, (size_t)got) < 0)
                        return -1;
        }
        return got < 0 ? -1 : fsync(to);
}

static int copy_across(struct repo *repo, const struct landing_plan *plan, const char *from, const char *to)
{
        _cleanup_free_ char *folder = xasprintf("%s/objects/pack", repo->commondir),
                            *named = named_copy_path(repo, plan);
        _cleanup_fd_ int in = open(from, O_RDONLY | O_CLOEXEC),
                         out = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0444);
        char self[64];
        int result;

        if (in < 0)
                return -1;
        if (out >= 0) {
                snprintf(self, sizeof(self), "/proc/self/fd/%d", out);
                return copy_to(in, out) < 0 ? -1 : linkat(AT_FDCWD, self, AT_FDCWD, to, AT_SYMLINK_FOLLOW);
        }
        unlink(named);
        out = open(named, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
        if (out < 0)
                return -1;
        result = copy_to(in, out) < 0 ? -1 : link(named, to);
        unlink(named);
        return result;
}

static int install_one(struct repo *repo, const struct landing_plan *plan, const char *extension, struct err *err)
{
        _cleanup_free_ char *from = private_path(plan, extension), *to = public_path(repo, plan, extension);
        _cleanup_fd_ int fd = -1;

        if (link(from, to) == 0) {
                fd = open(to, O_RDONLY | O_CLOEXEC);
                return fd < 0 || fsync(fd) < 0 ? err_errno(err, "cannot sync %s", to) : 0;
        }
        if (errno == EEXIST)
                return 0; /* named by its content: the same objects */
        if (errno != EXDEV && errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK)
                return err_errno(err, "cannot install %s", to);
        if (copy_across(repo, plan, from, to) < 0 && errno != EEXIST)
                return err_errno(err, "cannot install %s", to);
        return 0;
}

int pack_install(struct repo *repo, const struct landing_plan *plan, struct err *err)
{
        _cleanup_free_ char *folder = xasprintf("%s/objects/pack", repo->commondir);
        _cleanup_fd_ int dirfd = -1;

        for (size_t i = 0; i < 2; i++) {
                if (install_one(repo, plan, extensions[i], err) < 0)
                        return -1;
                landing_step(i == 0 ? "pack installed" : "idx installed");
        }
        dirfd = fs_open_dir(folder, err);
        if (dirfd < 0)
                return -1;
        return fs_fsync_dir(dirfd) < 0 ? err_errno(err, "cannot sync %s", folder) : 0;
}

bool pack_is_installed(struct repo *repo, const struct landing_plan *plan)
{
        _cleanup_free_ char *idx = public_path(repo, plan, "idx");

        return access(idx, F_OK) == 0;
}

void pack_remove(struct repo *repo, const struct landing_plan *plan)
{
        _cleanup_free_ char *named = named_copy_path(repo, plan);

        unlink(named);
        for (size_t i = 2; i-- > 0 && !plan->pack_existed;) {
                _cleanup_free_ char *path = public_path(repo, plan, extensions[i]);

                unlink(path);
                landing_step("pack removed");
        }
}

void pack_forget(const struct landing_plan *plan)
{
        _cleanup_free_ char *folder = xasprintf("%s/landing", plan->work_folder);

        for (size_t i = 0; i < 2; i++) {
                _cleanup_free_ char *path = private_path(plan, extensions[i]);

                unlink(path);
        }
        rmdir(folder);
}
