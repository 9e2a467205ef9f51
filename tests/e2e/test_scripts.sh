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
for name in build fuzz fuzz-trees test test-agents valgrind coverage replay-suite publish-check quickstart check docs; do
        puzzled --nonsense "$scripts/$name" --nonsense
done
for number in x 0 -5 010; do
        puzzled "\"$number\"" "$scripts/fuzz" --seconds "$number" yaml
        puzzled "\"$number\"" "$scripts/fuzz" --minutes "$number" yaml
        puzzled "\"$number\"" "$scripts/fuzz-trees" --sequences "$number"
done
for name in bench crash-sweep soak proof gate-precision gate-recall; do
        puzzled --nonsense "$scripts/$name" --nonsense
done
puzzled "what is to be tried" "$scripts/crash-sweep"
puzzled '"x"' "$scripts/crash-sweep" --sample x
puzzled '"x"' "$scripts/soak" --runs x
puzzled '"0"' "$scripts/bench" --runs 0
puzzled '"abc"' "$scripts/bench" --sizes 10,abc
puzzled "$e2e_tmp/none/x" "$scripts/bench" --json "$e2e_tmp/none/x"
for option in '--report' '--keep'; do puzzled "$option" "$scripts/fuzz" "$option"; done
for option in '--report' '--folder'; do puzzled "$option" "$scripts/fuzz-trees" "$option"; done
for name in valgrind replay-suite; do
        puzzled --as "$scripts/$name" --as
        puzzled '"no such user"' "$scripts/$name" --as "no such user"
done

puzzled '"many"' env CUPEL_TEST_JOBS=many "$scripts/test-agents" --no-build --no-user mcp

t "what is no name is answered with the names that there are"
puzzled "release dev asan" "$scripts/build" relase
puzzled "format layers" "$scripts/check" format fromat
puzzled "codex" "$scripts/test-agents" codx
puzzled "--list" "$scripts/fuzz" yml
puzzled "nearest is curl;" "$scripts/gate-precision" --only curll

t "--only WORD that is in no name is refused, with the nearest: a run of no test has not passed"
for name in test coverage; do
        puzzled "nearest is unit_policy;" "$scripts/$name" --only unit --only unit_polcy
        puzzled "nearest is test_policies.sh;" "$scripts/$name" --e2e --only polices
done
puzzled "nearest is unit_" "$scripts/test" --unit --only test_trees
puzzled "nearest is test_commit.sh;" "$scripts/test" --tsan --only comit
puzzled "nearest is fuzz_yaml;" "$scripts/coverage" --units --only yml
puzzled "nearest is unit_runner;" "$scripts/valgrind" --only unit_runer
puzzled "nearest is test_inside.sh;" "$scripts/replay-suite" --only insde
puzzled "nearest is test_hostile.sh;" "$scripts/test-agents" --only hostle codex
puzzled "nearest is test_sdk.sh;" "$scripts/test-agents" --only hostile mcp
for name in test test-agents valgrind coverage replay-suite; do puzzled --only "$scripts/$name" --only; done

t "--no-build where nothing is built is told; no program is left out in silence"
tree=$(new_folder tree)
mkdir -p "$tree/tests/e2e" && cp -r "$scripts" "$tree/" && cp "$e2e_top/tests/CMakeLists.txt" "$tree/tests/" && touch "$tree/tests/e2e/test_commit.sh"
refused "$nothing" "$tree/build/asan/bin/unit_base" "$tree/scripts/test" --no-build --unit
refused "$nothing" "$tree/build/bin/cupel" "$tree/scripts/test" --no-build --e2e
refused "$nothing" "$tree/build/asan/bin/cupel" "$tree/scripts/test" --no-build --asan-e2e
refused "$nothing" "$tree/build/tsan/bin/cupel" "$tree/scripts/test" --no-build --tsan
refused "$nothing" "$tree/build/valgrind/bin/cupel" "$tree/scripts/valgrind" --no-build
refused "$nothing" "$nothing/cupel" "$tree/scripts/replay-suite" --only commit

t "--help is help, and nothing begins"
for name in bench crash-sweep soak proof; do
        has "$("$scripts/$name" --help)" "scripts/$name" "$name"
done
has "$("$scripts/bench" --help)" "of which the fastest counts"
is "$(comm -3 <("$scripts/bench" nonsense 2>&1 | sed 's/.*there are //; s/;.*//; s/, /\n/g' | sort) \
        <("$scripts/bench" --help | sed '1,/^how often/d; s/^ *\([^ ]*\).*/\1/' | sort))" "" "each row is told"
for name in gate-precision gate-recall; do
        has "$("$scripts/$name" --help)" "scripts/$name" "$name"
done
for name in build fuzz fuzz-trees test test-agents valgrind coverage replay-suite publish-check quickstart check docs; do
        status=0
        said=$(timeout 20 "$scripts/$name" --help 2>&1 </dev/null) || status=$?
        is "$status" 0 "$name"
        has "$(head -n 12 <<<"$said")" "$(sed -n '3s/^# //p' "$scripts/$name")" "$name"
done

done_testing
