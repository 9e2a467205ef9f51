/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_MCP_H
#define CUPEL_CLI_MCP_H

/*
 * `cupel mcp`: the notes of a run as tools of the Model Context Protocol, for the agent's own client. JSON-RPC 2.0, one
 * message per line (https://modelcontextprotocol.io/specification, transport stdio). It runs inside the sandbox, beside the
 * agent, and can do nothing that the agent could not do with the notes socket itself.
 *
 *         struct mcp mcp = {.ask = send_to_the_notes_socket, .item_file = …};
 *         mcp_serve(&mcp, STDIN_FILENO, STDOUT_FILENO, err);       until the client goes away
 *
 * Judging is apart from reading and writing: mcp_line() takes one line and appends the reply line, if any. A line that makes
 * no sense is answered as the specification says and harms nothing: -32700 no JSON, -32600 no request, -32601 no such
 * method, -32602 wrong parameters. What a tool refuses is no error of the protocol but a result with `isError`, so that the
 * model reads what to do about it. Requests are answered in order, each before the next is read, so a cancellation always
 * comes too late and is ignored, as the specification allows.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct json_t;

#define MCP_LINE_MAX ((size_t)1 << 20) /* bytes of one message; a longer one is skipped to its end */
#define MCP_BATCH_MAX 256              /* messages of one batch */

struct mcp_version;

struct mcp {
        /* One line to the notes socket and its reply (owned by the caller). ERR_REFUSED: with the reply's reason. */
        int (*ask)(void *arg, const struct json_t *request, struct json_t **ret_reply, struct err *err);
        void *arg;
        const char *item_file; /* the work item as JSON */

        const struct mcp_version *version; /* agreed upon; NULL before `initialize` */
};

void mcp_line(struct mcp *mcp, const char *line, size_t len, struct str *out);

/* 0: the client closed its end, or stopped reading. -1: the descriptors failed otherwise. */
int mcp_serve(struct mcp *mcp, int in, int out, struct err *err);

#endif
