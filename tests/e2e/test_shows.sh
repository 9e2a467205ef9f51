#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What of the host a run sees: sandbox.read, sandbox.write, sandbox.carry. The host stays as it was, what is never shown is
# not shown under any name, and a carried folder is no part of a candidate.
# shellcheck disable=SC2016  # scripts are expanded inside
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
config=$XDG_CONFIG_HOME/cupel
mkdir -p "$config" "$HOME/tools/bin" "$HOME/.cache/pip-1" "$HOME/.cache/pip-2" "$HOME/.ssh" "$HOME/.cargo/bin"
echo tool >"$HOME/tools/t"
printf '#!/bin/sh\necho from a shown folder\n' >"$HOME/tools/bin/shown-tool"
chmod +x "$HOME/tools/bin/shown-tool"
echo key >"$HOME/.ssh/id"
echo token >"$HOME/.cargo/credentials.toml"
echo one >"$HOME/.cache/pip-1/f"
echo '{}' >"$HOME/.tool.json"

policy() { printf '%s\n' "$1" >"$e2e_tmp/policy.yaml"; }

# look SCRIPT : as the command of a run that may not write, with the policy
look() {
        run "$repo" --policy "$e2e_tmp/policy.yaml" --title look --mood curious -- sh -ec "cupel note observation text=x >/dev/null
$1"
        log=$([ -z "$packet" ] || cat "$packet/logs/agent.log")
}

# refused POLICY REASON : before anything starts
refused() {
        policy "$1"
        look true
        is "$status" 2 "exit status of $1"
        has "$(stderr)" "$2" "the reason"
}

t "read: folders, files, patterns; read-only; bin on the PATH; the plan names what matched"
policy 'sandbox: {read: [~/tools, ~/.tool.json, "~/.cache/pip*", "~/no*thing"]}'
look 'cat ~/tools/t ~/.tool.json ~/.cache/pip-1/f
ls ~/.cache
shown-tool
command -v cupel >/dev/null
for f in ~/tools/x ~/.tool.json ~/.cache/pip-2/x; do if (echo x >$f) 2>/dev/null; then echo WROTE $f; fi; done'
is "$status" 0 "exit status ($json $(stderr) $log)"
is "$log" $'tool\n{}\none\npip-1\npip-2\nfrom a shown folder' "what the command saw"
has "$(tr -d ' \n' <"$packet/config_snapshot/plan.json")" '"read":["~/.cache/pip-1","~/.cache/pip-2","~/.tool.json","~/tools"]' "the plan"
has "$(cd "$repo" && cupel events "$run_id" --type receipt.context.footprint --json | tr -d ' ')" '"~/.cache/pip-1","~/.cache/pip-2"' "the receipt"

t "write: by the command and by both verifiers, each on its own; the host keeps its bytes"
policy 'sandbox: {write: [~/.cache/pip-1, ~/.tool.json]}'
before=$(fingerprint "$HOME")
seen='test "$(cat ~/.cache/pip-1/f)" = one && echo two >~/.cache/pip-1/f && rm ~/.cache/pip-1/f && echo x >~/.tool.json'
run "$repo" --policy "$e2e_tmp/policy.yaml" --title write --verify unit="$seen" -- \
        sh -ec "{ $seen; } || exit 1; echo n >~/n; mv ~/n ~/.tool.json; echo w >src/w.txt"
is "$status" 0 "exit status ($json $(stderr))"
is "$(fingerprint "$HOME")" "$before" "the home on the host"

t "write: the disk budget holds there too"
run "$repo" --policy "$e2e_tmp/policy.yaml" --title fill --budget disk=16M --verify unit=true -- \
        sh -c 'head -c 64M /dev/zero >~/.cache/pip-1/big; echo x >src/b.txt'
is "$status $outcome" "24 budget_exceeded" "the end ($json)"
is "$(fingerprint "$HOME")" "$before" "the home on the host"

t "a socket in a shown folder cannot be connected to, readable or writable"
python3 -c 'import signal, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); open(sys.argv[2], "w").close(); signal.pause()' \
        "$HOME/tools/s" "$e2e_tmp/listening" &
server=$!
wait_for 20 test -e "$e2e_tmp/listening" || fail "no server"
for how in read write; do
        policy "sandbox: {$how: [~/tools]}"
        look 'test -S ~/tools/s
/usr/bin/python3 -c "import os,socket; socket.socket(socket.AF_UNIX).connect(os.path.expanduser(\"~/tools/s\"))" 2>&1 | tail -n 1'
        has "$log" "ConnectionRefusedError" "$how"
done
kill "$server"
rm "$HOME/tools/s"

