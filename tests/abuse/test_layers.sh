#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every layer is noticed: a sandbox without it (weaken.c) lets at least one attempt of the table end otherwise. Where another
# layer holds the same attempts, both are left out, and then something opens; a sandbox that does not start has noticed, too.
# Each line says which attempts noticed.
source "$(dirname "$0")/lib.sh"

weak=${attack%/*}/cupel-sandbox-weak
evil=${attack%/*}/evil-runner
[ -x "$weak" ] && [ -x "$evil" ] || {
        t "the weak sandbox is built"
        fail "no $weak: build the targets cupel-sandbox-weak and evil-runner"
        done_testing
}
for kind in honest evil; do
        mkdir "$e2e_tmp/$kind"
        cp "$CUPEL_BIN"/cupel "$CUPEL_BIN"/cupel-* "$e2e_tmp/$kind"
        cp "$weak" "$e2e_tmp/$kind/cupel-sandbox"
done
cp "$evil" "$e2e_tmp/evil/cupel-runner"
path=$PATH
abuse_policy 'env: [WEAKEN_LAYERS]' >"$e2e_tmp/policy.yaml"

# weakened KIND LAYERS REPO OPTIONS… : a run of these programs without these layers.
weakened() {
        local kind=$1 layers=$2
        shift 2
        PATH=$e2e_tmp/$kind:$path
        hash -r
        export WEAKEN_LAYERS=$layers
        run "$@"
        unset WEAKEN_LAYERS
        PATH=$path
}

# What noticed, in $noticed: numbers of attempts, or that it does not start.
by_attack() {
        local repo
        repo=$(new_repo)
        weakened honest "$1" "$repo" "${abuse[@]}" --budget wall=60s -- "$attack_folder/attack"
        noticed=$(sed -n 's/^not ok - \([0-9.]*\) .*/\1/p' "$packet/logs/agent.log" 2>/dev/null | tr '\n' ' ')
        [ "$outcome" != sandbox_unavailable ] || noticed="it does not start"
}

