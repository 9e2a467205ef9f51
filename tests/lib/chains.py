# SPDX-License-Identifier: Apache-2.0
"""The two chains of a store (docs/events.md), recomputed without a line of cupel's code: each run's events, and the ends of all runs.

    head = chains.after(head, body)            head: chains.NONE before the first event; body: as it is stored
    linked, broken = chains.links(rows)        rows of LINKS, as sqlite3.Row or dict
"""
import hashlib

NONE = "0" * 64
TERMINAL = ("committed", "discarded", "blocked")
LINKS = "SELECT position, id, event, hash FROM links l LEFT JOIN runs r ON r.no = l.run ORDER BY position"


def after(head, body):
    return hashlib.sha256((head + body).encode()).hexdigest()


def links(rows):
    """{run: hash of its last event}, and the position of the first link that is broken: None where all hold."""
    previous, linked = NONE, {}
    for expected, row in enumerate(rows, 1):
        previous = after(previous, f"{row['id']}{row['event']}")
        if row["position"] != expected or row["hash"] != previous:
            return linked, row["position"]
        linked[row["id"]] = row["event"]
    return linked, None
