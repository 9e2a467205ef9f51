#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several agents compete on one item: the first verified result lands, the others leave nothing; whoever is killed whenever, there
# is at most one commit.
source "$(dirname "$0")/../lib/e2e.sh"

policy=$e2e_tmp/policy.yaml
cat >"$policy" <<'Y'
agents:
  fast: {command: [sh, -c, "echo fast > src/a.txt"]}
  quick: {command: [sh, -c, "echo quick > src/a.txt"]}
  any: {model: big, command: [sh, -c, "test {model} = small && echo {model} > src/a.txt"]}
  third: {command: [sh, -c, "echo third > src/a.txt"]}
  wrong: {command: [sh, -c, "rm src/a.txt"]}
  idle: {command: [sh, -c, "true"]}
  failing: {command: [sh, -c, "exit 3"]}
  keyless: {command: [sh, -c, "true"], requires: [{env: CUPEL_TEST_NO_SUCH_KEY}]}
  hanging: {command: [bash, -c, "echo slow > src/a.txt; cupel note note.status text=thinking; exec -a marker-PID sleep 300"]}
  late: {command: [bash, -c, "echo late > src/late.txt"]}
verifiers:
  unit: {run: ./check.sh}
  hangs: {run: "bash -c 'test ! -e src/late.txt || exec -a marker-PID sleep 300'", gate: director}
Y
sed -i "s/marker-PID/marker-$$/" "$policy"

# race REPO AGENTS OPTIONS… : status, json and its fields as run() sets them.
race() {
        local repo=$1 agents=$2
        shift 2
        run "$repo" --policy "$policy" --title "Fix it" --verify unit --agents "$agents" --first "$@"
}

# "NAME outcome exit" of each competitor, in the order they were named.
competitors() {
        python3 -c 'import json,sys
for c in json.load(sys.stdin)["competitors"]: print(c["agent"], c["outcome"], c["exit"])' <<<"$json"
}

run_of() {
        python3 -c 'import json,sys
print(next(c["run"] or "" for c in json.load(sys.stdin)["competitors"] if c["agent"]==sys.argv[1]))' "$1" <<<"$json"
}

commits() { git -C "$1" rev-list --count "$2..main"; }

# Of the runs of this test nothing is left but what records keep: neither folders of a run at work nor processes.
no_residue() {
        local rest
        wait_for 10 quiet_now || fail "a process is left: $(pgrep -af "$e2e_tmp/state")"
        ! pgrep -f "^marker-$$" >/dev/null || fail "a step lives on"
        for rest in head upper room; do
                find "$XDG_STATE_HOME/cupel/repos" -path "*/runs/*/$rest" | grep -q . && fail "$rest is still there"
        done
        return 0
}
no_quarantine() { find "$XDG_STATE_HOME/cupel/repos/$(basename "$repo" | tr '[:upper:]' '[:lower:]')"* -path "*/runs/*/quarantine" | grep -q . && fail "a quarantine is still there"; }

sound() {
        succeeds git -C "$1" fsck --strict --no-dangling
        is "$(git -C "$1" status --porcelain)" "" "git status"
        is "$(git -C "$1" count-objects -v | sed -n 's/^garbage: //p')" 0 garbage
        ! find "$1/.git" -name '*.lock' | grep -q . || fail "a lock is left: $(find "$1/.git" -name '*.lock')"
}

