/* SPDX-License-Identifier: Apache-2.0 */
/* Archives of packets: the same bytes each time, the same files afterwards, and everything hostile refused by name. */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/packet/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define RUN "fix__2026-01-02-03-04-05-abcdef"

/* A folder of this test, gone with it. */
struct place {
        char path[64];
        int fd;
};

static void place_make(struct place *place)
{
        strcpy(place->path, "/tmp/cupel-archive-XXXXXX");
        cr_assert_not_null(mkdtemp(place->path));
        place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void place_remove(struct place *place)
{
        struct err err = ERR_INIT;

        fs_remove_tree_at(AT_FDCWD, place->path, &err);
        close(place->fd);
}

#define _cleanup_place_ __attribute__((cleanup(place_remove)))

static void put(int folder, const char *path, const char *text)
{
        _cleanup_free_ char *copy = xstrdup(path);
        _cleanup_fd_ int fd = -1;

        for (char *slash = copy; (slash = strchr(slash, '/')); *slash++ = '/') {
                *slash = '\0';
                mkdirat(folder, copy, 0700);
        }
        fd = openat(folder, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        cr_assert(fd >= 0 && fs_write_all(fd, text, strlen(text)) == 0, "%s", path);
}

static void make_packet(int folder)
{
        put(folder, "identity.txt", "sha256:00\n");
        put(folder, "config_snapshot/plan.json", "{}");
        put(folder, "config_snapshot/bundle/Read me \303\274.txt", "hello");
        put(folder, "config_snapshot/bundle/read ME \303\274.txt", "other");
        put(folder, "logs/agent.log", "said\n");
        put(folder, "evidence/report.json", "{}");
        put(folder, "telemetry/events.normalized.jsonl", "{}\n");
        put(folder, "operator.jsonl", "{}\n");
}

static int memory(void)
{
        return memfd_create("archive", MFD_CLOEXEC);
}

static void read_all(int fd, struct str *ret)
{
        struct err err = ERR_INIT;

        lseek(fd, 0, SEEK_SET);
        cr_assert(fs_read_fd(fd, (size_t)1 << 30, ret, &err) == 0);
        lseek(fd, 0, SEEK_SET);
}

Test(archive, what_went_in_comes_out)
{
        _cleanup_place_ struct place from, to;
        _cleanup_fd_ int fd = memory();
        _cleanup_free_ char *name = NULL;
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        place_make(&from);
        place_make(&to);
        make_packet(from.fd);
        put(from.fd, "quarantine/ab/cdef", "an object");
        put(from.fd, "head/.git/HEAD", "ref: refs/heads/work\n");
        cr_assert_eq(archive_pack(from.fd, RUN, NULL, 0, fd, &err), 0, "%s", err.message);
        lseek(fd, 0, SEEK_SET);
        cr_assert_eq(archive_unpack(fd, to.fd, NULL, &name, &err), 0, "%s", err.message);
        cr_assert_str_eq(name, RUN);
        cr_assert_eq(fs_read_at(to.fd, RUN "/config_snapshot/bundle/Read me \303\274.txt", 100, &text, &err), 0, "%s",
                     err.message);
        cr_assert_str_eq(str_text(&text), "hello");
        cr_assert_eq(faccessat(to.fd, RUN "/operator.jsonl", F_OK, 0), 0);
        cr_assert_neq(faccessat(to.fd, RUN "/quarantine", F_OK, 0), 0, "objects are no part of a packet");
        cr_assert_neq(faccessat(to.fd, RUN "/head", F_OK, 0), 0);
}

Test(archive, the_same_packet_gives_the_same_bytes)
{
        _cleanup_place_ struct place one, two;
        _cleanup_fd_ int first = memory(), second = memory();
        _cleanup_str_ struct str a = {0}, b = {0};
        struct err err = ERR_INIT;

        place_make(&one);
        place_make(&two);
        make_packet(one.fd);
        put(two.fd, "operator.jsonl", "{}\n"); /* in another order, at another time, with other rights */
        make_packet(two.fd);
        fchmodat(two.fd, "identity.txt", 0444, 0);
        cr_assert(archive_pack(one.fd, RUN, NULL, 0, first, &err) == 0 &&
                  archive_pack(two.fd, RUN, NULL, 0, second, &err) == 0);
        read_all(first, &a);
        read_all(second, &b);
        cr_assert(a.len > 0 && a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
}

Test(archive, what_is_beside_the_packet_goes_in)
{
        _cleanup_place_ struct place from, to;
        _cleanup_fd_ int fd = memory(), bundle = memory();
        _cleanup_free_ char *name = NULL;
        _cleanup_str_ struct str text = {0};
        struct archive_extra extra = {ARCHIVE_BUNDLE, bundle};
        struct err err = ERR_INIT;

        place_make(&from);
        place_make(&to);
        make_packet(from.fd);
        cr_assert_eq(fs_write_all(bundle, "# v2 git bundle\n", 16), 0);
        cr_assert_eq(archive_pack(from.fd, RUN, &extra, 1, fd, &err), 0, "%s", err.message);
        lseek(fd, 0, SEEK_SET);
        cr_assert_eq(archive_unpack(fd, to.fd, NULL, &name, &err), 0, "%s", err.message);
        cr_assert_eq(fs_read_at(to.fd, RUN "/" ARCHIVE_BUNDLE, 100, &text, &err), 0);
        cr_assert_str_eq(str_text(&text), "# v2 git bundle\n");
}

/* Logs were writable for the caged side. */
Test(archive, links_in_logs_stay_out_and_elsewhere_are_an_error)
{
        _cleanup_place_ struct place from, to;
        _cleanup_fd_ int fd = memory(), again = memory();
        _cleanup_free_ char *name = NULL;
        struct err err = ERR_INIT;

        place_make(&from);
        place_make(&to);
        make_packet(from.fd);
        cr_assert_eq(symlinkat("/etc/passwd", from.fd, "logs/evil.log"), 0);
        put(from.fd, "logs/.hidden", "x");
        cr_assert_eq(archive_pack(from.fd, RUN, NULL, 0, fd, &err), 0, "%s", err.message);
        lseek(fd, 0, SEEK_SET);
        cr_assert_eq(archive_unpack(fd, to.fd, NULL, &name, &err), 0, "%s", err.message);
        cr_assert_neq(faccessat(to.fd, RUN "/logs/evil.log", F_OK, AT_SYMLINK_NOFOLLOW), 0);
        cr_assert_neq(faccessat(to.fd, RUN "/logs/.hidden", F_OK, AT_SYMLINK_NOFOLLOW), 0);
        cr_assert_eq(symlinkat("/etc/passwd", from.fd, "evidence/patch.diff"), 0);
        cr_assert_eq(archive_pack(from.fd, RUN, NULL, 0, again, &err), -1);
}

/* ---- Hostile archives, entry by entry ---- */

struct entry {
        const char *path;
        unsigned type;
        const char *link;
        bool hard;
        size_t size;
};

static int forge(const struct entry *entries)
{
        static const char zeros[65536];
        struct archive *archive = archive_write_new();
        int fd = memory();

        archive_write_add_filter_zstd(archive);
        archive_write_set_format_pax_restricted(archive);
        archive_write_open_fd(archive, fd);
        for (; entries->path; entries++) {
                struct archive_entry *entry = archive_entry_new();

                archive_entry_set_pathname(entry, entries->path);
                archive_entry_set_filetype(entry, entries->type);
                archive_entry_set_perm(entry, 04777);
                archive_entry_set_size(entry, (int64_t)entries->size);
                if (entries->link && entries->hard)
                        archive_entry_set_hardlink(entry, entries->link);
                else if (entries->link)
                        archive_entry_set_symlink(entry, entries->link);
                cr_assert_eq(archive_write_header(archive, entry), ARCHIVE_OK, "%s", archive_error_string(archive));
                for (size_t left = entries->size; left;) {
                        size_t now = left < sizeof(zeros) ? left : sizeof(zeros);

                        archive_write_data(archive, zeros, now);
                        left -= now;
                }
                archive_entry_free(entry);
        }
        archive_write_free(archive);
        lseek(fd, 0, SEEK_SET);
        return fd;
}

static void expect_refused(const struct entry *entries, const struct archive_limits *limits, const char *why)
{
        _cleanup_place_ struct place to;
        _cleanup_fd_ int fd = forge(entries);
        _cleanup_free_ char *name = NULL;
        struct err err = ERR_INIT;

        place_make(&to);
        cr_assert_eq(archive_unpack(fd, to.fd, limits, &name, &err), -1, "not refused: %s", why);
        cr_expect_eq(err.code, ERR_INPUT);
        cr_expect(strstr(err.message, why), "\"%s\" says nothing of \"%s\"", err.message, why);
        cr_expect_neq(access("/tmp/cupel-archive-escaped", F_OK), 0);
}

#define REFUSED(why, ...) expect_refused((const struct entry[]){__VA_ARGS__, {0}}, NULL, why)
#define GOOD                                                                                                           \
        {                                                                                                              \
                RUN "/identity.txt", AE_IFREG, NULL, false, 4                                                          \
        }

Test(archive, names_that_lead_elsewhere_are_refused)
{
        REFUSED("not in the folder of a run", {"/tmp/cupel-archive-escaped", AE_IFREG, NULL, false, 1});
        REFUSED("not in the folder of a run", {"../cupel-archive-escaped", AE_IFREG, NULL, false, 1});
        REFUSED("not in the folder of a run", {"./" RUN "/identity.txt", AE_IFREG, NULL, false, 1});
        REFUSED("leads elsewhere", {RUN "/evidence/../../../cupel-archive-escaped", AE_IFREG, NULL, false, 1});
        REFUSED("an empty name", {RUN "/evidence//report.json", AE_IFREG, NULL, false, 1});
        REFUSED("no part of a packet", {RUN "/quarantine/ab", AE_IFREG, NULL, false, 1});
        REFUSED("no part of a packet", {RUN "/.git/config", AE_IFREG, NULL, false, 1});
        REFUSED("in the folder of another run", GOOD, {"other__run/identity.txt", AE_IFREG, NULL, false, 1});
        REFUSED("no file of a packet has", {RUN "/logs/a b.log", AE_IFREG, NULL, false, 1});
        REFUSED("no file of a packet has", {RUN "/logs/-rf", AE_IFREG, NULL, false, 1});
        REFUSED("cannot be shown", {RUN "/evidence/a\nb", AE_IFREG, NULL, false, 1});
        REFUSED("cannot be shown", {RUN "/evidence/\033[2J", AE_IFREG, NULL, false, 1});
        REFUSED("a file where the run's folder is", {RUN, AE_IFREG, NULL, false, 1});
}

Test(archive, what_is_no_file_is_refused)
{
        REFUSED("a symbolic link", {RUN "/evidence/a", AE_IFLNK, "/etc/passwd", false, 0});
        REFUSED("a hard link", GOOD, {RUN "/evidence/a", AE_IFREG, RUN "/identity.txt", true, 0});
        REFUSED("neither file nor folder", {RUN "/evidence/a", AE_IFIFO, NULL, false, 0});
        REFUSED("neither file nor folder", {RUN "/evidence/a", AE_IFCHR, NULL, false, 0});
        REFUSED("neither file nor folder", {RUN "/evidence/a", AE_IFBLK, NULL, false, 0});
}

Test(archive, a_folder_behind_a_link_is_never_entered)
{
        REFUSED("a symbolic link", {RUN "/evidence", AE_IFLNK, "/tmp", false, 0},
                {RUN "/evidence/cupel-archive-escaped", AE_IFREG, NULL, false, 1});
}

Test(archive, names_that_come_twice_are_refused)
{
        REFUSED("it is there twice", GOOD, GOOD);
        REFUSED("case only", {RUN "/evidence/report.json", AE_IFREG, NULL, false, 1},
                {RUN "/evidence/REPORT.json", AE_IFREG, NULL, false, 1});
        REFUSED("file and folder at once", {RUN "/evidence/a", AE_IFREG, NULL, false, 1},
                {RUN "/evidence/a/b", AE_IFREG, NULL, false, 1});
}

Test(archive, bombs_end_early)
{
        const struct entry big[] = {{RUN "/evidence/a", AE_IFREG, NULL, false, (size_t)8 << 20}, {0}};
        const struct entry many[] = {GOOD, {RUN "/evidence/a", AE_IFREG, NULL, false, 1}, {0}};

        expect_refused(big, &(struct archive_limits){.ratio_from = 1 << 20}, "far more than any packet");
        expect_refused(big, &(struct archive_limits){.max_file = 1 << 20}, "a file that is too large");
        expect_refused(big, &(struct archive_limits){.max_total = 1 << 20}, "the archive would be too large");
        expect_refused(many, &(struct archive_limits){.max_entries = 1}, "too many entries");
}

Test(archive, what_is_no_archive_is_refused)
{
        _cleanup_place_ struct place to;
        _cleanup_fd_ int empty = memory(), text = memory(), cut = memory();
        _cleanup_fd_ int whole = forge((const struct entry[]){{RUN "/evidence/a", AE_IFREG, NULL, false, 100000}, {0}});
        _cleanup_str_ struct str bytes = {0};
        _cleanup_free_ char *name = NULL;
        struct err err = ERR_INIT;

        place_make(&to);
        cr_assert_eq(archive_unpack(empty, to.fd, NULL, &name, &err), -1);
        cr_assert(fs_write_all(text, "hello, world\n", 13) == 0 && lseek(text, 0, SEEK_SET) == 0);
        cr_assert_eq(archive_unpack(text, to.fd, NULL, &name, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
        read_all(whole, &bytes);
        cr_assert(fs_write_all(cut, bytes.data, bytes.len / 2) == 0 && lseek(cut, 0, SEEK_SET) == 0);
        cr_assert_eq(archive_unpack(cut, to.fd, NULL, &name, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
}

Test(archive, rights_and_owners_are_not_taken_over)
{
        _cleanup_place_ struct place to;
        _cleanup_fd_ int fd = forge((const struct entry[]){GOOD, {0}});
        _cleanup_free_ char *name = NULL;
        struct err err = ERR_INIT;
        struct stat st;

        place_make(&to);
        cr_assert_eq(archive_unpack(fd, to.fd, NULL, &name, &err), 0, "%s", err.message);
        cr_assert_eq(fstatat(to.fd, RUN "/identity.txt", &st, 0), 0);
        cr_assert_eq(st.st_mode & 07777, 0600, "setuid and what others may do came along");
}
