#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every attempt of the table that needs no preparation, in the agent's step, in a self-verifier and in a director's verifier.
#
#     tests/abuse/test_inside.sh [NAME|NUMBER…]     one of them, or a line ("7.")
source "$(dirname "$0")/lib.sh"

repo=$(new_repo)
words=("$@")

# The agent's command may write; the folder with what attempts left is not part of the candidate.
printf '/attempt-*\n' >>"$repo/.gitignore"
git -C "$repo" commit -qam ignore

t "the agent's step"
run "$repo" "${abuse[@]}" -- "$attack_folder/attack" "${words[@]}"
inside_out=$packet/logs/agent.log
[ -f "$inside_out" ] || fail "no log: $json $(stderr)"
report_inside

for gate in self director; do
        printf 'sandbox:\n  read: [%s]\nverifiers: {abuse: {run: "%s | grep ^not && exit 1; exit 0", gate: %s}}\n' \
                "$attack_folder" "$attack_folder/attack ${words[*]}" "$gate" >"$e2e_tmp/$gate.yaml"
        t "all of them again in a verifier of gate $gate"
        run "$repo" --policy "$e2e_tmp/$gate.yaml" --verify abuse --title x -- sh -c "echo $gate > src/a.txt"
        is "$outcome" committed "outcome ($json $(stderr | tail -n 3))"
done

done_testing
