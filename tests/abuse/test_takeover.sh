#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A runner that was taken over: the kernel refuses its writes, the director refuses its trees.
source "$(dirname "$0")/lib.sh"

evil=${CUPEL_TEST_BIN:-$CUPEL_BIN/../tests/bin}/evil-runner
if [ ! -x "$evil" ]; then
        t "the taken-over runner is built"
        fail "no $evil: build the target evil-runner"
        done_testing
fi
# cupel finds its programs beside itself: a folder of copies, with another runner
programs=$(new_folder programs)
cp "$CUPEL_BIN"/cupel "$CUPEL_BIN"/cupel-director "$CUPEL_BIN"/cupel-sandbox "$CUPEL_BIN"/cupel-egress "$programs"
cp "$evil" "$programs/cupel-runner"
PATH=$programs:$PATH
hash -r

repo=$(new_repo)
git -C "$repo" pack-refs --all
git -C "$repo" update-ref refs/heads/main HEAD
printf '#!/bin/sh\n' >"$repo/.git/hooks/post-commit"
echo bashrc >"$HOME/.bashrc"
before=$(fingerprint "$repo")

attempt 35.1
run "$repo" --title "evil write" --verify unit=./check.sh -- true
report=$packet/logs/evil.txt
[ -s "$report" ] || fail "no report: $json $(stderr)"
is "$(grep -c '^WORKED' "$report")" 0 "attempts that worked: $(grep '^WORKED' "$report" | head -5)"
[ "$(grep -c '^refused' "$report")" -gt 40 ] || fail "too few attempts: $(wc -l <"$report")"
is "$(fingerprint "$repo")" "$before" "the repository"
isnt "$status" 0 "exit status"
is "$(cat "$HOME/.bashrc")" bashrc "home"

attempt 35.2
for what in 'make a socket' 'connect docker' inet ptrace remount umount bind tmpfs; do
        grep -q "^refused $what " "$report" || fail "$what: $(grep " $what " "$report")"
done

attempt 35.3
for what in 'run a program that it has written' 'list /var'; do
        grep -q "^refused $what " "$report" || fail "$what: $(grep " $what " "$report")"
done

attempt 35.4
is "$(grep -c '^namespace ' "$report")" 6 "namespaces that were told"
is "$(grep '^namespace ' "$report" | grep -F "$(readlink /proc/self/ns/{user,mnt,pid,net,ipc,uts})")" "" "shared with the host"
attempt 35.9
said=$(cd "$repo" && "$e2e_top/tests/lib/terminal.py" "$e2e_tmp/seen" "expect=director_refused" -- \
        cupel run --title "evil terminal" --verify unit=./check.sh -- true)
is "$said" "23 restored" "end"
hasnt "$(cat "$e2e_tmp/seen")" $'\033]0;evil' "the terminal"
has "$(cat "$e2e_tmp/seen")" '\033]0;evil\a' "the terminal"
report=$(cat "$XDG_STATE_HOME"/cupel/repos/*/runs/evil-terminal*/logs/evil.txt)
has "$report" "refused session" "the report"
hasnt "$report" WORKED "attempts that worked"

for kind in dotdot slash empty-name dotgit dotGIT git~1 zwnj duplicate unsorted gitlink badmode setuid missing missing-tree; do
        attempt 35.5 "$kind"
        run "$repo" --title "evil tree $kind" --verify unit=true -- true
        is "$status" 23 "exit status ($json $(stderr))"
        has "$(cd "$repo" && cupel events "$run_id" --type receipt.attack.report --json)" '"kind":"objects"' "what was tried is on record"
        is "$(fingerprint "$repo")" "$before" "the repository"
done

attempt 35.6
run "$repo" --title "evil tree good" --verify unit=./check.sh -- true
is "$status" 23 "exit status ($json $(stderr))"
is "$(fingerprint "$repo")" "$before" "the repository"

attempt 35.7
run "$repo" --title "evil linger" --verify unit=./check.sh -- true
is "$status" 23 "exit status ($json $(stderr))"
is "$(fingerprint "$repo")" "$before" "the repository"
wait_for 5 quiet_now || fail "a process is left"

attempt 35.8 "a line that never ends"
(cd "$repo" && exec timeout 60 cupel run --json --quiet --title "evil endless" --verify unit=true -- true) >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
is "$?" 70 "exit status"
has "$(cd "$repo" && cupel events @last --type receipt.attack.report --json)" '"kind":"channel"' "what was tried is on record"
is "$(fingerprint "$repo")" "$before" "the repository"
wait_for 5 quiet_now || fail "a process is left"

for what in results dropped; do
        attempt 35.8 "$what without end"
        (cd "$repo" && exec timeout 60 cupel run --json --quiet --title "evil stream $what" --verify unit=true -- true) >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
        is "$?" 70 "exit status ($(cat "$e2e_tmp/stdout"))"
        is "$(fingerprint "$repo")" "$before" "the repository"
        wait_for 5 quiet_now || fail "a process is left"
