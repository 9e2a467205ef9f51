/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees that no git would make, written as an upper. The input is a line per entry, "MODE NAME=CONTENT", with NAME of any bytes; "MODE NAME<"
 * takes the tree of the lines before, after which a new one begins: so a tree holds trees. The first byte says whether bytes are
 * converted as a checkout would, and whether the tree is the new side or the old one.
 *
 * Whatever it is: nothing is written outside of the folder, nothing in it has a name that no checkout may have, and a tree that the
 * director's check takes is written, and is read back as the same.
 */
#include "lib/base/cleanup.h"
#include "lib/git/layer.h"
#include "lib/git/names.h"
#include "lib/git/quarantine_internal.h"
#include "tests/fuzz/git_place.h"
#include "tests/fuzz/sections.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MOST 200

struct tree {
        struct str bytes;
        git_oid id; /* of the last one that was ended */
        bool ended;
};

static git_oid put(struct quarantine *q, const void *bytes, size_t len, git_object_t type)
{
        struct err err = ERR_INIT;
        git_oid id;

        must(quarantine_write(q, bytes, len, type, &id, &err) == 0);
        return id;
}

static void end_tree(struct quarantine *q, struct tree *tree)
{
        tree->id = put(q, str_text(&tree->bytes), tree->bytes.len, GIT_OBJECT_TREE);
        tree->ended = true;
        str_cut(&tree->bytes, 0);
}

/* "100644 name=content" */
static void add_line(struct quarantine *q, struct tree *tree, const char *line, size_t len)
{
        const char *space = memchr(line, ' ', len), *end = line + len, *is;
        git_oid id = {{0}};

        if (!space)
                return;
        is = memchr(space + 1, '=', (size_t)(end - space - 1));
        if (is) {
                id = put(q, is + 1, (size_t)(end - is - 1), GIT_OBJECT_BLOB);
        } else if (end[-1] == '<') {
                is = end - 1;
                end_tree(q, tree);
                id = tree->id;
        } else { /* an object that is nowhere */
                is = end;
                memset(id.id, 0x5a, sizeof(id.id));
        }
        str_append(&tree->bytes, line, (size_t)(is - line));
        str_putc(&tree->bytes, '\0');
        str_append(&tree->bytes, (const char *)id.id, sizeof(id.id));
}

static void make(struct quarantine *q, const char *text, size_t len, struct tree *tree)
{
        size_t lines = 0;

        for (const char *at = text, *end = text + len; at < end && lines < LINES_MOST; lines++) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                const size_t line = (size_t)((newline ? newline : end) - at);

                if (line)
                        add_line(q, tree, at, line);
                at += line + 1;
        }
        end_tree(q, tree);
}

/* ---- What was written ---- */

static int look(const char *path, const struct stat *st, int type, struct FTW *walk)
{
        const char *name = path + walk->base;
        const uint32_t mode = S_ISLNK(st->st_mode) ? 0120000u : 0100644u;

        (void)type;
        must(walk->level == 0 || !name_refusal(name, strlen(name), mode));
        must(S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) || S_ISLNK(st->st_mode) ||
             (S_ISCHR(st->st_mode) && st->st_rdev == 0));
        must(!(st->st_mode & 06000) || S_ISDIR(st->st_mode));
        return 0;
}

/* Beside the folder nothing came to be. */
static void check_around(const struct git_place *place)
{
        static const char *const known[] = {".", "..", "r", "tree", "q", "written", "trip", "upper"};
        DIR *dir = fdopendir(fcntl(place->fd, F_DUPFD_CLOEXEC, 3));

        if (!dir)
                abort();
        rewinddir(dir);
        for (struct dirent *entry; (entry = readdir(dir));) {
                bool there = false;

                for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                        there |= strcmp(entry->d_name, known[i]) == 0;
                must(there);
        }
        closedir(dir);
}

static void write_out(const struct git_place *place, struct quarantine *q, const char *tree, uint8_t how)
{
        _cleanup_fd_ int to = git_place_fresh(place, "written");
        _cleanup_free_ char *path = xasprintf("%s/written", place->folder);
        const bool old_side = (how & 2) != 0;
        struct err err = ERR_INIT;

        if (changes_write(quarantine_repo(q), old_side ? tree : place->tree, old_side ? place->tree : tree,
                          (how & 1) != 0, to, &err) < 0)
                must(err.code != ERR_OK && err.code != ERR_INTERNAL && err.message[0]);
        must(nftw(path, look, 32, FTW_PHYS) == 0);
        check_around(place);
        err = (struct err)ERR_INIT;
        if (quarantine_check(q, place->tree, tree, NULL, NULL, &err) == 0)
                git_place_round_trip(place, q, tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct git_place *place = git_place();
        _cleanup_quarantine_ struct quarantine *q = NULL;
        struct tree tree = {0};
        char hex[GIT_HEX];

        if (!size)
                return 0;
        q = git_place_quarantine(place, "q");
        make(q, (const char *)data + 1, size - 1, &tree);
        oid_hex(&tree.id, hex);
        write_out(place, q, hex, data[0]);
        str_release(&tree.bytes);
        return 0;
}
