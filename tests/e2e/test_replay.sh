#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cupel replay: runs of every ending judged again, here and on a second clone; forks, changed packets, hostile archives; where the base
# comes from; what it leaves; reports.
source "$(dirname "$0")/../lib/e2e.sh"
packets_spoiled # on purpose: how that is told is what it tests

# elsewhere CLONE ARGUMENTS… : replay with a state and a cache of its own; sets status, said.
said=''
elsewhere() {
        local clone=$1
        shift
        said=$(cd "$clone" && CUPEL_STATE=$e2e_tmp/state2 CUPEL_CACHE=$e2e_tmp/cache2 timeout 120 cupel replay "$@" 2>&1 </dev/null)
        status=$?
}
export_run() { succeeds env -C "$1" cupel export "$2" --force -o "$3" "${@:4}"; }

repo=$(new_repo)
out=$(new_folder out)
cat >"$repo/suite.sh" <<'EOF'
#!/bin/sh
mkdir -p build
grep -q bad src/a.txt && fails='<failure message="bad"/>'
echo "<testsuite><testcase classname=\"s\" name=\"a\">$fails</testcase><testcase classname=\"s\" name=\"b\"/></testsuite>" >build/r.xml
[ -z "$fails" ]
EOF
chmod +x "$repo/suite.sh"
mkdir -p "$repo/.cupel"
cat >"$repo/.cupel/policy.yaml" <<'EOF'
verifiers:
  unit: {run: ./check.sh, gate: both}
  suite: {run: ./suite.sh, gate: director, report: {junit: build/r.xml}}
EOF
echo /build/ >>"$repo/.gitignore"
git -C "$repo" add -A
git -C "$repo" commit -q -m policy
git clone -q --no-hardlinks "$repo" "$out/clone"

# replays NAME EXPECTED_OUTCOME RUN-OPTIONS… : a run, then its packet on the clone: the same verdict, and nothing is touched.
declare -A id_of=()
replays() {
        local name=$1 expected=$2 before
        shift 2
        run "$repo" --title "$name" "$@"
        is "$outcome" "$expected" "outcome of $name"
        id_of[$name]=$run_id
        export_run "$repo" "$run_id" "$out/$name.tar.zst"
        git -C "$out/clone" fetch -q origin
        before=$(fingerprint "$out/clone")
        elsewhere "$out/clone" "$out/$name.tar.zst"
        is "$status" 0 "replay of $name: $said"
        is "$(fingerprint "$out/clone")" "$before" "the clone after $name"
        fails test -e "$e2e_tmp/state2/repos"
        is "$(find "$e2e_tmp/cache2/scratch" -mindepth 1 -maxdepth 1 | wc -l)" 0 "scratch folders"
}

t "a committed run"
replays good committed --verify unit --verify suite -- sh -c 'echo more >>src/a.txt; rm src/b.txt; printf "\0\1" >new.bin; ln -s a.txt src/l; : >empty; mkdir x; echo y >"x/a b"'
has "$said" "accepted → accepted"
has "$said" "suite"

replays again committed --verify unit -- sh -c 'echo again >again.txt'

t "one that removed everything there is"
ground=$(new_repo)
printf 'approval: {person_at: critical}\n' >"$out/lenient.yaml"
git clone -q --no-hardlinks "$ground" "$out/ground"
# shellcheck disable=SC2016
run "$ground" --title away --policy "$out/lenient.yaml" --verify 'empty=test -z "$(ls)"' -- sh -c 'rm -r -- * .gitignore'
is "$outcome" committed "$(stderr)"
export_run "$ground" "$run_id" "$out/away.tar.zst"
elsewhere "$out/ground" "$out/away.tar.zst"
is "$status" 0 "$said"
has "$said" "accepted → accepted"

t "one that the director refused, test by test"
replays refused director_refused --verify suite -- sh -c 'echo bad >>src/a.txt'
has "$said" "refused → refused"
has "$said" "FAIL         → FAIL"

t "one that its own gate refused"
replays own self_verification_failed --verify "no=false" -- sh -c 'echo x >>src/a.txt'
has "$said" "the run's own gate"

t "one that a gate refused"
replays marker self_verification_failed --verify unit -- sh -c 'printf "<<<<<<< a\n=======\n>>>>>>> b\n" >>src/a.txt'
has "$said" "gate conflict_markers, block, src/a.txt:"
has "$said" again

