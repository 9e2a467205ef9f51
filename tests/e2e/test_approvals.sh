#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a person must say: before an item starts, after a result is there, in time, and from outside of the sandbox.
source "$(dirname "$0")/../lib/e2e.sh"

in_repo() { (cd "$repo" && exec "$@"); }

# Sets status and out: what the command printed, on both streams.
try() {
        out=$(cd "$repo" && "$@" 2>&1)
        status=$?
}

write_item() {
        cat >"$e2e_tmp/item.yaml" <<YAML
id: ITEM-1
title: Add the agent's line
objective: Add one line to src/a.txt.
acceptance: [the line is there]
approval: {before: sentence}
forbid: [push, delete, juggle]
verify: [{name: unit, run: ./check.sh}]
rollback: Revert the single commit.
agent: {command: [sh, -c, '${1:-echo more >>src/a.txt}']}
YAML
}

new_ground() {
        repo=$(new_repo)
        in_repo cupel init >/dev/null 2>&1
        sentence="I approve ITEM-1 against $repo for Add the agent's line."
        write_item
}

# The events of a run by type, one per line.
types() { in_repo cupel events "$1" --json | python3 -c 'import json,sys
for line in sys.stdin: print(json.loads(line)["type"].removeprefix("dev.cupel."))'; }

t "the approval packet says all that a person needs, and the sentence to copy"
new_ground
try cupel show "$e2e_tmp/item.yaml"
is "$status" 0 "exit status"
for part in repository contract "forbidden actions" "success criteria" validation rollback "evidence to come" approval \
        "the gate forbid refuses a result that does it" "declared, not enforced" "./check.sh" "Revert the single commit." \
        "$sentence" "admitted"; do
        has "$out" "$part" "the packet"
done
# what it prints to copy is what a shell takes
command=$(printf '%s\n' "$out" | sed -n 's/^  to approve  //p')
has "$command" "cupel approve" "the command"
in_repo cupel show "$e2e_tmp/item.yaml" --json >"$e2e_tmp/packet.json"
is "$(python3 -c 'import json,sys
p=json.load(open(sys.argv[1]))
print(p["approval"]["sentence"]); print(p["approval"]["state"]); print([w["enforced"] for w in p["forbidden"]])' "$e2e_tmp/packet.json")" \
        "$sentence
none
[True, False, True]" "--json"
is "$(in_repo cupel runs 2>/dev/null)" "" "showing starts nothing"
for what in --log --diff "--at 1"; do
        # shellcheck disable=SC2086
        try cupel show "$e2e_tmp/item.yaml" $what
        is "$status" 2 "show of an item with $what"
        has "$out" "is a work item" "show of an item with $what"
done

t "without the sentence it is blocked before anything starts"
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 30 "exit status"
has "$json" "cupel approve" "the remedy"
blocked=$run_id
has "$(types "$blocked")" "approval.requested" events
hasnt "$(cd "$repo" && cupel run "$e2e_tmp/item.yaml" 2>/dev/null)" "would wait" "the last lines, which say what is to be done already"
hasnt "$(types "$blocked")" "receipt.patch" events
has "$(in_repo cupel review)" "for its start" review
has "$(in_repo cupel show ITEM-1)" "requested" "show ITEM"

t "one changed character, a missing one, a space, another case, another form of a letter: all refused"
for wrong in "${sentence%.}" "$sentence " " $sentence" "${sentence/approve/Approve}" "${sentence/ITEM-1/ITEM-l}" \
        "${sentence/\'/’}" "$sentence
" ""; do
        try cupel approve ITEM-1 --sentence "$wrong"
        is "$status" 2 "exit status of '$wrong'"
done
try cupel approve "$blocked"
is "$status" 2 "exit status without"
has "$out" "this approval needs its sentence" message
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 30 "it is blocked still"

t "the sentence lets it start once, by the run, the item or the file; then it is consumed"
try cupel approve "$blocked" --sentence "$sentence" --reason "read it"
is "$status" 0 "by the run ($out)"
run "$repo" "$e2e_tmp/item.yaml"
is "$outcome" committed "the run"
is "$(types "$run_id" | grep approval)" "approval.consumed" "events"
is "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["approval"]["state"])' "$packet/evidence/report.json")" \
        consumed report.json
has "$(cat "$packet/evidence/report.md")" "What people said" report.md
has "$(in_repo cupel show "$run_id")" "consumed" show
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 30 "a second use"
try cupel approve ITEM-1 --sentence "$sentence"
is "$status" 0 "by the item ($out)"
run "$repo" "$e2e_tmp/item.yaml"
is "$outcome" committed "the run"
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 30 "a second use"
try cupel approve "$blocked" --sentence "$sentence"
is "$status" 2 "an approval that was used up"
has "$out" "used up" message

t "the printed command works before any run was tried, and the run's log begins with who granted it"
new_ground
command=$(in_repo cupel show "$e2e_tmp/item.yaml" | sed -n 's/^  to approve  //p')
try sh -c "$command"
is "$status" 0 "exit status ($out)"
has "$(in_repo cupel show "$e2e_tmp/item.yaml")" "granted" "show"
run "$repo" "$e2e_tmp/item.yaml"
is "$outcome" committed "the run ($json)"
is "$(types "$run_id" | grep approval | tr '\n' ' ')" "approval.granted approval.consumed " "events"
succeeds sh -c "cd '$repo' && cupel events '$run_id' --verify"

t "a change of item or policy voids a grant; notes of an earlier attempt do not"
new_ground
write_item 'cupel note observation text="it is harder than it looks"; echo more >>src/a.txt; exit 1'
in_repo cupel approve "$e2e_tmp/item.yaml" --sentence "$sentence" >/dev/null
run "$repo" "$e2e_tmp/item.yaml"
is "$outcome" work_failed "the first attempt"
in_repo cupel approve "$e2e_tmp/item.yaml" --sentence "$sentence" >/dev/null
has "$(in_repo cupel run "$e2e_tmp/item.yaml" --show-prompt)" "harder than it looks" "the prompt has the history"
cp "$e2e_tmp/item.yaml" "$e2e_tmp/kept.yaml"
printf 'risk: medium\n' >>"$e2e_tmp/item.yaml"
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 30 "a changed item"
has "$(in_repo cupel show "$e2e_tmp/item.yaml")" "item or policy changed since" "the packet"
printf 'gates: {secrets: warn}\n' >"$e2e_tmp/policy.yaml"
cp "$e2e_tmp/kept.yaml" "$e2e_tmp/item.yaml"
run "$repo" "$e2e_tmp/item.yaml" --policy "$e2e_tmp/policy.yaml"
is "$status" 30 "another policy"
run "$repo" "$e2e_tmp/item.yaml" --mood bold
is "$status" 30 "another mood"
run "$repo" "$e2e_tmp/item.yaml"
is "$outcome" work_failed "the item as it was approved"

t "a grant can be taken back"
new_ground
in_repo cupel approve "$e2e_tmp/item.yaml" --sentence "$sentence" >/dev/null
try cupel reject ITEM-1
is "$status" 2 "without a reason"
try cupel reject ITEM-1 --reason "not yet"
is "$status" 0 "exit status ($out)"
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 30 "the run"
is "$(in_repo cupel approve "$e2e_tmp/kept.yaml" --sentence x 2>&1 | head -c 5)" cupel "another item's sentence"

t "arming: --arm, CUPEL_ARM=1 or the sentence; never inherited"
new_ground
printf 'id: ARMED\ntitle: Armed\narm: true\nverify: [{name: unit, run: ./check.sh}]\nagent: {command: [sh, -c, "env >env.txt; echo \\"arm=$CUPEL_ARM\\" >>src/a.txt"]}\n' \
        >"$e2e_tmp/armed.yaml"
run "$repo" "$e2e_tmp/armed.yaml"
is "$status" 30 "unarmed"
has "$json" "--arm" remedy
try cupel approve ARMED --sentence "I approve ARMED against $repo for Armed."
is "$status" 0 "approve ($out)"
run "$repo" "$e2e_tmp/armed.yaml"
is "$outcome" committed "approved"
run "$repo" "$e2e_tmp/armed.yaml"
is "$status" 30 "used up"
export CUPEL_ARM=1
run "$repo" "$e2e_tmp/armed.yaml"
unset CUPEL_ARM
is "$outcome" committed "CUPEL_ARM=1"
hasnt "$(git -C "$repo" show HEAD:env.txt)" CUPEL_ARM "the agent's environment"
printf 'sandbox: {env: [CUPEL_ARM]}\n' >"$e2e_tmp/policy.yaml"
try cupel run --policy "$e2e_tmp/policy.yaml" "$e2e_tmp/armed.yaml"
is "$status" 2 "a policy that passes it in"
has "$out" "never passed in" message

t "from inside the sandbox nothing approves: command, store, note, file"
new_ground
run "$repo" --title inside --verify unit=./check.sh -- sh -c "
        cupel approve @last; echo one=\$?
        env -u CUPEL_NOTES -u CUPEL_RUN_ID cupel approve ITEM-1 --sentence \"$sentence\"; echo two=\$?
        cupel outcome @last accept; echo three=\$?
        cupel note approval.granted sentence=x who=me kind=start; echo four=\$?
        cupel note operator.outcome outcome=accepted who=me reason=x; echo five=\$?
        env -u CUPEL_NOTES cupel grant 5; echo six=\$?
        ls '$XDG_STATE_HOME' && echo SEEN
        echo 'approved: ITEM-1' >approved.txt
        echo more >>src/a.txt"
is "$outcome" committed "the run"
out=$(in_repo cupel show "$run_id" --log)
for word in one=2 two=2 three=2 four=2 five=2 six=2 "decides nothing inside a run"; do has "$out" "$word" "the agent's log"; done
hasnt "$out" SEEN "the agent's log"
hasnt "$(types "$run_id")" "approval.granted" events
run "$repo" --title files --verify unit=./check.sh -- sh -c 'mkdir -p .cupel/approvals; echo "approved: all" >.cupel/approvals/all'
isnt "$outcome" committed "a run that writes into .cupel"
printf 'approved: ITEM-1\n' >"$repo/.cupel/approved"
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 30 "the item"
try cupel note --run @last approval.granted sentence=x who=me
is "$status" 2 "a note of the user's"
try cupel note --run @last operator.outcome outcome=accepted who=me reason=x
is "$status" 2 "a note of the user's"

t "a held run says until when, what it is and what to type"
new_ground
run "$repo" --mood paranoid --title "Hold me" --verify unit=./check.sh -- sh -c 'echo one >>src/a.txt; echo two >src/c.txt'
is "$outcome" held outcome
held=$run_id
out=$(in_repo cupel review)
for part in "Hold me" "2 files, +2 -0" "in the mood paranoid a person approves" "PASS" "in 7 days" "cupel approve $held" \
        "cupel reject $held" "risk"; do
        has "$out" "$part" review
done
has "$(in_repo cupel review "$held")" "yours to decide" "review RUN"
in_repo cupel approve "$held" --sentence "I approve something else." >"$e2e_tmp/out" 2>&1
is "$?" 2 "a sentence, which a held run does not want ($(cat "$e2e_tmp/out"))"
has "$(cat "$e2e_tmp/out")" "cupel approve $held" "what to type"
has "$(in_repo cupel runs)" held "it still waits"
is "$(in_repo cupel review --json | python3 -c 'import json,sys
e=json.load(sys.stdin)[0]; print(e["waits_for"], e["changes"]["files"], e["verifiers"][0]["result"], bool(e["deadline"]))')" \
        "approval 2 PASS True" "--json"

t "an approval for an older tree is void: what is in quarantine must be what was verified"
new_ground
run "$repo" --mood paranoid --title "Tamper" --verify unit=./check.sh -- sh -c 'echo one >>src/a.txt'
quarantine=$packet/quarantine
object=$(find "$quarantine" -type f -path '*/??/*' | head -n 1)
chmod u+w "$object"
printf 'x' | dd of="$object" bs=1 seek=20 conv=notrunc 2>/dev/null
print=$(fingerprint "$repo")
try cupel approve "$run_id"
isnt "$status" 0 "exit status ($out)"
is "$(fingerprint "$repo")" "$print" "the repository"

t "an approval that another tree got does not land this one"
run "$repo" --mood paranoid --title "One" --verify unit=./check.sh -- sh -c 'echo one >>src/a.txt'
first=$run_id
run "$repo" --mood paranoid --title "One" --verify unit=./check.sh -- sh -c 'echo two >>src/a.txt'
try cupel approve "$first"
is "$status" 0 "the first ($out)"
hasnt "$(git -C "$repo" show HEAD:src/a.txt)" two "the target"
has "$(in_repo cupel runs --held)" "$run_id" "the second waits"

t "a deadline that passed rejects what is held, with a receipt, and lands nothing"
new_ground
printf 'approval: {deadline: 1ms}\n' >"$e2e_tmp/hasty.yaml"
run "$repo" --policy "$e2e_tmp/hasty.yaml" --mood paranoid --title "Late" --verify unit=./check.sh -- sh -c 'echo x >>src/a.txt'
is "$outcome" held outcome
late=$run_id
print=$(git -C "$repo" rev-parse HEAD)
try cupel approve "$late"
isnt "$status" 0 "approve after the deadline"
is "$(git -C "$repo" rev-parse HEAD)" "$print" "the target"
is "$(in_repo cupel show "$late" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["outcome"])')" rejected outcome
has "$(types "$late")" "receipt.timeout" events
has "$(types "$late")" "approval.denied" events
has "$(in_repo cupel events "$late")" "rejected" "the default that was taken"

t "a start that nobody approved in time is denied"
run "$repo" --policy "$e2e_tmp/hasty.yaml" "$e2e_tmp/item.yaml"
is "$status" 30 "blocked"
try cupel approve "$run_id" --sentence "$sentence"
is "$status" 2 "approve after the deadline"
has "$out" denied message
has "$(types "$run_id")" "receipt.timeout" events
is "$(in_repo cupel review --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" 0 "what waits"

t "the operator's word stands beside the verdict: the latest holds, all are kept, evidence stays"
new_ground
run "$repo" --title Judge --verify unit=./check.sh -- sh -c 'echo x >>src/a.txt'
sums=$(sha256sum "$packet/evidence/"*)
try cupel outcome "$run_id" accept --reason "it works here"
is "$status" 0 "accept ($out)"
try cupel outcome "$run_id" reject
is "$status" 2 "reject without a reason"
try cupel outcome "$run_id" reject --reason "it does not work there"
is "$status" 0 "reject ($out)"
has "$(in_repo cupel show "$run_id")" "it works here" show
has "$(in_repo cupel show "$run_id")" "it does not work there" show
has "$(in_repo cupel runs)" "[rejected by" runs
is "$(in_repo cupel show "$run_id" --json | python3 -c 'import json,sys
v=json.load(sys.stdin); print(v["acceptance"]["outcome"], len(v["acceptance"]["all"]), v["outcome"])')" \
        "rejected 2 committed" "--json"
is "$(sha256sum "$packet/evidence/"*)" "$sums" "the evidence"
succeeds sh -c "cd '$packet/evidence' && sha256sum -c --quiet SHA256SUMS"
is "$(wc -l <"$packet/operator.jsonl")" 2 "beside the packet"
succeeds sh -c "cd '$repo' && cupel events '$run_id' --verify"

t "words that the gate forbid knows refuse the result, with the word as rule"
run "$repo" "$e2e_tmp/item.yaml"
in_repo cupel approve "$run_id" --sentence "$sentence" >/dev/null
write_item 'rm src/b.txt'
run "$repo" "$e2e_tmp/item.yaml"
in_repo cupel approve "$run_id" --sentence "$sentence" >/dev/null
run "$repo" "$e2e_tmp/item.yaml"
is "$outcome" self_verification_failed "a deletion ($json)"
has "$json" "forbid" reasons
has "$(in_repo cupel run "$e2e_tmp/item.yaml" --show-prompt)" "delete: no file may go away" "the prompt"

t "in the queue: an armed item waits for arming or the sentence, one with a sentence for that; a denial is not asked anew"
new_ground
printf 'id: ARMED\ntitle: Armed\narm: true\nacceptance: [x]\nverify: [{name: unit, run: ./check.sh}]\nagent: {command: [sh, -c, "echo a >a.txt"]}\n' \
        >"$e2e_tmp/armed.yaml"
in_repo cupel queue add "$e2e_tmp/armed.yaml" "$e2e_tmp/item.yaml" >/dev/null 2>&1
in_repo cupel work --once >"$e2e_tmp/out" 2>&1
is "$(git -C "$repo" rev-list --count HEAD)" 1 "commits without a person"
is "$(in_repo cupel review --json | python3 -c 'import json,sys; print(*sorted(e["item"] for e in json.load(sys.stdin)))')" \
        "ARMED ITEM-1" "what waits"
try cupel approve ITEM-1 --sentence "$sentence"
is "$status" 0 "the sentence ($out)"
try cupel work --once --arm
is "$(git -C "$repo" rev-list --count HEAD)" 3 "commits with both ($out)"
printf 'id: LATE\ntitle: Late\napproval: {before: sentence}\nacceptance: [x]\nverify: [{name: unit, run: ./check.sh}]\nagent: {command: [sh, -c, "echo y >y"]}\n' \
        >"$e2e_tmp/late.yaml"
in_repo cupel queue add --policy "$e2e_tmp/hasty.yaml" "$e2e_tmp/late.yaml" >/dev/null 2>&1
for _ in 1 2 3; do try cupel work --once; done
is "$(in_repo cupel runs --item LATE --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" 1 "runs of a denied item"

done_testing
