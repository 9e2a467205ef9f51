#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cupel hook: real pushes to a bare repository, whose protected branch takes only commits that an attestation vouches for.
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
server=$e2e_tmp/server.git
git init -q --bare "$server"
git -C "$repo" push -q "$server" main
cat >"$server/hooks/pre-receive" <<SH
#!/bin/sh
HOME='$HOME' exec '$CUPEL_BIN/cupel' hook pre-receive
SH
chmod +x "$server/hooks/pre-receive"
git -C "$repo" remote add origin "$server"
git -C "$repo" fetch -q origin
git -C "$repo" branch -q --set-upstream-to=origin/main main

run "$repo" --title first --verify check=./check.sh -- sh -c 'echo three >src/c.txt'
first=$commit first_packet=$packet
keys=$XDG_STATE_HOME/cupel/keys

# push REFSPECS…: sets said, status
push() { said=$(git -C "$repo" push origin "$@" 2>&1 </dev/null) && status=0 || status=$?; }
refused() {
        isnt "$status" 0 "$1: it was taken"
        has "$said" "$2" "$1"
}
tip() { git -C "$server" rev-parse -q --verify "$1"; }
start=$(tip main)

t "a server that trusts nobody takes nothing onto its branch, and says what to do"
push main
refused "no key" "cupel.attestKeys"
is "$(tip main)" "$start"

t "nor onto any other, while the one that its HEAD names is not there"
git -C "$server" symbolic-ref HEAD refs/heads/elsewhere
push main
refused "the branch that everybody uses" "cupel.attestKeys"
push main:refs/heads/side/branch
refused "another" "cupel.attestKeys"
is "$(tip main) $(tip side/branch)" "$start "
git -C "$server" symbolic-ref HEAD refs/heads/main

t "no note about the commit: what to do is said"
cp "$keys/attest.pub" "$server/trusted.pem"
git -C "$server" config --add cupel.attestKeys trusted.pem
push main
refused "no note" "cupel hook notes"
has "$said" "${first:0:12}"
is "$(tip main)" "$start"

t "notes of what the upstream does not have, once"
out=$(cd "$repo" && cupel hook notes 2>&1) || fail "cupel hook notes: $out"
has "$out" "1 new, 0 as they were, 0 commits without"
out=$(cd "$repo" && cupel hook notes --json 2>&1) || fail "again: $out"
is "$(python3 -c 'import json,sys; v=json.load(sys.stdin); print(v["noted"], v["had"])' <<<"$out")" "0 1"
cmp -s <(git -C "$repo" notes --ref=cupel show "$first") "$first_packet/evidence/$first.intoto.jsonl" || fail "the note is not the attestation"
out=$(cd "$repo" && cupel hook notes "$start" 2>&1) && fail "a commit that no run made: $out"
has "$out" "no run made it"

t "a forged attestation: another key under the same name"
git -C "$repo" branch -q notes-good refs/notes/cupel
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$e2e_tmp/forger" 2>/dev/null
cat >"$e2e_tmp/forge.py" <<'PY'
# forge.py KEY KEYID FROM [OLD=NEW…]: the lines of an attestation with other words in them, signed by KEY
import base64, hashlib, json, subprocess, sys
key, keyid, source, *words = sys.argv[1:]
digests = {}
for line in open(source).read().splitlines():
    envelope = json.loads(line)
    payload = base64.b64decode(envelope["payload"]).decode()
    for old, new in [w.split("=", 1) for w in words] + list(digests.items()):
        payload = payload.replace(old, new)
    kind = envelope["payloadType"]
    pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload.encode())
    sig = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=pae, capture_output=True, check=True).stdout if key != "-" \
        else base64.b64decode(envelope["signatures"][0]["sig"])
    out = json.dumps({"payload": base64.b64encode(payload.encode()).decode(), "payloadType": kind,
                      "signatures": [{"keyid": keyid or envelope["signatures"][0]["keyid"], "sig": base64.b64encode(sig).decode()}]},
                     separators=(",", ":"))
    digests[hashlib.sha256(line.encode()).hexdigest()] = hashlib.sha256(out.encode()).hexdigest()
    print(out)
