# SPDX-License-Identifier: Apache-2.0
"""Two crashes in a row. A run stands at a call of its director or its supervisor, and everything of it is killed there at once, as when a
machine goes down; then the next command, which recovers, is hit itself; then one comes that nothing happens to, and the judge.

    calls = record(first, worker)             {process: {call: number}} of the command that recovers from a run that was killed there
    result = shot(first, second, worker)      `second`: a point of that command
"""
import os
import signal
import time

import pairs
import points as catalogue
from place import SCENARIOS

# where a run leaves something behind: names that come and go, what must be on the disk, and each move of its log
STANDS = {"director": ("linkat", "rename", "renameat", "unlink", "unlinkat", "fsync", "fdatasync"), "supervisor": ("pwrite64", "renameat")}
RECOVERS = ("supervisor", "director")  # who is there in `cupel admit`
GONE = {"status": 128 + signal.SIGKILL, "words": [], "result": None, "stderr": ""}


def stands(recorded, scenario, number, dice):
    """So many points of a run, most of them its director's: that is who lands."""
    found = {process: [catalogue.Point(scenario, process, call, nth, "STOP") for call in calls for nth in range(1, recorded[process][call] + 1)]
             for process, calls in STANDS.items()}
    many = max(1, number * 3 // 4)
    return [point for process, wanted in (("director", many), ("supervisor", max(1, number - many)))
            for point in dice.sample(found[process], min(wanted, len(found[process])))]


def kill_all(judge):
    """What starts others is dead by then or dies in the next round."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        left = [int(line.split()[0]) for line in judge.processes()]
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.01)
    raise RuntimeError(f"processes that cannot be killed: {judge.processes()[:3]}")


def name(first, second):
    return f"{first.scenario}, {first.process} at {first.call} {first.nth}; then {second.process} {second.call} {second.nth} {second.fault}"


def begin(first, worker):
    """The run, up to where it stands, and the end of all of it: whether it came to stand, and in which phase."""
    scenario, place = SCENARIOS[first.scenario], worker.place
    worker.ready(scenario)
    worker.judge.remember()
    place.serial += 1
    running = place.begin_command(*place.gated(first.process, catalogue.options(first), place.command(scenario, place.serial)))
    reached, phase = pairs.stopped(place, first.process, running) is not None, place.phase()
    kill_all(worker.judge)
    running.communicate()
    return reached, phase


def recover(worker, roles, options):
    """The command that recovers, in the hands of the gate: what that told of it."""
    place = worker.place
    done = place.sh(*place.gated(roles, options, ["cupel", "admit", "--yes"]), check=False)
    return place.gate_told(done.stdout, done.stderr, place.serial)


def record(first, worker):
    begin(first, worker)
    recover(worker, ",".join(RECOVERS), [])
    worker.used = None
    return {process: catalogue.counted(worker.strace_of(process)) for process in RECOVERS}


def shot(first, second, worker):
    reached, phase = begin(first, worker)
    told = recover(worker, second.process, catalogue.options(second))
    seen = worker.strace_of(second.process)
    wrong = worker.judge.look({**GONE, "words": told["words"], "number": told["number"]}, SCENARIOS[first.scenario])
    worker.used = None if wrong else (worker.used or 0) + 1
    return {"wrong": wrong, "seen": seen, "status": told["status"], "stderr": told["stderr"], "phase": phase, "outcome": worker.judge.outcome,
            "hit": reached and catalogue.hit(seen, second) and not catalogue.impossible(seen)}
