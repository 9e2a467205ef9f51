# SPDX-License-Identifier: Apache-2.0
"""The four wire formats that tests/lib/model_server.py answers in. A dialect is one class:

    asked(request)          the tools that the client offers: [(name, namespace or None)]
    results(request)        how many tool results the conversation has so far: the position in the script
    called(request)         the names of the tools that the model called so far
    shell_input(name, cmd)  the arguments of the client's own shell tool for one command
    whole(answer)           the answer as one JSON value
    stream(answer)          the same as a list of server-sent events [(event name or None, value)]; the text in pieces

An Answer is a text or one tool call, with what it is said to have used. Usage is neutral: input is what was read and not
cached, and each format adds up as its vendor does.
"""
import json
import time
from dataclasses import dataclass, field

PIECE = 4096  # characters of text in one event
CODE = "code"  # the namespace of tools that are called from a program which the model writes (Codex's tool exec)


@dataclass
class Answer:
    model: str
    serial: int
    text: str = ""
    tool: str = ""
    namespace: str = ""
    input: dict = field(default_factory=dict)
    usage: dict = field(default_factory=dict)

    def pieces(self):
        return [self.text[at:at + PIECE] for at in range(0, len(self.text), PIECE)] or [""]

    def used(self, *names):
        return sum(self.usage.get(name, 0) for name in names)


