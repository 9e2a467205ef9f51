/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_ARCHIVE_H
#define CUPEL_PACKET_ARCHIVE_H

/*
 * A packet as one file, <run-id>.tar.zst: what `cupel export` writes, and anybody else may have written.
 *
 *         archive_pack(packet, run, extras, extras_len, out_fd, err);      sorted, no times, no owners: same packet, same bytes
 *         archive_unpack(in_fd, folder, NULL, &name, err);                 folder/<name>/ is then laid out as runs/<run-id>/
 *
 * Both go by one rule of names (archive_name_refused()): one folder, named as a run; in it the parts of ARCHIVE_PARTS and lists
 * "<word>.jsonl". A packet's own files have plain names; what a person or an agent named (ARCHIVE_FREE) may be anything
 * without control characters: a bundle is byte for byte what its owner has. The packer leaves out of logs/ what is no plain
 * file, as the sums do; elsewhere that is an error.
 *
 * The unpacker trusts nothing: only regular files and folders, each made new beneath `folder` (private, empty, made by the
 * caller); no links, devices, sparse files, absolute names, "..", duplicates, or names that differ in case only; modes, owners
 * and times of the archive are not taken over; sizes are counted as they are written. ERR_INPUT names what is wrong; what was
 * written by then is the caller's to remove. Nothing in it is executed or interpreted.
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCHIVE_SUFFIX ".tar.zst"
#define ARCHIVE_BUNDLE                                                                                                 \
        "base.bundle" /* the base's history, a git bundle; not covered by SHA256SUMS: its ids are git's */

/* path below the run's folder, what it is */
#define ARCHIVE_PARTS(X)                                                                                               \
        X("identity.txt", ARCHIVE_FILE)                                                                                \
        X("config_snapshot", ARCHIVE_FREE)                                                                             \
        X("checkpoints", ARCHIVE_FREE)                                                                                 \
        X("telemetry", ARCHIVE_FOLDER)                                                                                 \
        X("logs", ARCHIVE_FOLDER)                                                                                      \
        X("evidence", ARCHIVE_FREE)                                                                                    \
        X(ARCHIVE_BUNDLE, ARCHIVE_FILE)

enum archive_kind {
        ARCHIVE_FILE,
        ARCHIVE_FOLDER, /* with plain names only */
        ARCHIVE_FREE,   /* with names of others in it */
};

struct archive_limits {       /* 0: the default beside it */
        uint64_t max_entries; /* 50,000 files and folders */
        uint64_t max_file;    /* 2 GiB */
        uint64_t max_total;   /* 4 GiB unpacked */
        uint64_t max_ratio;   /* 200 times the compressed bytes, once `ratio_from` are written */
        uint64_t ratio_from;  /* 256 MiB */
};

/* A file that goes into the archive beside what lies in the packet. */
struct archive_extra {
        const char *path; /* below the run's folder */
        int fd;           /* read from its beginning */
};

/* Walks the parts: NULL past the end. */
const char *archive_part_at(size_t index, enum archive_kind *ret_kind);

/* `path` is "<run-id>/…"; NULL, or why it may not be in an archive. */
const char *archive_name_refused(const char *path);

/* A run's id as a folder's name. */
bool archive_run_ok(const char *name);

int archive_pack(int packet, const char *run, const struct archive_extra *extras, size_t extras_len, int out_fd,
                 struct err *err);

/* `limits` may be NULL. */
int archive_unpack(int in_fd, int folder, const struct archive_limits *limits, char **ret_name, struct err *err);

#endif
