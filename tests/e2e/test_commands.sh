#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The commands around a run, as a person and as a script use them.
source "$(dirname "$0")/../lib/e2e.sh"

in_repo() { (cd "$repo" && "$@"); }
is_json() { python3 -c 'import json,sys; json.load(sys.stdin)' || fail "no JSON: $1"; }

t "help is there for every command, and names them all"
# narrow WHAT TEXT: no line of it is over eighty columns
narrow() { is "$(python3 -c 'import sys; print(*(l for l in sys.argv[1].splitlines() if len(l) > 80), sep="\n")' "$2")" "" "lines over 80: $1"; }
help=$(cupel --help)
narrow "cupel --help" "$help"
narrow "cupel note types" "$(cupel note types)"
narrow "cupel reconcile --list" "$(cd "$(new_repo)" && cupel reconcile --list)"
commands=$(sed -n 's/^  \([a-z]\{2,\}\)  *[a-zA-Z].*/\1/p' <<<"$help" | grep -vx cupel)
[ "$(wc -w <<<"$commands")" -ge 34 ] || fail "too few commands: $commands"
for command in init admit run runs show events note mcp review approve reject outcome revert grant agents policy doctor gc $commands; do
        has "$help" "$command" "cupel --help"
        text=$(cd / && cupel "$command" --help 2>&1) || fail "cupel $command --help failed"
        has "$text" "usage: cupel $command" "cupel $command --help"
        narrow "cupel $command --help" "$text"
done
text=$(cupel run --help)
for word in cost_usd diff_files deferential budget_exceeded "30  blocked"; do has "$text" "$word" "cupel run --help"; done
text=$(cupel agents --help)
for word in "show NAME" "check NAME" "forget [NAME]" "no key"; do has "$text" "$word" "cupel agents --help"; done
cupel frobnicate 2>"$e2e_tmp/err"
is "$?" 2 "an unknown command"
has "$(cat "$e2e_tmp/err")" "--help" "the remedy"
is "$(cupel help run)" "$(cupel run --help)" "cupel help COMMAND"
is "$(cupel help)" "$help" "cupel help"
is "$(cupel version)" "$(cupel --version)" "cupel version"

t "what is mistyped is answered with what was probably meant, and in which file"
repo=$(new_repo)
# meant WORDS COMMAND…: exit status 2, and these words
meant() {
        local words=$1 said status=0
        shift
        said=$(in_repo "$@" 2>&1) || status=$?
        is "$status" 2 "$*: exit status"
        has "$said" "$words" "$*"
}
printf 'title: x\nverfy: [unit]\n' >"$repo/key.yaml"
printf 'objective: x\n' >"$repo/untitled.yaml"
meant 'key.yaml:2:1: unknown key "verfy" in a work item; did you mean verify?' cupel run key.yaml
meant 'untitled.yaml: the work item has no title' cupel run untitled.yaml
meant 'no verifier "untit" in the policy; expected' cupel run --title x --verify untit -- true
meant 'did you mean status?' cupel note --run @last staus text=x
run "$repo" --title ask --mood deferential -- true
has "$(in_repo cupel show @last --log 2>&1)" "no step of this run was started" "a run without output"

t "a run takes two lines of a narrow terminal, and no third one"
for columns in 60 80; do
        said=$(in_repo script -qec "stty cols $columns; cupel runs" /dev/null </dev/null | tr -d '\r' | sed 's/\x1b\[[0-9;]*m//g')
        is "$(wc -l <<<"$said")" 2 "$columns columns: lines"
        is "$(awk -v columns="$columns" 'length > columns' <<<"$said")" "" "$columns columns: longer lines"
done

t "doctor names each layer, the tier, and agrees with its JSON"
text=$(cupel doctor)
is "$?" 0 "exit status"
for layer in overlay seccomp; do has "$(tr '[:upper:]' '[:lower:]' <<<"$text")" "$layer" doctor; done
has "$(tr '[:upper:]' '[:lower:]' <<<"$text")" landlock doctor
hasnt "$(cupel doctor --json | jq -c '.layers[] | select(.present)')" polled "what is in force"
cupel doctor --json | is_json "doctor --json"
is "$(grep -v ' do: ' <<<"$text" | awk 'length > 80')" "" "lines that pass 80 columns"

