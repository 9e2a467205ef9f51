#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a worker recovers while it lives on is nobody's afterwards: who waits for a person, or for another try, does not wait for the
# worker's end. The order of all processes is the test's: an agent hangs until it is killed, nobody gets the landing lock, and the file
# that a director makes before it ends a run is a FIFO, so that it stands still there until somebody reads.
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
        admit "$repo"
        state=$(state_of "$repo")
}

# The phase of a run, as the store has it: nothing is recovered by looking.
phase_of() { cupel runs --json | python3 -c 'import json,sys
print(*[r["state"] for r in json.load(sys.stdin) if r["run"] == sys.argv[1]])' "$1"; }
is_in() { [ "$(phase_of "$1")" = "$2" ]; }
gone() { ! kill -0 "$1" 2>/dev/null; }
director_at() { pgrep -f -- "cupel-director $1 .*--run $2( |\$)"; }

# hang NAME OPTIONS… : a run whose agent hangs; ${run_of[NAME]} and ${pid_of[NAME]}.
newest() { cupel runs --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["run"])'; }
at_work() { pgrep -f "^marker-$$-$1" >/dev/null; }
hang() {
        local name=$1
        shift
        (exec cupel run --json --quiet --title "$name" --verify unit "$@" -- \
                bash -c "bash -c 'exec -a marker-$$-$name sleep 300'; echo $name >src/$name" 9>&-) >"$e2e_tmp/$name.stdout" 2>"$e2e_tmp/$name.stderr" &
        pid_of[$name]=$!
        wait_for 20 at_work "$name" || fail "$name never ran: $(cat "$e2e_tmp/$name.stderr")"
        run_of[$name]=$(newest)
}
let_work() { kill -TERM "$(pgrep -f "^marker-$$-$1")"; }

# Its director is about to hold it, and nobody supervises it any more.
asked() { python3 - "$state/store.db" "$1" <<'PY'
import sqlite3, sys
found = sqlite3.connect(sys.argv[1]).execute(
    "SELECT 1 FROM approvals a JOIN runs r ON r.no = a.run WHERE r.id = ? AND a.state = 'requested'", (sys.argv[2],)).fetchone()
sys.exit(not found)
PY
}
leave_before_held() {
        mkdir -p "$state/ending"
        mkfifo "$state/ending/${run_of[$1]}"
        let_work "$1"
        wait_for 20 asked "${run_of[$1]}" || fail "nobody is asked: $(cat "$e2e_tmp/$1.stdout" "$e2e_tmp/$1.stderr")"
        kill -KILL "${pid_of[$1]}"
        wait "${pid_of[$1]}" 2>/dev/null
        is "$(phase_of "${run_of[$1]}")" director_verifying "its phase"
}
let_hold() {
        timeout 20 cat "$state/ending/${run_of[$1]}" >/dev/null
        wait_for 20 is_in "${run_of[$1]}" held || fail "$1 is $(phase_of "${run_of[$1]}")"
}

# Killed with its director, neither of which sees the other's end.
shoot() {
        kill -STOP "${pid_of[$1]}"
        kill -KILL "$(director_at run "${run_of[$1]}")" "${pid_of[$1]}"
        wait "${pid_of[$1]}" 2>/dev/null
}

# A worker that looks at what is left at its beginning alone; worked: it has done so, and tried an item after that.
start_worker() {
        cupel work --poll "${1:-3600}" 9>&- >"$e2e_tmp/worker.out" 2>"$e2e_tmp/worker.err" &
        worker=$!
        workers+=("$worker")
}
worked() {
        printf '{"id":"AFTER","title":"After","verify":["unit"],"agent":{"command":["false"]}}\n' |
                cupel queue add --lines - >/dev/null 2>&1 || fail "cannot add"
        wait_for 30 grep -q AFTER "$e2e_tmp/worker.out" || fail "the worker does nothing: $(cat "$e2e_tmp/worker.out" "$e2e_tmp/worker.err")"
}
stop_worker() {
        kill -TERM "$worker"
        wait_for 20 gone "$worker" || fail "the worker does not end"
        wait "$worker"
}

# A worker looks as a command that writes, and as a worker: both of its tries are shot.
shoot_one() {
        local director
        wait_for 20 director_at "$1" "$2" || fail "no director"
        director=$(director_at "$1" "$2")
        kill -KILL "$director"
        wait_for 20 gone "$director"
}
shoot_both() {
        shoot_one "$1" "$2"
        shoot_one "$1" "$2"
        wait_for 20 said_twice "$3" || fail "the worker does not say so: $(cat "$e2e_tmp/worker.err")"
}
said_twice() { [ "$(grep -c "$1" "$e2e_tmp/worker.err")" = 2 ]; }

t "a run that came to be held while a worker looked at what is left is not the worker's"
fresh
hang waits --mood paranoid
hang shot
leave_before_held waits
shoot shot
hold_landings "$repo"
start_worker
wait_for 20 director_at recover "${run_of[shot]}" || fail "the newest is not recovered first"
let_hold waits
let_land
worked
has "$(cat "$e2e_tmp/worker.err")" "recovered the interrupted run ${run_of[shot]}: interrupted" "the worker"
hasnt "$(cat "$e2e_tmp/worker.err")" "recovered the interrupted run ${run_of[waits]}" "the worker"
succeeds cupel approve "${run_of[waits]}"
is "$(phase_of "${run_of[waits]}")" committed "its phase"
stop_worker

t "a run that came to be held while a worker recovered it is given back"
fresh
hang waits --mood paranoid
leave_before_held waits
hold_landings "$repo"
start_worker
wait_for 20 director_at recover "${run_of[waits]}" || fail "it is not recovered"
let_hold waits
let_land
worked
has "$(cat "$e2e_tmp/worker.err")" "recovered the interrupted run ${run_of[waits]}: held" "the worker"
succeeds cupel approve "${run_of[waits]}"
is "$(phase_of "${run_of[waits]}")" committed "its phase"
stop_worker

t "what a worker could not finish of a run that it ended is anybody's to finish, and its packet may go"
fresh
hang shot
shoot shot
packet=$state/runs/${run_of[shot]}
mkdir -p "$packet/evidence" && mv "$packet/evidence" "$e2e_tmp/evidence" && touch "$packet/evidence"
start_worker
wait_for 20 grep -q recovered "$e2e_tmp/worker.err"
worked
has "$(cat "$e2e_tmp/worker.err")" "recovered the interrupted run ${run_of[shot]}: interrupted" "the worker"
rm "$packet/evidence" && mv "$e2e_tmp/evidence" "$packet/evidence"
cupel admit --yes >"$e2e_tmp/admit" 2>&1
has "$(cat "$e2e_tmp/admit")" "finished what the end of run ${run_of[shot]} had left: interrupted" "the next command"
succeeds cupel packet check "$packet"
see_runs
succeeds cupel outcome "${run_of[shot]}" reject --reason "it was shot" # gc keeps what nobody explained
has "$(cupel gc --max-age 0 --max-size 1K --dry-run 2>&1)" "would remove packet   ${run_of[shot]}" "cupel gc"
stop_worker

t "a run whose recovery was shot is recovered by the next command, while the worker lives"
fresh
hang shot
shoot shot
hold_landings "$repo"
start_worker
shoot_both recover "${run_of[shot]}" "${run_of[shot]} was interrupted and could not be recovered now"
let_land
wait_for 20 sh -c "cupel admit --yes 2>&1 | grep -q 'recovered the interrupted run ${run_of[shot]}: interrupted'" || fail "it is not recovered"
stop_worker

t "a run that a worker could not reject after its deadline is rejected by the next command"
fresh
printf 'approval: {deadline: 1ms}\n' >"$e2e_tmp/hasty.yaml"
run "$repo" --policy "$e2e_tmp/hasty.yaml" --mood paranoid --title late --verify unit=./check.sh -- sh -c 'echo x >src/x'
is "$outcome" held outcome
hold_landings "$repo"
start_worker
shoot_both discard "$run_id" "$run_id waited past its deadline and could not be rejected now"
let_land
wait_for 20 sh -c "cupel admit --yes 2>&1 | grep -q '$run_id waited past its deadline: rejected'" || fail "it is not rejected"
stop_worker

t "a run that a worker could not give back at once is given back with its next look"
fresh
hang waits --mood paranoid
leave_before_held waits
store() { python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=20) as store: store.execute(sys.argv[2])' "$state/store.db" "$1"; }
store "CREATE TRIGGER full BEFORE UPDATE OF owner_pid ON runs WHEN NEW.owner_pid = 0 BEGIN SELECT RAISE(FAIL, 'full'); END"
hold_landings "$repo"
start_worker 1
wait_for 20 director_at recover "${run_of[waits]}" || fail "it is not recovered"
let_hold waits
let_land
wait_for 20 grep -q "${run_of[waits]}: held" "$e2e_tmp/worker.err" || fail "the worker does not recover it"
fails cupel approve "${run_of[waits]}"
has "$(cat "$e2e_tmp/out")" "another command works on run" "as long as it cannot be given back"
store "DROP TRIGGER full"
wait_for 20 cupel approve "${run_of[waits]}" || fail "it is never given back"
is "$(phase_of "${run_of[waits]}")" committed "its phase"
stop_worker

# ---- A landing that hangs: the landing lock is never free ----

ends_by() { # SIGNAL: how the worker ends
        kill -s "$1" "$worker"
        if ! wait_for 20 gone "$worker"; then
                fail "it does not end"
                kill -KILL "$worker"
        fi
        wait "$worker"
        status=$?
        ! director_at recover "${run_of[shot]}" >/dev/null || fail "a director is left"
}

t "who stops a worker that recovers a run is heard, before it works and while it does"
fresh
hang shot
shoot shot
hold_landings "$repo"
start_worker
wait_for 20 director_at recover "${run_of[shot]}" || fail "it is not recovered"
ends_by TERM
is "$status" 143 "exit status"
start_worker
wait_for 20 director_at recover "${run_of[shot]}" || fail "it is not recovered"
shoot_one recover "${run_of[shot]}"
wait_for 20 director_at recover "${run_of[shot]}" || fail "it is not recovered as a worker's"
ends_by TERM
is "$status" 0 "exit status"
is "$(grep -c "could not be recovered now" "$e2e_tmp/worker.err")" 2 "it says so"
let_land
has "$(cupel admit --yes 2>&1)" "recovered the interrupted run ${run_of[shot]}: interrupted" "the next command"

t "who drops an item whose run a worker recovers does not stop the worker"
fresh
start_worker
printf '{"id":"DROPPED","title":"Dropped","verify":["unit"],"agent":{"command":["bash","-c","exec -a marker-%s-dropped sleep 300"]}}\n' $$ |
        cupel queue add --lines - >/dev/null 2>&1
wait_for 20 at_work dropped || fail "it never ran"
run_of[dropped]=$(newest)
pid_of[dropped]=$(pgrep -u "$(id -u)" -f -- 'cupel run --claim DROPPED:1')
hold_landings "$repo"
shoot dropped 2>/dev/null
wait_for 20 director_at recover "${run_of[dropped]}" || fail "it is not recovered"
succeeds cupel queue drop DROPPED
let_land
worked
hasnt "$(cat "$e2e_tmp/worker.err")" draining "the worker"
is "$(phase_of "${run_of[dropped]}")" discarded "its phase"
stop_worker

t "a command does not wait for ever for what it recovers beside its work"
fresh
hang shot
shoot shot
hold_landings "$repo"
has "$(timeout 60 cupel admit --yes 2>&1 9>&-)" "${run_of[shot]} was interrupted and could not be recovered now: director: another landing in this repository does not end" \
        "the command"
has "$(cat "$e2e_tmp/admitted")" admitted "it was done all the same"
let_land

t "who rejects a run may stop waiting for a landing that hangs, and the run is as it was"
fresh
run "$repo" --mood paranoid --title late --verify unit -- sh -c 'echo x >src/x'
hold_landings "$repo"
(exec cupel reject "$run_id" --reason "not so" 9>&-) >"$e2e_tmp/out" 2>&1 &
rejecting=$!
wait_for 20 director_at discard "$run_id" || fail "it is not rejected"
kill -TERM "$rejecting"
wait_for 20 gone "$rejecting" || fail "it does not end"
is "$(phase_of "$run_id")" held "its phase: $(cat "$e2e_tmp/out")"
let_land
succeeds cupel reject "$run_id" --reason "not so"

t "what was rejected keeps nobody from landing while its packet is written"
run "$repo" --mood paranoid --title late --verify unit -- sh -c 'echo x >src/x'
exec 8<"$packet"
flock 8
rejected=$run_id
(exec cupel reject "$rejected" --reason "not so" 8<&-) >"$e2e_tmp/out" 2>&1 &
rejecting=$!
wait_for 20 is_in "$rejected" discarded || fail "it is not rejected: $(cat "$e2e_tmp/out")"
(exec timeout 20 cupel run --json --quiet --title lands --verify unit -- sh -c 'echo y >src/y' 8<&-) >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
read_result "$e2e_tmp/stdout"
is "$outcome" committed "another run: $(stderr)"
director_at discard "$rejected" >/dev/null || fail "its packet is written already"
exec 8<&-
wait "$rejecting"
is "$?" 0 "exit status: $(cat "$e2e_tmp/out")"

done_testing
