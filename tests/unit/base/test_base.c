/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"
#include "lib/base/phase.h"
#include "lib/base/spawn.h"
#include "lib/base/str.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_missing(struct err *err)
{
        errno = ENOENT;
        return err_errno(err, "open %s", "item.yaml");
}

Test(err, wrapping_keeps_the_cause_its_code_and_errno)
{
        struct err err = ERR_INIT;

        cr_assert_eq(open_missing(&err), -1);
        cr_assert_eq(err_wrap(&err, "work item"), -1);
        cr_assert_str_eq(err.message, "work item: open item.yaml");
        cr_assert_eq(err.errnum, ENOENT);
        cr_assert_eq(err_exit_status(&err), 70);
}

Test(err, a_long_message_is_cut_not_overrun)
{
        char long_text[2000];
        struct err err = ERR_INIT;

        memset(long_text, 'x', sizeof(long_text) - 1);
        long_text[sizeof(long_text) - 1] = '\0';
        err_set(&err, ERR_INPUT, "%s", long_text);
        err_wrap(&err, "%s", long_text);
        cr_assert_eq(strlen(err.message), sizeof(err.message) - 1);
        cr_assert_eq(err_exit_status(&err), 2);
}

static void assert_quoted(const char *bytes, const char *expected)
{
        _cleanup_str_ struct str out = {0};

        str_put_quoted(&out, bytes, strlen(bytes));
        cr_assert_str_eq(str_text(&out), expected);
}

Test(str, hostile_bytes_are_quoted_as_git_quotes_them)
{
        assert_quoted("plain/grün.c", "plain/grün.c");
        assert_quoted("a\nb\tc", "\"a\\nb\\tc\"");
        assert_quoted("\377\x1b[31m", "\"\\377\\033[31m\"");
        assert_quoted("say \"x\"", "\"say \\\"x\\\"\"");
        assert_quoted("rtl\xe2\x80\xae", "\"rtl\\342\\200\\256\"");
        assert_quoted("none\xef\xbf\xbe\xef\xbf\xbd", "\"none\\357\\277\\276\xef\xbf\xbd\"");
        assert_quoted("tag\xf3\xa0\x81\x81", "\"tag\\363\\240\\201\\201\"");
        assert_quoted("join\xe2\x81\xa0", "\"join\\342\\201\\240\"");
        assert_quoted("alm\xd8\x9c", "\"alm\\330\\234\"");
        assert_quoted("soft\xc2\xad", "\"soft\\302\\255\"");
        assert_quoted("filler\xe3\x85\xa4", "\"filler\\343\\205\\244\"");
        assert_quoted("half\xef\xbe\xa0", "\"half\\357\\276\\240\"");
        assert_quoted("note\xf0\x9d\x85\xb3", "\"note\\360\\235\\205\\263\"");
        assert_quoted("\xc2\xa0\xc2\xae\xe2\x80\x90\xe2\x80\xaf\xf0\x9f\x98\x80",
                      "\xc2\xa0\xc2\xae\xe2\x80\x90\xe2\x80\xaf\xf0\x9f\x98\x80");
        assert_quoted("\xc0\xaf", "\"\\300\\257\"");
}

Test(str, running_text_keeps_its_quotes_and_lines_and_loses_its_controls)
{
        static const char text[] = "say \"a\\b\"\n\t\x1b[31m\xc2\x9b\xe2\x80\xae\377gr\xc3\xbcn";
        _cleanup_str_ struct str out = {0};

        str_put_harmless(&out, text, strlen(text));
        cr_assert_str_eq(str_text(&out), "say \"a\\b\"\n\t\\033[31m\\302\\233\\342\\200\\256\\377gr\xc3\xbcn");
}