t "links are refused with the path to name"
ln -s "$HOME/tools" "$HOME/link"
refused 'sandbox: {read: [~/link]}' "through the symlink $HOME/link; name the place itself: $HOME/tools"
refused 'sandbox: {write: [~/link/bin]}' "through the symlink"

t "the repository, its parents, cupel's state, layers and configuration are refused"
outside=$(mktemp -d "${TMPDIR:-/tmp}/cupel-outside-XXXXXX")
mkdir "$outside/inner"
git clone -q "$repo" "$outside/inner/repo"
admit "$outside/inner/repo"
own=$repo repo=$outside/inner/repo
refused "sandbox: {read: [$outside/inner]}" "would open the repository"
refused "sandbox: {read: [\"$outside/*\"]}" "would open the repository"
refused "sandbox: {write: [$repo/.git]}" "would open the repository"
refused "sandbox: {read: [$repo/src]}" "would open the repository"
repo=$own
rm -rf "$outside"
refused "sandbox: {read: [$XDG_STATE_HOME/cupel]}" "would open cupel's state"
refused "sandbox: {read: [$XDG_CACHE_HOME/cupel/layers]}" "would open cupel's layers"
refused "sandbox: {read: [$XDG_CONFIG_HOME/cupel]}" "would open cupel's configuration"
refused 'sandbox: {read: [/proc/sys]}' "cannot be shown"
refused 'sandbox: {read: [/dev/null]}' "neither a file nor a folder"
refused 'sandbox: {write: [/etc/hostname]}' "a file outside your home"

t "nor through a bind mount"
# bound TARGET REASON [SHOWN] : what lies at ~/bound/here is TARGET
bound() {
        mkdir -p "$HOME/bound/here"
        policy "sandbox: {read: [${3:-~/bound/here}]}"
        (cd "$repo" && exec unshare -Urm sh -c 'mount --bind "$1" ~/bound/here && exec cupel run --policy "$2" --title x --mood curious -- true' \
                sh "$1" "$e2e_tmp/policy.yaml") >"$e2e_tmp/out" 2>&1
        is "$?" 2 "exit status with a bind of $1"
        has "$(cat "$e2e_tmp/out")" "$2" "the reason"
}
bound "$repo" "would open the repository"
bound "$repo/.git/objects" "would open the repository"
bound "$repo/src" "would open the repository"
bound "$repo/src" "would open the repository" "$HOME/bound"
bound "$e2e_tmp" "would open"
bound "$HOME/.ssh" "would open the secret folder ~/.ssh"

t "a folder with a mount in it is refused, the mount itself can be named"
bound "$HOME/tools" "has another file system mounted in it ($HOME/bound/here)" "$HOME/bound"
policy "sandbox: {read: [~/bound/here]}"
# mounted as root of a namespace, run as oneself again: else the repository belongs to another than who admitted it
(cd "$repo" && exec unshare -Urm sh -c 'mount --bind ~/tools ~/bound/here && exec unshare -U --map-user="$2" --map-group="$3" cupel run --json --quiet --policy "$1" --title x --mood curious -- sh -c "cupel note observation text=x; cat ~/bound/here/t"' \
        sh "$e2e_tmp/policy.yaml" "$(id -u)" "$(id -g)") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
is "$?" 0 "exit status ($(stderr))"
read_result "$e2e_tmp/stdout"
has "$(cat "$packet/logs/agent.log")" tool "what lies there"

t "secret folders: only the user's own configuration, exactly named"
refused 'sandbox: {read: [~/.ssh]}' "expected only in the user's own configuration"
refused 'sandbox: {read: ["~/.s*"]}' "would open the secret folder ~/.ssh"
refused 'sandbox: {write: ["~/.*"]}' "secret folder"
printf 'sandbox: {read: ["~/.s*"]}\n' >"$config/config.yaml"
policy '{}'
look true
is "$status" 2 "a pattern in the user's own configuration"
printf 'sandbox: {read: [~/.ssh]}\n' >"$config/config.yaml"
run "$repo" --title look --mood curious -- sh -ec 'cupel note observation text=x >/dev/null; cat ~/.ssh/id'
is "$(cat "$packet/logs/agent.log")" key "named exactly by the user"
rm "$config/config.yaml"

t "a repository's own policy that reaches for a secret by a pattern is blocked"
mkdir -p "$repo/.cupel"
printf 'sandbox: {read: ["~/.s*"]}\n' >"$repo/.cupel/policy.yaml"
run "$repo" --title x --mood curious -- true
is "$status" 30 "exit status"
rm -r "$repo/.cupel"

