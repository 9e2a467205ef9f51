#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What an agent does to its worktree ends alike in every tier: what it did wrong is its own fault, and never ours.
source "$(dirname "$0")/../lib/e2e.sh"

weaken=$CUPEL_BIN/../tests/bin/weaken
config=$XDG_CONFIG_HOME/cupel/config.yaml
mkdir -p "${config%/*}"
printf 'sandbox: {minimum: D, carry: [in/modules]}\n' >"$config"

# weakened LAYERS run REPO OPTIONS… : as run, on a machine that lacks these layers
weakened() {
        local layers=$1 repo=$2
        shift 2
        # shellcheck disable=SC2086
        (cd "$repo" && exec timeout 120 "$weaken" $layers -- "$CUPEL_BIN/cupel" run --json --quiet "$@") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
        status=$?
        read_result "$e2e_tmp/stdout"
}

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
