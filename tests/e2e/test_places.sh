#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A repository works wherever it lies, and so does a home: in a temporary folder, below /var, /opt, /usr, at the home itself.
source "$(dirname "$0")/../lib/e2e.sh"

default_home=$HOME
made=()
serial=cupel-place-$$
trap 'rm -rf "${made[@]}" {,/var}/tmp/"$serial.d"' EXIT

# make_repo_at PATH : false where this user may not make it
make_repo_at() {
        [ -e "$1" ] && [ "$1" != "$HOME" ] && return 1
        mkdir -p "$1" 2>/dev/null || return 1
        made+=("$1")
        git -C "$1" init -q
        mkdir "$1/src"
        echo one >"$1/src/a.txt"
        git -C "$1" add src
        git -C "$1" commit -q -m base
        admit "$1"
}

# works PATH : a run there sees its own path and home, and commits what the command wrote
works() {
        # shellcheck disable=SC2016
        run "$1" --title place --verify unit="test -f src/a.txt" -- \
                sh -c 'pwd >src/pwd.txt && echo x >"$HOME/x" && echo x >/tmp/x && echo x >/var/tmp/x && git status --short >/dev/null'
        is "$status" 0 "exit status ($json $(stderr))"
        is "$(git -C "$1" show main:src/pwd.txt)" "$1" "the path inside"
        is "$(git -C "$1" status --porcelain src)" "" "git status"
}

for place in /tmp/$serial /tmp/$serial.d/deep /var/tmp/$serial /var/tmp/$serial.d/deep /srv/$serial /opt/$serial /var/lib/$serial \
        /usr/local/src/$serial /home/$serial /mnt/$serial /root/$serial /dev/shm/$serial; do
        make_repo_at "$place" || continue
        t "a repository at $place"
        works "$place"
done

t "a repository in the system's own folders is refused at launch, with what to do"
if make_repo_at /etc/$serial; then
        run /etc/$serial --title place --verify unit=true -- true
        is "$status" 2 "exit status"
        has "$(stderr)" "/etc/$serial cannot be shown in the sandbox" "the reason"
        has "$(stderr)" "clone it to another place" "what to do"
        is "$(cd /etc/$serial && cupel runs)" "" "runs that were created"
fi

t "a git folder that does not say where its working tree is: nothing is written beside it, and what to type makes it work"
for way in separate symlink; do
        above=$(new_folder "$way")
        separate=$above/tree
        mkdir -p "$separate/src"
        echo one >"$separate/src/a.txt"
        git -C "$separate" init -q
        git -C "$separate" add src
        git -C "$separate" commit -q -m base
        case $way in
        separate) git -C "$separate" init -q --separate-git-dir "$above/elsewhere.git" ;;
        symlink) mv "$separate/.git" "$above/elsewhere.git" && ln -s ../elsewhere.git "$separate/.git" ;;
        esac
        run "$separate" --title place --verify unit=true -- sh -c 'echo x >src/new'
        is "$status" 2 "$way: exit status"
        has "$(stderr)" "$above/elsewhere.git does not say where its working tree is" "$way: the reason"
        remedy=$(stderr | sed -n 's/.*(type in it: \(.*\))$/\1/p')
        (cd "$separate" && eval "$remedy") || fail "$way: $remedy"
        admit "$separate"
        run "$separate" --title place --verify unit=true -- sh -c 'echo x >src/new'
        is "$outcome" committed "$way: after it ($(stderr))"
        is "$(git -C "$separate" status --porcelain)" "" "$way: git status"
        is "$(cat "$separate/src/new")" x "$way: the file in the working tree"
        is "$(find "$above" -maxdepth 1 -mindepth 1 -printf '%f ' | tr ' ' '\n' | sort | xargs)" "elsewhere.git tree" "$way: beside it"
done

t "a linked worktree that somebody moved or copied by hand is not the one that git knows"
linked=$(new_repo)
git -C "$linked" worktree add -q -b side "$linked.side"
mv "$linked.side" "$linked.moved"
run "$linked.moved" --title place --verify unit=true -- sh -c 'echo x >src/new'
is "$status" 2 "moved: exit status"
has "$(stderr)" "git worktree repair" "moved: what to type"
(cd "$linked.moved" && git worktree repair 2>/dev/null)
run "$linked.moved" --title place --verify unit=true -- sh -c 'echo x >src/new'
is "$outcome" committed "repaired: $(stderr)"
is "$(git -C "$linked.moved" status --porcelain)" "" "repaired: git status"
cp -r "$linked.moved" "$linked.copied"
run "$linked.copied" --title place --verify unit=true -- sh -c 'echo x >src/newer'
is "$status" 2 "copied: exit status"
has "$(stderr)" "$linked.moved" "copied: where it is"

