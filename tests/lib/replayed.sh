# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Every run of an end-to-end test judged again, as somebody else would: from an archive of its packet, in a second clone, with a
# home, a configuration, a state and a cache of their own. Sourced by e2e.sh; on with CUPEL_E2E_REPLAY=1, or where a test says
#
#     replay_every_run                       # this test's runs always are
#
# Whoever started the run does not matter: new packets are looked for wherever a run or a case of the test ends (see_runs), and kept,
# with what of the repository they were judged on, before the test can spoil or remove either. They are judged when the test is done
# (tests/lib/replay_packets.py). A run that rightly comes to another end there is named by the test, with the reason:
#
#     replays_as 1 "its verifier tosses a coin" RUN…      # exit status of cupel replay; 0/1: either
#     runs_unseen "their packets were removed" RUN…       # nobody could see a packet of these
#
# CUPEL_E2E_REPLAYED=FILE: one line per run is added there, for scripts/replay-suite.
e2e_replay=${CUPEL_E2E_REPLAY:-}
e2e_place=$e2e_tmp/+replayed # no test of ours calls a folder so
e2e_seen=$e2e_place/seen

replay_every_run() { e2e_replay=1; }

replays_as() { e2e_expect "$@"; }
runs_unseen() { e2e_expect unseen "$@"; }
e2e_expect() {
        local run
        mkdir -p "$e2e_place"
        for run in "${@:3}"; do
                printf '%s\t%s\t%s\n' "$run" "$1" "$2" >>"$e2e_place/replay-as"
        done
}

# report_value REPORT KEY: of the report's outermost members; "" for null.
report_value() { sed -n 's/^  "'"$2"'": "\(.*\)",*$/\1/p' "$1"; }

# The packet and what it was judged on, as they are now. `place` is ours alone: whoever made it sees this run.
e2e_keep() {
        local packet=$1 place=$2 report=$1/evidence/report.json repo clone id ids=()
        cp -a "$packet" "$place/" && [ ! -e "$packet/../../ending/${packet##*/}" ] &&
                cmp -s "$packet/evidence/SHA256SUMS" "$place/${packet##*/}/evidence/SHA256SUMS" || return
        repo=$(sed -n '/^  "admission": {/,/^  }/s/^    "path": "\(.*\)",*$/\1/p' "$report")
        clone=$e2e_place/elsewhere/$(basename "${packet%/runs/*}")
        if [ -n "$repo" ]; then
                [ -d "$clone" ] || git clone -q --no-hardlinks "$repo" "$clone" >/dev/null 2>&1
                for id in $(sed -n '/^  "landing": {/,/^  }/s/^      "commit": "\(.*\)",*$/\1/p' "$report") \
                        $(report_value "$report" base) $(report_value "$report" commit); do
                        git -C "$clone" cat-file -e "$id" 2>/dev/null || ids+=("$id")
                done
                [ ${#ids[@]} = 0 ] || git -C "$clone" fetch -q "$repo" "${ids[@]}" >/dev/null 2>&1
        fi
        printf '%s\n%s\n' "$clone" "$e2e_name" >"$place/place"
}

# A held run has another packet when it has ended; all else that changes one is the test's own doing.
see_runs() {
        local sums packet id place
        [ "$e2e_replay" = 1 ] || return 0
        mkdir -p "$e2e_seen" "$e2e_place/elsewhere"
        for sums in "$XDG_STATE_HOME"/cupel/repos/*/runs/*/evidence/SHA256SUMS; do
                packet=${sums%/evidence/*} id=${sums%/evidence/*}
                id=${id##*/} place=$e2e_seen/${id##*/}
                { [ -f "$sums" ] && [ ! -e "$packet/../../ending/$id" ]; } || continue
                if [ -e "$place/place" ]; then
                        [ "$sums" -nt "$place/$id/evidence/SHA256SUMS" ] || continue
                        place+=+$(report_value "$packet/evidence/report.json" outcome)
                        [ "${place##*+}" != "$(report_value "$e2e_seen/$id/$id/evidence/report.json" outcome)" ] || continue
                fi
                mkdir "$place" 2>/dev/null || continue
                e2e_keep "$packet" "$place" || { chmod -R u+rwX "$place" && rm -rf "$place"; }
        done
        return 0
}

# When the test is done: every line of what does not hold is a failure of the last case.
replay_seen_runs() {
        local line
        [ "$e2e_replay" = 1 ] || return 0
        wait_for 10 quiet_now # whose end is at work has its packet soon
        see_runs
        [ -n "$(ls -A "$e2e_seen" 2>/dev/null)" ] || return 0
        t "the $(find "$e2e_seen" -mindepth 1 -maxdepth 1 | wc -l) packets of this test's runs come to the same verdict elsewhere"
        touch "$e2e_place/replay-as"
        while IFS= read -r line; do
                fail "$line"
        done < <(/usr/bin/python3 "$e2e_top/tests/lib/replay_packets.py" --cupel "$e2e_cupel" --tmp "$e2e_place" \
                --state "$XDG_STATE_HOME/cupel" --test "$(basename "$0" .sh)" ${CUPEL_E2E_REPLAYED:+--list "$CUPEL_E2E_REPLAYED"} 2>&1)
}
