#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The ladder of tiers, each forced by taking a layer away (tests/lib/weaken.c): what doctor says, that a run commits and that a
# failing one leaves nothing, that the packet names the tier, that the plain ways out are closed, and that a minimum refuses.
source "$(dirname "$0")/../lib/e2e.sh"

config=$XDG_CONFIG_HOME/cupel/config.yaml
mkdir -p "${config%/*}"

# What no tier may let a step touch: same owner, outside of everything that is shown.
victim=$e2e_tmp/victim
mkdir "$victim"
printf 'secret\n' >"$victim/file"
chmod 750 "$victim"
chmod 640 "$victim/file"
touch -d 2001-02-03 "$victim/file"
sleep 3600 >/dev/null 2>&1 & # as long as memcheck may take
bystander=$!

look() { stat -c '%n %a %u %Y %s' "$victim" "$victim/file" && cat "$victim/file"; }
before=$(look)

# The tier that the packet says its command ran in.
packet_tier() {
        python3 -c 'import json,sys
print((json.load(open(sys.argv[1]+"/evidence/report.json"))["sandbox"]["run"] or {}).get("tier"))' "$packet" 2>&1
}

doctor_tier() {
        # shellcheck disable=SC2086
        "$weaken" $1 -- cupel doctor --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["tier"])'
}

attempts=$(new_folder attempts)
cat >"$attempts/try.sh" <<SCRIPT
#!/bin/sh
# each line that gets through is printed
cat '$victim/file' && echo GOT read
ls '$victim' && echo GOT list
echo mine >'$victim/file' && echo GOT write
chmod 777 '$victim' && echo GOT chmod
chmod 777 '$victim/file' && echo GOT chmod-file
touch '$victim/file' && echo GOT touch
touch -d 1999-01-01 '$victim/file' && echo GOT times
ln '$victim/file' stolen && echo GOT link
mv '$victim/file' stolen && echo GOT rename
rm -f '$victim/file' && [ -e '$victim' ] && ! [ -e '$victim/file' ] && echo GOT remove
kill -9 $bystander && echo GOT kill
cat /etc/shadow && echo GOT shadow
[ "\$(stat -c %i /etc/ssl/private)" = "$(stat -c %i /etc/ssl/private 2>/dev/null)" ] && ls /etc/ssl/private && echo GOT keys
unshare -Ur true && echo GOT namespace
mount -t tmpfs none /tmp && echo GOT mount
python3 - <<'PY'
import os, socket
def attempt(name, what):
    try:
        what()
        print("GOT", name)
    except OSError:
        pass
attempt("setxattr", lambda: os.setxattr('$victim/file', 'user.x', b'1'))
attempt("chown", lambda: os.chown('$victim/file', os.getuid(), os.getgid()))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, $bystander, 19))
attempt("prlimit", lambda: __import__('resource').prlimit($bystander, 7, (1, 1)))
attempt("environ", lambda: open('/proc/$bystander/environ', 'rb').read())
attempt("cmdline", lambda: open('/proc/$bystander/cmdline', 'rb').read())
def tcp():
    s = socket.socket()
    s.settimeout(2)
    s.connect(('127.0.0.1', $((20000 + $$ % 10000))))
attempt("tcp", tcp)
def unix():
    s = socket.socket(socket.AF_UNIX)
    s.connect('$e2e_tmp/host.sock')
attempt("unix", unix)
PY
echo tried
SCRIPT

# Somebody who listens, on the host.
python3 - "$e2e_tmp/host.sock" "$((20000 + $$ % 10000))" "$e2e_tmp/listening" <<'PY' &
import os, socket, sys
u = socket.socket(socket.AF_UNIX); u.bind(sys.argv[1]); u.listen()
t = socket.socket(); t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); t.bind(("127.0.0.1", int(sys.argv[2]))); t.listen()
open(sys.argv[3], "w").close()
u.accept()
PY
listener=$!
wait_for 10 test -e "$e2e_tmp/listening" || fail "nobody listens on the host"

work='printf "#!/bin/sh\n" >src/tool.sh; chmod 755 src/tool.sh; ./src/tool.sh; touch -d 2020-01-01 src/tool.sh
      rm src/b.txt; echo more >>src/a.txt; git status --short >/dev/null; git log --oneline >/dev/null; git add -A; git commit -qm inside
      mkdir deep; echo x >deep/closed; chmod 000 deep/closed; chmod 000 deep
      : >$HOME/x; : >$TMPDIR/y; test -s $CUPEL_PROMPT
      setsid sh -c "sleep 300; echo late >>src/a.txt" cupel-orphan-'$$' </dev/null >/dev/null 2>&1 & '

# /proc calls it a zombie while its second thread runs on.
headless='import ctypes, platform, threading, time
threading.Thread(target=time.sleep, args=(300,)).start()
ctypes.CDLL(None).syscall({"x86_64": 60}.get(platform.machine(), 93), 0)'

