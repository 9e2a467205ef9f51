#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The attestations of runs, read with jq and openssl alone; and the script of docs/provenance.md, exactly as the page has it.
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "$0")/../lib/e2e.sh"

keys=$XDG_STATE_HOME/cupel/keys
page=$e2e_top/docs/provenance.md
repo=$(new_repo)
run "$repo" --title good --verify check=./check.sh -- sh -c 'echo three >src/c.txt; echo at work; cupel note observation text=hello'
good=$packet good_commit=$commit good_tree=$tree good_run=$run_id

for tool in jq openssl ssh-keygen; do command -v "$tool" >/dev/null || fail "this test needs $tool"; done

# statement FILE N: the payload of its line
statement() { sed -n "$2p" "$1" | jq -r .payload | base64 -d; }
says() { jq -e "$2" <<<"$1" >/dev/null || fail "${3:-statement} is not: $2"; }

t "three statements, each about the commit and its tree"
lines=$good/evidence/$good_commit.intoto.jsonl
is "$(wc -l <"$lines")" 3
for n in 1 2 3; do
        says "$(statement "$lines" $n)" "._type == \"https://in-toto.io/Statement/v1\" and .subject == [{digest:{gitCommit:\"$good_commit\",gitTree:\"$good_tree\"}}]"
        is "$(statement "$lines" $n)" "$(statement "$lines" $n | jq -cS .)" "canonical"
done

t "test result: what the director's verifiers said"
says "$(statement "$lines" 1)" '.predicateType == "https://in-toto.io/attestation/test-result/v0.1"'
says "$(statement "$lines" 1)" '.predicate.result == "PASSED" and .predicate.passedTests == ["check"] and .predicate.failedTests == [] and .predicate.warnedTests == []'
says "$(statement "$lines" 1)" '(.predicate.configuration | length) >= 2 and all(.predicate.configuration[]; .digest.sha256 | test("^[0-9a-f]{64}$"))'

t "provenance: what SLSA requires is there, and digests that sha256sum agrees with"
p=$(statement "$lines" 2)
says "$p" '.predicateType == "https://slsa.dev/provenance/v1" and (.predicate.buildDefinition.buildType | test("^https://"))'
says "$p" '.predicate.buildDefinition.externalParameters | .item == "good" and .mood == "calm" and .target == "refs/heads/main"'
says "$p" ".predicate.runDetails | (.builder.id | test(\"^https://\")) and .metadata.invocationId == \"$good_run\" and .metadata.startedOn <= .metadata.finishedOn"
says "$p" ".predicate.buildDefinition.resolvedDependencies[0] == {name:\"base\",digest:{gitCommit:\"$base\"}}"
jq -r '.predicate.runDetails.byproducts[1:][], .predicate.buildDefinition.resolvedDependencies[2:][] | .digest.sha256 + "  " + .name' <<<"$p" >"$e2e_tmp/named"
(cd "$good" && sha256sum --quiet --strict -c "$e2e_tmp/named") || fail "digests"
[ "$(wc -l <"$e2e_tmp/named")" -ge 15 ] || fail "few files are named: $(cat "$e2e_tmp/named")"

t "summary: PASSED, made of the two before it"
v=$(statement "$lines" 3)
says "$v" '.predicateType == "https://slsa.dev/verification_summary/v1" and .predicate.verificationResult == "PASSED"'
says "$v" '(.predicate.verifiedLevels | length) == 1 and all(.predicate.verifiedLevels[]; startswith("SLSA_") | not)'
says "$v" '.predicate | (.verifier.id | test("^https://")) and (.timeVerified | test("^20..-")) and (.resourceUri | test("^urn:cupel:repos/.*/refs/heads/main$")) and (.policy.digest.sha256 | length) == 64 and .slsaVersion == "1.0"'
for n in 1 2; do
        is "$(jq -r ".predicate.inputAttestations[$((n - 1))].digest.sha256" <<<"$v")" "$(sed -n "${n}p" "$lines" | tr -d '\n' | sha256sum | cut -d' ' -f1)"
done

t "nothing of the host, of the objective or of contents is in what a push makes public"
for n in 1 2 3; do
        hasnt "$(statement "$lines" $n)" "$HOME"
        hasnt "$(statement "$lines" $n)" "$repo"
done

t "the keys: made once, the secret half nobody else's"
is "$(stat -c %a "$keys/attest")" 600
openssl pkey -in "$keys/attest" -pubout | cmp -s - "$keys/attest.pub" || fail "attest.pub is not the key's"
is "$(jq -r '.signatures[0].keyid' <<<"$(head -n 1 "$lines")")" "$(openssl pkey -pubin -in "$keys/attest.pub" -outform DER | sha256sum | cut -d' ' -f1)"

