#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A developer's tools work inside, one after the other, each in a run of its own. What is not on this machine is listed
# loudly; what every machine that runs these tests must have (scripts/deps test) fails where it is missing.
real_home=$HOME
source "$(dirname "$0")/../lib/e2e.sh"

required=" gcc g++ make cmake python3 git ssh-keygen node npm "
absent=()
repo=$(new_repo)
printf 'build/\nnode_modules/\n.venv/\n' >>"$repo/.gitignore"
git -C "$repo" commit -qam 'ignore more'
policy='{}'

# here TOOL… : whether all are on this machine
here() {
        local tool ok=0
        for tool in "$@"; do
                command -v "$tool" >/dev/null && continue
                ok=1
                case $required in
                *" $tool "*) t "$tool is on this machine" && fail "it is not; scripts/deps test installs it" ;;
                *) absent+=("$tool") && printf '# not on this machine: %s\n' "$tool" ;;
                esac
        done
        return $ok
}

# inside NAME SCRIPT : the script runs to its end as the command of a run. Each command of it must succeed: " && " becomes
# a new line, since `set -e` does not see what fails before one. `no COMMAND` must fail.
inside() {
        local script=${2// && /$'\n'}
        t "$1"
        printf '%s\n' "$policy" >"$e2e_tmp/policy.yaml"
        run "$repo" --policy "$e2e_tmp/policy.yaml" --title comfort --verify unit=true -- bash -ec "no() { if \"\$@\"; then return 1; fi; }
$script
echo reached the end"
        has "$([ -z "$packet" ] || tail -c 1500 "$packet/logs/agent.log")$(stderr)" "reached the end" "the tool"
        case $status in 0 | 20) ;; *) fail "exit status $status: $json" ;; esac
        [ -z "$commit" ] || git -C "$repo" reset -q --hard "$base"
}

# ---- Compilers and builds ----

here gcc make && inside "gcc, make -j, make install into a DESTDIR" '
mkdir build && cd build
printf "#include <stdio.h>\nint main(void){puts(\"hello\");return 0;}\n" >a.c
printf "all: a b c\na b c: a.c\n\t\$(CC) -O2 -g -o \$@ \$<\ninstall: all\n\tinstall -D -m 755 a \$(DESTDIR)/usr/bin/a\n" >Makefile
make -j4 && test "$(./a)" = hello
make install DESTDIR=$PWD/root && test -x root/usr/bin/a'
here g++ && inside "g++ with threads" '
printf "#include <thread>\n#include <iostream>\nint main(){std::thread t([]{std::cout<<1;});t.join();}\n" >/tmp/a.cc
g++ -pthread -o /tmp/a /tmp/a.cc && test "$(/tmp/a)" = 1'
here gcc && inside "address, undefined-behaviour, thread and leak sanitizers" '
cd /tmp
printf "#include <stdlib.h>\nint main(int c,char**v){char*p=malloc(4);p[c>1?9:0]=1;return p[0]-1+!v;}\n" >s.c
for kind in address undefined thread leak; do gcc -g -fsanitize=$kind -o s s.c && ./s; done
gcc -g -fsanitize=address -o s s.c
no ./s x 2>err && grep -q "heap-buffer-overflow" err && grep -q "s.c:2" err'
here clang && inside "clang, with AddressSanitizer" '
printf "int main(void){return 0;}\n" >/tmp/c.c && clang -fsanitize=address -o /tmp/c /tmp/c.c && /tmp/c'
here gcc cmake make && inside "cmake: configure, build, install" '
mkdir -p build/src && cd build
printf "cmake_minimum_required(VERSION 3.10)\nproject(x C)\nenable_testing()\nadd_executable(x x.c)\nadd_test(NAME x COMMAND x)\ninstall(TARGETS x)\n" >src/CMakeLists.txt
printf "int main(void){return 0;}\n" >src/x.c
cmake -S src -B out && cmake --build out -j2 && (cd out && ctest -j2) && DESTDIR=$PWD/root cmake --install out'
here ninja cmake gcc && inside "ninja" '
mkdir -p build/src && cd build
printf "cmake_minimum_required(VERSION 3.10)\nproject(x C)\nadd_executable(x x.c)\n" >src/CMakeLists.txt
printf "int main(void){return 0;}\n" >src/x.c
cmake -G Ninja -S src -B out && ninja -C out'
here valgrind gcc && inside "valgrind" '
printf "int main(void){return 0;}\n" >/tmp/v.c && gcc -o /tmp/v /tmp/v.c && valgrind -q --error-exitcode=3 /tmp/v'

# ---- Languages and their package managers, from caches ----

