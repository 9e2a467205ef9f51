/* SPDX-License-Identifier: Apache-2.0 */
/* A packet's base.bundle from an attacker: a commit that it really holds, or a refusal; never more than its child may take. */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/bundle.h"
#include "lib/git/repo.h"
#include "tests/fuzz/sections.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the header says of its own branch, else any. */
static void wanted(const uint8_t *data, size_t size, char ret[GIT_HEX])
{
        const char *line = size ? memchr(data, '\n', size) : NULL;
        const size_t left = line ? size - (size_t)(line + 1 - (const char *)data) : 0;

        memset(ret, '1', GIT_HEX - 1);
        ret[GIT_HEX - 1] = '\0';
        if (left > GIT_HEX && strspn(line + 1, "0123456789abcdef") == GIT_HEX - 1)
                memcpy(ret, line + 1, GIT_HEX - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *copy = xmemdup(data, size), *path = NULL;
        _cleanup_fd_ int fd = memfd_create("bundle", MFD_CLOEXEC);
        struct err err = ERR_INIT;
        char commit[GIT_HEX], tree[GIT_HEX], top[64];
        const int folder = sections_folder(top);

        must(fs_write_all(fd, data, size) == 0 && lseek(fd, 0, SEEK_SET) == 0);
        wanted((const uint8_t *)copy, size, commit);
        path = xasprintf("%s/base.git", top);
        if (bundle_open(fd, path, commit, &err) == 0) {
                _cleanup_repo_ struct repo *repo = NULL;

                must(repo_open(path, &repo, &err) == 0 && repo_commit_tree(repo, commit, tree, &err) == 0);
        } else {
                must(err.code == ERR_INPUT || err.code == ERR_SYSTEM);
        }
        sections_remove(folder, top);
        return 0;
}
