#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Admission: nothing runs in a repository that nobody vouched for, that is somebody else's, that is not as it was, or beyond what it
# was admitted for; what is on record, and the proofs of it in a run's report.
source "$(dirname "$0")/../lib/e2e.sh"

plain_repo() { # as new_repo makes it, not admitted
        local repo
        repo=$(new_folder plain)
        git -C "$repo" init -q
        mkdir "$repo/src" "$repo/docs"
        echo one >"$repo/src/a.txt"
        echo doc >"$repo/docs/a.md"
        git -C "$repo" add -A
        git -C "$repo" commit -q -m base
        printf '%s\n' "$repo"
}
works() { run "$repo" --title works --verify unit="test -f src/a.txt" "$@" -- sh -c 'date +%s%N >src/a.txt'; }
goes() {
        works "${@:2}"
        is "$status" 0 "$1: exit status ($json $(stderr))"
}
stays() { # stays TEXT WHAT OPTIONS… : blocked with a reason that says TEXT, and no trace
        local before
        before=$(fingerprint "$repo")
        works "${@:3}"
        is "$status" 30 "$2: exit status ($json $(stderr))"
        has "$json" "$1" "$2: the reason"
        is "$(fingerprint "$repo")" "$before" "$2: the repository"
}
shown() { (cd "$repo" && cupel admit --show --json) | python3 -c "import json,sys; r = json.load(sys.stdin); print($1)"; }
report() { python3 -c "import json,sys; r = json.load(open(sys.argv[1])); print($1)" "$packet/evidence/report.json"; }

repo=$(plain_repo)

t "a repository that nobody admitted is blocked, with the one command to type"
stays "this repository is not admitted yet; look at it, then: cupel admit" "never admitted"
is "$(shown 'r["admitted"]')" False "admit --show"
(cd "$repo" && cupel admit) >"$e2e_tmp/out" 2>&1 </dev/null
is "$?" 0 "cupel admit without a terminal, where nothing is opened ($(cat "$e2e_tmp/out"))"
goes "admitted"

t "the record says whose it is, how that was found, who typed it, and what holds"
me=$(id -un)
is "$(shown 'r["owner"], r["owner_uid"], r["by"]["name"], r["by"]["terminal"], r["git_user"]')" \
        "$me $(id -u) $me False Test User <test@example.org>" "who"
is "$(shown 'r["path"], r["risk"], r["review"]["on"], r["review"]["after_ms"], r["remotes"]')" "$repo low ['remote'] -1 []" "what"
has "$(shown 'r["evidence"]')" "$repo/.git belongs to $me (uid $(id -u)), $repo belongs to $me" "the evidence"
text=$(cd "$repo" && cupel admit --show)
for word in "$repo" "$me" evidence risk "look again"; do has "$text" "$word" "for a person"; done

t "a run's report proves whose repository it was and how fresh what it started from"
is "$(report 'r["admission"]["digest"] == "'"$(shown 'r["digest"]')"'", r["admission"]["uid"], r["admission"]["path"]')" "True $(id -u) $repo" "the record"
is "$(report 'r["freshness"]["base"], r["freshness"]["tip"], r["freshness"]["landed_on"]')" "$base $base $base" "the base"
is "$(report 'r["freshness"]["target"], r["freshness"]["upstream"], r["freshness"]["policy"]')" \
        "refs/heads/main None {'origin': 'built-in defaults', 'sha256': None}" "what is known of others"
has "$(cat "$packet/evidence/report.md")" "## What it started from" "report.md"
has "$(cat "$packet/evidence/report.md")" "belongs to $me" "report.md"

t "an upstream that was fetched is named, with when"
upstream=$(new_folder upstream)
git clone -q --bare "$repo" "$upstream/r.git"
git -C "$repo" remote add origin "$upstream/r.git"
git -C "$repo" fetch -q origin
git -C "$repo" branch -q -u origin/main
known=$(git -C "$repo" rev-parse origin/main)
goes "a remote was added"
is "$(report 'r["freshness"]["upstream"]["ref"], r["freshness"]["upstream"]["commit"], r["freshness"]["upstream"]["is_base"]')" "refs/remotes/origin/main $known True" "the upstream"
isnt "$(report 'r["freshness"]["upstream"]["fetched"]')" None "when it was fetched"

