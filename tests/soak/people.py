# SPDX-License-Identifier: Apache-2.0
"""The people beside a soak's workers: a thread that goes on until `stop` is set."""
import contextlib
import sqlite3
import threading
import time
import zlib

GC_KEEPS = 400  # packets


class People(threading.Thread):
    """Who approves and rejects, who commits to the same branch with git, who clears away old packets."""

    def __init__(self, soak):
        super().__init__(daemon=True)
        self.soak, self.place, self.stop = soak, soak.place, threading.Event()
        self.commits, self.trouble = [], []

    def decide(self):
        for run, item in self.soak.sql("SELECT id, item FROM runs WHERE phase = 'held'"):
            if zlib.crc32(item.encode()) % 3 == 0:
                self.place.sh("cupel", "reject", run, "--reason", "not this one", "--quiet", check=False)
                continue
            for _ in range(2):  # where others landed since: verified again on that, held again, approved again
                self.place.sh("cupel", "approve", run, "--quiet", check=False)
                if self.soak.sql(f"SELECT phase FROM runs WHERE id = '{run}'") != [("held",)]:
                    break

    def commit(self):
        """A person's commit, made without a checkout; whose turn it is not loses, as with `git push`."""
        with contextlib.suppress(RuntimeError):
            index = {"GIT_INDEX_FILE": f"{self.place.folder}/index"}
            tip = self.place.sh("git", "rev-parse", "landing")
            self.place.sh("git", "read-tree", tip, **index)
            blob = self.place.sh("git", "hash-object", "-w", "--stdin", data=f"{time.time_ns()}\n")
            self.place.sh("git", "update-index", "--add", "--cacheinfo", f"100644,{blob},soak/user", **index)
            made = self.place.sh("git", "commit-tree", "-p", tip, "-m", "by a person", self.place.sh("git", "write-tree", **index))
            self.commits.append(made)  # before it is there: the judge may meet it at once
            self.place.sh("git", "update-ref", "refs/heads/landing", made, tip)

    def run(self):
        turn = 0
        while not self.stop.wait(1):
            turn += 1
            try:
                self.decide()
                if turn % 5 == 0:
                    self.commit()
                if turn % 60 == 0:
                    self.place.sh("cupel", "gc", "--max-count", str(GC_KEEPS), "--json", check=False)
            except (RuntimeError, sqlite3.Error) as problem:
                self.trouble.append(str(problem))
