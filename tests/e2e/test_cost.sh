#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What an agent's requests to models cost: in the log, the packet and on the page, for four formats, streamed and not; a budget
# that is passed ends the run in the middle of a stream; who breaks off pays all the same; what bills elsewhere is refused.
source "$(dirname "$0")/../lib/e2e.sh"

net=$(new_folder net)
cat >"$net/script.json" <<'END'
{"steps": [{"say": "hello there", "usage": {"input": 1000, "output": 100, "cache_read": 500, "cache_write": 0}}],
 "conversations": {
   "STALLS": [{"stall": true, "usage": {"input": 1000, "output": 100, "cache_read": 0, "cache_write": 0}}],
   "REFUSES": [{"status": 500}]}}
END
python3 -B "$e2e_top/tests/lib/model_server.py" "$net/script.json" >"$net/port" &
servers=$!
python3 -B "$e2e_top/tests/lib/endless_model.py" >"$net/endless" &
servers="$servers $!"
for file in port endless; do
        wait_for 30 test -s "$net/$file" || { t "the servers start" && fail "no port" && done_testing; }
done
port=$(tr -dc 0-9 <"$net/port")
endless=$(tr -dc 0-9 <"$net/endless")

repo=$(new_repo)
config=$XDG_CONFIG_HOME/cupel/config.yaml
mkdir -p "${config%/*}"
routes() { printf "network: {routes: {api: {upstream: 'http://127.0.0.1:${3:-$port}', header: {$2: env API_TEST_KEY}, meter: $1,
    allow: ['POST /*', 'GET /*'], env: {API_URL: '{url}'}}}}"; }
cat >"$config" <<END
verifiers: {unit: ./check.sh}
prices:
  "model-*": {input: 10, output: 100, cache_read: 1, cache_write: 12.5}
  "dear-*": {input: 10, output: 10000, cache_read: 1}
agents:
  anthropic: {command: [sh, /cupel/bundle/work.sh], $(routes anthropic x-api-key)}
  openai: {command: [sh, /cupel/bundle/work.sh], $(routes openai authorization)}
  gemini: {command: [sh, /cupel/bundle/work.sh], $(routes gemini x-goog-api-key)}
  endless-anthropic: {command: [sh, /cupel/bundle/work.sh], $(routes anthropic x-api-key "$endless")}
  endless-openai: {command: [sh, /cupel/bundle/work.sh], $(routes openai authorization "$endless")}
  endless-gemini: {command: [sh, /cupel/bundle/work.sh], $(routes gemini x-goog-api-key "$endless")}
END
work=$(new_folder work)
export API_TEST_KEY=sk-test-cost-8c1d2e3f4a5b

