#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Hogs end as budget_exceeded with the budget's name, and notes, pipes and output cannot be used against who reads them.
source "$(dirname "$0")/lib.sh"

# hog ATTEMPT BUDGETS… : runs that attempt of the attack program under these budgets; the first names what must be exceeded.
hog() {
        local name=$1 budget options=()
        shift
        for budget in "$@"; do options+=(--budget "$budget"); done
        ends "$(new_repo)" "${abuse[@]}" "${options[@]}" -- "$attack_folder/attack" raw "$name"
        has "$json" "${1%%=*}" "the reason names the budget"
        [ "$SECONDS" -lt 600 ] || fail "the machine is not usable"
}

# a fork bomb that is held at its limit goes on until its time is over: either budget may be named
attempt 16.2
ends "$(new_repo)" "${abuse[@]}" --budget pids=64 --budget wall=3s -- "$attack_folder/attack" raw fork_bomb
case $json in *wall* | *pids* | *processes*) ;; *) fail "no budget is named: $json" ;; esac
pgrep -f "$attack_folder/attack" >/dev/null && fail "a process of the bomb lives"

attempt 17.6 memory
hog eat_memory memory=64M wall=60s
attempt 17.6 "shared memory"
ends "$(new_repo)" "${abuse[@]}" --budget memory=64M --budget wall=20s -- "$attack_folder/attack" raw eat_shared
attempt 17.6 CPU
hog burn cpu=1s wall=60s
attempt 17.6 wall
ends "$(new_repo)" "${abuse[@]}" --budget wall=1s -- sleep 1000
has "$json" wall "the reason"
attempt 17.7 "a hidden file"
hog fill_hidden disk=16M wall=60s
attempt 17.6 "memory without a first thread"
hog eat_headless memory=64M wall=60s
attempt 17.6 "shared memory of each alone"
hog eat_apart memory=64M disk=16M wall=20s
attempt 17.6 "page tables"
hog eat_tables memory=64M disk=16M wall=20s
attempt 17.7 "a hidden file without a first thread"
hog fill_headless disk=16M wall=60s
attempt 17.6 "wall, while a worktree on disk gives much to look at"
hog crowd_descriptors wall=3s disk=2000G
used=$(python3 -c 'import json,sys; print(next(l["peak"] for l in json.load(open(sys.argv[1]))["limits"][0]["limits"] if l["limit"] == "wall"))' "$packet/evidence/report.json")
[ "$used" -lt 20000 ] || fail "the budget of 3 s was used for $used ms"
attempt 17.7 "many small files"
hog fill_inodes disk=16M wall=60s

attempt 32.2
hog print_forever output=1M wall=60s
has "$(head -c 200 "$packet/logs/agent.log")" "line 0" "the log's head"
has "$(tail -c 2000 "$packet/logs/agent.log" | tr '\n' ' ')" "line " "the log's tail"
[ "$(wc -c <"$packet/logs/agent.log")" -lt 1100000 ] || fail "the log: $(wc -c <"$packet/logs/agent.log") bytes"

attempt 42.2
repo=$(new_repo)
ends "$repo" "${abuse[@]}" --budget wall=60s -- sh -c 'setsid sleep 1000 & exec sh -c "exit 3"'
[ "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["steps"][0].get("ms", 0))' "$packet/evidence/report.json" 2>/dev/null || echo 0)" -lt 30000 ] || fail "the end was held up"

garbage='import os, socket, sys
def go():
    s = socket.socket(socket.AF_UNIX); s.connect(os.environ["CUPEL_NOTES"]); return s
'
attempt 31.1 garbage
ends "$repo" "${abuse[@]}" -- python3 -c "$garbage"'
for data in (b"\0" * 4096, b"{" * 100000 + b"\n", b"[]\n", b"null\n", b"\xff\xfe\n", b"{\"type\":\"note.observation\"}\n" * 100, b"{\"type\": 7, \"data\": []}\n", b"x" * 200000):
    s = go()
    try: s.sendall(data); s.shutdown(1); s.settimeout(5); s.recv(100)
    except OSError: pass
open("src/x", "w").close()'

attempt 31.1 flood
ends "$repo" "${abuse[@]}" --budget notes=100 -- python3 -c "$garbage"'
s = go(); s.setblocking(False); line = b"{\"type\":\"note.observation\",\"data\":{\"text\":\"" + b"x" * 60000 + b"\"}}\n"
for i in range(20000):
    try: s.send(line)
    except BlockingIOError:
        try: s.recv(65536)
        except BlockingIOError: pass
    except OSError: break
