/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_MCP_TOOL_H
#define CUPEL_CLI_MCP_TOOL_H

/* A row of the table of tools, shared by mcp_tools.c (the table and what is announced of it) and mcp_call.c (calls). */

#include "cli/mcp.h"
#include "cli/mcp_tools.h"

#define MCP_TOOL_EVENTS 4
#define MCP_TOOL_FIELDS 11

/* What came of a call: a text for the model, the same as data, or why not. */
struct mcp_answer {
        struct str text;
        struct json_t *data; /* NULL: none */
        bool failed;
};

struct mcp_tool {
        const char *name, *title, *about;
        const char *events[MCP_TOOL_EVENTS]; /* that it makes; of several the arguments choose one */
        struct {
                const char *name, *about;
        } fields[MCP_TOOL_FIELDS];
        const char *done; /* added to the answer of a note that was accepted; NULL: nothing */
        void (*call)(struct mcp *mcp, const struct mcp_tool *tool, struct json_t *arguments, struct mcp_answer *answer);
        bool reads_only;
};

void mcp_call_note(struct mcp *mcp, const struct mcp_tool *tool, struct json_t *arguments, struct mcp_answer *answer);
void mcp_call_budget(struct mcp *mcp, const struct mcp_tool *tool, struct json_t *arguments, struct mcp_answer *answer);
void mcp_call_item(struct mcp *mcp, const struct mcp_tool *tool, struct json_t *arguments, struct mcp_answer *answer);
void mcp_call_checkpoint(struct mcp *mcp, const struct mcp_tool *tool, struct json_t *arguments,
                         struct mcp_answer *answer);

#endif
