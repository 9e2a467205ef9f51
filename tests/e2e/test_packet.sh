#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The packet: complete for every outcome, held to its terms one by one, its patch and sums by git and sha256sum, artifacts, what is
# hidden, amendments, traces. `cupel packet check` and an independent validator judge every packet that is made here.
source "$(dirname "$0")/../lib/e2e.sh"

schema=$e2e_top/docs/report.schema.json
in_repo() { (cd "$repo" && exec "$@"); }

# value 'EXPRESSION' : of report.json, as r.
value() { python3 -IS -c 'import json,sys
r=json.load(open(sys.argv[1]+"/evidence/report.json"))
v=eval(sys.argv[2]); print(v if isinstance(v,str) else json.dumps(v))' "$packet" "$1" 2>&1; }

valid() { /usr/bin/python3 "$e2e_top/tests/lib/valid_reports.py" "$packet"; }

# The packet of the run that was just made, by all judges.
whole() {
        succeeds in_repo cupel packet check "$run_id"
        succeeds valid
        succeeds env -C "$packet/evidence" sha256sum --quiet -c SHA256SUMS
        [ -f "$packet/evidence/patch.diff" ] || fail "no patch.diff"
        [ -f "$packet/evidence/test.log" ] || fail "no test.log"
        # the patch on the base is the candidate's tree; the index is nobody's but this test's
        local base_commit want index=$e2e_tmp/index
        want=$(value 'r["tree"] or ""') base_commit=$(value 'r["landing"]["parent"]["commit"] if r["landing"] else r["base"] or ""')
        [ -n "$want" ] && [ "$(value 'r["patch"]["masked"]')" = false ] && [ "$(value 'bool(r["changes"])')" = true ] || return 0
        rm -f "$index"
        succeeds env GIT_INDEX_FILE="$index" git -C "$repo" read-tree "$base_commit"
        succeeds env GIT_INDEX_FILE="$index" git -C "$repo" apply --cached --binary --allow-empty --whitespace=nowarn "$packet/evidence/patch.diff"
        is "$(GIT_INDEX_FILE=$index git -C "$repo" write-tree)" "$want" "the patch on the base"
}

fix=(sh -c 'echo more >>src/a.txt')
unit=(--verify 'unit=./check.sh')

t "a committed run's packet is complete"
repo=$(new_repo)
run "$repo" --title "a title" "${unit[@]}" -- sh -c 'echo more >>src/a.txt; head -c 3000 /dev/urandom >src/bin; mkdir -p d/e; printf "no end" >d/e/f; rm src/b.txt; chmod +x src/a.txt; ln -s a.txt src/link' --
is "$outcome" committed "outcome"
whole
is "$(value 'r["next_gate"]["gate"]')" acceptance "next gate"
is "$(value 'r["decision"]["by"]')" director "who decided"
is "$(value 'r["scope"]["base"]==r["base"]')" true "scope"
is "$(value 'r["accounting"]["actual_usd"]')" 0.0 "cost"
is "$(value 'r["publication"]["places"]')" '{"external": "person", "website": "never"}' "publication boundary"
is "$(value 'r["freshness"]["landed_on"]==r["base"]')" true "freshness"
for part in "What comes next" "What it could see" "What it cost" "would have been refused" "What is withheld" "remains unauthorized"; do
        has "$(cat "$packet/evidence/report.md")" "$part" "report.md"
done

# ---- Every term by itself ----

# broken TERM: the check says 1, and names it; not one that is kept is said to be broken by the JSON.
broken() {
        local out code
        out=$(in_repo cupel packet check "$run_id" --json 2>&1)
        code=$?
        is "$code" 1 "exit status without $1 ($2)"
        is "$(python3 -c 'import json,sys; print([t["kept"] for t in json.loads(sys.argv[1])["terms"] if t["term"]==sys.argv[2]])' "$out" "$1")" "[False]" "$1 without $2"
}

t "a packet without any one of its terms fails, and is told which"
chmod -R u+w "$packet"
cp -a "$packet" "$e2e_tmp/sealed"
restore() { rm -rf "$packet" && cp -a "$e2e_tmp/sealed" "$packet"; }
terms=$(cupel packet terms --json | python3 -c 'import json,sys
for t in json.load(sys.stdin):
    for place in t["where"].split(): print(t["term"], place)')
isnt "$terms" "" "the table of terms"
while read -r term place; do
        [ "$term" = amendments ] && continue # there is none: below
        file=${place%%#*}
        if [ "$file" = "$place" ]; then
                rm -f "${packet:?}/$file"
        else
                python3 -c 'import json,sys
r=json.load(open(sys.argv[1])); del r[sys.argv[2]]; json.dump(r,open(sys.argv[1],"w"))' "$packet/$file" "${place#*#}"
        fi
        broken "$term" "$place"
        restore
done <<<"$terms"
succeeds in_repo cupel packet check "$run_id"

t "a stale term fails as a missing one does"
edit() { python3 -IS -c 'import json,sys
p=sys.argv[1]+"/evidence/report.json"; r=json.load(open(p)); exec(sys.argv[2]); json.dump(r,open(p,"w"))' "$packet" "$1"; }
stale() {
        edit "$2"
        broken "$1" "$2"
        restore
}
stale scope 'r["scope"]["base"]="0"*40'
stale decision 'r["decision"]["outcome"]="held"'
stale outcome 'r["exit"]=22'
stale cost 'r["accounting"]["actual_usd"]=3.5'
stale cost 'r["cost"]={"usd":1.0,"tokens_in":0,"tokens_out":0,"requests":1,"estimated":0,"claimed_usd":None,"models":{}}'
stale next_gate 'r["next_gate"]["gate"]="approval"'
stale freshness 'r["freshness"]["landed_on"]=""'
stale withheld 'r["redaction"]["logs"]=7'
stale withheld 'r["patch"]["masked"]=True'
stale log 'r["log"]["events"]+=1'
stale patch 'r["patch"]["sha256"]="0"*64'
stale rules 'r["plan_id"]="sha256:"+"0"*64'
stale identity 'r["identity"]="sha256:"+"0"*64'
stale agrees 'r["verifiers"]["director"][0]["result"]="FAIL"'
stale report 'r["surprise"]=1'
stale report 'r["mood"]="merry"'
stale unauthorized 'r["unauthorized"]=[]'
stale ownership 'r["admission"]=None'
printf '{"kind":"run"}\n' >"$packet/telemetry/trace.jsonl"
broken trace "spans"
restore
echo more >>"$packet/evidence/test.log"
broken sums test.log
restore
sed -i 's/^# committed/# held/' "$packet/evidence/report.md"
broken readable "another outcome"
restore
out=$(in_repo cupel packet check "$run_id")
has "$out" "terms are kept" "for people"

t "every outcome has a complete packet"
ends_as() {
        is "$outcome" "$1" "outcome"
        whole
}
run "$repo" --title nothing "${unit[@]}" -- true
ends_as no_change
is "$(stat -c %s "$packet/evidence/patch.diff")" 0 "an empty patch"
run "$repo" --title fails "${unit[@]}" --mood calm -- sh -c 'echo x >src/c.txt; exit 3'
ends_as work_failed
has "$(cat "$packet/evidence/patch.diff")" "src/c.txt" "the patch of what failed"
run "$repo" --title unverified --mood calm --verify 'unit=false' -- "${fix[@]}"
ends_as self_verification_failed
run "$repo" --title unclean --mood calm --verify 'unit=test -e out.o' -- sh -c 'echo x >out.o; echo y >>src/a.txt'
ends_as director_refused
run "$repo" --title long --mood calm "${unit[@]}" --budget wall=200ms -- sleep 60
ends_as budget_exceeded
run "$repo" --title looks --mood curious -- cupel note observation text=seen
ends_as observed
is "$(value 'r["scope"]["worktree"]')" read-only "worktree"
run "$repo" --title waits --mood paranoid "${unit[@]}" -- "${fix[@]}"
ends_as held
is "$(value 'r["next_gate"]["gate"]')" approval "next gate"
isnt "$(value 'r["next_gate"]["deadline"] or ""')" "" "deadline"
held=$run_id
run "$repo" --title asks --mood deferential -- true
ends_as held
is "$(value 'r["next_gate"]["gate"]')" answer "next gate of a question"
printf 'title: armed\narm: true\nverify: [{name: u, run: "true"}]\nagent: {command: ["true"]}\n' >"$e2e_tmp/armed.yaml"
before=$(fingerprint "$repo")
run "$repo" "$e2e_tmp/armed.yaml"
ends_as blocked
is "$(fingerprint "$repo")" "$before" "the repository of a blocked run"
is "$(value 'r["next_gate"]["gate"]')" start "next gate of a blocked run"
has "$(cat "$packet/evidence/report.md")" "# blocked" "its report for people"

t "a packet that a later end overtook is written again, and rejected is one too; what somebody left half-written goes"
left=$(state_of "$repo")/runs/$held
touch "$left/evidence/SHA256SUMS.0123456789ab.tmp" "$left/identity.txt.0123456789ab.tmp"
(cd "$repo" && cupel reject "$held" --reason "not this way" >/dev/null 2>&1)
run_id=$held packet=$(state_of "$repo")/runs/$held
is "$(value 'r["outcome"]')" rejected "outcome"
whole

# ---- Artifacts ----

t "outputs are kept with digests and statuses, whatever git thinks of them, and never land"
repo=$(new_repo)
mkdir "$repo/out" && echo old >"$repo/out/kept.png" && git -C "$repo" add -A && git -C "$repo" commit -qm "an output that git tracks"
cat >"$e2e_tmp/item.yaml" <<'YAML'
id: OUT-1
title: outputs
outputs: ["out/**", "*.o", "big.bin"]
budget: {artifact_files: 8, artifact_bytes: 1M}
verify: [{name: unit, run: ./check.sh}]
agent: {command: [sh, -c, 'printf png >out/a.png; printf new >out/kept.png; printf obj >src/x.o; mkdir -p "out/sub dir/-x"; printf odd >"out/sub dir/-x/f"; ln -s /etc/passwd out/link.png; mkfifo out/fifo; head -c 2M /dev/zero >big.bin; printf "%s%s" ghp_ 5u5O5JjOVSURRI6WhVrPcHmxznIGTt0EOl85 >out/token; echo more >>src/a.txt']}
YAML
run "$repo" "$e2e_tmp/item.yaml"
is "$outcome" committed "outcome"
whole
status_of() { value "[a['status'] for a in r['artifacts']['items'] if a['path']=='$1'][0]"; }
is "$(status_of out/a.png)" accepted "a plain one"
is "$(status_of src/x.o)" accepted "one that git ignores"
is "$(status_of out/kept.png)" accepted "one that git tracks"
is "$(status_of "out/sub dir/-x/f")" accepted "one with a name that means no good"
is "$(status_of out/link.png)" rejected "a link"
is "$(status_of out/fifo)" rejected "a FIFO"
is "$(status_of big.bin)" withheld "one that is too large"
is "$(status_of out/token)" withheld "one with a secret"
is "$(cat "$packet/evidence/outputs/out/kept.png")" new "its bytes"
is "$(find "$packet/evidence/outputs" ! -type f ! -type d | wc -l)" 0 "only files and folders are kept"
is "$(grep -rl 5u5O5JjOVSURRI6WhVrPcHmxznIGTt0EOl85 "$packet/evidence" "$packet/logs" "$packet/telemetry" | wc -l)" 0 "the secret's bytes"
is "$(git -C "$repo" show --format= --name-only HEAD)" src/a.txt "what landed"
is "$(git -C "$repo" show HEAD:out/kept.png)" old "what git tracks"
is "$(in_repo cupel events "$run_id" --type receipt.artifacts --json | wc -l)" 1 "its receipt"
shown=$(in_repo cupel show "$run_id")
grep -qE 'accepted +[0-9]+ B  out/a.png' <<<"$shown" || fail "it is not shown: $shown"
grep -qE 'withheld +-  out/token' <<<"$shown" || fail "what is withheld is not shown: $shown"
has "$shown" "it holds a secret" "and why"

t "more than the budget are counted; a failed run's are rejected, and stay"
sed -i 's/artifact_files: 8/artifact_files: 2/; s/id: OUT-1/id: OUT-2/; s/title: outputs/title: too many/; s|echo more >>src/a.txt|exit 4|' "$e2e_tmp/item.yaml"
run "$repo" "$e2e_tmp/item.yaml" --mood calm
is "$outcome" work_failed "outcome"
whole
isnt "$(value 'r["artifacts"]["left_out"]')" 0 "left out"
is "$(value 'sorted({a["status"] for a in r["artifacts"]["items"] if a["file"]})')" '["rejected"]' "statuses"

# ---- Amendments ----

t "a person amends the record beside it; nothing that was sealed changes"
sums=$(sha256sum "$packet/evidence/SHA256SUMS")
artifact=$(value '[a["path"] for a in r["artifacts"]["items"] if a["file"]][0]')
succeeds in_repo cupel amend "$run_id" --field title --value "a better title" --reason "the old one lied"
succeeds in_repo cupel amend "$run_id" --field title --value "the best" --reason "once more"
succeeds in_repo cupel amend "$run_id" --field accounting.actual_usd --value 1.25 --reason "the bill"
succeeds in_repo cupel amend "$run_id" --artifact "$artifact" --value accepted --reason "looked at it"
is "$(sha256sum "$packet/evidence/SHA256SUMS")" "$sums" "what was sealed"
whole
shown=$(in_repo cupel show "$run_id")
has "$shown" "a better title → the best" "shown with what it was"
has "$shown" "the old one lied" "and why"
grep -qE "^  accepted .* B  $artifact" <<<"$shown" || fail "not the artifact's status of now: $shown"
is "$(in_repo cupel show "$run_id" --json | python3 -c 'import json,sys; print([(a["field"],a["old"],a["new"]) for a in json.load(sys.stdin)["amendments"]])')" \
        "[('title', 'too many', 'a better title'), ('title', 'a better title', 'the best'), ('accounting.actual_usd', 0.0, 1.25), ('artifact.status', 'rejected', 'accepted')]" "--json"
is "$(wc -l <"$packet/amendments.jsonl")" 4 "lines beside the packet"
has "$(in_repo cupel packet check "$run_id")" "4 amendments" "packet check"
succeeds in_repo cupel events "$run_id" --verify

t "what a killed amendment left half-written goes with the next word"
touch "$packet/"{amendments.jsonl.0123456789ab,evidence/SHA256SUMS.ba9876543210,later.intoto.jsonl.0123456789ab}.tmp
in_repo cupel packet check "$run_id" >/dev/null && fail "what lies there is no part of a packet"
succeeds in_repo cupel outcome "$run_id" reject --reason "it was not used"
whole

t "what cannot be amended, and who cannot"
refused() {
        local want=$1
        shift
        out=$(in_repo cupel amend "$run_id" "$@" 2>&1)
        is "$?" 2 "exit status of: $*"
        has "$out" "$want" "what it says"
}
refused "cannot be amended" --field outcome --value committed --reason x
refused "cannot become" --field risk --value none --reason x
refused "cannot become" --field accounting.actual_usd --value -1 --reason x
refused "cannot become" --artifact "$artifact" --value lost --reason x
refused "no artifact" --artifact nowhere --value held --reason x
refused "say why" --field title --value x
refused "say what" --value x --reason y
is "$(wc -l <"$packet/amendments.jsonl")" 4 "nothing was added"
run "$repo" --title inside --mood calm "${unit[@]}" -- sh -c "cupel amend $run_id --field title --value x --reason y; echo \$? ; echo more >>src/a.txt"
isnt "$(head -n 1 "$packet/logs/agent.log")" "" "from inside"
hasnt "$(cat "$packet/logs/agent.log")" "amendments  beside" "from inside"

t "an amendment that is gone, or was written by hand, is told"
run_id=$(in_repo cupel runs --json | python3 -c 'import json,sys
rows=[json.loads(l) for l in sys.stdin]; rows=rows[0] if isinstance(rows[0],list) else rows
print([r for r in rows if r["title"]=="too many"][0]["run"])')
packet=$(state_of "$repo")/runs/$run_id
cp "$packet/amendments.jsonl" "$e2e_tmp/amendments"
sed -i 1d "$packet/amendments.jsonl"
broken amendments "a line of it"
rm "$packet/amendments.jsonl"
broken amendments "the file"
sed 's/the best/the worst/' "$e2e_tmp/amendments" >"$packet/amendments.jsonl"
broken amendments "another value"
cp "$e2e_tmp/amendments" "$packet/amendments.jsonl"
succeeds in_repo cupel packet check "$run_id"

# ---- What is hidden ----

t "a secret that somebody wrote into a verifier's command is in no part of the record but the snapshot"
repo=$(new_repo)
token=ghp_$(tr -d '\n' </dev/urandom | tr -dc 'A-Za-z0-9' | head -c 36)
cat >"$e2e_tmp/inside.yaml" <<YAML
title: inside
requires: [{env: MY_VALUE}]
verify: [{name: unit, run: "true $token value-that-is-known"}]
agent: {command: [sh, -c, "echo more >>src/a.txt"]}
YAML
MY_VALUE=value-that-is-known run "$repo" "$e2e_tmp/inside.yaml"
is "$outcome" committed "outcome: $(stderr)"
whole
succeeds in_repo cupel verify "$run_id"
is "$(grep -rlE "value-that-is-known|$token" "${packet:?}/telemetry" "$packet/logs" "$packet/evidence")" "" "secrets"
has "$(value 'r["verifiers"]["director"][0]["command"]')" "true ****"

t "a variable whose value is a word of ours, a branch, a verifier's name, leaves the record readable"
cat >"$e2e_tmp/words.yaml" <<'YAML'
title: words
requires: [{env: MY_BRANCH}, {env: MY_STATE}, {env: MY_UNIT}, {env: MY_TYPE}]
verify: [{name: the-unit, run: "true the-unit"}]
agent: {command: [sh, -c, "echo $MY_BRANCH >>src/a.txt; cupel note status text='is committed'"]}
YAML
git -C "$repo" branch -m release-branch
MY_BRANCH=release-branch MY_STATE=committed MY_UNIT=the-unit MY_TYPE=note.status run "$repo" "$e2e_tmp/words.yaml"
is "$outcome" committed "outcome: $(stderr)"
whole
succeeds in_repo cupel verify "$run_id"
succeeds in_repo cupel replay "$run_id"
is "$(value 'r["outcome"] + " " + r["target"]')" "committed refs/heads/release-branch"
is "$(value 'r["verifiers"]["self"][0]["name"] + ": " + r["verifiers"]["self"][0]["command"]')" "the-unit: true ********"

t "secrets are hidden in logs, notes and reports, and counted"
repo=$(new_repo)
printf 'printf "%%s%%s\\n" ghp_ 5u5O5JjOVSURRI6WhVrPcHmxznIGTt0EOl85\n' >"$repo/say.sh"
printf %s 'quoted=an\"other\\value' >"$repo/quoted.sh"
git -C "$repo" add -A && git -C "$repo" commit -qm "a program that says a token"
cat >"$e2e_tmp/hides.yaml" <<'YAML'
title: hides
requires: [{env: MY_VALUE}, {env: MY_QUOTED}]
verify: [{name: unit, run: ". ./say.sh"}]
outputs: ["out/*"]
agent:
  command:
    - sh
    - -c
    - >-
      echo value-that-is-known; . ./say.sh; cupel note observation text="$(. ./say.sh)" >/dev/null;
      echo value-that-is-known >>src/a.txt;
      mkdir out; echo 1 >out/value-that-is-known.png; echo 2 >"out/$(. ./say.sh).png";
      . ./quoted.sh; echo 3 >"out/$quoted.png"; echo 4 >"src/$quoted.txt"; printf '{"key":"%s"}\n' "$(printf %s "$quoted" | sed 's/["\\]/\\&/g')"
YAML
MY_VALUE=value-that-is-known MY_QUOTED='an"other\value' run "$repo" "$e2e_tmp/hides.yaml"
is "$outcome" committed "outcome: $(stderr)"
(cd "$repo" && cupel packet check "$run_id" >"$e2e_tmp/out" 2>&1) || fail "packet check: $(cat "$e2e_tmp/out")"
for part in logs telemetry evidence/report.json evidence/report.md evidence/test.log evidence/patch.diff; do
        is "$(grep -rlE 'value-that-is-known|5u5O5JjOVSURRI6WhVrPcHmxznIGTt0EOl85' "${packet:?}/$part" | wc -l)" 0 "secrets in $part: $(grep -rnaE 'value-that-is-known|5u5O5JjOVSURRI6WhVrPcHmxznIGTt0EOl85' "${packet:?}/$part")"
done
secrets='value-that-is-known|5u5O5JjOVSURRI6WhVrPcHmxznIGTt0EOl85|other\\{1,2}value'
is "$(grep -rlaE "$secrets" "$packet/evidence" "$packet/telemetry" "$packet/logs")" "" "as a name, and with its quotes escaped"
is "$(find "$packet" | grep -E "$secrets")" "" "names of files"
is "$(find "$packet/evidence/outputs" -type f | wc -l)" 3 "the outputs are kept: $(value 'r["artifacts"]')"
is "$(for line in $(jq -r .payload "$packet"/evidence/*.intoto.jsonl); do base64 -d <<<"$line"; done | grep -cE "$secrets")" 0 "what is signed, and may be pushed"
is "$(value 'r["redaction"]["logs"]>=3 and r["redaction"]["report"]>=1')" true "counted in the logs: $(value 'r["redaction"]')"
is "$(value 'r["redaction"]["notes"]>=1')" true "counted in the notes"
has "$(cat "$packet/evidence/report.md")" "secret values in logs" "told"

# ---- Traces ----

t "spans lie within the run, and load elsewhere in two formats"
python3 - "$packet" <<'PY' || fail "trace.jsonl: $(cat "$e2e_tmp/out" 2>/dev/null)"
import json, sys
spans = [json.loads(line) for line in open(sys.argv[1] + "/telemetry/trace.jsonl")]
run = spans[0]
assert run["kind"] == "run" and run["parent"] is None
assert len({s["span"] for s in spans}) == len(spans) and {s["trace"] for s in spans} == {run["trace"]}
steps = {s["span"]: s for s in spans if s["kind"] == "step"}
for s in spans[1:]:
    own = steps.get(s["parent"])
    assert s["parent"] == run["span"] or (s["kind"] == "process" and s["name"] == own["name"]), s
    assert run["start_ms"] <= s["start_ms"] <= s["end_ms"] <= run["end_ms"], s
names = {(s["kind"], s["name"]) for s in spans}
assert {("step", "agent"), ("step", "verify.unit"), ("process", "cupel-director"), ("phase", "running")} <= names, names
own = {s["name"]: s["attributes"] for s in spans if s["kind"] == "process"}
for name in "cupel-runner", "its cage", "agent", "verify.unit", "director.unit", "cupel-director", "its clean room":
    assert own[name]["cpu_ms"] >= 0 and own[name]["memory_peak"] > 0, (name, own.get(name))
agent = [s for s in spans if s["name"] == "agent"][0]
assert agent["attributes"]["peak"]["wall"] >= 0
PY
in_repo cupel export "$run_id" --trace >"$e2e_tmp/chrome.json" || fail "export --trace"
in_repo cupel export "$run_id" --trace --format otlp -o "$e2e_tmp/otlp.json" >/dev/null || fail "export --trace --format otlp"
python3 - "$e2e_tmp/chrome.json" "$e2e_tmp/otlp.json" "$packet" <<'PY' || fail "formats of traces"
import json, re, sys
lines = [json.loads(line) for line in open(sys.argv[3] + "/telemetry/trace.jsonl")]
chrome = json.load(open(sys.argv[1]))
whole = [e for e in chrome["traceEvents"] if e["ph"] == "X"]
for a in whole:
    for b in whole:
        assert a is b or a["tid"] != b["tid"] or a["ts"] >= b["ts"] + b["dur"] or b["ts"] >= a["ts"] + a["dur"], (a, b)
assert len(whole) == len(lines) and all(isinstance(e["ts"], int) and e["dur"] >= 0 and e["pid"] and e["tid"] for e in whole)
spans = json.load(open(sys.argv[2]))["resourceSpans"][0]["scopeSpans"][0]["spans"]
assert len(spans) == len(lines)
for s in spans:
    assert re.fullmatch("[0-9a-f]{32}", s["traceId"]) and re.fullmatch("[0-9a-f]{16}", s["spanId"])
    assert int(s["startTimeUnixNano"]) <= int(s["endTimeUnixNano"])
    assert all(set(a) == {"key", "value"} and len(a["value"]) == 1 for a in s["attributes"])
assert [s for s in spans if "parentSpanId" not in s] == spans[:1]
PY
fails in_repo cupel export "$run_id" --trace --format svg
fails in_repo cupel export "$run_id" --format otlp

t "the schema that is printed is the one that is published, and a packet that travelled keeps its terms"
cupel packet schema | cmp - "$schema" || fail "cupel packet schema"
succeeds in_repo cupel export "$run_id" -o "$e2e_tmp/away.tar.zst"
is "$(cd / && cupel packet check "$e2e_tmp/away.tar.zst" >"$e2e_tmp/out" 2>&1; echo $?)" 0 "elsewhere: $(cat "$e2e_tmp/out")"

t "a token in a title, a name of a file, a name in telemetry, behind colours or an escape is nowhere but in the snapshot"
repo=$(new_repo)
cat >"$e2e_tmp/titled.yaml" <<YAML
title: use $token
objective: by value-that-is-known
mood: calm
requires: [{env: MY_VALUE}]
verify: [{name: unit, run: "true"}]
agent:
  command:
    - sh
    - -c
    - >-
      t=\$(sed -n 's/^title: use \\([^ ]*\\).*/\\1/p' item); echo more >>src/a.txt;
      printf '{"text":"line%sn%s"}\n' '\\' "\$t"; printf '\033[01;31m\033[K%s\033[m\n' "\$t"; echo "A_\$t";
      cupel note status text=x extra="{\"\$t\":1}"; cupel note receipt.ahdb.delta --data "{\"believe\":{\"\$t\":1}}";
      if [ -e named ]; then echo x >"src/\$t"; fi; cat item >/dev/null
YAML
cp "$e2e_tmp/titled.yaml" "$repo/item"
git -C "$repo" add -A && git -C "$repo" commit -qm "what is read inside"
nowhere() {
        is "$(grep -rlaE "$token|value-that-is-known" "$packet/evidence" "$packet/telemetry" "$packet/logs" | grep -v "$1")" "" "secrets"
        is "$(sqlite3 "$(state_of "$repo")/store.db" "SELECT count(*) FROM events WHERE instr(body, '$token')")" 0 "the log"
        is "$(sqlite3 "$(state_of "$repo")/store.db" "SELECT count(*) FROM runs WHERE instr(title || id || item, '$token')")" 0 "runs"
        hasnt "$run_id" "$(tr '[:upper:]' '[:lower:]' <<<"${token:4:12}")" "the run's name"
        hasnt "$json" "$token" "the result"
        succeeds in_repo cupel packet check "$run_id"
        succeeds in_repo cupel verify "$run_id"
        succeeds in_repo cupel replay "$run_id"
        has "$(cat "$packet/config_snapshot/work_item.yaml")" "$token" "the snapshot, byte for byte"
}
MY_VALUE=value-that-is-known run "$repo" "$e2e_tmp/titled.yaml"
is "$outcome" committed "outcome: $(stderr)"
is "$(grep -c '\*\*\*\*' "$packet/logs/agent.log")" 3 "$(cat "$packet/logs/agent.log")"
said=$(git -C "$repo" log -1 --format=%B)
has "$said" "use ****" "the commit's message"
has "$said" "by ****" "the commit's message"
hasnt "$said" "$token" "the commit's message"
hasnt "$said" value-that-is-known "the commit's message"
nowhere nothing
touch "$repo/named"
git -C "$repo" add -A && git -C "$repo" commit -qm "with a file of that name"
MY_VALUE=value-that-is-known run "$repo" "$e2e_tmp/titled.yaml"
is "$outcome" self_verification_failed "outcome: $(stderr)"
is "$(value 'r["patch"]["masked"]')" true "masked"
nowhere 'patch\.diff$' # the name of the file, which the gate refused

done_testing
