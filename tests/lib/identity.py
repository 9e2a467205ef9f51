#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A run's identity by docs/identity.md alone: the second opinion of the tests, written from that page and from nothing else.

    identity.py PACKET              prints "snapshot HEX" and "identity HEX" of a packet's folder
    identity.py --check VECTORS     every case of tests/vectors/identity.json comes to what it says; exit 1 where one does not
    identity.py --unpack VECTORS CASE FOLDER    writes a case's files as a packet
"""
import hashlib
import json
import os
import sys


def field(data):
    return len(data).to_bytes(8, "big") + data


def snapshot_files(folder):
    """{name in bytes: its bytes} of every file below the folder."""
    files = {}
    top = os.fsencode(folder)
    for where, _, names in os.walk(top):
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, top)] = file.read()
    return files


def quoted(name):
    """A name that is UTF-8 as it is; any other one as git quotes paths."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        pass
    letters = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
    out, at = "", 0
    while at < len(name):
        for size in (1, 2, 3, 4):
            try:
                character = name[at:at + size].decode()
                break
            except UnicodeDecodeError:
                character = None
        if character and hidden(character):
            escaped, size = name[at:at + size], size
        elif character:
            out, at = out + character, at + size
            continue
        else:
            escaped, size = name[at:at + 1], 1
        out += "".join("\\" + letters.get(b, f"{b:03o}") for b in escaped)
        at += size
    return f'"{out}"'


def hidden(character):
    c = ord(character)
    return (c < 0x20 or 0x7f <= c < 0xa0 or character in '"\\' or c == 0x61c or 0x200b <= c <= 0x200f or 0x202a <= c <= 0x202e
            or 0x2060 <= c <= 0x2064 or 0x2066 <= c <= 0x2069 or c == 0xfeff or 0xe0000 <= c <= 0xe0fff)


def snapshot_digest(files):
    return hashlib.sha256(b"".join(field(name) + field(files[name]) for name in sorted(files))).hexdigest()


def identity(files):
    origins, tools = json.loads(files[b"origins.json"]), json.loads(files[b"tools.json"])
    out = [b"cupel.identity.v1", len(files).to_bytes(8, "big")]
    for name in sorted(files):
        origin = "compiled" if name == b"origins.json" else origins[quoted(name)]
        out += [name, origin.encode(), files[name]]
    out += [files[b"plan.json"], len(tools).to_bytes(8, "big")]
    for name in sorted(tools, key=str.encode):
        out += [name.encode(), tools[name].encode()]
    return hashlib.sha256(b"".join(map(field, out))).hexdigest()


def case_files(case):
    return {bytes.fromhex(f["name_hex"]): bytes.fromhex(f["bytes_hex"]) for f in case["files"]}


def check(path):
    bad = 0
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    for case in cases:
        files = case_files(case)
        for what, got in (("snapshot", snapshot_digest(files)), ("identity", identity(files))):
            if got != case[what]:
                print(f"{case['name']}: {what} {got}, expected {case[what]}")
                bad = 1
    print(f"{len(cases)} cases")
    return bad


def unpack(path, name, folder):
    with open(path, encoding="utf-8") as file:
        case = next(c for c in json.load(file)["cases"] if c["name"] == name)
    for file_name, data in case_files(case).items():
        to = os.path.join(os.fsencode(folder), b"config_snapshot", file_name)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        with open(to, "wb") as file:
            file.write(data)
    with open(os.path.join(folder, "identity.txt"), "w", encoding="ascii") as file:
        file.write(f"sha256:{case['identity']}\n")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        sys.exit(check(sys.argv[2]))
    if len(sys.argv) == 5 and sys.argv[1] == "--unpack":
        sys.exit(unpack(*sys.argv[2:]))
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    of_packet = snapshot_files(os.path.join(sys.argv[1], "config_snapshot"))
    print("snapshot", snapshot_digest(of_packet))
    print("identity", identity(of_packet))
