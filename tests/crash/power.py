# SPDX-License-Identifier: Apache-2.0
"""What a disk may hold after the power went: from everything that supervisor, director and runner wrote in one run.

    tape = record(place, scenario)            a run under strace -ff, with the bytes of every write
    for cut in cuts(tape, number, dice):      where, and what of the unsynced had reached the disk
        rebuild(place, before, tape, cut)     the place as a reboot finds it

The file system that is played is a strict one with a journal: names (create, link, rename, unlink, mkdir) reach the disk in their order,
at the latest with the next sync of anything; bytes and sizes only with a sync of their file, each write by itself and in any order
before that. What steps write lies in their own mounts and is no part of it, nor are logs (written by the helper; they are put back
as they ended) and the cache, which may be lost at any time.
"""
import collections
import errno
import glob
import os
import random
import re
import shutil
import subprocess

from place import result_of

CALLS = ("open openat openat2 creat write writev pwrite64 pwritev2 ftruncate fallocate copy_file_range sendfile fsync fdatasync syncfs rename renameat "
         "renameat2 link linkat unlink unlinkat rmdir mkdir mkdirat mknodat symlink symlinkat utimensat execve execveat clone clone3 vfork fork close")
OURS = ("cupel", "cupel-director", "cupel-runner")
Cut = collections.namedtuple("Cut", "at names data")  # after how many operations; "all" or "synced"; "all", "none" or "some"

LINE = re.compile(r"(\d+\.\d+) (\w+)\((.*)\) += (-?\d+|\?)(?:<(.*?)>(\(deleted\))?)?.*$")
ITEM = re.compile(r'\s*(?:(?:AT_FDCWD|\d+)<((?:\\x..)*)>(\(deleted\))?|"((?:\\x..)*)"|([^,]+))')


def text(escaped):
    return bytes.fromhex(escaped.replace("\\x", ""))


def arguments(inside):
    """Of a call: ('fd', path), ('text', bytes), ('word', text)."""
    found = []
    for path, gone, quoted, word in ITEM.findall(inside):
        if word.strip():
            found.append(("word", word.strip()))
        elif path or not quoted:
            found.append(("fd", os.fsdecode(text(path))) if path else ("text", b""))
        else:
            found.append(("text", text(quoted)))
    return found


class Tape:
    def __init__(self, root):
        self.root = root
        self.ops = []  # (kind, path, …) in their order
        self.told = None

    def around(self, at):
        """For people: between what the cut falls."""
        return " | ".join(f"{op[0]} {op[1][len(self.root):]}" for op in self.ops[max(0, at - 1):at + 1])

    def inside(self, path):
        return path.startswith(self.root + "/") and "/cache/" not in path and "/log/" not in path


def under(folder, name):
    return os.path.normpath(os.path.join(folder, os.fsdecode(name)))


def take(tape, call, args, result, fds):
    """One call of one of our processes that succeeded, as an operation of the tape."""
    def path(at):
        kind, value = args[at]
        return under(args[at - 1][1] if at and args[at - 1][0] == "fd" else "/", value) if kind == "text" else value

    texts = [at for at, (kind, _) in enumerate(args) if kind == "text"]
    words = ", ".join(value for kind, value in args if kind == "word")
    if call in ("open", "openat", "openat2", "creat"):
        if result[1]:
            fds[result[0]] = result[1]
            if "O_TMPFILE" in words or "O_CREAT" in words:
                tape.ops.append(("make", result[1], "O_TRUNC" in words, "O_APPEND" in words))
            elif "O_WRONLY" in words or "O_RDWR" in words:
                tape.ops.append(("open", result[1], "O_TRUNC" in words, "O_APPEND" in words))
    elif call in ("write", "writev"):
        tape.ops.append(("append", args[0][1], b"".join(args[at][1] for at in texts)[:result[0]]))
    elif call == "pwrite64":
        tape.ops.append(("put", args[0][1], args[texts[0]][1][:result[0]], int(args[-1][1])))
    elif call == "ftruncate":
        tape.ops.append(("size", args[0][1], int(args[-1][1])))
    elif call == "utimensat":
        times = re.findall(r"tv_sec=(\d+), tv_nsec=(\d+)", words)
        if len(times) == 2:
            tape.ops.append(("time", path(texts[0]) if texts else args[0][1], int(times[1][0]) * 10**9 + int(times[1][1])))
    elif call in ("fsync", "fdatasync"):
        tape.ops.append(("sync", args[0][1]))
    elif call == "syncfs":
        tape.ops.append(("syncfs", args[0][1]))
    elif call.startswith("rename"):
        tape.ops.append(("rename", path(texts[0]), path(texts[1])))
    elif call in ("link", "linkat"):
        source = path(texts[0])
        if source.startswith("/proc/self/fd/"):
            source = fds.get(int(source.rsplit("/", 1)[1]), source)
        tape.ops.append(("link", source, path(texts[1])))
    elif call in ("unlink", "unlinkat", "rmdir"):
        tape.ops.append(("remove", path(texts[0])))
    elif call in ("mkdir", "mkdirat"):
        tape.ops.append(("folder", path(texts[0])))
    elif call == "mknodat":
        tape.ops.append(("fifo", path(texts[0])))
    elif call in ("symlink", "symlinkat"):
        tape.ops.append(("symlink", path(texts[1]), os.fsdecode(args[texts[0]][1])))
    elif call in ("copy_file_range", "sendfile", "fallocate", "pwritev2"):
        raise RuntimeError(f"the tape does not know {call}")


