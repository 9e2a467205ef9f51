#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A sample of scripts/crash-sweep, stratified by process, call and fault, and some of each of its experiments. The seed is fixed, another
# one for an ordinary user. What went wrong is told with the command that does it again. CUPEL_CRASH_POINTS, CUPEL_CRASH_SEED: others.
set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
points=${CUPEL_CRASH_POINTS:-500} seed=${CUPEL_CRASH_SEED:-1}
[ "$(id -u)" = 0 ] || { points=${CUPEL_CRASH_POINTS:-150} seed=${CUPEL_CRASH_SEED:-2}; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# holds NAME COMMAND…: exit status 0, and its last line is shown.
holds() {
        local name=$1
        shift
        if "$@" >"$work/out" 2>"$work/err"; then
                echo "ok - $name: $(grep ' tried (' "$work/out")"
        else
                bad=1
                echo "not ok - $name"
                grep -A3 -h '^WRONG\|^crash-sweep:\|^Traceback\|^[A-Za-z]*Error' "$work/out" "$work/err"
                tail -n 3 "$work/out" "$work/err"
        fi >&1
}

# refuses NAME WORDS PATH: without what it needs the sweep fails, and says what it needs.
refuses() {
        if PATH=$3 "$python" "$top/scripts/crash-sweep" --sample 1 >"$work/out" 2>&1 || ! grep -q "$2" "$work/out"; then
                bad=1
                echo "not ok - $1"
                cat "$work/out"
        else
                echo "ok - $1"
        fi
}

python=$(readlink -f "$(python3 -c 'import sys; print(sys.executable)')")
mkdir "$work/none" "$work/barred"
printf '#!/bin/sh\necho "strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted" >&2\nexit 1\n' >"$work/barred/strace"
chmod +x "$work/barred/strace"
refuses "no strace here is a failure, not a skip" "no strace here" "$work/none"
refuses "a strace that may not attach is a failure with its remedy" ptrace_scope "$work/barred:$PATH"

sweep=("$top/scripts/crash-sweep" --seed "$seed")
holds "$points points, seed $seed" "${sweep[@]}" --sample "$points"
holds "what went wrong once" "${sweep[@]}" --points "$top/tests/crash/once"
holds "what the power leaves" "${sweep[@]}" --power 10
holds "clocks that jump" "${sweep[@]}" --clock 12
holds "two supervisors" "${sweep[@]}" --pairs 16
holds "two crashes in a row" "${sweep[@]}" --twice 12
holds "full and read-only disks" "${sweep[@]}" --disk 8
exit $bad
