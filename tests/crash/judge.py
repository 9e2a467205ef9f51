# SPDX-License-Identifier: Apache-2.0
"""Whether a repository, its store and the machine are as they must be after a run that something happened to and the command that
came next. Knows nothing of cupel's code: git, sqlite3, sha256sum, ssh-keygen (behind git verify-commit) and /proc are what it asks.

    judge = Judge(place)
    judge.remember()                          before the run
    wrong = judge.look(run, scenario)         after it: a list of sentences, empty where everything holds

Guarantees by name (docs/testing.md, Crashes): G1 one commit or none, G2 zero residue, G7 nothing is lost, G10 crash anywhere.
"""
import contextlib
import hashlib
import json
import os
import re
import sqlite3
import stat
import time

import chains

# what a folder of a run may hold when it is over
KEPT = {"config_snapshot", "identity.txt", "telemetry", "logs", "evidence", "checkpoints", "artifacts", "amendments.jsonl"}
# what a file or a layer is called until it has its own name, and after it had
HALF_WRITTEN = re.compile(r".*(\.[0-9a-f]{12}\.tmp|/\.new-[0-9a-f]{16}|/layers/\.(tmp|gone)-[^/]*/.*)")


def picture(folder):
    """Everything of a folder that a process could have changed: kinds, modes, bytes."""
    found = {}
    for top, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(top, name)
            info = os.lstat(path)
            value = [stat.S_IFMT(info.st_mode), stat.S_IMODE(info.st_mode)]
            if stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    value.append(hashlib.sha256(file.read()).hexdigest())
            elif stat.S_ISLNK(info.st_mode):
                value.append(os.readlink(path))
            found[os.path.relpath(path, folder)] = value
    return found


