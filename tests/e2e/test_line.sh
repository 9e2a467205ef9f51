#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The line before a target: runs that are verified on top of what those ahead of them are expected to leave.
source "$(dirname "$0")/../lib/e2e.sh"

# Every commit of main after FIRST passes its own verifier in a fresh clone, and stands on the one before.
judge_commits() {
        local repo=$1 first=$2 clone one
        clone=$(new_folder clone)
        git clone -q --no-local "$repo" "$clone"
        for one in $(git -C "$clone" rev-list --reverse "$first..main"); do
                git -C "$clone" checkout -q "$one"
                (cd "$clone" && sh -c "$check") || fail "commit $one fails its verifier"
        done
        succeeds git -C "$repo" fsck --strict
        is "$(git -C "$repo" status --porcelain)" "" "git status"
}

landing() { python3 -c 'import json,sys
v=json.load(open(sys.argv[1]+"/evidence/report.json"))["landing"]
for key in sys.argv[2].split("."): v=v[key]
print("" if v is None else v)' "$packet" "$1"; }

nobody_left() {
        is "$(ls -A "$(state_of "$1")/line")" "" "FIFOs of the line"
        is "$(sqlite_rows "$1")" 0 "rows of the line"
}
sqlite_rows() { python3 -c 'import sqlite3,sys
print(sqlite3.connect(sys.argv[1]).execute("select count(*) from line").fetchone()[0])' "$(state_of "$1")/store.db"; }

check='test -f src/a.txt && ! test -e src/bad'

t "four runs at once: all land in the order in which they came, each verified once, on top of the one ahead"
repo=$(new_repo)
first=$(git -C "$repo" rev-parse main)
hold_landings "$repo"
for n in 1 2 3 4; do
        begin "r$n" "$repo" --verify "unit=$check" -- sh -c "echo $n > src/r$n.txt"
done
let_land
for n in 1 2 3 4; do
        end "r$n"
        is "$status" 0 "r$n ($json $(cat "$e2e_tmp/r$n.stderr"))"
        is "$(git -C "$repo" log -1 --format=%s "main~$((4 - n))")" "r$n" "commit $n"
        is "$(landing parent.commit)" "$(git -C "$repo" rev-parse "main~$((5 - n))")" "the parent in the report of r$n"
        is "$(git -C "$repo" rev-parse "main~$((4 - n))^{tree}")" "$tree" "the tree of r$n"
        git -C "$repo" worktree add -q --detach "$e2e_tmp/patch$n" "main~$((5 - n))"
        succeeds git -C "$e2e_tmp/patch$n" apply --check "$packet/evidence/patch.diff"
        git -C "$repo" worktree remove --force "$e2e_tmp/patch$n"
        succeeds bash -c "cd '$packet/evidence' && sha256sum -c --quiet SHA256SUMS"
done
is "$(landing speculated_on)" "${run_of[r3]}" "what r4 was verified on"
is "$(landing rounds)" 1 "rounds of r4"
is "$(landing merged)" True "merged"
judge_commits "$repo" "$first"
nobody_left "$repo"

t "changed tests are tried on the code of what is only expected, too"
repo=$(new_repo)
policy=$e2e_tmp/tests.yaml
printf 'verifiers:\n  unit: {run: "%s", base_tests: true}\n' "$check" >"$policy"
mkdir "$repo/tests"
printf '1\n2\n3\n4\n5\n6\n7\n8\n' >"$repo/tests/all.txt"
git -C "$repo" add tests
git -C "$repo" commit -q -m tests
hold_landings "$repo"
for n in 1 4 8; do
        begin "t$n" "$repo" --policy "$policy" --verify unit -- sh -c "sed -i 's/^$n\$/line $n/' tests/all.txt; echo $n > src/t$n.txt"
done
let_land
for n in 1 4 8; do
        end "t$n"
        is "$status" 0 "t$n ($json $(cat "$e2e_tmp/t$n.stderr"))"
        has "$json" "does not test the change" "the reasons of t$n"
done
is "$(landing speculated_on)" "${run_of[t4]}" "what t8 was verified on"

t "one in the middle fails: the others land, verified on what is true"
repo=$(new_repo)
first=$(git -C "$repo" rev-parse main)
policy=$e2e_tmp/late.yaml
printf 'verifiers:\n  unit: {run: "%s", gate: director}\n' "$check" >"$policy"
hold_landings "$repo"
begin m1 "$repo" --policy "$policy" --verify unit -- sh -c "echo 1 > src/m1.txt"
begin m2 "$repo" --policy "$policy" --verify unit -- sh -c "echo 2 > src/bad"
begin m3 "$repo" --policy "$policy" --verify unit -- sh -c "echo 3 > src/m3.txt"
begin m4 "$repo" --policy "$policy" --verify unit -- sh -c "echo 4 > src/m4.txt"
let_land
for n in 1 2 3 4; do
        end "m$n"
        [ "$n" = 2 ] || is "$status" 0 "m$n ($json)"
        [ "$n" = 2 ] && is "$status" 23 "m2 ($json)"
done
is "$(git -C "$repo" log --reverse --format=%s "$first..main" | tr '\n' ' ')" "m1 m3 m4 " "commits"
judge_commits "$repo" "$first"
nobody_left "$repo"

t "a director is killed while others wait behind it: they go on without"
repo=$(new_repo)
first=$(git -C "$repo" rev-parse main)
hold_landings "$repo"
for n in 1 2 3 4; do
        begin "k$n" "$repo" --verify "unit=$check" -- sh -c "echo $n > src/k$n.txt"
done
kill -KILL "$(director_of k1)" "$(director_of k3)"
let_land
for n in 2 4; do
        end "k$n"
        is "$status" 0 "k$n ($json $(cat "$e2e_tmp/k$n.stderr"))"
done
for n in 1 3; do
        end "k$n"
        isnt "$status" 0 "k$n ($json)"
done
is "$(git -C "$repo" log --reverse --format=%s "$first..main" | tr '\n' ' ')" "k2 k4 " "commits"
judge_commits "$repo" "$first"
run "$repo" --title after --verify "unit=$check" -- sh -c 'echo after > src/after.txt'
is "$status" 0 "a run after that ($json $(stderr))"
nobody_left "$repo"

t "a conflict with what is only expected is none where that does not land"
repo=$(new_repo)
first=$(git -C "$repo" rev-parse main)
hold_landings "$repo"
begin c0 "$repo" --policy "$policy" --verify unit -- sh -c "echo 0 > src/c0.txt"
begin c1 "$repo" --policy "$policy" --verify unit -- sh -c "echo ours > src/a.txt; echo x > src/bad"
begin c2 "$repo" --policy "$policy" --verify unit -- sh -c "echo theirs > src/a.txt"
let_land
end c0
is "$status" 0 "c0 ($json)"
end c1
is "$status" 23 "c1 ($json)"
end c2
is "$status" 0 "c2 ($json)"
is "$(cat "$repo/src/a.txt")" theirs "src/a.txt"

t "a conflict with what does land is one, and names the path"
hold_landings "$repo"
begin d1 "$repo" --verify "unit=$check" -- sh -c "echo ours > src/b.txt"
begin d2 "$repo" --verify "unit=$check" -- sh -c "echo theirs > src/b.txt"
let_land
end d1
is "$status" 0 "d1 ($json)"
end d2
is "$status" 25 "d2 ($json)"
has "$json" 'src/b.txt' "the reasons"
is "$(cat "$repo/src/b.txt")" ours "src/b.txt"

t "the same change twice: the second has nothing left to change"
hold_landings "$repo"
begin s1 "$repo" --verify "unit=$check" -- sh -c "echo same > src/same.txt"
begin s2 "$repo" --verify "unit=$check" -- sh -c "echo same > src/same.txt"
let_land
end s1
is "$status" 0 "s1 ($json)"
end s2
is "$status" 20 "s2 ($json)"

t "who waits can be asked to stop, and a director that hangs ahead keeps nobody longer than the wall budget"
hold_landings "$repo"
begin h1 "$repo" --verify "unit=$check" -- sh -c "echo 1 > src/h1.txt"
begin h2 "$repo" --verify "unit=$check" -- sh -c "echo 2 > src/h2.txt"
begin h3 "$repo" --verify "unit=$check" --budget wall=3s -- sh -c "echo 3 > src/h3.txt"
kill -TERM "${pid_of[h2]}"
end h2
is "$status" 27 "h2 ($json)"
hung=$(director_of h1)
kill -STOP "$hung"
# stopped before it gets the lock, or it would hang with that in its hands: see below
wait_for 30 grep -q '^State:.T' "/proc/$hung/status" || fail "the director does not stop"
let_land
end h3
is "$status" 0 "h3 ($json $(cat "$e2e_tmp/h3.stderr"))"
kill -CONT "$hung"
end h1
is "$status" 0 "h1 ($json)"
is "$(git -C "$repo" log -2 --format=%s | tr '\n' ' ')" "h1 h3 " "commits"
nobody_left "$repo"

t "a landing that hangs with the lock in its hands keeps nobody longer than the wall budget, and loses nothing"
hold_landings "$repo"
begin l1 "$repo" --verify unit=./check.sh --budget wall=1s -- sh -c "echo l > src/l.txt"
end l1
is "$status" 10 "l1 ($json)"
has "$json" "another landing in this repository does not end" "the reasons"
let_land
(cd "$repo" && cupel approve @last) >"$e2e_tmp/approve" 2>&1 || fail "approve: $(cat "$e2e_tmp/approve")"
is "$(git -C "$repo" log -1 --format=%s)" l1 "the commit"

done_testing
