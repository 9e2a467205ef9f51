#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cupel gc: what goes by age, count and size, what stays all the same and why, and that it is on record.
# shellcheck source-path=SCRIPTDIR source=../lib/e2e.sh
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
gc() {
        (cd "$repo" && exec cupel gc "$@") >"$e2e_tmp/gc" 2>"$e2e_tmp/gc.err"
        status=$?
}
list() { python3 -c 'import json,sys
told = json.load(open(sys.argv[1]))
print(*sorted((e["name"] + (" " + e["why"] if "why" in e else "")) for e in told[sys.argv[2]] if e["kind"] == "packet"), sep=", ")' "$e2e_tmp/gc" "$1"; }

run "$repo" --title one --verify t=./check.sh -- sh -c 'echo 1 >> src/a.txt'
one=$run_id
run "$repo" --title two --verify t=./check.sh -- sh -c 'echo 2 >> src/a.txt'
two=$run_id
run "$repo" --title bad --mood calm --verify t=false -- sh -c 'echo b >> src/a.txt'
bad1=$run_id
run "$repo" --title bad --mood calm --verify t=false -- sh -c 'echo b >> src/a.txt'
bad2=$run_id
printf 'title: held\nmood: calm\nverify: [{name: t, run: ./check.sh}]\napproval: {after: person}\nagent: {command: [sh, -c, "echo h > src/h.txt"]}\n' >"$e2e_tmp/held.yaml"
run "$repo" "$e2e_tmp/held.yaml"
held=$run_id
printf 'title: asks\nmood: deferential\nverify: [{name: t, run: ./check.sh}]\nagent: {command: ["true"]}\n' >"$e2e_tmp/asks.yaml"
run "$repo" "$e2e_tmp/asks.yaml"
asks=$run_id
state=$(state_of "$repo")
# Time passes: runs ended, and layers were used, long ago.
grow_old() {
        sqlite3 "$state/store.db" "UPDATE runs SET moved = printf('2020-01-%02dT00:00:00.000Z', no)"
        find "$XDG_CACHE_HOME" -name lock -exec touch -d '2020-01-01' {} +
}
grow_old

t "a dry run says what would go and what would stay, and removes nothing"
before=$(find "$state/runs" "$XDG_CACHE_HOME" -type f | sort | sha256sum)
gc --max-age 1d --dry-run
is "$status" 0 status
has "$(cat "$e2e_tmp/gc")" "would remove packet   $one" "a packet"
has "$(cat "$e2e_tmp/gc")" "would remove layer" "a layer"
has "$(cat "$e2e_tmp/gc")" "stays        $bad2" "what stays"
has "$(cat "$e2e_tmp/gc.err")" "would free" "the sum"
has "$(cat "$e2e_tmp/gc.err")" "1 packet stays all the same" "the sum of what stays"
is "$(find "$state/runs" "$XDG_CACHE_HOME" -type f | sort | sha256sum)" "$before" "nothing is gone"

t "by count the oldest go first"
gc --max-age 0 --max-size 0 --max-count 3 --dry-run --json
is "$(list removed)" "$one" "removed"

t "by size the oldest go first"
gc --max-age 0 --max-size 1K --dry-run --json
is "$(list removed)" "$(printf '%s\n' "$one" "$two" "$bad1" | sort | paste -sd, | sed 's/,/, /g')" "removed"

t "by age all go but what waits, and the last packet of a failure that nobody has explained"
gc --max-age 1d --json
is "$(list removed)" "$(printf '%s\n' "$one" "$two" "$bad1" | sort | paste -sd, | sed 's/,/, /g')" "removed"
is "$(list kept)" "$bad2 the last packet of an unexplained failure" "kept"
[ -d "$state/runs/$held" ] || fail "the held run's packet is gone"
[ -d "$state/runs/$asks" ] || fail "the packet of a run that asks is gone"
[ ! -e "$state/runs/$one" ] || fail "an old packet is still there"

t "the log stays, and what went is no contradiction"
has "$(cd "$repo" && cupel show "$one")" "gone: cupel gc removed it" "show"
has "$(cd "$repo" && cupel events "$one")" "receipt.commit" "events"
succeeds sh -c "cd '$repo' && cupel reconcile"
has "$(cat "$state/removed.jsonl")" "\"run\":\"$one\"" "the record"

t "once somebody has explained it, it goes"
(cd "$repo" && cupel outcome "$bad1" reject --reason "the test was wrong") >/dev/null
gc --max-age 1d --json
is "$(list removed)" "$bad2" "removed"

t "what the queue goes on with stays"
printf 'failure: {attempts: 1, then: ask}\n' >"$e2e_tmp/ask.yaml"
(cd "$repo" && cupel queue add --title queued --mood calm --policy "$e2e_tmp/ask.yaml" --verify t=false -- sh -c 'echo q > src/q.txt' && cupel work --once --quiet) >"$e2e_tmp/out" 2>&1 || :
grow_old
queued=$(basename "$(ls -d "$state"/runs/queued__*)")
gc --max-age 1d --json
has "$(list kept)" "$queued" "kept"

t "a folder that no run knows goes after a day"
mkdir -p "$state/runs/orphan__2020/logs" "$state/runs/young__2020"
touch -d '2 days ago' "$state/runs/orphan__2020"
gc --max-age 0 --max-size 0 --json
is "$(list removed)" orphan__2020 "removed"

t "a folder of any name is named so that no terminal obeys it, and goes with all that is in it"
odd=$state/runs/$'odd\033]0;title\007\nline' # a name, and below it what a walk could be led astray by
mkdir -p "$odd/a/b" && mkfifo "$odd/a/pipe" && ln -s "$repo" "$odd/a/link" && chmod 000 "$odd/a/b" && touch -d '2 days ago' "$odd"
for how in --dry-run ''; do
        # shellcheck disable=SC2086
        (cd "$repo" && cupel gc $how) >"$e2e_tmp/out" 2>&1 || fail "gc $how: $(cat "$e2e_tmp/out")"
        has "$(cat "$e2e_tmp/out")" 'odd\033]0;title\a\nline' "its line"
        hasnt "$(cat "$e2e_tmp/out")" $'\033' "a control character"
done
[ ! -e "$odd" ] && [ -f "$repo/check.sh" ] || fail "it is there, or what its link led to is not"

t "what is asked for wrongly says so"
gc --max-age soon
is "$status" 2 --max-age
for wrong in "--max-age 3" "--max-size 20"; do
        gc ${wrong% *} "${wrong#* }"
        is "$status" 2 "$wrong: days or milliseconds, gigabytes or bytes? Nobody says"
done
gc --max-count many
is "$status" 2 --max-count

t "less than a second is a limit too"
gc --max-age 1ms --dry-run --json
has "$(list kept)" "$queued" "kept"

done_testing
