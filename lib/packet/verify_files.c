/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA256SUMS against the folder, both ways. The list is written in one form only: sorted by the path from the packet's folder, the
 * files of evidence/ relative to it, all others behind "../"; so that a line that means the same but is written otherwise shows too.
 *
 * Not summed, and no part of the packet: the list itself, what is appended beside it later (each line of it is checked as an
 * event, verify_log.c, all of them by a seal of their own, verify_later.c), folders that the run works in, and in logs/ names
 * that only a caged program would choose: the director takes no file with such a name into a packet.
 */
#include "lib/packet/checkpoint.h"
#include "lib/packet/later.h"
#include "lib/packet/verify_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/packet/archive.h"
#include "lib/packet/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUMS_MAX ((size_t)8 << 20)
#define LINES_MAX 50000
#define DEPTH_MAX 32
#define HEX_LEN (HASH_HEX - 1)

static const char *const unsummed[] = {
        "evidence/SHA256SUMS", "operator.jsonl", "amendments.jsonl", LATER_SEAL, ARCHIVE_BUNDLE, NULL};

static bool is_unsummed(const char *path)
{
        for (const char *const *one = unsummed; *one; one++)
                if (strcmp(*one, path) == 0)
                        return true;
        return false;
}

/* ---- The list ---- */

/* A path that leads nowhere but down. */
static bool is_below(const char *path)
{
        for (const char *part = path;;) {
                const size_t len = strcspn(part, "/");

                if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && part[0] == '.' && part[1] == '.'))
                        return false;
                if (!part[len])
                        return true;
                part += len + 1;
        }
}

/* "<hex>  <path>" without its line end; the path as from the packet's folder, or NULL where it is no such line. */
static char *line_path(const char *line, char ret_hex[HASH_HEX])
{
        _cleanup_free_ char *path = NULL;
        const char *at = line + HEX_LEN + 2;
        const bool outside = strlen(line) > HEX_LEN + 2 && strncmp(at, "../", 3) == 0;

        if (strspn(line, "0123456789abcdef") != HEX_LEN || strncmp(line + HEX_LEN, "  ", 2) != 0 || !*at)
                return NULL;
        path = outside ? xstrdup(at + 3) : xasprintf("evidence/%s", at);
        if (!is_below(path) || (outside && strncmp(path, "evidence/", 9) == 0))
                return NULL;
        memcpy(ret_hex, line, HEX_LEN);
        ret_hex[HEX_LEN] = '\0';
        return steal_ptr(&path);
}

static int take_line(struct verify *v, const char *line, struct hash *signed_part)
{
        struct verify_sum sum = {.path = NULL};

        sum.path = v->sums_len < LINES_MAX ? line_path(line, sum.hex) : NULL;
        if (!sum.path)
                return -1;
        if (v->sums_len && strcmp(v->sums[v->sums_len - 1].path, sum.path) >= 0) {
                free(sum.path);
                return -1;
        }
        if (!verify_is_attestation(sum.path)) {
                hash_update(signed_part, line, strlen(line));
                hash_update(signed_part, "\n", 1);
        }
        v->sums = xgrow(v->sums, v->sums_len, sizeof(*v->sums));
        v->sums[v->sums_len++] = sum;
        return 0;
}

static void take_list(struct verify *v, struct str *text)
{
        struct hash signed_part;
        size_t number = 0;
        char *at = text->data, *end;

        hash_init(&signed_part);
        for (; at && *at; at = end + 1) {
                number++;
                end = strchr(at, '\n');
                if (end)
                        *end = '\0';
                if (!end || take_line(v, at, &signed_part) < 0) {
                        packet_found(v->verdict, PACKET_CHECK_FILES, VERIFY_SUMS_FILE,
                                     "line %zu is not one of a list of sums as the director writes it", number);
                        if (!end)
                                break;
                }
        }
        if (at && at < text->data + text->len && !*at)
                packet_found(v->verdict, PACKET_CHECK_FILES, VERIFY_SUMS_FILE, "it has bytes that no list of sums has");
        hash_final(&signed_part, v->sums_digest);
}

/* ---- The files of the list ---- */