t "the fastest wins; the slow one is cancelled at once and leaves nothing but its log"
repo=$(new_repo)
first=$(git -C "$repo" rev-parse HEAD)
race "$repo" hanging,fast
is "$status" 0 "exit status ($json $(stderr))"
is "$outcome" committed outcome
is "$(competitors)" "$(printf 'hanging cancelled 27\nfast committed 0')" competitors
is "$run_id" "$(run_of fast)" "the result is the winner's"
is "$(commits "$repo" "$first")" 1 commits
is "$(git -C "$repo" show main:src/a.txt)" fast "src/a.txt"
is "$(git -C "$repo" rev-parse main)" "$commit" "the commit told"
sound "$repo"
no_residue
no_quarantine
loser=$(cd "$repo" && cupel show --json "$(run_of hanging)")
has "$(field reasons "$loser")" "$run_id of agent fast won" "why it was cancelled"
is "$(field agent "$(cat "$packet/evidence/report.json")")" fast "the agent in the packet"
isnt "$(field race "$(cat "$packet/evidence/report.json")")" "" "the race in the packet"
has "$(cd "$repo" && cupel events "$(run_of hanging)")" thinking "its notes"
is "$(field winner "$(field race "$loser")")" "$run_id" "show tells who won"
has "$(cd "$repo" && cupel show "$(run_of hanging)")" "of 2, won by another" "show, for people"
has "$(cd "$repo" && cupel show "$run_id")" "of 2, won by this run" "show of the winner"
has "$(cd "$repo" && cupel runs)" "hanging: Fix it" "cupel runs"
(cd "$repo" && cupel events --verify "$(run_of hanging)") >"$e2e_tmp/out" 2>&1 || fail "the chain: $(cat "$e2e_tmp/out")"

t "who fails or is blocked does not end the others"
repo=$(new_repo)
first=$(git -C "$repo" rev-parse HEAD)
race "$repo" keyless,failing,idle,wrong,fast
is "$status" 0 "exit status ($json $(stderr))"
is "$(competitors | sort)" "$(printf 'failing work_failed 21\nfast committed 0\nidle no_change 20\nkeyless blocked 30\nwrong self_verification_failed 22' | sort)" competitors
is "$(commits "$repo" "$first")" 1 commits
no_quarantine

t "without a winner the failure that got farthest is told, and nothing has changed"
repo=$(new_repo)
before=$(fingerprint "$repo")
race "$repo" keyless,failing,wrong,idle
is "$status" 22 "exit status ($json)"
is "$run_id" "$(run_of wrong)" "whose result it is"
race "$repo" keyless,idle,failing
is "$status" 21 "exit status ($json)"
race "$repo" keyless,keyless
is "$status" 30 "exit status ($json)"
has "$json" CUPEL_TEST_NO_SUCH_KEY "the reason"
is "$(fingerprint "$repo")" "$before" "the repository"
no_quarantine

t "a held result wins; approving it lands it"
repo=$(new_repo)
first=$(git -C "$repo" rev-parse HEAD)
race "$repo" fast,hanging --mood paranoid
is "$status" 10 "exit status ($json $(stderr))"
is "$outcome" held outcome
is "$(competitors)" "$(printf 'fast held 10\nhanging cancelled 27')" competitors
is "$(cd "$repo" && cupel review --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" 1 "what waits"
(cd "$repo" && cupel approve "$run_id") >"$e2e_tmp/out" 2>&1 || fail "cupel approve: $(cat "$e2e_tmp/out")"
is "$(commits "$repo" "$first")" 1 commits
no_residue
no_quarantine

t "held for the user's checkout is a win, too"
repo=$(new_repo)
printf 'my own\n' >>"$repo/src/a.txt"
before=$(fingerprint "$repo")
race "$repo" fast,hanging
is "$status" 10 "exit status ($json $(stderr))"
is "$(fingerprint "$repo")" "$before" "the repository"

t "one agent twice, and an item on standard input"
repo=$(new_repo)
printf 'title: Fix it\nverify: [unit]\nobjective: from standard input\n' >"$e2e_tmp/item.yaml"
(cd "$repo" && exec cupel run --json --quiet --policy "$policy" --agents hanging,quick,hanging --first -) \
        <"$e2e_tmp/item.yaml" >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
is "$?" 0 "exit status ($(cat "$e2e_tmp/stderr" "$e2e_tmp/stdout"))"
read_result "$e2e_tmp/stdout"
is "$(competitors | sort | uniq -c | tr -s ' ')" "$(printf ' 2 hanging cancelled 27\n 1 quick committed 0')" competitors
is "$(find "$packet/config_snapshot" -name work_item.yaml -exec grep -c 'from standard input' {} +)" 1 "the item's snapshot"

