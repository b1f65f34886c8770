"""Figures as SVG text: learning curves, confusion matrix, recall of each class, loss by learning rate.

Class names are shown as they are, cut where they are long.
"""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tellapart.evaluation.drawing import (
    GRID,
    INK,
    MUTED,
    ON_COLOUR,
    PAPER,
    RIGHT,
    WRONG,
    finite,
    new_figure,
    short,
    style,
    svg_of,
    whole_ticks,
    write,
)
from tellapart.evaluation.measures import METRICS, ClassRow
from tellapart.types import Measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARES = ("accuracy", "balanced-accuracy", "macro-f1", "log-loss", "average-precision")
"""Measures beside which the loss is in nats, and which are told in per cent."""
NUMBERED_CLASSES = 20
"""Up to so many classes the cells of the confusion matrix carry their counts."""
SHARED_CLASSES = 10
"""Up to so many, their shares too."""
NAMED_CLASSES = 50
"""Up to so many, every class is named; above, every second, third, ..."""
CLASSES_SHOWN = 40
"""Of the figure of recalls: the worst."""
DOTS_SHOWN = 2000
"""Of the figure of numbers."""


def learning_curves(
    history: Sequence[Mapping[str, Any]],
    *,
    metric: str = "accuracy",
    best: int | None = None,
    seen: Mapping[str, Measure] | None = None,
) -> str:
    """SVG: losses above, the metric (a word of METRICS) below, against the epoch.

    best  the epoch that was kept
    seen  measures of training samples with its weights, taken as those of val are: a ring at that epoch
    """
    figure = new_figure(640, 480)
    above, below = figure.subplots(2, 1, sharex=True)
    figure.subplots_adjust(left=0.09, right=0.86, top=0.94, bottom=0.1, hspace=0.32)
    key = METRICS[metric][0]
    if metric == "log-loss":  # it stands above
        key = next(
            (own for own in ("accuracy", "average_precision") if history and f"val_{own}" in history[-1]), "accuracy"
        )
    style(above, "Loss, nats" if metric in SHARES else "Loss")
    _lines(above, history, {"train": ("train_loss", MUTED), "val": ("val_log_loss", RIGHT)}, best, "{:.3f}")
    words = key.replace("_", " ").capitalize().replace("f1", "F1")
    style(below, f"{words}, %" if metric in SHARES else words)
    shown = {"train": ("train_accuracy", MUTED)} if key == "accuracy" else {}
    label, scale = ("{:.1f}", 100) if metric in SHARES else ("{:.3g}", 1)
    _lines(below, history, shown | {"val": (f"val_{key}", RIGHT)}, best, label, scale=scale)
    if seen and history:
        for axes, own, times in ((above, "log_loss", 1), (below, key, scale)):
            if own in seen:
                _ring(axes, best or history[-1]["epoch"], times * seen[own].value)
    below.set_xlabel("epoch")
    whole_ticks(below)
    if history:
        below.set_xlim(history[0]["epoch"] - 0.5, history[-1]["epoch"] + 0.5)
    return svg_of(figure)


def confusion_plot(matrix: NDArray[np.int64], classes: Sequence[str]) -> str:
    """SVG: true classes on rows, predicted on columns; blue is right, orange wrong, stronger a larger share."""
    names = [short(name) for name in classes]
    K = len(names)
    size = 12.0 if K <= NUMBERED_CLASSES else 9.5
    longest = 0.6 * size * max(_width(name) for name in names)
    side = min(620, max(220, 54 * K))
    upright = longest > side / K
    left, below = 42 + longest, 34 + (longest if upright else 14)
    width, height = left + side + 8, below + side + 8
    figure = new_figure(width, height)
    axes = figure.add_axes((left / width, below / height, side / width, side / height))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(_cells(shares), interpolation="none", aspect="equal")
    _frame(axes, K)
    _name_ticks(axes, names, size, upright)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.xaxis.set_label_coords(0.5, (14 - below) / side)
    axes.yaxis.set_label_coords((16 - left) / side, 0.5)
    if K <= NUMBERED_CLASSES:
        _number_cells(axes, matrix, shares)
    return svg_of(figure)


