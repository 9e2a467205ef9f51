/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An overlay's upper that somebody made who is not bound by an overlay: the input is a program of one byte per step (`steps` below), which
 * lays out whiteouts and opaque folders where none can be, odd modes, FIFOs, sockets, devices, hard links, nesting, long names, names
 * that are no UTF-8, every spelling of .git, symlinks, files that are mostly hole, and whatever attributes.
 *
 * Whatever it is: the walk ends, within its bounds; what it takes passes the check of the director's side, written as an upper and read back
 * it is the same, and in two parts it comes to the same tree. What it refuses it says on harmless lines.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/spool.h"
#include "lib/git/readback.h"
#include "tests/fuzz/git_place.h"
#include "tests/fuzz/sections.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MOST 400
#define DEPTH_MOST 24
#define NAME_MOST 256

static const char *const words[] = {"f",
                                    "a",
                                    "b",
                                    "src",
                                    ".deep",
                                    "empty",
                                    "tool",
                                    "dos.crlf",
                                    "v.id",
                                    "big.bin",
                                    "link",
                                    "kept.o",
                                    "sub",
                                    ".gitignore",
                                    ".gitattributes",
                                    "build",
                                    "x.o",
                                    "new",
                                    ".git",
                                    ".GIT",
                                    ".Git ",
                                    ".git.",
                                    "git~1",
                                    "GIT~1 ",
                                    ".git::$INDEX_ALLOCATION",
                                    ".g\342\200\214it",
                                    "\357\273\277.git",
                                    "x\\.git",
                                    ".git\\x",
                                    ".gitmodules",
                                    ".GITMODULES ",
                                    "HEAD",
                                    "objects",
                                    "refs",
                                    "config",
                                    "\377\376",
                                    "n\nl",
                                    " ",
                                    "-",
                                    "\303\251",
                                    "e\314\201",
                                    "a.",
                                    "con",
                                    "..."};
#define WORDS (sizeof(words) / sizeof(words[0]))

struct program {
        const uint8_t *at, *end;
        int folders[DEPTH_MOST + 1];
        size_t depth;
        char last[NAME_MOST]; /* made in the folder at hand; "" */
};

static uint8_t byte(struct program *p)
{
        return p->at < p->end ? *p->at++ : 0;
}

static int here(const struct program *p)
{
        return p->folders[p->depth];
}

static void name(struct program *p, char ret[NAME_MOST])
{
        const uint8_t which = byte(p);
        size_t len = 0;

        if (which < 4 * WORDS) {
                snprintf(ret, NAME_MOST, "%s", words[which % WORDS]);
                return;
        }
        if (which == 255) {
                memset(ret, 'n', NAME_MOST - 1);
                ret[0] = (char)('a' + byte(p) % 26);
                ret[NAME_MOST - 1] = '\0';
                return;
        }
        while (len < 1 + which % 20u)
                ret[len++] = (char)byte(p);
        ret[len] = '\0';
        for (size_t i = 0; i < len; i++)
                if (!ret[i] || ret[i] == '/')
                        ret[i] = 'x';
        if (strcmp(ret, ".") == 0 || strcmp(ret, "..") == 0)
                ret[0] = 'd';
}

/* ---- One function per step; what cannot be done is left out ---- */

