/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of tools, and what tools/list says of it. Every word here is read by a model before it starts to work, in every
 * run: short, and when to use it first. Pure data, nothing fails.
 */
#include "cli/mcp_tool.h"

#include "lib/base/event.h"
#include "lib/base/json.h"

#include <string.h>

static const struct mcp_tool tools[] = {
        {.name = "note",
         .title = "Leave a note",
         .about = "Leave a note for people and for later attempts at this work item: what you saw, suspect, or could "
                  "not "
                  "check. It is kept even where your changes are not. `text` alone is an observation.",
         .events = {"note.observation", "note.hypothesis", "note.hyperthesis", "note.conjecture"},
         .fields = {{"text", "what you saw"},
                    {"claim", "what you believe"},
                    {"test", "what would show whether it is so"},
                    {"budget", "what that test may cost, \"5m\" or \"one run\""},
                    {"blind_spot", "what could not be observed"},
                    {"why", "why not"},
                    {"risk", "what could go wrong unseen"},
                    {"bound", "how bad it could get at most"},
                    {"edge", "how the claim could be wrong without anybody noticing"},
                    {"delta_o", "the smallest better observation that would show it"},
                    {"scope", "where it holds"}},
         .call = mcp_call_note},
        {.name = "status",
         .title = "Say what you do",
         .about = "Say in one sentence what you are doing. Call it when you begin a new step of the work; people "
                  "follow it live.",
         .events = {"note.status"},
         .fields = {{"text", "what you are doing now"},
                    {"progress", "how much of the work is done, 0 to 1"},
                    {"goal", "what this step is for"}},
         .call = mcp_call_note},
        {.name = "conjecture",
         .title = "State a conjecture",
         .about = "State a finding that later work should build on or refute, together with how it could be wrong.",
         .events = {"note.conjecture"},
         .fields = {{"claim", "what you believe"},
                    {"test", "what would show whether it is so"},
                    {"edge", "how it could be wrong without anybody noticing"},
                    {"delta_o", "the smallest better observation that would show it"},
                    {"scope", "where it holds: files, versions, inputs"}},
         .call = mcp_call_note},
        {.name = "help",
         .title = "Ask a person",
         .about =
                 "Ask what only a person can decide. Nobody answers during this run: name a default and go on with it.",
         .events = {"note.request.help"},
         .fields = {{"question", "one question, understandable without this conversation"},
                    {"options", "the answers that you can think of"},
                    {"default", "the answer that you go on with"}},
         .done = "Nobody answers during this run: go on with your default.",
         .call = mcp_call_note},
        {.name = "split",
         .title = "Propose smaller work items",
         .about = "Say that the work item is too large, or is several, and propose what to do instead.",
         .events = {"split.request"},
         .fields = {{"reason", "why it cannot be one change"}, {"items", "the smaller work items, one sentence each"}},
         .done = "Finish the part that stands by itself, or leave the worktree as it was.",
         .call = mcp_call_note},
        {.name = "spec_change",
         .title = "Request a change of the specification",
         .about = "Say that the work item, a specification or a test that you must not change is wrong, with evidence. "
                  "Changing it is not your part.",
         .events = {"spec.change.request"},
         .fields = {{"target", "the document, test or interface that should change"},
                    {"type", "the kind of change"},
                    {"claim", "what is wrong with it"},
                    {"evidence", "what shows that"},
                    {"proposed_delta", "what it should say instead"},
                    {"risk", "what the change could break"},
                    {"compat", "who has to adapt"}},
         .done = "A person decides it later: go on with the specification as it is.",
         .call = mcp_call_note},
        {.name = "checkpoint",
         .title = "Checkpoint",
         .about = "Keep the worktree as it is now, so that the run can be resumed from here if it breaks off. Returns "
                  "when "
                  "it is kept. Good before something risky; your result does not need it.",
         .call = mcp_call_checkpoint},
        {.name = "budget_left",
         .title = "What is left of the budget",
         .about = "What is left of this run's time (wall_ms, milliseconds), money (cost_usd) and notes, and its other "
                  "limits. Look before anything that takes long; whatever goes beyond a limit loses the whole run.",
         .call = mcp_call_budget,
         .reads_only = true},
        {.name = "work_item",
         .title = "The work item",
         .about = "The work item as data: objective, acceptance, paths that may and may not change, what is forbidden, "
                  "the "
                  "commands that judge the result, the budget.",
         .call = mcp_call_item,
         .reads_only = true},
};

