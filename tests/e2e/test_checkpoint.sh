#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Checkpoints of running runs, and runs that go on from them.
source "$(dirname "$0")/../lib/e2e.sh"

in_repo() { (cd "$repo" && exec "$@"); }

# resume REPO OPTIONS… : cupel resume --json there, like run.
resume() {
        local repo=$1
        shift
        (cd "$repo" && exec timeout 120 cupel resume --json --quiet "$@") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" </dev/null
        status=$?
        read_result "$e2e_tmp/stdout"
}
runs_folder() { echo "$(state_of "$repo")/runs"; }
event_of() { in_repo cupel events "$1" --type "$2" --json; }
# data RUN TYPE PATH… : of its last event of that type.
data() {
        local run=$1 type=$2
        shift 2
        event_of "$run" "$type" | tail -n 1 | python3 -c 'import json,sys
v=json.load(sys.stdin)["data"]
for k in sys.argv[1:]: v=v.get(k) if isinstance(v,dict) else v[int(k)]
print(v if isinstance(v,str) else json.dumps(v))' "$@"
}

# Counts to five, a checkpoint after each; the first time it ends at three.
counter='
n=$(cat count 2>/dev/null || echo 0)
echo "begins at $n after ${CUPEL_RESUMED:-nothing}"
while [ "$n" -lt 5 ]; do
        n=$((n + 1)); mkdir -p "d/$n"; echo "$n" >count; echo "$n" >"d/$n/f"
        cupel checkpoint || exit 9
        [ "$n" != 3 ] || [ -n "${CUPEL_RESUMED:-}" ] || '

t "an agent asks for checkpoints and fails; the resumed run goes on from the last and commits"
repo=$(new_repo)
before=$(fingerprint "$repo")
run "$repo" --title count --mood calm --verify unit=./check.sh -- sh -c "$counter exit 3; done; rm src/b.txt"
is "$outcome" work_failed "$json"
first=$run_id first_packet=$packet
is "$(fingerprint "$repo")" "$before" "the repository"
is "$(event_of "$first" checkpoint.created | wc -l)" 3 "events"
is "$(data "$first" checkpoint.created by)" agent "who asked"
is "$(ls "$first_packet/checkpoints" | tr '\n' ' ')" 'step_000001 step_000002 step_000003 ' "what is kept"
succeeds sh -c "cd '$first_packet/checkpoints/step_000003' && sha256sum --strict -c SHA256SUMS"
is "$(sha256sum <"$first_packet/checkpoints/step_000003/SHA256SUMS" | cut -d' ' -f1)" \
        "$(data "$first" checkpoint.created sha256)" "the seal in the log"
succeeds diff -r "$first_packet/config_snapshot" "$first_packet/checkpoints/step_000003/config_snapshot"
is "$(find "$first_packet/checkpoints/step_000001/objects" -type f | wc -l)" 4 "objects of the first: three trees, one blob"
resume "$repo" "$first"
is "$outcome" committed "$json $(stderr)"
has "$run_id" "_resume_${first: -6}.3" "its name"
has "$(cat "$packet/logs/agent.log")" "begins at 3 after $first@3" "the agent"
is "$(git -C "$repo" show HEAD:count)" 5 "count"
is "$(git -C "$repo" ls-tree -r --name-only HEAD d | wc -l)" 5 "files"
fails git -C "$repo" cat-file -e HEAD:src/b.txt
is "$(git -C "$repo" rev-parse HEAD^)" "$base" "one commit on the old base"
is "$(data "$run_id" receipt.resume relation)" continuation relation
is "$(data "$run_id" receipt.resume run)" "$first" parent
is "$(data "$run_id" receipt.resume step)" 3 step
is "$(data "$run_id" receipt.resume parent_identity)" "$(data "$run_id" receipt.resume identity)" identities
is "$(python3 -c 'import json,sys; r=json.load(open(sys.argv[1]))["resumed"]; print(r["run"], r["step"], r["relation"])' \
        "$packet/evidence/report.json")" "$first 3 continuation" report.json
