"""A source whose samples are arrays in memory: the built-in data sets, and what is given through the Python API."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np

from tellapart.data.depth import eight_bits
from tellapart.data.resize import Form
from tellapart.data.source import Entry, Value
from tellapart.data.sources.limits import MAX_CHANNELS, channels_stand_first
from tellapart.errors import DataError
from tellapart.types import Issue, Kind, Part

T = TypeVar("T")


class ArraySource:
    """Labelled pictures or vectors in memory; `values` of uint8 are shared, not copied.

    values  uint8 (N, H, W) or (N, H, W, C): pictures, with C up to 64; uint16 likewise, which are scaled to 8 bits over
            their whole range; numbers (N, F): vectors, as float32
    labels  (N,), class names or numbers
    parts   (N,), the part each sample was given in; None where there are no parts
    ids     (N,), all different; by default the row's number
    """

    in_memory = True

    def __init__(
        self,
        name: str,
        values: np.ndarray[Any, Any],
        labels: Sequence[Any] | np.ndarray[Any, Any],
        parts: Sequence[Part] | None = None,
        ids: Sequence[str] | None = None,
    ) -> None:
        self.name = self.place = name
        self.kind: Kind = _kind(name, values)
        self.array = _pictures(values) if self.kind == "image" else _vectors(name, values)
        self._labels = _words(name, labels, len(values))
        self._parts = _as_many(name, "parts", parts, len(values))
        self._ids = _as_many(name, "ids", ids, len(values)) or [f"{row:05d}" for row in range(len(values))]
        self._rows = {name: row for row, name in enumerate(self._ids)}
        if len(self._rows) < len(self._ids):
            raise DataError(f"{name}: {len(self._ids) - len(self._rows)} ids stand twice; each sample needs its own.")

    def entries(self) -> tuple[Sequence[Entry], Sequence[Issue]]:
        """Every sample, in the order of the arrays; there are no issues."""
        return self._entries, ()

    def content(self, entry: Entry) -> None:
        """None: there are no files."""

    def value(self, entry: Entry, form: Form | None = None) -> Value:  # noqa: ARG002
        """uint8 (H, W, C) or float32 (F,), a view into the memory of the source."""
        value: Value = self.array[self._rows[entry.id]]
        return value

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        parts: Sequence[Part | None] = self._parts or [None] * len(self._ids)
        shape = self.array.shape[1:]
        return tuple(
            Entry(id=name, label=label, part=part, digest=_digest(value), shape=shape)
            for name, label, part, value in zip(self._ids, self._labels, parts, self.array, strict=True)
        )


def _digest(value: Value) -> bytes:
    return hashlib.blake2b(value.tobytes(), digest_size=16).digest()


def _kind(name: str, values: np.ndarray[Any, Any]) -> Literal["image", "vector"]:
    accepted = (
        "uint8 or uint16 pictures (N, H, W) or (N, H, W, C) with C up to 64, numbers (N, F), or series of floats (N, C, T)"
    )
    if 0 in values.shape or values.ndim == 0:
        raise DataError(f"{name}: an array of shape {values.shape} holds no sample; give {accepted}.")
    if values.ndim == 2 and values.dtype.kind in "buif":
        return "vector"
    if values.ndim == 4 and channels_stand_first(values.shape[1:]):
        raise DataError(
            f"{name}: an array of shape {values.shape}: its channels stand first. Give array.transpose(0, 2, 3, 1)."
        )
    channels = values.shape[3] if values.ndim == 4 else 1
    if values.dtype in (np.uint8, np.uint16) and values.ndim in (3, 4) and channels <= MAX_CHANNELS:
        return "image"
    raise DataError(f"{name}: an array of {values.dtype} and shape {values.shape}; give {accepted}.")


def _pictures(values: np.ndarray[Any, Any]) -> Value:
    pictures = values if values.ndim == 4 else values[:, :, :, np.newaxis]
    return pictures if pictures.dtype == np.uint8 else eight_bits(pictures)


def _vectors(name: str, values: np.ndarray[Any, Any]) -> Value:
    with np.errstate(over="ignore"):
        vectors: Value = values.astype(np.float32)
    wrong = np.argwhere(~np.isfinite(vectors))
    if len(wrong):
        row, column = wrong[0]
        raise DataError(
            f"{name}: {len(wrong):,} values are NaN, infinite or beyond float32; the first is in row {row}, "
            f"column {column}. Leave those rows out, or fill them in."
        )
    return vectors


def _words(name: str, labels: Sequence[Any] | np.ndarray[Any, Any], count: int) -> list[str]:
    items = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
    return [str(label) for label in _as_many(name, "labels", items, count) or []]


def _as_many(name: str, what: str, items: Sequence[T] | None, count: int) -> list[T] | None:
    if items is not None and len(items) != count:
        raise DataError(f"{name}: {count:,} samples, but {len(items):,} {what}; there must be one for each.")
    return None if items is None else list(items)
