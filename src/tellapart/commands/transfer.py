"""A model that begins with weights from elsewhere: which model it is, what is taken, and what stays frozen."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from tellapart.config import PRETRAINED, ModelConfig, RunConfig
from tellapart.errors import SettingError
from tellapart.models import settled
from tellapart.names import counted, listed
from tellapart.runs.pretrained import check_pretrained, published
from tellapart.runs.weights import Weights, own_card, read_weights
from tellapart.types import DataSpec

if TYPE_CHECKING:
    from torch import nn

    from tellapart.models.adopted import Adopted

FEW = 10
"""Training samples a class, up to which the head alone is trained."""
SHARE = 0.2
"""Of the epochs, that train the head alone before all is trained."""


def check_weights(config: RunConfig) -> None:
    """Raise SettingError or DataError where there are no such weights, or of another model; loads no torch."""
    path, named = config.transfer.weights, config.model.model
    if path is None:
        return
    if path == PRETRAINED:
        check_pretrained(named)
        return
    card = own_card(path)
    if card is None and named is None:
        raise SettingError(f"weights is {str(path)!r}, which does not say of what model it is: name that with --model.")
    if card is not None and named not in (None, card.model):
        raise SettingError(
            f"weights is {str(path)!r}, of the model {card.model}, and model is {named!r}. Leave model out, and "
            "that of the weights is taken; or give weights of the same model."
        )


def weights_of(config: RunConfig) -> Weights | None:
    """The weights to start from, read whole; None where none are asked for."""
    path = config.transfer.weights
    if path == PRETRAINED:
        found = published(str(config.model.model))
        return read_weights(found.path, name=found.name, licence=found.licence)
    return None if path is None else read_weights(path)


def of_their_model(config: RunConfig, weights: Weights | None) -> RunConfig:
    """The settings with the model of the weights and its picture size, where they are of a run of our own.

    What is set by hand goes before them. A size that is the same as there lets every layer fit.
    """
    if weights is None or weights.card is None:
        return config
    card, spec = weights.card, weights.card.spec
    theirs = settled(card.config(), spec)
    given = theirs.given()
    if "views" in given:  # which hang on the data
        given["views"] = "auto"
    model = ModelConfig(model=theirs.model, **(given | config.model.given()))
    size = spec.shape[1] if spec.kind == "image" and spec.shape[1] == spec.shape[2] else None
    load = config.load if config.load.size is not None else replace(config.load, size=size)
    return replace(config, model=model, load=load)


def taken_over(module: nn.Module, weights: Weights, spec: DataSpec) -> Adopted:
    """Put the weights into the module as far as they fit; SettingError where nothing of its body does."""
    from tellapart.models.adopted import adopt

    adopted = adopt(module, weights.tensors, spec, None if weights.card is None else weights.card.spec)
    if not adopted.body and not adopted.head:
        raise SettingError(
            f"weights is {str(weights.path)!r}, of which nothing fits the model: {listed(adopted.fresh, most=3)}. "
            f"It holds {listed(sorted(weights.tensors), most=3)}. Give weights of this model, or name "
            "theirs with --model."
        )
    return adopted


def told(weights: Weights, adopted: Adopted) -> tuple[str, ...]:
    """What was taken and where it came from, in lines for a person."""
    count, origin = len(adopted.taken) + len(adopted.fresh), weights.origin
    lines = [f"taken from {weights.path}: {len(adopted.taken)} of {count} tensors"]
    if adopted.adapted:
        lines[0] += f"; adapted: {listed(adopted.adapted, most=4)}"
    if adopted.fresh:
        lines[0] += f"; fresh: {listed(adopted.fresh, most=4)}"
    return (*lines, f"weights of SHA-256 {origin.sha256[:12]}, licence: {origin.licence}")


def frozen_epochs(config: RunConfig) -> float:
    """Epochs at the start that train the head alone, by a setting that is no longer `auto`."""
    freeze = config.transfer.freeze
    return math.inf if freeze == "head" else freeze if isinstance(freeze, int) else 0


def fitting_freeze(
    adopted: Adopted, samples: int, classes: int, epochs: int
) -> tuple[Literal["head", "none"] | int, str]:
    """What `freeze = auto` means, and why, in a few words.

    | the head                  | training samples a class | freeze              |
    |---|---|---|
    | was taken, of all classes | any                      | none                |
    | is fresh, or a row of it  | up to 10                 | head                |
    |                           | more                     | a fifth of the epochs |

    A fresh head sends gradients that say little through a body that knows much: it is fitted first. And a body moved by
    a handful of samples learns these by heart.
    """
    each = f"{counted(round(samples / classes), 'sample')} a class"
    if adopted.head:
        return "none", "the head was taken with the body"
    if samples <= FEW * classes:
        return "head", f"{each} are too few for more"
    return max(1, round(SHARE * epochs)), f"{each}, and the head is fresh"
