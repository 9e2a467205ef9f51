#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a failed run leaves, what comes next for its item, and what people are asked and answer.
source "$(dirname "$0")/../lib/e2e.sh"

events() { (cd "$repo" && cupel events "$run_id" --json --type "$1"); }
next() { python3 -c 'import json,sys; print((json.loads(sys.argv[1])["next"] or {}).get(sys.argv[2], ""))' "$json" "$1"; }
requests() { (cd "$repo" && cupel requests --json "$@"); }
ids() { requests "$@" | python3 -c 'import json,sys; print(*[r["id"] for r in json.load(sys.stdin)])'; }

repo=$(new_repo)
printf 'verifiers: {unit: ./check.sh}\n' >"$e2e_tmp/policy.yaml"
go() {
        local title=$1
        shift
        run "$repo" --policy "$e2e_tmp/policy.yaml" --title "$title" "$@"
}

t "a failed run leaves a hyperthesis and a hypothesis of the director, and says what comes next"
go breaks -- rm src/a.txt
is "$outcome" self_verification_failed outcome
has "$(events note.hypothesis)" "unit fails because of this change" "the claim"
has "$(events note.hypothesis)" "./check.sh" "the test"
has "$(events note.hyperthesis)" '"actor":"director"' "whose"
is "$(next what)-$(next mood)" retry-skeptical "next"
has "$(cd "$repo" && cupel show "$run_id")" "follows   retry in mood skeptical" "show"
has "$(cd "$repo" && cupel run --policy "$e2e_tmp/policy.yaml" --title breaks -- rm src/a.txt 2>/dev/null)" \
        "then: run it again, and its agent is told of this; queued (cupel queue add), cupel work would retry" "the command's last lines"
has "$(cd "$repo" && cupel run --policy "$e2e_tmp/policy.yaml" --title breaks --show-prompt -- rm src/a.txt)" \
        "hypothesis by the director: " "what the next run is told"

t "after the last attempt a person is asked, with defaults"
last=$(cd "$repo" && cupel run --policy "$e2e_tmp/policy.yaml" --title breaks -- rm src/a.txt 2>/dev/null)
has "$last" "then: cupel requests --run breaks__" "what a person can do"
go breaks -- rm src/a.txt
is "$(next what)" ask "next"
is "$(requests --run "$run_id" | python3 -c 'import json,sys
rows = json.load(sys.stdin)
print(1 <= len(rows) <= 3, all(r["actor"] == "director" and r["data"]["default"] for r in rows))')" "True True" "questions"

t "a split.request that widens is refused, and why is on record; one that narrows is the next step where the policy splits"
printf 'verifiers: {unit: ./check.sh}\nfailure: {then: split}\n' >"$e2e_tmp/split.yaml"
cat >"$e2e_tmp/item.yaml" <<'Y'
id: BIG-1
title: too big
paths: {allow: [src/]}
agent: {command: [sh, -c, 'cupel note split.request --data "$SPLIT"; exit 3']}
Y
ask_split() {
        sed -i "s|^agent:.*|agent: {command: [sh, -c, 'cupel note split.request --data \"\$SPLIT\"; exit 3'], env: {SPLIT: '$1'}}|" "$e2e_tmp/item.yaml"
        run "$repo" --policy "$e2e_tmp/split.yaml" "$e2e_tmp/item.yaml"
}
ask_split '{"reason":"two parts","items":[{"title":"one","paths":{"allow":["src/a.txt"]}},{"title":"two","agent":{"command":["sh"]}}]}'
is "$outcome-$(next what)" work_failed-retry "a child with an agent of its own"
has "$(events note.hyperthesis)" "is not a child's to say" "why"
ask_split '{"reason":"two parts","items":[{"title":"one","paths":{"allow":["src/a.txt"]}},{"title":"two","paths":{"allow":["src/b.txt"]}}]}'
is "$(next what)-$(next children)" split-2 "two that narrow"

t "requests: listed, shown, answered once; a run's own question too"
go asks -- sh -c 'cupel note request.help question="keep the old name?" options="[\"yes\"]" default=yes; echo asked >src/a.txt'
is "$outcome" committed outcome
id=$(ids --run "$run_id")
has "$(cd "$repo" && cupel requests)" "keep the old name?" "the list"
has "$(cd "$repo" && cupel requests show "$id")" "cupel requests answer $id" "what to type"
before=$(fingerprint "$repo")
succeeds sh -c "cd '$repo' && cupel requests answer $id 'no, rename it'"
is "$(fingerprint "$repo")" "$before" "no file changes"
has "$(events receipt.preference.decision)" "no, rename it" "the event"
has "$(events receipt.preference.decision)" '"actor":"user"' "whose"
succeeds sh -c "cd '$repo' && cupel events --verify '$run_id'"
fails sh -c "cd '$repo' && cupel requests answer $id again"
has "$(cat "$e2e_tmp/out")" "was answered already" "a second answer"
(cd "$repo" && cupel requests answer "$id" again) >"$e2e_tmp/out" 2>&1
is "$?" 2 "its exit status"
is "$(ids --run "$run_id")" "" "what is open"
is "$(ids --run "$run_id" --all)" "$id" "what was asked"
has "$(cd "$repo" && cupel run --policy "$e2e_tmp/policy.yaml" --title asks --show-prompt -- true)" "no, rename it" \
        "what the next run is told"