mkdir -p "$HOME/wheels"
python3 - "$HOME/wheels" <<'P'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/tiny-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tiny.py", "answer = 42\n")
    wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("tiny-1.0.dist-info/RECORD", "")
P
policy='sandbox: {read: [~/wheels]}'
here python3 && inside "python3 -m venv, pip from a folder of wheels" '
/usr/bin/python3 -m venv .venv
.venv/bin/pip -q install --no-index --find-links ~/wheels tiny
test "$(.venv/bin/python -c "import tiny; print(tiny.answer)")" = 42'
policy='{}'
here python3 && inside "python: ssl, sqlite3, processes, shared memory, semaphores, time zones, users" '
/usr/bin/python3 - <<P
import ctypes, getpass, multiprocessing as m, os, pwd, sqlite3, ssl, socket, zoneinfo
from multiprocessing import shared_memory
with m.Pool(2) as pool: assert pool.map(abs, [-1]) == [1]
m.Semaphore(1).acquire(); m.Lock().acquire()
s = shared_memory.SharedMemory(create=True, size=1 << 20); s.buf[5] = 1; s.close(); s.unlink()
assert ssl.create_default_context()
assert zoneinfo.ZoneInfo("America/New_York")
assert pwd.getpwuid(os.getuid()).pw_dir == os.path.expanduser("~") and getpass.getuser() == "cupel"
assert os.cpu_count() >= 1 and socket.gethostname() == "cupel"
P'
here python3 && inside "debugging without a debugger: faulthandler" '
no /usr/bin/python3 -X faulthandler -c "import ctypes; ctypes.string_at(0)" 2>/tmp/err
grep -q "Segmentation fault" /tmp/err && grep -q string_at /tmp/err'

# a registry of one package on the loopback of the host fills the cache; inside, there is only the cache
fill_npm_cache() {
        local registry=$e2e_tmp/registry port
        mkdir -p "$registry/t" "$e2e_tmp/tiny"
        printf '{"name":"tiny","version":"1.0.0","main":"i.js"}\n' >"$e2e_tmp/tiny/package.json"
        printf 'module.exports = 42\n' >"$e2e_tmp/tiny/i.js"
        (cd "$registry/t" && npm pack --silent "$e2e_tmp/tiny" >/dev/null) || return
        python3 -u -m http.server --bind 127.0.0.1 --directory "$registry" 0 >"$e2e_tmp/port" 2>/dev/null &
        server=$!
        wait_for 20 grep -q 'port [0-9]' "$e2e_tmp/port" || return
        port=$(grep -o 'port [0-9]*' "$e2e_tmp/port" | cut -d' ' -f2)
        python3 - "$registry" "$port" <<'P'
import base64, hashlib, json, sys
folder, port = sys.argv[1:]
name = "/t/tiny-1.0.0.tgz"
digest = base64.b64encode(hashlib.sha512(open(folder + name, "rb").read()).digest()).decode()
dist = {"tarball": f"http://127.0.0.1:{port}{name}", "integrity": "sha512-" + digest}
json.dump({"name": "tiny", "dist-tags": {"latest": "1.0.0"},
           "versions": {"1.0.0": {"name": "tiny", "version": "1.0.0", "main": "i.js", "dist": dist}}}, open(folder + "/tiny", "w"))
P
        printf '{"name":"app","version":"1.0.0","dependencies":{"tiny":"1.0.0"}}\n' >"$repo/package.json"
        (cd "$repo" && npm install --silent --no-audit --no-fund --registry "http://127.0.0.1:$port/" && rm -rf node_modules)
        git -C "$repo" add -A && git -C "$repo" commit -qm app
}

if here node npm; then
        server=''
        fill_npm_cache || { t "an npm cache" && fail "could not be made"; }
        [ -z "$server" ] || kill "$server"
        before=$(fingerprint "$HOME/.npm")
        policy='sandbox: {write: [~/.npm]}'
        inside "npm ci --offline from a cache that is writable inside" '
npm ci --offline --no-audit --no-fund && test "$(node -p "require(\"tiny\")")" = 42'
        is "$(fingerprint "$HOME/.npm")" "$before" "the cache on the host"
        policy='sandbox: {read: [~/.npm]}'
        inside "npm ci --offline from a cache that is shown read-only" '
npm ci --offline --no-audit --no-fund && test "$(node -p "require(\"tiny\")")" = 42'
        policy='{}'
        inside "node: http on localhost, workers, child processes, file watching" '
