# SPDX-License-Identifier: Apache-2.0
"""What the machine's processors did during one run, in spans of it: at work for the run, at work for nobody in it, or idle while
something of the run could have run.

    run = Run(os.getpid())
    for event in events: run.take(event)
    run.spans(moments)        [{"processor": …, "nobody": …, "beside": …} …], seconds, one for each two moments that follow each other

processor   time of all the run's processes on processors: two at once count twice
nobody      none of them is on a processor: the disk, a timer, another's work, or a processor that has to wake up first
beside      one is ready to run and waits, while a processor is idle: the kernel placed it where another runs, or the idle one is slow to wake up
"""
import re

FORKED = re.compile(r"child_pid=(\d+)")
SWITCHED = re.compile(r"prev_pid=(\d+) .*prev_state=(\S+) ==> .*next_pid=(\d+)")
WOKEN = re.compile(r" pid=(\d+) .*target_cpu=(\d+)")
KEYS = ("processor", "nobody", "beside")
EVENTS = ["sched/sched_process_fork", "sched/sched_switch", "sched/sched_waking", "sched/sched_wakeup"]


class Run:
    """Which processes are the run's: what `starter` forks, and what those do."""

    def __init__(self, starter, processors):
        self.starter, self.ours, self.ready = starter, set(), set()
        self.on = dict.fromkeys(range(processors), None)  # processor: pid; None: not known yet, taken for idle
        self.states = []  # (seconds, of ours on a processor, one waits beside an idle one), each until the next

    def take(self, at, pid, what, rest, processor):
        self.put(pid, processor)
        handler = getattr(self, f"take_{what}", None)
        if handler:
            handler(pid, rest, processor)
        at_work = sum(one in self.ours for one in self.on.values())
        self.states.append((at, at_work, bool(self.ready) and any(not one for one in self.on.values())))

    def put(self, pid, processor):
        """A switch from the idle task is not always traced: whoever is heard of on a processor is on it."""
        self.on[processor] = pid
        self.ready.discard(pid)

    def take_sched_process_fork(self, pid, rest, _):
        if pid == self.starter or pid in self.ours:
            child = int(FORKED.search(rest)[1])
            self.ours.add(child)
            self.ready.add(child)

    def take_sched_switch(self, _, rest, processor):
        before, state, after = SWITCHED.search(rest).groups()
        if int(before) in self.ours and state.startswith("R"):
            self.ready.add(int(before))
        self.put(int(after), processor)

    def take_sched_waking(self, _, rest, __):
        woken = int(WOKEN.search(rest)[1])
        if woken in self.ours and woken not in self.on.values():
            self.ready.add(woken)

    def take_sched_wakeup(self, pid, rest, processor):
        """Told by an idle processor of whom it will run itself, it is the switch."""
        woken, target = WOKEN.search(rest).groups()
        if pid == 0 and int(target) == processor:
            self.put(int(woken), processor)
        elif int(woken) in self.ours and int(woken) not in self.on.values():
            self.ready.add(int(woken))

    def spans(self, moments):
        found = [dict.fromkeys(KEYS, 0.0) for _ in moments[1:]]
        for (begin, at_work, beside), (end, *_) in zip(self.states, [*self.states[1:], (moments[-1], 0, False)]):
            for span, after, before in zip(found, moments, moments[1:]):
                took = max(0.0, min(end, before) - max(begin, after))
                span["processor"] += took * at_work
                span["nobody"] += took * (not at_work)
                span["beside"] += took * beside
        return found
