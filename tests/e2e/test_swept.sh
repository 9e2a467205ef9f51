#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a candidate needs, and the repository only happens to have of a branch that is gone, is swept by git gc before it lands.
# shellcheck source-path=SCRIPTDIR source=../lib/e2e.sh
source "$(dirname "$0")/../lib/e2e.sh"

# The same change was made before, on a branch that is gone since long ago.
leave_behind() {
        git -C "$1" checkout -q -b gone
        mkdir -p "$1/src/deep"
        echo "the same idea" | tee "$1/src/a.txt" >"$1/src/deep/new.txt"
        git -C "$1" add -A
        git -C "$1" commit -q -m gone
        git -C "$1" checkout -q main
        git -C "$1" branch -q -D gone
        git -C "$1" reflog expire --expire=now --all
        find "$1/.git/objects" -type f -exec touch -d '30 days ago' {} +
}
same='mkdir -p src/deep; echo "the same idea" | tee src/a.txt >src/deep/new.txt'
whole() {
        is "$(git -C "$1" fsck --full --strict 2>&1 | grep -v '^dangling')" "" "$2: fsck"
        is "$(git -C "$1" show HEAD:src/a.txt HEAD:src/deep/new.txt 2>&1)" "the same idea
the same idea" "$2: what landed"
        is "$(git -C "$1" status --porcelain)" "" "$2: the checkout"
}

for how in loose packed; do
        t "a held run lands whole after git gc, and nothing is kept of it then ($how)"
        repo=$(new_repo)
        leave_behind "$repo"
        if [ "$how" = packed ]; then
                git -C "$repo" rev-list --objects --all --reflog --no-object-names >"$e2e_tmp/objects"
                find "$repo/.git/objects" -path '*/??/*' -type f | sed 's|.*/\(..\)/|\1|' >>"$e2e_tmp/objects"
                sort -u "$e2e_tmp/objects" | git -C "$repo" pack-objects -q "$repo/.git/objects/pack/pack" >"$e2e_tmp/name"
                git -C "$repo" prune-packed
                find "$repo/.git/objects" -type f -exec touch -d '30 days ago' {} +
        fi
        run "$repo" --title A --mood paranoid --verify t=./check.sh -- sh -c "$same"
        is "$outcome" held "outcome of the run"
        git -C "$repo" gc -q
        git -C "$repo" gc -q --prune=now
        is "$(git -C "$repo" cat-file -t "$tree" 2>&1 | grep -c '^tree')" 0 "the tree is still in the repository"
        (cd "$repo" && cupel approve "$run_id") >"$e2e_tmp/approved" 2>&1
        is "$?" 0 "exit status of approve: $(cat "$e2e_tmp/approved")"
        whole "$repo" "approved"
        is "$(find "$(state_of "$repo")/runs/$run_id" -name kept -o -name quarantine)" "" "left in the run's folder"
done

t "git gc while the run waits for the landing lock"
repo=$(new_repo)
leave_behind "$repo"
exec 9>"$(state_of "$repo")/landing.lock"
flock 9
(run "$repo" --title A --verify t=./check.sh -- sh -c "$same" 9>&-; echo "$outcome" >"$e2e_tmp/outcome") 9>&- &
waiting=$!
for ((i = 0; i < 300; i++)); do
        [ -n "$(find "$(state_of "$repo")/runs" -name kept 2>/dev/null)" ] && break
        sleep 0.05
done
git -C "$repo" gc -q --prune=now 9>&-
exec 9>&-
wait "$waiting"
is "$(cat "$e2e_tmp/outcome")" committed outcome
whole "$repo" "landed"

t "what lies there old when it lands is young afterwards"
repo=$(new_repo)
leave_behind "$repo"
run "$repo" --title A --verify t=./check.sh -- sh -c "$same"
is "$outcome" committed outcome
object=$(git -C "$repo" rev-parse HEAD:src/a.txt)
is "$(find "$repo/.git/objects/${object:0:2}/${object:2}" -mtime -1 | wc -l)" 1 "made young"
whole "$repo" "landed"

done_testing
