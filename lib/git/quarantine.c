/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a quarantine and writing to it. Content is hashed before anything is written: what either store has is left
 * alone. Large files are hashed in one pass and stored in a second; a file that changed between them is an error.
 */
#include "lib/git/quarantine.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/quarantine_internal.h"

#define OPENSSL_SUPPRESS_DEPRECATED /* the plain SHA-1 calls: no provider look-up at start-up */
#include <openssl/sha.h>

#include <git2/sys/mempack.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 16)

/* Every gate looks at the same changed files, so they are kept once they were read. Not from libgit2's start on: what fills a
 * base reads each blob once, and would keep 64 MiB of them. */
#define BLOB_KEPT_BYTES ((size_t)64 << 10)

static int open_stores(struct quarantine *q, const char *folder, struct err *err)
{
        _cleanup_free_ char *objects = xasprintf("%s/objects", repo_commondir(q->repo));

        if (git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_BLOB, BLOB_KEPT_BYTES) < 0)
                return git_fail(err, "cannot set libgit2's options");
        if (git_odb_new(&q->odb) < 0 || git_odb_add_disk_alternate(q->odb, objects) < 0)
                return git_fail(err, "cannot open %s", objects);
        if (git_odb_backend_loose(&q->loose, folder, QUARANTINE_COMPRESSION, 0, 0700, 0444) < 0 ||
            git_odb_add_alternate(q->odb, q->loose, QUARANTINE_LAST) < 0)
                return git_fail(err, "cannot open the quarantine %s", folder);
        return repo_set_odb(q->repo, q->odb, err);
}

int quarantine_open(struct repo *repo, const char *folder, unsigned flags, struct quarantine **ret, struct err *err)
{
        _cleanup_quarantine_ struct quarantine *q = xcalloc(1, sizeof(*q));

        q->dirfd = q->store_fd = q->kept_fd = -1;
        if ((flags & QUARANTINE_CREATE) && mkdir(folder, 0700) < 0 && errno != EEXIST)
                return err_errno(err, "cannot make the quarantine %s", folder);
        q->dirfd = fs_open_dir(folder, err);
        if (q->dirfd < 0)
                return err_wrap(err, "quarantine");
        q->real = repo->odb;
        if (repo_open(repo_gitdir(repo), &q->repo, err) < 0 || open_stores(q, folder, err) < 0)
                return -1;
        strv_copy(&q->repo->object_dirs, &repo->object_dirs); /* as that handle found and checked them */
        *ret = steal_ptr(&q);
        return 0;
}

void quarantine_close(struct quarantine *q)
{
        if (!q)
                return;
        git_odb_free(q->odb);
        repo_free(q->repo);
        if (q->dirfd >= 0)
                close(q->dirfd);
        if (q->store_fd >= 0)
                close(q->store_fd);
        if (q->kept_fd >= 0)
                close(q->kept_fd);
        free(q->keep_folder);
        oid_set_release(&q->fresh);
        free(q);
}

struct repo *quarantine_repo(struct quarantine *q)
{
        return q->repo;
}

void quarantine_forget(struct quarantine *q, const char *commit)
{
        struct err ignored = ERR_INIT;
        git_oid id;

        if (oid_parse(commit, &id, &ignored) == 0)
                oid_set_take_back(&q->fresh, &id);
}

int quarantine_sync(struct quarantine *q, struct err *err)
{
        if (syncfs(q->dirfd) < 0)
                return err_errno(err, "cannot sync the quarantine");
        return 0;
}

bool quarantine_real_has(struct quarantine *q, const git_oid *id)
{
        return git_odb_exists_ext(q->real, id, GIT_ODB_LOOKUP_NO_REFRESH) == 1;
}

static git_odb_backend *writable(const struct quarantine *q)
{
        return q->store ? q->store : q->loose;
}

/* True: either store has it, and where only the quarantine does, it is noted. */
static bool is_known(struct quarantine *q, const git_oid *id)
{
        if (oid_set_has(&q->fresh, id) || quarantine_real_has(q, id))
                return true;
        oid_set_add(&q->fresh, id);
        return writable(q)->exists(writable(q), id) == 1;
}

