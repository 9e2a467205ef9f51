#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checkpoints where something is in the way: steps that wake themselves, full disks, processes that die, weaker tiers, gc.
source "$(dirname "$0")/../lib/e2e.sh"

config=$XDG_CONFIG_HOME/cupel/config.yaml
mkdir -p "${config%/*}"
in_repo() { (cd "$repo" && exec "$@"); }
resume() {
        (cd "$repo" && exec timeout 120 cupel resume --json --quiet "$@") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" </dev/null
        status=$?
        read_result "$e2e_tmp/stdout"
}
made() { in_repo cupel events "$1" --type checkpoint.created --json | wc -l; }
# Each that is kept has the bytes that it was sealed with.
whole() {
        local folder
        for folder in "$packet"/checkpoints/step_*; do
                [ -d "$folder" ] && succeeds sh -c "cd '$folder' && sha256sum --strict --quiet -c SHA256SUMS"
        done
}

# ---- Who wakes up ----

# Numbers in two hundred files, always one after the other: read at one time, they never rise. With `wake` it is woken every so many
# milliseconds; with `until-refused` it asks until a checkpoint was refused, fifty times at most: on a busy machine few wake up in time.
cat >"$e2e_tmp/waker.py" <<'P'
import ctypes, os, signal, subprocess, sys, threading
timers = []
def make_timers():
    class Event(ctypes.Structure):
        _fields_ = [("value", ctypes.c_void_p), ("signo", ctypes.c_int), ("notify", ctypes.c_int), ("rest", ctypes.c_int * 12)]
    signal.signal(signal.SIGCONT, lambda *_: None)
    libc = ctypes.CDLL(None)
    for i in range(1, 3000): # one that is pending when everything stops is lost: each fires once
        timer, event = ctypes.c_void_p(), Event(signo=signal.SIGCONT, notify=0)
        assert libc.timer_create(1, ctypes.byref(event), ctypes.byref(timer)) == 0
        timers.append(timer)
