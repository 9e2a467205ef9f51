#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A packet tells what was judged, whoever writes it, and however often: the parent, the tree and the patch of the director's last
# decision, or the run's own change on its base where nothing was decided. Not what its writer happens to have tried.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
seq 30 >"$repo/src/lines.txt"
git -C "$repo" add -A && git -C "$repo" commit -q -m lines
first=$(git -C "$repo" rev-parse HEAD)
echo theirs >"$repo/src/theirs.txt"
sed -i 's/^3$/three/' "$repo/src/lines.txt"
git -C "$repo" add -A && git -C "$repo" commit -q -m "by a person"
state=$(state_of "$repo")

printf 'approval: {person_at: low}\n' >"$e2e_tmp/held.yaml"
printf 'approval: {person_at: low, deadline: 1ms}\n' >"$e2e_tmp/hasty.yaml"
mine='echo mine > src/mine.txt; sed -i "s/^20$/twenty/" src/lines.txt'
both='test ! -e src/theirs.txt || test ! -e src/mine.txt'
hangs='test ! -e src/hang || exec -a marker-hangs-'$$' sleep 300'

# judged [STATUS]: the packet of the last run holds, and replays with this exit status (default: 0).
judged() {
        is "$(python3 "$e2e_top/tests/lib/judged.py" "$packet" "$repo")" "" "what the packet of $run_id tells"
        succeeds env -C "$repo" cupel verify "$run_id"
        succeeds env -C "$repo" cupel packet check "$run_id"
        [ -n "${1-}" ] || succeeds env -C "$repo" cupel replay "$run_id"
}

# unfinished: as if it had been killed right after its last move; finished: what the next command then does.
unfinished() { mkdir -p "$state/ending" && : >"$state/ending/$run_id" && rm -f "$packet/evidence/SHA256SUMS"; }
finished() {
        (cd "$repo" && cupel admit --yes) >"$e2e_tmp/admit" 2>&1
        has "$(cat "$e2e_tmp/admit")" "finished what the end of run $run_id had left: $1" "the next command"
        [ -f "$packet/evidence/SHA256SUMS" ] || fail "the packet was not written"
}
forget_reports() { find "$packet/evidence" -mindepth 1 ! -name patch.diff -delete; }

# moved OPTIONS… -- COMMAND…: a run from the commit before the person's: it is merged, and judged on that.
moved() { run "$repo" --base "$first" "$@"; }

# killed_in PHASE OPTIONS… -- COMMAND…: such a run, killed where its last move to this phase is done and nothing else.
killed_in() {
        local phase=$1 tries=0 killed=''
        shift
        while [ -z "$killed" ] && [ "$tries" -lt 20 ]; do
                tries=$((tries + 1))
                (cd "$repo" && exec cupel run --json --quiet --base "$first" --title "killed $phase $tries" "$@") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
                killed=$(python3 "$e2e_top/tests/lib/kill_at_end.py" "$!" "$state" "$phase")
                wait "$!" 2>/dev/null
                wait_for 10 quiet_now || fail "a process is left: $(pgrep -af "$e2e_tmp/state")"
        done
        [ -n "$killed" ] || fail "no director was killed at its end: $(stderr)"
        run_id=$killed packet=$state/runs/$killed
}

# hanging COMMAND…: starts it, until its verifier hangs; its pid: $hanging.
hanging() {
        (cd "$repo" && exec cupel "$@") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
        hanging=$!
        wait_for 20 pgrep -f "^marker-hangs-$$" || fail "the verifier never began: $(cat "$e2e_tmp/stdout" "$e2e_tmp/stderr")"
}
last_run() {
        run_id=$(cd "$repo" && cupel runs --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["run"])')
        packet=$state/runs/$run_id
}

t "refused on a target that had moved"
moved --title refused --verify "unit=$both" -- sh -c "$mine"
is "$status" 23 "exit status ($json)"
judged

t "its end was not finished: the packet is written again"
unfinished
finished director_refused
judged

t "not even its reports were written, and the objects are gone: the patch is the one that was decided on"
unfinished
forget_reports
finished director_refused
judged

t "killed at that end"
killed_in discarded --verify "unit=$both" -- sh -c "$mine; mkdir d; seq 150 | split -l 1 - d/"
finished director_refused
judged

t "held on a target that had moved"
moved --policy "$e2e_tmp/held.yaml" --title held --verify 'unit=true' -- sh -c "$mine"
is "$status" 10 "exit status ($json)"
judged

t "its packet is written again"
unfinished
finished held
judged

t "rejected"
succeeds env -C "$repo" cupel reject "$run_id" --reason "not now"
judged

t "and that end was not finished"
unfinished
finished rejected
judged

