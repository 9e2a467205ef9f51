#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a resumed run takes over and what it does not: the queue's item, a person's sentence, arming, money.
source "$(dirname "$0")/../lib/e2e.sh"

workers=() servers=''
trap 'kill -9 "${workers[@]}" $servers 2>/dev/null' EXIT
in_repo() { (cd "$repo" && exec "$@"); }

# resume RUN OPTIONS… : cupel resume --json there, like run.
resume() {
        (cd "$repo" && exec timeout 120 cupel resume --json --quiet "$@") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" </dev/null
        status=$?
        read_result "$e2e_tmp/stdout"
}

# ---- The queue ----

fresh() {
        repo=$(new_repo)
        mkdir "$repo/.cupel"
        printf 'verifiers:\n  unit: {run: ./check.sh}\nfailure: {attempts: 1, then: drop}\n' >"$repo/.cupel/policy.yaml"
        git -C "$repo" add -A && git -C "$repo" commit -qm policy
        base=$(git -C "$repo" rev-parse HEAD)
        admit "$repo"
}
# add ID SCRIPT OPTIONS… : an item whose agent is that script.
add() {
        local id=$1 script=$2
        shift 2
        python3 -c 'import json,sys; print(json.dumps({"id":sys.argv[1],"title":"Title of "+sys.argv[1],"verify":["unit"],"mood":"calm","agent":{"command":["bash","-c",sys.argv[2]]}}))' "$id" "$script" |
                in_repo cupel queue add --lines - "$@" >/dev/null || fail "cannot add $id"
}
of() { in_repo cupel queue show "$1" --json | python3 -c 'import json,sys; v=json.load(sys.stdin)[sys.argv[1]]; print("" if v is None else v)' "$2"; }
landed() { git -C "$repo" log --format='%(trailers:key=Cupel-Item,valueonly,separator=)' "$base..main" | grep . | sort | tr '\n' ' '; }
work() { in_repo timeout 120 cupel work --once --quiet >"$e2e_tmp/work.out" 2>"$e2e_tmp/work.err"; }
# The newest run whose name begins so; of those that were resumed where a second word is given.
run_of() { find "$(state_of "$repo")/runs" -maxdepth 1 -name "$1*${2:-}*" -printf '%T@ %f\n' | sort -rn | head -n 1 | cut -d' ' -f2; }

# One more each time: a checkpoint and a wait, until the third.
steps='n=$(cat x 2>/dev/null || echo 0); n=$((n + 1)); echo $n >x
[ $n = 3 ] || { cupel checkpoint || exit 9; exec -a marker-'$$'-$n sleep 300; }'

# crash PID… : these processes and all below them, and all that work on this test's state, die at once: nobody has time to see it.
below() {
        local pid
        for pid in $(pgrep -P "$1"); do
                echo "$pid"
                below "$pid"
        done
}
crash() {
        local pid pids=$*
        for pid in "$@"; do pids="$pids $(below "$pid")"; done
        # shellcheck disable=SC2086
        kill -9 $pids $(pgrep -f -- "$e2e_tmp/state") 2>/dev/null
        wait_for 10 quiet_now || fail "processes are left"
}
# One worker takes ITEM; its run crashes, and the worker with it, after the checkpoint. The run: $first.
crash_in_queue() {
        (cd "$repo" && exec cupel work --quiet --poll 3600) >"$e2e_tmp/worker" 2>&1 &
        workers+=($!)
        wait_for 30 pgrep -f "^marker-$$-1 " || fail "the item was not begun: $(cat "$e2e_tmp/worker")"
        first=$(run_of "$1__")
        crash "${workers[-1]}"
}

