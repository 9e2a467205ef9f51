#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cupel verify: what was written is verified; one byte changed anywhere, in a file of a packet or a row of the log, is named.
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "$0")/../lib/e2e.sh"
packets_spoiled # on purpose: how that is told is what it tests

repo=$(new_repo)
run "$repo" --title good --verify check=./check.sh -- sh -c 'echo three >src/c.txt; echo at work; cupel note observation text=hello'
good=$run_id good_packet=$packet good_commit=$commit
run "$repo" --title bad --verify check=false -- sh -c 'echo four >src/d.txt; echo at work'
bad=$run_id bad_packet=$packet
(cd "$repo" && cupel outcome "$good" accept) >/dev/null || fail "cupel outcome"
for note in one two; do
        (cd "$repo" && cupel amend "$good" --field note --value "$note" --reason why) >/dev/null || fail "cupel amend"
done

# verify WHAT…: sets said, status
verify() { said=$(cd "$repo" && cupel verify "$@" 2>&1 </dev/null) && status=0 || status=$?; }

# flip FILE OFFSET: the lowest bit of that byte
flip() { python3 - "$1" "$2" <<'PY'
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
at = int(sys.argv[2])
os.pwrite(fd, bytes([os.pread(fd, 1, at)[0] ^ 1]), at)
PY
}

t "what a run left is verified: by its id, its commit, as a range, as an archive"
for what in "$good" "$bad" "$good_commit" main 'HEAD~1..HEAD'; do
        verify "$what"
        is "$status" 0 "$what: $said"
done
(cd "$repo" && cupel export "$good" -o "$e2e_tmp/good.tar.zst") >/dev/null 2>&1 || fail "export"
verify "$e2e_tmp/good.tar.zst"
is "$status" 0 "archive: $said"
has "$said" "ok      commit" "the archive's commit is looked at where the repository has it"
said=$(cd "$e2e_tmp" && cupel verify good.tar.zst 2>&1) || fail "outside of a repository: $said"
hasnt "$said" unsigned "what was said later is signed"
has "$(tr -s ' \n' ' ' <<<"$said")" "of what was said later, as of" "how much of it"
verify "$good"
hasnt "$said" unsigned "the store vouches for it"

t "… and as the folder that the archive was unpacked to"
mkdir "$e2e_tmp/unpacked"
"$e2e_top/tests/lib/untar.py" "$e2e_tmp/good.tar.zst" "$e2e_tmp/unpacked"
said=$(cd "$e2e_tmp" && cupel verify "./unpacked/$good" 2>&1) || fail "outside of a repository: $said"
verify "$e2e_tmp/unpacked/$good/"
is "$status" 0 "in the repository: $said"
has "$said" "ok      commit" "the commit is looked at where the repository has it"
chmod -R u+w "$e2e_tmp/unpacked"
cp "$e2e_tmp/unpacked/$good/telemetry/events.normalized.jsonl" "$e2e_tmp/events"
tail -n 1 "$e2e_tmp/events" >"$e2e_tmp/unpacked/$good/operator.jsonl"
verify "./$(realpath --relative-to="$repo" "$e2e_tmp/unpacked/$good")"
is "$status" 1 "what anybody may have said: $said"
has "$said" "operator.jsonl: its bytes are not those that later.jsonl was signed for"
rm "$e2e_tmp/unpacked/$good/operator.jsonl"
flip "$e2e_tmp/unpacked/$good/evidence/patch.diff" 0
verify "$e2e_tmp/unpacked/$good"
is "$status" 1 "one byte: $said"
has "$said" "evidence/patch.diff"

t "a folder that is no packet does not stand in the way of a branch of its name"
mkdir -p "$repo/topic/x"
git -C "$repo" branch topic/x
verify topic/x
is "$status" 0 "the branch: $said"
verify ./topic/x
is "$status" 2 "the folder"
has "$said" "has no evidence/"
rm -r "$repo/topic" && git -C "$repo" branch -q -D topic/x

t "a name that is a packet or a run and a revision, too, is taken for neither: an agent may have chosen the one"
git -C "$repo" branch -q release/1 main
mkdir -p "$repo/release"
cp -r "$good_packet" "$repo/release/1"
verify release/1
is "$status" 2 "a folder like a branch: $said"
has "$said" "./release/1"
has "$said" refs/heads/release/1
verify ./release/1
is "$status" 0 "the folder: $said"
verify refs/heads/release/1
is "$status" 0 "the branch: $said"
has "$said" "$(git -C "$repo" rev-parse --short=12 main)"
chmod -R u+w "$repo/release" && rm -r "$repo/release"
git -C "$repo" branch -q goo main
verify goo
is "$status" 2 "a run like a branch: $said"
has "$said" "$good"
verify "$good"
is "$status" 0 "the run: $said"
verify @last
is "$status" 0 "the last run: $said"
git -C "$repo" branch -q -D goo release/1

