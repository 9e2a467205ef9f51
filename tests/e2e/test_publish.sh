#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cupel publish: what is shown, what is withheld and by whose word, hostile texts, the folder as a whole, its pages as files.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
site=$e2e_tmp/site
publish() { (cd "$repo" && cupel publish "$@") >"$e2e_tmp/published" 2>"$e2e_tmp/err"; }
published() { publish "$@" || fail "cupel publish $*: $(cat "$e2e_tmp/err")"; }
cupel_in() { (cd "$repo" && cupel "$@"); }
check_site() { "$e2e_top/tests/lib/check_site.py" "$1" >"$e2e_tmp/checked" || fail "the site $1: $(head -n 20 "$e2e_tmp/checked")"; }
tidy_site() {
        find "$1" -name '*.html' -print0 | xargs -0 tidy -q -e --warn-proprietary-attributes no >"$e2e_tmp/tidied" 2>&1 || fail "tidy: $(head -n 20 "$e2e_tmp/tidied")"
}
nowhere() { ! grep -rqF -- "$2" "$1" || fail "$3: $(grep -rlF -- "$2" "$1" | head -n 3)"; }
digest_of() { (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum); }

# item NAME PUBLICATION [COMMAND] : an item file; its path
item() {
        local work=${3:-"cupel note observation text=\"seen by $1\"; echo $1 >> src/a.txt"}
        cat >"$e2e_tmp/$1.yaml" <<-EOF
                id: $1
                title: "The title of $1"
                objective: "The objective of $1"
                verify: [{name: check, run: ./check.sh}]
                $2
                agent: {command: [sh, -c, '$work']}
EOF
        printf '%s\n' "$e2e_tmp/$1.yaml"
}

t "without a run there is a site, and it says so"
published "$site"
has "$(cat "$site/index.html")" "Nothing is published yet" "the first page"
check_site "$site"
tidy_site "$site"

t "a run whose item allows it has its page; one whose item says nothing leaves no trace of itself"
run "$repo" "$(item OPEN-1 'publication: {website: allowed, external: allowed}')"
is "$outcome" committed "the open run ($(stderr))"
open_run=$run_id open_commit=$commit
run "$repo" "$(item MUTE-7 '')"
is "$outcome" committed "the silent run"
published "$site"
page=$(cat "$site/runs/$open_run.html")
for word in "The title of OPEN-1" "The objective of OPEN-1" "seen by OPEN-1" "$open_commit" "+OPEN-1" "./check.sh" "<svg"; do
        has "$page" "$word" "the page of the run"
done
has "$(cat "$site/index.html")" "The title of OPEN-1" "the first page"
nowhere "$site" MUTE-7 "the silent run is told of"
nowhere "$site" mute-7 "the silent run is told of"
has "$(cat "$e2e_tmp/published")" "1 whose item allows no website" "what the command says"
cmp -s "$packet/evidence/patch.diff" "$site/data/runs/$open_run/patch.diff" && fail "another run's patch"
(cd "$site/data/runs/$open_run" && sha256sum --quiet --ignore-missing -c SHA256SUMS) >"$e2e_tmp/out" 2>&1 || fail "published files are not the packet's: $(cat "$e2e_tmp/out")"
[ -e "$site/data/runs/$open_run/agent.log" ] && fail "a log is published"
check_site "$site"
tidy_site "$site"

