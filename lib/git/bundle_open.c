/* SPDX-License-Identifier: Apache-2.0 */
/*
 * header → pack through libgit2's indexer into a store of its own → the commit and all that its tree names. Nothing of the
 * header is used but where it ends: which commit is wanted says the caller.
 *
 * Few bytes of a pack can say much: deltas upon deltas, trees that name the same tree often. So all of it is done by a child with
 * bounds on time and memory, which go with the size of the bundle, and what its tree comes to is weighed.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/bundle.h"
#include "lib/git/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <git2/indexer.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)
#define HEADER_MOST ((size_t)64 << 10)
#define FILES_FREE 50000 /* and one for each FILE_BYTES of the bundle, */
#define FILE_BYTES 64
#define FILES_MOST 1000000 /* up to that */
#define BYTES_FREE (256 * MIB)
#define BYTES_RATIO 200
#define BYTES_MOST (8192 * MIB)
#define OBJECT_LEAST 9  /* bytes: its head, and the shortest that zlib makes of nothing */
#define SECONDS_FREE 10 /* of processor time, and these for each MiB of the bundle */
#define SECONDS_PER_MIB 2
#define MEMORY_FREE (1536 * MIB)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

static const char signature[] = "# v2 git bundle\n";

/* ---- The header: it ends with an empty line ---- */

static int judge_header(const char *text, size_t len, struct err *err)
{
        const char *at = text + strlen(signature);

        if (len < strlen(signature) || strncmp(text, signature, strlen(signature)) != 0)
                return err_set(err, ERR_INPUT, "it is no git bundle of version 2");
        for (; at < text + len && *at != '\n'; at += strcspn(at, "\n") + 1)
                if (*at == '-')
                        return err_set(err, ERR_INPUT, "the bundle needs commits that it does not hold");
        return 0;
}

/* Leaves `fd` where the pack begins. */
static int skip_header(int fd, struct err *err)
{
        _cleanup_free_ char *head = xcalloc(1, HEADER_MOST + 1);
        const ssize_t got = pread(fd, head, HEADER_MOST, 0);
        const char *end;

        if (got < 0)
                return err_errno(err, "read the bundle");
        end = memmem(head, (size_t)got, "\n\n", 2);
        if (!end || memchr(head, '\0', (size_t)(end - head)))
                return err_set(err, ERR_INPUT, "it is no git bundle");
        head[end + 2 - head] = '\0';
        if (judge_header(head, (size_t)(end + 2 - head), err) < 0)
                return -1;
        return lseek(fd, end + 2 - head, SEEK_SET) < 0 ? err_errno(err, "read the bundle") : 0;
}

/* ---- An empty bare repository ---- */

static int make_bare(const char *folder, struct err *err)
{
        static const char head[] = "ref: " BUNDLE_REF "\n";
        static const char config[] = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";
        static const char *const folders[] = {"objects", "objects/pack", "refs", "refs/heads"};
        _cleanup_fd_ int fd = -1;

        if (mkdir(folder, 0700) < 0)
                return err_errno(err, "make %s", folder);
        fd = fs_open_dir(folder, err);
        if (fd < 0)
                return -1;
        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
                if (mkdirat(fd, folders[i], 0700) < 0)
                        return err_errno(err, "make %s/%s", folder, folders[i]);
        if (fs_write_at(fd, "config", config, strlen(config), 0600, err) < 0)
                return -1;
        return fs_write_at(fd, "HEAD", head, strlen(head), 0600, err);
}

static int name_commit(const char *folder, const char *commit, struct err *err)
{
        _cleanup_free_ char *line = xasprintf("%s\n", commit), *path = xasprintf("%s/refs/heads", folder);
        _cleanup_fd_ int fd = fs_open_dir(path, err);

        return fd < 0 ? -1 : fs_write_at(fd, strrchr(BUNDLE_REF, '/') + 1, line, strlen(line), 0600, err);
}

/* ---- The pack ---- */

static int refuse_pack(struct err *err)
{
        const git_error *last = git_error_last();

        return err_set(err, ERR_INPUT, "the bundle's pack is damaged or incomplete: %.200s",
                       last && last->message ? last->message : "no reason given");
}

/* The number of objects that a pack says it has is room that the indexer makes: no object is shorter than OBJECT_LEAST. */
static int check_header(int fd, uint64_t size, struct err *err)
{
        unsigned char head[12] = {0};
        const off_t at = lseek(fd, 0, SEEK_CUR);
        uint64_t objects = 0;

        if (at < 0 || pread(fd, head, sizeof(head), at) != (ssize_t)sizeof(head) || memcmp(head, "PACK", 4) != 0)
                return err_set(err, ERR_INPUT, "the bundle has no pack");
        for (size_t i = 8; i < sizeof(head); i++)
                objects = objects << 8 | head[i];
        return objects <= size / OBJECT_LEAST
                       ? 0
                       : err_set(err, ERR_INPUT,
                                 "the bundle's pack says that it has more objects than it has room for");
}

static int feed(git_indexer *indexer, int fd, struct err *err)
{
        char buffer[65536];
        git_indexer_progress progress = {0};
        ssize_t got;

        while ((got = read(fd, buffer, sizeof(buffer))) > 0)
                if (git_indexer_append(indexer, buffer, (size_t)got, &progress) < 0)
                        return refuse_pack(err);
        if (got < 0)
                return err_errno(err, "read the bundle");
        return git_indexer_commit(indexer, &progress) < 0 ? refuse_pack(err) : 0;
}

