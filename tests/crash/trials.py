# SPDX-License-Identifier: Apache-2.0
"""Experiments that are no single system call. Each is a list of trials; a trial is done in a worker's place and judged as a point is.

    for trial in trials_of(name, number, scenarios, seed, worker):
        result = trial.run(worker)

`what` names a trial within its experiment: the same arguments make the same trials.
"""
import collections
import random
import time

import pairs
import points as catalogue
import power as tapes
import twice
from place import SCENARIOS

KINDS = ("landing", "checkout", "refused")  # what these are tried on
DISK_ENOUGH = 1600  # KiB that a run of these scenarios does not use up

Trial = collections.namedtuple("Trial", "experiment what run")


def result(trial, outcome, wrong, told=None, **more):
    return {"record": "trial", "experiment": trial[0], "what": trial[1], "hit": True, "outcome": outcome, "wrong": wrong,
            "status": told["status"] if told else None, "stderr": told["stderr"] if told else "", "seen": "", **more}


# ---- the power goes ----

class Taped:
    """A scenario on one tape, in the place of whoever asks first; judged is what the next command makes of what the power left."""

    def __init__(self, name, worker):
        self.name, self.scenario, self.worker = name, SCENARIOS[name], worker
        worker.ready(self.scenario)
        worker.judge.remember()
        self.before, self.after = f"{worker.place.folder}-{name}-before", f"{worker.place.folder}-{name}-after"
        tapes.keep(worker.place.folder, self.before)
        self.tape = tapes.record(worker.place, self.scenario)
        self.told = tapes.result(self.tape)
        tapes.keep(worker.place.folder, self.after)
        self.seen = worker.judge.remembered()

    def cut(self, cut):
        judge = self.worker.judge
        judge.recall(self.seen)
        tapes.rebuild(self.worker.place, self.before, self.after, self.tape, cut)
        self.worker.used = None
        found = judge.look({"status": 137, "words": [], "result": None, "power": True}, self.scenario)
        if cut.at == len(self.tape.ops) and judge.outcome != self.told["outcome"]:
            found.append(f"G7: told was {self.told['outcome']}, and after the power came back it is {judge.outcome}")
        spoiled = bool(judge.packet_wrong)
        found = [sentence for sentence in found if sentence not in judge.packet_wrong]
        what = f"{self.name} {cut.at} of {len(self.tape.ops)} ({self.tape.around(cut.at)}), names {cut.names}, data {cut.data}"
        return result(("power", what), judge.outcome, found, packet_spoiled=spoiled)


def power(number, scenarios, seed, worker):
    """The same place for all of them: what is on a tape names it."""
    for name in scenarios:
        taped = Taped(name, worker)
        for cut in tapes.cuts(taped.tape, number, random.Random(seed)):
            yield Trial("power", f"{name} {cut}", lambda _, taped=taped, cut=cut: taped.cut(cut))


# ---- a full disk ----

def full_disk(name, free, worker):
    scenario = SCENARIOS[name]
    worker.ready(scenario)
    worker.judge.remember()
    worker.place.small_disk(free)
    try:
        told = worker.place.told(scenario)
        phase = worker.place.phase()
        worker.place.room_again()
        found = worker.judge.look(told, scenario) + worker.clean_run()
    finally:
        worker.place.whole_disk()
        worker.used = None
    return result(("disk", f"{name} {free} KiB free" if free != "ro" else f"{name} read-only"), worker.judge.outcome, found, told, phase=phase)


