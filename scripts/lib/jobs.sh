# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Test programs, several at a time: each has a home, a state and repositories of its own. For scripts/test and scripts/test-agents.
#
#     job "e2e root packet" env tests/e2e/test_packet.sh     waits for a free place, then starts it
#     jobs_end                                               waits for all; one line per test
#     jobs_told                                              the slowest programs, and what went wrong
#
# A program that fails beside others is run once more, alone, and that counts: a test that passes then is told as FLAKY, never as if
# nothing had been. Not where a sanitizer spoke, nor where more than RETRIED programs failed. Every failure is told again at the end.
#
# Before: options.sh; work (a folder), limit (seconds for one program). Adds to passed, failed and flaky.

jobs_at_once=${CUPEL_TEST_JOBS:-$(($(nproc) + 2))} # they wait as much as they compute
a_number CUPEL_TEST_JOBS "$jobs_at_once"
RETRIED=4
passed=0 failed=0 flaky=0 jobs_begun=0
declare -A job_label=() job_files=() job_since=()
jobs_again=()

pass() {
        passed=$((passed + 1))
        printf 'PASS %s\n' "$1"
}

fail() {
        failed=$((failed + 1))
        printf 'FAIL %s\n' "$1" | tee -a "$work/failures"
}

# "- suite::name  (0.00s)" or " 3 - name" without number, dash and time
clean() {
        [[ $1 =~ ^\ *[0-9]*\ *-?\ *(.*)$ ]]
        local text=${BASH_REMATCH[1]}
        [[ ! $text =~ ^(.*[^ ])\ *\([0-9.]+s\)$ ]] || text=${BASH_REMATCH[1]}
        printf '%s' "$text"
}

# count LABEL STATUS OUT ERR: reads the lines "ok - …" and "not ok - …" that a test program left in OUT. A program that ran
# no test, or that ended badly though each test passed, has failed.
count() {
        local label=$1 status=$2 out=$3 err=$4 line seen=0 bad=0
        while IFS= read -r line; do
                case $line in
                'ok '*) pass "$label: $(clean "${line#ok}")" && seen=$((seen + 1)) ;;
                'not ok '*) fail "$label: $(clean "${line#not ok}")" && seen=$((seen + 1)) bad=$((bad + 1)) ;;
                esac
        done <"$out"
        if [ "$seen" = 0 ]; then
                fail "$label: it ran no test (exit status $status)"
                bad=1
        elif [ "$status" != 0 ] && [ "$bad" = 0 ]; then
                fail "$label: exit status $status after its tests"
                bad=1
        fi
        [ "$bad" = 0 ] || said "$out" "$err" | tee -a "$work/failures"
}

said() {
        sed -e '/^ok /d' -e 's/^/    /' "$@" | tail -n 80
}

# What went wrong in a program beside others, where it is worth another look.
failed_beside() {
        local status=$1 out=$2 err=$3
        [ "$status" != 0 ] || grep -q '^not ok ' "$out" || return 1
        [ "${#jobs_again[@]}" -lt "$RETRIED" ] && ! grep -qE 'Sanitizer|runtime error:' "$out" "$err"
}

job() {
        local label=$1 files
        shift
        while [ ${#job_label[@]} -ge "$jobs_at_once" ]; do
                job_over
        done
        jobs_begun=$((jobs_begun + 1))
        files=$work/job-$jobs_begun
        printf '%s\0' "$@" >"$files.argv"
        (cd / && exec timeout "$limit" "$@") >"$files.out" 2>"$files.err" </dev/null &
        job_label[$!]=$label job_files[$!]=$files job_since[$!]=$SECONDS
}

job_over() {
        local pid='' status=0 files label
        wait -n -p pid "${!job_label[@]}" || status=$?
        files=${job_files[$pid]} label=${job_label[$pid]}
        echo "$((SECONDS - job_since[$pid])) s  $label" >>"$work/took"
        unset "job_label[$pid]" "job_files[$pid]" "job_since[$pid]"
        if failed_beside "$status" "$files.out" "$files.err"; then
                printf 'AGAIN %s: it failed beside others, and is run again alone\n' "$label"
                said "$files.out" "$files.err"
                jobs_again+=("$files $label")
                return
        fi
        count "$label" "$status" "$files.out" "$files.err"
        rm -f "$files".*
}

# Alone, and for good.
job_again() {
        local files=${1%% *} label=${1#* } argv=() status=0
        mapfile -d '' -t argv <"$files.argv"
        (cd / && exec timeout "$limit" "${argv[@]}") >"$files.out2" 2>"$files.err2" </dev/null || status=$?
        count "$label" "$status" "$files.out2" "$files.err2"
        [ "$status" = 0 ] || return 0
        flaky=$((flaky + 1))
        {
                printf 'FLAKY %s: it failed beside others and passed alone\n' "$label"
                said "$files.out" "$files.err"
        } >>"$work/failures"
}

jobs_end() {
        local again
        while [ ${#job_label[@]} -gt 0 ]; do
                job_over
        done
        for again in "${jobs_again[@]}"; do
                job_again "$again"
        done
        jobs_again=()
}

# Before the line that counts: the slowest programs, and once more what failed, which scrolled by long ago.
jobs_told() {
        sort -rn "$work/took" 2>/dev/null | head -n 12 | sed 's/^/# slowest: /' || :
        [ ! -s "$work/failures" ] || { echo '# what went wrong, again:' && cat "$work/failures"; }
        [ "$flaky" = 0 ] || printf '%d flaky\n' "$flaky"
}
