#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges again every packet that tests/lib/replayed.sh kept of a test, and prints a line for each that is not as it should be.

Of each packet: an archive is made of it, which is judged in the second clone with nothing of the first place; and a copy with one line
more in its policy must be a fork. Where another verdict comes out and the policy showed its verifiers something of the host, it is
judged once more with that (--with-host), which is said. What a run may come to instead is named by its test (replays_as).
A run of the store without any packet that was seen is a failure, too.

With --list FILE one line per packet is added to it, tab separated:
    test, case, run, outcome, exit status, how (same | host | nothing | bytes | named | BAD), reason
"""
import argparse
import collections
import concurrent.futures
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import sys

DEADLINE = 300  # seconds for one replay
Seen = collections.namedtuple("Seen", "run packet clone case outcome")
Judged = collections.namedtuple("Judged", "seen status how reason")


class Elsewhere:
    """Another machine, as far as one machine can be another."""

    def __init__(self, cupel, tmp):
        self.cupel, self.tmp = cupel, tmp
        self.root = os.path.join(tmp, "elsewhere", "+machine")
        self.there = {
            key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "LC_ALL", "TMPDIR", "USER", "LOGNAME")
        }
        for key, name in (("HOME", "home"), ("XDG_CONFIG_HOME", "config"), ("CUPEL_STATE", "state"), ("CUPEL_CACHE", "cache")):
            self.there[key] = os.path.join(self.root, name)
        self.here = dict(os.environ, CUPEL_STATE=self.there["CUPEL_STATE"], CUPEL_CACHE=self.there["CUPEL_CACHE"])
        for folder in (self.there["HOME"], os.path.join(self.root, "packets")):
            os.makedirs(folder, exist_ok=True)

    def run(self, words, where, env=None):
        if not os.path.isdir(where):  # of a run that was blocked, nobody has a clone
            where = self.root
        try:
            done = subprocess.run([self.cupel, *words], cwd=where, env=env or self.there, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE, check=False)
        except subprocess.TimeoutExpired:
            return -1, "", f"cupel {words[0]} took more than {DEADLINE} seconds"
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace").strip()

    def replay(self, archive, where, *words, env=None):
        status, out, said = self.run(["replay", "--json", "--quiet", *words, archive], where, env)
        try:
            return status, json.loads(out.splitlines()[-1]), said
        except (IndexError, ValueError):
            return status, {}, said


def what_differs(told):
    """Each gate's finding and each verifier that speaks otherwise than it did."""
    for judgement in told.get("judgements", []):
        verdict = judgement["verdict"]
        yield f"{verdict['then']} → {verdict['now']}"
        for verifier in judgement["verifiers"]:
            if not verifier["same"]:
                yield f"{verifier['name']}: {verifier['then']} → {verifier['now']} ({verifier['why']})"
        for finding in judgement["gates"]:
            if finding["then"] != finding["now"]:
                yield f"{finding['gate']} {finding.get('path')}: {finding['then']} → {finding['now']}"
        yield from judgement.get("reasons") or []


def judge(elsewhere, seen):
    archive = os.path.join(elsewhere.root, "packets", os.path.basename(os.path.dirname(seen.packet)) + ".tar.zst")
    status, _, said = elsewhere.run(["export", seen.packet, "-o", archive], seen.clone)
    if status != 0:
        return Judged(seen, status, "BAD", f"cupel export: {said}")
    status, told, said = elsewhere.replay(archive, seen.clone)
    how, reason = "BAD", said or "; ".join(what_differs(told)) or told.get("fork") or ""
    if status == 1 and told.get("openings"):
        again, _, _ = elsewhere.replay(archive, seen.clone, "--with-host", env=elsewhere.here)
        if again == 0:
            status, how, reason = 0, "host", "with what its policy shows of the host: " + ", ".join(told["openings"])
    elif status == 0 and told.get("judged"):
        how, reason = "same", ""
    elif status == 0 and told.get("nothing"):
        how, reason = "nothing", told["nothing"].split(":")[0]
    elif status == 2 and "cannot be judged again" in said:
        how, reason = "bytes", said.removeprefix("cupel: ")
    os.unlink(archive)
    if how == "nothing" and seen.outcome == "committed":
        how = "BAD"
    return Judged(seen, status, how, reason)