cat >/tmp/n.js <<N
const assert = require("assert"), fs = require("fs"), http = require("http");
const {Worker} = require("worker_threads"), {execSync} = require("child_process");
assert(require("os").cpus().length >= 1); assert.equal(execSync("echo 1").toString(), "1\n");
let left = 3; const done = () => { if (--left === 0) process.exit(0); };
const server = http.createServer((q, r) => r.end("x")).listen(0, () => http.get("http://localhost:" + server.address().port, r => { r.resume(); r.on("end", done); }));
new Worker("1", {eval: true}).on("exit", done);
fs.mkdirSync("/tmp/watched");
const watcher = fs.watch("/tmp/watched", () => { watcher.close(); done(); });
fs.writeFileSync("/tmp/watched/x", "1");
N
timeout 60 node /tmp/n.js'
        t "npm ci in both verifiers, from a carried node_modules"
        mkdir -p "$repo/node_modules/tiny"
        cp "$e2e_tmp/tiny/"* "$repo/node_modules/tiny/"
        printf 'sandbox: {carry: [node_modules]}\n' >"$e2e_tmp/policy.yaml"
        run "$repo" --policy "$e2e_tmp/policy.yaml" --title carry --verify unit='node -e "require(\"tiny\")"' -- sh -c 'rm -r node_modules/tiny; echo x >src/n.txt'
        replays_as 1 "its verifier reads a carried folder, which git ignores: it is in no packet and no clone" "$run_id"
        is "$status" 0 "exit status ($json $(stderr))"
        [ -f "$repo/node_modules/tiny/i.js" ] || fail "the carried folder was changed"
        rm -rf "$repo/node_modules"
fi

