"""What all figures share: one look, drawn as one SVG element.

They draw on a figure object of their own, never on pyplot's: a server may draw from several threads. The bytes are the
same each time. Words stay words (searchable, in the reader's fonts) and the colours turn with the reader's dark mode.
"""

import io
import math
import re
import threading
import warnings
from typing import TYPE_CHECKING, Any

from tellapart.names import boxed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER = "#1b2129", "#5a6472", "#e1e5ea", "#ffffff"
RIGHT, WRONG, ON_COLOUR = "#1f6cb0", "#bd5209", "#fffffe"
"""Blue and orange: apart for every kind of colour blindness."""
DARK = {INK: "#e7eaee", MUTED: "#a3adba", GRID: "#2d343d", PAPER: "#14181d", RIGHT: "#6cb1ec", WRONG: "#f0964a"}
"""What each colour turns into in the reader's dark mode; ON_COLOUR stays."""
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
LONGEST_NAME = 24


_drawing = threading.Lock()


def new_figure(width: float, height: float) -> "Figure":
    """A figure of so many pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def style(axes: "Axes", title: str, colour: str = INK) -> None:
    """No frame, a quiet grid, the title at the left."""
    axes.set_facecolor("none")
    axes.set_title(title, loc="left", color=colour, fontsize=12.5, pad=8)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelcolor=INK, labelsize=11.5, pad=6)
    axes.xaxis.label.set_color(MUTED)
    axes.xaxis.label.set_fontsize(12)
    for spine in axes.spines.values():
        spine.set_visible(False)


def whole_ticks(axes: "Axes") -> None:
    """Whole numbers along the bottom, few of them."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9, steps=[1, 2, 5, 10]))


def write(axes: "Axes", x: float, y: float, text: str, colour: str, **where: Any) -> None:
    """Words beside what they name."""
    axes.text(x, y, text, color=colour, fontsize=11.5, va="center", **where)


def finite(value: float | None) -> bool:
    """Whether there is a number to draw."""
    return value is not None and math.isfinite(value)


def short(name: str) -> str:
    """The name in at most 24 characters, cut in the middle, with a box for each that can't be printed."""
    shown = boxed(name)
    half = LONGEST_NAME // 2
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: half - 1]}…{shown[-half:]}"


def svg_of(figure: "Figure") -> str:
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
