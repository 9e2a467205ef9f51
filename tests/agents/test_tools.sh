#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tools of `cupel mcp` through the agent's own MCP client: what the model calls is in the log, and what they answer reaches
# the model. The agent's prompt speaks of them. (Qwen Code offers each tool only after a search for it, which the scripted model
# does for one: test_fix.sh.)
# agents: claude-code codex gemini-cli opencode
source "$(dirname "$0")/lib.sh"

# said WORDS: that the model was told them, in any request.
said() { grep -rqaF -- "$1" "$model_bodies" || fail "the model was never told: $1"; }

t "$agent: what the model says through the tools is in the log"
model "{\"steps\": [
        {\"tool\": \"status\", \"input\": {\"text\": \"looking at calc.py\", \"progress\": 0.25}},
        {\"tool\": \"work_item\", \"input\": {}},
        {\"tool\": \"budget_left\", \"input\": {}},
        {\"shell\": \"$repair\"},
        {\"tool\": \"note\", \"input\": {\"claim\": \"the sign was wrong\", \"test\": \"run it\", \"budget\": \"1m\"}},
        {\"tool\": \"help\", \"input\": {\"question\": \"subtract too?\", \"options\": [\"yes\", \"no\"], \"default\": \"no\"}},
        {\"say\": \"Done.\"}]}"
repo=$(broken_repo)
agent_run "$repo"
ends committed 0
logged() { (cd "$repo" && cupel events "$run_id" --type "$1" --json); }
has "$(logged note.status)" "looking at calc.py" status
has "$(logged note.hypothesis)" "the sign was wrong" note
has "$(logged note.request.help)" "subtract too?" help

t "$agent: what the tools answer reaches the model"
said 'wall_ms'
said 'diff_lines'
said 'python3 -B -m unittest -q'
said 'Nobody answers during this run'

t "$agent: its prompt speaks of the tools, and not of the command"
said 'budget_left tells what is left'
! grep -rqaF 'cupel note status' "$model_bodies" || fail "the prompt speaks of the command too"

nothing_left
done_testing
