#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Scripts that measure and judge, on a checkout where not all is built: they say what is missing and what makes it, before they begin.
source "$(dirname "$0")/../lib/e2e.sh"

scripts=$e2e_top/scripts nothing=$(new_folder nothing) cupels=$(new_folder cupels)
for name in cupel cupel-sandbox cupel-runner cupel-director cupel-egress; do
        ln -s "$CUPEL_BIN/$name" "$cupels/$name"
done
refused() {
        local folder=$1 program=$2 said status=0
        shift 2
        said=$(CUPEL_BIN=$folder timeout 60 "$@" 2>&1 </dev/null) || status=$?
        is "$status" 1 "$*"
        has "$said" "$program is not built" "$*"
        has "$said" "build" "$*"
        is "$(wc -l <<<"$said")" 1 "$*"
}

t "what is not built is named, with what makes it; no traceback"
refused "$nothing" "$nothing/cupel" "$scripts/bench" whole_run
refused "$nothing" "$nothing/cupel" "$scripts/bench" --quick
refused "$nothing" "$nothing/cupel" "$scripts/soak" --runs 1
refused "$nothing" "$nothing/cupel" "$scripts/crash-sweep" --sample 1
refused "$nothing" "$nothing/tests/bin/gates-over" "$scripts/gate-recall" --build "$nothing"
refused "$nothing" "$nothing/tests/bin/gates-over" "$scripts/gate-precision" --build "$nothing" --cache "$e2e_tmp/cache"
refused "$nothing" "$nothing/cupel" "$scripts/docs" --check --bin "$nothing"
refused "$nothing" "$nothing/tests/bin/tree-judge" "$scripts/fuzz-trees" --no-build --sequences 1

t "each row of scripts/bench asks for its own programs first"
for row in discard sandbox_start --quick; do
        refused "$cupels" "$cupels/bench-sandbox" "$scripts/bench" "$row"
done
# only who may trace sets the kernel's share beside
[ ! -w /sys/kernel/tracing/instances ] || refused "$cupels" "$cupels/bench-floor" "$scripts/bench" phases
is "$("$scripts/bench" nonsense 2>&1 | grep -c 'there are whole_run, by_hand')" 1

# what cannot be understood: one line that names it, exit status 2, at once
puzzled() {
        local word=$1 said status=0
        shift
        said=$(CUPEL_BIN=$cupels timeout 20 "$@" 2>&1 </dev/null) || status=$?
        is "$status" 2 "$*"
        has "$said" "$word" "$*"
        has "$said" "--help" "$*"
        is "$(wc -l <<<"$said")" 1 "$*"
}

t "an option that is not there is named, and numbers that are none, before anything begins"
for name in fuzz fuzz-trees test test-agents valgrind coverage replay-suite publish-check quickstart check; do
        puzzled --nonsense "$scripts/$name" --nonsense
done
for number in x 0 -5 010; do
        puzzled "\"$number\"" "$scripts/fuzz" --seconds "$number" yaml
        puzzled "\"$number\"" "$scripts/fuzz" --minutes "$number" yaml
        puzzled "\"$number\"" "$scripts/fuzz-trees" --sequences "$number"
done
for name in bench crash-sweep soak proof; do
        puzzled --nonsense "$scripts/$name" --nonsense
done
puzzled "what is to be tried" "$scripts/crash-sweep"
puzzled '"x"' "$scripts/crash-sweep" --sample x
puzzled '"x"' "$scripts/soak" --runs x
puzzled '"0"' "$scripts/bench" --runs 0
puzzled '"abc"' "$scripts/bench" --sizes 10,abc
puzzled "$e2e_tmp/none/x" "$scripts/bench" --json "$e2e_tmp/none/x"

t "--help is help, and nothing begins"
for name in bench crash-sweep soak proof; do
        has "$("$scripts/$name" --help)" "scripts/$name" "$name"
done
has "$("$scripts/bench" --help)" "of which the fastest counts"
is "$(comm -3 <("$scripts/bench" nonsense 2>&1 | sed 's/.*there are //; s/;.*//; s/, /\n/g' | sort) \
        <("$scripts/bench" --help | sed '1,/^how often/d; s/^ *\([^ ]*\).*/\1/' | sort))" "" "each row is told"
for name in fuzz fuzz-trees test test-agents valgrind coverage replay-suite publish-check quickstart check; do
        status=0
        said=$(timeout 20 "$scripts/$name" --help 2>&1 </dev/null) || status=$?
        is "$status" 0 "$name"
        has "$(head -n 12 <<<"$said")" "$(sed -n '3s/^# //p' "$scripts/$name")" "$name"
done

done_testing
