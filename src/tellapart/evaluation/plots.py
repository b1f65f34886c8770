"""Figures as SVG text: learning curves, confusion matrix, recall of each class, loss by learning rate.

They draw on a figure object of their own, never on pyplot's: a server may draw from several threads. The bytes are the
same each time. Words stay words (searchable, in the reader's fonts) and the colours turn with the reader's dark mode.
Class names are shown as they are, cut where they are long.
"""

import io
import math
import re
import threading
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tellapart.evaluation.measures import METRICS, ClassRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER = "#1b2129", "#5a6472", "#e1e5ea", "#ffffff"
RIGHT, WRONG, ON_COLOUR = "#1f6cb0", "#bd5209", "#fffffe"
"""Blue and orange: apart for every kind of colour blindness."""
DARK = {INK: "#e7eaee", MUTED: "#a3adba", GRID: "#2d343d", PAPER: "#14181d", RIGHT: "#6cb1ec", WRONG: "#f0964a"}
"""What each colour turns into in the reader's dark mode; ON_COLOUR stays."""
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"

NUMBERED_CLASSES = 20
"""Up to so many classes the cells of the confusion matrix carry their counts."""
SHARED_CLASSES = 10
"""Up to so many, their shares too."""
NAMED_CLASSES = 50
"""Up to so many, every class is named; above, every second, third, ..."""
CLASSES_SHOWN = 40
"""Of the figure of recalls: the worst."""
LONGEST_NAME = 24

_drawing = threading.Lock()


def learning_curves(history: Sequence[Mapping[str, Any]], *, metric: str = "accuracy", best: int | None = None) -> str:
    """SVG: losses above, the metric (a word of METRICS) below, against the epoch; `best` is the epoch that was kept."""
    figure = _figure(640, 480)
    above, below = figure.subplots(2, 1, sharex=True)
    figure.subplots_adjust(left=0.09, right=0.86, top=0.94, bottom=0.1, hspace=0.32)
    key = "accuracy" if metric == "log-loss" else METRICS[metric][0]
    _style(above, "Loss, nats")
    _lines(above, history, {"train": ("train_loss", MUTED), "val": ("val_log_loss", RIGHT)}, best, "{:.3f}")
    _style(below, f"{key.replace('_', ' ').capitalize().replace('f1', 'F1')}, %")
    shown = {"train": ("train_accuracy", MUTED)} if key == "accuracy" else {}
    _lines(below, history, shown | {"val": (f"val_{key}", RIGHT)}, best, "{:.1f}", scale=100)
    below.set_xlabel("epoch")
    _whole_ticks(below)
    if history:
        below.set_xlim(history[0]["epoch"] - 0.5, history[-1]["epoch"] + 0.5)
    return _svg(figure)


def confusion_plot(matrix: NDArray[np.int64], classes: Sequence[str]) -> str:
    """SVG: true classes on rows, predicted on columns; blue is right, orange wrong, stronger a larger share."""
    names = [_short(name) for name in classes]
    K = len(names)
    size = 12.0 if K <= NUMBERED_CLASSES else 9.5
    longest = 0.6 * size * max(_width(name) for name in names)
    side = min(620, max(220, 54 * K))
    upright = longest > side / K
    left, below = 42 + longest, 34 + (longest if upright else 14)
    width, height = left + side + 8, below + side + 8
    figure = _figure(width, height)
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
    return _svg(figure)


