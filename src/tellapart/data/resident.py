"""Data that fit in memory: decoded once, by the one decoder, into tensors that stay."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from tellapart.config import DataConfig, FitChoice
from tellapart.data.agreement import agreeing
from tellapart.data.alike import look_alikes
from tellapart.data.alike_sequences import alike_sequences
from tellapart.data.fitting import fitting_fit
from tellapart.data.keeping import Kept, kept
from tellapart.data.ragged import Ragged
from tellapart.data.scale import scale_of
from tellapart.data.sequences import gathered, rate_of, tokenised, tokens_of
from tellapart.data.source import Entry, Source
from tellapart.data.split import LookAlikes, Split, fingerprint, split_entries
from tellapart.data.stored import Stored
from tellapart.data.tasks import asked, check_answers, names_in, targets_of
from tellapart.errors import DataError
from tellapart.names import counted, listed, natural_key
from tellapart.types import SEQUENCES, DataSpec, Fit, Issue, Kind, Part

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LARGEST_SIDE = 128
"""Pixels a side that pictures of differing sizes are brought to at most, unless `size` says otherwise."""

WORDS: dict[Fit, str] = {"stretch": "stretching", "crop": "cropping", "pad": "padding"}


@dataclass(frozen=True, kw_only=True)
class Resident:
    """One part of the data, decoded."""

    inputs: Tensor | Stored | Ragged
    """uint8 (N, H, W, C) or float32 (N, F); of sequences each of its own length."""
    targets: Tensor
    """int64 (N,), class index; where there are tasks float32 (N, W)."""
    keys: Tensor
    """int64 (N,), a hash of each id."""
    ids: tuple[str, ...]
    weights: Tensor | None = None
    """float32 (N,), the share of each in the loss; None counts each as 1."""
    blocks: Tensor | None = None
    """int64 (N,), the piece of the source that each lies in; None where there is one. It counts wherever the values are
    kept, so that the order of a pass does not hang on free memory."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def pictures(self) -> Tensor | Stored:
        """The inputs where they are no sequences, as pictures never are."""
        assert not isinstance(self.inputs, Ragged)
        return self.inputs

    def to(self, device: torch.device) -> Resident:
        """The same on another device."""
        return Resident(
            inputs=self.inputs.to(device),
            targets=self.targets.to(device),
            keys=self.keys.to(device),
            ids=self.ids,
            weights=None if self.weights is None else self.weights.to(device),
            blocks=self.blocks,
        )


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A source, split and decoded."""

    spec: DataSpec
    split: Split
    parts: dict[Part, Resident]
    issues: tuple[Issue, ...]
    fingerprint: str
    cache: Literal["ram", "disk", "none"]
    """Where the decoded values are kept."""
    fitted: str = ""
    """How pictures are brought to one size, where they are not of that size as it is; a line for a person."""


def load(source: Source, config: DataConfig) -> Loaded:
    """All parts, kept as the settings ask for. Files that can't be decoded are left out, and named in the issues."""
    given, issues = source.entries()
    entries, strangers = agreeing(source.kind, given)
    tasks = asked(source.name, entries, config)
    shapes = [e.shape for e in entries if e.part in (None, "train")]
    if not shapes:
        raise DataError("There is nothing to train on: no readable sample outside val and test.")
    fitted, rate = "", 0
    if source.kind in SEQUENCES:
        config = replace(config, fit="stretch")
        rate = rate_of(entries, config.rate) if source.kind == "audio" else 0
        found = gathered(source, entries, rate)
    else:
        shape = _shape(shapes, config.size)
        fit, fitted = _fit(shapes, shape, config.fit)
        config = replace(config, fit=fit)
        found = kept(source, entries, shape, config)
    split = split_entries(found.readable, config, _near(source, found, config), tasks)
    inputs = {part: found.inputs(chosen) for part, chosen in split.parts.items() if chosen}
    if not any(e.weight is None or e.weight > 0 for e in split.parts["train"]):
        raise DataError(f"{source.name}: every training sample has the weight 0. Give some of them one above 0.")
    spec = _spec(source.kind, inputs["train"], split, config, rate)
    if spec.kind == "text":
        inputs = {part: tokenised(texts, spec) for part, texts in inputs.items() if isinstance(texts, Ragged)}
        spec = replace(spec, shape=inputs["train"].shape[1:])
    parts = {part: resident(values, split.parts[part], spec) for part, values in inputs.items()}
    lost = sorted(
        _classes((e for e in entries if e.part in (None, "train")), spec) - _classes(found.readable, spec),
        key=natural_key,
    )
    told = (*issues, *strangers, *found.issues, *split.issues, *(_without_samples(name, "lost-class") for name in lost))
    return Loaded(
        spec=spec,
        split=split,
        parts=parts,
        issues=told,
        fingerprint=fingerprint(found.readable),
        cache=found.way,
        fitted=fitted,
    )


