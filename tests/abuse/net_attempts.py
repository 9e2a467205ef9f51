#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Made inside a step that may reach 127.0.0.1:PORT, NAME:OTHER and example.com: tries to reach what it may not.

    net_attempts.py PORT OTHER NAME

PORT is allowed as an address; OTHER listens there, too, and is allowed only by a name that leads to a private address. One line
per attempt: its name and "refused", or "OPEN" with what came back. tests/abuse/test_network.sh has the numbers.
"""
import os
import socket
import sys

PORT, OTHER, NAME = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
PROXY = ("127.0.0.1", 61080)


def talk(data, more=b""):
    """What the proxy answers to these bytes."""
    with socket.create_connection(PROXY, 10) as sock:
        sock.settimeout(10)
        sock.sendall(data)
        answer = sock.recv(65536)
        if more and answer:
            sock.sendall(more)
            answer = b""
            while True:
                piece = sock.recv(65536)
                if not piece:
                    break
                answer += piece
                if b"\r\n\r\n" in answer:
                    break
        return answer


def connect(authority, host=None):
    authority = authority if isinstance(authority, bytes) else authority.encode()
    return talk(b"CONNECT " + authority + b" HTTP/1.1\r\nHost: " + (host or authority) + b"\r\n\r\n")


def get(url, host):
    return talk(f"GET {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())


def socks(host, port):
    with socket.create_connection(PROXY, 10) as sock:
        sock.settimeout(10)
        sock.sendall(b"\x05\x01\x00")
        sock.recv(2)
        sock.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host + port.to_bytes(2, "big"))
        return sock.recv(64)


def direct(host, port):
    """Without the proxy at all, as a client does that was told NO_PROXY=*."""
    try:
        socket.create_connection((host, port), 5).close()
    except OSError:
        return b""
    return b"HTTP/1.1 200 connected"


def second_request():
    """A kept-alive connection: the first request is allowed, the second names another server."""
    first = f"GET http://127.0.0.1:{PORT}/f.txt HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\r\n".encode()
    second = f"GET http://127.0.0.1:{OTHER}/f.txt HTTP/1.1\r\nHost: 127.0.0.1:{OTHER}\r\n\r\n".encode()
    return talk(first, second)


ATTEMPTS = {
    "no_proxy": lambda: direct("127.0.0.1", OTHER),
    "raw_connect": lambda: direct("1.1.1.1", 443),
    "another_name": lambda: connect("other.example:443"),
    "another_port": lambda: connect(f"127.0.0.1:{OTHER}"),
    "longer_name": lambda: connect("notexample.com:443"),
    "name_below_another": lambda: connect("example.com.evil.example:443"),
    "name_below": lambda: connect("sub.example.com:443"),
    "trailing_dot": lambda: connect(f"localhost.:{PORT}"),
    "two_dots": lambda: connect(f"127.0.0.1..:{PORT}"),
    "short_address": lambda: connect(f"127.1:{OTHER}"),
    "decimal_address": lambda: connect(f"2130706433:{OTHER}"),
    "hex_address": lambda: connect(f"0x7f.1:{OTHER}"),
    "octal_address": lambda: connect(f"0177.0.0.1:{OTHER}"),
    "mapped_address": lambda: connect(f"[::ffff:127.0.0.1]:{OTHER}"),
    "any_address": lambda: connect(f"0.0.0.0:{OTHER}"),
    "metadata": lambda: connect("169.254.169.254:80"),
    "nul": lambda: connect(f"127.0.0.1:{OTHER}\0:{PORT}"),
    "crlf": lambda: connect(f"127.0.0.1:{OTHER}\r\nHost: 127.0.0.1:{PORT}"),
    "zone": lambda: connect(f"[fe80::1%lo]:{OTHER}"),
    "user_info": lambda: connect(f"127.0.0.1:{PORT}@127.0.0.1:{OTHER}"),
    "private_name": lambda: connect(f"{NAME}:{OTHER}"),
    "host_is_not_target": lambda: get(f"http://127.0.0.1:{OTHER}/f.txt", f"127.0.0.1:{PORT}"),
    "target_is_not_host": lambda: get(f"http://127.0.0.1:{PORT}/f.txt", f"127.0.0.1:{OTHER}"),
    "second_request": second_request,
    "socks_name": lambda: socks(b"notexample.com", 443),
    "socks_address": lambda: socks(b"127.0.0.1", OTHER),
    "socks_nul": lambda: socks(b"127.0.0.1\0", OTHER),
    "socks_4": lambda: talk(b"\x04\x01" + OTHER.to_bytes(2, "big") + b"\x7f\0\0\x01\0"),
    "unix_socket": lambda: connect("/var/run/docker.sock"),
    "file_url": lambda: get("file:///etc/passwd", "127.0.0.1"),
    "ftp_url": lambda: get(f"ftp://127.0.0.1:{OTHER}/f.txt", f"127.0.0.1:{OTHER}"),
}

os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
for name, attempt in ATTEMPTS.items():
    try:
        answer = attempt()
    except OSError as error:
        answer = str(error).encode()
    good = answer.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2")) or answer[:2] in (b"\x05\x00", b"\x00\x5a")
    print(name, f"OPEN {answer[:60]!r}" if good else "refused", flush=True)
