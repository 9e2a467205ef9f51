#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What waits on the host for a step to find it: services, sockets, keys, files of the home, a terminal.
source "$(dirname "$0")/lib.sh"

# named NUMBER NAME ARGUMENT OPTIONS… : that attempt of the attack program, which must end as its row says.
named() {
        local number=$1 name=$2 argument=$3
        shift 3
        attempt "$number"
        run "$(new_repo)" "${abuse[@]}" "$@" -- "$attack_folder/attack" "$name" "$argument"
        has "$(cat "$packet/logs/agent.log")" "ok - $number $name" "the attempt"
        hasnt "$(cat "$packet/logs/agent.log")" "not ok" "its end ($json $(stderr | tail -n 3))"
}

shown=$(new_folder shown)
python3 -c '
import socket, sys
folder, name = sys.argv[1:]
tcp = socket.socket(); tcp.bind(("127.0.0.1", 0)); tcp.listen(8)
path = socket.socket(socket.AF_UNIX); path.bind(folder + "/s"); path.listen(8)
abstract = socket.socket(socket.AF_UNIX); abstract.bind("\0" + name); abstract.listen(8)
with open(folder + "/port.new", "w") as f: f.write(str(tcp.getsockname()[1]))
import os; os.rename(folder + "/port.new", folder + "/port")
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).recv(1)' "$shown" "cupel-abuse-$$" &
server=$!
wait_for 10 test -e "$shown/port" || fail "no server"
abuse_read=$shown abuse_policy >"$e2e_tmp/policy.yaml"

named 18.11 host_tcp "$(cat "$shown/port")"
named 18.12 host_abstract "cupel-abuse-$$"
named 34.1 connect_shown "$shown/s"
kill "$server"

abuse_policy >"$e2e_tmp/policy.yaml"
echo secret >"$HOME/visible"
mkdir -p "$HOME/Documents"
named 20.9 host_home ""
named 14.1 orphan ""
pgrep -f "$attack_folder/attack orphan" >/dev/null && fail "it lives"

attempt 5.4
keyed=$(new_repo)
(cd "$keyed" && exec "$attack" with-key cupel-abuse-secret cupel run --json --quiet "${abuse[@]}" -- \
        "$attack_folder/attack" parents_key cupel-abuse-secret) >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
read_result "$e2e_tmp/stdout"
has "$(cat "$packet/logs/agent.log")" "ok - 5.4" "the attempt ($json $(stderr))"
hasnt "$(cat "$packet/logs/agent.log")" "not ok" "its end"

attempt 12.7
{ abuse_policy && printf 'agents: {seated: {command: ["%s", private_terminal], tty: true}}\n' "$attack_folder/attack"; } >"$e2e_tmp/tty.yaml"
run "$(new_repo)" --policy "$e2e_tmp/tty.yaml" --agent seated --verify unit --title x
has "$(cat "$packet/logs/agent.log")" "ok - 12.7" "the attempt ($json $(stderr | tail -n 3))"
hasnt "$(cat "$packet/logs/agent.log")" "not ok" "its end"

# a title's and a clipboard's sequence, C1 bytes, a bell, a bare carriage return, a right-to-left override
escapes='\033]0;evil\007\033]52;c;ZXZpbA==\007\033[2J\033[31m\x9b31m\033P+q\033\\\\\r\x08\xe2\x80\xae'
raw=$(printf '[\033\007\b\x9b]')
attempt 13.1
seated=$(new_repo)
script -qec "cd '$seated' && '$CUPEL_BIN/cupel' run --policy '$e2e_tmp/policy.yaml' --verify unit --title x -- sh -c \"printf '$escapes' >&2; printf '$escapes'; cupel note observation text=\\\"\\\$(printf '$escapes')\\\"; exit 3\"" /dev/null >"$e2e_tmp/terminal" 2>&1 </dev/null
has "$(tr -d '\0' <"$e2e_tmp/terminal")" work_failed "what the terminal shows"
for bad in $'\033]' $'\033P' $'\033[2J' $'\007' $'\b' $'\xe2\x80\xae'; do
        hasnt "$(cat "$e2e_tmp/terminal")" "$bad" "the terminal: $(printf %q "$bad")"
done

attempt 13.2
for command in 'show @last' 'show --log @last' 'events @last' runs; do
        # shellcheck disable=SC2086
        script -qec "cd '$seated' && '$CUPEL_BIN/cupel' $command" /dev/null >"$e2e_tmp/terminal" 2>&1 </dev/null
        [ -s "$e2e_tmp/terminal" ] || fail "$command shows nothing"
        for bad in $'\033]' $'\033P' $'\033[2J' $'\007' $'\b' $'\xe2\x80\xae'; do
                hasnt "$(cat "$e2e_tmp/terminal")" "$bad" "$command: $(printf %q "$bad")"
        done
done
has "$(cat "$seated"/../../*/packet 2>/dev/null; LC_ALL=C grep -c "$(printf '\033]0;evil')" "$(cd "$seated" && cupel show --json @last | python3 -c 'import json,sys; print(json.load(sys.stdin)["packet"])')/logs/agent.log")" 1 "the log keeps the bytes"

done_testing