def _spec(kind: Kind, train: Tensor | Stored | Ragged, split: Split, config: DataConfig, rate: int) -> DataSpec:
    """What a model has to know, from the values of the training part and how it was cut out."""
    mean, std = ((), ()) if kind == "text" else scale_of(train)
    tokens, vocabulary = tokens_of(train, config) if isinstance(train, Ragged) and kind == "text" else ("bytes", ())
    shape = train.shape[1:]
    return DataSpec(
        kind=kind,
        shape=(shape[2], *shape[:2]) if kind == "image" else shape,
        classes=split.classes,
        mean=mean,
        std=std,
        fit=config.fit_taken,
        tasks=split.tasks,
        separator=split.separator,
        rate=rate,
        tokens=tokens,
        vocabulary=vocabulary,
    )


def _classes(entries: Iterable[Entry], spec: DataSpec) -> set[str]:
    """The classes that stand in the labels, by the names of their logits."""
    return {name for label in {e.label for e in entries} for name in names_in(label, spec.tasks, spec.separator)}


def _near(source: Source, found: Kept, config: DataConfig) -> LookAlikes | None:
    """What finds near copies, where it is asked for: among sequences, and among files of pictures.

    Arrays of pictures are taken as someone prepared them.
    """
    if not config.near_copies:
        return None
    if source.kind in SEQUENCES:
        return partial(alike_sequences, found.sequences, source.kind)
    return partial(look_alikes, found.pictures) if source.kind == "image" and not source.in_memory else None


def _without_samples(name: str, kind: str) -> Issue:
    return Issue(path=name, kind=kind, detail="a class without a readable sample", suggestion="Add some, or drop it.")


