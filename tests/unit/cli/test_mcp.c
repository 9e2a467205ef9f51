/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/mcp.h"
#include "cli/mcp_tool.h"

#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A run that takes what the table of events takes. */
static struct str asked;

static int run_answers(void *arg, const struct json_t *request, struct json_t **ret_reply, struct err *err)
{
        const char *type = json_string_value(json_object_get(request, "type"));
        _cleanup_free_ char *text = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);

        (void)arg;
        str_clear(&asked);
        str_puts(&asked, text);
        if (strcmp(type, "budget.left") == 0) {
                *ret_reply = json_pack("{s:b, s:{s:f}}", "ok", true, "budget", "left", 0.1);
                return 0;
        }
        if (strcmp(type, "checkpoint") == 0) {
                *ret_reply = json_pack("{s:b}", "ok", true);
                return 0;
        }
        if (event_validate(event_type_find(type), EVENT_ACTOR_AGENT, json_object_get(request, "data"), err) < 0) {
                err->code = ERR_REFUSED;
                return -1;
        }
        *ret_reply = json_pack("{s:b, s:i}", "ok", true, "id", 7);
        return 0;
}

static struct mcp mcp;
static struct str out;

static void setup(void)
{
        mcp = (struct mcp){.ask = run_answers, .item_file = "/nowhere/work_item.json"};
}

static void teardown(void)
{
        str_release(&out);
        str_release(&asked);
}

static const char *say(const char *line)
{
        str_clear(&out);
        mcp_line(&mcp, line, strlen(line), &out);
        return str_text(&out);
}

static void initialize(const char *version)
{
        _cleanup_free_ char *line =
                xasprintf("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
                          "\"%s\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"0\"}}}",
                          version);

        say(line);
}

static json_int_t code_of(const char *line)
{
        _cleanup_json_ json_t *answer = json_loads(say(line), 0, NULL);

        return json_integer_value(json_object_get(json_object_get(answer, "error"), "code"));
}

static json_t *call(const char *tool, const char *arguments)
{
        _cleanup_free_ char *line = xasprintf("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
                                              "\"name\":\"%s\",\"arguments\":%s}}",
                                              tool, arguments);
        _cleanup_json_ json_t *answer = json_loads(say(line), 0, NULL);

        cr_assert(json_object_get(answer, "result"), "%s", str_text(&out));
        return json_incref(json_object_get(answer, "result"));
}

static const char *text_of(json_t *result)
{
        return json_string_value(json_object_get(json_array_get(json_object_get(result, "content"), 0), "text"));
}

Test(mcp, agrees_on_a_version, .init = setup, .fini = teardown)
{
        static const char *const pairs[][2] = {{"2024-11-05", "2024-11-05"}, {"2025-03-26", "2025-03-26"},
                                               {"2025-06-18", "2025-06-18"}, {"2025-11-25", "2025-11-25"},
                                               {"2031-01-01", "2025-11-25"}, {"x", "2025-11-25"}};

        for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
                _cleanup_free_ char *said = xasprintf("\"protocolVersion\":\"%s\"", pairs[i][1]);

                mcp.version = NULL;
                initialize(pairs[i][0]);
                cr_assert(strstr(str_text(&out), said), "%s", str_text(&out));
                cr_assert(strstr(str_text(&out), "\"capabilities\":{\"tools\":{}}"));
        }
        initialize("2025-06-18");
        cr_assert(strstr(str_text(&out), "-32600"), "twice: %s", str_text(&out));
}

Test(mcp, answers_errors_as_json_rpc_has_them, .init = setup, .fini = teardown)
{
        cr_assert(code_of("{") == -32700);
        cr_assert(code_of("\xff\xfe") == -32700);
        cr_assert(code_of("3") == -32600);
        cr_assert(code_of("{\"id\":1,\"method\":\"ping\"}") == -32600);
        cr_assert(code_of("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}") == -32600);
        cr_assert(code_of("{\"jsonrpc\":\"2.0\",\"id\":1}") == -32600);
        cr_assert(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\"}") == -32601);
        cr_assert(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}") == -32602);
        cr_assert(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{}}") == -32602);
        cr_assert(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"x\"}}") ==
                  -32602);
        cr_assert(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"note\","
                          "\"arguments\":[]}}") == -32602);
        cr_assert(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"cursor\":\"x\"}}") ==
                  -32602);
        cr_assert(strstr(str_text(&out), "\"id\":1"), "an error carries the id of its request");
}

