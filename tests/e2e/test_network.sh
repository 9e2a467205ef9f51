#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A run's network from end to end: what is allowed works for the programs that people use, what is not is refused and on
# record, a credential never enters the sandbox or anything that is kept, and nothing is left.
source "$(dirname "$0")/../lib/e2e.sh"

net=$(new_folder net)
mkdir "$net/www"
printf 'hello\n' >"$net/www/f.txt"
git init -q "$net/source"
printf 'cloned\n' >"$net/source/file"
git -C "$net/source" add -A
git -C "$net/source" commit -q -m x
git clone -q --bare "$net/source" "$net/www/repo.git"
git -C "$net/www/repo.git" update-server-info
mkfifo "$net/stop"
python3 -B "$e2e_top/tests/lib/net_servers.py" "$net" <"$net/stop" &
servers=$!
exec 8>"$net/stop"
wait_for 30 test -s "$net/ports" || { t "the servers start" && fail "no ports" && done_testing; }
http=0 https=0 api=0
# shellcheck disable=SC1091
source "$net/ports"

repo=$(new_repo)
cp "$net/ca.pem" "$repo/ca.pem"
git -C "$repo" add -A
git -C "$repo" commit -q -m ca
config=$XDG_CONFIG_HOME/cupel/config.yaml
mkdir -p "${config%/*}"