t "killed when it was held, then rejected"
killed_in held --policy "$e2e_tmp/held.yaml" --verify 'unit=true' -- sh -c "$mine; mkdir d; seq 150 | split -l 1 - d/"
finished held
judged
succeeds env -C "$repo" cupel reject "$run_id" --reason "not now"
judged

t "a deadline that passed"
moved --policy "$e2e_tmp/hasty.yaml" --title late --verify 'unit=true' -- sh -c "$mine"
is "$status" 10 "exit status ($json)"
(cd "$repo" && cupel admit --yes) >"$e2e_tmp/admit" 2>&1
judged
is "$(report_value "$packet/evidence/report.json" outcome)" rejected "outcome ($(cat "$e2e_tmp/admit"))"

t "an approval that is interrupted while the run is verified on what the target is by now: held, as it was decided"
moved --policy "$e2e_tmp/held.yaml" --title again --verify "unit=bash -c '$hangs'" -- sh -c "$mine"
is "$status" 10 "exit status ($json)"
was=$(sha256sum <"$packet/evidence/patch.diff")
echo hang >"$repo/src/hang"
git -C "$repo" add -A && git -C "$repo" commit -q -m "by a person"
hanging approve "$run_id"
kill -TERM "$hanging"
wait "$hanging"
is "$?" 10 "exit status ($(cat "$e2e_tmp/stdout" "$e2e_tmp/stderr"))"
judged
is "$(sha256sum <"$packet/evidence/patch.diff")" "$was" "the patch that a person approves"

t "an approval that is killed there"
hanging approve "$run_id"
kill -KILL "$(pgrep -P "$hanging" -f cupel-director)" "$hanging"
wait "$hanging" 2>/dev/null
wait_for 10 quiet_now || fail "a process is left: $(pgrep -af "$e2e_tmp/state")"
(cd "$repo" && cupel admit --yes) >"$e2e_tmp/admit" 2>&1
is "$(cd "$repo" && cupel runs --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["outcome"])')" held outcome
judged
is "$(sha256sum <"$packet/evidence/patch.diff")" "$was" "the patch that a person approves"

t "approved at last, on the person's third commit, which is asked about anew; its packet written again"
git -C "$repo" rm -q src/hang && git -C "$repo" commit -q -m "by a person, too"
(cd "$repo" && cupel approve "$run_id") >"$e2e_tmp/out" 2>&1
is "$?" 10 "exit status ($(cat "$e2e_tmp/out"))"
judged
(cd "$repo" && cupel approve "$run_id") >"$e2e_tmp/out" 2>&1
is "$?" 0 "exit status ($(cat "$e2e_tmp/out"))"
judged
unfinished
forget_reports
finished committed
judged

t "killed while it lands"
killed_in landing --verify 'unit=true' -- sh -c 'mkdir -p l; split -l 1 - "l/$(cat /proc/sys/kernel/random/uuid)" <check.sh'
(cd "$repo" && cupel admit --yes) >"$e2e_tmp/admit" 2>&1
is "$(find "$state/ending" -type f)" "" "ends that are at work"
case $(report_value "$packet/evidence/report.json" outcome) in
committed) judged ;;
interrupted) judged nothing ;;
*) fail "outcome ($(cat "$e2e_tmp/admit"))" ;;
esac

t "interrupted while it was verified on a target that had moved: the run's own change on its base"
echo hang >"$repo/src/hang"
git -C "$repo" add -A && git -C "$repo" commit -q -m "by a person"
hanging run --quiet --base "$first" --title interrupted --verify "unit=bash -c '$hangs'" -- sh -c 'echo another > src/another.txt'
last_run
kill -TERM "$hanging"
wait "$hanging"
is "$?" 27 "exit status ($(cat "$e2e_tmp/stdout" "$e2e_tmp/stderr"))"
judged nothing

t "killed there"
hanging run --quiet --base "$first" --title killed --verify "unit=bash -c '$hangs'" -- sh -c 'echo another > src/another.txt'
last_run
kill -KILL "$(pgrep -P "$hanging" -f cupel-director)" "$hanging"
wait "$hanging" 2>/dev/null
wait_for 10 quiet_now || fail "a process is left: $(pgrep -af "$e2e_tmp/state")"
(cd "$repo" && cupel admit --yes) >"$e2e_tmp/admit" 2>&1
judged nothing

for from in main "$first"; do
        t "accepted, but the target moved in the way of it (started from $from)"
        hold_landings "$repo"
        begin "conflict-${from:0:7}" "$repo" --base "$from" --verify 'unit=true' -- sh -c 'sed -i "s/^9$/nine/" src/lines.txt'
        (cd "$repo" && sed -i "s/^9$/neun ${from:0:3}/" src/lines.txt && git commit -q -am "by a person")
        let_land
        end "conflict-${from:0:7}"
        is "$status" 25 "exit status ($json)"
        judged nothing
        git -C "$repo" revert --no-edit HEAD >/dev/null
done

done_testing