PY
# note COMMIT FILE: it becomes the note, in place of what was there
note() { git -C "$repo" notes --ref=cupel add -f -F "$2" "$1" 2>/dev/null; }
good=$first_packet/evidence/$first.intoto.jsonl
forger_id=$(openssl pkey -in "$e2e_tmp/forger" -pubout -outform DER | sha256sum | cut -d' ' -f1)
python3 "$e2e_tmp/forge.py" "$e2e_tmp/forger" "" "$good" >"$e2e_tmp/forged"
note "$first" "$e2e_tmp/forged"
push main refs/notes/cupel
refused "forged" "is not one of the key"
python3 "$e2e_tmp/forge.py" "$e2e_tmp/forger" "$forger_id" "$good" >"$e2e_tmp/forged"
note "$first" "$e2e_tmp/forged"
push main refs/notes/cupel
refused "another key" "none of those that are trusted"

t "an attestation with other words under its signature"
python3 "$e2e_tmp/forge.py" - "" "$good" PASSED=FAILED >"$e2e_tmp/forged"
note "$first" "$e2e_tmp/forged"
push main refs/notes/cupel
refused "other words" "is not one of the key"

t "one line of it alone, its lines in another order, garbage, a note of many megabytes"
for what in 'tail -n 1' 'tac' 'head -n 2' 'head -c 300' 'sed s/payload/Payload/'; do
        $what "$good" >"$e2e_tmp/forged"
        note "$first" "$e2e_tmp/forged"
        push main refs/notes/cupel
        refused "$what" "commit ${first:0:12}"
done
head -c 5000000 /dev/zero | tr '\0' x >"$e2e_tmp/forged"
note "$first" "$e2e_tmp/forged"
push main refs/notes/cupel
refused "huge" "bytes; at most"
is "$(tip main)" "$start" "nothing landed"

t "replayed: the attestation of one commit as the note of another, of the same tree too"
git -C "$repo" update-ref refs/notes/cupel notes-good
second=$(git -C "$repo" commit-tree -p main -m second "main^{tree}")
twin=$(git -C "$repo" commit-tree -p "$start" -m "same tree" "main^{tree}")
note "$second" "$good"
note "$twin" "$good"
push "$second:main" refs/notes/cupel
refused "replayed" "about another commit"
push "$twin:main" refs/notes/cupel
refused "same tree" "about another commit"

t "what is vouched for lands, with its note in the same push"
git -C "$repo" update-ref refs/notes/cupel notes-good
push main refs/notes/cupel
is "$status" 0 "$said"
is "$(tip main)" "$first"
is "$(tip refs/notes/cupel)" "$(git -C "$repo" rev-parse notes-good)"

t "a plain git push, once the refs are configured; several commits at once; the note before the branch"
git -C "$repo" config --add remote.origin.push refs/heads/main
git -C "$repo" config --add remote.origin.push refs/notes/cupel
for n in 1 2; do
        run "$repo" --title "more $n" --verify check=./check.sh -- sh -c "echo $n >src/more$n.txt"
        is "$outcome" committed
done
(cd "$repo" && cupel hook notes >/dev/null) || fail "cupel hook notes"
said=$(git -C "$repo" push 2>&1) || fail "git push: $said"
is "$(tip main)" "$commit"
run "$repo" --title "note first" --verify check=./check.sh -- sh -c 'echo x >src/x.txt'
(cd "$repo" && cupel hook notes HEAD >/dev/null) || fail "cupel hook notes HEAD"
push refs/notes/cupel
push main
is "$status" 0 "$said"
now=$(tip main)

t "one commit by hand among good ones"
git -C "$repo" checkout -q -b mixed
echo hand >"$repo/src/hand.txt"
git -C "$repo" add -A
git -C "$repo" commit -q -m "by hand"
push mixed:main
refused "by hand" "(by hand): no packet vouches for it"
is "$(tip main)" "$now"

