#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every limit of a run, for the agent and for the verifiers of both gates: the run ends as budget_exceeded, names the budget and
# what was used, leaves nothing, and the packet tells what held it. Then: what of a run's output is kept, and what is hidden.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
before=$(fingerprint "$repo")

# Control groups that these processes made, wherever they are.
groups_of() {
        local pid
        for pid in "$@"; do
                find /sys/fs/cgroup -maxdepth 8 -name "cupel-*-$pid-*" 2>/dev/null
        done
}

# exceeded WHO KEY: the run that was made ended for that budget.
exceeded() {
        local who=$1 key=$2
        is "$status" 24 "exit status of $who, $key ($json $(stderr))"
        is "$outcome" budget_exceeded "$who, $key"
        has "$json" "(budget.$key; it used" "the reason of $who"
        is "$(fingerprint "$repo")" "$before" "the repository after $who, $key"
}

# hog KEY=VALUE COMMAND: as the agent, as a verifier of the run, as a verifier of the director.
hog() {
        local key=${1%%=*}
        run "$repo" --title hog --budget "$1" --verify ok=true -- bash -c "$2"
        exceeded agent "$key"
        run "$repo" --title hog --budget "$1" --policy "$e2e_tmp/self.yaml" --verify hog -- sh -c 'echo x >src/x'
        exceeded "self verifier" "$key"
        run "$repo" --title hog --budget "$1" --policy "$e2e_tmp/director.yaml" --verify hog -- sh -c 'echo x >src/x'
        exceeded director "$key"
}

# A verifier of one gate that runs $HOG, which the policy carries.
policies() {
        local gate
        for gate in self director; do
                python3 -c 'import json,sys
print(json.dumps({"verifiers":{"hog":{"run":sys.argv[2],"timeout":"60s","gate":sys.argv[1],"baseline":False}}}))' \
                        "$gate" "$1" >"$e2e_tmp/$gate.yaml"
        done
}

tries() { # NAME KEY=VALUE COMMAND
        t "$1"
        policies "$3"
        hog "$2" "$3"
}

burst='python3 -c "x = bytearray(1 << 30); import time; time.sleep(30)"'
tries "memory" memory=96M "$burst"
# shellcheck disable=SC2016
tries "memory of many processes" memory=96M 'for i in 1 2 3 4; do python3 -c "
x = bytearray(60 << 20); import time; time.sleep(30)" & done; wait'
tries "processor time" cpu=1s 'while :; do :; done & while :; do :; done & wait'
tries "processes that stay" pids=40 'python3 -c "
import os, time
for i in range(200):
    try:
        if os.fork() == 0: time.sleep(30)
    except OSError: pass
time.sleep(30)"'
tries "threads" pids=40 'python3 -c "
import threading, time
for i in range(200):
    try: threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    except RuntimeError: pass
time.sleep(30)"'
tries "a fork bomb" pids=100 'python3 -c "
import os
while True:
    try: os.fork()
    except OSError: pass"'
tries "the worktree" disk=16M 'cat /dev/zero >big; sleep 30'
tries "an unlinked open file" disk=16M 'exec 3>gone; rm gone; cat /dev/zero >&3; sleep 30'
tries "many small files" disk=8M 'mkdir many; i=0; while : >many/$i; do i=$((i + 1)); done 2>/dev/null; sleep 30'
tries "output" output=1M 'yes'

t "out of files is told apart from out of bytes"
run "$repo" --title hog --budget disk=8M --verify ok=true -- sh -c 'mkdir m; i=0; while : >m/$i; do i=$((i+1)); done 2>/dev/null'
has "$json" "made more files and folders (inodes) than its budget of 4096 (budget.disk; it used 4096)"

t "one file"
run "$repo" --title hog --budget disk=16M --verify ok=true -- sh -c 'head -c 1 /dev/zero >rest; truncate -s 8T sparse'
is "$status" 24 "exit status ($json)"
has "$json" "wrote a larger single file than its budget of 16M (budget.disk)"

t "wall time"
run "$repo" --title hog --budget wall=1s --verify ok=true -- sleep 100
exceeded agent wall

t "memory that processes share with each other counts once, what each shares with nobody counts for each"
sharers='import mmap, os, sys, time
def share():
    memory = mmap.mmap(-1, 64 << 20)
    for at in range(0, len(memory), 4096): memory[at] = 1
    return memory
