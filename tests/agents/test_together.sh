#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# agents: claude-code
# Four at once on one repository, through one route, each for a branch of its own: no cross-talk, each ends committed, and what
# they cost adds up.
source "$(dirname "$0")/lib.sh"
repo=$(broken_repo)
words=(alpha bravo charlie delta)
for word in "${words[@]}"; do echo "todo" >"$repo/$word.txt"; done
git -C "$repo" add -A
git -C "$repo" commit -q -m words
for word in "${words[@]}"; do git -C "$repo" branch "for-$word"; done

script=''
for i in 0 1 2 3; do
        word=${words[$i]}
        script="$script${script:+, }\"item-$word\": [{\"shell\": \"echo $word >>$word.txt\", \"usage\": {\"input\": $((1000 + i)), \"output\": $((100 + i))}},
                {\"shell\": \"cat $word.txt\"}, {\"say\": \"$word is done\"}]"
done
model "{\"conversations\": {$script}, \"steps\": [{\"say\": \"I know no such item\"}]}"
export "$key_name=$key"
for word in "${words[@]}"; do
        (cd "$repo" && exec cupel run --json --quiet --agent "$agent" --title "item-$word" --target "for-$word" --allow "$word.txt" \
                --verify "unit=grep -qx todo $word.txt" --budget wall=2m >"$e2e_tmp/$word.out" 2>"$e2e_tmp/$word.err") &
        pids="${pids:-} $!"
done
# shellcheck disable=SC2086
wait $pids

t "four runs of $agent at once all end committed, each with its own change"
spent_in=0 spent_out=0 usd=0
for word in "${words[@]}"; do
        read_result "$e2e_tmp/$word.out"
        is "$outcome" committed "item-$word: $json $(tail -c 400 "$e2e_tmp/$word.err")"
        [ -n "$commit" ] || continue
        is "$(git -C "$repo" rev-list "main..for-$word")" "$commit" "commits of item-$word"
        is "$(git -C "$repo" show --name-only --format= "$commit")" "$word.txt" "files of item-$word"
        is "$(git -C "$repo" show "$commit:$word.txt" | tr '\n' ' ')" "todo $word " "text of item-$word"
        spent_in=$((spent_in + $(cost tokens_in)))
        spent_out=$((spent_out + $(cost tokens_out)))
        usd=$(python3 -c "print(round($usd + $(cost usd), 6))")
done

t "four runs of $agent at once: no conversation met another's"
is "$(asked 'r["conversation"]' 'r.get("step") == -1 or r.get("conversation") == ""' | sort -u | tr -d '\n')" "" "requests of no item"
for word in "${words[@]}"; do
        is "$(asked 'r["results"]' "r['conversation'] == 'item-$word'" | sort -u | tr '\n' ' ')" "0 1 2 " "turns of item-$word"
        others=$(printf '%s\n' "${words[@]}" | grep -v "^$word\$" | sed 's/^/item-/' | paste -sd'|')
        for body in $(grep -l "item-$word" "$model_bodies"/*); do
                ! grep -qE "$others" "$body" || fail "item-$word: $(grep -oE "$others" "$body" | head -n 1) in its conversation"
        done
done

t "four runs of $agent at once: what they cost adds up to what was given out"
read -r tokens_in tokens_out < <(given_out)
is "$spent_in $spent_out" "$tokens_in $tokens_out" "tokens"
is "$(python3 -c "print($usd > 0)")" True "dollars"
nothing_left
done_testing
