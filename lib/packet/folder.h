/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_FOLDER_H
#define CUPEL_PACKET_FOLDER_H

/*
 * Reading a packet: the folder of a run, or what an archive of one was unpacked to. Logs were written by the caged side, and an
 * archive by anybody: every file is opened beneath the folder, without following a symlink, and only regular files are read.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>

struct json_t;

/*
 * A name as a packet's own files have it: letters, digits and "._@+-", not beginning with '.' or '-', so that it can stand in a list
 * of sums and be opened by anybody without a thought. What lies in logs/ under another name is no part of the packet.
 */
bool packet_name_is_plain(const char *name, size_t len);

/*
 * What lies beside the packet while its run is at work; nothing of it is left when that is over, and nothing of it is the packet's. A
 * held run needs some of it to land. The last row has no name.
 */
struct packet_work {
        const char *name;
        bool lands;
};
extern const struct packet_work packet_work[];
bool packet_is_work(const char *name);

/*
 * Who writes into a packet: waits until nobody else does, for as long as `packet` is open or until packet_let_go(), and removes what
 * somebody left half-written who was killed.
 */
int packet_hold(int packet, struct err *err);
void packet_let_go(int packet);

/*
 * A regular file of the packet, for reading; -1: ERR_NOT_FOUND, ERR_INPUT where it is no such file, or one of more than 256 MiB that is
 * nearly all hole: it would take far longer to read than it took to make.
 */
int packet_file(int packet, const char *path, struct err *err);

/* Its bytes; ERR_INPUT where they are more than `most`. */
int packet_read(int packet, const char *path, size_t most, struct str *ret, struct err *err);

/* evidence/report.json; NULL without err where there is none or it is no JSON. Owned by the caller. */
struct json_t *packet_report(int packet);

/* Names in logs/, agent.log first, then sorted. */
int packet_logs(int packet, struct strv *ret, struct err *err);

#endif
