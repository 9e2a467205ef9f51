#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A step that may reach two hosts tries to reach others: through the proxy, past it, by every way to write a host. All attempts
# are made in one run (net_attempts.py); each has to be refused, and those that the proxy sees are on record.
source "$(dirname "$0")/lib.sh"

net=$(new_folder net)
mkdir "$net/www"
printf 'hello\n' >"$net/www/f.txt"
mkfifo "$net/stop"
python3 -B "$e2e_top/tests/lib/net_servers.py" "$net" <"$net/stop" &
servers=$!
exec 8>"$net/stop"
http=0 api=0
wait_for 30 test -s "$net/ports" || { t "the servers start" && fail "no ports" && done_testing; }
# shellcheck disable=SC1091
source "$net/ports"
name=$(uname -n | tr '[:upper:]' '[:lower:]') # the machine's own name leads to an address of its own

repo=$(new_repo)
cp "$e2e_top/tests/abuse/net_attempts.py" "$repo"
git -C "$repo" add -A
git -C "$repo" commit -q -m attempts
abuse_policy "network: {allow: ['127.0.0.1:$http', '$name:$api', example.com]}" >"$e2e_tmp/network.yaml"
run "$repo" --policy "$e2e_tmp/network.yaml" --title abuse --mood curious -- sh -c "curl -sS http://127.0.0.1:$http/f.txt; python3 net_attempts.py $http $api $name; cupel note observation text=done"
said=$(cat "$packet/logs/agent.log")
vetoes=$(cd "$repo" && cupel events "$run_id" --json | python3 -c 'import json, sys
for line in sys.stdin:
    event = json.loads(line)
    data = event["data"]
    if event["actor"] == "system" and event["type"].endswith("action.vetoed"):
        print("refused", data["candidate_action"], data["veto_reason"])
    elif event["actor"] == "system" and event["type"].endswith("receipt.net") and data.get("error"):
        print("failed", data["host"], data["error"])')

t "what is allowed works"
has "$said" hello "the allowed server"
is "$outcome" observed "outcome ($json)"

# Number, name in net_attempts.py, what the log says of it (extended regular expression; none: the proxy never sees it).
while read -r number attempted record; do
        attempt "$number"
        is "$(sed -n "s/^$attempted //p" <<<"$said")" refused "what came back"
        [ -z "$record" ] || grep -qE "$record" <<<"$vetoes" || fail "no record of it in: $vetoes"
done <<END
19.1 no_proxy
19.2 raw_connect
19.3 another_name connect other\.example:443 
19.4 another_port connect 127\.0\.0\.1:$api 
19.5 longer_name connect notexample\.com:443 
19.6 name_below_another connect example\.com\.evil\.example:443 
19.7 name_below connect sub\.example\.com:443 
19.8 trailing_dot localhost\.:$http .*trailing dot
19.9 two_dots 127\.0\.0\.1\.\.:$http .*trailing dot
19.10 short_address connect 127\.0\.0\.1:$api 
19.11 decimal_address connect 127\.0\.0\.1:$api 
19.12 hex_address connect 127\.0\.0\.1:$api 
19.13 octal_address connect 127\.0\.0\.1:$api 
19.14 mapped_address connect 127\.0\.0\.1:$api 
19.15 any_address connect 0\.0\.0\.0:$api 
19.16 metadata connect 169\.254\.169\.254:80 
19.17 nul 000.*control character
19.18 crlf CONNECT 127\.0\.0\.1:$api .*HTTP/0\.9
19.19 zone fe80::1%lo.*zone
19.20 user_info @127\.0\.0\.1:$api.*user name
19.21 private_name (refused connect|failed) $name
19.22 host_is_not_target the Host field says 127\.0\.0\.1:$http
19.23 target_is_not_host the Host field says 127\.0\.0\.1:$api
19.24 second_request GET http://127\.0\.0\.1:$api 
19.25 socks_name connect notexample\.com:443 
19.26 socks_address connect 127\.0\.0\.1:$api 
19.27 socks_nul SOCKS 5 .*no host name
19.28 socks_4 SOCKS 4
19.29 unix_socket docker\.sock
19.30 file_url file:///etc/passwd
19.31 ftp_url ftp://127\.0\.0\.1
END

t "every attempt of the program has a row"
is "$(wc -l <<<"$said")" 32 "lines"
# of attempts that lead to the same line of the log, each is there
is "$(grep -c "connect 127.0.0.1:$api " <<<"$vetoes")" 7 "refusals of 127.0.0.1:$api"
is "$(grep -c "connect notexample.com:443 " <<<"$vetoes")" 2 "refusals of notexample.com"

exec 8>&-
wait "$servers"
done_testing