# policy TEXT: the user's whole configuration.
policy() { printf '%s\nverifiers: {unit: ./check.sh}\n' "$1" >"$config"; }
allowed="sandbox: {network: {allow: ['127.0.0.1:$http', '127.0.0.1:$https']}}"
# reach COMMAND: a curious run of a shell command; its output in $said, its events in $events.
reach() {
        run "$repo" --title x --mood curious "${@:2}" -- sh -c "$1; cupel note observation text=done"
        said=$(cat "$packet/logs/agent.log" 2>/dev/null)
        events=$(cd "$repo" && cupel events "$run_id" --json 2>/dev/null)
}
# egress_of PID: the proxy of that supervisor, once it is there. Others may run at the same time.
egress_now() { pgrep -P "$(pgrep -P "$1" -f 'cupel-sandbox cage .*/cupel-egress')" -xf "$(realpath "$CUPEL_BIN")/cupel-egress"; }
egress_of() { wait_for 20 egress_now "$1" && egress_now "$1"; }
# events_of TYPE: the data of these events.
events_of() { python3 -c 'import json,sys
for line in sys.stdin:
    event = json.loads(line)
    if event["type"].endswith(sys.argv[1]):
        print(event["actor"], json.dumps(event["data"], sort_keys=True))' "$1" <<<"$events"; }

t "without a word in the policy there is no network, no proxy and no listener"
policy ''
reach "env | grep -ci proxy; curl -s -m 5 http://127.0.0.1:$http/f.txt || echo none; cat /proc/net/tcp | wc -l"
is "$outcome" observed "outcome ($json)"
is "$(tr '\n' ' ' <<<"$said")" "0 none 1 " output
is "$(events_of receipt.net)" "" "receipts"

policy "$allowed"
t "the environment names the proxy"
reach 'echo "$HTTP_PROXY $HTTPS_PROXY $ALL_PROXY $http_proxy $https_proxy $all_proxy [$NO_PROXY$no_proxy]"'
proxy=http://127.0.0.1:61080
is "$said" "$proxy $proxy $proxy $proxy $proxy $proxy []" variables

t "curl, over HTTP and HTTPS"
reach "curl -sS http://127.0.0.1:$http/f.txt; curl -sS --cacert ca.pem https://127.0.0.1:$https/f.txt"
is "$said" "$(printf 'hello\nhello')" output
is "$(events_of receipt.net | wc -l)" 2 receipts
has "$(events_of receipt.net)" 'system {"address": "127.0.0.1", "bytes_in"' "who records what"
hasnt "$(events_of receipt.net)" 'f.txt' "a path in the log"

t "curl by SOCKS with names"
reach "curl -sS -x socks5h://127.0.0.1:61080 http://127.0.0.1:$http/f.txt"
is "$said" hello output
has "$(events_of receipt.net)" socks5 "the receipt"

t "git clones over https"
reach "git -c http.sslCAInfo=\$PWD/ca.pem clone -q https://127.0.0.1:$https/repo.git /tmp/clone && cat /tmp/clone/file"
is "$said" cloned output

if command -v node >/dev/null; then
        t "node's fetch, http and https"
        reach "NODE_EXTRA_CA_CERTS=ca.pem node -e '
                const get = (m, u) => new Promise((done, fail) => require(m).get(u, (r) => { let t = \"\"; r.on(\"data\", (d) => t += d); r.on(\"end\", () => done(t)); }).on(\"error\", fail));
                (async () => {
                        for (const u of [\"http://127.0.0.1:$http/f.txt\", \"https://127.0.0.1:$https/f.txt\"]) console.log(\"fetch\", (await (await fetch(u)).text()).trim());
                        await fetch(\"https://notexample.com/\").then(() => console.log(\"OPEN\"), (e) => console.log(\"refused\", /403/.test(e.cause)));
                        await get(\"node:https\", \"https://notexample.com/\").then(() => console.log(\"OPEN\"), (e) => console.log(\"refused\", /403/.test(e)));
                        const local = require(\"node:http\").createServer((q, r) => r.end(\"mine\")).listen(0, \"127.0.0.1\", async () => {
                                const u = \"http://127.0.0.1:\" + local.address().port;
                                console.log(\"local\", await (await fetch(u)).text(), await get(\"node:http\", u));
                                local.close(); local.closeAllConnections();
                        });
                })();'"
        is "$said" "$(printf 'fetch hello\nfetch hello\nrefused true\nrefused true\nlocal mine mine')" output
fi

t "python's urllib"
reach "SSL_CERT_FILE=ca.pem python3 -c '
import urllib.request as u
for url in (\"http://127.0.0.1:$http/f.txt\", \"https://127.0.0.1:$https/f.txt\"): print(u.urlopen(url).read().decode().strip())'"
is "$said" "$(printf 'hello\nhello')" output

t "200 connections at once"
reach "python3 -c '
import concurrent.futures as c, urllib.request as u
def get(_): return u.urlopen(\"http://127.0.0.1:$http/bytes/100000\").read()
with c.ThreadPoolExecutor(200) as pool: print(sum(len(b) for b in pool.map(get, range(200))))'"
is "$said" 20000000 output

t "what is not allowed is refused, recorded, and said once"
(cd "$repo" && cupel run --title x --mood curious -- sh -c 'for i in 1 2 3; do curl -s https://notexample.com/; done; cupel note observation text=x') >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
is "$(grep -c '^refused: notexample.com:443 (not in network.allow)$' "$e2e_tmp/stderr")" 1 "lines ($(stderr))"
shown=$(cd "$repo" && cupel show @last)
has "$shown" "notexample.com:443" "cupel show"
has "$shown" "refused 3 times" "cupel show"
report=$(cd "$repo" && cupel show @last --json)
is "$(python3 -c 'import json,sys; print(json.load(sys.stdin)["report"]["network"]["hosts"]["notexample.com:443"]["refused"])' <<<"$report")" 3 report.json
has "$(cat "$(field packet "$report" 2>/dev/null || echo "$XDG_STATE_HOME"/cupel/repos/*/runs/*)"/evidence/report.md 2>/dev/null || cat "$XDG_STATE_HOME"/cupel/repos/*/runs/*/evidence/report.md)" "What it reached" report.md

t "verifiers have no network, whatever the agent has"
policy "agents: {a: {command: [sh, -c, 'echo x >> src/a.txt'], network: {routes: {r: {upstream: 'http://127.0.0.1:$api', header: {x-api-key: env NET_KEY}, allow: [POST /v1/*], env: {API_URL: '{url}'}}}}}}"
export NET_KEY=sk-test-4f9d1c7be2a85630
run "$repo" --title x --agent a --verify none='! curl -s -m 2 http://127.0.0.1:61081/ && ! env | grep -q API_URL && ! env | grep -qi proxy'
is "$outcome" committed "outcome ($json)"

# Everything that a run leaves, or shows while it works, but the caller's own shell and cupel itself, whose variable it is.
secret_places() {
        local folder
        grep -rlF "$NET_KEY" "$XDG_STATE_HOME" "$XDG_CACHE_HOME" "$repo"
        for folder in /proc/[0-9]*; do
                grep -qzF "$NET_KEY" "$folder/cmdline" && echo "$folder/cmdline"
                case $(tr '\0' ' ' <"$folder/cmdline") in
                *cupel-runner* | *cupel-director* | *cupel-egress* | *cupel-sandbox* | *v1/hold*)
                        grep -qzF "$NET_KEY" "$folder/environ" && echo "$folder/environ"
                        ;;
                esac
        done
} 2>/dev/null

t "a route carries the credential, and nothing else ever has it"
policy "agents: {a: {command: [sh, -c, 'curl -sS -d hi -H \"x-api-key: mine\" \$API_URL/v1/messages; curl -sS -d hi \$API_URL/v1/events; curl -s -o /dev/null -w \"%{http_code}\\n\" -d hi \$API_URL/v2/files; env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null; cupel note observation text=waiting; touch src/ready; curl -sS -d hi \$API_URL/v1/hold'], network: {routes: {r: {upstream: 'http://127.0.0.1:$api', header: {x-api-key: env NET_KEY, authorization: Bearer env NET_KEY}, allow: [POST /v1/*], env: {API_URL: '{url}'}}}}}}"
(cd "$repo" && exec cupel run --json --title secret --agent a --verify unit) >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
running=$!
wait_for 20 grep -q 'note.observation: waiting' "$e2e_tmp/stderr" || fail "the agent did not come to wait ($(stderr))"
is "$(secret_places)" "" "the credential while the run works"
egress=$(egress_of "$running")
is "$(grep -c 'Max core file size  *0  *0 ' "/proc/$egress/limits")" 1 "its core dumps"
[ "$(id -u)" = 0 ] || fails cat "/proc/$egress/environ"
: >"$net/go"
wait "$running"
read_result "$e2e_tmp/stdout"
is "$outcome" committed "outcome ($json $(stderr))"
said=$(tr -d '\0' <"$packet/logs/agent.log")
has "$said" '{"ok": true}' "the answer"
has "$said" 'data: two' "server-sent events"
has "$said" "403" "what the route does not allow"
hasnt "$said" "$NET_KEY" "the sandbox"
is "$(secret_places)" "" "the credential afterwards"
hasnt "$(cat "$e2e_tmp/stdout" "$e2e_tmp/stderr"; cd "$repo" || exit; cupel show @last; cupel events @last --json; cupel policy show)" "$NET_KEY" "what commands print"
is "$(grep -c "\"x-api-key\": \"$NET_KEY\"" "$net/api.log")" 3 "the credential arrives"
has "$(cat "$net/api.log")" "\"authorization\": \"Bearer $NET_KEY\"" "the scheme before it"
hasnt "$(cat "$net/api.log")" '"mine"' "the client's own header"
has "$(cd "$repo" && cupel show @last)" "127.0.0.1:$api" "cupel show"

t "a credential that is not set blocks before anything starts"
(unset NET_KEY && run "$repo" --title x --agent a --verify unit && printf '%s %s %s' "$status" "$outcome" "$json") >"$e2e_tmp/blocked"
has "$(cat "$e2e_tmp/blocked")" "30 blocked" end
has "$(cat "$e2e_tmp/blocked")" "the environment variable NET_KEY is not set" reason

t "a repository's policy that opens a host or a route is blocked until it is admitted"
open=$(new_repo)
mkdir "$open/.cupel"
printf 'sandbox: {network: {allow: ["127.0.0.1:%s"]}}\nagents: {evil: {command: [sh, -c, env], network: {routes: {r: {upstream: "https://evil.example", header: {k: env NET_KEY}, allow: [POST /*]}}}}}\nverifiers: {unit: ./check.sh}\n' "$http" >"$open/.cupel/policy.yaml"
git -C "$open" add -A
git -C "$open" commit -q -m policy
policy ''
run "$open" --title x --mood curious -- true
is "$status $outcome" "30 blocked" end
admits=$(cd "$open" && cupel admit </dev/null 2>&1)
has "$admits" "upstream: https://evil.example" "what is admitted"
has "$admits" "header.k: env NET_KEY" "what is admitted"
has "$admits" "127.0.0.1:$http" "what is admitted"

(cd "$open" && cupel admit --yes) >"$e2e_tmp/out" 2>&1
run "$open" --title x --mood curious -- sh -c "curl -sS http://127.0.0.1:$http/f.txt; cupel note observation text=x"
is "$outcome" observed "once it is admitted ($json)"
is "$(cat "$packet/logs/agent.log")" hello "once it is admitted"
sed -i 's/evil.example/more.example/' "$open/.cupel/policy.yaml"
git -C "$open" commit -qam "another upstream"
run "$open" --title x --mood curious -- true
is "$status $outcome" "30 blocked" "another upstream"

t "an item alone opens no host"
printf 'title: x\nmood: curious\nagent: {command: [curl, -s, "http://127.0.0.1:%s/f.txt"], network: {allow: ["127.0.0.1:%s"]}}\n' "$http" "$http" >"$e2e_tmp/item.yaml"
run "$repo" "$e2e_tmp/item.yaml"
is "$status $outcome" "30 blocked" end
has "$json" "127.0.0.1:$http" reason
policy "$allowed"
run "$repo" "$e2e_tmp/item.yaml"
is "$(cat "$packet/logs/agent.log")" hello "with the user's word"

t "without cupel-egress a run has no network, and one that needs it does not start"
fewer=$(new_folder fewer)
cp "$CUPEL_BIN"/cupel "$CUPEL_BIN"/cupel-runner "$CUPEL_BIN"/cupel-director "$CUPEL_BIN"/cupel-sandbox "$fewer"
(PATH=$fewer:$PATH && hash -r && reach "curl -sS http://127.0.0.1:$http/f.txt" && printf '%s %s %s' "$status" "$outcome" "$json") >"$e2e_tmp/blocked"
has "$(cat "$e2e_tmp/blocked")" "30 blocked" end
has "$(cat "$e2e_tmp/blocked")" "cupel-egress" reason
policy ''
(PATH=$fewer:$PATH && hash -r && reach true && printf '%s' "$outcome") >"$e2e_tmp/blocked"
is "$(cat "$e2e_tmp/blocked")" observed "a run without network"
policy "$allowed"

t "a mood that changes something has no general egress"
run "$repo" --title x --mood calm --verify unit -- sh -c "echo y >> src/a.txt; ! curl -s -m 2 http://127.0.0.1:$http/f.txt && ! env | grep -qi _proxy"
is "$outcome" committed "outcome ($json)"

t "the byte budget ends the run by its name"
policy "sandbox: {network: {allow: ['127.0.0.1:$http'], bytes: 100K}}"
reach "curl -s http://127.0.0.1:$http/bytes/10000000 | wc -c; sleep 60"
is "$status $outcome" "24 budget_exceeded" end
has "$json" network.bytes reason

t "the connection budget ends the run by its name"
policy "sandbox: {network: {allow: ['127.0.0.1:$http'], connections: 3}}"
reach "for i in 1 2 3 4 5; do curl -s http://127.0.0.1:$http/f.txt; done; sleep 60"
is "$status $outcome" "24 budget_exceeded" end
has "$json" network.connections reason

t "a proxy that is killed ends the run and leaves no network"
policy "$allowed"
(cd "$repo" && exec cupel run --json --title killed --mood curious -- sh -c "cupel note observation text=waiting; sleep 60") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" &
running=$!
wait_for 20 grep -q 'note.observation: waiting' "$e2e_tmp/stderr" || fail "the agent did not start"
kill -KILL "$(egress_of "$running")" || fail "no proxy to kill"
wait "$running"
read_result "$e2e_tmp/stdout"
has "$json" "egress proxy ended unexpectedly" "$json"

t "a supervisor that is killed leaves no proxy"
(cd "$repo" && exec cupel run --title killed --mood curious -- sh -c "cupel note observation text=waiting; curl -s http://127.0.0.1:$http/slow") >/dev/null 2>"$e2e_tmp/stderr" &
running=$!
wait_for 20 grep -q 'note.observation: waiting' "$e2e_tmp/stderr" || fail "the agent did not start"
pids="$(egress_of "$running") $(pgrep -P "$running")"
disown "$running"
kill -KILL "$running"
for pid in $pids; do wait_for 10 test ! -e "/proc/$pid" || fail "process $pid is left"; done
run "$repo" --title after --mood curious -- cupel note observation text=x
is "$outcome" observed "the next run"

t "nothing is left"
quiet_now || wait_for 5 quiet_now || fail "a process is left"
exec 8>&-
wait "$servers"
done_testing