t "a bare repository beside its worktrees, with a file .git that leads to it"
above=$(new_folder beside)
git clone -q --bare "$linked" "$above/.bare"
echo 'gitdir: ./.bare' >"$above/.git"
git -C "$above" worktree add -q "$above/main" main
admit "$above/main"
run "$above/main" --title place --verify unit=true -- sh -c 'echo x >src/new'
is "$outcome" committed "in the worktree: $(stderr)"
is "$(git -C "$above/main" status --porcelain)" "" "git status"

t "a git folder of links, as git-new-workdir makes one, is refused before anything starts, with what to do"
linked=$(new_repo)
git -C "$linked" pack-refs --all
again=$(new_folder again)/tree
mkdir -p "$again/.git/logs"
for piece in config refs logs/refs objects info hooks packed-refs; do ln -s "$linked/.git/$piece" "$again/.git/$piece"; done
cp "$linked/.git/HEAD" "$again/.git/HEAD"
git -C "$again" checkout -q -f
is "$(git -C "$again" status --porcelain)" "" "git works there"
for command in "cupel run --title place --verify unit=true -- sh -c 'echo x >src/new'" "cupel init" "cupel admit --yes" "cupel runs"; do
        (cd "$again" && eval "$command") >"$e2e_tmp/out" 2>&1 </dev/null
        is "$?" 2 "$command: exit status ($(cat "$e2e_tmp/out"))"
        has "$(cat "$e2e_tmp/out")" "$again/.git/config is a link to $linked/.git/config, which a run cannot follow" "$command"
        has "$(cat "$e2e_tmp/out")" "git worktree add" "$command: what to do"
done
is "$(git -C "$linked" log --oneline | wc -l) $(git -C "$again" status --porcelain)" "1 " "what is left"

