#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Nothing is left after a run, however it ended: no process, mount, namespace, socket, temporary file, cgroup, key, System V
# object. Looked at before and after; what somebody else on the machine starts or ends meanwhile is not ours.
source "$(dirname "$0")/lib.sh"

repo=$(new_repo)
mark=cupel-leftover-$$-$RANDOM
export TMPDIR=$e2e_tmp/tmp
mkdir "$TMPDIR"

# Descendants may have left us, but not their command lines, their state folder or their mark in the environment.
our_processes() {
        local pid
        for pid in /proc/[0-9]*; do
                [ "${pid#/proc/}" != "$$" ] && [ "${pid#/proc/}" != "$BASHPID" ] || continue
                { tr '\0' ' ' <"$pid/cmdline" && cat "$pid/comm"; } 2>/dev/null | grep -qE "$e2e_tmp/(state|cache)|$mark" && printf '%s ' "$pid"
        done
}

# Everything that something of ours would be seen in, one line each. Groups carry the pid of who made them.
look() {
        our_processes
        cut -d' ' -f2,3 /proc/self/mounts | grep -e cupel -e "$e2e_tmp" | sed 's/^/mount /'
        awk 'NR > 1 && NF > 7 {print "unix " $8}' /proc/net/unix | grep -e "$e2e_tmp" -e "$mark"
        find "$TMPDIR" -mindepth 1 | sed 's/^/file /'
        find /tmp /var/tmp /dev/shm -name "*$mark*" 2>/dev/null | sed 's/^/file /'
        for pid in $makers; do find /sys/fs/cgroup -type d -name "cupel-*-$pid-*" 2>/dev/null | sed 's/^/cgroup /'; done
        grep -e "$mark" /proc/keys 2>/dev/null | sed 's/^/key /'
        ls -A "$HOME" "$XDG_CONFIG_HOME" 2>/dev/null | sed 's/^/home /'
        # what a run may leave in the state folder is its packet, and no folder that it worked in
        find "$XDG_STATE_HOME/cupel/repos" \( -path '*/runs/*/quarantine' -o -path '*/runs/*/head' -o -path '*/runs/*/upper' \) | sed 's/^/state /'
        find "$XDG_STATE_HOME" "$XDG_CACHE_HOME" \( -name '*.tmp' -o -name 'tmp*' -o -type s -o -type p \) | sed 's/^/state /'
        find "$repo/.git" \( -name '*.lock' -o -name 'tmp_*' -o -name '*cupel*' \) | sed 's/^/repository /'
}
makers=''
shared=$(ipcs -m -q -s | grep ^0x | sort)
new_since() {
        look | sort | comm -13 "$1" -
        ipcs -m -q -s | grep ^0x | sort | comm -13 <(echo "$shared") - | awk '{print $6}' | grep -Fx 4096 | sed 's/^/ipc /'
}
gone() { [ -z "$(new_since "$e2e_tmp/before")" ]; }

our_namespaces() {
        local pid
        for pid in $(our_processes); do find "$pid/ns" -type l -exec readlink {} + 2>/dev/null; done | sort -u
}

# Processes in these namespaces that are older than $begun, when the run was still at work: once it is over, each number may be
# given to a namespace of somebody else's, and a sandbox started next is likely to get all of them.
old_holders() {
        python3 - "$1" "$2" <<'P'
import os, sys
names, begun = set(sys.argv[1].split()), float(sys.argv[2]) * os.sysconf("SC_CLK_TCK")
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        start = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[19])
        held = {os.readlink(f"/proc/{pid}/ns/{n}") for n in os.listdir(f"/proc/{pid}/ns")}
    except OSError:
        continue
    if start < begun and held & names:
        print(pid, *(held & names))
P
}

# nothing_left [NAMESPACES] : those that the run had, while it was at work, are gone.
nothing_left() {
        wait_for 10 gone || fail "left: $(new_since "$e2e_tmp/before" | head -5)"
        [ -z "${1:-}" ] || is "$(old_holders "$1" "$begun")" "" "processes in the run's namespaces"
}

# go OPTIONS… : `run`, whose pids are known.
go() {
        (cd "$repo" && exec cupel run --json --quiet "$@") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
        makers="$! $(pgrep -P $!)"
        wait $!
        status=$?
        read_result "$e2e_tmp/stdout"
}

