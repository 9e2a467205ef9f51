#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two runs at once; a target that moves; a checkout in the way; a person who decides.
source "$(dirname "$0")/../lib/e2e.sh"

t "two runs at once that touch different files: both commit, one on top of the other"
repo=$(new_repo)
first=$(git -C "$repo" rev-parse HEAD)
gate=$(new_folder gate)
for n in 1 2; do
        (
                cd "$repo" || exit
                exec cupel run --json --quiet --title "run $n" --verify unit=./check.sh -- \
                        sh -c "echo $n > src/$n.txt; sleep 1"
        ) >"$gate/$n" 2>"$gate/$n.err" &
        pids[n]=$!
done
wait "${pids[1]}"
one=$?
wait "${pids[2]}"
two=$?
is "$(printf '%s\n' "$one" "$two" | sort -n | tr '\n' ' ')" "0 0 " "exit statuses ($(cat "$gate"/*))"
is "$(git -C "$repo" rev-list --count "$first..main")" 2 "commits"
is "$(git -C "$repo" ls-tree --name-only main src/)" "$(printf 'src/%s.txt\n' 1 2 a b)" "the files of both"
is "$(git -C "$repo" status --porcelain)" "" "git status"
succeeds git -C "$repo" fsck --strict
is "$(git -C "$repo" count-objects -v | sed -n 's/^garbage: //p')" 0 garbage

t "a target that a person moves during the run is never overwritten"
run "$repo" --title moved --verify unit=./check.sh -- sh -c 'echo moved > src/a.txt' &
wait $!
repo=$(new_repo)
cat >"$e2e_tmp/policy.yaml" <<'Y'
verifiers:
  late: {run: "while test ! -e src/go; do sleep 1; break; done; true", gate: director}
Y
(cd "$repo" && exec cupel run --json --quiet --policy "$e2e_tmp/policy.yaml" --title moved --verify late -- sh -c 'echo moved > src/a.txt; sleep 2') >"$gate/out" 2>"$gate/err" &
pid=$!
wait_for 10 pgrep -P "$pid" -f cupel-runner\|cupel-sandbox || fail "did not start"
git -C "$repo" commit -q --allow-empty -m "by a person"
tip=$(git -C "$repo" rev-parse main)
wait "$pid"
is "$?" 0 "exit status ($(cat "$gate/out" "$gate/err"))"
is "$(git -C "$repo" rev-parse main^)" "$tip" "the parent of what landed"
is "$(git -C "$repo" status --porcelain)" "" "git status"

t "local changes in the same file: held, nothing moves; approved once they are gone"
repo=$(new_repo)
printf 'my own\n' >>"$repo/src/a.txt"
before=$(fingerprint "$repo")
run "$repo" --title held --verify unit=./check.sh -- sh -c 'echo theirs > src/a.txt'
is "$status" 10 "exit status ($json $(stderr))"
is "$outcome" held outcome
has "$json" "src/a.txt" "the reasons"
is "$(fingerprint "$repo")" "$before" "the repository"
held=$run_id
has "$(cd "$repo" && cupel review)" "$held" "cupel review"
git -C "$repo" checkout -q src/a.txt
(cd "$repo" && cupel approve "$held") >"$e2e_tmp/out" 2>&1
is "$?" 0 "cupel approve ($(cat "$e2e_tmp/out"))"
is "$(cat "$repo/src/a.txt")" theirs "src/a.txt"
is "$(git -C "$repo" status --porcelain)" "" "git status"

t "an untracked file in the way: held"
printf 'precious\n' >"$repo/src/new.txt"
before=$(fingerprint "$repo")
run "$repo" --title held --verify unit=./check.sh -- sh -c 'echo theirs > src/new.txt'
is "$status" 10 "exit status ($json)"
is "$(fingerprint "$repo")" "$before" "the repository"
rm "$repo/src/new.txt"
(cd "$repo" && cupel reject "$run_id" --reason "not now") >"$e2e_tmp/out" 2>&1
is "$?" 0 "cupel reject ($(cat "$e2e_tmp/out"))"
is "$(cd "$repo" && cupel review --json)" "[]" "nothing waits any more"