class Judge:
    def __init__(self, place):
        self.place = place
        self.wrong, self.packet_wrong, self.outcome = [], [], None
        self.before = self.tips = self.runs = None

    def say(self, guarantee, text):
        self.wrong.append(f"{guarantee}: {text}")

    def git(self, *argv):
        return self.place.sh("git", *argv, check=False)

    def sql(self, statement):
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.place.store()}?mode=ro", uri=True, timeout=20)) as store:
                store.row_factory = sqlite3.Row
                return [dict(row) for row in store.execute(statement)]
        except sqlite3.Error as problem:
            self.say("G10", f"the store cannot be read: {problem}")
            return []

    def refs(self):
        return dict(line.split(" ", 1)[::-1] for line in self.git("for-each-ref", "--format=%(objectname) %(refname)").stdout.splitlines())

    def remember(self):
        self.before = picture(self.place.repo)
        self.tips = self.refs()
        self.runs = {row["id"] for row in self.sql("SELECT id FROM runs")}

    def remembered(self):
        return self.before, self.tips, self.runs

    def recall(self, what):
        self.before, self.tips, self.runs = what

    # ---- the store ----

    def events(self, run):
        rows = self.sql(f"SELECT sequence, body, hash FROM events WHERE run = {run['no']} ORDER BY sequence")
        head, end, bodies = chains.NONE, chains.NONE, []
        for expected, row in enumerate(rows, 1):
            if row["sequence"] != expected or row["hash"] != chains.after(head, row["body"]):
                self.say("G7", f"the chain of {run['id']} is broken at {row['sequence']}")
            head = row["hash"]
            bodies.append(json.loads(row["body"]))
            if bodies[-1]["type"] == "dev.cupel.run.state" and bodies[-1]["data"]["to"] in chains.TERMINAL:
                end = head
        if run["events"] != len(rows) or run["head"] != head:
            self.say("G7", f"{run['id']}: its row says {run['events']} events, there are {len(rows)}")
        return bodies, end

    def links(self, runs, ends):
        linked, broken = chains.links(self.sql(chains.LINKS))
        if broken is not None:
            self.say("G7", f"the store's chain is broken at {broken}")
            return
        for run in runs:
            if run["phase"] in chains.TERMINAL and linked.get(run["id"]) != ends[run["id"]]:
                self.say("G7", f"the end of {run['id']} is not what the store's chain has of it")

    def store(self, tolds):
        """Of each of these commands at most one run, and of nobody else one; by the titles of what was told."""
        for row in self.sql("PRAGMA integrity_check"):
            if row["integrity_check"] != "ok":
                self.say("G10", f"integrity_check: {row['integrity_check']}")
        if self.sql("SELECT run FROM intents"):
            self.say("G10", "a landing hangs in the air")
        # a place in the line is given back without a sync: after the power was gone it is nobody's, and who comes next removes it
        if self.sql("SELECT run FROM line") and not tolds[0].get("power"):
            self.say("G10", "somebody stands in the line")
        new = [run for run in self.sql("SELECT * FROM runs") if run["id"] not in self.runs]
        if len(new) > len(tolds):
            self.say("G1", f"{len(new)} runs instead of {len(tolds)}")
        ends = {}
        for run in new:
            bodies, ends[run["id"]] = self.events(run)
            told = tolds[0] if len(tolds) == 1 else {f"n{told['number']}": told for told in tolds}[run["title"]]
            self.story(run, bodies, told)
        self.links(new, ends)
        return new

    def story(self, run, bodies, told):
        """Row and log agree with each other, and with what was told."""
        phase, outcome = "none", None
        for body in bodies:
            if body["type"] == "dev.cupel.run.state":
                if body["data"]["from"] != phase:
                    self.say("G7", f"a move from {body['data']['from']} while it was {phase}")
                phase, outcome = body["data"]["to"], body["data"].get("outcome", outcome)
        if run["phase"] not in chains.TERMINAL:
            self.say("G10", f"{run['id']} has not ended: {run['phase']}")
        if (phase, outcome) != (run["phase"], run["outcome"]):
            self.say("G7", f"the log says {phase} {outcome}, the row {run['phase']} {run['outcome']}")
        result = told["result"]
        if result and result["outcome"] != run["outcome"] and not told.get("rejected"):
            self.say("G7", f"told was {result['outcome']}, stored is {run['outcome']}")
        if result and result["exit"] != told["status"]:
            self.say("G7", f"exit status {told['status']}, told was {result['exit']}")
        receipts = [body for body in bodies if body["type"] == "dev.cupel.receipt.commit"]
        if len(receipts) != (run["phase"] == "committed"):
            self.say("G7", f"{len(receipts)} receipts of a commit, and it is {run['phase']}")
        self.notes(run, bodies, result)

    def notes(self, run, bodies, result):
        """What was accepted before the end was told is in the log."""
        log = os.path.join(self.folder_of(run), "logs/agent.log")
        mark = "noted-" + run["title"][1:]
        try:
            with open(log, encoding="utf-8", errors="replace") as file:
                accepted = mark in file.read()
        except FileNotFoundError:
            return
        if result and accepted and not any(body["data"].get("text") == mark for body in bodies):
            self.say("G7", f"a note was accepted, the end was told ({result['outcome']}), and the log has no such note")

    # ---- the repository ----

    def repository(self, run, scenario, told):
        fsck = self.git("fsck", "--strict", "--unreachable", "--no-progress")
        if fsck.returncode != 0 or fsck.stdout.strip():
            self.say("G2", f"git fsck: {(fsck.stdout + fsck.stderr).strip()[:300]}")
        now = picture(self.place.repo)
        changed = sorted(name for name in self.before if name in now and now[name] != self.before[name])
        gone = sorted(set(self.before) - set(now))
        added = sorted(set(now) - set(self.before))
        if not run or run["phase"] != "committed":
            if changed or gone or added:
                self.say("G2", f"not byte for byte as before: changed {changed[:5]}, gone {gone[:5]}, new {added[:5]}")
            return
        self.commit(run, scenario, told)
        self.residue(run, scenario, (changed, gone, added), told)

    def commit(self, run, scenario, told):
        ref, tips = f"refs/heads/{scenario['target']}", self.refs()
        if tips.get(ref) != run["commit_id"]:
            self.say("G1", f"{ref} is at {tips.get(ref)}, the run committed {run['commit_id']}")
        if {name: tip for name, tip in tips.items() if name != ref} != {name: tip for name, tip in self.tips.items() if name != ref}:
            self.say("G1", "another ref moved")
        shown = self.git("show", "-s", "--format=%P %T", run["commit_id"]).stdout.split()
        if shown != [self.tips[ref], run["tree"]]:
            self.say("G1", f"parents and tree are {shown}, not {[self.tips[ref], run['tree']]}")
        number = run["title"][1:]
        for name, text in scenario.get("files", {}).items():
            got = self.git("show", f"{run['commit_id']}:{name.replace('{n}', number)}").stdout
            if got != text.replace("{n}", number):
                self.say("G1", f"{name} in the commit is {got!r}")
        signers = f"gpg.ssh.allowedSignersFile={self.place.state}/keys/allowed_signers"
        verified = self.git("-c", signers, "verify-commit", run["commit_id"])
        if verified.returncode != 0:
            self.say("G1", f"git verify-commit: {verified.stderr.strip()[:200]}")
        if told.get("power"):
            return  # no reflog is synced, git's own neither: its last line may be gone
        reflog = self.git("reflog", "show", "--format=%H", ref).stdout.split()
        if reflog[:2] != [run["commit_id"], self.tips[ref]] and reflog != [run["commit_id"]]:
            self.say("G1", f"the reflog of {ref} begins with {reflog[:3]}")

    def residue(self, run, scenario, difference, told):
        changed, gone, added = difference
        ref = f".git/refs/heads/{scenario['target']}"
        may_change = {ref, f".git/logs/refs/heads/{scenario['target']}"}
        number = run["title"][1:]
        if scenario["target"] == "main":
            may_change |= {".git/index", ".git/logs/HEAD"} | {name.replace("{n}", number) for name in scenario["files"]}
            status = self.git("status", "--porcelain").stdout
            if status.strip() and not told.get("power"):  # a checkout's files are not synced, by git neither
                self.say("G1", f"the checkout is not at its commit: {status[:200]}")
        objects = re.compile(r"\.git/objects/([0-9a-f]{2}(/[0-9a-f]{38})?|pack|pack/pack-[0-9a-f]{40}\.(pack|idx|rev))")
        strange = [name for name in added if name not in may_change and not objects.fullmatch(name)]
        if gone or strange or set(changed) - may_change:
            self.say("G2", f"beside the commit: changed {sorted(set(changed) - may_change)[:5]}, gone {gone[:5]}, new {strange[:5]}")

    # ---- what is left of the run ----

    def folder_of(self, run):
        return os.path.join(os.path.dirname(self.place.store()), "runs", run["id"])

    def leftovers(self, run, told):
        top = os.path.dirname(self.place.store())
        for name in ("ending",) if told.get("power") else ("ending", "line"):
            path = os.path.join(top, name)
            if os.path.isdir(path) and os.listdir(path):
                self.say("G10", f"{name}/ holds {os.listdir(path)[:3]}")
        scratch = f"{self.place.folder}/cache/cupel/scratch"
        if os.path.isdir(scratch) and os.listdir(scratch):
            self.say("G10", f"scratch/ holds {os.listdir(scratch)[:3]}")
        self.orphans(top)
        self.half_written()
        if not run:
            return
        folder = self.folder_of(run)
        strange = sorted(set(os.listdir(folder)) - KEPT) if os.path.isdir(folder) else ["(no folder)"]
        if strange:
            self.say("G10", f"the run's folder holds {strange}")
        if os.path.isdir(folder) and run["phase"] != "blocked":
            before = len(self.wrong)
            self.packet(run, folder)
            self.packet_wrong = self.wrong[before:]

    def orphans(self, top):
        """Folders of runs that died before they had a row: no command knows whether somebody is at it, gc takes them when they are old."""
        known = {row["id"] for row in self.sql("SELECT id FROM runs")}
        found = [f"{top}/runs/{name}" for name in os.listdir(f"{top}/runs") if name not in known] if os.path.isdir(f"{top}/runs") else []
        for path in found:
            os.utime(path, (0, 0))
        if found:
            done = self.place.sh("cupel", "gc", check=False)
            left = [path for path in found if os.path.lexists(path)]
            if left or done.returncode != 0:
                self.say("G10", f"cupel gc left {left[:3]}: {done.returncode}: {done.stderr[-300:]}")

    def half_written(self):
        for name in ("state", "cache", "repo"):
            found = [os.path.join(top, file) for top, _, files in os.walk(f"{self.place.folder}/{name}") for file in files]
            left = [path[len(self.place.folder) + 1:] for path in found if HALF_WRITTEN.fullmatch(path)]
            if left:
                self.say("G10", f"half-written files are left: {left[:3]}")

    def packet(self, run, folder):
        evidence = f"{folder}/evidence"
        if not os.path.isfile(f"{evidence}/SHA256SUMS"):
            self.say("G10", "no packet")
            return
        summed = self.place.sh("sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS", check=False, cwd=evidence)
        if summed.returncode != 0:
            self.say("G10", f"sha256sum of the packet: {(summed.stdout + summed.stderr).strip()[:300]}")
        try:
            with open(f"{evidence}/report.json", encoding="utf-8") as file:
                report = json.load(file)
        except (OSError, ValueError) as problem:
            self.say("G10", f"report.json of the packet: {problem}")
            return
        if report.get("outcome") != run["outcome"]:
            self.say("G7", f"report.json says {report.get('outcome')}, the store {run['outcome']}")
        if run["phase"] == "committed" and not os.path.isfile(f"{evidence}/{run['commit_id']}.intoto.jsonl"):
            self.say("G10", "no attestation of the commit")

    # ---- the machine ----

    def processes(self):
        mark = f"CRASH_PLACE={self.place.folder}\0".encode()
        inside = self.place.folder.encode() + b"/"
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) == os.getpid():
                continue
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    environ = file.read()
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    line = file.read()
            except OSError:
                continue
            if mark in environ or inside in environ or inside in line:
                found.append(f"{name} {line.replace(bytes(1), b' ').decode(errors='replace')[:120]}")
        return found

    def machine(self, told):
        if "hung" in told["words"]:
            self.say("G10", "the run did not end by itself")
        if "left" in told["words"]:
            self.say("G10", f"a process outlived the run: {self.processes()[:3]}")
        deadline = time.monotonic() + 60
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.processes():
            self.say("G10", f"processes are left: {self.processes()[:3]}")
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            mounts = [line for line in file if f" {self.place.folder}/" in line]
        if mounts and "disk" not in told["words"]:
            self.say("G10", f"mounts are left: {mounts[:2]}")

    def next_command(self, told):
        """It recovers by itself. What is held (a busy lock, say) waits for a person by contract, who rejects it here."""
        done = self.place.recover()
        if done.returncode != 0 or "could not" in done.stderr:
            self.say("G10", f"the next command: {done.returncode}: {(done.stdout + done.stderr)[-300:]}")
        for run in self.sql("SELECT id FROM runs WHERE phase = 'held'"):
            told["rejected"] = True
            self.place.sh("cupel", "reject", run["id"], "--reason", "crash", check=False)

    def look(self, told, scenario):
        self.wrong, self.packet_wrong = [], []
        self.machine(told)
        self.next_command(told)
        run = next(iter(self.store([told])), None)
        self.repository(run, scenario, told)
        self.leftovers(run, told)
        self.outcome = run["outcome"] if run else "no run"
        return self.wrong

    # ---- two at once ----

    def look_both(self, tolds, ref):
        """Of two runs on one state and one ref: as many commits as runs that committed, each with its own tree, one on the other."""
        self.wrong, self.packet_wrong = [], []
        self.machine({"words": [word for told in tolds for word in told["words"]]})
        self.next_command(tolds[0])
        runs = self.store(tolds)
        fsck = self.git("fsck", "--strict", "--unreachable", "--no-progress")
        if fsck.returncode != 0 or fsck.stdout.strip():
            self.say("G2", f"git fsck: {(fsck.stdout + fsck.stderr).strip()[:300]}")
        tips = self.refs()
        if {name: tip for name, tip in tips.items() if name != ref} != {name: tip for name, tip in self.tips.items() if name != ref}:
            self.say("G1", "another ref moved")
        log = self.git("log", "--format=%H %T %P", f"{self.tips[ref]}..{tips[ref]}").stdout.split("\n")
        there = {tuple(line.split()[:2]) for line in log if line}
        expected = {(run["commit_id"], run["tree"]) for run in runs if run["phase"] == "committed"}
        if there != expected or any(len(line.split()) != 3 for line in log if line):
            self.say("G1", f"{ref} has {log}, the runs committed {sorted(expected)}")
        now, objects = picture(self.place.repo), re.compile(r"\.git/objects/.*")
        may_change = {f".git/{ref}", f".git/logs/{ref}"}
        strange = [name for name in set(now) | set(self.before) if now.get(name) != self.before.get(name)
                   and name not in may_change and not objects.fullmatch(name)]
        if strange:
            self.say("G2", f"beside the commits changed: {strange[:5]}")
        for run in runs:
            self.leftovers(run, tolds[0])
        self.outcome = ", ".join(sorted(run["outcome"] for run in runs)) or "no run"
        return self.wrong, {run["title"]: run for run in runs}