together = sys.argv[1] == "together" and share()
for i in range(6):
    if os.fork() == 0:
        if not together: together = share()
        sum(together[at] for at in range(0, len(together), 4096))
        time.sleep(1 if sys.argv[1] == "together" else 30)
        os._exit(0)
for i in range(6): os.wait()
open("src/shared.txt", "w").close()'
run "$repo" --title sharers --budget memory=256M --verify ok=true -- python3 -c "$sharers" apart
exceeded agent memory
run "$(new_repo)" --title sharers --budget memory=256M --verify ok=true -- python3 -c "$sharers" together
is "$outcome" committed "one memory of six processes ($json)"

t "processor time of children that nobody waits for"
if [ "$(id -u)" = 0 ]; then
        run "$repo" --title hog --budget cpu=1s --budget wall=60s --verify ok=true -- python3 -c '
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    if os.fork() == 0:
        end = time.process_time() + 0.02
        while time.process_time() < end: pass
        os._exit(0)
    time.sleep(0.02)'
        exceeded agent cpu
fi

t "shared memory that nobody has mapped"
if [ "$(id -u)" = 0 ]; then
        run "$repo" --title hog --budget memory=64M --verify ok=true -- python3 -c '
import os, time
fd = os.memfd_create("x")
for i in range(256): os.write(fd, bytes(1 << 20))
time.sleep(30)'
        exceeded agent memory
fi

t "the packet tells budget, peak and what held each limit, of every step"
run "$repo" --title good --budget memory=1G --budget pids=100 --verify ok=true -- sh -c \
        'echo x >src/x; python3 -c "x = bytearray(64 << 20)"; echo 12345'
is "$outcome" committed "$json"
# shellcheck disable=SC2016
python3 - "$packet/evidence/report.json" "$(id -u)" >"$e2e_tmp/told" 2>&1 <<'PY' || fail "report: $(cat "$e2e_tmp/told")"
import json, sys
report, root = json.load(open(sys.argv[1])), sys.argv[2] == "0"
steps = {s["step"]: {l["limit"]: l for l in s["limits"]} for s in report["limits"]}
assert set(steps) == {"agent", "verify.ok", "director.ok"}, steps.keys()
names = {"wall", "cpu", "memory", "processes", "disk", "inodes", "output", "file size"}
for step in steps.values():
    assert set(step) == names, step
    assert all(l["by"] != "none" for l in step.values()), step
agent = steps["agent"]
assert agent["memory"]["budget"] == 1 << 30 and 60 << 20 < agent["memory"]["peak"] < 200 << 20, agent["memory"]
assert agent["processes"]["budget"] == 100 and 1 <= agent["processes"]["peak"] <= 3, agent["processes"]
assert agent["output"]["peak"] == 6 and agent["file size"]["peak"] is None, agent
assert agent["disk"]["peak"] > 0 and agent["inodes"]["peak"] > 0 and agent["wall"]["peak"] > 0, agent
if root:
    assert all(agent[n]["by"].startswith("cgroup") for n in ("cpu", "memory", "processes")), agent
PY
has "$(cat "$packet/evidence/report.md")" "## What the steps used"
has "$(cd "$repo" && cupel show @last)" "peak use, budget, and what holds it"
has "$(cupel doctor 2>&1)" "memory: "

t "the log keeps head and tail, and says exactly how much is missing"
run "$repo" --title loud --verify ok=true -- sh -c 'seq 1000000000 1003000000; exit 3'
is "$outcome" work_failed "$json"
log=$packet/logs/agent.log
is "$(head -n 1 "$log")" 1000000000 "first line"
is "$(tail -n 1 "$log")" 1003000000 "last line"
missing=$(sed -n 's/^\[cupel: \([0-9]*\) bytes of output left out\]$/\1/p' "$log")
kept=$(($(wc -c <"$log") - $(sed -n '/^\[cupel: [0-9]* bytes/p' "$log" | wc -c) - 1))
is "$((kept + missing))" $((3000001 * 11)) "kept and left out"
has "$(cat "$packet/evidence/report.json")" "\"output_left_out\": $missing" "report.json"
has "$(cd "$repo" && cupel show @last)" "$missing bytes of output left out"
has "$(cd "$repo" && cupel show @last --log)" "$missing bytes of output left out"