def per_class_plot(rows: Sequence[ClassRow]) -> str:
    """SVG: recall of each class with its 95 % interval, worst first, 40 classes at most."""
    known = [row for row in rows if row.recall is not None]
    worst = sorted(known, key=lambda row: row.recall or 0.0)[:CLASSES_SHOWN]
    margin = 24 + 7 * max((_width(_short(row.name)) for row in worst), default=0)
    height = 64 + 24 * len(worst)
    figure = _figure(640, height)
    axes = figure.add_axes((margin / 640, 44 / height, (640 - margin - 118) / 640, (height - 56) / height))
    _style(axes, "")
    for place, row in enumerate(worst):
        recall, low, high = row.recall or 0.0, row.recall_low or 0.0, row.recall_high or 0.0
        axes.plot([100 * low, 100 * high], [place, place], color=RIGHT, linewidth=2, alpha=0.45, solid_capstyle="round")
        axes.plot([100 * recall], [place], "o", color=RIGHT, markersize=6)
        _write(
            axes, 1.02, place, f"{100 * recall:.1f} % of {row.support:,}", MUTED, transform=axes.get_yaxis_transform()
        )
    axes.set_ylim(len(worst) - 0.5, -0.5)
    lowest = min((row.recall_low or 0.0 for row in worst), default=0.0)
    axes.set_xlim(10 * math.floor(10 * lowest) - 0.5, 100.5)
    axes.grid(visible=False, axis="y")
    axes.set_yticks(range(len(worst)), [_short(row.name) for row in worst], parse_math=False)
    axes.set_xlabel("recall, %")
    _whole_ticks(axes)
    return _svg(figure)


def lr_range_plot(
    lrs: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], suggested: float | None
) -> str:
    """SVG: the loss of each step and its moving average against the learning rate, on a logarithmic axis."""
    figure = _figure(640, 320)
    axes = figure.add_axes((0.09, 0.16, 0.77, 0.72))
    _style(axes, "Loss")
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
    return _svg(figure)


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
        points = {row["epoch"]: scale * row[key] for row in history if _finite(row.get(key))}
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


def _name_ends(axes: "Axes", ends: Sequence[tuple[float, str, str]], label: str) -> None:
    """Write each line's name beside its end, at least a line of text apart and none above the axes."""
    low, high = axes.get_ylim()
    apart, limit = 0.11, 1.0
    for value, name, colour in sorted(ends, reverse=True):
        place = min((value - low) / (high - low), limit)
        _write(axes, 1.02, place, f"{name} {label.format(value)}", colour, transform=axes.transAxes)
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


def _figure(width: float, height: float) -> "Figure":
    """A figure of so many pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def _style(axes: "Axes", title: str) -> None:
    axes.set_facecolor("none")
    axes.set_title(title, loc="left", color=INK, fontsize=12.5, pad=8)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelcolor=INK, labelsize=11.5, pad=6)
    axes.xaxis.label.set_color(MUTED)
    axes.xaxis.label.set_fontsize(12)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _whole_ticks(axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9, steps=[1, 2, 5, 10]))


def _write(axes: "Axes", x: float, y: float, text: str, colour: str, **where: Any) -> None:
    axes.text(x, y, text, color=colour, fontsize=11.5, va="center", **where)


def _svg(figure: "Figure") -> str:
    """The figure as one SVG element that names no other address and follows the reader's dark mode."""
    from matplotlib import rc_context

    text = io.StringIO()
    steady = rc_context({"svg.hashsalt": "tellapart", "svg.fonttype": "none", "font.family": ["DejaVu Sans"]})
    with _drawing, steady, warnings.catch_warnings():
        # Its own font measures the words; one that it lacks (Chinese, say) the reader's browser draws.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(text, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = text.getvalue()
    svg = re.sub(r"font-family: [^;\"]*; ", "", svg[svg.index("<svg") :])
    svg = re.sub(r'(width|height)="([\d.]+)pt"', r'\1="\2"', svg)
    return svg.replace("<defs>", f"<style>text{{font-family:{FONTS}}}{_dark_rules()}</style>\n <defs>", 1)


def _dark_rules() -> str:
    rules = (
        f'[style*="{kind}: {light}"]{{{kind}:{dark} !important}}'
        for light, dark in DARK.items()
        for kind in ("fill", "stroke")
    )
    return "@media (prefers-color-scheme: dark){" + "".join(rules) + "}"


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _short(name: str) -> str:
    """The name in at most 24 characters, cut in the middle, with a box for each that can't be printed."""
    shown = "".join(letter if letter.isprintable() else "\N{WHITE SQUARE}" for letter in name)
    half = LONGEST_NAME // 2
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: half - 1]}…{shown[-half:]}"


def _width(name: str) -> int:
    """Columns the name takes: East Asian letters count twice."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in name)
