#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `cupel mcp` and the public MCP SDK's client, inside a real run. Started by scripts/test-agents, as
#
#     tests/mcp/test_sdk.sh FOLDER          FOLDER holds node_modules/@modelcontextprotocol/sdk; node is on the PATH
source "$(dirname "$0")/../lib/e2e.sh"

sdk=${1:?"which folder holds the SDK?"}
repo=$(new_repo)
client=$e2e_tmp/sdk_client.mjs
cp "$e2e_top/tests/mcp/sdk_client.mjs" "$client"
node=$(readlink -f "$(command -v node)") || { echo "node is missing: scripts/deps test" >&2 && exit 1; }
read="\"$client\", \"$sdk\""
case $node in /usr/*) ;; *) read="$read, \"$(dirname "$(dirname "$node")")\"" ;; esac
mkdir -p "$XDG_CONFIG_HOME/cupel"
printf 'verifiers: {unit: {run: ./check.sh}}\nsandbox: {read: [%s]}\n' "$read" >"$XDG_CONFIG_HOME/cupel/config.yaml"
in_repo() { (cd "$repo" && "$@"); }
found() { grep '^{"server"' "$packet/logs/agent.log" | python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1:]:
    value = value[int(key)] if isinstance(value, list) else value.get(key)
print(value if isinstance(value, str) else json.dumps(value))' "$@"; }
count() { in_repo cupel events "$run_id" --type "$1" --json | grep -o '"actor" *: *"agent"' | wc -l; }

t "the SDK's client gets along with it"
run "$repo" --title sdk --verify unit --budget wall=3m -- sh -ec 'echo x >src/x; exec "$@"' sh "$node" "$client" "$sdk"
is "$status" 0 "exit status ($json $(tail -n 5 "$packet/logs/agent.log"))"
is "$(found server name)" cupel server
is "$(found tools)" '["note", "status", "conjecture", "help", "split", "spec_change", "checkpoint", "budget_left", "work_item"]' tools
is "$(found described)" true "descriptions, titles, annotations, schemas"

t "its notes are in the log"
is "$(count note.observation)" 51 observations
for type in note.hypothesis note.status note.conjecture note.request.help split.request spec.change.request; do
        is "$(count "$type")" 1 "$type"
done
has "$(in_repo cupel events "$run_id" --type note.observation --json)" 'through the SDK — ünïcode\n\"quoted\"' "the text"
is "$(found together)" 50 "notes at the same time"

t "refusals and questions come back as the SDK expects them"
has "$(found checkpoint content 0 text)" '"step":1' checkpoint
is "$(found refused isError)" true "half a conjecture"
has "$(found refused content 0 text)" '"test" is missing' "half a conjecture"
is "$(found unknown_method)" -32601 "a method that is none"
is "$(found unknown_tool)" -32602 "a tool that is none"
is "$(found budget_left structuredContent wall_ms limit)" 180000 budget_left
is "$(found work_item structuredContent title)" sdk work_item

done_testing