t "a remote on record that leads elsewhere or is gone is looked at again; no password is on record"
git -C "$repo" remote set-url origin https://someone:hunter2@example.org/r.git
succeeds admit "$repo"
is "$(shown 'r["remotes"]')" "['origin https://example.org/r.git']" "the record"
goes "with the remote on record"
git -C "$repo" remote add fork https://example.org/fork.git
goes "with another one beside it"
git -C "$repo" remote set-url origin https://evil.example/r.git
stays "now leads to https://evil.example/r.git; look at it, then: cupel admit" "moved"
has "$(cd "$repo" && cupel admit --show)" "it does not hold: the remote origin" "admit --show"
has "$(cd "$repo" && cupel doctor)" "it does not hold: the remote origin" "doctor"
has "$(cd "$repo" && cupel doctor --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["admission"]["missing"])')" "the remote origin" "doctor --json"
git -C "$repo" remote remove origin
stays "is gone" "removed"
admit "$repo" --review-on none
git -C "$repo" remote remove fork
goes "nobody asked to look again"

t "a policy that changed is looked at again where that was asked for"
mkdir "$repo/.cupel"
printf 'verifiers: {unit: "test -f src/a.txt"}\n' >"$repo/.cupel/policy.yaml"
git -C "$repo" add -A && git -C "$repo" commit -qm policy
repo_works() { run "$repo" --title works --verify unit -- sh -c 'date +%s%N >src/a.txt'; }
admit "$repo" --review-on policy
repo_works
is "$status" 0 "as it was admitted ($json $(stderr))"
printf 'verifiers: {unit: "test -f src/a.txt && true"}\n' >"$repo/.cupel/policy.yaml"
git -C "$repo" commit -qam other
repo_works
is "$status" 30 "changed ($json)"
has "$json" "the policy has changed since" "the reason"
admit "$repo" --reset
git -C "$repo" rm -q .cupel/policy.yaml && git -C "$repo" commit -qm none
goes "that is not asked by default"

t "an admission ends after its time; at high risk it has one by itself"
admit "$repo" --review-after 1s
over() {
        works
        [ "$status" = 30 ]
}
wait_for 30 over || fail "it never ends"
has "$json" "this repository was admitted on" "the reason"
admit "$repo" --reset --risk critical
is "$(shown 'r["review"]["after_ms"] // 86400000, r["risk"]')" "30 critical" "critical"
admit "$repo" --risk high --review-after never
is "$(shown 'r["review"]["after_ms"], r["risk"]')" "-1 high" "never"
admit "$repo"
is "$(shown 'r["review"]["after_ms"], r["risk"]')" "-1 high" "it stays when admitted again"
admit "$repo" --reset --risk low

t "an item that reaches beyond the admitted paths is blocked; one that names none is held to them"
admit "$repo" --allow src/ --deny src/secret/
stays "may change docs/*.md, and this repository is admitted for src/ alone" "outside" --allow 'docs/*.md'
stays "which this repository's admission denies" "denied" --allow src/secret/key.txt
goes "inside" --allow src/a.txt
run "$repo" --title strays --verify unit=true -- sh -c 'echo x >docs/a.md'
is "$status" 22 "it names none and strays ($json)"
run "$repo" --title strays --verify unit=true --allow src/ -- sh -c 'mkdir src/secret; echo x >src/secret/x'
is "$status" 22 "it names more and strays ($json)"
admit "$repo" --reset

t "what an admission forbids no run does"
admit "$repo" --forbid commit --forbid push
stays "the repository's admission forbids it (commit)" "a mood that commits"
run "$repo" --title looks --mood curious -- cupel note observation text=seen
is "$status" 0 "a mood that observes ($json $(stderr))"
has "$(python3 -c 'import json,sys; print([w["word"] for w in json.load(open(sys.argv[1]))["forbid"]])' "$packet/config_snapshot/plan.json")" push "the plan"
admit "$repo" --reset --forbid network
printf 'sandbox: {network: {allow: [example.org]}}\n' >"$e2e_tmp/net.yaml"
run "$repo" --policy "$e2e_tmp/net.yaml" --title net --mood curious -- true
is "$status" 30 "network ($json)"
has "$json" "(network)" "network: the reason"
admit "$repo" --reset
goes "all of it is forgotten"