def number_plot(values: NDArray[Any], targets: NDArray[Any], name: str) -> str:
    """SVG: what was answered (N,) against what is; on the line they are equal. Of many samples 2,000 are shown."""
    rows = np.linspace(0, len(values) - 1, min(len(values), DOTS_SHOWN)).round().astype(int)
    figure = new_figure(420, 420)
    axes = figure.add_axes((0.15, 0.13, 0.8, 0.8))
    style(axes, "")
    both = np.concatenate([values[rows], targets[rows]]).astype(float)
    low, high = float(both.min()), float(both.max())
    room = 0.04 * (high - low) or 1.0
    axes.plot([low, high], [low, high], color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
    axes.plot(targets[rows], values[rows], "o", color=RIGHT, markersize=4, alpha=0.5, markeredgewidth=0)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(low - room, high + room)
    axes.set_aspect("equal")
    axes.set_xlabel(f"{short(name)}, true", parse_math=False)
    axes.set_ylabel("answered", color=MUTED, fontsize=12)
    return svg_of(figure)


def per_class_plot(rows: Sequence[ClassRow]) -> str:
    """SVG: recall of each class with its 95 % interval, worst first, 40 classes at most."""
    known = [row for row in rows if row.recall is not None]
    worst = sorted(known, key=lambda row: row.recall or 0.0)[:CLASSES_SHOWN]
    margin = 24 + 7 * max((_width(short(row.name)) for row in worst), default=0)
    height = 64 + 24 * len(worst)
    figure = new_figure(640, height)
    axes = figure.add_axes((margin / 640, 44 / height, (640 - margin - 118) / 640, (height - 56) / height))
    style(axes, "")
    for place, row in enumerate(worst):
        recall, low, high = row.recall or 0.0, row.recall_low or 0.0, row.recall_high or 0.0
        axes.plot([100 * low, 100 * high], [place, place], color=RIGHT, linewidth=2, alpha=0.45, solid_capstyle="round")
        axes.plot([100 * recall], [place], "o", color=RIGHT, markersize=6)
        write(
            axes, 1.02, place, f"{100 * recall:.1f} % of {row.support:,}", MUTED, transform=axes.get_yaxis_transform()
        )
    axes.set_ylim(len(worst) - 0.5, -0.5)
    lowest = min((row.recall_low or 0.0 for row in worst), default=0.0)
    axes.set_xlim(10 * math.floor(10 * lowest) - 0.5, 100.5)
    axes.grid(visible=False, axis="y")
    axes.set_yticks(range(len(worst)), [short(row.name) for row in worst], parse_math=False)
    axes.set_xlabel("recall, %")
    whole_ticks(axes)
    return svg_of(figure)


def lr_range_plot(
    lrs: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], suggested: float | None
) -> str:
    """SVG: the loss of each step and its moving average against the learning rate, on a logarithmic axis."""
    figure = new_figure(640, 320)
    axes = figure.add_axes((0.09, 0.16, 0.77, 0.72))
    style(axes, "Loss")
    axes.set_xscale("log")
    axes.plot(lrs, losses, color=MUTED, linewidth=1, alpha=0.5)
    axes.plot(lrs, smoothed, color=RIGHT, linewidth=1.8, marker="o" if len(lrs) == 1 else "")
    if smoothed:
        low, high = min(smoothed), max(smoothed[0], min(smoothed))
        axes.set_ylim(low - 0.1 * (high - low) - 1e-6, high + 0.5 * (high - low) + 1e-6)
    if suggested is not None:
        axes.axvline(suggested, color=WRONG, linewidth=1, linestyle=(0, (3, 3)), zorder=1)
        axes.set_title(f"suggested: {suggested:.2g}", loc="right", color=WRONG, fontsize=11.5)
    axes.set_xlabel("learning rate")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    return svg_of(figure)