t "one whose secret the packet hides: what is left is judged, the rest is of the record"
replays secret self_verification_failed --verify unit -- sh -c 'printf "key = \"AKIA%s\"\n" IOSFODNN7EXAMPLQ >>src/a.txt'
has "$said" "from the record: the packet hides its bytes"

t "those that left nothing to judge say so"
replays failed work_failed --verify unit -- sh -c 'echo x >>src/a.txt; exit 3'
has "$said" "nothing to judge: its agent failed"
replays idle no_change --verify unit -- true
has "$said" "nothing to judge: it changed nothing"
replays odd self_verification_failed --verify unit -- mkfifo src/pipe
has "$said" "nothing to judge: its result was refused before there was a candidate"
replays watched observed --mood curious -- sh -c 'cupel note observation text=seen'
has "$said" "nothing to judge"

t "a held run, and the same after a person rejected it"
printf 'approval: {person_at: low}\nverifiers: {unit: {run: ./check.sh}}\n' >"$out/held.yaml"
replays held held --policy "$out/held.yaml" --verify unit -- sh -c 'echo held >>src/a.txt'
has "$said" "accepted → accepted"
succeeds env -C "$repo" cupel reject "${id_of[held]}" --reason no
export_run "$repo" "${id_of[held]}" "$out/held.tar.zst"
elsewhere "$out/clone" "$out/held.tar.zst"
is "$status" 0 "after the rejection: $said"
has "$said" "rejected"

t "here, a run replays without any archive, whatever else happened since"
(cd "$repo" && cupel replay --quiet "${id_of[good]}") >"$out/said" 2>&1
is $? 0 "exit status: $(cat "$out/said")"
has "$(cat "$out/said")" "the same verdict"

t "another verdict is told verifier by verifier, test by test"
git clone -q --no-hardlinks "$repo" "$out/flaky"
cat >"$out/flaky/coin.sh" <<'EOF'
#!/bin/sh
test "$(cat /proc/sys/kernel/random/uuid | tr -dc 0-9 | cut -c1)" -lt "${1:-5}"
EOF
chmod +x "$out/flaky/coin.sh"
git -C "$out/flaky" add -A && git -C "$out/flaky" commit -q -m coin
admit "$out/flaky"
run "$out/flaky" --title sure --verify "coin=./coin.sh" -- sh -c 'sed -i "s/:-5/:-99/" coin.sh'
is "$outcome" committed
elsewhere "$out/flaky" "$run_id"
is "$status" 2 "a run of another store: $said"
(cd "$out/flaky" && cupel replay --quiet --times 3 @last) >"$out/said" 2>&1
is $? 0
has "$(cat "$out/said")" "3 × PASS"

t "without the commit that it was judged on: which one, and what to do"
git init -q "$out/empty"
elsewhere "$out/empty" "$out/good.tar.zst"
is "$status" 2
has "$said" "git fetch"
has "$said" "--with-base"

t "with the packet's bundle neither clone nor repository is needed"
export_run "$repo" "${id_of[good]}" "$out/whole.tar.zst" --with-base
elsewhere "$out/empty" "$out/whole.tar.zst"
is "$status" 0 "in a repository that lacks it: $said"
has "$said" "from the packet's bundle"
mkdir "$out/nowhere"
elsewhere "$out/nowhere" "$out/whole.tar.zst"
is "$status" 0 "outside of any: $said"
is "$(find "$e2e_tmp/cache2/scratch" -mindepth 1 -maxdepth 1 | wc -l)" 0 "scratch folders"

# edit NAME TO SCRIPT… : the packet NAME unpacked, changed in its folder, packed again.
edit() {
        local from=$1 to=$2 id=${id_of[$1]:-}
        shift 2
        rm -rf "$out/edit" && mkdir "$out/edit"
        "$e2e_top/tests/lib/untar.py" "$out/$from.tar.zst" "$out/edit"
        (cd "$out/edit/$id" && chmod -R u+w . && "$@")
        "$e2e_top/tests/lib/untar.py" --pack "$out/edit" "$out/$to.tar.zst" "$id"
}
resum() { (cd evidence && awk '{print $2}' SHA256SUMS | xargs sha256sum >new && mv new SHA256SUMS); }

t "a changed policy is a fork, not a replay, whatever was forged along with it"
edit good fork1 sed -i 's/gate: both/gate: self/' config_snapshot/policy.yaml
elsewhere "$out/clone" "$out/fork1.tar.zst"
is "$status" 4 "exit status: $said"
has "$said" "this is a fork of the run"
change_plan() { sed -i 's/"run":"[^"]*suite.sh"/"run":"true"/' config_snapshot/plan.json && resum; }
edit refused fork2 change_plan
elsewhere "$out/clone" "$out/fork2.tar.zst"
is "$status" 4 "sums forged too: $said"

