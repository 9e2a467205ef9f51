#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A model's API that answers nothing until it is told: so that runs can be had in the middle of their work.

    waiting_model.py >port          prints its port
    curl http://127.0.0.1:PORT/go   answers every request, those that wait and those to come

Each answer is a message in Anthropic's format that used 1000 tokens in and 100 out.
"""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GO = threading.Event()
ANSWER = json.dumps({"type": "message", "role": "assistant", "model": "model-x", "content": [{"type": "text", "text": "done"}],
                     "stop_reason": "end_turn", "usage": {"input_tokens": 1000, "output_tokens": 100}}).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body):
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/go":
            GO.set()
        self.answer(b"{}")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        GO.wait(120)
        self.answer(ANSWER)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