cargo=$(command -v cargo)
if here cargo; then
        # a toolchain in a home: the two folders that the table of docs/sandbox.md names
        case $(readlink -f "$cargo") in
        "$real_home"/*)
                policy="sandbox: {read: [$real_home/.cargo, $real_home/.rustup], env: [RUSTUP_HOME, CARGO_HOME]}"
                export CARGO_HOME=$real_home/.cargo RUSTUP_HOME=$real_home/.rustup
                ;;
        esac
        inside "cargo build and test --offline, its home shown read-only" '
mkdir -p build && cd build && cargo init -q --vcs none --name tiny . && cargo build -q --offline && cargo test -q --offline && ./target/debug/tiny'
        policy='{}'
        unset CARGO_HOME RUSTUP_HOME
fi
here go && inside "go build and test, without network" '
mkdir -p build && cd build
printf "module tiny\n\ngo 1.18\n" >go.mod
printf "package main\n\nfunc main() { println(answer()) }\n\nfunc answer() int { return 42 }\n" >main.go
printf "package main\n\nimport \"testing\"\n\nfunc TestAnswer(t *testing.T) {\n\tif answer() != 42 {\n\t\tt.Fatal()\n\t}\n}\n" >main_test.go
GOFLAGS=-mod=mod GOPROXY=off go build -o tiny . && ./tiny && GOPROXY=off go test ./...'
# a module proxy of one module, as files, fills the module cache on the host
fill_go_cache() {
        local at=$e2e_tmp/proxy/example.org/tiny/@v
        mkdir -p "$at"
        python3 - "$at" <<'P'
import sys, zipfile
at, mod = sys.argv[1], "module example.org/tiny\n"
for name, text in ("list", "v1.0.0\n"), ("v1.0.0.info", '{"Version":"v1.0.0","Time":"2020-01-01T00:00:00Z"}'), ("v1.0.0.mod", mod):
    open(at + "/" + name, "w").write(text)
with zipfile.ZipFile(at + "/v1.0.0.zip", "w") as archive:
    archive.writestr("example.org/tiny@v1.0.0/go.mod", mod)
    archive.writestr("example.org/tiny@v1.0.0/tiny.go", "package tiny\n\nfunc Answer() int { return 42 }\n")
P
        mkdir "$repo/app"
        printf 'module app\n\ngo 1.18\n' >"$repo/app/go.mod"
        printf 'package main\n\nimport "example.org/tiny"\n\nfunc main() { println(tiny.Answer()) }\n' >"$repo/app/main.go"
        (cd "$repo/app" && GOFLAGS=-modcacherw GOSUMDB=off GOPROXY=file://$e2e_tmp/proxy go mod tidy 2>/dev/null) || return
        git -C "$repo" add -A && git -C "$repo" commit -qm 'go app'
}
if here go; then
        fill_go_cache || { t "a go module cache" && fail "could not be made"; }
        policy='sandbox: {read: [~/go/pkg/mod]}'
        inside "go build, its module cache shown read-only" 'cd app && GOPROXY=off go build -o /tmp/app . && /tmp/app'
        policy='{}'
fi
here javac java && inside "javac, java, threads and a jar" '
mkdir -p build && cd build
printf "public class A{public static void main(String[] a)throws Exception{Thread[] t=new Thread[200];for(int i=0;i<200;i++){t[i]=new Thread(()->{});t[i].start();}for(Thread x:t)x.join();if(Runtime.getRuntime().availableProcessors()<1)throw new Exception();System.out.println(System.getProperty(\"user.name\"));}}\n" >A.java
javac A.java && test "$(java A)" = cupel && jar cf a.jar A.class && java -cp a.jar A'
here mvn && inside "mvn starts" 'mvn -v'
here chromium && inside "chromium, headless, without its own sandbox" '
echo "<body><script>document.body.innerHTML=1+1</script></body>" >/tmp/x.html
timeout 100 chromium --headless --no-sandbox --disable-gpu --dump-dom file:///tmp/x.html 2>/dev/null | grep -q "<body>2"'
here perl && inside "perl with sockets and threads of its own" 'perl -MIO::Socket::INET -MPOSIX -e "IO::Socket::INET->new(Listen=>1,LocalAddr=>q(127.0.0.1)) or die"'

# ---- git and ssh ----

inside "git: branch, rebase, stash, worktree, submodule, log -p, gc, bisect" '
test -z "$(git status --porcelain)" && git log -p --all >/tmp/log && test -s /tmp/log
git checkout -q -b topic && echo t >src/t.txt && git add -A && git commit -qm t
git checkout -q work && echo w >src/w.txt && git add -A && git commit -qm w && git rebase -q topic
echo s >>src/a.txt && git stash -q && git stash pop -q && git checkout -q src/a.txt
git worktree add -q /tmp/tree topic && test -f /tmp/tree/src/t.txt && git worktree remove /tmp/tree
git init -q /tmp/sub && git -C /tmp/sub commit -q --allow-empty -m first
git init -q /tmp/super && git -C /tmp/super -c protocol.file.allow=always submodule add -q /tmp/sub sub
git -C /tmp/super commit -qm submodule && git clone -q /tmp/super /tmp/clone
git mv src/a.txt src/c.txt && git mv src/c.txt src/a.txt && git gc -q && git fsck && git blame src/a.txt >/dev/null
git reset -q --hard HEAD~2'
here ssh-keygen && inside "ssh-keygen, and a signed commit" '
ssh-keygen -q -t ed25519 -N "" -f ~/key
git init -q /tmp/s && cd /tmp/s
git -c gpg.format=ssh -c user.signingkey=$HOME/key.pub commit -q -S --allow-empty -m signed
echo "agent@cupel.invalid $(cat ~/key.pub)" >~/allowed
git -c gpg.ssh.allowedSignersFile=$HOME/allowed verify-commit HEAD'

# ---- The system as programs find it ----

here ps pgrep top && inside "ps, top -b, pgrep, pkill see the step alone" '
sleep 1000 & ps aux | grep -q "[s]leep 1000" && pgrep -x sleep && top -b -n1 >/dev/null && pkill -x sleep
test "$(ps -e | wc -l)" -lt 20'
here lsof && inside "lsof" 'lsof -p $$ >/dev/null'
inside "who and where: id, whoami, hostname, nproc, uptime, free, df, mount" '
test "$(whoami)" = cupel && id && id -gn && groups && hostname && uname -a && test "$(nproc)" -ge 1
uptime && free && df -h / /tmp "$HOME" . && mount | grep -q overlay && test -s /etc/machine-id && getent passwd cupel'
inside "locale and time zones" '
test "$(LC_ALL=C.UTF-8 locale charmap)" = UTF-8 && date
test "$(TZ=Europe/Berlin date -d @0 +%H)" = 01 && test "$(printf "%s" "$LANG")" != ""'
here python3 gcc && inside "1,000 threads" '
printf "#include <pthread.h>\n#include <stdio.h>\n#include <unistd.h>\nstatic pthread_barrier_t b;static void*f(void*p){pthread_barrier_wait(&b);return p;}\nint main(void){pthread_t t[1000];pthread_barrier_init(&b,0,1001);for(int i=0;i<1000;i++)if(pthread_create(t+i,0,f,0)){perror(\"thread\");return 1;}pthread_barrier_wait(&b);for(int i=0;i<1000;i++)pthread_join(t[i],0);return 0;}\n" >/tmp/t.c
gcc -pthread -o /tmp/t /tmp/t.c && /tmp/t'
here python3 && inside "sockets: IPv4, IPv6, localhost, both at once, Unix, abstract" '
/usr/bin/python3 - <<P
import os, socket
def meet(server, *names):
    port = server.getsockname()[1]
    for name in names: socket.create_connection((name, port), 5).close()
meet(socket.create_server(("127.0.0.1", 0)), "127.0.0.1", "localhost", "cupel")
meet(socket.create_server(("::1", 0), family=socket.AF_INET6), "::1", "localhost")
meet(socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True), "127.0.0.1", "::1", "localhost")
for name in ("s", "/tmp/s", "\0abstract"):
    server = socket.socket(socket.AF_UNIX); server.bind(name); server.listen(); socket.socket(socket.AF_UNIX).connect(name)
os.unlink("s")
P'
here curl python3 && inside "curl to a server inside, by address and by name" '
/usr/bin/python3 -u -m http.server 8123 >/tmp/server 2>&1 &
curl -sf --retry 20 --retry-connrefused http://127.0.0.1:8123/ >/dev/null && curl -sf http://localhost:8123/ >/dev/null && kill %1'
here python3 && inside "inotify, file locks, mmap of a large file, memfd, xattrs of user files" '
/usr/bin/python3 - <<P
import ctypes, fcntl, mmap, os
assert ctypes.CDLL(None).inotify_init1(0) >= 0
f = open("locked", "w"); fcntl.flock(f, fcntl.LOCK_EX); fcntl.lockf(f, fcntl.LOCK_EX); os.unlink("locked")
f = open("big", "w+b"); f.truncate(1 << 30); m = mmap.mmap(f.fileno(), 0); m[(1 << 30) - 1] = 1; m.close(); os.unlink("big")
os.memfd_create("x"); os.pidfd_open(os.getpid())
P'
here sqlite3 && inside "sqlite3 in WAL mode, in the worktree" '
mkdir build && sqlite3 build/x.db "pragma journal_mode=wal; create table t(a); insert into t values(1); select count(*) from t;" | grep -q 1'
here tar && inside "tar, cp -a and --reflink=auto, hard links, modes, times" '
mkdir -p build/t && cd build && echo 1 >t/f && ln -s f t/l && ln t/f t/h && chmod 640 t/f && touch -d @1000000000 t/f
tar cf t.tar t && mkdir o && tar xf t.tar -C o && test "$(stat -c %a:%Y o/t/f)" = 640:1000000000 && test -L o/t/l && test o/t/f -ef o/t/h
cp -a --reflink=auto t c && test "$(stat -c %Y c/f)" = 1000000000'
here zip unzip && inside "zip and unzip" 'mkdir build && cd build && echo 1 >f && zip -q f.zip f && rm f && unzip -q f.zip && test -s f'
inside "a committed folder is renamed: mv, and git sees a rename" '
mv src moved && git add -A && git status --porcelain | grep -q "^R  src/a.txt -> moved/a.txt" && git mv moved again && mv again src && git add -A
test -z "$(git status --porcelain)"'
here python3 && inside "what cannot be: rename(2) of a committed folder says EXDEV, and shutil copes" '
/usr/bin/python3 - <<P
import errno, os, shutil
try: os.rename("src", "moved")
except OSError as e: assert e.errno == errno.EXDEV, e
else: raise SystemExit("rename of a lower folder worked: correct the table of docs/sandbox.md")
shutil.move("src", "moved"); shutil.move("moved", "src")
P
mkdir build && cp -r .git build/g && rm -r build && mkdir other && git mv src/a.txt other/ && git reset -q --hard'
inside "scripts by shebang, /usr/bin/env, terminfo, services, mktemp, certificates" '
printf "#!/usr/bin/env bash\necho \$0\n" >/tmp/x && chmod +x /tmp/x && test "$(/tmp/x)" = /tmp/x
printf "#!/bin/sh\nexit 0\n" >src/x.sh && chmod +x src/x.sh && ./src/x.sh && rm src/x.sh
TERM=xterm-256color tput colors && getent services http && mktemp && mktemp -d -p /var/tmp && ls /etc/ssl/certs >/dev/null'
inside "time limits, signals, priorities, job control" '
no timeout 0.2 sleep 100 && nice -n 5 true && (trap "exit 0" USR1; kill -USR1 $BASHPID; exit 1)
sleep 100 & kill %1; no wait %1'
inside "what is not there says so" '
no docker ps 2>/tmp/e; no sudo -n true 2>>/tmp/e; test -s /tmp/e
no cat /proc/1/environ 2>/tmp/e && grep -q "ermission" /tmp/e'

[ "${#absent[@]}" = 0 ] || printf '# NOT ON THIS MACHINE, and so not shown to work: %s\n' "${absent[*]}"
done_testing
