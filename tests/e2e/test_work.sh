#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cupel work: items become commits in their order, whatever ends a run or its worker; what waits is taken up when it may be.
source "$(dirname "$0")/../lib/e2e.sh"
replay_every_run

workers=()
trap 'kill -9 "${workers[@]}" 2>/dev/null' EXIT

fresh() {
        repo=$(new_repo)
        cd "$repo" || exit
        mkdir .cupel
        printf 'verifiers:\n  unit: {run: ./check.sh}\n' >.cupel/policy.yaml
        git add -A && git commit -qm policy
        base=$(git rev-parse HEAD)
        admit "$repo"
}

# add ID SCRIPT OPTIONS… : an item whose agent is that script.
add() {
        local id=$1 script=$2
        shift 2
        python3 -c 'import json,sys; print(json.dumps({"id":sys.argv[1],"title":"Title of "+sys.argv[1],"verify":["unit"],"agent":{"command":["bash","-c",sys.argv[2]]}}))' "$id" "$script" |
                cupel queue add --lines - "$@" >/dev/null || fail "cannot add $id"
}

of() { cupel queue show "$1" --json | python3 -c 'import json,sys; v=json.load(sys.stdin)[sys.argv[1]]; print("" if v is None else v)' "$2"; }
is_in() { [ "$(of "$1" state)" = "$2" ]; }
subjects() { git log --reverse --format=%s "$base..main" | tr '\n' ' '; }
trailers() { git log --format='%(trailers:key=Cupel-Item,valueonly,separator=)' "$base..main" | grep . | sort | tr '\n' ' '; }

work() {
        timeout 120 cupel work --once "$@" >"$e2e_tmp/work.out" 2>"$e2e_tmp/work.err"
        status=$?
        out=$(cat "$e2e_tmp/work.out")
}

