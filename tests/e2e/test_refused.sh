#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An agent whose API does not serve it: a refused key ends the run at once and is not tried again, an outage is told as one,
# and an agent that does nothing is told with its own last words. The repository stays byte for byte as it was.
source "$(dirname "$0")/../lib/e2e.sh"

api=$(new_folder api)
echo 200 >"$api/script"
start_refusing "$api"

repo=$(new_repo)
config=$XDG_CONFIG_HOME/cupel/config.yaml
mkdir -p "${config%/*}"
cat >"$config" <<END
verifiers: {unit: ./check.sh}
agents:
  asking:
    command: [sh, /cupel/bundle/work.sh]
    network: {routes: {api: {upstream: 'http://127.0.0.1:$port', header: {x-api-key: env API_TEST_KEY},
                             allow: [POST /v1/*], env: {API_URL: '{url}'}}}}
  other:
    command: [sh, /cupel/bundle/work.sh]
    network: {routes: {api: {upstream: 'http://127.0.0.1:$port', header: {x-api-key: env API_TEST_KEY},
                             allow: [POST /v1/*], env: {API_URL: '{url}'}}}}
  either:
    command: [sh, /cupel/bundle/work.sh]
    network: {routes: {api: {upstream: 'http://127.0.0.1:$port', any: true, allow: [POST /v1/*], env: {API_URL: '{url}'},
                             header: {x-api-key: env API_TEST_KEY, authorization: Bearer env API_TEST_TOKEN}}}}
  marked:
    command: [sh, /cupel/bundle/work.sh]
    means: {no_credential: {exit: ["41"], output: ["Please run /login"]}, rate_limited: {output: ["usage limit reached"]},
            refused: {output: ["Your account is disabled"]}}
  queued:
    command: [sh, -c, "curl -s -X POST \$API_URL/v1/x -d {} -o /dev/null; cupel note observation text=done"]
    network: {routes: {api: {upstream: 'http://127.0.0.1:$port', header: {x-api-key: env API_TEST_KEY},
                             allow: [POST /v1/*], env: {API_URL: '{url}'}}}}
  plain: {command: [sh, /cupel/bundle/work.sh]}
  screen: {command: [sh, /cupel/bundle/work.sh], tty: true}
END
work=$(new_folder work)
key=sk-test-refused-8c1d2e3f4a5b
export API_TEST_KEY=$key

# asks SCRIPT AGENT COMMAND [OPTIONS]: a run of that agent against an upstream that answers so; $reasons, $asked (requests).
asks() {
        echo "$1" >"$api/script"
        : >"$api/requests"
        printf '%s\n' "$3" >"$work/work.sh"
        run "$repo" --title x --verify unit --agent "$2" --bundle "$work" "${@:4}"
        reasons=$(field reasons "$json" 2>/dev/null)
        asked=$(wc -l <"$api/requests")
}
call="curl -s -X POST \$API_URL/v1/x -d {} -o /dev/null -w '%{http_code} '"
forget() { (cd "$repo" && cupel agents forget) >/dev/null 2>&1; }
before=$(fingerprint "$repo")
unchanged() { is "$(fingerprint "$repo")" "$before" "the repository"; }
events_of() { (cd "$repo" && cupel events "$run_id" --json); }

t "a refused key ends the run as blocked, whatever the agent makes of it"
asks 401 asking "$call; echo made > src/new.txt; exit 0"
is "$status" 30 "exit status ($json)"
is "$outcome" blocked outcome
is "$asked" 1 requests
has "$reasons" "http://127.0.0.1:$port answered 401 Unauthorized" reasons
has "$reasons" "API_TEST_KEY" reasons
has "$reasons" "cupel agents forget asking" reasons
unchanged
is "$(events_of | grep -c cost.reported)" 0 "costs"
t "nothing that is kept knows the key"
is "$(grep -rlF "$key" "$XDG_STATE_HOME" "$XDG_CACHE_HOME" "$repo")" "" files
is "$(stat -c %a "$XDG_STATE_HOME"/cupel/refused "$XDG_STATE_HOME"/cupel/refused/* | tr '\n' ' ')" "700 600 " modes

t "the next run with it is blocked before anything leaves, in every repository, for every agent that would send it"
asks 200 asking "$call"
is "$status $outcome $asked" "30 blocked 0" "end ($json)"
has "$reasons" "and it is still the same" reasons
has "$reasons" "refused the key in API_TEST_KEY with 401" reasons
is "$(ls "$packet/logs" 2>/dev/null)" "" "nothing was started"
asks 200 other "$call"
is "$status $asked" "30 0" "another agent"
elsewhere=$(new_repo)
(cd "$elsewhere" && cupel run --json --quiet --title x --verify unit --agent asking --bundle "$work") >"$e2e_tmp/stdout" 2>&1
is $? 30 "another repository"
unchanged

t "cupel agents says so too"
has "$(cd "$repo" && cupel agents)" "asking       refused" "the list"
is "$(cd "$repo" && cupel agents --json | python3 -c 'import json, sys; print([a["credentials"][0]["refused"] for a in json.load(sys.stdin) if a["name"] == "asking"])')" "[True]" "the list as JSON"
is "$(cd "$repo" && API_TEST_KEY=sk-test-other-000000000 cupel agents | grep -c "asking       refused")" 0 "with another key"

t "another key runs"
API_TEST_KEY=sk-test-other-000000000 asks 200 asking "$call; echo x >> src/a.txt"
is "$outcome $asked" "committed 1" "end ($json)"
has "$(cat "$api/requests")" sk-test-other-000000000 "what was sent"
before=$(fingerprint "$repo")

t "cupel agents forget: the same key is tried again"
(cd "$repo" && cupel agents forget nobody) >"$e2e_tmp/out" 2>&1
is $? 0 "nothing to forget"
asks 200 asking "$call"
is "$status" 30 "it is still known"
has "$(cd "$repo" && cupel agents forget asking 2>&1)" "http://127.0.0.1:$port" "what it says"
asks 200 asking "$call"
is "$outcome $asked" "no_change 1" "end ($json)"

t "cupel gc: a refusal is forgotten by age"
asks 401 asking "$call"
is "$outcome" blocked "end ($json)"
hasnt "$(cupel gc --dry-run --max-size 0)" refusal "a young one"
touch -d '40 days ago' "$XDG_STATE_HOME"/cupel/refused/*
has "$(cupel gc --dry-run --max-size 0)" "API_TEST_KEY" "what would go"
cupel gc --max-size 0 >/dev/null 2>&1
is "$(ls "$XDG_STATE_HOME/cupel/refused")" "" "what is left"

t "a queued item whose key is refused waits until somebody has that forgotten"
forget
printf 'id: QUEUED\ntitle: queued\nmood: curious\nagent: queued\n' >"$e2e_tmp/queued.yaml"
item_of() { (cd "$repo" && cupel queue show QUEUED --json) | python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
work() { (cd "$repo" && exec cupel work --once) >"$e2e_tmp/work" 2>&1; }
succeeds sh -c "cd '$repo' && cupel queue add '$e2e_tmp/queued.yaml'"
asks 401 asking "$call"
is "$outcome" blocked "another run with that key"
work
is "$(item_of state)" waiting "the item ($(cat "$e2e_tmp/work"))"
has "$(item_of waits_for)" "refused " "what it waits for"
: >"$api/requests"
echo 200 >"$api/script"
work
is "$(wc -l <"$api/requests")" 0 "requests with the key that was refused"
forget
work
is "$(item_of state)" "done" "once it is forgotten ($(cat "$e2e_tmp/work"))"

t "one whose key is refused during its own run waits for the same, and for another key"
succeeds sh -c "cd '$repo' && cupel queue add '$e2e_tmp/queued.yaml'"
echo 401 >"$api/script"
: >"$api/requests"
work
is "$(item_of state) $(wc -l <"$api/requests")" "waiting 1" "the item ($(cat "$e2e_tmp/work"))"
has "$(item_of waits_for)" "refused " "what it waits for"
hasnt "$(item_of waits_for)" "$key" "what it waits for"
echo 200 >"$api/script"
work
is "$(item_of state) $(wc -l <"$api/requests")" "waiting 1" "with the key that was refused"
API_TEST_KEY=sk-test-changed-1111111 work
is "$(item_of state)" "done" "with another key ($(cat "$e2e_tmp/work"))"
succeeds sh -c "cd '$repo' && cupel queue add '$e2e_tmp/queued.yaml'"
forget
echo 401 >"$api/script"
work
is "$(item_of state)" waiting "refused once more"
echo 200 >"$api/script"
forget
work
is "$(item_of state)" "done" "once it is forgotten ($(cat "$e2e_tmp/work"))"

t "a 403 is a refusal too; a success forgets it"
asks 403 asking "$call"
is "$status $asked" "30 1" "end ($json)"
has "$reasons" "403 Forbidden" reasons
asks 200 asking "$call"
is "$status $asked" "30 0" "remembered"
forget
asks 200 asking "$call"
is "$status $asked" "20 1" "forgotten"

t "a 403 after the key was good blocks the run and is not remembered: it was the request"
asks "200 403" asking "$call; $call"
is "$status $asked" "30 2" "end ($json)"
has "$reasons" "was good before in this run" reasons
asks 200 asking "$call"
is "$status $asked" "20 1" "the next run"

t "a refusal that never ends is one at its head"
SECONDS=0
asks 401-held asking "$call; sleep 300" --budget wall=120s
is "$status $outcome" "30 blocked" "end ($json)"
[ "$SECONDS" -lt 60 ] || fail "it took $SECONDS s"
unchanged
forget

t "our own refusal of a path is not the provider's, and is told"
asks 200 asking "curl -s -X POST \$API_URL/admin -o /dev/null -w '%{http_code}'"
is "$outcome $asked" "no_change 0" "end ($json)"
asks 200 asking "$call"
is "$asked" 1 "nothing is remembered"

asks 200 asking "curl -s -X POST \$API_URL/admin -o /dev/null"
has "$reasons" "cupel refused what the agent asked a route for: route api: POST /admin" reasons
t "a key that is not set blocks before the start, and names the variable"
(unset API_TEST_KEY && asks 200 asking "$call" && printf '%s|%s|%s' "$status" "$asked" "$reasons") >"$e2e_tmp/out"
has "$(cat "$e2e_tmp/out")" '30|0|' end
has "$(cat "$e2e_tmp/out")" "API_TEST_KEY" reasons

t "a route that takes either key: the one that is set is sent, and where none is, both are named"
asks 200 either "$call"
is "$outcome $(cut -d' ' -f3- "$api/requests")" "no_change $key" "with the one"
(unset API_TEST_KEY && export API_TEST_TOKEN=token-test-123456 && asks 200 either "$call" && cat "$api/requests") >"$e2e_tmp/out"
has "$(cat "$e2e_tmp/out")" "Bearer token-test-123456" "with the other"
(unset API_TEST_KEY && asks 200 either "$call" && printf '%s|%s|%s' "$status" "$asked" "$reasons") >"$e2e_tmp/out"
has "$(cat "$e2e_tmp/out")" '30|0|' "with none"
has "$(cat "$e2e_tmp/out")" "API_TEST_TOKEN, API_TEST_KEY" reasons

t "429 to the end: work_failed, with who, how often and until when"
asks "429+7" asking "$call; $call; $call; echo 'rate limited' >&2; exit 3"
is "$status $outcome" "21 work_failed" "end ($json)"
has "$reasons" "http://127.0.0.1:$port" reasons
has "$reasons" "429 Too Many Requests; 3 requests in a row were not served; its last Retry-After: 7" reasons
has "$reasons" "exited with status 3" reasons
unchanged
t "429 until the wall budget ends, because the agent never gives up: the same, and both are told"
asks "429+7" asking "while :; do $call; done" --budget wall=2s
is "$status $outcome" "21 work_failed" "end ($json)"
has "$reasons" "429 Too Many Requests" reasons
has "$reasons" "wall" reasons
t "another budget that is used up after a 429 is what ended the run"
asks "429+7" asking "$call; yes" --budget output=1M
is "$status $outcome" "24 budget_exceeded" "end ($json)"
unchanged
t "an agent that gives up with status 0 after 500s did not decide to change nothing"
asks 500 asking "$call"
is "$status $outcome" "21 work_failed" "end ($json)"
has "$reasons" "500 Internal Server Error" reasons
t "an upstream that breaks off is no answer"
asks cut asking "$call"
is "$status $outcome" "21 work_failed" "end ($json)"
has "$reasons" "gave no answer" reasons
t "its own retries go on: after a success the failures do not count"
asks "429 500 200" asking "$call; $call; $call"
is "$status $outcome $asked" "20 no_change 3" "end ($json)"
hasnt "$reasons" "Too Many" reasons
t "a good change in spite of a 429 is judged as always"
asks "200 429" asking "$call; $call; echo y >> src/a.txt"
is "$outcome" committed "end ($json)"
before=$(fingerprint "$repo")
t "a curious run that left no note because of an outage says so"
asks 503 asking "$call" --mood curious
is "$status $outcome" "21 work_failed" "end ($json)"

t "a stream that stalls ends in the wall budget, and the reason tells what it waited for"
asks stalled asking "curl -s -N -X POST \$API_URL/v1/x -d {} -o /dev/null" --budget wall=2s
is "$status $outcome" "24 budget_exceeded" "end ($json)"
has "$reasons" "was waiting for its API" reasons
has "$reasons" "http://127.0.0.1:$port" reasons
unchanged

t "an exit status or a text of its profile's means: no credential, rate limited, refused"
asks 200 marked "echo 'some work'; exit 41"
is "$status $outcome" "30 blocked" "exit status ($json)"
has "$reasons" "it exited with status 41" reasons
asks 200 marked "printf 'Hello\n\033[31mPlease run /login\033[0m\n'"
is "$status $outcome" "30 blocked" "no change, exit 0 ($json)"
has "$reasons" "it said Please run /login" reasons
asks 200 marked "echo 'Usage limit reached until 5pm'; exit 1"
is "$status $outcome" "21 work_failed" "rate limited ($json)"
has "$reasons" "wanted it to wait" reasons
asks 200 marked "echo 'Your account is disabled'; exit 1"
is "$status $outcome" "30 blocked" "refused ($json)"
unchanged
t "the same words of an agent that made a good change mean nothing"
asks 200 marked "echo z >> src/a.txt; echo 'Please run /login'"
is "$outcome" committed "end ($json)"
before=$(fingerprint "$repo")
t "an agent that repeats its prompt, with what an earlier run ended as, says nothing by it"
asks 200 marked 'cat "$CUPEL_PROMPT"; echo "$1"; exit 1' --title 'Handle "Please run /login" and usage limit reached'
is "$status $outcome" "21 work_failed" "end ($json)"
hasnt "$reasons" "no credential" reasons
t "nothing is remembered of an agent's words"
is "$(ls "$XDG_STATE_HOME/cupel/refused" 2>/dev/null)" "" "files"

t "an agent that did nothing is told with its last words"
asks 200 plain "echo 'Shall I also rename the function? (y/n)'"
is "$status $outcome" "20 no_change" "end ($json)"
has "$reasons" "changed nothing" reasons
has "$reasons" "Shall I also rename the function? (y/n)" reasons
t "the words of an agent that prints JSON are text"
asks 200 plain "echo '{\"type\":\"result\",\"result\":\"Which of the two files?\",\"usage\":{\"input_tokens\":3}}'"
is "$outcome" no_change "end ($json)"
has "$reasons" "Which of the two files?" reasons
hasnt "$reasons" "input_tokens" reasons
t "an agent that waits on its standard input gets its end"
asks 200 plain "printf 'Your answer: '; read -r answer; echo \"got [\$answer]\""
is "$status $outcome" "20 no_change" "end ($json)"
has "$reasons" "Your answer: got []" reasons
t "an agent that reads its own terminal, where nobody is, gets its end too"
SECONDS=0
asks 200 screen "printf 'Your answer: '; read -r answer; echo \"got [\$answer]\"; read -r more; echo end" --budget wall=300s
is "$status $outcome" "20 no_change" "end ($json)"
has "$reasons" "Your answer: got []" reasons
[ "$SECONDS" -lt 120 ] || fail "it took $SECONDS s"
t "a question that was left as a note is named"
asks 200 plain "cupel note request.help question='Which database?' >/dev/null; echo waiting"
is "$outcome" no_change "end ($json)"
has "$reasons" "it asked (note.request.help): Which database?" reasons
t "hostile last words are bounded and harmless, and a secret is hidden"
asks 200 plain "printf '\033]0;title\a\033[2J\xff\n'; head -c 100000 /dev/zero | tr '\\0' x"
is "$outcome" no_change "end ($json)"
[ "${#reasons}" -lt 4000 ] || fail "the reasons have ${#reasons} bytes"
hasnt "$json" '\u001b' reasons
unchanged

exec 8>&-
done_testing