class Anthropic:
    name = "anthropic"
    shells = ("Bash",)

    @staticmethod
    def asked(request):
        return [(tool.get("name") or tool.get("type"), None) for tool in request.get("tools") or []]

    @staticmethod
    def results(request):
        return sum(1 for message in request.get("messages", []) if isinstance(message.get("content"), list)
                   for part in message["content"] if part.get("type") == "tool_result")

    @staticmethod
    def called(request):
        return [part.get("name") for message in request.get("messages", []) if isinstance(message.get("content"), list)
                for part in message["content"] if part.get("type") == "tool_use"]

    @staticmethod
    def shell_input(_name, command):
        return {"command": command, "description": "step"}

    @staticmethod
    def usage(answer):
        return {"input_tokens": answer.used("input"), "output_tokens": answer.used("output"),
                "cache_creation_input_tokens": answer.used("cache_write"), "cache_read_input_tokens": answer.used("cache_read")}

    @classmethod
    def message(cls, answer):
        return {"id": f"msg_{answer.serial}", "type": "message", "role": "assistant", "model": answer.model, "content": [],
                "stop_reason": None, "stop_sequence": None, "usage": cls.usage(answer)}

    @classmethod
    def whole(cls, answer):
        block = {"type": "text", "text": answer.text}
        if answer.tool:
            block = {"type": "tool_use", "id": f"toolu_{answer.serial}", "name": answer.tool, "input": answer.input}
        return dict(cls.message(answer), content=[block], stop_reason="tool_use" if answer.tool else "end_turn")

    @classmethod
    def stream(cls, answer):
        block, deltas = {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in answer.pieces()]
        if answer.tool:
            block = {"type": "tool_use", "id": f"toolu_{answer.serial}", "name": answer.tool, "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": json.dumps(answer.input)}]
        start = cls.message(answer)
        start["usage"] = dict(start["usage"], output_tokens=1)
        stop = {"stop_reason": "tool_use" if answer.tool else "end_turn", "stop_sequence": None}
        events = [{"type": "message_start", "message": start}, {"type": "content_block_start", "index": 0, "content_block": block}]
        events += [{"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas]
        events += [{"type": "content_block_stop", "index": 0},
                   {"type": "message_delta", "delta": stop, "usage": {"output_tokens": answer.used("output")}},
                   {"type": "message_stop"}]
        return [(event["type"], event) for event in events]

    @staticmethod
    def error(status, text):
        kinds = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error", 529: "overloaded_error"}
        return {"type": "error", "error": {"type": kinds.get(status, "api_error"), "message": text}}


class Responses:
    name = "responses"
    shells = ("exec_command", "shell_command", "shell", "local_shell", "container.exec")

    @staticmethod
    def items(request):
        items = request.get("input")
        return items if isinstance(items, list) else []

    @classmethod
    def asked(cls, request):
        """Tools are in a list of their own, or in an item of the input; grouped or not."""
        tools, found = list(request.get("tools") or []), []
        for item in cls.items(request):
            tools += item.get("tools") or [] if item.get("type") == "additional_tools" else []
        for tool in tools:
            for inner in tool.get("tools") or [] if tool.get("type") == "namespace" else [tool]:
                name = inner.get("name") or inner.get("type")
                found.append((name, tool.get("name") if tool.get("type") == "namespace" else None))
                if inner.get("type") == "custom" and name == "exec":
                    found.append(("exec_command", CODE))
        return found

    @classmethod
    def results(cls, request):
        return sum(1 for item in cls.items(request) if str(item.get("type", "")).endswith("call_output"))

    @classmethod
    def called(cls, request):
        return [item.get("name") for item in cls.items(request) if str(item.get("type", "")).endswith("_call")]

    @staticmethod
    def shell_input(name, command):
        return {"exec_command": {"cmd": command}, "shell_command": {"command": command}}.get(name, {"command": ["bash", "-c", command]})

    @staticmethod
    def usage(answer):
        read = answer.used("input", "cache_read", "cache_write")
        return {"input_tokens": read, "output_tokens": answer.used("output"), "total_tokens": read + answer.used("output"),
                "input_tokens_details": {"cached_tokens": answer.used("cache_read")}, "output_tokens_details": {"reasoning_tokens": 0}}

    @staticmethod
    def program(answer):
        """JavaScript for the tool exec; an MCP server's tool is looked for by the end of its name."""
        find = f"ALL_TOOLS.map(t => t.name).find(n => n === {json.dumps(answer.tool)} || (n.includes('cupel') && " \
               f"n.endswith({json.dumps('_' + answer.tool)})))".replace("endswith", "endsWith")
        return f"const name = {find} ?? {json.dumps(answer.tool)};\ntext(await tools[name]({json.dumps(answer.input)}));"

    @classmethod
    def item(cls, answer):
        if answer.namespace == CODE:
            return {"type": "custom_tool_call", "id": f"ctc_{answer.serial}", "call_id": f"call_{answer.serial}", "name": "exec",
                    "input": cls.program(answer), "status": "completed"}
        if answer.tool:
            item = {"type": "function_call", "id": f"fc_{answer.serial}", "call_id": f"call_{answer.serial}", "name": answer.tool,
                    "arguments": json.dumps(answer.input), "status": "completed"}
            return dict(item, namespace=answer.namespace) if answer.namespace else item
        return {"type": "message", "id": f"m_{answer.serial}", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": answer.text, "annotations": []}]}

    @classmethod
    def whole(cls, answer):
        return {"id": f"resp_{answer.serial}", "object": "response", "status": "completed", "model": answer.model,
                "output": [cls.item(answer)], "usage": cls.usage(answer)}

    @classmethod
    def stream(cls, answer):
        end, item = cls.whole(answer), cls.item(answer)
        begun = {key: value for key, value in end.items() if key != "usage"} | {"status": "in_progress", "output": []}
        events = [{"type": "response.created", "response": begun},
                  {"type": "response.output_item.added", "output_index": 0, "item": dict(item, content=[]) if answer.text else item}]
        if answer.text:
            events += [{"type": "response.output_text.delta", "item_id": item["id"], "output_index": 0, "content_index": 0,
                        "delta": piece} for piece in answer.pieces()]
        events += [{"type": "response.output_item.done", "output_index": 0, "item": item},
                   {"type": "response.completed", "response": end}]
        return [(event["type"], event) for event in events]

    @staticmethod
    def error(status, text):
        kinds = {401: "invalid_request_error", 403: "permission_error", 429: "rate_limit_exceeded"}
        return {"error": {"type": kinds.get(status, "server_error"), "code": kinds.get(status), "message": text}}


class Chat:
    name = "chat"
    shells = ("run_shell_command", "bash", "Bash", "shell")
    asked = staticmethod(lambda request: [((tool.get("function") or {}).get("name"), None) for tool in request.get("tools") or []])
    error = Responses.error

    @staticmethod
    def results(request):
        return sum(1 for message in request.get("messages", []) if message.get("role") == "tool")

    @staticmethod
    def called(request):
        return [call["function"].get("name") for message in request.get("messages", []) for call in message.get("tool_calls") or []]

    @staticmethod
    def shell_input(_name, command):
        return {"command": command, "description": "step", "is_background": False}

    @staticmethod
    def usage(answer):
        read = answer.used("input", "cache_read", "cache_write")
        return {"prompt_tokens": read, "completion_tokens": answer.used("output"), "total_tokens": read + answer.used("output"),
                "prompt_tokens_details": {"cached_tokens": answer.used("cache_read")}}

    @staticmethod
    def call(answer):
        return {"index": 0, "id": f"call_{answer.serial}", "type": "function",
                "function": {"name": answer.tool, "arguments": json.dumps(answer.input)}}

    @classmethod
    def whole(cls, answer):
        message = {"role": "assistant", "content": None if answer.tool else answer.text}
        if answer.tool:
            message["tool_calls"] = [cls.call(answer)]
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if answer.tool else "stop"}
        return {"id": f"chatcmpl-{answer.serial}", "object": "chat.completion", "created": int(time.time()), "model": answer.model,
                "choices": [choice], "usage": cls.usage(answer)}

    @classmethod
    def stream(cls, answer):
        base = {"id": f"chatcmpl-{answer.serial}", "object": "chat.completion.chunk", "created": int(time.time()), "model": answer.model}
        deltas = [{"role": "assistant", "content": None, "tool_calls": [cls.call(answer)]}] if answer.tool else \
            [{"role": "assistant", "content": piece} for piece in answer.pieces()]
        events = [dict(base, choices=[{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
        events.append(dict(base, choices=[{"index": 0, "delta": {}, "finish_reason": "tool_calls" if answer.tool else "stop"}]))
        events.append(dict(base, choices=[], usage=cls.usage(answer)))
        return [(None, event) for event in events] + [(None, "[DONE]")]


class Gemini:
    name = "gemini"
    shells = ("run_shell_command",)

    @staticmethod
    def asked(request):
        return [(tool.get("name"), None) for group in request.get("tools") or [] for tool in group.get("functionDeclarations") or []]

    @staticmethod
    def results(request):
        return sum(1 for content in request.get("contents", []) for part in content.get("parts", []) if "functionResponse" in part)

    @staticmethod
    def called(request):
        return [part["functionCall"].get("name") for content in request.get("contents", []) for part in content.get("parts", [])
                if "functionCall" in part]

    @staticmethod
    def shell_input(_name, command):
        return {"command": command, "description": "step"}

    @staticmethod
    def usage(answer):
        read = answer.used("input", "cache_read", "cache_write")
        return {"promptTokenCount": read, "candidatesTokenCount": answer.used("output"),
                "cachedContentTokenCount": answer.used("cache_read"), "totalTokenCount": read + answer.used("output")}

    @classmethod
    def part(cls, answer, part, last):
        candidate = {"index": 0, "content": {"role": "model", "parts": [part]}}
        if last:
            candidate["finishReason"] = "STOP"
        return {"candidates": [candidate], "usageMetadata": cls.usage(answer), "modelVersion": answer.model}

    @classmethod
    def whole(cls, answer):
        return cls.part(answer, {"functionCall": {"name": answer.tool, "args": answer.input}} if answer.tool else {"text": answer.text}, True)

    @classmethod
    def stream(cls, answer):
        if answer.tool:
            return [(None, cls.whole(answer))]
        pieces = answer.pieces()
        return [(None, cls.part(answer, {"text": piece}, at == len(pieces) - 1)) for at, piece in enumerate(pieces)]

    @staticmethod
    def error(status, text):
        kinds = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}
        return {"error": {"code": status, "message": text, "status": kinds.get(status, "INTERNAL")}}


PATHS = (("/messages", Anthropic), ("/responses", Responses), ("/chat/completions", Chat), ("enerateContent", Gemini))


def dialect_of(path):
    return next((dialect for mark, dialect in PATHS if mark in path.split("?")[0]), None)
