# SPDX-License-Identifier: Apache-2.0
"""Kills a run whose end is at work.

    kill_at_end.py SUPERVISOR STATE PHASE…

The director below the supervisor is stopped again and again from the moment it announces the end in STATE (a repository's folder of the
state), and killed together with the supervisor where the store says that its run is in one of the phases, while what comes after that
move is not done yet. With the phase landing it is that moment that is looked for. Prints the run; nothing where the director was faster."""
import os
import signal
import sqlite3
import subprocess
import sys
import time

DEADLINE = time.monotonic() + 20


def director_below(supervisor):
    found = subprocess.run(["pgrep", "-P", str(supervisor), "-f", "cupel-director"], capture_output=True, text=True, check=False)
    return next((int(pid) for pid in found.stdout.split()), None)


def state_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def lives(pid):
    return state_of(pid) != "Z"


def stop(pid):
    """It stands when it is seen to, not when the signal was sent: what is looked at then stays so."""
    os.kill(pid, signal.SIGSTOP)
    while state_of(pid) not in "TZX":
        pass


def ending_run(state):
    try:
        return next(iter(os.listdir(os.path.join(state, "ending"))), None)
    except FileNotFoundError:
        return None


def phase_of(state, run):
    db = sqlite3.connect(os.path.join(state, "store.db"))
    row = db.execute("SELECT phase FROM runs WHERE id = ?", (run,)).fetchone()
    db.close()
    return row and row[0]


def landing_run(state):
    db = sqlite3.connect(os.path.join(state, "store.db"))
    row = db.execute("SELECT id FROM runs WHERE phase = 'landing'").fetchone()
    db.close()
    return row and row[0]


def killed_at(supervisor, director, state, phases):
    """The run, and whether there is an end to wait for still."""
    stop(director)
    try:
        run = ending_run(state) or landing_run(state)
        reached = run and phase_of(state, run) in phases
    except sqlite3.OperationalError:  # locked by the one that is stopped: it goes on, and is looked at again
        run, reached = "locked", False
    if reached:
        os.kill(supervisor, signal.SIGKILL)
        os.kill(director, signal.SIGKILL)
        return run, False
    os.kill(director, signal.SIGCONT)
    return None, run is not None


def main(supervisor, state, *phases):
    director, waits, run = None, True, None
    while time.monotonic() < DEADLINE and director is None and lives(supervisor):
        director = director_below(supervisor)
    while time.monotonic() < DEADLINE and director and waits and not run and lives(director):
        if ending_run(state) or "landing" in phases and landing_run(state):
            run, waits = killed_at(supervisor, director, state, phases)
    if run:
        print(run)


main(int(sys.argv[1]), *sys.argv[2:])