# tier LETTER LAYERS MINIMUM
tier() {
        local letter=$1 layers=$2 minimum=$3 repo print
        local name="tier $letter${layers:+ (no $layers)}"

        repo=$(new_repo)
        printf 'sandbox: {minimum: %s}\n' "$minimum" >"$config"

        t "$name: doctor says so"
        is "$(doctor_tier "$layers")" "$letter" tier

        t "$name: a run commits, and what it left behind is dead"
        weakened "$layers" "$repo" --title x --verify unit='./check.sh && test -x src/tool.sh && test ! -e src/b.txt && git log -1 >/dev/null' -- sh -ec "$work"
        is "$status" 0 "exit status ($(stderr; printf %s "$json"))"
        is "$(packet_tier)" "$letter" "the packet's tier"
        is "$(git -C "$repo" ls-tree -r HEAD | grep -c '^100755.*src/tool.sh')" 1 "the mode of src/tool.sh"
        is "$(git -C "$repo" show HEAD:src/a.txt | tr '\n' ' ')" "one more " "src/a.txt"
        is "$(git -C "$repo" show HEAD:deep/closed)" x "a file without rights"
        fails git -C "$repo" cat-file -e HEAD:src/b.txt
        succeeds git -C "$repo" fsck --strict
        is "$(git -C "$repo" status --short)" "" "the checkout"
        pgrep -f "cupel-orphan-$$" >/dev/null && fail "an orphan lives"
        quiet_now || fail "a process is left"
        [ -z "$(ls -A "$packet/upper" 2>/dev/null)" ] || fail "scratch is left"

        t "$name: a failing run leaves nothing, and its packet names the tier"
        print=$(fingerprint "$repo")
        weakened "$layers" "$repo" --title x --verify unit=./check.sh -- sh -c 'echo y >src/a.txt; chmod -R 000 src; exit 3'
        is "$status" 21 "exit status ($(stderr))"
        is "$(packet_tier)" "$letter" "the packet's tier"
        is "$(fingerprint "$repo")" "$print" "the repository"
        quiet_now || fail "a process is left"

        t "$name: budgets end a run"
        weakened "$layers" "$repo" --title x --verify unit=./check.sh --budget wall=1s -- sh -c 'setsid sleep 300 & sleep 300'
        is "$outcome" budget_exceeded "wall ($(stderr))"
        weakened "$layers" "$repo" --title x --verify unit=./check.sh --budget disk=8M -- sh -c 'head -c 64M /dev/zero >big; sleep 60'
        is "$outcome" budget_exceeded "disk ($(stderr))"
        weakened "$layers" "$repo" --title x --verify unit=./check.sh --budget memory=64M -- python3 -c 'import time; x = b"x" * (200 << 20); time.sleep(20)'
        is "$outcome" budget_exceeded "memory ($(stderr))"
        is "$(fingerprint "$repo")" "$print" "the repository"
        quiet_now || fail "a process is left"

        t "$name: a process whose first thread has ended dies with the step"
        weakened "$layers" "$repo" --title x --verify unit=true --budget wall=20s -- \
                sh -c 'setsid python3 -c "$1" & sleep 0.5; echo headless >>src/a.txt' sh "$headless"
        is "$status" 0 "exit status ($(stderr; printf %s "$json"))"
        quiet_now || fail "a process is left"

        t "$name: the plain ways out are closed"
        cp "$attempts/try.sh" "$repo/check.sh"
        git -C "$repo" commit -qam attempts
        weakened "$layers" "$repo" --title x --verify unit=true -- sh -c './check.sh; echo y >src/a.txt'
        has "$(cat "$packet/logs/agent.log")" tried "the attempts were made ($(stderr))"
        hasnt "$(cat "$packet/logs/agent.log")" GOT "what got through"
        is "$(look)" "$before" "the victim"
        kill -0 "$bystander" || fail "the bystander is dead"

        [ "$letter" = A ] && return
        t "$name: a higher minimum refuses, and names layer and remedy"
        print=$(fingerprint "$repo")
        case $letter in B) minimum=A ;; C) minimum=B ;; D) minimum=C ;; esac
        printf 'sandbox: {minimum: %s}\n' "$minimum" >"$config"
        weakened "$layers" "$repo" --title x --verify unit=true -- sh -c 'echo z >src/a.txt'
        is "$status" 31 "exit status ($(stderr))"
        is "$outcome" sandbox_unavailable outcome
        case $layers in
        overlay) has "$json$(stderr)" "overlay" "the layer" ;;
        proc) has "$json$(stderr)" "/proc" "the layer" ;;
        landlock) has "$json$(stderr)" "lsm=landlock" "the remedy" ;;
        *) has "$json$(stderr)" "no user namespaces" "the layer" && has "$json$(stderr)" "remedy: " "the remedy" ;;
        esac
        is "$(fingerprint "$repo")" "$print" "the repository"
}

