#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Random three-way merges against git. CUPEL_MERGE_CASES: how many (a sample by default); CUPEL_MERGE_SEED: which.
source "$(dirname "$0")/../lib/e2e.sh"

probe=${CUPEL_BIN%/bin}/tests/bin/merge-probe
cases=${CUPEL_MERGE_CASES:-200} seed=${CUPEL_MERGE_SEED:-$RANDOM}

if [ ! -x "$probe" ]; then
        echo "ok - skipped: $probe is not built here"
        done_testing
fi

t "trees merged here are the trees that git merges"
folder=$(new_folder histories)
python3 "$e2e_top/tests/lib/merge_histories.py" "$folder/all.git" "$probe" "$cases" "$seed" >"$e2e_tmp/out" 2>&1 ||
        fail "$(cat "$e2e_tmp/out")"
has "$(cat "$e2e_tmp/out")" "0 wrong" "summary"

done_testing
