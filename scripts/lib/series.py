# SPDX-License-Identifier: Apache-2.0
"""Rows of scripts/bench that are a line, not a number: cost against the size of the repository, of the change, against workers;
and where the time of one run goes. Each returns [(x, value), …] and notes them, so that scripts/proof can draw them."""
import json
import os
import statistics
import subprocess
import threading
import time
from pathlib import Path

import phases as traced
from proof_machine import filesystem

CHANGES = (1, 100, 1000, 2500, 5000, 10000)
WORKERS = (1, 2, 4, 8, 16)


def grow(bench, files):
    """A repository of so many files, made without a checkout: a million of them take seconds."""
    path = bench.folder / f"grown-{files}"
    if (path / ".git").exists():
        return path
    path.mkdir()
    bench.sh(["git", "init", "-q", "-b", "landing", path])
    for key, value in (("user.name", "Bench"), ("user.email", "bench@example.org"), ("gc.auto", "0")):
        bench.sh(["git", "config", key, value], path)
    stream = ["blob\nmark :1\ndata 33\nsome text of a small source file\n\n",
              "commit refs/heads/landing\ncommitter Bench <bench@example.org> 1700000000 +0000\ndata 5\nbase\n\n"]
    stream += [f"M 100644 :1 d{i // 1000:04}/e{i // 50 % 20:02}/f{i:07}.txt\n" for i in range(files)]
    subprocess.run(["git", "fast-import", "--quiet"], cwd=path, env=bench.env, input="".join(stream), text=True, check=True)
    bench.sh(["git", "symbolic-ref", "HEAD", "refs/heads/elsewhere"], path)
    bench.sh(["git", "commit", "-q", "--allow-empty", "-m", "elsewhere"], path)
    bench.sh([bench.bin / "cupel", "admit", "--yes"], path)
    os.sync()
    return path


