#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The key: the model's server sees it, and nobody else. The agent looks for it inside (look.sh); then it kills everything of itself
# with cores switched on; then what is left outside is searched.
source "$(dirname "$0")/lib.sh"

core_folder() {
        local pattern
        pattern=$(cat /proc/sys/kernel/core_pattern)
        case $pattern in /*) printf '%s\n' "${pattern%/*}" ;; esac
}

t "$agent: nowhere inside is the key: environment, files, /proc, memory of its processes"
marker=$(new_folder marker)
model '{"steps": [{"shell": "sh ./look.sh"}, {"shell": "ulimit -c unlimited; kill -ABRT -1; kill -ABRT $PPID"}, {"say": "Still alive."}]}'
repo=$(broken_repo)
cp "$agents_folder/look.sh" "$repo"
git -C "$repo" add look.sh
git -C "$repo" commit -q -m "what looks for it"
agent_run "$repo"
seen=$(cat "$model_bodies"/* | grep -ao 'LEAKS=[0-9][0-9]* DECOYS=[0-9]* MEMORY=[0-9]*' | sort -u | head -n 1)
has "$seen " "LEAKS=0 " "what the agent found"
hasnt "$seen " " DECOYS=0 " "the placeholder is found, so the search works"
is "$(asked 'True' "'$key' in str(r['headers'])" | sort -u)" True "the model saw the key"

t "$agent: killed with cores switched on, it leaves the key nowhere: log, packet, state, cache, repository, cores"
isnt "$outcome" committed "the outcome"
is "$(grep -raFl --exclude-dir='model-*' -e "$key" "$e2e_tmp")" "" "files with the key"
hasnt "$(cd "$repo" && cupel events "$run_id" --json; cupel show "$run_id")" "$key" "what is shown of the run"
for folder in $(core_folder) /var/crash /var/lib/systemd/coredump "$agents_folder"; do
        [ -d "$folder" ] || continue
        is "$(find "$folder" -maxdepth 1 -type f -newer "$marker" -readable -exec grep -aFl -e "$key" {} + 2>/dev/null)" "" "cores in $folder"
done
nothing_left
done_testing
