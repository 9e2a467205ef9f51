# SPDX-License-Identifier: Apache-2.0
"""Where the time of one trivial run goes, to the microsecond, and how much of it the kernel takes from anybody.

The moments are what the kernel's own tracing saw of the run's processes: exec, exit, sync (tracefs: root); no program is built
otherwise. What the processors did meanwhile is told by its scheduler (processors.py). The kernel's share is bench-floor, a program that makes only the system calls that nobody can leave out, by the same
phases, in the same folder and by turns with the runs.

    phases_of(events, ours, begin, end)       {phase: Span}, milliseconds
    measure(bench, repo)              prints the table, notes it as the series "phases"
"""
import collections
import contextlib
import json
import os
import re
import statistics
import subprocess
import time
from pathlib import Path

import processors

PHASES = {
    "launch": "options, policy, plan, snapshot, the row of the run; beside it the namespaces around everything that touches the candidate; "
              "exec of the runner",
    "sandbox": "worktree, namespaces, mounts, Landlock, seccomp of the agent's step; exec",
    "step": "the agent's own work",
    "read-back": "the upper becomes a candidate tree; the self-verifier's sandbox",
    "verify": "the self-verifier's own work",
    "transfer": "results to the log; the cage ends",
    "judge": "objects and diff checked again, gates; the clean room",
    "clean room": "the director's verifier's own work",
    "sign": "decision, evidence, commit and signature",
    "land": "intent, objects, reflog, ref; each on the disk before the next",
    "packet": "row of the end, report, statement, sums; what the run used is removed",
    "end": "the process ends",
}
TRACEFS = Path("/sys/kernel/tracing")
EVENTS = ["sched/sched_process_exec", "sched/sched_process_exit", "syscalls/sys_enter_fsync", "syscalls/sys_exit_fsync",
          "syscalls/sys_enter_fdatasync", *processors.EVENTS]
LINE = re.compile(r"^\s*(?P<comm>.*)-(?P<pid>\d+)\s+\[(?P<processor>\d+)\]\s+\S+\s+(?P<at>\d+\.\d+): (?P<what>\w+)(?P<rest>.*)$")


def available():
    """Root may trace where the kernel can."""
    return os.access(TRACEFS / "instances", os.W_OK)


class Tracing:
    """The whole machine, in an instance of tracefs of its own. Use as a context."""

    def __enter__(self):
        self.folder = TRACEFS / "instances" / f"cupel-bench-{os.getpid()}"
        self.folder.mkdir()
        try:
            self.put("trace_clock", "mono")
            self.put("buffer_size_kb", "8192")
            for event in EVENTS:
                self.put(f"events/{event}/enable", "1")
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for event in EVENTS:
            with contextlib.suppress(OSError):
                self.put(f"events/{event}/enable", "0")
        self.folder.rmdir()

    def put(self, name, text):
        (self.folder / name).write_text(text)

    def clear(self):
        self.put("trace", "")

    def events(self):
        """[(seconds, pid, what, rest, processor)]"""
        lines = (LINE.match(line) for line in (self.folder / "trace").read_text().splitlines() if not line.startswith("#"))
        return [(float(m["at"]), int(m["pid"]), m["what"], m["rest"], int(m["processor"])) for m in lines if m]  # in order


def moments_of(events, begin, end):
    """When the phases of one trivial run begin and end: what the agent and each verifier exec'd is told by its order."""
    runs, ends = {}, {}
    for at, pid, what, rest, _ in events:
        if what == "sched_process_exec":
            path = rest.split("filename=")[1].split(" pid=")[0]
            name = path.rsplit("/", 1)[-1]
            kind = "runner" if path.startswith("/dev/fd/") else name if name.startswith("cupel") else "step"
            runs.setdefault(kind, []).append((at, pid))
        elif what == "sched_process_exit" and not rest.endswith("group_dead=false"):
            ends[pid] = at
    cage, runner, director = runs["cupel-sandbox"][0], runs["runner"][0], runs["cupel-director"][0]
    agent, inside, outside = runs["step"][:3]
    syncs = [(at, what) for at, pid, what, *_ in events if pid == director[1] and "sync" in what and at > ends[outside[1]]]
    landing, landed = syncs[0][0], max(at for at, what in syncs if what == "sys_fsync")
    return [begin, runner[0], agent[0], ends[agent[1]], inside[0], ends[inside[1]], ends[cage[1]], outside[0],
            ends[outside[1]], landing, landed, ends[director[1]], end]