t "a crashed run of a queued item is resumed: the item is the new run's, is done with it, and lands once"
fresh
add ITEM "$steps"
add AFTER 'echo after >after' --depends ITEM
crash_in_queue item
(cd "$repo" && exec cupel resume --json --quiet "$first") >"$e2e_tmp/second" 2>&1 &
second_pid=$!
wait_for 30 pgrep -f "^marker-$$-2 " || fail "it was not resumed: $(cat "$e2e_tmp/second")"
second=$(run_of item__ _resume_)
is "$(of ITEM state)" claimed "the item while the resumed run is at work"
is "$(of ITEM last_run)" "$second" "whose it is"
is "$(in_repo cupel queue list --json | python3 -c 'import json,sys; print([i["item"] for i in json.load(sys.stdin) if i.get("ready")])')" "[]" "what a worker could take"
resume "$first"
is "$status" 2 "a second one beside it"
has "$(stderr)" "item ITEM is claimed: another run of it is at work" "why not"
crash $second_pid
resume "$second"
is "$outcome" committed "$json $(stderr)"
is "$(of ITEM state)" "done" "the item"
is "$(of ITEM last_run)" "$run_id" "by the run"
is "$(git -C "$repo" show HEAD:x)" 3 "what it did"
work
is "$?" 0 "the worker after it: $(cat "$e2e_tmp/work.err")"
is "$(landed)" "AFTER ITEM " "what has landed, once each"
is "$(in_repo cupel runs --json | python3 -c 'import json,sys; print(len([r for r in json.load(sys.stdin) if r["item"] == "ITEM"]))')" 3 "runs of the item"
succeeds in_repo cupel reconcile

t "a run of an item that is done since is not resumed by chance; with another item it is, beside the queue"
resume "$first"
is "$status" 2 "exit status"
has "$(stderr)" "item ITEM is done: a later run did it" "why not"
printf 'title: more\nmood: calm\nverify: [unit]\nagent: {command: [sh, -c, "rm x; echo more >more"]}\n' >"$e2e_tmp/more.yaml"
resume "$first" --with work-item="$e2e_tmp/more.yaml"
is "$outcome" committed "$json $(stderr)"
is "$(of ITEM state)" "done" "the item"
is "$(git -C "$repo" show HEAD:more)" more "its own work"

t "a cancelled resumed run gives the item back, and a worker does it"
fresh
add BACK "$steps"
crash_in_queue back
(cd "$repo" && exec cupel resume --json --quiet "$first") >"$e2e_tmp/second" 2>&1 &
second_pid=$!
wait_for 30 pgrep -f "^marker-$$-2 " || fail "it was not resumed: $(cat "$e2e_tmp/second")"
kill -TERM $second_pid
wait $second_pid
is "$?" 27 "its exit status"
is "$(of BACK state)" queued "the item"
resume "$(run_of back__ _resume_)"
is "$outcome" committed "$json $(stderr)"
is "$(of BACK state)" "done" "the item"

t "an item that has failed is done once a resumed run of it lands, and what waits for it is ready"
fresh
add FAILS '[ -n "${CUPEL_RESUMED:-}" ] || { echo half >half; cupel checkpoint; exit 3; }; echo whole >whole'
add NEXT 'echo next >next' --depends FAILS
work
is "$(of FAILS state)" failed "the item"
resume "$(run_of fails__)"
is "$outcome" committed "$json $(stderr)"
is "$(of FAILS state)" "done" "the item"
work
is "$(of NEXT state)" "done" "what depends on it"
is "$(git -C "$repo" ls-tree --name-only HEAD half whole next | tr '\n' ' ')" "half next whole " "files"

t "one that somebody took out of the queue is theirs to put back first"
fresh
add GONE '[ -n "${CUPEL_RESUMED:-}" ] || { echo half >half; cupel checkpoint; exit 3; }; echo whole >whole'
work
first=$(run_of gone__)
succeeds in_repo cupel queue retry GONE
succeeds in_repo cupel queue drop GONE
resume "$first"
is "$status" 2 "exit status"
has "$(stderr)" "cupel queue retry" "what to do"
succeeds in_repo cupel queue retry GONE
resume "$first"
is "$outcome" committed "$json $(stderr)"
is "$(of GONE state)" "done" "the item"

t "the same name, other work by now: the run is nobody's but its user's"
fresh
add OTHER '[ -n "${CUPEL_RESUMED:-}" ] || { echo half >half; cupel checkpoint; exit 3; }; echo whole >whole'
work
first=$(run_of other__)
add OTHER 'echo anew >anew'
resume "$first"
is "$outcome" committed "$json $(stderr)"
is "$(of OTHER state)" queued "the item of that name"
work
is "$(of OTHER state)" "done" "the item of that name, by a worker"
is "$(landed)" "OTHER OTHER " "what has landed"

