# SPDX-License-Identifier: Apache-2.0
"""Rows of scripts/bench about runs, each beside what the same costs by hand or at least: `ROW(bench)`, which ends in bench.row()."""
import json
import os
import shutil
import statistics
import subprocess
import time

import series
from bench_place import BWRAP
from proof_machine import filesystem


def whole_run(bench):
    small, large = bench.repository("small", 100), bench.repository("large", bench.args.large)
    for repo in (small, large):
        for _ in range(3):
            bench.timed(bench.run_argv("echo @ > bench.txt"), repo)
    times = {"small": [], "large": [], "bwrap": []}
    for _ in range(bench.args.runs):
        times["bwrap"].append(bench.timed(BWRAP))
        times["small"].append(bench.timed(bench.run_argv("echo @ > bench.txt"), small))
        times["large"].append(bench.timed(bench.run_argv("echo @ > bench.txt"), large))
    p50 = {k: statistics.median(v) for k, v in times.items()}
    bench.row("whole trivial run, large repository, p50", p50["large"], "ms", "<= 20 ms", p50["large"] <= 20,
              f"p99 {series.p99(times['large']):.1f}, min {min(times['large']):.1f}")
    bench.row("  as a multiple of one bwrap true", p50["large"] / p50["bwrap"], "x", "<= 4", p50["large"] / p50["bwrap"] <= 4,
              f"bwrap {p50['bwrap']:.2f} ms, p99 {series.p99(times['bwrap']):.2f}")
    bench.row("  large against 100 files", p50["large"] / p50["small"], "x", "<= 1.2", p50["large"] / p50["small"] <= 1.2,
              f"100 files {p50['small']:.1f} ms, p99 {series.p99(times['small']):.1f}")


FREED_SECONDS = 61


def rest():
    """ext4 without a journal steps over inodes that were freed within a minute (longer where that is not written yet), one by one, which
    makes whatever creates files next several times slower, git and cupel alike: what is measured as a first time waits for that."""
    os.sync()
    time.sleep(FREED_SECONDS)


def by_hand(bench):
    """The same work by hand: worktree add, three bwrap steps, commit, remove; once where nothing was removed of late, then again and again,
    as whoever works so run after run meets it; by turns with ours."""
    large = bench.repository("large", bench.args.large)
    bench.timed(bench.run_argv("echo @ > bench.txt"), large)
    rest()
    hand, ours = [], []
    for _ in range(4):
        hand.append(series.by_hand(bench, large))
        os.sync()  # what it leaves to be written is not ours
        ours += [bench.timed(bench.run_argv("echo @ > bench.txt"), large) for _ in range(9)]
    run = statistics.median(ours)
    again = {part: statistics.median(one[part] for one in hand[1:]) for part in hand[0]}
    for row, took in (("faster than worktree + 3 bwrap + commit + remove, once", hand[0]), ("  run after run, each after a removal", again)):
        bench.row(row, took["whole"] / run, "x", ">= 300", took["whole"] >= 300 * run,
                  f"by hand {took['whole']:,.0f} ms (add {took['add']:,.0f}, remove {took['remove']:,.0f}), ours {run:.1f} ms")


def materialise(bench):
    large = bench.repository("large", bench.args.large)
    ours, theirs, aside = [], [], []
    rest()
    for i in range(4):  # nothing is removed in between
        if (bench.folder / "cache").exists():
            aside.append((bench.folder / "cache").rename(bench.folder / f"cache-{i}"))
        tree = bench.folder / f"wt{i}"
        os.sync()  # each begins with an idle disk
        theirs.append(bench.timed(["git", "worktree", "add", "-q", "--detach", tree, "main"], large))
        aside.append(tree)
        os.sync()
        ours.append(bench.timed(bench.run_argv("exit 7", target="main"), large, ok=(21,)))
    for folder in aside:
        shutil.rmtree(folder, ignore_errors=True)
    bench.sh(["git", "worktree", "prune"], large)
    ratio = min(theirs) / min(ours)
    bench.row("first materialisation, faster than git", ratio, "x", ">= 2", ratio >= 2,
              f"whole first run {min(ours):.0f} ms, git worktree add {min(theirs):.0f} ms")


def next_base(bench):
    large = bench.repository("large", bench.args.large)
    warm = statistics.median(bench.timed(bench.run_argv("exit 7"), large, ok=(21,)) for _ in range(7))
    moved = []
    for i in range(7):
        # ten files change by somebody else's commit, made without a checkout
        index = dict(bench.env, GIT_INDEX_FILE=str(bench.folder / "bench-index"))
        subprocess.run(["git", "read-tree", "landing"], cwd=large, env=index, check=True)
        for k in range(10):
            blob = subprocess.run(["git", "hash-object", "-w", "--stdin"], cwd=large, env=bench.env, check=True,
                                  input=f"{i} {k} {time.time()}\n", capture_output=True, text=True).stdout.strip()
            subprocess.run(["git", "update-index", "--add", "--cacheinfo", f"100644,{blob},d000/e00/f{k:06}.txt"],
                           cwd=large, env=index, check=True)
        tree = subprocess.run(["git", "write-tree"], cwd=large, env=index, check=True, capture_output=True, text=True).stdout.strip()
        commit = bench.sh(["git", "commit-tree", "-p", "landing", "-m", "ten", tree], large).stdout.strip()
        bench.sh(["git", "update-ref", "refs/heads/landing", commit], large)
        os.sync()  # theirs, not ours
        moved.append(bench.timed(bench.run_argv("exit 7"), large, ok=(21,)))
    extra = statistics.median(moved) - warm
    bench.row("next base after a commit of 10 files", extra, "ms", "<= 10 ms", extra <= 10, f"warm discarded run {warm:.1f} ms")


