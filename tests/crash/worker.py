# SPDX-License-Identifier: Apache-2.0
"""One place, used for many points; made anew where something went wrong, and now and then."""
import time

import points as catalogue
from judge import Judge
from place import SCENARIOS, Place

RUNS_PER_PLACE = 40  # then a run that nothing happens to, and a fresh place


class Worker:
    def __init__(self, folder, programs, gate):
        self.place = Place(folder, programs, gate)
        self.judge = Judge(self.place)
        self.used = None

    def ready(self, scenario):
        if scenario.get("cold"):
            self.place.make(cold=True)
            self.used = None
        elif self.used is None or self.used >= RUNS_PER_PLACE:
            self.place.make()
            self.used = 0

    def strace_of(self, process):
        try:
            with open(f"{self.place.log}/{process}", encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def record(self, name):
        """The calls of each process in a run of this scenario."""
        calls = {}
        for roles in catalogue.recordings(SCENARIOS[name]):
            self.ready(SCENARIOS[name])
            told = self.place.run(SCENARIOS[name], ",".join(roles), [])
            expected = "director_refused" if "refused" == name else "committed"
            if not told["result"] or told["result"]["outcome"] != expected:
                raise SystemExit(f"crash-sweep: the run to be recorded ended otherwise: {told}")
            for role in roles:
                calls[role] = catalogue.counted(self.strace_of(role), "execveat" if role in catalogue.APART else None)
                if not calls[role]:
                    raise SystemExit(f"crash-sweep: strace saw nothing of the {role} in {name}: {told}")
            self.used = None
        return calls

    def clean_run(self):
        """What must still work after all that was done here."""
        result = self.place.plain(SCENARIOS["checkout"])
        return [] if result["outcome"] == "committed" else [f"G10: a run after it: {result['outcome']} {result.get('reasons', '')}"]

    def shot(self, point):
        scenario, began = SCENARIOS[point.scenario], time.monotonic()
        self.ready(scenario)
        self.judge.remember()
        told = self.place.run(scenario, point.process, catalogue.options(point))
        wrong, seen = self.judge.look(told, scenario), self.strace_of(point.process)
        possible = not catalogue.impossible(seen)
        if not possible:
            wrong, self.used = [], None
        if self.used is not None:
            self.used += 1
        if scenario.get("cold") or self.used == RUNS_PER_PLACE:
            wrong += self.clean_run()
        return {"record": "point", **point._asdict(), "hit": possible and catalogue.hit(seen, point), "outcome": self.judge.outcome,
                "status": told["status"], "ms": round(1000 * (time.monotonic() - began)), "wrong": wrong, "seen": seen,
                "stderr": told["stderr"]}