static int take_pack(int fd, const char *folder, struct err *err)
{
        _cleanup_free_ char *packs = xasprintf("%s/objects/pack", folder);
        git_indexer_options options;
        git_indexer *indexer = NULL;
        int result;

        git_indexer_options_init(&options, GIT_INDEXER_OPTIONS_VERSION);
        if (git_indexer_new(&indexer, packs, 0400, NULL, &options) < 0)
                return git_fail(err, "cannot take the bundle's pack");
        result = feed(indexer, fd, err);
        git_indexer_free(indexer);
        return result;
}

/* ---- What is in it ---- */

struct weight {
        git_odb *odb;
        uint64_t files, bytes, most_files, most_bytes;
};

static uint64_t least(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

static enum tree_step weigh(void *data, const char *path, size_t path_len, const struct tree_entry *entry,
                            struct err *err)
{
        struct weight *weight = data;
        git_object_t type;
        size_t size = 0;

        (void)path;
        (void)path_len;
        if (++weight->files > weight->most_files) {
                err_set(err, ERR_INPUT, "the bundle's commit has more files than a bundle of its size may have: %llu",
                        (unsigned long long)weight->most_files);
                return TREE_STOP;
        }
        if (entry->mode == 0160000 || tree_entry_is_tree(entry))
                return TREE_GO;
        if (git_odb_read_header(&size, &type, weight->odb, &entry->id) < 0 || type != GIT_OBJECT_BLOB) {
                err_set(err, ERR_INPUT, "the bundle lacks a file of its commit");
                return TREE_STOP;
        }
        weight->bytes += size;
        if (weight->bytes > weight->most_bytes) {
                err_set(err, ERR_INPUT,
                        "the bundle's commit has larger files than a bundle of its size may have: %llu MiB",
                        (unsigned long long)(weight->most_bytes / MIB));
                return TREE_STOP;
        }
        return TREE_GO;
}

static int check_commit(const char *folder, const char *commit, uint64_t size, struct err *err)
{
        _cleanup_repo_ struct repo *repo = NULL;
        struct weight weight = {.most_files = least(FILES_FREE + size / FILE_BYTES, FILES_MOST),
                                .most_bytes = least(BYTES_FREE + size * BYTES_RATIO, BYTES_MOST)};
        char tree[GIT_HEX];
        git_oid id;

        if (repo_open(folder, &repo, err) < 0)
                return -1;
        if (repo_commit_tree(repo, commit, tree, err) < 0)
                return err_set(err, ERR_INPUT, "the bundle does not hold commit %s", commit);
        weight.odb = repo->odb;
        if (oid_parse(tree, &id, err) < 0)
                return -1;
        if (tree_walk(repo->odb, &id, weigh, &weight, err) == 0)
                return 0;
        err->code = ERR_INPUT; /* whatever is wrong with it, it is the bundle's */
        return -1;
}

/* ---- The child ---- */

static void bound(__rlimit_resource_t resource, uint64_t most)
{
        const struct rlimit limit = {.rlim_cur = most, .rlim_max = most};

        setrlimit(resource, &limit);
}

/* A sanitizer's shadow counts as memory, too. */
static void bound_all(uint64_t size)
{
#ifndef SANITIZED
        bound(RLIMIT_DATA, MEMORY_FREE + 2 * size);
#endif
        bound(RLIMIT_CPU, SECONDS_FREE + size / MIB * SECONDS_PER_MIB);
        bound(RLIMIT_CORE, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* In the child, which ends here: its error is what it says. */
static void open_bounded(int fd, const char *folder, const char *commit, uint64_t size, int said)
{
        struct err err = ERR_INIT;

        bound_all(size);
        if (check_header(fd, size, &err) == 0 && take_pack(fd, folder, &err) == 0)
                (void)check_commit(folder, commit, size, &err);
        _exit(fs_write_all(said, &err, sizeof(err)) < 0);
}

static int hear(int said, pid_t child, struct err *err)
{
        struct err heard = ERR_INIT;
        size_t len = 0;
        ssize_t got;
        int status;

        while (len < sizeof(heard) && (got = read(said, (char *)&heard + len, sizeof(heard) - len)) != 0) {
                if (got < 0 && errno != EINTR)
                        break;
                len += got > 0 ? (size_t)got : 0;
        }
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
                continue;
        if (len < sizeof(heard))
                return err_set(err, ERR_INPUT,
                               "the bundle's pack takes more time or memory than one of its size may: it is refused");
        if (heard.code == ERR_OK)
                return 0;
        heard.message[sizeof(heard.message) - 1] = '\0';
        return err_set(err, ERR_INPUT, "%s", heard.message); /* whatever is wrong with it, it is the bundle's */
}

static int open_in_child(int fd, const char *folder, const char *commit, struct err *err)
{
        _cleanup_fd_ int said = -1;
        struct stat st;
        int ends[2];
        pid_t child;

        if (fstat(fd, &st) < 0 || pipe2(ends, O_CLOEXEC) < 0)
                return err_errno(err, "look at the bundle");
        child = fork();
        if (child == 0)
                open_bounded(fd, folder, commit, (uint64_t)st.st_size, ends[1]);
        close(ends[1]);
        said = ends[0];
        return child < 0 ? err_errno(err, "start a process for the bundle") : hear(said, child, err);
}

int bundle_open(int fd, const char *folder, const char *commit, struct err *err)
{
        if (git_start(err) < 0 || skip_header(fd, err) < 0 || make_bare(folder, err) < 0 ||
            open_in_child(fd, folder, commit, err) < 0)
                return -1;
        return name_commit(folder, commit, err);
}
