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
        (cd "$repo" && exec cupel run --json --quiet --policy "$e2e_tmp/policy.yaml" --mood calm --title "$moment" --verify a-self --verify b-late \
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

t "what was started to outlive its terminal (nohup) does, all of it; its steps begin with SIGHUP as programs expect it"
(
        trap '' HUP
        cd "$repo" && exec cupel run --json --quiet --mood calm --title nohup --verify ok=./check.sh -- \
                bash -c "grep -q 'SigIgn:.*0\$' /proc/self/status || exit 9; bash -c 'exec -a marker-$$-nohup sleep 2'; echo nohup >src/a.txt"
) >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
supervisor=$!
wait_for 20 pgrep -f "^marker-$$-nohup" || fail "the step never began: $(cat "$e2e_tmp/stderr")"
for victim in supervisor director cage runner; do kill -HUP "$(pid_of "$victim")"; done
wait "$supervisor"
is "$?" 0 "exit status ($(cat "$e2e_tmp/stderr"))"
is "$(git -C "$repo" show main:src/a.txt)" nohup "the commit"
before=$(fingerprint "$repo")

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

# What a runner writes while it dies must not come after what was sealed: each of these packets has the log that it was sealed with.
for victim in supervisor director cage runner; do
        t "SIGKILL of the $victim while the agent prints without end: the log is the one that was sealed"
        for i in 1 2 3 4; do
                (cd "$repo" && exec cupel run --json --quiet --mood calm --title "prints $victim $i" --verify unit=./check.sh -- \
                        sh -c 'while :; do echo abcdefghijklmnopqrstuvwxyz; done') >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
                supervisor=$!
                prints() { [ -s "$(echo "$(state_of "$repo")/runs/prints-$victim-${i}__"*/logs/agent.log)" ]; }
                wait_for 20 prints || fail "the agent never began: $(cat "$e2e_tmp/stderr")"
                kill -KILL "$(pid_of "$victim")"
                wait "$supervisor" 2>/dev/null
                wait_for 10 quiet_now || fail "a process is left: $(pgrep -af "$e2e_tmp/state")"
                evidence=$(echo "$(state_of "$repo")/runs/prints-$victim-${i}__"*/evidence)
                [ ! -e "$evidence/SHA256SUMS" ] || succeeds sh -c "cd '$evidence' && sha256sum --quiet --strict -c SHA256SUMS"
                succeeds sh -c "cd '$repo' && cupel admit --yes"
                succeeds sh -c "cd '$evidence' && sha256sum --quiet --strict -c SHA256SUMS"
        done
done

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
                (cd "$repo" && exec cupel run --json --quiet --mood calm --title "end $tries" --verify "unit=$check" \
                        -- sh -c "mkdir -p d; for i in \$(seq 150); do echo $end $tries \$i >d/\$i; done") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
                supervisor=$!
                killed=$(python3 "$e2e_top/tests/lib/kill_at_end.py" "$supervisor" "$(state_of "$repo")" committed discarded)
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

t "a killed run whose folder is gone ends, too"
start_run work
lost=$(cd "$repo" && cupel runs --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["run"])')
# neither sees the other's end (a stopped director would be sent on by the end of its parent: setpgid(2), orphaned groups)
kill -STOP "$supervisor"
kill -KILL "$(pid_of director)" "$supervisor"
wait "$supervisor" 2>/dev/null
wait_for 10 quiet_now || fail "a process is left: $(pgrep -af "$e2e_tmp/state")"
rm -rf "$(state_of "$repo")/runs/$lost"
runs_unseen "its folder is removed by what is tested" "$lost"
has "$(cd "$repo" && cupel admit --yes 2>&1)" "recovered the interrupted run $lost: interrupted" "the next command"
is "$(cd "$repo" && cupel show --json @last | python3 -c 'import json,sys; print(json.load(sys.stdin).get("outcome"))')" interrupted outcome

t "after all that a run commits"
run "$repo" --title fine --verify unit=./check.sh -- sh -c 'echo fine > src/a.txt'
is "$status" 0 "exit status ($(stderr))"
succeeds git -C "$repo" fsck --strict

done_testing
