# SPDX-License-Identifier: Apache-2.0
"""Does a packet tell what was judged? Prints what does not hold; nothing where all does.

    judged.py PACKET REPOSITORY

What was judged stands in its log: the director's last decision (what landed: in receipt.commit), else the run's own change on its
base. The report's parent, candidate and patch must be that, and git, which knows nothing of cupel, must make the report's tree of
parent and patch."""
import json
import os
import subprocess
import sys
import tempfile


def read_log(packet):
    with open(os.path.join(packet, "telemetry/events.normalized.jsonl"), encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def last(log, kind, actor):
    data = [e["data"] for e in log if e["type"] == "dev.cupel." + kind and e["actor"] == actor]
    return data[-1] if data else None


def own_tree(log):
    named = last(log, "note.request.verify", "runner") or last(log, "receipt.patch", "runner") or {}
    return named.get("tree")


def made_of(repository, parent, patch):
    """What git makes of the two, without leaving anything in the repository."""
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, GIT_INDEX_FILE=os.path.join(folder, "index"), GIT_OBJECT_DIRECTORY=folder,
                   GIT_ALTERNATE_OBJECT_DIRECTORIES=os.path.join(repository, ".git/objects"))

        def git(*words):
            return subprocess.run(["git", "-C", repository, *words], env=env, capture_output=True, text=True, check=False)

        git("read-tree", parent)
        if os.path.getsize(patch):
            applied = git("apply", "--cached", "--binary", patch)
            if applied.returncode:
                return "nothing: " + applied.stderr.strip()
        return git("write-tree").stdout.strip()


def main(packet, repository):
    log = read_log(packet)
    with open(os.path.join(packet, "evidence/report.json"), encoding="utf-8") as file:
        report = json.load(file)
    decision, landed = last(log, "receipt.policy.decision", "director"), last(log, "receipt.commit", "director")
    parent = landed["parent"] if landed else decision["parent"]["commit"] if decision else report["base"]
    patch = os.path.join(packet, "evidence/patch.diff")
    receipt = last(log, "receipt.patch", "director") if decision else None
    landing = report["landing"] or {"parent": {}}
    rows = {
        "parent": (landing["parent"].get("commit"), parent),
        "parent's tree": (landing["parent"].get("tree"), decision and decision["parent"]["tree"]),
        "tree": (report["tree"], decision["tree"] if decision else own_tree(log)),
        "candidate": (landing.get("candidate"), decision["candidate"] if decision else own_tree(log)),
        "round": (landing.get("rounds"), decision and decision.get("round")),
        "patch": (report["patch"]["sha256"], receipt and receipt["sha256"]),
        "changed files": ((report["changes"] or {}).get("files"), receipt and receipt["files"]),
        "patch_missing": (report["patch_missing"] or "", ""),
        "parent and patch make": (made_of(repository, parent, patch), report["tree"]),
    }
    for name, (told, judged) in rows.items():
        if judged is not None and told != judged:
            print(f"{name}: {told}, and not {judged};", end=" ")


main(*sys.argv[1:])