t "one agent with two models"
repo=$(new_repo)
race "$repo" any,any:small
is "$status" 0 "exit status ($json $(stderr))"
is "$(git -C "$repo" show main:src/a.txt)" small "src/a.txt"
is "$(competitors)" "$(printf 'any work_failed 21\nany:small committed 0')" competitors
is "$(field agent "$(cd "$repo" && cupel show --json "$run_id")")" any:small "the agent on record"

t "a pipe gets plain lines with names, and the result for people"
repo=$(new_repo)
(cd "$repo" && cupel run --policy "$policy" --title "Fix it" --verify unit --agents hanging,fast --first) \
        >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
is "$?" 0 "exit status"
has "$(stderr)" "race of 2: Fix it" "the head"
has "$(stderr)" "hanging  working" "a line of a competitor"
has "$(stderr)" "own: up to 2 x" "whose the budget is"
hasnt "$(stderr)" "$(printf '\033')" "no terminal sequences"
has "$(cat "$e2e_tmp/stdout")" "won by fast, of 2:" "the table"

t "on a terminal each has one line of its own, and none is left behind"
repo=$(new_repo)
(cd "$repo" && script -qec "cupel run --policy '$policy' --title 'Fix it' --verify unit --agents hanging,fast,keyless --first" /dev/null) \
        >"$e2e_tmp/stdout" 2>&1 </dev/null
is "$?" 0 "exit status ($(cat "$e2e_tmp/stdout"))"
has "$(cat "$e2e_tmp/stdout")" "$(printf '\033[3A')" "drawn in place"
has "$(cat "$e2e_tmp/stdout")" "blocked: the environment variable" "how one ended"