const struct mcp_tool *mcp_tool_at(size_t index)
{
        return index < sizeof(tools) / sizeof(tools[0]) ? &tools[index] : NULL;
}

const struct mcp_tool *mcp_tool_find(const char *name)
{
        for (size_t i = 0; mcp_tool_at(i); i++)
                if (strcmp(tools[i].name, name) == 0)
                        return &tools[i];
        return NULL;
}

/* Of the events the first that has the field. Required is only what all of them require, which of several none is. */
static void put_field(const struct mcp_tool *tool, const char *name, const char *about, json_t *properties,
                      json_t *required)
{
        for (size_t i = 0; i < MCP_TOOL_EVENTS && tool->events[i]; i++) {
                bool must = false;
                json_t *schema = event_field_schema(event_type_find(tool->events[i]), name, &must);

                if (!schema)
                        continue;
                json_object_set_new(schema, "description", json_string(about));
                json_object_set_new(properties, name, schema);
                if (must && !tool->events[1])
                        json_array_append_new(required, json_string(name));
                return;
        }
}

/* "note.hypothesis" is the kind "hypothesis". */
static void put_kinds(const struct mcp_tool *tool, json_t *properties)
{
        json_t *kinds = json_array();

        for (size_t i = 0; i < MCP_TOOL_EVENTS && tool->events[i]; i++)
                json_array_append_new(kinds, json_string(strrchr(tool->events[i], '.') + 1));
        json_object_set_new(properties, "kind",
                            json_pack("{s:s, s:o, s:s}", "type", "string", "enum", kinds, "description",
                                      "may be left out: the fields tell"));
}

static json_t *input_schema(const struct mcp_tool *tool)
{
        json_t *properties = json_object(), *required = json_array();
        json_t *schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);

        if (tool->events[0] && tool->events[1])
                put_kinds(tool, properties);
        for (size_t i = 0; i < MCP_TOOL_FIELDS && tool->fields[i].name; i++)
                put_field(tool, tool->fields[i].name, tool->fields[i].about, properties, required);
        if (json_array_size(required))
                json_object_set(schema, "required", required);
        json_decref(required);
        return schema;
}

static json_t *description(const struct mcp_tool *tool)
{
        _cleanup_str_ struct str text = {0};

        str_puts(&text, tool->about);
        for (size_t i = 1; i < MCP_TOOL_EVENTS && tool->events[i]; i++) {
                const struct event_type *type = event_type_find(tool->events[i]);
                const char *mark = ": ";

                str_printf(&text, "%s%s",
                           i > 1 ? "; " : " Others need all of their fields: ", strrchr(tool->events[i], '.') + 1);
                for (size_t k = 0; k < MCP_TOOL_FIELDS && tool->fields[k].name; k++) {
                        if (!event_type_has(type, tool->fields[k].name))
                                continue;
                        str_printf(&text, "%s%s", mark, tool->fields[k].name);
                        mark = ", ";
                }
        }
        if (tool->events[0] && tool->events[1])
                str_putc(&text, '.');
        return json_string(str_text(&text));
}

struct json_t *mcp_tools_list(bool annotated, bool titled)
{
        json_t *list = json_array();

        for (size_t i = 0; mcp_tool_at(i); i++) {
                const struct mcp_tool *tool = &tools[i];
                json_t *row = json_pack("{s:s, s:o, s:o}", "name", tool->name, "description", description(tool),
                                        "inputSchema", input_schema(tool));

                if (titled)
                        json_object_set_new(row, "title", json_string(tool->title));
                if (annotated)
                        json_object_set_new(row, "annotations",
                                            json_pack("{s:s, s:b, s:b, s:b, s:b}", "title", tool->title, "readOnlyHint",
                                                      tool->reads_only, "destructiveHint", false, "idempotentHint",
                                                      tool->reads_only, "openWorldHint", false));
                json_array_append_new(list, row);
        }
        return json_pack("{s:o}", "tools", list);
}
