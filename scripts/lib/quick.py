# SPDX-License-Identifier: Apache-2.0
"""Ratios that hold on any machine, however busy, for CI: scripts/bench --quick. Half a minute where nothing else runs; in memory (/dev/shm)
where there is room, since how busy a disk is says nothing of us.

No time is judged, only what is divided by something measured by turns with it; of each side the quick tenth counts, which other work
on the machine hardly moves; the bounds are wider than those of the full bench, so that only a real loss is seen; and what falls short is measured
again before it is believed. A run against one bwrap is not among them: of many processes one always waits on a busy machine.
"""
import json
import os
import statistics
import time

import series

TRIES = 3
ROOM = 3 << 30
LARGE = 100000  # files


def folder():
    """Where to measure: None, where temporary files are."""
    try:
        room = os.statvfs("/dev/shm")
    except OSError:
        return None
    return "/dev/shm" if room.f_bavail * room.f_frsize >= ROOM else None


def tenth(times):
    return sorted(times)[len(times) // 10]


def by_turns(count, *sides):
    """The quick tenth of each side."""
    times = [[] for _ in sides]
    for _ in range(count):
        for side, taken in zip(sides, times):
            taken.append(side())
    return [tenth(taken) for taken in times]


def trivial(bench, repo):
    return lambda: bench.timed(bench.run_argv("echo @ > bench.txt"), repo)


def flat(bench):
    small, large = series.grow(bench, 100), series.grow(bench, LARGE)
    for repo in (small, large):
        for _ in range(3):
            trivial(bench, repo)()
    few, many = by_turns(15, trivial(bench, small), trivial(bench, large))
    return many / few


def hand(bench):
    large = series.grow(bench, LARGE)
    theirs = series.by_hand(bench, large)["whole"]
    return theirs / statistics.median(trivial(bench, large)() for _ in range(7))


def sandbox(bench):
    beside = json.loads(bench.sh([bench.bin / "bench-sandbox", "beside", "60"]).stdout)
    return beside["cupel"] / beside["bwrap"]


def memory(bench):
    return series.peak_memory(bench, series.grow(bench, LARGE))[1] / 1024


def discard(bench):
    """Dropping a worktree, against making one: both by the same program, the second without any file in it."""
    one = json.loads(bench.sh([bench.bin / "bench-sandbox", "25", "10"]).stdout)
    return one["discard_ms"] / one["start_ms"]


# what, how, bound, whether less is better
CHECKS = [
    ("a run on 100,000 files, as a multiple of one on 100", flat, 1.3, True),
    ("a run on 100,000 files, times faster than by hand", hand, 20, False),
    ("sandbox start, as a multiple of one bwrap true", sandbox, 1.5, True),
    ("peak memory of all processes, MiB", memory, 64, True),
    ("dropping a worktree, as a multiple of making one", discard, 0.6, True),
]


def run(bench):
    """How many fell short. One line each, as a test; the last one counts."""
    passed = failed = 0
    for what, measure, bound, less in CHECKS:
        begin, seen = time.monotonic(), []
        for _ in range(TRIES):
            seen.append(measure(bench))
            if (seen[-1] <= bound) if less else (seen[-1] >= bound):
                break
        best = min(seen) if less else max(seen)
        good = best <= bound if less else best >= bound
        passed, failed = passed + good, failed + (not good)
        print(f"{'PASS' if good else 'FAIL'} bench: {what}: {best:.2f}, bound {bound} ({time.monotonic() - begin:.1f} s, "
              f"{'once' if len(seen) == 1 else f'{len(seen)} times'})", flush=True)
    print(f"{passed} passed, {failed} failed")
    return failed
