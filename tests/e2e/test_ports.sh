#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The loopback of steps: each finds it as if nobody had ever been there, whatever the step before left behind.
source "$(dirname "$0")/../lib/e2e.sh"

# server PORT: one connection, closed by the server first, so that its port waits for late packets for a minute (TIME_WAIT)
server='import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen()
c = socket.create_connection(s.getsockname()); a = s.accept()[0]
a.close(); c.recv(1); c.close(); s.close()'
# A listener with a name and no process: in flight in its own queue.
litter='import array, socket
s = socket.socket(socket.AF_UNIX); s.bind("\0litter"); s.listen()
a, b = socket.socketpair(); fds = array.array("i", [s.fileno(), a.fileno(), b.fileno()])
for x in (a, b): x.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])'
taken='import socket, sys
try:
    s = socket.socket(socket.AF_UNIX); s.connect("\0litter"); sys.exit("somebody is there")
except ConnectionRefusedError: pass'

repo=$(new_repo)
printf '%s\n' "$server" >"$repo/server.py"
printf '%s\n' "$litter" >"$repo/litter.py"
printf '%s\n' "$taken" >"$repo/taken.py"
cat >"$e2e_tmp/policy.yaml" <<'END'
verifiers:
  one: {run: "readlink /proc/self/ns/net && python3 taken.py && python3 server.py 4711"}
  two: {run: "readlink /proc/self/ns/net && python3 server.py 4711 && python3 litter.py"}
  three: {run: "readlink /proc/self/ns/net && grep -c '^ *lo:' /proc/net/dev"}
END
git -C "$repo" add -A && git -C "$repo" commit -qm servers

t "a port that one step used is free for the next one, and a name that it left in flight is nobody's"
run "$repo" --policy "$e2e_tmp/policy.yaml" --title ports --verify one --verify two --verify three -- \
        sh -c 'readlink /proc/self/ns/net; python3 litter.py && echo more >>src/a.txt'
is "$outcome" committed "outcome ($json)"

t "a step is in no network namespace of the host's"
for log in "$packet"/logs/*.log; do
        grep -q "$(readlink /proc/self/ns/net)" "$log" && fail "$log: it is in this one"
        grep -q '^net:' "$log" || fail "$log does not say"
done

t "its loopback is up, and there is nothing else"
run "$repo" --title loopback --mood curious -- sh -c 'ls /sys/class/net 2>/dev/null; tail -n +3 /proc/net/dev; python3 server.py 80 || python3 server.py 8080 && echo works'
has "$(cat "$packet/logs/agent.log")" works "what listens is reached"
is "$(grep -c : <<<"$(grep -E '^ *[a-z0-9]+:' "$packet/logs/agent.log")")" 1 "one interface"

done_testing