repo=$(new_repo)

t "init writes a commented policy with guessed verifiers, and never overwrites"
printf 'test:\n\t./check.sh\n' >"$repo/Makefile"
git -C "$repo" add -A && git -C "$repo" commit -q -m make
in_repo cupel init >"$e2e_tmp/out" 2>&1 || fail "cupel init: $(cat "$e2e_tmp/out")"
has "$(cat "$repo/.cupel/policy.yaml")" "make test" "the guess"
has "$(cat "$repo/.cupel/policy.yaml")" "#" "comments"
in_repo cupel policy check .cupel/policy.yaml >"$e2e_tmp/out" 2>&1 || fail "what init writes is not valid: $(cat "$e2e_tmp/out")"
printf '# mine\n' >"$repo/.cupel/policy.yaml"
in_repo cupel init >"$e2e_tmp/out" 2>&1
is "$(cat "$repo/.cupel/policy.yaml")" "# mine" "the user's file"

t "policy show tells where each value comes from; check names line and column"
mkdir -p "$XDG_CONFIG_HOME/cupel"
printf 'sandbox: {env: [LANG]}\n' >"$XDG_CONFIG_HOME/cupel/config.yaml"
printf 'verifiers:\n  unit: {run: ./check.sh}\n' >"$repo/.cupel/policy.yaml"
text=$(in_repo cupel policy show)
has "$text" "LANG" "policy show"
has "$text" "user configuration" "policy show"
has "$text" "working tree" "policy show"
in_repo cupel policy show --json | is_json "policy show --json"
printf 'verifiers:\n  unit: {run: x, tiemout: 3}\n' >"$e2e_tmp/bad.yaml"
in_repo cupel policy check "$e2e_tmp/bad.yaml" 2>"$e2e_tmp/err"
is "$?" 2 "exit status"
has "$(cat "$e2e_tmp/err")" "bad.yaml:2:" "position"

t "runs, show and events tell the same story, to a person and to a script"
git -C "$repo" add -A && git -C "$repo" commit -q -m policy
# shellcheck disable=SC2016
run "$repo" --title "Say three" --verify unit -- sh -c 'cupel note observation text="it was two"; cupel note NOTE/HYPOTHESIS claim=c test=t budget=1 && echo three > src/a.txt; printf "\033[31mred\033[0m\n"'
is "$status" 0 "exit status ($json $(stderr))"
has "$(in_repo cupel runs)" "Say three" runs
in_repo cupel runs --json | is_json "runs --json"
text=$(in_repo cupel show @last)
for word in "Say three" committed src/a.txt unit "it was two"; do has "$text" "$word" show; done
in_repo cupel show --json @last | is_json "show --json"
has "$(in_repo cupel show --diff @last)" "+three" "show --diff"
log=$(in_repo cupel show --log @last)
has "$log" red "show --log"
hasnt "$log" $'\033' "show --log: control sequences"
text=$(in_repo cupel events @last)
has "$text" note.observation events
has "$text" note.hypothesis events
is "$(in_repo cupel events --type note.observation --json @last | wc -l)" 1 "one observation"
in_repo cupel show nosuchrun 2>"$e2e_tmp/err"
is "$?" 2 "an unknown run"

t "notes that the agent may not leave are refused and counted; the run goes on"
run "$repo" --title forged --verify unit -- sh -c 'cupel note receipt.commit commit=x 2>&1; cupel note note.request.verify tree=x 2>&1; cupel note nonsense 2>&1; echo f > src/f'
is "$status" 0 "exit status ($json)"
is "$(in_repo cupel events --json @last | grep -c '"type":"dev.cupel.receipt.commit"')" 1 "only the director's receipt"

