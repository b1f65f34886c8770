"""Arrays on the disk: `.npz` with pictures and labels, or `x.npy` with `y.npy` beside it."""

import re
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tellapart.config import Reading
from tellapart.data.source import Source
from tellapart.data.sources.arrays import ArraySource
from tellapart.data.sources.manifest import opened
from tellapart.data.sources.placing import PART_NAMES
from tellapart.data.sources.sequences import texts_of
from tellapart.data.sources.series import are_series, series_of
from tellapart.errors import DataError
from tellapart.names import counted, listed
from tellapart.types import PARTS, Part
from tellapart.world import free_memory_bytes

VALUES = frozenset({"x", "images", "image", "data", "features", "pictures"})
LABELS = frozenset({"y", "labels", "label", "targets", "target", "classes"})
LENGTHS = frozenset({"lengths", "length"})
"""What arrays are called, beside the name of their part: x_train, test_labels."""
BESIDE = (("x", "y"), ("X", "y"), ("images", "labels"), ("image", "label"), ("data", "labels"), ("features", "labels"))
"""In the name of a .npy with samples -> what stands in its place where the labels are."""
MEMORY_SHARE = 0.6
"""Share of the free memory that arrays may fill."""
ERRORS = (ValueError, OSError, EOFError, KeyError, TypeError, SyntaxError, OverflowError, MemoryError, RuntimeError)
MORE_ERRORS = (*ERRORS, zlib.error, zipfile.BadZipFile, tokenize.TokenError)
"""What numpy raises on damaged files."""

Array = np.ndarray[Any, Any]


def open_npz(path: Path, reading: Reading) -> Source:  # noqa: ARG001  (every opener of the table takes it)
    """The samples of an archive of arrays; its parts where the arrays are named after parts."""
    with _opened(path) as archive:
        _check_memory(path, archive.zip.infolist() if archive.zip else ())
        pairs = _pairs(path, list(archive.files))
        wanted = [name for pair in pairs for name in (pair.values, pair.labels, pair.lengths) if name]
        loaded = {name: _loaded(path, archive, name) for name in wanted}
    return _source(path, path.stem, pairs, loaded)


def open_npy(path: Path, reading: Reading) -> Source:  # noqa: ARG001
    """The samples of an array, with the labels in a file beside it."""
    labels = next((beside for beside in labels_beside(path) if beside.is_file()), None)
    if labels is None:
        raise DataError(
            f"{path}: no labels beside it. Put them into {listed(p.name for p in labels_beside(path))} in its folder."
        )
    pair = _Pair(values=path.name, labels=labels.name, part=None)
    try:
        loaded = {file.name: np.load(file, mmap_mode="r", allow_pickle=False) for file in (path, labels)}
    except MORE_ERRORS as error:
        raise _damaged(path, error) from None
    return _source(path, path.stem, [pair], loaded)


def labels_beside(path: Path) -> list[Path]:
    """Where the labels of an array may be: `y_train.npy` for `x_train.npy`, `labels.npy`, `y.npy`."""
    words = re.split(r"([^A-Za-z]+)", path.stem)
    swapped = ["".join(there if word == here else word for word in words) for here, there in BESIDE if here in words]
    names = dict.fromkeys([*swapped, f"{path.stem}_labels", "labels", "y"])
    return [path.with_name(f"{name}.npy") for name in names if name != path.stem]


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """The names of an array of samples and of its labels."""

    values: str
    labels: str
    part: Part | None
    lengths: str | None = None
    """That of the lengths, where there is one."""


@contextmanager
def _opened(path: Path) -> Iterator[np.lib.npyio.NpzFile]:
    """The archive, open; DataError where it is none."""
    with opened(path) as file:
        try:
            archive = np.load(file, allow_pickle=False)
        except MORE_ERRORS as error:
            raise _damaged(path, error) from None
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise DataError(f"{path}: one array, not an archive of them. Save it with np.savez(file, x=..., y=...).")
        with archive:
            yield archive


