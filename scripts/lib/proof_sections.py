# SPDX-License-Identifier: Apache-2.0
"""The sections of docs/proof.md, in their order: what is claimed, what repeats it, how it is told and drawn."""
from dataclasses import dataclass, field

import proof_tell as tell

WAYS = ("checkout --process director", "first --process director", "network --process egress,net-cage,net-init")  # of a run, for crash-sweep
SHM = "/dev/shm"  # a million files twice over, and nothing is worn out


@dataclass
class Section:
    key: str
    title: str
    claim: str
    full: list
    quick: list
    reader: str
    takes: str = ""  # about, for people: full, quick
    folder: str = ""  # TMPDIR of its command
    tell: object = tell.rows
    plots: dict = field(default_factory=dict)  # {file name without .svg: function of data}


def bench(rows, runs, quick_runs, *options, quick_options=None):
    """The two command lines of rows of scripts/bench."""
    def line(count, more):
        return ["scripts/bench", "--runs", str(count), *more, "--json", "{report}", *rows.split()]
    return line(runs, options), line(quick_runs, options if quick_options is None else quick_options)


def section(key, title, claim, commands, reader="bench", **more):
    return Section(key, title, claim, commands[0], commands[1], reader, **more)


def ways(how):
    named = " ".join(f"'{way}'" for way in WAYS)
    return ["sh", "-c", f"for way in {named}; do scripts/crash-sweep {how} --report {{report}} --scenario $way; done"]


