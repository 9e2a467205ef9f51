#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The recipes of docs/cookbook.md, word for word, in a repository each, with small programs in the places of the agents. The one thing
# that is changed is the port of the model server, which must be free here.
source "$(dirname "$0")/../lib/e2e.sh"

book=$e2e_top/docs/cookbook.md
recipes=$e2e_top/tests/lib/cookbook.py
unset ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN OPENAI_API_KEY DASHSCOPE_API_KEY LOCAL_MODEL_KEY XDG_CONFIG_HOME
mkdir -p "$HOME/bin"
PATH=$HOME/bin:$PATH

# agent NAME : a program on the PATH that does what its standard input says, whatever its arguments are.
agent() {
        { printf '#!/bin/sh\n' && cat; } >"$HOME/bin/$1"
        chmod +x "$HOME/bin/$1"
}
fixes='echo "a.b -> a b" >src/words.txt'

new_project() {
        local folder
        folder=$(new_folder project)
        git -C "$folder" init -q repo
        mkdir "$folder/repo/src"
        echo "a.b -> a" >"$folder/repo/src/words.txt"
        printf 'test:\n\t@grep -q "a b" src/words.txt\n' >"$folder/repo/Makefile"
        git -C "$folder/repo" add -A
        git -C "$folder/repo" commit -q -m base
        admit "$folder/repo" >&2
        printf '%s\n' "$folder/repo"
}

# recipe HEADING : runs it in a new repository; sets repo, status and out.
recipe() {
        t "$1"
        done_recipes="$done_recipes$1
"
        repo=$(new_project)
        "$recipes" "$book" "$1" >"$e2e_tmp/recipe.sh" || fail "there is no such recipe"
        sed -i "s/127\.0\.0\.1:8080/127.0.0.1:${port:-8080}/" "$e2e_tmp/recipe.sh"
        (cd "$repo" && exec bash "$e2e_tmp/recipe.sh") >"$e2e_tmp/out" 2>&1 </dev/null
        is "$?" 0 "exit status ($(cat "$e2e_tmp/out"))"
        out=$(cat "$e2e_tmp/out")
        rm -f "$HOME/.config/cupel/config.yaml"
}
done_recipes=''
subjects() { git -C "$repo" log --format=%s main; }
outcomes() { (cd "$repo" && cupel runs --json) | python3 -c 'import json,sys; print(" ".join(r["outcome"] for r in json.load(sys.stdin)))'; }

agent node <<'A'
exit 0
A
agent claude <<A
case "\$*" in
*unmaintained*) exec cupel note note.observation text="left-pad is unmaintained" ;;
*) $fixes ;;
esac
A
agent codex <<'A'
exec sleep 300
A
agent qwen <<A
curl -sf "\$OPENAI_BASE_URL/chat/completions" -H 'content-type: application/json' \\
        -d '{"model": "'"\$OPENAI_MODEL"'", "messages": [{"role": "user", "content": "hello"}]}' >/dev/null || exit 1
$fixes
A

recipe "One-shot fix"
is "$(subjects | head -1)" "Keep the words after a dot" "the commit"
has "$out" "src/words.txt" "what it shows"

agent claude <<A
case "\$*" in
*tokenizer*) echo new >src/tokenizer.txt ;;
*) $fixes ;;
esac
A
recipe "Overnight queue"
is "$(subjects)" "$(printf 'Rewrite the tokenizer\nKeep the words after a dot\nbase')" "the commits"
has "$out" "cupel approve" "cupel review"
has "$out" "held      TOKENIZER" "the queue in the morning"
is "$(cd "$repo" && cupel queue show TOKENIZER --json | grep -o '"state":"[a-z]*"' | head -n 1)" '"state":"done"' "the item, approved"

agent claude <<'A'
echo "a.b -> ?" >src/words.txt
A
recipe "CI: replay a failed run"
is "$(subjects)" base "nothing landed"
is "$(outcomes)" "self_verification_failed self_verification_failed" "what ran: the run, and its agent again"
is "$(grep -c "^exit status 22" "$e2e_tmp/out")" 1 "exit statuses ($out)"
has "$out" "same verdict" "what the replay says"
has "$(cat "$repo/../replay.xml")" "<testsuite" "for CI"
has "$(cd "$repo" && cupel show --json @last)" '"agent":"claude-code"' "the last asked the agent again"

agent claude <<A
$fixes
A
recipe "Several agents compete"
is "$(subjects | head -1)" "Keep the words after a dot" "the commit"
is "$(outcomes | tr ' ' '\n' | sort | tr '\n' ' ')" "blocked cancelled committed " outcomes
has "$out" "won by claude-code, of 3:" "who won"

printf '{"steps": [{"say": "hello"}]}' >"$e2e_tmp/script.json"
mkfifo "$e2e_tmp/port"
"$e2e_top/tests/lib/model_server.py" "$e2e_tmp/script.json" --log "$e2e_tmp/requests" >"$e2e_tmp/port" &
server=$!
read -r port <"$e2e_tmp/port"
recipe "Your own model server"
kill "$server"
is "$(subjects | head -1)" "Keep the words after a dot" "the commit"
has "$(cat "$e2e_tmp/requests")" '"authorization": "Bearer none"' "what the server saw"
has "$(cat "$e2e_tmp/requests")" '"model": "my-model"' "the model"

agent claude <<'A'
exec cupel note note.observation text="left-pad is unmaintained"
A
recipe "Look around with network"
is "$(outcomes)" observed outcome
has "$out" "left-pad is unmaintained" "the note"
is "$(subjects)" base "no commit"

agent claude <<A
$fixes
A
recipe "A key was missing"
is "$(outcomes)" "committed blocked" outcomes
has "$out" "exit status 30" "the first"
has "$out" ANTHROPIC_API_KEY "why"

t "no recipe is left out"
is "$(printf %s "$done_recipes" | sort)" "$("$recipes" "$book" list | sort)" recipes

done_testing
