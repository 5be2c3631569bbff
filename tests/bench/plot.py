"""Draws the results of benchmarks as SVG: plot.py RESULTS.json OUTPUT.svg

RESULTS is what --json of load.py, engine.py or watch.py wrote. A bar ends at the median, the line across it
goes from the least to the greatest of the turns.
"""

import sys
from pathlib import Path
from xml.sax.saxutils import escape

from report import Bar, Chart, read_charts

WIDTH, LABELS, MARGIN = 900, 300, 20
BAR, GAP, TITLE, AXIS = 14, 6, 34, 26
# Readable on a light and on a dark page, and told apart without colours by their order.
COLORS = ("#3b7dd8", "#d9822b", "#2a9d6f", "#a05cc0", "#c0504d", "#7f8c8d")
TICKS = 5


def nice_step(greatest: float) -> float:
    """A round distance of ticks for values up to `greatest`."""
    rough = greatest / TICKS
    power = 1.0
    while power * 10 <= rough:
        power *= 10
    while power > rough:
        power /= 10
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)


def text(x: float, y: float, content: str, anchor: str = "start", weight: str = "normal") -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">'
            f"{escape(content)}</text>")


def line(x1: float, y1: float, x2: float, y2: float, color: str, width: float = 1) -> str:
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" '
            f'stroke-width="{width}"/>')


class Drawing:
    def __init__(self):
        self._parts = []
        self._y = MARGIN

    def add(self, chart: Chart) -> None:
        self._parts.append(text(MARGIN, self._y + 14, chart.title, weight="bold"))
        self._y += TITLE
        bars = [bar for group in chart.groups.values() for bar in group]
        names = list(dict.fromkeys(bar.name for bar in bars))
        step = nice_step(max(bar.high for bar in bars))
        top = self._y
        scale = (WIDTH - LABELS - MARGIN - 60) / (max(bar.high for bar in bars) or 1)
        body = []
        for group, of_group in chart.groups.items():
            if group:
                body.append(text(MARGIN, self._y + BAR - 2, group, weight="bold"))
                self._y += BAR + GAP
            for bar in of_group:
                body.append(self._bar(bar, scale, COLORS[names.index(bar.name) % len(COLORS)]))
                self._y += BAR + GAP
        self._grid(top, step, scale, max(bar.high for bar in bars))
        self._parts += body
        self._y += AXIS

    def _bar(self, bar: Bar, scale: float, color: str) -> str:
        middle = self._y + BAR / 2
        return "".join((
            text(LABELS - 8, self._y + BAR - 3, bar.name, "end"),
            f'<rect x="{LABELS}" y="{self._y}" width="{bar.median * scale:.1f}" height="{BAR}" '
            f'fill="{color}"/>',
            line(LABELS + bar.low * scale, middle, LABELS + bar.high * scale, middle, "#444", 1.5),
            text(LABELS + bar.high * scale + 6, self._y + BAR - 3, f"{bar.median:.3g}"
                 if bar.median < 1000 else f"{bar.median:,.0f}")))

    def _grid(self, top: float, step: float, scale: float, greatest: float) -> None:
        value = 0.0
        while value <= greatest * 1.001:
            x = LABELS + value * scale
            self._parts.append(line(x, top - 4, x, self._y, "#ccc"))
            self._parts.append(text(x, self._y + 14, f"{value:,g}", "middle"))
            value += step

    def svg(self) -> str:
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self._y:.0f}" '
                f'viewBox="0 0 {WIDTH} {self._y:.0f}" font-family="sans-serif" font-size="12">\n'
                f'<rect width="100%" height="100%" fill="white"/>\n'
                + "\n".join(self._parts) + "\n</svg>\n")


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 64
    drawing = Drawing()
    for chart in read_charts(Path(sys.argv[1])):
        drawing.add(chart)
    Path(sys.argv[2]).write_text(drawing.svg())
    return 0


if __name__ == "__main__":
    sys.exit(main())
