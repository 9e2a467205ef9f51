#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Files that a command line, the configuration or the repository names: what would be waited for, or never ends, is refused at once, with
# what it is; standard input and a shell's <(…) are read, however long they take.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
cd "$repo" || exit
run "$repo" --title first --verify 'unit' -- true # the verifier is not known: nothing is made
mkdir "$e2e_tmp/folder"
mkfifo "$e2e_tmp/fifo"
printf 'id: NAMED-1\ntitle: named\nverify: [{name: unit, run: ./check.sh}]\nagent: {command: [sh, -c, "date +%%s%%N >src/a.txt"]}\n' >"$e2e_tmp/item.yaml"
printf 'verifiers: {unit: {run: ./check.sh}}\n' >"$e2e_tmp/policy.yaml"

# refused WORD COMMAND… : it ends at once, with exit 2, and says WORD
refused() {
        local word=$1
        shift
        timeout 20 "$@" >"$e2e_tmp/out" 2>&1 </dev/null
        is "$?" 2 "exit status of $* ($(cat "$e2e_tmp/out"))"
        has "$(cat "$e2e_tmp/out")" "$word" "$*"
}
each() { # each COMMAND… : with a FIFO, a device, a folder and a socket behind it
        refused "it is a FIFO" "$@" "$e2e_tmp/fifo"
        refused "it is a device" "$@" /dev/zero
        refused "is a folder" "$@" "$e2e_tmp/folder"
        refused "no file; name one" "$@" "$e2e_tmp/socket"
        refused "there is no such file" "$@" "$e2e_tmp/nowhere"
}
python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$e2e_tmp/socket"

t "a work item, a policy, keys and signers that would be waited for are refused at once"
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 0 "a file ($json $(stderr))"
each cupel run
each cupel run --title x --policy
each cupel policy check
each cupel policy show --policy
each cupel verify @last --key
each cupel verify @last --allowed-signers
refused "it is a FIFO" cupel queue add "$e2e_tmp/fifo"
refused "it is a device" cupel queue add /dev/zero
ln "$e2e_tmp/fifo" "$e2e_tmp/folder/a.yaml" 2>/dev/null || mkfifo "$e2e_tmp/folder/a.yaml"
refused "it is a FIFO" cupel queue add "$e2e_tmp/folder"
refused "it is a FIFO" cupel approve "$e2e_tmp/fifo" --sentence x
refused "no file" cupel packet check "$e2e_tmp/fifo"
refused "nobody reads it" cupel replay @last --junit "$e2e_tmp/fifo"
rm "$e2e_tmp/folder/a.yaml"

t "so are the user's configuration and the policy of the working tree, by every command that reads them"
mkdir -p "$XDG_CONFIG_HOME/cupel"
for kind in "mkfifo:it is a FIFO" "mkdir:it is a folder" "ln -s /dev/zero:it is a device"; do
        ${kind%%:*} "$XDG_CONFIG_HOME/cupel/config.yaml"
        refused "$XDG_CONFIG_HOME/cupel/config.yaml: ${kind#*:}" cupel run "$e2e_tmp/item.yaml"
        refused "$XDG_CONFIG_HOME/cupel/config.yaml: ${kind#*:}" cupel policy show
        rm -rf "$XDG_CONFIG_HOME/cupel/config.yaml"
        mkdir -p .cupel
        ${kind%%:*} .cupel/policy.yaml
        timeout 20 cupel policy show >"$e2e_tmp/out" 2>&1
        is "$?" 2 "policy of the working tree, ${kind%%:*} ($(cat "$e2e_tmp/out"))"
        rm -rf .cupel
done
ln -s /dev/null "$XDG_CONFIG_HOME/cupel/config.yaml"
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 0 "/dev/null is an empty one ($json $(stderr))"
rm "$XDG_CONFIG_HOME/cupel/config.yaml"

t "what a shell hands over is read, however late it comes"
late() { # late FILE : its bytes, in two pieces
        sleep 0.3
        head -c 30 "$1"
        sleep 0.3
        tail -c +31 "$1"
}
committed() { is "$status" 0 "$1 ($(cat "$e2e_tmp/out"))"; }
cupel run --json <(late "$e2e_tmp/item.yaml") >"$e2e_tmp/out" 2>&1
status=$?
committed "an item, as <(…)"
late "$e2e_tmp/item.yaml" | cupel run --json /dev/stdin >"$e2e_tmp/out" 2>&1
status=$?
committed "an item, as /dev/stdin"
late "$e2e_tmp/item.yaml" | cupel run --json - >"$e2e_tmp/out" 2>&1
status=$?
committed "an item, as -"
cupel run --json --title x --verify unit --policy <(late "$e2e_tmp/policy.yaml") -- sh -c 'date +%s%N >src/a.txt' >"$e2e_tmp/out" 2>&1
status=$?
committed "a policy, as <(…)"
cupel policy check <(late "$e2e_tmp/policy.yaml") >"$e2e_tmp/out" 2>&1
status=$?
committed "policy check"
cupel queue add <(late "$e2e_tmp/item.yaml") >"$e2e_tmp/out" 2>&1
status=$?
committed "queue add"
keys=$XDG_STATE_HOME/cupel/keys
succeeds cupel verify @last --key <(late "$keys/attest.pub") --allowed-signers <(late "$keys/allowed_signers")
cupel run --json /dev/fd/7 7<"$e2e_tmp/fifo" >"$e2e_tmp/out" 2>&1 &
late "$e2e_tmp/item.yaml" >"$e2e_tmp/fifo"
wait $!
status=$?
committed "a FIFO that was opened on purpose"
printf 'agents:\n  one: {command: [sh, -c, "echo 1 >src/a.txt"]}\n  two: {command: [sh, -c, "echo 2 >src/a.txt"]}\n' >>"$e2e_tmp/policy.yaml"
cupel run --json --agents one,two --first --policy "$e2e_tmp/policy.yaml" <(late "$e2e_tmp/item.yaml" | sed '/^agent/d; s/{name: unit.*}/unit/') >"$e2e_tmp/out" 2>&1
status=$?
committed "an item of several competitors"
done_testing
