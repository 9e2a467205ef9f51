/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_MCP_TOOLS_H
#define CUPEL_CLI_MCP_TOOLS_H

/*
 * The tools of `cupel mcp`: one table of names, descriptions and the events that they make. What a field takes and whether
 * it must be there comes from the table of event types (lib/base/event.h), so what is announced is what is accepted.
 *
 *         json_t *list = mcp_tools_list(annotated, titled);                  result of tools/list
 *         const struct mcp_tool *tool = mcp_tool_find("note");               NULL: no such tool
 *         json_t *result = mcp_tool_call(mcp, tool, arguments, structured);  result of tools/call, failures included
 */

#include <stdbool.h>
#include <stddef.h>

struct json_t;
struct mcp;
struct mcp_tool;

const struct mcp_tool *mcp_tool_find(const char *name);
const struct mcp_tool *mcp_tool_at(size_t index); /* NULL past the end */

/* Owned by the caller. `annotated`, `titled`: the protocol's version has annotations, titles of their own. */
struct json_t *mcp_tools_list(bool annotated, bool titled);

/* Never NULL, owned by the caller; `arguments` (an object) is borrowed. */
struct json_t *mcp_tool_call(struct mcp *mcp, const struct mcp_tool *tool, struct json_t *arguments, bool structured);

#endif
