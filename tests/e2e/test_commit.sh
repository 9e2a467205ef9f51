#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job: one work item, one verified commit, and nothing else.
source "$(dirname "$0")/../lib/e2e.sh"

t "a work item from a file ends in exactly one signed commit"
repo=$(new_repo)
before=$(git -C "$repo" rev-parse HEAD)
printf 'mine\n' >"$repo/untracked.txt"
printf 'changed by me\n' >>"$repo/src/b.txt"
cat >"$e2e_tmp/item.yaml" <<'Y'
id: ITEM-1
title: Say three
objective: Write three into src/a.txt
paths: {allow: [src/]}
verify: [{name: unit, run: ./check.sh, timeout: 30s}]
budget: {wall: 1m}
agent: {command: [sh, -c, "echo three > src/a.txt; echo new > src/new.txt"]}
rollback: Revert the single commit.
Y
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 0 "exit status ($(stderr))"
is "$outcome" committed outcome
is "$(git -C "$repo" rev-parse main)" "$commit" "the branch"
is "$(git -C "$repo" rev-list --count "$before..main")" 1 "new commits"
is "$(git -C "$repo" rev-parse main^@)" "$before" "only parent"
is "$base" "$before" base
is "$(git -C "$repo" rev-parse 'main^{tree}')" "$tree" "tree of the verdict"
is "$(git -C "$repo" diff --name-only "$before" main | tr '\n' ' ')" "src/a.txt src/new.txt " "changed paths"
succeeds git -C "$repo" fsck --strict --no-dangling
is "$(git -C "$repo" fsck 2>&1)" "" "fsck says nothing"

t "the signature is good with the allowed-signers file that cupel writes"
succeeds git -C "$repo" -c gpg.ssh.allowedSignersFile="$XDG_STATE_HOME/cupel/keys/allowed_signers" verify-commit main
fails git -C "$repo" -c gpg.ssh.allowedSignersFile=/dev/null verify-commit main

t "the commit says where it came from"
message=$(git -C "$repo" log -1 --format=%B main)
has "$message" "Say three"
for trailer in Cupel-Run Cupel-Item Cupel-Identity Cupel-Evidence; do
        isnt "$(git -C "$repo" log -1 --format="%(trailers:key=$trailer,valueonly)" main)" "" "$trailer"
done
is "$(git -C "$repo" log -1 --format='%(trailers:key=Cupel-Run,valueonly)' main | head -1)" "$run_id" "Cupel-Run"

t "the checked-out files follow, the user's own stay"
is "$(cat "$repo/src/a.txt")" three "src/a.txt"
is "$(cat "$repo/src/new.txt")" new "src/new.txt"
is "$(cat "$repo/untracked.txt")" mine "untracked file"
is "$(tail -1 "$repo/src/b.txt")" "changed by me" "modified file"
is "$(git -C "$repo" status --porcelain | tr '\n' '|')" " M src/b.txt|?? untracked.txt|" "git status"
is "$(git -C "$repo" reflog -1 --format=%H HEAD)" "$commit" "reflog of HEAD"

t "the packet is complete and its sums hold"
for file in config_snapshot/work_item.yaml config_snapshot/plan.json identity.txt evidence/report.json evidence/report.md \
        evidence/patch.diff evidence/test.log evidence/SHA256SUMS telemetry/events.normalized.jsonl logs/agent.log; do
        [ -f "$packet/$file" ] || fail "no $file"
done
(cd "$packet/evidence" && sha256sum --quiet -c SHA256SUMS) >/dev/null 2>&1 || fail "SHA256SUMS"
[ ! -e "$packet/quarantine" ] || fail "the quarantine is still there"
cmp -s "$packet/config_snapshot/work_item.yaml" "$e2e_tmp/item.yaml" || fail "the snapshot is not the item's bytes"
git -C "$repo" diff --binary --full-index "$before" main >"$e2e_tmp/git.diff"
git -C "$repo" worktree add -q --detach "$e2e_tmp/apply" "$before"
succeeds git -C "$e2e_tmp/apply" apply --index "$packet/evidence/patch.diff"
is "$(git -C "$e2e_tmp/apply" write-tree)" "$tree" "patch.diff gives the tree"
git -C "$repo" worktree remove --force "$e2e_tmp/apply"

