"""Figure of what goes on inside a network, layer by layer from the input at the top to the answer at the bottom."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from tellapart.evaluation.diagnosis import DEAD, LARGEST_CHANGE, SATURATING
from tellapart.evaluation.drawing import (
    INK,
    MUTED,
    RIGHT,
    WRONG,
    finite,
    new_figure,
    short,
    style,
    svg_of,
    write,
)
from tellapart.training.health import Layer, Probe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTTED = 40
"""Up to so many layers each has a dot."""
NAMED = 26
"""Up to so many, every layer is named; above, every second, third, ..."""
LEFT, RIGHT_EDGE, TOP, BOTTOM, GAP = 150, 14, 58, 34, 24
"""Pixels around and between the panels."""
WIDTH = 760


def _off(layer: Layer) -> float | None:
    """Per cent of the units that never fire; of sigmoid and tanh, of the values where they are flat."""
    share = layer.flat if layer.nonlinearity in SATURATING else layer.dead
    return None if share is None else 100 * share


PANELS: dict[str, tuple[Callable[[Layer], float | None], tuple[str, ...], float | None]] = {
    "Output": (lambda layer: layer.activation, ("shrinking-signal", "growing-signal"), None),
    "Pull of the loss": (lambda layer: layer.pull, ("vanishing-gradients", "exploding-gradients", "unreached"), None),
    "A step moves, %": (
        lambda layer: None if layer.change is None else 100 * layer.change,
        ("large-steps", "small-steps"),
        100 * LARGEST_CHANGE,
    ),
    "Units off, %": (_off, ("dead-units", "saturation"), 100 * DEAD),
}
"""Title -> (number of a layer, kinds of findings that it shows, limit)."""


def profile_plot(probes: Sequence[Probe], kinds: Collection[str] = ()) -> str:
    """SVG: per layer the size of its output, the pull of the loss, how far a step moves it, and its units that are off.

    kinds  of what was found wrong: their panels have an orange title
    Grey is the first look, blue the last one, the shade all between them.
    """
    layers = probes[-1].layers
    side = min(560, max(110, 24 * len(layers)))
    height = TOP + side + BOTTOM
    figure = new_figure(WIDTH, height)
    width = (WIDTH - LEFT - RIGHT_EDGE - GAP * (len(PANELS) - 1)) / len(PANELS)
    for number, (title, (value, shown, limit)) in enumerate(PANELS.items()):
        place = LEFT + number * (width + GAP)
        axes = figure.add_axes((place / WIDTH, BOTTOM / height, width / WIDTH, side / height))
        style(axes, title, WRONG if any(kind in kinds for kind in shown) else INK)
        _panel(axes, probes, value, limit, logarithmic=value is not _off)
        axes.set_ylim(len(layers) - 0.5, -0.5)
        _names(axes, layers, named=number == 0)
    _legend(figure.axes[0], probes, side)
    return svg_of(figure)


def _panel(
    axes: "Axes",
    probes: Sequence[Probe],
    value: Callable[[Layer], float | None],
    limit: float | None,
    *,
    logarithmic: bool,
) -> None:
    """One number over the depth, at the first look and at the last, and between which bounds it was."""
    names = [layer.name for layer in probes[-1].layers]
    looks = [{layer.name: value(layer) for layer in probe.layers} for probe in probes]
    rows = {}
    for depth, name in enumerate(names):
        known = [look[name] for look in looks if finite(look.get(name)) and (look[name] or not logarithmic)]
        rows[depth] = [number for number in known if number is not None]
    there = [depth for depth, known in rows.items() if known]
    if logarithmic and there:
        axes.set_xscale("log")
    axes.fill_betweenx(
        there, [min(rows[d]) for d in there], [max(rows[d]) for d in there], color=RIGHT, alpha=0.13, linewidth=0
    )
    for look, colour in ((looks[0], MUTED), (looks[-1], RIGHT)):
        points = [(look[name], depth) for depth, name in enumerate(names) if depth in there and finite(look.get(name))]
        drawn = [(number, depth) for number, depth in points if number or not logarithmic]
        marker = "o" if len(names) <= DOTTED else ""
        axes.plot(
            *zip(*drawn, strict=True), color=colour, linewidth=1.6, marker=marker, markersize=4.5
        ) if drawn else None
    _scale(axes, [number for depth in there for number in rows[depth]], limit, logarithmic)


def _scale(axes: "Axes", values: Sequence[float], limit: float | None, logarithmic: bool) -> None:
    """At least two decades, or all of 0 to 100 %; the limit where it is in sight."""
    if not logarithmic:
        axes.set_xlim(-4, 104)
        axes.set_xticks([0, 50, 100])
    elif values:
        from matplotlib.ticker import LogLocator, NullLocator

        middle = (min(values) * max(values)) ** 0.5
        low, high = min(min(values) / 2, middle / 10), max(max(values) * 2, middle * 10)
        axes.set_xlim(low, high)
        axes.xaxis.set_major_locator(LogLocator(numticks=4))
        axes.xaxis.set_minor_locator(NullLocator())
    low, high = axes.get_xlim()
    if limit is not None and low < limit < high:
        axes.axvline(limit, color=WRONG, linewidth=1, linestyle=(0, (3, 3)), zorder=1)


def _names(axes: "Axes", layers: Sequence[Layer], *, named: bool) -> None:
    """The layers, numbered from the input on: the path of each, or its class where that is a mere number."""
    shown = range(0, len(layers), -(-len(layers) // NAMED))
    names = [layers[depth].kind if layers[depth].name.isdigit() else layers[depth].name for depth in shown]
    words = [f"{short(name)}  {depth + 1}" if named else "" for depth, name in zip(shown, names, strict=True)]
    axes.set_yticks(shown, words, parse_math=False, fontsize=10.5)


def _legend(axes: "Axes", probes: Sequence[Probe], side: float) -> None:
    """What the colours mean, above the panels."""
    above = 1 + 42 / side
    first, last = probes[0].step, probes[-1].step
    words = "before the first step" if first == 0 else f"after step {first:,}"
    write(axes, 0, above, words, MUTED, transform=axes.transAxes)
    if len(probes) > 1:
        write(axes, 1.2, above, f"after step {last:,}", RIGHT, transform=axes.transAxes)