open("src/y", "w").close()'
kept=$(cd "$repo" && cupel events --json @last | grep -c '"type":"dev.cupel.note.observation"')
[ "$kept" -le 100 ] || fail "$kept notes of 100"

attempt 31.1 "what cannot be written"
ends "$repo" "${abuse[@]}" -- python3 -c "$garbage"'
s = go(); f = s.makefile("rw")
for extra in ["[" * depth + "]" * depth for depth in (1010, 2040, 900)] + ["1.7976931348623157e308", "-1.7976931348623157e308"]:
    f.write("{\"type\":\"note.observation\",\"data\":{\"text\":\"x\",\"extra\":" + extra + "}}\n"); f.flush()
    print(f.readline())
open("src/deep", "w").close()'
is "$(grep -c "nested too deeply" "$packet/logs/agent.log")" 4 "notes that were refused"

attempt 31.1 numbers
ends "$repo" "${abuse[@]}" -- python3 -c "$garbage"'
s = go(); f = s.makefile("rw")
line = "{\"type\":\"note.observation\",\"data\":{\"text\":\"x\",\"extra\":[1e300," + ",".join(["0.1"] * 2900) + "]}}\n"
for i in range(1200):
    f.write(line); f.flush()
    if "used up" in f.readline(): print("used up"); break
open("src/numbers", "w").close()'
has "$(cat "$packet/logs/agent.log")" "used up" "the answer"

attempt 31.1 kills
ends "$repo" "${abuse[@]}" -- bash -c 'kill -9 1; kill -9 $PPID; rm -f "$CUPEL_NOTES"; mv /cupel /tmp/c; cupel note observation text=alive >/dev/null; echo > src/z'

attempt 31.2
run "$repo" "${abuse[@]}" --title poisoned -- python3 -c "$garbage"'
import json
s = go(); f = s.makefile("rw")
for first in (0x85, 0x9f, 0x2028, 0xfdd0, 0xfeff, 0x1fffe, 0x10ffff, 0xfffe, 0xffff):
    for type, name in (("note.observation", "text"), ("note.request.help", "question")):
        f.write(json.dumps({"type": type, "data": {name: "seen " + chr(first) * 3}}) + "\n"); f.flush()
        f.readline()
sys.exit(1)'
is "$outcome" work_failed "the first attempt ($json)"
ends "$repo" "${abuse[@]}" --title poisoned -- sh -c 'echo next >src/next'

attempt 33.1
ends "$repo" "${abuse[@]}" -- python3 -c "$garbage"'
import json
names = ["receipt.commit", "receipt.verifier", "receipt.policy.decision", "run.state", "approval.granted", "approval.consumed", "operator.outcome",
         "note.request.verify", "receipt.verifier.attestations", "cost.granted", "dev.cupel.receipt.commit", "RECEIPT/COMMIT", "action.vetoed"]
s = go(); f = s.makefile("rw")
for n in names:
    for extra in ({}, {"actor": "director"}, {"sequence": "0", "hash": "0" * 64}):
        f.write(json.dumps({"type": n, "data": {"commit": "1" * 40, "tree": "1" * 40, "base": "1" * 40, "ref": "refs/heads/main"}, **extra}) + "\n"); f.flush()
        reply = f.readline()
        assert "error" in reply or "\"ok\":false" in reply.replace(" ", ""), (n, reply)
open("src/forged", "w").close()'
log=$(cd "$repo" && cupel events --json @last)
is "$(grep -c '"type":"dev.cupel.receipt.commit"' <<<"$log")" 1 "receipts of commits: the director's alone"
is "$(grep '"actor":"agent"' <<<"$log" | grep -cv '"type":"dev.cupel.note')" 0 "events of the agent that are no notes"
hasnt "$log" '"1111111111' "what was forged"
is "$(grep -c '"type":"dev.cupel.action.vetoed"' <<<"$log")" 12 "refusals of types that exist, on record"

attempt 42.3
ends "$repo" "${abuse[@]}" -- python3 -c "$garbage"'
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (2048, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
all = []
for i in range(1000):
    try:
        s = socket.socket(socket.AF_UNIX); s.setblocking(False); s.connect(os.environ["CUPEL_NOTES"]); all.append(s)
        if i % 2: s.send(b"{\"type\":")
    except OSError: pass
open("src/many", "w").close()'

done_testing
