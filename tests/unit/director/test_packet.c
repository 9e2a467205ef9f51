/* SPDX-License-Identifier: Apache-2.0 */
/* The packet is made from folders that hostile processes could write: what they planted must not get in, nor block. */
#include "director/packet.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
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

static void test_log(struct str *text)
{
        struct err err = ERR_INIT;
        int fd = openat(run_fd, "test.log", O_RDWR | O_CREAT, 0600);

        cr_assert_eq(packet_test_log(run_fd, fd, &err), 0, "%s", err.message);
        lseek(fd, 0, SEEK_SET);
        cr_assert_eq(fs_read_fd(fd, 1 << 20, text, &err), 0);
        close(fd);
}

TestSuite(packet, .init = setup, .fini = teardown);

Test(packet, the_test_log_holds_the_verifiers_logs_under_their_names)
{
        _cleanup_str_ struct str text = {0};

        test_log(&text);
        cr_assert_str_eq(str_text(&text), "==> director.unit.log <==\ndirector says ok\n"
                                          "==> verify.unit.log <==\nself says ok\n");
}

Test(packet, links_fifos_and_odd_names_are_left_out)
{
        _cleanup_str_ struct str text = {0}, sums = {0};
        struct err err = ERR_INIT;

        cr_assert_eq(symlinkat("/etc/passwd", run_fd, "logs/verify.link.log"), 0);
        cr_assert_eq(mkfifoat(run_fd, "logs/verify.fifo.log", 0600), 0);
        put("logs/verify.a\nb.log", "odd\n");
        test_log(&text);
        cr_assert_null(strstr(str_text(&text), "root:"));
        cr_assert_null(strstr(str_text(&text), "fifo"));
        cr_assert_null(strstr(str_text(&text), "odd"));
        cr_assert_eq(packet_sums(run_fd, &sums, &err), 0, "%s", err.message);
        cr_assert_null(strstr(str_text(&sums), "link"));
        cr_assert_null(strstr(str_text(&sums), "fifo"));
        cr_assert_null(strstr(str_text(&sums), "a\nb"));
}

Test(packet, sums_name_every_file_but_themselves_as_sha256sum_reads_them)
{
        _cleanup_str_ struct str sums = {0};
        struct err err = ERR_INIT;

        cr_assert_eq(packet_sums(run_fd, &sums, &err), 0, "%s", err.message);
        cr_assert_not_null(strstr(str_text(&sums), "  report.json\n"));
        cr_assert_not_null(strstr(str_text(&sums), "  ../logs/agent.log\n"));
        cr_assert_not_null(strstr(str_text(&sums), "  ../identity.txt\n"));
        cr_assert_null(strstr(str_text(&sums), "SHA256SUMS"));
}
