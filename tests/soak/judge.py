# SPDX-License-Identifier: Apache-2.0
"""Whether everything that a soak asked for came to exactly one end, and nothing is left. Knows nothing of cupel's code: git, sqlite3, the
soak's own verifier and /proc are what it asks.

    judge = Judge(place, facts)      place: Place of tests/soak/place.py; facts: kinds, hits, user's commits of it
    judge.look()                     judge.wrong: sentences; judge.checked: what was looked at
"""
import collections
import hashlib
import json
import os
import sqlite3
import subprocess
from pathlib import Path

import chains
import kinds
import watch

VERIFY_AGAIN = 2000  # commits that the verifier is run on once more, evenly spread, the last among them
SIGNATURES = 300
RESTS = {"head", "upper", "room", "room.base", "rooms", "merge", "staging", "quarantine", "kept", "landing.pack", "landing.idx"}
# what an item may end as that was shot at: by what died, its run failed, was put back, or was given up
SHOT = {("failed", "work_failed"), ("failed", "interrupted"), ("failed", "self_verification_failed"), ("failed", "director_refused"),
        ("failed", "budget_exceeded"), ("failed", "no_change"), ("failed", "internal_error"), ("failed", "sandbox_unavailable"),
        ("failed", "cancelled"), ("failed", "rejected"), ("failed", "base_conflict")}
CONTENDED = {"shared", "pack"}  # kinds that change what others change: given up at last where they always lose