t "the log is there, and its chain holds"
succeeds bash -c "cd '$repo' && cupel events --verify @last"
events=$(cd "$repo" && cupel events --json @last)
for type in run.state receipt.verifier receipt.commit note.request.verify; do has "$events" "dev.cupel.$type" events; done
has "$(cd "$repo" && cupel runs)" committed "cupel runs"
has "$(cd "$repo" && cupel show @last)" "Say three" "cupel show"

t "a second run starts from the first one's commit"
run "$repo" --title again --verify unit=./check.sh -- sh -c 'test "$(cat src/a.txt)" = three && echo four > src/a.txt'
is "$status" 0 "exit status ($(stderr))"
is "$base" "$(git -C "$repo" rev-parse main^)" base

t "a branch that is not checked out lands without touching the checkout"
git -C "$repo" branch side
git -C "$repo" stash -q
worktree=$(cd "$repo" && find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum)
index=$(sha256sum <"$repo/.git/index")
run "$repo" --target side --title side --verify unit=./check.sh -- sh -c 'echo side > src/side.txt'
is "$status" 0 "exit status ($(stderr))"
is "$(git -C "$repo" rev-parse side)" "$commit" "side"
is "$(cd "$repo" && find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum)" "$worktree" "checkout"
is "$(sha256sum <"$repo/.git/index")" "$index" index

t "packed refs, a bare repository and a linked worktree land too"
git -C "$repo" pack-refs --all
run "$repo" --title packed --verify unit=./check.sh -- sh -c 'echo packed > src/packed.txt'
is "$status" 0 "packed refs: $(stderr)"
is "$(git -C "$repo" rev-parse main)" "$commit" "packed refs: main"
bare=$(new_folder bare)
git clone -q --bare "$repo" "$bare/x.git"
admit "$bare/x.git"
run "$bare/x.git" --title bare --verify unit=./check.sh -- sh -c 'echo bare > src/bare.txt'
is "$status" 0 "bare: $(stderr)"
is "$(git -C "$bare/x.git" rev-parse main)" "$commit" "bare: main"
git -C "$repo" worktree add -q -b linked "$e2e_tmp/linked"
run "$e2e_tmp/linked" --title linked --verify unit=./check.sh -- sh -c 'echo linked > src/linked.txt'
is "$status" 0 "linked: $(stderr)"
is "$(git -C "$repo" rev-parse linked)" "$commit" "linked: branch"
is "$(git -C "$e2e_tmp/linked" status --porcelain)" "" "linked: status"
succeeds git -C "$repo" fsck --strict --no-dangling

t "a branch that stands for another (git symbolic-ref): that one moves, and who has either checked out is brought forward, or in the way"
alias=$(new_repo)
git -C "$alias" branch -m trunk
git -C "$alias" symbolic-ref refs/heads/main refs/heads/trunk
git -C "$alias" checkout -q main
for to in '' main trunk; do
        run "$alias" ${to:+--target "$to"} --title alias --verify unit=./check.sh -- sh -c "echo '$to' >src/alias$to.txt"
        is "$outcome" committed "${to:-HEAD}: $(stderr)"
        is "$(git -C "$alias" rev-parse trunk)" "$commit" "${to:-HEAD}: the branch"
        is "$(git -C "$alias" status --porcelain)" "" "${to:-HEAD}: git status"
        has "$(git -C "$alias" reflog -1 HEAD)" "cupel: run" "${to:-HEAD}: the log of HEAD"
done
is "$(cat "$alias/.git/refs/heads/main")" "ref: refs/heads/trunk" "the one that stands for it"
git -C "$alias" worktree add -q --force -b other "$alias.other"
run "$alias.other" --target main --title alias --verify unit=./check.sh -- sh -c 'echo x >src/other.txt'
is "$outcome" held "it is checked out elsewhere, under its other name"

