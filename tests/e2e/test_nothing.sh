#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every failing end leaves the repository byte for byte as it was, with its own name and exit status.
source "$(dirname "$0")/../lib/e2e.sh"
replay_every_run

repo=$(new_repo)
mkdir -p "$repo/.github/workflows"
printf 'on: push\n' >"$repo/.github/workflows/ci.yml"
git -C "$repo" add -A
git -C "$repo" commit -q -m workflows
git -C "$repo" branch side
printf 'stashed\n' >>"$repo/src/a.txt"
git -C "$repo" stash -q
printf 'mine\n' >"$repo/untracked.txt"
printf 'changed\n' >>"$repo/src/b.txt"
git -C "$repo" status >/dev/null
print_before=$(fingerprint "$repo")

# nothing NAME STATUS OUTCOME OPTIONS…
nothing() {
        local name=$1 expected=$2 name_of=$3
        shift 3
        t "$name"
        run "$repo" "$@"
        is "$status" "$expected" "exit status ($(stderr))"
        is "$outcome" "$name_of" outcome
        is "$(fingerprint "$repo")" "$print_before" "the repository"
        [ -z "$packet" ] || [ ! -e "$packet/quarantine" ] || fail "the quarantine is still there"
        quiet_now || fail "a process is left"
}

unit=(--verify unit=./check.sh)
nothing "the command fails" 21 work_failed --title x "${unit[@]}" -- sh -c 'echo broken > src/a.txt; echo it hurts; exit 3'
has "$json" "it hurts" "the reasons quote the command's last words"
nothing "the command cannot be found" 21 work_failed --title x "${unit[@]}" -- no-such-program
is "$(jq -r '.reasons | length' <<<"$json")" 1 "it is said once ($json)"
has "$json" "your home is not shown" "the remedy"
nothing "a command in one word" 21 work_failed --title x "${unit[@]}" -- "sh -c true"
has "$json" "items of their own" "the remedy"
nothing "a verifier fails" 22 self_verification_failed --title x --verify unit='./check.sh && exit 1' -- sh -c 'echo y > src/a.txt'
nothing "a denied path" 22 self_verification_failed --title x "${unit[@]}" --deny src/b.txt -- sh -c 'echo y > src/b.txt'
has "$json" "src/b.txt" "the reasons name the path"
nothing "a path outside the allowed ones" 22 self_verification_failed --title x "${unit[@]}" --allow src/a.txt -- sh -c 'echo y > src/new.txt'
nothing "a protected path" 22 self_verification_failed --title x "${unit[@]}" -- sh -c 'echo y >> .github/workflows/ci.yml'
nothing "the diff budget: files" 22 self_verification_failed --title x "${unit[@]}" --budget diff_files=1 -- sh -c 'echo y > src/a.txt; echo y > src/b.txt'
nothing "the diff budget: lines" 22 self_verification_failed --title x "${unit[@]}" --budget diff_lines=5 -- sh -c 'seq 100 > src/a.txt'
nothing "a conflict marker" 22 self_verification_failed --title x "${unit[@]}" -- sh -c 'printf "<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n" > src/a.txt'
nothing "no change" 20 no_change --title x "${unit[@]}" -- true
nothing "a change that is taken back" 20 no_change --title x "${unit[@]}" -- sh -c 'echo y >> src/a.txt; git checkout -q src/a.txt'
nothing "only ignored files" 20 no_change --title x "${unit[@]}" -- sh -c 'echo y > x.o; mkdir ignored; echo y > ignored/z'
nothing "the wall budget" 24 budget_exceeded --title x "${unit[@]}" --budget wall=1s -- sleep 60
has "$json" "wall" "the reasons name the budget"
nothing "the disk budget" 24 budget_exceeded --title x "${unit[@]}" --budget disk=8M -- sh -c 'head -c 64M /dev/zero > big; sleep 5'
nothing "the output budget" 24 budget_exceeded --title x "${unit[@]}" --budget output=1M -- sh -c 'yes'
nothing "a mood without writes" 0 observed --title x --mood curious -- sh -c 'cupel note observation text="seen" && ! echo y > src/a.txt'
nothing "curious without a note" 22 self_verification_failed --title x --mood curious -- true
nothing "petty changes only tests" 22 self_verification_failed --title x --mood petty "${unit[@]}" -- sh -c 'echo y > src/a.txt'
nothing "a FIFO in the tree" 22 self_verification_failed --title x "${unit[@]}" -- sh -c 'mkfifo src/pipe'
nothing "a nested repository" 22 self_verification_failed --title x "${unit[@]}" -- sh -c 'git init -q src/sub; echo x > src/sub/f'
nothing "the item wants arming" 30 blocked --title x "${unit[@]}" - -- true <<<'{"title": "x", "arm": true, "agent": {"command": ["true"]}}'
nothing "a requirement is missing" 30 blocked "${unit[@]}" - <<<'{"title": "x", "requires": [{"env": "NO_SUCH_VARIABLE"}], "agent": {"command": ["true"]}}'
has "$json" NO_SUCH_VARIABLE "the reasons name it"

# unreadable NAME OPTIONS… : exit 2, an explanation, and no run
unreadable() {
        t "$1"
        shift
        local runs
        runs=$(cd "$repo" && cupel runs --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')
        run "$repo" "$@"
        is "$status" 2 "exit status"
        isnt "$(stderr)" "" "an explanation"
        is "$(cd "$repo" && cupel runs --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" "$runs" "runs"
        is "$(fingerprint "$repo")" "$print_before" "the repository"
}
printf 'title: x\nfrobnicate: 1\n' >"$e2e_tmp/bad.yaml"
unreadable "an unknown key in the item" "$e2e_tmp/bad.yaml"
has "$(stderr)" "bad.yaml:2:1" "position"
unreadable "an item that is not there" "$e2e_tmp/none.yaml"
unreadable "an unknown agent" --title x --agent nobody "${unit[@]}"
unreadable "an unknown mood" --title x --mood sleepy "${unit[@]}" -- true
unreadable "an unknown option" --titel x -- true
unreadable "an unknown verifier" --title x --verify nosuch -- true
unreadable "no verifier in a mood that may commit" --title x -- true
has "$(stderr)" "curious" "the remedy"
unreadable "an unknown budget" --title x --budget hope=3 "${unit[@]}" -- true
unreadable "a target that is not there" --title x --target nowhere "${unit[@]}" -- true

t "a repository without a commit, or with a detached HEAD, says what to do"
empty=$(new_folder empty)
git -C "$empty" init -q
run "$empty" --title x "${unit[@]}" -- true
is "$status" 2 "unborn: exit status"
has "$(stderr)" "commit" "unborn: the remedy"
detached=$(new_repo)
git -C "$detached" checkout -q --detach
run "$detached" --title x "${unit[@]}" -- sh -c 'echo y > src/a.txt'
is "$status" 2 "detached: exit status"
has "$(stderr)" "--target" "detached: the remedy"
run "$detached" --target main --title x "${unit[@]}" -- sh -c 'echo y > src/a.txt'
is "$status" 0 "detached with --target: $(stderr)"

t "not a repository"
run "$(new_folder none)" --title x "${unit[@]}" -- true
is "$status" 2 "exit status"

done_testing
