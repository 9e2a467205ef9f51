# SPDX-License-Identifier: Apache-2.0
"""Two supervisors on one state folder and one ref. The first is stopped at a call, of its own or of its director, then the second one
begins and gets as far as it can; then the first goes on, or is killed where it stands, or its whole worker is.

    result = pair(worker, point, end)         end: "goes on", "is killed"

The second one must commit whatever became of the first. The first one commits where it goes on; where it is killed, commit or nothing.
"""
import os
import signal
import subprocess
import time

from place import LIMIT, SCENARIOS

import points as catalogue

HEADSTART = 2  # seconds for the second one, where it waits for something that the first one holds
OTHER = {"target": "landing", "work": "echo {n} >src/b.txt", "files": {"src/b.txt": "{n}\n"}}


def stopped(place, process, running):
    """The pid, once it stands; None: it ended before that."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        try:
            with open(f"{place.log}/{process}", encoding="utf-8", errors="replace") as file:
                if "stopped by SIGSTOP" in file.read():
                    with open(f"{place.log}/{process}.pid", encoding="utf-8") as number:
                        return int(number.read())
        except FileNotFoundError:
            pass
        if running.poll() is not None:
            return None
        time.sleep(0.005)
    return None


def ended(running):
    try:
        return running.communicate(timeout=4 * LIMIT)
    except subprocess.TimeoutExpired:
        running.kill()
        return running.communicate()


def pair(worker, point, end):
    place, scenario = worker.place, SCENARIOS[point.scenario]
    worker.ready(scenario)
    worker.judge.remember()
    place.serial += 1
    first = place.serial
    one = place.begin_command(*place.gated(point.process, catalogue.options(point), place.command(scenario, first)))
    pid = stopped(place, point.process, one)
    phase = place.phase(first)
    place.serial += 1
    two = place.begin_command(*place.command(OTHER, place.serial))
    try:
        two.wait(HEADSTART)
    except subprocess.TimeoutExpired:
        pass
    waited = two.poll() is None
    if pid:
        os.kill(pid, signal.SIGCONT if end == "goes on" else signal.SIGKILL)
    out, err = ended(two)
    second = {"status": two.returncode, "words": [], "stderr": err, "number": place.serial, "result": place.result_of(out)}
    told = place.gate_told(*ended(one), first)
    wrong, runs = worker.judge.look_both([told, second], f"refs/heads/{scenario['target']}")
    if not second["result"] or second["result"]["outcome"] != "committed":
        wrong.append(f"G10: the second one: {second['status']} {second['result']} {err[-300:]}")
    mine = runs.get(f"n{first}")
    if end == "goes on" and (not mine or mine["outcome"] != "committed"):
        wrong.append(f"G10: the first one went on, and ended as {mine and mine['outcome']}: {told['stderr'][-300:]}")
    worker.used = None if wrong else (worker.used or 0) + 2
    return {"outcome": worker.judge.outcome, "wrong": wrong, "told": told, "phase": phase, "hit": pid is not None, "waited": waited}