t "a packet that was unpacked is judged where it lies, whatever its folder is called; another folder is none"
mkdir "$out/unpacked"
"$e2e_top/tests/lib/untar.py" "$out/good.tar.zst" "$out/unpacked"
elsewhere "$out/clone" "$out/unpacked/${id_of[good]}"
is "$status" 0 "the folder: $said"
has "$said" "accepted → accepted"
said=$(cd "$out/unpacked" && cupel replay "${id_of[good]}" 2>&1)
is $? 2 "a name without a slash is a run's"
mv "$out/unpacked/${id_of[good]}" "$out/unpacked/renamed"
elsewhere "$out/unpacked" ./renamed
is "$status" 2 "outside of any clone: $said"
has "$said" "neither here nor in the packet"
elsewhere "$out/clone" --json --quiet "$out/unpacked/renamed/"
is "$status" 0 "renamed: $said"
is "$(field run "$said")" "${id_of[good]}" "whose packet it is"
chmod -R u+w "$out/unpacked"
sed -i 's/gate: both/gate: self/' "$out/unpacked/renamed/config_snapshot/policy.yaml"
elsewhere "$out/clone" "$out/unpacked/renamed"
is "$status" 4 "a changed policy: $said"
ln -sf /etc/passwd "$out/unpacked/renamed/config_snapshot/policy.yaml"
elsewhere "$out/clone" "$out/unpacked/renamed"
isnt "$status" 0 "a link in it: $said"
elsewhere "$out/clone" ./src
is "$status" 2 "a folder that is no packet"
has "$said" "is a folder, but no packet"
(cd "$repo" && cupel replay src) >"$out/said" 2>&1
has "$(cat "$out/said")" "for the folder here: ./src"

t "a changed log, report, patch or list of sums: nothing in the packet counts"
for file in telemetry/events.normalized.jsonl evidence/report.json evidence/patch.diff logs/agent.log; do
        append() { echo >>"$file"; }
        edit good changed append
        elsewhere "$out/clone" "$out/changed.tar.zst"
        is "$status" 2 "$file: $said"
        has "$said" "not as it was written"
done
forge_patch() { sed -i 's/^+more/+mor3/' evidence/patch.diff && resum; }
edit good forged forge_patch
elsewhere "$out/clone" "$out/forged.tar.zst"
is "$status" 2 "a forged patch: $said"
edit_log() { sed -i '3d' telemetry/events.normalized.jsonl && resum; }
edit good forged edit_log
elsewhere "$out/clone" "$out/forged.tar.zst"
is "$status" 2 "an event less: $said"
has "$said" "not as it was written"

t "hostile archives are refused, and nothing is left of them"
link() { ln -s /etc/passwd evidence/passwd; }
edit good hostile link
elsewhere "$out/clone" "$out/hostile.tar.zst"
is "$status" 2
has "$said" "a symbolic link"
extra() { mkdir .git && echo '[core]' >.git/config; }
edit good hostile extra
elsewhere "$out/clone" "$out/hostile.tar.zst"
is "$status" 2
has "$said" "no part of a packet"
head -c 1500 "$out/good.tar.zst" >"$out/cut.tar.zst"
elsewhere "$out/clone" "$out/cut.tar.zst"
is "$status" 2
is "$(find "$e2e_tmp/cache2/scratch" -mindepth 1 -maxdepth 1 | wc -l)" 0 "scratch folders"

t "what a foreign policy shows of a host is not shown of this one, unless a person says so"
mkdir -p "$HOME/shown" && echo secret >"$HOME/shown/file"
cat >"$out/open.yaml" <<EOF
sandbox: {read: [~/shown], env: [LANG, MY_TOKEN]}
verifiers: {sees: {run: "test -f ~/shown/file && test -n \"\$MY_TOKEN\""}}
EOF
export MY_TOKEN=here
run "$repo" --title opens --policy "$out/open.yaml" --verify sees -- sh -c 'echo o >>src/a.txt'
is "$outcome" committed "the run: $(stderr)"
replays_as 1 "its verifier wants a variable of the first host, which is in no packet" "$run_id"
export_run "$repo" "$run_id" "$out/opens.tar.zst"
git -C "$out/clone" fetch -q origin
elsewhere "$out/clone" "$out/opens.tar.zst"
is "$status" 1 "closed: $said"
has "$said" '~/shown, $MY_TOKEN'
has "$said" "--with-host"
elsewhere "$out/clone" --with-host "$out/opens.tar.zst"
is "$status" 0 "opened: $said"
succeeds env -C "$repo" cupel replay --quiet "$run_id"
unset MY_TOKEN

