#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Failure means what it is: no key, a refused key, an upstream that has had enough, a model that only talks.
source "$(dirname "$0")/lib.sh"
repo=$(broken_repo)
before=$(fingerprint "$repo")

t "$agent without a key is blocked, and nobody is asked"
model '{"steps": [{"say": "Who asks?"}]}'
run "$repo" --agent "$agent" --title "Fix add()" --verify "$unit"
ends blocked 30
has "$json" "$key_name" "the reason names the variable"
is "$(asked 1 | wc -l)" 0 "requests"

for refusal in 401 403; do
        t "$agent: $refusal from the upstream is blocked, and not tried again with the same key"
        model "{\"steps\": [{\"status\": $refusal}]}"
        agent_run "$repo"
        ends blocked 30
        has "$json" "$refusal" "the reason"
        seen=$(asked 1 | wc -l)
        agent_run "$repo"
        ends blocked 30
        is "$(asked 1 | wc -l)" "$seen" "requests after the second try"
done

t "$agent: 429 without end is work_failed after its own retries, with the reason; also where it never gives up and its time is over"
model '{"steps": [{"status": 429, "retry_after": 1}]}'
key=$key-other
[ "$agent" != claude-code ] || sed -i '1s|{network|{env: {CLAUDE_CODE_MAX_RETRIES: "2"}, network|' "$XDG_CONFIG_HOME/cupel/config.yaml"
agent_run "$repo" --budget wall=25s
ends work_failed 21
has "$json" 429 "the reason"
is "$([ "$(asked 1 | wc -l)" -gt 1 ] && echo yes)" yes "it tried again"

t "$agent: a model that only talks ends as no_change, with its last words"
model '{"steps": [{"say": "Which of the two files do you mean?"}]}'
agent_run "$repo"
ends no_change 20
has "$json" "Which of the two files do you mean?" "the reasons"

t "$agent: none of it has left anything in the repository"
is "$(fingerprint "$repo")" "$before" "the repository"
nothing_left
done_testing
