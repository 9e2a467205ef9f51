#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cupel reconcile: each contradiction is made by breaking exactly that thing, is named, and is set right or left to a person.
# shellcheck source-path=SCRIPTDIR source=../lib/e2e.sh
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
reconcile() {
        (cd "$repo" && exec cupel reconcile "$@") >"$e2e_tmp/found" 2>"$e2e_tmp/found.err" </dev/null
        status=$?
}
ids() { python3 -c 'import json,sys; print(*sorted({c["id"] for c in json.load(open(sys.argv[1]))["contradictions"]}))' "$e2e_tmp/found"; }
places() { python3 -c 'import json,sys; print(*sorted({c["where"] for c in json.load(open(sys.argv[1]))["contradictions"] if c["id"] == sys.argv[2]}))' "$e2e_tmp/found" "$1"; }

# One run of each kind: landed, refused, held, approved and landed, one from the queue; and an item that waits.
run "$repo" --title good --verify t=./check.sh -- sh -c 'echo x >> src/a.txt && cupel checkpoint' # which goes when it lands
good=$run_id good_commit=$commit
run "$repo" --title bad --mood calm --verify t=false -- sh -c 'echo y >> src/a.txt'
bad=$run_id
printf 'title: held\nmood: calm\nverify: [{name: t, run: ./check.sh}]\napproval: {after: person}\nagent: {command: [sh, -c, "echo h > src/h.txt"]}\n' >"$e2e_tmp/held.yaml"
sed 's/held/approved/; s/h.txt/i.txt/' "$e2e_tmp/held.yaml" >"$e2e_tmp/approved.yaml"
run "$repo" "$e2e_tmp/approved.yaml"
approved=$run_id
(cd "$repo" && cupel approve "$approved") >"$e2e_tmp/out" 2>&1 || fail "approve: $(cat "$e2e_tmp/out")"
run "$repo" "$e2e_tmp/held.yaml"
held=$run_id
(cd "$repo" && cupel outcome "$bad" reject --reason "as expected") >/dev/null
for note in one two; do (cd "$repo" && cupel amend "$good" --field note --value "$note" --reason why) >/dev/null || fail "cupel amend"; done
(cd "$repo" && cupel queue add --title queued --verify t=./check.sh -- sh -c 'echo q > src/q.txt' && cupel work --once --quiet) >"$e2e_tmp/out" 2>&1 || fail "queue: $(cat "$e2e_tmp/out")"
(cd "$repo" && cupel queue add --title waits --verify t=./check.sh --depends nobody -- true) >"$e2e_tmp/out" 2>&1 || fail "queue: $(cat "$e2e_tmp/out")"

state=$(state_of "$repo")
db=$state/store.db
ledger=$XDG_STATE_HOME/cupel/spend.db
cp -a "$XDG_STATE_HOME" "$e2e_tmp/state.whole"
cp -a "$repo" "$e2e_tmp/repo.whole"
restore() {
        rm -rf "$XDG_STATE_HOME" "$repo"
        cp -a "$e2e_tmp/state.whole" "$XDG_STATE_HOME"
        cp -a "$e2e_tmp/repo.whole" "$repo"
}
sql() { sqlite3 "$db" "$1" || fail "sqlite3: $1"; }
# Events and links are only changed by somebody who means it.
by_force() {
        sql "DROP TRIGGER IF EXISTS events_no_update; DROP TRIGGER IF EXISTS events_no_delete; DROP TRIGGER IF EXISTS runs_kept; $1"
}

t "what nobody touched does not contradict itself"
reconcile
is "$status" 0 "status: $(cat "$e2e_tmp/found")"
is "$(cat "$e2e_tmp/found")" "" stdout
has "$(cat "$e2e_tmp/found.err")" "no contradictions" stderr

t "every check is listed with what it compares"
reconcile --list --json
is "$status" 0 status
checks=$(python3 -c 'import json,sys; print(*[c["id"] for c in json.load(open(sys.argv[1]))])' "$e2e_tmp/found")
tested=""

