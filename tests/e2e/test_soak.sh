#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A small soak, as scripts/soak does it for hours: every kind of end, dependencies, conflicts, people beside it, processes shot at random;
# every item ends once, every commit stands by itself, nothing is left. And that its judge sees what is wrong.
source "$(dirname "$0")/../lib/e2e.sh"

soak() { TMPDIR=$e2e_tmp CUPEL_BIN=$CUPEL_BIN "$e2e_top/scripts/soak" "$@" >"$e2e_tmp/soak" 2>"$e2e_tmp/soak.err"; }

t "sixty runs, three workers, and whoever is at work is shot now and then"
if ! soak --runs 60 --workers 3 --kill --every-shot 4 --seed "$$" --keep --report "$e2e_tmp/soak.jsonl"; then
        fail "seed $$: $(grep -h WRONG "$e2e_tmp/soak" || tail -n 5 "$e2e_tmp/soak.err")"
fi
has "$(tail -n 1 "$e2e_tmp/soak")" "everything holds" "the judge"
is "$(jq -r .record "$e2e_tmp/soak.jsonl" | uniq | tr '\n' ' ')" "soak sample verdict " "its report"
is "$(jq -s 'last | .shots > 0 and .wrong == [] and .runs >= 60 and .commits > 10' "$e2e_tmp/soak.jsonl")" true "its verdict"
kept=$(sed -n 's/^kept: //p' "$e2e_tmp/soak.err")
[ -d "$kept" ] || fail "nothing is kept"
if [ "$e2e_replay" = 1 ]; then # the runs of its workers are runs of this test
        XDG_STATE_HOME=$kept/state
        see_runs
fi

t "the judge looks again at what is kept, and finds nothing"
soak --judge "$kept" || fail "$(grep -h WRONG "$e2e_tmp/soak")"

t "the judge sees a commit that was made twice, one that is nobody's, an item that has not ended, an event and notes that are gone"
store=$(echo "$kept"/state/cupel/repos/*/store.db)
first=$(git -C "$kept/repo" log --reverse --format='%(trailers:key=Cupel-Item,valueonly,separator=)' main..landing | grep -m 1 item-)
again=$(git -C "$kept/repo" commit-tree -p landing -m again -m "Cupel-Item: $first" "landing^{tree}")
nobodys=$(git -C "$kept/repo" commit-tree -p "$again" -m nobodys "landing^{tree}")
git -C "$kept/repo" update-ref refs/heads/landing "$nobodys"
touch "$kept/repo/.git/index.lock"
sqlite3 "$store" "UPDATE queue SET state = 'waiting' WHERE item = (SELECT max(item) FROM queue WHERE state = 'done')"
for trigger in $(sqlite3 "$store" "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"); do
        sqlite3 "$store" "DROP TRIGGER $trigger"
done
noted=$(sqlite3 "$store" "SELECT count(*) FROM events WHERE body LIKE '%noted-item-%'")
sqlite3 "$store" "DELETE FROM events WHERE run = 1 AND sequence = (SELECT max(sequence) FROM events WHERE run = 1);
        DELETE FROM events WHERE body LIKE '%noted-item-%'"
if soak --judge "$kept"; then fail "it saw nothing"; fi
seen=$(cat "$e2e_tmp/soak")
has "$seen" "the commits are not the items that are done, each once"
has "$seen" "commits are nobody's: $nobodys"
has "$seen" "ended as waiting"
has "$seen" "its row says"
[ "$noted" = 0 ] || has "$seen" "notes are lost"
has "$seen" "locks are left"

t "growth is seen through noise, and noise is no growth"
# shellcheck disable=SC2016 # python's own
is "$(python3 -B - "$e2e_top/tests/soak" <<'P'
import random, sys
sys.path.insert(0, sys.argv[1])
import watch
random.seed(1)
def samples(leak):
    return [{"at": 5 * i, "runs": 10 * i, "worker_pss": 2000 + leak * i + random.random() * 100, "worker_fds": 9, "pss": 40000 * random.random(),
             "fds": 200, "processes": 30, "namespaces": 20, "mounts": 0, "state": 100 * i, "cache": 5, "repo": i * i if leak else i} for i in range(720)]
def bad(leak):
    return sorted(one["what"].split(",")[0].split(" (")[0] for one in watch.flatness(samples(leak)) if not one["flat"])
print(bad(0), bad(2), watch.flatness(samples(2)[:60]))
P
)" "[] ['disk of the repository per further run', 'memory of a worker that was never shot'] []"

done_testing
