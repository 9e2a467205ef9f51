#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the processes of a coverage build have counted, as a table and as JSON. For scripts/coverage, which gives the format.

    report.py BUILD WORK [--tests PASSED FAILED] [--json FILE] [--all]

BUILD is the build folder; WORK a folder of its own. Counts of all programs that share an object are added (gcov-tool), a header's
lines are those of everybody who includes it.
"""
import argparse
import collections
import datetime
import json
import os
import pathlib
import subprocess
import sys

CHUNK = 60  # objects for one gcov
KINDS = ("lines", "branches")


def say(text):
    print(f"coverage: {text}", file=sys.stderr, flush=True)


def programs(build):
    """Those that have counted anything: each writes its own; the others end with 3."""
    for path in sorted(build.rglob("*")):
        if path.is_file() and os.access(path, os.X_OK) and path.suffix != ".so" and path.parent.name in ("bin", "filter"):
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path


def collect(build, work):
    """One folder of .gcda files in which the counts of all programs are added."""
    total, counted = None, 0
    for program in programs(build):
        part = work / f"part-{counted}"
        part.mkdir()
        status = subprocess.run([program], env={"CUPEL_COVERAGE_DUMP": str(part)}, stdin=subprocess.DEVNULL).returncode
        if status == 3:
            continue
        if status != 0:
            sys.exit(f"coverage: {program} did not tell its counts (status {status})")
        counted += 1
        if total is None:
            total = part
            continue
        merged = work / f"merged-{counted}"
        subprocess.run(["gcov-tool", "merge", "-o", merged, total, part], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        total = merged
    if total is None:
        sys.exit("coverage: nothing has been counted: scripts/coverage runs the tests first")
    say(f"{counted} programs have counted")
    return total


def gcov(build, folder):
    """What gcov says of each object of the product, counted or not."""
    names = []
    for notes in build.rglob("*.gcno"):
        if "/tests/" in str(notes) or notes.name == "shared.c.gcno":
            continue
        flat = str(notes.with_suffix("")).replace("/", "#")
        if not (folder / f"{flat}.gcno").exists():
            (folder / f"{flat}.gcno").symlink_to(notes)
        names.append(f"{flat}.gcda" if (folder / f"{flat}.gcda").exists() else f"{flat}.gcno")
    for at in range(0, len(names), CHUNK):
        out = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", "--branch-counts", *sorted(names)[at:at + CHUNK]], cwd=folder,
                             check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        for line in out.splitlines():
            if line.strip():
                yield from json.loads(line)["files"]


def add_up(build, folder, top):
    """path → line → [count, [counts of its branches]]"""
    seen = collections.defaultdict(dict)
    for file in gcov(build, folder):
        path = os.path.relpath(os.path.join(top, file["file"]), top)
        if path.startswith(("../", "tests/", "build/")):
            continue
        for line in file["lines"]:
            mine = seen[path].setdefault(line["line_number"], [0, []])
            mine[0] += max(0, line["count"])
            for index, branch in enumerate(line["branches"]):
                if index == len(mine[1]):
                    mine[1].append(0)
                mine[1][index] += max(0, branch["count"])
    return seen


def ranges(numbers):
    """[1, 2, 3, 7] → "1-3,7" """
    parts = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def measure(lines):
    branches = [count for _, counts in lines.values() for count in counts]
    missed = [number for number, (count, _) in sorted(lines.items()) if count == 0]
    return {"lines": len(lines), "lines_hit": len(lines) - len(missed), "branches": len(branches),
            "branches_hit": sum(count > 0 for count in branches), "missed": ranges(missed)}


def total(parts):
    out = {}
    for kind in KINDS:
        out[kind] = sum(part[kind] for part in parts)
        out[f"{kind}_hit"] = sum(part[f"{kind}_hit"] for part in parts)
        out[f"{kind}_percent"] = round(100 * out[f"{kind}_hit"] / out[kind], 1) if out[kind] else 100.0
    return out


def summary(seen, passed, failed):
    files = {path: {**measure(lines)} for path, lines in sorted(seen.items())}
    folders = collections.defaultdict(list)
    for path, part in files.items():
        folders[os.path.dirname(path)].append(part)
        part.update(total([part]))
    return {
        "schema": "cupel-coverage-1",
        "commit": subprocess.run(["git", "rev-parse", "HEAD"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip(),
        "time": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "compiler": subprocess.run(["gcc", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")[0],
        "tests": {"passed": passed, "failed": failed},
        "total": total(files.values()),
        "folders": {folder: {"files": len(parts), **total(parts)} for folder, parts in sorted(folders.items())},
        "files": files,
    }


def row(name, part):
    print(f"{name:<34} {part['lines']:>7} {part['lines_percent']:>6.1f} % {part['branches']:>9} {part['branches_percent']:>6.1f} %")


def table(result, everything):
    print(f"{'':<34} {'lines':>7} {'hit':>8} {'branches':>9} {'hit':>8}")
    for folder, part in result["folders"].items():
        row(folder + "/", part)
    row("all", result["total"])
    files = sorted(result["files"].items(), key=lambda item: (item[1]["lines_hit"] - item[1]["lines"], item[0]))
    shown = files if everything else files[:25]
    print("\n" + ("files" if everything else "files with the most lines that nothing reached"))
    for path, part in shown:
        row(path, part)
        if everything and part["missed"]:
            print(f"    {part['missed']}")


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("build", type=pathlib.Path)
    ask.add_argument("work", type=pathlib.Path)
    ask.add_argument("--tests", nargs=2, type=int, default=(0, 0))
    ask.add_argument("--json", type=pathlib.Path)
    ask.add_argument("--all", action="store_true")
    args = ask.parse_args()
    top = pathlib.Path(__file__).resolve().parents[2]
    os.chdir(top)
    result = summary(add_up(args.build.resolve(), collect(args.build.resolve(), args.work.resolve()), top), *args.tests)
    if args.json:
        args.json.write_text(json.dumps(result, indent=1, sort_keys=False) + "\n")
    table(result, args.all)
    return 0


if __name__ == "__main__":
    sys.exit(main())
