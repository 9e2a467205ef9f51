#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Documentation that is made from the program's tables is what the program prints today.
source "$(dirname "$0")/../lib/e2e.sh"

t "the pages that are made from tables are up to date"
succeeds "$e2e_top/scripts/docs" --check --bin "$CUPEL_BIN"

t "each of the pages is told to people and to scripts, too"
for word in keys rules words moods; do
        succeeds cupel policy "$word"
        hasnt "$(cupel policy "$word")" "|---|" "$word, for people"
        succeeds python3 -c 'import json, sys; assert json.loads(sys.argv[1])' "$(cupel policy "$word" --json)"
done

t "every key has a meaning, and what it takes"
is "$(cupel policy keys --json | python3 -c '
import json, sys
rows = {row["key"]: row for file in json.load(sys.stdin).values() for row in file}
print(sorted(key for key, row in rows.items() if not row["takes"] or not row["meaning"]),
      rows["budget.cost_usd"]["default"], rows["verifiers.NAME.run"]["required"])')" "[] 1.00 True" "keys"

done_testing
