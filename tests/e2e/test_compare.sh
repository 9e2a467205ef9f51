#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cupel diff: what differed between two runs; cupel show --at: how one stood earlier.
# shellcheck source-path=SCRIPTDIR source=../lib/e2e.sh
source "$(dirname "$0")/../lib/e2e.sh"
packets_spoiled # on purpose: how that is told is what it tests

compare() {
        (cd "$repo" && exec cupel diff "$@") >"$e2e_tmp/diff" 2>"$e2e_tmp/diff.err"
        status=$?
}
# rows SECTION: "KEY FIRST SECOND" of the last --json.
rows() {
        python3 -c 'import json,sys
for s in json.load(open(sys.argv[1]))["sections"]:
    if s["id"] == sys.argv[2]:
        for r in s["rows"]: print(r["key"], json.dumps(r["first"]), json.dumps(r["second"]))' "$e2e_tmp/diff" "$1"
}
# sections that differ and count
differing() {
        python3 -c 'import json,sys
print(*[s["id"] for s in json.load(open(sys.argv[1]))["sections"] if not s["same"] and s["counts"]])' "$e2e_tmp/diff"
}

repo=$(new_repo)
base_of_all=$(git -C "$repo" rev-parse HEAD)

t "a run and itself are the same"
run "$repo" --title one --verify t=./check.sh -- sh -c 'echo x >> src/a.txt'
one=$run_id
compare "$one" "$one"
is "$status" 0 status
has "$(cat "$e2e_tmp/diff")" "the same: configuration, identity, base, plan" "one line of what is equal"

t "the same item on the same base, run twice, differs only in what the second was told of the first"
run "$repo" --title fails --mood calm --base "$base_of_all" --verify t=false -- sh -c 'echo x >> src/a.txt'
first=$run_id
run "$repo" --title fails --mood calm --base "$base_of_all" --verify t=false -- sh -c 'echo x >> src/a.txt'
compare "$first" "$run_id" --json
is "$(differing)" "configuration identity" "what differs"
is "$(rows configuration | cut -d' ' -f1 | tr '\n' ' ')" "history.jsonl prompt.txt " "the files"
is "$(field asked "$(cat "$e2e_tmp/diff")")" history "what was asked"
compare "$first" "$run_id"
has "$(grep "^  history.jsonl  *nothing  " "$e2e_tmp/diff")" "2 notes of 1 run" "what either was told"
has "$(cat "$e2e_tmp/diff")" "a fork, by history.jsonl (left by earlier runs), plan.json, prompt.txt" "what makes it another identity"
has "$(cat "$e2e_tmp/diff")" "Both were asked the same, by the same rules." "in words"
[ "$(wc -L <"$e2e_tmp/diff")" -le 80 ] || fail "a line over 80: $(awk "length > 80" "$e2e_tmp/diff")"

t "another policy is another identity, and its keys are named"
printf 'gates: {whitespace: block}\n' >"$e2e_tmp/strict.yaml"
printf 'gates: {whitespace: "off"}\n' >"$e2e_tmp/lax.yaml"
printf 'title: p\nmood: calm\nverify: [{name: t, run: ./check.sh}]\nagent: {command: [sh, -c, "printf \\"x  \\\\n\\" >> src/b.txt"]}\n' >"$e2e_tmp/item.yaml"
run "$repo" "$e2e_tmp/item.yaml" --policy "$e2e_tmp/strict.yaml"
is "$outcome" self_verification_failed "refused by the one"
strict=$run_id
run "$repo" "$e2e_tmp/item.yaml" --policy "$e2e_tmp/lax.yaml"
is "$outcome" committed "landed by the other"
lax=$run_id
compare "$strict" "$lax" --json
is "$status" 1 status
has "$(rows configuration)" 'policy.yaml gates.whitespace "block" "off"' "the key of the policy"
has "$(rows plan)" 'gates.whitespace "block" "off"' "the key of the plan"
has "$(rows outcome)" 'outcome "self_verification_failed" "committed"' outcome
has "$(rows gates)" '"block" null' "what the gate found"
is "$(python3 -c 'import json,sys; print([s["relation"] for s in json.load(open(sys.argv[1]))["sections"] if s["id"]=="identity"][0])' "$e2e_tmp/diff")" fork "identity"

t "verdicts, and patches: what the one changed and the other did not"
run "$repo" --title two --mood calm --verify 't=test -f src/b.txt' -- sh -c 'echo y >> src/a.txt; echo n > src/new.txt'
two=$run_id
run "$repo" --title three --mood calm --verify 't=test -f src/b.txt' -- sh -c 'echo z >> src/a.txt; rm src/b.txt'
three=$run_id
compare "$two" "$three" --json
has "$(rows verdicts)" 'self t "PASS" "FAIL"' verdict
has "$(rows patch)" 'src/new.txt "+1 -0" null' "only the first"
has "$(rows patch)" 'src/a.txt "+1 -0" "+1 -0"' "both, differently"
has "$(rows patch)" 'src/b.txt null' "only the second"
compare "$two" "$three" --lines
has "$(cat "$e2e_tmp/diff")" "first   +y" "the line of the one"
has "$(cat "$e2e_tmp/diff")" "second  +z" "the line of the other"

t "a page of eighty columns"
compare "$strict" "$two"
[ "$(wc -L <"$e2e_tmp/diff")" -le 80 ] || fail "a line over 80: $(awk "length > 80" "$e2e_tmp/diff")"
has "$(cat "$e2e_tmp/diff")" "more are the same" "what is equal is counted"

