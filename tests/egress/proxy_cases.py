#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The proxy of cupel-egress against curl, git, python and node, and against clients that mean no good.

Each function called test_… is one case. usage: tests/egress/proxy_cases.py [NAME…]
"""
import os
import queue
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from egress import BIN, DEADLINE, Egress, Server, read_all, read_head, readable  # noqa: E402

FAKE_NET = BIN.parent / "tests" / "bin" / "libfake-net.so"
PUBLIC = "93.184.216.34"


def curl(egress, url, *args, proxy="http"):
    return subprocess.run(["curl", "-sS", "-m", str(DEADLINE), "-x", f"{proxy}://127.0.0.1:{egress.port}", *args, url],
                          capture_output=True, text=True, env={"PATH": os.environ["PATH"]})


def fake(hosts, routes):
    """An Egress whose names and public addresses are made up."""
    assert FAKE_NET.exists(), f"{FAKE_NET} is not built"
    os.environ["FAKE_HOSTS"], os.environ["FAKE_ROUTES"] = hosts, routes
    return FAKE_NET


def connect(egress, target):
    return egress.talk(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode(), half_close=True)


class Deaf:
    """A listener whose queue is full: whoever connects now waits."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.at = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.fill = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(self.listener.getsockname())
            self.fill.append(sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in [self.listener, *self.fill]:
            sock.close()


def socks(egress, host, port, kind=3, command=1):
    """The reply byte to a SOCKS 5 request, and the socket."""
    sock = socket.create_connection(("127.0.0.1", egress.port), DEADLINE)
    sock.sendall(b"\x05\x01\x00")
    assert sock.recv(2) == b"\x05\x00"
    address = bytes([len(host)]) + host if kind == 3 else host
    sock.sendall(bytes([5, command, 0, kind]) + address + struct.pack(">H", port))
    reply = sock.recv(10)
    assert len(reply) == 10, reply
    return reply[1], sock


# ---- what works ----

def test_curl_plain_connect_and_socks():
    with Server() as server, Egress(allow=[server.at]) as egress:
        for args, proxy, via in (((), "http", "http"), (("-p",), "http", "connect"), ((), "socks5h", "socks5")):
            done = curl(egress, f"http://{server.at}/path?query", *args, proxy=proxy)
            assert done.stdout == "hello\n", done
            receipt = egress.receipt()
            assert receipt["via"] == via and receipt["host"] == "127.0.0.1" and receipt["port"] == server.port
            assert receipt["address"] == "127.0.0.1" and receipt["bytes_in"] == len(server.answered)
            assert receipt["bytes_out"] == len(server.heads[-1]), (receipt, server.heads[-1])
        assert egress.nothing_more()


def test_head_is_made_anew_for_the_origin():
    with Server() as server, Egress(allow=[server.at]) as egress:
        curl(egress, f"http://{server.at}/a%20b?c=d", "-H", "Proxy-Authorization: Basic eA==", "-H", "X-Kept: yes", "-H",
             "Connection: X-Dropped", "-H", "X-Dropped: 1", "-H", "TE: trailers", "-H", "Keep-Alive: 5")
        head = server.heads[0].lower()
        assert head.startswith(b"get /a%20b?c=d http/1.1\r\nhost: " + server.at.encode() + b"\r\n"), head
        assert b"x-kept: yes" in head and b"connection: close\r\n" in head
        for gone in (b"proxy-", b"x-dropped", b"te:", b"keep-alive"):
            assert gone not in head, (gone, head)


def test_bodies_both_ways():
    data = os.urandom(300000)
    def echo(sock):
        head = read_head(sock)
        body = b""
        if b"chunked" in head.lower():
            while not body.endswith(b"0\r\n\r\n"):
                body += sock.recv(1 << 16)
            sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        else:
            while len(body) < len(data):
                body += sock.recv(1 << 16)
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + body)
    with tempfile.NamedTemporaryFile() as file, Server(echo) as server, Egress(allow=[server.at]) as egress:
        file.write(data)
        file.flush()
        for args in ((), ("-H", "Transfer-Encoding: chunked"), ("-H", "Transfer-Encoding: chunked", "-0"), ("-0",),
                     ("-H", "Expect: 100-continue", "--expect100-timeout", "0.01")):
            if "-0" in args and len(args) > 1:
                continue  # curl cannot send chunks by HTTP/1.0
            done = subprocess.run(["curl", "-sS", "-m", str(DEADLINE), "-x", f"http://127.0.0.1:{egress.port}", "--data-binary",
                                   f"@{file.name}", *args, f"http://{server.at}/"], capture_output=True)
            assert done.stdout == data, (args, len(done.stdout), done.stderr)
            receipt = egress.receipt()
            assert receipt["bytes_out"] > len(data) and receipt["bytes_in"] > len(data) and receipt["method"] == "POST"


