#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Snapshot, bundle and identity: what is recomputed from a packet by a second implementation, and what the live folder cannot do.
source "$(dirname "$0")/../lib/e2e.sh"
second=$e2e_top/tests/lib/identity.py
recomputed() { "$second" "$1" | sed -n "s/^$2 //p"; }
stored() { # of the last run, a column
        sqlite3 "$(state_of "$repo")/store.db" "SELECT $1 FROM runs WHERE id = '$run_id'"
}

t "the vectors hold for the second implementation"
succeeds "$second" --check "$e2e_top/tests/vectors/identity.json"

repo=$(new_repo)
t "identity and snapshot digest of a run are what its packet comes to"
run "$repo" --title plain --verify v=true -- sh -c 'echo x >src/a.txt'
is "$outcome" committed outcome
is "sha256:$(recomputed "$packet" identity)" "$(cat "$packet/identity.txt")" identity
is "sha256:$(recomputed "$packet" identity)" "$(field identity "$json")" "identity of the result"
is "$(recomputed "$packet" snapshot)" "$(stored snapshot_sha256)" "snapshot digest"
is "$(git -C "$repo" log -1 --format='%(trailers:key=Cupel-Identity,valueonly)' | head -n 1)" "sha256:$(recomputed "$packet" identity)" trailer
is "$(python3 -c 'import json,sys; print(sorted(json.load(open(sys.argv[1]))))' "$packet/config_snapshot/tools.json")" \
        "['agent', 'cupel', 'sandbox']" tools
has "$(cat "$packet/config_snapshot/tools.json")" "sha256:$(sha256sum "$(readlink -f "$(command -v sh)")" | cut -d' ' -f1)" "the agent's digest"

t "a bundle is copied byte for byte, listed, and bound to the plan"
bundle=$(new_folder bundle)
mkdir -p "$bundle/deep/er" "$bundle/empty"
head -c 100000 /dev/urandom >"$bundle/deep/er/random"
: >"$bundle/nothing"
printf 'odd' >"$bundle/$(printf 'caf\351')"
printf 'blank' >"$bundle/a b"
printf 'dot' >"$bundle/deep/.hidden"
printf '#!/bin/sh\necho started\n' >"$bundle/deep/tool" && chmod 755 "$bundle/deep/tool"
chmod 644 "$bundle/nothing"
run "$repo" --title bundled --bundle "$bundle" --verify 'v=[ "$("$CUPEL_BUNDLE/deep/tool")" = started ]' -- sh -c '"$CUPEL_BUNDLE/deep/tool" && [ ! -x "$CUPEL_BUNDLE/nothing" ] && cmp "$CUPEL_BUNDLE/deep/er/random" /cupel/bundle/deep/er/random && echo y >src/a.txt'
is "$outcome" committed outcome
is "$(cd "$packet/config_snapshot/bundle" && find . -type f -exec sha256sum -b {} + | LC_ALL=C sort)" \
        "$(cd "$bundle" && find . -type f -exec sha256sum -b {} + | LC_ALL=C sort)" "the files"
is "sha256:$(recomputed "$packet" identity)" "$(cat "$packet/identity.txt")" identity
python3 - "$packet" "$bundle" <<'P' || fail "bundle.json is not the list of the bundle"
import hashlib, json, os, sys
snapshot, bundle = sys.argv[1] + "/config_snapshot", os.fsencode(sys.argv[2])
text = open(snapshot + "/bundle.json", "rb").read()
listed, plan = json.loads(text), json.load(open(snapshot + "/plan.json"))["bundle"]
sizes = [os.path.getsize(os.path.join(where, name)) for where, _, names in os.walk(bundle) for name in names]
assert plan == {"bytes": sum(sizes), "files": len(sizes), "sha256": hashlib.sha256(text).hexdigest()}, plan
assert len(listed) == len(sizes)
data = open(os.path.join(bundle, b"deep/er/random"), "rb").read()
assert [name for name in listed if listed[name].get("executable")] == ["deep/tool"]
assert listed["deep/er/random"] == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
assert '"caf\\351"' in listed and "a b" in listed and "deep/.hidden" in listed, list(listed)
P
(cd "$packet/evidence" && sha256sum -c --strict SHA256SUMS) >"$e2e_tmp/sums" 2>&1 || fail "sums: $(cat "$e2e_tmp/sums")"
for each in 'a b' deep/.hidden "$(printf 'caf\351')"; do
        grep -qaF "config_snapshot/bundle/$each: OK" "$e2e_tmp/sums" || fail "no sum of $each"
done

