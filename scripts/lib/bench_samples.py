# SPDX-License-Identifier: Apache-2.0
"""How often each row of scripts/bench is measured: for its --help, and for docs/proof.md. A figure is a median where nothing else is said."""

SAMPLES = {
    "whole_run": "--runs of each, by turns",
    "by_hand": "by hand once, then three times again, 36 runs, by turns",
    "materialise": "first worktrees, four of each by turns, of which the fastest counts",
    "next_base": "seven bases, seven warm runs",
    "discard": "25 worktrees, five runs with a patch",
    "queue": "200 items once, bwrap 80 times",
    "sandbox_start": "200 of each, by turns",
    "checked_out": "seven of each, by turns",
    "memory": "one run, looked at all the time",
    "notes": "each flood once, then 2,000 single notes from each of its runs",
    "egress": "five of each by turns, 200 tunnels once",
    "route": "300 first bytes and three streams of each, by turns",
    "sizes": "--runs of each size, by turns, first run and by hand once",
    "changes": "an eighth of --runs for each size of a change, three at least",
    "workers": "each number of workers once",
    "phases": "--runs of each, by turns",
    "programs": "one run, looked at all the time",
}


def told(rows, runs):
    """In one sentence, of these rows, where --runs is that number."""
    return "; ".join(f"`{row}`: {SAMPLES[row].replace('--runs', str(runs))}" for row in rows)