t "merges, deletion, going back, another history, roots"
git -C "$repo" checkout -q main
merge=$(git -C "$repo" commit-tree -p main -p mixed -m merge "main^{tree}")
push "$merge:main"
refused "merge" "it has 2 parents"
push ":main"
refused "deletion" "not deleted"
push -f "main~1:main"
refused "back" "only moves forward"
push -f "mixed~2:main" 
refused "another" "only moves forward"
root=$(git -C "$repo" commit-tree -m root "main^{tree}")
git -C "$server" config --add cupel.protect main
git -C "$server" config --add cupel.protect 'release/*'
push "$root:refs/heads/release/1"
refused "root" "it has 0 parents"
push "mixed:refs/heads/release/1"
refused "a new protected branch" "no packet vouches for it"
push "main~1:refs/heads/release/1"
is "$status" 0 "what is on a protected branch already may start another: $said"

t "the notes only grow"
push ":refs/notes/cupel"
refused "notes deleted" "it may only grow"
push -f "notes-good:refs/notes/cupel"
refused "notes set back" "it may only grow"

push -f "$(git -C "$repo" rev-parse 'HEAD^{tree}'):refs/notes/cupel"
refused "notes that are no commit" "is no commit"

t "nothing but a commit becomes the notes, and what is none there already holds nobody up"
cp -r "$server" "$e2e_tmp/other.git"
other=$e2e_tmp/other.git
git -C "$other" update-ref -d refs/notes/cupel
git -C "$repo" tag -a -m notes tagged refs/notes/cupel
blob=$(git -C "$repo" hash-object -w check.sh)
for what in "$blob" "HEAD^{tree}" tagged; do
        said=$(git -C "$repo" push "$other" "$(git -C "$repo" rev-parse "$what"):refs/notes/cupel" 2>&1) && fail "$what as notes: $said"
        has "$said" "is no commit" "$what"
done
git -C "$other" update-ref refs/notes/cupel "$(git -C "$other" rev-parse 'main^{tree}')"
said=$(git -C "$repo" push -f "$other" refs/notes/cupel 2>&1) || fail "notes in the place of what is none: $said"

t "a symbolic ref does not lead around it"
git -C "$server" symbolic-ref refs/heads/alias refs/heads/main
push "mixed:refs/heads/alias"
refused "alias" "refs/heads/main: commit"
git -C "$server" symbolic-ref -d refs/heads/alias
git -C "$server" update-ref refs/heads/live "$now"
git -C "$server" symbolic-ref refs/heads/production refs/heads/live
git -C "$server" symbolic-ref refs/heads/release/latest refs/heads/live
git -C "$server" config --add cupel.protect production
for name in production live release/latest; do
        push "mixed:refs/heads/$name"
        refused "protected by another name: $name" "refs/heads/live: commit"
done
git -C "$server" config --unset cupel.protect production
git -C "$server" symbolic-ref -d refs/heads/release/latest
git -C "$server" symbolic-ref -d refs/heads/production
git -C "$server" update-ref -d refs/heads/live

t "branches that are not protected, tags, and many refs at once are nobody's business"
push mixed main:refs/tags/v1
is "$status" 0 "$said"
for n in $(seq 300); do printf 'create refs/heads/many/%d %s\n' "$n" "$now"; done | git -C "$repo" update-ref --stdin
push 'refs/heads/many/*:refs/heads/many/*'
is "$status" 0 "$said"
said=$(cd "$server" && yes "$(printf '%040d %s refs/heads/x' 0 "$now")" | head -n 10001 | cupel hook pre-receive 2>&1) && fail "10,001 lines"
has "$said" "more refs"
said=$(cd "$server" && echo nonsense | cupel hook pre-receive 2>&1)
is $? 1 "nonsense"
has "$said" "could not be judged"

t "where a branch is, is what is there, not what the pusher says"
for old in "$(git -C "$repo" rev-parse mixed)" "$(printf '%040d' 0)"; do
        said=$(cd "$server" && echo "$old $(git -C "$repo" rev-parse mixed) refs/heads/main" | cupel hook pre-receive 2>&1) && fail "from $old"
        has "$said" "fetch, and push again"
done
said=$(cd "$server" && echo "$(printf '%040d' 0) $now refs/notes/cupel" | cupel hook pre-receive 2>&1) && fail "notes from nothing"
has "$said" "it may only grow"