def _pairs(path: Path, names: Sequence[str]) -> list[_Pair]:
    """Samples and labels of each part; DataError lists the arrays where there is no such pair."""
    values: dict[Part | None, str] = {}
    labels: dict[Part | None, str] = {}
    lengths: dict[Part | None, str] = {}
    for name in names:
        words = [word for word in re.split(r"[^a-z]+", name.lower()) if word]
        part = next((PART_NAMES[word] for word in words if word in PART_NAMES), None)
        rest = [word for word in words if word not in PART_NAMES]
        for kind, known in ((values, VALUES), (labels, LABELS), (lengths, LENGTHS)):
            if len(rest) == 1 and rest[0] in known:
                if part in kind:
                    raise DataError(f"{path}: {kind[part]} and {name} say the same. Keep one of them.")
                kind[part] = name
    if not values or values.keys() != labels.keys() or (None in values and len(values) > 1):
        raise DataError(
            f"{path}: {counted(len(names), 'array')}: {listed(names) or 'none'}. Name them x and y, images and "
            "labels, or x_train, y_train, x_test, y_test, with x_val, y_val where there are such."
        )
    order = sorted(values, key=lambda part: PARTS.index(part) if part else 0)
    return [_Pair(values=values[part], labels=labels[part], part=part, lengths=lengths.get(part)) for part in order]


def _loaded(path: Path, archive: Mapping[str, Array], name: str) -> Array:
    try:
        return archive[name]
    except MORE_ERRORS as error:
        raise _damaged(path, error, name) from None


def _source(path: Path, name: str, pairs: Sequence[_Pair], loaded: Mapping[str, Array]) -> Source:
    values = [loaded[pair.values] for pair in pairs]
    labels = [_classes(path, pair.labels, loaded[pair.labels]) for pair in pairs]
    for pair, samples, words in zip(pairs, values, labels, strict=True):
        if not samples.shape or len(samples) != len(words):
            raise DataError(f"{path}: {pair.values} is of shape {samples.shape}, but {pair.labels} has {len(words):,}.")
        if samples.shape[1:] != values[0].shape[1:] or samples.dtype != values[0].dtype:
            raise DataError(
                f"{path}: {pair.values} holds {samples.dtype} of shape {samples.shape}, but {pairs[0].values} "
                f"{values[0].dtype} of shape {values[0].shape}. The samples of all parts must be alike."
            )
    whole = values[0] if len(values) == 1 else np.concatenate(values)
    parts: list[Part] | None = None
    ids: list[str] | None = None
    if pairs[0].part is not None:
        parts = [pair.part for pair, words in zip(pairs, labels, strict=True) for _ in words if pair.part]
        ids = [f"{pair.part}/{row:05d}" for pair, words in zip(pairs, labels, strict=True) for row in range(len(words))]
    each = [word for words in labels for word in words]
    if whole.dtype.kind == "U" and whole.ndim == 1:
        return texts_of(name, whole.tolist(), each, parts, ids)
    if not are_series(whole):
        return ArraySource(name, whole, each, parts, ids)
    lengths = [loaded[pair.lengths] for pair in pairs if pair.lengths]
    return series_of(name, whole, each, parts, ids, np.concatenate(lengths) if len(lengths) == len(pairs) else None)


def _classes(path: Path, name: str, labels: Array) -> list[str]:
    """The class name of each sample (N,), of labels (N,) or (N, 1): words, or whole numbers."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(
            f"{path}: {name} is of shape {labels.shape}; it must hold a class for each sample, of shape (N,). Of one "
            "column for each class, take the number of the largest: labels.argmax(1)."
        )
    if labels.dtype.kind == "f" and np.array_equal(labels, np.rint(labels)) and np.abs(labels).max(initial=0) < 2**53:
        labels = labels.astype(np.int64)
    if labels.dtype.kind == "S":
        return [word.decode("utf-8", "replace") for word in labels.tolist()]
    if labels.dtype.kind not in "biuU":
        raise DataError(f"{path}: {name} holds {labels.dtype}; classes are whole numbers or words.")
    return [str(label) for label in labels.tolist()]


def _check_memory(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    need, free = sum(member.file_size for member in members), free_memory_bytes()
    if free is not None and need > MEMORY_SHARE * free:
        raise DataError(
            f"{path}: its arrays take {need / 1e9:.1f} GB of memory; {free / 1e9:.1f} GB are free. Give an .npy with "
            "its labels beside it, which is read from the disk, or fewer samples."
        )


def _damaged(path: Path, error: BaseException, name: str = "") -> DataError:
    text = " ".join(str(error).split())
    where = f"{path}: {name}" if name else str(path)
    if "pickle" in text.lower() or "Python objects" in text:
        return DataError(
            f"{where}: holds Python objects or is no array file; such are never read, since they can run code. Save "
            "arrays of numbers or words."
        )
    return DataError(f"{where}: damaged, or no array file: {text}. Copy it again from where it came.")