done

attempt 35.8 "forged events"
run "$repo" --title "evil forge" --verify unit=true -- true
isnt "$status" 0 "exit status"
is "$(fingerprint "$repo")" "$before" "the repository"
hasnt "$(cd "$repo" && cupel events --json @last)" '"type":"dev.cupel.receipt.commit"' "the log"

attempt 35.8 "more notes than the budget"
run "$repo" --title "evil flood" --budget notes=5 --verify unit=true -- true
is "$status" 70 "exit status"
has "$json" "more notes than a run may have" "the reason"
is "$(cd "$repo" && cupel events --json @last | grep -c '"type":"dev.cupel.note.observation"')" 5 "notes that were kept"

# ---- checkpoints: a state that the bundle declares, below a folder ----

bundle=$(new_folder bundle) outside=$(new_folder outside)
printf 'state: model/ckpt\n' >"$bundle/checkpoint.yaml"

attempt 35.14
run "$repo" --title "evil checkpoint $outside" --mood calm --bundle "$bundle" --verify unit=./check.sh -- true
report=$(cat "$packet/logs/evil.txt")
has "$report" "kept: whole" "the checkpoint"
[ "$(grep -c '^refused' <<<"$report")" -ge 15 ] || fail "too few attempts: $report"
hasnt "$report" WORKED "attempts that worked"
succeeds diff -r "$packet/config_snapshot" "$packet/checkpoints/step_000001/config_snapshot"

attempt 35.15
(cd "$repo" && exec timeout 60 cupel resume --json --quiet "$run_id") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr" </dev/null
is "$?" 23 "exit status ($(cat "$e2e_tmp/stdout"))"
has "$(cat "$e2e_tmp/stdout")" "open folder tree/model" "the reason"
is "$(ls -A "$outside")" '' "what lies outside"
is "$(fingerprint "$repo")" "$before" "the repository"

attempt 35.16
(cd "$repo" && exec timeout 60 cupel run --json --quiet --title "evil checkpoint huge" --mood calm --verify unit=./check.sh -- true) \
        >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
isnt "$?" 124 "exit status"
report=$(cat "$XDG_STATE_HOME"/cupel/repos/*/runs/evil-checkpoint-huge__*/logs/evil.txt)
grep -q 'refused a small file system' <<<"$report" || has "$report" "more bytes than there may be" "the reason"

attempt 35.17
printf 'title: evil outputs\nverify: [{name: unit, run: ./check.sh}]\noutputs: ["out/*"]\n' >"$e2e_tmp/outputs.yaml"
(cd "$repo" && exec timeout 60 cupel run --json --quiet --mood calm "$e2e_tmp/outputs.yaml" -- true) >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
isnt "$?" 124 "exit status"
is "$(cat "$XDG_STATE_HOME"/cupel/repos/*/runs/evil-outputs__*/logs/evil.txt)" laid "what was left"

# ---- with network: a route to a port where nobody listens, and a credential ----

ABUSE_SECRET=sk-abuse-$RANDOM$RANDOM$RANDOM
export ABUSE_SECRET
cat >"$e2e_tmp/route.yaml" <<'END'
agents: {evil: {command: ["true"], network: {routes: {api: {upstream: "http://127.0.0.1:9", header: {x-api-key: env ABUSE_SECRET}, allow: ["GET /*"]}}}}}
verifiers: {unit: ./check.sh}
END

# evil_net KIND: one run of it, which must end by itself, without a trace and without the credential in anything that is kept.
evil_net() {
        (cd "$repo" && exec timeout 60 cupel run --json --quiet --policy "$e2e_tmp/route.yaml" --agent evil --verify unit --title "evil net $1") \
                >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
        status=$? json=$(tail -n 1 "$e2e_tmp/stdout")
        packet=$(ls -d "$XDG_STATE_HOME"/cupel/repos/*/runs/evil-net-"$1"__*)
        report=$(cat "$packet/logs/evil.txt")
        case $status in 0 | 2 | 30 | 31 | 124) fail "exit status $status ($json $(stderr))" ;; esac
        has "$report" "refused begun" "the attempt was made"
        [ -z "${2:-}" ] || has "$json" "$2" "the reason"
        hasnt "$report" WORKED "attempts that worked"
        is "$(fingerprint "$repo")" "$before" "the repository"
        is "$(grep -rlF "$ABUSE_SECRET" "$XDG_STATE_HOME" "$XDG_CACHE_HOME" "$e2e_tmp/stdout" "$e2e_tmp/stderr")" "" "the credential"
        wait_for 5 quiet_now || fail "a process is left"
}

attempt 35.10
evil_net credential

for kind in no-listener descriptors config deaf endless half; do
        attempt 35.11 "$kind"
        evil_net "$kind"
done

attempt 35.12
evil_net own-ends

attempt 35.13
evil_net receipts
hasnt "$(cd "$repo" && cupel events --json @last)" forged.example "the log"

done_testing