t "a page of eighty columns"
said=$(cd "$repo" && script -qec "stty cols 80; cupel verify $good; cupel verify $good_commit" /dev/null </dev/null | tr -d '\r' | sed 's/\x1b\[[0-9;]*m//g')
has "$said" "ok      attestation" "it was verified"
is "$(python3 -c 'import sys; print(*(l for l in sys.stdin.read().splitlines() if len(l) > 80), sep="\n")' <<<"$said")" "" "lines over 80"

t "nothing is known of it: exit status 2, and it says what could be named"
verify nonsense
is "$status" 2
has "$said" "no run, commit, range or packet"
verify "$e2e_tmp/none.tar.zst"
is "$status" 2

t "one byte of any file of a packet"
for of in "$good:$good_packet" "$bad:$bad_packet"; do
        id=${of%%:*} folder=${of#*:} count=0
        while read -r file; do
                size=$(stat -c %s "$folder/$file")
                [ "$size" -gt 0 ] || continue
                chmod u+w "$folder/$file"
                for at in 0 $((size / 2)) $((size - 1)); do
                        flip "$folder/$file" "$at"
                        verify "$id"
                        is "$status" 1 "$file, byte $at"
                        has "$said" "$file: " "$file, byte $at is named"
                        flip "$folder/$file" "$at"
                done
                count=$((count + 1))
        done < <(cd "$folder" && find . -type f -printf '%P\n' | LC_ALL=C sort)
        [ "$count" -ge 14 ] || fail "only $count files of $id were looked at"
        [ "$id" = "$bad" ] || for file in operator.jsonl amendments.jsonl later.jsonl; do
                [ -s "$folder/$file" ] || fail "$file is among them"
        done
        verify "$id"
        is "$status" 0 "as before: $said"
done

t "a file that is empty has a byte now, one is gone, one is new"
: >"$e2e_tmp/empty"
mv "$good_packet/logs/director.check.log" "$e2e_tmp/kept"
verify "$good"
is "$status" 1
has "$said" "logs/director.check.log: it is missing"
mv "$e2e_tmp/kept" "$good_packet/logs/director.check.log"
echo x >"$good_packet/evidence/new.txt"
verify "$good"
is "$status" 1
has "$said" "evidence/new.txt: SHA256SUMS does not have it"
rm "$good_packet/evidence/new.txt"

t "a line of what was said later is gone: the log names it"
cp "$good_packet/amendments.jsonl" "$e2e_tmp/amendments"
first=$(sed -n '1s/.*"sequence":"0*\([0-9]*\)".*/\1/p' "$e2e_tmp/amendments")
sed -i 1d "$good_packet/amendments.jsonl"
verify "$good"
is "$status" 1
has "$said" "amendments.jsonl: the line of event $first is missing"
tac "$e2e_tmp/amendments" >"$good_packet/amendments.jsonl"
verify "$good"
has "$said" "amendments.jsonl: its lines stand in another order"
cp "$e2e_tmp/amendments" "$good_packet/amendments.jsonl"
verify "$good"
is "$status" 0 "as before: $said"

t "without the log: an exported packet says how many lines there are"
elsewhere() { said=$(cd "$e2e_tmp" && cupel verify --key "$XDG_STATE_HOME/cupel/keys/attest.pub" "$@" 2>&1 </dev/null) && status=0 || status=$?; }
rm -rf "$e2e_tmp/unpacked"
mkdir "$e2e_tmp/unpacked"
"$e2e_top/tests/lib/untar.py" "$e2e_tmp/good.tar.zst" "$e2e_tmp/unpacked"
unpacked=$e2e_tmp/unpacked/$good
chmod -R u+w "$unpacked"
elsewhere "$unpacked"
is "$status" 0 "a folder: $said"
has "$(tr -s ' \n' ' ' <<<"$said")" "3 lines of what was said later" "how many"
for file in amendments.jsonl operator.jsonl; do
        cp "$unpacked/$file" "$e2e_tmp/kept"
        sed -i '$d' "$unpacked/$file"
        elsewhere "$unpacked"
        is "$status" 1 "$file without its last line"
        has "$said" "$file: it has $(wc -l <"$unpacked/$file") line"
        rm "$unpacked/$file"
        elsewhere "$unpacked"
        is "$status" 1 "without $file"
        has "$said" "$file: it has 0 lines"
        cp "$e2e_tmp/kept" "$unpacked/$file"
done
mv "$unpacked/later.jsonl" "$e2e_tmp/later"
elsewhere "$unpacked"
is "$status" 1 "without the seal"
has "$said" "amendments.jsonl: nothing signs that these are all of its lines"
mv "$unpacked"/{operator,amendments}.jsonl "$e2e_tmp"
"$e2e_top/tests/lib/untar.py" --pack "$e2e_tmp/unpacked" "$e2e_tmp/stripped.tar.zst" "$good"
elsewhere stripped.tar.zst
is "$status" 1 "an archive without all three"
has "$said" "later.jsonl: it is missing"
mv "$e2e_tmp"/{operator,amendments}.jsonl "$unpacked"
mv "$e2e_tmp/later" "$unpacked/later.jsonl"
elsewhere "$unpacked"
is "$status" 0 "as before: $said"
(cd "$repo" && cupel export "$bad" -o "$e2e_tmp/bad.tar.zst") >/dev/null || fail "export"
elsewhere bad.tar.zst
is "$status" 0 "of which nobody said anything: $said"

# edit SED FILE: changes a file and its line in SHA256SUMS, as somebody who means it would
edit() {
        chmod u+w "$good_packet/$2"
        cp "$good_packet/$2" "$e2e_tmp/before"
        cp "$good_packet/evidence/SHA256SUMS" "$e2e_tmp/sums"
        sed -i "$1" "$good_packet/$2"
        python3 - "$good_packet" "$2" <<'PY'
import hashlib, os, sys
packet, path = sys.argv[1:]
name = path[9:] if path.startswith("evidence/") else "../" + path
digest = hashlib.sha256(open(os.path.join(packet, path), "rb").read()).hexdigest()
sums = os.path.join(packet, "evidence/SHA256SUMS")
lines = [digest + "  " + name if l[66:] == name else l for l in open(sums).read().splitlines()]
open(sums, "w").write("\n".join(lines) + "\n")
PY
}
unedit() {
        cp "$e2e_tmp/before" "$good_packet/$1"
        cp "$e2e_tmp/sums" "$good_packet/evidence/SHA256SUMS"
}

t "a file changed together with its sum is not what was signed"
for file in logs/agent.log evidence/report.md evidence/patch.diff evidence/report.json config_snapshot/prompt.txt \
        config_snapshot/work_item.yaml telemetry/events.normalized.jsonl telemetry/trace.jsonl evidence/evidence-set.txt identity.txt \
        "evidence/$good_commit.intoto.jsonl"; do
        edit 's/[a-e0-8]/9/' "$file"
        (cd "$good_packet/evidence" && sha256sum --quiet -c SHA256SUMS) >/dev/null 2>&1 || fail "$file: sha256sum is content"
        cmp -s "$good_packet/$file" "$e2e_tmp/before" && fail "$file: it was not changed"
        verify "$good"
        is "$status" 1 "$file with its sum"
        has "$said" "failed" "$file"
        unedit "$file"
done

t "a packet signed by another key, and one that nobody signed"
cp -r "$XDG_STATE_HOME/cupel/keys" "$e2e_tmp/keys"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | openssl pkey -pubout -out "$e2e_tmp/other.pub"
verify --key "$e2e_tmp/other.pub" "$good"
is "$status" 1
has "$said" "none of those that are trusted"
verify --key "$e2e_tmp/other.pub" --key "$e2e_tmp/keys/attest.pub" "$good"
is "$status" 0 "one of the keys: $said"
verify --key "$repo/check.sh" "$good"
is "$status" 2
has "$said" "no public key"

t "a commit: tree, trailers and signature; what no run made"
plain=$(cd "$repo" && git commit-tree -p HEAD -m "by hand" 'HEAD^{tree}')
verify "$plain"
is "$status" 1
has "$said" "no trailer Cupel-Run"
claimed=$(cd "$repo" && git commit-tree -p HEAD -m "by hand

Cupel-Run: $good" 'HEAD^{tree}')
verify "$claimed"
is "$status" 1
has "$said" "it names the run $good"
git -C "$repo" branch -q by-hand "$plain"
verify "HEAD~1..by-hand"
is "$status" 1
has "$said" "1 of 2 commits are vouched for"
git -C "$repo" branch -q topic/by-hand "$plain"
verify "HEAD~1..topic/by-hand"
has "$said" "1 of 2 commits are vouched for" "a branch with a slash in its name"
git -C "$repo" branch -qD topic/by-hand
echo 'director@cupel.invalid ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f' >"$e2e_tmp/signers"
verify --allowed-signers "$e2e_tmp/signers" "$good"
is "$status" 1
has "$said" "not among the allowed signers"

t "the commit is gone from the repository"
git clone -q --bare "$repo" "$e2e_tmp/other.git"
objects=$repo/.git/objects
mv "$objects" "$e2e_tmp/objects"
cp -r "$e2e_tmp/objects" "$objects"
git -C "$repo" update-ref refs/heads/main "$good_commit~1"
git -C "$repo" branch -qD by-hand
git -C "$repo" -c gc.reflogExpire=now reflog expire --expire=now --all
git -C "$repo" -c gc.pruneExpire=now gc -q --prune=now
verify "$good"
is "$status" 1
has "$said" "there is no commit"
chmod -R u+w "$objects"
rm -rf "$objects"
mv "$e2e_tmp/objects" "$objects"
git -C "$repo" update-ref refs/heads/main "$good_commit"
verify "$good"
is "$status" 0 "as before: $said"

t "one byte of any row of the log, in any column"
cat >"$e2e_tmp/rows.py" <<'PY'
import sqlite3, subprocess, sys
db, good, bad = sys.argv[1:]
con = sqlite3.connect(db, isolation_level=None)
triggers = con.execute("select name, sql from sqlite_master where type='trigger'").fetchall()
for name, _ in triggers:
    con.execute(f'drop trigger "{name}"')
looked = 0
for table in ("events", "chain", "links"):
    info = con.execute(f"pragma table_info({table})").fetchall()
    keys = [c[1] for c in sorted(info, key=lambda c: c[5]) if c[5]] or ["rowid"]
    where = " and ".join(f"{k} is ?" for k in keys)
    rows = con.execute(f"select * from {table}").fetchall() if info else []
    for number, values in enumerate(rows):
        row = dict(zip([c[1] for c in info], values))
        for column, value in row.items():
            if isinstance(value, (str, bytes)) and value:
                at = len(value) // 2
                changed = value[:at] + (chr(ord(value[at]) ^ 1) if isinstance(value, str) else bytes([value[at] ^ 1])) + value[at + 1:]
            elif isinstance(value, int) and number % 10 == 0:
                changed = value + 1000
            else:
                continue
            now = [changed if k == column else row[k] for k in keys]
            try:
                con.execute(f"update {table} set {column}=? where {where}", (changed, *[row[k] for k in keys]))
            except sqlite3.Error:
                continue
            got = subprocess.run(["cupel", "verify", good], capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if got.returncode not in (1, 70) or "store" not in got.stdout + got.stderr:
                print(f"{table} row {number} {column}: exit {got.returncode}: {got.stdout}{got.stderr}")
            looked += 1
            con.execute(f"update {table} set {column}=? where {where}", (value, *now))
for _, sql in triggers:
    con.execute(sql)
print("looked", looked)
PY
out=$(cd "$repo" && python3 "$e2e_tmp/rows.py" "$(state_of "$repo")/store.db" "$good" "$bad" 2>&1)
is "$(grep -v '^looked' <<<"$out" | head -5)" "" "unnoticed"
[ "$(sed -n 's/^looked //p' <<<"$out")" -ge 100 ] || fail "rows: $out"
verify "$good"
is "$status" 0 "as before: $said"

t "--json says the same"
verify --json "$good"
is "$(python3 -c 'import json,sys; v=json.load(sys.stdin); print(len(v), v[0]["verified"], v[0]["by"], v[0]["checks"]["commit"], v[0]["findings"])' <<<"$said")" "1 True packet ok []"
flip "$good_packet/evidence/report.md" 0
verify --json "$good"
is "$status" 1
is "$(python3 -c 'import json,sys; v=json.load(sys.stdin); print(v[0]["verified"], v[0]["findings"][0]["file"], v[0]["checks"]["files"])' <<<"$said")" "False evidence/report.md failed"
flip "$good_packet/evidence/report.md" 0

t "runs verify however they ended"
ends=$(new_repo)
run "$ends" --title observed --mood curious -- cupel note observation text=x
run "$ends" --title nothing --verify check=./check.sh -- true
run "$ends" --title failed --verify check=./check.sh -- false
run "$ends" --title late --budget wall=1s --verify check=./check.sh -- sleep 20
run "$ends" --title hidden --verify check=./check.sh -- sh -c 'echo x >src/x.txt; mkfifo src/pipe'
run "$ends" --title rejected --mood paranoid --verify check=./check.sh -- sh -c 'echo x >src/p.txt'
is "$outcome" held
said=$(cd "$ends" && cupel verify "$run_id") || fail "held: $said"
(cd "$ends" && cupel reject "$run_id" --reason no) >/dev/null 2>&1 || fail "reject"
run "$ends" --title approved --mood paranoid --verify check=./check.sh -- sh -c 'printf "\033[1m\377" >"src/a \"b\".txt"'
(cd "$ends" && cupel approve "$run_id") >/dev/null 2>&1 || fail "approve"
(cd "$ends" && cupel revert "$run_id") >/dev/null 2>&1 || fail "revert"
for id in $(cd "$ends" && cupel runs --json | jq -r '.[].run'); do
        said=$(cd "$ends" && cupel verify "$id" 2>&1) || fail "$id: $said"
done
is "$(cd "$ends" && cupel runs --json | jq length)" 8
said=$(cd "$ends" && cupel verify HEAD~2..HEAD) || fail "range: $said"
has "$said" "2 of 2 commits are vouched for"

done_testing