def wake():
    for i, timer in enumerate(timers, 1):
        when = i * int(sys.argv[2]) * 1000000
        assert ctypes.CDLL(None).timer_settime(timer, 0, (ctypes.c_long * 4)(0, 0, when // 1000000000, when % 1000000000), None) == 0
os.makedirs("n", exist_ok=True)
files = [os.open(f"n/{i:03}", os.O_RDWR | os.O_CREAT) for i in range(200)]
for f in files:
    os.pwrite(f, b"%08d" % 0, 0)
over = threading.Event()
def ask():
    until_refused = sys.argv[3:] == ["until-refused"]
    for _ in range(50 if until_refused else 3):
        wake()
        status = subprocess.run(["cupel", "checkpoint"]).returncode
        print("said", status, flush=True)
        if until_refused and status:
            break
    over.set()
if sys.argv[1:2] == ["wake"]:
    make_timers()
threading.Thread(target=ask).start()
i = 0
while not over.is_set():
    i += 1
    for f in files:
        os.pwrite(f, b"%08d" % i, 0)
P
# consistent RUN : in no checkpoint of it a number rises, or falls by more than one.
consistent() {
        GIT_ALTERNATE_OBJECT_DIRECTORIES=$repo/.git/objects python3 - "$packet/checkpoints" "$repo" <<'P'
import glob, json, os, subprocess, sys
for folder in sorted(glob.glob(sys.argv[1] + "/step_*")):
    tree = json.load(open(folder + "/checkpoint.json"))["tree"]
    git = ["git", "-C", sys.argv[2]]
    env = dict(os.environ, GIT_ALTERNATE_OBJECT_DIRECTORIES=folder + "/objects")
    ids = [line.split()[2] for line in subprocess.run(git + ["ls-tree", "-r", tree, "n/"], env=env, capture_output=True, text=True, check=True).stdout.splitlines()]
    assert len(ids) == 200, f"{folder}: {len(ids)} files"
    said = subprocess.run(git + ["cat-file", "--batch"], input="\n".join(ids) + "\n", env=env, capture_output=True, text=True, check=True).stdout.split("\n")
    numbers = [int(n) for n in said[1::2]]
    assert numbers == sorted(numbers, reverse=True) and numbers[0] - numbers[-1] <= 1, f"{folder} is torn: {numbers[0]} … {numbers[-1]}"
P
}
# Whether the machine's version 2 of control groups is ours to use, so that steps are frozen.
frozen=''
for mount in /sys/fs/cgroup /sys/fs/cgroup/unified; do
        [ -f "$mount/cgroup.controllers" ] && [ -w "$mount/cgroup.procs" ] && frozen=1
done

repo=$(new_repo)
cp "$e2e_tmp/waker.py" "$repo/"
git -C "$repo" add -A
git -C "$repo" commit -q -m waker

t "a busy step's checkpoints are of one moment"
run "$repo" --title busy --mood calm --verify unit=./check.sh -- sh -c 'python3 waker.py; exit 1'
is "$(made "$run_id")" 3 "checkpoints: $(cat "$packet/logs/agent.log")"
succeeds consistent
whole

if [ -n "$frozen" ]; then
        t "with the freezer, nobody wakes up"
        run "$repo" --title waker --mood calm --verify unit=./check.sh -- sh -c 'python3 waker.py wake 20; exit 1'
        is "$(made "$run_id")" 3 "checkpoints: $(cat "$packet/logs/agent.log")"
        succeeds consistent
        whole
        without='unshare -m sh -c "mount -t tmpfs none /sys/fs/cgroup && exec \"\$@\"" sh'
else
        echo "# NOT TESTED: the freezer of control groups (version 2 is not this user's, or not there)"
        without='env'
fi

t "without it who wakes up is seen, and nothing torn is kept; the run goes on"
(cd "$repo" && eval "exec $without timeout 120 cupel run --json --quiet --title waker --mood calm --verify unit=./check.sh -- sh -c \"python3 waker.py wake 1 until-refused; exit 1\"") \
        >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
read_result "$e2e_tmp/stdout"
is "$outcome" work_failed "$json $(stderr)"
refused=$(grep -cE 'woke up while it was read|could not be brought to a stop' "$packet/logs/agent.log")
is "$(($(made "$run_id") + refused))" "$(grep -c '^said ' "$packet/logs/agent.log")" "made and refused: $(cat "$packet/logs/agent.log")"
[ "$refused" -ge 1 ] || fail "nobody was seen to wake up"
has "$(in_repo cupel events "$run_id" --type note.status --json)" "no checkpoint: " "the log"
succeeds consistent

# ---- A full disk ----

# in_small_state SIZE SCRIPT : with the state on a file system of its own
in_small_state() {
        unshare -Urm sh -c 'mkdir -p "$XDG_STATE_HOME" && mount -t tmpfs -o size='"$1"' none "$XDG_STATE_HOME" && exec unshare -U --map-user="$1" --map-group="$2" bash -c "$3"' \
                sh "$(id -u)" "$(id -g)" "$2" >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" </dev/null
        read_result "$e2e_tmp/stdout"
}
repo=$(new_repo)
export repo

t "where the disk has no room for a large file there is no checkpoint, and the run goes on"
in_small_state 48M 'cd "$repo" && cupel admit --yes >/dev/null 2>&1 && cupel run --json --quiet --title full --mood calm --budget disk=300M --verify unit=./check.sh -- \
        sh -c "head -c 100M /dev/urandom >big; cupel checkpoint; echo said \$?; rm big; echo 1 >x; cupel checkpoint; echo said \$?"; status=$?
        cat "$XDG_STATE_HOME"/cupel/repos/*/runs/full__*/logs/agent.log >&2; exit $status'
is "$outcome" committed "$json $(stderr)"
has "$(stderr)" "No space left on device" "the reason"
has "$(stderr)" "checkpoint 1" "the one after it"

t "where it fills up while objects are written, too"
in_small_state 12M 'cd "$repo" && cupel admit --yes >/dev/null 2>&1 && cupel run --json --quiet --title fills --mood calm --budget disk=300M --verify unit=./check.sh -- \
        sh -c "mkdir big; for i in \$(seq 31); do head -c 380K /dev/urandom >big/\$i; done; cupel checkpoint; echo said \$?; rm -r big; echo 2 >x; cupel checkpoint; echo said \$?"; status=$?
        cat "$XDG_STATE_HOME"/cupel/repos/*/runs/fills__*/logs/agent.log >&2; ls "$XDG_STATE_HOME"/cupel/repos/*/runs/fills__*/staging >&2; exit $status'
is "$outcome" committed "$json $(stderr)"
has "$(stderr)" "No space left on device" "the reason"
has "$(stderr)" "checkpoint 1" "the one after it"

# ---- Who dies ----

repo=$(new_repo)
ask='mkdir m; for i in $(seq 1500); do echo $i >m/$i; done; n=0; while :; do n=$((n + 1)); echo $n >n; cupel checkpoint || exit 9; done'
staged() { ls -d "$(state_of "$repo")/runs/$1"*/staging/step_* >/dev/null 2>&1; }
pid_of() {
        case $1 in
        supervisor) echo "$supervisor" ;;
        director) pgrep -P "$supervisor" -f cupel-director ;;
        cage) pgrep -P "$supervisor" -f 'cupel-sandbox cage' ;;
        runner) pgrep -f "cupel-runner .*$e2e_tmp" | head -n 1 ;;
        helper) pgrep -P "$(pgrep -f "cupel-runner .*$e2e_tmp" | head -n 1)" | head -n 1 ;;
        esac
}
for victim in runner supervisor director helper cage; do
        t "SIGKILL of the $victim while a checkpoint is made: what is kept is whole, and the run is resumed from it"
        (cd "$repo" && exec cupel run --json --quiet --title "dies-$victim" --mood calm --verify unit=./check.sh -- \
                sh -c "[ -n \"\${CUPEL_RESUMED:-}\" ] || { $ask; }; rm -r m; mv n $victim") >"$e2e_tmp/dies" 2>&1 </dev/null &
        supervisor=$!
        first_is_made() { [ "$(in_repo cupel events @last --type checkpoint.created --json | wc -l)" -ge 1 ]; }
        wait_for 40 first_is_made || fail "no checkpoint: $(cat "$e2e_tmp/dies")"
        wait_for 40 staged "dies-$victim" || fail "no checkpoint in the making"
        pid=$(pid_of "$victim")
        [ -n "$pid" ] && kill -9 "$pid" || fail "no $victim"
        wait "$supervisor" 2>/dev/null
        wait_for 15 quiet_now || fail "processes are left: $(pgrep -af "$e2e_tmp/state")"
        run_id=$(basename "$(ls -d "$(state_of "$repo")/runs/dies-$victim"__*)")
        first_packet=$(state_of "$repo")/runs/$run_id
        resume "$run_id"
        is "$outcome" committed "$json $(stderr)"
        n=$(git -C "$repo" show "HEAD:$victim")
        packet=$first_packet
        whole
        is "$(ls "$packet/checkpoints" | tail -n 1)" "$(printf 'step_%06d' "$n")" "the last that is kept is the one that it went on from"
        is "$(ls -d "$packet/staging" 2>/dev/null)" '' "what was being made"
