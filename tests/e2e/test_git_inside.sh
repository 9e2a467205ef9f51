#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The command may use git as it likes; its commits, refs and settings vanish, only its files count.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
for i in 1 2 3; do
        echo "$i" >>"$repo/src/b.txt"
        git -C "$repo" commit -qam "change $i"
done

t "status, diff, log, stash, branch, commit, rebase, merge and gc work inside"
refs=$(git -C "$repo" for-each-ref)
cat >"$e2e_tmp/agent.sh" <<'S'
set -ex
test -z "$(git status --porcelain)"
test "$(git log --oneline | wc -l)" = 4
test "$(git rev-parse --abbrev-ref HEAD)" = work
echo more >> src/a.txt
git diff --stat | grep -q a.txt
git stash -q && test -z "$(git status --porcelain)" && git stash pop -q
git checkout -q -b topic
git commit -qam "inner commit"
git checkout -q work
echo other > src/other.txt
git add -A && git commit -qm other
git rebase -q topic
git merge -q topic
git tag v1
git gc -q --prune=now
git fsck
test "$(git log --oneline | wc -l)" = 6
git config core.hooksPath /tmp/hooks
printf '#!/bin/sh\ntouch /tmp/hooked\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
git update-ref refs/heads/main HEAD || true
S
cp "$e2e_tmp/agent.sh" "$repo/../agent-script"
run "$repo" --title git --verify unit=./check.sh -- sh -c "$(cat "$e2e_tmp/agent.sh")"
is "$status" 0 "exit status ($json $(stderr) $(tail -5 "$packet/logs/agent.log"))"
is "$(git -C "$repo" show main:src/other.txt)" other "src/other.txt"
is "$(git -C "$repo" rev-list --count main)" 5 "one commit more"
is "$(git -C "$repo" for-each-ref | grep -v refs/heads/main)" "$(grep -v refs/heads/main <<<"$refs")" "other refs"
[ ! -e "$repo/.git/hooks/pre-commit" ] || fail "a hook leaked"
succeeds git -C "$repo" fsck --strict --no-dangling

t "settings that name programs stay inside"
before=$(fingerprint "$repo")
run "$repo" --title evil --verify unit=./check.sh -- sh -c 'for k in core.fsmonitor core.pager core.sshCommand filter.x.clean diff.external; do git config $k "touch /tmp/ran; false"; done; git config --global user.name Evil; rm -rf .git/objects .git/refs; echo "gitdir: /etc" > .gitt; exit 9'
is "$status" 21 "exit status"
is "$(fingerprint "$repo")" "$before" "the repository"

t "a removed or replaced .git changes nothing outside"
run "$repo" --title nogit --verify unit=./check.sh -- sh -c 'rm -rf .git; echo "gitdir: /elsewhere" > .git; echo nogit > src/a.txt'
is "$status" 0 "exit status ($json $(stderr))"
is "$(git -C "$repo" show main:src/a.txt)" nogit "src/a.txt"
is "$(git -C "$repo" status --porcelain)" "" "git status"

done_testing
