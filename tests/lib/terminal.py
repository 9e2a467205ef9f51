#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A person at a terminal, for tests: runs a command on a pty of its own and does one action after the other.

    terminal.py SEEN ACTION… -- COMMAND…

Actions: expect=TEXT (until the terminal shows it, from the last expected on), type=TEXT, size=COLUMNSxROWS, kill=SIGNAL:TEXT
(the descendant whose command line has TEXT), confined=TEXT (it can do next to nothing), raw (the terminal must be raw now). TEXT may hold \\x1d and the like. Then it waits
for the command's end. SEEN gets every byte that reached the terminal. Prints `STATUS MODES`: exit status, and `restored` where
the terminal's modes are what they were. No action takes longer than the deadline, which ends everything with status 99.
"""
import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

DEADLINE = 60


class Person:
    def __init__(self, command, seen):
        self.seen, self.at, self.file = b"", 0, open(seen, "wb")
        self.end = time.monotonic() + DEADLINE
        self.master, self.slave = pty.openpty()
        self.resize(80, 24)
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.master)
            os.login_tty(self.slave) if hasattr(os, "login_tty") else self.login()
            os.execvp(command[0], command)

    def login(self):
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(self.slave, fd)
        os.close(self.slave)

    def resize(self, columns, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def fail(self, why):
        print("99", why)
        sys.stdout.flush()
        self.file.flush()
        os.kill(self.pid, signal.SIGKILL)
        os._exit(1)

    def read(self):
        if time.monotonic() > self.end:
            self.fail("deadline; the terminal shows: %r" % self.seen[self.at:][-400:])
        if select.select([self.master], [], [], 0.05)[0]:
            got = os.read(self.master, 65536)
            self.seen += got
            self.file.write(got)

    def expect(self, text):
        while (found := self.seen.find(text, self.at)) < 0:
            self.read()
        self.at = found + len(text)

    def descendants(self, pid):
        try:
            children = open(f"/proc/{pid}/task/{pid}/children").read().split()
        except OSError:
            return
        for child in children:
            yield int(child)
            yield from self.descendants(int(child))

    def find(self, text):
        for pid in [self.pid, *self.descendants(self.pid)]:
            try:
                line = open(f"/proc/{pid}/cmdline", "rb").read().replace(b"\0", b" ")
            except OSError:
                continue
            if text in line and not line.startswith(b"sh "):
                return pid
        self.fail("no such process: %r" % text)

    def is_confined(self, pid):
        wanted = {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0" * 16, "CapPrm": "0" * 16, "CapInh": "0" * 16}
        status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
        limits = {line[:26].strip(): line[26:].split()[0] for line in open(f"/proc/{pid}/limits")}
        for name, value in wanted.items():
            if status[name].strip() != value:
                self.fail(f"the viewer has {name} {status[name].strip()}")
        if limits["Max processes"] != "0" or limits["Max core file size"] != "0":
            self.fail("the viewer may start processes")

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

    def act(self, action):
        verb, _, value = action.partition("=")
        value = codecs.escape_decode(value.encode())[0]
        if verb == "expect":
            self.expect(value)
        elif verb == "type":
            os.write(self.master, value)
        elif verb == "size":
            self.resize(*map(int, value.split(b"x")))
        elif verb == "kill":
            name, _, text = value.partition(b":")
            os.kill(self.find(text), getattr(signal, "SIG" + name.decode()))
        elif verb == "confined":
            self.is_confined(self.find(value))
        elif verb == "raw":
            while not self.is_raw():
                self.read()
        else:
            self.fail("no action " + action)

    def wait(self):
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            self.read()
        while termios.tcgetattr(self.slave) != self.before and time.monotonic() < self.end - DEADLINE + 5:
            self.read()
        while select.select([self.master], [], [], 0)[0]:
            self.read()
        same = termios.tcgetattr(self.slave) == self.before
        print(os.waitstatus_to_exitcode(status), "restored" if same else "left raw")


def main():
    split = sys.argv.index("--")
    person = Person(sys.argv[split + 1:], sys.argv[1])
    for action in sys.argv[2:split]:
        person.act(action)
    person.wait()


main()
