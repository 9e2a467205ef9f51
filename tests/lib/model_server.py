#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A scripted model for tests: speaks enough of the Anthropic Messages, OpenAI Responses, OpenAI Chat and Gemini APIs,
streaming and not, for unmodified agent CLIs to work with it. It never thinks: the number of tool results in a conversation
is its position in the script.

    model_server.py SCRIPT.json|- [--port 0] [--log FILE] [--bodies FOLDER]    prints its port, serves until killed

    {"steps": [STEP…],                        every conversation without steps of its own
     "conversations": {"MARK": [STEP…]}}      those whose body, path or user-agent contains MARK (the first that does)

A STEP:
    {"shell": "sed -i s/a/b/ f"}              through the client's own shell tool
    {"tool": "note", "input": {…}}            a tool that an MCP server announced, whatever the client makes of its name;
                                              a client that does not offer it (nor finds it) is given the next step
    {"say": "Done."}                          a closing text ("bytes": N makes it that long)
    {"status": 429, "times": 2, "retry_after": 1}   refuses so often (no times: for ever); no tool result needed to go on
    {"stall": true}                           half an answer, then nothing until the client goes away
    {"drop": true}                            half an answer, then the connection is closed
    "endless": true  beside shell or tool: again at every turn; beside say: a text that never ends
    "usage": {"input": 1200, "output": 40, "cache_read": 0, "cache_write": 0}       beside any answer

A request without tools (titles, summaries) is answered "ok", or "{}" where JSON is asked for, unless a lasting status is due.

The log has one line for each request before it is answered ({"event": "request", "n", "time", "method", "path", "headers", "protocol",
"conversation", "model", "stream", "tools", "results", "step", "status", "usage", "body_sha256", "body_bytes", "last"}) and one after it
({"event": "end", "n", "bytes", "gone": true where the client went first}). In Python:

    with ModelServer({"steps": […]}) as server: server.url, server.requests()
"""
import argparse
import ctypes
import hashlib
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
from model_protocols import CODE, Answer, Gemini, dialect_of  # noqa: E402

SEARCH = ("tool_search", "ToolSearch")  # a client's tool that brings others: asked once for a tool that is not offered
USAGE = {"input": 1200, "output": 40, "cache_read": 0, "cache_write": 0}


class Script:
    """The steps, and how often each refusal was given. Thread-safe."""

    def __init__(self, script):
        self.steps = script.get("steps") or [{"say": "ok"}]
        self.conversations = script.get("conversations") or {}
        self.refused = {}
        self.lock = threading.Lock()

    def find(self, haystack):
        mark = next((mark for mark in self.conversations if mark in haystack), "")
        return mark, self.conversations.get(mark, self.steps)

    def next(self, haystack, results, has_tool, side):
        """The conversation's mark, the index and the step that is due after so many tool results."""
        mark, steps = self.find(haystack)
        for at, step in enumerate(steps):
            if "status" in step:
                if self.refuses(mark, at, step, side):
                    return mark, at, step
            elif side:
                return mark, -1, {"say": "ok"}
            elif "tool" in step and not has_tool(step["tool"]):
                continue
            elif results > 0 and not step.get("endless"):
                results -= 1
            else:
                return mark, at, step
        return mark, len(steps) - 1, steps[-1] if "say" in steps[-1] else {"say": "The script has ended."}

    def refuses(self, mark, at, step, side):
        if "times" not in step:
            return True
        if side:
            return False
        with self.lock:
            self.refused[mark, at] = self.refused.get((mark, at), 0) + 1
            return self.refused[mark, at] <= step["times"]


class Log:
    def __init__(self, path):
        self.file = open(path, "a", buffering=1, encoding="utf-8") if path else None
        self.lock, self.lines = threading.Lock(), []

    def add(self, **line):
        with self.lock:
            if self.file:
                self.file.write(json.dumps(line) + "\n")
            else:
                self.lines.append(line)


