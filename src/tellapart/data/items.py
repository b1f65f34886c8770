"""Things to classify that carry no label: paths, bytes, PIL pictures, arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tellapart.data import sound, wording
from tellapart.data.decode import picture_of, read_file
from tellapart.data.resize import Form, fit_picture, picture_in
from tellapart.data.source import Value
from tellapart.data.sources.arrays_file import COLOURS, is_tensor, plain
from tellapart.data.tokens import token_numbers
from tellapart.errors import DataError, UnreadableError
from tellapart.names import counted
from tellapart.types import DataSpec, Kind
from tellapart.world import available_cpus

TABLES = (".csv", ".tsv", ".parquet")
ARRAYS = (".npy", ".npz")
OF_SERIES = (".ts", ".ts.gz", *ARRAYS, *TABLES)
"""Suffixes of files that series are read from."""


def listed_items(items: Any, spec: DataSpec) -> list[Any]:
    """One item or many as a list: an array (N, H, W[, C]) or (N, F) is N items, a list is what it holds.

    An open file is one item. A uint8 or uint16 array (H, W) or (H, W, C) is one picture where C is 1, 3, 4 or the
    number of channels that the model takes. A tensor is as an array, its channels first or last.
    """
    if spec.sequential:
        return _listed_sequences(plain(items) if is_tensor(items) else items, spec)
    channels = spec.channels if spec.kind == "image" else 3
    if is_tensor(items):
        items = _of_tensor(items, channels)
    if isinstance(items, np.ndarray):
        many = items.ndim != 2 and not (items.ndim == 3 and items.shape[-1] in (1, 3, 4, channels))
        one = items.ndim == 1 or (items.dtype in (np.uint8, np.uint16) and not many)
        return [items] if one else list(items)
    if isinstance(items, list | tuple):
        return [_of_tensor(item, channels) if is_tensor(item) else item for item in items]
    if isinstance(items, Mapping):
        raise DataError("A dictionary of items; give a list of its values.")
    one = isinstance(items, str | Path | bytes | bytearray | memoryview) or hasattr(items, "read")
    return [items] if one or not isinstance(items, Iterable) else list(items)


def _listed_sequences(items: Any, spec: DataSpec) -> list[Any]:
    """An array (N, C, T), or of one channel (N, T), is N items; (C, T) and (T,) are one; a list is what it holds."""
    if isinstance(items, np.ndarray):
        one = items.ndim == 1 or (items.ndim == 2 and len(items) == (1 if spec.kind == "text" else spec.channels))
        return [items] if one else list(items)
    one = isinstance(items, str | Path | bytes | bytearray | memoryview) or hasattr(items, "read")
    return [items] if one or not isinstance(items, Iterable) else list(items)


def _of_tensor(tensor: Any, channels: int) -> Value:
    """The array of a tensor; of one picture (C, H, W) the channels come last, as of several."""
    array = plain(tensor)
    known = (*COLOURS, channels)
    first = array.ndim == 3 and array.shape[0] in known and array.shape[2] not in known
    return np.moveaxis(array, 0, 2) if first else array


def named(item: Any, number: int) -> str:
    """How an item is called in answers and messages: its path, or its number."""
    return str(item) if isinstance(item, str | Path) else f"item {number}"


def values_of(items: Sequence[Any], spec: DataSpec) -> Iterator[Value | UnreadableError]:
    """Each item in the form the model takes, or what is wrong with it; in order, decoded in parallel."""

    def value(item: Any) -> Value | UnreadableError:
        if isinstance(item, UnreadableError):
            return item
        try:
            if spec.kind == "vector":
                return vector_of(item, spec)
            if spec.sequential:
                return sequence_of(item, spec)
            return picture_value(item.read() if hasattr(item, "read") else item, spec)
        except UnreadableError as error:
            return error

    if not all(isinstance(item, str | Path | bytes) for item in items):
        yield from map(value, items)  # a PIL picture or an open file may stand there twice, and is not for two threads
        return
    with ThreadPoolExecutor(len(available_cpus())) as pool:
        yield from pool.map(value, items)


def sequence_of(item: Any, spec: DataSpec) -> Value:
    """The item as the model takes it: float32 (T, C) or int64 (T,); UnreadableError where it is none of those.

    item  of series an array (C, T), or (T,) of one channel; of audio a path, the bytes of a file, or samples (T,) or
          (C, T) at the rate of the model; of text the text itself, or the path or the bytes of a file
    """
    if spec.kind == "text":
        if isinstance(item, Path):
            item = read_file(item)
        if isinstance(item, bytes | bytearray | memoryview):
            return token_numbers(wording.decoded(wording.bytes_in(bytes(item))), spec)
        if not isinstance(item, str):
            raise UnreadableError(f"{type(item).__name__}; the model takes text")
        return token_numbers(wording.decoded(wording.encoded(item)), spec)
    if spec.kind == "audio" and isinstance(item, str | Path):
        item = read_file(Path(item))
    if spec.kind == "audio" and isinstance(item, bytes | bytearray | memoryview):
        content = bytes(item)
        return sound.at_rate(sound.samples_in(content), sound.peek(content)[2], spec.rate)
    steps = steps_of(item)
    if spec.kind == "audio":
        return sound.at_rate(steps, spec.rate, spec.rate)
    if steps.shape[1] != spec.channels:
        raise UnreadableError(f"{counted(steps.shape[1], 'channel')}; the model takes {spec.channels}")
    return steps


def steps_of(item: Any) -> Value:
    """float32 (T, C) of an array (C, T), or (T,) of one channel, NaN where a value is missing."""
    try:
        array = np.asarray(item, dtype=np.float32)
    except (TypeError, ValueError):
        raise UnreadableError("not numbers; the model takes series (C, T)") from None
    if array.ndim not in (1, 2) or 0 in array.shape:
        raise UnreadableError(f"shape {array.shape}; the model takes series (C, T)")
    if np.isinf(array).any():
        raise UnreadableError("holds infinity")
    return np.ascontiguousarray(np.atleast_2d(array).T)


def picture_value(item: Any, spec: DataSpec) -> Value:
    """uint8 (H, W, C) of a path, bytes, PIL image or array, in the form that the model takes."""
    channels, height, width = spec.shape
    if isinstance(item, str | Path):
        item = read_file(Path(item))
    if isinstance(item, bytes | bytearray | memoryview):
        return picture_in(bytes(item), Form(height=height, width=width, channels=channels, fit=spec.fit))
    return fit_picture(picture_of(item, channels), height, width, channels, spec.fit)


def vector_of(item: Any, spec: DataSpec) -> Value:
    """The item as float32 (F,); UnreadableError where it is no finite vector of that length."""
    try:
        vector = np.asarray(item, dtype=np.float32)
    except (TypeError, ValueError):
        raise UnreadableError(f"not numbers; the model takes vectors of {spec.features} numbers") from None
    if vector.shape != spec.shape:
        raise UnreadableError(f"shape {vector.shape}; the model takes {spec.shape}")
    if not np.isfinite(vector).all():
        raise UnreadableError("holds NaN or infinity")
    return vector


def files_below(paths: Iterable[Path], kind: Kind = "image") -> list[Path]:
    """The paths, each folder replaced by the files of that kind in it; DataError where a folder holds none."""
    from tellapart.data.sources.files import FILE_KINDS, PICTURES
    from tellapart.data.sources.folder import files_in

    files = next((files for files in FILE_KINDS if files.kind == kind), PICTURES)
    found: list[Path] = []
    for path in paths:
        inside = [path]
        if path.is_dir():
            inside = series_files(path) if kind == "series" else files_in(path, files)
        if not inside:
            raise DataError(f"{path}: no {'file of series' if kind == 'series' else f'{files.noun}s'} in this folder.")
        found += inside
    return found


def series_files(folder: Path) -> list[Path]:
    """Those of a folder that series are read from."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().endswith(OF_SERIES))
