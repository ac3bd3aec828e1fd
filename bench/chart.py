"""Grouped bars as SVG, by hand: panels one below the other, a bar for each series in each group, logarithmic."""
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

COLOURS = ["#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#76b7b2"]
WIDTH, HEIGHT, LEFT, TOP, GAP = 1000, 260, 70, 70, 70


@dataclass
class Panel:
    title: str
    values: list  # one list for each group, of one value for each series


def text(x, y, what, anchor="middle", size=11, extra=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}" {extra}>{escape(what)}</text>'


def short(value):
    return f"{value / 1000:.3g}k" if value >= 1000 else f"{value:.3g}"


def draw_panel(panel, y, groups, series):
    every = [value for row in panel.values for value in row if value > 0] or [1]
    low, high = floor(log10(min(every)) - 0.01), ceil(log10(max(every)))
    share = lambda value: max(0, log10(value) - low) / (high - low) if value > 0 else 0
    wide = (WIDTH - LEFT - 20) / len(groups)
    bar = wide * 0.8 / len(series)
    parts = [text(LEFT, y - 12, panel.title, "start", 13, 'font-weight="bold"')]
    for power in range(low, high + 1):
        level = y + HEIGHT * (1 - share(10 ** power))
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{level:.1f}" y2="{level:.1f}" stroke="#ddd"/>')
        parts.append(text(LEFT - 6, level + 4, short(10 ** power), "end"))
    for group, (name, row) in enumerate(zip(groups, panel.values)):
        start = LEFT + wide * (group + 0.1)
        for number, value in enumerate(row):
            tall = HEIGHT * share(value)
            x, top = start + bar * number, y + HEIGHT - tall
            parts.append(f'<rect x="{x:.1f}" y="{top:.1f}" width="{bar - 1:.1f}" height="{tall:.1f}" fill="{COLOURS[number % len(COLOURS)]}"/>')
            parts.append(text(x + bar / 2, top - 3, short(value), size=8))
        parts.append(text(start + wide * 0.4, y + HEIGHT + 16, name))
    return parts


def draw(caption, groups, series, panels):
    height = TOP + len(panels) * (HEIGHT + GAP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif">',
             f'<rect width="{WIDTH}" height="{height}" fill="white"/>', text(LEFT, 18, caption, "start", 9)]
    for number, name in enumerate(series):
        x = LEFT + 110 * number
        parts.append(f'<rect x="{x}" y="28" width="10" height="10" fill="{COLOURS[number % len(COLOURS)]}"/>')
        parts.append(text(x + 14, 37, name, "start"))
    for number, panel in enumerate(panels):
        parts += draw_panel(panel, TOP + number * (HEIGHT + GAP), groups, series)
    return "\n".join(parts + ["</svg>", ""])