def phases_of(events, begin, end):
    """{phase: {"ms": …, "processor": …, "nobody": …, "beside": …}} of one trivial run, milliseconds (processors.py)."""
    run = processors.Run(os.getpid(), os.cpu_count())
    for event in events:
        run.take(*event)
    moments = moments_of([event for event in events if event[1] in run.ours], begin, end)
    spans = zip(PHASES, moments, moments[1:], run.spans(moments))
    return {phase: {"ms": (after - before) * 1000, **{what: s * 1000 for what, s in span.items()}} for phase, before, after, span in spans}


def floor(bench):
    folder = bench.folder / "floor"
    subprocess.run(["rm", "-rf", folder], check=True)
    folder.mkdir()
    return json.loads(bench.sh([bench.bin / "bench-floor", "3", folder]).stdout)


def one(bench, repo, tracing):
    tracing.clear()
    begin = time.monotonic()
    done = subprocess.run(bench.run_argv("echo @ > bench.txt"), cwd=repo, env=bench.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=True)
    end = time.monotonic()
    if json.loads(done.stdout.splitlines()[-1])["outcome"] != "committed":
        raise RuntimeError(done.stdout.decode())
    return phases_of(tracing.events(), begin, end)


def medians(runs):
    """(phase, ms, processor, nobody, beside) of each phase, and the whole: the median of sums, not the sum of medians."""
    keys = ("ms", *processors.KEYS)
    rows = [(phase, *(statistics.median(run[phase][key] for run in runs) for key in keys)) for phase in PHASES]
    return rows, tuple(statistics.median(sum(span[key] for span in run.values()) for run in runs) for key in keys)


def measure(bench, repo):
    """Runs, runs without tracing, and the floor, by turns."""
    ours, kernel, plain = [], [], []
    bench.timed(bench.run_argv("echo @ > warm.txt"), repo)
    for _ in range(bench.args.runs):
        with Tracing() as tracing:
            ours.append(one(bench, repo, tracing))
        plain.append(bench.timed(bench.run_argv("echo @ > bench.txt"), repo))
        kernel.append(floor(bench))
    rows, whole = medians(ours)
    shares = {phase: statistics.median(run[phase] for run in kernel) for phase in PHASES}
    least, untraced = statistics.median(sum(run.values()) for run in kernel), statistics.median(plain)
    bench.series["phases"] = {
        "rows": [(phase, ms, shares[phase], *spans, PHASES[phase]) for phase, ms, *spans in rows], "whole": whole[0], "floor": least,
        "spans": whole[1:], "untraced": untraced, "runs": len(ours), "processors": os.cpu_count()}
    print(f"{'phase':<12} {'ours':>7} {'kernel':>7} {'distance':>8} {'at work':>8} {'nobody':>7} {'beside':>7}   (ms, medians of {len(ours)})")
    for phase, ms, share, spans, words in [*((phase, ms, shares[phase], spans, PHASES[phase]) for phase, ms, *spans in rows),
                                           ("whole", whole[0], least, whole[1:], f"without tracing {untraced:.2f} ms")]:
        print(f"{phase:<12} {ms:>7.2f} {share:>7.2f} {ms - share:>8.2f} {spans[0]:>8.2f} {spans[1]:>7.2f} {spans[2]:>7.2f}   {words}", flush=True)
    print("at work: processor time of all processes; nobody: none is on a processor; beside: one waits for one while another is idle")