def _lines(
    axes: "Axes",
    history: Sequence[Mapping[str, Any]],
    series: Mapping[str, tuple[str, str]],
    best: int | None,
    label: str,
    scale: float = 1,
) -> None:
    """One line a series, named and valued at its right end, with a dot on the best epoch of val."""
    ends: list[tuple[float, str, str]] = []
    for name, (key, colour) in series.items():
        points = {row["epoch"]: scale * row[key] for row in history if finite(row.get(key))}
        if not points:
            continue
        axes.plot(
            list(points), list(points.values()), color=colour, linewidth=1.8, marker="o" if len(points) == 1 else ""
        )
        ends.append((list(points.values())[-1], name, colour))
        if name == "val" and best is not None and best in points:
            axes.axvline(best, color=WRONG, linewidth=1, linestyle=(0, (3, 3)), zorder=1)
            axes.plot([best], [points[best]], "o", color=WRONG, markersize=6, zorder=4)
            axes.set_title(f"best: epoch {best}, {label.format(points[best])}", loc="right", color=WRONG, fontsize=11.5)
    _name_ends(axes, ends, label)


def _ring(axes: "Axes", epoch: int, value: float) -> None:
    """Training samples judged as val is."""
    axes.plot([epoch], [value], "o", markerfacecolor=PAPER, markeredgecolor=MUTED, markersize=7, zorder=5)


def _name_ends(axes: "Axes", ends: Sequence[tuple[float, str, str]], label: str) -> None:
    """Write each line's name beside its end, at least a line of text apart and none above the axes."""
    low, high = axes.get_ylim()
    apart, limit = 0.11, 1.0
    for value, name, colour in sorted(ends, reverse=True):
        place = min((value - low) / (high - low), limit)
        write(axes, 1.02, place, f"{name} {label.format(value)}", colour, transform=axes.transAxes)
        limit = place - apart


def _cells(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """RGBA (K, K, 4) in [0, 1]; the opacity is the square root of the share, so that rare mistakes are seen."""
    K = len(shares)
    cells = np.empty((K, K, 4))
    cells[..., :3] = _rgb(WRONG)
    cells[np.arange(K), np.arange(K), :3] = _rgb(RIGHT)
    cells[..., 3] = np.where(shares > 0, 0.12 + 0.88 * np.sqrt(shares), 0)
    return cells


def _number_cells(axes: "Axes", matrix: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    size = 12 if len(matrix) <= SHARED_CLASSES else 9.5
    for row, column in np.argwhere(matrix):
        share = shares[row, column]
        text = f"{matrix[row, column]:,}"
        if len(matrix) <= SHARED_CLASSES:
            text += f"\n{100 * share:.1f} %" if share < 0.9995 else "\n100 %"
        colour = ON_COLOUR if share > 0.75 else INK
        axes.text(column, row, text, color=colour, fontsize=size, ha="center", va="center", linespacing=1.15)


def _name_ticks(axes: "Axes", names: Sequence[str], size: float, upright: bool) -> None:
    places = range(0, len(names), math.ceil(len(names) / NAMED_CLASSES))
    shown = [names[place] for place in places]
    axes.set_yticks(places, shown, parse_math=False, fontsize=size)
    axes.set_xticks(places, shown, parse_math=False, fontsize=size, rotation=90 if upright else 0)


def _frame(axes: "Axes", K: int) -> None:
    """Thin lines between the cells where there is room for them, and one around."""
    axes.tick_params(length=0, colors=INK, pad=5)
    for spine in axes.spines.values():
        spine.set_color(GRID)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(MUTED)
        label.set_fontsize(12)
    if K <= NAMED_CLASSES:
        axes.set_xticks(np.arange(0.5, K - 1), minor=True)
        axes.set_yticks(np.arange(0.5, K - 1), minor=True)
        axes.grid(which="minor", color=GRID, linewidth=0.8)
        axes.tick_params(which="minor", length=0)


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _width(name: str) -> int:
    """Columns the name takes: East Asian letters count twice."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in name)
