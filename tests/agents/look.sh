#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run by an agent inside: looks for the key wherever a process of the sandbox can look, and for the placeholder beside it, which must
# be found. (/usr and the like are the host's, shown read-only since before the key existed.) Prints LEAKS=n DECOYS=n MEMORY=n.
texts() {
        env
        cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/maps /proc/[0-9]*/status /proc/[0-9]*/task/*/comm /proc/net/* |
                tr '\0' '\n'
        find "$HOME" "$PWD" /tmp /dev /etc /cupel /var /proc/[0-9]*/fd
        grep -raED skip -e '[s]k-cupel-test-' -e 'through-the-[r]oute' "$HOME" "$PWD" /tmp /dev/shm /etc /cupel /var
}
memory() {
        python3 - <<'PY'
import glob, re
leaks = regions = 0
key = re.compile(b"[s]k-cupel-test-" + b"[0-9a-f]{16}")
for folder in glob.glob("/proc/[0-9]*"):
    try:
        with open(folder + "/maps") as maps, open(folder + "/mem", "rb") as mem:
            for line in maps:
                if line.split()[1][0] != "r" or "/usr/" in line or "[v" in line:
                    continue
                start, end = (int(part, 16) for part in line.split()[0].split("-"))
                try:
                    mem.seek(start)
                    leaks += len(key.findall(mem.read(min(end - start, 1 << 26))))
                    regions += 1
                except (OSError, ValueError, OverflowError):
                    pass
    except OSError:
        pass
print(leaks, regions)
PY
}
all=$(texts 2>/dev/null)
set -- "$(memory)"
memory_leaks=${1% *}
leaks=$(printf '%s\n' "$all" | grep -acE '[s]k-cupel-test-[0-9a-f]{16}')
echo "LEAKS=$((leaks + memory_leaks)) DECOYS=$(printf '%s\n' "$all" | grep -ac 'through-the-[r]oute') MEMORY=${1#* }"
