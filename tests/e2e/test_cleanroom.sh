#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The second verification sees committed content only, and nothing that a verifier does changes what is committed.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
printf 'mine\n' >"$repo/untracked.txt"

t "a result that passes only because of an ignored file is refused by the director"
before=$(fingerprint "$repo")
run "$repo" --title x --verify unit='test -f helper.o' -- sh -c 'echo x > helper.o; echo y > src/a.txt'
is "$status" 23 "exit status ($json)"
is "$outcome" director_refused outcome
has "$json" "unit" "the reasons name the verifier"
is "$(fingerprint "$repo")" "$before" "the repository"

t "a result that passes only because of /tmp, home or a running process is refused"
run "$repo" --title x --verify unit='test -f /tmp/help || test -f ~/help' -- sh -c 'echo x > /tmp/help; echo x > ~/help; echo y > src/a.txt'
is "$status" 22 "exit status ($json)"

t "a verifier that edits the sources changes nothing of what is committed"
run "$repo" --title x --verify unit='echo evil > src/a.txt; rm -f src/b.txt; echo more > src/more; git commit -qam evil; true' -- sh -c 'echo good > src/a.txt'
is "$status" 0 "exit status ($json $(stderr))"
is "$(git -C "$repo" show main:src/a.txt)" good "src/a.txt"
is "$(git -C "$repo" show main:src/b.txt)" two "src/b.txt"
fails git -C "$repo" cat-file -e main:src/more

t "a verifier does not see what another one left"
run "$repo" --title x --verify a='test ! -e trace; echo x > trace; echo x > /tmp/trace' --verify b='test ! -e trace && test ! -e /tmp/trace; r=$?; echo x > trace; exit $r' -- sh -c 'echo good2 > src/a.txt'
is "$status" 0 "exit status ($json)"

t "a failure that was there before is told apart"
run "$repo" --title x --verify unit='test -f never' -- sh -c 'echo good3 > src/a.txt'
is "$status" 22 "exit status"

t "a flaky verifier is named as what it is"
cat >"$e2e_tmp/policy.yaml" <<'Y'
verifiers:
  flaky: {run: "exit 1", retries: 2, timeout: 20s}
Y
run "$repo" --policy "$e2e_tmp/policy.yaml" --title x --verify flaky -- sh -c 'echo good4 > src/a.txt'
is "$status" 22 "exit status ($json)"

t "a verifier that hangs is inconclusive, and does not pass"
run "$repo" --title x - <<'Y'
{"title": "x", "verify": [{"name": "slow", "run": "sleep 60", "timeout": "1s"}], "agent": {"command": ["sh", "-c", "echo y > src/a.txt"]}}
Y
is "$status" 22 "exit status ($json)"
has "$json" slow "the reasons"

t "a verifier for the director alone is only run in the clean room"
cat >"$e2e_tmp/policy.yaml" <<'Y'
verifiers:
  late: {run: "test ! -f helper.o && test -f src/a.txt", gate: director, timeout: 20s}
  early: {run: "test -f helper.o", gate: self, timeout: 20s}
Y
run "$repo" --policy "$e2e_tmp/policy.yaml" --title x --verify late --verify early -- sh -c 'echo x > helper.o; echo good5 > src/a.txt'
is "$status" 0 "exit status ($json $(stderr))"
is "$(git -C "$repo" show main:src/a.txt)" good5 "src/a.txt"

t "an edit of .cupel/ never influences its own run"
mkdir "$repo/.cupel"
printf 'verifiers:\n  unit: {run: "./check.sh && test ! -e src/bad"}\n' >"$repo/.cupel/policy.yaml"
git -C "$repo" add -A && git -C "$repo" commit -q -m policy
run "$repo" --title x --verify unit -- sh -c 'printf "verifiers:\n  unit: {run: \"true\"}\n" > .cupel/policy.yaml; echo > src/bad'
is "$status" 22 "exit status"
is "$(cat "$repo/untracked.txt")" mine "untracked file"

done_testing