done

# ---- Weaker tiers ----

supervisor_below() {
        local child
        for child in $(pgrep -P "$1"); do
                if [ "$(cat "/proc/$child/comm")" = cupel ]; then echo "$child" && return; fi
                supervisor_below "$child"
        done
}
for tier in B:overlay C:proc D:userns; do
        t "tier ${tier%%:*}: a checkpoint by the clock and by a person, resumed there"
        repo=$(new_repo)
        printf 'sandbox: {minimum: %s}\n' "${tier%%:*}" >"$config"
        (cd "$repo" && exec timeout 60 "$weaken" "${tier#*:}" -- cupel run --json --quiet --title tier --mood calm --verify unit=./check.sh -- \
                sh -c '[ -n "${CUPEL_RESUMED:-}" ] || { rm src/b.txt; echo half >half; sleep 300; }; echo whole >whole') >"$e2e_tmp/tier" 2>"$e2e_tmp/tier.err" </dev/null &
        pid=$!
        half() { in_repo cupel checkpoint @last && GIT_ALTERNATE_OBJECT_DIRECTORIES=$(ls -d "$(state_of "$repo")"/runs/tier__*/checkpoints/step_* | tail -n 1)/objects \
                git -C "$repo" cat-file -e "$(in_repo cupel events @last --type checkpoint.created --json | tail -n 1 | python3 -c 'import json,sys; print(json.load(sys.stdin)["data"]["tree"])'):half"; }
        wait_for 40 half || fail "no checkpoint: $(cat "$e2e_tmp/tier.err")"
        kill -TERM "$(supervisor_below "$pid")"
        wait "$pid"
        read_result "$e2e_tmp/tier"
        is "$outcome" cancelled "$json $(cat "$e2e_tmp/tier.err")"
        first=$run_id
        (cd "$repo" && exec timeout 60 "$weaken" "${tier#*:}" -- cupel resume "$first" --json --quiet) >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" </dev/null
        read_result "$e2e_tmp/stdout"
        is "$outcome" committed "$json $(stderr)"
        is "$(git -C "$repo" ls-tree -r --name-only HEAD half whole src | tr '\n' ' ')" "half src/a.txt whole " "files"
done
printf '{}\n' >"$config"

# ---- Removal ----

t "checkpoints go with their packet, and what is missing is a contradiction"
repo=$(new_repo)
half='[ -n "${CUPEL_RESUMED:-}" ] || { echo half >half; cupel checkpoint; exit 1; }; echo whole >whole'
run "$repo" --title kept --mood calm --verify unit=./check.sh -- sh -c "$half"
first=$run_id first_packet=$packet
run "$repo" --title kept --mood calm --verify unit=./check.sh -- sh -c "$half"
second=$run_id second_packet=$packet
succeeds in_repo cupel reconcile
mv "$second_packet/checkpoints" "$e2e_tmp/away"
fails in_repo cupel reconcile
has "$(cat "$e2e_tmp/out")" "checkpoint.files" "what is missing"
resume "$second"
is "$status" 2 "exit status"
has "$(stderr)" "are gone" "the reason"
mv "$e2e_tmp/away" "$second_packet/checkpoints"
in_repo cupel outcome "$first" reject --reason seen >/dev/null 2>&1
succeeds in_repo cupel gc --max-age 0 --max-size 0 --max-count 1
[ ! -e "$first_packet" ] || fail "the older packet is still there: $(cat "$e2e_tmp/out")"
succeeds in_repo cupel reconcile
resume "$first"
is "$status" 2 "exit status"
has "$(stderr)" "with its packet (cupel gc)" "the reason"
resume "$second"
is "$outcome" committed "$json $(stderr)"

done_testing
