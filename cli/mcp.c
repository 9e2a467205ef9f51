/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message of the protocol and its answer: parsed, judged as JSON-RPC 2.0, handed to its method by one table. Whatever
 * the bytes are, the answer is one line of JSON or nothing.
 */
#include "cli/mcp.h"

#include "cli/mcp_tools.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What the versions of the protocol differ in, as far as it concerns us. The newest comes last. */
static const struct mcp_version {
        const char *name;
        bool batches, annotations, titles, structured;
} versions[] = {
        {.name = "2024-11-05"},
        {.name = "2025-03-26", .batches = true, .annotations = true},
        {.name = "2025-06-18", .annotations = true, .titles = true, .structured = true},
        {.name = "2025-11-25", .annotations = true, .titles = true, .structured = true},
};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

enum {
        NO_JSON = -32700,
        NO_REQUEST = -32600,
        NO_METHOD = -32601,
        NO_PARAMETERS = -32602,
};

static const char instructions[] = "These tools reach the run that you work in: leave notes (note, conjecture), say "
                                   "what you are doing (status), ask or "
                                   "propose (help, split, spec_change), look at your task and what is left of your "
                                   "budget (work_item, budget_left). "
                                   "Notes are never files of the repository.";

struct fault {
        int code;
        char message[256];
};

/* Always NULL, so that a failure is one statement. */
static void *fail(struct fault *fault, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void *fail(struct fault *fault, int code, const char *format, ...)
{
        va_list args;

        fault->code = code;
        va_start(args, format);
        vsnprintf(fault->message, sizeof(fault->message), format, args);
        va_end(args);
        return NULL;
}

static json_t *answer(json_t *id, json_t *result)
{
        return json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result);
}

/* Without an id the client is told by null, as JSON-RPC has it. */
static json_t *refusal(json_t *id, const struct fault *fault)
{
        return json_pack("{s:s, s:o, s:{s:i, s:o}}", "jsonrpc", "2.0", "id", id ? json_incref(id) : json_null(),
                         "error", "code", fault->code, "message", json_quoted(fault->message));
}

static const struct mcp_version *version_of(const struct mcp *mcp)
{
        return mcp->version ? mcp->version : &versions[VERSIONS - 1];
}

/* A version that we do not know is answered with our newest: the client decides whether it can live with that. */
static json_t *do_initialize(struct mcp *mcp, json_t *params, struct fault *fault)
{
        const char *wanted = json_string_value(json_object_get(params, "protocolVersion"));
        const struct mcp_version *version = &versions[VERSIONS - 1];
        json_t *server;

        if (!wanted)
                return fail(fault, NO_PARAMETERS, "initialize: params.protocolVersion is missing; expected a text");
        if (mcp->version)
                return fail(fault, NO_REQUEST, "initialize: this connection is initialized already");
        for (size_t i = 0; i < VERSIONS; i++)
                if (strcmp(versions[i].name, wanted) == 0)
                        version = &versions[i];
        mcp->version = version;
        server = json_pack("{s:s, s:s}", "name", "cupel", "version", CUPEL_VERSION);
        if (version->titles)
                json_object_set_new(server, "title", json_string("The run that you work in"));
        return json_pack("{s:s, s:{s:{}}, s:o, s:s}", "protocolVersion", version->name, "capabilities", "tools",
                         "serverInfo", server, "instructions", instructions);
}

static json_t *do_ping(struct mcp *mcp, json_t *params, struct fault *fault)
{
        (void)mcp, (void)params, (void)fault;
        return json_object();
}

/* Everything is on the first page, so a cursor is none of ours. */
static bool check_cursor(json_t *params, struct fault *fault)
{
        if (!json_object_get(params, "cursor"))
                return true;
        fail(fault, NO_PARAMETERS, "params.cursor: there is no such page; leave it out");
        return false;
}