t "runs without a commit are signed about what they have"
run "$repo" --title refused --verify check=./check.sh --verify late='test ! -e src/d.txt' -- sh -c 'echo four >src/d.txt'
says "$(statement "$packet/evidence/packet.intoto.jsonl" 1)" '.predicateType | test("provenance|test-result")'
run "$repo" --title failed --verify check=./check.sh -- sh -c 'exit 1'
is "$outcome" work_failed
is "$(wc -l <"$packet/evidence/packet.intoto.jsonl")" 1
says "$(statement "$packet/evidence/packet.intoto.jsonl" 1)" ".subject[0].digest.sha256 == \"$(sha256sum <"$packet/evidence/report.json" | cut -d' ' -f1)\""
cat >"$e2e_tmp/policy.yaml" <<'YAML'
verifiers:
  clean: {run: "test ! -e src/d.txt", gate: director}
approval: {person_at: low}
YAML
run "$repo" --policy "$e2e_tmp/policy.yaml" --title judged --verify clean -- sh -c 'echo four >src/d.txt'
is "$outcome" director_refused
j=$packet/evidence/packet.intoto.jsonl
is "$(wc -l <"$j")" 3
says "$(statement "$j" 1)" '.predicate.result == "FAILED" and .predicate.failedTests == ["clean"] and (.subject[0].digest | keys) == ["gitTree"]'
says "$(statement "$j" 3)" '.predicate.verificationResult == "FAILED" and .predicate.verifiedLevels == ["FAILED"]'

# less SED: cupel verify of the judged packet without lines of its attestation, summed anew
less() {
        rm -rf "$e2e_tmp/less"
        cp -r "$packet" "$e2e_tmp/less"
        chmod -R u+w "$e2e_tmp/less"
        sed -i "$1" "$e2e_tmp/less/evidence/packet.intoto.jsonl"
        sed -i "s,^.*  packet.intoto.jsonl\$,$(sha256sum <"$e2e_tmp/less/evidence/packet.intoto.jsonl" | cut -c1-64)  packet.intoto.jsonl," \
                "$e2e_tmp/less/evidence/SHA256SUMS"
        said=$(cupel verify "$e2e_tmp/less" 2>&1) && status=0 || status=$?
}

t "what the director decided, and what its verifiers said, cannot be taken out of the packet of a refused run"
less ''
is "$status" 0 "as it is: $said"
for lines in 3d '1d;3d' '2,3d'; do
        less "$lines"
        is "$status" 1 "without $lines: $said"
        has "$said" "packet.intoto.jsonl"
done
less '3d'
has "$(tr -s ' \n' ' ' <<<"$said")" "its summary, which tells the decision, was taken out"

t "a held run has no decision, and gets one with its commit"
run "$repo" --policy "$e2e_tmp/policy.yaml" --title held --verify clean -- sh -c 'echo five >src/e.txt'
is "$outcome" held
is "$(wc -l <"$packet/evidence/packet.intoto.jsonl")" 2
less '1d'
has "$(tr -s ' \n' ' ' <<<"$said")" "what the director's verifiers said was taken out" "of a held run"
(cd "$repo" && cupel approve "$run_id") >"$e2e_tmp/out" 2>&1 || fail "approve: $(cat "$e2e_tmp/out")"
held_commit=$(git -C "$repo" rev-parse main)
[ -e "$packet/evidence/packet.intoto.jsonl" ] && fail "the held run's attestation is still there"
is "$(wc -l <"$packet/evidence/$held_commit.intoto.jsonl")" 3
said=$(cd "$repo" && cupel verify "$run_id") || fail "verify: $said"

# ---- The page ----

sed -n '/^```sh$/,/^```$/{/^```/!p}' "$page" >"$e2e_tmp/check.sh"
check() { said=$(LC_ALL=C.UTF-8 sh "$e2e_tmp/check.sh" "$repo" "$1" "$keys/attest.pub" "$keys/allowed_signers" 2>&1 </dev/null) && status=0 || status=$?; }

t "the page's script verifies what was written"
[ "$(wc -l <"$e2e_tmp/check.sh")" -gt 40 ] || fail "there is no script on the page"
check "$good"
is "$status" 0 "$said"
is "$said" verified
check "$packet"
is "$status" 0 "the held one: $said"