int quarantine_write(struct quarantine *q, const void *data, size_t len, git_object_t type, git_oid *ret,
                     struct err *err)
{
        git_oid id;

        if (git_odb_hash(&id, data, len, type) < 0)
                return git_fail(err, "cannot hash an object");
        if (!is_known(q, &id) && writable(q)->write(writable(q), &id, data, len, type) < 0)
                return git_fail(err, "cannot write to the quarantine");
        *ret = id;
        return 0;
}

int quarantine_keep(struct quarantine *q, const void *data, size_t len, git_object_t type, git_oid *ret,
                    struct err *err)
{
        git_oid id;

        if (git_odb_hash(&id, data, len, type) < 0)
                return git_fail(err, "cannot hash an object");
        if (!q->memory &&
            (git_mempack_new(&q->memory) < 0 || git_odb_add_backend(q->odb, q->memory, QUARANTINE_FIRST) < 0))
                return git_fail(err, "cannot keep an object");
        if (!is_known(q, &id) && q->memory->write(q->memory, &id, data, len, type) < 0)
                return git_fail(err, "cannot keep an object");
        *ret = id;
        return 0;
}

/* A file as a whole, or a part of one. */
struct source {
        int fd;
        uint64_t offset, size;
        bool whole; /* there must be nothing behind it */
};

/* Reads it once, feeding the hash and, where there is one, the stream. */
static int feed_file(const struct source *source, SHA_CTX *sha, git_odb_stream *stream, struct err *err)
{
        _cleanup_free_ char *chunk = xcalloc(1, CHUNK);
        uint64_t at = 0;

        for (;;) {
                const uint64_t left = source->size - at + (source->whole ? 1 : 0);
                const ssize_t got =
                        pread(source->fd, chunk, left < CHUNK ? (size_t)left : CHUNK, (off_t)(source->offset + at));

                if (got < 0)
                        return err_errno(err, "cannot read a changed file");
                if (got == 0)
                        break;
                at += (uint64_t)got;
                if (at > source->size)
                        break;
                SHA1_Update(sha, chunk, (size_t)got);
                if (stream && stream->write(stream, chunk, (size_t)got) < 0)
                        return git_fail(err, "cannot write to the quarantine");
        }
        if (at != source->size)
                return err_set(err, ERR_REFUSED, "a file changed while it was read");
        return 0;
}

static int hash_file(const struct source *source, git_odb_stream *stream, git_oid *ret, struct err *err)
{
        char header[32];
        SHA_CTX sha;

        snprintf(header, sizeof(header), "blob %" PRIu64, source->size);
        SHA1_Init(&sha);
        SHA1_Update(&sha, header, strlen(header) + 1);
        if (feed_file(source, &sha, stream, err) < 0)
                return -1;
        SHA1_Final(ret->id, &sha);
        return 0;
}

static int write_source(struct quarantine *q, const struct source *source, git_oid *ret, struct err *err)
{
        git_odb_stream *stream = NULL;
        git_oid id, again;
        int result;

        if (hash_file(source, NULL, &id, err) < 0)
                return -1;
        if (is_known(q, &id)) {
                *ret = id;
                return 0;
        }
        if (writable(q)->writestream(&stream, writable(q), (git_object_size_t)source->size, GIT_OBJECT_BLOB) < 0)
                return git_fail(err, "cannot write to the quarantine");
        result = hash_file(source, stream, &again, err);
        if (result == 0 && git_oid_cmp(&id, &again) != 0)
                result = err_set(err, ERR_REFUSED, "a file changed while it was read");
        if (result == 0 && stream->finalize_write(stream, &id) < 0)
                result = git_fail(err, "cannot write to the quarantine");
        stream->free(stream);
        if (result == 0)
                *ret = id;
        return result;
}

int quarantine_write_file(struct quarantine *q, int fd, uint64_t size, git_oid *ret, struct err *err)
{
        return write_source(q, &(struct source){.fd = fd, .size = size, .whole = true}, ret, err);
}

int quarantine_write_part(struct quarantine *q, int fd, uint64_t offset, uint64_t size, git_oid *ret, struct err *err)
{
        return write_source(q, &(struct source){.fd = fd, .offset = offset, .size = size}, ret, err);
}