is "$(ls -d "$packet/checkpoints" 2>/dev/null)" '' "a committed run's checkpoints"
is "$(ls -d "$packet/resumed" "$packet/staging" 2>/dev/null)" '' "what it began with"
succeeds in_repo cupel packet check "$run_id"
succeeds in_repo cupel verify "$run_id"
succeeds in_repo cupel events "$run_id" --verify

t "from an earlier step, as a fork by another work item, with both identities"
cat >"$e2e_tmp/other.yaml" <<'Y'
title: count otherwise
verify: [{name: unit, run: ./check.sh}]
agent: {command: [sh, -c, "cat count; rm -r count d; echo other >kind"]}
Y
repo2=$repo
resume "$repo2" "$first@1" --with work-item="$e2e_tmp/other.yaml"
is "$outcome" committed "$json $(stderr)"
is "$(git -C "$repo" show HEAD:kind)" other "its own work"
is "$(data "$run_id" receipt.resume relation)" fork relation
isnt "$(data "$run_id" receipt.resume parent_identity)" "$(data "$run_id" receipt.resume identity)" identities
is "$(data "$run_id" receipt.resume changed 0)" work-item changed
has "$(cd "$repo" && cupel show "$run_id")" "fork of $first, from checkpoint 1; what is another: work-item" "the page"
has "$(cat "$packet/evidence/report.md")" "A fork of \`$first\` from its checkpoint 1" "the report"
has "$(cat "$packet/evidence/report.md")" "another design: identity there \`$(data "$run_id" receipt.resume parent_identity)\`" "both identities"

t "a fork by a stricter policy passes that policy's gates, not the old one's"
printf 'verifiers: {never: {run: "false"}}\n' >"$e2e_tmp/strict.yaml"
before=$(fingerprint "$repo")
resume "$repo" "$first" --with policy="$e2e_tmp/strict.yaml" --with work-item=<(
        cat <<'Y'
title: strict
verify: [never]
agent: {command: [sh, -c, "echo x >x"]}
Y
)
is "$outcome" self_verification_failed "$json $(stderr)"
is "$(fingerprint "$repo")" "$before" "the repository"

t "what cannot be resumed is named, with what to do, and nothing starts"
count_runs() { ls "$(runs_folder)" | wc -l; }
runs=$(count_runs)
resume "$repo" "$first@9"
is "$status" 2 "no such step"
has "$(stderr)" "never made a checkpoint 9" "no such step"
run "$repo" --title none --mood calm --verify unit=./check.sh -- sh -c 'exit 1'
none=$run_id runs=$((runs + 1))
resume "$repo" "$none"
is "$status" 2 "no checkpoint"
has "$(stderr)" "has no checkpoint" "no checkpoint"
resume "$repo" "$first" --with mood=bold
is "$status" 2 "a wrong key"
has "$(stderr)" 'expected policy=FILE or work-item=FILE' "a wrong key"
object=$(find "$first_packet/checkpoints/step_000002/objects" -type f | head -n 1)
cp "$object" "$e2e_tmp/object"
for file in "$object" "$first_packet/checkpoints/step_000002/checkpoint.json" \
        "$first_packet/checkpoints/step_000002/SHA256SUMS" "$first_packet/checkpoints/step_000002/config_snapshot/plan.json"; do
        cp -pf "$file" "$e2e_tmp/whole"
        rm -f "$file"
        python3 -c 'import sys; b=bytearray(open(sys.argv[1],"rb").read()); b[len(b)//2]^=1; open(sys.argv[2],"wb").write(b)' \
                "$e2e_tmp/whole" "$file"
        resume "$repo" "$first@2"
        is "$status" 2 "changed: $file"
        has "$(stderr)" "was changed after it was made" "changed: $file"
        rm -f "$file"
        cp -p "$e2e_tmp/whole" "$file"
