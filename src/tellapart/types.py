"""The frozen values that pass from room to room.

Letters, everywhere the same: B batch, C channels, H W pixels, F features, K classes (all logits), N all samples,
W columns of targets.
This file does not import torch: tensors are named in annotations alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

Part = Literal["train", "val", "test"]
PARTS: tuple[Part, ...] = ("train", "val", "test")
Fit = Literal["stretch", "pad", "crop"]
Kind = Literal["image", "vector", "series", "audio", "text"]
Tokens = Literal["bytes", "words"]
SEQUENCES: tuple[Kind, ...] = ("series", "audio", "text")
"""Kinds whose samples have a length each: models take it beside the values."""


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One thing that is wrong with the data; a line of `data/issues.csv`."""

    path: str
    kind: str
    detail: str
    suggestion: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """One thing that is asked about each sample, where that is not just which class out of all."""

    name: str
    """What its measures are called by: the column of a table, or `label`."""
    kind: Literal["class", "labels", "number"]
    """`class`: one out of all. `labels`: any number of them, each by itself. `number`: how much."""
    classes: tuple[str, ...] = ()
    """In the order of its logits; from the training part alone, naturally sorted. A number has none, and one logit."""
    mean: float = 0.0
    """Of a number in the training part, in its own unit."""
    std: float = 1.0
    """Likewise; never 0."""

    @property
    def outputs(self) -> int:
        """Logits that answer it."""
        return len(self.classes) or 1

    @property
    def columns(self) -> int:
        """Columns of targets: the index of a class, a 0 or 1 for each label, or the number; NaN where not known."""
        return len(self.classes) if self.kind == "labels" else 1


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """What a model has to know about the data: shape, classes, scale."""

    kind: Kind
    """`image`: uint8 (C, H, W). `vector`: float32 (F,). `series`: float32 (C, T), NaN where a value is missing.
    `audio`: float32 (1, T), samples in [-1, 1]. `text`: int64 (T,), numbers of tokens."""
    shape: tuple[int, ...]
    """(C, H, W), (F,), (C, T) or (T,), without the batch; T is the longest of the training part."""
    classes: tuple[str, ...]
    """Names of the logits, in order: those of the classes, from the training part alone, naturally sorted; of several
    tasks each as in `colour=red`, and of a number the name of its task."""
    mean: tuple[float, ...]
    """Of the training part, in raw units (0..255 for pictures); (C,) or (F,), of text empty."""
    std: tuple[float, ...]
    """Likewise; never 0."""
    fit: Fit = "stretch"
    """How a picture of another size is brought to (H, W)."""
    tasks: tuple[Task, ...] = ()
    """What is asked, each with its stretch of the logits; empty where it is one class out of all."""
    separator: str | None = None
    """What stands between the labels of a sample, where one may have several."""
    rate: int = 0
    """Of audio, samples a second: any other rate is resampled to it."""
    tokens: Tokens = "bytes"
    """Of text, what it is cut into. Token 0 is padding. Of bytes, 1 to 256 are the values of UTF-8 plus 1."""
    vocabulary: tuple[str, ...] = ()
    """Of text cut into words, those that have a token of their own, from 2 on; 1 is every other word."""

    @property
    def sequential(self) -> bool:
        """Whether each sample has a length of its own."""
        return self.kind in SEQUENCES

    @property
    def token_count(self) -> int:
        """Of text, how many different tokens there are, padding too."""
        return 257 if self.tokens == "bytes" else 2 + len(self.vocabulary)

    @property
    def channels(self) -> int:
        return self.shape[0]

    @property
    def outputs(self) -> int:
        """Numbers that a model gives for each sample: its logits."""
        return len(self.classes)

    @property
    def features(self) -> int:
        """Numbers in one sample."""
        product = 1
        for size in self.shape:
            product *= size
        return product

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(fields: dict[str, Any]) -> DataSpec:
        known: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in fields.items()}
        tasks = [Task(**{**task, "classes": tuple(task["classes"])}) for task in known.pop("tasks", ())]
        return DataSpec(tasks=tuple(tasks), **known)


@dataclass(frozen=True, kw_only=True)
class Order:
    """Which pass over the data: everything random about it is a function of seed and epoch."""

    seed: int
    epoch: int
    skip: int = 0
    """Batches at its start that are left out, since they were trained on before a pause."""
    among: Tensor | None = None
    """int64, the rows that it goes over, where it is not all of them."""
    rank: int = 0
    """Which of `world` readers it is, counted from 0: each has its share of every batch, and all of them the whole."""
    world: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world:
            raise ValueError(f"rank is {self.rank}, but of {self.world} readers it is 0 to {self.world - 1}")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What the model is given in one step."""

    inputs: Tensor
    """uint8 (B, C, H, W), channels last in memory; float32 (B, F); float32 (B, C, T); or int64 (B, T)."""
    targets: Tensor
    """int64 (B,), class index in [0, K); where there are tasks float32 (B, W), the columns of each in turn."""
    keys: Tensor
    """int64 (B,), a hash of each sample's id: what its random draws are a function of."""
    weights: Tensor | None = None
    """float32 (B,), the sample's share in the loss; None counts each as 1."""
    rows: Tensor | None = None
    """int64 (B,), where the samples stand in their part; None where it is of no interest."""
    partners: Tensor | None = None
    """Targets of the sample that each one is mixed with; None where none is mixed."""
    shares: Tensor | None = None
    """float32 (B,), how much of each mixed sample is its own, in [0, 1]."""
    lengths: Tensor | None = None
    """int64 (B,), how much of each sequence is its own, at least 1: what follows is padding. None of other kinds."""

    @property
    def given(self) -> tuple[Tensor, ...]:
        """What a model is called with: the inputs, and of sequences their lengths."""
        return (self.inputs,) if self.lengths is None else (self.inputs, self.lengths)


@dataclass(frozen=True, kw_only=True)
class EpochEnd:
    """What one pass of training did. Sums and counts travelled; the means were taken here."""

    epoch: int
    """Passes done so far; the first one ends with 1."""
    step: int
    """Optimiser steps done so far."""
    loss: float
    """Mean training loss of the pass, under augmentation and dropout."""
    accuracy: float
    """Share of training samples that the model had right when it met them, likewise; with tasks, of their answers."""
    lr: float
    """Learning rate of the last step."""
    samples: int
    seconds: float
    losses: tuple[float, ...] = ()
    """Mean loss of each step of the pass."""


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A moment between two steps of an epoch, asked for to save or to stop; going on is as if it had not been."""

    step: int
    """Optimiser steps done so far."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What a model said about N samples: every number of a report is computed from this alone."""

    ids: tuple[str, ...]
    logits: np.ndarray[Any, Any]
    """float32 (N, K)."""
    targets: np.ndarray[Any, Any]
    """int64 (N,), -1 where the truth is not known; where there are tasks float32 (N, W), NaN where it is not known."""
    classes: tuple[str, ...]
    """(K,)."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One number about a model, with the interval that the sample size leaves open."""

    name: str
    value: float
    low: float
    high: float
    unit: str = "share"
    """`share` in [0, 1], `nats`, or `number`: in the unit of the number that is asked for, or without one."""
