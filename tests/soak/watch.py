# SPDX-License-Identifier: Apache-2.0
"""The processes of a soak: who they are, what they hold, which of them is shot; and whether what was sampled stayed flat.

Everything that the soak starts is below it, orphans included: it is their reaper.
"""
import ctypes
import os
import re
import statistics
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
TOOLS = {"git", "python3", "sqlite3", "du"}  # the soak's own hands: not shot, not counted


def adopt():
    """Whoever below loses its parent becomes a child of this process."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


class Process:
    def __init__(self, pid, parent, state, comm, argv):
        self.pid, self.parent, self.state, self.comm, self.argv = pid, parent, state, comm, argv

    def role(self):
        if self.comm == "cupel":
            return f"cupel {self.argv[1]}" if len(self.argv) > 1 else "cupel"
        if self.comm == "cupel-sandbox":
            return f"cupel-sandbox {self.argv[1]}" if len(self.argv) > 1 else self.comm
        return self.comm if self.comm.startswith("cupel") else "step"

    def read(self, name):
        try:
            return Path(f"/proc/{self.pid}/{name}").read_text()
        except OSError:
            return ""

    def pss(self):
        found = re.search(r"^Pss:\s+(\d+)", self.read("smaps_rollup"), re.M)
        return int(found[1]) if found else 0

    def descriptors(self):
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except OSError:
            return 0

    def namespaces(self):
        found = set()
        for name in ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup"):
            try:
                found.add(os.readlink(f"/proc/{self.pid}/ns/{name}"))
            except OSError:
                pass
        return found


def everybody():
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            stat = Path(f"/proc/{name}/stat").read_text()
            argv = Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0")[:-1]
        except OSError:
            continue
        comm, rest = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 2:].split()
        found[int(name)] = Process(int(name), int(rest[1]), rest[0], comm, [word.decode(errors="replace") for word in argv])
    return found


def below(me):
    """{pid: Process} of everything below, without the soak's own hands."""
    there, children = everybody(), {}
    for process in there.values():
        children.setdefault(process.parent, []).append(process)
    found, todo = {}, [me]
    while todo:
        for process in children.get(todo.pop(), []):
            if process.comm not in TOOLS:
                found[process.pid] = process
                todo.append(process.pid)
    return found


def item_of(process, there, item_of_run):
    """Whose run it works on, or None: by itself or by who started it."""
    while process:
        words = " ".join(process.argv)
        claim = re.search(r"--claim (item-\d+):", words)
        if claim:
            return claim[1]
        for run in re.findall(r"\bitem-\d+__[0-9a-f-]+", words):
            return item_of_run(run)
        process = there.get(process.parent)
    return None


# ---- Flat? ----


def slope(points):
    """Theil and Sen: the median of the slopes between all pairs. One wild sample does not move it."""
    step = max(1, len(points) // 300)
    points = points[::step]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(points) for b in points[i + 1:] if b[0] > a[0]]
    return statistics.median(slopes) if slopes else 0


# what, key of the sample, growth over the whole time that counts as flat: as a share of the median, or so much in its own unit
STEADY = [
    ("memory of a worker that was never shot, KiB (PSS)", "worker_pss", 0.10, 512),
    ("its descriptors", "worker_fds", 0.0, 2),
    ("memory of all processes, KiB (PSS)", "pss", 0.25, 4096),
    ("descriptors of all processes", "fds", 0.25, 16),
    ("processes", "processes", 0.25, 4),
    ("namespaces", "namespaces", 0.25, 8),
    ("mounts on the host", "mounts", 0.0, 0.5),
    ("disk of the cache, KiB", "cache", 0.25, 16384),
]
ENOUGH, LONG = 24, 600  # samples, and seconds that they span: shorter says nothing


def judged(what, median, first, last, bound, slack):
    grown = (last - first) / median if median else 0
    return {"what": what, "median": round(median, 2), "first": round(first, 2), "last": round(last, 2), "grown": round(grown, 4), "bound": bound,
            "slack": slack, "flat": grown <= bound or last - first <= slack}


def flatness(samples):
    """One verdict per thing; nothing where there are too few samples, or over too short a time, to say anything."""
    samples = samples[len(samples) // 10:]  # the beginning warms up
    if len(samples) < ENOUGH or samples[-1]["at"] - samples[0]["at"] < LONG:
        return []
    found, spent = [], samples[-1]["at"] - samples[0]["at"]
    for what, key, bound, slack in STEADY:
        points = [(sample["at"], sample[key]) for sample in samples if sample[key] is not None]
        if len(points) < ENOUGH:
            continue
        median, grown = statistics.median(value for _, value in points), slope(points) * spent
        found.append(judged(what, median, median - grown / 2, median + grown / 2, bound, slack))
    for what, key in (("disk of the state per further run, KiB", "state"), ("disk of the repository per further run, KiB", "repo")):
        points = [(sample["runs"], sample[key]) for sample in samples if sample[key] is not None]
        if len(points) >= ENOUGH:
            half = len(points) // 2
            first, last = slope(points[:half]), slope(points[half:])
            found.append(judged(what, slope(points), first, last, 0.25, 8))
    return found
