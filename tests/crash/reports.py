# SPDX-License-Identifier: Apache-2.0
"""What a sweep found, kept line by line as it is found: a sweep that was stopped goes on from its report, and tables are made of it.

    report = Report(path, resumes)            path None: kept in memory only
    report.begin(of=…, seed=…)                a line that says what begins
    report.add(result)                        a point or a trial, on disk before this returns
    tables(records)                           Markdown, from lines of one or several reports

The form of the lines is told in scripts/crash-sweep.
"""
import collections
import datetime
import getpass
import json
import os
import platform
import subprocess

KEY = ("scenario", "process", "call", "nth", "fault")
UNKEPT = ("seen", "stderr")  # for who watches; long


def read(path):
    """Lines of a report. The last one of a sweep that was killed may be half a line."""
    found = []
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
    except FileNotFoundError:
        pass
    return found


def latest(records):
    """The last word on each point and trial: who tried one again is right."""
    points = {tuple(record[key] for key in KEY): record for record in records if record["record"] == "point"}
    trials = {(record["experiment"], record["what"]): record for record in records if record["record"] == "trial"}
    return list(points.values()), list(trials.values())


class Report:
    def __init__(self, path, others, again):
        self.path = path
        self.records = read(path) if path else []
        known = self.records + [record for other in others for record in read(other)]
        points, trials = latest(known)
        self.done = {tuple(record[key] for key in KEY) for record in points if not (again and record["wrong"])}
        self.done |= {(record["experiment"], record["what"]) for record in trials if not (again and record["wrong"])}
        self.added = []

    def write(self, record):
        if self.path:
            with open(self.path, "a", encoding="utf-8") as file:
                if file.tell() and not ends_a_line(self.path):
                    file.write("\n")
                file.write(json.dumps({key: value for key, value in record.items() if key not in UNKEPT}) + "\n")
        self.records.append(record)

    def begin(self, programs, **what):
        version = subprocess.run([f"{programs}/cupel", "--version"], capture_output=True, text=True, check=False).stdout.strip()
        strace = subprocess.run(["strace", "--version"], capture_output=True, text=True, check=False).stdout.split("\n")[0]
        self.write({"record": "sweep", "time": now(), "user": getpass.getuser(), "kernel": platform.release(), "cpus": os.cpu_count(),
                    "cupel": version, "strace": strace, **what})

    def add(self, result):
        self.added.append(result)
        self.write(result)

    def end(self, seconds):
        self.write({"record": "end", "time": now(), "seconds": round(seconds), **counts(self.added)})


def ends_a_line(path):
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def counts(results):
    hit = [result for result in results if result["hit"]]
    return {"tried": len(hit), "unreached": len(results) - len(hit), "violations": sum(bool(result["wrong"]) for result in results)}


def group(results, title, key):
    """A table of one way to divide them."""
    rows = collections.defaultdict(list)
    for result in results:
        rows[key(result)].append(result)
    lines = ["", f"| {title} | tried | not reached | violations |", "|---|---:|---:|---:|"]
    for name, members in sorted(rows.items()):
        of = counts(members)
        lines.append(f"| {name} | {of['tried']} | {of['unreached']} | {of['violations']} |")
    return lines


def tables(records):
    points, trials = latest(records)
    lines = []
    for key in ("process", "call", "fault", "scenario") if points else ():
        lines += group(points, key, lambda result, key=key: result[key])
    if trials:
        lines += group(trials, "experiment", lambda result: result["experiment"])
    for experiment in sorted({result["experiment"] for result in trials if "phase" in result}):
        reached = collections.Counter(result["phase"] or "no row yet" for result in trials if result["experiment"] == experiment and result["hit"])
        lines += ["", f"Phases that runs were in ({experiment}): " + ", ".join(f"{name} {count}" for name, count in reached.most_common()) + "."]
    results = points + trials
    ends = collections.Counter(result["outcome"] for result in results if result["hit"])
    wrong = [result for result in results if result["wrong"]]
    if wrong:
        lines += ["", "Violations:", ""]
    for result in wrong:
        name = " ".join(str(result[key]) for key in KEY) if result["record"] == "point" else f"{result['experiment']} {result['what']}"
        lines += [f"- {name}: {sentence}" for sentence in result["wrong"]]
    of = counts(results)
    seconds = sum(record["seconds"] for record in records if record["record"] == "end")
    lines += ["", "Ends: " + ", ".join(f"{name} {count}" for name, count in ends.most_common()) + ".", "",
              f"{of['tried']} tried ({of['unreached']} not reached), {of['violations']} with violations, {seconds} s."]
    return lines