t "what git ignores in a clone is not shown to somebody else's verifiers, unless a person says so, and nothing else ever is"
mkdir -p "$repo/ignored" && echo dependency >"$repo/ignored/file"
cat >"$out/carry.yaml" <<EOF
sandbox: {carry: [ignored]}
verifiers: {uses: {run: "test -f ignored/file"}}
EOF
run "$repo" --title carries --policy "$out/carry.yaml" --verify uses -- sh -c 'echo c >>src/a.txt'
is "$outcome" committed "the run: $(stderr)"
replays_as 1 "its verifier reads a carried folder, which is in no packet and no clone" "$run_id"
export_run "$repo" "$run_id" "$out/carries.tar.zst"
git -C "$out/clone" fetch -q origin
mkdir -p "$out/clone/ignored" && echo private >"$out/clone/ignored/file"
elsewhere "$out/clone" "$out/carries.tar.zst"
is "$status" 1 "closed: $said"
has "$said" "carries ignored into the sandbox"
has "$said" "--with-carry"
elsewhere "$out/clone" --with-host "$out/carries.tar.zst"
is "$status" 1 "the host is another thing: $said"
elsewhere "$out/clone" --with-carry "$out/carries.tar.zst"
is "$status" 0 "opened: $said"
hasnt "$said" "--with-carry"
git init -q "$out/clone/ignored"
elsewhere "$out/clone" --with-carry "$out/carries.tar.zst"
is "$status" 2 "a repository of its own: $said"
has "$said" "a git repository of its own"
rm -rf "${out:?}/clone/ignored"
succeeds env -C "$repo" cupel replay --quiet "$run_id"

t "reports: JUnit, SARIF, JSON, annotations that give no commands"
elsewhere "$out/clone" --json --quiet --junit "$out/r.xml" --sarif "$out/r.sarif" "$out/refused.tar.zst"
is "$status" 0
is "$(field verdict "$said")" same
is "$(field judged "$said")" true
python3 - "$out/r.xml" "$out/r.sarif" <<'EOF' >"$out/said" 2>&1 || fail "reports: $(cat "$out/said")"
import json, sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot().find("testsuite")
assert [case.get("name") for case in suite.findall("testcase")] == ["suite", "unit", "verdict"] or \
    [case.get("name") for case in suite.findall("testcase")] == ["suite", "verdict"], "cases"
assert not suite.findall(".//failure") and suite.get("failures") == "0"
sarif = json.load(open(sys.argv[2]))
assert sarif["version"] == "2.1.0" and sarif["runs"][0]["tool"]["driver"]["name"] == "cupel"
EOF
export GITHUB_ACTIONS=true
elsewhere "$out/clone" --quiet --sarif "$out/m.sarif" "$out/marker.tar.zst"
unset GITHUB_ACTIONS
has "$said" "::error title=conflict_markers"
has "$said" "file=src/a.txt,line="
has "$(head -n 1 <<<"$said")" "::stop-commands::"
has "$(cat "$out/m.sarif")" '"startLine"'
run "$repo" --title inject --verify unit -- sh -c 'printf "<<<<<<< a\n" >>"$(printf "src/x\n::set-env name=A::b,%%0A:c")"'
export_run "$repo" "$run_id" "$out/inject.tar.zst"
export GITHUB_ACTIONS=true
elsewhere "$out/clone" --quiet "$out/inject.tar.zst"
unset GITHUB_ACTIONS
is "$(grep -c '^ *::set-env' <<<"$said")" 0 "commands of the packet's: $said"
run "$repo" --title '##[add-mask]x' --verify unit -- sh -c 'printf "<<<<<<< a\n" >>"src/##[error]x"'
export_run "$repo" "$run_id" "$out/older.tar.zst"
export GITHUB_ACTIONS=true
elsewhere "$out/clone" --quiet "$out/older.tar.zst"
has "$said" "::error title=conflict_markers"
has "$said" '##\u005berror]x'
hasnt "$said" '##[' "commands in the older form"
elsewhere "$out/clone" --quiet --json "$out/older.tar.zst"
hasnt "$said" '##[' "commands in the older form, in JSON"
for command in "show $run_id" "show $run_id --json" "runs --json" "events $run_id" "diff $run_id ${id_of[good]}" "packet check $run_id"; do
        # shellcheck disable=SC2086
        (cd "$repo" && cupel $command) >"$out/said" 2>&1
        hasnt "$(cat "$out/said")" '##[' "cupel $command"
