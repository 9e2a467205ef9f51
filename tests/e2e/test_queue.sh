#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cupel queue: what can be added and what is refused whole, in which order things are taken, what holds what up, and what a person
# may do about it.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
cd "$repo" || exit
mkdir .cupel
printf 'verifiers:\n  unit: {run: ./check.sh}\n' >.cupel/policy.yaml
git add -A && git commit -qm policy
items=$(new_folder items)

# item FILE-NAME ID LINES… : a work item that a run would make a commit of.
item() {
        local file=$items/$1 id=$2
        shift 2
        printf 'id: %s\ntitle: Title of %s\nverify: [unit]\nagent: {command: [sh, -c, "echo %s > src/%s"]}\n' "$id" "$id" "$id" "$id" >"$file"
        printf '%s\n' "$@" >>"$file"
}

# queue WORDS… : sets status, out and complaint.
queue() {
        out=$(cupel queue "$@" 2>"$e2e_tmp/stderr")
        status=$?
        complaint=$(stderr)
}

# of ITEM FIELD : from the JSON of show.
of() { cupel queue show "$1" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"; }
states() { cupel queue list --all --json | python3 -c 'import json,sys; print(" ".join(i["item"]+"="+i["state"] for i in json.load(sys.stdin)))'; }

t "an empty queue says how to fill it"
queue
is "$status" 0 "exit status"
is "$out" "" "standard output"
has "$complaint" "cupel queue add"
queue show NONE
is "$status" 2 "exit status"

t "a file, a folder, a list of lines and standard input are added"
item one.yaml ONE
item two.yml TWO "depends: [ONE]"
printf 'no item\n' >"$items/readme.txt"
queue add "$items"
is "$status" 0 "exit status: $complaint"
is "$out" "$(printf 'queued  %-24s  Title of ONE\nqueued  %-24s  Title of TWO' ONE TWO)" "what it says"
printf '{"id":"L1","title":"A","mood":"curious","agent":{"command":["true"]}}\n\n{"id":"L2","title":"B","mood":"curious","agent":{"command":["true"]}}\n' >"$items/list.jsonl"
queue add "$items/list.jsonl"
is "$status" 0 "exit status: $complaint"
queue add --lines --depends L2 - <<<'{"id":"L3","title":"C","mood":"curious","agent":{"command":["true"]}}'
is "$status" 0 "exit status: $complaint"
queue add --title "From the command line" --verify unit --priority=-7 -- sh -c 'echo x > src/x'
is "$status" 0 "exit status: $complaint"
is "$(states)" "ONE=queued TWO=queued L1=queued L2=queued L3=queued from-the-command-line=queued" "the order"

t "what is queued is the item's own bytes, and with options what they made of it"
is "$(cupel queue show ONE --item | sha256sum)" "$(sha256sum <"$items/one.yaml")" "bytes"
is "$(of ONE sha256)" "$(sha256sum <"$items/one.yaml" | cut -d' ' -f1)" "digest"
has "$(cupel queue show L3 --item)" '"depends":["L2"]'

t "one fault, and nothing of it all is queued"
before=$(states)
item good.yaml GOOD
printf 'id: BAD\ntitle: x\nverifi: [unit]\n' >"$items/bad.yaml"
queue add "$items/good.yaml" "$items/bad.yaml"
is "$status" 2 "exit status"
has "$complaint" "bad.yaml:3:1: unknown key \"verifi\""
printf '{"id":"G","title":"A","mood":"curious","agent":{"command":["true"]}}\n{"id":"H","titel":"B"}\n' >"$items/list.jsonl"
queue add "$items/good.yaml" "$items/list.jsonl"
has "$complaint" "list.jsonl:2:11: unknown key \"titel\""
printf 'id: BAD\ntitle: x\nverify: [nobody]\nagent: {command: ["true"]}\n' >"$items/bad.yaml"
queue add "$items/good.yaml" "$items/bad.yaml"
has "$complaint" "bad.yaml: verify: no verifier \"nobody\""
item bad.yaml TWO
queue add "$items/good.yaml" "$items/bad.yaml"
is "$status" 2 "exit status"
has "$complaint" "bad.yaml: item TWO is in the queue already"
item bad.yaml GOOD
queue add "$items/good.yaml" "$items/bad.yaml"
has "$complaint" "bad.yaml: the id GOOD is given twice"
queue add "$items/good.yaml" "$items/missing.yaml"
has "$complaint" "there is no such file"
queue add "$(new_folder empty)"
has "$complaint" "no work item"
is "$(states)" "$before" "the queue"

t "a cycle is told link by link"
item a.yaml A "depends: [B]"
item b.yaml B "depends: [C]"
queue add "$items/a.yaml" "$items/b.yaml"
is "$status" 0 "exit status: $complaint"
item c.yaml C "depends: [A]"
queue add "$items/c.yaml"
is "$status" 2 "exit status"
has "$complaint" "c.yaml: items would wait for each other: A -> B -> C -> A"
item c.yaml C "depends: [C]"
queue add "$items/c.yaml"
has "$complaint" "item C waits for itself"
queue drop A B --reason "only a try"
is "$status" 0 "exit status: $complaint"

t "the list says what each waits for"
out=$(cupel queue list)
has "$out" "ready     ONE"
has "$out" "after ONE"
hasnt "$out" "only a try"
has "$(cupel queue list --all)" "only a try"

t "what is dropped holds up what depends on it, until it is tried again"
queue drop ONE
has "$(cupel queue list)" "stuck     TWO"
has "$(cupel queue show TWO)" "stuck: ONE dropped"
is "$(of TWO stuck)" True "stuck"
has "$(cupel queue show TWO)" "cupel queue retry"
queue retry ONE
is "$status" 0 "exit status: $complaint"
is "$(of TWO stuck)" False "stuck"
is "$(of ONE ready)" True "ready"
queue retry ONE
is "$status" 2 "exit status"
has "$complaint" "item ONE is queued"

t "an id that has ended begins its next generation"
queue drop L3
queue add --lines - <<<'{"id":"L3","title":"New","mood":"curious","agent":{"command":["true"]}}'
is "$status" 0 "exit status: $complaint"
is "$(of L3 generation) $(of L3 title) $(of L3 depends)" "2 New []" "the item"

t "a thousand are added at once"
python3 -c 'import json
for i in range(1000): print(json.dumps({"id":f"M{i}","title":f"Many {i}","mood":"curious","agent":{"command":["true"]},"depends":[f"M{i-1}"] if i else []}))' >"$items/many.jsonl"
queue add --priority 3 "$items/many.jsonl"
is "$status" 0 "exit status: $complaint"
has "$out" "and 980 more"
is "$(cupel queue list --json | python3 -c 'import json,sys; q=json.load(sys.stdin); print(q[0]["item"], sum(i["item"].startswith("M") for i in q), sum(i["ready"] and i["item"].startswith("M") for i in q))')" "M0 1000 1" "the queue"

t "what is asked for wrongly is told"
queue list-all
has "$complaint" "expected add, list, show, drop or retry"
queue add --priority high "$items/good.yaml"
has "$complaint" "--priority high: expected a whole number"
queue drop NOBODY
is "$status" 2 "exit status"
queue drop
has "$complaint" "which items?"

t "what others wait for is told with its state where a person is needed, what only looks is told at once, a list fits the terminal"
repo=$(new_repo) && cd "$repo" || exit
printf '{"id":"LOOKS","title":"%080d","agent":{"command":["true"]}}\n' 7 | cupel queue add --lines - >/dev/null 2>"$e2e_tmp/stderr"
has "$(stderr)" "LOOKS names neither a verifier nor acceptance" "what it says"
cupel queue add --title Behind --mood curious --depends LOOKS -- true >/dev/null
cupel work --once --quiet >/dev/null 2>&1
has "$(cupel queue list)" "after LOOKS asked" "the list"
has "$(cupel queue retry --failed 2>&1)" "cupel requests" "retry --failed, where all that went wrong is asked about"
is "$(script -qec 'stty cols 80; cupel queue list' /dev/null </dev/null | tr -d '\r' | sed 's/\x1b\[[0-9;]*m//g' | grep -v '^    ' | awk 'length > 80')" \
        "" "lines beyond 80 columns"

done_testing
