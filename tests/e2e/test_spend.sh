#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Money: what a run may cost is reserved before it starts, what it did cost is booked when it ends; the week, the cycle, grants;
# fifty at once in two repositories never take more than there is; who was killed is settled by the next command.
source "$(dirname "$0")/../lib/e2e.sh"

net=$(new_folder net)
servers=''
start_model() { # start_model NAME : its port in $port
        python3 -B "$e2e_top/tests/lib/waiting_model.py" >"$net/$1" &
        servers="$servers $!"
        wait_for 30 test -s "$net/$1" || { t "the model starts" && fail "no port" && done_testing; }
        port=$(tr -dc 0-9 <"$net/$1")
}
let_go() { curl -s "http://127.0.0.1:$port/go" >"$net/went"; }
trap 'kill $servers 2>/dev/null' EXIT

config=$XDG_CONFIG_HOME/cupel/config.yaml
mkdir -p "${config%/*}"
# policy SPEND : the user's configuration with that `spend`, for the model at $port
policy() {
        cat >"$config" <<END
verifiers: {unit: ./check.sh}
prices: {"model-*": {input: 10, output: 100}}
spend: $1
agents:
  paid: {command: [sh, -c, "curl -s -X POST -H 'content-type: application/json' \$API_URL/v1/messages -d '{\"model\":\"model-x\",\"max_tokens\":100}' -o /dev/null && cupel note observation text=done"],
    network: {routes: {api: {upstream: 'http://127.0.0.1:$port', header: {x-api-key: env API_TEST_KEY}, meter: anthropic, allow: ['POST /*'], env: {API_URL: '{url}'}}}}}
END
}
export API_TEST_KEY=sk-test-spend-8c1d2e3f4a5b
paid() { run "$repo" --mood curious --agent paid "$@"; }
ledger() { (cd "$repo" && cupel grant --list --json) | python3 -c "import json,sys; r = json.load(sys.stdin); print($1)"; }
report() { python3 -c "import json,sys; r = json.load(open(sys.argv[1])); print($1)" "$packet/evidence/report.json"; }
blocked_for() { # blocked_for TEXT WHAT : the run was blocked, for a reason that says so
        is "$status" 30 "$2: exit status ($json $(stderr))"
        is "$outcome" blocked "$2: outcome"
        has "$json" "$1" "$2: the reason"
}

start_model first
let_go
repo=$(new_repo)

t "without a limit nothing is blocked, and everything is booked"
policy "{}"
paid --title free
is "$status" 0 "exit status ($json $(stderr))"
is "$(ledger 'r["week"]["used_usd"], r["week"]["limit_usd"], len(r["runs"])')" "0.02 None 1" "the ledger"
has "$(cd "$repo" && cupel grant --list)" 'this week' "for a person"

t "a command that costs nothing that can be known reserves nothing"
run "$repo" --title plain --verify unit -- sh -c 'echo 2 > src/a.txt'
is "$status" 0 "exit status ($json $(stderr))"
is "$(ledger 'len(r["runs"])')" 1 "runs in the ledger"
is "$(report 'r["spend"]')" None "its report"

t "what a run may cost is taken from the week; more than is left is blocked, with what is left and when it frees"
policy "{weekly_usd: 1.5}"
paid --title first
is "$status" 0 "exit status ($json $(stderr))"
is "$(report '[r["spend"][k] for k in ("estimated_usd", "reserved_usd", "actual_usd")], r["spend"]["week"]["limit_usd"], r["spend"]["week"]["before_usd"], r["spend"]["week"]["after_usd"]')" \
        "[1.0, 1.0, 0.02] 1.5 0.02 0.04" "the report"
before=$(fingerprint "$repo")
paid --title dear --budget cost_usd=2 --json
blocked_for "1.46 is left" "too dear"
has "$json" "a new week begins" "when it frees"
has "$json" "cupel grant 2.00 --item dear" "the remedy"
is "$(fingerprint "$repo")" "$before" "the repository"
is "$(ledger 'r["week"]["used_usd"], r["week"]["reserved_usd"]')" "0.04 0.0" "a blocked run takes nothing"

