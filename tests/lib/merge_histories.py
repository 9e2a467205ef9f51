#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random three-way merges, with git as the judge.

    merge_histories.py REPOSITORY PROBE [CASES] [SEED]

Makes CASES bases with two random successors each in the (new) bare REPOSITORY, merges all of them with `git merge-tree
--write-tree` and with PROBE (tests/lib/merge_probe.c), and compares. Where they differ, git may have seen a rename, or have
aligned lines by its other diff algorithm: then a second judge, path by path and with `git merge-file` for lines, must say
exactly what the probe says. Exit 1 where it does not.
"""
import random
import subprocess
import sys

NAMES = ["a", "b", "c.txt", "d", "lib", "lib.c", "src", "x"]
MODES = ["100644", "100644", "100644", "100755", "120000"]


def git(repo, *args, data=None, check=True):
    done = subprocess.run(["git", "-C", repo, "-c", "merge.renames=false", "-c", "merge.directoryRenames=false", *args],
                          input=data, stdout=subprocess.PIPE, check=False)
    if check and done.returncode != 0:
        sys.exit(f"git {' '.join(args)}: {done.returncode}")
    return done.stdout


def text(rng):
    return [f"{rng.choice('abcdefgh')}{rng.randrange(12)}\n" for _ in range(rng.randrange(1, 30))]


def edit_lines(rng, lines):
    lines = list(lines)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(lines) + 1)
        what = rng.randrange(3)
        if what == 0:
            lines.insert(at, f"new{rng.randrange(5)}\n")
        elif lines and what == 1:
            del lines[at % len(lines)]
        elif lines:
            lines[at % len(lines)] = f"changed{rng.randrange(3)}\n"
    if lines and rng.randrange(8) == 0:
        lines[-1] = lines[-1].rstrip("\n")
    return lines


def path(rng):
    return "/".join(rng.choice(NAMES) for _ in range(rng.choice([1, 1, 2, 2, 3])))


def put(tree, name, entry):
    """As a person would: what is in the way goes."""
    for other in list(tree):
        if other.startswith(name + "/") or name.startswith(other + "/"):
            del tree[other]
    tree[name] = entry


def content(rng, mode):
    if mode == "120000":
        return [rng.choice(["one", "two", "../three"])]
    if rng.randrange(15) == 0:
        return ["\0bin" + str(rng.randrange(3)) + "\n"]
    return text(rng)


def new_tree(rng):
    tree = {}
    for _ in range(rng.randrange(3, 14)):
        mode = rng.choice(MODES)
        put(tree, path(rng), (mode, content(rng, mode)))
    return tree


def change(rng, old):
    tree = dict(old)
    for _ in range(rng.randrange(1, 5)):
        what = rng.randrange(10)
        name = rng.choice(sorted(tree)) if tree else None
        if name is None or what == 0:
            mode = rng.choice(MODES)
            put(tree, path(rng), (mode, content(rng, mode)))
        elif what == 1:
            del tree[name]
        elif what == 2:
            mode = rng.choice(MODES)
            tree[name] = (mode, content(rng, mode))
        elif what == 3 and tree[name][0] != "120000":
            tree[name] = ("100755" if tree[name][0] == "100644" else "100644", tree[name][1])
        elif what == 4:
            entry = tree.pop(name)
            put(tree, path(rng), entry)
        elif tree[name][0] != "120000":
            tree[name] = (tree[name][0], edit_lines(rng, tree[name][1]))
    return tree


def stream_commit(out, mark, ref, tree, parent):
    out.append(f"commit {ref}\nmark :{mark}\ncommitter T <t@t> {mark} +0000\ndata 0\n".encode())
    if parent:
        out.append(f"from :{parent}\n".encode())
    out.append(b"deleteall\n")
    for name, (mode, lines) in sorted(tree.items()):
        data = "".join(lines).encode()
        out.append(f"M {mode} inline {name}\ndata {len(data)}\n".encode() + data + b"\n")


def make(repo, cases, seed):
    rng = random.Random(seed)
    out = []
    for case in range(cases):
        base = new_tree(rng)
        ours = change(rng, base)
        theirs = dict(ours) if rng.randrange(20) == 0 else change(rng, base)
        mark = case * 3 + 1
        for step, (name, tree) in enumerate([("base", base), ("ours", ours), ("theirs", theirs)]):
            stream_commit(out, mark + step, f"refs/heads/{name}/{case}", tree, mark if step else 0)
    subprocess.run(["git", "init", "-q", "--bare", repo], check=True)
    git(repo, "fast-import", "--quiet", data=b"".join(out))


def trees(repo, cases):
    wanted = "\n".join(f"refs/heads/{side}/{case}^{{tree}}" for case in range(cases) for side in ("base", "ours", "theirs"))
    ids = [line.split()[0] for line in git(repo, "cat-file", "--batch-check", data=wanted.encode()).decode().splitlines()]
    return [ids[i:i + 3] for i in range(0, len(ids), 3)]


def entries(repo, tree, store):
    listing = subprocess.run(["git", "-C", repo, "ls-tree", "-r", "-z", tree], stdout=subprocess.PIPE, check=True,
                             env={"GIT_ALTERNATE_OBJECT_DIRECTORIES": store, "PATH": "/usr/bin:/bin"}).stdout
    result = {}
    for entry in listing.decode().split("\0")[:-1]:
        mode, _, blob, name = entry.replace("\t", " ", 1).split(" ", 3)
        result[name] = (mode, blob)
    return result


def blob(repo, store, name):
    return subprocess.run(["git", "-C", repo, "cat-file", "blob", name], stdout=subprocess.PIPE, check=True,
                          env={"GIT_ALTERNATE_OBJECT_DIRECTORIES": store, "PATH": "/usr/bin:/bin"}).stdout


def merge_file(repo, store, ids, scratch):
    """The lines as git's merge of one file merges them, or None where it sees a conflict."""
    files = []
    for side, one in zip(("ours", "base", "theirs"), (ids[1], ids[0], ids[2])):
        files.append(f"{scratch}.{side}")
        with open(files[-1], "wb") as file:
            file.write(blob(repo, store, one))
    done = subprocess.run(["git", "merge-file", "-p", *files], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout if done.returncode == 0 else None


def one_path(repo, store, base, ours, theirs):
    """What git would make of one path without renames: (mode, content or id), None for nothing, "conflict"."""
    for left, right, stays in ((base, ours, theirs), (base, theirs, ours), (ours, theirs, ours)):
        if left == right:
            return stays
    if None in (base, ours, theirs) or len({mode[:3] for mode, _ in (base, ours, theirs)}) > 1 or base[0] == "120000":
        return "conflict"
    mode = theirs[0] if base[0] == ours[0] else ours[0]
    for left, right, stays in ((base, ours, theirs), (base, theirs, ours), (ours, theirs, ours)):
        if left[1] == right[1]:
            return (mode, stays[1])
    if any(b"\0" in blob(repo, store, side[1]) for side in (base, ours, theirs)):
        return "conflict"
    merged = merge_file(repo, store, [base[1], ours[1], theirs[1]], store + ".f")
    return "conflict" if merged is None else (mode, merged)


def by_paths(repo, store, case):
    """The second judge: every path by itself, lines by `git merge-file`. A dictionary, or None for a conflict."""
    sides = [entries(repo, tree, store) for tree in case]
    result = {}
    for name in set().union(*sides):
        made = one_path(repo, store, *(side.get(name) for side in sides))
        if made == "conflict":
            return None
        if made:
            result[name] = made
    folders = {name[:at] for name in result for at in range(len(name)) if name[at] == "/"}
    return None if folders & set(result) else result


def second_judge_agrees(repo, store, case, line):
    wanted = by_paths(repo, store, case)
    if not line.startswith("clean "):
        return wanted is None
    got = entries(repo, line[6:], store)
    if wanted is None or set(got) != set(wanted):
        return False
    return all(got[name][0] == mode and
               (got[name][1] == made if isinstance(made, str) else blob(repo, store, got[name][1]) == made)
               for name, (mode, made) in wanted.items())


def main():
    repo, probe = sys.argv[1:3]
    cases = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 30)
    make(repo, cases, seed)
    all_trees = trees(repo, cases)
    store = repo + ".merged"
    lines = subprocess.run([probe, repo, store], input="".join(" ".join(ids) + "\n" for ids in all_trees), text=True,
                           stdout=subprocess.PIPE, check=True).stdout.splitlines()
    counts = {"clean": 0, "conflict": 0, "by paths": 0}
    bad = []
    for case, (ids, line) in enumerate(zip(all_trees, lines)):
        # merge-tree looks for the merge base itself: it is the base commit, or ours where theirs is no successor
        judge = subprocess.run(["git", "-C", repo, "-c", "merge.renames=false", "-c", "merge.directoryRenames=false",
                                "merge-tree", "--write-tree", f"ours/{case}", f"theirs/{case}"],
                               stdout=subprocess.PIPE, check=False)
        tree = judge.stdout.decode(errors="replace").split("\n")[0].strip()
        ours_clean, git_clean = line.startswith("clean "), judge.returncode == 0
        if ours_clean and git_clean and line[6:] == tree:
            counts["clean"] += 1
        elif not ours_clean and not git_clean:
            counts["conflict"] += 1
        elif second_judge_agrees(repo, store, ids, line):
            counts["by paths"] += 1
        else:
            bad.append(f"case {case} {' '.join(ids)}: we say {line!r}, git says {judge.returncode} {tree}")
    print(f"{cases} merges (seed {seed}): " + ", ".join(f"{n} {what}" for what, n in counts.items()) + f", {len(bad)} wrong")
    for one in bad[:10]:
        print(one)
    return 1 if bad or len(lines) != cases or counts["clean"] * 5 < cases else 0


sys.exit(main())