def disk(number, scenarios, _seed, _worker):
    for name in scenarios:
        for free in ["ro"] + [DISK_ENOUGH * step // number for step in range(number + 1)]:
            yield Trial("disk", f"{name} {free} KiB free" if free != "ro" else f"{name} read-only",
                        lambda worker, name=name, free=free: full_disk(name, free, worker))


# ---- the clock jumps ----

YEAR = 365 * 86400
# by an administrator, a virtual machine that was asleep, a battery that is empty (1970), summer time done wrong
JUMPS = {"a second back": -1, "an hour back": -3600, "a year back": -YEAR, "back to 1970": None, "a day forward": 86400,
         "ten years forward": 10 * YEAR}


def skewed(name, at, jump, worker):
    """A jump by itself changes nothing of what comes of a run. The next command has the right time again: of a forward one, the past."""
    scenario = SCENARIOS[name]
    worker.ready(scenario)
    worker.judge.remember()
    seconds = JUMPS[jump] if JUMPS[jump] is not None else 86400 - int(time.time())
    told = worker.place.skewed(scenario, at, seconds)
    found = worker.judge.look(told, scenario)
    expected = "director_refused" if name == "refused" else "committed"
    if worker.judge.outcome != expected:
        found.append(f"G10: it ended as {worker.judge.outcome}, not as {expected}")
    elif told["result"]:
        checked = worker.place.sh("cupel", "packet", "check", told["result"]["run"], check=False)
        if checked.returncode != 0:
            found.append(f"G7: cupel packet check: {(checked.stdout + checked.stderr)[-300:]}")
    found += worker.clean_run()
    worker.used = (worker.used or 0) + 2
    return {**result(("clock", f"{name} {jump} at reading {at}"), worker.judge.outcome, found, told), "hit": told["readings"] >= at}


def clock(number, scenarios, _seed, worker):
    for name in scenarios:
        worker.ready(SCENARIOS[name])
        readings = worker.place.skewed(SCENARIOS[name], 0, 0)["readings"]
        for step in range(number):
            at, jump = 1 + readings * step // number, list(JUMPS)[step % len(JUMPS)]
            yield Trial("clock", f"{name} {jump} at reading {at}",
                        lambda worker, name=name, at=at, jump=jump: skewed(name, at, jump, worker))


# ---- two at once ----

def stops(calls, process, number, dice):
    """Along the whole way of the process: half of them where it writes its log, and so between its phases; half anywhere."""
    writes = [catalogue.Point("landing", process, "pwrite64", 1 + calls["pwrite64"] * step // number, "STOP") for step in range(number)]
    others = [catalogue.Point("landing", process, call, 1 + dice.randrange(calls[call]), "STOP")
              for call in dice.choices([call for call in calls if call in catalogue.KILLED], k=number)]
    return writes + others


def together(point, end, worker):
    got = pairs.pair(worker, point, end)
    what = f"{point.process} stands at {point.call} {point.nth}, {end}"
    return {**result(("pairs", what), got["outcome"], got["wrong"], got["told"]), "phase": got["phase"], "hit": got["hit"], "waited": got["waited"]}


def two(number, _scenarios, seed, worker):
    recorded, dice = worker.record("landing"), random.Random(seed)
    quarter = max(1, number // 4)
    points = [point for process in ("supervisor", "director") for point in stops(recorded[process], process, quarter, dice)]
    for at, point in enumerate(points):
        end = ("goes on", "is killed")[at % 2]
        yield Trial("pairs", f"{point.process} stands at {point.call} {point.nth}, {end}",
                    lambda worker, point=point, end=end: together(point, end, worker))


# ---- two crashes in a row ----

RECOVERIES = 10  # of each place where a run was killed, so that recording who recovers it is worth while


def again(first, second, worker):
    got = twice.shot(first, second, worker)
    return {**result(("twice", twice.name(first, second)), got.pop("outcome"), got.pop("wrong")), **got}


def recoveries(number, scenarios, seed, worker):
    for name in scenarios:
        dice, found = random.Random(seed), []
        for first in twice.stands(worker.record(name), name, max(4, number // RECOVERIES), dice):
            points = [point for process, calls in twice.record(first, worker).items() for point in catalogue.of_calls(name, process, calls)]
            found.append([(first, second) for second in catalogue.sample(points, 1 + number // max(4, number // RECOVERIES), dice.random())])
        for first, second in [pair for some in zip(*found) for pair in some][:number]:
            yield Trial("twice", twice.name(first, second), lambda worker, first=first, second=second: again(first, second, worker))


EXPERIMENTS = {"power": power, "disk": disk, "clock": clock, "pairs": two, "twice": recoveries}
ALONE = ("power",)  # one place, one after the other


def trials_of(experiment, number, scenarios, seed, worker):
    return EXPERIMENTS[experiment](number, [name for name in scenarios if name in KINDS], seed, worker)
