#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
An upstream that does not serve: it answers as it is told, and counts.

        refusing_server.py FOLDER           until its standard input ends

FOLDER/port     its port, once it listens on 127.0.0.1
FOLDER/script   what the next requests are answered with, words; the last one goes for all that follow. Read at each request.
FOLDER/requests one line per request: method, path, and the credential that came along

        200, 401, 503 …       that status, with a short body
        429+7                 that status, with "Retry-After: 7"
        401-held              the head of that answer and a byte of its body; then nothing, until the client goes
        stalled               a stream that begins, then says nothing more
        silent                nothing at all
        cut                   the connection ends before an answer
"""
import http.server
import os
import sys
import threading

folder = sys.argv[1]
lock = threading.Lock()
served = {"script": "", "at": 0}


def next_step():
    with lock:
        with open(os.path.join(folder, "script"), encoding="ascii") as file:
            script = file.read()
        if script != served["script"]:
            served.update(script=script, at=0)
        words = script.split()
        word = words[min(served["at"], len(words) - 1)]
        served["at"] += 1
        return word


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self):
        key = self.headers.get("x-api-key") or self.headers.get("authorization") or "-"
        with lock, open(os.path.join(folder, "requests"), "a", encoding="ascii") as file:
            file.write(f"{self.command} {self.path} {key}\n")

    def hold(self):
        self.wfile.flush()
        self.close_connection = True
        while self.connection.recv(4096):
            pass

    def whole(self, status, extra=None):
        body = b'{"error":"x"}\n'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if extra:
            self.send_header("Retry-After", extra)
        self.end_headers()
        self.wfile.write(body)

    def begun(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.wfile.write(b"x")
        self.hold()

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.note()
        step = next_step()
        if step == "silent":
            self.hold()
        elif step == "cut":
            self.close_connection = True
        elif step == "stalled":
            self.begun(200)
        elif step.endswith("-held"):
            self.begun(int(step[:3]))
        else:
            status, _, after = step.partition("+")
            self.whole(int(status), after)

    do_GET = do_POST = answer


def main():
    http.server.ThreadingHTTPServer.request_queue_size = 512
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    open(os.path.join(folder, "requests"), "a", encoding="ascii").close()
    with open(os.path.join(folder, "port.new"), "w", encoding="ascii") as file:
        file.write(str(server.server_address[1]))
    os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
    sys.stdin.read()


main()