t "replace refs, by which git on the server would show another commit in the place of one that was vouched for"
push "mixed:refs/replace/$now"
refused "a replacement" "refs/replace/$now"
fails git -C "$server" rev-parse -q --verify "refs/replace/$now"

t "history from before is let in by the administrator alone: cupel.since"
git -C "$server" config --add cupel.since "$(git -C "$repo" rev-parse mixed)"
push mixed:main
is "$status" 0 "$said"
git -C "$server" update-ref refs/heads/main "$now"
git -C "$server" config --unset-all cupel.since

t "… by its whole id: what a name leads to is moved by a push, and a branch may be called like a short id"
git -C "$server" tag before "$start"
short=${start:0:10}
for name in before "$short"; do
        git -C "$server" config --add cupel.since "$name"
        push -f "mixed:refs/tags/$name"
        is "$status" 0 "a tag is nobody's business: $said"
        push mixed:main
        refused "since $name" "no whole id"
        has "$said" "git rev-parse"
        git -C "$server" config --unset-all cupel.since
done
missing=$(printf 'f%.0s' $(seq 40))
git -C "$server" config --add cupel.since "$missing"
git -C "$server" update-ref "refs/heads/$missing" "$now"
push mixed:main
refused "since an id that is not there" "could not be judged"
git -C "$server" config --unset-all cupel.since
is "$(tip main)" "$now"

t "a server whose folder has a colon in its name"
cp -r "$server" "$e2e_tmp/a:b.git"
git -C "$repo" remote add colon "file://$e2e_tmp/a:b.git"
said=$(git -C "$repo" push colon mixed:main 2>&1) && fail "by hand: $said"
has "$said" "no packet vouches for it"

t "required tests and allowed signers"
run "$repo" --title "one more" --verify check=./check.sh -- sh -c 'echo y >src/y.txt'
(cd "$repo" && cupel hook notes HEAD >/dev/null) || fail "cupel hook notes HEAD"
git -C "$server" config --add cupel.requireTest soak
push main refs/notes/cupel
refused "required" "the test soak"
git -C "$server" config --unset-all cupel.requireTest
git -C "$server" config --add cupel.requireTest check
echo 'director@cupel.invalid ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f' >"$server/signers"
git -C "$server" config cupel.allowedSigners signers
push main refs/notes/cupel
refused "signer" "allowed signers"
cp "$keys/allowed_signers" "$server/signers"
push main refs/notes/cupel
is "$status" 0 "$said"

t "a clone without packets verifies by the notes"
git clone -q "$server" "$e2e_tmp/clone"
git -C "$e2e_tmp/clone" fetch -q origin refs/notes/cupel:refs/notes/cupel
out=$(cd "$e2e_tmp/clone" && cupel verify --key "$keys/attest.pub" --allowed-signers "$keys/allowed_signers" "$start..HEAD" 2>&1) || fail "by notes: $out"
has "$out" "5 of 5 commits are vouched for"
has "$out" "by its note"
out=$(cd "$e2e_tmp/clone" && cupel verify --key "$repo/none.pem" HEAD 2>&1)
is $? 2 "keys that are not there"
out=$(cd "$e2e_tmp/clone" && XDG_STATE_HOME=$e2e_tmp/nowhere cupel verify HEAD 2>&1) && fail "no key at all: $out"
has "$out" "none of those that are trusted"

t "another server's hook with a broken configuration refuses, whatever comes"
git -C "$server" config --replace-all cupel.protect ''
git -C "$repo" branch -q -f empty "$(git -C "$repo" commit-tree -m "by hand" -p main 'main^{tree}')"
push empty:main
refused "nothing is protected by nothing" "cupel.protect of the server is empty"
git -C "$server" config --unset-all cupel.protect
git -C "$server" config cupel.attestKeys nowhere.pem
git -C "$repo" checkout -q main
run "$repo" --title "last" --verify check=./check.sh -- sh -c 'echo z >src/z.txt'
(cd "$repo" && cupel hook notes HEAD >/dev/null)
push main refs/notes/cupel
refused "configuration" "could not be judged"

done_testing
