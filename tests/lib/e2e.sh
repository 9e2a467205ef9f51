# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The ground of every end-to-end test: a private home, state and cache, small repositories, and the judges. Source it first:
#
#     source "$(dirname "$0")/../lib/e2e.sh"
#     t "a run commits"                       # names what follows, until the next t or done_testing
#     repo=$(new_repo)                        # a git repository with one commit and a verifier
#     run "$repo" --title x -- sh -c '…'      # sets status, json, and the fields outcome commit tree base packet
#     is "$status" 0 "exit status"
#     done_testing
#
# CUPEL_BIN names the folder of the programs (default: build/bin of this checkout).
set -u

e2e_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CUPEL_BIN=${CUPEL_BIN:-$e2e_top/build/bin}
PATH=$CUPEL_BIN:/usr/bin:/bin:$PATH # before what a version manager puts there: its shims take longer than the programs
e2e_cupel=$CUPEL_BIN/cupel
e2e_tmp=$(mktemp -d "${TMPDIR:-/tmp}/cupel-e2e-XXXXXX")
export HOME=$e2e_tmp/home XDG_STATE_HOME=$e2e_tmp/state XDG_CACHE_HOME=$e2e_tmp/cache XDG_CONFIG_HOME=$e2e_tmp/config
export GIT_CONFIG_NOSYSTEM=1 LC_ALL=C.UTF-8
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE CUPEL_STATE CUPEL_CACHE
mkdir -p "$HOME"
git config --global user.name "Test User"
git config --global user.email test@example.org
git config --global init.defaultBranch main
git config --global advice.detachedHead false

# shellcheck source=replayed.sh
source "$e2e_top/tests/lib/replayed.sh"

e2e_name='' e2e_bad=0 e2e_spoiled=0 e2e_passed=0 e2e_failed=0 e2e_serial=0
status='' json='' outcome='' commit='' tree='' base='' packet='' run_id=''

e2e_close() {
        [ -n "$e2e_name" ] || return 0
        if [ "$e2e_bad" = 0 ]; then
                e2e_passed=$((e2e_passed + 1))
                printf 'ok - %s\n' "$e2e_name"
        else
                e2e_failed=$((e2e_failed + 1))
                printf 'not ok - %s\n' "$e2e_name"
        fi
}

t() {
        e2e_close
        see_runs
        e2e_name=$1 e2e_bad=0
}

fail() {
        e2e_bad=1
        printf '#   %s: %s\n' "$e2e_name" "$*"
}

is() { [ "$1" = "$2" ] || fail "${3:-value}: got '$1', expected '$2'"; }
isnt() { [ "$1" != "$2" ] || fail "${3:-value}: must not be '$2'"; }
has() { case $1 in *"$2"*) ;; *) fail "${3:-text}: no '$2' in: $(printf %s "$1" | head -c 600)" ;; esac; }
hasnt() { case $1 in *"$2"*) fail "${3:-text}: '$2' in: $(printf %s "$1" | head -c 600)" ;; esac; }
succeeds() { "$@" >"$e2e_tmp/out" 2>&1 || fail "failed: $* : $(head -c 600 "$e2e_tmp/out")"; }
fails() { if "$@" >"$e2e_tmp/out" 2>&1; then fail "succeeded: $*"; fi; }

