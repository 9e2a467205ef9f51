/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent prints on its way to the user's terminal. The first byte chooses the mode, the second where the rest is cut. Beside
 * not crashing: the cut changes nothing, and what was put out is wholly harmless, so it goes through again as it is.
 */
#include "lib/base/terminal_filter.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void filter(enum terminal_mode mode, const char *bytes, size_t len, size_t cut, struct str *out)
{
        struct terminal_filter filter;

        terminal_filter_init(&filter, mode);
        terminal_filter_feed(&filter, bytes, cut, out);
        terminal_filter_feed(&filter, bytes + cut, len - cut, out);
        if (mode == TERMINAL_PLAIN)
                terminal_filter_end(&filter, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const enum terminal_mode modes[] = {TERMINAL_PLAIN, TERMINAL_SCREEN, TERMINAL_SCREEN_ASCII};
        _cleanup_str_ struct str whole = {0}, cut = {0}, again = {0};
        const char *bytes = (const char *)data + 2;
        enum terminal_mode mode;

        if (size < 2)
                return 0;
        size -= 2;
        mode = modes[data[0] % 3];
        filter(mode, bytes, size, 0, &whole);
        filter(mode, bytes, size, size ? data[1] % size : 0, &cut);
        filter(mode, str_text(&whole), whole.len, 0, &again);
        if (whole.len != cut.len || (whole.len && memcmp(whole.data, cut.data, whole.len) != 0))
                abort();
        if (whole.len != again.len || (whole.len && memcmp(whole.data, again.data, whole.len) != 0))
                abort();
        return 0;
}
