#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The log: its form, order, filters, following, chains, receipts, and the projection AHDB.
source "$(dirname "$0")/../lib/e2e.sh"
judge=$e2e_top/tests/lib/cloudevents.py
repo=$(new_repo)
cd "$repo" || exit
follow() { # NAME OPTIONS… : in the background
        cupel events --follow "${@:2}" >"$e2e_tmp/$1" 2>"$e2e_tmp/$1.err" </dev/null &
        eval "$1=$!"
}
types() { cupel events --json "$@" | python3 -c 'import json, sys
print(" ".join(sorted({json.loads(line)["type"][10:] for line in sys.stdin})))'; }
count() { cupel events --json "$@" | wc -l; }

t "where nothing ever ran, that is said, beside what a script reads"
is "$(cupel events 2>/dev/null)$(cupel events --json 2>/dev/null)" "" "standard output"
is "$(cupel events 2>&1)" "no events: no run yet in this repository; \`cupel run\` makes the first" "standard error"

t "who follows before there is a run sees it begin, and so does a second one"
follow first --json
follow second
follow gone --json --since 1d
kill -STOP "$gone" # it sleeps through all of it
run "$repo" --title one --mood calm --verify v=true -- sh -c 'echo x >src/a.txt
        cupel note observation text="seen by the agent" >/dev/null
        cupel note receipt.ahdb.delta --data "{\"assert\":{\"fast\":true},\"believe\":{\"b\":[1]}}"'
one=$run_id one_packet=$packet
is "$outcome" committed outcome
run "$repo" --title two --mood curious -- sh -c 'cupel note conjecture claim=c test=t edge=e delta_o=d scope=s'
two=$run_id
is "$outcome" observed outcome
run "$repo" --title three --mood calm --verify v=false -- sh -c 'echo y >src/a.txt; cupel note receipt.ahdb.delta --data "{\"assert\":{\"lie\":1},\"drive\":\"go\"}"'
three=$run_id
is "$outcome" self_verification_failed outcome
all=$(count)
has_all() { [ "$(wc -l <"$e2e_tmp/first")" = "$all" ]; }
wait_for 20 has_all || fail "the first follower has $(wc -l <"$e2e_tmp/first") of $all events: $(cat "$e2e_tmp/first.err")"
is "$(LC_ALL=C sort "$e2e_tmp/first" | sha256sum)" "$(cupel events --json | LC_ALL=C sort | sha256sum)" "what was followed"
in_second() { grep -q "$three" "$e2e_tmp/second" && grep -q "seen by the agent" "$e2e_tmp/second"; }
wait_for 20 in_second || fail "the second follower: $(head -c 300 "$e2e_tmp/second")"

t "what is added to a run that is over is followed, too; a stopped follower catches up"
succeeds cupel outcome "$two" accept --reason fine
said() { grep -q 'operator.outcome' "$e2e_tmp/first" && grep -q 'operator.outcome' "$e2e_tmp/second"; }
wait_for 20 said || fail "nothing of operator.outcome"
kill -CONT "$gone"
caught_up() { grep -q 'operator.outcome' "$e2e_tmp/gone"; }
wait_for 20 caught_up || fail "the stopped follower has $(wc -l <"$e2e_tmp/gone") events"
is "$(LC_ALL=C sort "$e2e_tmp/gone" | sha256sum)" "$(cupel events --json | LC_ALL=C sort | sha256sum)" "what it has"

kill "$first" "$second" "$gone"
wait "$first" "$second" "$gone" 2>/dev/null

t "a follower ends with its run, and with its reader"
timeout 20 cupel events --follow "$one" >"$e2e_tmp/ended" || fail "did not end with its run"
is "$(wc -l <"$e2e_tmp/ended")" "$(count "$one")" lines
timeout 20 bash -c 'cupel events --follow --since 1d | head -n 1 >/dev/null'
is "$?" 0 "ends with its reader"

t "every event is a CloudEvent, in its chain; all of them in the order of time"
is "$(cupel events --json | "$judge" --in-order)" "$(count)" "events of all runs"
for each in "$one" "$two" "$three"; do
        is "$(cupel events --json "$each" | "$judge" --chain --in-order)" "$(count "$each")" "chain of $each"
done
is "$("$judge" --chain <"$one_packet/telemetry/events.normalized.jsonl")" "$(count "$one")" "chain of the packet"

t "filters"
is "$(types --type note.)" "note.conjecture note.hyperthesis note.hypothesis note.observation note.request.verify" "--type"
is "$(types --type dev.cupel.note.conj)" note.conjecture "--type with its prefix"
is "$(count --item two)" "$(count "$two")" "--item"
is "$(count --mood curious)" "$(count "$two")" "--mood"
is "$(types --actor user)" operator.outcome "--actor"
is "$(count --actor agent "$one")" 2 "--actor of a run"
is "$(count --since 1h)" "$(count)" "--since"
is "$(count --until 1h)" 0 "--until"
has "$(cupel events --until 1h 2>&1)" "no such events" "of filters that nothing passes"
middle=$(cupel events --json "$two" | head -n 1 | python3 -c 'import json,sys; print(json.loads(sys.stdin.read())["time"])')
by_time() { cupel events --json | python3 -c 'import json, sys
print(sum(eval(sys.argv[1], {"time": json.loads(line)["time"]}) for line in sys.stdin))' "$1"; }
is "$(count --since "$middle")" "$(by_time "time >= '$middle'")" "--since a moment"
is "$(count --until "$middle")" "$(by_time "time <= '$middle'")" "--until a moment"
commit_event=$(cupel events --json "$one" --type receipt.commit)
evidence=$(field refs "$commit_event")
is "$(types --ref "$evidence")" "receipt.ahdb.delta receipt.commit receipt.evidence.set.hash" "--ref of a digest"
is "$(types --ref "$(field id "$(cupel events --json "$one" --type receipt.verifier --actor director | head -n 1)")")" \
        "receipt.verifier receipt.verifier.attestations" "--ref of an event"
number=$((10#$(field sequence "$(cupel events --json "$one" --type receipt.verifier --actor director | head -n 1)")))
is "$(types --ref "$one:$number")" "receipt.verifier receipt.verifier.attestations" "--ref of an event as people write it"
is "$(types --ref "$one:99")" "" "of one that is not there"
fails cupel events --since yesterday-ish
has "$(cat "$e2e_tmp/out")" "--since" "what is wrong"
fails cupel events --actor somebody
fails cupel events --since 1h --until 2h

t "receipts: what was read is what the snapshot has"
cupel events --json "$one" --type receipt.read >"$e2e_tmp/reads"
python3 - "$one_packet/config_snapshot" "$e2e_tmp/reads" <<'P' || fail "receipt.read differs from the snapshot"
import hashlib, json, os, sys
told = {(d := json.loads(line)["data"])["path"]: (d["sha256"], d["bytes"], d["origin"]) for line in open(sys.argv[2])}
origins = dict(json.load(open(sys.argv[1] + "/origins.json")), **{"origins.json": "compiled"})
there = {}
for name in os.listdir(sys.argv[1]):
    data = open(os.path.join(sys.argv[1], name), "rb").read()
    there[name] = (hashlib.sha256(data).hexdigest(), len(data), origins[name])
assert told == there, (told, there)
P
for type in receipt.read receipt.preconditions receipt.context.footprint receipt.patch receipt.verifier receipt.verifier.results \
        receipt.verifier.attestations receipt.policy.decision receipt.evidence.set.hash receipt.commit receipt.limits; do
        has " $(types "$one") " " $type " "receipts of a commit"
done

t "each decision names what it rests on"
cupel events --json "$one" >"$e2e_tmp/refs"
python3 - "$e2e_tmp/refs" "$one_packet/evidence/patch.diff" <<'P' || fail "refs"
import hashlib, json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
by_id = {e["id"]: e for e in events}
def last(name, actor="director"):
    return [e for e in events if e["type"] == "dev.cupel." + name and e["actor"] == actor][-1]
def rests(event):
    refs = event["refs"].split(" ")
    for ref in refs:
        assert ref in by_id and by_id[ref]["sequence"] < event["sequence"] or len(ref) == 64, ref
    return {by_id[r]["type"][len("dev.cupel."):] if r in by_id else r for r in refs}
patch = last("receipt.patch")
digest = hashlib.sha256(open(sys.argv[2], "rb").read()).hexdigest()
assert patch["data"]["sha256"] == digest, "the director's patch is the packet's"
assert rests(last("receipt.policy.decision")) == {"receipt.patch", digest, "receipt.verifier.attestations"}
assert rests(last("receipt.verifier")) == {"receipt.patch", digest}
own = last("receipt.patch", "runner")
patch_of_it = {"receipt.patch", own["data"]["sha256"]}
assert rests(last("receipt.policy.decision", "runner")) == patch_of_it
assert rests(last("receipt.verifier", "runner")) == patch_of_it
assert rests(last("receipt.verifier.results", "runner")) == {"receipt.verifier"}
assert rests(last("note.request.verify", "runner")) == patch_of_it | {"receipt.policy.decision", "receipt.verifier.results"}
assert all(by_id[ref]["actor"] == "runner" for e in events if e["actor"] == "runner" for ref in e.get("refs", "").split() if ref in by_id)
seal = last("receipt.evidence.set.hash")
assert rests(seal) == {seal["data"]["sha256"], "receipt.policy.decision"}
assert rests(last("receipt.commit")) == {seal["data"]["sha256"]}
P

t "what was tried in vain is reported, once, before the seal"
other=$(new_repo)
run "$other" --title tried --verify check=./check.sh -- sh -c 'echo 5 >src/e.txt; git push origin main; git push origin main;
        cupel note receipt.commit --data "{}"; echo x >.git/hooks/pre-commit; git commit -qam inside; true'
is "$status" 0 "it landed all the same: $json"
(cd "$other" && cupel events --json "$run_id") >"$e2e_tmp/tried"
python3 - "$e2e_tmp/tried" <<'P' || fail "receipt.attack.report"
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
by_id = {e["id"]: e for e in events}
reports = [e for e in events if e["type"].endswith("receipt.attack.report")]
assert len(reports) == 1 and reports[0]["actor"] == "director", reports
items = {(i["kind"], i["what"]): i for i in reports[0]["data"]["items"]}
assert items[("git", "git push origin main")]["times"] == 2, items
assert any(kind == "log" for kind, _ in items), items
assert any(kind == "git" and "hooks/pre-commit" in what for kind, what in items), items
assert not any("commit" in what and kind == "git" and "hooks" not in what for kind, what in items), items
assert all(by_id[i["first"]]["type"].endswith("action.vetoed") for i in items.values())
assert all(by_id[r]["type"].endswith("action.vetoed") for r in reports[0]["refs"].split(" "))
seal = [e for e in events if e["type"].endswith("receipt.evidence.set.hash")][0]
assert reports[0]["sequence"] < seal["sequence"]
decision = [e for e in events if e["type"].endswith("policy.decision") and e["actor"] == "director"][0]
assert reports[0]["id"] in decision["refs"].split(" ")
P
is "$(cupel events "$one" --type receipt.attack.report --json)" "" "nothing was tried, nothing is told"

t "the table of types is what the help, the page and the checks are made from"
succeeds "$e2e_top/scripts/docs" --check --bin "$CUPEL_BIN"
has "$(cupel note --help)" "note.hyperthesis        blind_spot, why, risk, bound" help
python3 - "$(cupel note types --json)" "$(cupel events --json)" <<'P' || fail "an event that the table does not know, or a field that is missing"
import json, sys
table = {t["type"]: t for t in json.loads(sys.argv[1])}
for line in sys.argv[2].splitlines():
    event = json.loads(line)
    row = table[event["type"]]
    assert event["actor"] in row["actors"], event
    assert not set(row["data"]["required"]) - set(event["data"]), event
assert all(t["about"] and all(p["description"] for p in t["data"]["properties"].values()) for t in table.values())
P

t "ASSERT is the director's alone"
is "$(cupel ahdb --json | python3 -c 'import json,sys; a=json.load(sys.stdin); print(sorted(a["assert"]), a["believe"]["b"], a["drive"], sorted(a["hypothesize"]))')" \
        "['fast', 'item one'] [1] {'': 'go'} ['item three']" projection
is "$(cupel ahdb "$three" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["assert"])')" "{}" "of the failed run"
seq=$(cupel events --json "$three" --type receipt.ahdb | head -n 1 | python3 -c 'import json,sys; print(int(json.loads(sys.stdin.read())["sequence"]))')
is "$(cupel ahdb "$three" --at "$seq" --json)" '{"assert":{},"hypothesize":{},"drive":{"":"go"},"believe":{}}' "at its delta"
page=$(cupel ahdb "$three" --at "$seq")
has "$page" "ASSERT  nothing" "a part with nothing in it, on the page"
has "$page" "DRIVE
  go" "a part that is one value"
has "$(cupel ahdb)" "  fast: true" "a key and its value"
fails cupel ahdb --at 1
has "$(cat "$e2e_tmp/out")" "cupel ahdb RUN --at SEQ" "whose events"
fails cupel ahdb "$three" --check
succeeds cupel ahdb --check
has "$(cat "$e2e_tmp/out")" "rebuilt from the log" "what was compared"
db=$(state_of "$repo")/store.db
sqlite3 "$db" "UPDATE ahdb SET value = '2' WHERE key = 'fast'"
fails cupel ahdb --check
has "$(cat "$e2e_tmp/out")" "DIFFERENT: what the store keeps" "what differs"
sqlite3 "$db" "UPDATE ahdb SET value = 'true' WHERE key = 'fast'"
succeeds cupel ahdb --check

t "both chains hold"
has "$(cupel events --verify)" "unbroken" "all runs"
has "$(cupel events --verify "$one")" "3 links of the store" "one run"

t "any row that is flipped is named: run and event, or link"
cp "$db" "$e2e_tmp/store.db.kept"
sqlite3 "$db" "PRAGMA wal_checkpoint(TRUNCATE)" >"$e2e_tmp/out"
cp "$db" "$e2e_tmp/store.db.kept"
broken() { # SQL, expected text: on a copy of the store
        rm -f "$db-wal" "$db-shm"
        cp "$e2e_tmp/store.db.kept" "$db"
        sqlite3 "$db" "DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete; DROP TRIGGER links_no_update; DROP TRIGGER links_no_delete; $1" \
                >"$e2e_tmp/sql" 2>&1 || fail "$1: $(cat "$e2e_tmp/sql")"
        cupel events --verify >"$e2e_tmp/out" 2>&1
        is "$?" 1 "exit status after: $1"
        has "$(cat "$e2e_tmp/out")" "$2" "after: $1"
}
sqlite3 "$e2e_tmp/store.db.kept" "SELECT r.id, e.run, e.sequence FROM events e JOIN runs r ON r.no = e.run ORDER BY e.run, e.sequence" >"$e2e_tmp/rows"
while IFS='|' read -r id no sequence; do
        broken "UPDATE events SET body = replace(body, '\"specversion\":\"1.0\"', '\"specversion\":\"1.1\"') WHERE run = $no AND sequence = $sequence" \
                "run $id, event $sequence"
done <"$e2e_tmp/rows"
broken "UPDATE events SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE run = 2 AND sequence = 3" "run $two, event 3"
broken "UPDATE events SET type = 'note.status' WHERE run = 1 AND type = 'note.observation'" "filed under another type"
broken "DELETE FROM events WHERE run = 1 AND sequence = 5" "run $one, event 5"
for link in 1 2 3; do
        broken "UPDATE links SET hash = replace(hash, substr(hash, 5, 1), 'x') WHERE position = $link" "link $link of the store's chain"
        broken "UPDATE links SET event = replace(event, substr(event, 5, 1), 'x') WHERE position = $link" "$(sed -n "${link}p" <<<"$one
$two
$three")"
done
broken "DELETE FROM links WHERE position = 2" "$two"
is "$(cupel events --verify "$two" --json | python3 -c 'import json,sys; d=json.load(sys.stdin); print(d["ok"], d["broken_run"])')" "False $two" "as JSON"
broken "UPDATE links SET hash = replace(hash, substr(hash, 5, 1), 'x') WHERE position = 3" "link 3"
is "$(cupel events --verify "$one" --json | python3 -c 'import json,sys; d=json.load(sys.stdin); print(d["ok"], d["broken_link"])')" "False 3" "the store's chain is checked with one run"

t "a damaged index is named, though each row is as it was"
rm -f "$db-wal" "$db-shm"
cp "$e2e_tmp/store.db.kept" "$db"
python3 - "$db" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'runs_of_item'").fetchone()[0]
size = db.execute("PRAGMA page_size").fetchone()[0]
db.close()
with open(sys.argv[1], "r+b") as file:
    file.seek(page * size - 3)
    byte = file.read(1)
    file.seek(page * size - 3)
    file.write(bytes([byte[0] ^ 1]))
PY
cupel events --verify >"$e2e_tmp/out" 2>&1
is "$?" 1 "exit status"
has "$(cat "$e2e_tmp/out")" "runs_of_item" "what is damaged"
cp "$e2e_tmp/store.db.kept" "$db"
has "$(cupel events --verify)" "unbroken" "as it was"

t "a store that was emptied beside its packets is told as damage by every command, and not begun anew before it is moved away"
rm -f "$db-wal" "$db-shm"
echo "what was not copied back" >"$db-wal"
: >"$db"
for command in "runs" "events --verify" "show @last" "run --title x -- true" "queue list" "reconcile"; do
        # shellcheck disable=SC2086
        cupel $command >"$e2e_tmp/out" 2>&1 </dev/null
        is "$?" 70 "$command: exit status ($(cat "$e2e_tmp/out"))"
        has "$(cat "$e2e_tmp/out")" "$db: it is empty, though there were runs" "$command"
done
is "$(stat -c %s "$db") $(cat "$db-wal")" "0 what was not copied back" "what is left"
rm -f "$db" "$db-wal" "$db-shm"
succeeds cupel admit --yes
is "$(cupel runs --json)" "[]" "a new one"
rm -f "$db" "$db-wal" "$db-shm"
cp "$e2e_tmp/store.db.kept" "$db"
has "$(cupel events --verify)" "unbroken" "put back from a copy"
done_testing
