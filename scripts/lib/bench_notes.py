# SPDX-License-Identifier: Apache-2.0
"""The row `notes` of scripts/bench: how fast an agent's notes become rows of the log, and what they cost meanwhile."""
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

# Floods in lines of a hundred, a few thousand unanswered at most; what is refused for want of room is said again. Then one at a time.
NOTES_CLIENT = """
import json, os, socket, sys, time
count, data = int(sys.argv[1]), json.loads(sys.argv[2])
s = socket.socket(socket.AF_UNIX)
s.connect(os.environ["CUPEL_NOTES"])
line = json.dumps({"type": "note.observation", "data": data}, separators=(",", ":")).encode() + b"\\n"
hundred, buffer = line * 100, bytearray(1 << 16)
left, open_, refused = count, 0, 0
begin = time.monotonic()
while left or open_:
    while left and open_ < 4000:
        n = min(100, left)
        s.sendall(hundred if n == 100 else line * n)
        left -= n
        open_ += n
    got = s.recv_into(buffer)
    no = buffer.count(b"false", 0, got)
    open_ -= buffer.count(b"\\n", 0, got)
    left += no
    refused += no
    if no:
        time.sleep(0.05)
end = time.monotonic()
took = []
for i in range(2000):
    at = time.perf_counter()
    s.sendall(line)
    s.recv(4096)
    took.append((time.perf_counter() - at) * 1000)
took.sort()
print("begin", begin)
print("answered", count / (end - begin))
print("refused", refused)
print("p50", took[1000])
print("slowest", ",".join(f"{ms:.4f}" for ms in took[-400:]))
"""


class Usage:
    """CPU time and memory of the processes below some; what ended meanwhile counts as it was seen last."""

    PARTS = {"cupel": "supervisor", "cupel-runner": "runner", "python3": "client"}

    def __init__(self):
        self.cpu = {}  # (pid, part) → nanoseconds
        self.rss = 0   # KiB of cupel's programs, now

    def look(self, roots):
        self.rss, todo = 0, list(roots)
        while todo:
            at = todo.pop()
            try:
                comm = Path(f"/proc/{at}/comm").read_text().strip()
                tasks = list(Path(f"/proc/{at}/task").iterdir())
                spent = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)
                self.cpu[at, self.PARTS.get(comm, "other")] = spent
                if comm.startswith("cupel"):
                    self.rss += int(Path(f"/proc/{at}/statm").read_text().split()[1]) * 4
                for task in tasks:
                    todo += map(int, (task / "children").read_text().split())
            except (OSError, ValueError, IndexError):
                pass

    def micros(self, before, notes):
        """Of each part, per note, since `before` (a copy of `cpu`)."""
        sums = dict.fromkeys(["client", "runner", "supervisor", "other"], 0)
        for key, spent in self.cpu.items():
            sums[key[1]] += spent - before.get(key, 0)
        return {part: spent / 1000 / notes for part, spent in sums.items()}


def notes_flood(bench, repo, runs, count, data):
    """All runs' clients at once. Returns when the last run's flood was committed, memory on the way, and CPU per note."""
    client = bench.folder / "notes" / "client.py"
    client.parent.mkdir(exist_ok=True)
    client.write_text(NOTES_CLIENT)
    title = f"notes {runs} {count} {time.time_ns()}"
    argv = [bench.bin / "cupel", "run", "--quiet", "--json", "--target", "landing", "--mood", "curious", "--title", title, "--budget",
            "notes=1000000", "--budget", "wall=5m", "--bundle", client.parent, "--", "python3", "/cupel/bundle/client.py",
            str(count), data]
    started = [subprocess.Popen(argv, cwd=repo, env=bench.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
               for _ in range(runs)]
    store = next((bench.folder / "state/cupel/repos").glob("small-*/store.db"))
    rows = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    usage, before, memory, done, looked = Usage(), {}, [], None, 0
    while done is None and any(p.poll() is None for p in started):
        flooded, least, most = rows.execute("SELECT total(events >= ?), min(events), max(events) FROM runs WHERE title = ?",
                                            (count + 20, title)).fetchone()
        if flooded == runs:
            done = time.monotonic()
        if done or time.monotonic() - looked > 0.1:
            usage.look(p.pid for p in started)
            looked = time.monotonic()
            if (most or 0) < 100:
                before = dict(usage.cpu)
            if flooded == 0 and (least or 0) > count // 10:  # what a director takes at a run's end is another matter
                memory.append(usage.rss)
        time.sleep(0.005)
    ended = [p.communicate(timeout=300) for p in started]
    for out, complaint in ended:
        if not out:
            sys.exit(f"bench: notes: {complaint.decode(errors='replace')}")
    results = [json.loads(out.splitlines()[-1]) for out, _ in ended]
    return results, done or time.monotonic(), memory, usage.micros(before, runs * count)


def notes_of(bench, repo, runs, count, data):
    results, done, memory, cpu = notes_flood(bench, repo, runs, count, data)
    said = []
    for result in results:
        if result["outcome"] != "observed":
            sys.exit(f"bench: notes: {result}")
        log = Path(result["packet"]) / "logs/agent.log"
        said.append(dict(line.split() for line in log.read_text().splitlines()))
    took, total = done - min(float(words["begin"]) for words in said), runs * count
    slowest = [sorted(map(float, words["slowest"].split(","))) for words in said]
    rate, p99 = total / took, sorted(ms for one in slowest for ms in one)[-20 * runs]
    worst = max(one[-20] for one in slowest)
    of = f"{total:,} from " + ("one run" if runs == 1 else f"{runs} runs at once")
    bench.row(f"notes, socket to committed row, {of}", rate, "/s", ">= 50,000/s", rate >= 50000,
              f"in {took:.2f} s; {sum(int(w['refused']) for w in said)} said again")
    p50 = f"p50 {statistics.median(float(w['p50']) for w in said):.3f} ms"
    # one of a hundred of all single notes; the slowest of several runs by itself may be above, and is told
    bench.row("  one note and its answer, p99" + (f" of the {2000 * runs:,} of all runs" if runs > 1 else ""), p99, "ms", "<= 1 ms", p99 <= 1,
              p50 + (f"; of the slowest run's 2,000 alone p99 {worst:.3f} ms" + (", beyond the bound" if worst > 1 else "") if runs > 1 else ""))
    spent = sum(cpu.values())
    bench.row("  CPU of a note, all processes", spent, "µs", f"<= {os.cpu_count() * 20} µs", spent <= os.cpu_count() * 20,
              ", ".join(f"{part} {micros:.1f}" for part, micros in cpu.items()))
    grown = (memory[-1] - memory[0]) / 1024 if len(memory) > 1 else 0
    bench.row("  memory, last note against the tenth part", grown, "MiB", "<= 4 MiB per run", grown <= 4 * runs,
              f"from {memory[0] / 1024 if memory else 0:.1f} MiB, peak {max(memory, default=0) / 1024:.1f} MiB of all processes, RSS")


def notes(bench):
    """Notes on their real way: socket of the step, runner, supervisor, committed row; from one run, from eight at once, a million."""
    small = bench.repository("small", 100)
    data = {"text": "looked at src/strings.py", "progress": 0.5}
    # the last with the 2,000 single ones all that a run may have, and short: of bytes it may have 64 MiB
    for runs, count, each in ((1, 200000, data), (8, 40000, data), (1, 998000, {"text": "seen"})):
        notes_of(bench, small, runs, count, json.dumps(each))
    bench.sh([bench.bin / "cupel", "events", "--verify"], small)
    bench.row("  every chain verified after", 1, "", "holds", True, "cupel events --verify")