# asks AGENT COMMAND [OPTIONS]: a run whose shell command makes the requests; $said its output, $cost the packet's account.
asks() {
        printf '%s\n' "$2" >"$work/work.sh"
        run "$repo" --title x --mood curious --agent "$1" --bundle "$work" "${@:3}"
        said=$(cat "$packet/logs/agent.log" 2>/dev/null)
        cost=$(python3 -c 'import json,sys; print(json.dumps(json.load(open(sys.argv[1]))["cost"], sort_keys=True))' "$packet/evidence/report.json" 2>/dev/null)
}
# of KEY [JSON]: a field of the account.
of() { python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$cost"; }
events() { (cd "$repo" && cupel events "$run_id" --json) | python3 -c 'import json,sys
for line in sys.stdin:
    event = json.loads(line)
    if event["type"].endswith(sys.argv[1]) and event["actor"] == sys.argv[2]:
        print(json.dumps(event["data"], sort_keys=True))' "$1" "$2"; }
note='cupel note observation text=done'
post() { printf "curl -s -N -X POST -H 'content-type: application/json' \$API_URL%s -d '%s' -o /dev/null -w '%%{http_code} '" "$1" "$2"; }
messages() { post /v1/messages "{\"model\": \"${2:-model-a}\", \"max_tokens\": 99, \"stream\": $1, \"tools\": [{\"name\": \"x\", \"input_schema\": {}}], \"messages\": [{\"role\": \"user\", \"content\": \"${3:-hi}\"}]}"; }
responses() { post /v1/responses "{\"model\": \"${2:-model-a}\", \"stream\": $1, ${4-}\"tools\": [{\"type\": \"function\", \"name\": \"x\", \"parameters\": {}}], \"input\": [{\"role\": \"user\", \"content\": [{\"type\": \"input_text\", \"text\": \"${3:-hi}\"}]}]}"; }
chat() { post /v1/chat/completions "{\"model\": \"${2:-model-a}\", \"stream\": $1, ${4-\"stream_options\": {\"include_usage\": true\},} \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"x\", \"parameters\": {}}}], \"messages\": [{\"role\": \"user\", \"content\": \"${3:-hi}\"}]}"; }
generate() { post "/v1beta/models/${2:-model-a}:$1" "{\"tools\": [{\"functionDeclarations\": [{\"name\": \"x\"}]}], \"contents\": [{\"role\": \"user\", \"parts\": [{\"text\": \"${3:-hi}\"}]}]}"; }

# exact NAME AGENT COMMAND: one request's account: what the server said it was, at the prices of the policy.
exact() {
        t "$1"
        asks "$2" "$3; $note"
        is "$outcome" observed "outcome ($json)"
        is "$said" "200 " answer
        is "$(of requests) $(of estimated) $(of tokens_out)" "1 0 100" "requests, estimated, tokens out ($cost)"
        is "$(events cost.reported system | wc -l)" 1 events
        has "$(events cost.reported system)" '"price": "table"' event
}
exact "Messages, streamed" anthropic "$(messages true)"
is "$(of usd)" 0.0205 dollars # 1,000 in at 10, 500 cached at 1, 100 out at 100 dollars per million
has "$(cat "$packet/evidence/report.json")" '"usd": 0.0205,' "dollars as a person reads them"
is "$(of tokens_in)" 1500 "tokens in"
is "$(of limit_usd)" 1.0 limit
is "$(python3 -c 'import json,sys; print(*json.load(sys.stdin)["models"])' <<<"$cost")" model-a models
t "it is on the page, in the report and in the last line"
page=$(cd "$repo" && cupel show "$run_id")
has "$page" "\$0.0205 of \$1.00 · 1 request · 1,500 in / 100 out · model-a" page
has "$(cat "$packet/evidence/report.md")" "What it cost" report
is "$(python3 -c 'import json,sys; print(json.load(sys.stdin)["cost"]["usd"])' <<<"$json")" 0.0205 "--json"
exact "Messages, whole" anthropic "$(messages false)"
is "$(of usd)" 0.0205 dollars
for stream in true false; do
        exact "Responses, stream: $stream" openai "$(responses $stream)"
        exact "Chat Completions, stream: $stream" openai "$(chat $stream)"
done
exact "Gemini, streamed" gemini "$(generate 'streamGenerateContent?alt=sse')"
exact "Gemini, whole" gemini "$(generate generateContent)"

t "an error costs nothing"
asks anthropic "$(messages true model-a REFUSES); $note"
is "$said" "500 " answer
is "$cost" null cost

t "a budget that is passed ends the run in the middle of a stream that would go on for ever"
before=$(fingerprint "$repo")
endless() { # AGENT COMMAND
        asks "endless-$1" "$2; sleep 100" --budget cost_usd=0.50
        is "$status $outcome" "24 budget_exceeded" "$1 ($json)"
        has "$(field reasons "$json")" "of \$0.50 (budget.cost_usd)" "$1: reason"
        is "$(python3 -c 'import json,sys; c = json.load(sys.stdin); print(c["usd"] > 0.5, c["requests"], c["estimated"])' <<<"$cost")" "True 1 1" "$1: $cost"
}
endless anthropic "$(messages true dear-a)"
endless openai "$(responses true dear-a)"
endless openai "$(chat true dear-a hi '')"
endless gemini "$(generate 'streamGenerateContent?alt=sse' dear-a)"
is "$(fingerprint "$repo")" "$before" "the repository"

t "who breaks a stream off before its end pays for it"
asks anthropic "timeout 1 $(messages true model-a STALLS); $note"
is "$outcome" observed "outcome ($json)"
is "$(of requests) $(of estimated)" "1 1" "$cost"
has "$(events cost.reported system)" '"estimated": true' event
is "$(python3 -c 'import json,sys; print(json.load(sys.stdin)["usd"] >= 0.01)' <<<"$cost")" True "what was read of it"
asks openai "timeout 1 $(chat true model-a STALLS ''); $note"
is "$(of requests) $(of estimated)" "1 1" "before any count: $cost"

t "what bills outside of its answer is refused, whatever the allow list says"
asks openai "$(post /v1/batches '{}'); $(post /v1/files '{}'); $(responses true model-a hi '"background": true, '); $note"
is "$said" "403 403 403 " answers
is "$cost" null cost
is "$(events action.vetoed system | wc -l)" 3 vetoes
has "$(events action.vetoed system)" background veto
asks anthropic "$(post /v1/messages/batches '{"requests": []}'); $(messages false); $note"
is "$said" "403 200 " "a batch, then a message"

t "an agent's own word is a claim"
asks anthropic "$(messages false); cupel note cost.reported usd=7 model=mine; $note"
is "$outcome" observed "outcome ($json)"
is "$(of usd) $(of claimed_usd)" "0.0205 7.0" "$cost"
is "$(events cost.reported agent | wc -l)" 1 "its event"

t "a model without a price counts as the dearest, which is said once for each"
printf '%s\n' "$(messages false unheard-of); $(messages false unheard-of); $(messages false another); $note" >"$work/work.sh"
(cd "$repo" && cupel run --title x --mood curious --agent anthropic --bundle "$work") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
is "$(grep -c 'no price is known for the model "unheard-of"' "$e2e_tmp/stderr")" 1 "$(cat "$e2e_tmp/stderr")"
is "$(grep -c 'no price is known for the model "another"' "$e2e_tmp/stderr")" 1 "the other model"
has "$(cat "$e2e_tmp/stderr" "$e2e_tmp/stdout")" "3 requests" "the end's line"

t "two runs at once do not mix"
mkdir "$work/two"
printf '%s\n' "$(messages false); $(messages false); $(messages false); $note" >"$work/two/work.sh"
printf '%s\n' "$(messages false); $note" >"$work/work.sh"
(cd "$repo" && cupel run --json --quiet --title x --mood curious --agent anthropic --bundle "$work/two") >"$e2e_tmp/two" 2>/dev/null &
other=$!
run "$repo" --title x --mood curious --agent anthropic --bundle "$work"
wait "$other"
count='import json,sys; print(json.load(sys.stdin)["cost"]["requests"])'
is "$(python3 -c "$count" <<<"$json") $(python3 -c "$count" <"$e2e_tmp/two")" "1 3" requests

# shellcheck disable=SC2086
kill $servers
done_testing
