#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Notes as MCP tools: `cupel mcp` inside a run, spoken to by a client; what it leaves is in the log.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
client=$e2e_tmp/mcp_client.py
cp "$e2e_top/tests/lib/mcp_client.py" "$client"
mkdir -p "$XDG_CONFIG_HOME/cupel"
cat >"$XDG_CONFIG_HOME/cupel/config.yaml" <<EOF
verifiers:
  unit: {run: ./check.sh}
sandbox:
  read: ["$client"]
EOF
in_repo() { (cd "$repo" && "$@"); }
# The Nth line (from 0) of what the client printed, and a value of it by keys.
answers() { sed -n "/^{/p" "$packet/logs/agent.log"; }
value() { answers | python3 -c '
import json, sys
value = [json.loads(line) for line in sys.stdin][int(sys.argv[1])]
for key in sys.argv[2:]:
    value = value[int(key) if isinstance(value, list) else key] if not isinstance(value, dict) or key in value else None
print(value if isinstance(value, str) else json.dumps(value))' "$@"; }
# data_of TYPE : the data of the run's events of this type, one compact JSON per line.
data_of() { in_repo cupel events "$run_id" --type "$1" --json | python3 -c '
import json, sys
text = sys.stdin.read().strip()
events = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
for event in events:
    if event.get("actor") == "agent":
        print(json.dumps(event["data"], sort_keys=True, ensure_ascii=False))'; }

t "each tool leaves its event, with the agent as its author"
run "$repo" --title mcp --verify unit -- sh -ec 'echo x >src/x; exec python3 "$0" "$@"' "$client" \
        'TOOL:note {"text": "the cache is cold"}' \
        'TOOL:note {"claim": "it is the cache", "test": "warm it", "budget": "1m"}' \
        'TOOL:note {"blind_spot": "production", "why": "permission", "risk": "low", "bound": "one user"}' \
        'TOOL:conjecture {"claim": "c", "test": "t", "edge": "e", "delta_o": "d", "scope": "s"}' \
        'TOOL:status {"text": "halfway — \"quoted\"", "progress": 0.5}' \
        'TOOL:help {"question": "A or B?", "options": ["A", "B"], "default": "A"}' \
        'TOOL:split {"reason": "two things", "items": ["one", "two"]}' \
        'TOOL:spec_change {"target": "README", "type": "BUGFIX", "claim": "c", "evidence": "e", "proposed_delta": "p", "risk": "r", "compat": "n"}'
is "$status" 0 "exit status ($json)"
is "$(data_of note.observation)" '{"text": "the cache is cold"}' observation
is "$(data_of note.hypothesis)" '{"budget": "1m", "claim": "it is the cache", "test": "warm it"}' hypothesis
is "$(data_of note.hyperthesis)" '{"blind_spot": "production", "bound": "one user", "risk": "low", "why": "permission"}' hyperthesis
is "$(data_of note.conjecture)" '{"claim": "c", "delta_o": "d", "edge": "e", "scope": "s", "test": "t"}' conjecture
is "$(data_of note.status)" '{"progress": 0.5, "text": "halfway — \"quoted\""}' status
is "$(data_of note.request.help)" '{"default": "A", "options": ["A", "B"], "question": "A or B?"}' help
is "$(data_of split.request)" '{"items": ["one", "two"], "reason": "two things"}' split
has "$(data_of spec.change.request)" '"type": "BUGFIX"' spec_change
is "$(value 1 structuredContent id)" 1 "id of the first note"
is "$(value 8 structuredContent id)" 8 "id of the last note"
has "$(value 6 content 0 text)" "go on with your default" help

t "a refusal comes back with its reason and with what to do, and the server goes on"
run "$repo" --title refused --verify unit --budget notes=2 -- sh -ec 'echo y >src/y; exec python3 "$0" "$@"' "$client" \
        'TOOL:note {"claim": "c", "test": "t"}' 'TOOL:note {"kind": "verdict", "text": "x"}' 'TOOL:note {}' \
        'TOOL:status {"text": "a", "progress": 7}' 'TOOL:checkpoint' 'TOOL:nothing' 'TOOL:note {"text": "1"}' \
        'TOOL:note {"text": "2"}' 'TOOL:note {"text": "3"}' 'TOOL:budget_left'
is "$status" 0 "exit status ($json)"
is "$(value 1 isError)" true "half a hypothesis"
has "$(value 1 content 0 text)" '"budget" is missing' "half a hypothesis"
has "$(value 1 content 0 text)" 'call again' "what to do"
has "$(value 2 content 0 text)" 'no such kind' "a kind that is none"
has "$(value 3 content 0 text)" '"text" is missing' "an empty note"
has "$(value 4 content 0 text)" '0 to 1' "a progress of 7"
is "$(value 5 structuredContent step)" 1 checkpoint
is "$(value 6 code)" -32602 "a tool that is none"
is "$(value 8 structuredContent accepted)" true "the second note"
has "$(value 9 content 0 text)" 'budget of 2 notes' "the third note"
is "$(value 10 structuredContent notes left)" 0 "notes that are left"
is "$(data_of note.observation | wc -l)" 2 "notes in the log"

t "what is left of the budget, and the work item"
cat >"$e2e_tmp/item.yaml" <<'EOF'
id: ITEM-7
title: Tell
objective: |
  Tell what you know.
acceptance: [it is told]
paths: {allow: [src/], deny: [src/b.txt]}
forbid: [push]
verify: [unit]
budget: {wall: 5m, notes: 10, cost_usd: 0.25}
agent: {command: [sh, -ec, "echo z >src/z; python3 CLIENT 'TOOL:budget_left' 'TOOL:work_item' 'resources/list' 'prompts/list'"]}
EOF
sed -i "s|CLIENT|$client|" "$e2e_tmp/item.yaml"
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 0 "exit status ($json $(tail -5 "$packet/logs/agent.log"))"
is "$(value 1 structuredContent wall_ms limit)" 300000 "wall.limit"
left=$(value 1 structuredContent wall_ms left)
[ "$left" -gt 200000 ] && [ "$left" -le 300000 ] || fail "wall.left: $left"
is "$(value 1 structuredContent notes)" '{"limit": 10, "left": 10}' notes
is "$(value 1 structuredContent cost_usd)" null "cost where nothing is metered"
is "$(value 1 content 0 text | python3 -c 'import json,sys; print(json.load(sys.stdin)["notes"]["limit"])')" 10 "as text too"
is "$(value 2 structuredContent id)" ITEM-7 id
is "$(value 2 structuredContent acceptance)" '["it is told"]' acceptance
is "$(value 2 structuredContent paths deny)" '["src/b.txt"]' paths.deny
is "$(value 2 structuredContent verifiers 0 run)" ./check.sh verifiers
is "$(value 2 structuredContent budget cost_usd)" 0.25 budget.cost_usd
is "$(value 3 resources)" '[]' resources
is "$(value 4 prompts)" '[]' prompts
hasnt "$(in_repo cupel events "$run_id" --json)" "budget.left" "a question is no event"

t "what the run has spent is told as soon as it is counted"
printf '%s' '{"steps": [{"say": "hello", "usage": {"input": 1000, "output": 100}}]}' >"$e2e_tmp/script.json"
python3 -B "$e2e_top/tests/lib/model_server.py" "$e2e_tmp/script.json" >"$e2e_tmp/port" &
server=$!
wait_for 30 test -s "$e2e_tmp/port" || fail "the scripted model does not start"
port=$(tr -dc 0-9 <"$e2e_tmp/port")
cat >"$e2e_tmp/metered.yaml" <<EOF
verifiers: {unit: {run: ./check.sh}}
prices: {"*": {input: 100, output: 1000}}
sandbox: {read: ["$client"]}
agents:
  asks:
    command: [sh, -ec, 'curl -sf -X POST -H "content-type: application/json" \$API_URL/v1/messages -d "\$BODY" -o /tmp/answer;
      until python3 \$CLIENT TOOL:budget_left >/tmp/left; grep "\"spent\": 0.2" /tmp/left; do :; done']
    env: {CLIENT: "$client", BODY: '{"model": "m", "max_tokens": 9, "tools": [{"name": "x", "input_schema": {}}], "messages": [{"role": "user", "content": "hi"}]}'}
    network: {routes: {api: {upstream: "http://127.0.0.1:$port", header: {x-api-key: env MCP_TEST_KEY}, meter: anthropic,
      allow: ["POST /v1/messages"], env: {API_URL: "{url}"}}}}
EOF
MCP_TEST_KEY=sk-none run "$repo" --policy "$e2e_tmp/metered.yaml" --title spends --mood contrite --agent asks --budget cost_usd=0.5 --budget wall=1m
kill "$server"
is "$outcome" observed "outcome ($json $(tail -n 3 "$packet/logs/agent.log"))"
is "$(value 0 structuredContent cost_usd)" '{"limit": 0.5, "spent": 0.2, "left": 0.3}' cost_usd

t "a client that hands on no environment finds the run all the same"
run "$repo" --title bare --mood curious -- env -i PATH=/usr/bin:/bin:/cupel/bin python3 "$client" \
        'TOOL:note {"text": "seen"}' 'TOOL:budget_left' 'TOOL:work_item'
is "$status" 0 "exit status ($json)"
is "$(value 1 structuredContent accepted)" true note
is "$(value 2 structuredContent notes left)" 9999 budget_left
is "$(value 3 structuredContent title)" bare work_item

t "the version that the client wants is spoken, or our newest"
for version in 2024-11-05 2025-03-26 2025-06-18 2025-11-25; do
        run "$repo" --title "v $version" --mood curious -- env MCP_VERSION=$version python3 "$client" 'TOOL:note {"text": "seen"}'
        is "$status" 0 "exit status ($json)"
        is "$(value 0 protocolVersion)" "$version" version
        is "$(value 1 content 0 text)" "Accepted." note
done
isnt "$(value 1 structuredContent id)" null "data with the newest version"
run "$repo" --title v --mood curious -- env MCP_VERSION=2031-01-01 python3 "$client" 'TOOL:note {"text": "seen"}'
is "$(value 0 protocolVersion)" 2025-11-25 "an unknown version"

t "outside a run it says what it is for"
fails cupel mcp </dev/null
(unset CUPEL_NOTES && cupel mcp </dev/null >"$e2e_tmp/out" 2>"$e2e_tmp/err")
is $? 2 "exit status"
is "$(cat "$e2e_tmp/out")" "" "standard output"
has "$(cat "$e2e_tmp/err")" "not inside a run" "standard error"
has "$(cat "$e2e_tmp/err")" "cupel run" "standard error"

t "garbage, long lines, a client that is gone: an answer or an end, never a hang"
garbage() { CUPEL_NOTES=/nowhere timeout 30 cupel mcp; }
is "$(printf 'x\n{"jsonrpc":"2.0","id":1,"method":"ping"}\n' | garbage | tail -n 1)" '{"jsonrpc":"2.0","id":1,"result":{}}' "after garbage"
is "$( (head -c 5000000 /dev/zero | tr '\0' 'x'; printf '\n{"jsonrpc":"2.0","id":1,"method":"ping"}') | garbage | tail -n 1)" \
        '{"jsonrpc":"2.0","id":1,"result":{}}' "after a long line, without an end of its own"
head -c 3000000 /dev/urandom | garbage >"$e2e_tmp/out" || fail "random bytes: exit $?"
python3 -c 'import json,sys
for line in open(sys.argv[1], "rb"): json.loads(line)' "$e2e_tmp/out" || fail "an answer is no JSON"
yes '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' | (garbage; echo $? >"$e2e_tmp/code") | head -n 1 >/dev/null
is "$(cat "$e2e_tmp/code")" 0 "exit status when the reader is gone"
out=$(printf '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"note","arguments":{"text":"x"}}}\n' | garbage)
has "$out" '"isError":true' "nobody listens"
has "$out" 'Go on with the work' "nobody listens"

done_testing
