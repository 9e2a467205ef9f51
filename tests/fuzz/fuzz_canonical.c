/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes that are only looked at: whatever canonical_read() takes, jansson takes too, and writes it byte for byte so; and whatever
 * event_check_text() lets pass as an agent's, event_validate() does.
 */
#include "lib/base/canonical.h"
#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/json.h"
#include "tests/fuzz/must.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = xmemdup(data, size);
        _cleanup_free_ char *canonical = NULL;
        _cleanup_json_ json_t *value = NULL;
        struct err err = ERR_INIT;
        struct canonical read;

        if (!canonical_read(text, size, &read))
                return 0;
        value = json_parse(text, size, "text", &err);
        must(json_is_object(value) && json_object_size(value) == read.len);
        canonical = json_canonical(value);
        must(canonical && strlen(canonical) == size && memcmp(canonical, text, size) == 0);
        must(read.escapes == (memchr(text, '\\', size) != NULL));
        for (size_t i = 0; event_type_at(i); i++) {
                struct event_checked checked;

                if (event_check_text(event_type_at(i), EVENT_ACTOR_AGENT, text, size, &checked))
                        must(event_validate(event_type_at(i), EVENT_ACTOR_AGENT, value, &err) == 0);
        }
        return 0;
}
