#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What real agents send (tests/agents/recorded, made by scripts/test-agents --record), sent again from inside a run with the agent's
# installed profile by tests/agents/replay.py, to the scripted model: paths, headers, credentials, usage, without any agent installed.
agents=$(cd "$(dirname "$0")/../agents" && pwd)

one() {
        # lib.sh goes by the agent named first
        set -- "$1"
        # shellcheck source=../agents/lib.sh
        source "$agents/lib.sh"
        local recorded=$agents/recorded/$agent.json tokens_in tokens_out
        model '{"steps": [{"say": "as recorded", "usage": {"input": 1000, "output": 70, "cache_read": 300}}]}' \
                "sandbox: {read: [\"$agents\"]}"
        sed -i "1s|{network|{command: [python3, -B, $agents/replay.py, $recorded], programs: [], network|" "$XDG_CONFIG_HOME/cupel/config.yaml"
        repo=$(broken_repo)
        agent_run "$repo"

        t "$agent, as recorded: all its requests pass and are answered"
        ends committed 0
        is "$(asked 'r["method"] + " " + r["path"]' | head -n -1)" "$(of_recorded 'r["method"] + " " + r["path"]')" "requests"
        is "$(asked 'r["body_sha256"]' | head -n -1)" "$(of_recorded 'hashlib.sha256(json.dumps(r["body"]).encode()).hexdigest()')" "bodies"
        is "$(asked 'r["stream"]' | tail -n 1)" False "the last one, in one piece"

        t "$agent, as recorded: its headers pass, but no credential except the route's"
        is "$(headers_of 'r["headers"]')" "$(of_recorded '" ".join(f"{k}={v}" for k, v in sorted(r["headers"].items()))')" "headers"
        is "$(asked '"through-the-route" in str(r["headers"]) or "cookie" in r["headers"]' | sort -u)" False "the client's credentials"
        is "$(asked "[v for v in r['headers'].values() if '$key' in v] in (['$key'], ['Bearer $key'])" | sort -u)" True "the route's credential"

        t "$agent, as recorded: every answer's usage is counted"
        read -r tokens_in tokens_out < <(given_out)
        isnt "$tokens_in" 0 "tokens given out"
        is "$(cost tokens_in) $(cost tokens_out)" "$tokens_in $tokens_out" "tokens"
        is "$(cost requests)" "$(asked 1 | wc -l)" "requests counted"
        isnt "$(cost usd)" 0 "dollars"

        t "$agent, as recorded: other paths and other hosts are refused, and on record"
        vetoes=$(cd "$repo" && cupel events "$run_id" --type action.vetoed --json)
        has "$vetoes" "connect example.com:443" "the host"
        has "$vetoes" "/v1/organizations/keys" "the path"
        is "$(grep -raFl --exclude-dir='model-*' -e "$key" "$e2e_tmp")" "" "files with the key"
        nothing_left
        model_stop
        done_testing
}

of_recorded() { python3 - "$agents/recorded/$agent.json" "$1" <<'PY'
import hashlib, json, sys
for r in json.load(open(sys.argv[1]))["requests"]:
    print(eval(sys.argv[2]))
PY
}

# The recorded headers of what the model saw, but for the last request
headers_of() { python3 - "$model_log" "$agents/recorded/$agent.json" <<'PY'
import json, sys
seen = [r for r in map(json.loads, open(sys.argv[1])) if r["event"] == "request"]
for r, was in zip(seen, json.load(open(sys.argv[2]))["requests"]):
    print(" ".join(f"{k}={r['headers'].get(k)}" for k in sorted(was["headers"])))
PY
}

bad=0
for recorded in "$agents"/recorded/*.json; do
        name=${recorded##*/}
        (one "${name%.json}") || bad=1
done
exit "$bad"
