#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Agents that mean no good and have a route to their model: each ends within its budget, as its row says, and nothing is left of
# it: no process, no connection upstream. The model is tests/lib/refusing_server.py.
source "$(dirname "$0")/lib.sh"

repo=$(new_repo)
model=$(new_folder model)
echo 200 >"$model/script"
start_refusing "$model"
export ABUSE_KEY=sk-abuse-7c1d90e25fa3b648

cat >"$e2e_tmp/policy.yaml" <<P
agents:
  a:
    command: [sh, agent.sh]
    network:
      routes:
        r: {upstream: "http://127.0.0.1:$port", header: {x-api-key: env ABUSE_KEY}, allow: ["POST /v1/*"], env: {API: "{url}"}}
verifiers: {unit: {run: "true"}}
P
abuse=(--policy "$e2e_tmp/policy.yaml" --verify unit --title abuse --agent a)

# agent LINES: the agent's next script, committed.
agent() {
        printf '%s\n' "$1" >"$repo/agent.sh"
        git -C "$repo" commit -qam agent --allow-empty
}
printf ':\n' >"$repo/agent.sh"
git -C "$repo" add -A && git -C "$repo" commit -qm agent

connected() { awk -v port="$(printf ':%04X' "$port")" '$3 ~ port "$" && $4 == "01"' /proc/net/tcp | grep -q .; }
disconnected() { ! connected; }

# hostile OPTIONS… : `ends`, and no connection to the model is left.
hostile() {
        ends "$repo" "${abuse[@]}" "$@"
        wait_for 10 disconnected || fail "a connection to the model is left"
        hasnt "$(cat "$packet/logs/agent.log" 2>/dev/null)" "$ABUSE_KEY" "the credential"
}

attempt 44.1
echo stalled >"$model/script"
agent 'for i in 1 2 3 4 5; do (trap "" HUP TERM INT; setsid curl -sN -d x "$API/v1/x" >/dev/null 2>&1 &) ; done
until [ "$(grep -c ":EE99 .* 01 " /proc/net/tcp)" -ge 5 ]; do :; done
echo done >>src/a.txt'
hostile --budget wall=60s

attempt 44.2
agent 'curl -sN -d x "$API/v1/x"'
hostile --budget wall=2s
has "$json" "wall" "the reason"

attempt 44.3
echo 200 >"$model/script"
: >"$model/requests"
agent 'python3 -c "
import concurrent.futures as c, os, urllib.request as u
def ask(_): return u.urlopen(os.environ[\"API\"] + \"/v1/x\", b\"x\").status
with c.ThreadPoolExecutor(300) as pool: assert set(pool.map(ask, range(600))) == {200}
" && echo done >>src/a.txt'
hostile --budget wall=60s
is "$(wc -l <"$model/requests")" 600 "requests that arrived"

attempt 44.4
agent 'cat >/tmp/loris.py <<P
import os, socket
route = int(os.environ["API"].rsplit(":", 1)[1])
held = []
for port, head in ((route, b"POST /v1/x HTTP/1.1\r\nHost: x\r\nX: "), (route, b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nx"),
                   (61080, b"CONNECT ")):
    for _ in range(130):
        s = socket.create_connection(("127.0.0.1", port))
        s.sendall(head)
        held.append(s)
os.write(1, b"held\n")
P
ulimit -n 4096; python3 /tmp/loris.py && echo done >>src/a.txt'
hostile --budget wall=60s
has "$(cat "$packet/logs/agent.log")" held "the connections"

attempt 44.5
agent 'sh -c "while :; do :; done" & setsid sh -c "while :; do :; done" & echo x >>src/a.txt; kill -KILL -1; kill -KILL $$'
hostile --budget wall=60s

attempt 44.6
agent 'python3 -c "
import json, socket
def send(data, count):
    s = socket.socket(socket.AF_UNIX)
    s.connect(\"/cupel/notes.sock\")
    try:
        for _ in range(count): s.sendall(data)
    except OSError: pass
start = json.dumps({\"event\": \"start\", \"argv\": [\"git\", \"push\", \"x\" * 50]}, separators=(\",\", \":\")).encode() + b\"\n\"
name = b\"{\\\"event\\\":\\\"cmd_name\\\",\\\"name\\\":\\\"push\\\",\\\"hierarchy\\\":\\\"push\\\"}\n\"
send(start, 20000)
for _ in range(2000): send(start + name, 1)
send(b\"{\\\"type\\\":\\\"budget.left\\\"}\n\", 5000)
"
head -c 3000000 /dev/urandom | cupel mcp >/dev/null 2>&1
yes "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"note\",\"arguments\":{\"type\":\"x\"}}}" | head -n 20000 | cupel mcp >/dev/null 2>&1
cupel note observation text=still-heard; echo done >>src/a.txt'
hostile --budget wall=60s
events=$(cd "$repo" && cupel events "$run_id" --json)
has "$events" still-heard "a note after the flood"
is "$(grep -c '"candidate_action":"git push' <<<"$events")" 20 "pushes told one by one"
has "$events" "1980 further attempts with git" "and how many more there were"

attempt 44.7
echo stalled >"$model/script"
agent 'for i in 1 2 3; do setsid sh -c "trap \"\" HUP INT QUIT TERM PIPE USR1; (sh -c \"while :; do curl -sN -d x $API/v1/x; done\" &) ; while :; do :; done" >/dev/null 2>&1 & done
trap "" HUP INT QUIT TERM; while :; do :; done'
hostile --budget wall=3s --budget cpu=5m

attempt 44.8
echo 200 >"$model/script"
git -C "$repo" config core.hooksPath .husky/_
agent 'mkdir -p .claude/hooks .codex .gemini .husky packages/x/.claude
echo "{}" | tee .claude/settings.json .mcp.json packages/x/.claude/settings.local.json .gemini/settings.json >/dev/null
echo x | tee .claude/hooks/a.sh .codex/config.toml .husky/pre-commit >/dev/null'
hostile
events=$(cd "$repo" && cupel events "$run_id" --type action.vetoed --json)
for path in .claude/settings.json .claude/hooks/a.sh .mcp.json packages/x/.claude/settings.local.json .gemini/settings.json \
        .codex/config.toml .husky/pre-commit; do
        has "$events" "\"change $path\"" "the event"
done
has "$events" '(/.husky/)' "the rule"

done_testing
