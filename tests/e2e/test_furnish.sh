#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Agents installed anywhere: their programs are found on the PATH, shown to their step and to nobody else, and what is missing
# is said before anything starts. A copy of a shell plays node and python: what is tested is where things lie.
source "$(dirname "$0")/../lib/e2e.sh"

shell=$(readlink -f /bin/sh)
agents=$e2e_tmp/agents.yaml
old_path=$PATH

# profile NAME KEY: VALUE… : a policy with that agent.
profile() {
        printf 'agents:\n  %s:\n' "$1" >"$agents"
        shift
        printf '    %s\n' "$@" >>"$agents"
}

# An agent that works where it sees its own files and its home, and a verifier that sees neither.
work='echo done > src/a.txt'
apart='! command -v agent && test "$(ls /cupel/bin)" = cupel && test -z "$(ls -A ~)" && grep -q done src/a.txt'

agent_run() {
        repo=$(new_repo)
        run "$repo" --policy "$agents" --agent "$@" --title x --verify "apart=$apart"
}

commits() {
        agent_run "$1"
        is "$outcome" committed "outcome of $1: $json $(cat "$packet/logs/agent.log" 2>/dev/null)"
}

# plan KEY of the agent in the last run's plan
plan() { python3 -c 'import json,sys
print(json.dumps(json.load(open(sys.argv[1]))["agent"].get(sys.argv[2])))' "$packet/config_snapshot/plan.json" "$1"; }

put() { # FILE: standard input becomes a program
        mkdir -p "$(dirname "$1")"
        cat >"$1"
        chmod 755 "$1"
}

nvm=$HOME/.nvm/versions/node/v22.1.0
put "$nvm/bin/node" <"$shell"
mkdir -p "$nvm/lib"

t "a package in npm's prefix below the home, with the node of a version manager"
put "$HOME/.npm-global/lib/node_modules/@org/agent/cli.js" <<'X'
#!/usr/bin/env node
. "$(dirname "$(readlink -f "$0")")/../../dependency/index.js"
X
mkdir -p "$HOME/.npm-global/lib/node_modules/dependency" "$HOME/.npm-global/bin"
echo "$work" >"$HOME/.npm-global/lib/node_modules/dependency/index.js"
ln -s ../lib/node_modules/@org/agent/cli.js "$HOME/.npm-global/bin/agent"
echo token >"$HOME/.npm-global/npmrc"
PATH=$HOME/.npm-global/bin:$nvm/bin:$old_path
profile npm 'command: [agent]'
commits npm
is "$(plan read)" "[\"$HOME/.npm-global/lib/node_modules\", \"$nvm\"]" "what is shown"
is "$(plan links)" "{\"agent\": \"$HOME/.npm-global/lib/node_modules/@org/agent/cli.js\", \"node\": \"$nvm/bin/node\"}" "links"
has "$(cd "$repo" && cupel events "$run_id" --type receipt.context.footprint --json)" ".npm-global/lib/node_modules" \
        "the footprint"

t "the program is part of the run's identity"
before=$(field identity "$json")
echo '# another version' >>"$HOME/.npm-global/lib/node_modules/@org/agent/cli.js"
commits npm
isnt "$(field identity "$json")" "$before" "identity"

t "its folder is read-only, and nothing beside it is seen"
profile npm "command: [agent]" 'programs: [node]'
echo 'touch ~/.npm-global/lib/node_modules/x && exit 1; test ! -e ~/.npm-global/npmrc && touch ~/.npm-global/x && echo done > src/a.txt' \
        >"$HOME/.npm-global/lib/node_modules/dependency/index.js"
commits npm
[ ! -e "$HOME/.npm-global/x" ] || fail "something was written to the home"

t "a tool of Python in an environment of its own, its Python elsewhere and behind a link"
uv=$HOME/.local/share/uv/python
put "$uv/cpython-3.12.9/bin/python3.12" <"$shell"
mkdir -p "$uv/cpython-3.12.9/lib"
ln -s cpython-3.12.9 "$uv/cpython-3.12"
venv=$HOME/.local/share/pipx/venvs/agent
mkdir -p "$venv/bin" "$venv/lib" "$HOME/.local/bin"
printf 'home = %s/cpython-3.12/bin\nversion_info = 3.12.9\n' "$uv" >"$venv/pyvenv.cfg"
ln -s "$uv/cpython-3.12/bin/python3.12" "$venv/bin/python"
echo "$work" >"$venv/lib/module.py"
put "$venv/bin/agent" <<X
#!$venv/bin/python
. $venv/lib/module.py
X
ln -s "$venv/bin/agent" "$HOME/.local/bin/agent"
PATH=$HOME/.local/bin:$old_path
profile pipx 'command: [agent]'
commits pipx
has "$(plan read)" "\"$venv\"" "what is shown"
hasnt "$(plan read)" "\"$HOME/.local\"" "what is shown"

t "a real environment of Python"
rm -rf "$venv" && python3 -m venv --without-pip "$venv" || fail "python3 -m venv does not work here: install python3-venv"
site=$("$venv/bin/python" -c 'import site; print(site.getsitepackages()[0])')
echo 'open("src/a.txt", "w").write("done\n")' >"$site/the_module.py"
put "$venv/bin/agent" <<X
#!$venv/bin/python
import the_module
X
commits pipx
rm "$HOME/.local/bin/agent"

t "a single file somewhere below the home, started through a link; its neighbours are not seen"
put "$HOME/.local/share/agent/versions/2.1.0" <"$shell"
echo secret >"$HOME/.local/share/agent/versions/token"
ln -s "$HOME/.local/share/agent/versions/2.1.0" "$HOME/.local/bin/agent"
profile native 'command: [agent, -c, "test ! -e ~/.local/share/agent/versions/token && echo done > src/a.txt"]'
commits native
is "$(plan read)" "[\"$HOME/.local/share/agent/versions/2.1.0\"]" "what is shown"
is "$(plan links)" "{\"agent\": \"$HOME/.local/share/agent/versions/2.1.0\"}" "links"

t "a binary with libraries of its own"
mkdir -p "$HOME/tool/parts"
echo 'int answer(void) { return 0; }' | cc -shared -fPIC -x c -o "$HOME/tool/parts/libanswer.so" - &&
        echo '#include <stdio.h>
int answer(void);
int main(void) { FILE *f = fopen("src/a.txt", "w"); fputs("done\n", f); fclose(f); return answer(); }' |
        cc -x c -o "$HOME/tool/agent" - -L"$HOME/tool/parts" -lanswer -Wl,--enable-new-dtags,-rpath,'$ORIGIN/parts' ||
        fail "cc does not work here"
PATH=$HOME/tool:$old_path
profile binary 'command: [agent]'
commits binary
has "$(plan read)" "\"$HOME/tool/parts\"" "what is shown"

t "a shell script that looks for its files beside itself (pnpm)"
put "$HOME/.local/share/pnpm/agent" <<'X'
#!/bin/sh
basedir=$(dirname "$0")
exec node  "$basedir/global/5/node_modules/agent/cli.js" "$@"
X
mkdir -p "$HOME/.local/share/pnpm/global/5/node_modules/agent"
echo "$work" >"$HOME/.local/share/pnpm/global/5/node_modules/agent/cli.js"
PATH=$HOME/.local/share/pnpm:$nvm/bin:$old_path
profile pnpm 'command: [agent]' 'programs: [node]'
commits pnpm

t "what the system has needs nothing, and a command of one's own is not looked for"
PATH=$old_path
profile system "command: [sh, -c, \"$work\"]"
commits system
is "$(plan read)$(plan links)" "nullnull" "what is shown"
run "$(new_repo)" --title x --verify "apart=$apart" -- sh -c "$work"
is "$outcome" committed
is "$(plan read)$(plan links)" "nullnull" "what is shown"

t "a program that is not there blocks the run, and the reason says how to get it"
profile absent 'command: [no-such-agent]' 'install: npm install -g no-such-agent'
repo=$(new_repo)
before=$(fingerprint "$repo")
run "$repo" --policy "$agents" --agent absent --title x --verify v=true
is "$status $outcome" "30 blocked"
has "$json" "no-such-agent is not on your PATH (" "reason"
has "$json" "npm install -g no-such-agent" "reason"
is "$(fingerprint "$repo")" "$before" "repository"

t "an interpreter that is not there is named"
put "$HOME/lone/agent" <<'X'
#!/usr/bin/env no-such-node
X
PATH=$HOME/lone:$old_path
profile lone 'command: [agent]'
agent_run lone
is "$outcome" blocked
has "$json" "agent needs no-such-node, which is not on your PATH" "reason"

t "the shim of a version manager cannot work, and says what can"
put "$HOME/.asdf/shims/agent" <<'X'
#!/bin/sh
exec asdf exec agent "$@"
X
PATH=$HOME/.asdf/shims:$old_path
profile shim 'command: [agent]'
agent_run shim
is "$outcome" blocked
has "$json" "sandbox: {read: [$HOME/.asdf]}" "reason"
put "$HOME/real/agent" <"$shell"
PATH=$HOME/.asdf/shims:$HOME/real:$old_path
profile shim "command: [agent, -c, \"$work\"]"
commits shim

t "the repository, secrets and shared folders are never shown for an agent"
repo=$(new_repo)
put "$repo/node_modules/agent/cli.js" <<'X'
#!/bin/sh
echo done > src/a.txt
X
mkdir -p "$repo/node_modules/.bin"
ln -s ../agent/cli.js "$repo/node_modules/.bin/agent"
echo node_modules >>"$repo/.git/info/exclude"
PATH=$repo/node_modules/.bin:$old_path
profile own 'command: [agent]'
run "$repo" --policy "$agents" --agent own --title x --verify v=true
is "$outcome" blocked
has "$json" "outside of the repository, whose own programs are not taken" "reason"
put "$HOME/elsewhere/bin/agent" <"$shell"
mkdir -p "$HOME/elsewhere/lib" && ln -sf "$HOME/elsewhere/bin/agent" "$repo/node_modules/.bin/agent"
run "$repo" --policy "$agents" --agent own --title x --verify v=true
is "$outcome" blocked "by a link of the repository"
is "$(plan read)" null "what a link of the repository shows"
profile own "command: [$repo/node_modules/agent/cli.js]"
run "$repo" --policy "$agents" --agent own --title x --verify v=true
has "$json" "it would open the repository" "reason"
profile own 'command: [agent]'
put "$HOME/.ssh/agent" <"$shell"
PATH=$HOME/.ssh:$old_path
agent_run own
is "$outcome" blocked
has "$json" "it would open the secret folder ~/.ssh" "reason"
put "$HOME/bin/agent" <"$shell"
mkdir -p "$HOME/lib" && echo mine >"$HOME/lib/mine"
PATH=$HOME/bin:$old_path
profile own 'command: [agent, -c, "test ! -e ~/lib && test ! -e ~/.ssh && echo done > src/a.txt"]'
commits own

t "a repository's policy chooses nothing of the home without consent"
repo=$(new_repo)
mkdir "$repo/.cupel"
printf 'agents: {theirs: {command: [agent]}}\n' >"$repo/.cupel/policy.yaml"
git -C "$repo" add -A && git -C "$repo" commit -qm policy
echo "$work" >"$HOME/.npm-global/lib/node_modules/dependency/index.js"
PATH=$HOME/.npm-global/bin:$nvm/bin:$old_path
run "$repo" --agent theirs --title x --verify v=true
is "$outcome" blocked "outcome: $json"
has "$json" "that takes your consent" "reason"
is "$(plan read)$(plan links)" "nullnull" "what is shown"
printf 'agents: {theirs: {command: [agent], programs: [agent]}}\n' >"$repo/.cupel/policy.yaml"
git -C "$repo" commit -qam policy
run "$repo" --agent theirs --title x --verify v=true
is "$outcome" blocked "outcome: $json"
has "$json" "cupel admit" "reason"
report=$(cd "$repo" && cupel agents check theirs 2>&1)
is "$?" 30 "agents check: $report"
has "$report" "cupel admit" "agents check"
(cd "$repo" && cupel admit --yes >"$e2e_tmp/out" 2>&1) || fail "admit: $(cat "$e2e_tmp/out")"
run "$repo" --agent theirs --title x --verify v=true
is "$outcome" committed "outcome: $json"

t "files of its home are there, written for this run alone"
profile home 'command: [sh, -c, "test \"$(cat ~/.agent/settings.json)\" = {} && echo x > ~/.agent/settings.json && echo done > src/a.txt"]' \
        'home: {.agent/settings.json: "{}"}'
commits home
[ ! -e "$HOME/.agent" ] || fail "the home was written"

t "a home file where none can be is said"
profile home 'command: [sh, -c, "true"]' 'home: {.agent: "x", .agent/below: "y"}'
agent_run home
has "$json" "home file .agent/below" "reason"

t "{home} is where the agent has its home, in a repository that is the home too"
profile home 'command: [sh, -c, "test \"$(cat $0)\" = x && test $0 = $HOME/.agent && echo done > src/a.txt", "{home}/.agent"]' \
        'home: {.agent: "x"}'
commits home
repo=$(new_repo)
HOME=$repo run "$repo" --policy "$agents" --agent home --title x --verify v=true
is "$outcome" committed "outcome: $json $(cat "$packet/logs/agent.log" 2>/dev/null)"
[ ! -e "$repo/.agent" ] || fail "the home was written"

# What a kernel lacks changes how a step is furnished, not with what.
mkdir -p "$XDG_CONFIG_HOME/cupel"
for tier in "B overlay" "C proc" "D userns"; do
        t "tier $tier: programs, links and home files are there, for the agent alone"
        printf 'sandbox: {minimum: D}\n' >"$XDG_CONFIG_HOME/cupel/config.yaml"
        echo 'test "$(cat ~/.agent/settings.json)" = {} && rm ~/.agent/settings.json && command -v agent > /dev/null && echo done > src/a.txt' \
                >"$HOME/.npm-global/lib/node_modules/dependency/index.js"
        PATH=$HOME/.npm-global/bin:$nvm/bin:$old_path
        profile npm 'command: [agent]' 'home: {.agent/settings.json: "{}"}'
        repo=$(new_repo)
        (cd "$repo" && exec "$weaken" "${tier#? }" -- cupel run --json --quiet --policy "$agents" --agent npm --title x \
                --verify "apart=! command -v agent && test -z \"\$(ls -A ~)\" && grep -q done src/a.txt") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
        read_result "$e2e_tmp/stdout"
        is "$outcome" committed "outcome: $json $(stderr) $(cat "$packet/logs/agent.log" 2>/dev/null)"
done
rm "$XDG_CONFIG_HOME/cupel/config.yaml"

# ---- cupel agents check ----

check() { # FOLDER ARGUMENT…
        local folder=$1
        shift
        (cd "$folder" && exec cupel agents check --policy "$agents" "$@") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
        status=$?
        report=$(cat "$e2e_tmp/stdout" "$e2e_tmp/stderr")
}

t "agents check tries the version command in the sandbox"
echo 'test "$1" = --version && test ! -e '"$e2e_tmp/agents.yaml"' && echo "agent 1.2.3"' >"$HOME/.npm-global/lib/node_modules/dependency/index.js"
PATH=$HOME/.npm-global/bin:$nvm/bin:$old_path
profile npm 'command: [agent, go]' 'version: [agent, --version]' 'home: {.agent: "x"}' 'about: An agent'
elsewhere=$(new_folder elsewhere)
check "$elsewhere" npm
is "$status" 0 "exit status: $report"
has "$report" "agent 1.2.3" "report"
has "$report" "$HOME/.npm-global/bin/agent" "report"
has "$report" "$HOME/.npm-global/lib/node_modules" "report"
has "$report" "$nvm/bin/node" "report"
has "$report" "~/.agent" "report"
has "$report" "ready: cupel run --agent npm" "report"
is "$(ls -A "$elsewhere")" "" "what it left"
[ -z "$(find "$XDG_CACHE_HOME" -name 'check-*')" ] || fail "a folder was left in the cache"
check "$(new_repo)" npm
is "$status" 0 "exit status in a repository: $report"

t "agents check as JSON"
check "$elsewhere" npm --json
is "$(field exit "$report") $(field version "$report") $(field tier "$report")" "0 agent 1.2.3 $(cupel doctor --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["tier"])')"
is "$(field missing "$report")" "[]"

t "agents check names the key that is missing, and never a value"
profile npm 'command: [agent, go]' 'version: [agent, --version]' 'network:' '  routes:' '    r:' \
        '      upstream: https://api.example.org' '      header: {x-api-key: env FURNISH_KEY}' '      allow: ["POST /v1"]' \
        '      env: {BASE: "{url}"}'
check "$elsewhere" npm
is "$status" 30
has "$report" "FURNISH_KEY is not set" "report"
has "$report" "agent 1.2.3" "report"
FURNISH_KEY=sk-never-to-be-seen check "$elsewhere" npm
is "$status" 0 "exit status: $report"
has "$report" "FURNISH_KEY is set" "report"
hasnt "$report" "sk-never" "report"

t "agents check tells of a program that finds nothing inside"
put "$HOME/wrapped/agent" <<X
#!/bin/sh
exec $HOME/elsewhere/agent "\$@"
X
PATH=$HOME/wrapped:$old_path
profile wrapped 'command: [agent]' 'version: [agent, --version]'
check "$elsewhere" wrapped
is "$status" 30
has "$report" "elsewhere/agent" "report"
has "$report" "sandbox: {read: [" "report"

t "agents check: what is not there, and what nobody knows"
profile absent 'command: [no-such-agent]' 'version: [no-such-agent]' 'install: npm install -g no-such-agent'
check "$elsewhere" absent
is "$status" 30
has "$report" "npm install -g no-such-agent" "report"
check "$elsewhere" nobody-knows-it
is "$status" 2

t "agents check without a sandbox"
profile system 'command: [sh]' 'version: [sh, -c, "echo 1"]'
PATH=$old_path
report=$(cd "$elsewhere" && "$weaken" userns -- cupel agents check --policy "$agents" system 2>&1)
is "$?" 31 "exit status: $report"
has "$report" "cupel doctor" "report"

t "a user whose home is the root"
put "$e2e_tmp/tools/agent" <<'X'
#!/bin/sh
test "$1" = "$HOME/.agent.conf" && grep -qx "home=$HOME" "$1" && echo done > src/a.txt
X
PATH=$e2e_tmp/tools:$old_path
profile rootless 'command: [agent, "{home}/.agent.conf"]' 'home: {.agent.conf: "home={home}\n"}'
git_config=$HOME/.gitconfig
GIT_CONFIG_GLOBAL=$git_config HOME=/ commits rootless
put "$e2e_tmp/tools/versioned" <<'X'
#!/bin/sh
echo "versioned 1.0"
X
profile rootless 'command: [versioned]' 'version: [versioned]'
HOME=/ check "$elsewhere" rootless
is "$status" 0 "exit status of the check: $report"
has "$report" "versioned 1.0" "report"
PATH=$old_path

t "what is required is looked for where an agent's programs are: a folder is no program, and the agent's PATH counts"
mkdir -p "$e2e_tmp/tools/required"
put "$e2e_tmp/own/agent" <<<"$work"
put "$e2e_tmp/own/required" </dev/null
PATH=$e2e_tmp/tools:$old_path
profile needy 'command: [agent]' 'requires: [{command: required}]' "env: {PATH: \"$e2e_tmp/own:/usr/bin:/bin\"}"
agent_run needy
isnt "$outcome" blocked "with it on the agent's own PATH: $json"
profile needy 'command: [sh]' 'requires: [{command: required}]'
agent_run needy
is "$outcome" blocked "outcome"
has "$json" "the command required is not on the PATH" "reason"
PATH=$old_path

done_testing
