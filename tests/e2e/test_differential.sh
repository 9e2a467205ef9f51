#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Verdicts test by test: what is new, what was there before, what is gone; reports that lie or attack; what is remembered.
source "$(dirname "$0")/../lib/e2e.sh"
replay_every_run

# A project whose runner writes JUnit, or prints TAP with `t.sh tap`: each tests/NAME.sh is a test, "# skip" in it skips it.
project() {
        local repo
        repo=$(new_repo)
        mkdir "$repo/tests"
        printf 'grep -q one src/a.txt\n' >"$repo/tests/a.sh"
        printf 'grep -q two src/b.txt\n' >"$repo/tests/b.sh"
        printf 'test -f never\n' >"$repo/tests/old.sh"
        cat >"$repo/t.sh" <<'T'
#!/bin/sh
bad=0 count=0
mkdir -p build
one() { # NAME
        count=$((count + 1))
        if grep -q '^# skip' "$1"; then
                tap="ok - $name # SKIP" xml='<skipped/>'
        elif sh "$1"; then
                tap="ok - $name" xml=
        else
                bad=1 tap="not ok - $name" xml='<failure message="no"/>'
        fi
        [ "$mode" = tap ] && echo "$tap" && return
        echo "<testcase classname=\"tests\" name=\"$name\" time=\"0.01\">$xml</testcase>"
}
all() {
        for test in tests/*.sh; do
                name=$(basename "$test" .sh)
                one "$test"
        done
}
mode=${1:-junit}
if [ "$mode" = tap ]; then
        all
        echo "1..$count"
else
        { echo '<testsuites><testsuite name="all">'; all; echo '</testsuite></testsuites>'; } >build/junit.xml
fi
exit $bad
T
        chmod +x "$repo/t.sh"
        printf 'build/\n' >>"$repo/.gitignore"
        git -C "$repo" add -A
        git -C "$repo" commit -q -m tests
        printf '%s\n' "$repo"
}

# policy REPORT [more keys of the verifier]: the policy of the runs that follow
policy() { printf 'verifiers:\n  unit: {run: "%s", timeout: 60s, report: {%s}%s}\ngates: {test_tamper: off, anti_stub: off}\n' "$2" "$1" "${3:+, $3}" >"$e2e_tmp/policy.yaml"; }
go() { run "$repo" --policy "$e2e_tmp/policy.yaml" --title x --verify unit -- sh -c "$1"; }

# fact EXPRESSION: of the director's first verifier in report.json, as `v`; of all of them as `all`, of the runner's as `self`
fact() { python3 -c 'import json,sys
report=json.load(open(sys.argv[2]+"/evidence/report.json"))
all=report["verifiers"]["director"]; self=report["verifiers"]["self"]; v=all[0] if all else None
print(eval(sys.argv[1]))' "$1" "$packet" 2>&1; }
names() { fact "' '.join(v['cases']['$1']['names'])"; }

repo=$(project)

t "a failure that the base has too is listed, and does not stop the change"
policy 'junit: build/junit.xml' ./t.sh 'baseline: true'
go 'echo more >> src/a.txt'
is "$status" 0 "exit status ($json $(stderr))"
is "$(fact "v['result']")" PRE_EXISTING "the director's result"
is "$(fact "self[0]['result']")" PRE_EXISTING "the runner's result"
is "$(names pre_existing)" all::tests::old "what fails on the base too"
is "$(fact "v['cases']['counts']['pass']")" 2 "passing tests"
has "$(cat "$packet/evidence/report.md")" all::tests::old "report.md"
has "$(cd "$repo" && cupel show @last)" all::tests::old "cupel show"

t "the same without baseline: true is a failure"
policy 'junit: build/junit.xml' ./t.sh
go 'echo more >> src/a.txt'
is "$status" 22 "exit status ($json)"
has "$json" all::tests::old "the failing test is named"

t "a new failure blocks, is named first, and the old one beside it"
policy 'junit: build/junit.xml' ./t.sh 'baseline: true, gate: director'
before=$(fingerprint "$repo")
go 'echo three > src/a.txt'
is "$status" 23 "exit status ($json)"
has "$json" 'FAIL: 1 new failure: all::tests::a; 1 fails on the base too: all::tests::old' "the reason"
is "$(names new_failures)" all::tests::a "new failures"
is "$(fingerprint "$repo")" "$before" "the repository"

t "the base is not run again: it is known from before"
isnt "$(fact "v.get('base_run')")" None "whose run of the base it was"
isnt "$(fact "v.get('base_run')")" "$run_id" "whose run of the base it was"
is "$(compgen -G "$packet/logs/*@base*")" '' "logs of the base"

t "with --no-reuse it is run again"
run "$repo" --policy "$e2e_tmp/policy.yaml" --no-reuse --title x --verify unit -- sh -c 'echo three > src/a.txt'
is "$(fact "v.get('base_run')")" None "whose run of the base it was"
isnt "$(compgen -G "$packet/logs/*@base*")" '' "logs of the base"

t "a test that is gone blocks, though everything that is left passes"
policy 'junit: build/junit.xml' './t.sh || true' 'baseline: true, gate: director'
go 'echo three > src/a.txt; rm tests/a.sh'
is "$status" 23 "exit status ($json)"
has "$json" '1 test that passes on the base is gone: all::tests::a' "the reason"
is "$(names vanished)" all::tests::a "vanished"

t "a test that is skipped now blocks too, and its name is told"
go 'echo three > src/a.txt; echo "# skip" > tests/a.sh'
is "$status" 23 "exit status ($json)"
is "$(names skipped)" all::tests::a "skipped"

t "where the policy only wants to hear of lost tests they are told and land"
policy 'junit: build/junit.xml, lost: warn' './t.sh' 'baseline: true, gate: director'
go 'rm tests/b.sh; echo x > src/b.txt'
is "$status" 0 "exit status ($json)"
has "$json" 'gone: all::tests::b' "the reasons"

t "exit status 0 with a failing test in the report is no pass"
policy 'junit: build/junit.xml' './t.sh; true' 'gate: director'
go 'echo three > src/a.txt'
is "$status" 23 "exit status ($json)"
has "$json" 'all::tests::a' "the reasons"

t "TAP from what it prints is compared the same way"
policy 'tap: "-"' './t.sh tap' 'baseline: true, gate: director'
go 'echo three > src/a.txt'
is "$status" 23 "exit status ($json)"
has "$json" '1 new failure: a; 1 fails on the base too: old' "the reason"
go 'echo fine >> src/a.txt'
is "$status" 0 "exit status ($json)"
is "$(names pre_existing)" old "what fails on the base too"

t "a flaky test is told by its name, and shown"
flaky=$(project)
cat >"$flaky/flaky.sh" <<'T'
#!/bin/sh
mkdir -p build
if [ $(($(od -An -N1 -tu1 /dev/urandom) % 2)) = 0 ]; then x='<failure/>' bad=1; else x= bad=0; fi
echo "<testsuites><testsuite name='all'><testcase name='steady'/><testcase name='shaky'>$x</testcase></testsuite></testsuites>" > build/junit.xml
exit $bad
T
chmod +x "$flaky/flaky.sh"
git -C "$flaky" add -A
git -C "$flaky" commit -qm flaky
policy 'junit: build/junit.xml' ./flaky.sh 'retries: 10, gate: director'
for _ in $(seq 40); do # one in two is flaky
        run "$flaky" --policy "$e2e_tmp/policy.yaml" --no-reuse --title x --verify unit -- sh -c 'date +%N > src/a.txt'
        is "$status" 0 "exit status ($json)"
        [ "$(fact "v['result']")" != FLAKY ] || break
done
is "$(fact "v['result']")" FLAKY "the result"
is "$(names flaky)" all::shaky "the flaky test"
has "$json" all::shaky "the reasons"
has "$(cd "$flaky" && cupel show @last)" all::shaky "cupel show"

t "a new test that passes without the change is reported"
policy 'junit: build/junit.xml' ./t.sh 'baseline: true, gate: director'
go 'echo new > src/n.txt; echo "test -f src/n.txt" > tests/good.sh; echo true > tests/idle.sh'
is "$status" 0 "exit status ($json)"
is "$(names untested)" all::tests::idle "tests that show nothing of the change"
is "$(fact "v['cases']['does_not_test']")" True "said of the verifier"
has "$json" 'does not test the change' "the reasons"
has "$(cat "$packet/evidence/report.md")" 'does not test the change' "report.md"

t "new tests that need the change are not reported"
go 'echo new > src/m.txt; echo "test -f src/m.txt" > tests/needs.sh'
is "$status" 0 "exit status ($json)"
hasnt "$json" 'does not test' "the reasons"

t "a report that was committed and not written again does not count"
stale=$(project)
mkdir "$stale/build"
echo '<testsuites><testsuite name="all"><testcase name="fine"/></testsuite></testsuites>' >"$stale/build/junit.xml"
git -C "$stale" add -f build
git -C "$stale" commit -qm stale
policy 'junit: build/junit.xml' true 'gate: director'
run "$stale" --policy "$e2e_tmp/policy.yaml" --title x --verify unit -- sh -c 'echo x > src/a.txt'
is "$status" 23 "exit status ($json)"
has "$json" 'INCONCLUSIVE' "the result"
has "$json" 'build/junit.xml was not written' "the reason"

# hostile NAME TEXT [GATE STATUS] <SCRIPT: the verifier leaves that in the report's place, and the reason says TEXT
hostile() {
        t "a report that is $1 says nothing, and says why"
        { printf 'verifiers:\n  unit:\n    timeout: 60s\n    gate: %s\n    report: {junit: build/junit.xml}\n    run: |\n      mkdir -p build\n' "${3:-director}" && sed 's/^/      /'; } >"$e2e_tmp/policy.yaml"
        go 'date +%N > src/a.txt'
        is "$status" "${4:-23}" "exit status ($json)"
        has "$json" INCONCLUSIVE "the result"
        has "$json" "$2" "the reason"
}
hostile "a link out" 'no regular file' <<<'ln -s /etc/passwd build/junit.xml'
hostile "a link out, for the runner too" 'no regular file' self 22 <<<'ln -s /etc/passwd build/junit.xml'
hostile "below a link" 'cannot be used' <<<'rm -r build; ln -s /tmp build; echo x > /tmp/junit.xml'
hostile "a FIFO" 'no regular file' <<<'mkfifo build/junit.xml'
hostile "a folder" 'no regular file' <<<'mkdir build/junit.xml'
hostile "a gigabyte" '1024 MiB; at most 16 MiB are read' <<<'truncate -s 1G build/junit.xml'
hostile "no XML" 'no XML' <<<'echo nothing > build/junit.xml'
hostile "another XML" 'no JUnit: it begins with <html>' <<<'echo "<html/>" > build/junit.xml'
hostile "cut off" 'no XML' <<<'echo "<testsuite><testcase/>" > build/junit.xml'
hostile "a bomb of entities" 'document type' <<'X'
cat > build/junit.xml <<'Y'
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<testsuite name="&c;"><testcase name="x"/></testsuite>
Y
X
hostile "nested without end" 'nested more than' <<<'for i in $(seq 100); do printf "<testsuite>"; done > build/junit.xml'
hostile "too many tests" 'more than 100000 test cases' <<<'{ echo "<testsuite>"; yes "<testcase name=\"x\"/>" | head -n 100001; echo "</testsuite>"; } > build/junit.xml'

t "verifiers that are independent run beside each other"
both=$(project)
cat >"$e2e_tmp/policy.yaml" <<'Y'
verifiers:
  left: {run: "sleep 1", gate: director, timeout: 60s}
  middle: {run: "exit 0", gate: director, timeout: 60s}
  right: {run: "sleep 1", gate: director, timeout: 60s}
Y
run "$both" --policy "$e2e_tmp/policy.yaml" --jobs 3 --title x --verify left --verify middle --verify right -- sh -c 'echo x > src/a.txt'
is "$status" 0 "exit status ($json $(stderr))"
is "$(fact "[one['name'] for one in all]")" "['left', 'middle', 'right']" "the order of the results"
is "$(fact "all[0]['started'] < all[2]['ended'] and all[2]['started'] < all[0]['ended']")" True "both were under way at once"
run "$both" --policy "$e2e_tmp/policy.yaml" --no-reuse --jobs 1 --title x --verify left --verify right -- sh -c 'echo y > src/a.txt'
is "$(fact "all[0]['ended'] <= all[1]['started']")" True "with --jobs 1 one after the other"

t "a verifier that fails beside others changes nothing of theirs"
cat >"$e2e_tmp/policy.yaml" <<'Y'
verifiers:
  bad: {run: "echo x > mark; exit 3", gate: director, timeout: 60s}
  good: {run: "sleep 0.2; test ! -e mark", gate: director, timeout: 60s}
Y
run "$both" --policy "$e2e_tmp/policy.yaml" --jobs 2 --title x --verify bad --verify good -- sh -c 'echo z > src/a.txt'
is "$status" 23 "exit status ($json)"
is "$(fact "[one['result'] for one in all]")" "['FAIL', 'PASS']" "the results"

t "an interruption ends all of them, and nothing stays"
cat >"$e2e_tmp/policy.yaml" <<'Y'
verifiers:
  one: {run: "echo up; sleep 600", gate: director, timeout: 900s}
  two: {run: "echo up; sleep 600", gate: director, timeout: 900s}
Y
before=$(fingerprint "$both")
(cd "$both" && exec cupel run --json --quiet --policy "$e2e_tmp/policy.yaml" --jobs 2 --title stop --verify one --verify two -- sh -c 'echo q > src/a.txt') >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
pid=$!
wait_for 30 bash -c 'cat "$0"/cupel/repos/*/runs/stop__*/logs/director.one.log | grep -q up && cat "$0"/cupel/repos/*/runs/stop__*/logs/director.two.log | grep -q up' "$XDG_STATE_HOME" || fail "the two verifiers did not start"
kill -TERM "$pid"
wait "$pid"
status=$?
read_result "$e2e_tmp/stdout"
is "$status" 27 "exit status ($json)"
is "$(fingerprint "$both")" "$before" "the repository"
wait_for 10 quiet_now || fail "processes stay"
is "$(ls "${packet%/}" 2>/dev/null | tr '\n' ' ' | grep -o 'rooms*')" '' "folders of rooms"

t "what is no number of jobs is refused"
run "$both" --jobs many --title x --verify good=true -- true
is "$status" 2 "exit status"
has "$(stderr)" '--jobs' "the message"
CUPEL_JOBS=0 run "$both" --title x --verify good=true -- true
is "$status" 2 "exit status"
has "$(stderr)" 'CUPEL_JOBS' "the message"

t "the same tree, verified again by the same plan, is not run again, and the receipt says so"
again=$(new_repo)
cat >"$e2e_tmp/policy.yaml" <<'Y'
approval: {person_at: low}
verifiers: {unit: {run: "test -f src/a.txt", gate: director, timeout: 60s}}
Y
run "$again" --policy "$e2e_tmp/policy.yaml" --title x --verify unit -- sh -c 'echo same > src/a.txt'
is "$status" 10 "exit status ($json)"
first=$run_id
is "$(fact "v.get('reused')")" None "the first time"
run "$again" --policy "$e2e_tmp/policy.yaml" --title x --verify unit -- sh -c 'echo same > src/a.txt'
is "$(fact "v['result']")" PASS "the result"
is "$(fact "v['reused']['run']")" "$first" "whose verdict it is ($json)"
has "$(cd "$again" && cupel show @last)" "reused" "cupel show"
run "$again" --policy "$e2e_tmp/policy.yaml" --no-reuse --title x --verify unit -- sh -c 'echo same > src/a.txt'
is "$(fact "v.get('reused')")" None "with --no-reuse"

t "another tree, another command or a day later is run"
run "$again" --policy "$e2e_tmp/policy.yaml" --title x --verify unit -- sh -c 'echo other > src/a.txt'
is "$(fact "v.get('reused')")" None "another tree"
sed -i 's/test -f src/test -e src/' "$e2e_tmp/policy.yaml"
run "$again" --policy "$e2e_tmp/policy.yaml" --title x --verify unit -- sh -c 'echo same > src/a.txt'
is "$(fact "v.get('reused')")" None "another command"
sed -i 's/test -e src/test -f src/' "$e2e_tmp/policy.yaml"
sqlite3 "$XDG_STATE_HOME"/cupel/repos/repo-*/store.db "UPDATE evidence SET at = at - 86401" 2>"$e2e_tmp/err" ||
        for db in "$XDG_STATE_HOME"/cupel/repos/*/store.db; do sqlite3 "$db" "UPDATE evidence SET at = at - 86401"; done
run "$again" --policy "$e2e_tmp/policy.yaml" --title x --verify unit -- sh -c 'echo same > src/a.txt'
is "$(fact "v.get('reused')")" None "a day later"

done_testing
