#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The gates that read code: each refuses or warns about an agent's change, and says path, line and rule to people and in report.json.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
mkdir "$repo/tests"
printf 'def total(cart):\n    return sum(cart)\n' >"$repo/src/cart.py"
printf 'from src.cart import total\n\n\ndef test_empty():\n    assert total([]) == 0\n\n\ndef test_sum():\n    assert total([1, 2]) == 3\n    assert total([2]) == 2\n' >"$repo/tests/test_cart.py"
printf 'all:\n\ttrue\ncheck:\n\tpytest -q\n' >"$repo/Makefile"
git -C "$repo" add -A
git -C "$repo" commit -q -m cart
unit=(--verify 'unit=./check.sh')

# finding INDEX FIELD: of report.json of the last run
finding() {
        python3 -c 'import json,sys
gates=json.load(open(sys.argv[1]))["gates"]
i=int(sys.argv[2])
v=gates[i][sys.argv[3]] if i<len(gates) else "none"
print("" if v is None else v)' "$packet/evidence/report.json" "$1" "$2"
}

shown() { (cd "$repo" && cupel show "$run_id"); }

# refused NAME GATE RULE PATH LINE COMMAND: a blocking finding, and nothing in the repository
refused() {
        t "$1"
        local before
        before=$(fingerprint "$repo")
        run "$repo" --title x "${unit[@]}" -- sh -c "$6"
        is "$status" 22 "exit status ($(stderr))"
        is "$outcome" self_verification_failed outcome
        is "$(finding 0 level)" block level
        is "$(finding 0 gate)" "$2" gate
        is "$(finding 0 rule)" "$3" rule
        is "$(finding 0 path)" "$4" path
        is "$(finding 0 line)" "$5" line
        has "$json" "$4" "the reasons name the path"
        has "$json" "($3)" "the reasons name the rule"
        has "$(shown)" "($3)" "cupel show names the rule"
        has "$(shown)" "$4" "cupel show names the path"
        has "$(cat "$packet/evidence/report.md")" "$3" "report.md names the rule"
        is "$(fingerprint "$repo")" "$before" "the repository"
}

refused "a body that is not there" anti_stub stub-raise-function src/cart.py 2 \
        'printf "def total(cart):\n    raise NotImplementedError\n" > src/cart.py'
refused "work that is a note" anti_stub stub-todo-implement src/new.py 2 \
        'printf "def tax(cart):\n    # TODO: implement this\n    return 0\n" > src/new.py'
refused "a thrown promise" anti_stub stub-not-implemented src/a.js 2 \
        'printf "export function tax() {\n  throw new Error(\"not implemented\");\n}\n" > src/a.js'
refused "made-up data" anti_stub stub-mock src/api.py 2 'printf "def rates():\n    return mock_data\n" > src/api.py'
refused "a skipped test" test_tamper test-skip-python tests/test_cart.py 8 \
        'sed -i "s/^def test_sum/@pytest.mark.skip\ndef test_sum/" tests/test_cart.py; echo "x = 1" >> src/cart.py'
refused "a deleted test" test_tamper test-deleted tests/test_cart.py 0 'rm tests/test_cart.py'
refused "a test under a name that no runner looks for" test_tamper test-moved-away tests/test_cart.py 0 \
        'mv tests/test_cart.py tests/cart_later.py'
refused "a test that is text now" test_tamper test-moved-away tests/test_cart.py 0 'mv tests/test_cart.py tests/test_cart.txt'
refused "a test less" test_tamper test-removed tests/test_cart.py 0 'sed -i "4,7d" tests/test_cart.py'
refused "a test that nobody runs" test_tamper test-uncollected tests/test_cart.py 8 \
        'sed -i "s/def test_sum/def no_test_sum/" tests/test_cart.py'
refused "fewer assertions" test_tamper test-fewer-asserts tests/test_cart.py 0 'sed -i "10d" tests/test_cart.py'
refused "a test that may fail" test_tamper test-failure-ignored Makefile 4 'sed -i "s/pytest -q/pytest -q || true/" Makefile'
refused "conflict markers" conflict_markers conflict-marker src/a.txt 1 \
        'printf "<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n" > src/a.txt'