done
is "$(count_runs)" "$runs" "no run was made"

t "a base that is gone is named"
repo=$(new_repo)
git -C "$repo" checkout -q -b side
git -C "$repo" commit -q --allow-empty -m side
run "$repo" --title gone --mood calm --verify unit=./check.sh -- sh -c 'echo 1 >x; cupel checkpoint; exit 1'
is "$outcome" work_failed "$json"
git -C "$repo" checkout -q main
git -C "$repo" branch -q -D side
git -C "$repo" reflog expire --expire=now --all
git -C "$repo" gc -q --prune=now
resume "$repo" "$run_id"
is "$status" 2 "exit status"
has "$(stderr)" "is not in this repository any more" "the reason"

t "the state that a bundle declares comes back to its place, and is in no commit"
repo=$(new_repo)
bundle=$(new_folder bundle)
printf 'state: .train\nmax: 1M\n' >"$bundle/checkpoint.yaml"
trainer='mkdir -p .train/deep; case ${CUPEL_RESUMED:-} in
"") printf "\0\377weights\r\n" >.train/deep/w.bin; echo 7 >.train/rng; ln -s rng .train/link; chmod +x .train/rng; echo 1 >src/model
        printf "*.x\n" >.train/.gitignore; echo hidden >.train/a.x; cupel checkpoint || exit 9; exit 1 ;;
*) [ "$(cat "$CUPEL_CHECKPOINT_STATE/rng")" = 7 ] && [ -x .train/rng ] && [ "$(readlink .train/link)" = rng ] &&
        [ "$(cat .train/a.x)" = hidden ] && printf "\0\377weights\r\n" | cmp - .train/deep/w.bin && echo 2 >src/model ;; esac'
run "$repo" --title train --mood calm --verify unit=./check.sh --bundle "$bundle" -- sh -c "$trainer"
is "$outcome" work_failed "$json"
isnt "$(data "$run_id" checkpoint.created state)" null "the state's tree"
rm -r "$bundle"
resume "$repo" "$run_id"
is "$outcome" committed "$json $(stderr) $(cat "$packet/logs/agent.log")"
is "$(git -C "$repo" show --name-only --format= HEAD)" src/model "the commit"
bundle=$(new_folder bundle)
printf 'state: ../up\n' >"$bundle/checkpoint.yaml"
run "$repo" --title wrong --mood calm --verify unit=./check.sh --bundle "$bundle" -- true
is "$status" 2 "a state outside of the worktree"
has "$(stderr)" 'checkpoint.yaml:1' "a state outside of the worktree"

t "every process is killed: the run is resumed from the last checkpoint that was finished"
repo=$(new_repo)
(cd "$repo" && exec cupel run --json --quiet --title killed --mood calm --verify unit=./check.sh -- \
        sh -c "$counter { echo more >more; exec sleep 300; }; done") >"$e2e_tmp/killed" 2>&1 </dev/null &
killed=$!
third_is_made() { [ "$(in_repo cupel events @last --type checkpoint.created --json | wc -l)" = 3 ]; }
wait_for 20 third_is_made || fail "no third checkpoint"
first=$(basename "$(ls -d "$(runs_folder)"/killed__*)")
mkdir -p "$(runs_folder)/$first/checkpoints/step_000004"
{ echo "$killed" && pgrep -f -- "$e2e_tmp/state"; } | xargs kill -9 2>/dev/null # the supervisor's command line does not name the state
wait "$killed" 2>/dev/null
wait_for 10 quiet_now || fail "processes are left"
resume "$repo" "$first"
is "$outcome" committed "$json $(stderr)"
has "$(cat "$packet/logs/agent.log")" "begins at 3 after $first@3" "the agent"
fails git -C "$repo" cat-file -e HEAD:more
is "$(in_repo cupel show "$first" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["outcome"])')" interrupted "the old run"

