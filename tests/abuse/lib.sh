# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034
# What the scripts of the abuse suite share. Source it first; it sources tests/lib/e2e.sh:
#
#     source "$(dirname "$0")/lib.sh"
#     attempt 22.7                              # the row of attempts.def is the name of what follows, and its expected end
#     ends "$repo" --title x … -- sh -c '…'     # one run, which must end as the row says; a failing end leaves no trace
#     inside "$repo" unshare_user 40.           # one run that executes the attack program with these words; prints its lines
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"

attack=$(realpath -m "${CUPEL_TEST_BIN:-$CUPEL_BIN/../tests/bin}/sandbox-attack")
[ -x "$attack" ] || {
        t "the attack program is built"
        fail "no $attack: build the target sandbox-attack"
        done_testing
}
attack_folder=$(new_folder attack) # shown in the sandbox
cp "$attack" "$attack_folder/attack"
cp "$attack_folder/attack" "$e2e_tmp/rows-attack"
abuse_rows=$("$attack" rows)
abuse_expected=''

# The policy of the suite: the attack program is shown, one verifier, further lines of `sandbox:` as arguments.
abuse_policy() {
        local line
        printf 'sandbox:\n  read: [%s]\n' "$attack_folder${abuse_read:+, $abuse_read}"
        for line in "$@"; do printf '  %s\n' "$line"; done
        printf 'verifiers: {unit: {run: "true"}}\n'
}
abuse_policy >"$e2e_tmp/policy.yaml"
abuse=(--policy "$e2e_tmp/policy.yaml" --verify unit --mood calm --title abuse)

# attempt NUMBER [MORE]: what follows is that attempt.
attempt() {
        local number name text expected layers
        IFS=$'\t' read -r number name text expected layers < <(grep -P "^\Q$1\E\t" <<<"$abuse_rows")
        t "$1 ${text:-}${2:+ ($2)}: $expected [$layers]"
        [ -n "${text:-}" ] || fail "attempts.def has no row $1"
        abuse_expected=$expected
}

# ends REPO OPTIONS… : a run that must end with the outcome that the attempt's row names.
ends() {
        local repo=$1 before
        before=$(fingerprint "$repo")
        run "$@"
        is "$outcome" "$abuse_expected" "outcome ($json $(stderr | tail -n 3))"
        [ "$outcome" = committed ] || is "$(fingerprint "$repo")" "$before" "the repository"
        quiet_now || wait_for 5 quiet_now || fail "a process is left"
}

# inside REPO WORD… : the attack program in one run; its lines go to $inside_out.
inside() {
        local repo=$1
        shift
        run "$repo" "${abuse[@]}" --mood curious -- sh -c '"$0" "$@"; cupel note observation text=done' "$attack_folder/attack" "$@"
        inside_out=$packet/logs/agent.log
        [ -s "$inside_out" ] || inside_out=$e2e_tmp/stderr
}

# Every line of the attack program becomes a line of ours.
report_inside() {
        local line seen=0
        while IFS= read -r line; do
                case $line in
                'ok - '*) t "${line#ok - }" && seen=$((seen + 1)) ;;
                'not ok - '*) t "${line#not ok - }" && fail "did not end as expected" && seen=$((seen + 1)) ;;
                esac
        done <"$inside_out"
        [ "$seen" -gt 0 ] || { t "the attack program ran" && fail "$(head -c 600 "$inside_out") $json"; }
}
