#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What an agent leaves in its worktree for those who read it: modes, links, names, sizes, layers.
source "$(dirname "$0")/lib.sh"

repo=$(new_repo)

# work SCRIPT : a run in a fresh clone of the repository, in $copy, that must end as the attempt says.
work() {
        copy=$(new_folder copy)
        rmdir "$copy"
        git clone -q "$repo" "$copy"
        admit "$copy"
        ends "$copy" "${abuse[@]}" "${@:2}" -- bash -c "$1"
}
mode_of() { git -C "$copy" ls-tree main -- "$1" | cut -d' ' -f1; }
text_of() { git -C "$copy" cat-file -p "main:$1"; }

attempt 14.2
work 'echo one > src/o; (setsid bash -c "trap \"\" TERM HUP; while :; do echo two > src/o; echo > src/late-$RANDOM; done" &) ; while ! ls src/late-* >/dev/null 2>&1; do :; done; rm -f src/late-*; exec true'
pgrep -u "$(id -u)" -f 'src/late-' >/dev/null && fail "the orphan lives"
succeeds git -C "$copy" fsck --strict

attempt 21.5
work 'python3 - <<P
import os
for n in ("opaque", "redirect", "metacopy", "whiteout", "origin"):
    for p in ("src", "src/a.txt", "."):
        try: os.setxattr(p, "user.overlay." + n, b"y")
        except OSError: pass
P
mkdir other; echo x > other/f; echo more >> src/b.txt'
is "$(text_of src/a.txt)" one "a file of the base"
is "$(git -C "$copy" diff --name-only HEAD~1 | tr '\n' ' ')" "other/f src/b.txt " "what changed"

attempt 22.11
work 'python3 - <<P
import os
os.umask(0)
for i, m in enumerate((0o4755, 0o2755, 0o1777, 0o6777)):
    os.close(os.open("src/s%d" % i, os.O_CREAT | os.O_WRONLY, m))
    os.mkdir("d%d" % i, m); open("d%d/f" % i, "w").close()
P'
for i in 0 1 2 3; do
        is "$(mode_of "src/s$i")" 100755 "mode of s$i"
        [ -z "$(find "$copy" -path "$copy/.git" -prune -o -perm /7000 -print)" ] || fail "special bits in the checkout"
done

attempt 22.10
work 'echo x > src/x; python3 -c "import os; os.setxattr(\"src/x\", \"user.evil\", b\"y\"); os.setxattr(\"src\", \"user.evil\", b\"y\")"; setfacl -m u:0:rwx src/x 2>/dev/null; true'
is "$(python3 -c 'import os,sys; print(os.listxattr(sys.argv[1]), os.listxattr(sys.argv[2]))' "$copy/src/x" "$copy/src")" "[] []" "attributes in the checkout"

# links out of the tree are refused by a gate; here that only warns, so that they get as far as they can
printf 'gates: {file_types: warn}\napproval: {person_at: critical}\n' >>"$e2e_tmp/policy.yaml"
attempt 23.5
work 'ln -s /etc/shadow src/l1; ln -s ../../../../../../etc/passwd src/l2; ln -s /proc/self/fd/3 src/l3; ln -sf /proc/1/root src/l4; ln -s . src/l5'
is "$(mode_of src/l1)" 120000 mode
is "$(text_of src/l1)|$(text_of src/l2)|$(text_of src/l3)" "/etc/shadow|../../../../../../etc/passwd|/proc/self/fd/3" "the links' texts"

attempt 23.6
host=$(new_folder host)
echo mine >"$host/a.txt"
work "rm -r src; ln -s $host src"
is "$(mode_of src)" 120000 "the link"
is "$(cat "$host/a.txt")$(find "$host" | wc -l)" mine2 "the host's folder"
# the next run finds the link in its base, and writes where it leads: nowhere
ends "$copy" "${abuse[@]}" -- sh -c "rm src; mkdir src; echo evil > src/a.txt"
is "$(cat "$host/a.txt")" mine "the host's folder after the link became a folder"

attempt 24.1
work 'mkfifo src/pipe'
has "$json" src/pipe "the path"

attempt 24.2
work 'python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"src/sock\")"'
has "$json" src/sock "the path"

attempt 25.1
work 'mkdir -p locked/in; echo x > locked/in/f; echo y > src/zero; chmod 000 src/zero locked/in/f locked/in locked'
is "$(text_of locked/in/f)$(text_of src/zero)" xy "what was locked"

attempt 26.1
work 'truncate -s 8T src/sparse'

attempt 26.2
work 'python3 - <<P
import os
os.mkdir("d")
open("d/f", "w").close()
for i in range(20000): # from the inside out: the other way takes the kernel half a minute
    os.mkdir("e"); os.rename("d", "e/d"); os.rename("e", "d")
P'

attempt 26.3
# a disk budget of 16 MiB has few inodes
work "exec $attack_folder/attack fill_inodes" --budget disk=16M

attempt 27.1
long=$(printf '%0255d' 7)
work "cd src; : > \$'new\\nline'; : > \$'tab\\there'; : > \$'\\xff\\xfe'; : > -rf; : > $long; : > ' lead'; : > '\\\\back'; : > 'a:b*?'"
is "$(git -C "$copy" ls-tree -z --name-only main src/ | tr '\0' '\n' | wc -l)" 11 "names (one holds a newline)"
[ -e "$copy/src/$(printf '\xff\xfe')" ] && [ -e "$copy/src/$(printf 'new\nline')" ] && [ -e "$copy/src/-rf" ] || fail "names in the checkout"

# as printf spells them: HFS+ and NTFS read each as .git
for name in .GIT .Git 'git~1' 'GIT~1' '.g\xe2\x80\x8cit' '.\xe2\x80\x8dgit' '.gi\xef\xbb\xbft' '.git ' .git. '.git::$INDEX_ALLOCATION'; do
        attempt 27.2 "$name"
        work "name=\$(printf '$name%s' _); echo x > \"src/\${name%_}\""
done

attempt 39.14
abuse_policy | sed '/^verifiers/d' >"$e2e_tmp/ipc.yaml"
echo 'verifiers: {ipc: {run: "ipcs -m | grep ^0x && exit 1; exit 0"}}' >>"$e2e_tmp/ipc.yaml"
run "$(new_repo)" --policy "$e2e_tmp/ipc.yaml" --verify ipc --title x -- sh -c 'ipcmk -M 4096 && echo > src/x'
is "$outcome" committed "outcome ($json $(stderr))"

attempt 39.15
run "$(new_repo)" "${abuse[@]}" -- sh -c 'readlink /proc/self/ns/*; echo > src/x'
is "$(grep -cE '^(cgroup|ipc|mnt|net|pid|user|uts):' "$packet/logs/agent.log")" 8 "namespaces, those of children too"
is "$(grep -Fx "$(readlink /proc/self/ns/*)" "$packet/logs/agent.log" | grep -v ^time)" "" "shared with the host"

done_testing