# broken ID WHERE COMMAND… : COMMAND breaks something; the contradiction ID is found at WHERE, with whatever else follows from it.
broken() {
        local id=$1 where=$2
        shift 2
        tested="$tested $id"
        restore
        "$@"
        reconcile --json
        is "$status" 1 "$id: status"
        has " $(ids) " " $id " "$id is found"
        is "$(places "$id")" "$where" "$id: where"
}
# alone: nothing else is found. mended / remains: what --fix does.
alone() { is "$(ids)" "$1" "nothing else is found"; }
mended() {
        local before
        before=$(sqlite3 "$db" "SELECT count(*), max(sequence) FROM events")
        reconcile --fix --json
        is "$status" 0 "--fix: $(cat "$e2e_tmp/found.err") $(ids)"
        has "$(cat "$e2e_tmp/found")" '"fixed":true' "it says so"
        reconcile
        is "$status" 0 "nothing is left: $(cat "$e2e_tmp/found")"
        [ "$1" = events ] || is "$(sqlite3 "$db" "SELECT count(*), max(sequence) FROM events")" "$before" "events stay"
}
remains() {
        local before
        before=$(find "$XDG_STATE_HOME" -type f ! -name '*-wal' ! -name '*-shm' -exec sha256sum {} + | sort | sha256sum)
        reconcile --json
        is "$(find "$XDG_STATE_HOME" -type f ! -name '*-wal' ! -name '*-shm' -exec sha256sum {} + | sort | sha256sum)" "$before" "looking changes nothing"
        reconcile --fix --json
        is "$status" 1 "--fix leaves it"
        hasnt "$(cat "$e2e_tmp/found")" '"fixed":true' "and says so"
}

t "a changed event breaks the chain"
broken log.chain "$good" by_force "UPDATE events SET body = replace(body, 'created', 'CREATED') WHERE run = 1 AND sequence = 1"
remains

t "a column that is not what the events say"
broken log.columns "run $bad" sql "UPDATE runs SET outcome = 'work_failed' WHERE id = '$bad'"
mended events
broken log.columns "item bad" sql "UPDATE items SET failures = 7 WHERE id = 'bad'"
alone log.columns
mended no

t "the index of failures"
broken log.failures "$bad" sql "UPDATE failures SET detail = 'other' WHERE signature <> ''"
alone log.failures
mended no

t "an approval without its event"
broken log.approvals "$held" sql "UPDATE approvals SET state = 'granted' WHERE state = 'requested'"
alone log.approvals
remains
broken log.approvals "$approved" sql "UPDATE approvals SET state = 'granted' WHERE state = 'consumed'"
remains

t "the operator's word"
broken log.acceptances "$bad" sql "UPDATE acceptances SET outcome = 'accepted'"
mended no
broken log.acceptances "$bad" sql "DELETE FROM acceptances"
mended no
broken log.acceptances "$good" sql "INSERT INTO acceptances SELECT no, 'accepted', 'x', '', 'x' FROM runs WHERE id = '$good'"
mended no

t "a deadline, an intent, a place in the line of a run that has ended"
broken log.deadlines "$good" sql "INSERT INTO deadlines VALUES(1, 99)"
alone log.deadlines
mended no
broken log.intents "$good" sql "INSERT INTO intents VALUES(1, '{}')"
alone log.intents
mended no
broken line.runs "$good" sql "INSERT INTO line(ref, run, tree) VALUES('refs/heads/main', '$good', '')"
alone line.runs
mended no

t "an admission that is not the one on record"
broken log.admission admission sql "UPDATE admission SET record = '{}'"
alone log.admission
remains

t "an open run and a claim whose processes are dead"
# All of it at once: nobody is left that could end the run.
break_open() {
        (cd "$repo" && exec cupel run --quiet --title sleeps --mood calm --verify t=./check.sh -- sleep 60) >/dev/null 2>&1 &
        local pid=$!
        wait_for 20 sh -c "sqlite3 '$db' \"SELECT 1 FROM runs WHERE phase = 'running'\" | grep -q 1" || fail "it does not run"
        kill -STOP "$pid"
        pgrep -f -- "$e2e_tmp/state" | xargs -r kill -KILL
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null
        open=$(sqlite3 "$db" "SELECT id FROM runs WHERE phase = 'running'")
}
tested="$tested run.dead"
restore
break_open
wait_for 20 quiet_now
reconcile --json
is "$(ids)" run.dead "what is found"
is "$(places run.dead)" "$open" "where"
mended events
is "$(sqlite3 "$db" "SELECT outcome FROM runs WHERE id = '$open'")" interrupted "it is discarded"
broken queue.claims waits sql "UPDATE queue SET state = 'claimed', epoch = epoch + 1, owner_pid = 999999, owner_start = 1, lease = 1 WHERE item = 'waits'"
alone queue.claims
mended no