t "spec changes are accepted or declined, with a reason"
go spec -- sh -c 'cupel note spec.change.request target=README type=BUGFIX claim="it lies" evidence=e proposed_delta="say the truth" risk=low compat=none; echo spec >src/a.txt'
id=$(ids --run "$run_id")
has "$(cd "$repo" && cupel requests)" "say the truth" "the list"
fails sh -c "cd '$repo' && cupel requests answer $id yes"
has "$(cat "$e2e_tmp/out")" "accept|decline" "answer is for questions"
fails sh -c "cd '$repo' && cupel requests decline $id"
has "$(cat "$e2e_tmp/out")" "say why" "without a reason"
succeeds sh -c "cd '$repo' && cupel requests decline $id --reason 'it does not'"
has "$(cd "$repo" && cupel requests show "$id")" "declined by" "show"

t "what is no request says so; nobody decides from inside a run"
for bad in 0.1 1 1.x 99.99 1.2.3 ''; do
        fails sh -c "cd '$repo' && cupel requests answer '$bad' x"
        has "$(cat "$e2e_tmp/out")" "there is no request" "'$bad'"
done
fails sh -c "cd '$repo' && cupel requests burn 1.1"
go inside -- sh -c 'cupel requests answer 1.1 yes && exit 1; cupel note receipt.preference.decision question=q answer=a by=me && exit 1; echo i >src/a.txt'
is "$outcome" committed "an answer from inside"

t "an item of the queue that is asked about goes on with the answer, or is dropped"
mkdir -p "$XDG_CONFIG_HOME/cupel" && cp "$e2e_tmp/policy.yaml" "$XDG_CONFIG_HOME/cupel/config.yaml"
queued() { (cd "$repo" && cupel queue show "$1" --json) | python3 -c 'import json,sys; r=json.load(sys.stdin); print(r["state"], r["mood"])'; }
for word in yes no; do
        printf '%s\n' "id: Q-$word" "title: asks $word" "mood: deferential" "acceptance: [it is there]" "paths: {allow: [src/]}" \
                "agent: {command: [sh, -c, \"echo $word >src/b.txt\"]}" >"$e2e_tmp/q.yaml"
        succeeds sh -c "cd '$repo' && cupel queue add '$e2e_tmp/q.yaml'"
        (cd "$repo" && cupel work --once) >"$e2e_tmp/work" 2>&1
        has "$(queued "Q-$word")" held "the item while it waits"
        id=$(requests | python3 -c 'import json,sys
print(*[r["id"] for r in json.load(sys.stdin) if r["item"] == sys.argv[1]])' "Q-$word")
        succeeds sh -c "cd '$repo' && cupel requests answer $id '$word, and that is that'"
done
is "$(queued Q-yes)" "done calm" "the item that went on with the next worker"
has "$(queued Q-no)" failed "the item that does not"
is "$(cat "$repo/src/b.txt")" yes "what it committed"

t "what a person says begins a new round: all attempts again, and of the old questions none is left"
rm "$XDG_CONFIG_HOME/cupel/config.yaml"
printf 'verifiers: {unit: ./check.sh}\nfailure: {attempts: 2}\n' >"$XDG_CONFIG_HOME/cupel/config.yaml"
printf '%s\n' "id: AGAIN" "title: fails for ever" "mood: calm" "verify: [unit]" "agent: {command: ['false']}" >"$e2e_tmp/q.yaml"
tries() { (cd "$repo" && cupel runs --json) | python3 -c 'import json,sys; print(sum(r["item"] == "AGAIN" for r in json.load(sys.stdin)))'; }
asked() { requests | python3 -c 'import json,sys; print(len({r["run"] for r in json.load(sys.stdin) if r["item"] == "AGAIN"}))'; }
succeeds sh -c "cd '$repo' && cupel queue add '$e2e_tmp/q.yaml'"
for round in 2 4; do
        (cd "$repo" && cupel work --once) >"$e2e_tmp/work" 2>&1
        is "$(tries)-$(asked)-$(queued AGAIN)" "$round-1-asked calm" "after $round runs: whose questions stand"
        has "$(cd "$repo" && cupel queue show AGAIN)" "cupel requests" "what to do"
        succeeds sh -c "cd '$repo' && cupel queue retry AGAIN"
        is "$(asked)" 0 "questions of an item that goes on"
done
succeeds sh -c "cd '$repo' && cupel queue drop AGAIN"
is "$(asked)" 0 "questions of an item that was dropped"

t "--limit bounds the list, 0 does not"
go many -- sh -c 'i=0; while [ $i -lt 51 ]; do cupel note request.help question="q$i" >/dev/null || exit 1; i=$((i + 1)); done; echo many >src/many.txt'
is "$outcome" committed "the run"
count() { requests --run "$run_id" "$@" | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))'; }
is "$(count)-$(count --limit 7)-$(count --limit 0)" 50-7-51 "listed"

done_testing
