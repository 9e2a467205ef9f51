#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a newcomer finds everything: each file that docs/architecture.md names exists; each source file of the product has its first
word in the table of its folder there ("What files are called"), and each word of it a file; each folder of tests/, each
end-to-end test and each script is named there or in docs/testing.md. Prints what does not hold, and exits 1; run by scripts/check rooms."""
import fnmatch
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
PAGE, TESTING = "docs/architecture.md", "docs/testing.md"
NAME = re.compile(r"[A-Za-z*][\w./*-]*\.(?:c|h|py|sh|def|yaml)")
QUOTED = re.compile(r"`([^`]+)`")


def read(name):
    return (TOP / name).read_text(encoding="utf-8")


def tree():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=TOP, check=True, capture_output=True, text=True)
    return [Path(name) for name in listed.stdout.splitlines() if (TOP / name).exists()]


def rooms_of(page):
    """{folder: (words that begin names, words that are said of them)}"""
    rooms, folder = {}, None
    for line in page.split("\n## What files are called")[1].split("\n## ")[0].splitlines():
        cells = line.split("|")
        if len(cells) < 5 or cells[1].strip() in ("in", "---"):
            continue
        folder = QUOTED.findall(cells[1])[0].rstrip("/") if "`" in cells[1] else folder
        first, beside = rooms.setdefault(folder, ([], []))
        first += QUOTED.findall(cells[2])
        beside += QUOTED.findall(cells[3])
    return rooms


def fits(file, word):
    """Whether this is the word that the file's name begins with, or (…word) ends with."""
    stem = word.removesuffix(".h").rstrip("_")
    return file.stem == stem or file.stem.startswith(f"{stem}_") or (word.startswith("…") and file.stem.endswith(word[1:]))


def houses(rooms, gates, file):
    folder = str(file.parent)
    if folder not in rooms:  # a folder inside one that has rows
        return f"{file.parent.name}/" in rooms.get(str(file.parent.parent), ([],))[0]
    return any(fits(file, word) for words in rooms[folder] for word in words) or (folder == "policy/gates" and f'"{file.stem}"' in gates)


def absent_names(page, files):
    for name in sorted(set(QUOTED.findall(page))):
        if NAME.fullmatch(name) and not any(fnmatch.fnmatch(str(file) if "/" in name else file.name, name) for file in files):
            yield f"{PAGE}: there is no {name}"


def without_room(rooms, files):
    gates = read("policy/gate.h")
    for file in files:
        if file.suffix in (".c", ".h") and file.parts[0] != "tests" and not houses(rooms, gates, file):
            yield f'{file}: its first word is in no row of {PAGE}, "What files are called"'


def empty_rooms(rooms, files):
    for folder, (first, _) in rooms.items():
        for word in first:
            if not any(str(file.parent) == folder and fits(file, word) or str(file.parent) == f"{folder}/{word.rstrip('/')}" for file in files):
                yield f"{PAGE}: no file of {folder}/ begins with {word}"


def beside_product(pages, files):
    folders = {"/".join(file.parts[:2]) for file in files if file.parts[0] in ("tests", "scripts") and len(file.parts) > 2}
    scripts = {str(file.with_suffix("")) for file in files if str(file.parent) == "scripts"}  # the parts of a script have its name
    cases = {file.name for file in files if str(file.parent) == "tests/e2e"}
    for name in sorted(folders | scripts | cases):
        if name not in pages:
            yield f"{name}: neither {PAGE} nor {TESTING} says what it is for"


def main():
    page, files = re.sub(r"^```.*?^```", "", read(PAGE), flags=re.S | re.M), tree()  # what is drawn quotes nothing
    rooms = rooms_of(page)
    wrong = [*absent_names(page, files), *without_room(rooms, files), *empty_rooms(rooms, files), *beside_product(page + read(TESTING), files)]
    for sentence in wrong:
        print(sentence)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