t "an end that was never finished"
mark_end() { mkdir -p "$state/ending" && touch "$state/ending/$bad"; }
broken run.ending "$bad" mark_end
alone run.ending
mended no

t "the queue"
broken queue.runs queued sql "UPDATE queue SET state = 'failed' WHERE item = 'queued'"
alone queue.runs
remains
broken queue.counts waits sql "UPDATE queue SET unmet = 5 WHERE item = 'waits'"
alone queue.counts
mended no
broken queue.bytes waits sql "DELETE FROM queue_bytes WHERE item = 'waits'"
alone queue.bytes
remains

t "verdicts kept for other runs"
broken evidence.runs nobody sql "INSERT INTO evidence(key, tree, context, run, result, exit, log_sha256, cases, time, at) VALUES('k', 't', '', 'nobody', 'PASS', 0, 'x', '', '', 0)"
mended no
broken evidence.verdicts "$good" sql "UPDATE evidence SET result = 'FAIL' WHERE run = '$good'"
alone evidence.verdicts
mended no
broken evidence.tests "$good" sql "UPDATE evidence SET cases = 'gone' WHERE run = '$good'"
alone evidence.tests
mended no

t "packets: gone, without sums, changed, of another log"
broken packet.missing "$bad" rm -rf "$state/runs/$bad"
alone packet.missing
remains
printf '{"run":"%s","reason":"age"}\n' "$bad" >"$state/removed.jsonl"
reconcile
is "$status" 0 "what gc removed is missing rightly"
broken packet.incomplete "$good" rm "$state/runs/$good/evidence/SHA256SUMS"
mended no
edit_report() { sed -i 's/"title"/"titel"/' "$state/runs/$good/evidence/report.json"; }
broken packet.damaged "$good" edit_report
has "$(cat "$e2e_tmp/found")" "evidence/report.json" "which file"
remains
shorten() { sed -i '$d' "$state/runs/$good/telemetry/events.normalized.jsonl"; sed -i '$s/"hash":"[0-9a-f]*"/"hash":"00"/' "$state/runs/$good/telemetry/events.normalized.jsonl"; }
broken packet.log "$good" shorten
remains
said_by_log="packet.later packet.operator"
broken packet.operator "$bad" rm "$state/runs/$bad/operator.jsonl"
alone "$said_by_log"
has "$(cat "$e2e_tmp/found")" "the line of event" "which line"
mended no
shorten_amendments() { sed -i 1d "$state/runs/$good/amendments.jsonl"; }
broken packet.amendments "$good" shorten_amendments
alone "packet.amendments packet.later"
missing=$(python3 -c 'import json,sys; print([json.loads(l)["sequence"] for l in open(sys.argv[1])][0].lstrip("0"))' \
        "$e2e_tmp/state.whole/cupel/repos/$(basename "$state")/runs/$good/amendments.jsonl")
has "$(cat "$e2e_tmp/found")" "amendments.jsonl: the line of event $missing is missing" "which line"
mended no
add_amendment() { echo '{"type":"dev.cupel.amendment"}' >>"$state/runs/$good/amendments.jsonl"; }
broken packet.amendments "$good" add_amendment
has "$(cat "$e2e_tmp/found")" "amendments.jsonl: line 3 is no event of the log" "which line"
mended no
broken packet.later "$good" rm "$state/runs/$good/later.jsonl"
alone packet.later
mended no
[ -s "$state/runs/$good/later.jsonl" ] || fail "it is signed again"

t "folders that nobody needs"
orphan() { mkdir -p "$state/runs/orphan__2020/logs" && touch -d '2 days ago' "$state/runs/orphan__2020"; }
broken packet.orphan orphan__2020 orphan
alone packet.orphan
mended no
[ ! -e "$state/runs/orphan__2020" ] || fail "the folder is still there"
restore
mkdir "$state/runs/young__2020"
reconcile
is "$status" 0 "one that may be of a run that is being launched"
for folder in quarantine staging resumed; do
        leave() { mkdir "$state/runs/$bad/$folder"; }
        broken packet.leftover "$bad" leave
        mended no
        [ ! -e "$state/runs/$bad/$folder" ] || fail "$folder is still there"
done