Test(mcp, says_nothing_to_what_needs_no_answer, .init = setup, .fini = teardown)
{
        cr_assert_str_eq(say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"), "");
        cr_assert_str_eq(
                say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}"), "");
        cr_assert_str_eq(say("{\"jsonrpc\":\"2.0\",\"method\":\"never/heard\"}"), "");
        cr_assert_str_eq(say("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"), "");
        cr_assert_str_eq(say(" \r"), "");
}

Test(mcp, keeps_the_id_as_it_came, .init = setup, .fini = teardown)
{
        cr_assert_str_eq(say("{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0000\\n\",\"method\":\"ping\"}"),
                         "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0000\\n\",\"result\":{}}\n");
        cr_assert_str_eq(say("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"ping\"}\r"),
                         "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{}}\n");
}

Test(mcp, half_of_a_surrogate_pair_is_no_reason_not_to_answer, .init = setup, .fini = teardown)
{
        static const char *const cases[][2] = {{"a\\ud83d", "a\xef\xbf\xbd"},
                                               {"\\uDE00b", "\xef\xbf\xbd"
                                                            "b"},
                                               {"\\ud83d\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
                                               {"\\ud83dx", "\xef\xbf\xbdx"},
                                               {"\\\\ud83d", "\\\\ud83d"},
                                               {"\\ud7ff\\ue000", "\xed\x9f\xbf\xee\x80\x80"}};

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_free_ char *line =
                        xasprintf("{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"ping\"}", cases[i][0]);
                _cleanup_free_ char *answer =
                        xasprintf("{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"result\":{}}\n", cases[i][1]);

                cr_assert_str_eq(say(line), answer);
        }
}

#define PING(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"ping\"}"

Test(mcp, takes_batches_where_the_version_has_them, .init = setup, .fini = teardown)
{
        _cleanup_str_ struct str many = {0};

        initialize("2025-03-26");
        cr_assert_str_eq(
                say("[" PING("1") ",{\"jsonrpc\":\"2.0\",\"method\":\"x\"}," PING("2") "]"),
                "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}},{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}]\n");
        cr_assert_str_eq(say("[{\"jsonrpc\":\"2.0\",\"method\":\"x\"}]"), "");
        cr_assert(code_of("[]") == -32600);
        cr_assert(strstr(say("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{}}]"), "-32600"));
        str_putc(&many, '[');
        for (int i = 0; i < MCP_BATCH_MAX; i++)
                str_puts(&many, "1,");
        str_puts(&many, "1]");
        cr_assert(code_of(str_text(&many)) == -32600);
        mcp.version = NULL;
        initialize("2025-06-18");
        cr_assert(code_of("[" PING("1") "]") == -32600);
        mcp.version = NULL;
        initialize("2024-11-05");
        cr_assert(code_of("[" PING("1") "]") == -32600);
}

static json_t *listed(void)
{
        _cleanup_json_ json_t *answer =
                json_loads(say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"), 0, NULL);

        return json_incref(json_object_get(json_object_get(answer, "result"), "tools"));
}

Test(mcp, lists_what_the_version_knows_of, .init = setup, .fini = teardown)
{
        _cleanup_json_ json_t *oldest = NULL, *newest = NULL;

        initialize("2024-11-05");
        oldest = listed();
        cr_assert(json_array_size(oldest) == 9);
        cr_assert(json_object_size(json_array_get(oldest, 0)) == 3, "name, description, inputSchema");
        mcp.version = NULL;
        initialize("2025-06-18");
        newest = listed();
        cr_assert(json_object_get(json_array_get(newest, 0), "annotations"));
        cr_assert(json_object_get(json_array_get(newest, 0), "title"));
}

/* A value that the schema allows. */
static json_t *example(json_t *schema)
{
        const char *type = json_string_value(json_object_get(schema, "type"));

        if (json_object_get(schema, "enum"))
                return json_incref(json_array_get(json_object_get(schema, "enum"), 0));
        if (strcmp(type, "string") == 0)
                return json_string("x");
        if (strcmp(type, "array") == 0)
                return json_pack("[s]", "x");
        if (strcmp(type, "number") == 0)
                return json_real(1);
        cr_assert_fail("a type that this test does not know: %s", type);
        return NULL;
}

static json_t *example_of(json_t *schema, const struct event_type *only)
{
        json_t *data = json_object(), *field;
        const char *name;

        json_object_foreach(json_object_get(schema, "properties"), name, field)
        {
                cr_assert(json_object_get(field, "description"), "%s", name);
                if (!only || event_type_has(only, name))
                        json_object_set_new(data, name, example(field));
        }
        return data;
}

Test(mcp, what_is_announced_is_what_the_table_of_events_takes, .init = setup, .fini = teardown)
{
        _cleanup_json_ json_t *tools = listed();

        for (size_t i = 0; mcp_tool_at(i); i++) {
                json_t *schema = json_object_get(json_array_get(tools, i), "inputSchema"), *name;
                const struct mcp_tool *tool = mcp_tool_at(i);
                size_t k;

                cr_assert_str_eq(json_string_value(json_object_get(schema, "type")), "object");
                for (size_t e = 0; e < MCP_TOOL_EVENTS && tool->events[e]; e++) {
                        const struct event_type *type = event_type_find(tool->events[e]);
                        _cleanup_json_ json_t *data = example_of(schema, tool->events[1] ? type : NULL);
                        _cleanup_free_ char *text = json_dumps(data, 0);
                        _cleanup_json_ json_t *result = call(tool->name, text);

                        cr_assert(!json_object_get(result, "isError"), "%s %s: %s", tool->name, text, text_of(result));
                        cr_assert(strstr(str_text(&asked), tool->events[e]), "%s: %s", text, str_text(&asked));
                }
                json_array_foreach(json_object_get(schema, "required"), k, name)
                {
                        _cleanup_json_ json_t *data = example_of(schema, NULL), *result = NULL;
                        _cleanup_free_ char *text = NULL;

                        json_object_del(data, json_string_value(name));
                        text = json_dumps(data, 0);
                        result = call(tool->name, text);
                        cr_assert(json_is_true(json_object_get(result, "isError")), "%s %s", tool->name, text);
                }
        }
}

Test(mcp, the_fields_choose_the_kind_of_a_note, .init = setup, .fini = teardown)
{
        static const char *const cases[][2] = {
                {"{\"text\":\"x\"}", "note.observation"},
                {"{\"text\":\"x\",\"claim\":\"\",\"test\":\"\",\"budget\":\"\",\"why\":null}", "note.observation"},
                {"{\"claim\":\"x\",\"test\":\"y\"}", "note.hypothesis"},
                {"{\"claim\":\"x\",\"test\":\"y\",\"edge\":\"z\"}", "note.conjecture"},
                {"{\"blind_spot\":\"x\"}", "note.hyperthesis"},
                {"{\"kind\":\"conjecture\",\"claim\":\"x\",\"test\":\"y\",\"budget\":\"1m\"}", "note.conjecture"},
                {"{\"kind\":\"\",\"text\":\"x\"}", "note.observation"},
                {"{}", "note.observation"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                json_decref(call("note", cases[i][0]));
                cr_assert(strstr(str_text(&asked), cases[i][1]), "%s: %s", cases[i][0], str_text(&asked));
                cr_assert(!strstr(str_text(&asked), "kind"), "%s", str_text(&asked));
        }
}

Test(mcp, a_refusal_is_a_result_that_says_what_to_do, .init = setup, .fini = teardown)
{
        _cleanup_json_ json_t *half = call("conjecture", "{\"claim\":\"x\"}");
        _cleanup_json_ json_t *kind = call("note", "{\"kind\":\"verdict\",\"text\":\"x\"}");
        _cleanup_json_ json_t *checkpoint = call("checkpoint", "{}");
        _cleanup_json_ json_t *item = call("work_item", "{}");

        cr_assert(json_is_true(json_object_get(half, "isError")));
        cr_assert(strstr(text_of(half), "\"test\" is missing") && strstr(text_of(half), "call again"));
        cr_assert(strstr(text_of(kind), "no such kind"));
        cr_assert(strstr(text_of(checkpoint), "without a checkpoint"), "%s", text_of(checkpoint));
        cr_assert(json_is_true(json_object_get(item, "isError")));
}

Test(mcp, data_comes_beside_text_where_the_version_has_it, .init = setup, .fini = teardown)
{
        _cleanup_json_ json_t *old = NULL, *new = NULL;

        initialize("2025-03-26");
        old = call("budget_left", "{}");
        cr_assert_str_eq(text_of(old), "{\"left\":0.1}");
        cr_assert(!json_object_get(old, "structuredContent"));
        mcp.version = NULL;
        initialize("2025-06-18");
        new = call("budget_left", "{}");
        cr_assert_str_eq(text_of(new), "{\"left\":0.1}");
        cr_assert(json_object_get(new, "structuredContent"));
}

Test(mcp, a_line_that_is_too_long_is_answered_once_and_skipped, .init = setup, .fini = teardown)
{
        static char letters[100000];
        int in[2], back[2];
        struct err err = ERR_INIT;
        char answers[4096];
        ssize_t got;

        memset(letters, 'x', sizeof(letters));
        cr_assert(pipe(in) == 0 && pipe(back) == 0);
        if (fork() == 0) {
                close(in[0]);
                for (int i = 0; i < 30; i++)
                        if (write(in[1], letters, sizeof(letters)) != sizeof(letters))
                                _exit(1);
                _exit(write(in[1], "\n" PING("1"), strlen("\n" PING("1"))) < 0);
        }
        close(in[1]);
        cr_assert(mcp_serve(&mcp, in[0], back[1], &err) == 0);
        close(back[1]);
        got = read(back[0], answers, sizeof(answers) - 1);
        answers[got > 0 ? got : 0] = '\0';
        cr_assert(strstr(answers, "-32600") && strstr(answers, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n"));
        cr_assert(strchr(strchr(answers, '\n') + 1, '\n') == strrchr(answers, '\n'), "two answers: %s", answers);
}

Test(mcp, a_client_that_reads_no_more_is_an_end_and_no_failure, .init = setup, .fini = teardown)
{
        int in[2], back[2];
        struct err err = ERR_INIT;

        signal(SIGPIPE, SIG_IGN);
        cr_assert(pipe(in) == 0 && pipe(back) == 0);
        cr_assert(write(in[1], PING("1") "\n", strlen(PING("1") "\n")) > 0);
        close(back[0]);
        cr_assert(mcp_serve(&mcp, in[0], back[1], &err) == 0);
}
