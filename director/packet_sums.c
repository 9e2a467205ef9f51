/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the packet that are made from files of the run's folder: test.log and SHA256SUMS. What lies in logs/ was
 * writable for the caged side, so every file there is opened beneath, without following, without blocking on a FIFO, and
 * counted only when it is a regular file with a plain name of bounded size.
 */
#include "director/packet.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 2000
#define DEPTH_MAX 8
#define LOG_MAX ((off_t)256 << 20)

static bool plain_name(const char *name)
{
        return name[0] != '.' && name[0] != '-' &&
               name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-")] == '\0';
}

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
        int fd = fs_open_beneath(run_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (!dir && fd >= 0)
                close(fd);
        while (dir && files->len < FILES_MAX && (entry = readdir(dir))) {
                _cleanup_free_ char *child = xasprintf("%s/%s", path, entry->d_name);

                if (!plain_name(entry->d_name))
                        continue;
                if (entry->d_type == DT_DIR && depth < DEPTH_MAX)
                        list_folder(run_fd, child, depth + 1, files);
                else if (entry->d_type == DT_REG)
                        strv_add(files, child);
        }
        if (dir)
                closedir(dir);
}

/* ---- test.log ---- */

static int copy_log(int from, int out_fd, struct err *err)
{
        char buffer[65536];
        ssize_t got;

        while ((got = read(from, buffer, sizeof(buffer))) > 0)
                if (fs_write_all(out_fd, buffer, (size_t)got) < 0)
                        return err_errno(err, "write test.log");
        return got < 0 ? err_errno(err, "read a log") : 0;
}

static bool is_verifier_log(const char *path)
{
        return strncmp(path, "logs/verify.", 12) == 0 || strncmp(path, "logs/director.", 14) == 0;
}

int packet_test_log(int run_fd, int out_fd, struct err *err)
{
        _cleanup_strv_ struct strv files = {0};

        list_folder(run_fd, "logs", 0, &files);
        strv_sort_unique(&files);
        for (size_t i = 0; i < files.len; i++) {
                _cleanup_fd_ int fd = -1;
                _cleanup_free_ char *heading = xasprintf("==> %s <==\n", files.items[i] + 5);

                if (!is_verifier_log(files.items[i]))
                        continue;
                fd = open_plain(run_fd, files.items[i]);
                if (fd < 0)
                        continue;
                if (fs_write_all(out_fd, heading, strlen(heading)) < 0)
                        return err_errno(err, "write test.log");
                if (copy_log(fd, out_fd, err) < 0)
                        return -1;
        }
        return 0;
}

/* ---- SHA256SUMS ---- */

static const char *from_evidence(const char *path, char buffer[4096])
{
        if (strncmp(path, "evidence/", 9) == 0)
                return path + 9;
        snprintf(buffer, 4096, "../%s", path);
        return buffer;
}

static int add_sum(int run_fd, const char *path, struct str *ret, struct err *err)
{
        _cleanup_fd_ int fd = open_plain(run_fd, path);
        char hex[HASH_HEX], buffer[4096];

        if (fd < 0)
                return 0;
        if (hash_fd(fd, hex, err) < 0)
                return err_wrap(err, "%s", path);
        str_printf(ret, "%s  %s\n", hex, from_evidence(path, buffer));
        return 0;
}

int packet_sums(int run_fd, struct str *ret, struct err *err)
{
        static const char *const folders[] = {"evidence", "telemetry", "logs", "config_snapshot"};
        _cleanup_strv_ struct strv files = {0};

        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
                list_folder(run_fd, folders[i], 0, &files);
        strv_add(&files, "identity.txt");
        strv_sort_unique(&files);
        for (size_t i = 0; i < files.len; i++)
                if (strcmp(files.items[i], "evidence/SHA256SUMS") != 0 && add_sum(run_fd, files.items[i], ret, err) < 0)
                        return -1;
        return 0;
}