def discard(bench):
    """Dropping a run's worktree with ten new files; what 2,000 cost is told beside it, and their patch in the packet."""
    large = bench.repository("large", bench.args.large)
    few, many = (json.loads(bench.sh([bench.bin / "bench-sandbox", "25", n]).stdout)["discard_ms"] for n in ("10", "2000"))
    script = "s=$(date +%s%N); for i in $(seq 2000); do echo $i > n$i; done; e=$(date +%s%N); echo took $((e-s)); exit 7"
    nothing = statistics.median(bench.timed(bench.run_argv("exit 7"), large, ok=(21,)) for _ in range(5))
    extra = []
    for _ in range(5):
        whole = bench.timed(bench.run_argv(script), large, ok=(21,))
        log = max((bench.folder / "state/cupel/repos").glob("large-*/runs/*/logs/agent.log"), key=lambda p: p.stat().st_mtime)
        extra.append(whole - int(log.read_text().split("took ")[1].split()[0]) / 1e6 - nothing)
    bench.row("discard of a run's worktree, 10 new files", few, "ms", "<= 2 ms", few <= 2,
              f"2,000 new files {many:.1f} ms; their patch in the packet {statistics.median(extra):.0f} ms")


def queue(bench):
    """Trivial items through two workers: commits on one branch per second; how busy the machine was is told beside it."""
    large, items = bench.repository("large", bench.args.large), 200
    folder = bench.folder / "items"
    folder.mkdir(exist_ok=True)
    policy = folder / "policy.yaml"
    policy.write_text("target: landing\nverifiers: {v: {run: 'true'}}\n")
    for i in range(items):
        (folder / f"i{i}.yaml").write_text(f"id: BENCH-{i}-{time.time_ns()}\ntitle: item {i}\nverify: [v]\n"
                                           f"agent: {{command: [sh, -c, 'echo {time.time_ns()} > q{i}']}}\n")
    bench.sh([bench.bin / "cupel", "queue", "add", "--policy", policy, *sorted(folder.glob("i*.yaml"))], cwd=large)
    bench.timed(bench.run_argv("echo @ > warm.txt"), large)  # the base layer is there, as in every other row
    before = int(bench.sh(["git", "rev-list", "--count", "landing"], cwd=large).stdout)
    beside = [bench.timed(BWRAP) for _ in range(40)]
    took = bench.timed([bench.bin / "cupel", "work", "--jobs", "2", "--once"], cwd=large) / 1000
    beside += [bench.timed(BWRAP) for _ in range(40)]
    landed = int(bench.sh(["git", "rev-list", "--count", "landing"], cwd=large).stdout) - before
    bench.row(f"queue: {landed} of {items} items, 2 workers", landed / took, "/s", ">= 40 /s", landed == items and landed / took >= 40,
              f"on {filesystem(bench.folder)}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; bwrap true beside it {statistics.median(beside):.1f} ms")


def sandbox_start(bench):
    probe = bench.bin / "bench-sandbox"
    beside = json.loads(bench.sh([probe, "beside", "200"]).stdout)
    there = beside.pop("exec")
    ours = there.pop("cupel")
    told = lambda times: ", ".join(f"{name} {ms:.2f} ms" for name, ms in times.items())
    bench.row("sandbox start to exec", ours, "ms", "<= bwrap", ours <= there["bwrap"],
              f"{told(there)}; to the end of true: {told(beside)}")
    layers = json.loads(bench.sh([probe, "layers", "40"]).stdout)
    noise = abs(layers.pop("none"))
    print(f"{'  of it, where left out (noise ' + format(noise, '.2f') + ' ms)':<44} "
          + ", ".join(f"{name} {ms:.2f}" for name, ms in layers.items()))


def checked_out(bench):
    large = bench.repository("large", bench.args.large)
    bench.sh(["git", "checkout", "-q", "main"], large)
    bench.timed(bench.run_argv("echo @ > bench.txt", target="main"), large)
    with_checkout, without, refresh = [], [], []
    for _ in range(7):
        with_checkout.append(bench.timed(bench.run_argv("echo @ > bench.txt", target="main"), large))
        without.append(bench.timed(bench.run_argv("echo @ > bench.txt"), large))
        refresh.append(bench.timed(["git", "update-index", "--refresh"], large, ok=(0, 1)))
    extra = statistics.median(with_checkout) - statistics.median(without)
    bound = statistics.median(refresh)
    bench.row("checked-out target: what landing adds", extra, "ms", "<= update-index", extra <= bound,
              f"git update-index --refresh {bound:.1f} ms")


def memory(bench):
    large = bench.repository("large", bench.args.large)
    bench.timed(bench.run_argv("echo @ > bench.txt"), large)  # a warm base: the first run ever makes its layer
    _, peak, _ = series.peak_memory(bench, large)
    bench.row("peak memory of all our processes (PSS)", peak / 1024, "MiB", "<= 64 MiB", 0 < peak / 1024 <= 64)