t "a repository that is shared: what lands can be read, and gone on from, by those it is shared with, whatever the umask"
# modes REPO : what is in its git folder for others than its owner: files and folders, and where the new commit is
modes() { (cd "$1/.git" && find refs logs objects -printf '%y %04m %P\n' | sed -E 's|[0-9a-f]{2}(/[0-9a-f]{38})?$|object|' | sort -u); }
lands() { run "$1" --target feat/x --title shared --verify unit=./check.sh -- sh -c 'echo shared >src/a.txt'; }
for shared in group 0640 world; do
        for how in ours theirs; do
                folder=$(new_repo)
                rm -rf "$folder/.git"
                git -C "$folder" init -q --shared="$shared"
                rm -rf "$folder/.git/hooks" "$folder/.git/info"
                (umask 022 && git -C "$folder" add -A && git -C "$folder" commit -qm base && git -C "$folder" branch feat/x && git -C "$folder" pack-refs --all)
                rm -rf "$folder/.git/refs/heads/feat" "$folder/.git/logs/refs/heads/feat"
                admit "$folder"
                if [ "$how" = ours ]; then
                        umask 077
                        lands "$folder"
                        is "$outcome" committed "$shared: $(stderr)"
                        ours=$(modes "$folder")
                        run "$folder" --title checkout --verify unit=./check.sh -- sh -c 'echo new >src/new.txt'
                        umask 022
                        is "$(stat -c %a "$folder/src/new.txt")" 600 "$shared: the checkout is the user's"
                else
                        (umask 077 && cd "$folder" && echo shared >src/a.txt && git commit -qam shared && git update-ref --create-reflog refs/heads/feat/x HEAD)
                        theirs=$(modes "$folder")
                fi
        done
        is "$(grep -v ORIG_HEAD <<<"$ours" | grep 'feat\|object')" "$(grep 'feat\|object' <<<"$theirs")" "$shared: as git makes it"
done

t "a run whose caller closed standard descriptors commits as any other"
closed() { (cd "$repo" && exec cupel run --title closed --verify unit=./check.sh -- sh -c "echo $1 >src/closed.txt"); }
committed_closed() { is "$1 $(git -C "$repo" show HEAD:src/closed.txt)" "0 $2" "exit status, and what was committed"; }
closed input >/dev/null 2>&1 <&-
committed_closed $? input
closed output 2>/dev/null >&-
committed_closed $? output
closed errors >/dev/null 2>&-
committed_closed $? errors
closed all <&- >&- 2>&-
committed_closed $? all

t "a limit on the size of files is an error that is told, and no signal that ends the command; steps get the signal"
repo=$(new_repo)
(cd "$repo" && ulimit -f 100 && exec cupel run --title limited --verify unit=./check.sh -- true) >/dev/null 2>"$e2e_tmp/err"
is $? 70 "exit status"
has "$(cat "$e2e_tmp/err")" "store.db: reading or writing failed" "stderr"
run "$repo" --title signal --verify unit=./check.sh -- sh -c 'ulimit -f 1; head -c 100000 /dev/zero >big; echo "head ended with $?"'
has "$(cat "$packet/logs/agent.log")" "head ended with 153" "in a step"

t "only a committed run has a commit: one whose landing came to nothing is listed without"
repo=$(new_repo)
touch "$repo/.git/refs/heads/main.lock"
run "$repo" --title held --verify unit=./check.sh -- sh -c 'echo three > src/a.txt'
is "$status" 10 "exit status ($(stderr))"
listed_without() {
        local list
        list=$(cd "$repo" && cupel runs)
        has "$list" "  -  " "$1: cupel runs"
        is "$(field commit "$(cd "$repo" && cupel runs --json | sed 's/^\[//; s/\]$//')")" "" "$1: cupel runs --json"
        is "$(field commit "$(cd "$repo" && cupel show --json @last)")" "" "$1: cupel show --json"
        is "$(field commit "$(cd "$repo" && cupel show --json --at "$(field events "$(cd "$repo" && cupel show --json @last)")" @last)")" "" "$1: cupel show --at"
}
listed_without held
(cd "$repo" && cupel reject @last --reason no) >"$e2e_tmp/out" 2>&1 || true
listed_without rejected

done_testing