tier A '' C
tier B overlay C
tier C proc C
tier C landlock C
tier D userns D
tier D userns-limit D

t "tier D is called weaker"
printf 'sandbox: {minimum: D}\n' >"$config"
repo=$(new_repo)
(cd "$repo" && "$weaken" userns -- cupel run --title x --verify unit=./check.sh -- sh -c 'echo y >src/a.txt') >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
is "$?" 0 "exit status"
has "$(stderr)" "tier D: weaker" "what cupel run says"
has "$(cat "$XDG_STATE_HOME"/cupel/repos/*/runs/*/evidence/report.md)" "tier D (weaker" "the report"

t "tier D has no notes, terminal and network, and says so"
weakened userns "$repo" --title x --verify unit=true -- sh -c 'cupel note observation text=hello'
is "$status" 21 "exit status"
has "$(cat "$packet/logs/agent.log")" "note" "what cupel note says"

t "tier D shows a folder without the tokens in it, and what links in it lead to stays apart"
mkdir -p "$HOME/.cargo/bin"
echo token >"$HOME/.cargo/credentials.toml"
echo seen >"$HOME/.cargo/bin/x"
ln -s "$victim" "$HOME/.cargo/link"
printf 'sandbox: {minimum: D, read: [~/.cargo]}\n' >"$config"
weakened userns "$repo" --title x --verify unit=true -- \
        sh -c 'cat "$1/bin/x"; cat "$1/credentials.toml" "$1/link/file"; echo z >src/a.txt' sh "$HOME/.cargo"
is "$status" 0 "exit status ($json $(stderr))"
has "$(cat "$packet/logs/agent.log")" "seen" "what is shown"
hasnt "$(cat "$packet/logs/agent.log")" "token" "the token"
hasnt "$(cat "$packet/logs/agent.log")" "secret" "behind the link"
printf 'sandbox: {minimum: D}\n' >"$config"

t "the disk budget holds in copies of writable folders too (tier B)"
mkdir -p "$HOME/w"
head -c 1M /dev/zero >"$HOME/w/large"
printf 'sandbox: {write: [~/w]}\n' >"$config"
weakened overlay "$repo" --title x --verify unit=true --budget disk=16M -- sh -c 'cat ~/w/large >~/w/more; echo q >src/a.txt'
is "$status" 0 "within the budget ($json $(stderr))"
weakened overlay "$repo" --title x --verify unit=true --budget disk=16M -- \
        sh -c 'head -c 24M /dev/zero >~/w/more; sync; until test -e ~/never; do :; done'
is "$status" 24 "beyond it ($json)"
[ ! -e "$HOME/w/more" ] || fail "it was written on the host"
printf 'sandbox: {minimum: D}\n' >"$config"

t "where a shown folder is a bind, sockets in it are covered (tier B)"
mkdir -p "$HOME/deep/er"
python3 - "$HOME/deep/er/host.sock" "$e2e_tmp/listening-deep" <<'PY' &
import socket, sys
u = socket.socket(socket.AF_UNIX); u.bind(sys.argv[1]); u.listen()
open(sys.argv[2], "w").close()
u.accept()
PY
deep=$!
wait_for 10 test -e "$e2e_tmp/listening-deep" || fail "nobody listens on the host"
echo plain >"$HOME/deep/file"
printf 'sandbox: {read: [~/deep]}\n' >"$config"
weakened overlay "$repo" --title x --verify unit=true -- sh -c 'cat "$1/file"; echo r >src/a.txt
        python3 -c "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1]); print(\"GOT\", \"in\")" "$1/er/host.sock"; true' sh "$HOME/deep"
is "$status" 0 "exit status ($json $(stderr))"
has "$(cat "$packet/logs/agent.log")" plain "what is shown"
hasnt "$(cat "$packet/logs/agent.log")" "GOT in" "the socket"
kill "$deep" 2>/dev/null
printf 'sandbox: {minimum: D}\n' >"$config"

t "tier E is refused whatever the minimum"
weakened "userns landlock" "$repo" --title x --verify unit=true -- sh -c 'echo z >src/a.txt'
is "$status" 31 "exit status"
is "$outcome" sandbox_unavailable outcome
has "$(stderr)" "tier E" "the reason"
printf 'sandbox: {minimum: E}\n' >"$config"
run "$repo" --title x --verify unit=true -- sh -c 'echo z >src/a.txt'
is "$status" 2 "a minimum of E"
rm "$config"

t "a repository's own policy does not lower the minimum"
mkdir "$repo/.cupel"
printf 'sandbox: {minimum: D}\nverifiers: {unit: {run: "true"}}\n' >"$repo/.cupel/policy.yaml"
git -C "$repo" add -A
git -C "$repo" commit -qm policy
weakened userns "$repo" --title x --verify unit -- sh -c 'echo z >src/a.txt'
is "$status" 30 "exit status ($(stderr))"
is "$outcome" blocked outcome

kill "$bystander" "$listener" 2>/dev/null
done_testing
