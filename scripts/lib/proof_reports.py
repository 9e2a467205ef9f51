# SPDX-License-Identifier: Apache-2.0
"""From what the experiments write to what is kept of it: small enough for the repository, enough for the page. Their own headers say
what their reports hold.

    data = READERS["sweep"]([path, …])      raises Unreadable; `when`, `seconds` and `commit` in it are of the report
"""
import collections
import json
import re
from pathlib import Path

POINTS = 240  # of a line over time


class Unreadable(Exception):
    """No report, or another one than it should be."""


def lines(paths):
    found = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as problem:
            raise Unreadable(str(problem)) from problem
        for line in text.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue  # who was killed may have left half a line
    if not found or not all(isinstance(line, dict) for line in found):
        raise Unreadable(f"{paths[0]} holds no report")
    return found


def whole(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise Unreadable(f"{path}: {problem}") from problem


def commits(found):
    """In words, of those that parts of a report carry; None where no part does."""
    known = list(dict.fromkeys(commit for commit in found if commit))
    return " and ".join(known + ["some not recorded"] * (not all(found))) if known else None


def bench(paths):
    """scripts/bench --json"""
    rows, series = [], {}
    for path in paths:
        report = whole(path)
        if report.get("left"):
            raise Unreadable(f"{path} lacks rows that were asked for, since its command came to no end: {', '.join(report['left'])}")
        rows += report.get("rows", [])
        series.update(report.get("series", {}))
    if not rows and not series:
        raise Unreadable(f"{paths[0]} holds no figures (those of `phases` are for root)")
    return {"rows": rows, "series": series}


def count(tried, key):
    table = collections.defaultdict(lambda: [0, 0])
    for record in tried:
        table[record[key]][0] += 1
        table[record[key]][1] += bool(record["wrong"])
    return {str(name): value for name, value in sorted(table.items(), key=lambda item: str(item[0]))}


def there_are(begun):
    """Points of full sweeps: of each way and its processes the most that a recording had."""
    most = {}
    for record in begun:
        if str(record.get("asked")).startswith("full"):
            way = str(record.get("scenario")), str(record.get("process"))
            most[way] = max(most.get(way, 0), record.get("of") or 0)
    return sum(most.values())


def sweep(paths):
    """scripts/crash-sweep --report: the last word on each point and trial counts."""
    records = lines(paths)
    points, trials, mended = {}, {}, set()
    for record in records:
        if record.get("record") == "point":
            key = tuple(record[name] for name in ("scenario", "process", "call", "nth", "fault"))
            points[key] = record
            if record["wrong"]:
                mended.add(key)
        elif record.get("record") == "trial":
            trials[record["experiment"], record["what"]] = record
    if not points and not trials:
        raise Unreadable(f"{paths[0]} holds no points")
    tried = [record for record in points.values() if record["hit"]]
    tests = [record for record in trials.values() if record["hit"]]
    begun = [record for record in records if record.get("record") == "sweep"]
    wrong = [record for record in tried + tests if record["wrong"]]
    return {"commit": commits([record.get("commit") for record in begun]),
            "when": max((record["time"][:16].replace("T", " ") for record in begun if record.get("time")), default=None),
            "full": any(str(record.get("asked")).startswith("full") for record in begun),
            "of": there_are(begun), "points": len(tried), "unreached": len(points) - len(tried),
            "trials": count(tests, "experiment"), "violations": len(wrong),
            "mended": sum(points[key]["hit"] and not points[key]["wrong"] for key in mended), "seeds": sorted({str(record.get("seed")) for record in begun}),
            "users": sorted({str(record.get("user")) for record in begun}),
            "by": {key: count(tried, key) for key in ("process", "call", "fault", "scenario")},
            "wrong": [f"{record.get('process') or record.get('experiment')} {record.get('call') or record.get('what')}: {record['wrong'][0]}"
                      for record in wrong[:10]],
            "seconds": sum(record.get("seconds") or 0 for record in records if record.get("record") == "end") or None}


def mean(values):
    values = [value for value in values if value is not None]
    return round(sum(values) / len(values), 2) if values else None


def thin(samples):
    """{key: values}, each the mean of so many samples that POINTS are left."""
    step = max(1, -(-len(samples) // POINTS))
    groups = [samples[i:i + step] for i in range(0, len(samples), step)]
    return {key: [mean([sample[key] for sample in group]) for group in groups] for key in (samples[0] if samples else {}) if key != "record"}


def soak(paths):
    """scripts/soak --report: samples as it goes, then what the judge says."""
    records = lines(paths)
    samples = [record for record in records if record.get("record") == "sample"]
    verdict = [record for record in records if record.get("record") == "verdict"]
    begin = [record for record in records if record.get("record") == "soak"]
    if not verdict or not begin:
        raise Unreadable(f"{paths[0]} holds no verdict: the soak did not come to its end")
    return {"commit": begin[-1].pop("commit", None), "asked": begin[-1], "verdict": verdict[-1], "seconds": verdict[-1]["seconds"],
            "when": begin[-1]["time"], "samples": thin(samples)}


def coverage(paths):
    """scripts/coverage: build/coverage/coverage.json"""
    report = whole(paths[0])
    if not str(report.get("schema", "")).startswith("cupel-coverage-"):
        raise Unreadable(f"{paths[0]} is no report of scripts/coverage")
    return {"commit": report.get("commit"), "total": report["total"], "folders": {name: {key: value for key, value in folder.items() if key != "files"}
                                                  for name, folder in report["folders"].items()}, "tests": report.get("tests")}


SUMMED = ["cpu_seconds", "executions", "findings", "edits", "changed"]
LARGEST = ["coverage", "functions", "function_edges", "function_edges_all", "corpus_files", "bases"]


def fuzz_targets():
    """Those that there are, so that one which was left out shows."""
    listed = Path(__file__).resolve().parent.parent.parent / "tests/CMakeLists.txt"
    return re.findall(r"^cupel_fuzz\((\w+) ", listed.read_text(encoding="utf-8"), re.M)


def sum_targets(records):
    targets = {}
    for record in records:
        sums = targets.setdefault(record["target"], dict.fromkeys([*SUMMED, *LARGEST], 0))
        for key in SUMMED:
            sums[key] += record.get(key) or 0
        for key in LARGEST:
            sums[key] = max(sums[key], record.get(key) or 0)
    return {"targets": dict(sorted(targets.items())), "all": sorted(fuzz_targets())}


def fuzz(paths):
    """scripts/fuzz --report: and scripts/fuzz-trees --report: one line per target; several of one target are summed up."""
    records = [record for record in lines(paths) if "target" in record]
    if not records:
        raise Unreadable(f"{paths[0]} names no target")
    return {**sum_targets(records), "commit": commits([record.get("commit") for record in records])}


def fuzz_add(before, now):
    """What another time's fuzzing adds; a corpus that was kept in between is counted once."""
    return sum_targets([{**one, "target": name} for data in (before, now) for name, one in data["targets"].items()])


def suite(paths):
    """What .ci/run or scripts/valgrind printed: its last line counts; its first one says which commit it is of."""
    try:
        text = paths[0].read_text(encoding="utf-8", errors="replace").splitlines()
        passed, failed = (int(part.split()[0]) for part in text[-1].split(","))
    except (OSError, ValueError, IndexError) as problem:
        raise Unreadable(f"{paths[0]}: {problem}") from problem
    commit = text[0].removeprefix("commit ") if text[0].startswith("commit ") else None
    return {"commit": commit, "passed": passed, "failed": failed, "checks": [line for line in text if line.startswith("check ")],
            "failures": [line for line in text if line.startswith("FAIL")][:20]}


ADDERS = {"fuzz": fuzz_add}
READERS = {"bench": bench, "sweep": sweep, "soak": soak, "coverage": coverage, "fuzz": fuzz, "suite": suite}
