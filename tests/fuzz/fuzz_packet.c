/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet from an attacker, after it was unpacked: the input is a folder (tests/fuzz/sections.h). Its first line says what is put right
 * before it is looked at, so that what lies behind a digest is reached: "chain": the hashes of the log; "sums": SHA256SUMS; "both".
 *
 * Whatever it is: no crash, what was found is said on harmless lines, and a packet compared with itself is the same.
 */
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/packet/amendment.h"
#include "lib/packet/checkpoint.h"
#include "lib/packet/compare.h"
#include "lib/packet/folder.h"
#include "lib/packet/identity.h"
#include "lib/packet/terms.h"
#include "lib/packet/verify.h"
#include "tests/fuzz/put_right.h"
#include "tests/fuzz/sections.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- Looked at ---- */

static void must_be_a_line(const char *text)
{
        for (; *text; text++)
                must((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void verify(int folder)
{
        _cleanup_packet_verdict_ struct packet_verdict verdict = {0};
        struct err err = ERR_INIT;

        if (packet_verify(folder, &(struct packet_verify_options){0}, &verdict, &err) < 0)
                return;
        for (size_t i = 0; i < verdict.len; i++) {
                must_be_a_line(verdict.items[i].file);
                must_be_a_line(verdict.items[i].what);
        }
}

static void check_terms(int folder)
{
        struct packet_terms terms;
        size_t broken = 0;

        packet_terms_check(folder, &terms);
        for (enum packet_term term = 0; term < PACKET_TERM_COUNT; term++)
                broken += terms.faults[term].len > 0;
        must(broken == terms.broken);
        packet_terms_release(&terms);
}

static void compare(int folder)
{
        _cleanup_json_ json_t *found = NULL;
        struct err err = ERR_INIT;

        if (packet_compare(folder, folder, &found, &err) == 0)
                must(json_is_true(json_object_get(found, "same")));
        else
                must(err.code == ERR_INPUT || err.code == ERR_SYSTEM || err.code == ERR_NOT_FOUND);
}

static void read_rest(int folder)
{
        struct packet_identity identity;
        struct err err = ERR_INIT;
        int64_t steps[8];
        _cleanup_strv_ struct strv logs = {0};
        _cleanup_json_ json_t *amendments = packet_amendments(folder);

        must(json_is_array(amendments));
        (void)packet_identity(folder, &identity, &err);
        must(packet_checkpoint_steps(folder, steps, 8) <= 8);
        (void)packet_logs(folder, &logs, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sections sections;
        char path[64];
        const int folder = sections_folder(path);

        sections_read(&sections, data, size);
        sections_write(&sections, folder);
        packet_put_right(&sections, folder, data, size);
        verify(folder);
        check_terms(folder);
        compare(folder);
        read_rest(folder);
        sections_release(&sections);
        sections_remove(folder, path);
        return 0;
}
