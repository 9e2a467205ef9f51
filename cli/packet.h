/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_PACKET_H
#define CUPEL_CLI_PACKET_H

/*
 * Reading a run's packet. Logs were written by the caged side, which may have planted anything: every file is opened beneath
 * the run's folder, without following a symlink, and only regular files are read.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct context;
struct json_t;

/* The run's folder, or -1 with ERR_NOT_FOUND (gc removed it). */
int packet_open(const struct context *context, const char *run, struct err *err);

/* evidence/report.json; NULL without err where there is none or it is no JSON. Owned by the caller. */
struct json_t *packet_report(int packet);

/* A regular file of the packet, for reading; -1: ERR_NOT_FOUND and others. */
int packet_file(int packet, const char *path, struct err *err);

/* Names in logs/, agent.log first, then sorted. */
int packet_logs(int packet, struct strv *ret, struct err *err);

#endif
