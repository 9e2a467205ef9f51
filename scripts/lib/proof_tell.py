# SPDX-License-Identifier: Apache-2.0
"""How each kind of figures is told: (verdict, Markdown) of a section's data; and its plots.

A verdict is (good, total, words): good == total is "met". Whatever is missed is named.
"""
from plots import Line, plot

CPU_SECONDS, SEQUENCES = 595, 100000  # of a fuzz target (it ends within its last seconds), of edits


def table(head, rows):
    def cell(value):
        return str(value).replace("|", "\\|")
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(" --- " for _ in head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(cell, row)) + " |" for row in rows])


def figure(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def met(good):
    return "met" if good else "**MISSED**"


def rows(data, _quick=False):
    found = data["rows"]
    cells = [(row["row"].strip(), f"{figure(row['value'])} {row['unit']}".strip(), row["bound"], met(row["met"]), row["beside"]) for row in found]
    missed = [row["row"].strip() for row in found if not row["met"]]
    return (len(found) - len(missed), len(found), "; ".join(missed)), table(["what", "measured", "bound", "", "beside it"], cells)


def sizes(data, quick=False):
    verdict, text = rows(data, quick)
    line = data["series"]["sizes"]
    parts = [dict(map(tuple, line[key])) for key in ("points", "p99", "first", "hand", "made")]
    cells = [(f"{n:,}", *(figure(part[n]) for part in parts[:4]), f"{parts[3][n] / parts[0][n]:,.0f} x", f"{parts[4][n]:.1f} s")
             for n in parts[0]]
    more = table(["files", "run, p50, ms", "p99, ms", "first run ever, ms", "by hand, ms", "times faster", "repository made in"], cells)
    return verdict, f"{text}\n\n{more}\n\n{line['runs']} runs of each size, by turns, on {line['on']}."


def phases(data, _quick=False):
    found = data["series"].get("phases")
    if not found:
        return (0, 0, "only root may trace"), "Not traced: this needs root."
    whole = (found["whole"], found["floor"], found["whole"] - found["floor"], *found["spans"])
    cells = [(phase, *(f"{ms:.2f}" for ms in (ours, share, ours - share, *spans)), words) for phase, ours, share, *spans, words in found["rows"]]
    cells.append(("**whole**", *(f"**{ms:.2f}**" for ms in whole), f"without tracing {found['untraced']:.2f} ms"))
    text = table(["phase", "cupel, ms", "the kernel's own share, ms", "distance, ms", "processors at work, ms", "nobody at work, ms",
                  "waiting beside an idle one, ms", "what is in it"], cells)
    return (0, 0, f"{found['whole'] / found['floor']:.1f} times what the kernel takes"), \
        (f"{text}\n\nMedians of {found['runs']} runs, by turns with `bench-floor`. The whole is the median of sums, not the sum of medians. At "
         f"work: the time that the run's processes had of the {found['processors']} processors, two at once twice; nobody: none of them was on "
         "one, for the disk, a timer, or a processor that wakes up. Waiting: one was ready to run and had none, while a processor was idle, "
         "since the kernel had put it where another ran.")


def by(title, found):
    return table([title, "points", "with violations"], [(f"`{name}`", f"{tried:,}", wrong) for name, (tried, wrong) in found.items()])


def sweep(data, quick=False):
    tried = data["points"] + sum(count for count, _ in data["trials"].values())
    parts = [f"**{tried:,} tried, {data['violations']} violations.** " +
             (f"Of {data['of']:,} points there are, {data['points']:,} were hit, {data['unreached']:,} were not reached by their run. " if data["of"] else "")
             + f"As {' and '.join(data['users'])}; seeds {', '.join(data['seeds'])}."
             + (f" {data['mended']:,} had violations when they were first tried, and hold since the mend of their cause." if data.get("mended") else "")]
    parts += [f"- {sentence}" for sentence in data["wrong"]]
    if data["points"]:
        parts += [by("process", data["by"]["process"]), by("fault", data["by"]["fault"]), by("scenario", data["by"]["scenario"]),
                  "By system call: " + ", ".join(f"`{name}` {count:,}" for name, (count, _) in data["by"]["call"].items()) + "."]
    if data["trials"]:
        parts.append(by("experiment", data["trials"]))
    untried = 0 if quick else max(0, data["of"] - data["points"] - data["unreached"])
    sample = bool(data["points"]) and not data["full"] and not quick
    words = [f"{data['violations']} violations"] * bool(data["violations"]) + [f"{untried:,} points not tried yet"] * bool(untried) \
        + ["only a sample"] * sample
    return (tried - data["violations"], tried + untried + sample, ", ".join(words)), "\n\n".join(parts)


TRIALS = {"power": 100, "disk": 40, "clock": 60}  # so many of each at least


def trials(data, quick=False, wanted=None):
    (good, total, words), text = sweep(data, quick)
    short = [name for name, least in (wanted or TRIALS).items() if data["trials"].get(name, (0, 0))[0] < (1 if quick else least)]
    words = [words] * bool(words) + [f"too few, or none, of {', '.join(short)}"] * bool(short)
    return (good, total + len(short), ", ".join(words)), text


def twice(data, quick=False):
    return trials(data, quick, {"twice": 1000})


def fuzz(data, quick=False):
    found = data["targets"]
    cells = [(f"`{name}`", f"{one['cpu_seconds'] / 60:.1f}", f"{one['executions']:,}", f"{one['coverage']:,}",
              f"{one['function_edges']:,} of {one['function_edges_all']:,}" if one["function_edges_all"] else "not told", f"{one['corpus_files']:,}", one["findings"]) for name, one in found.items()]
    bad = [name for name, one in found.items() if one["findings"] or (one["cpu_seconds"] < CPU_SECONDS and not quick)]
    whole, left = sum(one["executions"] for one in found.values()), sorted(set(data["all"]) - set(found))
    words = bad + [f"not fuzzed: {', '.join(left)}"] * bool(left)
    return (len(found) - len(bad), len(found) + len(left), ", ".join(words)), \
        f"**{len(found)} target{'s' * (len(found) != 1)}, {whole:,} executions, {sum(one['findings'] for one in found.values())} findings.**\n\n" + \
        table(["target", "CPU minutes", "executions", "edges", "of the functions it entered", "corpus", "findings"], cells)


def trees(data, quick=False):
    one = data["targets"].get("trees")
    if not one:
        return (0, 1, "no sequence was tried"), "No sequence was tried."
    bad = bool(one["findings"]) or (one["executions"] < SEQUENCES and not quick)
    return (int(not bad), 1, f"{one['findings']} differ of {one['executions']:,}" if bad else ""), \
        (f"**{one['executions']:,} sequences of {one['edits']:,} edits over {one['bases']:,} bases, {one['findings']} trees that differ from git's.** "
         f"{one['changed']:,} of them changed the tree.")


def short_of(verdict):
    """Where a soak was less than it is to be."""
    return [words for words, good in (("fewer than 10,000 runs", verdict["runs"] >= 10000), ("less than an hour", verdict["seconds"] >= 3600),
                                      ("nothing was killed", verdict["shots"] > 0), ("too short to say what is flat", bool(verdict["flat"])))
            if not good]


def soak(data, quick=False):
    asked, verdict = data["asked"], data["verdict"]
    short = [] if quick else short_of(verdict)
    text = [f"**{verdict['runs']:,} runs in {verdict['seconds'] / 60:.0f} minutes, {verdict['shots']:,} processes killed, {len(verdict['wrong'])} "
            f"violations.** {asked['workers']} workers, seed {asked['seed']}, as {asked['user']}."]
    text += [f"- {sentence}" for sentence in verdict["wrong"][:10]]
    text.append(table(["end of the run", "runs"], [(f"`{name}`", f"{count:,}") for name, count in sorted(verdict["outcomes"].items())]))
    text.append(table(["killed", "times"], [(f"`{name}`", f"{count:,}") for name, count in sorted(verdict["killed"].items())]))
    cells = [(one["what"], figure(one["median"]), figure(one["first"]), figure(one["last"]), f"{100 * one['grown']:+.1f} %",
              f"{100 * one['bound']:.0f} % or {figure(one['slack'])}", met(one["flat"])) for one in verdict["flat"]]
    text.append("Too short to say what is flat." if not cells else table(["over the whole time", "median", "fitted, begin", "fitted, end", "grown", "bound, or so much", ""], cells))
    text.append("Growth is that of a line through the samples by Theil and Sen (the median of all slopes), against the median; what a run is "
                "supposed to leave (its packet, its rows) is told per run.")
    text.append("Checked at the end: " + "; ".join(verdict["checked"]) + ".")
    grown = [one["what"] for one in verdict["flat"] if not one["flat"]]
    bad = [f"{len(verdict['wrong'])} violations"] * bool(verdict["wrong"]) + [f"not flat: {what}" for what in grown] + short
    total = len(verdict["checked"]) + len(verdict["flat"]) + len(short)
    return (max(total - len(bad), 0), total, "; ".join(bad)), "\n\n".join(text)


def coverage(data, _quick=False):
    whole = data["total"]
    cells = [(f"`{name}`", f"{one['lines']:,}", f"{one['lines_percent']:.1f} %", f"{one['branches_percent']:.1f} %")
             for name, one in sorted(data["folders"].items())]
    cells.append(("**all**", f"{whole['lines']:,}", f"**{whole['lines_percent']:.1f} %**", f"{whole['branches_percent']:.1f} %"))
    good = whole["lines_percent"] >= 90
    return (int(good), 1, "" if good else f"{whole['lines_percent']:.1f} % of lines"), table(["folder", "lines", "executed", "branches taken"], cells)


def suite(data, _quick=False):
    whole = data["passed"] + data["failed"]
    text = [f"**{data['passed']:,} passed, {data['failed']:,} failed.**"] + [f"- {line}" for line in data["failures"]]
    if data["checks"]:
        text.append("; ".join(data["checks"]) + ".")
    return (data["passed"], whole, f"{data['failed']} failed" if data["failed"] else ""), "\n\n".join(text)


def ci(data, quick=False):
    """What CI runs ends with the checks: a report without them is of a part."""
    (good, total, words), text = suite(data)
    part = not quick and not data["checks"]
    return (good, total + part, ", ".join([words] * bool(words) + ["without the checks"] * part)), text


# ---- Plots: of a section's data, or None where there is nothing to draw ----


def of(data, name):
    return (data.get("series") or {}).get(name)


def plot_sizes(data):
    line = of(data, "sizes")
    return line and plot("A trivial run against the size of the repository", "files in the repository", "ms, lower is better",
                         [Line("cupel, p50", line["points"]), Line("cupel, p99", line["p99"], dashed=True),
                          Line("git worktree + bwrap, by hand", line["hand"])], log_x=True, log_y=True)


def plot_first(data):
    line = of(data, "sizes")
    return line and plot("The first run ever, whose base is made, against the size", "files in the repository", "ms, lower is better",
                         [Line("cupel, first run", line["first"]), Line("cupel, every further one", line["points"], dashed=True),
                          Line("git worktree + bwrap, every time", line["hand"])], log_x=True, log_y=True)


def plot_changes(data):
    line = of(data, "changes")
    return line and plot("A run beyond the agent's own work, against the size of the change", "files that the run made", "ms",
                         [Line("cupel", line["points"])])


def plot_workers(data):
    line = of(data, "workers")
    return line and plot("Items landed on one branch", "workers", "items per second", [Line("cupel work", line["points"])])


def plot_soak(data):
    found = data.get("samples")
    if not found:
        return None
    minutes = [second / 60 for second in found["at"]]
    return plot("Soak: runs that ended", "minutes", "runs per second", [Line("runs per second", list(zip(minutes, found["rate"])))])


def plot_soak_memory(data):
    found = data.get("samples")
    if not found:
        return None
    minutes = [second / 60 for second in found["at"]]
    return plot("Soak: memory of all our processes", "minutes", "MiB (PSS)", [Line("all processes", [(at, kib / 1024) for at, kib in zip(minutes, found["pss"])])])
