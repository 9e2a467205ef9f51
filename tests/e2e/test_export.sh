#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cupel export: the packet as one file; what other tools make of it; names, overwriting, standard output, the base's history.
source "$(dirname "$0")/../lib/e2e.sh"

repo=$(new_repo)
run "$repo" --title change --verify "v=./check.sh" -- sh -c 'echo more >>src/a.txt; echo said'
is "$outcome" committed
out=$(new_folder out)

t "an export is a tar of the packet, whose sums hold"
succeeds env -C "$repo" cupel export @last -o "$out/a.tar.zst"
has "$(cat "$e2e_tmp/out")" "$out/a.tar.zst"
mkdir "$out/a"
succeeds "$e2e_top/tests/lib/untar.py" "$out/a.tar.zst" "$out/a"
succeeds env -C "$out/a/$run_id/evidence" sha256sum --quiet -c SHA256SUMS
fails test -e "$out/a/$run_id/quarantine"
is "$(head -c 4 "$out/a.tar.zst" | xxd -p)" 28b52ffd "a zstd frame"

t "tar lists it without a word of its own"
is "$(LC_ALL=C tar -tf "$out/a.tar.zst" 2>&1 >/dev/null)" "" "what tar says"
is "$(tar -tf "$out/a.tar.zst" | wc -l)" "$(find "$out/a" -type f | wc -l)" "files"

t "the same packet gives the same bytes"
(cd "$repo" && exec cupel export @last -o -) >"$out/b.tar.zst"
succeeds cmp "$out/a.tar.zst" "$out/b.tar.zst"

t "what was unpacked is packed again to the same bytes, without any repository"
succeeds env -C "$out" cupel export "./a/$run_id" -o "$out/again.tar.zst"
succeeds cmp "$out/a.tar.zst" "$out/again.tar.zst"
fails env -C "$out" cupel export ./a -o "$out/no.tar.zst"
has "$(cat "$e2e_tmp/out")" "is a folder, but no packet"
fails env -C "$out" cupel export "./a/$run_id" --with-base -o "$out/no.tar.zst"
has "$(cat "$e2e_tmp/out")" "--with-base"
fails test -e "$out/no.tar.zst"

t "without -o it is named as the run, and never overwritten unasked"
(cd "$repo" && cupel export @last) >"$e2e_tmp/named" 2>&1
is "$(cat "$e2e_tmp/named")" "$run_id.tar.zst"
succeeds cmp "$out/a.tar.zst" "$repo/$run_id.tar.zst"
rm "$repo/$run_id.tar.zst"
echo precious >"$out/there"
(cd "$repo" && exec cupel export @last -o "$out/there") >"$e2e_tmp/refused" 2>&1
is $? 2 "exit status"
has "$(cat "$e2e_tmp/refused")" "--force"
is "$(cat "$out/there")" precious
succeeds env -C "$repo" cupel export @last -o "$out/there" --force
succeeds cmp "$out/a.tar.zst" "$out/there"
is "$(find "$out" -name '*.part' | wc -l)" 0 "half-written files"

t "what it writes as JSON"
line=$(cd "$repo" && cupel export @last -o "$out/c.tar.zst" --json)
is "$(field run "$line")" "$run_id"
is "$(field sha256 "$line")" "$(sha256sum <"$out/c.tar.zst" | cut -d' ' -f1)"
is "$(field bytes "$line")" "$(stat -c %s "$out/c.tar.zst")"

t "an archive is read where a run is, elsewhere and by anybody"
fails env -C "$repo" cupel export "$out/none.tar.zst" -o "$out/d"
has "$(cat "$e2e_tmp/out")" "no such file"
succeeds env -C "$repo" cupel export "$out/a.tar.zst" -o "$out/again"
succeeds cmp "$out/a.tar.zst" "$out/again"
is "$(find "$XDG_CACHE_HOME/cupel/scratch" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" 0 "scratch folders"

t "with its base, a packet needs no clone: git verifies, fetches and clones the bundle"
succeeds env -C "$repo" cupel export @last --with-base -o "$out/whole.tar.zst"
mkdir "$out/whole"
succeeds "$e2e_top/tests/lib/untar.py" "$out/whole.tar.zst" "$out/whole"
bundle=$out/whole/$run_id/base.bundle
git init -q --bare "$out/empty.git"
succeeds git -C "$out/empty.git" bundle verify "$bundle"
succeeds git -C "$out/empty.git" fetch -q "$bundle" cupel-base:refs/heads/x
is "$(git -C "$out/empty.git" rev-parse x)" "$base"
succeeds git -C "$out/empty.git" fsck --strict
succeeds git clone -q "$bundle" "$out/clone"
is "$(git -C "$out/clone" rev-parse HEAD)" "$base"
is "$(git -C "$out/clone" rev-parse "HEAD^{tree}")" "$(git -C "$repo" rev-parse "$base^{tree}")"

