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