def load_labelled(source: Source, spec: DataSpec, seen: Set[str] = frozenset()) -> tuple[Resident, list[Issue]]:
    """The samples of a source to judge a model by, in the form that it takes.

    seen  contents, in hex, that the model was trained or chosen on; empty where that is not known
    Of a source with a test part that part is taken; else all of it, where it is known what the model has seen; else
    val, or what is in no part. What was seen is left out, and an issue says how much. DataError names a class that the
    model does not know; one that has no sample is an issue.
    """
    entries, issues = source.entries()
    fitting = {part: [e for e in entries if e.part == part] for part in ("test", "val", None)}
    chosen = fitting["test"] or (list(entries) if seen else fitting["val"] or fitting[None])
    check_answers(source.name, chosen, spec)
    unknown = sorted(_classes(chosen, spec) - set(spec.classes), key=natural_key)
    if unknown:
        raise DataError(
            f"{source.name}: the model does not know the class {unknown[0]!r}. It knows {listed(spec.classes)}."
        )
    entries = [e for e in chosen if e.digest.hex() not in seen]
    if not entries:
        raise DataError(
            f"{source.name}: nothing in it that the model was not trained or chosen on. Give other samples."
        )
    issues = [*issues]
    if len(entries) < len(chosen):
        detail = f"{counted(len(chosen) - len(entries), 'sample')} that the model was trained or chosen on, left out"
        issues.append(Issue(path=source.name, kind="seen-in-training", detail=detail, suggestion=""))
    if source.kind != spec.kind:
        raise DataError(f"{source.name}: holds {source.kind} data, but the model was trained on {spec.kind} data.")
    if spec.kind in ("image", "series"):
        found_entries, strangers = agreeing(spec.kind, entries, spec.channels)
        entries = [*found_entries]
        if not entries:
            raise DataError(f"{source.name}: nothing that fits the model: {strangers[0].path}: {strangers[0].detail}.")
        issues += strangers
    if spec.kind == "vector" and entries[0].shape != spec.shape:
        raise DataError(f"{source.name}: {entries[0].shape[0]} numbers a sample, but the model takes {spec.features}.")
    present = _classes(entries, spec) | {task.name for task in spec.tasks if task.kind == "number"}
    absent = [_without_samples(name, "missing-class") for name in spec.classes if name not in present]
    if spec.sequential:
        found = gathered(source, entries, spec.rate)
    else:
        shape = (*spec.shape[1:], spec.shape[0]) if spec.kind == "image" else spec.shape
        found = kept(source, entries, shape, DataConfig(fit=spec.fit))
    if not found.readable:
        raise DataError(f"{source.name}: no readable sample in it.")
    inputs = found.inputs(found.readable)
    if spec.kind == "text" and isinstance(inputs, Ragged):
        inputs = tokenised(inputs, spec)
    return resident(inputs, found.readable, spec), [*issues, *absent, *found.issues]


def resident(inputs: Tensor | Stored | Ragged, entries: Sequence[Entry], spec: DataSpec) -> Resident:
    """The part: its values with what is known of them as tensors."""
    import torch

    return Resident(
        inputs=inputs,
        targets=targets_of(entries, spec),
        keys=torch.tensor([key_of(e.id) for e in entries], dtype=torch.int64),
        ids=tuple(e.id for e in entries),
        weights=_weights(entries),
        blocks=_blocks(entries),
    )


def _blocks(entries: Sequence[Entry]) -> Tensor | None:
    """int64 (N,); None where all are read from one piece."""
    import torch

    if len({e.block for e in entries}) < 2:
        return None
    return torch.tensor([e.block for e in entries], dtype=torch.int64)


def _weights(entries: Sequence[Entry]) -> Tensor | None:
    """float32 (N,); None where no entry has a weight of its own."""
    import torch

    if all(e.weight is None for e in entries):
        return None
    return torch.tensor([1.0 if e.weight is None else e.weight for e in entries], dtype=torch.float32)


def key_of(sample_id: str) -> int:
    """A signed 64-bit hash of a sample's id."""
    return int.from_bytes(
        hashlib.blake2b(sample_id.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "big", signed=True
    )


def _shape(shapes: Sequence[tuple[int, ...]], size: int | None) -> tuple[int, ...]:
    """(H, W, C) or (F,) that every sample is brought to, from those of the training samples."""
    if len(shapes[0]) == 1:
        return shapes[0]
    channels = max(shape[2] for shape in shapes)
    if size is not None:
        return (size, size, channels)
    if len({shape[:2] for shape in shapes}) == 1:
        return (*shapes[0][:2], channels)
    side = min(LARGEST_SIDE, int(np.median([min(shape[:2]) for shape in shapes])))
    return (side, side, channels)


def _fit(shapes: Sequence[tuple[int, ...]], shape: tuple[int, ...], asked: FitChoice) -> tuple[Fit, str]:
    """The fit to a shape (H, W, C), and a line about it where it was left open and there is something to fit."""
    if asked != "auto":
        return asked, ""
    if len(shape) == 1 or all(other[:2] == shape[:2] for other in shapes):
        return "stretch", ""
    height, width = shape[:2]
    fit, why = fitting_fit(shapes, height, width)
    return fit, f"pictures are brought to {width}x{height} pixels by {WORDS[fit]}: {why}"