# Every packet that a test leaves must keep its terms and have the form of the schema. A test that spoils packets says so with
# packets_spoiled, or repairs them.
packets_spoiled() { e2e_spoiled=1; }
e2e_packets() {
        local folder sealed=()
        for folder in "$XDG_STATE_HOME"/cupel/repos/*/runs/*/; do
                [ -f "$folder/evidence/SHA256SUMS" ] && [ ! -e "$folder/../../ending/$(basename "$folder")" ] && sealed+=("$folder")
        done
        [ ${#sealed[@]} -gt 0 ] && [ "$e2e_spoiled" = 0 ] || return 0
        t "the ${#sealed[@]} packets of this test are complete"
        for folder in "${sealed[@]}"; do
                succeeds cupel packet check "$folder"
        done
        succeeds /usr/bin/python3 "$e2e_top/tests/lib/valid_reports.py" "${sealed[@]}"
}

done_testing() {
        e2e_close
        e2e_name=''
        e2e_packets
        replay_seen_runs
        e2e_close
        chmod -R u+rwX "$e2e_tmp" 2>/dev/null
        rm -rf "$e2e_tmp"
        printf '%d passed, %d failed\n' "$e2e_passed" "$e2e_failed"
        [ "$e2e_failed" = 0 ]
        exit
}

# A fresh folder of this test.
new_folder() {
        mktemp -d "$e2e_tmp/${1:-folder}-XXXXXX"
}

# admit REPO OPTIONS… : nothing runs in a repository that nobody admitted.
admit() {
        local repo=$1
        shift
        (cd "$repo" && exec cupel admit --yes "$@") >"$e2e_tmp/admitted" 2>&1 || fail "cupel admit in $repo: $(cat "$e2e_tmp/admitted")"
}

# An admitted repository with a program, its test and one commit; prints its path.
new_repo() {
        local repo
        repo=$(new_folder repo)
        git -C "$repo" init -q
        mkdir "$repo/src"
        printf 'one\n' >"$repo/src/a.txt"
        printf 'two\n' >"$repo/src/b.txt"
        printf '#!/bin/sh\ntest -f src/a.txt\n' >"$repo/check.sh"
        printf '*.o\n/ignored/\n' >"$repo/.gitignore"
        chmod +x "$repo/check.sh"
        git -C "$repo" add -A
        git -C "$repo" commit -q -m base
        admit "$repo" >&2
        printf '%s\n' "$repo"
}

field() { python3 -IS -c 'import json,sys
v=json.load(sys.stdin)[sys.argv[1]]
print("" if v is None else v if isinstance(v,str) else json.dumps(v))' "$1" <<<"$2"; }

# Takes the result line of `cupel run --json` apart.
read_result() {
        json=$(tail -n 1 "$1")
        case $json in
        '{'*)
                outcome=$(field outcome "$json") commit=$(field commit "$json") tree=$(field tree "$json")
                base=$(field base "$json") packet=$(field packet "$json") run_id=$(field run "$json")
                ;;
        *) outcome='' commit='' tree='' base='' packet='' run_id='' ;;
        esac
}

# run REPO OPTIONS… : cupel run --json there.
run() {
        local repo=$1
        shift
        (cd "$repo" && exec cupel run --json --quiet "$@") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
        status=$?
        read_result "$e2e_tmp/stdout"
        see_runs
}

weaken=$CUPEL_BIN/../tests/bin/weaken

# weakened LAYERS run REPO OPTIONS… : as run, on a machine that lacks these layers
weakened() {
        local layers=$1 repo=$2
        shift 2
        # shellcheck disable=SC2086
        (cd "$repo" && exec timeout 120 "$weaken" $layers -- "$CUPEL_BIN/cupel" run --json --quiet "$@") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
        status=$?
        read_result "$e2e_tmp/stdout"
}

stderr() { cat "$e2e_tmp/stderr"; }

# Everything of a repository that a run could have touched: names, kinds, modes, link targets, bytes; of .git too.
fingerprint() {
        (
                cd "$1" || exit
                find . -printf '%P|%y|%m|%l\n' | LC_ALL=C sort
                find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        ) | sha256sum | cut -d' ' -f1
}

# wait_for SECONDS COMMAND… : until it succeeds, or the deadline passes.
wait_for() {
        local deadline=$((SECONDS + $1))
        shift
        until "$@" >/dev/null 2>&1; do
                [ "$SECONDS" -lt "$deadline" ] || return 1
                read -r -t 0.02 <> <(:) || :
        done
}

# start_refusing FOLDER: an upstream that answers as FOLDER/script says (tests/lib/refusing_server.py), on `port`, for as long as fd 8 is open.
start_refusing() {
        mkfifo "$1/stop"
        python3 -B "$e2e_top/tests/lib/refusing_server.py" "$1" <"$1/stop" 2>"$1/complaints" &
        exec 8>"$1/stop"
        wait_for 30 test -s "$1/port" || { t "the upstream starts" && fail "$(cat "$1/complaints")" && done_testing; }
        port=$(cat "$1/port")
}

# No process of ours works on this test's state any more.
quiet_now() { ! pgrep -f -- "$e2e_tmp/state" >/dev/null; }

# ---- Several runs at once, in a known order: nobody lands until they are all where the test wants them ----

# state_of REPO: its folder of the state. hold_landings REPO / let_land: nobody lands in between.
state_of() { ls -d "$XDG_STATE_HOME/cupel/repos/$(basename "$1" | tr '[:upper:]' '[:lower:]')"-*; }
hold_landings() {
        exec 9>"$(state_of "$1")/landing.lock"
        flock 9
}
let_land() { exec 9>&-; }

# begin NAME REPO OPTIONS… : a run in the background, until it stands in the line before its target; its id: ${run_of[NAME]}.
# end NAME: waits for it and reads its result, like run.
declare -A run_of=() pid_of=() repo_of=()
in_line() {
        local fifo
        for fifo in "$(state_of "$2")/line/$1"__*; do
                [ -p "$fifo" ] && run_of[$1]=${fifo##*/} && return 0
        done
        return 1
}
begin() {
        local name=$1 repo=$2
        shift 2
        (cd "$repo" && exec cupel run --json --quiet --title "$name" "$@" 9>&-) >"$e2e_tmp/$name.stdout" 2>"$e2e_tmp/$name.stderr" &
        pid_of[$name]=$!
        repo_of[$name]=$repo
        run_of[$name]=''
        wait_for 10 in_line "$name" "$repo" || fail "$name is not in the line: $(cat "$e2e_tmp/$name.stdout" "$e2e_tmp/$name.stderr")"
}
end() {
        wait "${pid_of[$1]}"
        status=$?
        read_result "$e2e_tmp/$1.stdout"
        see_runs
}
director_of() { pgrep -f -- "cupel-director run .*--run ${run_of[$1]}( |\$)"; }
