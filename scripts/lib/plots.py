# SPDX-License-Identifier: Apache-2.0
"""Lines in a coordinate system, as SVG: axes with units, a legend, readable on light and dark pages and in print.

    svg = plot("Cost against size", "files", "ms", [Line("cupel", [(100, 20), …]), Line("by hand", …, dashed=True)], log_x=True, log_y=True)

Lines differ by colour, marker and dash, so that none of the three has to be seen. The same input gives the same bytes.
"""
import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 84, 44, 78, 62
COLOURS = [("#0063a5", "#6cb6ff"), ("#b34700", "#f0883e"), ("#00735a", "#3fb950"), ("#8a3c87", "#d2a8ff")]  # on light, on dark
MARKERS = ["circle", "square", "diamond", "triangle"]
MANY = 40  # points: from there on a line without markers


@dataclass
class Line:
    name: str
    points: list
    dashed: bool = False


def style():
    light = "".join(f".c{i}{{stroke:{one};fill:{one}}}" for i, (one, _) in enumerate(COLOURS))
    dark = "".join(f".c{i}{{stroke:{one};fill:{one}}}" for i, (_, one) in enumerate(COLOURS))
    return ("text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:16px;font-weight:600}.bg{fill:#fff}.grid{stroke:#d1d9e0}"
            ".axis{stroke:#59636e;fill:none}.line{fill:none;stroke-width:2}" + light +
            "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bg{fill:#0d1117}.grid{stroke:#30363d}.axis{stroke:#9198a1}" + dark +
            ".line{fill:none}}")


def number(value):
    if value and abs(value) < 1:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:g}"


def nice_step(span):
    rough = span / 5
    power = 10 ** math.floor(math.log10(rough))
    return next(power * k for k in (1, 2, 2.5, 5, 10) if power * k >= rough)


class Axis:
    def __init__(self, values, log, begin, end):
        self.log, self.begin, self.end = log, begin, end
        if log:
            self.low, self.high = math.floor(math.log10(min(values)) + 1e-9), math.ceil(math.log10(max(values)) - 1e-9)
            self.high = max(self.high, self.low + 1)
            self.ticks = [10 ** k for k in range(self.low, self.high + 1)]
        else:
            step = nice_step(max(max(values), 1e-9))
            self.low, self.high = 0, step * math.ceil(max(max(values), 1e-9) / step - 1e-9)
            self.ticks = [step * k for k in range(round(self.high / step) + 1)]

    def at(self, value):
        share = ((math.log10(value) if self.log else value) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)


def marker(kind, x, y, colour):
    if kind == "circle":
        return f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    shapes = {"square": [(-4, -4), (4, -4), (4, 4), (-4, 4)], "diamond": [(0, -5), (5, 0), (0, 5), (-5, 0)],
              "triangle": [(0, -5), (5, 4), (-5, 4)]}
    corners = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in shapes[kind])
    return f'<polygon class="{colour}" points="{corners}"/>'


def draw_line(line, index, across, up):
    colour, kind = f"c{index % len(COLOURS)}", MARKERS[index % len(MARKERS)]
    spots = [(across.at(x), up.at(y)) for x, y in line.points]
    dash = ' stroke-dasharray="6 4"' if line.dashed else ""
    out = [f'<polyline class="line {colour}" style="fill:none"{dash} points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in spots)}"/>']
    if len(spots) < MANY:
        out += [marker(kind, x, y, colour) for x, y in spots]
    return out


def draw_legend(lines):
    out, x = [], LEFT
    for i, line in enumerate(lines):
        colour, dash = f"c{i % len(COLOURS)}", ' stroke-dasharray="6 4"' if line.dashed else ""
        out.append(f'<line class="line {colour}"{dash} x1="{x}" y1="52" x2="{x + 28}" y2="52"/>')
        out.append(marker(MARKERS[i % len(MARKERS)], x + 14, 52, colour))
        out.append(f'<text x="{x + 34}" y="56">{escape(line.name)}</text>')
        x += 34 + round(7.2 * len(line.name)) + 18
    return out


def plot(title, x_label, y_label, lines, log_x=False, log_y=False):
    across = Axis([x for line in lines for x, _ in line.points], log_x, LEFT, WIDTH - RIGHT)
    up = Axis([y for line in lines for _, y in line.points], log_y, HEIGHT - BOTTOM, TOP)
    words = "; ".join(f"{line.name}: " + ", ".join(f"{number(x)}: {number(y)}" for x, y in line.points[:12]) for line in lines)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">',
           f"<title id=\"t\">{escape(title)}</title><desc id=\"d\">{escape(words)}</desc>", f"<style>{style()}</style>",
           f'<rect class="bg" width="{WIDTH}" height="{HEIGHT}"/>', f'<text class="title" x="{LEFT}" y="28">{escape(title)}</text>']
    for tick in up.ticks:
        y = up.at(tick)
        out.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'
                   f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number(tick)}</text>')
    for tick in across.ticks:
        x = across.at(tick)
        out.append(f'<line class="axis" x1="{x:.1f}" y1="{HEIGHT - BOTTOM}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM + 5}"/>'
                   f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 21}" text-anchor="middle">{number(tick)}</text>')
    out.append(f'<path class="axis" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 16}" text-anchor="middle">{escape(x_label)}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    out.append(f'<text transform="translate(18 {middle}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>')
    for i, line in enumerate(lines):
        out += draw_line(line, i, across, up)
    return "\n".join(out + draw_legend(lines) + ["</svg>"]) + "\n"
