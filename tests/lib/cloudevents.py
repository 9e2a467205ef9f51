#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether each line of standard input is a CloudEvents 1.0 event in its JSON format (spec.md and json-format.md, v1.0.2), and each run's
lines are a chain. Prints how many there were; exits 1 at the first line that is wrong, saying why."""
import hashlib
import json
import re
import sys
import urllib.parse

REQUIRED = ("id", "source", "specversion", "type")
TEXTS = ("datacontenttype", "dataschema", "subject", "time")
RFC3339 = re.compile(r"\d{4}-(0[1-9]|1[0-2])-\d\dT([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]\d\d:\d\d)")


def wrong(line, what):
    sys.exit(f"{what}: {line[:300]}")


def unique(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def check(line):
    event = json.loads(line, object_pairs_hook=unique)
    for name in REQUIRED:
        if not isinstance(event.get(name), str) or not event[name]:
            wrong(line, f"{name} is no text")
    for name in TEXTS:
        if not isinstance(event.get(name, ""), str):
            wrong(line, f"{name} is no text")
    if event["specversion"] != "1.0":
        wrong(line, "another specversion")
    if urllib.parse.urlsplit(event["source"]).geturl() != event["source"] or re.search(r"[\s\"<>\\^`{|}]", event["source"]):
        wrong(line, "source is no URI reference")
    for name, value in event.items():
        if name in ("data", "data_base64"):
            continue
        if not re.fullmatch(r"[a-z0-9]{1,20}", name):
            wrong(line, f"{name} is no name of an attribute")
        if isinstance(value, bool) or isinstance(value, int) and -2**31 <= value < 2**31:
            continue
        if not isinstance(value, str) or value == "" or re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]", value):
            wrong(line, f"{name} is no value of an attribute")
    if "time" in event and not RFC3339.fullmatch(event["time"]):
        wrong(line, "time is not RFC 3339")
    if "datacontenttype" in event and not re.fullmatch(r"[\w.+-]+/[\w.+-]+(; *[\w-]+=[\w-]+)*", event["datacontenttype"]):
        wrong(line, "datacontenttype is no media type")
    if "data" in event and "data_base64" in event:
        wrong(line, "data twice")
    return event


def chained(event, heads, line):
    own, previous = event.pop("hash"), event.pop("prevhash")
    text = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if heads.get(event["runid"], "0" * 64) != previous:
        wrong(line, "prevhash is not the hash of the event before")
    if hashlib.sha256((previous + text).encode()).hexdigest() != own:
        wrong(line, "hash is not that of the event")
    heads[event["runid"]] = own


def main():
    seen, heads, last = set(), {}, ""
    for line in sys.stdin.buffer.read().decode().splitlines():
        event = check(line)
        if (event["source"], event["id"]) in seen:
            wrong(line, "an id twice")
        seen.add((event["source"], event["id"]))
        if "--in-order" in sys.argv and event["time"][:22] < last[:22]:
            wrong(line, "earlier than the line before")
        last = event["time"]
        if "--chain" in sys.argv:
            chained(event, heads, line)
    print(len(seen))


if __name__ == "__main__":
    main()
