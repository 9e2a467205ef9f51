#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whatever the command does to the worktree, the commit's tree is what git itself makes of the same worktree.
source "$(dirname "$0")/../lib/e2e.sh"

# A repository with something of everything.
make_everything() {
        local repo
        repo=$(new_repo)
        (
                cd "$repo" || exit
                mkdir -p dir/deep lib
                printf 'x\n' >dir/deep/x
                printf 'y\n' >dir/y
                printf 'run\n' >lib/tool.sh
                chmod +x lib/tool.sh
                ln -s ../src/a.txt lib/link
                printf 'tracked although ignored\n' >kept.o
                printf '*.crlf text eol=crlf\n*.bin filter=lfs\n*.id ident\n' >.gitattributes
                printf 'one\r\ntwo\r\n' >dos.crlf
                printf 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n' >big.bin
                # shellcheck disable=SC2016
                printf '$Id$\n' >v.id
                : >empty
                git init -q sub && git -C sub commit -q --allow-empty -m sub
                git add -A . ':!sub'
                git add -f kept.o
                git update-index --add --cacheinfo "160000,$(git -C sub rev-parse HEAD),sub"
                printf '[submodule "sub"]\n\tpath = sub\n\turl = ./sub\n' >.gitmodules
                git add .gitmodules
                git commit -q -m everything
                rm -rf sub && mkdir sub
        ) >/dev/null 2>&1
        printf '%s\n' "$repo"
}

# A change of that size is of high risk, which waits for a person; here the tree is what matters.
policy=$(new_folder policy)/policy.yaml
printf 'approval: {person_at: critical}\n' >"$policy"

# same NAME SCRIPT : runs it in cupel and in a plain clone, and compares the trees.
same() {
        t "$1"
        local script=$2 repo clone expected
        repo=$(make_everything)
        clone=$(new_folder clone)
        git clone -q "$repo" "$clone/c" 2>/dev/null
        (cd "$clone/c" && mkdir -p sub && sh -c "$script") >/dev/null 2>&1
        git -C "$clone/c" add -A 2>/dev/null
        expected=$(git -C "$clone/c" write-tree)
        run "$repo" --title "$1" --policy "$policy" --verify true=true --budget diff_files=100000 --budget diff_lines=10000000 --budget diff_bytes=1G --budget diff_binary=1G --budget wall=2m -- sh -c "$script"
        is "$status" 0 "exit status ($json $(stderr))"
        is "$tree" "$expected" tree
        is "$(git -C "$repo" rev-parse 'main^{tree}')" "$expected" "the branch's tree"
        is "$(git -C "$repo" status --porcelain)" "" "the checkout follows"
        succeeds git -C "$repo" fsck --strict --no-dangling
        rm -rf "$repo" "$clone"
}

same "a file changes" 'echo z > src/a.txt'
same "deletions" 'rm src/a.txt; rm -r dir; rm lib/link empty'
same "renames" 'mv src/a.txt src/c.txt; mv dir moved; mv lib/link lib/other'
same "a folder becomes a file" 'rm -r dir; echo f > dir'
same "a file becomes a folder" 'rm src/a.txt; mkdir -p src/a.txt/b; echo f > src/a.txt/b/c'
same "a file becomes a symlink" 'rm src/a.txt; ln -s ../dos.crlf src/a.txt'
same "a symlink becomes a file" 'rm lib/link; echo f > lib/link'
same "a folder becomes a symlink and back elsewhere" 'mv dir was; ln -s was dir; rm lib/link; mkdir lib/link; echo 1 > lib/link/x'
same "a folder is removed and made again with other files" 'rm -r dir; mkdir -p dir/deep; echo new > dir/deep/new'
same "executable bits" 'chmod +x src/a.txt; chmod -x lib/tool.sh'
same "odd modes" 'chmod 600 src/a.txt; chmod 0444 src/b.txt; echo x >> src/a.txt; mkdir -m 700 priv; echo p > priv/p; chmod 000 src/b.txt; chmod 644 src/b.txt'
same "empty files and folders" ': > e1; mkdir nothing; mkdir -p a/b/c; : > a/b/c/e2'
same "names with newlines, spaces, tabs and quotes" 'printf x > "$(printf "a\nb")"; printf x > "a b"; printf x > "$(printf "t\tq\"\\")"; mkdir "$(printf "d\n")"; printf x > "$(printf "d\n")/x"'
same "names that are no UTF-8" 'printf x > "$(printf "\377\376")"; mkdir "$(printf "\303(")"; printf y > "$(printf "\303(")/y"'
same "names that sort oddly" 'mkdir foo; echo 1 > foo/x; echo 2 > foo.c; echo 3 > foo-bar; echo 4 > foo0'
same "CRLF by attribute" 'printf "three\r\nfour\r\n" > dos.crlf; printf "a\nb\n" > unix.crlf'
same "ident by attribute" 'printf "\$Id: forged \$\nmore\n" > v.id'
same "tracked files that are ignored" 'echo more >> kept.o; echo not > other.o'
same "a .gitignore of the command's own" 'echo "*.tmp" >> .gitignore; echo x > a.tmp; mkdir n; echo "!a.tmp" > n/.gitignore; echo x > n/a.tmp; echo x > n/b.tmp'
same "a submodule is left as it is" 'echo z > src/a.txt; ls sub'
same "an LFS pointer is shown as a pointer" 'grep -q git-lfs big.bin && echo z > src/a.txt'
same "a binary file of 100 MB" 'head -c 100M /dev/urandom > /tmp/r 2>/dev/null; yes 0123456789abcdef | head -c 100M > blob.dat'
same "5,000 files" 'mkdir many; for i in $(seq 5000); do echo $i > many/$i; done'
same "everything at once" 'git mv src/a.txt src/z.txt; rm -r dir; echo q > dir; chmod +x src/b.txt; git commit -qam inner; echo later > later'

t "a changed file that a filter owns is refused with its name"
repo=$(make_everything)
before=$(fingerprint "$repo")
run "$repo" --title lfs --verify true=true -- sh -c 'echo real > big.bin'
is "$status" 22 "exit status"
has "$json" "big.bin" "the reasons"
is "$(fingerprint "$repo")" "$before" "the repository"

t "setuid bits, hard links and a sparse giant do not leave the run"
run "$repo" --title bits --verify true=true -- sh -c 'cp src/b.txt s; chmod 4755 s 2>/dev/null; ln src/a.txt hard; true'
is "$status" 0 "exit status ($json)"
is "$(git -C "$repo" ls-tree main hard | cut -c1-6)" 100644 "hard link"
run "$repo" --title sparse --verify true=true -- truncate -s 8T sparse
is "$status" 24 "sparse: a file may be as large as the disk budget ($json)"

done_testing