static void check_file(struct verify *v, struct verify_sum *sum)
{
        struct err err = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(v->packet, sum->path, &err);
        char hex[HASH_HEX];

        if (fd >= 0 && hash_fd(fd, hex, &err) == 0) {
                sum->same = strcmp(hex, sum->hex) == 0;
                if (!sum->same)
                        packet_found(v->verdict, PACKET_CHECK_FILES, sum->path,
                                     "its bytes are not those of its line in SHA256SUMS: one of the two was changed");
        } else if (err.code == ERR_NOT_FOUND) {
                packet_found(v->verdict, PACKET_CHECK_FILES, sum->path, "it is missing, SHA256SUMS has it");
        } else {
                char text[512];

                err_text(&err, text, sizeof(text));
                packet_found(v->verdict, PACKET_CHECK_FILES, sum->path, "it cannot be read: %s", text);
        }
}

/* ---- What the list does not have ---- */

/* A checkpoint is sealed by a list of its own, which the list has: what lies there is that one's to say. */
static bool of_checkpoint(struct verify *v, const char *path)
{
        static const char top[] = CHECKPOINT_FOLDER "/step_";
        const char *rest = strncmp(path, top, strlen(top)) == 0 ? strchr(path + strlen(top), '/') : NULL;
        _cleanup_free_ char *folder = rest ? xmemdup(path, (size_t)(rest - path)) : NULL;
        _cleanup_free_ char *sums = folder ? xasprintf("%s/SHA256SUMS", folder) : NULL;
        _cleanup_packet_checkpoint_ struct packet_checkpoint checkpoint = {0};
        _cleanup_fd_ int fd = -1;
        struct err err = ERR_INIT;

        if (!sums || !verify_sum_of(v, sums))
                return false;
        if (strcmp(path, sums) != 0)
                return true;
        fd = fs_open_beneath(v->packet, folder, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0 || packet_checkpoint_read(fd, NULL, &checkpoint, &err) < 0)
                packet_found(v->verdict, PACKET_CHECK_FILES, folder, "%s",
                             fd < 0 ? "it cannot be opened" : err.message);
        return true;
}

static void check_entry(struct verify *v, const char *path, const char *name, const struct stat *st)
{
        if (strncmp(path, "logs/", 5) == 0 && (!packet_name_is_plain(name, strlen(name)) || !S_ISREG(st->st_mode)))
                return;
        if (!S_ISREG(st->st_mode))
                packet_found(v->verdict, PACKET_CHECK_FILES, path, "it is neither a file nor a folder");
        else if (!of_checkpoint(v, path) && !verify_sum_of(v, path) && !is_unsummed(path))
                packet_found(v->verdict, PACKET_CHECK_FILES, path, "SHA256SUMS does not have it: it was added");
}

static void walk(struct verify *v, const char *folder, int depth)
{
        const char *shown = folder[0] ? folder : ".";
        _cleanup_dir_ DIR *dir = fs_list(fs_open_beneath(v->packet, shown, O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;

        while ((entry = fs_list_next(dir)) && v->verdict->len < PACKET_FINDINGS_MAX) {
                _cleanup_free_ char *path = xasprintf("%s%s%s", folder, folder[0] ? "/" : "", entry->d_name);
                struct stat st;

                if ((!folder[0] && packet_is_work(entry->d_name)) ||
                    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (!S_ISDIR(st.st_mode))
                        check_entry(v, path, entry->d_name, &st);
                else if (depth == DEPTH_MAX)
                        packet_found(v->verdict, PACKET_CHECK_FILES, path, "no packet has folders this deep");
                else
                        walk(v, path, depth + 1);
        }
        if (!dir || (!entry && errno))
                packet_found(v->verdict, PACKET_CHECK_FILES, shown, "it cannot be listed");
}

int verify_files(struct verify *v, struct err *err)
{
        _cleanup_str_ struct str text = {0};

        v->verdict->done[PACKET_CHECK_FILES] = true;
        if (packet_read(v->packet, VERIFY_SUMS_FILE, SUMS_MAX, &text, err) < 0) {
                if (err->code != ERR_NOT_FOUND && err->code != ERR_INPUT)
                        return -1;
                packet_found(v->verdict, PACKET_CHECK_FILES, VERIFY_SUMS_FILE, "%s",
                             err->code == ERR_NOT_FOUND
                                     ? "it is missing: the packet was never completed, or was robbed of it"
                                     : "it is no list of sums");
                *err = ERR_INIT;
                return 0;
        }
        take_list(v, &text);
        for (size_t i = 0; i < v->sums_len; i++)
                check_file(v, &v->sums[i]);
        v->verdict->files = v->sums_len;
        walk(v, "", 0);
        return 0;
}
