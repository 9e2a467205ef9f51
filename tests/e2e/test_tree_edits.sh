#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A sample of scripts/fuzz-trees: random edits in overlays, with git as the judge. CUPEL_TREE_SEQUENCES: how many; CUPEL_TREE_SEED: which.
source "$(dirname "$0")/../lib/e2e.sh"

sequences=${CUPEL_TREE_SEQUENCES:-600} seed=${CUPEL_TREE_SEED:-$RANDOM}

if [ ! -x "${CUPEL_BIN%/bin}/tests/bin/tree-judge" ]; then
        echo "ok - skipped: ${CUPEL_BIN%/bin}/tests/bin/tree-judge is not built here"
        done_testing
fi

t "trees read back are the trees that git makes"
"$e2e_top/scripts/fuzz-trees" --no-build --sequences "$sequences" --seed "$seed" --report "$e2e_tmp/report" >"$e2e_tmp/out" 2>&1 ||
        fail "seed $seed: $(head -c 6000 "$e2e_tmp/out")"
is "$(jq -r '"\(.executions) \(.findings)"' "$e2e_tmp/report")" "$sequences 0" "sequences, of which differ"

t "a seed says which they are"
for _ in 1 2; do
        "$e2e_top/scripts/fuzz-trees" --no-build --sequences 40 --seed 3 --report "$e2e_tmp/same" >/dev/null 2>&1 || fail "it differs"
done
is "$(jq -c '[.edits, .changed, .kinds]' "$e2e_tmp/same" | sort -u | wc -l)" 1 "different reports"

done_testing
