#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docs/proof.md: the page is what its figures say; what was missed is told as missed; figures that nobody measured are not there.
source "$(dirname "$0")/../lib/e2e.sh"

proof=$e2e_top/scripts/proof
make_page() { said=$("$proof" "$@" 2>&1) && status=0 || status=$?; }

t "the page and its plots are what scripts/proof --render makes of docs/proof/*.json"
is "$("$proof" --render --check 2>&1)" ""

t "one section is measured, the others keep their figures and dates"
into=$(new_folder docs)
mkdir -p "$into/proof"
cat >"$into/proof/run.json" <<'J'
{"section": "run", "when": "2020-02-02 02:02", "seconds": 60, "quick": false, "command": "scripts/bench --runs 201 whole_run", "status": 0,
 "machine": {"processor": "P", "cores": 2, "memory_gib": 1, "system": "S", "kernel": "K", "filesystem": "F", "user": "root", "load": 0.1, "commit": "C"},
 "data": {"rows": [{"row": "slow thing", "value": 21.5, "unit": "ms", "bound": "<= 20 ms", "met": false, "beside": "a|b"},
                   {"row": "quick thing", "value": 2, "unit": "ms", "bound": "<= 20 ms", "met": true, "beside": ""}], "series": {}}}
J
cat >"$e2e_tmp/sweep.jsonl" <<'J'
{"record": "sweep", "time": "t", "user": "root", "seed": 7, "asked": "full", "of": 9}
{"record": "point", "scenario": "landing", "process": "director", "call": "fsync", "nth": 1, "fault": "KILL", "hit": true, "wrong": ["G1: two commits"]}
{"record": "point", "scenario": "landing", "process": "director", "call": "fsync", "nth": 2, "fault": "KILL", "hit": true, "wrong": []}
{"record": "point", "scenario": "landing", "process": "cage", "call": "mount", "nth": 1, "fault": "EIO", "hit": false, "wrong": []}
{"record": "poi
J
make_page --into "$into" --only crash --from "$e2e_tmp/sweep.jsonl"
is "$status" 0
page=$(cat "$into/proof.md")
has "$page" "2020-02-02 02:02 UTC"
has "$page" "| slow thing | 21.5 ms | <= 20 ms | **MISSED** | a\\|b |"
has "$page" "**MISSED**: 1 of 2 (slow thing)"
has "$page" "**2 tried, 1 violations.** Of 9 points there are, 2 were hit, 1 were not reached by their run."
has "$page" "G1: two commits"
has "$page" 'Not measured yet: `scripts/proof --only soak`.'

t "points of several ways of a run count together, those of one that was gone on with once"
{
        printf '{"record": "sweep", "time": "t", "user": "root", "seed": 7, "asked": "full", "scenario": ["%s"], "process": ["director"], "of": %s}\n' checkout 2 first 4 first 5
        sed -n 3p "$e2e_tmp/sweep.jsonl"
} >"$e2e_tmp/ways.jsonl"
make_page --into "$into" --only crash_ways --from "$e2e_tmp/ways.jsonl"
has "$(cat "$into/proof.md")" "Of 7 points there are, 1 were hit"

t "a point that was tried again has the last word"
sed -n 2p "$e2e_tmp/sweep.jsonl" | sed 's/"wrong": .*/"wrong": []}/' >"$e2e_tmp/again.jsonl"
make_page --into "$into" --only crash --from "$e2e_tmp/sweep.jsonl" "$e2e_tmp/again.jsonl"
has "$(cat "$into/proof.md")" "**2 tried, 0 violations.**"

t "less than what is claimed is missed: points that were not tried, one target of the fuzzer, a soak of a minute"
has "$(cat "$into/proof.md")" "6 points not tried yet"
sed -i 's/"asked": "full"/"asked": "sample 3"/' "$e2e_tmp/sweep.jsonl"
make_page --into "$into" --only crash --from "$e2e_tmp/sweep.jsonl" "$e2e_tmp/again.jsonl"
has "$(cat "$into/proof.md")" "only a sample"
echo '{"target":"plan","cpu_seconds":700,"executions":12345,"coverage":9,"function_edges":3,"function_edges_all":4,"corpus_files":5,"findings":0}' >"$e2e_tmp/fuzz.jsonl"
make_page --into "$into" --only fuzz --from "$e2e_tmp/fuzz.jsonl"
has "$(cat "$into/proof.md")" "not fuzzed: archive"
make_page --into "$into" --only fuzz --add --from "$e2e_tmp/fuzz.jsonl"
has "$(cat "$into/proof.md")" '| `plan` | 23.3 | 24,690 | 9 | 3 of 4 | 5 | 0 |'
make_page --into "$into" --only soak --add --from "$e2e_tmp/fuzz.jsonl"
is "$status" 2
cat >"$e2e_tmp/soak.jsonl" <<'J'
{"record": "soak", "time": "2020-02-02 02:02", "user": "root", "workers": 8, "seed": 1}
{"record": "sample", "at": 0.5, "runs": 4, "rate": 8, "pss": 2048, "cache": null}
{"record": "sample", "at": 1.0, "runs": 9, "rate": 10, "pss": 4096, "cache": 7}
{"record": "verdict", "seconds": 60, "runs": 400, "shots": 9, "killed": {"cupel run": 9}, "outcomes": {"committed": 400}, "commits": 400, "checked": ["all"], "wrong": [], "flat": []}
J
make_page --into "$into" --only soak --from "$e2e_tmp/soak.jsonl"
has "$(cat "$into/proof.md")" "fewer than 10,000 runs; less than an hour; too short to say what is flat"
succeeds python3 -c 'import sys, xml.dom.minidom as x; [x.parse(f) for f in sys.argv[1:]]' "$into"/proof/soak*.svg

t "a page that somebody edited is found, and what cannot be read leaves the section as it was"
sed -i 's/21.5 ms/19.5 ms/' "$into/proof.md"
make_page --into "$into" --render --check
is "$status" 1
has "$said" "proof.md"
echo nothing >"$e2e_tmp/none"
make_page --into "$into" --only crash --from "$e2e_tmp/none"
is "$status" 1
has "$said" "holds no report"
make_page --into "$into" --render
has "$(cat "$into/proof.md")" "21.5 ms"
has "$(cat "$into/proof.md")" "**2 tried, 0 violations.**"
make_page --into "$e2e_tmp/empty" --only run --from "$e2e_tmp/nowhere"
is "$status" 1
has "$said" "$e2e_tmp/nowhere"
[ ! -e "$e2e_tmp/empty" ] || fail "a report that is not there left $(find "$e2e_tmp/empty")"

t "a part is not told as the whole: rows that were left, experiments that were not tried, a suite without its checks, nothing at all"
cp -r "$into" "$e2e_tmp/parts"
parts() { make_page --into "$e2e_tmp/parts" "$@"; }
verdict() { sed -n "s/^| \\[$1\\].*) | \\(.*\\) | .*/\\1/p" "$e2e_tmp/parts/proof.md"; }
echo '{"rows": [{"row": "r", "value": 1, "unit": "ms", "bound": "<= 2", "met": true, "beside": ""}], "series": {}, "left": ["by_hand"]}' >"$e2e_tmp/bench.json"
parts --only run --from "$e2e_tmp/bench.json"
is "$status" 1 "rows that were left"
has "$said" "by_hand"
sed -i 's/"by_hand"//' "$e2e_tmp/bench.json"
parts --only run --from "$e2e_tmp/bench.json"
is "$status" 0 "all rows"
is "$(verdict "The whole trivial run")" "met (1 of 1)"
python3 - >"$e2e_tmp/power.jsonl" <<'P'
import json
print(json.dumps({"record": "sweep", "time": "t", "user": "root", "seed": 1, "asked": "power 100"}))
for experiment in ("power", "clock"):
    for what in range(100):
        print(json.dumps({"record": "trial", "experiment": experiment, "what": what, "hit": True, "wrong": []}))
P
parts --only power --from "$e2e_tmp/power.jsonl"
is "$(verdict "Power loss.*jump")" "**MISSED**: 1 of 201 (too few, or none, of disk)"
printf '3 passed, 0 failed\n' >"$e2e_tmp/suite"
parts --only suite --from "$e2e_tmp/suite"
is "$(verdict "Tests, sanitizers, analysers")" "**MISSED**: 1 of 4 (without the checks)"
printf 'check format: ok\n3 passed, 0 failed\n' >"$e2e_tmp/suite"
parts --only suite --from "$e2e_tmp/suite"
is "$(verdict "Tests, sanitizers, analysers")" "met (3 of 3)"
printf '0 passed, 0 failed\n' >"$e2e_tmp/suite"
parts --only valgrind --from "$e2e_tmp/suite"
is "$(verdict "Memory errors in cages")" "**MISSED**: nothing was tried"
make_page --check
is "$status" 2 "--check without --render measures nothing"

t "a command that failed is not believed, whatever its report says"
tree=$(new_folder tree)
cp -r "$e2e_top/scripts" "$tree/" && mkdir -p "$tree/tests" && cp "$e2e_top/tests/CMakeLists.txt" "$tree/tests/"
printf '#!/bin/sh\necho "commit 1"\necho "9 passed, 0 failed"\nexit 3\n' >"$tree/scripts/valgrind"
said=$("$tree/scripts/proof" --into "$e2e_tmp/parts" --only valgrind 2>&1) && status=0 || status=$?
is "$status" 1
has "$said" "exit status 3"
is "$(verdict "Memory errors in cages")" "**MISSED**: nothing was tried" "the section as it was"

t "what is measured of a commit is of that commit, though figures are written meanwhile"
made=$(new_folder made)
git init -q "$made" && mkdir -p "$made/docs/proof" && echo 1 | tee "$made/docs/proof.md" "$made/docs/proof/run.json" >"$made/a"
git -C "$made" add -A && git -C "$made" -c user.name=x -c user.email=x@y commit -q -m x
cp -r "$e2e_top/scripts" "$made/"
name=$(git -C "$made" rev-parse --short=12 HEAD)
commit_words() {
        python3 -B -c 'import sys; sys.path.insert(0, sys.argv[1]); import proof_machine; print(proof_machine.commit())' "$made/scripts/lib"
        bash -c '. "$1/scripts/lib/options.sh"; commit_of "$1"' x "$made"
}
echo 2 | tee "$made/docs/proof.md" >"$made/docs/proof/run.json"
is "$(commit_words | tr '\n' ' ')" "$name $name "
echo 2 >"$made/a"
is "$(commit_words | tr '\n' ' ')" "$name-dirty $name-dirty "

t "the commit is the report's, where it says which"
has "$(cat "$into/proof.md")" "commit C, as root"
has "$(cat "$into/proof.md")" "commit not recorded"
sed 's/"seed": 7/"seed": 7, "commit": "0123abc"/' "$e2e_tmp/sweep.jsonl" >"$e2e_tmp/named.jsonl"
make_page --into "$into" --only crash --from "$e2e_tmp/named.jsonl"
has "$(cat "$into/proof.md")" "commit 0123abc, as"
sed -i 's/"cpu/"commit":"0123abc","cpu/' "$e2e_tmp/fuzz.jsonl"
make_page --into "$into" --only fuzz --add --from "$e2e_tmp/fuzz.jsonl"
has "$(cat "$into/proof.md")" "commit 0123abc and some not recorded, as"
printf 'commit 0123abc-dirty\n3 passed, 0 failed\n' >"$e2e_tmp/suite"
make_page --into "$into" --only suite --from "$e2e_tmp/suite"
has "$(cat "$into/proof.md")" "commit 0123abc-dirty, as"

t "short times are told in seconds, and how often each row is measured"
has "$(cat "$into/proof.md")" "UTC; 60 seconds; P"
has "$(cat "$into/proof.md")" '`whole_run`: 201 of each'

t "what the kernel takes for a run is measured phase by phase"
floor=$("$CUPEL_BIN/bench-floor" 1 "$(new_folder floor)") || fail "$floor"
is "$(echo "$floor" | python3 -c 'import json, sys; print(*json.load(sys.stdin))')" \
        "launch sandbox step read-back verify transfer judge clean room sign land packet end"

done_testing
