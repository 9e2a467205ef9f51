/* SPDX-License-Identifier: Apache-2.0 */
/* A checkpoint is made by hand, as docs/checkpoints.md has it, and read; then it is changed in every way that somebody could. */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/hash.h"
#include "lib/base/snapshot.h"
#include "lib/base/str.h"
#include "lib/packet/checkpoint.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONE "ab/11111111111111111111111111111111111111"
#define TWO "cd/22222222222222222222222222222222222222"
#define TREE "3333333333333333333333333333333333333333"
#define BASE "4444444444444444444444444444444444444444"
#define STATE "5555555555555555555555555555555555555555"
#define IDENTITY "6666666666666666666666666666666666666666666666666666666666666666"
#define LOG "7777777777777777777777777777777777777777777777777777777777777777"

static char folder[64];
static int step = -1;
static struct str sums;
static struct err err;

static void put(const char *path, const char *text)
{
        const int fd = openat(step, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        cr_assert(fd >= 0 && fs_write_all(fd, text, strlen(text)) == 0, "%s", path);
        close(fd);
}

static void sum(const char *path)
{
        _cleanup_fd_ int fd = openat(step, path, O_RDONLY | O_CLOEXEC);
        char hex[HASH_HEX];

        cr_assert(fd >= 0 && hash_fd(fd, hex, &err) == 0, "%s", path);
        str_printf(&sums, "%s  %s\n", hex, path);
}

static void put_file(const char *path, const char *text)
{
        put(path, text);
        sum(path);
}

static void put_record(const char *more)
{
        _cleanup_fd_ int snapshot = openat(step, "config_snapshot", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char digest[HASH_HEX];
        _cleanup_free_ char *text = NULL;

        cr_assert_eq(snapshot_digest(snapshot, digest, &err), 0, "%s", err.message);
        text = xasprintf("{\"schema\":\"" CHECKPOINT_SCHEMA
                         "\",\"run\":\"fix__1\",\"step\":3,\"by\":\"agent\",\"time\":\"then\","
                         "\"tree\":\"" TREE "\",\"base\":\"" BASE "\",\"identity\":\"" IDENTITY "\","
                         "\"snapshot_sha256\":\"%s\",\"sequence\":17,\"log_hash\":\"" LOG "\",\"files\":2,\"bytes\":30,"
                         "\"paused_ms\":4%s}",
                         digest, more);
        put_file("checkpoint.json", text);
}

static void begin(void)
{
        snprintf(folder, sizeof(folder), "/tmp/cupel-checkpoint-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
        step = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (const char *const *name = (const char *const[]){"config_snapshot", "config_snapshot/bundle", "objects",
                                                             "objects/ab", "objects/cd", NULL};
             *name; name++)
                cr_assert_eq(mkdirat(step, *name, 0700), 0);
        put("config_snapshot/plan.json", "{}");
        put("config_snapshot/bundle/notes", "of the bundle");
        put_record(",\"state\":\"" STATE "\",\"state_path\":\"var/state\"");
        put_file("identity.txt", "identity\n");
        put_file("objects/" ONE, "an object");
        put_file("objects/" TWO, "another");
        put("SHA256SUMS", str_text(&sums));
}

static void end(void)
{
        _cleanup_free_ char *command = xasprintf("rm -rf %s", folder);

        close(step);
        str_release(&sums);
        sums = (struct str){0};
        cr_assert_eq(system(command), 0);
}

TestSuite(checkpoint, .init = begin, .fini = end);

static int read_it(const char *sha256)
{
        struct packet_checkpoint checkpoint = {0};
        int got;

        err = (struct err)ERR_INIT;
        got = packet_checkpoint_read(step, sha256, &checkpoint, &err);
        packet_checkpoint_release(&checkpoint);
        return got;
}

static void refused(const char *expected)
{
        cr_assert_lt(read_it(NULL), 0, "%s", expected);
        cr_assert_eq(err.code, ERR_REFUSED, "%s: %s", expected, err.message);
        cr_assert_not_null(strstr(err.message, expected), "%s", err.message);
}

/* The sums again, of other files; so it is only its form that speaks against it. */
static void with_sums(const char *more)
{
        str_puts(&sums, more);
        put("SHA256SUMS", str_text(&sums));
}

Test(checkpoint, is_read_as_it_was_written)
{
        _cleanup_packet_checkpoint_ struct packet_checkpoint c = {0};
        char hex[HASH_HEX];

        hash_bytes(str_text(&sums), sums.len, hex);
        cr_assert_eq(packet_checkpoint_read(step, hex, &c, &err), 0, "%s", err.message);
        cr_assert_str_eq(c.run, "fix__1");
        cr_assert_str_eq(c.by, "agent");
        cr_assert_str_eq(c.time, "then");
        cr_assert_str_eq(c.tree, TREE);
        cr_assert_str_eq(c.base, BASE);
        cr_assert_str_eq(c.state, STATE);
        cr_assert_str_eq(c.state_path, "var/state");
        cr_assert_str_eq(c.identity, IDENTITY);
        cr_assert_str_eq(c.log_hash, LOG);
        cr_assert(c.step == 3 && c.sequence == 17 && c.files == 2 && c.bytes == 30 && c.paused_ms == 4);
        cr_assert_eq(c.objects.len, 2);
        cr_assert_str_eq(c.objects.items[0], ONE);
        cr_assert_str_eq(c.objects.items[1], TWO);
}

Test(checkpoint, without_a_declared_state_there_is_none)
{
        _cleanup_packet_checkpoint_ struct packet_checkpoint c = {0};

        str_clear(&sums);
        put_record("");
        sum("identity.txt");
        sum("objects/" ONE);
        sum("objects/" TWO);
        with_sums("");
        cr_assert_eq(packet_checkpoint_read(step, NULL, &c, &err), 0, "%s", err.message);
        cr_assert_str_eq(c.state, "");
        cr_assert_null(c.state_path);
}

/* Every byte of every file: that of the sums against the log, everything else against the sums. */
Test(checkpoint, no_byte_of_it_may_be_another)
{
        static const char *const files[] = {"checkpoint.json", "identity.txt",
                                            "objects/" ONE,    "config_snapshot/plan.json",
                                            "objects/" TWO,    "config_snapshot/bundle/notes",
                                            "SHA256SUMS"};
        char log[HASH_HEX];

        hash_bytes(str_text(&sums), sums.len, log);
        for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
                _cleanup_fd_ int fd = openat(step, files[f], O_RDWR | O_CLOEXEC);
                struct stat st;

                cr_assert(fd >= 0 && fstat(fd, &st) == 0);
                for (off_t at = 0; at < st.st_size; at++) {
                        char byte, other;

                        cr_assert_eq(pread(fd, &byte, 1, at), 1);
                        other = (char)(byte ^ 1);
                        cr_assert_eq(pwrite(fd, &other, 1, at), 1);
                        cr_assert_lt(read_it(log), 0, "%s, byte %lld", files[f], (long long)at);
                        cr_assert_eq(err.code, ERR_REFUSED, "%s, byte %lld: %s", files[f], (long long)at, err.message);
                        cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
                }
        }
        cr_assert_eq(read_it(log), 0, "%s", err.message);
}

Test(checkpoint, the_sums_are_those_of_the_log)
{
        cr_assert_lt(read_it(LOG), 0);
        cr_assert_eq(err.code, ERR_REFUSED);
        cr_assert_not_null(strstr(err.message, "checkpoint.created"), "%s", err.message);
}

Test(checkpoint, what_is_gone_is_said_to_be_gone)
{
        cr_assert_eq(unlinkat(step, "objects/" TWO, 0), 0);
        cr_assert_lt(read_it(NULL), 0);
        cr_assert_eq(err.code, ERR_NOT_FOUND, "%s", err.message);
        cr_assert_not_null(strstr(err.message, TWO), "%s", err.message);
}

Test(checkpoint, nothing_may_be_added)
{
        put("objects/ab/33333333333333333333333333333333333333", "not named");
        refused("added");
        cr_assert_eq(unlinkat(step, "objects/ab/33333333333333333333333333333333333333", 0), 0);
        put("config_snapshot/more", "not there then");
        refused("config_snapshot");
}

Test(checkpoint, a_link_in_a_file_s_place_is_not_followed)
{
        put("elsewhere", "an object");
        cr_assert_eq(unlinkat(step, "objects/" ONE, 0), 0);
        cr_assert_eq(symlinkat("../../elsewhere", step, "objects/" ONE), 0);
        cr_assert_lt(read_it(NULL), 0);
}

Test(checkpoint, paths_that_belong_to_no_checkpoint_are_refused_before_they_are_opened)
{
        static const char *const paths[] = {"../secret",
                                            "/etc/passwd",
                                            "config_snapshot/plan.json",
                                            "objects/ab/../../identity.txt",
                                            "objects/AB/11111111111111111111111111111111111111",
                                            "objects/abc/1111111111111111111111111111111111111",
                                            "objects/ab/1111111111111111111111111111111111111"};

        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
                _cleanup_free_ char *line = xasprintf("%s  %s\n", LOG, paths[i]);
                const size_t len = sums.len;

                with_sums(line);
                refused("belongs to no checkpoint");
                sums.len = len;
                sums.data[len] = '\0';
        }
}

Test(checkpoint, lines_that_are_no_sums_are_refused)
{
        static const char *const lines[] = {"nothing\n", LOG " identity.txt\n", LOG "  \n", "G" LOG "  identity.txt\n"};

        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
                const size_t len = sums.len;

                with_sums(lines[i]);
                refused("no sum");
                sums.len = len;
                sums.data[len] = '\0';
        }
        put("SHA256SUMS", "");
        refused("empty");
}

