# SPDX-License-Identifier: Apache-2.0
"""What a soak asks: kinds of work items, how often each comes, and how an item of it must end when nothing hit it.

    feed = Feed(seed, plain); feed.some(50)    work items as dictionaries; feed.kinds: {item: kind}
    ENDS[kind]                                 {(state of the item, outcome of its last run), …}
"""
import random

SLOTS = 1500  # files that items write by turns, so that no tree grows without end
SHARED = 5
VERIFY = """#!/bin/sh
# a file of an item says whose it is and is where it belongs; a shared one keeps its first line
exec awk -v slots=%d 'FNR == 1 { name = FILENAME; sub(/.*\\//, "", name) }
        name ~ /^shared-/ { if (FNR == 1) { bad = bad || $0 != name; seen++ } next }
        { bad = bad || !match($0, /^item-[0-9]+$/) || sprintf("s%%04d", substr($0, 6) %% slots) != name }
        END { exit bad || seen != %d }' soak/shared-* $(find soak/slots -type f)
""" % (SLOTS, SHARED)
POLICY = """target: landing
verifiers:
  unit: {run: ./soak/verify.sh, timeout: 60s, gate: director}
  never: {run: "false", timeout: 60s, gate: self, scope: ["never/**"]}
  late: {run: "false", timeout: 60s, gate: director, scope: ["never/**"]}
failure: {then: drop}
"""


def slot(item):
    return f"soak/slots/s{int(item[5:]) % SLOTS:04d}"


def own(item):
    return f"mkdir -p soak/slots; echo {item} > {slot(item)}"


def commit(item, _rng):
    return {"script": own(item)}


def shared(item, rng):
    return {"script": f"{own(item)}; echo {item} >> soak/shared-{rng.randrange(SHARED)}"}


def pack(item, _rng):
    return {"script": f"{own(item)}; mkdir -p soak/pack; for i in $(seq 120); do echo {item} > soak/pack/$i; done"}


def noted(item, _rng):
    return {"script": f"cupel note observation text=noted-{item} && {own(item)}"}


def checkpoint(item, _rng):
    return {"script": f"{own(item)}; cupel checkpoint; cupel checkpoint"}


def daemon(item, _rng):
    return {"script": f"{own(item)}; (sleep 600 & sleep 600) & :"}


def observed(item, _rng):
    return {"script": f"cupel note observation text=noted-{item}", "mood": "curious"}


def fails(_item, rng):
    return {"script": rng.choice(["exit 3", "kill -SEGV $$", "echo half > soak/half; exit 1"])}


def nothing(_item, rng):
    return {"script": rng.choice(["true", "touch soak/shared-0"])}


def markers(item, _rng):
    return {"script": f"{own(item)}; printf '<<<<<<< HEAD\\na\\n=======\\nb\\n>>>>>>> x\\n' > soak/merged.txt"}


def never(item, _rng):
    return {"script": own(item), "verify": ["unit", "never"]}


def late(item, _rng):
    return {"script": own(item), "verify": ["unit", "late"]}


def slow(item, _rng):
    return {"script": f"{own(item)}; sleep 600", "budget": {"wall": "1s"}}


def loud(item, _rng):
    return {"script": f"{own(item)}; yes | head -c 8000000; sleep 600", "budget": {"output": "1M"}}


def held(item, _rng):
    return {"script": own(item), "approval": {"after": "person"}}


DONE = ("done", "committed")
KINDS = [  # kind, of a hundred, how it must end
    (commit, 30, {DONE}), (shared, 14, {DONE}), (pack, 2, {DONE}), (noted, 6, {DONE}), (checkpoint, 4, {DONE}), (daemon, 2, {DONE}),
    (observed, 5, {("done", "observed")}), (fails, 6, {("failed", "work_failed")}), (nothing, 4, {("failed", "no_change")}),
    (markers, 4, {("failed", "self_verification_failed")}), (never, 4, {("failed", "self_verification_failed")}),
    (late, 4, {("failed", "director_refused")}), (slow, 4, {("failed", "budget_exceeded")}), (loud, 2, {("failed", "budget_exceeded")}),
    (held, 9, {DONE, ("failed", "rejected")}),
]
ENDS = {make.__name__: ends for make, _, ends in KINDS}


class Feed:
    def __init__(self, seed, plain=False):
        self.random, self.plain = random.Random(seed), plain
        self.kinds, self.landing = {}, []

    def one(self):
        item = f"item-{len(self.kinds):06d}"
        make = commit if self.plain else self.random.choices([kind for kind, _, _ in KINDS], [weight for _, weight, _ in KINDS])[0]
        words = make(item, self.random)
        made = {"id": item, "title": f"Soak {item}", "mood": words.get("mood", "calm"), "agent": {"command": ["sh", "-c", words["script"]]},
                "budget": {"attempts": 1, **words.get("budget", {})}}
        if made["mood"] == "calm":
            made["verify"] = words.get("verify", ["unit"])
        if "approval" in words:
            made["approval"] = words["approval"]
        if ENDS[make.__name__] == {DONE}:
            if not self.plain and self.landing and self.random.random() < 0.15:
                made["depends"] = sorted(set(self.random.choices(self.landing[-40:], k=self.random.choice([1, 1, 2]))))
            self.landing.append(item)
        self.kinds[item] = make.__name__
        return made

    def some(self, count):
        return [self.one() for _ in range(count)]
