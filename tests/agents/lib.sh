# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The ground of the tests with real agents: what tests/lib/e2e.sh gives, a scripted model (tests/lib/model_server.py), and
# the agent's installed profile, of which nothing is changed but its route's upstream. Started by scripts/test-agents, as
#
#     tests/agents/test_fix.sh AGENT          with the agent's program on the PATH
#
#     source "$(dirname "$0")/lib.sh"
#     model '{"steps": [{"shell": "echo x >f"}, {"say": "Done."}]}'     # starts it and points the profile's route at it
#     agent_run "$repo" --title x             # cupel run --agent, with a key: sets what e2e.sh's run sets
#     asked 'r["path"]'                       # one line for each request that the model saw
#     done_testing
agents_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lib/e2e.sh
source "$agents_folder/../lib/e2e.sh"

agent=${1:?"which agent?"}
# what of a profile these tests go by: its route, and the variable that the route's key comes from
declare -A route_of=([claude-code]=anthropic [codex]=openai [gemini-cli]=gemini [opencode]=model [qwen-code]=model)
declare -A key_of=([claude-code]=ANTHROPIC_API_KEY [codex]=OPENAI_API_KEY [gemini-cli]=GEMINI_API_KEY
        [opencode]=OPENAI_API_KEY [qwen-code]=DASHSCOPE_API_KEY)
route=${route_of[$agent]:?"tests/agents/lib.sh knows no agent $agent"}
key_name=${key_of[$agent]}
# Nothing but the model's server may ever see it. Never written in one piece into a script that an agent runs.
key="sk-cupel-test-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')"
unset ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN OPENAI_API_KEY DASHSCOPE_API_KEY GEMINI_API_KEY GOOGLE_API_KEY

model_pid='' model_url='' model_log='' model_bodies=''

model_stop() {
        [ -z "$model_pid" ] || { kill "$model_pid" && wait "$model_pid"; } 2>/dev/null
        model_pid=''
}
trap model_stop EXIT

# model SCRIPT [MORE]: a fresh scripted model; MORE are lines of the user's configuration beside the agent's route.
model() {
        local folder port
        model_stop
        folder=$(new_folder model)
        model_log=$folder/log model_bodies=$folder/bodies
        mkdir "$model_bodies"
        printf '%s' "$1" >"$folder/script.json"
        "$agents_folder/../lib/model_server.py" "$folder/script.json" --log "$model_log" --bodies "$model_bodies" >"$folder/port" &
        model_pid=$!
        wait_for 20 test -s "$folder/port" || fail "the scripted model does not start"
        read -r port <"$folder/port"
        model_url=http://127.0.0.1:$port
        : >>"$model_log"
        mkdir -p "$XDG_CONFIG_HOME/cupel"
        printf '%s\n' "agents: {$agent: {network: {routes: {$route: {upstream: \"$model_url\"}}}}}" \
                'prices: {"*": {input: 3, output: 15}}' "${2:-}" >"$XDG_CONFIG_HOME/cupel/config.yaml"
}

# asked EXPRESSION [CONDITION]: the expression for each request that the model saw, oldest first; r is the log's line.
asked() {
        python3 - "$model_log" "$1" "${2:-True}" <<'PY'
import json, sys
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r["event"] == "request" and eval(sys.argv[3], {"r": r}):
        print(eval(sys.argv[2], {"r": r}))
PY
}

# The tokens that the model gave out, as "IN OUT".
given_out() {
        asked '"%d %d" % (r["usage"]["input"] + r["usage"]["cache_read"] + r["usage"]["cache_write"], r["usage"]["output"])' \
                'r.get("usage")' | awk '{ i += $1; o += $2 } END { print i + 0, o + 0 }'
}

# A repository whose test fails, until the sign in calc.py is put right.
broken_repo() {
        local repo
        repo=$(new_folder repo)
        git -C "$repo" init -q
        printf 'def add(a, b):\n    return a - b\n' >"$repo/calc.py"
        printf 'import unittest\nfrom calc import add\n\n\nclass Add(unittest.TestCase):\n    def test_add(self):\n%s\n' \
                '        self.assertEqual(add(2, 3), 5)' >"$repo/test_calc.py"
        git -C "$repo" add -A
        git -C "$repo" commit -q -m base
        admit "$repo" >&2
        printf '%s\n' "$repo"
}

unit='unit=python3 -B -m unittest -q'
# shellcheck disable=SC2034 # for the tests
repair="sed -i 's/a - b/a + b/' calc.py"

# agent_run REPO OPTIONS…: one run of the agent with the key; a wall of two minutes unless an option says otherwise.
agent_run() {
        local repo=$1
        shift
        export "$key_name=$key"
        run "$repo" --agent "$agent" --title "Fix add()" --verify "$unit" --budget wall=2m "$@"
        unset "$key_name"
}

# report EXPRESSION: of the packet's report.json, as r
report() { python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$packet/evidence/report.json" "$1" 2>&1 | tail -n 1; }

# cost KEY: usd, tokens_in, tokens_out of the packet; 0 where there is none
cost() { report "(r.get('cost') or {}).get('$1', 0)"; }

agent_log() { cat "$packet/logs/agent.log"; }

# The run's end, and what explains it where it is another.
ends() {
        [ "$outcome" = "$1" ] && [ "$status" = "$2" ] && return
        fail "$agent ends as $outcome ($status), expected $1 ($2): $json $(tail -c 500 "$e2e_tmp/stderr") $(agent_log 2>&1 | tail -n 15)"
}

# No process works in this test's folders, and no mount of them is left.
nothing_left() {
        wait_for 20 quiet_now || fail "left running: $(pgrep -af -- "$e2e_tmp/state")"
        ! grep -q "$e2e_tmp" /proc/self/mountinfo || fail "left mounted: $(grep "$e2e_tmp" /proc/self/mountinfo)"
}
