#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cupel revert: the inverse of a run's commit as a run of its own; what git would make of it is the judge.
source "$(dirname "$0")/../lib/e2e.sh"

# revert RUN… in $repo: sets what run() sets.
revert() {
        (cd "$repo" && exec cupel revert --json --quiet "$@") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
        status=$?
        read_result "$e2e_tmp/stdout"
        return 0
}

t "the inverse lands, verified, as a commit of its own"
repo=$(new_repo)
(cd "$repo" && cupel init) >/dev/null 2>&1
before=$(git -C "$repo" rev-parse 'HEAD^{tree}')
run "$repo" --title "Add a line" --verify unit=./check.sh -- sh -c 'echo more >>src/a.txt; echo new >src/new.txt; rm src/b.txt'
is "$outcome" committed "the run"
first=$run_id first_commit=$commit
with=$(git -C "$repo" rev-parse 'HEAD^{tree}')
revert "$first" --reason "it broke the build"
is "$status" 0 "exit status ($(stderr))"
is "$outcome" committed outcome
is "$(git -C "$repo" rev-parse 'HEAD^{tree}')" "$before" "the tree"
is "$(git -C "$repo" rev-parse 'HEAD^')" "$first_commit" "the parent"
is "$(git -C "$repo" status --porcelain | grep -v .cupel)" "" "the checkout"
is "$(git -C "$repo" log -1 --format=%s)" 'Revert "Add a line"' subject
has "$(git -C "$repo" log -1 --format=%b)" "it broke the build" "the reason"
is "$(git -C "$repo" log -1 --format='%(trailers:key=Cupel-Reverts,valueonly)' | head -n 1)" "$first $first_commit" trailer
is "$(git -C "$repo" log -1 --format='%(trailers:key=Cupel-Run,valueonly)' | head -n 1)" "$run_id" "its own run"
has "$(cd "$repo" && cupel show "$run_id")" "director unit                  PASS" "verified by the director"
hasnt "$(cd "$repo" && cupel show "$run_id")" "self     unit" "nobody else"
second=$run_id
succeeds sh -c "cd '$repo' && cupel events '$second' --verify"
succeeds sh -c "cd '$packet/evidence' && sha256sum -c --quiet SHA256SUMS"

t "a second time nothing is left to take back"
revert "$first"
is "$status" 20 "exit status"
has "$json" "nothing of" reasons

t "reverting the revert brings it back"
revert "$second"
is "$outcome" committed outcome
is "$(git -C "$repo" rev-parse 'HEAD^{tree}')" "$with" "the tree"
is "$(git -C "$repo" log -1 --format=%s)" 'Reapply "Add a line"' subject

t "what came later stays where it touches something else"
run "$repo" --title "Elsewhere" --verify unit=./check.sh -- sh -c 'echo else >src/else.txt'
revert "$first" # the first commit is on the target, and in force again
is "$outcome" committed outcome
git -C "$repo" show HEAD:src/else.txt >/dev/null || fail "what came later is gone"
git -C "$repo" cat-file -e HEAD:src/new.txt 2>/dev/null && fail "what was reverted is there"

t "where what came later is in the way: base_conflict, with the path, and no trace"
repo=$(new_repo)
(cd "$repo" && cupel init) >/dev/null 2>&1
run "$repo" --title "One" --verify unit=./check.sh -- sh -c 'echo one >src/a.txt; echo 1 >>src/a.txt'
one=$run_id
run "$repo" --title "Two" --verify unit=./check.sh -- sh -c 'echo two >src/a.txt; echo 2 >>src/a.txt'
print=$(fingerprint "$repo")
revert "$one"
is "$status" 25 "exit status"
has "$json" "src/a.txt" reasons
is "$(fingerprint "$repo")" "$print" "the repository"
has "$(git -C "$repo" revert --no-commit "$(git -C "$repo" rev-parse HEAD^)" 2>&1)" CONFLICT "git revert"
git -C "$repo" revert --abort

t "a verifier that fails refuses it"
run "$repo" --title "Three" --verify unit="test ! -e broken || test -e src/three" -- sh -c ': >src/three'
three=$run_id
git -C "$repo" -c core.hooksPath=/dev/null commit -q --allow-empty -m between
: >"$repo/broken"
git -C "$repo" add broken && git -C "$repo" commit -q -m broken
print=$(fingerprint "$repo")
revert "$three"
is "$outcome" director_refused outcome
is "$(fingerprint "$repo")" "$print" "the repository"

t "where the policy asks for a person it is held, and lands once approved"
run "$repo" --title "Four" --verify unit=./check.sh -- sh -c ': >src/four'
four=$run_id
printf 'approval: {person_at: low}\n' >"$e2e_tmp/strict.yaml"
revert "$four" --policy "$e2e_tmp/strict.yaml"
is "$outcome" held outcome
git -C "$repo" cat-file -e HEAD:src/four || fail "it landed"
has "$(cd "$repo" && cupel review)" 'Revert "Four"' review
(cd "$repo" && cupel approve "$run_id") >"$e2e_tmp/out" 2>&1
is "$?" 0 "approve ($(cat "$e2e_tmp/out"))"
git -C "$repo" cat-file -e HEAD:src/four 2>/dev/null && fail "it did not land"
is "$(git -C "$repo" log -1 --format='%(trailers:key=Cupel-Reverts,valueonly)' | head -n 1 | cut -d' ' -f1)" "$four" trailer

t "tests that a commit brought may go with it: the gates that judge work do not refuse it"
run "$repo" --title "Five" --verify unit=./check.sh -- sh -c 'mkdir -p tests; printf "def test_five():\n    assert 2 + 3 == 5\n" >tests/test_five.py'
revert "$run_id"
case $outcome in committed | held) ;; *) fail "outcome $outcome: $json" ;; esac

t "what did not commit cannot be reverted, and says so"
run "$repo" --title "Fails" --verify unit=./check.sh -- false
(cd "$repo" && cupel revert @last) >"$e2e_tmp/out" 2>&1
is "$?" 2 "exit status"
has "$(cat "$e2e_tmp/out")" "did not commit, it ended as work_failed" message
has "$(cat "$e2e_tmp/out")" "cupel runs" "what to do"
run "$repo" --mood paranoid --title "Held" --verify unit=./check.sh -- sh -c ': >src/held'
(cd "$repo" && cupel revert @last) >"$e2e_tmp/out" 2>&1
is "$?" 2 "exit status"
has "$(cat "$e2e_tmp/out")" "cupel reject" message

t "a commit that is not on the target any more cannot be reverted"
run "$repo" --title "Six" --verify unit=./check.sh -- sh -c ': >src/six'
six=$run_id
git -C "$repo" reset -q --hard HEAD^
(cd "$repo" && cupel revert "$six") >"$e2e_tmp/out" 2>&1
is "$?" 2 "exit status"
has "$(cat "$e2e_tmp/out")" "is not on main any more" message

done_testing