t "a checkpoint on record that is not there"
checkpoint() {
        by_force "INSERT INTO events SELECT run, 900, 'checkpoint.created', json_object('data', json_object('step', 3)), '' FROM events WHERE run = (SELECT no FROM runs WHERE id = '$bad') AND sequence = 1"
}
broken checkpoint.files "$bad" checkpoint

t "commits: gone, and no longer on their branch"
lose() { find "$repo/.git/objects" -type f -delete; }
queued=$(sqlite3 "$db" "SELECT id FROM runs WHERE item = 'queued'")
broken ref.commit "$approved $good $queued" lose
back() { git -C "$repo" update-ref refs/heads/main "$good_commit"; }
broken ref.lost "$approved $queued" back
alone ref.lost
remains

t "commits that name a run which did not land them"
# by_hand RUN: a commit on the branch that says so
by_hand() {
        git -C "$repo" update-ref refs/heads/main "$(git -C "$repo" commit-tree -p main -m "by hand

Cupel-Run: $1" 'main^{tree}')"
}
broken ref.trailers "$bad" by_hand "$bad"
alone ref.trailers
has "$(cat "$e2e_tmp/found")" "and it did not land: self_verification_failed" "what became of it"
remains
broken ref.trailers "$good" by_hand "$good"
has "$(cat "$e2e_tmp/found")" "and it landed ${good_commit:0:12}" "which it landed"
broken ref.trailers nobody__2020-01-01-00-00-00-abcdef by_hand nobody__2020-01-01-00-00-00-abcdef
has "$(cat "$e2e_tmp/found")" "no such run" "there is none"
remains
restore
git -C "$repo" update-ref refs/heads/main "$(git -C "$repo" commit-tree -p main -m "by a person" 'main^{tree}')"
reconcile
is "$status" 0 "a commit that names no run: $(cat "$e2e_tmp/found")"

t "money: reserved by the dead, paid otherwise than reported, of nobody"
pay() {
        (cd "$repo" && cupel grant) >/dev/null 2>&1
        sqlite3 "$ledger" "INSERT INTO runs(run, repository, item, agent, time, estimate, actual, owner_pid, owner_start) VALUES('$1', '$state', 'i', NULL, 1, 1000000, $2, 999999, 1)"
}
broken spend.open "$good" pay "$good" -1
mended no
broken spend.amount "$good" pay "$good" 500000
alone spend.amount
remains
broken spend.ledger nobody pay nobody 0
alone spend.ledger
remains

t "every check was tried"
for check in $checks; do
        has " $tested " " $check " "a check without a test"
done

t "one of them, or some"
restore
sql "UPDATE failures SET detail = 'other' WHERE signature <> ''; INSERT INTO deadlines VALUES(1, 99)"
reconcile --only log.deadlines --json
is "$(ids)" log.deadlines "--only"
reconcile --only packet. --json
is "$status" 0 "--only packet."
reconcile --only nonsense
is "$status" 2 "no such check"

t "for people: what, where, and what --fix would do"
reconcile
is "$status" 1 status
has "$(cat "$e2e_tmp/found")" "log.deadlines       $good" "id and place"
has "$(cat "$e2e_tmp/found")" "--fix removes the deadline" "what would be done"
is "$(sqlite3 "$db" "SELECT count(*) FROM deadlines WHERE run = 1")" 1 "nothing is done"

packets_spoiled
t "an id that somebody wrote into a row leads nowhere"
restore
elsewhere=$state/../elsewhere
mkdir -p "$elsewhere/evidence" "$elsewhere/quarantine"
cp "$state/runs/$good/evidence/SHA256SUMS" "$elsewhere/evidence"
find "$elsewhere" | sort >"$e2e_tmp/elsewhere"
sql "DROP TRIGGER runs_kept; UPDATE runs SET id = '../../elsewhere' WHERE id = '$bad'"
for command in 'outcome ../../elsewhere accept' 'amend ../../elsewhere --field note --value x --reason y' 'reconcile --fix' 'gc --max-count 0'; do
        # shellcheck disable=SC2086 # words of a command
        (cd "$repo" && cupel $command) >"$e2e_tmp/out" 2>&1 </dev/null
        is "$(find "$elsewhere" | sort)" "$(cat "$e2e_tmp/elsewhere")" "what lies elsewhere, after $command: $(cat "$e2e_tmp/out")"
done

done_testing