def test_chunked_answer_for_http_1_0():
    def chunks(sock):
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nT: x\r\n\r\n")
        sock.recv(1)
    with Server(chunks) as server, Egress(allow=[server.at]) as egress:
        answer = egress.talk(f"GET http://{server.at}/ HTTP/1.0\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        assert body == b"abcde" and b"chunked" not in head.lower(), answer
        answer = egress.talk(f"GET http://{server.at}/ HTTP/1.1\r\nHost: {server.at}\r\nConnection: close\r\n\r\n".encode())
        assert answer.endswith(b"\r\n\r\n5\r\nabcde\r\n0\r\n\r\n") or answer.endswith(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), answer


def test_head_204_and_interim_answers():
    def talk(sock):
        head = read_head(sock)
        if head.startswith(b"HEAD"):
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        else:
            sock.sendall(b"HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    with Server(talk) as server, Egress(allow=[server.at]) as egress:
        request = f" http://{server.at}/ HTTP/1.1\r\nHost: {server.at}\r\n"
        with socket.create_connection(("127.0.0.1", egress.port), DEADLINE) as sock:
            sock.sendall(f"HEAD{request}\r\nGET{request}Connection: close\r\n\r\n".encode())
            answer = read_all(sock)
        assert answer.count(b"HTTP/1.1 ") == 3 and b"103 Early" in answer and b"204 No" in answer, answer
        assert [r["status"] for r in egress.receipt(2)] == [200, 204]


def test_tools_through_the_environment():
    folder = tempfile.mkdtemp()
    git = ["git", "-C", folder + "/r", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "init", "-q", folder + "/r"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run([*git, "update-server-info"], check=True)
    web = subprocess.Popen([sys.executable, "-u", "-m", "http.server", "-b", "127.0.0.1", "-d", folder, "0"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    port = int(web.stdout.readline().split("port ")[1].split()[0])
    node = ("const q=require('http').request({host:'127.0.0.1',port:new URL(process.env.http_proxy).port,"
            "path:process.argv[1],headers:{host:new URL(process.argv[1]).host}},r=>r.pipe(process.stdout));q.end()")
    try:
        with Egress(allow=[f"127.0.0.1:{port}"]) as egress:
            proxy = f"http://127.0.0.1:{egress.port}"
            env = {**os.environ, "http_proxy": proxy, "all_proxy": proxy, "no_proxy": "", "GIT_CONFIG_NOSYSTEM": "1"}
            url = f"http://127.0.0.1:{port}/r/.git/HEAD"
            program = f"import urllib.request as u; print(u.urlopen('{url}').read().decode())"
            argvs = [[sys.executable, "-c", program], ["curl", "-sS", url]]
            argvs += [["node", "-e", node, url]] if shutil.which("node") else []
            for argv in argvs:
                done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=DEADLINE)
                assert "ref: refs/heads/" in done.stdout, done
                assert egress.receipt()["status"] == 200
            subprocess.run(["git", "clone", "-q", f"http://127.0.0.1:{port}/r/.git", folder + "/c"], env=env, check=True,
                           timeout=DEADLINE)
            assert egress.receipt()["host"] == "127.0.0.1"
    finally:
        web.kill()
        web.communicate()
        shutil.rmtree(folder)


def test_half_close_is_passed_on():
    def count(sock):
        sock.sendall(b"%d" % len(read_all(sock)))
    def first(sock):  # the server ends first, and still listens
        sock.sendall(b"bye")
        sock.shutdown(socket.SHUT_WR)
        ends.put(read_all(sock))
    ends = queue.Queue()
    with Server(count) as server, Egress(allow=[server.at]) as egress:
        reply, sock = socks(egress, b"127.0.0.1", server.port)
        assert reply == 0
        sock.sendall(b"x" * 100000)
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b"100000"
        assert egress.receipt()["bytes_out"] == 100000
    with Server(first) as server, Egress(allow=[server.at]) as egress:
        reply, sock = socks(egress, b"127.0.0.1", server.port)
        assert read_all(sock) == b"bye"
        sock.sendall(b"still there")
        sock.close()
        egress.receipt()
        assert ends.get(timeout=DEADLINE) == b"still there"


def test_names_are_resolved_here():
    with Server() as server, Deaf() as deaf:
        preload = fake(f"example.com={PUBLIC} deep.a.example.org=93.184.216.35,93.184.216.36,{PUBLIC}",
                       f"{PUBLIC}={server.at} 93.184.216.35=refused 93.184.216.36={deaf.at}")
        with Egress(allow=["example.com", "*.example.org"], preload=preload, hurry=20) as egress:
            assert curl(egress, "http://example.com/", proxy="socks5h").stdout == "hello\n"
            assert curl(egress, "http://EXAMPLE.com/").stdout == "hello\n"
            assert [r["address"] for r in egress.receipt(2)] == [PUBLIC, PUBLIC]
            # the first address refuses, the second never answers, the third serves
            assert curl(egress, "http://deep.a.example.org/").stdout == "hello\n"
            assert egress.receipt()["address"] == PUBLIC
            done = curl(egress, "http://gone.example.org/")
            assert "cannot be resolved" in done.stdout, done
            assert egress.receipt()["status"] == 502


# ---- what is refused ----

NOT_LISTED = ["notexample.com:443", "notexample.org:443", "example.com.evil:443", "a.example.com:443", "example.com:22", "example.org:443",
              "example.com.:443", "example.com..:443", "127.1:8080", "2130706433:8080", "0x7f.1:8080", "0177.0.0.1:8080",
              "127.0.0.1:8080", "0:80", "0.0.0.0:80", "[::1]:80", "[::ffff:127.0.0.1]:80", "[::ffff:7f00:1]:80", "[::]:80",
              "[fe80::1%25eth0]:80", "[::1%lo]:80", "169.254.169.254:80", "[fd00:ec2::254]:80", "[64:ff9b::7f00:1]:80",
              "[2002:7f00:1::]:80", "user@example.com:443", "example.com@evil:443", "example.com%00.evil:443",
              "example.com%2eevil:443", "ex\u00e4mple.com:443", "example.com:0443x", "example.com:0", "example.com:65979",
              "example.com:", "*.example.com:443", "-x.example.org:443", "a..example.org:443", "a" * 64 + ".example.org:443",
              ".example.org:443", "localhost:80", "1.2.3:443", "0x7f000001:443", "0x:443", "example.com:443:443"]


def test_every_other_name_is_refused_and_recorded():
    with Egress(allow=["example.com", "*.example.org"]) as egress:
        for target in NOT_LISTED:
            answer = connect(egress, target)
            assert answer.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 400 ")), (target, answer)
            veto = egress.veto()
            assert veto["final_action"] == "refused" and veto["veto_reason"], veto
            answer = egress.talk(f"GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
            assert answer.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 400 ")), (target, answer)
            egress.veto()
        for host, kind in ((b"notexample.com", 3), (b"example.com.", 3), (b"127.1", 3), (b"2130706433", 3), (b"0x7f.1", 3),
                           (b"::ffff:127.0.0.1", 3), (b"example.com\0.evil", 3), (b"example.com\r\n", 3), (b"a%eth0", 3),
                           (b"", 3), (b"x" * 255, 3), (bytes([127, 0, 0, 1]), 1), (b"\0" * 15 + b"\1", 4),
                           (b"\0" * 10 + b"\xff\xff\x7f\0\0\1", 4), (bytes([169, 254, 169, 254]), 1)):
            reply, sock = socks(egress, host, 80, kind)
            assert reply == 2, (host, reply)
            sock.close()
            egress.veto()
        assert egress.nothing_more()


def test_refusal_says_which_line_opens_it():
    with Egress(allow=["example.com"]) as egress:
        done = curl(egress, "http://api.example.net:8080/")
        assert '"api.example.net:8080" in network.allow' in done.stdout, done
        veto = egress.veto()
        assert veto["candidate_action"] == "GET http://api.example.net:8080" and "network.allow" in veto["veto_reason"]
        done = curl(egress, "http://192.0.2.1/")
        assert '"192.0.2.1:80" in network.allow' in done.stdout, done
        egress.veto()
        done = curl(egress, "http://localhost/")
        assert '"localhost:80" in network.allow' in done.stdout, done
        egress.veto()
        done = subprocess.run(["curl", "-sS", "-p", "-x", f"http://127.0.0.1:{egress.port}", "http://api.example.net/"],
                              capture_output=True, text=True)
        assert "403" in done.stderr, done
        assert egress.veto()["candidate_action"] == "connect api.example.net:80"


def test_allowed_names_that_lead_inside():
    inside = ["10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1", "172.31.0.1", "100.64.0.1", "0.0.0.0", "224.0.0.1",
              "255.255.255.255", "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
              "168.63.129.16", f"{PUBLIC},10.0.0.1", "93.184.216.40,::1"]
    with Server() as server:
        preload = fake(" ".join(f"n{i}.example.com={a}" for i, a in enumerate(inside)), f"{PUBLIC}={server.at}")
        with Egress(allow=["*.example.com"], preload=preload) as egress:
            for i, address in enumerate(inside):
                done = curl(egress, f"http://n{i}.example.com/")
                assert "resolves to" in done.stdout, (address, done)
                assert "resolves to" in egress.veto()["veto_reason"]
            assert not server.heads and egress.nothing_more()


def test_a_public_address_of_this_machine():
    home = ["unshare", "-Urn", "sh", "-c", f'ip link set lo up; ip addr add {PUBLIC}/32 dev lo; exec "$0" "$@"']
    preload = fake(f"example.com={PUBLIC}", "")
    with Egress(allow=["example.com"], preload=preload, before=home) as egress:
        assert "an address of this machine" in curl(egress, "http://example.com/").stdout
        assert "an address of this machine" in egress.veto()["veto_reason"]


def test_named_addresses():
    with Server() as server, Egress(allow=[server.at, "169.254.169.254:80", "127.0.0.1", "0.0.0.0:80"]) as egress:
        decimal = f"2130706433:{server.port}"  # another spelling of an address that is named
        assert connect(egress, decimal).startswith(b"HTTP/1.1 200"), "127.0.0.1 by its number"
        egress.receipt()
        for target in ("169.254.169.254:80", "0.0.0.0:80", "127.0.0.1:80", f"127.0.0.2:{server.port}"):
            assert connect(egress, target).startswith(b"HTTP/1.1 403"), target
            egress.veto()


def test_each_request_of_a_connection_is_judged():
    with Server() as server, Egress(allow=[server.at]) as egress:
        one = f"GET http://{server.at}/ HTTP/1.1\r\nHost: {server.at}\r\n\r\n"
        two = "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"
        answer = egress.talk((one + one + two + one).encode())
        assert answer.count(b"200 OK") == 2 and answer.count(b"403 Forbidden") == 1, answer
        assert answer.index(b"403") > answer.rindex(b"200 OK") and len(server.heads) == 2
        assert egress.veto()["candidate_action"] == "GET http://evil.example:80"
        egress.receipt(2)


def test_no_answer_is_another_hosts():
    def talkative(sock):
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
        sock.close()
    with Server(talkative) as talker, Server() as server, Egress(allow=[talker.at, server.at]) as egress:
        first = f"GET http://{talker.at}/ HTTP/1.1\r\nHost: {talker.at}\r\n\r\n"
        for second in (f"GET http://{server.at}/ HTTP/1.1\r\nHost: {server.at}\r\nConnection: close\r\n\r\n",
                       f"CONNECT {server.at} HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n"):
            answer = egress.talk((first + second).encode())
            assert b"forged" not in answer and answer.endswith(b"hello\n"), answer


def test_smuggling_is_refused_before_anything_is_sent():
    with Server() as server, Egress(allow=[server.at]) as egress:
        first = f"POST http://{server.at}/ HTTP/1.1\r\nHost: {server.at}\r\n"
        get = f"GET http://{server.at}/ HTTP/1.1\r\n"
        body = "\r\n0\r\n\r\n"
        cases = [
            first + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" + body,
            first + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" + body,
            first + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
            first + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
            first + "Content-Length: +5\r\n\r\nabcde",
            first + "Content-Length: 5, 5\r\n\r\nabcde",
            first + "Content-Length: 0x5\r\n\r\nabcde",
            first + "Content-Length: -1\r\n\r\n",
            first + "Content-Length: 99999999999999999999\r\n\r\n",
            first + "Content-Length : 5\r\n\r\nabcde",
            first + "Transfer-Encoding : chunked\r\n" + body,
            first + "Transfer-Encoding: xchunked\r\n" + body,
            first + "Transfer-Encoding: chunked, identity\r\n" + body,
            first + "Transfer-Encoding: gzip, chunked\r\n" + body,
            first + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" + body,
            first + "Transfer-Encoding:\x0bchunked\r\n" + body,
            first + "X: a\r\n Transfer-Encoding: chunked\r\n" + body,
            first + " folded: at once\r\n\r\n",
            first + "X: a\nTransfer-Encoding: chunked\r\n" + body,
            first + "X: a\rTransfer-Encoding: chunked\r\n" + body,
            first + "X: a\0b\r\n\r\n",
            first + ": no name\r\n\r\n",
            first + "no colon\r\n\r\n",
            first + "Sp ace: x\r\n\r\n",
            f"POST http://{server.at}/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" + body,
            get + "\r\n",
            get + f"Host: {server.at}\r\nHost: {server.at}\r\n\r\n",
            get + "Host: evil.example\r\n\r\n",
            get + "Host: 127.0.0.1\r\n\r\n",
            get + f"Host: {server.at}@evil.example\r\n\r\n",
            f"GET http://{server.at}/ HTTP/2.0\r\nHost: {server.at}\r\n\r\n",
            f"GET http://{server.at}/a b HTTP/1.1\r\nHost: {server.at}\r\n\r\n",
            f"GET http://{server.at}/#x HTTP/1.1\r\nHost: {server.at}\r\n\r\n",
            f"GET http://evil.example@{server.at}/ HTTP/1.1\r\nHost: {server.at}\r\n\r\n",
            f"GET http://{server.at}\\@evil.example/ HTTP/1.1\r\nHost: {server.at}\r\n\r\n",
            f"GET https://{server.at}/ HTTP/1.1\r\nHost: {server.at}\r\n\r\n",
            f"GET ftp://{server.at}/ HTTP/1.1\r\nHost: {server.at}\r\n\r\n",
            f"GET / HTTP/1.1\r\nHost: {server.at}\r\n\r\n",
            f"OPTIONS * HTTP/1.1\r\nHost: {server.at}\r\n\r\n",
            get + f"Host: {server.at}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            f"CONNECT {server.at} HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
            f"CONNECT {server.at} HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd",
            "CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n",
            f"CONNECT http://{server.at}/ HTTP/1.1\r\n\r\n",
            "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            "garbage\r\n\r\n",
            "\r\n\n",
            "\r\n" * 5 + get + f"Host: {server.at}\r\n\r\n",
            first + "X: " + "a" * 70000 + "\r\n\r\n",
            first + "X: a\r\n" * 101 + "\r\n",
        ]
        for case in cases:
            answer = egress.talk(case.encode("latin-1"), half_close=True)
            assert answer.startswith(b"HTTP/1.1 400 "), (case[:200], answer)
            assert egress.veto()["veto_reason"], case
        assert not server.heads and egress.nothing_more(), server.heads


def test_bad_chunks_never_end_a_request():
    with Server() as server, Egress(allow=[server.at]) as egress:
        first = f"POST http://{server.at}/ HTTP/1.1\r\nHost: {server.at}\r\nTransfer-Encoding: chunked\r\n\r\n"
        for chunks in ("x\r\n", "5\r\nabcdefg\r\n0\r\n\r\n", "-1\r\n", "ffffffffffffffffff\r\n",
                       " 5\r\nabcde\r\n0\r\n\r\n"):
            answer = egress.talk((first + chunks).encode(), half_close=True)
            assert b"200 OK" not in answer and answer[:13] in (b"HTTP/1.1 400 ", b"<reset>", b""), (chunks, answer)
            egress.veto()
        # what is taken is framed anew: no extension, no trailer arrives
        answer = egress.talk((first + "3;a=b\r\nabc\r\n0\r\nContent-Length: 7\r\n\r\n").encode(), half_close=True)
        assert b"200 OK" in answer and b"3\r\nabc\r\n0\r\n\r\n" in server.bodies, (answer, server.bodies)


def test_answers_that_are_no_http():
    answers = [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\nX: 1\n\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
               b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200,
               b"HTTP/1.1 100 Continue\r\n\r\n" * 17]
    def talk(sock):
        read_head(sock)
        sock.sendall(answers[0])
    with Server(talk) as server, Egress(allow=[server.at]) as egress:
        while answers:
            answer = egress.talk(f"GET http://{server.at}/ HTTP/1.1\r\nHost: {server.at}\r\n\r\n".encode())
            assert b"HTTP/1.1 502 " in answer, (answers[0], answer)
            assert egress.receipt()["error"]
            answers.pop(0)


def test_a_cut_body_is_no_whole_one():
    def cut(sock):
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    with Server(cut) as server, Egress(allow=[server.at]) as egress:
        assert curl(egress, f"http://{server.at}/").returncode != 0
        assert egress.receipt()["error"]


def test_other_socks():
    with Server() as server, Egress(allow=[server.at]) as egress:
        assert egress.talk(b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00")[:2] == b"\x00\x5b"
        egress.veto()
        assert egress.talk(b"\x05\x01\x02") == b"\x05\xff"
        egress.veto()
        for command, reply in ((2, 7), (3, 7), (9, 7)):
            assert socks(egress, b"127.0.0.1", server.port, command=command)[0] == reply
            egress.veto()
        with socket.create_connection(("127.0.0.1", egress.port), DEADLINE) as sock:
            sock.sendall(b"\x05\x01\x00\x05\x01\x00\x07\x00\x00\x00")  # an address type that there is not
            assert sock.recv(2) == b"\x05\x00" and sock.recv(10)[1] == 8
        egress.veto()
        reply, sock = socks(egress, bytes([127, 0, 0, 1]), server.port, kind=1)
        assert reply == 0
        sock.close()


# ---- limits ----

def test_slow_and_silent_clients_end():
    def mute(sock):
        sock.recv(1 << 16)
        read_all(sock)
    with Server(mute) as server, Deaf() as deaf:
        preload = fake(f"slow.example=hang far.example={PUBLIC}", f"{PUBLIC}={deaf.at}")
        with Egress(allow=[server.at, "slow.example", "far.example"], hurry=100, preload=preload) as egress:
            assert egress.talk(b"") == b""                                # says nothing
            assert egress.talk(b"\x05") == b""                            # begins a greeting
            assert egress.talk(b"GET http://a/").startswith(b"HTTP/1.1 408")
            egress.veto()
            assert egress.talk(b"GET http://slow.example/ HTTP/1.1\r\nHost: slow.example\r\n\r\n").startswith(b"HTTP/1.1 504")
            assert egress.talk(b"GET http://far.example/ HTTP/1.1\r\nHost: far.example\r\n\r\n").startswith(b"HTTP/1.1 504")
            answer = egress.talk(f"CONNECT {server.at} HTTP/1.1\r\n\r\n".encode())   # an idle tunnel
            assert answer.startswith(b"HTTP/1.1 200"), answer
            answer = egress.talk(f"CONNECT {server.at} HTTP/1.1\r\n\r\n".encode(), half_close=True)
            assert answer.startswith(b"HTTP/1.1 200"), answer
            answer = egress.talk(f"GET http://{server.at}/ HTTP/1.1\r\nHost: {server.at}\r\n\r\n".encode())
            assert all(r["error"] for r in egress.receipt(4)[:2])
            assert egress.end() == 0  # though a thread still looks up a name


def test_byte_budget():
    def flood(sock):
        while True:
            sock.sendall(b"x" * 65536)
    with Server(flood) as server, Egress(allow=[server.at], bytes=1000000) as egress:
        reply, sock = socks(egress, b"127.0.0.1", server.port)
        assert reply == 0
        got = read_all(sock).replace(b"<reset>", b"")
        assert len(got) <= 1000000
        assert egress.wait_for(lambda m: m["type"] == "exceeded")["budget"] == "bytes"
        assert egress.receipt()["bytes_in"] <= 1000000
        assert b"byte budget" in connect(egress, server.at)


def test_heads_and_what_comes_with_them_are_bytes_too():
    with Server() as server, Egress(allow=[server.at], bytes=10000) as egress:
        for _ in range(5):
            egress.talk(f"GET http://{server.at}/{'x' * 8000} HTTP/1.0\r\n\r\n".encode())
        assert egress.wait_for(lambda m: m["type"] == "exceeded")["budget"] == "bytes"
        assert b"byte budget" in connect(egress, server.at)
    with Server(read_all) as server, Egress(allow=[server.at], bytes=1000) as egress:
        egress.talk(f"CONNECT {server.at} HTTP/1.1\r\n\r\n".encode() + b"x" * 4000)
        assert egress.wait_for(lambda m: m["type"] == "exceeded")["budget"] == "bytes"


def test_connection_budget():
    with Server() as server, Egress(allow=[server.at], connections=2) as egress:
        results = [curl(egress, f"http://{server.at}/").stdout for _ in range(4)]
        assert results[:2] == ["hello\n"] * 2 and all("connection budget" in r for r in results[2:]), results
        assert egress.wait_for(lambda m: m["type"] == "exceeded")["budget"] == "connections"
        egress.receipt(2)
        egress.wait_for(lambda m: m.get("event") == "action.vetoed", 2)
        assert egress.nothing_more()


def test_many_at_once_and_who_comes_then_waits():
    def echo(sock):
        while data := sock.recv(4096):
            sock.sendall(data)
    with Server(echo) as server, Egress(allow=[server.at]) as egress:
        tunnels = []
        for _ in range(512):
            reply, sock = socks(egress, b"127.0.0.1", server.port)
            assert reply == 0
            tunnels.append(sock)
        for i, sock in enumerate(tunnels):
            sock.sendall(b"%d" % i)
        for i, sock in enumerate(tunnels):
            assert sock.recv(100) == b"%d" % i
        late = socket.create_connection(("127.0.0.1", egress.port), DEADLINE)
        late.sendall(b"\x05\x01\x00")
        for sock in tunnels[:10]:  # the loop goes round
            sock.sendall(b"again")
            assert sock.recv(100) == b"again"
        assert not readable(late), "one more than the limit was served"
        tunnels.pop().close()
        assert late.recv(2) == b"\x05\x00"
        for sock in tunnels:
            sock.close()
        egress.receipt(512)


def test_memory_follows_no_sender():
    def flood(sock):
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sock.sendall(b"x" * (1 << 20))
    with Server(flood) as server, Egress(allow=[server.at]) as egress:
        socks_ = []
        before = egress.rss_kib()
        for i in range(20):
            sock = socket.create_connection(("127.0.0.1", egress.port), DEADLINE)
            sock.sendall(f"GET http://{server.at}/ HTTP/1.1\r\nHost: {server.at}\r\n\r\n".encode())
            read_head(sock)
            socks_.append(sock)
        got = 0
        while got < 100 << 20:
            got += len(socks_[0].recv(1 << 20))
        assert egress.rss_kib() - before < 8192, (before, egress.rss_kib())
        for sock in socks_:
            sock.close()
        egress.receipt(20)


def test_a_flood_of_refusals_is_counted():
    with Egress(allow=[]) as egress:
        for _ in range(2300):
            with socket.create_connection(("127.0.0.1", egress.port), DEADLINE) as sock:
                sock.sendall(b"\x05\x01\x00\x05\x01\x00\x01\x01\x02\x03\x04\x00\x50")
                read_all(sock)
            egress.poll()
        assert egress.end() == 0
        vetoes = len([m for m in egress.messages if m["type"] == "record"])
        dropped = sum(m["count"] for m in egress.messages if m["type"] == "dropped")
        assert vetoes + dropped == 2300 and dropped > 0, (vetoes, dropped)


# ---- the two channels ----

def test_close_ends_all_and_listen_begins_anew():
    def hold(sock):
        read_all(sock)
    with Server(hold) as server, Egress(allow=[server.at]) as egress:
        sock = socks(egress, b"127.0.0.1", server.port)[1]
        port = egress.port
        egress.close_step()
        assert read_all(sock) in (b"", b"<reset>")
        assert egress.receipt()["error"] == "the step ended"
        try:
            socket.create_connection(("127.0.0.1", port), DEADLINE).close()
            raise AssertionError("it still listens")
        except ConnectionRefusedError:
            pass
        egress.port = egress.listen("proxy")
        assert socks(egress, b"127.0.0.1", server.port)[0] == 0


def test_the_runner_gone_flushes_and_exits():
    with Server(read_all) as server:
        egress = Egress(allow=[server.at])
        sock = socks(egress, b"127.0.0.1", server.port)[1]
        assert egress.end() == 0
        assert egress.receipt()["error"] == "the step ended"
        sock.close()


def test_the_supervisor_gone_exits_at_once():
    with Server(read_all) as server:
        egress = Egress(allow=[server.at])
        sock = socks(egress, b"127.0.0.1", server.port)[1]
        egress.supervisor.close()
        assert egress.process.wait(DEADLINE) == 0
        egress.runner.close()
        egress.process.stderr.close()
        sock.close()


def test_a_runner_that_talks_nonsense():
    listener = socket.create_server(("127.0.0.1", 0))
    plain, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
    unix = socket.socket(socket.AF_UNIX)
    unix.bind("")
    unix.listen()
    cases = [(b"garbage\n", []), (b"{}\n", []), (b'{"type":"config"}\n', []), (b'{"type":"listen"}\n', []),
             (b'{"type":"listen","for":"nobody"}\n', [listener]), (b'{"type":"listen","for":"proxy"}\n', []),
             (b'{"type":"listen","for":"proxy"}\n', [plain]), (b'{"type":"listen","for":"proxy"}\n', [udp]),
             (b'{"type":"listen","for":"proxy"}\n', [unix]), (b'{"type":"close","for":"proxy"}\n', []),
             (b'{"type":"listen","for":"proxy","x":1}\n', [listener]), (b"[" * 5000 + b"\n", []), (b"x" * (1 << 20) + b"x\n", []),
             (b'{"type":"listen","for":"proxy"}\n' * 40, [listener])]
    for data, passed in cases:
        egress = Egress()
        fds = [s.fileno() for s in passed]
        try:
            egress.runner.sendmsg([data[:60000]], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))] if fds else [])
            egress.runner.sendall(data[60000:])
        except (BrokenPipeError, ConnectionResetError):
            pass
        status = egress.end()
        assert status == 2 and "cupel-egress: " in egress.errors, (data[:80], status, egress.errors)
    for sock in (listener, plain, udp, unix):
        sock.close()


def processor_time(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_listener_that_is_shut_down_behind_its_back():
    with Server() as server, Egress(allow=[server.at]) as egress:
        listener = socket.create_server(("127.0.0.1", 0))
        egress.say(egress.runner, {"type": "listen", "for": "proxy"}, [listener.fileno()])
        egress.port = egress.listen("proxy")
        assert "hello" in curl(egress, f"http://{server.at}/").stdout  # both orders are obeyed
        listener.shutdown(socket.SHUT_RDWR)
        before = processor_time(egress.process.pid)
        assert not readable(egress.runner, 1.0), "it has ended"
        assert "hello" in curl(egress, f"http://{server.at}/").stdout
        assert processor_time(egress.process.pid) - before < os.sysconf("SC_CLK_TCK") // 4, "it turns in circles"
        listener.close()


def test_a_listener_that_makes_closing_wait():
    def flood(sock):
        while True:
            sock.sendall(b"x" * 65536)
    with Server(flood) as server, Egress(allow=[server.at]) as egress:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 2 * DEADLINE))
        egress.say(egress.runner, {"type": "listen", "for": "proxy"}, [listener.fileno()])
        egress.port = listener.getsockname()[1]
        reply, sock = socks(egress, b"127.0.0.1", server.port)  # and nobody reads
        assert reply == 0 and readable(sock, DEADLINE)
        egress.close_step()
        sock.close()
        listener.close()


def test_a_bad_configuration():
    good = {"allow": [], "bytes": 0, "connections": 0, "routes": [], "prices": [], "cost": 0}
    secret = {"name": "a", "upstream": "https://a.example", "headers": [{"name": "x-api-key", "value": "SECRET"}], "allow": []}
    for change in ({"allow": ["*"]}, {"allow": ["a.example:0"]}, {"allow": [""]}, {"allow": ["http://a.example"]}, {"bytes": -1},
                   {"more": 1}, {"routes": [{**secret, "name": "proxy"}]}, {"routes": [secret, secret]},
                   {"routes": [{**secret, "more": 1}]}, {"allow": ["a.example."]}, {"allow": ["*.1.2.3.4"]}):
        supervisor, theirs = socket.socketpair()
        process = subprocess.Popen(["bash", "-c", f'exec 3<&{theirs.fileno()} 4<&3; exec "$0"', BIN / "cupel-egress"],
                                   pass_fds=[theirs.fileno()], stderr=subprocess.PIPE)
        theirs.close()
        Egress.say(supervisor, {"type": "config", **good, **change})
        assert process.wait(DEADLINE) == 2, change
        text = process.stderr.read().decode()
        assert text.startswith("cupel-egress: ") and "SECRET" not in text, text
        process.stderr.close()
        supervisor.close()


def test_nothing_to_dump():
    with Egress() as egress:
        limits = Path(f"/proc/{egress.process.pid}/limits").read_text()
        assert [l.split()[4:6] for l in limits.splitlines() if l.startswith("Max core")] == [["0", "0"]], limits
        if os.getuid():
            try:
                Path(f"/proc/{egress.process.pid}/environ").read_bytes()
                raise AssertionError("its own user can look into it")
            except PermissionError:
                pass


def main():
    cases = {n: f for n, f in globals().items() if n.startswith("test_") and (len(sys.argv) == 1 or n in sys.argv[1:])}
    failed = 0
    for name, case in cases.items():
        try:
            case()
            print(f"ok - {name[5:].replace('_', ' ')}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok - {name[5:].replace('_', ' ')}", flush=True)
            print("".join("#   " + line + "\n" for line in traceback.format_exc().splitlines()), end="", flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