static void step_file(struct program *p)
{
        const size_t left = (size_t)(p->end - p->at);
        size_t len;
        int fd;

        name(p, p->last);
        len = byte(p);
        len = len < left ? len : left;
        if (p->at + len > p->end)
                len = (size_t)(p->end - p->at);
        fd = openat(here(p), p->last, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
        if (fd >= 0) {
                (void)fs_write_all(fd, p->at, len);
                close(fd);
        }
        p->at += len;
}

static void enter(struct program *p, const char *folder)
{
        int fd;

        (void)mkdirat(here(p), folder, 0755);
        fd = openat(here(p), folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return;
        if (p->depth < DEPTH_MOST) {
                p->folders[++p->depth] = fd;
        } else { /* deeper without a way back */
                close(p->folders[p->depth]);
                p->folders[p->depth] = fd;
        }
        p->last[0] = '\0';
}

static void step_folder(struct program *p)
{
        char folder[NAME_MOST];

        name(p, folder);
        enter(p, folder);
}

static void step_leave(struct program *p)
{
        if (p->depth)
                close(p->folders[p->depth--]);
        p->last[0] = '\0';
}

static void step_deep(struct program *p)
{
        for (unsigned left = byte(p) % 64; left; left--)
                enter(p, "d");
}

static void step_link(struct program *p)
{
        static const char *const targets[] = {"/etc/passwd", "..", ".", "a", "../../../../etc", ".git/config", "link"};
        char target[NAME_MOST];

        name(p, p->last);
        if (byte(p) & 1)
                name(p, target);
        else
                snprintf(target, sizeof(target), "%s", targets[byte(p) % 7]);
        (void)symlinkat(target, here(p), p->last);
}

static void step_whiteout(struct program *p)
{
        name(p, p->last);
        (void)mknodat(here(p), p->last, S_IFCHR | (byte(p) & 0777), makedev(0, 0));
}

static void step_special(struct program *p)
{
        static const mode_t kinds[] = {S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK};
        const mode_t kind = kinds[byte(p) % 4];

        name(p, p->last);
        (void)mknodat(here(p), p->last, kind | 0644, kind == S_IFCHR ? makedev(1, 3) : makedev(0, byte(p) % 3));
}

static void step_attribute(struct program *p)
{
        static const char *const attributes[] = {"user.overlay.opaque",   "user.overlay.whiteout",
                                                 "user.overlay.redirect", "user.overlay.metacopy",
                                                 "user.overlay.origin",   "user.x"};
        static const char *const values[] = {"y", "x", "", "/a", "Y", "yy"};
        const char *attribute = attributes[byte(p) % 6], *value = values[byte(p) % 6];
        int fd = p->last[0] ? openat(here(p), p->last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;

        (void)fsetxattr(fd >= 0 ? fd : here(p), attribute, value, strlen(value), 0);
        if (fd >= 0)
                close(fd);
}

static void step_opaque(struct program *p)
{
        (void)fsetxattr(here(p), "user.overlay.opaque", "y", 1, 0);
}

static void step_mode(struct program *p)
{
        const mode_t mode = (mode_t)((byte(p) << 8 | byte(p)) & 07777);

        if (p->last[0])
                (void)fchmodat(here(p), p->last, mode, AT_SYMLINK_NOFOLLOW);
        else if (p->depth)
                (void)fchmod(here(p), mode);
}

static void step_hardlink(struct program *p)
{
        char other[NAME_MOST];

        name(p, other);
        if (p->last[0])
                (void)linkat(here(p), p->last, p->folders[byte(p) % (p->depth + 1)], other, 0);
}

static void step_hole(struct program *p)
{
        int fd = p->last[0] ? openat(here(p), p->last, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;

        if (fd >= 0) {
                (void)ftruncate(fd, (off_t)1 << (byte(p) % 40));
                close(fd);
        }
}

static void lay_out(int upper, const uint8_t *data, size_t size)
{
        static void (*const steps[])(struct program *) = {step_file,     step_file,     step_folder,    step_folder,
                                                          step_leave,    step_leave,    step_deep,      step_link,
                                                          step_whiteout, step_special,  step_attribute, step_opaque,
                                                          step_mode,     step_hardlink, step_hole,      step_file};
        struct program p = {.at = data, .end = data + size};

        p.folders[0] = fcntl(upper, F_DUPFD_CLOEXEC, 3);
        for (size_t i = 0; i < STEPS_MOST && p.at < p.end; i++)
                steps[byte(&p) % (sizeof(steps) / sizeof(steps[0]))](&p);
        for (size_t i = 0; i <= p.depth; i++)
                close(p.folders[i]);
}

/* ---- Read back ---- */

static void check_said(const struct readback *result)
{
        must(result->refusals.len <= READBACK_REFUSALS_MAX);
        for (size_t i = 0; i < result->refusals.len; i++)
                for (const char *at = result->refusals.items[i]; *at; at++)
                        must((unsigned char)*at >= 0x20 && *at != 0x7f);
}

static void read_late(const struct git_place *place, int upper, const struct readback_options *options, size_t memory,
                      const struct readback *expected)
{
        _cleanup_quarantine_ struct quarantine *q = git_place_quarantine(place, "late");
        _cleanup_readback_ struct readback result = {0};
        struct readback_taken *taken = NULL;
        struct spool spool = SPOOL_NONE;
        struct err err = ERR_INIT;

        must(spool_open(&spool, place->fd, memory, &err) == 0);
        must(readback_take(q, upper, options, &spool, &taken, &err) == 0);
        must(readback_store(taken, &result, &err) == 0);
        must(!result.refusals.len == !expected->refusals.len && strcmp(result.tree, expected->tree) == 0);
        readback_taken_free(taken);
        spool_release(&spool);
}

static void read_back(const struct git_place *place, int upper, bool raw, uint8_t memory)
{
        const struct readback_options options = {.base_tree = place->tree,
                                                 .max_entries = 300,
                                                 .max_file_bytes = 1 << 20,
                                                 .max_total_bytes = 4 << 20,
                                                 .max_ignore_bytes = 4096,
                                                 .max_depth = 40,
                                                 .raw = raw};
        _cleanup_quarantine_ struct quarantine *q = git_place_quarantine(place, "q");
        _cleanup_readback_ struct readback result = {0};
        struct err err = ERR_INIT;

        if (readback_run(q, upper, &options, &result, &err) < 0) {
                must(err.code != ERR_OK && err.code != ERR_INTERNAL);
                return;
        }
        check_said(&result);
        must(result.entries <= options.max_entries + 1 && result.bytes <= options.max_total_bytes);
        if (result.refusals.len == 0) {
                must(quarantine_check(q, place->tree, result.tree, NULL, NULL, &err) == 0);
                git_place_round_trip(place, q, result.tree);
        } else {
                must(result.tree[0] == '\0');
        }
        read_late(place, upper, &options, (size_t)memory << 4, &result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct git_place *place = git_place();
        _cleanup_fd_ int upper = -1;

        if (!size)
                return 0;
        upper = git_place_fresh(place, "upper");
        lay_out(upper, data + 1, size - 1);
        read_back(place, upper, (data[0] & 1) != 0, data[0]);
        return 0;
}
