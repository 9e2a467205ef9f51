/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Below the folder: repo/ (a repository, whose store nobody writes once the base is there), lower/ (its checkout, as git writes it),
 * base-index (of that checkout), and for each sequence upper/, work/, merged/, index, objects/ (git's), one/ and two/ (ours).
 *
 * git decides what changed by its index, as in anybody's checkout: files that nobody touched keep inode and times in the overlay. It
 * compares whole seconds (what is younger than the index it reads again, which would convert what nobody touched).
 * Attributes are those of the base, whatever a sequence makes of .gitattributes; where it may make something of them, git is told in
 * attr/info/attributes, which is above the files.
 */
#include "tests/trees/place.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/spool.h"
#include "lib/git/quarantine.h"
#include "lib/git/readback.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define IGNORE_MOST ((uint64_t)8 << 20) /* git knows no limit */

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "tree-judge: %s: %s\n", what, strerror(errno));
        exit(2);
}

static void must_git(const struct place *place, const struct git_call *call, const char *const *arguments, char *ret,
                     size_t size)
{
        must(place_git(place, call, arguments, ret, size) >= 0, arguments[0]);
}

static void empty(const struct place *place, const char *name)
{
        struct err err = ERR_INIT;

        must(fs_remove_tree_at(place->fd, name, &err) == 0 && mkdirat(place->fd, name, 0755) == 0, name);
}

