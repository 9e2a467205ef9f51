# SPDX-License-Identifier: Apache-2.0
"""Rows `egress` and `route` of scripts/bench: cupel-egress between a client and a server on loopback, beside the two without it."""
import os
import socket
import statistics
import sys
import time
from pathlib import Path

from bench_place import TOP

sys.path.insert(0, str(TOP / "tests" / "lib"))
from egress import Egress, Server, read_head  # noqa: E402

SIZE = 1 << 30
EVENT = b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "%s"}}\n\n'
BLOCK = b"".join(EVENT % (b"word " * 8) for _ in range(500))
PRICES = [{"model": "*", "input": 1, "output": 1, "cache_read": 1, "cache_write": 1}]


def grown(bench, egress, before):
    more = (egress.rss_kib() - before) / 1024
    bench.row("  what its memory grew by meanwhile", more, "MiB", "<= 4 MiB", more <= 4, f"peak {egress.rss_kib() / 1024:.1f} MiB")


def egress(bench):
    """1 GB through the proxy, each way of asking for it; 200 connections at once."""
    large_answer(bench)
    many_tunnels(bench)


def large_answer(bench):
    payload = bench.folder / "payload"
    with open(payload, "wb") as file:
        file.truncate(SIZE)

    def serve(sock):
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        with open(payload, "rb") as file:
            sock.sendfile(file)

    with Server(serve) as server, Egress(allow=[server.at]) as proxy:
        get = ["curl", "-sS", "-o", "/dev/null", f"http://{server.at}/"]
        ways = {"plain HTTP": ["-x", f"http://127.0.0.1:{proxy.port}"], "CONNECT": ["-p", "-x", f"http://127.0.0.1:{proxy.port}"],
                "SOCKS 5": ["-x", f"socks5h://127.0.0.1:{proxy.port}"]}
        bench.timed(get)
        before = proxy.rss_kib()
        times = [{"direct": bench.timed(get), **{way: bench.timed(get + args) for way, args in ways.items()}} for _ in range(5)]
        p50 = {way: statistics.median(t[way] for t in times) for way in times[0]}
        for way in ways:
            share = 100 * p50["direct"] / p50[way]
            bench.row(f"1 GB through the proxy, {way}", share, "%", ">= 60 % of direct", share >= 60,
                      f"direct {SIZE / p50['direct'] / 1e6:.2f} GB/s")
        grown(bench, proxy, before)


def many_tunnels(bench):
    def echo(sock):
        while data := sock.recv(4096):
            sock.sendall(data)

    with Server(echo) as server, Egress(allow=[server.at]) as proxy:
        request = f"CONNECT {server.at} HTTP/1.1\r\n\r\n".encode()
        begin = time.perf_counter()
        socks = [socket.create_connection(("127.0.0.1", proxy.port)) for _ in range(200)]
        for sock in socks:
            sock.sendall(request)
        served = sum(b" 200 " in read_head(sock) for sock in socks)
        for sock in socks:
            sock.sendall(b"x")
        served = min(served, sum(sock.recv(1) == b"x" for sock in socks))
        took = (time.perf_counter() - begin) * 1000
        for sock in socks:
            sock.close()
        bench.row("tunnels at once", served, "", "200", served == 200, f"all answered within {took:.0f} ms")


def serve_events(sock):
    """An upstream: one byte to each request, a stream of events of SIZE bytes to one that asks for much."""
    while head := read_head(sock):
        body = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
        while body:
            body -= len(sock.recv(body))
        if b"/v1/messages?big" not in head:
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 1\r\n\r\n\n")
            continue
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for _ in range(SIZE // len(BLOCK)):
            sock.sendall(BLOCK)
        return


def first_byte(sock):
    begin = time.perf_counter()
    sock.sendall(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    head = read_head(sock)
    took = (time.perf_counter() - begin) * 1000
    sock.recv(1)
    if b" 200 " not in head:
        sys.exit(f"bench: the route answered {head[:200]}")
    return took


def stream(bench, port):
    """MB/s of a whole stream."""
    begin = time.perf_counter()
    got = bench.sh(["curl", "-sS", "--fail", "-o", "/dev/null", "-w", "%{size_download}", "-H", "Content-Type: application/json",
                    "-d", "{}", f"http://127.0.0.1:{port}/v1/messages?big"]).stdout
    took = time.perf_counter() - begin
    if int(got) < SIZE - len(BLOCK):
        sys.exit(f"bench: of {SIZE} bytes of the stream came {got}")
    return int(got) / took / 1e6


def cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def first_bytes(bench, ports):
    socks = {way: socket.create_connection(("127.0.0.1", port)) for way, port in ports.items()}
    times = [{way: first_byte(sock) for way, sock in socks.items()} for _ in range(300)]
    p50 = {way: statistics.median(t[way] for t in times) for way in ports}
    extra = p50["metered"] - p50["direct"]
    bench.row("route: time to first byte, beyond direct", extra, "ms", "<= 3 ms", extra <= 3,
              ", ".join(f"{way} {ms:.2f} ms" for way, ms in p50.items()))


def streams(bench, ports, pid):
    rates, used = [], {}
    for _ in range(3):
        rates.append({})
        for way, port in ports.items():
            begin = cpu(pid)
            rates[-1][way] = stream(bench, port)
            used[way] = min(used.get(way, 1e9), cpu(pid) - begin)
    p50 = {way: statistics.median(r[way] for r in rates) for way in ports}
    bench.row("route: an event stream of 1 GB, metered", p50["metered"], "MB/s", ">= 200 MB/s", p50["metered"] >= 200,
              ", ".join(f"{way} {rate:.0f} MB/s" for way, rate in p50.items())
              + f"; CPU of cupel-egress {used['plain']:.0f} ms, metered {used['metered']:.0f} ms")


def route(bench):
    """A credential route with metering on, beside the same upstream directly: first byte, an event stream of 1 GB, memory."""
    with Server(serve_events) as server:
        routes = [{"name": name, "upstream": f"http://{server.at}", "headers": [{"name": "x-api-key", "value": "sk-bench-0123456789"}],
                   "allow": ["POST /v1/messages"], "meter": meter} for name, meter in (("metered", "anthropic"), ("plain", "none"))]
        with Egress(routes=routes, prices=PRICES) as proxy:
            ports = {"direct": server.port, "plain": proxy.listen("plain"), "metered": proxy.listen("metered")}
            first_bytes(bench, ports)
            before = proxy.rss_kib()
            streams(bench, ports, proxy.process.pid)
            grown(bench, proxy, before)
