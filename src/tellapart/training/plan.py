"""What is settled before the first step: how far each epoch goes, where training ends, and in which arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from tellapart.config import OptimConfig, TrainConfig
from tellapart.phases import epochs_of_phases, phase
from tellapart.training.arithmetic import bf16_pays
from tellapart.training.memory import out_of_memory
from tellapart.world import World

LEAST_STEPS, LEAST_EPOCHS, MOST_EPOCHS = 3000, 10, 200
"""What `epochs = None` aims at: enough steps for small data, enough passes for large."""
LEAST_STEPS_MUON, MOST_EPOCHS_MUON = 2500, 100
"""Likewise. Of some 700 scanned digits kept out 99.6 % were right after 2,500 averaged steps, 99.4 after 1,000."""
MOST_SEEN_MUON, MOST_SEEN_GREY = 700_000, 500_000
"""Training samples that those steps go over at most, and where they are pictures of one channel, of which less is to be
learned: fifteen passes over 47,500 in colour. More add little."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much an epoch goes over."""

    samples: int
    steps: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is settled before the first step."""

    optim: OptimConfig
    seed: int
    epochs: int
    steps: int
    """Of all epochs together; where an epoch would end later, it is cut short."""
    extents: tuple[Extent, ...]
    """Of an epoch; each holds for an equal share of the epochs."""
    autocast: torch.dtype | None
    """Arithmetic of forward and backward; None is the weights' own fp32."""
    unrolled: bool = False
    """Whether small maps are convolved by products of matrices."""
    cut: int = 0
    """Steps by which the last epoch is cut short."""
    frozen: float = 0
    """Epochs at the start that train the head alone; infinite where all do."""

    @property
    def span(self) -> float:
        """Epochs, the last one by the share of it that is not cut off."""
        last = self.extent(self.epochs - 1).steps
        return self.epochs - min(self.cut, last - 1) / last

    def extent(self, epoch: int) -> Extent:
        """Of an epoch, 0-based."""
        return phase(self.extents, epoch, self.epochs)

    @property
    def precision(self) -> Literal["bf16", "fp32"]:
        """The arithmetic of a training step."""
        return "fp32" if self.autocast is None else "bf16"

    @property
    def uncut(self) -> int:
        """Steps of all epochs where none is cut short."""
        return steps_of(self.extents, self.epochs)

    def ending(self, steps: int) -> Plan:
        """The same with another end; its last epoch may be cut short."""
        epochs = epochs_for(self.extents, steps)
        return replace(self, steps=steps, epochs=epochs, cut=steps_of(self.extents, epochs) - steps)


def steps_of(extents: Sequence[Extent], epochs: int) -> int:
    """Steps of so many epochs."""
    counts = epochs_of_phases(len(extents), epochs)
    return sum(extent.steps * count for extent, count in zip(extents, counts, strict=True))


def epochs_for(extents: Sequence[Extent], steps: int) -> int:
    """A number of epochs that have so many steps; where their extents differ, a few more than needed may come out."""
    longest = max(extent.steps for extent in extents)
    epochs = max(1, steps // longest)
    while steps_of(extents, epochs) < steps:
        epochs += max(1, (steps - steps_of(extents, epochs)) // longest)
    return epochs


def plan(
    module: nn.Module,
    sample: tuple[Tensor, ...],
    optim: OptimConfig,
    train: TrainConfig,
    extents: tuple[Extent, ...],
    world: World,
    longer: float = 1.0,
) -> Plan:
    """Epochs, steps and arithmetic. All follow from settings, model and hardware; no clock has a say, so runs repeat.

    sample   what the module is called with for one raw input (1, ...), on its device
    extents  of an epoch, each for an equal share of the epochs
    longer   how many times as long as the sample the longest sequence is
    """
    muon = optim.optimiser == "muon"
    least, most = (LEAST_STEPS_MUON, MOST_EPOCHS_MUON) if muon else (LEAST_STEPS, MOST_EPOCHS)
    if muon:
        grey = sample[0].dim() == 4 and sample[0].shape[1] == 1
        seen = MOST_SEEN_GREY if grey else MOST_SEEN_MUON
        least = min(least, max(1, seen // train.samples_a_step))
    epochs = train.epochs or min(most, max(LEAST_EPOCHS, epochs_for(extents, least)))
    pays = train.precision == "auto" and bf16_pays(module, sample, train.samples_a_step, world, longer)
    bf16 = pays or train.precision == "bf16"
    planned = Plan(
        optim=optim,
        seed=train.seed,
        epochs=epochs,
        steps=steps_of(extents, epochs),
        extents=extents,
        autocast=torch.bfloat16 if bf16 else None,
        unrolled=bf16 and world.tiles and train.compile != "on",
    )
    return planned.ending(train.steps) if train.steps else planned


def takes(module: nn.Module, *sample: Tensor) -> bool:
    """Whether the module has an answer for a raw sample (1, ...) of this shape."""
    training = module.training
    try:
        with torch.inference_mode():
            module.eval()(*sample)
    except RuntimeError as error:
        if out_of_memory(error):
            raise
        return False
    finally:
        module.train(training)
    return True


def convolves(module: nn.Module) -> bool:
    """Whether any layer is a 2-d convolution: what channels last and bf16 pay for."""
    return any(isinstance(layer, nn.Conv2d) for layer in module.modules())
