"""What changes for those who used the old model: samples that it had right and the new one has wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tellapart.evaluation.intervals import wilson
from tellapart.types import Measure


@dataclass(frozen=True, kw_only=True)
class Flips:
    """Two models on the same samples."""

    negative: Measure
    """Share of the samples that the old model had right and the new one has wrong."""
    positive: Measure
    """Share that it is the other way round."""
    by_chance: float
    """The negative share, were the mistakes of one independent of those of the other."""
    old_accuracy: float
    new_accuracy: float
    samples: int

    def to_json(self) -> dict[str, Any]:
        shares = {
            f"{name}_flips": {"value": one.value, "low": one.low, "high": one.high, "unit": one.unit}
            for name, one in (("negative", self.negative), ("positive", self.positive))
        }
        rest = {"old_accuracy": self.old_accuracy, "new_accuracy": self.new_accuracy}
        return {**shares, "negative_flips_by_chance": self.by_chance, **rest, "samples": self.samples}

    def sentence(self, thing: str) -> str:
        """The negative flips for a person."""
        return (
            f"Of {self.samples:,} {thing}s, {100 * self.negative.value:.1f}\u00a0% were right by the old model and are "
            f"wrong now ({100 * self.negative.low:.1f} to {100 * self.negative.high:.1f}\u00a0%), "
            f"{100 * self.positive.value:.1f}\u00a0% the other way round; two models whose mistakes have nothing to do "
            f"with each other would have {100 * self.by_chance:.1f}\u00a0%."
        )


def flips(old_right: NDArray[np.bool_], new_right: NDArray[np.bool_]) -> Flips:
    """What the change from one model to the other does; bool (N,) each, whether each sample is answered right.

    Source: Yan et al. 2021, "Positive-Congruent Training", eq. 1: the negative flip rate (arXiv:2011.09161).
    """
    N, lost, won = len(old_right), int((old_right & ~new_right).sum()), int((~old_right & new_right).sum())
    shares = []
    for name, count in (("negative_flips", lost), ("positive_flips", won)):
        low, high = wilson(count, N)
        shares.append(Measure(name=name, value=count / N, low=low, high=high))
    old, new = float(old_right.mean()), float(new_right.mean())
    return Flips(
        negative=shares[0], positive=shares[1], by_chance=old * (1 - new), old_accuracy=old, new_accuracy=new, samples=N
    )