t "what needs a person is a line without content until one approves, and is void when anything of it changes"
run "$repo" "$(item VEIL-3 'publication: {website: allowed, external: person}')"
is "$outcome" committed "the veiled run"
veiled=$run_id
run "$repo" "$(item NEVER-4 'publication: {website: allowed, external: never}')"
published "$site"
for word in VEIL-3 veil-3 NEVER-4 never-4; do nowhere "$site" "$word" "something of a withheld run is told"; done
has "$(cat "$site/index.html")" "nobody gave it" "why it is withheld"
has "$(cat "$site/index.html")" "must not be published" "why the other is withheld"
has "$(cat "$e2e_tmp/published")" "cupel approve $veiled --publish" "the remedy"
cupel_in approve "$veiled" --publish --reason "fine with <me>" >"$e2e_tmp/out" 2>&1 || fail "approve --publish: $(cat "$e2e_tmp/out")"
has "$(cupel_in events --json "$veiled" | tail -n 1)" '"kind":"publication"' "the event"
fails cupel_in approve "$veiled" --publish
published "$site"
has "$(cat "$site/runs/$veiled.html")" "fine with &lt;me&gt;" "who approved, and why"
check_site "$site"
cupel_in note --run "$veiled" observation text="said after the approval" >"$e2e_tmp/out" 2>&1 || cupel_in outcome "$veiled" accept >"$e2e_tmp/out" 2>&1 || fail "nothing can be said of the run: $(cat "$e2e_tmp/out")"
published "$site"
nowhere "$site" VEIL-3 "an approval of something else was taken"
has "$(cat "$site/index.html")" "is void" "why it is withheld again"
[ -e "$site/runs/$veiled.html" ] && fail "the page of the withheld run is still there"
cupel_in approve "$veiled" --publish >"$e2e_tmp/out" 2>&1 || fail "approved anew: $(cat "$e2e_tmp/out")"
published "$site"
has "$(cat "$site/index.html")" "The title of VEIL-3" "approved anew"

t "a packet whose files are not those of its list, or whose snapshot is another, is not shown, whoever approved it"
for what in "$veiled/evidence/patch.diff" "$open_run/evidence/report.json" "$veiled/config_snapshot/work_item.yaml"; do
        file=$(state_of "$repo")/runs/$what
        cp "$file" "$e2e_tmp/kept"
        chmod u+w "$(dirname "$file")" "$file"
        sed -i 's/VEIL-3/FORGED/g; s/OPEN-1/FORGED/g; s/external: person/external: allowed/' "$file"
        cmp -s "$file" "$e2e_tmp/kept" && fail "nothing of $what was changed"
        published "$site"
        nowhere "$site" FORGED "$what"
        [ -e "$site/runs/${what%%/*}.html" ] && fail "the page of a run whose packet was changed: $what"
        has "$(cat "$site/index.html")" "was changed" "why it is withheld"
        case $what in "$veiled"*) fails cupel_in approve "$veiled" --publish ;; esac
        cat "$e2e_tmp/kept" >"$file"
done
published "$site"
has "$(cat "$site/index.html")" "The title of VEIL-3" "as it was approved"

t "a change of the packet voids the approval, and rejecting takes it back"
sums=$(state_of "$repo")/runs/$veiled/evidence/SHA256SUMS
cp "$sums" "$e2e_tmp/sums"
chmod u+w "$sums" && sed -i '1d' "$sums"
published "$site"
nowhere "$site" VEIL-3 "an approval of another packet was taken"
cat "$e2e_tmp/sums" >"$sums"
published "$site"
has "$(cat "$site/index.html")" "The title of VEIL-3" "the packet as it was approved"
fails cupel_in reject "$veiled" --publish
cupel_in reject "$veiled" --publish --reason "not after all" >"$e2e_tmp/out" 2>&1 || fail "reject --publish: $(cat "$e2e_tmp/out")"
published "$site"
nowhere "$site" VEIL-3 "what was rejected is shown"
has "$(cat "$site/index.html")" "a person refused" "why it is withheld"

t "only what asks for a person can be approved"
for which in "$open_run" MUTE-7; do
        cupel_in approve "$which" --publish >"$e2e_tmp/out" 2>&1
        is "$?" 2 "approve --publish of $which: $(cat "$e2e_tmp/out")"
done