t "of a shallow clone no history can be bundled, and that is said"
git clone -q --depth 1 "file://$repo" "$out/shallow"
whole=$run_id
admit "$out/shallow"
run "$out/shallow" --title s --verify "v=true" -- sh -c 'echo x >x'
git -C "$repo" commit -q --allow-empty -m more
fails env -C "$out/shallow" cupel export @last --with-base -o "$out/s.tar.zst"
has "$(cat "$e2e_tmp/out")" shallow
fails test -e "$out/s.tar.zst"

run_id=$whole
t "its spans, as trace viewers take them"
succeeds env -C "$repo" cupel export --trace "$run_id" -o "$out/t.json"
has "$(cat "$out/t.json")" '"traceEvents"'
succeeds env -C "$repo" cupel export --trace --format otlp "$run_id" -o "$out/o.json"
has "$(cat "$out/o.json")" '"resourceSpans"'
(cd "$repo" && exec cupel export --trace --format odd "$run_id" -o "$out/odd.json") >"$e2e_tmp/refused" 2>&1
is $? 2 "exit status"
fails test -e "$out/odd.json"

t "what is no run, and what is no archive"
fails env -C "$repo" cupel export nothing -o "$out/n"
head -c 1000 /dev/urandom >"$out/noise.tar.zst"
(cd "$repo" && exec cupel export "$out/noise.tar.zst" -o "$out/n") >"$e2e_tmp/refused" 2>&1
is $? 2 "exit status"
has "$(cat "$e2e_tmp/refused")" "cannot be read as .tar.zst"
fails test -e "$out/n"

t "a packet with folders deeper than any packet has is refused, with the reason behind the path"
cp -r "$out/a/$run_id" "$out/deep"
mkdir -p "$out/deep/config_snapshot/bundle"
python3 -c 'import os, sys
for top, name in (("evidence", "d"), ("config_snapshot/bundle", "d" * 100)):
    os.chdir(sys.argv[1] + "/" + top)
    for _ in range(1000):
        os.mkdir(name)
        os.chdir(name)' "$out/deep"
(cd "$repo" && exec cupel export "$out/deep" -o "$out/n") >"$e2e_tmp/refused" 2>&1
is $? 2 "exit status of export: $(cat "$e2e_tmp/refused")"
has "$(cat "$e2e_tmp/refused")" "more than 40 folders deep"
fails test -e "$out/n"
(cd "$repo" && exec cupel replay "$out/deep") >"$e2e_tmp/refused" 2>&1
is $? 2 "exit status of replay: $(cat "$e2e_tmp/refused")"
has "$(cat "$e2e_tmp/refused")" "deeper than any path can be"

t "what cannot be written, or is mistyped, is the caller's: exit status 2; half an answer is none"
for what in "export $run_id -o $out/no/where" "publish --from $out/no $out/site" "show $run_id --at 0" "show $run_id --at 9999" \
        "ahdb $run_id --at 9999" "events --type foo" "events --mood foo" "replay $run_id --quiet --junit $out/no/where" "verify $out/no.tar.zst"; do
        # shellcheck disable=SC2086
        (cd "$repo" && exec cupel $what) >"$e2e_tmp/refused" 2>&1
        is $? 2 "cupel $what: $(cat "$e2e_tmp/refused")"
done
is "$(cd "$repo" && cupel export --help | grep -c '^ *--trace')" 1 "an option is listed once"
cupel --help >/dev/full 2>"$e2e_tmp/refused"
is $? 70 "a help that nobody got"
(cd "$repo" && exec cupel show "$run_id" --json) >/dev/full 2>"$e2e_tmp/refused"
is $? 70 "a full disk"
(cd "$repo" && exec cupel run --title full --verify unit=./check.sh -- sh -c 'echo full > src/a.txt') \
        >/dev/full 2>"$e2e_tmp/refused"
is $? 70 "a full disk behind a run"
has "$(cat "$e2e_tmp/refused")" "what cupel run did stands" "a full disk behind a run"
has "$(cd "$repo" && cupel show @last)" "committed" "the run whose end could not be told"
(cd "$repo" && exec cupel run --title full --verify unit=./check.sh -- true) >/dev/full 2>"$e2e_tmp/refused"
is $? 20 "a full disk behind a run that ended otherwise"
has "$(cat "$e2e_tmp/refused")" "write to standard output" "a full disk behind a run that ended otherwise"
(cd / && exec cupel diff "$out/a.tar.zst" "$out/a.tar.zst") >"$e2e_tmp/refused" 2>&1
is $? 0 "archives, outside of a repository: $(cat "$e2e_tmp/refused")"

done_testing
