"""Charts as SVG inside a page: drawn by matplotlib without a browser, in the colours of the page, light or dark."""

from __future__ import annotations

import datetime as dt
import io
import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010203"
"""A colour that stands for the page's own, in the drawing."""
SERIES = {"#010204": "var(--one)", "#010205": "var(--two)", "#010206": "var(--three)", "#010207": "var(--four)"}
"""Colours that stand for those of the page, by which series are told apart."""
_SIZE = (7.2, 2.6)
NAMED_DAYS = 5
_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_FIXED_SIZE = re.compile(r'(<svg[^>]*?) width="[^"]*"([^>]*?) height="[^"]*"')
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL)


def use_cache(folder: Path) -> None:
    """Where matplotlib keeps what it found out about fonts. To be called before the first chart."""
    os.environ.setdefault("MPLCONFIGDIR", str(folder))
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def lines(title: str, days: Sequence[dt.date], series: Mapping[str, Sequence[float]]) -> str:
    """A line for each series over the days."""
    figure, axes = _axes()
    for (name, values), colour in zip(series.items(), SERIES, strict=False):
        axes.plot(list(days), list(values), color=colour, label=name, linewidth=1.6, marker=".")  # type: ignore[arg-type]
    axes.set_ylim(0, 1.1 * max([1.0, *(value for values in series.values() for value in values)]))
    _name_days(axes, days)
    return _drawn(figure, axes, title, len(series) > 1)


def bars(title: str, days: Sequence[dt.date], series: Mapping[str, Sequence[float]]) -> str:
    """Bars beside each other for each day, one for each series."""
    figure, axes = _axes()
    wide = 0.8 / max(1, len(series))
    for i, ((name, values), colour) in enumerate(zip(series.items(), SERIES, strict=False)):
        moved = [
            dt.datetime.combine(day, dt.time()) + dt.timedelta(days=(i - (len(series) - 1) / 2) * wide) for day in days
        ]
        axes.bar(moved, list(values), width=wide, color=colour, label=name)  # type: ignore[arg-type]
    _name_days(axes, days)
    return _drawn(figure, axes, title, len(series) > 1)


def shares(title: str, names: Sequence[str], nearest: Sequence[float]) -> str:
    """A bar for each name: how near a limit came, in percent of the limit; a line stands where it trips."""
    figure, axes = _axes(height=0.7 + 0.32 * len(names))
    axes.barh(list(names), list(nearest), color=next(iter(SERIES)), height=0.6)
    axes.axvline(100, color=INK, linewidth=1.2, linestyle="--")
    axes.set_xlim(0, max(110, *nearest) if nearest else 110)
    axes.invert_yaxis()
    axes.set_xlabel("percent of the limit")
    return _drawn(figure, axes, title, False)


def burn_down(title: str, moments: Sequence[dt.datetime], left: Sequence[int], quota: int) -> str:
    """Calls that are left of the quota, from a moment to the next."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure, axes = _axes()
    axes.step(list(moments), list(left), where="post", color=next(iter(SERIES)), linewidth=1.6)  # type: ignore[arg-type]
    axes.set_ylim(0, quota * 1.05)
    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    return _drawn(figure, axes, title, False)


def _axes(height: float = _SIZE[1]) -> tuple[Figure, Axes]:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    ink: Any = dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK)
    with rc_context(ink | {"font.size": 11}):
        figure = Figure(figsize=(_SIZE[0], height), layout="constrained")
        axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=INK, alpha=0.15, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _name_days(axes: Axes, days: Sequence[dt.date]) -> None:
    """Name at most so many of the days below the axis, the first and the last among them."""
    last = len(days) - 1
    chosen = sorted({round(i * last / (NAMED_DAYS - 1)) for i in range(NAMED_DAYS)})
    axes.set_xticks([days[i] for i in chosen], labels=[days[i].isoformat() for i in chosen])  # type: ignore[arg-type]


def _drawn(figure: Figure, axes: Axes, title: str, legend: bool) -> str:
    """The chart as an SVG element that a screen reader calls by its title."""
    from matplotlib import rc_context

    if legend:
        axes.legend(frameon=False, labelcolor=INK, ncols=4, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    text = io.StringIO()
    options: Any = {"svg.fonttype": "none", "svg.hashsalt": title}
    with rc_context(options):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = _FIXED_SIZE.sub(r"\1\2", _STYLE.sub("", _HEAD.sub("", text.getvalue())), count=1)
    for colour, ours in {INK: "currentColor", **SERIES}.items():
        svg = svg.replace(colour, ours)
    return svg.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
