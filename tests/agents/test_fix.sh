#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job: a failing test, the model repairs it through the agent's own tools, the run ends committed. What it used and
# what that cost is in the packet; a note that it left through the MCP server is in the log.
source "$(dirname "$0")/lib.sh"

t "$agent repairs a failing test, and git has exactly that"
note='{"tool": "note", "input": {"text": "the sign was wrong"}}'
model "{\"steps\": [{\"shell\": \"$repair\", \"usage\": {\"input\": 1000, \"output\": 100, \"cache_read\": 500}}, $note, {\"say\": \"The sign is right now.\"}]}"
repo=$(broken_repo)
agent_run "$repo"
ends committed 0
is "$(git -C "$repo" diff --stat=80 HEAD~1 HEAD -- | sed 's/ *|.*//;s/^ *//' | head -n 1)" calc.py "the changed file"
is "$(git -C "$repo" diff HEAD~1 HEAD | grep -c '^[+-][^+-]')" 2 "changed lines"
is "$(git -C "$repo" rev-list --count HEAD)" 2 "commits"
is "$(git -C "$repo" status --porcelain)" "" "the checkout"
is "$(git -C "$repo" rev-parse HEAD)" "$commit" "the commit"
isnt "$(asked 'r["path"]' 'r.get("step") == 0')" "" "the model's first step"

t "$agent: the model saw the key, and no other"
is "$(asked '"'"$key"'" in str([r["headers"].get(n) for n in ("x-api-key", "authorization", "x-goog-api-key")])' 'r["method"] == "POST"' | sort -u)" True "the key"
is "$(asked '"through-the-route" in str(r["headers"])' | sort -u)" False "the placeholder"

t "$agent: tokens and dollars are in the packet and in cupel show"
read -r tokens_in tokens_out < <(given_out)
is "$(cost tokens_in) $(cost tokens_out)" "$tokens_in $tokens_out" "tokens"
has "$(cd "$repo" && cupel show "$run_id")" '$0.' "cupel show"
isnt "$(cost usd)" 0 "dollars"
isnt "$(cd "$repo" && cupel events "$run_id" --type cost.reported --json | wc -l)" 0 "cost.reported"

t "$agent: a note through the MCP server is in the log"
has "$(cd "$repo" && cupel events "$run_id" --type note.observation --json)" "the sign was wrong" "the note"
is "$(cd "$repo" && cupel events "$run_id" --type note.observation | grep -v "the sign was wrong")" "" "observations that nobody made"

nothing_left
done_testing
