#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether the calling sequence at the top of a header is one that compiles: each call there of a function that the header declares
has as many arguments as the declaration. A call with "…" among its arguments is not counted. Prints what does not hold, and exits 1;
run by scripts/check samples."""
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
DECLARED = re.compile(r"^[a-z][\w *]*?[ *](\w+)\(", re.M)
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def arguments(text, begin):
    """Of the call whose "(" stands before `begin`: how many, and its text; None where it does not end."""
    depth, commas, quoted = 1, 0, False
    for at in range(begin, len(text)):
        char = text[at]
        if char == '"' and text[at - 1] != "\\":
            quoted = not quoted
        elif not quoted and char in "([{":
            depth += 1
        elif not quoted and char in ")]}":
            depth -= 1
            if depth == 0:
                inner = text[begin:at].strip()
                return (0 if inner in ("", "void") else commas + 1), inner
        elif not quoted and char == "," and depth == 1:
            commas += 1
    return None


def wrong(header):
    text = (TOP / header).read_text(encoding="utf-8")
    code = COMMENT.sub(lambda comment: " " * len(comment[0]), text)
    declared = {}
    for found in DECLARED.finditer(code):
        counted = arguments(code, found.end())
        if counted:
            declared[found[1]] = range(counted[0] - 1, 99) if counted[1].endswith("...") else range(counted[0], counted[0] + 1)
    for comment in COMMENT.finditer(text):
        sample = comment[0].replace("\n * ", "\n   ")
        for found in re.finditer(r"(?<![\w.>])(\w+)\(", sample):
            counted = arguments(sample, found.end())
            known = declared.get(found[1])
            if known is None or not counted or not counted[1] or "…" in counted[1]:
                continue
            if counted[0] not in known:
                yield f"{header}: the sample's {found[1]}({' '.join(counted[1].split())}) has {counted[0]} arguments, the declaration {known[0]}"


def main():
    listed = subprocess.run(["git", "ls-files", "*.h"], cwd=TOP, check=True, capture_output=True, text=True).stdout.split()
    found = [line for header in listed if not header.startswith("tests/") for line in wrong(header)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