t "a grant lets one run through, the first that needs it and fits; then it is used up, and both are on record"
(cd "$repo" && cupel grant 5 --item other --reason "not this one") >"$e2e_tmp/out" 2>&1 || fail "$(cat "$e2e_tmp/out")"
paid --title dear --budget cost_usd=2
blocked_for "is left" "another item's grant"
(cd "$repo" && cupel grant 0.54 --item dear --agent paid --until 2h --reason "once") >"$e2e_tmp/out" 2>&1 || fail "$(cat "$e2e_tmp/out")"
paid --title cheap --budget cost_usd=0.5
is "$status" 0 "a run that does not need it: $json"
is "$(ledger '[g["state"] for g in r["grants"]]')" "['open', 'open']" "it is not used"
paid --title dear --budget cost_usd=1.98
is "$status" 0 "exit status ($json $(stderr))"
is "$(ledger '[g["state"] for g in r["grants"]], r["grants"][1]["used_by"]')" "['open', 'used'] $run_id" "the grants"
is "$(report 'r["spend"]["grant"]["id"], r["spend"]["grant"]["usd"]')" "2 0.54" "the report"
log=$(cd "$repo" && cupel events "$run_id")
has "$log" approval.granted "the log"
has "$log" approval.consumed "the log"
paid --title dear --budget cost_usd=1.98
blocked_for "is left" "a second time"
(cd "$repo" && cupel grant --revoke 2) >"$e2e_tmp/out" 2>&1 && fail "a used grant was taken back"
succeeds cupel grant --revoke 1
is "$(ledger '[g["state"] for g in r["grants"]]')" "['revoked', 'used']" "the grants"

t "what is no amount, no time or no grant is refused with what was expected"
for words in "0" "-3" "much" "5 --until yesterday" "5 --until 2020-01-01" "5 --until 0s" "5 --list" "--revoke 77"; do
        # shellcheck disable=SC2086
        cupel grant $words >"$e2e_tmp/out" 2>&1
        is "$?" 2 "cupel grant $words ($(cat "$e2e_tmp/out"))"
done

t "an agent inside grants itself nothing"
grants=$(ledger 'len(r["grants"])')
run "$repo" --mood curious --title greedy -- sh -c 'cupel grant 100; cupel note observation text="$?"; env -u CUPEL_NOTES cupel grant 100; env -u CUPEL_NOTES CUPEL_STATE='"$XDG_STATE_HOME"'/cupel cupel grant 100; ls '"$XDG_STATE_HOME"'; true'
is "$status" 0 "exit status ($json $(stderr))"
is "$(ledger 'len(r["grants"])')" "$grants" "grants"
hasnt "$(cat "$packet/logs/agent.log")" spend.db "the ledger, seen from inside"
has "$(cat "$packet/logs/agent.log")" "\`cupel grant\` decides nothing inside a run" "what it is told"

t "a cycle has its number of paid runs, whatever they cost"
policy "{paid_runs_per_cycle: $(($(ledger 'len(r["runs"])') - 1 + 1)), cycle: 7d}" # one run used a grant and does not count
paid --title last
is "$status" 0 "exit status ($json $(stderr))"
paid --title "one more"
blocked_for "paid runs of this cycle" "one more"
run "$repo" --title plain --verify unit -- sh -c 'echo 3 > src/a.txt'
is "$status" 0 "an unpaid one"

t "a repository cannot take more than the user gives"
policy "{weekly_usd: 0.5}"
mkdir -p "$repo/.cupel"
printf 'spend: {weekly_usd: 500}\n' >"$repo/.cupel/policy.yaml"
git -C "$repo" add -A && git -C "$repo" commit -qm money
paid --title rich
blocked_for "cupel admit" "not admitted"
printf 'spend: {weekly_usd: 0.01}\n' >"$repo/.cupel/policy.yaml"
git -C "$repo" commit -qam less
paid --title poor --budget cost_usd=0.02
blocked_for "spend.weekly_usd" "it may ask for less"
git -C "$repo" rm -q .cupel/policy.yaml && git -C "$repo" commit -qm none

