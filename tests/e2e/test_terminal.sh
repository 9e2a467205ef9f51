#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Agents with a terminal of their own, a person who sits at it, and what of their output reaches that person's terminal.
# shellcheck disable=SC2016 # what is in single quotes is for the shell inside
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
seen=$e2e_tmp/seen

# at_terminal ACTIONS… -- OPTIONS…: a person runs cupel in the repository; sets status and modes.
at_terminal() {
        local said
        said=$(cd "$repo" && exec "$e2e_top/tests/lib/terminal.py" "$seen" "$@")
        status=${said%% *} modes=${said#* }
}

cat >"$repo/ask.py" <<'EOF'
import os, signal, sys, time
name = input("your name? ")
print("hello", name)
size = os.get_terminal_size()
print("size", size.columns, size.lines)
def resized(*_):
    size = os.get_terminal_size()
    os.write(1, b"now %d %d\n" % (size.columns, size.lines))
signal.signal(signal.SIGWINCH, resized)
try:
    print("ready", flush=True)
    while True:
        signal.pause()
except KeyboardInterrupt:
    print("interrupted")
open("src/a.txt", "w").write(name + "\n")
EOF
cat >"$repo/screen.py" <<'EOF'
import curses
def main(screen):
    curses.start_color()
    curses.init_pair(1, curses.COLOR_RED, curses.COLOR_BLACK)
    screen.border()
    screen.addstr(3, 4, "on the screen", curses.color_pair(1) | curses.A_BOLD)
    screen.refresh()
    while screen.getch() != ord("x"):
        pass
curses.wrapper(main)
open("src/a.txt", "w").write("drawn\n")
EOF
cat >"$repo/term.sh" <<'EOF'
tty
stty size
echo $TERM
printf '\033]0;owned\007\033[31mred\033[0m\n'
test -t 0 && echo x >> src/a.txt
EOF
git -C "$repo" add -A && git -C "$repo" commit -q -m programs

t "an agent with tty: true has a private terminal, and its output is kept raw"
printf 'agents:\n  t: {tty: true, command: [sh, term.sh]}\n' >"$e2e_tmp/policy.yaml"
unset TERM
run "$repo" --title terminal --verify ok=./check.sh --policy "$e2e_tmp/policy.yaml" --agent t
is "$status" 0 "exit status of $(stderr)"
is "$(tr -d '\r' <"$packet/logs/agent.log" | head -n 3)" "/dev/pts/0
24 80
xterm-256color" "the terminal"
export TERM=xterm
has "$(cat "$packet/logs/agent.log")" $'\033]0;owned\a\033[31mred' "the log"
has "$(cat "$packet/config_snapshot/plan.json")" '"tty":true' "the plan"

t "a work item asks for one too; without it there is none"
printf 'title: item\nverify: [{name: ok, run: ./check.sh}]\nagent: {tty: true, command: [sh, -c, "test -t 1 && echo y >> src/a.txt"]}\n' >"$e2e_tmp/item.yaml"
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 0 "exit status of $(stderr)"
run "$repo" --title none --verify ok=./check.sh -- sh -c '! test -t 0 && ! test -t 1 && ! test -e /dev/tty && ! read x && echo z >> src/a.txt'
is "$status" 0 "exit status of $(stderr)"

t "a wrong value is refused with its place"
printf 'title: item\nagent: {tty: maybe, command: [true]}\n' >"$e2e_tmp/item.yaml"
run "$repo" "$e2e_tmp/item.yaml"
is "$status" 2 "exit status"
has "$(stderr)" "item.yaml:2:" "message"

t "cupel show --log neutralises, into a pipe too; --raw gives the bytes, but to no terminal"
run "$repo" --title escapes --verify ok=./check.sh -- sh -c 'printf "\033]52;c;eA==\007\033[2J\0000 10%%\r20%%\r\n\302\2332J"; echo e >> src/a.txt'
is "$status" 0 "exit status of $(stderr)"
shown=$(cd "$repo" && cupel show @last --log agent)
is "$shown" '\033]52;c;eA==\a\033[2J\0000 10%
20%
\302\2332J' "the log in a pipe"
(cd "$repo" && cupel show @last --log agent --raw) | cmp - "$packet/logs/agent.log" || fail "--raw is not the log"
at_terminal "expect=20%" -- cupel show @last --log agent
hasnt "$(cat "$seen")" $'\033' "the log on a terminal"
at_terminal "expect=--raw would" -- cupel show @last --log agent --raw
is "$status" 2 "--raw to a terminal"
(cd "$repo" && cupel show @last --raw) >/dev/null 2>"$e2e_tmp/stderr" && fail "--raw without --log"
has "$(stderr)" "--log" "--raw without --log"

t "--attach: a person answers, resizes, interrupts; the result is a commit"
at_terminal raw "expect=your name? " 'type=Ada\r' "expect=hello Ada" "expect=size 80 24" "expect=ready" \
        "size=101x33" "expect=now 101 33" 'type=\x03' "expect=interrupted" "expect=committed" -- \
        cupel run --attach --title ask --allow src/ --verify ok=./check.sh -- python3 ask.py
is "$status $modes" "0 restored" "end: $(tail -c 800 "$seen")"
is "$(git -C "$repo" show HEAD:src/a.txt)" Ada "the commit"

t "the viewer is confined"
at_terminal raw "expect=here" "confined=sandbox attach" 'type=\x1dq' -- \
        cupel run --attach --title confined --verify ok=./check.sh -- sh -c 'echo here; sleep 1000'
is "$status $modes" "27 restored" "end: $(tail -c 800 "$seen")"

t "--attach gives a terminal to an agent that asks for none, and a screen to draw on"
at_terminal raw "expect=on the screen" "type=x" "expect=committed" -- \
        cupel run --attach --title draw --allow src/ --verify ok=./check.sh -- python3 screen.py
is "$status $modes" "0 restored" "end: $(tail -c 800 "$seen")"
has "$(cat "$seen")" $'\033[?1049h' "the alternate screen"
has "$(cat "$seen")" $'\033[?1049l' "and back"

t "hostile sequences reach neither the screen of --attach nor any other"
at_terminal "expect=begin" "expect=endmark" -- cupel run --attach --title hostile --verify ok=./check.sh -- \
        sh -c 'printf "begin\033]0;owned\007\033]52;c;eA==\007\033P+q00\033\\\\\033[6n\033[c\033[>c\033[21t\033[?1003h\033[3J\033c\033[>1u\302\2336n\2336n\005\033[31mendmark"; stty -icanon -echo min 0 time 2; n=$(dd bs=1 count=100 2>/dev/null | wc -c); test "$n" = 0 && echo h >> src/a.txt'
is "$status $modes" "0 restored" "end (something was answered?): $(tail -c 800 "$seen")"
for sequence in $'\033]' $'\033P' '[6n' '[c' '[>' '[21t' '1003' '[3J' $'\033c' $'\302\233' $'\005'; do
        case $sequence in
        '['*) hasnt "$(cat "$seen")" $'\033'"$sequence" "the terminal" ;;
        *) hasnt "$(cat "$seen")" "$sequence" "the terminal" ;;
        esac