t "values of required and of secret variables are hidden wherever a run prints them"
export API_KEY=sk-e2e-0123456789abcdef GH_TOKEN=ghp-e2e-zyxwvutsrq PLAIN=plain-value-to-see SHORT_KEY=1234
cat >"$e2e_tmp/item.yaml" <<'Y'
title: secrets
requires: [{env: API_KEY}]
verify: [{name: leak, run: 'echo "$API_KEY $GH_TOKEN $PLAIN $SHORT_KEY"; printf %s "${API_KEY%cdef}"; sleep 0.1; echo cdef; exit 1'}]
agent: {command: [sh, -c, 'echo "a $API_KEY b"; echo "$GH_TOKEN $PLAIN"; cupel note observation text="the key is $API_KEY"; echo x >src/y']}
Y
printf 'sandbox: {env: [API_KEY, GH_TOKEN, PLAIN, SHORT_KEY]}\n' >"$e2e_tmp/open.yaml"
run "$repo" --policy "$e2e_tmp/open.yaml" "$e2e_tmp/item.yaml"
is "$outcome" self_verification_failed "$json $(stderr)"
is "$(sed -n 1p "$packet/logs/agent.log")" "a *********************** b" "agent.log"
has "$(cat "$packet/logs/agent.log")" "****************** plain-value-to-see"
has "$(cat "$packet/logs/verify.leak.log")" "plain-value-to-see 1234"
for value in "$API_KEY" "$GH_TOKEN"; do
        fails grep -rIq -- "$value" "$packet"
        fails grep -aq -- "$value" "$(dirname "$(dirname "$packet")")/store.db"*
        hasnt "$json" "$value" "reasons"
        hasnt "$(cd "$repo" && cupel show @last; cupel show @last --log; cupel events @last --json)" "$value" "what is shown"
done
has "$(cat "$packet/evidence/report.json")" '"redacted": 2'
has "$(cd "$repo" && cupel show @last)" "secret values hidden"

t "and in the names of tests: where the director alone sees them, and in the evidence that it keeps of a commit"
named=$(new_repo)
for failed in '' '<failure/>'; do
        printf 'sandbox: {env: [API_KEY]}\nverifiers: {named: {gate: director, report: {junit: j.xml}, run: %s}}\n' \
                "'echo \"<testsuite name=\\\"s\\\"><testcase name=\\\"is \$API_KEY\\\">$failed</testcase></testsuite>\" >j.xml'" >"$e2e_tmp/named.yaml"
        run "$named" --title named --policy "$e2e_tmp/named.yaml" --verify named -- sh -c 'date +%N >src/a.txt'
        is "$outcome" "$([ -z "$failed" ] && echo committed || echo director_refused)" "$json"
        fails grep -raq -- "$API_KEY" "$packet" "$(dirname "$(dirname "$packet")")"/store.db*
        hasnt "$json$(stderr)" "$API_KEY" "what is said"
done
has "$json" "s::is ***********************" "the name of the test, with stars"
unset API_KEY GH_TOKEN PLAIN SHORT_KEY

t "nothing inside can reach the files of its groups"
run "$repo" --title inside --mood curious -- sh -c '
grep -qE " cgroup2? " /proc/self/mounts && exit 3; test -e /sys/fs && exit 4
for fd in /proc/self/fd/*; do case $(readlink "$fd") in *cgroup* | *cupel-*) exit 5 ;; esac; done
cupel note observation text="none there"'
is "$outcome" observed "$json"

t "groups of killed processes are removed by whoever comes next"
(cd "$repo" && exec cupel run --quiet --title killed --verify ok=true -- sleep "9$$") >/dev/null 2>&1 &
pid=$!
wait_for 20 pgrep -xf "sleep 9$$" || fail "the run does not start"
mapfile -t children < <(pgrep -P "$pid")
[ "$(id -u)" != 0 ] || isnt "$(groups_of "${children[@]}")" "" "groups of a run that works"
kill -KILL "${children[@]}" "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
wait_for 20 quiet_now || fail "processes stay"
run "$repo" --title next --verify ok=true -- true
is "$(groups_of "${children[@]}")" "" "groups of killed processes"

done_testing
