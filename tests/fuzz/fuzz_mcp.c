/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an MCP client sends, line by line. Whatever it is: no crash, and each answer is one line of JSON with "jsonrpc" in it,
 * or a list of such. The run behind it takes every note.
 */
#include "cli/mcp.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(void *arg, const struct json_t *request, struct json_t **ret_reply, struct err *err)
{
        _cleanup_free_ char *text = json_dumps(request, JSON_COMPACT);

        (void)arg;
        if (!text || strchr(text, '\n'))
                abort();
        if (strlen(text) % 2)
                return err_set(err, ERR_REFUSED, "%.300s", text);
        *ret_reply = json_pack("{s:b, s:i, s:{s:f}}", "ok", true, "id", 1, "budget", "left", 0.5);
        return 0;
}

static void check_answer(const char *answer, size_t len)
{
        _cleanup_json_ json_t *json = json_loadb(answer, len, JSON_ALLOW_NUL, NULL);
        json_t *one = json_is_array(json) ? json_array_get(json, 0) : json;

        if (!json_object_get(one, "jsonrpc") || !json_object_get(one, "id"))
                abort();
        if (answer[len - 1] != '\n' || memchr(answer, '\n', len) != answer + len - 1)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct mcp mcp = {.ask = take, .item_file = "/dev/null"};
        const char *at = (const char *)data, *end = at + size;

        while (at < end) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                size_t len = (size_t)((newline ? newline : end) - at);
                _cleanup_free_ char *line = xmemdup(at, len);
                _cleanup_str_ struct str out = {0};

                mcp_line(&mcp, line, len, &out);
                if (out.len)
                        check_answer(out.data, out.len);
                at += len + 1;
        }
        return 0;
}
