#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each mood end to end: what it refuses, what passes, how it ends.
source "$(dirname "$0")/../lib/e2e.sh"

report() { python3 -c 'import json,sys
value = json.load(open(sys.argv[1] + "/evidence/report.json"))
for part in sys.argv[2].split("."):
    value = value[int(part)] if part.isdigit() else value[part]
print(value if isinstance(value, str) else json.dumps(value))' "$packet" "$1"; }
events() { (cd "$repo" && cupel events "$run_id" --json --type "$1"); }

repo=$(new_repo)
mkdir "$repo/tests"
printf 'old\n' >"$repo/tests/test_a.sh"
printf 'int a;\n' >"$repo/src/a.c"
git -C "$repo" add -A && git -C "$repo" commit -q -m more
cat >"$e2e_tmp/policy.yaml" <<'Y'
verifiers:
  unit: {run: ./check.sh}
  docs: {run: "test ! -e docs/broken", scope: ["docs/**"]}
  old: {run: "test ! -e old-failure", scope: ["nothing/**"]}
gates: {conflict_markers: warn, diff_budget: warn}
Y
in_mood() {
        local mood=$1
        shift
        run "$repo" --policy "$e2e_tmp/policy.yaml" --mood "$mood" "$@"
}

t "calm: the required verifiers, the policy's gates"
in_mood calm --title "calm 1" -- sh -c 'echo calm >src/a.txt'
is "$status-$outcome" 0-committed "ends"
in_mood calm --title "calm 2" -- sh -c 'rm src/a.txt'
is "$status-$outcome" 22-self_verification_failed "a failing verifier"

t "skeptical: every verifier, new files only where they are tests"
in_mood skeptical --title "skeptical 1" -- sh -c 'echo fix >src/a.txt; echo new >tests/test_new.sh'
is "$status-$outcome" 0-committed "a fix and a new test"
in_mood skeptical --title "skeptical 2" -- sh -c 'echo new >src/new.c'
is "$status-$outcome" 22-self_verification_failed "a new file"
has "$(field reasons "$json")" "src/new.c is new and no test" "the reason"
printf 'broken\n' >"$repo/old-failure" && git -C "$repo" add -A && git -C "$repo" commit -q -m "an old failure"
in_mood skeptical --title "skeptical 3" -- sh -c 'echo x >src/a.txt'
is "$status-$outcome" 22-self_verification_failed "a verifier out of scope runs too"
has "$(field reasons "$json")" "old" "which"
git -C "$repo" rm -q old-failure && git -C "$repo" commit -q -m "repaired"

t "paranoid: gates that only warn block, and a person approves"
in_mood paranoid --title "paranoid 1" -- sh -c 'printf "<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n" >src/a.txt'
is "$status-$outcome" 22-self_verification_failed "a warning blocks"
in_mood calm --title "paranoid 2" -- sh -c 'printf "<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n" >src/b.txt'
is "$status-$outcome" 0-committed "the same warning in calm"
in_mood paranoid --title "paranoid 3" -- sh -c 'echo careful >src/a.txt'
is "$status-$outcome" 10-held "good work waits for a person"
succeeds sh -c "cd '$repo' && cupel approve '$run_id'"

t "paranoid: what failed on the base already blocks too"
printf 'verifiers: {unit: {run: "test ! -e broken", gate: director, baseline: true}}\n' >"$e2e_tmp/broken.yaml"
printf 'x\n' >"$repo/broken" && git -C "$repo" add -A && git -C "$repo" commit -q -m broken
run "$repo" --policy "$e2e_tmp/broken.yaml" --mood calm --title "broken 1" -- sh -c 'echo 1 >src/a.txt'
is "$status-$outcome" 0-committed "in calm it is listed"
run "$repo" --policy "$e2e_tmp/broken.yaml" --mood paranoid --title "broken 2" -- sh -c 'echo 2 >src/a.txt'
is "$status-$outcome" 23-director_refused "in paranoid it blocks"
has "$(field reasons "$json")" PRE_EXISTING "why"
blocked=$(cd "$repo" && cupel failures --json | python3 -c 'import json, sys
print(*[g["blocker"] + " " + g["name"] for g in json.load(sys.stdin)["groups"] if g["outcome"] == "director_refused"])')
is "$blocked" "verifier unit" "what the index of failures says"
git -C "$repo" rm -q broken && git -C "$repo" commit -q -m "whole again"

t "bold: three times the diff budget; new code needs a new or changed test"
sed -i 's/diff_budget: warn/diff_budget: block/' "$e2e_tmp/policy.yaml"
three='for i in 1 2 3; do echo x >src/bold$i.txt; done'
in_mood calm --title "bold 0" --budget diff_files=1 -- sh -c "$three"
is "$status-$outcome" 22-self_verification_failed "too much for calm"
in_mood bold --title "bold 1" --budget diff_files=1 -- sh -c "$three"
is "$status-$outcome" 0-committed "three times the budget"
in_mood bold --title "bold 2" --budget diff_files=1 -- sh -c 'for i in 1 2 3 4; do echo y >src/bold$i.txt; done'
is "$status-$outcome" 22-self_verification_failed "four times the budget"
in_mood bold --title "bold 3" -- sh -c 'echo "int b(void) { return 3 + 4; }" >src/new.c'
is "$status-$outcome" 22-self_verification_failed "new code alone"
has "$(field reasons "$json")" "no test is new or changed" "the reason"
in_mood bold --title "bold 4" -- sh -c 'echo "int b(void) { return 3 + 4; }" >src/new.c; echo "test -f src/new.c" >tests/test_b.sh'
is "$status-$outcome" 0-committed "new code with a test"

t "petty: only what matches the policy's tests may change"
in_mood petty --title "petty 1" -- sh -c 'echo more >>tests/test_a.sh'
is "$status-$outcome" 0-committed "a test"
in_mood petty --title "petty 2" -- sh -c 'echo more >>tests/test_a.sh; echo x >src/a.txt'
is "$status-$outcome" 22-self_verification_failed "more than a test"
has "$(field reasons "$json")" "src/a.txt is no test" "the reason"

t "curious: a read-only worktree, a finding, observed"
before=$(fingerprint "$repo")
in_mood curious --title "curious 1" -- sh -c 'echo x >src/a.txt'
is "$status-$outcome" 21-work_failed "writing fails"
in_mood curious --title "curious 2" -- true
is "$status-$outcome" 22-self_verification_failed "without a finding"
has "$(field reasons "$json")" "note.observation" "what it wants"
in_mood curious --title "curious 3" -- cupel note observation text="a.txt says calm"
is "$status-$outcome" 0-observed "with one"
in_mood curious --title "curious 4" -- cupel note conjecture claim=c test=t edge=e delta_o=d scope=s
is "$status-$outcome" 0-observed "with a conjecture"
is "$(fingerprint "$repo")" "$before" "the repository"

t "contrite: projections are rebuilt, and where the store differs from its log is told"
in_mood contrite --title "contrite 1"
is "$status-$outcome" 0-observed "ends without a command"
is "$(events receipt.projection.rebuild | wc -l)" 3 "projections"
is "$(report discrepancies)" "[]" "discrepancies of a sound store"
has "$(cd "$repo" && cupel show "$run_id")" "no difference to what the store has" "show"
in_mood contrite --title "contrite 2" -- sh -c 'echo x >src/a.txt'
is "$status-$outcome" 21-work_failed "a command of its own finds a read-only worktree"
victim=$(cd "$repo" && cupel runs --json | python3 -c 'import json,sys
print([r.get("run") or r.get("id") for r in json.load(sys.stdin) if r.get("title") == "petty 1"][0])')
python3 - "$(find "$XDG_STATE_HOME" -name store.db)" "$victim" <<'P'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("update runs set commit_id = ? where id = ?", ("0" * 40, sys.argv[2]))
db.execute("update items set attempts = 99 where id = 'curious-3'")
db.commit()
P
in_mood contrite --title "contrite 3"
is "$status-$outcome" 0-observed "ends"
has "$(report discrepancies)" "run $victim: the store's commit" "a run that was tampered with"
has "$(report discrepancies)" "item curious-3: the store's attempts is 99, the log says 1" "a counter that was"
has "$(cd "$repo" && cupel show "$run_id")" "item curious-3" "show"

t "contrite twice over the same log comes to the same digest of the ahdb"
in_mood curious --title "ahdb" -- sh -c 'cupel note observation text=x && cupel note receipt.ahdb.delta --data "{\"believe\":{\"a\":1},\"assert\":{\"b\":2}}"'
is "$status-$outcome" 0-observed "an agent's delta"
in_mood contrite --title "again 1"
first=$(events receipt.projection.rebuild | python3 -c 'import json,sys
print([json.loads(l)["data"] for l in sys.stdin if json.loads(l)["data"]["name"] == "ahdb"][0])')
in_mood contrite --title "again 2"
second=$(events receipt.projection.rebuild | python3 -c 'import json,sys
print([json.loads(l)["data"] for l in sys.stdin if json.loads(l)["data"]["name"] == "ahdb"][0])')
is "$second" "$first" "digest"
is "$(cd "$repo" && cupel ahdb --json | python3 -c 'import json,sys; a=json.load(sys.stdin); print(a["believe"]["a"], "b" in a["assert"])')" \
        "1 False" "what a run that was not attested asserts is no assertion"
is "$(cd "$repo" && cupel ahdb --check --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["sha256"])')" \
        "$(python3 -c 'import ast,sys; print(ast.literal_eval(sys.argv[1])["sha256"])' "$first")" "the digest of the one that is kept"

t "deferential: no command, one to three questions with defaults, held; the answers close it"
in_mood deferential --title "Shall we" -- sh -c 'touch /tmp/never; false'
is "$status-$outcome" 10-held "ends"
asked=$(cd "$repo" && cupel requests --run "$run_id" --json)
is "$(python3 -c 'import json,sys
rows = json.load(sys.stdin)
print(1 <= len(rows) <= 3, all(r["data"]["default"] for r in rows), all(r["actor"] == "system" for r in rows))' <<<"$asked")" \
        "True True True" "the questions"
for id in $(python3 -c 'import json,sys
print(*[r["id"] for r in json.load(sys.stdin)])' <<<"$asked"); do
        succeeds sh -c "cd '$repo' && cupel requests answer $id --default"
done
is "$(cd "$repo" && cupel show "$run_id" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["log"]["phase"])')" \
        discarded "the run"
text=$(cd "$repo" && cupel run --policy "$e2e_tmp/policy.yaml" --title "Shall we" --show-prompt --mood calm -- sh -c "touch /tmp/never; false")
has "$text" "answer by a person" "what the next run is told"

t "the first mood follows from how the item's runs ended, and says so"
first_mood() { run "$repo" --policy "$e2e_tmp/policy.yaml" --title "$1" --verify "no=false" -- sh -c 'echo $RANDOM$$ >src/a.txt; date +%N >>src/a.txt'; report mood; }
is "$(first_mood fails)" calm "the first"
is "$(first_mood fails)" calm "after one failure"
is "$(first_mood fails)" skeptical "after two"
run "$repo" --policy "$e2e_tmp/policy.yaml" --title risky --mood calm -- true
printf 'title: risky\nrisk: high\nagent: {command: [sh, -c, "echo r >src/a.txt"]}\n' >"$e2e_tmp/risky.yaml"
run "$repo" --policy "$e2e_tmp/policy.yaml" "$e2e_tmp/risky.yaml"
is "$status-$outcome" 10-held "high risk waits for a person"
is "$(report mood)-$(report risk.level)" paranoid-high "mood and risk"
has "$(report risk.reasons)" "the work item says so" "the reason"

t "a crash makes the next run of the item look back, without its command; the one after works"
(cd "$repo" && exec cupel run --policy "$e2e_tmp/policy.yaml" --title crashed -- sh -c 'test -e /cupel/never || sleep 60; echo c >src/a.txt') \
        >"$e2e_tmp/crash" 2>&1 &
supervisor=$!
wait_for 20 sh -c "cd '$repo' && cupel runs --json | grep -q '\"running\"'" || fail "it never ran"
kill -9 "$supervisor"
wait "$supervisor" 2>/dev/null
wait_for 10 quiet_now
run "$repo" --policy "$e2e_tmp/policy.yaml" --title crashed -- sh -c 'test -e /cupel/never || sleep 60; echo c >src/a.txt'
is "$status-$outcome" 0-observed "ends"
is "$(report mood)" contrite "mood"
has "$(report queue.next)" requeue "a worker would go on with the work"

t "risk is computed from what changed, and a low threshold holds it"
printf 'verifiers: {unit: ./check.sh}\napproval: {person_at: medium}\n' >"$e2e_tmp/medium.yaml"
run "$repo" --policy "$e2e_tmp/medium.yaml" --title "a dependency" -- sh -c 'echo "{\"dependencies\": {\"x\": \"1\"}}" >package.json'
is "$status-$outcome" 10-held "a new manifest"
has "$(report risk.reasons)" "package.json (npm)" "the reason"
has "$(cd "$repo" && cupel show "$run_id")" "package.json (npm)" "show"
has "$(events receipt.policy.decision)" '"risk"' "the receipt"

done_testing
