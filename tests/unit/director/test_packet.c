/* SPDX-License-Identifier: Apache-2.0 */
/* The packet is made from folders that hostile processes could write: what they planted must not get in, nor block. */
#include "director/packet.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static int run_fd;

static void put(const char *path, const char *text)
{
        int fd = openat(run_fd, path, O_WRONLY | O_CREAT | O_EXCL, 0600);

        cr_assert(fd >= 0, "%s", path);
        cr_assert_eq(fs_write_all(fd, text, strlen(text)), 0);
        close(fd);
}

static void setup(void)
{
        snprintf(folder, sizeof(folder), "/tmp/cupel-packet-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
        run_fd = open(folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        mkdirat(run_fd, "logs", 0700);
        mkdirat(run_fd, "evidence", 0700);
        put("logs/verify.unit.log", "self says ok\n");
        put("logs/director.unit.log", "director says ok\n");
        put("logs/agent.log", "chatter\n");
        put("evidence/report.json", "{}");
        put("evidence/SHA256SUMS", "old\n");
        put("identity.txt", "sha256:x\n");
}

static void teardown(void)
{
        struct err err = ERR_INIT;

        close(run_fd);
        fs_remove_tree_at(AT_FDCWD, folder, &err);
}

static void test_log(struct str *text, struct strv *sums)
{
        struct err err = ERR_INIT;
        int fd = openat(run_fd, "test.log", O_RDWR | O_CREAT, 0600);
        struct hash hash;
        char said[HASH_HEX], hex[HASH_HEX];

        hash_init(&hash);
        cr_assert_eq(packet_put_logs(run_fd, fd, &hash, sums, &err), 0, "%s", err.message);
        hash_final(&hash, said);
        lseek(fd, 0, SEEK_SET);
        cr_assert_eq(fs_read_fd(fd, 1 << 20, text, &err), 0);
        close(fd);
        hash_bytes(str_text(text), text->len, hex);
        cr_expect_str_eq(said, hex, "the sum is of what was written");
}

TestSuite(packet, .init = setup, .fini = teardown);

Test(packet, the_test_log_holds_the_verifiers_logs_under_their_names)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_strv_ struct strv sums = {0};

        test_log(&text, &sums);
        cr_assert_str_eq(str_text(&text), "==> director.unit.log <==\ndirector says ok\n"
                                          "==> verify.unit.log <==\nself says ok\n");
}

Test(packet, links_fifos_and_odd_names_are_left_out)
{
        _cleanup_str_ struct str text = {0}, shown = {0};
        _cleanup_strv_ struct strv sums = {0};

        cr_assert_eq(symlinkat("/etc/passwd", run_fd, "logs/verify.link.log"), 0);
        cr_assert_eq(mkfifoat(run_fd, "logs/verify.fifo.log", 0600), 0);
        put("logs/verify.a\nb.log", "odd\n");
        test_log(&text, &sums);
        cr_assert_null(strstr(str_text(&text), "root:"));
        cr_assert_null(strstr(str_text(&text), "fifo"));
        cr_assert_null(strstr(str_text(&text), "odd"));
        packet_put_sums(&sums, &shown);
        cr_assert_null(strstr(str_text(&shown), "link"));
        cr_assert_null(strstr(str_text(&shown), "fifo"));
        cr_assert_null(strstr(str_text(&shown), "odd"));
        cr_assert_eq(sums.len, 3, "agent.log and two verifiers");
}

/* What it has open, and the folder that it may write to, are no longer those of the packet. */
Test(packet, who_is_dying_writes_nothing_behind_the_seal)
{
        struct err err = ERR_INIT;
        int logs = openat(run_fd, "logs", O_RDONLY | O_DIRECTORY),
            log = openat(run_fd, "logs/agent.log", O_WRONLY | O_APPEND);
        _cleanup_str_ struct str text = {0};

        cr_assert(logs >= 0 && log >= 0);
        cr_assert_eq(packet_detach_logs(run_fd, &err), 0, "%s", err.message);
        cr_assert_eq(write(log, "late", 4), 4);
        cr_assert_lt(openat(logs, "evil.txt", O_WRONLY | O_CREAT, 0600), 0);
        cr_assert_eq(fs_read_at(run_fd, "logs/agent.log", 100, &text, &err), 0);
        cr_assert_str_eq(str_text(&text), "chatter\n");
        cr_assert_lt(faccessat(run_fd, "logs/evil.txt", F_OK, 0), 0);
        close(logs);
        close(log);
}

/* Killed between its two renames, or before it copied. */
Test(packet, logs_that_were_half_detached_are_whole_the_next_time)
{
        struct err err = ERR_INIT;

        mkdirat(run_fd, ".logs", 0700);
        put(".logs/agent.log", "half");
        cr_assert_eq(renameat(run_fd, "logs", run_fd, ".logs-left"), 0);
        for (int i = 0; i < 2; i++) {
                _cleanup_str_ struct str text = {0};

                cr_assert_eq(packet_detach_logs(run_fd, &err), 0, "%s", err.message);
                cr_assert_eq(fs_read_at(run_fd, "logs/agent.log", 100, &text, &err), 0);
                cr_assert_str_eq(str_text(&text), "chatter\n");
                cr_assert_lt(faccessat(run_fd, ".logs", F_OK, 0), 0);
                cr_assert_lt(faccessat(run_fd, ".logs-left", F_OK, 0), 0);
        }
}

Test(packet, sums_are_as_sha256sum_reads_them_from_the_folder_of_evidence)
{
        _cleanup_str_ struct str shown = {0};
        _cleanup_strv_ struct strv sums = {0};
        _cleanup_free_ char *command = xasprintf("cd %s/evidence && sha256sum --quiet -c SHA256SUMS", folder);
        struct err err = ERR_INIT;

        cr_assert_eq(unlinkat(run_fd, "evidence/SHA256SUMS", 0), 0);
        cr_assert_eq(packet_sum_folder(run_fd, "logs", &sums, &err), 0, "%s", err.message);
        cr_assert_eq(packet_sum_folder(run_fd, "evidence", &sums, &err), 0, "%s", err.message);
        cr_assert_eq(packet_sum_file(run_fd, "identity.txt", &sums, &err), 0, "%s", err.message);
        packet_put_sums(&sums, &shown);
        cr_assert_not_null(strstr(str_text(&shown), "  report.json\n"));
        cr_assert_not_null(strstr(str_text(&shown), "  ../logs/agent.log\n"));
        cr_assert_not_null(strstr(str_text(&shown), "  ../identity.txt\n"));
        put("evidence/SHA256SUMS", str_text(&shown));
        cr_assert_eq(system(command), 0);
}
