"""Results of benchmarks: Markdown tables for people, and charts for plot.py."""

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Iterable, TypeVar

Subject = TypeVar("Subject")


@dataclass(frozen=True)
class Bar:
    """The median of several turns, between the extremes."""

    name: str
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, name: str, values: list[float]) -> "Bar":
        return cls(name, statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Chart:
    title: str
    # By what they have in common.
    groups: dict[str, list[Bar]]


def write_charts(path: Path | None, charts: list[Chart]) -> None:
    if path:
        path.write_text(json.dumps([asdict(chart) for chart in charts], indent=1) + "\n")


def read_charts(path: Path) -> list[Chart]:
    return [Chart(chart["title"], {name: [Bar(**bar) for bar in bars]
                                   for name, bars in chart["groups"].items()})
            for chart in json.loads(path.read_text())]


def spread(values: Iterable[float], digits: int = 0) -> str:
    """The median and, in brackets, the extremes."""
    values = list(values)
    median, low, high = statistics.median(values), min(values), max(values)
    return f"{median:.{digits}f} ({low:.{digits}f} - {high:.{digits}f})"


def ratios(numerators: list[float], denominators: list[float]) -> list[float]:
    """Of neighbours in time."""
    return [a / b for a, b in zip(numerators, denominators)]


def print_table(head: list[str], rows: list[list[str]]) -> None:
    for row in [head, ["---"] + ["---:"] * (len(head) - 1), *rows]:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def in_turns(subjects: list[Subject], rounds: int) -> Iterable[Subject]:
    """Each once a round. A round has the opposite order of the one before, and every other round
    begins elsewhere, so that none is always first, last or behind the same one."""
    for number in range(rounds):
        begin = 3 * (number // 2) % len(subjects)
        order = subjects[begin:] + subjects[:begin]
        yield from order if number % 2 == 0 else reversed(order)