SECTIONS = [
    section("run", "The whole trivial run",
            "On 100,000 files, from the start of `cupel run` to its end, one signed commit on a branch: work, self-verification, the director's "
            "verification in a clean room, commit, packet. p50 at most 20 ms and at most four times one `bwrap … true`; at most 1.2 times what it "
            "is on 100 files; at least 300 times faster than the same by hand: `git worktree add`, three `bwrap`, commit, `git worktree remove`. "
            "By hand it is measured twice: once where nothing was removed of late, and run after run, where ext4 without a journal makes each "
            "worktree several times slower because of the one that was removed before.",
            bench("whole_run by_hand", 201, 21), takes="6 min, quick 2 min"),
    section("sizes", "Cost against the size of the repository",
            "A run costs the same on a hundred files and on a million: at most 1.2 times between the cheapest and the dearest size.",
            bench("sizes", 101, 7, "--sizes", "100,1000,10000,100000,1000000", quick_options=["--sizes", "100,1000,10000,100000"]),
            takes="8 min, quick 1 min", folder=SHM, tell=tell.sizes, plots={"sizes": tell.plot_sizes, "first": tell.plot_first}),
    section("phases", "Where the time goes, and what the kernel takes of it",
            "Each phase of a trivial run by the kernel's own tracing, beside `bench-floor`: a program of bare system calls that makes only those "
            "which nobody who keeps the same promises can leave out. The distance is what could still be gained. What the processors did "
            "meanwhile says how: where they were at work for longer than the phase took, processes ran side by side; where nobody was, the "
            "run waited.",
            bench("phases", 101, 11), takes="1 min, quick 10 s (root)", tell=tell.phases),
    section("bases", "Worktrees: first, next, and none",
            "A repository's first worktree comes at least twice as fast as from `git worktree add`; that of the next base, after a commit of ten "
            "files, within 10 ms; dropping one takes at most 2 ms; a checked-out target adds at most what `git update-index --refresh` takes.",
            bench("materialise next_base discard checked_out", 41, 41), takes="5 min"),
    section("changes", "Cost against the size of the change",
            "What a run costs beyond the agent's own work grows with the files that it made, and no faster.",
            bench("changes", 41, 24), takes="5 min, quick 3 min", tell=tell.rows, plots={"changes": tell.plot_changes}),
    section("workers", "Many at once",
            "Items landed on one branch per second, by one worker to sixteen: more workers than processors cost no throughput worth naming.",
            bench("workers queue", 41, 41), takes="3 min", plots={"workers": tell.plot_workers}),
    section("sandbox", "The sandbox alone",
            "From the spawn of `cupel-sandbox` to the exec of its step, all layers on, no slower than "
            "`bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all`, which has fewer. Both run date, which reads the clock when it is "
            "there; beside it both until true has ended.",
            bench("sandbox_start", 41, 41), takes="1 min"),
    section("memory", "Memory and disk",
            "All processes of a run together at most 64 MiB (PSS, memory file systems not counted), warm base, 100,000 files.",
            bench("memory programs", 41, 41), takes="1 min"),
    section("notes", "Notes",
            "From the socket in the step to a committed row of the log: at least 50,000 per second; one note and its answer within 1 ms "
            "(p99). Each run sends 2,000 single notes after its flood, while others may still be at theirs. With eight runs at once the p99 is that of their 16,000 in one "
            "pool: a single run may be above 1 ms, and the p99 of the one that is highest, by itself, is told beside it.",
            bench("notes", 41, 41), takes="2 min"),
    section("network", "The proxy and its credential routes",
            "At least 60 % of a direct connection's throughput; a metered event stream at 200 MB/s, its first byte within 3 ms of direct; memory flat.",
            bench("egress route", 41, 41), takes="2 min"),
    section("crash", "Killed at every system call",
            "A whole run that lands: whichever of cupel's processes is killed at whichever system call, or has that call fail, the next command "
            "finishes or discards the run by itself. One commit or none, the repository otherwise byte for byte as before, nothing lost, nothing left (G1, G2, G7, G10). "
            "A judge of git, sqlite3 and sha256sum says so, not cupel.",
            (["scripts/crash-sweep", "--full", "--scenario", "landing", "--report", "{report}"], ["scripts/crash-sweep", "--sample", "500", "--report", "{report}"]),
            reader="sweep", takes="1-2 h, quick 15 min (root)", tell=tell.sweep),
    section("crash_ways", "Killed in a checkout, in a first run, with a proxy",
            "The same where a run goes another way: who is killed, or has its calls fail, is the director while the commit's target is checked out and its "
            "files are brought forward, the director of a repository's first run, which makes its base, and the three processes of a run's network. "
            "(Packs, refusals and all other processes on these ways: `--scenario`; CI tries a sample over all of them.)",
            (ways("--full"), ways("--sample 40")),
            reader="sweep", takes="40 min, quick 1 min (root)", tell=tell.sweep),
    section("twice", "Killed twice in a row",
            "All of a run is killed at once where its director or its supervisor stands, as when a machine goes down; then the command that "
            "recovers is killed, or has a call fail, at a call of its own. The one after that sets all right.",
            (["scripts/crash-sweep", "--twice", "400", "--report", "{report}"], ["scripts/crash-sweep", "--twice", "20", "--report", "{report}"]),
            reader="sweep", takes="10 min, quick 1 min", tell=tell.twice),
    section("power", "Power loss, full and read-only disks, clocks that jump",
            "The same holds on disks as a power failure may leave them (writes not yet synced are lost, torn or reordered), on a disk that is full "
            "from any moment on, on one that cannot be written, and while the clock jumps.",
            (["sh", "-c", "for how in '--power 100' '--disk 40' '--clock 60'; do scripts/crash-sweep $how --report {report}; done"],
             ["sh", "-c", "for how in '--power 10' '--disk 8' '--clock 8'; do scripts/crash-sweep $how --report {report}; done"]),
            reader="sweep", takes="1 h, quick 8 min (root)", tell=tell.trials),
    section("fuzz", "Hostile bytes",
            "Every parser of what others wrote, fuzzed under AddressSanitizer and UBSan for at least ten CPU minutes each, without a finding.",
            (["scripts/fuzz", "--cpu", "--minutes", "10", "--report", "{report}"], ["scripts/fuzz", "--seconds", "10", "--report", "{report}"]),
            reader="fuzz", takes="4 h, quick 6 min", tell=tell.fuzz),
    section("trees", "The tree is git's tree",
            "Whatever is done in the worktree: the candidate that cupel reads back is what `git add -A && git write-tree` makes of the same files, on "
            "100,000 random sequences of edits and more.",
            (["scripts/fuzz-trees", "--sequences", "100000", "--report", "{report}"],
             ["scripts/fuzz-trees", "--sequences", "2000", "--report", "{report}"]),
            reader="fuzz", takes="1 h, quick 2 min", tell=tell.trees),
    section("soak", "Soak",
            "Ten thousand runs with every kind of end, eight workers, processes of all kinds killed at random, for an hour and more: nothing is "
            "lost, every invariant holds at the end, and memory, descriptors, processes, disk and mounts stay flat. An item at whose run a process "
            "was killed may fail as `interrupted`, `internal_error` or `sandbox_unavailable`; one that was left alone ends as its kind must.",
            (["scripts/soak", "--runs", "10000", "--hours", "1", "--kill", "--report", "{report}"],
             ["scripts/soak", "--runs", "300", "--kill", "--report", "{report}"]),
            reader="soak", takes="1-2 h, quick 2 min", tell=tell.soak,
            plots={"soak": tell.plot_soak, "soak-memory": tell.plot_soak_memory}),
    section("coverage", "Coverage",
            "At least 90 % of the product's lines are executed by its tests.",
            (["sh", "-c", "scripts/coverage && cp build/coverage/coverage.json {report}"],
             ["sh", "-c", "scripts/coverage --units --as-me && cp build/coverage/coverage.json {report}"]),
            reader="coverage", takes="1 h, quick 10 min", tell=tell.coverage),
    section("suite", "Tests, sanitizers, analysers",
            "Unit tests and fuzz corpora under AddressSanitizer and UBSan, end-to-end and abuse tests, real agents, as root and as an ordinary user; "
            "formatting, layers, sizes, shellcheck, cppcheck, clang-tidy, arm64: all of it green.",
            (["sh", "-c", ".ci/run >{report} 2>&1"], ["sh", "-c", "scripts/test --unit >{report} 2>&1"]),
            reader="suite", takes="1 h, quick 10 min", tell=tell.ci),
    section("valgrind", "Memory errors in cages",
            "What sanitizers cannot watch, since nothing of them is in a cage: helpers, cages and steps up to their exec, under valgrind's memcheck, "
            "without an error or a definite leak.",
            (["sh", "-c", "scripts/valgrind >{report} 2>&1"], ["sh", "-c", "scripts/valgrind --only commit >{report} 2>&1"]),
            reader="suite", takes="40 min, quick 10 min", tell=tell.suite),
]
