# SPDX-License-Identifier: Apache-2.0
"""cupel-egress by itself: its two sockets by hand, listeners on the machine's loopback, and small servers behind it."""
import array
import fcntl
import json
import os
import resource
import select
import socket
import subprocess
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("CUPEL_BIN", TOP / "build" / "bin"))
DEADLINE = 30

# the cases hold more sockets than the usual 1,024
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


class Egress:
    """with Egress(allow=["127.0.0.1:8080"]) as egress: … egress.port is the proxy's."""

    def __init__(self, allow=(), bytes=0, connections=0, routes=(), hurry=1, preload=None, before=(), prices=(), cost=0):
        self.supervisor, theirs_up = socket.socketpair()
        self.runner, theirs_down = socket.socketpair()
        self.messages = []
        self.pending = b""
        self.answers = b""
        env = dict(os.environ)
        if preload:
            env["LD_PRELOAD"] = str(preload)

        def arrange():  # between fork and exec: 3 and 4 are what the program expects
            up, down = os.dup(theirs_up.fileno()), os.dup(theirs_down.fileno())
            high_up, high_down = fcntl_dup(up, 50), fcntl_dup(down, 51)
            os.dup2(high_up, 3)
            os.dup2(high_down, 4)
            os.closerange(5, 64)

        self.process = subprocess.Popen([*before, BIN / "cupel-egress", "--hurry", str(hurry)], preexec_fn=arrange, env=env,
                                        close_fds=False, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        theirs_up.close()
        theirs_down.close()
        self.say(self.supervisor, {"type": "config", "allow": list(allow), "bytes": bytes, "connections": connections,
                                   "routes": [{"meter": "none", **route} for route in routes], "prices": list(prices),
                                   "cost": cost})
        self.wait_for(lambda m: m["type"] == "ready")
        self.port = self.listen("proxy")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    @staticmethod
    def say(sock, message, fds=()):
        data = json.dumps(message).encode() + b"\n"
        sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])

    def listen(self, name):
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.say(self.runner, {"type": "listen", "for": name}, [listener.fileno()])
        port = listener.getsockname()[1]
        listener.close()
        return port

    def close_step(self):
        self.say(self.runner, {"type": "close"})
        end = time.monotonic() + DEADLINE
        while b'{"type":"closed"}\n' not in self.answers:
            assert time.monotonic() < end, "no answer to close"
            assert readable(self.runner, DEADLINE), "no answer to close"
            got = self.runner.recv(4096)
            assert got, "the runner's socket was closed"
            self.answers += got
        self.answers = b""

    def poll(self, timeout=0.0):
        """Takes what has arrived from fd 3; False at its end."""
        if not readable(self.supervisor, timeout):
            return True
        try:
            got = self.supervisor.recv(1 << 16)
        except ConnectionResetError:
            got = b""
        *lines, self.pending = (self.pending + got).split(b"\n")
        self.messages += [json.loads(line) for line in lines]
        return bool(got)

    def wait_for(self, wanted, count=1):
        """The first `count` messages that fit, in order; they are taken out."""
        end = time.monotonic() + DEADLINE
        while True:
            found = [m for m in self.messages if wanted(m)][:count]
            if len(found) == count:
                for message in found:
                    self.messages.remove(message)
                return found[0] if count == 1 else found
            assert time.monotonic() < end, f"not within {DEADLINE} s; there is: {self.messages}"
            if not self.poll(1.0):
                self.process.wait(DEADLINE)
                text = self.process.stderr.read().decode(errors="replace")
                raise AssertionError(f"cupel-egress closed fd 3: {text}; there is: {self.messages}")

    def receipt(self, count=1):
        found = self.wait_for(lambda m: m.get("event") == "receipt.net", count)
        return found["data"] if count == 1 else [m["data"] for m in found]

    def veto(self):
        return self.wait_for(lambda m: m.get("event") == "action.vetoed")["data"]

    def nothing_more(self):
        """No record has come beside those that were taken."""
        self.poll()
        return not [m for m in self.messages if m["type"] == "record"]

    def end(self):
        """As when a run ends: the runner closes, everything is flushed, the program exits."""
        if self.supervisor.fileno() < 0:
            return self.process.wait(DEADLINE)
        self.runner.close()
        while self.poll(DEADLINE):
            pass
        self.supervisor.close()
        status = self.process.wait(DEADLINE)
        self.errors = self.process.stderr.read().decode(errors="replace")
        self.process.stderr.close()
        return status

    def talk(self, data, timeout=DEADLINE, half_close=False):
        """Sends bytes to the proxy, returns all that comes back until it closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as sock:
            if data:
                sock.sendall(data)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
            return read_all(sock)

    def rss_kib(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
        return 0


def fcntl_dup(fd, at_least):
    return fcntl.fcntl(fd, fcntl.F_DUPFD, at_least)


def readable(sock, timeout=0.0):
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(timeout * 1000))


def read_all(sock):
    parts = []
    try:
        while part := sock.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        parts.append(b"<reset>")
    return b"".join(parts)


def read_head(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(1)
        if not part:
            break
        data += part
    return data


class Server:
    """A server whose connections are handled by `talk(sock)`, one thread each; requests it read are kept."""

    def __init__(self, talk=None, host="127.0.0.1"):
        self.listener = socket.create_server((host, 0), backlog=512, family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port = self.listener.getsockname()[1]
        self.heads = []
        self.bodies = []
        self.talk = talk or self.answer
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    @property
    def at(self):
        return f"127.0.0.1:{self.port}"

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        with sock:
            try:
                self.talk(sock)
            except OSError:
                pass

    def answer(self, sock, body=b"hello\n"):
        head = read_head(sock)
        if not head:
            return
        self.heads.append(head)
        got = b""
        fields = head.lower()
        if b"content-length: " in fields:
            length = int(fields.split(b"content-length: ")[1].split(b"\r")[0])
            while len(got) < length and (part := sock.recv(1 << 16)):
                got += part
        elif b"chunked" in fields:
            while not got.endswith(b"0\r\n\r\n") and (part := sock.recv(1 << 16)):
                got += part
        self.bodies.append(got)
        # it says that it closes: who reuses a connection that is just being closed fails, and rightly does not ask twice
        self.answered = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        sock.sendall(self.answered)