done
has "$(cat "$(cd "$repo" && cupel show @last --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["packet"])')/logs/agent.log")" $'\033]52;' "the log"

t "Ctrl-] d leaves the agent alone; Ctrl-C then stops the run"
before=$(fingerprint "$repo")
at_terminal raw "expect=waiting" 'type=\x1dd' "expect=left the agent" 'type=\x03' "expect=cancelled" -- \
        cupel run --attach --title leave --verify ok=./check.sh -- sh -c 'printf "\033[?1049h\033[?25lwaiting"; sleep 1000'
is "$status $modes" "27 restored" "end: $(tail -c 800 "$seen")"
has "$(cat "$seen")" $'\033[?1049l\033[?25h' "the terminal is made sane"
is "$(fingerprint "$repo")" "$before" "the repository"

t "Ctrl-] q discards the run; Ctrl-] Ctrl-] types it"
at_terminal raw 'expect=waiting' 'type=\x1d\x1d' "expect=1d" 'type=\x1dq' "expect=cancelled" -- \
        cupel run --attach --title discard --verify ok=./check.sh -- sh -c 'stty raw -echo; printf "waiting\r\n"; dd bs=1 count=1 2>/dev/null | od -An -tx1; sleep 1000'
is "$status $modes" "27 restored" "end: $(tail -c 800 "$seen")"
is "$(fingerprint "$repo")" "$before" "the repository"