static void put_file(const struct place *place, const char *path, const struct str *text)
{
        _cleanup_free_ char *folder = xasprintf("%.*s", (int)(strrchr(path, '/') - path), path);
        _cleanup_fd_ int at = openat(place->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct err err = ERR_INIT;

        must(at >= 0 && fs_write_at(at, strrchr(path, '/') + 1, str_text(text), text->len, 0644, &err) == 0, path);
}

void place_open(struct place *place, const char *where)
{
        struct err err = ERR_INIT;

        *place = (struct place){0};
        umask(022);
        must(git_start(&err) == 0, err.message);
        must((size_t)snprintf(place->folder, sizeof(place->folder), "%s/cupel-trees-XXXXXX", where) <
                             sizeof(place->folder) &&
                     mkdtemp(place->folder),
             where);
        place->fd = open(place->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        must(place->fd >= 0, place->folder);
        for (size_t i = 0; i < 2; i++) {
                _cleanup_free_ char *path = xasprintf("%s/%s", place->folder, i ? "attr" : "repo");
                const char *const arguments[] = {"init", "-q", i ? "--bare" : "-q", "--", path, NULL};

                must_git(place, &(struct git_call){0}, arguments, NULL, 0);
        }
}

void place_close(struct place *place)
{
        struct err err = ERR_INIT;

        repo_free(place->repo);
        close(place->fd);
        (void)fs_remove_tree_at(AT_FDCWD, place->folder, &err);
}

/* ---- A base ---- */

static void write_config(const struct place *place, const struct place_config *config)
{
        _cleanup_str_ struct str text = {0}, exclude = {0};

        str_printf(&text, "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfilemode = %s\n",
                   config->distrust_mode ? "false" : "true");
        if (config->autocrlf)
                str_printf(&text, "\tautocrlf = %s\n", config->autocrlf);
        if (config->exclude)
                str_printf(&exclude, "%s\n", edit_ignore_line(config->exclude));
        put_file(place, "repo/.git/config", &text);
        put_file(place, "attr/config", &text);
        put_file(place, "repo/.git/info/exclude", &exclude);
        put_file(place, "attr/info/exclude", &exclude);
}

static size_t depth_of(const char *path)
{
        size_t depth = 0;

        for (; *path; path++)
                depth += *path == '/';
        return depth;
}

/* Something else may be in its way. */
static bool is_there(const struct place *place, const char *path)
{
        _cleanup_free_ char *below = xasprintf("lower/%s", path);
        _cleanup_fd_ int fd = fs_open_beneath(place->fd, below, O_RDONLY | O_CLOEXEC, 0);

        return fd >= 0;
}

/* The base's .gitattributes, of its checkout, as one file: deeper ones later. */
static void write_attributes(const struct place *place, const struct edits *base)
{
        static const char name[] = ".gitattributes";
        _cleanup_str_ struct str text = {0};

        str_puts(&text, "* !text !eol !ident !crlf !filter !working-tree-encoding\n");
        for (size_t depth = 0; depth < 4; depth++)
                for (size_t i = 0; i < base->len; i++) {
                        const struct edit *edit = &base->items[i];
                        const int folder = (int)(strlen(edit->path) - strlen(name));

                        if (edit->kind == EDIT_ATTRIBUTE && depth_of(edit->path) == depth &&
                            is_there(place, edit->path))
                                str_printf(&text, "%s%.*s%s%s\n", depth ? "/" : "", folder, edit->path,
                                           depth ? "**/" : "", edit_attribute_line(edit->value));
                }
        put_file(place, "attr/info/attributes", &text);
}

static void fresh_store(struct place *place, bool as_is)
{
        static const char *const folders[] = {"repo/.git/objects", "repo/.git/objects/info", "repo/.git/objects/pack"};
        _cleanup_str_ struct str text = {0};

        repo_free(place->repo);
        place->repo = NULL;
        for (size_t i = 0; i < 3; i++)
                empty(place, folders[i]);
        (void)unlinkat(place->fd, "repo/.git/info/attributes", 0);
        (void)unlinkat(place->fd, "base-index", 0);
        str_puts(&text, "* -text -ident\n");
        if (as_is)
                put_file(place, "repo/.git/info/attributes", &text);
}

void place_base(struct place *place, const struct place_config *config, const struct edits *base)
{
        static const char *const add[] = {"add", "-A", "-f", NULL}, *const write_tree[] = {"write-tree", NULL},
                                 *const check_out[] = {"checkout-index", "-a", "-u", "-q", NULL};
        const struct git_call call = {.git_dir = "repo/.git", .work_tree = "lower", .index = "base-index"};
        _cleanup_free_ char *gitdir = xasprintf("%s/repo/.git", place->folder);
        struct err err = ERR_INIT;

        fresh_store(place, config->as_is);
        write_config(place, config);
        empty(place, "lower");
        empty(place, "objects");
        {
                _cleanup_fd_ int lower = openat(place->fd, "lower", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                for (size_t i = 0; i < base->len; i++)
                        edit_do(lower, &base->items[i]);
        }
        must_git(place, &call, add, NULL, 0);
        must_git(place, &call, write_tree, place->tree, sizeof(place->tree));
        (void)unlinkat(place->fd, "repo/.git/info/attributes", 0);
        empty(place, "lower");
        must_git(place, &call, check_out, NULL, 0);
        write_attributes(place, base);
        must(repo_open(gitdir, &place->repo, &err) == 0, err.message);
}

/* ---- One sequence ---- */

static void copy_index(const struct place *place)
{
        _cleanup_str_ struct str bytes = {0};
        struct err err = ERR_INIT;

        must(fs_read_at(place->fd, "base-index", 1 << 24, &bytes, &err) == 0 &&
                     fs_write_at(place->fd, "index", str_text(&bytes), bytes.len, 0644, &err) == 0,
             "index");
}

static void mount_overlay(const struct place *place)
{
        _cleanup_free_ char *merged = xasprintf("%s/merged", place->folder);
        _cleanup_free_ char *options = xasprintf("lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work,userxattr",
                                                 place->folder, place->folder, place->folder);

        empty(place, "upper");
        empty(place, "work");
        (void)mkdirat(place->fd, "merged", 0755);
        must(mount("overlay", merged, "overlay", 0, options) == 0,
             "cannot mount an overlay here (user xattrs on tmpfs need Linux 6.6; --folder names another file system)");
}

static void unmount(const struct place *place)
{
        _cleanup_free_ char *merged = xasprintf("%s/merged", place->folder);

        must(umount2(merged, UMOUNT_NOFOLLOW) == 0, "umount");
}

static void ask_git(const struct place *place, bool attributes_of_base, struct place_result *ret)
{
        static const char *const add[] = {"add", "-A", NULL}, *const write_tree[] = {"write-tree", NULL};
        const struct git_call call = {.git_dir = attributes_of_base ? "attr" : "repo/.git",
                                      .work_tree = "merged",
                                      .index = "index",
                                      .objects = "objects"};
        int added;

        copy_index(place);
        added = place_git(place, &call, add, NULL, 0);
        ret->unseen = added > 0;
        if (added < 0 || place_git(place, &call, write_tree, ret->git, sizeof(ret->git)) < 0)
                snprintf(ret->why, sizeof(ret->why), "git add or git write-tree failed");
}

static struct quarantine *new_quarantine(const struct place *place, const char *name)
{
        _cleanup_free_ char *folder = xasprintf("%s/%s", place->folder, name);
        struct quarantine *q = NULL;
        struct err err = ERR_INIT;

        must(fs_remove_tree_at(place->fd, name, &err) == 0 &&
                     quarantine_open(place->repo, folder, QUARANTINE_CREATE, &q, &err) == 0,
             name);
        return q;
}

static void take(const struct place *place, struct quarantine *q, const struct readback *result, char ret[GIT_HEX],
                 struct place_result *why)
{
        struct err err = ERR_INIT;

        memcpy(ret, result->tree, GIT_HEX);
        if (result->refusals.len)
                snprintf(why->why, sizeof(why->why), "refused: %.300s", result->refusals.items[0]);
        else if (quarantine_check(q, place->tree, result->tree, NULL, NULL, &err) < 0)
                snprintf(why->why, sizeof(why->why), "stored wrongly: %.300s", err.message);
}

static void read_back(const struct place *place, int upper, struct place_result *ret)
{
        const struct readback_options options = {.base_tree = place->tree, .max_ignore_bytes = IGNORE_MOST};
        _cleanup_quarantine_ struct quarantine *q = new_quarantine(place, "one");
        _cleanup_readback_ struct readback result = {0};
        struct err err = ERR_INIT;

        if (readback_run(q, upper, &options, &result, &err) < 0)
                snprintf(ret->why, sizeof(ret->why), "read-back: %.300s", err.message);
        else
                take(place, q, &result, ret->ours, ret);
}

static void read_back_late(const struct place *place, int upper, struct place_result *ret)
{
        const struct readback_options options = {
                .base_tree = place->tree, .max_ignore_bytes = IGNORE_MOST, .untouched = true};
        _cleanup_quarantine_ struct quarantine *q = new_quarantine(place, "two");
        _cleanup_readback_ struct readback result = {0};
        struct readback_taken *taken = NULL;
        struct spool spool = SPOOL_NONE;
        struct err err = ERR_INIT;

        must(spool_open(&spool, place->fd, place->judged % 2 ? 64 << 10 : 0, &err) == 0, "spool");
        if (readback_take(q, upper, &options, &spool, &taken, &err) < 0 || readback_store(taken, &result, &err) < 0)
                snprintf(ret->why, sizeof(ret->why), "read-back in two parts: %.300s", err.message);
        else
                take(place, q, &result, ret->late, ret);
        readback_taken_free(taken);
        spool_release(&spool);
}

void place_judge(struct place *place, const struct edits *base, const struct edits *edits, struct place_result *ret)
{
        _cleanup_fd_ int merged = -1, upper = -1;

        *ret = (struct place_result){0};
        place->judged++;
        mount_overlay(place);
        merged = openat(place->fd, "merged", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        must(merged >= 0, "merged");
        for (size_t i = 0; i < edits->len; i++)
                edit_do(merged, &edits->items[i]);
        close(steal_fd(&merged));
        ask_git(place, edits_touch_attributes(base, edits), ret);
        unmount(place);
        upper = openat(place->fd, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        must(upper >= 0, "upper");
        read_back(place, upper, ret);
        read_back_late(place, upper, ret);
}