def is_fork(elsewhere, seen):
    """What is wrong with a packet whose policy was changed, being judged; NULL: it is a fork."""
    snapshot = os.path.join(seen.packet, "config_snapshot")
    name = next((name for name in ("policy.yaml", "work_item.yaml", "plan.json") if os.path.exists(os.path.join(snapshot, name))), None)
    if not name:
        return "it has no snapshot"
    path = os.path.join(snapshot, name)
    os.chmod(snapshot, 0o700)
    os.chmod(path, 0o600)
    with open(path, "ab") as file:
        file.write(b"\n# changed\n")
    status, _, said = elsewhere.run(["replay", "--quiet", seen.packet], seen.clone)
    return None if status == 4 else f"with another {name} it is no fork: exit status {status}: {said}"


def kept(tmp):
    for place in sorted(glob.glob(os.path.join(tmp, "seen", "*", "place"))):
        folder = os.path.dirname(place)
        with open(place, encoding="utf-8", errors="replace") as file:
            clone, case = file.read().splitlines()[:2]
        run = os.path.basename(folder).split("+")[0]
        packet = os.path.join(folder, run)
        with open(os.path.join(packet, "evidence", "report.json"), encoding="utf-8") as file:
            yield Seen(run, packet, clone, case, json.load(file)["outcome"])


def ended(state):
    """Runs that ended, as the stores tell; one that is not readable was spoiled by its test."""
    for path in glob.glob(os.path.join(state, "repos", "*", "store.db")):
        try:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
                rows = store.execute("SELECT id, outcome FROM runs WHERE phase IN ('committed', 'discarded', 'blocked')").fetchall()
        except sqlite3.Error:
            continue
        ending = os.path.join(os.path.dirname(path), "ending")  # killed before their packet was there: the next command writes it
        yield from (row for row in rows if not os.path.exists(os.path.join(ending, row[0])))


def expectations(tmp):
    with open(os.path.join(tmp, "replay-as"), encoding="utf-8") as file:
        return {run: (codes, reason) for run, codes, reason in (line.rstrip("\n").split("\t") for line in file)}


def settle(judged, expected):
    """What the test named comes to what the test says, or is no exception any more."""
    codes, reason = expected.get(judged.seen.run, (None, None))
    if codes is None:
        return judged
    if str(judged.status) in codes.split("/"):
        return judged._replace(how=judged.how if judged.status == 0 else "named", reason=judged.reason if judged.status == 0 else reason)
    return judged._replace(how="BAD", reason=f"its test says {codes} ({reason}): {judged.reason}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("--cupel", "--tmp", "--state", "--test"):
        parser.add_argument(name, required=True)
    parser.add_argument("--list")
    options = parser.parse_args()
    expected, all_seen = expectations(options.tmp), list(kept(options.tmp))
    elsewhere = Elsewhere(options.cupel, options.tmp)
    lines = []

    def one(seen):
        return settle(judge(elsewhere, seen), expected), is_fork(elsewhere, seen)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(one, all_seen))
    for judged, fork in results:
        seen = judged.seen
        lines.append((options.test, seen.case, seen.run, seen.outcome, judged.status, judged.how, judged.reason))
        if judged.how == "BAD":
            print(f"{seen.run} ({seen.outcome}, in \"{seen.case}\") comes to {judged.status} elsewhere: {judged.reason}")
        if fork:
            print(f"{seen.run} ({seen.outcome}, in \"{seen.case}\"): {fork}")
    runs = {seen.run for seen in all_seen}
    for run, outcome in ended(options.state):
        if run in runs:
            continue
        codes, reason = expected.get(run, (None, None))
        lines.append((options.test, "", run, outcome, "", "unseen" if codes == "unseen" else "BAD", reason or "no packet of it was seen"))
        if codes != "unseen":
            print(f"{run} ({outcome}) ended, and no packet of it was seen: judge it, or name it (runs_unseen)")
    if os.path.exists(os.path.join(elsewhere.there["CUPEL_STATE"], "repos")):
        print("replays made a store")
    shutil.rmtree(os.path.join(elsewhere.root, "packets"), ignore_errors=True)
    if options.list:
        with open(options.list, "a", encoding="utf-8") as file:
            for line in lines:
                file.write("\t".join(" ".join(str(field).split()) for field in line) + "\n")


if __name__ == "__main__":
    sys.exit(main())
