#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A director that is killed in the middle of its landing, and who comes next: a run that stands before what it left, a person who ends
# runs whose base is gone. strace kills it at a rename (tests/crash/gate.c): at the first one at which the ref has moved and the
# checkout has not.
source "$(dirname "$0")/../lib/e2e.sh"

gate=$e2e_top/build/tests/bin/crash-gate
command -v strace >/dev/null || fail "strace is missing; apt-get install strace"
trap 'pkill -KILL -f "^marker-$$-"' EXIT

fresh() {
        repo=$(new_repo)
        cd "$repo" || exit
        mkdir .cupel
        printf 'verifiers:\n  unit: {run: ./check.sh}\n' >.cupel/policy.yaml
        seq 1 40 >src/long
        git add -A && git commit -qm policy
        admit "$repo"
        run "$repo" --title first -- false # its base layer is there, for one as for two
}

# die N: a run that changes src/long, and makes two files, whose director is killed at its Nth rename.
die() {
        local log
        log=$(mktemp -d "$e2e_tmp/gate-XXXXXX")
        "$gate" --limit 60 "$log" director -e trace=rename,renameat,renameat2 \
                -e "inject=rename,renameat,renameat2:signal=SIGKILL:when=$1" -- \
                cupel run --quiet --title dead --verify unit -- \
                sh -c "sed -i 's/^1\$/first/' src/long; mkdir d; echo n >d/new; chmod 755 src/a.txt" >"$e2e_tmp/dead.out" 2>&1
}
is_half_landed() { [ "$(git rev-parse HEAD)" != "$base" ] && [ ! -e d/new ]; }
find_call() {
        for call in $(seq 1 40); do
                fresh
                base=$(git rev-parse HEAD)
                die "$call"
                ! is_half_landed || return 0
        done
        fail "no rename of the director leaves a ref that moved before its checkout: $(cat "$e2e_tmp/dead.out")"
}
at_work() { pgrep -f "^marker-$$-agent" >/dev/null; }

t "who stands before a landing that died brings it to its end, the files as the user makes files, and lands on top of it"
find_call
fresh
base=$(git rev-parse HEAD)
(exec cupel run --json --quiet --title rival --verify unit -- \
        bash -c "bash -c 'exec -a marker-$$-agent sleep 300'; sed -i 's/^40\$/forty/' src/long") >"$e2e_tmp/rival.stdout" 2>"$e2e_tmp/rival.stderr" &
rival=$!
wait_for 20 at_work || fail "the rival never ran: $(cat "$e2e_tmp/rival.stderr")"
die "$call"
is_half_landed || fail "the director did not die half-way at rename $call"
pkill -TERM -f "^marker-$$-agent"
wait "$rival"
read_result "$e2e_tmp/rival.stdout"
is "$outcome" committed "the rival: $(cat "$e2e_tmp/rival.stdout" "$e2e_tmp/rival.stderr")"
is "$(git log --format=%s | head -n 2 | tr '\n' ' ')" "rival dead " "both"
is "$(sed -n '1p;40p' src/long | tr '\n' ' ')" "first forty " "the checkout"
is "$(stat -c %a d d/new src/a.txt src/long | tr '\n' ' ')" "755 644 755 644 " "modes"
is "$(git status --porcelain)" "" "the index"
git fsck --strict >"$e2e_tmp/fsck" 2>&1 || fail "$(cat "$e2e_tmp/fsck")"

t "a held run whose base is gone is still held after an approval, which says why, and can be rejected"
fresh
run "$repo" --mood paranoid --title held --verify unit -- sh -c 'echo h >src/h'
is "$outcome" held "held: $(stderr)"
base=$(git rev-parse HEAD)
git commit -q --amend -m other && git reflog expire --expire=now --all && git gc -q --prune=now
cupel approve "$run_id" --json >"$e2e_tmp/approve" 2>&1
is $? 10 "approve: $(cat "$e2e_tmp/approve")"
has "$(cat "$e2e_tmp/approve")" "the run's base: cannot read commit $base" "why"
cupel packet check "$run_id" >"$e2e_tmp/check" 2>&1 || fail "its packet: $(cat "$e2e_tmp/check")"
cupel reject "$run_id" --reason no >"$e2e_tmp/reject" 2>&1
is $? 0 "reject: $(cat "$e2e_tmp/reject")"
is "$(cupel runs --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["outcome"])')" rejected "its end"

t "a landing that died on a base that is gone is ended by the next command"
fresh
base=$(git rev-parse HEAD)
die "$call"
rm -f .git/index.lock && git reset -q --hard && git checkout -q --orphan other && git commit -qm other
git branch -D main -q 2>/dev/null || git branch -D master -q
git reflog expire --expire=now --all && git gc -q --prune=now
run "$repo" --title next --verify unit -- sh -c 'echo n >src/n'
is "$outcome" committed "the next: $(stderr)"
is "$(cupel runs --json | python3 -c 'import json,sys; print(*sorted(r["state"] for r in json.load(sys.stdin)))')" "committed discarded discarded" "all are over"

t "programs in the sandbox find signals as they expect them"
fresh
run "$repo" --title pipes --budget wall=60s --verify unit -- sh -c '(while :; do echo y; done) | head -n 1 >src/y'
is "$outcome" committed "a writer whose reader is gone ends: $(stderr)"

done_testing
