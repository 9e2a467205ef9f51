#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Records what an agent sends while it does the main job: record.sh AGENT, started by scripts/test-agents --record.
source "$(dirname "$0")/lib.sh"

version=$(sed -n 's/^tried: *\[*"\{0,1\}\([^], "]*\).*/\1/p' "$e2e_top/policy/agents/$agent.yaml")
t "recording $agent $version"
model "{\"steps\": [{\"shell\": \"$repair\"}, {\"tool\": \"note\", \"input\": {\"text\": \"the sign was wrong\"}}, {\"say\": \"Done.\"}]}"
repo=$(broken_repo)
agent_run "$repo"
ends committed 0
if [ "$e2e_bad" = 0 ]; then
        (cd "$repo" && cupel events "$run_id" --json) |
                python3 -B "$agents_folder/trim.py" "$agent" "$version" "$model_log" "$model_bodies" >"$agents_folder/recorded/$agent.json"
        ls -l "$agents_folder/recorded/$agent.json"
fi
done_testing
