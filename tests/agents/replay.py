#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An agent that sends what a real one was recorded to send (tests/agents/recorded), from inside a run with that agent's profile:

    replay.py RECORDED.json

It finds its route where the real one does, in the environment or in a file of its home; shows every credential that a client could
show; does the work (calc.py); sends the last request once more without streaming; then tries what must be refused: paths that the
profile does not allow, and the hosts that the real agent was refused. Exit status 1 where an answer is not what it must be.
"""
import http.client
import json
import os
import re
import sys

CREDENTIALS = {"authorization": "Bearer through-the-route", "x-api-key": "through-the-route", "x-goog-api-key": "through-the-route",
               "cookie": "session=through-the-route"}
USAGE = ("output_tokens", "completion_tokens", "candidatesTokenCount")
bad = 0


def complain(what):
    global bad
    bad += 1
    print("BAD", what)


def find_route():
    texts = list(os.environ.values())
    for folder, _, names in os.walk(os.environ["HOME"]):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                texts.append(file.read())
    found = {match for text in texts for match in re.findall(r"http://127\.0\.0\.1:(?!61080)(\d+)", text)}
    if len(found) != 1:
        sys.exit(f"one route expected, found {found}")
    return int(found.pop())


def send(port, method, path, headers, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, json.dumps(body) if body is not None else None, dict(headers, **CREDENTIALS))
    answer = connection.getresponse()
    data = answer.read().decode()
    connection.close()
    return answer.status, data


def whole(request):
    """The same request, to be answered in one piece."""
    body = {key: value for key, value in request["body"].items() if key not in ("stream", "stream_options")}
    return request["path"].replace(":streamGenerateContent?alt=sse", ":generateContent"), body


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        recorded = json.load(file)
    port = find_route()
    for request in recorded["requests"]:
        status, data = send(port, request["method"], request["path"], request["headers"], request["body"])
        if status != 200 or (request["method"] == "POST" and not any(word in data for word in USAGE)):
            complain(f"{request['path']}: {status} {data[:200]}")
    path, body = whole(recorded["requests"][-1])
    status, data = send(port, "POST", path, recorded["requests"][-1]["headers"], body)
    if status != 200 or not data.startswith("{"):
        complain(f"in one piece: {status} {data[:200]}")
    for method, path in (("GET", "/v1/files"), ("POST", "/v1/organizations/keys"), ("DELETE", recorded["requests"][0]["path"])):
        status, data = send(port, method, path, {}, None)
        if status < 400 or "not-allowed" in data:
            complain(f"{method} {path}: {status}")
    proxy = int(os.environ["HTTPS_PROXY"].rsplit(":", 1)[1])
    for action in recorded["refused"] + ["connect example.com:443"]:
        if not action.startswith("connect "):
            continue
        connection = http.client.HTTPConnection("127.0.0.1", proxy, timeout=60)
        host, number = action.split(" ")[1].rsplit(":", 1)
        connection.set_tunnel(host, int(number))
        try:
            connection.connect()
            complain(f"{action}: connected")
        except OSError:
            pass
    with open("calc.py", encoding="utf-8") as file:
        text = file.read()
    with open("calc.py", "w", encoding="utf-8") as file:
        file.write(text.replace("a - b", "a + b"))
    print(f"{len(recorded['requests']) + 1} answered, {bad} bad")
    sys.exit(1 if bad else 0)


main()
