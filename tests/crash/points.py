# SPDX-License-Identifier: Apache-2.0
"""Where a run can be hit: the calls that its processes were seen to make, and what may happen at each.

A point is (scenario, process, call, nth, fault); the fault is KILL or an errno. KILL falls before the call has done anything; what
it did is there when the next one is hit.
"""
import collections
import random
import re

PROCESSES = ("supervisor", "director", "cage", "init", "runner", "helper", "room-cage", "room", "net-cage", "net-init", "egress")
# what becomes another one by an exec has a recording of its own
APART = ("init", "net-init")
NETWORKED = ("net-cage", "net-init", "egress")

FILES = ("openat", "openat2", "open_tree", "memfd_create")
WRITES = ("write", "writev", "pwrite64", "pwritev2", "copy_file_range", "sendfile", "ftruncate", "fallocate")
SYNCS = ("fsync", "fdatasync", "syncfs", "sync_file_range", "msync")
NAMES = ("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "mknodat", "symlink",
         "symlinkat", "fchmod", "fchmodat", "chmod", "fchown", "utimensat", "setxattr", "removexattr")
MOUNTS = ("mount", "umount2", "mount_setattr", "move_mount", "fsopen", "fsconfig", "fsmount", "pivot_root", "unshare", "setns")
TASKS = ("clone", "clone3", "vfork", "fork", "execve", "execveat", "wait4", "waitid", "kill", "pidfd_send_signal")
TALK = ("sendmsg", "sendto", "recvmsg", "recvfrom", "accept4", "connect", "listen", "bind", "poll", "epoll_wait", "epoll_pwait")
MAKES = ("pipe2", "socketpair", "socket", "dup", "dup2", "eventfd2", "epoll_create1", "signalfd4", "pidfd_open", "timerfd_create")
READS = ("read", "pread64", "getdents64", "statfs")
LOCKS = ("flock", "fcntl")
CONFINES = ("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp", "capset", "setrlimit", "prlimit64")

# fcntl is only killed at: no local file system fails to give a lock back, and SQLite waits ten seconds for each that it did not
ERRORS = {}
for calls, errors in ((FILES, "EIO ENOSPC EMFILE ENOMEM EINTR"), (WRITES, "EIO ENOSPC ENOMEM EINTR"), (SYNCS, "EIO ENOSPC EINTR"),
                      (NAMES, "EIO ENOSPC ENOMEM EINTR"), (MOUNTS, "EIO ENOSPC ENOMEM EMFILE EINTR"),
                      (("clone", "clone3", "vfork", "fork"), "ENOMEM EAGAIN ENOSPC"), (("execve", "execveat"), "ENOMEM EIO EMFILE"),
                      (("wait4", "waitid"), "EINTR"), (("sendmsg", "sendto"), "ENOMEM EINTR EIO"),
                      (("recvmsg", "recvfrom"), "ENOMEM EMFILE EINTR EIO"), (("accept4", "connect"), "EMFILE ENOMEM EINTR"),
                      (("listen", "bind"), "ENOMEM"), (("poll", "epoll_wait", "epoll_pwait"), "EINTR ENOMEM"), (MAKES, "EMFILE ENOMEM"),
                      (READS, "EIO EINTR ENOMEM"), (("flock",), "EINTR ENOMEM"), (CONFINES, "ENOMEM")):
    for call in calls:
        ERRORS[call] = tuple(errors.split())
for call in ("getdents64", "statfs"):
    ERRORS[call] = ("EIO", "ENOMEM")
KILLED = frozenset(FILES + WRITES + SYNCS + NAMES + MOUNTS + TASKS + TALK + MAKES + LOCKS + CONFINES)

Point = collections.namedtuple("Point", "scenario process call nth fault")


def options(point):
    """What strace is told."""
    action = f"signal={point.fault}" if point.fault in ("KILL", "STOP") else f"error={point.fault}"
    return ["-e", f"trace={point.call}", "-e", f"inject={point.call}:{action}:when={point.nth}"]


def recordings(scenario):
    """Who is recorded together in a run of it: all at once, and by itself what is another one later."""
    there = [name for name in PROCESSES if "agent" in scenario or name not in NETWORKED]
    return [[name for name in there if name not in APART]] + [[name] for name in there if name in APART]


def hit(text, point):
    """Whether strace's output shows that the fault fell; SIGKILL may also come from others, before that."""
    return "(INJECTED)" in text or ("killed by SIGKILL" in text and counted(text)[point.call] >= point.nth)


def impossible(text):
    """libuv keeps its lock as a byte in a pipe, which no kernel fails to take; without it back every signal waits for ever."""
    return re.search(r'write\(\d+, "\*", 1\) += -1 E\w+ .*\(INJECTED\)', text) is not None


def counted(text, until=None):
    """Calls by name of one strace of one process; of several threads, too."""
    calls = collections.Counter()
    for line in text.splitlines():
        found = re.match(r"(?:\[?\w* ?\d+\]? +)?(\w+)\(", line)
        if until and found and found.group(1) == until:
            break
        if found:
            calls[found.group(1)] += 1
    return calls


def of_calls(scenario, process, calls):
    """All points of a process that was seen to make these calls."""
    points = []
    for call, number in sorted(calls.items()):
        faults = (("KILL",) if call in KILLED else ()) + ERRORS.get(call, ())
        points += [Point(scenario, process, call, nth, fault) for nth in range(1, number + 1) for fault in faults]
    return points


def sample(points, number, seed):
    """Of each process, call and fault some, in turn, until there are enough: what is rare is not drowned by what is frequent."""
    dice = random.Random(seed)
    strata = collections.defaultdict(list)
    for point in points:
        strata[point.process, point.call, point.fault].append(point)
    for members in strata.values():
        dice.shuffle(members)
    order = sorted(strata)
    dice.shuffle(order)
    taken = []
    while len(taken) < number and any(strata.values()):
        for key in order:
            if strata[key] and len(taken) < number:
                taken.append(strata[key].pop())
    return taken
