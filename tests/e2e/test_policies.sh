#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The example policies of docs/policies do what their first lines say, in a repository like those that they are written for.
source "$(dirname "$0")/../lib/e2e.sh"

policies=$e2e_top/docs/policies

# A repository whose `make test`, `make lint` and pytest (of its own, in three lines) judge src/value.
project() {
        local repo
        repo=$(new_repo)
        mkdir -p "$repo/src" "$repo/bin" "$repo/deploy"
        printf '1\n' >"$repo/src/value"
        printf 'test:\n\tgrep -qx "[0-9]*" src/value\n\nlint:\n\t! grep -q " $$" src/value\n' >"$repo/Makefile"
        git -C "$repo" add -A
        git -C "$repo" commit -q -m "A value, and what judges it"
        printf '%s\n' "$repo"
}

t "every example is a valid policy"
for policy in "$policies"/*.yaml; do
        succeeds cupel policy check "$policy"
done

t "solo: what is verified lands by itself"
repo=$(project)
run "$repo" --policy "$policies/solo.yaml" --title "Two" -- sh -c 'echo 2 >src/value'
is "$status" 0 "exit status ($json $(stderr))"
is "$(git -C "$repo" show HEAD:src/value)" 2 "the value"

t "solo: a lint failure of a file in src is refused before the director is asked"
run "$repo" --policy "$policies/solo.yaml" --title "Three" -- sh -c 'echo "3 " >src/value'
is "$outcome" self_verification_failed "outcome ($json)"

t "solo: a protected path waits for the user, as the file says"
run "$repo" --policy "$policies/solo.yaml" --title "Deploy" -- sh -c 'mkdir -p deploy && echo now >deploy/when'
is "$outcome" held "outcome ($json)"
has "$json" "deploy/when" "the reasons"

t "a refused protected path says what lets a person approve it"
sed '/^gates:/,/^$/d' "$policies/solo.yaml" >"$e2e_tmp/blocking.yaml"
run "$repo" --policy "$e2e_tmp/blocking.yaml" --title "Deploy again" -- sh -c 'mkdir -p deploy && echo now >deploy/when'
is "$outcome" self_verification_failed "outcome ($json)"
has "$json" 'gates: {protected: warn}' "the remedy"

t "overnight: what is low risk lands, a new dependency waits for the morning, and money has a week"
run "$repo" --policy "$policies/overnight.yaml" --title "Four" -- sh -c 'echo 4 >src/value'
is "$status" 0 "exit status ($json $(stderr))"
run "$repo" --policy "$policies/overnight.yaml" --title "Depend" -- sh -c 'echo "{\"dependencies\":{\"left-pad\":\"1\"}}" >package.json'
is "$outcome" held "outcome ($json)"
has "$json" "depend" "the reasons"
has "$(cd "$repo" && cupel policy show --policy "$policies/overnight.yaml")" "spend.weekly_usd: 40" "the week"

t "team: every result is held until somebody approves it"
sed 's/python3 -m pytest.*/sh report.sh/; s/python3 -m mypy src/true/' "$policies/team.yaml" >"$e2e_tmp/team.yaml"
cat >"$repo/report.sh" <<'S'
mkdir -p build
grep -qx "[0-9]*" src/value && verdict='' || verdict='<failure message="no number"/>'
echo "<testsuite name=\"all\"><testcase classname=\"value\" name=\"is a number\">$verdict</testcase></testsuite>" >build/junit.xml
[ -z "$verdict" ]
S
git -C "$repo" add -A && git -C "$repo" commit -q -m "A report"
run "$repo" --policy "$e2e_tmp/team.yaml" --title "Six" -- sh -c 'echo 6 >src/value'
is "$outcome" held "outcome ($json)"
succeeds sh -c "cd '$repo' && cupel approve @last"
is "$(git -C "$repo" show HEAD:src/value)" 6 "the value"
run "$repo" --policy "$e2e_tmp/team.yaml" --title "Seven" -- sh -c 'echo seven >src/value'
has "$json" "value" "the case that failed"
isnt "$outcome" held "outcome ($json)"

t "team: no run starts over a half-made index"
echo 8 >"$repo/src/value"
git -C "$repo" add src/value
run "$repo" --policy "$e2e_tmp/team.yaml" --title "Eight" -- sh -c 'echo 9 >src/value'
is "$outcome" blocked "outcome ($json)"

done_testing