t "who was killed is settled by whoever comes next, at what was reported"
start_model second
policy "{weekly_usd: 10}"
spent=$(ledger 'r["week"]["used_usd"]')
(cd "$repo" && exec cupel run --quiet --mood curious --agent paid --title killed) >"$e2e_tmp/killed" 2>&1 &
killed=$!
reserved() { [ "$(ledger 'r["week"]["reserved_usd"]')" = 1.0 ]; }
wait_for 60 reserved || fail "nothing was reserved"
kill -9 "$killed"
wait "$killed" 2>/dev/null || :
elsewhere=$(new_repo)
store=$(state_of "$repo")/store.db
mv "$store" "$store.kept"
mkdir "$store" # what cannot be read, whoever asks
is "$(repo=$elsewhere ledger 'r["week"]["reserved_usd"]')" 1.0 "reserved, while its store cannot be read"
rmdir "$store"
mv "$store.kept" "$store"
is "$(ledger 'r["week"]["reserved_usd"], r["week"]["used_usd"]')" "0.0 $spent" "the ledger"

t "fifty at once, in two repositories: ten dollars are ten runs of one dollar, and the sum is exact"
start_model third
other=$(new_repo)
for one in "$repo" "$other"; do # their layers are made once, before the crowd comes
        run "$one" --title warm --mood curious -- cupel note observation text=warm
        is "$status" 0 "warm: $json $(stderr)"
done
spent=$(ledger 'r["week"]["used_usd"]')
policy "{weekly_usd: $(python3 -c "print($spent + 10.5)")}"
crowd=$(new_folder crowd)
for i in $(seq 50); do
        one=$repo
        [ $((i % 2)) = 0 ] || one=$other
        (
                cd "$one" || exit
                cupel run --json --quiet --mood curious --agent paid --title "crowd $i" >"$crowd/$i.out" 2>"$crowd/$i.err"
                echo $? >"$crowd/$i.status"
        ) &
        crowd_pids="${crowd_pids:-} $!"
done
ended() { [ "$(find "$crowd" -name '*.status' | wc -l)" -ge "$1" ]; }
wait_for 120 ended 40 || fail "$(find "$crowd" -name '*.status' | wc -l) have ended, not 40"
is "$(ledger 'round(r["week"]["reserved_usd"], 6)')" 10.0 "what is reserved while ten work"
is "$(cat "$crowd"/*.status | sort | uniq -c | xargs)" "40 30" "those that ended"
has "$(cat "$crowd"/*.out)" "reserved by runs that have not ended" "the reason"
let_go
# shellcheck disable=SC2086
wait $crowd_pids
is "$(cat "$crowd"/*.status | sort -n | uniq -c | xargs)" "10 0 40 30" "all of them"
is "$(ledger "round(r['week']['used_usd'] - $spent, 6), r['week']['reserved_usd']")" "0.2 0.0" "what they spent"

t "a queued item that the week has no money for waits until there is some, and asks nobody before"
policy "{weekly_usd: 0.01}"
printf 'id: WAITS\ntitle: waits\nmood: curious\nagent: paid\n' >"$e2e_tmp/waits.yaml"
item_of() { (cd "$repo" && cupel queue show WAITS --json) | python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
work() { (cd "$repo" && exec cupel work --once) >"$e2e_tmp/work" 2>&1; }
count_runs() { (cd "$repo" && cupel runs --json) | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))'; }
succeeds sh -c "cd '$repo' && cupel queue add '$e2e_tmp/waits.yaml'"
work
is "$(item_of state)" waiting "the item ($(cat "$e2e_tmp/work"))"
has "$(item_of waits_for)" "ledger " "what it waits for"
has "$(item_of waits_for)" "until " "or the new week"
runs=$(count_runs)
work
is "$(count_runs)" "$runs" "runs that were spent on asking"
succeeds sh -c "cd '$repo' && cupel grant 5 --item WAITS --reason 'it is worth it'"
work
is "$(item_of state)" "done" "with a grant ($(cat "$e2e_tmp/work"))"

done_testing
