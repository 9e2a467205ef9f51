#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What an agent does to its worktree ends alike in every tier: what it did wrong is its own fault, and never ours.
source "$(dirname "$0")/../lib/e2e.sh"

config=$XDG_CONFIG_HOME/cupel/config.yaml
mkdir -p "${config%/*}"
printf 'sandbox: {minimum: D, carry: [in/modules]}\n' >"$config"

repo=$(new_repo)
mkdir -p "$repo/in/modules"
echo module >"$repo/in/modules/file"
echo in >"$repo/.git/info/exclude"

for tier in "A " "B overlay" "D userns"; do
        layers=${tier#* }
        tier=${tier% *}

        t "tier $tier: a carried folder is there, for the verifier too"
        weakened "$layers" "$repo" --title x --verify unit='grep module in/modules/file' -- sh -c 'cat in/modules/file; echo x >>src/a.txt'
        is "$status" 0 "exit status ($json $(stderr))"
        has "$(cat "$packet/logs/agent.log")" module "what the agent saw"

        t "tier $tier: a file where a carried folder has to be keeps the verifier from starting"
        weakened "$layers" "$repo" --title x --verify unit=true -- sh -c 'mv in out && echo x >in && git add -f in && echo x >>src/a.txt'
        is "$outcome" self_verification_failed "outcome ($json $(stderr))"
        has "$json" "could not be started" "the reason"
        has "$json" "carried folder" "the reason"

        t "tier $tier: a tree that is too deep is refused"
        weakened "$layers" "$repo" --title x --verify unit=true -- sh -c 'for i in $(seq 300); do mkdir d && cd d || exit 1; done; echo x >file'
        is "$outcome" self_verification_failed "outcome ($json $(stderr))"
        has "$json" deep "the reason"
done

done_testing