t "single links in a git folder: those that a run can follow work, the others are refused before it starts"
away=$(new_folder away)
for piece in objects refs refs/heads logs packed-refs hooks config info info/exclude objects/pack index; do
        linked=$(new_repo)
        git -C "$linked" pack-refs --all
        mkdir -p "$linked/.git/info"
        : >>"$linked/.git/info/exclude"
        mkdir -p "$linked/.git/refs/heads"
        mv "$linked/.git/$piece" "$away/${piece//\//-}"
        ln -s "$away/${piece//\//-}" "$linked/.git/$piece"
        run "$linked" --title place --verify unit=true -- sh -c 'echo x >src/new'
        case $piece in
        config | info* | objects/pack | index)
                is "$status" 2 "$piece: exit status ($json)"
                has "$(stderr)" "$linked/.git/$piece is a link to $away/" "$piece: the reason"
                rm "$linked/.git/$piece"
                cp -a "$away/${piece//\//-}" "$linked/.git/$piece"
                run "$linked" --title place --verify unit=true -- sh -c 'echo x >src/new'
                is "$outcome" committed "$piece: with a copy in its place ($(stderr))"
                ;;
        *) is "$outcome" committed "$piece: $json $(stderr)" ;;
        esac
        is "$(git -C "$linked" status --porcelain)" "" "$piece: git status"
        is "$(git -C "$linked" log --oneline | wc -l)" 2 "$piece: commits"
        rm -rf "${away:?}"/*
done

for home in /var/tmp/$serial.home /tmp/$serial.home /opt/$serial.home /srv/$serial.home; do
        mkdir -p "$home" 2>/dev/null || continue
        made+=("$home")
        cp "$default_home/.gitconfig" "$home"
        HOME=$home
        t "a home at $home, a repository in it"
        make_repo_at "$home/repo" && works "$home/repo"

        t "a folder of that home that the policy shows"
        mkdir "$home/tools"
        echo tool >"$home/tools/t"
        printf 'sandbox: {read: [~/tools]}\n' >"$e2e_tmp/policy.yaml"
        run "$home/repo" --policy "$e2e_tmp/policy.yaml" --title shown --verify unit=true -- sh -c "cat '$home/tools/t' >src/t.txt"
        is "$status" 0 "exit status ($json $(stderr))"
        is "$(git -C "$home/repo" show main:src/t.txt)" tool "what was shown"

        t "a repository at $home itself"
        rm -rf "$home/repo"
        make_repo_at "$home" && works "$home"
        HOME=$default_home
done

t "a umask that takes from its owner takes nothing from us; of others it takes in the checkout what it does with git"
for mask in 0777 0277 0700; do
        repo=$(new_folder umask)/repo
        git init -q "$repo"
        git -C "$repo" commit -q --allow-empty -m base
        for command in "cupel admit --yes" "cupel run --title place --verify unit=true -- sh -c 'mkdir d && echo x >d/new'" "cupel packet check @last" \
                "cupel export @last -o '$e2e_tmp/umask-$mask.tar.zst'" "cupel replay @last"; do
                (cd "$repo" && umask "$mask" && export XDG_STATE_HOME="$e2e_tmp/umask-$mask/state" XDG_CACHE_HOME="$e2e_tmp/umask-$mask/cache" && eval "$command") >"$e2e_tmp/out" 2>&1 </dev/null
                is "$?" 0 "$mask, $command ($(cat "$e2e_tmp/out"))"
        done
        is "$(git -C "$repo" show main:d/new) $(git -C "$repo" status --porcelain)" "x " "$mask: what landed"
        is "$(find "$e2e_tmp/umask-$mask" "$repo/d" -type d ! -perm -700 -o -type f ! -name owners.lock ! -perm -400)" "" "$mask: what its owner cannot open"
        is "$(stat -c %a "$e2e_tmp/umask-$mask/state/cupel")" 700 "$mask: the state folder"
done
is "$(stat -c %a "$repo/d/new")" 666 "a file of the checkout, umask 0700"

t "the cache may be a link to another disk, as the state may"
repo=$(new_repo)
mkdir -p "$e2e_tmp/disk/cache" "$e2e_tmp/disk/state"
ln -s disk/cache "$e2e_tmp/linked-cache" && ln -s disk/state "$e2e_tmp/linked-state"
for name in CUPEL_CACHE=$e2e_tmp/linked-cache CUPEL_STATE=$e2e_tmp/linked-state; do
        if [ "${name%%=*}" = CUPEL_STATE ]; then (cd "$repo" && env "$name" cupel admit --yes >/dev/null 2>&1); fi
        (cd "$repo" && env "$name" cupel run --json --quiet --title linked --verify check=./check.sh -- sh -c "echo ${name%%=*} >src/linked") \
                >"$e2e_tmp/stdout" 2>"$e2e_tmp/stderr"
        is "$?" 0 "$name: $(stderr)"
done
[ -d "$e2e_tmp/disk/cache/layers" ] || fail "no layers on the other disk"

t "a branch or a folder whose name is no UTF-8 is refused at launch, with what to do"
repo=$(new_repo)
git -C "$repo" checkout -q -b "$(printf 'caf\351')"
run "$repo" --title bytes --verify unit=true -- true
is "$status" 2 "exit status of the branch"
has "$(stderr)" "is no UTF-8; rename it (git branch -m)" "the branch"
place=$(printf '%s/d\351' "$(new_folder bytes)")
make_repo_at "$place"
run "$place" --title bytes --verify unit=true -- true
is "$status" 2 "exit status of the folder"
has "$(stderr)" "move the repository to a folder with another name" "the folder"

t "a folder that the policy wants shown over the sandbox's own is refused at launch"
repo=$(new_repo)
printf 'sandbox: {read: [/etc/ssl]}\n' >"$e2e_tmp/policy.yaml"
run "$repo" --policy "$e2e_tmp/policy.yaml" --title shown --verify unit=true -- true
is "$status" 2 "exit status"
has "$(stderr)" "sandbox.read: /etc/ssl cannot be shown" "the reason"

t "a folder that the policy wants shown and that is not there blocks the run, with what to do"
printf 'sandbox: {read: [~/nowhere]}\n' >"$e2e_tmp/policy.yaml"
run "$repo" --policy "$e2e_tmp/policy.yaml" --title shown --verify unit=true -- true
is "$status" 30 "exit status"
has "$json" "~/nowhere is not there; make it" "the reason"

done_testing