# ---- What a person must say, each time ----

t "an approval that the old run used up is used up: the resumed run is blocked until it is given again"
repo=$(new_repo)
cat >"$e2e_tmp/item.yaml" <<Y
id: ITEM-1
title: Add a line
mood: calm
approval: {before: sentence}
verify: [{name: unit, run: ./check.sh}]
agent: {command: [sh, -c, '[ -n "\${CUPEL_RESUMED:-}" ] || { echo half >half; cupel checkpoint; exit 3; }; echo whole >whole']}
Y
sentence="I approve ITEM-1 against $repo for Add a line."
succeeds in_repo cupel approve "$e2e_tmp/item.yaml" --sentence "$sentence"
run "$repo" "$e2e_tmp/item.yaml"
is "$outcome" work_failed "$json $(stderr)"
first=$run_id
before=$(fingerprint "$repo")
resume "$first"
is "$status" 30 "exit status: $json $(stderr)"
is "$outcome" blocked "$json"
has "$json" "approve" "the reason"
is "$(fingerprint "$repo")" "$before" "the repository"
succeeds in_repo cupel approve "$e2e_tmp/item.yaml" --sentence "$sentence"
resume "$first"
is "$outcome" committed "$json $(stderr)"

t "an item that wants arming wants it again"
repo=$(new_repo)
sed -e 's/^approval:.*/arm: true/' "$e2e_tmp/item.yaml" >"$e2e_tmp/armed.yaml"
run "$repo" --arm "$e2e_tmp/armed.yaml"
is "$outcome" work_failed "$json $(stderr)"
first=$run_id
resume "$first"
is "$outcome" blocked "$json $(stderr)"
has "$json" "arm" "the reason"
resume "$first" --arm
is "$outcome" committed "$json $(stderr)"

t "money: what the old run cost is spent, and the resumed one reserves its own"
python3 -B "$e2e_top/tests/lib/waiting_model.py" >"$e2e_tmp/model" &
servers=$!
wait_for 30 test -s "$e2e_tmp/model" || fail "the model has no port"
port=$(tr -dc 0-9 <"$e2e_tmp/model")
curl -s "http://127.0.0.1:$port/go" >/dev/null
export API_TEST_KEY=sk-test-resume-8c1d2e3f4a5b
mkdir -p "$XDG_CONFIG_HOME/cupel"
policy() {
        cat >"$XDG_CONFIG_HOME/cupel/config.yaml" <<Y
verifiers: {unit: ./check.sh}
prices: {"model-*": {input: 10, output: 100}}
spend: {weekly_usd: $1}
agents:
  paid: {command: [sh, -c, "curl -s -X POST -H 'content-type: application/json' \$API_URL/v1/messages -d '{\"model\":\"model-x\",\"max_tokens\":100}' -o /dev/null; [ -n \"\${CUPEL_RESUMED:-}\" ] || { echo half >half; cupel checkpoint; exit 3; }; echo whole >whole"],
    network: {routes: {api: {upstream: 'http://127.0.0.1:$port', header: {x-api-key: env API_TEST_KEY}, meter: anthropic, allow: ['POST /*'], env: {API_URL: '{url}'}}}}}
Y
}
ledger() { in_repo cupel grant --list --json | python3 -c 'import json,sys; r = json.load(sys.stdin); print(r["week"]["used_usd"], r["week"]["limit_usd"])'; }
repo=$(new_repo)
policy 1.5
run "$repo" --title paid --mood calm --agent paid --verify unit
is "$outcome" work_failed "$json $(stderr)"
first=$run_id
is "$(ledger)" "0.02 1.5" "after the first"
policy 0.5
resume "$first"
is "$outcome" blocked "$json $(stderr)"
has "$json" "week" "the reason"
policy 1.5
resume "$first"
is "$outcome" committed "$json $(stderr)"
is "$(ledger)" "0.04 1.5" "after both"

done_testing