t "a warning lands, and is told"
run "$repo" --title x "${unit[@]}" -- sh -c 'printf "def tax(cart):\n    # TODO: rounding\n    return sum(cart) // 5\n" > src/tax.py'
is "$outcome" committed "outcome ($json)"
is "$(finding 0 level)" warn level
is "$(finding 0 rule)" stub-todo rule
is "$(finding 0 line)" 2 line
is "$(finding 0 excerpt)" "# TODO: rounding" excerpt

t "a text is no comment, and what only moved is not new"
run "$repo" --title x "${unit[@]}" -- sh -c 'printf "title = \"TODO list\"\n" > src/todo.py; git mv src/tax.py src/taxes.py'
is "$outcome" committed "outcome ($json)"
is "$(finding 0 rule)" none "findings"

t "a test may move"
run "$repo" --title x "${unit[@]}" -- sh -c 'mkdir tests/unit; git mv tests/test_cart.py tests/unit/test_cart.py'
is "$outcome" committed "outcome ($json)"

t "a rule can be turned off by name, in the user's own policy"
mkdir -p "$XDG_CONFIG_HOME/cupel"
printf 'rules: {stub-raise-function: off}\n' >"$XDG_CONFIG_HOME/cupel/config.yaml"
run "$repo" --title x "${unit[@]}" -- sh -c 'printf "x = 1\ny = 2\n\n\ndef total(cart):\n    raise NotImplementedError\n\n\nz = total\nw = f(z)\nv = g(w)\nu = h(v)\n" > src/cart.py'
is "$outcome" committed "outcome ($json)"

t "a repository cannot turn off what the user turned on"
printf 'gates: {anti_stub: block}\n' >"$XDG_CONFIG_HOME/cupel/config.yaml"
printf 'rules: {stub-todo-implement: off}\n' >"$e2e_tmp/own.yaml"
mkdir -p "$repo/.cupel" && cp "$e2e_tmp/own.yaml" "$repo/.cupel/policy.yaml"
git -C "$repo" add -A && git -C "$repo" commit -q -m policy
run "$repo" --title x "${unit[@]}" -- sh -c 'printf "# TODO: implement this\nx = f()\n" > src/more.py'
is "$outcome" self_verification_failed "outcome ($json)"
rm "$XDG_CONFIG_HOME/cupel/config.yaml"
run "$repo" --title x "${unit[@]}" -- sh -c 'printf "# TODO: implement this\nx = f()\n" > src/more.py'
is "$outcome" committed "the repository's own word, where the user said nothing ($json)"

t "an unknown rule is an error that says where rules are listed"
printf 'rules: {stub-nothing: off}\n' >"$e2e_tmp/bad.yaml"
(cd "$repo" && cupel policy check "$e2e_tmp/bad.yaml") >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
is $? 2 "exit status"
has "$(stderr)" "cupel policy rules" "the remedy"
has "$(cupel policy rules)" "stub-todo-implement" "the list"
python3 -c 'import json,sys; r=json.load(sys.stdin); sys.exit(not all(x["id"] and x["gate"] and x["level"] for x in r))' \
        <<<"$(cupel policy rules --json)" || fail "the list as JSON"

t "hostile text is harmless where it is shown"
run "$repo" --title x "${unit[@]}" -- sh -c 'printf "# TODO: implement this \033[2J\033]0;evil\007 \302\205\377\n" > src/evil.py'
is "$outcome" committed "the rule is off here ($json)"
rm "$repo/.cupel/policy.yaml"
git -C "$repo" add -A && git -C "$repo" commit -q -m "no policy"
run "$repo" --title x "${unit[@]}" -- sh -c 'printf "# TODO: implement this \033[2J\033]0;evil\007 \302\205\377\n" > src/evil2.py'
is "$outcome" self_verification_failed "outcome ($json)"
if shown | LC_ALL=C grep -q "$(printf '[\033\007\377]')"; then fail "a control character came through"; fi

done_testing