t "a paranoid run waits for a person; approval lands exactly what was verified"
run "$repo" --mood paranoid --title careful --verify unit=./check.sh -- sh -c 'echo careful > src/a.txt'
is "$status" 10 "exit status ($json $(stderr))"
tip=$(git -C "$repo" rev-parse main)
verified=$tree
(cd "$repo" && cupel approve "$run_id") >"$e2e_tmp/out" 2>&1
is "$?" 0 "cupel approve ($(cat "$e2e_tmp/out"))"
is "$(git -C "$repo" rev-parse 'main^{tree}')" "$verified" "tree"
is "$(git -C "$repo" rev-parse main^)" "$tip" "parent"
(cd "$repo" && cupel approve "$run_id") >"$e2e_tmp/out" 2>&1 && fail "approved twice"

t "three people approve at once: it lands once, the others are told that somebody is at it"
repo=$(new_repo)
run "$repo" --mood paranoid --title p --verify true=true -- sh -c 'echo three > src/a.txt'
before=$(git -C "$repo" rev-list --count main)
for i in 1 2 3; do
        (cd "$repo" && cupel approve "$run_id" >"$e2e_tmp/approve.$i" 2>&1
        echo "$?" >"$e2e_tmp/approved.$i") &
done
wait
is "$(sort "$e2e_tmp"/approved.? | tr '\n' ' ')" "0 2 2 " "exit statuses ($(cat "$e2e_tmp"/approve.?))"
is "$(git -C "$repo" rev-list --count main)" "$((before + 1))" "commits"

t "an approval of a run whose target moved is void: the run is verified anew and asks anew"
run "$repo" --mood paranoid --title late --verify unit=./check.sh -- sh -c 'echo late > src/a.txt'
is "$status" 10 "exit status ($json)"
git -C "$repo" commit -q --allow-empty -m moved
before=$(fingerprint "$repo")
(cd "$repo" && cupel approve "$run_id") >"$e2e_tmp/out" 2>&1
is "$?" 10 "cupel approve ($(cat "$e2e_tmp/out"))"
has "$(cat "$e2e_tmp/out")" "refs/heads/main moved on from " "why it is asked again"
is "$(fingerprint "$repo")" "$before" "the repository"
(cd "$repo" && cupel approve "$run_id") >"$e2e_tmp/out" 2>&1
is "$?" 0 "the second cupel approve ($(cat "$e2e_tmp/out"))"
is "$(cat "$repo/src/a.txt")" late "src/a.txt"

t "a repository's policy that opens the host is blocked until it is admitted"
mkdir -p "$repo/.cupel" "$HOME/tools"
echo tool >"$HOME/tools/t"
printf 'sandbox: {read: [~/tools]}\nverifiers:\n  unit: {run: ./check.sh}\n' >"$repo/.cupel/policy.yaml"
git -C "$repo" add -A && git -C "$repo" commit -q -m policy
run "$repo" --title opened --verify unit -- sh -c 'cat ~/tools/t > src/a.txt'
is "$status" 30 "exit status ($json $(stderr))"
has "$json" "admit" "the remedy"
(cd "$repo" && cupel admit --yes) >"$e2e_tmp/out" 2>&1 || fail "cupel admit: $(cat "$e2e_tmp/out")"
has "$(cat "$e2e_tmp/out")" "~/tools" "what is opened"
run "$repo" --title opened --verify unit -- sh -c 'cat ~/tools/t > src/a.txt'
is "$status" 0 "exit status once admitted ($json $(stderr))"
is "$(cat "$repo/src/a.txt")" tool "src/a.txt"
printf 'sandbox: {read: [~/tools, ~/other]}\nverifiers:\n  unit: {run: ./check.sh}\n' >"$repo/.cupel/policy.yaml"
git -C "$repo" commit -qam wider
run "$repo" --title wider --verify unit -- sh -c 'echo w > src/a.txt'
is "$status" 30 "changed since: exit status"

t "a policy that names a secret folder is refused"
mkdir -p "$HOME/.ssh"
printf 'sandbox: {read: [~/.ssh]}\n' >"$repo/.cupel/policy.yaml"
git -C "$repo" commit -qam secret
run "$repo" --title secret --verify unit=./check.sh -- sh -c 'ls ~/.ssh'
case $status in 2 | 30) ;; *) fail "exit status $status" ;; esac

done_testing