t "a preview shows what waits, says so on every page, and never takes the place of a site"
published --preview "$e2e_tmp/preview"
has "$(cat "$e2e_tmp/preview/index.html")" "The title of VEIL-3" "the preview"
for file in "$e2e_tmp"/preview/*.html "$e2e_tmp"/preview/runs/*.html; do has "$(cat "$file")" "Preview:" "$file"; done
nowhere "$e2e_tmp/preview" NEVER-4 "what is never shown is previewed"
publish --preview "$site"
is "$?" 2 "a preview into a site"

t "an amended boundary holds, and what was amended shows beside what was said first"
run "$repo" "$(item TURN-2 'publication: {website: allowed, external: allowed}')"
turned=$run_id
published "$site"
has "$(cat "$site/index.html")" "The title of TURN-2" "the run before"
succeeds cupel_in amend "$turned" --field publication.website --value never --reason "it names a customer"
published "$site"
nowhere "$site" TURN-2 "what a person closed is shown"
succeeds cupel_in amend "$turned" --field publication.website --value allowed --reason "it does not, <really>"
published "$site"
page=$(cat "$site/runs/$turned.html")
for word in "<del>never</del> <ins>allowed</ins>" "it names a customer" "it does not, &lt;really&gt;"; do has "$page" "$word" "the amendments"; done
check_site "$site"

t "artifacts that are accepted can be had, under a name that no browser runs; others are a line"
cat >"$e2e_tmp/art.yaml" <<EOF
id: ART-1
title: Artifacts
verify: [{name: check, run: ./check.sh}]
outputs: ["out/*"]
publication: {website: allowed, external: allowed}
agent: {command: [sh, -c, 'mkdir out; echo one > out/a.txt; echo "<script>" > out/page.html; echo two > out/held.txt; echo x >> src/a.txt']}
EOF
run "$repo" "$e2e_tmp/art.yaml"
is "$outcome" committed "the run with artifacts ($(stderr))"
art=$run_id
succeeds cupel_in amend "$art" --artifact out/held.txt --value withheld --reason "not for everybody"
published "$site"
page=$(cat "$site/runs/$art.html")
has "$page" "not for everybody" "why one is withheld"
is "$(cd "$site/data/runs/$art/artifacts" && cat -- *.txt)" one "what can be had"
is "$(find "$site/data/runs/$art/artifacts" -name '*.html')" "" "a page of the agent's"
is "$(find "$site/data/runs/$art/artifacts" -name '*.bin' | wc -l)" 1 "the page, as bytes"
hasnt "$(cat "$site"/data/runs/"$art"/artifacts/*)" two "the withheld one"
check_site "$site"

t "hostile texts are shown, and are nothing but text"
# shellcheck disable=SC2016
evil='cupel note observation text="<script>alert(1)</script>"; cupel note observation text="$(printf "a\342\200\256b\033[31m")"; cupel note hypothesis claim="</dd><img src=x onerror=alert(2)>" test="\"><svg onload=alert(3)>" budget="javascript:alert(4)"; mkdir "src/<b>x"; printf "</code></pre><script>alert(5)</script>\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n" > "src/<b>x/a&b\"c.txt"'
cat >"$e2e_tmp/evil.yaml" <<EOF
id: EVIL-5
title: "</title><script>alert(6)</script> \\"quoted\\" & 'single'"
objective: "]]><!-- --><iframe src=//evil.example></iframe>"
verify: [{name: check, run: "./check.sh # <script>"}]
publication: {website: allowed, external: allowed}
agent: {command: [sh, -c, '$evil']}
EOF
run "$repo" "$e2e_tmp/evil.yaml"
is "$outcome" committed "the hostile run ($json $(stderr))"
evil_run=$run_id
published --title '<i>"Site" & co</i>' "$site"
check_site "$site"
tidy_site "$site"
page=$(cat "$site/runs/$evil_run.html")
for tag in "<script" "<img" "<iframe" "<svg onload" $'\033' $'\342\200\256' "href=\"javascript" "<i>"; do hasnt "$page" "$tag" "raw in the page"; done
has "$page" "&lt;script&gt;alert(1)&lt;/script&gt;" "the note"
has "$page" 'a\342\200\256b\033[31m' "what no screen shows"
has "$page" "+&lt;/code&gt;&lt;/pre&gt;&lt;script&gt;alert(5)" "the patch"
has "$page" '<span class="p">+--- a/x</span>' "an added line that looks like a head"
published "$site"

t "failed runs are in the index of failures, those that are not shown are not"
run "$repo" "$(item SAD-6 'publication: {website: allowed, external: allowed}' 'exit 3')"
is "$outcome" work_failed "the failing run"
sad=$run_id
run "$repo" "$(item GLUM-8 '' 'exit 3')"
published "$site"
has "$(cat "$site/failures.html")" "The title of SAD-6" "the index of failures"
has "$(cat "$site/failures.html")" "runs/$sad.html" "its link"
nowhere "$site" GLUM-8 "a silent run is in the index of failures"
has "$(cat "$site/runs/$sad.html")" "The run changed nothing" "no changes"
for word in declare withhold amend reconcile refuse complete; do has "$(cat "$site/covenant.html")" "<strong>$word</strong>" "the covenant"; done
hasnt "$(cat "$site/covenant.html")" "broken" "the covenant is kept"
check_site "$site"
tidy_site "$site"

t "the same runs make the same bytes, and what is the same is not written"
before=$(digest_of "$site") inode=$(stat -c %i "$site") page_inode=$(stat -c %i "$site/runs/$open_run.html")
published "$site"
has "$(cat "$e2e_tmp/published")" "0 files written" "nothing to write"
is "$(stat -c %i "$site")" "$inode" "the folder itself"
published "$e2e_tmp/twin"
is "$(digest_of "$e2e_tmp/twin")" "$before" "a second site of the same runs"
run "$repo" "$(item MORE-9 'publication: {website: allowed, external: allowed}')"
published "$site"
is "$(stat -c %i "$site/runs/$open_run.html")" "$page_inode" "a page that is as it was"

t "the pages are made from the mirror alone"
mkdir "$e2e_tmp/mirror" && cp -r "$site/data" "$site/SHA256SUMS" "$e2e_tmp/mirror"
(cd "$repo" && CUPEL_STATE=$e2e_tmp/nothing cupel publish --from "$e2e_tmp/mirror" "$e2e_tmp/again") >"$e2e_tmp/out" 2>&1 || fail "publish --from: $(cat "$e2e_tmp/out")"
is "$(digest_of "$e2e_tmp/again")" "$(digest_of "$site")" "the site made from its mirror"
cp -r "$e2e_tmp/mirror" "$e2e_tmp/foreign"
echo '<script>alert(1)</script>' >"$e2e_tmp/foreign/data/more.html"
(cd "$e2e_tmp/foreign" && sha256sum data/more.html >>SHA256SUMS)
fails sh -c "cd '$repo' && cupel publish --from '$e2e_tmp/foreign' '$e2e_tmp/again'"
for name in SHA256SUMS data/site.json data/index.json; do
        rm -rf "$e2e_tmp/pipes" && cp -r "$e2e_tmp/mirror" "$e2e_tmp/pipes" && rm "$e2e_tmp/pipes/$name" && mkfifo "$e2e_tmp/pipes/$name"
        (cd "$repo" && exec timeout 60 cupel publish --from "$e2e_tmp/pipes" "$e2e_tmp/again") >"$e2e_tmp/out" 2>&1
        is "$?" 2 "a pipe as $name: $(cat "$e2e_tmp/out")"
done
# what the other site lacks, leads out of itself by, or names twice is that site's fault, and is named
refused_mirror() {
        (cd "$repo" && exec timeout 60 cupel publish --from "$e2e_tmp/pipes" "$e2e_tmp/again") >"$e2e_tmp/out" 2>&1
        is "$?" 2 "$1: $(cat "$e2e_tmp/out")"
        has "$(cat "$e2e_tmp/out")" "the other site" "$1"
        has "$(cat "$e2e_tmp/out")" "$2" "$1"
        rm -rf "$e2e_tmp/pipes" && cp -r "$e2e_tmp/mirror" "$e2e_tmp/pipes"
}
rm -rf "$e2e_tmp/pipes" && cp -r "$e2e_tmp/mirror" "$e2e_tmp/pipes"
for name in SHA256SUMS data/site.json data/index.json; do
        rm "$e2e_tmp/pipes/$name"
        refused_mirror "without $name" "there is no $name"
done
patch=$(cd "$e2e_tmp/mirror" && printf '%s\n' data/runs/*/patch.diff | head -n 1)
ln -sf /etc/passwd "$e2e_tmp/pipes/$patch"
refused_mirror "a link" "$patch is no regular file"
cat "$e2e_tmp/mirror/SHA256SUMS" >>"$e2e_tmp/pipes/SHA256SUMS"
refused_mirror "a list of sums twice" "twice"
sed -i "s/\"run\": \"[^\"]*\"/\"run\": \"$(head -c 400 /dev/zero | tr '\0' x)\"/" "$e2e_tmp/pipes/data/index.json"
sums=$(cd "$e2e_tmp/pipes" && grep -v ' data/index.json$' SHA256SUMS && sha256sum data/index.json)
printf '%s\n' "$sums" >"$e2e_tmp/pipes/SHA256SUMS"
(cd "$repo" && exec cupel publish --from "$e2e_tmp/pipes" "$e2e_tmp/again") >"$e2e_tmp/out" 2>&1
is "$?" 2 "a run whose name no file can have: $(cat "$e2e_tmp/out")"
printf ' ' >>"$e2e_tmp/mirror/data/index.json"
fails sh -c "cd '$repo' && cupel publish --from '$e2e_tmp/mirror' '$e2e_tmp/again'"

