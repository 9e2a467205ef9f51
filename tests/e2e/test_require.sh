#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What an item or its agent requires: looked for before anything starts, on record as present or missing, never its value; what is
# missing is not tried again until its state has changed, which is known by a keyed fingerprint.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
state=$XDG_STATE_HOME/cupel
item() { # item REQUIRES : item.yaml
        printf 'id: NEEDS-1\ntitle: needs\nverify: [{name: unit, run: ./check.sh}]\nrequires: %s\nagent: {command: [sh, -c, "date +%%s%%N >src/a.txt"]}\n' "$1" >"$e2e_tmp/item.yaml"
}
needs() { run "$repo" "$e2e_tmp/item.yaml"; }
# the receipt of the last run's preconditions
receipt() { (cd "$repo" && cupel events "$run_id" --json) | python3 -c 'import json,sys
for line in sys.stdin:
    event = json.loads(line)
    if event["type"].endswith("receipt.preconditions"):
        print(json.dumps(event["data"]["requirements"]))'; }
secret=hunter2-7f3a9c1e5b

t "what is there is on record as present, in the log and in the report, and its value nowhere"
item '[{env: NEEDED_TOKEN}, {command: sh}, {file: ~/needed.conf}]'
echo "$secret" >"$HOME/needed.conf"
export NEEDED_TOKEN=$secret
needs
is "$status" 0 "exit status ($json $(stderr))"
want='[{"env": "NEEDED_TOKEN", "present": true}, {"command": "sh", "present": true}, {"file": "~/needed.conf", "present": true}]'
is "$(receipt)" "$want" "the log"
is "$(python3 -c 'import json,sys; print(json.dumps(json.load(open(sys.argv[1]))["requirements"]))' "$packet/evidence/report.json")" "$want" "report.json"
has "$(cat "$packet/evidence/report.md")" 'Requires env `NEEDED_TOKEN`: present' "report.md"
is "$(grep -rlF "$secret" "$state" | head -3)" "" "files of the state that hold the value"

t "what is missing blocks before anything starts, each named, at no cost"
item '[{env: NEEDED_TOKEN}, {command: no-such-command-here}, {file: ~/absent.conf}]'
unset NEEDED_TOKEN
before=$(fingerprint "$repo")
needs
is "$status" 30 "exit status ($json $(stderr))"
for word in "the environment variable NEEDED_TOKEN is not set" "the command no-such-command-here is not on the PATH" "the file ~/absent.conf is not there"; do has "$json" "$word" "the reason"; done
is "$(receipt)" '[{"env": "NEEDED_TOKEN", "present": false}, {"command": "no-such-command-here", "present": false}, {"file": "~/absent.conf", "present": false}]' "the log"
is "$(fingerprint "$repo")" "$before" "the repository"
is "$(cd "$repo" && cupel events "$run_id" --json | grep -c '"type":"dev.cupel.receipt.verifier"')" 0 "nothing ran"
NEEDED_TOKEN='' needs
is "$status" 30 "set to nothing is not set"

runs_of() { (cd "$repo" && cupel runs --json) | python3 -c 'import json,sys; print(sum(r["item"] == sys.argv[1] for r in json.load(sys.stdin)))' "$1"; }
state_of() { (cd "$repo" && cupel queue list --json) | python3 -c 'import json,sys
rows = json.load(sys.stdin)
print([r["state"] for r in (rows if isinstance(rows, list) else rows["items"]) if r["item"] == sys.argv[1]])' "$1"; }
work() { (cd "$repo" && cupel work --once --jobs 1) >"$e2e_tmp/work" 2>&1; }

t "a queued item that waits for a credential is not tried again until that has changed"
printf 'id: WAITS-1\ntitle: waits\nverify: [{name: unit, run: ./check.sh}]\nrequires: [{env: QUEUE_TOKEN}, {file: ~/queue.conf}]\nagent: {command: [sh, -c, "date +%%s%%N >src/b.txt"]}\n' >"$e2e_tmp/waits.yaml"
export QUEUE_TOKEN=$secret
(cd "$repo" && cupel queue add "$e2e_tmp/waits.yaml") >"$e2e_tmp/out" 2>&1 || fail "queue add: $(cat "$e2e_tmp/out")"
work
is "$(runs_of WAITS-1)" 1 "the first try ($(cat "$e2e_tmp/work"))"
work
work
is "$(runs_of WAITS-1)" 1 "nothing has changed"
QUEUE_TOKEN=$secret-other work
is "$(runs_of WAITS-1)" 1 "the variable is not what is missing"
echo x >"$HOME/queue.conf"
work
is "$(runs_of WAITS-1)" 2 "the file has come ($(cat "$e2e_tmp/work") $(state_of WAITS-1))"
is "$(git -C "$repo" log --oneline -1 --format=%s)" waits "it landed"

t "a key of ours that others can open blocks before anything is spent; once it is closed the item goes on"
for name in director_ed25519 attest; do
        item "[{file: ~/needed.conf}]"
        sed -i "s/NEEDS-1/KEY-$name/" "$e2e_tmp/item.yaml"
        (cd "$repo" && cupel queue add "$e2e_tmp/item.yaml") >"$e2e_tmp/out" 2>&1 || fail "queue add: $(cat "$e2e_tmp/out")"
        chmod 644 "$state/keys/$name"
        needs
        is "$status" 30 "$name ($json $(stderr))"
        has "$json" "$name is open to others: it must be yours alone (chmod 600)" "the reason"
        is "$(find "$packet/logs" -name '*.log' 2>/dev/null)" "" "nothing ran"
        work
        work
        is "$(runs_of "KEY-$name")" 2 "the one by hand and the worker's first ($(cat "$e2e_tmp/work"))"
        chmod 600 "$state/keys/$name"
        work
        is "$(state_of "KEY-$name")" "[]" "it is done ($(cat "$e2e_tmp/work"))"
        is "$(runs_of "KEY-$name")" 3 "its runs"
done

t "a key that is damaged is told before anything is spent, with where it is and what to do, by doctor too; mended the item goes on"
cp -a "$state/keys" "$e2e_tmp/keys"
spoiled() { # spoiled NAME WAY : the key NAME, made unusable by WAY
        rm -rf "$state/keys"
        cp -a "$e2e_tmp/keys" "$state/keys"
        (cd "$state/keys" && name=$1 && eval "$2") || fail "cannot spoil $1: $2"
}
for name in director_ed25519 attest; do
        while IFS='|' read -r way said; do
                spoiled "$name" "$way"
                needs
                is "$status $outcome" "30 blocked" "$name, $way ($json $(stderr))"
                has "$json" "$state/keys: " "$name, $way: where"
                has "$json" "key $name $said" "$name, $way: the reason"
                is "$(find "$packet/logs" -name '*.log' 2>/dev/null)" "" "$name, $way: nothing ran"
                doctor=$(cd "$repo" && cupel doctor)
                is "$?" 30 "$name, $way: exit status of doctor"
                has "$doctor" "key $name $said" "$name, $way: doctor"
                is "$(cd "$repo" && cupel doctor --json | jq -r '[.keys[].key] | join(" ")')" "$name" "$name, $way: doctor --json"
        done <<'WAYS'
: >"$name"|is empty: put it back from a copy, or move it and
echo garbage >"$name"|is damaged, or no unencrypted
truncate -s 100 "$name"|is damaged, or no unencrypted
sed -i "2s/./!/5" "$name"|is damaged, or no unencrypted
rm "$name" && mkdir -m 700 "$name"|is no regular file
rm "$name" && mkfifo -m 600 "$name"|is no regular file
mv "$name" other && ln -s other "$name"|is no regular file
head -c 5000 /dev/zero >"$name"|is too long
WAYS
done
[ "$(id -u)" = 0 ] || for name in director_ed25519 attest; do
        spoiled "$name" 'chmod 000 "$name"'
        needs
        is "$status" 30 "mode 000: $name ($json $(stderr))"
        has "$json" "key $name (its mode must be 600)" "mode 000: $name"
done
spoiled keys 'cd .. && rm -rf keys && : >keys'
needs
is "$status" 30 "a file where the folder of keys should be ($json $(stderr))"
has "$json" "it must be a folder of yours alone" "a file where the folder of keys should be"
has "$(cd "$repo" && cupel doctor)" "it must be a folder of yours alone" "doctor"
rm "$state/keys"
cp -a "$e2e_tmp/keys" "$state/keys"
is "$(cd "$repo" && cupel doctor --json | jq -c .keys)" "[]" "whole keys"

t "the remedy works: with key and public half moved away new ones are made, and what the old one signed is believed as before"
old=$(git -C "$repo" rev-parse HEAD)
spoiled director_ed25519 'echo garbage >director_ed25519 && mkdir ../old && mv director_ed25519 director_ed25519.pub ../old'
needs
is "$status" 0 "exit status ($json $(stderr))"
git -C "$repo" config gpg.ssh.allowedSignersFile "$state/keys/allowed_signers"
succeeds git -C "$repo" verify-commit "$old"
succeeds git -C "$repo" verify-commit "$commit"
is "$(grep -c . "$state/keys/allowed_signers")" 2 "allowed signers"
needs
is "$(grep -c . "$state/keys/allowed_signers")" 2 "allowed signers, one run later"

t "the fingerprint is keyed: its key is private, another state has another one, and no file holds a plain digest of a value"
is "$(stat -c %a "$state/keys/fingerprint.key")" 600 "mode of the key"
is "$(stat -c %s "$state/keys/fingerprint.key")" 32 "size of the key"
plain=$(printf %s "$secret" | sha256sum | cut -d' ' -f1)
is "$(grep -rlF -e "$secret" -e "$plain" "$state" | head -3)" "" "files that hold value or digest"

done_testing
