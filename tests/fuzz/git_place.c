/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/git_place.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/layer.h"
#include "lib/git/readback.h"
#include "tests/fuzz/sections.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char script[] =
        "set -e; cd '%s'; export GIT_CONFIG_NOSYSTEM=1 HOME=$PWD\n"
        "git init -q r; cd r; mkdir -p a/b src/.deep\n"
        "echo 1 >f; echo 2 >a/f; echo 3 >a/b/f; echo 4 >src/.deep/f; : >empty; echo run >tool; chmod +x tool\n"
        "printf 'x\\r\\n' >dos.crlf; printf '$Id$\\n' >v.id; echo pointer >big.bin; ln -s a link; echo o >kept.o\n"
        "printf '*.crlf text eol=crlf\\n*.id ident\\n*.bin filter=lfs\\n' >.gitattributes; printf '*.o\\nbuild/\\n' "
        ">.gitignore\n"
        "echo '!x.o' >a/.gitignore; git -c filter.lfs.clean=cat -c filter.lfs.required=false add -A -f\n"
        "git update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,sub\n"
        "git write-tree >../tree\n";

static struct git_place here = {.fd = -1};

static void leave(void)
{
        repo_free(here.repo);
        sections_remove(here.fd, here.folder);
}

struct git_place *git_place(void)
{
        _cleanup_free_ char *command = NULL, *gitdir = NULL;
        _cleanup_str_ struct str tree = {0};
        struct err err = ERR_INIT;

        if (here.repo)
                return &here;
        umask(022);
        here.fd = sections_folder(here.folder);
        command = xasprintf(script, here.folder);
        must(system(command) == 0 && atexit(leave) == 0);
        must(fs_read_at(here.fd, "tree", 100, &tree, &err) == 0 && tree.len == GIT_HEX);
        memcpy(here.tree, str_text(&tree), GIT_HEX - 1);
        gitdir = xasprintf("%s/r/.git", here.folder);
        must(git_start(&err) == 0 && repo_open(gitdir, &here.repo, &err) == 0);
        return &here;
}

int git_place_fresh(const struct git_place *place, const char *name)
{
        struct err err = ERR_INIT;
        int fd;

        must(fs_remove_tree_at(place->fd, name, &err) == 0);
        fd = fs_mkdir_open_at(place->fd, name, 0755, &err);
        must(fd >= 0);
        return fd;
}

struct quarantine *git_place_quarantine(const struct git_place *place, const char *name)
{
        _cleanup_free_ char *folder = xasprintf("%s/%s", place->folder, name);
        struct quarantine *q = NULL;
        struct err err = ERR_INIT;

        must(fs_remove_tree_at(place->fd, name, &err) == 0);
        must(quarantine_open(place->repo, folder, QUARANTINE_CREATE, &q, &err) == 0);
        return q;
}

void git_place_round_trip(const struct git_place *place, struct quarantine *q, const char *tree)
{
        const struct readback_options options = {.base_tree = place->tree, .raw = true, .max_depth = 400};
        _cleanup_fd_ int upper = git_place_fresh(place, "trip");
        _cleanup_readback_ struct readback result = {0};
        struct err err = ERR_INIT;

        must(changes_write(quarantine_repo(q), place->tree, tree, true, upper, &err) == 0);
        must(readback_run(q, upper, &options, &result, &err) == 0);
        must(result.refusals.len == 0 && strcmp(result.tree, tree) == 0);
}
