#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A target that the user's own commit moves while a run is being verified: merged, verified again, landed on it, or refused.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
seq 30 >"$repo/src/lines.txt"
git -C "$repo" add -A && git -C "$repo" commit -q -m lines

# moved NAME CHECK COMMAND SCRIPT: a run of COMMAND; the user commits what SCRIPT does while the run cannot land.
moved() {
        hold_landings "$repo"
        begin "$1" "$repo" --verify "unit=$2" -- sh -c "$3"
        (cd "$repo" && sh -c "$4" && git add -A && git commit -q -m "by a person") || fail "the person's commit"
        tip=$(git -C "$repo" rev-parse main)
        before=$(fingerprint "$repo")
        let_land
        end "$1"
}
refused() {
        is "$(git -C "$repo" rev-parse main)" "$tip" main
        is "$(fingerprint "$repo")" "$before" "the repository"
}

t "other files: both are there, the commit stands on the person's, the checkout is brought forward"
moved disjoint 'test -f src/a.txt' 'echo mine > src/mine.txt' 'echo theirs > src/theirs.txt'
is "$status" 0 "exit status ($json)"
is "$(git -C "$repo" rev-parse main^)" "$tip" parent
is "$(cat "$repo/src/mine.txt" "$repo/src/theirs.txt" | tr '\n' ' ')" "mine theirs " "both files"
is "$(git -C "$repo" status --porcelain)" "" "git status"

t "its packet, written once more since its end was not finished, tells what it landed on"
sums=$packet/evidence/SHA256SUMS
mkdir -p "$(state_of "$repo")/ending" && : >"$(state_of "$repo")/ending/$run_id" && rm -f "$sums"
(cd "$repo" && cupel admit --yes) >"$e2e_tmp/admit" 2>&1
has "$(cat "$e2e_tmp/admit")" "finished what the end of run $run_id had left" "the next command"
[ -f "$sums" ] || fail "the packet was not written"
is "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["landing"]["parent"]["commit"])' "$packet/evidence/report.json")" "$tip" "what it landed on"
succeeds env -C "$repo" cupel verify "$run_id"

t "other lines of one file are merged"
moved lines 'test -f src/a.txt' 'sed -i "s/^3$/three/" src/lines.txt' 'sed -i "s/^27$/x/" src/lines.txt'
is "$status" 0 "exit status ($json)"
is "$(sed -n '3p;27p' "$repo/src/lines.txt" | tr '\n' ' ')" "three x " "the lines"

t "the same lines: base_conflict that names the path, nothing else happens"
moved same 'test -f src/a.txt' 'sed -i "s/^9$/nine/" src/lines.txt' 'sed -i "s/^9$/neun/" src/lines.txt'
is "$status" 25 "exit status ($json)"
has "$json" "src/lines.txt" reasons
refused

t "removed there, changed here: a conflict"
moved removed 'test -f src/a.txt' 'echo more >> src/b.txt' 'rm src/b.txt'
is "$status" 25 "exit status ($json)"
has "$json" "the other removed it" reasons
refused

t "each side passes, both together fail: director_refused, the repository as the person left it"
moved together '! test -e src/one || ! test -e src/two' 'echo 1 > src/one' 'echo 2 > src/two'
is "$status" 23 "exit status ($json)"
has "$json" "unit" reasons
refused

t "a branch that is removed meanwhile"
git -C "$repo" branch gone
hold_landings "$repo"
begin branch "$repo" --target gone --verify 'unit=true' -- sh -c 'echo x > src/x.txt'
git -C "$repo" branch -q -D gone
let_land
end branch
is "$status" 25 "exit status ($json)"
has "$json" "no longer there" reasons

done_testing
