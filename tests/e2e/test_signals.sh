#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Interrupted at any moment, by a polite signal or by SIGKILL of any of our processes: no trace in the repository, no process,
# and the next command that writes tidies up by itself.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
before=$(fingerprint "$repo")

# Pids below the supervisor by program and form; "helper" is the caged runner's, "room" the director's.
pid_of() {
        case $1 in
        supervisor) echo "$supervisor" ;;
        director) pgrep -P "$supervisor" -f cupel-director ;;
        cage) pgrep -P "$supervisor" -f 'cupel-sandbox cage' ;;
        runner) pgrep -f "cupel-runner .*$e2e_tmp" | head -1 ;;
        step) pgrep -f "^marker-$$-$moment" | head -1 ;;
        esac
}

# One run whose command, verifier or director's verifier hangs at `moment`.
start_run() {
        moment=$1
        local work=true self=true late=true hang="exec -a marker-$$-$moment sleep 300"
        case $moment in
        work) work=$hang ;;
        self) self=$hang ;;
        late) late=$hang ;;
        esac
        cat >"$e2e_tmp/policy.yaml" <<Y
verifiers:
  a-self: {run: 'bash -c "$self"', gate: self}
  b-late: {run: 'bash -c "$late"', gate: director}
Y
        (cd "$repo" && exec cupel run --json --quiet --policy "$e2e_tmp/policy.yaml" --title "$moment" --verify a-self --verify b-late \
                -- bash -c "echo $moment > src/a.txt; $work") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
        supervisor=$!
        wait_for 20 pgrep -f "^marker-$$-$moment" || fail "the step never began: $(cat "$e2e_tmp/stderr")"
}

for signal in INT TERM HUP; do
        for moment in work self late; do
                t "SIG$signal while $moment"
                start_run "$moment"
                kill -s "$signal" "$supervisor"
                wait "$supervisor"
                is "$?" 27 "exit status ($(cat "$e2e_tmp/stderr"))"
                read_result "$e2e_tmp/stdout"
                is "$outcome" cancelled outcome
                is "$(fingerprint "$repo")" "$before" "the repository"
                wait_for 5 quiet_now || fail "a process is left: $(pgrep -af "$e2e_tmp/state")"
                [ ! -e "$packet/quarantine" ] || fail "the quarantine is still there"
        done
done

for moment in work self late; do
        for victim in supervisor director cage runner; do
                case $moment-$victim in late-cage | late-runner) continue ;; esac # they have ended by then
                t "SIGKILL of the $victim while $moment"
                start_run "$moment"
                pid=$(pid_of "$victim")
                [ -n "$pid" ] || fail "no $victim"
                [ -z "$pid" ] || kill -KILL "$pid"
                wait "$supervisor" 2>/dev/null
                code=$?
                isnt "$code" 0 "exit status"
                is "$(fingerprint "$repo")" "$before" "the repository"
                wait_for 10 quiet_now || fail "a process is left: $(pgrep -af "$e2e_tmp/state")"
                pgrep -f "^marker-$$-$moment" >/dev/null && fail "the step lives on"
                (cd "$repo" && cupel admit --yes) >"$e2e_tmp/admit" 2>&1 || fail "the next command: $(cat "$e2e_tmp/admit")"
                state=$(cd "$repo" && cupel show --json @last | python3 -c 'import json,sys; print(json.load(sys.stdin).get("outcome"))' 2>&1)
                is "$state" interrupted "outcome"
                last=$(cd "$repo" && cupel runs --json | python3 -c 'import json,sys; r=json.load(sys.stdin)[0]; print(r.get("run") or r.get("id"))')
                for rest in quarantine head upper; do
                        find "$XDG_STATE_HOME/cupel/repos" -path "*/$last/$rest" | grep -q . && fail "$rest is still there"
                done
                is "$(fingerprint "$repo")" "$before" "the repository after recovery"
        done
done

# The director is stopped again and again from the moment it announces the end, and killed with its supervisor where the store
# says that the run is over and its folders are still there.
kill_at_the_end() {
        python3 - "$1" "$(dirname "$(find "$XDG_STATE_HOME/cupel/repos" -name store.db)")" <<'P'
import os, signal, sqlite3, subprocess, sys, time
supervisor, state = int(sys.argv[1]), sys.argv[2]
ending = os.path.join(state, "ending")
def pids():
    return [int(p) for p in subprocess.run(["pgrep", "-P", str(supervisor), "-f", "cupel-director"], capture_output=True, text=True).stdout.split()]
def lives(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
director = None
deadline = time.monotonic() + 20
while time.monotonic() < deadline and director is None and lives(supervisor):
    director = (pids() or [None])[0]
while time.monotonic() < deadline and director and lives(director):
    if not os.path.isdir(ending) or not os.listdir(ending):
        continue
    os.kill(director, signal.SIGSTOP)
    run = os.listdir(ending)[:1]
    db = sqlite3.connect(os.path.join(state, "store.db"))
    row = run and db.execute("SELECT phase FROM runs WHERE id = ?", run).fetchone()
    db.close()
    if row and row[0] in ("committed", "discarded"):
        os.kill(supervisor, signal.SIGKILL)
        os.kill(director, signal.SIGKILL)
        print(run[0])
        break
    if not run:
        os.kill(director, signal.SIGCONT)
        break
    os.kill(director, signal.SIGCONT)
P
}

left_of() {
        local rest
        for rest in quarantine head upper; do
                find "$XDG_STATE_HOME/cupel/repos" -path "*/$1/$rest"
        done
}

for end in committed self_verification_failed; do
        t "SIGKILL after the run is over ($end) and before it is tidy: the next command finishes it"
        killed='' tries=0
        while [ -z "$killed" ] && [ "$tries" -lt 20 ]; do
                tries=$((tries + 1))
                check=./check.sh
                [ "$end" = committed ] || check=false
                (cd "$repo" && exec cupel run --json --quiet --title "end $tries" --verify "unit=$check" \
                        -- sh -c "mkdir -p d; for i in \$(seq 300); do echo $end $tries \$i >d/\$i; done") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
                supervisor=$!
                killed=$(kill_at_the_end "$supervisor")
                wait "$supervisor" 2>/dev/null
                wait_for 10 quiet_now || fail "a process is left: $(pgrep -af "$e2e_tmp/state")"
                [ -n "$killed" ] && [ -z "$(left_of "$killed")" ] && killed=''
        done
        [ -n "$killed" ] || fail "no director was killed at its end"
        (cd "$repo" && cupel admit --yes) >"$e2e_tmp/admit" 2>&1 || fail "the next command: $(cat "$e2e_tmp/admit")"
        is "$(left_of "$killed")" "" "what the end left"
        has "$(cat "$e2e_tmp/admit")" "finished what the end of run $killed had left: $end" "the next command"
        is "$(find "$XDG_STATE_HOME/cupel/repos" -path '*/ending/*')" "" "runs whose end is at work"
        folder=$(find "$XDG_STATE_HOME/cupel/repos" -path "*/runs/$killed")
        succeeds sh -c "cd '$folder/evidence' && sha256sum -c SHA256SUMS"
        hasnt "$(cd "$repo" && cupel admit --yes 2>&1)" finished "a command after that"
done

t "after all that a run commits"
run "$repo" --title fine --verify unit=./check.sh -- sh -c 'echo fine > src/a.txt'
is "$status" 0 "exit status ($(stderr))"
succeeds git -C "$repo" fsck --strict

done_testing
