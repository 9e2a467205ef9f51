#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a recording of what an agent sent, small and free of what is of one machine or one moment.

    trim.py AGENT VERSION LOG BODIES <EVENTS >RECORDED.json

LOG and BODIES are the scripted model's, EVENTS the run's as JSON lines: what was refused is part of the recording.
"""
import json
import re
import sys

KEPT = re.compile(r"accept$|content-type|user-agent|anthropic-|originator|openai-|x-app$|x-stainless-|x-goog-api-client")
OURS = ("host", "content-length", "connection", "accept-encoding", "via", "x-api-key", "authorization", "x-goog-api-key")
LONG, DEEP = 60, 6
SUBSTITUTES = (
    (re.compile(r"/tmp/cupel-[A-Za-z0-9._/-]+"), "/worktree"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "00000000-0000-0000-0000-000000000000"),
    (re.compile(r"[0-9a-f]{32,}"), "0" * 32),
    (re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+Z?)?"), "2026-01-01"),
)


def text(value):
    for pattern, substitute in SUBSTITUTES:
        value = pattern.sub(substitute, value)
    return value if len(value) <= LONG else value[:LONG] + "..."


def tool(value):
    """A tool's names, and those of the tools within it."""
    kept = {key: value[key] for key in ("type", "name") if isinstance(value.get(key), str)}
    if isinstance(value.get("function"), dict):
        kept["function"] = {"name": value["function"].get("name"), "parameters": {"type": "object"}}
    for inner in ("tools", "functionDeclarations"):
        if isinstance(value.get(inner), list):
            kept[inner] = [tool(each) for each in value[inner]]
    return kept


def trim(value, deep=0):
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [trim(each, deep + 1) for each in value]
    if not isinstance(value, dict) or deep > DEEP:
        return value if not isinstance(value, dict) else {}
    return {key: [tool(each) for each in inner] if key == "tools" and isinstance(inner, list) else trim(inner, deep + 1)
            for key, inner in value.items()}


def main():
    agent, version, log, bodies = sys.argv[1:]
    requests = []
    with open(log, encoding="utf-8") as file:
        for line in map(json.loads, file):
            if line["event"] != "request":
                continue
            with open(f"{bodies}/{line['n']:04}.json", encoding="utf-8") as body:
                raw = body.read()
            headers = {name: text(value) if KEPT.match(name) else "..." for name, value in sorted(line["headers"].items()) if name not in OURS}
            requests.append({"method": line["method"], "path": line["path"], "headers": headers, "body": trim(json.loads(raw)) if raw else None})
    tried = {event["data"]["candidate_action"] for event in map(json.loads, sys.stdin) if event["type"].endswith("action.vetoed")}
    # which hosts an agent's maker runs is not the point, that it asks for others is
    refused = [f"connect other-{i}.example:{action.rsplit(':', 1)[1]}" for i, action in enumerate(sorted(tried))
               if action.startswith("connect ")]
    json.dump({"agent": agent, "version": version, "requests": requests, "refused": refused}, sys.stdout, indent=1, ensure_ascii=True)
    print()


main()
