# SPDX-License-Identifier: Apache-2.0
"""Credential routes: what reaches the upstream, what comes back, what never does. cupel-egress by itself, real sockets."""
import base64
import http.client
import json
import os
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from egress import DEADLINE, Egress, Server, read_all, read_head  # noqa: E402

SECRET = "sk-test-Zq7+/uVw93kLmN0pRs"
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def route(upstream, name="api", allow=("POST /v1/messages*", "GET /v1/*", "HEAD /v1/*"), value=SECRET, header="x-api-key"):
    return {"name": name, "upstream": upstream, "headers": [{"name": header, "value": value}], "allow": list(allow)}


class Routed(Egress):
    """One route to one upstream; egress.at is its port."""

    def __init__(self, upstream, **more):
        options = {key: more.pop(key) for key in ("bytes", "connections", "hurry") if key in more}
        self.environment = more.pop("environment", {})
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            super().__init__(routes=[route(upstream, **more)], **options)
        finally:
            os.environ.clear()
            os.environ.update(before)
        self.at = self.listen("api")

    def __exit__(self, *_):
        self.end()
        assert self.process.returncode == 0, (self.process.returncode, self.errors)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.at), DEADLINE)

    def ask(self, method="POST", target="/v1/messages", body=None, headers=None):
        """(status, headers, body) of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.at, timeout=DEADLINE)
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        got = answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
        connection.close()
        return got

    def raw(self, data):
        with self.connect() as sock:
            sock.sendall(data)
            return read_all(sock)


class TlsServer(Server):
    def __init__(self, certificate, key, talk=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        super().__init__(talk)

    def serve(self, sock):
        try:
            super().serve(self.context.wrap_socket(sock, server_side=True))
        except (ssl.SSLError, OSError):
            sock.close()


def text_of(head):
    return head.decode("latin-1").lower()


def answer_with(head, body=b""):
    """A server's talk: reads one request, answers with these bytes."""
    def talk(sock):
        if read_head(sock):
            sock.sendall(head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    return talk


def wait(event, what):
    assert event.wait(DEADLINE), f"never: {what}"


class Certificates:
    """A throw-away authority, and a certificate of it for 127.0.0.1."""

    def __init__(self, folder):
        self.ca, self.cert, self.key = (str(Path(folder) / name) for name in ("ca.pem", "cert.pem", "key.pem"))
        extensions = str(Path(folder) / "extensions")
        Path(extensions).write_text("subjectAltName=IP:127.0.0.1\n")
        ca_key, request = str(Path(folder) / "ca.key"), str(Path(folder) / "request.pem")
        for command in (
                ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca_key, "-out", self.ca, "-subj", "/CN=throw-away",
                 "-days", "2"],
                ["req", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", request, "-subj", "/CN=upstream"],
                ["x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-CAcreateserial", "-out", self.cert,
                 "-days", "2", "-extfile", extensions]):
            subprocess.run(["openssl", *command], check=True, capture_output=True)


class Headers(unittest.TestCase):
    def test_the_credential_is_put_in_and_the_clients_own_is_stripped(self):
        with Server() as upstream, Routed(f"http://{upstream.at}/base") as egress:
            status, headers, body = egress.ask(
                "POST", "/v1/messages?beta=true&key=MINE&API%5fKEY=MINE2&x=1", b"{}", {
                    "X-Api-Key": "MINE", "x_api_key": "MINE", "Authorization": "Bearer MINE", "Cookie": "a=MINE",
                    "Proxy-Authorization": "MINE", "X-Goog-Api-Key": "MINE", "X-Amz-Security-Token": "MINE",
                    "Anthropic-Auth-Token": "MINE", "X-HTTP-Method-Override": "DELETE", "X-Hop": "MINE",
                    "Connection": "keep-alive, X-Hop", "Accept-Encoding": "gzip", "anthropic-version": "2023-06-01",
                    "Content-Type": "application/json", "User-Agent": "agent/1"})
            self.assertEqual((status, body), (200, b"hello\n"))
            head = upstream.heads[0].decode()
            self.assertTrue(head.startswith("POST /base/v1/messages?beta=true&x=1 HTTP/1.1\r\n"), head)
            self.assertEqual(head.count(SECRET), 1)
            self.assertIn(f"x-api-key: {SECRET}\r\n", head)
            self.assertNotIn("MINE", head)
            self.assertNotIn("gzip", head)
            self.assertNotIn("Override", head)
            self.assertIn(f"Host: {upstream.at}\r\n", head)
            for kept in ("anthropic-version: 2023-06-01", "Content-Type: application/json", "User-Agent: agent/1"):
                self.assertIn(kept + "\r\n", head)
            self.assertEqual(upstream.bodies, [b"{}"])
            receipt = egress.receipt()
            self.assertEqual((receipt["host"], receipt["port"], receipt["address"], receipt["via"], receipt["status"]),
                             ("127.0.0.1", upstream.port, "127.0.0.1", "route:api", 200))
            self.assertGreaterEqual(receipt["bytes_in"], len(b"hello\n"))
            self.assertGreaterEqual(receipt["bytes_out"], len(b"{}"))
            self.assertNotIn("error", receipt)

    def test_what_binds_to_the_upstream_does_not_come_back(self):
        head = (b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nAlt-Svc: h3\r\nStrict-Transport-Security: x\r\nLocation: /x\r\n"
                b"Connection: X-Private\r\nX-Private: 1\r\nrequest-id: r1\r\nRetry-After: 3")
        with Server(answer_with(head, b"ok")) as upstream, Routed(f"http://{upstream.at}") as egress:
            status, headers, body = egress.ask("GET", "/v1/models")
            self.assertEqual((status, body), (200, b"ok"))
            self.assertEqual((headers["request-id"], headers["retry-after"]), ("r1", "3"))
            for name in ("set-cookie", "alt-svc", "strict-transport-security", "location", "x-private"):
                self.assertNotIn(name, headers)

    def test_no_proxy_of_the_environment_is_used(self):
        environment = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY")}
        with Server() as upstream, Routed(f"http://{upstream.at}", environment=environment) as egress:
            self.assertEqual(egress.ask("GET", "/v1/models")[0], 200)


class ThroughTheProxy(unittest.TestCase):
    """A client that does not heed NO_PROXY asks the proxy for the route's own address."""

    def ask(self, egress, port, tunnel, path="/v1/messages"):
        connection = http.client.HTTPConnection("127.0.0.1", egress.port, timeout=DEADLINE)
        if tunnel:
            connection.set_tunnel("127.0.0.1", port)
        connection.request("POST", path if tunnel else f"http://127.0.0.1:{port}{path}", b"{}")
        answer = connection.getresponse()
        got = answer.status, answer.read()
        connection.close()
        return got

    def test_it_is_led_to_the_route_and_judged_there(self):
        for tunnel in (True, False):
            with Server() as upstream, Routed(f"http://{upstream.at}") as egress:
                self.assertEqual(self.ask(egress, egress.at, tunnel), (200, b"hello\n"))
                self.assertIn(f"x-api-key: {SECRET}\r\n", upstream.heads[0].decode())
                receipt = egress.receipt()
                self.assertEqual((receipt["via"], receipt["status"]), ("route:api", 200))
                self.assertEqual(self.ask(egress, egress.at, tunnel, "/v2/files")[0], 403)
                self.assertIn("/v2/files", egress.veto()["candidate_action"])
                self.assertEqual(len(upstream.heads), 1)

    def test_no_other_port_of_the_loopback_is(self):
        with Server() as upstream, Routed(f"http://{upstream.at}") as egress:
            with self.assertRaises(OSError):
                self.ask(egress, upstream.port, True)
            self.assertEqual(self.ask(egress, upstream.port, False)[0], 403)
            self.assertEqual(self.ask(egress, egress.port, False)[0], 403)
            self.assertEqual(upstream.heads, [])


class AllowList(unittest.TestCase):
    def test_only_what_the_list_names_passes(self):
        refused = ["GET /v2/models", "DELETE /v1/messages", "POST /v1/complete", "GET /v1/../v2/models", "GET /v1/./x",
                   "GET /v1/%2e%2e/v2", "GET /v1/a%2fb", "GET /v1/a%5cb", "GET /v1//x", "GET /v1/a\\b", "GET /v1/%252e",
                   "GET /v1/%00", "GET /v1/..;/x", "GET http://127.0.0.1/v1/x", "GET /v1/x#y", "OPTIONS *",
                   "CONNECT 127.0.0.1:80", "GET /v1/%zz"]
        with Server() as upstream, Routed(f"http://{upstream.at}") as egress:
            for line in refused:
                with self.subTest(line):
                    got = egress.raw(f"{line} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                    self.assertRegex(got.split(b"\r\n")[0], rb"^HTTP/1.1 (403 Forbidden|400 Bad Request)$")
                    if got.startswith(b"HTTP/1.1 403"):
                        veto = egress.veto()
                        self.assertTrue(veto["candidate_action"].startswith("route api: " + line.split()[0]), veto)
                        self.assertEqual(veto["final_action"], "refused")
            self.assertEqual(upstream.heads, [])
            self.assertEqual(egress.ask("POST", "/v1/messages/count_tokens?x=/../y", b"")[0], 200)

    def test_the_refusal_says_why(self):
        with Server() as upstream, Routed(f"http://{upstream.at}") as egress:
            status, headers, body = egress.ask("GET", "/admin?key=MINE")
            self.assertEqual(status, 403)
            self.assertIn(b"cupel: route api refuses GET /admin: the route's allow list does not name", body)
            self.assertNotIn("MINE", str(egress.veto()))

    def test_two_ways_to_read_one_request_are_refused(self):
        with Server() as upstream, Routed(f"http://{upstream.at}") as egress:
            for fields in (b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Content-Length: 5\r\nContent-Length: 6",
                           b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, identity", b"X: a\0b",
                           b"Content-Length: +5", b"Upgrade: websocket\r\nConnection: upgrade", b"X\x01: 1", b"Content-Length : 5"):
                with self.subTest(fields):
                    got = egress.raw(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n\r\n0\r\n\r\n")
                    self.assertRegex(got.split(b"\r\n")[0], rb"^HTTP/1.1 (400|501) ")
            self.assertEqual(upstream.heads, [])

    def test_heads_are_bounded(self):
        with Server() as upstream, Routed(f"http://{upstream.at}") as egress:
            for head in (b"X: " + b"a" * 70000, b"\r\n".join(b"X%d: 1" % i for i in range(200))):
                got = egress.raw(b"GET /v1/x HTTP/1.1\r\n" + head + b"\r\n\r\n")
                self.assertTrue(got.startswith(b"HTTP/1.1 431") or got.startswith(b"HTTP/1.1 400"), got[:40])
            self.assertEqual(upstream.heads, [])


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.made = Certificates(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_https_with_a_known_authority(self):
        with TlsServer(self.made.cert, self.made.key) as upstream, \
                Routed(f"https://{upstream.at}", environment={"SSL_CERT_FILE": self.made.ca}) as egress:
            self.assertEqual(egress.ask("POST", "/v1/messages", b"{}")[0], 200)
            self.assertIn(SECRET.encode(), upstream.heads[0])

    def test_an_unknown_authority_gets_no_credential(self):
        with TlsServer(self.made.cert, self.made.key) as upstream, Routed(f"https://{upstream.at}") as egress:
            status, _, body = egress.ask("POST", "/v1/messages", b"{}")
            self.assertEqual(status, 502)
            self.assertIn(b"certificate", body)
            self.assertEqual(upstream.heads, [])
            self.assertIn("certificate", egress.receipt()["error"])

    def test_another_name_gets_no_credential(self):
        with TlsServer(self.made.cert, self.made.key) as upstream, \
                Routed(f"https://localhost:{upstream.port}", environment={"SSL_CERT_FILE": self.made.ca}) as egress:
            self.assertEqual(egress.ask("POST", "/v1/messages", b"{}")[0], 502)
            self.assertEqual(upstream.heads, [])


class Streams(unittest.TestCase):
    def test_an_event_arrives_before_the_next_is_sent(self):
        seen = threading.Event()

        def talk(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                         b"d\r\ndata: first\n\n\r\n")
            wait(seen, "the first event, while the second is not sent")
            sock.sendall(b"e\r\ndata: second\n\n\r\n0\r\n\r\n")

        with Server(talk) as upstream, Routed(f"http://{upstream.at}") as egress, egress.connect() as sock:
            sock.sendall(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            got = b""
            while b"data: first\n\n" not in got:
                got += sock.recv(4096)
            self.assertNotIn(b"second", got)
            seen.set()
            while b"0\r\n\r\n" not in got:
                got += sock.recv(4096)
            self.assertIn(b"data: second\n\n", got)

    def test_a_body_is_sent_on_as_it_comes(self):
        first = threading.Event()
        whole = []

        def talk(sock):
            read_head(sock)
            got = b""
            while b"one" not in got:
                got += sock.recv(4096)
            first.set()
            while b"0\r\n\r\n" not in got:
                got += sock.recv(4096)
            whole.append(got)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        with Server(talk) as upstream, Routed(f"http://{upstream.at}") as egress, egress.connect() as sock:
            sock.sendall(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            wait(first, "the first piece, while the second is not sent")
            sock.sendall(b"3\r\ntwo\r\n0\r\n\r\n")
            self.assertTrue(read_head(sock).startswith(b"HTTP/1.1 200"))
            self.assertIn(b"two", whole[0])

    def test_one_connection_carries_many_requests_even_early_ones(self):
        accepted = []

        def talk(sock):
            accepted.append(sock)
            while head := read_head(sock):
                body = head.split(b" ")[1]
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        with Server(talk) as upstream, Routed(f"http://{upstream.at}") as egress:
            with egress.connect() as sock:
                sock.sendall(b"".join(b"GET /v1/%d HTTP/1.1\r\nHost: x\r\n\r\n" % i for i in range(20)) +
                             b"GET /v1/last HTTP/1.1\r\nConnection: close\r\n\r\n")
                got = read_all(sock)
            self.assertEqual([part.split(b"HTTP")[0] for part in got.split(b"\r\n\r\n")[1:]],
                             [b"/v1/%d" % i for i in range(20)] + [b"/v1/last"])
            self.assertEqual(len(accepted), 1, "the connection to the upstream is used again")
            self.assertEqual(len(egress.receipt(21)), 21)

    def test_a_client_that_asks_first_is_told_to_go_on(self):
        with Server() as upstream, Routed(f"http://{upstream.at}") as egress, egress.connect() as sock:
            sock.sendall(b"POST /v1/messages HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
            self.assertEqual(read_head(sock), b"HTTP/1.1 100 Continue\r\n\r\n")
            sock.sendall(b"body")
            self.assertTrue(read_head(sock).startswith(b"HTTP/1.1 200"))
            self.assertEqual(upstream.bodies, [b"body"])
            self.assertNotIn("expect", text_of(upstream.heads[0]))

    def test_head_and_old_clients(self):
        def talk(sock):
            head = read_head(sock)
            if head.startswith(b"HEAD"):
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n")
            else:
                sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")

        with Server(talk) as upstream, Routed(f"http://{upstream.at}") as egress:
            status, headers, body = egress.ask("HEAD", "/v1/x")
            self.assertEqual((status, headers["content-length"], body), (200, "12345", b""))
            old = egress.raw(b"GET /v1/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            self.assertTrue(old.endswith(b"\r\n\r\nabc"), old)

    def test_large_bodies_do_not_grow_memory(self):
        size = 200 << 20
        taken = []

        def talk(sock):
            head = text_of(read_head(sock))
            left = int(head.split("content-length: ")[1].split("\r")[0]) if "content-length" in head else 0
            while left and (part := sock.recv(min(left, 1 << 20))):
                left -= len(part)
            taken.append(left)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size >> 20):
                sock.sendall(b"x" * (1 << 20))

        with Server(talk) as upstream, Routed(f"http://{upstream.at}") as egress:
            self.assertEqual(egress.ask("GET", "/v1/warm")[0], 200)  # curl, its buffers
            before = egress.rss_kib()
            with egress.connect() as sock:
                sock.sendall(b"POST /v1/messages HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size)
                for _ in range(size >> 20):
                    sock.sendall(b"y" * (1 << 20))
                read_head(sock)
                got = 0
                while got < size:
                    got += len(sock.recv(1 << 20))
            self.assertEqual(taken, [0, 0])
            self.assertLess(egress.rss_kib() - before, 64 * 1024)  # of 400 MiB

    def test_a_hundred_at_once(self):
        together = threading.Barrier(100)

        def talk(sock):
            name = read_head(sock).split(b" ")[1]
            together.wait(DEADLINE)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(name) + name)

        with Server(talk) as upstream, Routed(f"http://{upstream.at}") as egress:
            got = [None] * 100

            def one(i):
                got[i] = egress.ask("GET", f"/v1/{i}")[2]

            threads = [threading.Thread(target=one, args=(i,)) for i in range(100)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(DEADLINE)
            self.assertEqual(got, [f"/v1/{i}".encode() for i in range(100)])


class Masking(unittest.TestCase):
    def ask(self, talk, target="/v1/x"):
        with Server(talk) as upstream, Routed(f"http://{upstream.at}", header="authorization", value="Bearer " + SECRET) as egress:
            return egress.raw(f"GET {target} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())

    def test_an_echo_is_overwritten_wherever_it_stands(self):
        def talk(sock):
            sent = read_head(sock)
            body = b"you sent: " + sent + b" " + base64.b64encode(b"u:" + SECRET.encode()) + b" " + SECRET.replace("/", "\\/").encode()
            sock.sendall(b"HTTP/1.1 401 no " + SECRET.encode() + b"\r\nwww-authenticate: Bearer " + SECRET.encode() +
                         b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        got = self.ask(talk)
        stars = b"*" * len(SECRET)
        self.assertTrue(got.startswith(b"HTTP/1.1 401 no " + stars + b"\r\n"), got)
        self.assertIn(b"www-authenticate: Bearer " + stars + b"\r\n", got)
        self.assertIn(b"authorization: Bearer " + stars + b"\r\n", got)
        self.assertNotIn(SECRET.encode()[3:-3], got)
        self.assertNotIn(base64.b64encode(b"u:" + SECRET.encode())[5:-5], got)
        head, body = got.split(b"\r\n\r\n", 1)
        self.assertIn(b"Content-Length: %d" % len(body), head)

    def test_a_credential_cut_in_two_is_found(self):
        seen = threading.Event()
        secret = SECRET.encode()

        def talk(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nkey: " + secret[:9])
            wait(seen, "what stands before the credential")
            sock.sendall(secret[9:] + b" end")

        with Server(talk) as upstream, Routed(f"http://{upstream.at}") as egress, egress.connect() as sock:
            sock.sendall(b"GET /v1/x HTTP/1.0\r\n\r\n")
            got = b""
            while b"key: " not in got:
                got += sock.recv(4096)
            self.assertTrue(got.endswith(b"key: "), "nothing of the credential yet")
            seen.set()
            got += read_all(sock)
            self.assertTrue(got.endswith(b"key: " + b"*" * len(secret) + b" end"), got)

    def test_the_beginning_of_a_credential_alone_is_an_ordinary_text(self):
        got = self.ask(answer_with(b"HTTP/1.1 200 OK", b"ends in " + SECRET[:12].encode()))
        self.assertTrue(got.endswith(b"ends in " + SECRET[:12].encode()), got)


class Ends(unittest.TestCase):
    def test_a_redirect_is_refused_and_recorded(self):
        with Server(answer_with(b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/", b"moved")) as upstream, \
                Routed(f"http://{upstream.at}") as egress:
            status, headers, body = egress.ask("GET", "/v1/x")
            self.assertEqual(status, 502)
            self.assertNotIn("location", headers)
            self.assertIn(b"redirects", body)
            self.assertIn("redirects", egress.veto()["veto_reason"])
            self.assertEqual(egress.receipt()["status"], 307)

    def test_a_compressed_answer_and_another_protocol_are_refused(self):
        for head in (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip", b"HTTP/1.1 101 Switching\r\nUpgrade: x"):
            with self.subTest(head), Server(answer_with(head, b"zzz")) as upstream, \
                    Routed(f"http://{upstream.at}") as egress:
                self.assertEqual(egress.ask("GET", "/v1/x")[0], 502)
                egress.veto()

    def test_an_answer_that_breaks_off_is_not_taken_for_whole(self):
        for head in (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n12345",
                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"):
            def talk(sock, head=head):
                read_head(sock)
                sock.sendall(head)

            with self.subTest(head), Server(talk) as upstream, Routed(f"http://{upstream.at}") as egress:
                got = egress.raw(b"GET /v1/x HTTP/1.1\r\n\r\n")
                self.assertTrue(got.endswith(b"<reset>"), got)
                self.assertNotIn(b"0\r\n\r\n", got)
                self.assertIn("error", egress.receipt())

    def test_an_upstream_that_is_not_there(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with Routed(f"http://127.0.0.1:{port}") as egress:
            status, _, body = egress.ask("GET", "/v1/x")
            self.assertEqual(status, 502)
            self.assertIn(b"cupel: ", body)
            self.assertIn("error", egress.receipt())

    def test_a_client_that_leaves_ends_the_transfer(self):
        begun, ended = threading.Event(), threading.Event()

        def talk(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
            begun.set()
            try:
                while sock.recv(1):
                    pass
            except OSError:
                pass
            ended.set()

        for more in (b"", b"GET /v1/early HTTP/1.1\r\n\r\n"):  # what waits for its turn hides nothing
            begun.clear()
            ended.clear()
            with self.subTest(more), Server(talk) as upstream, Routed(f"http://{upstream.at}") as egress:
                with egress.connect() as sock:
                    sock.sendall(b"GET /v1/x HTTP/1.1\r\n\r\n" + more)
                    wait(begun, "the request")
                    got = b""
                    while not got.endswith(b"1\r\nx\r\n"):  # all of it: it leaves with a FIN, not with a reset
                        got += sock.recv(4096)
                wait(ended, "the end of the upstream's connection")
                self.assertIn("went away", egress.receipt()["error"])

    def test_an_answer_before_the_end_of_the_request(self):
        def talk(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
            while sock.recv(1 << 16):
                pass

        with Server(talk) as upstream, Routed(f"http://{upstream.at}") as egress, egress.connect() as sock:
            sock.sendall(b"POST /v1/messages HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
            got = read_all(sock)
            self.assertTrue(got.startswith(b"HTTP/1.1 413 Too Large") and got.endswith(b"big"), got)
            self.assertIn(b"Connection: close\r\n", got)

    def test_the_end_of_the_step_ends_everything(self):
        begun = threading.Event()

        def talk(sock):
            read_head(sock)
            begun.set()
            sock.recv(1)

        with Server(talk) as upstream, Routed(f"http://{upstream.at}") as egress, egress.connect() as sock:
            sock.sendall(b"GET /v1/x HTTP/1.1\r\n\r\n")
            wait(begun, "the request")
            egress.close_step()
            self.assertIn(read_all(sock), (b"", b"<reset>"))
            egress.receipt()
            egress.at = egress.listen("api")  # the next step's
            upstream.talk = upstream.answer
            self.assertEqual(egress.ask("GET", "/v1/x")[0], 200)

    def test_a_silent_upstream_is_left(self):
        def talk(sock):
            read_head(sock)
            sock.recv(1)

        with Server(talk) as upstream, Routed(f"http://{upstream.at}", hurry=2000) as egress:
            self.assertIn(egress.raw(b"GET /v1/x HTTP/1.1\r\n\r\n"), (b"", b"<reset>"))
            egress.receipt()

    def test_a_silent_client_is_left(self):
        with Server() as upstream, Routed(f"http://{upstream.at}", hurry=100) as egress:
            self.assertIn(egress.raw(b"GET /v1/x HT"), (b"", b"<reset>"))
            self.assertIn(egress.raw(b""), (b"", b"<reset>"))

    def test_metadata_services_are_never_dialled(self):
        with Routed("http://169.254.169.254") as egress:
            self.assertEqual(egress.ask("GET", "/v1/x")[0], 502)
            self.assertIn("route api", egress.veto()["candidate_action"])


class Budgets(unittest.TestCase):
    def test_bytes(self):
        with Server(answer_with(b"HTTP/1.1 200 OK", b"x" * 100000)) as upstream, \
                Routed(f"http://{upstream.at}", bytes=5000) as egress:
            got = egress.raw(b"GET /v1/x HTTP/1.1\r\n\r\n")
            self.assertLess(len(got), 6000)
            self.assertEqual(egress.wait_for(lambda m: m["type"] == "exceeded")["budget"], "bytes")
            self.assertEqual(egress.ask("GET", "/v1/x")[0], 403)

    def test_who_asks_and_takes_no_answer_is_not_heard_further(self):
        head = b"HTTP/1.1 204 No Content\r\n" + b"x: %s\r\n" % (b"y" * 20000) + b"\r\n"
        answered = []

        def talk(sock):
            while read_head(sock):
                sock.sendall(head)
                answered.append(1)

        with Server(talk) as server, Routed(f"http://{server.at}") as egress, egress.connect() as sock:
            sock.settimeout(3)
            try:
                for _ in range(3000):
                    sock.sendall(b"GET /v1/x HTTP/1.1\r\nHost: h\r\n\r\n")
            except TimeoutError:
                pass
            time.sleep(1)
            self.assertLess(len(answered), 1000)  # what the sockets' own buffers hold

    def test_connections(self):
        with Server() as upstream, Routed(f"http://{upstream.at}", connections=1) as egress:
            self.assertEqual(egress.ask("GET", "/v1/x")[0], 200)
            self.assertEqual(egress.ask("GET", "/v1/x")[0], 403)
            self.assertEqual(egress.wait_for(lambda m: m["type"] == "exceeded")["budget"], "connections")


DEAR = [{"model": "*", "input": 1000000, "output": 1000000000, "cache_read": 0, "cache_write": 0}]  # a token out: 0.001 dollars
USAGE = json.dumps({"model": "m", "choices": [{"finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 0, "completion_tokens": 1000}}).encode()  # one dollar


class Metered(Routed):
    def __init__(self, upstream, **more):
        Egress.__init__(self, routes=[{**route(upstream, allow=["POST /*", "GET /*"]), "meter": more.pop("meter", "openai")}],
                        prices=DEAR, **more)
        self.at = self.listen("api")

    def cost(self):
        return self.wait_for(lambda m: m.get("event") == "cost.reported")["data"]


def take(sock):
    head = read_head(sock)
    if not head:
        raise ConnectionError("opened for a client that went away")
    left = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
    while left and (part := sock.recv(left)):
        left -= len(part)


class Cost(unittest.TestCase):
    def test_only_so_many_requests_that_cost_are_under_way_at_once(self):
        come, asked = threading.Event(), threading.Semaphore(0)

        def talk(sock):
            take(sock)
            asked.release()
            come.wait(DEADLINE)
            sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(USAGE) + USAGE)

        with Server(talk) as server, Metered(f"http://{server.at}", cost=3000000) as egress:
            request = b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
            socks = [egress.connect() for _ in range(40)]
            for sock in socks:
                sock.sendall(request)
            for _ in range(16):
                self.assertTrue(asked.acquire(timeout=DEADLINE))
            self.assertFalse(asked.acquire(timeout=1), "more than 16 were asked")
            come.set()
            egress.wait_for(lambda m: m["type"] == "exceeded")
            for sock in socks:
                sock.close()
            egress.end()
            spent = sum(m["data"]["usd"] for m in egress.messages if m.get("event") == "cost.reported")
            self.assertGreater(spent, 3)
            self.assertLess(len([m for m in egress.messages if m.get("event") == "cost.reported"]), 24)

    def test_those_that_wait_are_served_one_after_the_other(self):
        def talk(sock):
            take(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(USAGE) + USAGE)

        with Server(talk) as server, Metered(f"http://{server.at}") as egress:
            body = b"{%s}" % (b" " * 200000)
            socks = [egress.connect() for _ in range(60)]
            for sock in socks:
                sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n"
                             b"Connection: close\r\n\r\n" % len(body))
            gone = socks[30:40]
            for sock in gone:
                sock.close()
            kept = [sock for sock in socks if sock not in gone]
            senders = [threading.Thread(target=sock.sendall, args=(body,)) for sock in kept]
            for sender in senders:
                sender.start()
            for sock in kept:
                self.assertTrue(read_all(sock).endswith(USAGE))
                sock.close()
            for sender in senders:
                sender.join()

    def test_an_answer_that_would_hide_its_cost_is_not_asked_for(self):
        with Server() as server, Metered(f"http://{server.at}", meter="gemini") as egress:
            for query in ("alt=proto", "%24alt=proto", "ALT=media", "fields=candidates", "alt=sse&f%69elds=x", "a=1;fields=x",
                          "$httpHeaders=x", "callback=x", "alt"):
                with self.subTest(query=query):
                    status, _, body = egress.ask(target=f"/v1beta/models/g:generateContent?{query}", body=b"{}")
                    self.assertEqual(status, 403)
                    self.assertIn(b"another form", body)
            for query in ("alt=sse", "alt=json", "key=mine&alt=sse", "prettyPrint=false"):
                self.assertEqual(egress.ask(target=f"/v1beta/models/g:generateContent?{query}", body=b"{}")[0], 200)
            self.assertEqual(len(server.heads), 4)

    def test_a_body_that_is_not_plain_json_is_not_sent(self):
        with Server() as server, Metered(f"http://{server.at}") as egress:
            for fields in (b"Content-Encoding: gzip", b"Content-Encoding: identity\r\nContent-Encoding: deflate",
                           b"Content_Encoding: deflate", b"Content-Type: application/json; charset=utf-7",
                           b"Content-Type: application/x-www-form-urlencoded", b"Content-Type: application/json+protobuf",
                           b"Content-Type: application/json\r\nContent-Type: text/plain"):
                with self.subTest(fields=fields):
                    self.assertIn(b" 403 ", egress.raw(b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n" + fields +
                                                       b"\r\nContent-Length: 2\r\n\r\n{}"))
            self.assertEqual(len(server.heads), 0)
            for kind in ("application/json", "Application/JSON; charset=UTF-8"):
                self.assertEqual(egress.ask(target="/v1/responses", body=b"{}", headers={"Content-Type": kind})[0], 200)

    def test_who_leaves_before_the_answer_pays_for_what_was_asked(self):
        asked = threading.Semaphore(0)

        def talk(sock):
            take(sock)
            asked.release()
            sock.recv(1)

        with Server(talk) as server, Metered(f"http://{server.at}") as egress:
            with egress.connect() as sock:
                body = b'{"max_tokens": 5000}'
                sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                self.assertTrue(asked.acquire(timeout=DEADLINE))
                time.sleep(0.2)
            self.assertEqual(egress.cost()["tokens_out"], 5000)

    def test_who_asks_for_no_count_pays_for_what_was_thought_unseen(self):
        def talk(sock):
            take(sock)
            time.sleep(2.2)
            body = b'data: {"choices": [{"delta": {"content": "yes"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
            sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        with Server(talk) as server, Metered(f"http://{server.at}") as egress:
            self.assertEqual(egress.ask(target="/v1/chat/completions", body=b'{"stream": true, "reasoning_effort": "high"}')[0], 200)
            cost = egress.cost()
            self.assertGreaterEqual(cost["tokens_out"], 200)
            self.assertTrue(cost["estimated"])


class Secrecy(unittest.TestCase):
    def test_the_credential_is_nowhere_to_be_read(self):
        with Server() as upstream, Routed(f"http://{upstream.at}") as egress:
            egress.ask("POST", "/v1/messages", b"{}")
            egress.ask("GET", "/admin")
            process = Path(f"/proc/{egress.process.pid}")
            for name in ("cmdline", "environ"):
                try:
                    self.assertNotIn(SECRET.encode(), (process / name).read_bytes())
                except PermissionError:
                    self.assertNotEqual(os.getuid(), 0)
            self.assertEqual((process / "environ").stat().st_uid, 0, "not dumpable: its files in /proc are root's")
            self.assertEqual(resource.prlimit(egress.process.pid, resource.RLIMIT_CORE) if os.getuid() == 0 else (0, 0), (0, 0))
            records = [egress.receipt(), egress.veto()]
        self.assertEqual(egress.process.returncode, 0)
        self.assertNotIn(SECRET, str(records) + str(egress.messages) + egress.errors)

    def test_what_is_wrong_is_said_without_it(self):
        for wrong in ({"upstream": "ftp://127.0.0.1"}, {"upstream": "https://u:p@127.0.0.1"}, {"allow": ["/v1"]},
                      {"headers": [{"name": "x-api-key", "value": SECRET + "\r\nx: y"}]},
                      {"headers": [{"name": "host", "value": SECRET}]}):
            with self.subTest(wrong), self.assertRaises(AssertionError) as raised:
                Egress(routes=[route("http://127.0.0.1:1") | wrong])
            self.assertIn("route api", str(raised.exception))
            self.assertNotIn(SECRET, str(raised.exception).split("there is")[0])


class Lines(unittest.TextTestResult):
    """One line per case, as scripts/test counts them."""

    def addSuccess(self, test):
        super().addSuccess(test)
        self.say("ok", test)

    def addError(self, test, err):
        super().addError(test, err)
        self.say("not ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.say("not ok", test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.say("not ok", test)

    @staticmethod
    def say(verdict, test):
        print(f"{verdict} - {test._testMethodName[5:].replace('_', ' ')}", flush=True)


if __name__ == "__main__":
    unittest.main(warnings="ignore", testRunner=unittest.TextTestRunner(resultclass=Lines, verbosity=0))
