"""The settings of what is taken over from another model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tellapart.checks import at_least, check_types
from tellapart.errors import SettingError

PRETRAINED = Path("pretrained")
"""The word for the weights that a model's authors published."""


@dataclass(frozen=True, kw_only=True)
class TransferConfig:
    """What is taken over from another model."""

    weights: Path | None = None
    """Weights to start from: a run, a model folder, a .safetensors file or a folder that holds one; pretrained for
    those that the authors of a timm model published; none. What fits by name and shape is taken, and told."""
    freeze: Literal["auto", "head", "none"] | int | None = None
    """What stays as it was taken: head trains the last layer alone, a number does so for that many epochs before all
    is trained; by default auto where weights are given, which goes by the training samples of each class."""
    preset: Literal["instant"] | None = None
    """instant fits the last layer alone, by logistic regression on what the given weights see: it takes seconds."""

    def __post_init__(self) -> None:
        check_types(self)
        if self.weights == Path("none"):
            object.__setattr__(self, "weights", None)
        if isinstance(self.freeze, int):
            at_least(self, "freeze", 1)
        if self.weights is None and self.freeze not in (None, "none", "auto"):
            raise SettingError(f"freeze is {self.freeze!r}, but weights is not set: nothing is learned yet. Set both.")
        if self.preset is not None and self.weights is None:
            raise SettingError("preset is 'instant', but weights is not set: it learns from what given weights see.")
        if self.preset is not None and self.freeze not in (None, "auto", "head"):
            raise SettingError(
                f"freeze is {self.freeze!r}, but preset = instant fits the last layer alone; leave it out."
            )
