# SPDX-License-Identifier: Apache-2.0
"""The machine that figures were measured on, and what it ran."""
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

FIGURES = (":!docs/proof", ":!docs/proof.md")  # are written as it is measured, and change nothing that is
TOP = Path(__file__).resolve().parent.parent.parent


def utc(seconds):
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(seconds))


def said(*argv):
    """The first number of a version that a program prints, or None where it is not there."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=TOP)
    except OSError:
        return None
    found = re.search(r"\d+(\.\d+)+[\w.-]*", done.stdout + done.stderr)
    return found[0] if done.returncode == 0 and found else None


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "Model")):
            return line.split(":", 1)[1].strip()
    return os.uname().machine


def system():
    try:
        words = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
        return words["PRETTY_NAME"].strip('"')
    except (OSError, KeyError):
        return os.uname().sysname


def commit():
    if "CUPEL_COMMIT" in os.environ:  # who works on a copy is told
        return os.environ["CUPEL_COMMIT"] or None
    name, changed = (subprocess.run(["git", *words], cwd=TOP, capture_output=True, text=True, check=False).stdout.strip()
                     for words in (["describe", "--always", "--abbrev=12"], ["status", "--porcelain", "--untracked-files=no", "--", ".", *FIGURES]))
    return name + "-dirty" * bool(changed) if name else None


def filesystem(folder):
    """As the mount says, which statfs does not: ext2, ext3 and ext4 are one number there."""
    kinds = subprocess.run(["findmnt", "-n", "-o", "FSTYPE", "-T", folder], capture_output=True, text=True, check=False).stdout.split()
    return kinds[-1] if kinds else ""  # of mounts one on the other the last is the one that is seen


def look(folder=None):
    where = folder or tempfile.gettempdir()
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    return {"processor": processor(), "cores": os.cpu_count(), "memory_gib": round(memory / 1048576), "system": system(),
            "kernel": os.uname().release, "filesystem": filesystem(where), "user": "root" if os.geteuid() == 0 else "ordinary user",
            "load": round(os.getloadavg()[0], 1), "commit": commit(), "cupel": said(str(TOP / "build/bin/cupel"), "--version"),
            "git": said("git", "--version"), "bwrap": said("bwrap", "--version"), "libgit2": said("pkg-config", "--modversion", "libgit2"),
            "sqlite": said("pkg-config", "--modversion", "sqlite3"), "compiler": said("gcc", "-dumpfullversion")}