t "the wall budget holds at the terminal"
at_terminal raw "expect=budget_exceeded" -- cupel run --attach --title wall --budget wall=1s --verify ok=./check.sh -- cat
is "$status $modes" "24 restored" "end: $(tail -c 800 "$seen")"

for victim in "cupel run" "sandbox attach" "cupel-runner"; do
        t "the terminal is restored when $victim is killed"
        after=()
        [ "$victim" != "sandbox attach" ] || after=("expect=was lost" 'type=\x03')
        at_terminal raw "expect=waiting" "kill=KILL:$victim" "${after[@]}" -- \
                sh -c 'trap : INT; cupel run --attach --mood calm --title killed --verify ok=./check.sh -- sh -c "printf \"\033[?1049hwaiting\"; sleep 1000"; exit 5'
        is "$status $modes" "5 restored" "end: $(tail -c 800 "$seen")"
        has "$(cat "$seen")" $'\033[?1049l' "the terminal is made sane"
        wait_for 20 quiet_now || fail "processes are left"
done

t "SIGTERM and a hang-up restore it too"
for signal in TERM HUP; do
        at_terminal raw "expect=waiting" "kill=$signal:cupel run" -- \
                sh -c 'trap : HUP; cupel run --attach --mood calm --title killed --verify ok=./check.sh -- sh -c "printf waiting; sleep 1000"; exit $?'
        is "$status $modes" "27 restored" "$signal: $(tail -c 800 "$seen")"
done
is "$(cd "$repo" && cupel runs >/dev/null; fingerprint "$repo")" "$before" "the repository"

t "without a terminal --attach is refused, with the remedy, and nothing is made"
runs=$(cd "$repo" && cupel runs --json | wc -c)
run "$repo" --attach --title no --verify ok=./check.sh -- true
is "$status" 2 "exit status"
has "$(stderr)" "--attach needs a terminal" "message"
has "$(stderr)" "leave --attach away" "remedy"
is "$(cd "$repo" && cupel runs --json | wc -c)" "$runs" "runs"

t "notes, titles and file names of the agent reach a terminal harmless"
at_terminal "expect=committed" -- cupel run --title "$(printf 'a title')" --verify ok=./check.sh -- \
        sh -c 'cupel note observation --data "{\"text\":\"\\u001b]0;owned\\u0007note\"}"; n=$(printf "src/\033[2Jf\n\007"); echo x > "$n"'
is "$status $modes" "0 restored" "end: $(tail -c 800 "$seen")"
hasnt "$(cat "$seen")" $'\033]0' "progress"
for command in "show @last" "show @last --diff" "events @last" "runs" "show @last --log"; do
        # shellcheck disable=SC2086
        at_terminal -- cupel $command
        is "$status" 0 "cupel $command"
        hasnt "$(cat "$seen")" $'\033]0' "cupel $command"
        hasnt "$(cat "$seen")" $'\033[2J' "cupel $command"
        hasnt "$(cat "$seen")" $'\a' "cupel $command"
done

done_testing
