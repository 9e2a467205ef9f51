#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The table itself: every line of the list of threats has an attempt, every attempt is made by somebody, and what people read
# is what is tested.
source "$(dirname "$0")/lib.sh"

t "every line from 1 to 37 has an attempt"
for line in $(seq 1 37); do
        grep -q "^$line\." <<<"$abuse_rows" || fail "no attempt for line $line"
done

t "no number and no name stands twice"
is "$(cut -f1 <<<"$abuse_rows" | sort | uniq -d)" "" "numbers"
is "$(cut -f2 <<<"$abuse_rows" | grep -v '^(script)$' | sort | uniq -d)" "" "names"

t "at least twenty attempts are beyond the list"
[ "$(grep -cE '^(3[89]|4[0-9])\.' <<<"$abuse_rows")" -ge 20 ] || fail "too few"

t "every attempt that a script makes is in a script"
while IFS=$'\t' read -r number name _; do
        [ "$name" = '(script)' ] || continue
        grep -qE "attempt $number( |\$|\")|^$number " "$e2e_top"/tests/abuse/test_*.sh || fail "nobody makes $number"
done <<<"$abuse_rows"

t "every named attempt is made by a script"
named=$(sed -n 's/^NAMED("[^"]*", \([a-z0-9_]*\),.*/\1/p' "$e2e_top/tests/abuse/attempts.def")
for name in $named; do
        grep -qE "\\b$name\\b" "$e2e_top"/tests/abuse/test_*.sh || fail "nobody makes $name"
done

if [ -f "$e2e_top/docs/abuse.md" ]; then
        t "docs/abuse.md is the table"
        "$attack" table | cmp -s - "$e2e_top/docs/abuse.md" || fail "make it anew: sandbox-attack table > docs/abuse.md"
fi

done_testing