t "a person asks from outside, and the clock does; one that has ended says so"
repo=$(new_repo)
mkdir -p "$repo/.cupel"
printf 'checkpoint: {every: 1s, keep: 2, committed: true}\n' >"$repo/.cupel/policy.yaml"
git -C "$repo" add -A
git -C "$repo" commit -q -m policy
admit "$repo"
(cd "$repo" && exec cupel run --json --quiet --title slow --mood calm --verify unit=./check.sh -- \
        sh -c 'n=0; while [ $n -lt 70 ]; do n=$((n + 1)); echo $n >x; sleep 0.05; done') \
        >"$e2e_tmp/slow" 2>"$e2e_tmp/slow.err" </dev/null &
slow=$!
is_running() { in_repo cupel events @last --type run.state --json | grep -q '"to":"running"'; }
wait_for 20 is_running || fail "it does not run"
succeeds in_repo timeout 30 cupel checkpoint @last
has "$(cat "$e2e_tmp/out")" "cupel resume slow__" "what is printed"
wait "$slow"
read_result "$e2e_tmp/slow"
is "$outcome" committed "$json"
askers=$(event_of "$run_id" checkpoint.created | python3 -c 'import json,sys; print(*sorted({json.loads(l)["data"]["by"] for l in sys.stdin}))')
is "$askers" "timer user" "who asked"
is "$(ls "$packet/checkpoints" | wc -l)" 2 "the newest two stay, as the policy says"
in_repo cupel checkpoint "$run_id" >"$e2e_tmp/out" 2>&1
is "$?" 2 "of one that has ended"
has "$(cat "$e2e_tmp/out")" "a checkpoint is made only while its agent works" "of one that has ended"

t "an agent that floods, forks and writes meanwhile gets whole checkpoints, and the run goes on"
repo=$(new_repo)
cat >"$repo/flood.py" <<'P'
import json, mmap, os, socket, threading, time
begin, over, steps = time.time(), mmap.mmap(-1, 1), set()
def going_on():                 # four seconds, and on a busy machine until two are made
    return not over[0] and time.time() < begin + 60
for _ in range(4):
    if os.fork() == 0:          # writes two files that are always one after the other
        i = 0
        while going_on():
            i += 1
            for name in ("a", "b"):
                with open(f"pair-{os.getpid()}-{name}", "w") as f:
                    f.write(str(i))
        os._exit(0)
for _ in range(2):
    if os.fork() == 0:          # never the same process for long
        while going_on():
            if os.fork():
                os._exit(0)
        os._exit(0)
def ask():
    s = socket.socket(socket.AF_UNIX)
    s.connect(os.environ["CUPEL_NOTES"])
    for _ in range(200):
        s.sendall(b'{"type":"checkpoint"}\n')
    f = s.makefile()
    while going_on():
        steps.add(json.loads(f.readline() or "{}").get("checkpoint", {}).get("step"))
for _ in range(20):
    threading.Thread(target=ask, daemon=True).start()
while going_on() and (time.time() < begin + 4 or len(steps - {None}) < 2):
    time.sleep(0.05)
over[0] = 1
time.sleep(0.2)
s = socket.socket(socket.AF_UNIX)
s.connect(os.environ["CUPEL_NOTES"])
s.sendall(b'{"type":"note.observation","data":{"text":"still here"}}\n')
print(s.makefile().readline())
os.system("rm -f pair-*")
open("done", "w").write("x")
P
git -C "$repo" add -A
git -C "$repo" commit -q -m flood
run "$repo" --title flood --mood calm --verify unit=./check.sh -- python3 flood.py
is "$outcome" committed "$json $(stderr)"
has "$(cat "$packet/logs/agent.log")" '"ok":true' "a note in between"
made=$(event_of "$run_id" checkpoint.created | wc -l)
[ "$made" -ge 2 ] || fail "only $made checkpoints"
paused=$(event_of "$run_id" checkpoint.created | python3 -c 'import json,sys; print(sum(json.loads(l)["data"]["paused_ms"] for l in sys.stdin))')
[ "$paused" -lt 3000 ] || fail "it stood still for $paused ms of 4000"

