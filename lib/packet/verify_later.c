/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was said after the end, against its seal (lib/packet/later.h). A packet of which nobody said anything needs none, unless it was
 * exported: then it says how much it knew. Each line by itself is verify_log.c's.
 */
#include "lib/packet/later.h"
#include "lib/packet/verify_internal.h"

#include "lib/base/cleanup.h"
#include "lib/packet/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void take_fault(void *arg, const char *file, const char *what)
{
        struct verify *v = arg;

        packet_found(v->verdict, PACKET_CHECK_ATTESTATION, file, "%s", what);
}

/* It must be this packet's, and not older than what it is about. */
static void check_seal(struct verify *v, const struct later *later)
{
        struct err err = ERR_INIT;
        _cleanup_fd_ int sums = packet_file(v->packet, VERIFY_SUMS_FILE, &err);
        char hex[HASH_HEX];

        if (sums < 0 || hash_fd(sums, hex, &err) < 0 || strcmp(hex, later->sums) != 0)
                take_fault(v, LATER_SEAL, "it is about another list of sums");
        if (strcmp(later->run, v->verdict->told.run) != 0)
                take_fault(v, LATER_SEAL, "it is about another run");
        if (later->events < v->verdict->told.events)
                take_fault(v, LATER_SEAL, "it is older than the packet");
        v->verdict->sealed_lines = later->files[0].lines + later->files[1].lines;
        snprintf(v->verdict->sealed_time, sizeof(v->verdict->sealed_time), "%s", later->time);
}

void verify_later(struct verify *v)
{
        struct later later;

        if (later_compare(v->packet, v->options->keys, take_fault, v, &later))
                check_seal(v, &later);
        else if (v->options->exported && faccessat(v->packet, LATER_SEAL, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                take_fault(v, LATER_SEAL,
                           "it is missing: an exported packet says how much of what was said later it has");
}
