#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A model whose streams never end: text after text in the format of the path that is asked, and no final count. Prints its port."""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TEXT = "word word word word "
USAGE = {"input_tokens": 1000, "output_tokens": 1}
FORMATS = {  # what the path ends in: the first event, then the one that comes again and again
    "/messages": ({"type": "message_start", "message": {"model": "dear-a", "usage": USAGE}},
                  {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": TEXT}}),
    "/responses": ({"type": "response.created", "response": {"model": "dear-a", "status": "in_progress", "usage": None}},
                   {"type": "response.output_text.delta", "delta": TEXT}),
    "/chat/completions": ({"model": "dear-a", "choices": []}, {"model": "dear-a", "choices": [{"index": 0, "delta": {"content": TEXT}}]}),
    ":streamGenerateContent": ({"modelVersion": "dear-a", "candidates": []},
                               {"candidates": [{"content": {"parts": [{"text": TEXT}]}}]}),
}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        first, again = next(events for path, events in FORMATS.items() if self.path.split("?")[0].endswith(path))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        try:
            self.wfile.write(b"data: " + json.dumps(first).encode() + b"\n\n")
            while True:
                self.wfile.write(b"data: " + json.dumps(again).encode() + b"\n\n")
        except OSError:
            pass

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    sys.exit(0)