t "state that cannot be kept as it is makes no checkpoint: nothing of it is left out in silence"
repo=$(new_repo)
bundle=$(new_folder bundle)
echo 'state: .train' >"$bundle/checkpoint.yaml"
run "$repo" --title gitstate --mood calm --verify unit=./check.sh --bundle "$bundle" -- \
        sh -c 'mkdir -p .train/.git; echo x >.train/.git/config; cupel checkpoint; echo "said $?"; rm -r .train/.git; cupel checkpoint; echo 1 >src/x'
is "$outcome" committed "$json"
has "$(cat "$packet/logs/agent.log")" 'in the state folder: .git' "the reason"
has "$(cat "$packet/logs/agent.log")" 'said 2' "the exit status"
has "$(cat "$packet/logs/agent.log")" 'checkpoint 1' "the one after it"

t "what no commit may hold makes no checkpoint, says why, and the run goes on"
repo=$(new_repo)
run "$repo" --title fifo --mood calm --verify unit=./check.sh -- \
        sh -c 'mkfifo pipe; cupel checkpoint; echo "said $?"; rm pipe; echo 1 >x; chmod 000 x; cupel checkpoint; stat -c "mode %a" x; chmod 644 x'
is "$outcome" committed "$json"
has "$(cat "$packet/logs/agent.log")" 'a FIFO, a socket or a device' "the reason"
has "$(cat "$packet/logs/agent.log")" 'said 2' "the exit status"
has "$(cat "$packet/logs/agent.log")" 'checkpoint 1' "the one after it"
has "$(cat "$packet/logs/agent.log")" 'mode 0' "a mode that had to be opened"
# the reason comes after the path, however long that is: here, and at the end of a run
run "$repo" --title long --mood calm --verify unit=./check.sh -- \
        sh -c 'd=$(printf %0200d 0); mkdir -p $d/$d/$d/$d/$d/$d; mkfifo $d/$d/$d/$d/$d/$d/pipe; cupel checkpoint; echo "said $?"'
is "$outcome" self_verification_failed "$json"
has "$(cat "$packet/logs/agent.log")" '000/pipe: it is a FIFO, a socket or a device' "the reason of a long path"
has "$json" '000/pipe: it is a FIFO, a socket or a device' "the reason of a long path, in the result"

t "a secret in the name of what could not be kept is in no log"
run "$repo" --title told --mood calm --verify unit=./check.sh -- \
        sh -c 'v=$(printf ghp_%s 16C7e42F292c6912E7710c838347Ae178B4a); mkfifo "$v"; cupel checkpoint; rm "$v"; echo 2 >x'
is "$outcome" committed "$json $(stderr)"
has "$(in_repo cupel events "$run_id" --json)" 'no checkpoint: ****************************************' "the log"
is "$(grep -rlF ghp_16C7 "$packet")" '' "files that show it"

run "$repo" --title read --mood curious -- sh -c 'cupel checkpoint; cupel note observation text=seen'
has "$(cat "$packet/logs/agent.log")" 'changes no files' "a mood that does not write"

t "two runs at once, each with its own"
repo=$(new_repo)
for name in left right; do
        (cd "$repo" && exec cupel run --json --quiet --title "$name" --mood calm --verify unit=./check.sh -- \
                sh -c "echo $name >$name; cupel checkpoint; cupel checkpoint; exit 1") >"$e2e_tmp/$name" 2>&1 </dev/null &
done
wait
for name in left right; do
        read_result "$e2e_tmp/$name"
        resume "$repo" "$run_id"
        is "$outcome" work_failed "$name: $json"
        is "$(ls "$packet/checkpoints" | wc -l)" 2 "$name"
        is "$(in_repo cupel show "$run_id" --diff | grep -c "^+$name\$")" 1 "$name: what it began with"
done

done_testing