static json_t *do_tools_list(struct mcp *mcp, json_t *params, struct fault *fault)
{
        const struct mcp_version *version = version_of(mcp);

        return check_cursor(params, fault) ? mcp_tools_list(version->annotations, version->titles) : NULL;
}

static json_t *do_tools_call(struct mcp *mcp, json_t *params, struct fault *fault)
{
        const char *name = json_string_value(json_object_get(params, "name"));
        const struct mcp_tool *tool = name ? mcp_tool_find(name) : NULL;
        json_t *given = json_object_get(params, "arguments");
        _cleanup_json_ json_t *arguments = given && !json_is_null(given) ? json_incref(given) : json_object();

        if (!name)
                return fail(fault, NO_PARAMETERS, "tools/call: params.name is missing; tools/list has the names");
        if (!tool)
                return fail(fault, NO_PARAMETERS, "Unknown tool: %.64s; tools/list has the names", name);
        if (!json_is_object(arguments))
                return fail(fault, NO_PARAMETERS, "tools/call: params.arguments is no object");
        return mcp_tool_call(mcp, tool, arguments, version_of(mcp)->structured);
}

/* Not announced, and asked for all the same by clients that list everything: none is a better answer than an error. */
static json_t *do_no_resources(struct mcp *mcp, json_t *params, struct fault *fault)
{
        (void)mcp;
        return check_cursor(params, fault) ? json_pack("{s:[]}", "resources") : NULL;
}

static json_t *do_no_templates(struct mcp *mcp, json_t *params, struct fault *fault)
{
        (void)mcp;
        return check_cursor(params, fault) ? json_pack("{s:[]}", "resourceTemplates") : NULL;
}

static json_t *do_no_prompts(struct mcp *mcp, json_t *params, struct fault *fault)
{
        (void)mcp;
        return check_cursor(params, fault) ? json_pack("{s:[]}", "prompts") : NULL;
}

static const struct method {
        const char *name;
        json_t *(*run)(struct mcp *mcp, json_t *params, struct fault *fault);
} methods[] = {
        {"initialize", do_initialize},       {"ping", do_ping},
        {"tools/list", do_tools_list},       {"tools/call", do_tools_call},
        {"resources/list", do_no_resources}, {"resources/templates/list", do_no_templates},
        {"prompts/list", do_no_prompts},
};

static json_t *run_method(struct mcp *mcp, const char *name, json_t *params, struct fault *fault)
{
        if (params && !json_is_object(params))
                return fail(fault, NO_PARAMETERS, "params: expected an object");
        for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
                if (strcmp(methods[i].name, name) == 0)
                        return methods[i].run(mcp, params, fault);
        return fail(fault, NO_METHOD, "Method not found: %.64s", name);
}

/* Of the fields that every message has; `*ret_id` NULL: a notification, or a response. Borrowed. */
static const char *judge(json_t *message, json_t **ret_id, struct fault *fault)
{
        const char *version = json_string_value(json_object_get(message, "jsonrpc"));
        const char *method = json_string_value(json_object_get(message, "method"));
        json_t *id = json_object_get(message, "id");

        *ret_id = NULL;
        if (!json_is_object(message))
                return fail(fault, NO_REQUEST, "a message is an object");
        if (id && !json_is_string(id) && !json_is_number(id))
                return fail(fault, NO_REQUEST, "id: expected a text or a number");
        *ret_id = id;
        if (!version || strcmp(version, "2.0") != 0)
                return fail(fault, NO_REQUEST, "jsonrpc: expected \"2.0\"");
        if (!method)
                return fail(fault, NO_REQUEST, "method: expected a text");
        return method;
}

/* A response has a result or an error instead of a method. We ask for nothing, so there is nothing to match it to. */
static bool is_response(json_t *message)
{
        return json_is_object(message) && !json_object_get(message, "method") &&
               (json_object_get(message, "result") || json_object_get(message, "error"));
}

