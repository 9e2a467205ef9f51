# SPDX-License-Identifier: Apache-2.0
"""What stands for a provider's API: the route of the scenario `network` leads here. One answer, with the tokens that it cost."""
import http.server
import threading

ANSWER = b'{"type": "message", "model": "model-a", "content": [], "usage": {"input_tokens": 1000, "output_tokens": 100}}'


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # who asked was killed


def serve():
    """For as long as this process lives: its port."""
    server = Server(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