def p99(times):
    return sorted(times)[-1 - len(times) // 100]


def by_hand(bench, repo):
    """The work of one trivial run without cupel: a worktree, three boxes, a commit, the worktree's removal. {part: ms}"""
    tree = bench.folder / "by-hand"
    box = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--bind", tree, tree, "--unshare-all", "--chdir", tree]
    begin = time.perf_counter()
    add = bench.timed(["git", "worktree", "add", "-q", "--detach", tree, "landing"], repo)
    bench.timed([*box, "sh", "-c", f"echo {time.time_ns()} > bench.txt"])
    bench.timed([*box, "true"])
    bench.timed([*box, "true"])
    bench.timed(["git", "-C", tree, "add", "-A"])
    bench.timed(["git", "-C", tree, "commit", "-q", "-m", "bench"])
    remove = bench.timed(["git", "worktree", "remove", "--force", tree], repo)
    return {"add": add, "remove": remove, "whole": (time.perf_counter() - begin) * 1000}


def sizes(bench):
    """The whole trivial run against the number of files; by turns, so that what else the machine does hits each size; and once for each
    size the same by hand."""
    counts = bench.args.sizes
    made, repos, first, hand = {}, {}, {}, {}
    for n in counts:
        begin = time.perf_counter()
        repos[n] = grow(bench, n)
        made[n] = time.perf_counter() - begin
        first[n] = bench.timed(bench.run_argv("echo @ > bench.txt"), repos[n])
        for _ in range(2):
            bench.timed(bench.run_argv("echo @ > bench.txt"), repos[n])
    times = {n: [] for n in counts}
    for _ in range(bench.args.runs):
        for n in counts:
            times[n].append(bench.timed(bench.run_argv("echo @ > bench.txt"), repos[n]))
    for n in counts:
        hand[n] = by_hand(bench, repos[n])["whole"]
    p50 = [(n, statistics.median(times[n])) for n in counts]
    ratio = max(ms for _, ms in p50) / min(ms for _, ms in p50)
    where = filesystem(bench.folder)
    bench.series["sizes"] = {"x": "files in the repository", "y": "whole trivial run, ms", "on": where, "points": p50,
                             "p99": [(n, p99(times[n])) for n in counts], "first": [(n, first[n]) for n in counts],
                             "hand": [(n, hand[n]) for n in counts], "made": [(n, made[n]) for n in counts], "runs": bench.args.runs}
    bench.row("whole run, dearest size against cheapest", ratio, "x", "<= 1.2", ratio <= 1.2,
              f"on {where}: " + ", ".join(f"{n:,} files {ms:.1f} ms (p99 {p99(times[n]):.1f})" for n, ms in p50))
    print(f"{'  first run ever, the layer of its base is made':<44} " + ", ".join(f"{n:,} files {first[n]:.0f} ms" for n in counts))
    print(f"{'  the same by hand':<44} " + ", ".join(f"{n:,} files {hand[n]:.0f} ms" for n in counts))
    print(f"{'  (the repository was made in)':<44} " + ", ".join(f"{n:,} files {made[n]:.1f} s" for n in counts), flush=True)


def changes(bench):
    """What a run costs beyond the agent's own work, against the number of files that it makes."""
    repo, points, policy = grow(bench, 1000), [], bench.folder / "changes.yaml"
    policy.write_text("approval: {person_at: critical}\n")
    script = ("s=$(date +%s%N); mkdir -p n@; i=0; while [ $i -lt {n} ]; do echo @ $i > n@/$i; i=$((i + 1)); done; "
              "e=$(date +%s%N); echo took $((e - s))")
    for n in CHANGES:
        beyond = []
        for _ in range(max(3, bench.args.runs // 8)):
            begin = time.perf_counter()
            done = bench.sh(bench.run_argv(script.replace("{n}", str(n)),
                                           extra=["--policy", policy, "--budget", "diff_files=20000"]), repo)
            whole = (time.perf_counter() - begin) * 1000
            log = Path(json.loads(done.stdout.splitlines()[-1])["packet"]) / "logs/agent.log"
            beyond.append(whole - int(log.read_text().split("took ")[1].split()[0]) / 1e6)
        points.append((n, statistics.median(beyond)))
    each = (points[-1][1] - points[0][1]) / (points[-1][0] - points[0][0]) * 1000
    bench.series["changes"] = {"x": "files that the run made", "y": "run beyond the agent's own time, ms", "points": points}
    at = dict(points)
    late, early = (at[10000] - at[5000]) / 5000, (at[1000] - at[1]) / 999
    bend = late / early if early > 0 else 0
    bench.row("a further file from 5,000 on, against up to 1,000", bend, "x", "<= 1.5", bend <= 1.5,
              f"{each:.0f} µs each; " + ", ".join(f"{n:,}: {ms:.0f} ms" for n, ms in points))


def workers(bench):
    """Trivial items landed per second, against the number of workers."""
    repo, points, items = grow(bench, 1000), [], 120
    folder = bench.folder / "worked"
    folder.mkdir(exist_ok=True)
    policy = folder / "policy.yaml"
    policy.write_text("target: landing\nverifiers: {v: {run: 'true'}}\n")
    bench.timed(bench.run_argv("echo @ > warm.txt"), repo)
    for jobs in WORKERS:
        for i in range(items):
            (folder / f"i{i}.yaml").write_text(f"id: W-{jobs}-{i}-{time.time_ns()}\ntitle: item {i}\nverify: [v]\n"
                                               f"agent: {{command: [sh, -c, 'echo {time.time_ns()} > w{i}']}}\n")
        bench.sh([bench.bin / "cupel", "queue", "add", "--policy", policy, *sorted(folder.glob("i*.yaml"))], cwd=repo)
        before = int(bench.sh(["git", "rev-list", "--count", "landing"], cwd=repo).stdout)
        took = bench.timed([bench.bin / "cupel", "work", "--jobs", str(jobs), "--once"], cwd=repo) / 1000
        landed = int(bench.sh(["git", "rev-list", "--count", "landing"], cwd=repo).stdout) - before
        points.append((jobs, landed / took))
        if landed != items:
            bench.row(f"queue with {jobs} workers", landed, "commits", f"{items}", False, "")
    bench.series["workers"] = {"x": "workers", "y": "items landed per second", "points": points}
    worst = points[-1][1] / max(rate for _, rate in points)
    bench.row("queue: sixteen workers against the best number", worst, "x", ">= 0.7", worst >= 0.7,
              ", ".join(f"{jobs}: {rate:.1f}/s" for jobs, rate in points))


def phases(bench):
    """Where the time of one trivial run goes, beside what the kernel takes from anybody; without the right to trace, by its own log."""
    repo = grow(bench, 1000)
    if traced.available():
        traced.measure(bench, repo)
    else:
        print("by the run's own log: tracefs (/sys/kernel/tracing) is for root; run this as root for each phase beside the kernel's share")
        logged_phases(bench, repo)


def logged_phases(bench, repo):
    """By its own trace, to the millisecond; what begins and ends beside it is the rest of the process."""
    sums, wholes = {}, []
    bench.timed(bench.run_argv("echo @ > warm.txt"), repo)
    for _ in range(bench.args.runs):
        begin = time.perf_counter()
        done = bench.sh(bench.run_argv("echo @ > bench.txt"), repo)
        wholes.append((time.perf_counter() - begin) * 1000)
        packet = Path(json.loads(done.stdout.splitlines()[-1])["packet"])
        for line in (packet / "telemetry/trace.jsonl").read_text().splitlines():
            span = json.loads(line)
            if span["kind"] in ("phase", "step"):
                sums.setdefault((span["kind"], span["name"]), []).append(span["end_ms"] - span["start_ms"])
    bench.series["phases_logged"] = {"whole": statistics.median(wholes), "mean": statistics.mean(wholes),
                              "spans": [[kind, name, statistics.mean(ms)] for (kind, name), ms in sums.items()]}
    for (kind, name), ms in sums.items():
        print(f"{'  ' + kind + ' ' + name:<44} {statistics.mean(ms):>10.2f} ms       (mean of {len(ms)})", flush=True)


def peak_memory(bench, repo):
    """Of one trivial run that rests for a second: {program: peak PSS in KiB}, the peak of all together, and what it printed."""
    peaks, together, stop = {}, [0], threading.Event()
    process = subprocess.Popen(bench.run_argv("echo @ > bench.txt; sleep 1"), cwd=repo, env=bench.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def look():
        todo, seen = [process.pid], {}
        while todo:
            at = todo.pop()
            try:
                name = Path(f"/proc/{at}/exe").resolve().name
                if name.startswith("cupel"):
                    rollup = Path(f"/proc/{at}/smaps_rollup").read_text()
                    seen[name] = seen.get(name, 0) + int(rollup.split("\nPss:")[1].split()[0])
                for task in Path(f"/proc/{at}/task").iterdir():
                    todo += map(int, (task / "children").read_text().split())
            except (OSError, IndexError, ValueError):
                pass
        for name, kib in seen.items():
            peaks[name] = max(peaks.get(name, 0), kib)
        together[0] = max(together[0], sum(seen.values()))

    def watch():
        while not stop.is_set():
            look()

    thread = threading.Thread(target=watch)
    thread.start()
    out = process.communicate()[0].decode()
    stop.set()
    thread.join()
    return peaks, together[0], out


def programs(bench):
    """Peak memory (PSS) of each of our programs in one run, and what the run leaves on the disk."""
    repo = grow(bench, 1000)
    bench.timed(bench.run_argv("echo @ > bench.txt"), repo)
    peaks, _, out = peak_memory(bench, repo)
    for name, kib in sorted(peaks.items()):
        bench.row(f"peak memory of {name}, all its processes (PSS)", kib / 1024, "MiB", "all together <= 64", kib / 1024 <= 64, "")
    packet = Path(json.loads(out.splitlines()[-1])["packet"])
    files = [path for path in packet.rglob("*") if path.is_file()]
    size = sum(path.stat().st_blocks * 512 for path in packet.rglob("*"))
    bench.row("disk of a trivial run, its packet", size / 1024, "KiB", "O(change)", True,
              f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1024:.0f} KiB of bytes")