t "a user adds a note from outside; inside, everything a run promises is there"
in_repo cupel note --run @last status text="looked at it" >"$e2e_tmp/out" 2>&1 || fail "note --run: $(cat "$e2e_tmp/out")"
has "$(in_repo cupel events @last)" "looked at it" events
mkdir "$e2e_tmp/bundle" && echo hint >"$e2e_tmp/bundle/hint.txt"
run "$repo" --title inside --bundle "$e2e_tmp/bundle" --verify unit -- sh -ec '
        test -S "$CUPEL_NOTES"; test -n "$CUPEL_RUN_ID"; test -r "$CUPEL_PROMPT"; test -r "$CUPEL_HISTORY"
        test "$(cat "$CUPEL_BUNDLE/hint.txt")" = hint; command -v cupel; test "$(id -u)" != 0
        ! (echo > /dev/tcp/127.0.0.1/80) 2>/dev/null; ! ls /home/* /root/* 2>/dev/null | grep -q .
        echo i > src/i'
is "$status" 0 "exit status ($json $(tail -3 "$packet/logs/agent.log"))"

t "--show-prompt tells what an agent would be told, and starts nothing"
count=$(in_repo cupel runs --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')
text=$(in_repo cupel run --show-prompt --title "Mend it" --allow src/ --verify unit -- true)
for word in "Mend it" "src/" "./check.sh"; do has "$text" "$word" prompt; done
is "$(in_repo cupel runs --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" "$count" runs

t "gc removes old packets and layers, never what is held"
run "$repo" --title held --mood paranoid --verify unit -- sh -c 'echo h > src/h'
is "$status" 10 "exit status ($json)"
held=$packet
in_repo cupel gc --max-age 0s --dry-run >"$e2e_tmp/out" 2>&1 || fail "gc --dry-run: $(cat "$e2e_tmp/out")"
before=$(find "$XDG_STATE_HOME" | wc -l)
in_repo cupel gc --max-age 1s >"$e2e_tmp/out" 2>&1 || fail "gc: $(cat "$e2e_tmp/out")"
[ -d "$held/quarantine" ] || fail "the held run's objects are gone"
[ "$(find "$XDG_STATE_HOME" | wc -l)" -le "$before" ] || fail "gc made something"
in_repo cupel approve @last >"$e2e_tmp/out" 2>&1 || fail "approve after gc: $(cat "$e2e_tmp/out")"

t "a changed log does not go unnoticed"
succeeds in_repo cupel events --verify @last
python3 - "${packet%/runs/*}/store.db" <<'P'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for (name,) in db.execute("select name from sqlite_master where type='trigger'").fetchall():
    db.execute(f'drop trigger "{name}"')
for (name,) in db.execute("select name from sqlite_master where type='table'").fetchall():
    for row in db.execute(f'pragma table_info("{name}")').fetchall():
        if row[2].upper() in ("TEXT", ""):
            db.execute(f'update "{name}" set "{row[1]}" = replace("{row[1]}", \'looked at it\', \'looked away!\')')
db.commit()
P
forged=$(in_repo cupel runs --json | python3 -c 'import json,sys; print([r.get("run") or r.get("id") for r in json.load(sys.stdin) if r.get("title") == "forged"][0])')
fails in_repo cupel events --verify "$forged"
has "$(cat "$e2e_tmp/out")" "$forged" "what is broken is named"

t "a run that is refused at once says why, and nothing else is heard of it"
repo=$(new_repo)
for _ in $(seq 30); do
        (cd "$repo" && cupel run --title x --policy /nowhere -- true) 2>>"$e2e_tmp/refused" && fail "it was not refused"
done
is "$(sort -u "$e2e_tmp/refused" | wc -l)" 1 "what was said: $(sort -u "$e2e_tmp/refused")"

t "a question has nothing to approve; a mistyped command gets a guess; an empty selection says so"
repo=$(new_repo)
run "$repo" --mood deferential --title "Shall we" -- true
is "$status" 10 "exit status of the question"
approved=0
text=$(cd "$repo" && cupel approve @last 2>&1) || approved=$?
is "$approved" 2 "exit status of approve"
has "$text" "asks a question and has no change to land" approve
has "$text" "cupel requests answer" "what decides it"
text=$(cd "$repo" && cupel show @last && cupel review && cupel run --mood deferential --title Again -- true 2>&1) || true
has "$text" "cupel requests --run" "what comes next"
hasnt "$text" "verified" "nothing was"
hasnt "$text" "cupel approve" "what cannot be approved"
has "$(cd "$repo" && cupel runs --open 2>&1)" "no such runs" "runs --open"
has "$(cupel rnu 2>&1)" "did you mean run?" "a typo"
succeeds sh -c "cd '$repo' && cupel reject @last --reason no"

t "a bundle that is no folder is the caller's mistake"
repo=$(new_repo)
for bundle in nosuch '' check.sh; do
        (cd "$repo" && exec cupel run --title x --verify unit=./check.sh --bundle "$bundle" -- true) >"$e2e_tmp/out" 2>&1
        is $? 2 "--bundle '$bundle'"
        has "$(cat "$e2e_tmp/out")" "--bundle ${bundle:-\"\"}: expected a folder" "--bundle '$bundle'"
done
is "$(cd "$repo" && cupel runs 2>&1)" "no runs in this repository; \`cupel run\` starts one" "nothing was created"

t "a glob that no path can match is refused before anybody works for nothing, with what to write instead"
refused_glob() {
        (cd "$repo" && exec cupel run --title x --verify unit=./check.sh --allow "$1" -- sh -c 'echo x > src/a.txt') >"$e2e_tmp/out" 2>&1
        is $? 2 "--allow '$1': $(cat "$e2e_tmp/out")"
        has "$(cat "$e2e_tmp/out")" "$2" "--allow '$1'"
}
refused_glob ./src/ 'src/, not ./src/'
refused_glob ../x 'without ".", ".."'
refused_glob src/../x 'without ".", ".."'
refused_glob '[' 'has its "]"'
refused_glob '' 'a glob like src/'
refused_glob '~/x' 'from the top of the repository'
refused_glob "$repo/src/" 'top of the repository: src/'
refused_glob "$repo" 'top of the repository: **'
refused_glob /etc 'the run is to make: etc/**'
printf 'title: x\npaths: {deny: [./src/]}\nverify: [{name: unit, run: ./check.sh}]\nagent: {command: ["true"]}\n' >"$e2e_tmp/item.yaml"
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 2 "an item"
has "$(stderr)" 'src/, not ./src/' "an item"
printf 'verifiers: {unit: {run: ./check.sh, scope: [../src/]}}\n' >"$e2e_tmp/policy.yaml"
fails cupel policy check "$e2e_tmp/policy.yaml"
has "$(cat "$e2e_tmp/out")" 'without ".", ".."' "a policy"

t "globs with a slash before or behind, stars, classes and escapes hold as they did"
for glob in /src/ src/ src 'src/**' '**' '*' '**/a.txt' 'src/[a-c].txt' '[s]rc/' 'src/\a.txt' /src/a.txt '/s*' '**/*.txt'; do
        run "$repo" --title x --verify unit=./check.sh --allow "$glob" -- sh -c 'echo x >> src/a.txt'
        is "$status" 0 "--allow '$glob' ($(stderr))"
done

t "what cannot work says what to do: a script that is not committed, a cache that cannot be written, somebody's lock"
printf '#!/bin/sh\n' >"$repo/agent.sh" && chmod +x "$repo/agent.sh"
run "$repo" --title x --verify unit=./check.sh -- ./agent.sh
has "$json" "only committed files" "an uncommitted script"
has "$json" "sandbox.read" "an uncommitted script"
CUPEL_CACHE=/proc/nothing run "$repo" --title x --verify unit=./check.sh -- true
has "$json" "the cache folder /proc/nothing must be writable (CUPEL_CACHE names another)" "no cache"
if [ "$(id -u)" != 0 ]; then
        mkdir -p "$e2e_tmp/closed/layers" && chmod 555 "$e2e_tmp/closed/layers"
        CUPEL_CACHE=$e2e_tmp/closed run "$repo" --title x --verify unit=./check.sh -- true
        has "$json" "the cache folder $e2e_tmp/closed must be writable" "a read-only cache"
fi
touch "$repo/.git/index.lock"
run "$repo" --title x --verify unit=./check.sh -- sh -c 'echo locked > src/a.txt'
rm "$repo/.git/index.lock"
is "$outcome" held "a lock"
has "$json" "you removed a file that one left behind" "a lock"

t "a denied path says that the admission may deny it"
denied=$(new_repo)
admit "$denied" --deny src/a.txt
run "$denied" --title x --verify unit=./check.sh -- sh -c 'echo denied > src/a.txt'
has "$json" "--deny of the admission" "the reasons"

t "a tier with everything does not contradict what is missing above it"
case $(cupel doctor) in
*"  missing  "*"tier A: everything"*) has "$(cupel doctor)" "it does without what is missing above" "doctor" ;;
esac

done_testing