t "what each cost is told, the loser's too, and their sum"
repo=$(new_repo)
cat >"$e2e_tmp/model.py" <<'P'
# A model that answers "late" once it was asked twice for "early".
import http.server, json, threading
asked = threading.Semaphore(0)
class Model(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if body["model"] == "late":
            asked.acquire(timeout=60), asked.acquire(timeout=60)
        answer = json.dumps({"model": body["model"], "choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 10}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        if body["model"] == "early":
            asked.release()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
print(server.server_port, flush=True)
server.serve_forever()
P
mkfifo "$e2e_tmp/port"
python3 "$e2e_tmp/model.py" >"$e2e_tmp/port" 2>/dev/null &
model=$!
read -r port <"$e2e_tmp/port"
cat >"$e2e_tmp/metered.yaml" <<Y
agents:
  pays: {command: [sh, -c, 'ask() { curl -sf "\$URL/v1/chat/completions" -H content-type:application/json -d "{\"model\": \"\$1\", \"messages\": []}"; }; case {model} in late) ask late && echo late >src/a.txt ;; *) ask early && ask early && exec sleep 300 ;; esac'],
    network: {routes: {model: {upstream: "http://127.0.0.1:$port", header: {authorization: Bearer env CUPEL_TEST_KEY}, allow: [POST /v1/chat/completions], env: {URL: "{url}"}, meter: openai}}}}
prices: {late: {input: 100, output: 1000}, early: {input: 10, output: 100}}
verifiers: {unit: {run: ./check.sh}}
Y
(cd "$repo" && CUPEL_TEST_KEY=a-key-of-this-test exec cupel run --json --quiet --policy "$e2e_tmp/metered.yaml" --title "Fix it" --verify unit \
        --agents pays:early,pays:late --first) >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
status=$?
kill "$model"
is "$status" 0 "exit status ($(cat "$e2e_tmp/stdout" "$e2e_tmp/stderr"))"
read_result "$e2e_tmp/stdout"
is "$(python3 -c 'import json,sys
r=json.load(sys.stdin); print([round(c["cost"] or -1, 6) for c in r["competitors"]], round(r["competitors_cost"] or -1, 6), round((r["cost"] or {"usd": -1})["usd"], 6))' <<<"$json")" \
        "[0.022, 0.11] 0.132 0.11" "dollars ($json)"

t "what cannot be raced is refused before anything starts"
repo=$(new_repo)
before=$(cd "$repo" && cupel runs --json)
refused() {
        local words=$1
        shift
        (cd "$repo" && cupel run --policy "$policy" --title x --verify unit "$@") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
        is "$?" 2 "exit status of $*"
        has "$(stderr)" "$words" "$*"
}
refused "--agents needs --first" --agents fast,quick
refused "--first is for --agents" --first
refused "a name is empty" --agents fast,,quick --first
refused "a name is empty" --agents '' --first
refused "at most 8" --agents a,b,c,d,e,f,g,h,i --first
refused 'no agent "nobody"' --agents fast,nobody --first
refused "nothing can win a race in the mood curious" --agents fast,quick --first --mood curious
refused "leave --agent away" --agents fast,quick --first --agent fast
refused "leave the command behind -- away" --agents fast,quick --first -- true
refused "--show-prompt is for one agent" --agents fast,quick --first --show-prompt
refused "--race is not for people" --agent fast --race x
refused "--race is not for people" --agent fast --race ":$$"
refused "--race is not for people" --agent fast --race "$(printf "x\033[31m"):$$"
is "$(cd "$repo" && cupel runs --json)" "$before" "no run was made"

# ---- At the same moment ----

# Holds the repository's landing lock until its standard input ends; says so by making a file.
hold_lock() {
        python3 -c 'import fcntl,sys
f=open(sys.argv[1],"w"); fcntl.flock(f,fcntl.LOCK_EX); open(sys.argv[2],"w"); sys.stdin.read()' "$1" "$e2e_tmp/held"
}
# How many processes wait for it.
waiting() { [ "$(grep -c -- "-> FLOCK.*:$(stat -c %i "$lock") " /proc/locks)" -ge "$1" ]; }

# Starts a race whose COUNT competitors are all verified and wait for the lock; sets pid (of the race). The lock is free once
# everybody has closed descriptor 7.
race_to_the_lock() {
        local count=$1
        shift
        lock=$(echo "$XDG_STATE_HOME"/cupel/repos/"$(basename "$repo" | tr '[:upper:]' '[:lower:]')"*/landing.lock)
        rm -f "$e2e_tmp/held" "$e2e_tmp/gate"
        mkfifo "$e2e_tmp/gate"
        hold_lock "$lock" <"$e2e_tmp/gate" &
        holder=$!
        exec 7>"$e2e_tmp/gate"
        wait_for 20 test -e "$e2e_tmp/held" || fail "the lock could not be had"
        (cd "$repo" && exec cupel run --json --quiet --policy "$policy" --title "Fix it" --verify unit --first "$@") \
                >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" 7>&- &
        pid=$!
        wait_for 30 waiting "$count" || fail "they never came to the lock: $(cat "$e2e_tmp/stderr" /proc/locks)"
}
free_lock() {
        exec 7>&-
        wait "$holder"
}

t "all finish at the same moment, twenty times: exactly one commit, ever"
repo=$(new_repo)
run "$repo" --title "the first" --verify unit=./check.sh -- sh -c 'echo 0 > src/0.txt' # makes the state, and the lock
for _ in $(seq 20); do
        printf 'one\n' >"$repo/src/a.txt"
        git -C "$repo" add -A && git -C "$repo" commit -q --allow-empty -m "as before"
        tip=$(git -C "$repo" rev-parse main)
        race_to_the_lock 3 --agents fast,quick,third
        free_lock
        wait "$pid"
        is "$?" 0 "exit status ($(cat "$e2e_tmp/stderr" "$e2e_tmp/stdout"))"
        read_result "$e2e_tmp/stdout"
        is "$(commits "$repo" "$tip")" 1 commits
        is "$(competitors | cut -d' ' -f2 | sort | tr '\n' ' ')" "cancelled cancelled committed " outcomes
done
sound "$repo"
no_residue
no_quarantine

t "one director is killed at the line: another wins"
repo=$(new_repo)
run "$repo" --title "the first" --verify unit=./check.sh -- sh -c 'echo 0 > src/0.txt'
tip=$(git -C "$repo" rev-parse main)
race_to_the_lock 2 --agents fast,quick
kill -KILL "$(pgrep -f "cupel-director .*$e2e_tmp/state" | head -1)"
free_lock
wait "$pid"
is "$?" 0 "exit status ($(cat "$e2e_tmp/stderr" "$e2e_tmp/stdout"))"
read_result "$e2e_tmp/stdout"
is "$(commits "$repo" "$tip")" 1 commits
is "$(competitors | cut -d' ' -f2 | sort | tr '\n' ' ')" "committed interrupted " outcomes
sound "$repo"
no_residue

# Whatever is killed, and whenever: at least LEAST and at most one commit, a sound repository, and the next command ends what is open.
after_the_kill() {
        local count
        wait "$pid" 2>/dev/null
        wait_for 20 quiet_now || fail "a process is left: $(pgrep -af "$e2e_tmp/state")"
        (cd "$repo" && cupel admit --yes) >"$e2e_tmp/admit" 2>&1 || fail "the next command: $(cat "$e2e_tmp/admit")"
        count=$(commits "$repo" "$tip")
        [ "$count" -le 1 ] && [ "$count" -ge "$1" ] || fail "$count commits ($(cat "$e2e_tmp/stdout" "$e2e_tmp/stderr"))"
        is "$(cd "$repo" && cupel runs --json --open)" "[]" "runs that nobody ended"
        is "$(cd "$repo" && cupel runs --json | python3 -c 'import json,sys
print(sum(r["outcome"]=="committed" and r["race"] is not None for r in json.load(sys.stdin)))')" "$count" "runs that say committed"
        sound "$repo"
        no_residue
        no_quarantine
}

for moment in 0 0.002 0.004 0.008 0.016 0.032; do
        for victim in parent director supervisor; do
                t "SIGKILL of the $victim ${moment}s after the start of the landing"
                repo=$(new_repo)
                run "$repo" --title "the first" --verify unit=./check.sh -- sh -c 'echo 0 > src/0.txt'
                tip=$(git -C "$repo" rev-parse main)
                race_to_the_lock 2 --agents fast,quick
                case $victim in
                parent) least=0 target=$pid ;;
                director) least=1 target=$(pgrep -f "cupel-director .*$e2e_tmp/state" | head -1) ;;
                supervisor) least=1 target=$(pgrep -P "$pid" | head -1) ;;
                esac
                # the point of the sweep, not a wait for anything
                python3 -c 'import os,signal,sys,time
os.close(7); time.sleep(float(sys.argv[1]))
try: os.kill(int(sys.argv[2]), signal.SIGKILL)
except ProcessLookupError: pass' "$moment" "$target" &
                killer=$!
                free_lock
                wait "$killer"
                # as long as the race lives, one that is killed leaves the way to the other
                after_the_kill "$least"
        done
done

# ---- Stopped ----

t "SIGKILL of the parent while they work: they end by themselves and leave nothing"
repo=$(new_repo)
before=$(fingerprint "$repo")
tip=$(git -C "$repo" rev-parse main)
for agents in hanging,hanging late,late; do
        (cd "$repo" && exec cupel run --json --quiet --policy "$policy" --title "Fix it" --verify unit --verify hangs --agents "$agents" --first) \
                >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
        pid=$!
        both() { [ "$(pgrep -fc "^marker-$$")" -ge 2 ]; }
        wait_for 20 both || fail "they never began: $(cat "$e2e_tmp/stderr")"
        kill -KILL "$pid"
        after_the_kill 0
        is "$(fingerprint "$repo")" "$before" "the repository"
done

for signal in INT TERM HUP; do
        t "SIG$signal cancels all of them"
        (cd "$repo" && exec cupel run --json --quiet --policy "$policy" --title "Fix it" --verify unit --verify hangs --agents hanging,idle,late --first) \
                >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
        pid=$!
        both() { [ "$(pgrep -fc "^marker-$$")" -ge 2 ]; }
        wait_for 20 both || fail "they never began: $(cat "$e2e_tmp/stderr")"
        kill -s "$signal" "$pid"
        wait "$pid"
        is "$?" 27 "exit status ($(cat "$e2e_tmp/stderr" "$e2e_tmp/stdout"))"
        read_result "$e2e_tmp/stdout"
        is "$(competitors | cut -d' ' -f2 | tr '\n' ' ')" "cancelled no_change cancelled " outcomes
        is "$(fingerprint "$repo")" "$before" "the repository"
        no_residue
done

done_testing
