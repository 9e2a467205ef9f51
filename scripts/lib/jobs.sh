# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Test programs, several at a time: each has a home, a state and repositories of its own. For scripts/test and scripts/test-agents.
#
#     job "e2e root packet" env tests/e2e/test_packet.sh     waits for a free place, then starts it
#     jobs_end                                               waits for all; one line per test, then the slowest programs
#
# Before: work (a folder), limit (seconds for one program). Adds to passed and failed.

jobs_at_once=${CUPEL_TEST_JOBS:-$(($(nproc) + 2))} # they wait as much as they compute
passed=0 failed=0 jobs_begun=0
declare -A job_label=() job_files=() job_since=()

pass() {
        passed=$((passed + 1))
        printf 'PASS %s\n' "$1"
}

fail() {
        failed=$((failed + 1))
        printf 'FAIL %s\n' "$1"
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
        [ "$bad" = 0 ] || sed 's/^/    /' "$out" "$err" | grep -v '^    ok ' | tail -n 80
}

job() {
        local label=$1 files
        shift
        while [ ${#job_label[@]} -ge "$jobs_at_once" ]; do
                job_over
        done
        jobs_begun=$((jobs_begun + 1))
        files=$work/job-$jobs_begun
        (cd / && exec timeout "$limit" "$@") >"$files.out" 2>"$files.err" </dev/null &
        job_label[$!]=$label job_files[$!]=$files job_since[$!]=$SECONDS
}

job_over() {
        local pid='' status=0
        wait -n -p pid "${!job_label[@]}" || status=$?
        count "${job_label[$pid]}" "$status" "${job_files[$pid]}.out" "${job_files[$pid]}.err"
        echo "$((SECONDS - job_since[$pid])) s  ${job_label[$pid]}" >>"$work/took"
        rm -f "${job_files[$pid]}".{out,err}
        unset "job_label[$pid]" "job_files[$pid]" "job_since[$pid]"
}

jobs_end() {
        while [ ${#job_label[@]} -gt 0 ]; do
                job_over
        done
        sort -rn "$work/took" 2>/dev/null | head -n 12 | sed 's/^/# slowest: /' || :
}