done
has "$(cd "$repo" && cupel show "$run_id" --json | jq -r .title)" '##[add-mask]x' "JSON has the same value"
is "$(cd "$repo" && cupel show "$run_id" --diff | sha256sum)" "$(sha256sum <"$packet/evidence/patch.diff")" "a patch for a program"
unset GITHUB_ACTIONS

t "a replay that is killed leaves nothing that the next command does not take away"
(cd "$repo" && exec cupel replay --quiet "${id_of[good]}" --times 1000) >/dev/null 2>&1 &
victim=$!
busy() { [ -n "$(find "$XDG_CACHE_HOME/cupel/scratch" -name plan.json 2>/dev/null)" ]; }
wait_for 20 busy || fail "the replay never began"
kill -KILL "$victim"
wait "$victim" 2>/dev/null
gone() { (cd "$repo" && cupel replay --quiet "${id_of[good]}") && [ -z "$(find "$XDG_CACHE_HOME/cupel/scratch" -mindepth 1 -maxdepth 1)" ]; }
wait_for 20 gone || fail "left: $(find "$XDG_CACHE_HOME/cupel/scratch" | head -5)"
wait_for 20 quiet_now || fail "processes are left: $(pgrep -af "$e2e_tmp")"

t "the work again is a run of its own, that never lands"
tip=$(git -C "$repo" rev-parse HEAD)
(cd "$repo" && timeout 60 cupel replay --rerun --json "${id_of[own]}") >"$out/said" 2>"$out/err" </dev/null
is $? 0 "a failed one: $(cat "$out/said" "$out/err")"
is "$(field now "$(cat "$out/said")")" self_verification_failed
(cd "$repo" && timeout 60 cupel replay --rerun --json "${id_of[again]}") >"$out/said" 2>"$out/err" </dev/null
is $? 0 "a committed one: $(cat "$out/said" "$out/err")"
is "$(field now "$(cat "$out/said")")" no_change "its commit is on the target already"
run "$repo" --title fresh --policy "$out/held.yaml" --verify unit -- sh -c 'echo fresh >fresh.txt'
is "$outcome" held
(cd "$repo" && timeout 60 cupel replay --rerun --json "$run_id") >"$out/said" 2>"$out/err" </dev/null
is $? 0 "a held one: $(cat "$out/said" "$out/err")"
is "$(field now "$(cat "$out/said")")" held
is "$(git -C "$repo" rev-parse HEAD)" "$tip" "the target"
is "$(cd "$repo" && cupel show --json "$(field run "$(cat "$out/said")")" | python3 -c 'import json,sys; print(json.load(sys.stdin)["outcome"])')" rejected
elsewhere "$out/clone" --rerun "$out/own.tar.zst"
is "$status" 2
has "$said" "somebody else's"

t "the commands of the CI example work as they stand"
mkdir "$out/ci" && cd "$out/clone" || exit
sed -n '/^mkdir -p packets/,/^done/p' "$e2e_top/docs/replay.md" >"$out/ci/worker.sh"
sed -n '/^          status=0/,/^          exit/s/^          //p' "$e2e_top/docs/replay.md" >"$out/ci/job.sh"
succeeds env -C "$repo" bash -eu "$out/ci/worker.sh"
mv "$repo/packets" "$out/ci/packets"
succeeds test "$(find "$out/ci/packets" -name '*.tar.zst' | wc -l)" -ge 6
git clone -q --no-hardlinks "$repo" "$out/ci/clone"
mv "$out/ci/packets" "$out/ci/clone/packets"
(cd "$out/ci/clone" && CUPEL_STATE=$e2e_tmp/state3 bash -eu "$out/ci/job.sh") >"$out/said" 2>&1 || fail "the job: $(tail -20 "$out/said")"
succeeds test "$(find "$out/ci/clone/reports" -name '*.xml' | wc -l)" -ge 6

t "wrong words are answered with what was meant"
elsewhere "$out/clone" --times 0 "$out/good.tar.zst"
is "$status" 2
elsewhere "$out/clone" nothing
is "$status" 2
elsewhere "$out/clone" "$out/none.tar.zst"
is "$status" 2
has "$said" "no such file"

done_testing
