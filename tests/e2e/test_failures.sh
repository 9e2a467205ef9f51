#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cupel failures: what stopped runs, grouped by what stopped them, and what puts a record in doubt.
# shellcheck source-path=SCRIPTDIR source=../lib/e2e.sh
source "$(dirname "$0")/../lib/e2e.sh"
packets_spoiled # on purpose: how that is told is what it tests

repo=$(new_repo)
failures() { (cd "$repo" && exec cupel failures "$@") >"$e2e_tmp/failures" 2>"$e2e_tmp/failures.err"; }
# of FIELD OUTCOME: of the group with that outcome.
of() {
        python3 -c 'import json,sys
for g in json.load(open(sys.argv[1]))["groups"]:
    if g["outcome"] == sys.argv[3]: print(g[sys.argv[2]] if isinstance(g[sys.argv[2]], (str, int)) else json.dumps(g[sys.argv[2]]))' \
                "$e2e_tmp/failures" "$1" "$2" | head -n 1
}

t "a repository where nothing failed has no failures"
failures
is $? 0 status
is "$(cat "$e2e_tmp/failures")" "" stdout
has "$(cat "$e2e_tmp/failures.err")" "no failures" stderr

t "runs that fail for the same reason are one group, whatever numbers and paths they print"
run "$repo" --title good --verify t=./check.sh -- sh -c 'echo x >> src/a.txt'
good=$run_id
for i in 1 2; do
        run "$repo" --mood calm --title "bad $i" --verify "t=echo 'case $i of 9 failed in /tmp/d$i/x'; exit 1" -- sh -c 'echo x >> src/a.txt'
        is "$outcome" self_verification_failed outcome
done
bad=$run_id
failures --json
is "$(of count self_verification_failed)" 2 "runs of the group"
is "$(of blocker self_verification_failed)" verifier blocker
is "$(of name self_verification_failed)" t name
is "$(of detail self_verification_failed)" "case N of N failed in PATH" detail
is "$(of items self_verification_failed)" '{"bad-2": 1, "bad-1": 1}' items

t "every other end is a group of its own, named by what stopped it"
run "$repo" --mood calm --title none --verify t=./check.sh -- true
run "$repo" --mood calm --title stub --verify t=./check.sh -- sh -c 'printf "def f():\n    raise NotImplementedError\n" > src/s.py'
run "$repo" --mood calm --title agent --verify t=./check.sh -- sh -c 'echo "fatal: out of luck" >&2; exit 3'
run "$repo" --mood calm --title slow --budget wall=1s --verify t=./check.sh -- sleep 20
run "$repo" --mood calm --title clean --verify 't=test -f x.o' -- sh -c 'echo 1 > x.o; echo z >> src/a.txt'
printf 'title: armed\narm: true\nverify: [{name: t, run: ./check.sh}]\nagent: {command: ["true"]}\n' >"$e2e_tmp/armed.yaml"
run "$repo" "$e2e_tmp/armed.yaml"
is "$outcome" blocked outcome
failures --json
is "$(of blocker no_change)" "no change" no_change
is "$(of blocker work_failed)/$(of detail work_failed)" "agent/fatal: out of luck" work_failed
is "$(of blocker budget_exceeded)/$(of name budget_exceeded)" "budget/wall of agent" budget_exceeded
is "$(of blocker director_refused)/$(of name director_refused)" verifier/t director_refused
is "$(of blocker blocked)" requirement blocked
has "$(cat "$e2e_tmp/failures")" '"anti_stub/' "the gate and its rule"

t "runner and director that judge differently put the record in doubt"
is "$(of doubts director_refused)" '{"disagree": 1}' doubts
is "$(of doubts no_change)" '{}' "no doubt"

t "a page of eighty columns, and no longer line"
failures
is "$(head -n 1 "$e2e_tmp/failures" | cut -c1-23 | tr -d ' 0-9a-f')" "runs" "the group with the most runs comes first"
[ "$(wc -L <"$e2e_tmp/failures")" -le 80 ] || fail "a line over 80"
hasnt "$(cat "$e2e_tmp/failures")" good "a run without doubts"

t "one group in detail, by a prefix of its signature"
failures --json
signature=$(of signature self_verification_failed)
failures "${signature:0:6}"
is $? 0 status
has "$(cat "$e2e_tmp/failures")" "$bad" "its runs"
has "$(cat "$e2e_tmp/failures")" "case N of N failed in PATH" "what stopped them"
failures ffff0000
is $? "$(cd "$repo" && cupel show no-such-run >/dev/null 2>&1; echo $?)" "unknown signature"
failures "../x"
is $? 2 "no signature"

t "filters"
failures --json --item bad-1
is "$(field runs "$(cat "$e2e_tmp/failures")")" 1 --item
failures --json --outcome no_change
is "$(field runs "$(cat "$e2e_tmp/failures")")" 1 --outcome
failures --json --since 2999-01-01
is "$(field runs "$(cat "$e2e_tmp/failures")")" 0 --since
failures --json --since 1h
is "$(field runs "$(cat "$e2e_tmp/failures")")" 8 "--since 1h"
failures --outcome nonsense
is $? 2 "unknown outcome"
failures --since yesterday
is $? 2 "unknown time"

t "what the operator says against a verdict, a packet that is gone, a report that differs"
(cd "$repo" && cupel outcome "$good" reject --reason "it broke the build") >/dev/null
rm -rf "$(state_of "$repo")/runs/$bad"
none=$(basename "$(ls -d "$(state_of "$repo")"/runs/none__*)")
sed -i 's/"outcome": "no_change"/"outcome": "committed"/' "$(state_of "$repo")/runs/$none/evidence/report.json"
failures --json
is "$(of doubts committed)" '{"operator": 1}' "the operator"
is "$(of doubts self_verification_failed)" '{"no packet": 1}' "the packet"
is "$(of doubts no_change)" '{}' "reports are not read for the list"
failures --json --reports
is "$(of doubts no_change)" '{"report": 1}' "the report"
failures "$(of signature no_change)"
has "$(cat "$e2e_tmp/failures")" "its report and its log disagree" "in detail they are"

packets_spoiled
done_testing