succeeds env -C "$repo" cupel export "$run_id" -o "$e2e_tmp/bundled.tar.zst"
succeeds env -C "$repo" cupel verify "$e2e_tmp/bundled.tar.zst"
succeeds env -C "$repo" cupel replay "$e2e_tmp/bundled.tar.zst"
has "$(cat "$e2e_tmp/out")" "the same verdict" "its verifier starts the bundle's tool from the archive"

t "the live folder is never read again: neither inside nor by the packet"
live=$(new_folder live)
echo before >"$live/data"
echo stays >"$live/other"
# it stops itself; we go on with it once the folder is another one
(cd "$repo" && exec cupel run --json --quiet --title live --bundle "$live" --verify v=true -- \
        sh -c ': stops-itself; cat /cupel/bundle/data >src/a.txt; kill -STOP $$
               cat /cupel/bundle/data /cupel/bundle/other >src/b.txt; [ ! -e /cupel/bundle/later ]') \
        >"$e2e_tmp/live.out" 2>"$e2e_tmp/live.err" </dev/null &
live_pid=$!
stopped() {
        local pid
        for pid in $(pgrep -u "$(id -u)" -f '^sh -c : stops-itself'); do
                grep -q '^State:.T' "/proc/$pid/status" && echo "$pid" && return 0
        done
        return 1
}
wait_for 20 stopped || fail "the agent did not stop: $(cat "$e2e_tmp/live.err")"
echo after >"$live/data"
echo more >"$live/later"
rm "$live/other"
kill -CONT "$(stopped)"
wait "$live_pid"
read_result "$e2e_tmp/live.out"
is "$outcome" committed outcome
is "$(git -C "$repo" show HEAD:src/a.txt HEAD:src/b.txt)" $'before\nbefore\nstays' "what the agent saw"
is "$(cat "$packet/config_snapshot/bundle/data")" before "what the packet kept"
is "sha256:$(recomputed "$packet" identity)" "$(cat "$packet/identity.txt")" identity

t "what a bundle may not be is said before anything starts"
refuses() { # what is wrong, expected text
        local before
        before=$(ls "$(state_of "$repo")/runs" | wc -l)
        run "$repo" --title refused --bundle "$1" --verify v=true -- true
        is "$status" 2 "exit status of $1"
        has "$(stderr)" "$2" "what is said"
        is "$(ls "$(state_of "$repo")/runs" | wc -l)" "$before" "runs"
}
bad=$(new_folder bad)
ln -s /etc/hostname "$bad/link"
refuses "$bad" "link is a symlink"
rm "$bad/link"
ln -s /etc "$bad/folder"
refuses "$bad" "folder is a symlink"
rm "$bad/folder"
mkfifo "$bad/pipe"
refuses "$bad" "pipe is no file"
rm "$bad/pipe"
: >"$bad/$(printf 'a\nb')"
refuses "$bad" 'a\nb" has a control character'
rm "$bad"/a*
truncate -s 65M "$bad/large"
refuses "$bad" "more than 64 MiB"
rm "$bad/large"
truncate -s 40M "$bad/half" "$bad/other"
refuses "$bad" "more than 64 MiB"
refuses "$bad/nowhere" "--bundle"
rm "$bad"/*
(cd "$bad" && seq -f 'f%05.0f' 10001 | xargs touch)
refuses "$bad" "more than 10000 files"

t "no bundle takes keys along: neither cupel's nor what lies in a secret folder, whatever leads there"
mkdir -p "$HOME/.ssh" && echo private >"$HOME/.ssh/id_ed25519"
ln -s "$XDG_STATE_HOME/cupel/keys" "$e2e_tmp/leads"
for folder in "$XDG_STATE_HOME/cupel/keys" "$XDG_STATE_HOME/cupel" "$e2e_tmp/leads"; do
        refuses "$folder" "it would take cupel's keys along"
done
refuses "$HOME/.ssh" "the secret folder ~/.ssh"
refuses "$HOME" "the secret folder ~/.ssh"
rm -r "$HOME/.ssh"
run "$repo" --title evidence --verify v=true -- true
run "$repo" --title evidence --bundle "$packet/evidence" --verify v=true -- true
is "$outcome" no_change "another run's evidence lies in the state folder, and is no secret"

t "other bytes, another place, another tool: another identity"
plain() { # the identity of one more run of the same item
        run "$repo" --title same --mood calm --verify v=true "$@" -- false
        field identity "$json"
}
one=$(new_folder one) two=$(new_folder two)
echo a >"$one/f"
echo b >"$two/f"
first=$(plain --bundle "$one")
isnt "$(plain --bundle "$two")" "$first" "other bytes"
cp "$one/f" "$two/f"
isnt "$(plain --bundle "$two")" "$first" "another place"

done_testing