def record(place, scenario):
    """The run's tape; its result is in tape.told."""
    place.serial += 1
    prefix = f"{place.log}/power"
    done = place.sh("strace", "-ff", "-ttt", "-y", "-xx", "-s", "16777216", "-e", "trace=" + ",".join(CALLS.split()), "-o", prefix,
                    *place.command(scenario, place.serial), check=False)
    tape = Tape(place.folder)
    tape.told, tape.number = done, place.serial
    lines, ours, fds = [], {}, collections.defaultdict(dict)
    for name in glob.glob(f"{prefix}.*"):
        pid = int(name.rsplit(".", 1)[1])
        with open(name, encoding="ascii") as file:
            for line in file:
                found = LINE.match(line.rstrip("\n"))
                if found and found.group(4) != "?" and not found.group(4).startswith("-"):
                    lines.append((float(found.group(1)), pid, found))
        os.unlink(name)
    lines.sort(key=lambda entry: entry[:2])
    for _, pid, found in lines:
        call, inside = found.group(2), found.group(3)
        if call in ("clone", "clone3", "vfork", "fork"):
            if "CLONE_THREAD" in inside:
                ours[int(found.group(4))] = ours.get(pid, False)
                fds[int(found.group(4))] = fds[pid]
            else:
                fds[int(found.group(4))] = dict(fds[pid])
        elif call in ("execve", "execveat"):
            program = [value for kind, value in arguments(inside) if kind == "text" and value]
            ours[pid] = bool(program) and os.path.basename(os.fsdecode(program[0])) in OURS
        elif ours.get(pid):
            path = os.fsdecode(text(found.group(5))) if found.group(5) else None
            take(tape, call, arguments(inside), (int(found.group(4)), path), fds[pid])
    tape.ops = [op for op in tape.ops if tape.inside(op[1]) or (op[0] in ("rename", "link") and tape.inside(op[2]))]
    return tape


def settle(tape, cut):
    """What of the first operations is on the disk: those on names, and writes per file in the order in which they come into being."""
    dice = random.Random(cut.at)
    last_sync = max((at for at, op in enumerate(tape.ops[:cut.at]) if op[0] in ("sync", "syncfs")), default=-1)
    kept, synced = [], collections.defaultdict(lambda: -1)
    files, serial = {}, 0
    # a file is followed through its names: what was synced under one is synced under the next
    for at, op in enumerate(tape.ops[:cut.at]):
        if op[0] == "make" and op[1] not in files:
            serial += 1
            files[op[1]] = serial
        elif op[0] == "rename" and op[1] in files:
            files[op[2]] = files.pop(op[1])
        elif op[0] == "link" and op[1] in files:
            files[op[2]] = files[op[1]]
        elif op[0] == "sync":
            synced[files.get(op[1], op[1])] = at
        elif op[0] == "remove":
            files.pop(op[1], None)
        kept.append((at, op, files.get(op[1], op[1])))
    result = []
    for at, op, file in kept:
        if op[0] in ("append", "put", "size", "time"):
            safe = at <= synced[file] or cut.data == "all" or (cut.data == "some" and dice.random() < 0.5)
            result.append((op, safe))
        elif op[0] == "open":
            result.append((op, True))
        elif op[0] not in ("sync", "syncfs"):
            result.append((op, at <= last_sync or cut.names == "all"))
    return result


