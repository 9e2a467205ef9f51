#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small servers on the machine's loopback for tests of a run's network: net_servers.py FOLDER

FOLDER/www is served over HTTP (`http`) and, with a certificate of a throw-away authority in FOLDER/ca.pem, over HTTPS
(`https`); /bytes/N is N bytes, /slow answers when it is told to stop. `api` writes the headers of every request to
FOLDER/api.log and answers JSON, server-sent events below /v1/events, /v1/hold only once FOLDER/go is there. FOLDER/ports gets one NAME=PORT line each once all of
them listen. Ends with its standard input.
"""
import http.server
import json
import socketserver
import ssl
import subprocess
import sys
import threading
from pathlib import Path

folder = Path(sys.argv[1])
stopping = threading.Event()


def openssl(*words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_certificates():
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=cupel test authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout",
            "server.key", "-out", "server.csr")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "san", "-out", "server.pem")


class Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args):
        super().__init__(*args, directory=str(folder / "www"))

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path.startswith("/bytes/"):
            left = int(self.path.rsplit("/", 1)[1])
            self.send_response(200)
            self.send_header("content-length", str(left))
            self.end_headers()
            while left:
                left -= self.wfile.write(b"x" * min(left, 65536))
        elif self.path == "/slow":
            stopping.wait(60)
        else:
            super().do_GET()


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with self.lock, open(folder / "api.log", "a") as log:
            log.write(json.dumps({"path": self.path, "headers": dict(self.headers), "body": body.decode()}) + "\n")
        while self.path == "/v1/hold" and not (folder / "go").exists() and not stopping.wait(0.02):
            pass
        events = self.path.startswith("/v1/events")
        answer = b"data: one\n\ndata: two\n\n" if events else json.dumps({"ok": True}).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if events else "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_):
        pass


def serve(handler, context=None):
    server = Server(("127.0.0.1", 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


make_certificates()
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(folder / "server.pem", folder / "server.key")
ports = {"http": serve(Files), "https": serve(Files, tls), "api": serve(Api)}
new = folder / "ports.new"
new.write_text("".join(f"{name}={port}\n" for name, port in ports.items()))
new.rename(folder / "ports")
sys.stdin.read()
stopping.set()