t "a run and its packet from another place are the same"
(cd "$repo" && cupel export "$two" -o "$e2e_tmp/two.tar.zst") >/dev/null 2>&1 || fail "export"
compare "$two" "$e2e_tmp/two.tar.zst" --json
is "$status" 0 status
mkdir "$e2e_tmp/unpacked"
"$e2e_top/tests/lib/untar.py" "$e2e_tmp/two.tar.zst" "$e2e_tmp/unpacked"
compare "$e2e_tmp/unpacked/$two" "$two"
is "$status" 0 "and its folder"
(cd / && cupel diff "$e2e_tmp/unpacked/$two" "$e2e_tmp/two.tar.zst") >"$e2e_tmp/diff" 2>&1
is $? 0 "without any repository: $(cat "$e2e_tmp/diff")"
compare "$e2e_tmp/two.tar.zst" "$three"
is "$status" 1 "an archive and another run"

t "what cannot be compared says so"
compare "$two"
is "$status" 2 "one run"
compare "$two" no-such-run
isnt "$status" 0 "no such run"
isnt "$status" 1 "… is no difference"
rm "$(state_of "$repo")/runs/$three/evidence/report.json"
compare "$two" "$three"
is "$status" 2 "no report"
has "$(cat "$e2e_tmp/diff.err")" "the second packet has no evidence/report.json" "which"

then_() {
        (cd "$repo" && exec cupel show "$two" --at "$@") >"$e2e_tmp/then" 2>"$e2e_tmp/then.err"
        status=$?
}
# seq TYPE NTH: the number of an event.
seq_of() { (cd "$repo" && cupel events "$two" --json) | python3 -c 'import json,sys
print([int(e["sequence"]) for e in map(json.loads, sys.stdin) if e["type"].endswith(sys.argv[1])][int(sys.argv[2])])' "$1" "$2"; }
value() { python3 -c 'import json,sys; print(json.dumps(eval("v" + sys.argv[2], {"v": json.load(open(sys.argv[1]))})))' "$e2e_tmp/then" "$1"; }

t "show --at: nothing of what came later"
run "$repo" --title earlier --mood calm --verify t=./check.sh -- sh -c 'cupel note note.observation text=seen; echo n >> src/a.txt'
two=$run_id
rm -rf "$(state_of "$repo")/runs/$two"
then_ 1 --json
is "$status" 0 "status: $(cat "$e2e_tmp/then.err")"
is "$(value '["state"]')/$(value '["title"]')/$(value '["plan"]')/$(value '["commit"]')" '"created"/"earlier"/null/null' "at its birth"
then_ "$(seq_of receipt.plan 0)" --json
is "$(value '["plan"]["verifiers"][0]["name"]')" '"t"' "the plan"
is "$(value '["verdicts"]')" '[]' "no verdict yet"
then_ "$(seq_of receipt.verifier 0)" --json
is "$(value '["state"]')" '"self_verifying"' "state"
is "$(value '["verdicts"][0]["gate"]')" '"self"' "the runner's verdict"
is "$(value '["outcome"]')" null "no outcome yet"
is "$(value '["used"]["notes"]')" 1 "notes"
then_ "$(seq_of run.state -1)" --json
is "$(value '["state"]')/$(value '["outcome"]')" '"committed"/"committed"' "the end"
is "$(value '["commit"]')" "\"$commit\"" commit

t "show --at on a page"
then_ "$(seq_of receipt.verifier 0)"
has "$(cat "$e2e_tmp/then")" "self_verifying, as of event" "the state then"
has "$(cat "$e2e_tmp/then")" "verify  t (both)" "the plan"
has "$(cat "$e2e_tmp/then")" "observation" "the note"
hasnt "$(cat "$e2e_tmp/then")" committed "what came later"
[ "$(wc -L <"$e2e_tmp/then")" -le 80 ] || fail "a line over 80"
then_ 9999
is "$status" 2 "no such event"
has "$(cat "$e2e_tmp/then.err")" "and no 9999" "how many there are"

t "show --at: what people said, what was asked, what it had used"
run "$repo" --title asked --mood paranoid --verify t=./check.sh -- sh -c 'cupel note request.help question="which one?" options="[\"left\",\"right\"]" default=left
        cupel note cost.reported usd=0.25 tokens_in=5; cupel checkpoint; echo o >>src/a.txt'
two=$run_id
is "$outcome" held "it waits"
question=$(cd "$repo" && cupel requests --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["id"])')
succeeds sh -c "cd '$repo' && cupel requests answer '$question' right && cupel approve '$two' && cupel outcome '$two' accept --reason 'it does what it says'"
then_ "$(seq_of note.request.help 0)" --json
is "$(value '["questions"][0]["data"]["question"]')" '"which one?"' "it is open"
is "$(value '["used"]["cost"]')" null "nothing was spent yet"
then_ "$(seq_of approval.requested 0)"
has "$(cat "$e2e_tmp/then")" "which one?" "nobody has answered"
has "$(cat "$e2e_tmp/then")" "0.25" "the cost"
has "$(cat "$e2e_tmp/then")" "requested" "what waits"
hasnt "$(cat "$e2e_tmp/then")" granted "what came later"
then_ "$(seq_of operator.outcome 0)" --json
is "$(value '["questions"]')" '[]' "it is answered"
is "$(value '["checkpoint"]["step"]')" 1 "the checkpoint"
is "$(value '["used"]["cost"]["claimed_usd"]')" 0.25 "what it cost, as the agent says"
is "$(value '["approvals"][0]["step"]')/$(value '["approvals"][1]["step"]')" '"requested"/"granted"' "the approval"
then_ "$(seq_of operator.outcome 0)"
has "$(cat "$e2e_tmp/then")" "accepted by $(id -un): it does what it says" "the operator's word"
[ "$(wc -L <"$e2e_tmp/then")" -le 80 ] || fail "a line over 80"

packets_spoiled
done_testing