t "files of others that are named like attestations are files like any other"
mkdir "$e2e_tmp/bundle"
echo bundled >"$e2e_tmp/bundle/b.intoto.jsonl"
echo old >"$e2e_tmp/bundle/"$'caf\xe9' # which is no UTF-8
cat >"$e2e_tmp/item.yaml" <<'YAML'
title: named
verify: [{name: check, run: ./check.sh}]
outputs: ["out/*"]
YAML
run "$repo" --bundle "$e2e_tmp/bundle" "$e2e_tmp/item.yaml" -- sh -c 'mkdir out; echo x >out/o.intoto.jsonl; echo six >src/f.txt'
is "$outcome" committed
[ -n "$(find "$packet/evidence/outputs" -name o.intoto.jsonl)" ] || fail "the output is not in the packet"
said=$(cd "$repo" && cupel verify "$run_id") || fail "verify: $said"
check "$packet"
is "$status" 0 "$said"

# spoil NAME SHELL: on a copy of the packet, whose folder the shell is in
spoil() {
        rm -rf "$e2e_tmp/spoilt"
        cp -r "$good" "$e2e_tmp/spoilt"
        chmod -R u+w "$e2e_tmp/spoilt"
        (cd "$e2e_tmp/spoilt" && eval "$2") >/dev/null 2>&1
        diff -rq "$good" "$e2e_tmp/spoilt" >/dev/null && fail "$1: nothing was changed"
        check "$e2e_tmp/spoilt"
        isnt "$status" 0 "$1"
        has "$said" "$3" "$1"
}
# resum FILE: its line in SHA256SUMS anew
resum='resum() { n=$1; case $1 in evidence/*) n=${1#evidence/} ;; *) n=../$1 ;; esac
        sed -i "s,^.* \( $n\)\$,$(sha256sum <"$1" | cut -c1-64) \1," evidence/SHA256SUMS; }; '

cat >"$e2e_tmp/bend.py" <<'PY'
# one letter in the middle of the first line's signature
import sys
lines = open(sys.argv[1]).read().split("\n")
at = lines[0].index('"sig":"') + 40
lines[0] = lines[0][:at] + ("B" if lines[0][at] != "B" else "C") + lines[0][at + 1:]
open(sys.argv[1], "w").write("\n".join(lines))
PY

t "and refuses what was changed"
spoil "a byte of a file" 'echo >>logs/agent.log' "not as it was summed"
spoil "a new file" 'echo x >evidence/new.txt' "files were added"
spoil "a file that is gone" 'rm logs/agent.log' "not as it was summed"
spoil "a file with its sum" "$resum echo >>logs/agent.log; resum logs/agent.log" "not those that were signed"
spoil "the report with its sum" "$resum sed -i 's/\"title\": \"good\"/\"title\": \"best\"/' evidence/report.json; resum evidence/report.json" "not those that were signed"
spoil "a payload" "$resum f=evidence/$good_commit.intoto.jsonl; sed -i '2s/\"payload\":\"ey/\"payload\":\"eZ/' \$f; resum \$f" ""
spoil "a signature" "$resum f=evidence/$good_commit.intoto.jsonl; python3 $e2e_tmp/bend.py \$f; resum \$f" "not signed by the key"
spoil "lines in another order" "$resum f=evidence/$good_commit.intoto.jsonl; tac \$f >f && mv f \$f; resum \$f" ""
spoil "one line less" "$resum f=evidence/$good_commit.intoto.jsonl; sed -i 1d \$f; resum \$f" ""

t "another key, another signer, another repository"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | openssl pkey -pubout -out "$e2e_tmp/other.pub"
fails sh "$e2e_tmp/check.sh" "$repo" "$good" "$e2e_tmp/other.pub" "$keys/allowed_signers"
(cd "$keys" && sh "$e2e_tmp/check.sh" "$repo" "$good" attest.pub allowed_signers) >"$e2e_tmp/said" 2>&1 || fail "relative names: $(cat "$e2e_tmp/said")"
echo 'director@cupel.invalid ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f' >"$e2e_tmp/signers"
fails sh "$e2e_tmp/check.sh" "$repo" "$good" "$keys/attest.pub" "$e2e_tmp/signers"
other=$(new_repo)
fails sh "$e2e_tmp/check.sh" "$other" "$good" "$keys/attest.pub" "$keys/allowed_signers"

t "git itself believes the commit"
git -C "$repo" -c gpg.ssh.allowedSignersFile="$keys/allowed_signers" verify-commit "$good_commit" >"$e2e_tmp/out" 2>&1 || fail "$(cat "$e2e_tmp/out")"

done_testing