def open_for(op, path, ends):
    """What open() does to a name: made where it is to be, emptied where that was asked; what is appended goes where it stands then."""
    if os.path.isfile(path) or (op[0] == "make" and not os.path.lexists(path)):
        with open(path, "wb" if op[2] else "ab"):
            pass
        ends[path] = os.path.getsize(path) if op[3] else 0


def append(op, path, ends):
    write_at(path, op[2], ends[path] - len(op[2]))


def rename(op, path, ends):
    os.rename(path, op[2])
    ends[op[2]] = ends.pop(path, 0)


def remove(_op, path, _ends):
    (os.rmdir if os.path.isdir(path) and not os.path.islink(path) else os.unlink)(path)


REDO = {
    "make": open_for,
    "open": open_for,
    "append": append,
    "rename": rename,
    "remove": remove,
    "put": lambda op, path, ends: write_at(path, op[2], op[3]),
    "size": lambda op, path, ends: os.truncate(path, op[2]),
    "time": lambda op, path, ends: os.utime(path, ns=(op[2], op[2])),
    "link": lambda op, path, ends: os.link(path, op[2]),
    "folder": lambda op, path, ends: os.mkdir(path, 0o700),
    "fifo": lambda op, path, ends: os.mkfifo(path, 0o600),
    "symlink": lambda op, path, ends: os.symlink(op[2], path),
}


def apply(tape, cut):
    """On the folder as it was before the run. What cannot be done after something was lost is lost with it."""
    ends = collections.Counter()  # where an append ends, also where the one before it is lost
    spare = f"{tape.root}/log/unnamed"
    os.makedirs(spare, exist_ok=True)

    def real(path):
        return f"{spare}/{path.rsplit('#', 1)[1]}" if "/#" in path else path

    for op, safe in settle(tape, cut):
        kind, path = op[0], real(op[1])
        if kind == "append":
            ends[path] += len(op[2])
        if kind in ("rename", "link"):
            op = (kind, op[1], real(op[2]))
        if not safe or (kind in ("append", "put", "size") and not os.path.isfile(path)):
            continue  # lost; or a FIFO, or the name went before
        try:
            REDO[kind](op, path, ends)
        except (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError):
            pass
        except OSError as problem:
            if problem.errno != errno.ENOTEMPTY:  # what is in it was written by a process that is not on the tape
                raise
    shutil.rmtree(spare)


def write_at(path, data, offset):
    fd = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(fd, data, offset)
    finally:
        os.close(fd)


def result(tape):
    told = result_of(tape.told.stdout)
    if not told:
        raise RuntimeError(f"the run on the tape ended otherwise: {tape.told.stderr[-500:]}")
    return told


def keep(folder, into):
    shutil.rmtree(into, ignore_errors=True)
    subprocess.run(["cp", "-a", folder, into], check=True)


def rebuild(place, before, after, tape, cut):
    """The place as it was before the run, with what the cut leaves of it; the logs as they ended."""
    place.clear()
    subprocess.run(["cp", "-a", before, place.folder], check=True)
    shutil.rmtree(f"{place.folder}/cache", ignore_errors=True)
    apply(tape, cut)
    for logs in glob.glob(f"{after}/state/cupel/repos/*/runs/*/logs"):
        there = place.folder + logs[len(after):]
        if os.path.isdir(os.path.dirname(there)):
            shutil.rmtree(there, ignore_errors=True)
            subprocess.run(["cp", "-a", logs, there], check=True)
    for path in glob.glob(f"{place.state}/repos/*/store.db-shm"):
        os.unlink(path)


def cuts(tape, number, dice):
    """Right before and after each sync with the strictest loss, the end, and others at random."""
    syncs = [at for at, op in enumerate(tape.ops) if op[0] in ("sync", "syncfs")]
    strict = [Cut(at + more, names, "none") for at in syncs for more in (0, 1) for names in ("all", "synced")]
    dice.shuffle(strict)
    chosen = [Cut(len(tape.ops), names, data) for names in ("all", "synced") for data in ("none", "all")] + strict[:number // 2]
    while len(chosen) < number:
        data = dice.choice(["none", "all", "some"])
        chosen.append(Cut(dice.randrange(len(tape.ops) + 1), dice.choice(["all", "synced"]), data))
    return chosen
