"""Charts of numbers, as SVG that is drawn on the server."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 180
LEFT, BOTTOM, TOP = 40, 24, 12
MOST_LABELS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: where it stands, how large it is, and what it says."""

    x: float
    y: float
    width: float
    height: float
    title: str
    label: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """A chart with a bar for each value, and the largest value on its axis."""

    bars: Sequence[Bar]
    top: str
    width: int = WIDTH
    height: int = HEIGHT
    base: int = HEIGHT - BOTTOM
    left: int = LEFT
    upper: int = TOP


def bar_chart(values: Sequence[tuple[str, int]]) -> BarChart:
    """Return the chart of labelled numbers, from left to right."""
    largest = max([number for _, number in values], default=0) or 1
    step = (WIDTH - LEFT) / max(1, len(values))
    every = max(1, -(-len(values) // MOST_LABELS))
    room = HEIGHT - BOTTOM - TOP
    bars = []
    for position, (label, number) in enumerate(values):
        height = round(room * number / largest, 1)
        bars.append(
            Bar(
                round(LEFT + position * step + step * 0.1, 1),
                round(HEIGHT - BOTTOM - height, 1),
                round(step * 0.8, 1),
                height,
                f"{label}: {number:,}",
                label if position % every == 0 else "",
            )
        )
    return BarChart(bars, f"{largest:,}")
