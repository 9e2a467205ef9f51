/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the packet that are made from files of the run's folder: test.log and SHA256SUMS. A sum is kept as
 * "<path>\n<hex>" until all are there: sorted as text they are sorted by path. What lies in logs/ was
 * writable for the caged side, so every file there is opened beneath, without following, without blocking on a FIFO, and
 * counted only when it is a regular file with a plain name of bounded size.
 */
#include "director/packet.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/hash.h"
#include "lib/base/snapshot.h"
#include "lib/packet/folder.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 2000
#define DEPTH_MAX 8
#define LOG_MAX ((off_t)256 << 20)

/* A regular file of bounded size, or -1 without an error: it is then no part of the packet. */
static int open_plain(int dirfd, const char *path)
{
        struct stat st;
        int fd = fs_open_beneath(dirfd, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);

        if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= LOG_MAX)
                return fd;
        if (fd >= 0)
                close(fd);
        return -1;
}

static void list_folder(int run_fd, const char *path, int depth, struct strv *files)
{
        _cleanup_dir_ DIR *dir = fs_list(fs_open_beneath(run_fd, path, O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;

        while (files->len < FILES_MAX && (entry = fs_list_next(dir))) {
                _cleanup_free_ char *child = xasprintf("%s/%s", path, entry->d_name);

                if (!packet_name_is_plain(entry->d_name, strlen(entry->d_name)))
                        continue;
                if (entry->d_type == DT_DIR && depth < DEPTH_MAX)
                        list_folder(run_fd, child, depth + 1, files);
                else if (entry->d_type == DT_REG)
                        strv_add(files, child);
        }
}

/* ---- Sums ---- */

void packet_add_sum(struct strv *sums, const char *path, const char *hex)
{
        strv_add_printf(sums, "%s\n%s", path, hex);
}

int packet_sum_file(int run_fd, const char *path, struct strv *sums, struct err *err)
{
        _cleanup_fd_ int fd = open_plain(run_fd, path);
        char hex[HASH_HEX];

        if (fd < 0)
                return 0;
        if (hash_fd(fd, hex, err) < 0)
                return err_wrap(err, "%s", path);
        packet_add_sum(sums, path, hex);
        return 0;
}

int packet_sum_folder(int run_fd, const char *folder, struct strv *sums, struct err *err)
{
        _cleanup_strv_ struct strv files = {0};

        list_folder(run_fd, folder, 0, &files);
        for (size_t i = 0; i < files.len; i++)
                if (packet_sum_file(run_fd, files.items[i], sums, err) < 0)
                        return -1;
        return 0;
}

int packet_sum_snapshot(int run_fd, struct strv *sums, struct err *err)
{
        _cleanup_fd_ int snapshot = fs_open_beneath(run_fd, "config_snapshot", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        _cleanup_strv_ struct strv files = {0};

        if (snapshot < 0 || snapshot_list(snapshot, &files, err) < 0)
                return snapshot < 0 ? err_errno(err, "open the snapshot") : -1;
        for (size_t i = 0; i < files.len; i++) {
                _cleanup_free_ char *path = xasprintf("config_snapshot/%s", files.items[i]);

                if (packet_sum_file(run_fd, path, sums, err) < 0)
                        return -1;
        }
        return 0;
}

void packet_put_sums(struct strv *sums, struct str *ret)
{
        static const char own[] = "evidence/";

        strv_sort_unique(sums);
        for (size_t i = 0; i < sums->len; i++) {
                const char *path = sums->items[i], *end = strchr(path, '\n');
                bool in_evidence = strncmp(path, own, strlen(own)) == 0;

                str_printf(ret, "%s  %s%.*s\n", end + 1, in_evidence ? "" : "../",
                           (int)(end - path) - (in_evidence ? (int)strlen(own) : 0),
                           in_evidence ? path + strlen(own) : path);
        }
}

/* ---- Logs ---- */

/* Where the bytes of a log go besides its own sum; `fd` < 0: nowhere. */
struct test_log {
        int fd;
        struct hash *hash;
};

static int put_test_log(const struct test_log *out, const void *bytes, size_t len, struct err *err)
{
        if (out->fd < 0)
                return 0;
        hash_update(out->hash, bytes, len);
        return fs_write_all(out->fd, bytes, len) < 0 ? err_errno(err, "write test.log") : 0;
}

static int read_log(int fd, const struct test_log *out, char ret_hex[HASH_HEX], struct err *err)
{
        char buffer[65536];
        struct hash hash;
        ssize_t got;

        hash_init(&hash);
        while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
                hash_update(&hash, buffer, (size_t)got);
                if (put_test_log(out, buffer, (size_t)got, err) < 0)
                        return -1;
        }
        if (got < 0)
                return err_errno(err, "read a log");
        hash_final(&hash, ret_hex);
        return 0;
}

static bool is_verifier_log(const char *path)
{
        return strncmp(path, "logs/verify.", 12) == 0 || strncmp(path, "logs/director.", 14) == 0;
}

static int take_log(int run_fd, const char *path, const struct test_log *test_log, struct strv *sums, struct err *err)
{
        const struct test_log out = is_verifier_log(path) ? *test_log : (struct test_log){.fd = -1};
        _cleanup_fd_ int fd = open_plain(run_fd, path);
        _cleanup_free_ char *heading = xasprintf("==> %s <==\n", path + 5);
        char hex[HASH_HEX];

        if (fd < 0)
                return 0;
        if (put_test_log(&out, heading, strlen(heading), err) < 0 || read_log(fd, &out, hex, err) < 0)
                return -1;
        packet_add_sum(sums, path, hex);
        return 0;
}

static int copy_log(int from_fd, int to_fd, const char *name, struct err *err)
{
        _cleanup_fd_ int from = open_plain(from_fd, name), to = -1;
        ssize_t put = 1;

        if (from < 0)
                return 0;
        to = openat(to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        while (to >= 0 && put > 0)
                put = copy_file_range(from, NULL, to, NULL, LOG_MAX, 0);
        return to < 0 || put < 0 ? err_errno(err, "copy logs/%s", name) : 0;
}

/* No plain names: no part of a packet. */
#define FRESH_LOGS ".logs"
#define LEFT_LOGS ".logs-left"

int packet_detach_logs(int run_fd, struct err *err)
{
        _cleanup_fd_ int logs_fd = -1, fresh_fd = -1;
        _cleanup_strv_ struct strv files = {0};

        /* who was at this before may have been killed between the two renames below */
        if (faccessat(run_fd, "logs", F_OK, AT_SYMLINK_NOFOLLOW) < 0 && renameat(run_fd, LEFT_LOGS, run_fd, "logs") < 0)
                return 0;
        if (fs_remove_tree_at(run_fd, FRESH_LOGS, err) < 0 || fs_remove_tree_at(run_fd, LEFT_LOGS, err) < 0)
                return -1;
        logs_fd = fs_open_beneath(run_fd, "logs", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        if (mkdirat(run_fd, FRESH_LOGS, 0700) == 0)
                fresh_fd = fs_open_beneath(run_fd, FRESH_LOGS, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        if (logs_fd < 0 || fresh_fd < 0)
                return err_errno(err, "logs");
        list_folder(logs_fd, ".", DEPTH_MAX, &files);
        for (size_t i = 0; i < files.len; i++)
                if (copy_log(logs_fd, fresh_fd, files.items[i] + strlen("./"), err) < 0)
                        return -1;
        if (renameat(run_fd, "logs", run_fd, LEFT_LOGS) < 0 || renameat(run_fd, FRESH_LOGS, run_fd, "logs") < 0)
                return err_errno(err, "logs");
        return fs_remove_tree_at(run_fd, LEFT_LOGS, err);
}

/* In place, so that lengths stay; a log that another process still maps or reads sees it too. */
static void hide_in_log(int run_fd, const char *path, struct redact *secrets)
{
        _cleanup_fd_ int fd = fs_open_beneath(run_fd, path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
        struct stat st;
        char *text;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > LOG_MAX)
                return;
        text = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (text == MAP_FAILED)
                return;
        redact_text(secrets, text, (size_t)st.st_size);
        munmap(text, (size_t)st.st_size);
}

void packet_hide_in_logs(int run_fd, struct redact *secrets)
{
        _cleanup_strv_ struct strv files = {0};

        if (!secrets->len)
                return;
        list_folder(run_fd, "logs", 0, &files);
        for (size_t i = 0; i < files.len; i++)
                hide_in_log(run_fd, files.items[i], secrets);
}

int packet_put_logs(int run_fd, int out_fd, struct hash *test_log, struct strv *sums, struct err *err)
{
        const struct test_log out = {.fd = out_fd, .hash = test_log};
        _cleanup_strv_ struct strv files = {0};

        list_folder(run_fd, "logs", 0, &files);
        strv_sort_unique(&files);
        for (size_t i = 0; i < files.len; i++)
                if (take_log(run_fd, files.items[i], &out, sums, err) < 0)
                        return -1;
        return 0;
}