Test(str, what_is_too_long_keeps_its_ends)
{
        _cleanup_str_ struct str text = {0}, umlauts = {0};

        str_put_ends(&text, "a/b: no", 20);
        cr_assert_str_eq(str_text(&text), "a/b: no");
        str_clear(&text);
        str_put_ends(&text, "a/very/long/path: why", 20);
        cr_assert_str_eq(str_text(&text), "a/very/ … ath: why");
        for (int i = 0; i < 50; i++)
                str_puts(&umlauts, "ä");
        for (size_t most = 20; most < 100; most++) {
                str_clear(&text);
                str_put_ends(&text, str_text(&umlauts), most);
                cr_assert(text.len <= most && text.len >= most - 2 && text.len % 2 == 1, "%zu: %s", most, text.data);
        }
}

Test(str, lists_sort_and_drop_twins)
{
        _cleanup_strv_ struct strv list = {0};

        for (int i = 0; i < 100; i++)
                strv_add_printf(&list, "%d", i % 7);
        strv_sort_unique(&list);
        cr_assert_eq(list.len, 7);
        for (int i = 0; i < 100; i++)
                strv_add(&list, "more");
        cr_assert_eq(list.len, 107);
        cr_assert_null(list.items[107]);
}

Test(hash, fields_are_length_prefixed)
{
        struct hash one, two;
        char a[HASH_HEX], b[HASH_HEX];

        hash_bytes("abc", 3, a);
        cr_assert_str_eq(a, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        hash_init(&one);
        hash_field(&one, "ab", 2);
        hash_field(&one, "c", 1);
        hash_final(&one, a);
        hash_init(&two);
        hash_field(&two, "a", 1);
        hash_field(&two, "bc", 2);
        hash_final(&two, b);
        cr_assert_str_neq(a, b);
}

Test(json, unknown_missing_and_mistyped_fields_are_named)
{
        struct err err = ERR_INIT;
        const char *name = NULL;
        int64_t wall = 7;
        const struct json_field fields[] = {
                {"name", JSON_FIELD_STRING, &name, true}, {"wall", JSON_FIELD_INT, &wall, false}, {0}};
        _cleanup_json_ json_t *good = json_pack("{s:s}", "name", "x");
        _cleanup_json_ json_t *odd = json_pack("{s:s,s:i}", "name", "x", "nmae", 1);
        _cleanup_json_ json_t *bad = json_pack("{s:s,s:s}", "name", "x", "wall", "1");
        _cleanup_json_ json_t *empty = json_object();

        cr_assert_eq(json_fields(odd, "step", fields, &err), -1);
        cr_assert_str_eq(err.message, "step: unknown field nmae");
        cr_assert_eq(json_fields(bad, "step", fields, &err), -1);
        cr_assert_str_eq(err.message, "step: wall must be an integer");
        cr_assert_eq(json_fields(empty, "step", fields, &err), -1);
        cr_assert_str_eq(err.message, "step: name is missing");
        cr_assert_null(name, "a failure leaves its outputs alone");
        cr_assert_eq(json_fields(good, "step", fields, &err), 0);
        cr_assert_str_eq(name, "x");
        cr_assert_eq(wall, 7);
}

/* Many lines at once, and one in pieces: each comes whole and once, and nothing is said to be there that is not. */
Test(channel, lines_come_as_they_were_sent)
{
        static const char sent[] = "{\"a\":1}\n{\"b\":2}\n{\"c\":";
        const char *line = NULL;
        struct err err = ERR_INIT;
        struct channel channel;
        int pair[2];
        size_t len = 0;

        cr_assert_eq(channel_pair(pair, &err), 0);
        channel_init(&channel, pair[1]);
        cr_assert_eq(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
        cr_assert_eq(write(pair[0], sent, strlen(sent)), (ssize_t)strlen(sent));
        cr_assert_eq(channel_recv_line(&channel, &line, &len, &err), 1);
        cr_expect(len == 7 && memcmp(line, "{\"a\":1}", 7) == 0);
        cr_expect(channel_has_line(&channel));
        cr_assert_eq(channel_recv_line(&channel, &line, &len, &err), 1);
        cr_expect(len == 7 && memcmp(line, "{\"b\":2}", 7) == 0);
        cr_expect(!channel_has_line(&channel));
        cr_assert_eq(channel_recv_line(&channel, &line, &len, &err), CHANNEL_AGAIN);
        cr_assert_eq(write(pair[0], "3}\n", 3), 3);
        cr_assert_eq(channel_recv_line(&channel, &line, &len, &err), 1);
        cr_expect(len == 7 && memcmp(line, "{\"c\":3}", 7) == 0);
        cr_expect_eq(channel.in.len, 0, "nothing is left");
        close(pair[0]);
        cr_expect_eq(channel_recv_line(&channel, &line, &len, &err), 0);
        channel_release(&channel);
}

Test(channel, messages_and_descriptors_arrive_in_order)
{
        struct err err = ERR_INIT;
        int pair[2], arrived;
        struct stat sent, received;
        _cleanup_json_ json_t *hello = json_pack("{s:s}", "op", "hello");
        _cleanup_json_ json_t *got = NULL;
        struct channel a, b;
        _cleanup_fd_ int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

        cr_assert_eq(channel_pair(pair, &err), 0);
        channel_init(&a, pair[0]);
        channel_init(&b, pair[1]);
        cr_assert_eq(channel_send(&a, hello, &file, 1, &err), 0);
        cr_assert_eq(channel_recv(&b, &got, &err), 1, "%s", err.message);
        cr_assert(json_equal(hello, got));
        arrived = channel_take_fd(&b);
        cr_assert_geq(arrived, 0);
        fstat(file, &sent);
        fstat(arrived, &received);
        cr_assert_eq(sent.st_ino, received.st_ino);
        close(arrived);
        channel_release(&a);
        json_decref(got);
        got = NULL;
        cr_assert_eq(channel_recv(&b, &got, &err), 0, "the peer's end is no error");
        channel_release(&b);
}

Test(channel, garbage_and_half_lines_are_errors)
{
        struct err err = ERR_INIT;
        int pair[2];
        json_t *got = NULL;
        struct channel b;

        cr_assert_eq(channel_pair(pair, &err), 0);
        channel_init(&b, pair[1]);
        cr_assert_eq(fs_write_all(pair[0], "[1]\n{\"a\":1,\"a\":2}\n{\"ha", 22), 0);
        cr_assert_eq(channel_recv(&b, &got, &err), -1);
        cr_assert_eq(channel_recv(&b, &got, &err), -1, "duplicate keys");
        close(pair[0]);
        cr_assert_eq(channel_recv(&b, &got, &err), -1, "half a line");
        cr_assert_null(got);
        channel_release(&b);
}

Test(fs, a_tree_of_any_depth_is_removed_without_following_links)
{
        struct err err = ERR_INIT;
        char base[] = "/tmp/cupel-unit-XXXXXX";
        int root, at;

        cr_assert_not_null(mkdtemp(base));
        root = fs_open_dir(base, &err);
        at = fs_mkdir_open_at(root, "tree", 0755, &err);
        cr_assert_eq(mkdirat(root, "outside", 0755), 0);
        close(openat(root, "outside/kept", O_CREAT | O_WRONLY, 0644));
        cr_assert_eq(symlinkat("../outside", at, "link"), 0);
        for (int depth = 0; depth < 5000; depth++) {
                int next = fs_mkdir_open_at(at, "d", 0755, &err);

                cr_assert_geq(next, 0);
                close(openat(at, "f", O_CREAT | O_WRONLY, 0000));
                close(at);
                at = next;
        }
        cr_assert_eq(fchmod(at, 0000), 0);
        close(at);
        cr_assert_eq(fs_remove_tree_at(root, "tree", &err), 0, "%s", err.message);
        cr_assert_eq(faccessat(root, "tree", F_OK, 0), -1);
        cr_assert_eq(faccessat(root, "outside/kept", F_OK, 0), 0);
        cr_assert_eq(fs_remove_tree_at(root, "tree", &err), 0, "absent is success");
        cr_assert_eq(fs_remove_tree_at(root, "outside", &err), 0);
        cr_assert_eq(rmdir(base), 0, "nothing is left beside it");
        close(root);
}

Test(fs, a_folder_whose_subfolders_lie_far_apart_is_made_once)
{
        struct err err = ERR_INIT;
        char base[] = "/var/tmp/cupel-unit-XXXXXX";
        char spread[64];
        struct statfs kind;
        int fd, flags = 0;

        cr_assert_not_null(mkdtemp(base));
        snprintf(spread, sizeof(spread), "%s/a/runs", base);
        for (int i = 0; i < 2; i++)
                cr_assert_eq(fs_mkdir_spread(spread, 0700, &err), 0, "%s", err.message);
        fd = fs_open_dir(spread, &err);
        cr_assert(fd >= 0 && fstatfs(fd, &kind) == 0);
        if (kind.f_type == EXT4_SUPER_MAGIC) {
                cr_assert_eq(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
                cr_assert(flags & FS_TOPDIR_FL);
        }
        close(fd);
        snprintf(spread, sizeof(spread), "%s/file/runs", base);
        fd = open(base, O_RDONLY | O_DIRECTORY);
        cr_assert_eq(fs_write_at(fd, "file", "x", 1, 0600, &err), 0);
        cr_assert(fs_mkdir_spread(spread, 0700, &err) < 0);
        cr_assert(strstr(err.message, "file"));
        close(fd);
        cr_assert_eq(fs_remove_tree_at(AT_FDCWD, base, &err), 0);
}

Test(fs, a_tree_removed_by_its_path_touches_nothing_elsewhere)
{
        struct err err = ERR_INIT;
        char base[] = "/tmp/cupel-unit-XXXXXX";
        char tree[64], deep[64];

        cr_assert_not_null(mkdtemp(base));
        snprintf(tree, sizeof(tree), "%s/tree", base);
        snprintf(deep, sizeof(deep), "%s/tree/a/b/c", base);
        cr_assert_eq(fs_mkdir_p(deep, 0755, &err), 0);
        /* a working directory that lies on another file system: nothing could be moved there */
        cr_assert_eq(chdir("/proc"), 0);
        cr_assert_eq(fs_remove_tree_at(AT_FDCWD, tree, &err), 0, "%s", err.message);
        cr_assert_eq(rmdir(base), 0, "nothing is left beside it");
        cr_assert_eq(chdir("/tmp"), 0);
}

Test(fs, a_folder_that_may_not_be_made_says_which_and_why)
{
        struct err err = ERR_INIT;
        char base[] = "/tmp/cupel-unit-XXXXXX";
        char deep[64];

        cr_assert_not_null(mkdtemp(base));
        snprintf(deep, sizeof(deep), "%s/a/b", base);
        cr_assert_eq(chmod(base, 0555), 0);
        if (geteuid() == 0)
                cr_assert_eq(seteuid(65534), 0);
        cr_assert_eq(fs_mkdir_p(deep, 0755, &err), -1);
        cr_assert_eq(err.errnum, EACCES, "%s", err.message);
        if (getuid() == 0)
                cr_assert_eq(seteuid(0), 0);
        cr_assert_eq(rmdir(base), 0);
}

Test(fs, beneath_never_follows_a_symlink_or_leaves)
{
        struct err err = ERR_INIT;
        char base[] = "/tmp/cupel-unit-XXXXXX";
        int root;

        cr_assert_not_null(mkdtemp(base));
        root = fs_open_dir(base, &err);
        cr_assert_eq(symlinkat("/etc", root, "etc"), 0);
        cr_assert_eq(fs_open_beneath(root, "etc/passwd", O_RDONLY, 0), -1);
        cr_assert_eq(fs_open_beneath(root, "../etc", O_RDONLY, 0), -1);
        cr_assert_eq(fs_open_beneath(root, "/etc/passwd", O_RDONLY, 0), -1);
        cr_assert_eq(fs_write_at(root, "f", "x", 1, 0600, &err), 0);
        close(fs_open_beneath(root, "f", O_RDONLY, 0));
        cr_assert_eq(fs_remove_tree_at(AT_FDCWD, base, &err), 0);
        close(root);
}

Test(spawn, the_child_gets_exactly_the_listed_descriptors)
{
        struct err err = ERR_INIT;
        int out[2];
        char *argv[] = {(char *)"sh", (char *)"-c", (char *)"ls /proc/self/fd | tr '\\n' ' ' >&4", NULL};
        char *envp[] = {(char *)"PATH=/usr/bin:/bin", NULL};
        _cleanup_fd_ int stray = open("/dev/null", O_RDONLY);
        _cleanup_str_ struct str seen = {0};
        pid_t pid;

        cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
        cr_assert_eq(spawn("/bin/sh", argv, envp, (int[]){stray, out[1]}, 2, &pid, &err), 0, "%s", err.message);
        close(out[1]);
        cr_assert_eq(fs_read_fd(out[0], 4096, &seen, &err), 0);
        waitpid(pid, NULL, 0);
        close(out[0]);
        /* the fifth is ls's own folder */
        cr_assert_str_eq(str_text(&seen), "0 1 2 3 4 5 ");
}

Test(phase, the_happy_path_is_allowed_and_nothing_leaves_the_end)
{
        const enum phase path[] = {PHASE_PREPARING,      PHASE_RUNNING,           PHASE_FROZEN,
                                   PHASE_SELF_VERIFYING, PHASE_AWAITING_DIRECTOR, PHASE_DIRECTOR_VERIFYING,
                                   PHASE_LANDING,        PHASE_COMMITTED};
        enum phase phase = PHASE_CREATED;
        struct err err = ERR_INIT;

        for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++)
                cr_assert_eq(phase_move(&phase, path[i], &err), 0, "%s", err.message);
        for (unsigned next = 0; next < PHASE_COUNT; next++)
                cr_assert_eq(phase_move(&phase, (enum phase)next, &err), -1);
        cr_assert_eq(phase, PHASE_COMMITTED);
}

Test(base, a_path_is_normal_where_every_part_of_it_is_a_name)
{
        static const char *const normal[] = {"", "a", "a/b", "...", ".a/..b/a.", "a/b/c"}, *const other[] = {
                                                                                                   "/",     ".",
                                                                                                   "..",    "a/",
                                                                                                   "/a",    "a//b",
                                                                                                   "a/./b", "a/..",
                                                                                                   "../a",  "a/b//"};

        for (size_t i = 0; i < sizeof(normal) / sizeof(*normal); i++)
                cr_expect(path_is_normal(normal[i], strlen(normal[i])), "%s", normal[i]);
        for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++)
                cr_expect_not(path_is_normal(other[i], strlen(other[i])), "%s", other[i]);
        cr_expect(path_is_normal("a/b/", 3), "no more is looked at than was asked");
}

Test(base, a_path_is_in_its_folders_and_in_no_namesake)
{
        cr_assert(path_is_in("/a/b", "/a"));
        cr_assert(path_is_in("/a", "/a"));
        cr_assert_not(path_is_in("/ab", "/a"));
        cr_assert_not(path_is_in("/a", "/a/b"));
        cr_assert(path_is_in("/a", "/"), "the root holds everything");
        cr_assert(path_is_in("/", "/"));
        cr_assert(path_is_in("src/a.c", "") && path_is_in("src/a.c", "src"), "relative ones likewise");
        cr_assert_not(path_is_in("srcs", "src"));
}

Test(cleanup, what_is_closed_twice_closes_nobody_elses)
{
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), other;

        cr_assert_geq(fd, 0);
        cleanup_fd(&fd);
        other = open("/dev/null", O_RDONLY | O_CLOEXEC); /* gets the number */
        cleanup_fd(&fd);
        cr_assert_eq(fd, -1);
        cr_assert_geq(fcntl(other, F_GETFD), 0, "another's was closed");
        close(other);
}

Test(str, sizes_for_people_have_one_notation)
{
        static const struct {
                uint64_t bytes;
                const char *text;
        } sizes[] = {
                {0, "0 B"}, {1023, "1023 B"}, {1536, "1.5 KiB"}, {4ull << 30, "4.0 GiB"}, {3ull << 50, "3072.0 TiB"}};

        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                _cleanup_str_ struct str text = {0};

                str_put_size(&text, sizes[i].bytes);
                cr_assert_str_eq(str_text(&text), sizes[i].text);
        }
}
