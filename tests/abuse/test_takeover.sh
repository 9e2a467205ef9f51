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
cp "$CUPEL_BIN"/cupel "$CUPEL_BIN"/cupel-director "$CUPEL_BIN"/cupel-sandbox "$programs"
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
is "$(fingerprint "$repo")" "$before" "the repository"
wait_for 5 quiet_now || fail "a process is left"

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

done_testing