t "a checkout with uncommitted changes is refused where the policy says so"
printf 'checkout: {dirty: refuse}\n' >"$e2e_tmp/clean.yaml"
goes "clean" --policy "$e2e_tmp/clean.yaml"
echo new >"$repo/untracked.txt"
goes "untracked files are nobody's change" --policy "$e2e_tmp/clean.yaml"
echo changed >"$repo/docs/a.md"
stays "1 file of your checkout differs from the last commit" "a changed file" --policy "$e2e_tmp/clean.yaml"
git -C "$repo" add docs/a.md
stays "checkout.dirty: refuse" "a staged one" --policy "$e2e_tmp/clean.yaml"
git -C "$repo" reset -q --hard
git -C "$repo" update-index --split-index
stays "whether your checkout is clean cannot be told" "an index that cannot be read" --policy "$e2e_tmp/clean.yaml"
git -C "$repo" update-index --no-split-index
goes "and once it can" --policy "$e2e_tmp/clean.yaml"
echo changed >"$repo/docs/a.md"
git -C "$repo" add docs/a.md
goes "elsewhere it is no matter"
mkdir -p "$XDG_CONFIG_HOME/cupel" "$repo/.cupel"
cp "$e2e_tmp/clean.yaml" "$XDG_CONFIG_HOME/cupel/config.yaml"
printf 'checkout: {dirty: allow}\n' >"$repo/.cupel/policy.yaml"
stays "checkout.dirty" "a repository cannot allow what the user refuses"
rm -r "$XDG_CONFIG_HOME/cupel/config.yaml" "$repo/.cupel"

t "what was typed wrong is refused with what was expected, and nothing is recorded"
digest=$(shown 'r["digest"]')
for words in "--risk huge" "--review-after soon" "--review-on weather" "--forbid a/b" "--allow ''" "--owner alice"; do
        (cd "$repo" && eval "cupel admit --yes $words") >"$e2e_tmp/out" 2>&1
        is "$?" 2 "cupel admit $words ($(cat "$e2e_tmp/out"))"
done
is "$(shown 'r["digest"]')" "$digest" "the record"

t "init admits too, in a bare repository as well"
git clone -q --bare "$repo" "$e2e_tmp/bare.git"
succeeds sh -c "cd '$e2e_tmp/bare.git' && cupel init --risk medium"
repo=$e2e_tmp/bare.git
is "$(shown 'r["risk"], r["path"]')" "medium $repo" "the record"
goes "a run there"

t "another user's repository needs that user's name; a new owner needs it again"
if [ "$(id -u)" = 0 ]; then
        repo=$(plain_repo)
        chmod 755 "$repo"
        chown -R nobody "$repo"
        git config --global --add safe.directory '*'
        stays "belongs to another user, nobody" "never admitted"
        has "$json" "cupel admit --owner nobody" "the remedy"
        for words in "" "--yes" "--owner root"; do
                (cd "$repo" && eval "cupel admit $words") >"$e2e_tmp/out" 2>&1 </dev/null
                is "$?" 30 "cupel admit $words ($(cat "$e2e_tmp/out"))"
                (cd "$repo" && eval "cupel init $words") >"$e2e_tmp/out" 2>&1 </dev/null
                is "$?" 30 "cupel init $words ($(cat "$e2e_tmp/out"))"
        done
        [ ! -e "$repo/.cupel" ] || fail "init wrote into it"
        admit "$repo" --owner nobody
        has "$(shown 'r["evidence"]')" "root (uid 0) vouched for it" "the evidence"
        goes "vouched for"
        chmod 700 "$repo"
        run "$repo" --title closed --verify unit=./check.sh -- true
        is "$status" 2 "a folder that is closed to others ($json)"
        has "$(stderr)" "run cupel as nobody" "the remedy"
        chmod 755 "$repo"
        chown daemon "$repo"
        stays "cupel admit --owner daemon" "the working tree has another owner"
        chown -R daemon "$repo"
        stays "belonged to nobody when it was admitted, and now to daemon" "another owner"
        chown -R root "$repo"
        stays "and now to root" "now the caller's"
        admit "$repo"
        goes "admitted again"
        chmod 755 "$repo"
        chown -R nobody "$repo"
        # who called sudo owns it: as for git
        (cd "$repo" && SUDO_UID=$(id -u nobody) cupel admit --yes) >"$e2e_tmp/out" 2>&1
        is "$?" 0 "by sudo ($(cat "$e2e_tmp/out"))"
        has "$(shown 'r["by"]["sudo"], r["evidence"]')" "nobody called sudo" "by sudo: the record"
else
        repo=/
        is "$(id -u)" "$(id -u)" "only root can give a repository away"
fi

done_testing