# A worker that stays; its id is $worker.
start_worker() {
        cupel work --json "$@" >"$e2e_tmp/worker.out" 2>"$e2e_tmp/worker.err" &
        worker=$!
        workers+=("$worker")
}
ends() { wait_for 30 gone "$1"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
at_work() { cupel runs --open --json | grep -q '"state": *"running"\|"phase": *"running"' && pgrep -f "^marker-$$-$1" >/dev/null; }
# Agents that hang do so until their base has this.
let_go() { touch go && git add go && git commit -qm go; }
hang() { printf 'exec -a marker-%s-%s sleep 300' "$$" "$1"; }

t "items become commits, the highest priority first, dependencies before what needs them"
fresh
add LATE 'echo late > src/late' --depends EARLY --priority 9
add PLAIN 'echo plain > src/plain'
add URGENT 'echo urgent > src/urgent' --priority 5
add EARLY 'echo early > src/early'
work
is "$status" 0 "exit status: $(cat "$e2e_tmp/work.err")"
is "$(subjects)" "Title of URGENT Title of PLAIN Title of EARLY Title of LATE " "the history"
is "$(of LATE state)" "done" "state"
has "$out" "committed"
has "$(cat "$e2e_tmp/work.err")" "4 done, 0 failed, 0 left"

t "what fails is left as failed, what depends on it is stuck, and the exit status says so"
add BROKEN 'exit 3'
add AFTER 'echo after > src/after' --depends BROKEN
work
is "$status" 1 "exit status"
isnt "$(of BROKEN state)" "done" "state"
is "$(of AFTER state)" queued "state"
is "$(git rev-list --count "$base..main")" 4 "commits"

t "an item that is refused before it starts has failed with the reason"
fresh
add LOST 'echo x > src/x'
git rm -q --cached .cupel/policy.yaml && rm .cupel/policy.yaml && git commit -qm "no policy"
work
is "$status" 1 "exit status"
is "$(of LOST state)" failed "state"
has "$(of LOST reason)" 'no verifier "unit"'

t "what must be armed waits, and goes on with a worker that may"
fresh
python3 -c 'import json; print(json.dumps({"id":"ARMED","title":"Armed","arm":True,"verify":["unit"],"agent":{"command":["sh","-c","echo x > src/x"]}}))' | cupel queue add --lines - >/dev/null
work
is "$status" 1 "exit status"
is "$(of ARMED state)" waiting "the item"
has "$(of ARMED waits_for)" arm "what it waits for"
runs=$(cupel runs --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')
work
is "$(cupel runs --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" "$runs" "runs: none was spent on asking"
work --arm
is "$status" 0 "exit status"
is "$(of ARMED state)" "done" "state"

t "what the policy newly opens waits for consent, and goes on after it"
fresh
mkdir -p "$e2e_tmp/opened"
printf 'sandbox: {read: [%s]}\n' "$e2e_tmp/opened" >>.cupel/policy.yaml
git commit -qam 'open a folder'
add OPENS 'echo x > src/x'
# the record and the store each look at the clock: a moment lies between them now and then
python3 - "$(state_of "$PWD")/store.db" <<'PY'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as store:
    store.execute("UPDATE admission SET time = '2020-01-01T00:00:00.000Z'")
PY
work
is "$(of OPENS state)" waiting "the item"
has "$(of OPENS waits_for)" "admission " "what it waits for"
runs=$(cupel runs --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')
work
is "$(cupel runs --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" "$runs" "runs: none was spent on asking"
admit "$repo"
work
is "$status" 0 "exit status: $(cat "$e2e_tmp/work.err")"
is "$(of OPENS state)" "done" "state"

t "a held item is done when a person approves its run"
fresh
add HELD 'echo x > src/x' --mood paranoid
add NEXT 'echo y > src/y' --depends HELD
work
is "$status" 10 "exit status: nothing failed, a person decides"
is "$(of HELD state)" held "state"
succeeds cupel approve "$(of HELD last_run)"
is "$(of HELD state)" "done" "state"
work
is "$(subjects)" "Title of HELD Title of NEXT " "the history"

t "on a terminal one line tells what is at work and what is left; what has ended stays above it"
fresh
add SHOWN "bash -c '$(hang shown)'; echo x > src/x"
add AFTER 'echo y > src/y' --depends SHOWN
python3 -B "$e2e_top/tests/lib/terminal.py" "$e2e_tmp/seen" 'expect=SHOWN 0:0' 'expect=  |  0 done, 0 ready, 1 after others' \
        expect=committed 'expect=2 done, 0 failed' -- cupel work --once >"$e2e_tmp/person" &
person=$!
wait_for 30 at_work shown || fail "it never ran"
kill -TERM "$(pgrep -f "^marker-$$-shown")"
wait "$person"
is "$(cat "$e2e_tmp/person")" "0 restored" "how it ended"
has "$(cat "$e2e_tmp/seen")" $'\r\033[K' "the line is wiped before anything is printed"
is "$(subjects)" "Title of SHOWN Title of AFTER " "the history"

t "a worker that waits hears of a new item at once"
fresh
start_worker --poll 3600
wait_for 20 test -e "$(echo "$XDG_STATE_HOME"/cupel/repos/*/queue.wake)"
add NEW 'echo new > src/new'
wait_for 30 is_in NEW "done" || fail "NEW is $(of NEW state)"

t "SIGTERM drains: what runs ends, nothing else begins"
add SLOW "bash -c '$(hang slow)'; echo slow > src/slow"
wait_for 30 at_work slow || fail "it never ran"
add NOT_YET 'echo no > src/no'
kill -TERM "$worker"
wait_for 10 grep -q draining "$e2e_tmp/worker.err" || fail "it does not say so"
kill -TERM "$(pgrep -f "^marker-$$-slow")"
ends "$worker" || fail "it does not end"
wait "$worker"
is "$?" 0 "exit status"
is "$(of SLOW state) $(of NOT_YET state)" "done queued" "the items"

t "a worker that was started to outlive its terminal (nohup) works on after SIGHUP"
fresh
(trap '' HUP && exec cupel work) >"$e2e_tmp/worker.out" 2>"$e2e_tmp/worker.err" &
worker=$!
workers+=("$worker")
add BEFORE 'echo before > src/before'
wait_for 30 is_in BEFORE "done" || fail "BEFORE is $(of BEFORE state)"
kill -HUP "$worker"
add AFTER 'echo after > src/after'
wait_for 30 is_in AFTER "done" || fail "AFTER is $(of AFTER state): $(cat "$e2e_tmp/worker.err")"
kill -TERM "$worker"
ends "$worker"

t "a second SIGTERM cancels the runs, whose items go back"
fresh
add HANGS "$(hang two)"
start_worker
wait_for 30 at_work two || fail "it never ran"
kill -TERM "$worker"
wait_for 10 grep -q draining "$e2e_tmp/worker.err"
kill -TERM "$worker"
ends "$worker" || fail "it does not end"
wait "$worker"
is "$?" 27 "exit status"
is "$(of HANGS state) $(of HANGS attempts)" "queued 0" "the item"

t "a dropped item's run ends without a commit"
start_worker
wait_for 30 at_work two || fail "it never ran"
succeeds cupel queue drop HANGS
wait_for 30 grep -q '"state":"dropped"' "$e2e_tmp/worker.out" || fail "the worker does not notice"
is "$(git rev-list --count "$base..main")" 0 "commits"
kill -TERM "$worker"
ends "$worker"

t "so does that of an item that was put back before its run has seen that it was dropped"
fresh
add AGAIN "test -e go && echo once > src/once || $(hang again)"
start_worker
wait_for 30 at_work again || fail "it never ran"
first=$(pgrep -u "$(id -u)" -f -- 'cupel run --claim AGAIN:1')
kill -STOP "$first"
let_go
succeeds cupel queue drop AGAIN
succeeds cupel queue retry AGAIN
kill -CONT "$first"
wait_for 30 is_in AGAIN "done" || fail "AGAIN is $(of AGAIN state): $(of AGAIN reason)"
is "$(of AGAIN epoch) $(trailers)" "2 AGAIN " "claim and commits"
kill -TERM "$worker"
ends "$worker"

t "a killed worker takes its run with it, and another does the item, once"
fresh
add KILLED "test -e go && echo once > src/once || $(hang three)"
start_worker
wait_for 30 at_work three || fail "it never ran"
kill -KILL "$worker"
wait "$worker" 2>/dev/null
wait_for 20 is_in KILLED queued || fail "KILLED is $(of KILLED state)"
wait_for 10 quiet_now || fail "a process is left: $(pgrep -af "$e2e_tmp/state")"
let_go
work
is "$status" 0 "exit status: $(cat "$e2e_tmp/work.err")"
is "$(trailers)" "KILLED " "commits"
is "$(of KILLED state) $(of KILLED epoch)" "done 2" "the item"

t "a killed run is recovered by its worker, and the item goes back"
fresh
add SHOT "test -e go && echo once > src/once || $(hang four)"
start_worker
wait_for 30 at_work four || fail "it never ran"
let_go
kill -KILL "$(pgrep -u "$(id -u)" -f -- 'cupel run --claim SHOT:1')"
wait_for 60 is_in SHOT "done" || fail "SHOT is $(of SHOT state): $(of SHOT reason)"
has "$(cupel runs --item SHOT)" interrupted
is "$(trailers)" "SHOT " "commits"
kill -TERM "$worker"
ends "$worker"

t "a machine that lets no run begin ends the worker, and the items stay"
fresh
for i in 1 2 3 4 5; do add "Q$i" "echo $i > src/q$i"; done
runs=$(echo "$XDG_STATE_HOME"/cupel/repos/"$(basename "$repo" | tr '[:upper:]' '[:lower:]')"*/runs)
mv "$runs" "$runs.away" && touch "$runs"
work
is "$status" 70 "exit status"
has "$(cat "$e2e_tmp/work.err")" "3 runs in a row could not be carried out here"
rm "$runs" && mv "$runs.away" "$runs"
work
is "$status" 0 "exit status"
is "$(trailers)" "Q1 Q2 Q3 Q4 Q5 " "commits"

t "a worker goes on where the folder that it was started in is gone with what a run landed"
fresh
mkdir -p deep/within && echo x >deep/within/x && git add deep && git commit -qm deep
add FIRST 'rm -rf deep' --priority 1
add THEN 'echo then > src/then'
(cd deep/within && exec timeout 120 cupel work --once) >"$e2e_tmp/work.out" 2>&1
is "$?" 0 "exit status: $(cat "$e2e_tmp/work.out")"
is "$(trailers)" "FIRST THEN " "commits"

t "a worker that was started in a git folder whose working tree does not lead to it (core.worktree) finds it for its runs"
fresh
mv .git "$repo.git" && cd "$repo.git" && git config core.worktree "$repo" && admit "$repo.git"
add APART 'echo apart > src/apart'
work
is "$status" 0 "exit status: $out $(cat "$e2e_tmp/work.err")"
is "$(trailers)" "APART " "commits"
cd "$repo" && mv "$repo.git" .git && git config --unset core.worktree

t "a repository that is moved away under a worker ends the worker, and the items stay"
fresh
add AWAY "test -e go || $(hang away); echo away > src/away" --priority 1
for i in 1 2 3 4; do add "R$i" "echo $i > src/r$i"; done
start_worker
wait_for 30 at_work away || fail "nothing is at work: $(cat "$e2e_tmp/worker.err")"
mv "$repo" "$repo.away"
pkill -f "^marker-$$-away"
ends "$worker" || kill -9 "$worker"
wait "$worker"
is "$?" 70 "exit status: $(cat "$e2e_tmp/worker.out" "$e2e_tmp/worker.err")"
mv "$repo.away" "$repo"
cd "$repo" || exit
let_go
work
is "$status" 0 "exit status: $out"
is "$(trailers)" "AWAY R1 R2 R3 R4 " "commits"

# elsewhere COMMAND… : in a pid namespace of its own, as in a container that has the same state folder.
own_pids=(--pid --fork --kill-child --mount-proc)
[ "$(id -u)" = 0 ] || own_pids+=(--user --map-current-user)
elsewhere() { unshare "${own_pids[@]}" "$@"; }
# start_elsewhere: a worker there; its id is $worker.
start_elsewhere() {
        unshare "${own_pids[@]}" cupel work --once >"$e2e_tmp/worker.out" 2>&1 &
        worker=$!
        workers+=("$worker")
}

if elsewhere true 2>/dev/null; then
        t "who works in another container is not taken for dead: its run goes on, and nobody does it a second time"
        fresh
        add FAR "bash -c 'exec -a marker-$$-far sleep 3'; echo far > src/far"
        start_elsewhere
        wait_for 30 at_work far || fail "nothing is at work: $(cat "$e2e_tmp/worker.out")"
        elsewhere cupel admit --yes >"$e2e_tmp/near.out" 2>&1
        cupel admit --yes >>"$e2e_tmp/near.out" 2>&1
        hasnt "$(cat "$e2e_tmp/near.out")" recovered "commands beside it"
        has "$(cupel reconcile 2>&1)" "no contradictions" "reconcile"
        elsewhere cupel work --once --poll 1 >"$e2e_tmp/work.out" 2>&1
        wait "$worker"
        is "$(of FAR state)" "done" "state ($(cat "$e2e_tmp/worker.out" "$e2e_tmp/work.out"))"
        is "$(cupel runs --json | grep -o "\"far__[^\"]*" | sort -u | wc -l)" 1 "its runs"
        is "$(subjects)" "Title of FAR " "the history"

        t "a worker that was killed with its container is known to be dead in the next one"
        add GONE "test -e go || $(hang gone); echo gone > src/gone"
        start_elsewhere
        wait_for 30 at_work gone || fail "nothing is at work: $(cat "$e2e_tmp/worker.out")"
        kill -9 "$worker"
        wait "$worker" 2>/dev/null
        wait_for 10 quiet_now || fail "its container lives on: $(pgrep -af "$e2e_tmp/state")"
        let_go
        elsewhere cupel work --once --poll 1 >"$e2e_tmp/work.out" 2>"$e2e_tmp/work.err"
        has "$(cat "$e2e_tmp/work.err")" "recovered the interrupted run gone__" "the next worker"
        is "$(of GONE state)" "done" "state"
fi

t "several workers share a queue, and every item is one commit"
fresh
for i in 1 2 3 4 5 6 7 8 9; do add "N$i" "echo $i > src/n$i"; done
pids=()
for i in 1 2 3; do
        cupel work --once --quiet &
        pids+=($!)
done
for pid in "${pids[@]}"; do
        wait "$pid"
        is "$?" 0 "exit status of a worker"
done
is "$(trailers)" "N1 N2 N3 N4 N5 N6 N7 N8 N9 " "commits"
succeeds git fsck --strict --no-dangling
wait_for 10 quiet_now || fail "a process is left: $(pgrep -af "$e2e_tmp/state")"

done_testing
