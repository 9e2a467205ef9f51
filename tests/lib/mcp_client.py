#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An MCP client of a few lines, to be run inside a run: starts `cupel mcp` and asks it what the arguments say, one after the
other, each "METHOD JSON" or "TOOL:NAME JSON". Prints one line of JSON per answer. Whatever does not answer in time is an error."""
import json
import os
import select
import subprocess
import sys

DEADLINE = 30


class Client:
    def __init__(self, version):
        self.process = subprocess.Popen(["cupel", "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.buffer = b""
        self.serial = 0
        self.hello = self.ask("initialize", {"protocolVersion": version, "capabilities": {},
                                             "clientInfo": {"name": "test", "version": "0"}})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def line(self):
        while b"\n" not in self.buffer:
            if not select.select([self.process.stdout], [], [], DEADLINE)[0]:
                sys.exit("cupel mcp does not answer")
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                sys.exit("cupel mcp is gone")
            self.buffer += piece
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def ask(self, method, params):
        self.serial += 1
        self.send({"jsonrpc": "2.0", "id": self.serial, "method": method, "params": params})
        answer = self.line()
        if answer["id"] != self.serial:
            sys.exit(f"asked {self.serial}, answered {answer}")
        return answer.get("result", answer.get("error"))

    def close(self):
        self.process.stdin.close()
        return self.process.wait(DEADLINE)


def main():
    client = Client(os.environ.get("MCP_VERSION", "2025-06-18"))
    print(json.dumps(client.hello))
    for argument in sys.argv[1:]:
        what, _, text = argument.partition(" ")
        data = json.loads(text or "{}")
        if what.startswith("TOOL:"):
            answer = client.ask("tools/call", {"name": what[5:], "arguments": data})
        else:
            answer = client.ask(what, data)
        print(json.dumps(answer))
    sys.exit(client.close())


main()