class Judge:
    def __init__(self, place, facts):
        self.place, self.facts = place, facts
        self.wrong, self.checked = [], []
        self.db = sqlite3.connect(f"file:{place.store()}?mode=ro", uri=True, timeout=30)
        self.db.row_factory = sqlite3.Row

    def say(self, text):
        self.wrong.append(text)

    def sql(self, statement, *values):
        return self.db.execute(statement, values).fetchall()

    def some(self, what, found, show=str):
        if found:
            self.say(f"{len(found)} {what}: {', '.join(show(one) for one in found[:3])}")

    def git(self, *argv, data=None):
        done = subprocess.run(["git", *argv], cwd=self.place.repo, env=self.place.env, input=data, capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else done.stdout + done.stderr + "\n(git failed)"

    # ---- items and runs ----

    def items(self):
        self.checked.append("each item ended once, as its kind must")
        outcomes = {row["id"]: row["outcome"] for row in self.sql("SELECT id, outcome FROM runs")}
        rows = self.sql("SELECT item, state, reason, last_run FROM queue")
        asked, there = set(self.facts["kinds"]), {row["item"] for row in rows}
        self.some("items are not in the queue", sorted(asked - there))
        self.some("items nobody added", sorted(there - asked))
        for row in rows:
            kind, end = self.facts["kinds"].get(row["item"]), (row["state"], outcomes.get(row["last_run"]))
            if kind and not self.may_end(row, kind, end):
                self.say(f"{row['item']} ({kind}, {'shot at: ' + ', '.join(self.hits(row['item'])) if self.hits(row['item']) else 'never shot at'}) "
                         f"ended as {end[0]}, {end[1]}: {row['reason']}")

    def hits(self, item):
        return self.facts["hits"].get(item, [])

    def may_end(self, row, kind, end):
        if end in kinds.ENDS[kind]:
            return True
        if end[0] == "dropped":  # what it depends on has failed
            return bool(self.sql("SELECT 1 FROM queue_depends d JOIN queue n ON n.item = d.needs WHERE d.item = ? AND n.state <> 'done'", row["item"]))
        if end == ("failed", "base_conflict"):
            return kind in CONTENDED and row["reason"].startswith("put back")
        return bool(self.hits(row["item"])) and end in SHOT

    def runs(self):
        self.checked.append("no run is open, no landing hangs, no item landed twice")
        self.some("runs have not ended", self.sql("SELECT id, phase FROM runs WHERE phase NOT IN ('committed', 'discarded', 'blocked')"),
                  lambda row: f"{row['id']} {row['phase']}")
        self.some("landings hang in the air", self.sql("SELECT run FROM intents"), lambda row: str(row["run"]))
        self.some("places in the line are taken", self.sql("SELECT run FROM line"), lambda row: str(row["run"]))
        self.some("items landed more than once", self.sql("SELECT item, count(*) n FROM runs WHERE phase = 'committed' AND outcome = 'committed' "
                                                          "GROUP BY item HAVING n > 1"), lambda row: row["item"])

    # ---- the log ----

    def log(self):
        self.checked.append("both chains hash from the first event on, rows and log agree")
        runs = {row["no"]: row for row in self.sql("SELECT no, id, phase, outcome, events, head FROM runs")}
        heads, phases, seen = {}, {}, {}
        for row in self.db.execute("SELECT run, sequence, body, hash FROM events ORDER BY run, sequence"):
            no, body = row["run"], json.loads(row["body"])
            seen[no] = seen.get(no, 0) + 1
            if row["sequence"] != seen[no] or row["hash"] != chains.after(heads.get(no, chains.NONE), row["body"]):
                self.say(f"the chain of {runs[no]['id']} is broken at {row['sequence']}")
            heads[no] = row["hash"]
            if body["type"] == "dev.cupel.run.state":
                before = phases.get(no, ("none", None))
                if body["data"]["from"] != before[0]:
                    self.say(f"{runs[no]['id']}: a move from {body['data']['from']} while it was {before[0]}")
                phases[no] = (body["data"]["to"], body["data"].get("outcome", before[1]))
        for no, row in runs.items():
            if seen.get(no, 0) != row["events"] or heads.get(no) != row["head"]:
                self.say(f"{row['id']}: its row says {row['events']} events, there are {seen.get(no, 0)}")
            if phases.get(no) != (row["phase"], row["outcome"]):
                self.say(f"{row['id']}: the log says {phases.get(no)}, its row {row['phase']}, {row['outcome']}")
        self.links(runs, heads)

    def links(self, runs, heads):
        linked, broken = chains.links(self.sql(chains.LINKS))
        if broken is not None:
            self.say(f"the store's chain is broken at {broken}")
            return
        self.some("ends are not what the store's chain has of them",
                  [run["id"] for no, run in runs.items() if run["phase"] in chains.TERMINAL and linked.get(run["id"]) != heads[no]])

    def notes(self):
        self.checked.append("every note of an item that is done is in the log")
        told = {json.loads(row["body"])["data"].get("text") for row in self.sql("SELECT body FROM events WHERE body LIKE '%noted-item-%'")}
        done = [row["item"] for row in self.sql("SELECT item FROM queue WHERE state = 'done'")]
        # a sender that was shot may never have come to say it
        self.some("notes are lost", [item for item in done if self.facts["kinds"].get(item) in ("noted", "observed") and f"noted-{item}" not in told
                                     and {"cupel note", "step"}.isdisjoint(self.hits(item))])

    # ---- the repository ----

    def history(self):
        """[(commit, tree, item)] of ours, in the order of each branch, and the commits of others."""
        form, lines = "%H %P %T %(trailers:key=Cupel-Item,valueonly,separator=%x2C)", []
        for branch in ("landing", "quiet"):
            said = self.git("log", "--reverse", f"--format={form}", f"{self.facts['base']}..{branch}")
            lines += [line.split(" ") for line in said.splitlines()]
        self.some("commits have not exactly one parent", [line[0] for line in lines if len(line) != 4])
        lines = [line for line in lines if len(line) == 4]
        return [(commit, tree, item) for commit, _, tree, item in lines if item], [commit for commit, _, _, item in lines if not item]

    def commits(self):
        self.checked.append("the history is the items that are done, each once, each its own work and nothing else; dependencies in order")
        ours, others = self.history()
        self.some("commits are nobody's", [commit for commit in others if commit not in set(self.facts["user_commits"])])
        rows = {row["commit_id"]: row for row in self.sql("SELECT commit_id, tree, item FROM runs WHERE phase = 'committed' AND outcome = 'committed'")}
        done, there = collections.Counter(row["item"] for row in rows.values()), collections.Counter(item for _, _, item in ours)
        if there != done:
            self.say(f"the commits are not the items that are done, each once: {sorted({*(there - done), *(done - there)})[:5]}")
        self.some("commits are not what the store has of them", [commit for commit, tree, item in ours
                                                                 if commit not in rows or (rows[commit]["tree"], rows[commit]["item"]) != (tree, item)])
        self.contents(ours)
        at = {item: position for position, (_, _, item) in enumerate(ours)}
        self.some("landed before what they depend on", [row["item"] for row in self.sql("SELECT item, needs FROM queue_depends")
                                                        if row["item"] in at and at.get(row["needs"], len(at)) > at[row["item"]]])
        return ours

    def contents(self, ours):
        """What each commit changes, against its parent: the item's own file with its own name, and what its kind may touch."""
        text = self.git("diff-tree", "-r", "--no-abbrev", "--stdin", data="".join(f"{commit}\n" for commit, _, _ in ours))
        items, changed = {commit: item for commit, _, item in ours}, {}
        for line in text.splitlines():
            if not line.startswith(":"):
                changed[at := line.strip()] = {}
            else:
                meta, path = line.split("\t", 1)
                changed[at][path] = meta.split(" ")[3]
        for commit, item in items.items():
            blob = hashlib.sha1(f"blob {len(item) + 1}\0{item}\n".encode()).hexdigest()
            paths = changed.get(commit, {})
            if paths.get(kinds.slot(item)) != blob:
                self.say(f"commit {commit} does not hold the work of {item}")
            kind = self.facts["kinds"].get(item)
            strange = [path for path in paths if path != kinds.slot(item) and not (kind == "shared" and path.startswith("soak/shared-"))
                       and not (kind == "pack" and path.startswith("soak/pack/"))]
            self.some(f"paths in commit {commit} are not of {item}", strange)

    def again(self, ours):
        """By the verifier, and by their signatures, from a clone that shares nothing with what was worked on."""
        clone = f"{self.place.folder}/clone"
        subprocess.run(["rm", "-rf", clone], check=True)
        self.git("clone", "-q", "--no-local", "--branch", "landing", self.place.repo, clone)
        step = max(1, len(ours) // VERIFY_AGAIN)
        chosen = ours[:-1:step] + ours[-1:]
        self.checked.append(f"{len(chosen):,} of {len(ours):,} commits pass their verifier in a fresh clone")
        for commit, _, item in chosen:
            done = subprocess.run(f"git checkout -q --detach {commit} && ./soak/verify.sh", shell=True, cwd=clone, env=self.place.env, check=False)
            if done.returncode != 0:
                self.say(f"commit {commit} of {item} does not pass its verifier")
        signers = f"gpg.ssh.allowedSignersFile={self.place.state}/keys/allowed_signers"
        signed = ours[::max(1, len(ours) // SIGNATURES)]
        self.checked.append(f"{len(signed):,} signatures by git verify-commit")
        self.some("signatures are not good", [commit for commit, _, _ in signed
                                              if "(git failed)" in self.git("-c", signers, "verify-commit", commit)])

    def repository(self):
        self.checked.append("git fsck --strict; no lock, no private file in the repository")
        found = self.git("fsck", "--strict", "--no-dangling", "--no-progress").strip()
        if found:
            self.say(f"git fsck: {found[:300]}")
        self.some("locks are left", [str(path) for path in Path(self.place.repo, ".git").rglob("*.lock")])
        status = self.git("status", "--porcelain")
        if status:
            self.say(f"the user's checkout was touched: {status[:200]}")

    # ---- what is left ----

    def leftovers(self):
        self.checked.append("no process, mount, quarantine, worktree or unfinished end is left; integrity_check")
        left = [process for process in watch.below(os.getpid()).values() if process.state != "Z"]
        self.some("processes are left", left, lambda process: f"{process.pid} {' '.join(process.argv)[:100]}")
        self.some("mounts are left", self.place.mounts())
        known = {row["id"] for row in self.sql("SELECT id FROM runs")}
        top = Path(self.place.store()).parent
        # a folder whose run was shot before it was in the store is what gc removes, by its age
        self.some("runs left folders", [str(path) for run in (top / "runs").iterdir() if run.name in known for path in run.iterdir()
                                        if path.name in RESTS])
        self.some("ends were not finished", [str(path) for path in (top / "ending").glob("*")])
        self.some("places in the line are left", [str(path) for path in (top / "line").glob("*")])
        for row in self.sql("PRAGMA integrity_check"):
            if row[0] != "ok":
                self.say(f"integrity_check: {row[0]}")

    def look(self):
        self.items()
        self.runs()
        self.log()
        self.notes()
        ours = self.commits()
        self.repository()
        if ours:
            self.again(ours)
        self.leftovers()
        return ours