# start OPTIONS… : a run whose command has everything that could be left, and waits.
start() {
        rm -f "$e2e_tmp/ready"
        (cd "$repo" && exec cupel run --json --quiet "${abuse[@]}" "$@" -- bash -c "
                echo x > src/x-\$RANDOM; mkfifo /tmp/fifo; echo $mark > /dev/shm/$mark; ipcmk -M 4096 -Q -S 1 >/dev/null
                python3 -c 'import socket,time; s=socket.socket(socket.AF_UNIX); s.bind(\"/tmp/$mark\"); s.listen(); t=socket.socket(); t.bind((\"127.0.0.1\", 0)); t.listen(); time.sleep(1000)' $mark &
                (setsid bash -c 'trap \"\" TERM HUP INT; exec -a $mark sleep 1000' &)
                exec -a $mark sleep 1000") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
        supervisor=$!
        wait_for 20 at_work || fail "the step never began: $(cat "$e2e_tmp/stderr")"
        makers="$supervisor $(pgrep -P "$supervisor")"
        own=$(readlink /proc/self/ns/* | sort -u)
        namespaces=$(our_namespaces | grep -vFx "$own")
        [ -n "$namespaces" ] || fail "the run has no namespaces of its own"
        read -r begun _ </proc/uptime
}
tidied() { gone || { (cd "$repo" && cupel admit --yes) && gone; }; }
no_process() { [ -z "$(our_processes)" ]; }
at_work() { [ "$(pgrep -fc "^$mark|$mark\$")" -ge 3 ]; }

pid_of() {
        case $1 in
        supervisor) echo "$supervisor" ;;
        director) pgrep -P "$supervisor" -f cupel-director ;;
        cage) pgrep -P "$supervisor" -f 'cupel-sandbox cage' ;;
        runner) pgrep -f "^[^ ]*/cupel-runner .*$e2e_tmp" ;;
        helper) pgrep -P "$(pid_of runner)" -f cupel-sandbox ;;
        esac
}

# the first run makes keys, store and layers, which stay
run "$repo" "${abuse[@]}" -- sh -c 'echo warm > src/warm'
look | sort >"$e2e_tmp/before"

attempt 42.1 committed
go "${abuse[@]}" -- sh -c 'echo x > src/x'
is "$outcome" committed "outcome ($json $(stderr))"
nothing_left

attempt 42.1 "the command failed"
go "${abuse[@]}" -- sh -c 'echo y > src/y; exit 3'
is "$outcome" work_failed outcome
nothing_left

attempt 42.1 "a verifier failed"
go "${abuse[@]}" --verify no='exit 1' -- sh -c 'echo y > src/y'
is "$outcome" self_verification_failed outcome
nothing_left

attempt 42.1 "refused by the director"
printf 'verifiers: {no: {run: "exit 1", gate: director, baseline: false}}\n' >"$e2e_tmp/no.yaml"
go --policy "$e2e_tmp/no.yaml" --verify no --title x -- sh -c 'echo y > src/y'
is "$outcome" director_refused "outcome ($json $(stderr))"
nothing_left

attempt 42.1 "over budget"
start --budget wall=15s
wait "$supervisor"
is "$?" 24 "exit status ($(cat "$e2e_tmp/stderr"))"
nothing_left "$namespaces"

attempt 42.1 cancelled
start
kill -TERM "$supervisor"
wait "$supervisor"
is "$?" 27 "exit status ($(cat "$e2e_tmp/stderr"))"
nothing_left "$namespaces"

for victim in supervisor director cage runner helper; do
        attempt 15.1 "$victim"
        start
        pid=$(pid_of "$victim")
        [ -n "$pid" ] || fail "no $victim"
        kill -KILL "${pid:-$supervisor}"
        wait "$supervisor" 2>/dev/null
        wait_for 10 no_process || fail "processes: $(our_processes)"
        (cd "$repo" && cupel admit --yes) >"$e2e_tmp/out" 2>&1 || fail "the next command: $(cat "$e2e_tmp/out")"
        # a group that the kernel does not give up yet is for the command after it
        wait_for 10 tidied || :
        nothing_left "$namespaces"
        state=$(cd "$repo" && cupel show --json @last | python3 -c 'import json,sys; print(json.load(sys.stdin).get("outcome"))' 2>&1)
        # without its helper the runner is still there to say that it cannot go on
        case $victim in
        helper) is "$state" internal_error "outcome" ;;
        *) is "$state" interrupted "outcome" ;;
        esac
done

done_testing