/* The answer to one message; NULL: there is none. */
static json_t *respond(struct mcp *mcp, json_t *message, bool in_batch)
{
        struct fault fault = {0};
        json_t *id, *result;
        const char *method;

        if (is_response(message))
                return NULL;
        method = judge(message, &id, &fault);
        if (!method)
                return refusal(id, &fault);
        if (!id)
                return NULL;
        if (in_batch && strcmp(method, "initialize") == 0)
                result = fail(&fault, NO_REQUEST, "initialize: not in a batch");
        else
                result = run_method(mcp, method, json_object_get(message, "params"), &fault);
        return result ? answer(id, result) : refusal(id, &fault);
}

static json_t *respond_batch(struct mcp *mcp, json_t *batch)
{
        struct fault fault = {0};
        json_t *answers;

        if (!version_of(mcp)->batches)
                fail(&fault, NO_REQUEST, "a message is an object; batches belong to the protocol's version %s",
                     versions[1].name);
        else if (!json_array_size(batch) || json_array_size(batch) > MCP_BATCH_MAX)
                fail(&fault, NO_REQUEST, "a batch has 1 to %d messages", MCP_BATCH_MAX);
        if (fault.code)
                return refusal(NULL, &fault);
        answers = json_array();
        for (size_t i = 0; i < json_array_size(batch); i++) {
                json_t *one = respond(mcp, json_array_get(batch, i), true);

                if (one)
                        json_array_append_new(answers, one);
        }
        if (json_array_size(answers))
                return answers;
        json_decref(answers);
        return NULL;
}

/*
 * Half of a surrogate pair, which JavaScript writes where a text was cut inside one character, is no JSON here: it becomes the
 * replacement character, since a request that is not understood has no id to answer to.
 */
static void mend_surrogates(char *line, size_t len)
{
        static const char replacement[] = {'f', 'f', 'f', 'd'};

        for (size_t i = 0; i + 6 <= len; i++) {
                bool pair = i + 12 <= len && line[i + 6] == '\\' && line[i + 7] == 'u' && strchr("dD", line[i + 8]) &&
                            strchr("cCdDeEfF", line[i + 9]);

                if (line[i] != '\\')
                        continue;
                if (line[i + 1] != 'u' || !strchr("dD", line[i + 2]) || !strchr("89abcdefABCDEF", line[i + 3])) {
                        i++; /* whatever is escaped is no beginning of another escape */
                } else if (strchr("89abAB", line[i + 3]) && pair) {
                        i += 11;
                } else {
                        memcpy(line + i + 2, replacement, sizeof(replacement));
                        i += 5;
                }
        }
}

static json_t *parse(const char *line, size_t len, struct fault *fault)
{
        _cleanup_free_ char *mended = NULL;
        json_error_t error;
        json_t *message;

        if (len > MCP_LINE_MAX)
                return fail(fault, NO_REQUEST, "a message of more than %zu bytes", MCP_LINE_MAX);
        mended = xmemdup(line, len);
        mend_surrogates(mended, len);
        message = json_loadb(mended, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        return message ? message : fail(fault, NO_JSON, "no JSON: %s", error.text);
}

static bool is_blank(const char *line, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if (!strchr(" \t\r", line[i]))
                        return false;
        return true;
}

void mcp_line(struct mcp *mcp, const char *line, size_t len, struct str *out)
{
        struct fault fault = {0};
        _cleanup_json_ json_t *message = NULL, *reply = NULL;
        _cleanup_free_ char *text = NULL;

        if (is_blank(line, len))
                return;
        message = parse(line, len, &fault);
        if (!message)
                reply = refusal(NULL, &fault);
        else
                reply = json_is_array(message) ? respond_batch(mcp, message) : respond(mcp, message, false);
        if (!reply)
                return;
        text = json_dumps(reply, JSON_COMPACT | JSON_REALS);
        str_printf(out, "%s\n", text);
}