t "a token in a shown folder is empty inside, unless it is named"
for how in read write; do
        policy "sandbox: {$how: [~/.cargo]}"
        look 'test -f ~/.cargo/credentials.toml
cat ~/.cargo/credentials.toml
if mv ~/.cargo/credentials.toml ~/x 2>/dev/null; then echo MOVED; fi
rm -f ~/.cargo/credentials.toml 2>/dev/null || :'
        is "$status $log" "0 " "$how ($json)"
done
policy 'sandbox: {read: [~/.cargo, ~/.cargo/credentials.toml]}'
look 'cat ~/.cargo/credentials.toml'
is "$log" token "named"

t "carry: only folders that git ignores; the remedy is said"
mkdir -p "$repo/ignored/sub" "$repo/plain"
echo c >"$repo/ignored/f"
ln -s ignored "$repo/linked"
refused 'sandbox: {carry: [src]}' "src is committed"
refused 'sandbox: {carry: [plain]}' "add /plain/ to .gitignore"
refused 'sandbox: {carry: [linked]}' "linked is a symlink"
refused 'sandbox: {carry: [.git]}' "a folder other than .git"
git init -q "$repo/ignored"
refused 'sandbox: {carry: [ignored]}' "a git repository of its own"
rm -rf "$repo/ignored/.git" "$repo/plain" "$repo/linked"

t "carry: a folder that is not there is said, and stands neither in the plan nor in the receipt"
policy 'sandbox: {carry: [ignored, not-there]}'
look 'test -d ignored && ! test -e not-there'
is "$status" 0 "exit status ($(stderr))"
has "$(cd "$repo" && cupel run --policy "$e2e_tmp/policy.yaml" --title look --mood curious -- cupel note observation text=x 2>&1)" \
        "sandbox.carry: not-there is not in your checkout" "what the user is told"
hasnt "$(cd "$repo" && cupel events "$run_id" --type receipt.context.footprint --json)" not-there "the receipt"

t "carry: never part of a candidate, though the command un-ignores it; pristine for each verifier and on the host"
policy 'sandbox: {carry: [ignored]}'
before=$(fingerprint "$repo/ignored")
run "$repo" --policy "$e2e_tmp/policy.yaml" --title carry \
        --verify unit='test "$(cat ignored/f)" = c && test ! -e ignored/new && echo spoilt >ignored/f' -- \
        sh -ec 'echo changed >ignored/f
echo n >ignored/new
mkdir ignored/sub/deep
: >.gitignore
if rm -r ignored 2>/dev/null; then exit 7; fi
if mv ignored elsewhere 2>/dev/null; then exit 8; fi
mkdir -p ignored/sub
echo n >ignored/sub/n
git add -f ignored'
is "$status" 0 "exit status ($json $(stderr))"
replays_as 1 "its verifier reads a carried folder, which git ignores: it is in no packet and no clone" "$run_id"
is "$(git -C "$repo" diff --name-only "$base" "$commit")" .gitignore "what was committed"
is "$(fingerprint "$repo/ignored")" "$before" "the carried folder"
git -C "$repo" reset -q --hard "$base"

t "carry: a repository deep inside ends the run, and names it"
mkdir -p "$repo/ignored/sub/dep"
git init -q "$repo/ignored/sub/dep"
policy 'sandbox: {carry: [ignored]}'
run "$repo" --policy "$e2e_tmp/policy.yaml" --title deep --verify unit=true -- sh -c 'echo x >src/d.txt'
is "$status" 22 "exit status ($json)"
has "$json" "ignored: sub: dep: a git repository of its own" "the reason"
rm -rf "$repo/ignored/sub/dep"

# A file is shown as it is, and so it can tell a verifier to go on.
t "carry: a change in the checkout during the run makes the verifiers' results INCONCLUSIVE"
echo wait >"$HOME/signal"
before=$(git -C "$repo" rev-parse main)
policy 'sandbox: {carry: [ignored], read: [~/signal]}'
(cd "$repo" && exec cupel run --json --quiet --policy "$e2e_tmp/policy.yaml" --title change \
        --verify unit='until grep -q go ~/signal; do :; done' -- sh -c 'echo x >src/c.txt') >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
changing=$!
verifying() { (cd "$repo" && cupel events change__ --type run.state) | grep -q self_verifying; }
wait_for 30 verifying || fail "it does not verify"
echo another >"$repo/ignored/f"
echo go >"$HOME/signal"
wait "$changing"
is "$?" 22 "exit status"
has "$(cat "$e2e_tmp/stdout")" "INCONCLUSIVE" "the reason"
is "$(git -C "$repo" rev-parse main)" "$before" "the target"

done_testing
