#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tier D, where Landlock, the filter and the step's keeper are all that there is: what they do not look at by themselves.
source "$(dirname "$0")/lib.sh"

weaken=$(realpath -m "${CUPEL_TEST_BIN:-$CUPEL_BIN/../tests/bin}/weaken")
mkdir -p "$XDG_CONFIG_HOME/cupel"
echo 'sandbox: {minimum: D}' >"$XDG_CONFIG_HOME/cupel/config.yaml"
abuse_policy 'minimum: D' >"$e2e_tmp/policy.yaml"

# weaker NUMBER NAME ARGUMENT: that attempt of the attack program on tier D, which must end as its row says.
weaker() {
        local repo
        attempt "$1"
        repo=$(new_repo)
        (cd "$repo" && exec "$weaken" userns -- "$CUPEL_BIN/cupel" run --json --quiet "${abuse[@]}" -- \
                "$attack_folder/attack" "$2" "$3") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
        read_result "$e2e_tmp/stdout"
        has "$(cat "$packet/logs/agent.log")" "ok - $1 $2" "the attempt ($json $(stderr | tail -n 3))"
        hasnt "$(cat "$packet/logs/agent.log")" "not ok" "its end"
        quiet_now || wait_for 5 quiet_now || fail "a process is left"
}

victim=$e2e_tmp/victim
mkdir -m 700 "$victim"
python3 -c '
import os, socket, sys
host = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
host.bind(sys.argv[1])
open(sys.argv[2], "w").close()
open(sys.argv[3], "wb").write(host.recv(9))' "$e2e_tmp/datagrams" "$e2e_tmp/bound" "$e2e_tmp/received" &
server=$!
wait_for 10 test -e "$e2e_tmp/bound" || fail "no server"

weaker 43.1 weaker_datagram "$e2e_tmp/datagrams"
weaker 43.2 weaker_datagram_raw "$e2e_tmp/datagrams"
kill -0 "$server" 2>/dev/null || fail "the host's socket heard something"
weaker 43.3 weaker_pair ""
weaker 43.4 weaker_attributes "$victim"
weaker 43.5 weaker_listener ""
weaker 43.6 weaker_late_chmod "$victim"
is "$(stat -c %a "$victim")" 700 "the folder's mode"

kill "$server" 2>/dev/null
done_testing