def pick(offered, wanted):
    """The client's own name of an MCP server's tool: note, cupel_note, mcp__cupel__note, or note in a namespace."""
    for name, space in offered:
        if space == CODE:
            return wanted, space
        if name and (name == wanted or ("cupel" in f"{space}{name}" and name.endswith(("_" + wanted, "." + wanted)))):
            return name, space
        if name in SEARCH:
            return name, space
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.take(lambda request: self.json({"data": [], "models": []}))

    def do_HEAD(self):
        self.take(lambda request: self.json({}))

    def do_POST(self):
        dialect = dialect_of(self.path)
        if "count_tokens" in self.path or "countTokens" in self.path:
            self.take(lambda request: self.json({"input_tokens": 10, "totalTokens": 10}))
        elif dialect:
            self.take(lambda request: self.play(dialect, request))
        else:
            self.take(lambda request: self.json({}))

    def take(self, answer):
        """Reads the request, answers it, writes both log lines."""
        self.raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.number, self.sent, self.line = self.server.number(), 0, {}
        try:
            request = json.loads(self.raw or b"{}")
        except ValueError:
            request = {}
        if self.server.bodies:
            with open(os.path.join(self.server.bodies, f"{self.number:04}.json"), "wb") as file:
                file.write(self.raw)
        gone = False
        try:
            answer(request if isinstance(request, dict) else {})
        except OSError:
            gone = self.close_connection = True
        self.server.log.add(event="end", n=self.number, bytes=self.sent, **({"gone": True} if gone else {}))

    def record(self, status, **more):
        self.server.log.add(event="request", n=self.number, time=time.time(), method=self.command, path=self.path,
                            headers={key.lower(): value for key, value in self.headers.items()}, status=status,
                            body_sha256=hashlib.sha256(self.raw).hexdigest(), body_bytes=len(self.raw),
                            last=self.raw[-300:].decode("utf-8", "replace"), **more)

    def begin(self, status, kind, **headers):
        self.send_response(status)
        self.send_header("content-type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def write(self, data):
        self.wfile.write(data)
        self.sent += len(data)

    def chunk(self, data):
        self.write(b"%x\r\n%s\r\n" % (len(data), data))

    def json(self, value, status=200, recorded=False, **headers):
        if not recorded:
            self.record(status)
        body = json.dumps(value).encode()
        self.begin(status, "application/json", content_length=len(body), **headers)
        if self.command != "HEAD":
            self.write(body)

    # what the script has for this request
    def play(self, dialect, request):
        offered, searched = dialect.asked(request), sum(1 for name in dialect.called(request) if name in SEARCH)
        results = dialect.results(request) - searched
        if searched == 0:
            offered.sort(key=lambda tool: tool[0] in SEARCH)  # at the end: where nothing else is the tool
        else:
            offered = [tool for tool in offered if tool[0] not in SEARCH]
        haystack = f"{self.path}\n{self.headers.get('user-agent')}\n{self.raw.decode('utf-8', 'replace')}"
        wants_json = (request.get("generationConfig") or {}).get("responseMimeType") == "application/json"
        side = wants_json or not offered
        mark, at, step = self.server.script.next(haystack, results, lambda tool: pick(offered, tool), side)
        status, usage = step.get("status", 200), dict(USAGE, **step.get("usage", {}))
        streams = "stream" in self.path if dialect is Gemini else bool(request.get("stream"))
        self.record(status, protocol=dialect.name, conversation=mark, model=request.get("model"), stream=streams,
                    tools=[name for name, _ in offered], results=results, step=at, usage=usage if status == 200 else None)
        if status != 200:
            more = {"retry_after": step["retry_after"]} if "retry_after" in step else {}
            return self.json(dialect.error(status, step.get("text", f"the script says {status}")), status, True, **more)
        answer = Answer(request.get("model") or self.path.split("/")[-1].split(":")[0], self.number, usage=usage)
        self.fill(answer, dialect, offered, step, "{}" if wants_json else None)
        if streams:
            return self.send_stream(dialect, answer, step)
        return self.send_whole(dialect, answer, step)

    @staticmethod
    def fill(answer, dialect, offered, step, text):
        names = [name for name, _ in offered]
        if "shell" in step:
            answer.tool = next((name for name in dialect.shells if name in names), "")
            answer.namespace = dict(offered).get(answer.tool)
            answer.input = dialect.shell_input(answer.tool, step["shell"])
            answer.text = "" if answer.tool else "This client offers no shell tool."
        elif "tool" in step:
            answer.tool, answer.namespace = pick(offered, step["tool"])
            answer.input = {"query": f"select:mcp__cupel__{step['tool']}"} if answer.tool in SEARCH else step.get("input", {})
        else:
            answer.text = text or step.get("say", "half an answer, and then " * 8)
            if "bytes" in step:
                answer.text = (answer.text * (step["bytes"] // len(answer.text) + 1))[:step["bytes"]]

    def send_whole(self, dialect, answer, step):
        body = json.dumps(dialect.whole(answer)).encode()
        self.begin(200, "application/json", content_length=len(body))
        if step.get("stall") or step.get("drop"):
            return self.half(body[:len(body) // 2], step)
        return self.write(body)

    def send_stream(self, dialect, answer, step):
        self.begin(200, "text/event-stream", transfer_encoding="chunked")
        events = [((f"event: {name}\n" if name else "") + "data: " + (value if isinstance(value, str) else json.dumps(value))
                   + "\n\n").encode() for name, value in dialect.stream(answer)]
        middle = len(events) // 2
        if step.get("stall") or step.get("drop"):
            for event in events[:middle]:
                self.chunk(event)
            return self.half(b"", step)
        for at, event in enumerate(events):
            while step.get("endless") and answer.text and at == middle:
                self.chunk(event)
            self.chunk(event)
        return self.write(b"0\r\n\r\n")

    def half(self, data, step):
        self.write(data)
        self.close_connection = True
        if not step.get("drop"):
            self.connection.recv(1)  # nothing more comes; ends when the client goes away
            raise ConnectionResetError


class ModelServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, script, port=0, log=None, bodies=None):
        super().__init__(("127.0.0.1", port), Handler)
        self.script, self.log, self.bodies = Script(script), Log(log), bodies
        self.count, self.lock = 0, threading.Lock()
        self.port = self.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def number(self):
        with self.lock:
            self.count += 1
            return self.count

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def requests(self):
        with self.log.lock:
            return [line for line in self.log.lines if line["event"] == "request"]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def main():
    options = argparse.ArgumentParser(usage=__doc__, add_help=False)
    options.add_argument("script")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--log")
    options.add_argument("--bodies")
    given = options.parse_args()
    with sys.stdin if given.script == "-" else open(given.script, encoding="utf-8") as file:
        script = json.load(file)
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # a test that dies leaves no server
    server = ModelServer(script, given.port, given.log, given.bodies)
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