Test(checkpoint, a_file_is_named_once)
{
        sum("objects/" ONE);
        with_sums("");
        refused("twice");
}

static void with_record(const char *text)
{
        str_clear(&sums);
        put_file("checkpoint.json", text);
        sum("identity.txt");
        sum("objects/" ONE);
        sum("objects/" TWO);
        with_sums("");
        cr_assert_lt(read_it(NULL), 0, "%s", text);
}

Test(checkpoint, a_record_of_another_form_is_none)
{
        with_record("");
        with_record("[]");
        with_record("{\"schema\":\"" CHECKPOINT_SCHEMA "\"}");
}

Test(checkpoint, ids_that_are_none_are_refused)
{
        str_clear(&sums);
        put_record(",\"state\":\"../../etc\",\"state_path\":\"x\"");
        sum("identity.txt");
        sum("objects/" ONE);
        sum("objects/" TWO);
        with_sums("");
        refused("\"state\" is no id");
}

/* ---- Names ---- */

Test(checkpoint, steps_are_listed_in_their_order_and_nothing_else)
{
        static const char *const names[] = {"step_000010",  "step_000002", "step_000000", "step_2",
                                            "step_0000002", "step_00000x", "other"};
        int64_t steps[8];

        cr_assert_eq(packet_checkpoint_steps(step, steps, 8), 0, "there is no folder");
        cr_assert_eq(mkdirat(step, CHECKPOINT_FOLDER, 0700), 0);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                _cleanup_free_ char *path = xasprintf(CHECKPOINT_FOLDER "/%s", names[i]);

                cr_assert_eq(mkdirat(step, path, 0700), 0);
        }
        cr_assert_eq(packet_checkpoint_steps(step, steps, 8), 2);
        cr_assert(steps[0] == 2 && steps[1] == 10);
        cr_assert_eq(packet_checkpoint_steps(step, steps, 1), 1);
}

Test(checkpoint, names_of_steps)
{
        char name[CHECKPOINT_NAME];

        packet_checkpoint_name(1, name);
        cr_assert_str_eq(name, "step_000001");
        packet_checkpoint_name(999999, name);
        cr_assert_str_eq(name, "step_999999");
        packet_checkpoint_name(-1, name);
        cr_assert_str_eq(name, "step_000000");
}
