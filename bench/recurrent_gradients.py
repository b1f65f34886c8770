"""docs/recurrent.svg: how much of the loss reaches each step of a sequence, through three recurrent layers.

Before the first step of training, with the first weights that `build_model` gives: the gradient of the loss in each
step of the input, its norm over a batch of white noise, as a share of the largest along the sequence.

    python bench/recurrent_gradients.py
"""

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tellapart.config import ModelConfig, Pooling
from tellapart.evaluation.drawing import INK, MUTED, RIGHT, WRONG, new_figure, style, svg_of, write
from tellapart.models import build_model
from tellapart.types import DataSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGURE = Path(__file__).parent.parent / "docs/recurrent.svg"
T, HIDDEN, SAMPLES = 200, 128, 256
COLOURS = {"rnn": WRONG, "lstm": RIGHT, "gru": INK}
PANELS: dict[Pooling, str] = {
    "last": "--pooling last: the last step answers",
    "mean": "--pooling mean: the average of all steps does",
}
LOWEST = 1e-12
"""Of the largest, the least that is drawn."""


def reaching(name: str, pooling: Pooling) -> Tensor:
    """(T,): the norm of the gradient of the mean loss in each step of the input, over all samples; the largest is 1."""
    spec = DataSpec(kind="series", shape=(1, T), classes=("no", "yes"), mean=(0.0,), std=(1.0,))
    model = build_model(ModelConfig(model=name, hidden=HIDDEN, layers=1, pooling=pooling), spec, seed=0)
    draws = torch.Generator().manual_seed(0)
    x = torch.randn(SAMPLES, 1, T, generator=draws).requires_grad_()
    targets = torch.randint(2, (SAMPLES,), generator=draws)
    torch.nn.functional.cross_entropy(model(x, torch.full((SAMPLES,), T)), targets).backward()
    assert x.grad is not None
    norms: Tensor = x.grad.norm(dim=(0, 1))
    return norms / norms.max()


def draw(axes: "Axes", pooling: Pooling, title: str) -> dict[str, float]:
    """A panel, with a line for each kind of layer; what is left at the first step, for each."""
    style(axes, title)
    axes.set_yscale("log")
    axes.set_xlim(1, T)
    axes.set_ylim(LOWEST, 10)
    powers = range(0, -13, -3)
    axes.set_yticks([10.0**power for power in powers], [power_of_ten(power) for power in powers])
    axes.minorticks_off()
    axes.set_xticks([1, 50, 100, 150, 200])
    axes.set_xlabel("step of the sequence")
    first = {}
    for name, colour in COLOURS.items():
        shares = reaching(name, pooling)
        first[name] = float(shares[0])
        print(f"{pooling} {name}: at the first step {first[name]:.1e} of the largest", flush=True)
        axes.plot(range(1, T + 1), shares.clamp(min=LOWEST / 100), color=colour, linewidth=1.8)
    return first


def power_of_ten(power: int) -> str:
    """1, or 10⁻³ and the like."""
    return f"10{str(power).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}" if power else "1"


def fold(share: float) -> str:
    """How many times smaller, to two digits."""
    times = float(f"{1 / share:.2g}")
    return f"{times / 1e6:.2g} million-fold" if times >= 1e6 else f"{times:,.0f}-fold"


def main() -> None:
    """Draw it."""
    figure = new_figure(760, 340)
    axes = figure.subplots(1, 2, sharey=True)
    figure.subplots_adjust(left=0.07, right=0.975, top=0.9, bottom=0.15, wspace=0.09)
    left, right = axes
    first = draw(left, "last", PANELS["last"])
    draw(right, "mean", PANELS["mean"])
    write(left, 8, 0.3, f"lstm: {fold(first['lstm'])} less at the first step", RIGHT)
    write(left, 8, 2e-5, f"rnn: {fold(first['rnn'])} less", WRONG)
    write(left, 196, 3e-11, "gru: nothing from the first steps", INK, ha="right")
    write(right, 8, 0.02, "rnn, lstm, gru: every step is reached", MUTED)
    FIGURE.write_text(svg_of(figure) + "\n")


if __name__ == "__main__":
    main()
