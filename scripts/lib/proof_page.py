# SPDX-License-Identifier: Apache-2.0
"""docs/proof.md and its plots, from docs/proof/*.json alone.

    write(docs)       page and plots
    stale(docs)       names of files that are not what write() would write
"""
import json

import bench_samples
from proof_sections import SECTIONS

BUSY = 0.5  # load per processor, above which times say little


def read(docs):
    found = {}
    for section in SECTIONS:
        path = docs / "proof" / f"{section.key}.json"
        if path.exists():
            found[section.key] = json.loads(path.read_text(encoding="utf-8"))
    return found


def repeat(words, folder):
    words = [word.format(report="FILE") for word in words]
    if words[:2] == ["sh", "-c"]:
        words = words[2:]
    return (f"TMPDIR={folder} " if folder else "") + " ".join(words)


def anchor(title):
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c == "-")


def verdict_words(section, found):
    good, total, words = section.tell(found["data"], found["quick"])[0]
    if not total:
        return words or "**MISSED**: nothing was tried"
    if good == total:
        return f"met ({total:,} of {total:,})"
    return f"**MISSED**: {total - good:,} of {total:,}" + (f" ({words})" if words else "")


def overview(found):
    lines = ["| section | verdict | measured |", "| --- | --- | --- |"]
    for section in SECTIONS:
        link = f"[{section.title}](#{anchor(section.title)})"
        one = found.get(section.key)
        if not one:
            lines.append(f"| {link} | not measured yet | `scripts/proof --only {section.key}` |")
            continue
        how = ", a quick sample" if one["quick"] else ""
        how += ", on a busy machine" if busy(one) else ""
        lines.append(f"| {link} | {verdict_words(section, one)} | {one['when']} UTC{how} |".replace("\n", " "))
    return "\n".join(lines)


def busy(one):
    return (one["machine"]["load"] or 0) > BUSY * one["machine"]["cores"]


def machine_words(at):
    versions = [f"{name} {at[name]}" for name in ("cupel", "git", "bwrap", "libgit2", "sqlite") if at.get(name)]
    if at.get("compiler"):
        versions.append(f"gcc {at['compiler']}")
    return (f"{at['processor']}, {at['cores']} processors, {at['memory_gib']} GiB, {at['system']}, Linux {at['kernel']}, {at['filesystem']}; "
            f"{', '.join(versions)}" + f"; commit {at['commit'] or 'not recorded'}, as {at['user']}")


def often(words):
    """How many samples each row of scripts/bench in this command takes; a paragraph, or none."""
    rows = [word for word in words if word in bench_samples.SAMPLES]
    runs = words[words.index("--runs") + 1] if "--runs" in words else "--runs"
    return [f"How often each row of the command is measured: {bench_samples.told(rows, runs)}."] * bool(rows)


def told(section, one, docs_plots):
    parts = [f"## {section.title}", section.claim, f"```\n{repeat(section.full, section.folder)}\n```"]
    if not one:
        return parts + [f"Not measured yet: `scripts/proof --only {section.key}`."]
    parts.append(f"{verdict_words(section, one)[0].upper()}{verdict_words(section, one)[1:]}.")
    parts.append(section.tell(one["data"], one["quick"])[1])
    parts += often(one["command"].split())
    parts += [f"![{name}](proof/{name}.svg)" for name in section.plots if f"{name}.svg" in docs_plots]
    notes = [f"{one['when']} UTC"]
    if one["seconds"]:
        notes.append(f"{one['seconds']:.0f} seconds" if one["seconds"] < 120 else f"{one['seconds'] / 60:.0f} minutes")
    notes.append(machine_words(one["machine"]))
    if one["quick"]:
        notes.append("a quick sample: the full experiment is the command above")
    if busy(one):
        notes.append(f"the machine had other work (load {one['machine']['load']} at the begin): times say little")
    return parts + [f"<sub>{'; '.join(notes)}.</sub>"]


def plots(found):
    drawn = {}
    for section in SECTIONS:
        for name, draw in section.plots.items():
            svg = draw(found[section.key]["data"]) if section.key in found else None
            if svg:
                drawn[f"{name}.svg"] = svg
    return drawn


def render(docs):
    """{path below docs: text}"""
    found = read(docs)
    drawn = plots(found)
    parts = ["# Proof", "What cupel promises, as experiments that anybody can repeat. Made by `scripts/proof`, which measures; every figure "
             "is from the command that stands above it, on the machine and at the time that stand below it. What falls short of its bound is "
             "told as **MISSED**. [testing.md](testing.md) says how the experiments work.", overview(found)]
    for section in SECTIONS:
        parts += told(section, found.get(section.key), drawn)
    return {"proof.md": "\n\n".join(parts) + "\n", **{f"proof/{name}": text for name, text in drawn.items()}}


def stale(docs):
    wanted = render(docs)
    there = {f"proof/{path.name}" for path in (docs / "proof").glob("*.svg")}
    return sorted([name for name, text in wanted.items() if not (docs / name).exists() or (docs / name).read_text(encoding="utf-8") != text]
                  + list(there - set(wanted)))


def write(docs):
    (docs / "proof").mkdir(parents=True, exist_ok=True)
    wanted = render(docs)
    for path in (docs / "proof").glob("*.svg"):
        if f"proof/{path.name}" not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (docs / name).write_text(text, encoding="utf-8")
