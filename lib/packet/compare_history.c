/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run is told what earlier runs on its item noted: as a file, and quoted in its prompt. So an item that is run again is never
 * asked quite the same, which a person who compares two runs of it did not mean by "other".
 */
#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "lib/packet/compare_internal.h"
#include "lib/packet/folder.h"

#include <string.h>

#define HISTORY_PATH "config_snapshot/" COMPARE_HISTORY
#define HISTORY_BYTES_MAX ((size_t)2 << 20)

static void count_line(char *line, json_t *runs)
{
        struct err unreadable = ERR_INIT;
        _cleanup_json_ json_t *event = json_parse(line, strlen(line), COMPARE_HISTORY, &unreadable);
        const char *run = json_text_of(event, "runid");

        if (run[0])
                json_object_set_new(runs, run, json_true());
}

json_t *compare_history_told(int packet)
{
        _cleanup_str_ struct str bytes = {0};
        _cleanup_json_ json_t *runs = json_object();
        _cleanup_free_ char *text = NULL;
        struct err gone = ERR_INIT;
        char *rest = NULL;
        size_t notes = 0, count;

        if (packet_read(packet, HISTORY_PATH, HISTORY_BYTES_MAX, &bytes, &gone) < 0)
                return NULL;
        for (char *line = bytes.len ? strtok_r(bytes.data, "\n", &rest) : NULL; line;
             line = strtok_r(NULL, "\n", &rest), notes++)
                count_line(line, runs);
        count = json_object_size(runs);
        text = notes ? xasprintf("%zu note%s of %zu run%s", notes, notes == 1 ? "" : "s", count, count == 1 ? "" : "s")
                     : xstrdup("nothing");
        return json_string(text);
}

const char *compare_asked(const json_t *configuration, const json_t *plan)
{
        bool told = false, quoted = false;
        json_t *row;
        size_t i;

        json_array_foreach(configuration, i, row)
        {
                const char *key = json_text_of(row, "key");

                told = told || strcmp(key, COMPARE_HISTORY) == 0;
                quoted = quoted || strcmp(key, "prompt.txt") == 0;
        }
        if (json_array_size(configuration) + json_array_size(plan) == 0)
                return "same";
        return told && json_array_size(configuration) == 1U + quoted && json_array_size(plan) == 0 ? "history"
                                                                                                   : "other";
}