t "a folder that is no site of this repository is left alone"
mkdir "$e2e_tmp/mine" && echo mine >"$e2e_tmp/mine/index.html"
publish "$e2e_tmp/mine"
is "$?" 2 "a folder of somebody's"
is "$(ls -A "$e2e_tmp/mine")" index.html "what is in it"
publish "$repo"
is "$?" 2 "the repository itself"
echo example.org >"$site/CNAME"
publish "$site"
is "$?" 2 "a site with a file of somebody's"
has "$(cat "$e2e_tmp/err")" CNAME "which file"
rm "$site/CNAME"
other=$(new_repo)
(cd "$other" && cupel publish "$site") >"$e2e_tmp/out" 2>&1
is "$?" 2 "the site of another repository"
mkdir "$e2e_tmp/empty"
published "$e2e_tmp/empty"
check_site "$e2e_tmp/empty"

t "killed at any moment, the old site or the new one stands, whole"
killed=0
for delay in 0.002 0.005 0.01 0.015 0.02 0.03 0.04 0.05 0.07 0.1; do
        run "$repo" "$(item "KILL-$delay" 'publication: {website: allowed, external: allowed}')"
        old=$(digest_of "$site")
        (cd "$repo" && exec timeout --signal=KILL "$delay" cupel publish "$site") >"$e2e_tmp/out" 2>&1
        [ $? = 137 ] && killed=$((killed + 1))
        check_site "$site"
        [ "$(digest_of "$site")" = "$old" ] || has "$(cat "$site/index.html")" "KILL-$delay" "the new site"
done
[ "$killed" -gt 0 ] || fail "none was killed"
published "$site"
check_site "$site"
is "$(find "$e2e_tmp" -maxdepth 1 -name '.site.*')" "" "what is left beside it"

done_testing