by_evil() {
        local repo report own
        repo=$(new_repo)
        weakened evil "$1" "$repo" --policy "$e2e_tmp/policy.yaml" --title "evil write" --verify unit -- true
        report=$packet/logs/evil.txt
        noticed=$(sed -n 's/^WORKED //p' "$report" 2>/dev/null | head -n 3 | tr '\n' ' ')
        own=$(readlink /proc/self/ns/* | sort -u)
        noticed+=$(sed -n 's/^namespace //p' "$report" 2>/dev/null | grep -Fx "$own" | tr '\n' ' ')
        [ "$outcome" != sandbox_unavailable ] || noticed="it does not start"
}

# The agent leaves System V memory behind; the verifier must not find it.
by_verifier() {
        local repo
        repo=$(new_repo)
        abuse_policy 'env: [WEAKEN_LAYERS]' | sed '/^verifiers/d' >"$e2e_tmp/ipc.yaml"
        printf 'verifiers: {ipc: {run: "ipcs -m", gate: self}}\n' >>"$e2e_tmp/ipc.yaml"
        weakened honest "$1" "$repo" --policy "$e2e_tmp/ipc.yaml" --verify ipc --title x -- sh -c 'ipcmk -M 4096; echo > src/x'
        noticed=$(grep -c ^0x "$packet/logs/verify.ipc.log")
        noticed=${noticed#0}
}

# No namespace of the step is the host's; that of time is, which nobody can set.
by_host() {
        local repo
        repo=$(new_repo)
        weakened honest "$1" "$repo" "${abuse[@]}" -- sh -c 'readlink /proc/self/ns/*; echo > src/x'
        grep -q '^mnt:' "$packet/logs/agent.log" || fail "no namespaces: $json $(stderr)"
        noticed=$(grep -Fx "$(readlink /proc/self/ns/*)" "$packet/logs/agent.log" | grep -v ^time | sort -u | tr '\n' ' ')
}

by_key() {
        local repo
        repo=$(new_repo)
        export WEAKEN_LAYERS=$1
        (cd "$repo" && PATH=$e2e_tmp/honest:$path exec "$attack" with-key cupel-abuse-secret "$e2e_tmp/honest/cupel" run --json --quiet \
                "${abuse[@]}" -- "$attack_folder/attack" parents_key cupel-abuse-secret) >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
        unset WEAKEN_LAYERS
        read_result "$e2e_tmp/stdout"
        grep -q "5\.4" "$packet/logs/agent.log" || fail "the attempt was not made: $json $(stderr)"
        noticed=$(sed -n 's/^not ok - \([0-9.]*\) .*/\1/p' "$packet/logs/agent.log")
}

# A server of the host below a folder that the policy shows.
by_socket() {
        local repo
        repo=$(new_repo)
        weakened honest "$1" "$repo" --policy "$e2e_tmp/shown.yaml" --verify unit --title x -- "$attack_folder/attack" connect_shown "$shown/s"
        grep -q "34\.1" "$packet/logs/agent.log" || fail "the attempt was not made: $json $(stderr)"
        noticed=$(sed -n 's/^not ok - \([0-9.]*\) .*/\1/p' "$packet/logs/agent.log")
}
shown=$(new_folder shown)
abuse_read=$shown abuse_policy 'env: [WEAKEN_LAYERS]' >"$e2e_tmp/shown.yaml"
python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(64); time.sleep(600)' "$shown/s" &
server=$!
wait_for 10 test -S "$shown/s" || fail "no server"

# layer NAMES HOW [WHO HOLDS IT ALONE] : without them something is noticed; with the third argument, without the first of them
# nothing is, since that one holds the same.
layer() {
        local names=$1 how=$2 held=${3:-}
        t "without $names${held:+ (without ${names%%,*} alone: held by $held)}"
        if [ -n "$held" ]; then
                "by_$how" "${names%%,*}"
                is "$noticed" "" "what noticed that ${names%%,*} is missing, although $held"
        fi
        "by_$how" "$names"
        [ -n "$noticed" ] || fail "nobody noticed ($json $(stderr | tail -n 2))"
        e2e_name+=": noticed by $(printf %s "$noticed" | head -c 160)"
}

t "with all layers nothing is noticed"
for how in attack evil verifier host key socket; do
        "by_$how" none
        is "$noticed" "" "by $how"
done

t "nothing runs before PID 1 has left the host's tree, however long that takes"
by_attack late-leave
is "$noticed" "" "what noticed"

t "nothing runs before the files of /etc are there"
weakened honest late-fill "$(new_repo)" "${abuse[@]}" -- sh -c 'cat /etc/hosts; echo > src/x'
has "$(cat "$packet/logs/agent.log")" "localhost cupel"

t "a layer that fails after the sandbox was said to be ready ends the run before anything runs"
by_attack failing
is "$noticed" "it does not start"
has "$json$(stderr)" "no capability can be dropped"

# the step
layer seccomp attack
layer landlock attack
layer caps attack
layer bounding attack
layer securebits attack
layer nnp attack
layer nested attack
layer nested,seccomp attack
layer rlimits attack
layer session attack
layer oom attack
layer proc-ro attack
layer proc-mask attack
layer ro attack
layer nosuid attack
layer nodev attack
layer old-root attack
layer pid attack
layer net attack
layer ipc verifier
layer uts attack
layer cgroup host
for namespace in net ipc uts; do
        layer "$namespace,cage-$namespace" host "the cage has one of its own"
done
layer shown-overlay socket
layer dumpable,landlock attack "Landlock, which knows no way out of its domain"
layer ro-system,cage-ro attack "the cage, whose read-only mounts cannot be taken back"
layer plant-fd,fds attack "close_range: a descriptor that was planted is gone"
layer fds,plant-fd attack "O_CLOEXEC, with which all of ours are opened"
layer plant-env,env attack "the list of variables: one that was planted is gone"
layer keyring,seccomp key seccomp
layer seccomp,keyring key "the session keyring of its own"

# the cage, with a runner that was taken over
layer cage-ro evil
layer cage-landlock evil
layer cage-seccomp evil
for namespace in pid net ipc uts; do
        layer "cage-$namespace" evil
done

kill "$server"
done_testing
