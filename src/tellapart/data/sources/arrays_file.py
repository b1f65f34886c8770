"""Arrays and tensors in memory as a file that a run can name: written to the user's cache folder, by their content.

So `resume` and `evaluate` find them again, and they mix with any other source.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from tellapart.data.download import cache_home
from tellapart.data.room import make_room
from tellapart.errors import DataError

FOLDER = "arrays"
"""In the user's cache folder."""
ADVICE = "Save them with np.savez and give the file, or set XDG_CACHE_HOME to a folder with more room."
KEPT_S = 24 * 3600
"""Seconds for which a file that was used stays: a run that goes on over it opens it by its name."""
MOST_BYTES = 2_000_000_000
"""Of an array of texts."""
COLOURS = (1, 3, 4)
"""Channels of a picture to look at."""

Array = np.ndarray[Any, Any]


def are_arrays(data: Any) -> bool:
    """Whether it is a pair of samples and labels, or arrays by name, in memory."""
    pair = isinstance(data, tuple) and len(data) == 2 and (is_array(data[0]) or isinstance(data[0], list | tuple))
    return pair or (isinstance(data, Mapping) and any(map(is_array, data.values())))


def arrays_file(data: Any) -> Path:
    """The .npz that holds what `are_arrays`, written now or before; DataError where there is no room for it.

    A pair is samples x and labels y; in a mapping they are named as in an .npz, by x_train, y_train, x_test, y_test.
    """
    named = dict(data) if isinstance(data, Mapping) else dict(zip(("x", "y"), data, strict=True))
    arrays = {own: array for name, values in named.items() for own, array in _arrays(str(name), values).items()}
    for name, values in arrays.items():
        if values.dtype.hasobject:
            raise DataError(f"{name}: Python objects, not numbers or words. Give an array or a list of one kind.")
    path = cache_home() / FOLDER / f"arrays-{_digest(arrays)}.npz"
    if not path.exists():
        _write(path, arrays)
    with suppress(OSError):
        os.utime(path)  # when it was used last
    return path


def _arrays(name: str, values: Any) -> dict[str, Array]:
    """The values as an array under their name; of series of differing lengths as one, with their lengths beside it."""
    several = isinstance(values, list | tuple) and all(is_array(each) and len(each.shape) in (1, 2) for each in values)
    if not several or len({tuple(each.shape) for each in values}) < 2:
        if isinstance(values, list | tuple) and all(isinstance(each, str) for each in values):
            _check_texts(name, values)
        return {name: plain(values)}
    each_one = [np.atleast_2d(plain(each)) for each in values]
    channels, lengths = {each.shape[0] for each in each_one}, [each.shape[1] for each in each_one]
    if len(channels) > 1 or 0 in lengths:
        raise DataError(
            f"{name}: series (C, T) of {sorted(channels)} channels and of lengths from {min(lengths)} on; "
            "all must have the same channels, and a length."
        )
    whole = np.full((len(values), channels.pop(), max(lengths)), np.nan, np.float32)
    for row, each in zip(whole, each_one, strict=True):
        row[:, : each.shape[1]] = each
    part = name.partition("_")[2]
    return {name: whole, f"lengths_{part}" if part else "lengths": np.array(lengths)}


def _check_texts(name: str, texts: Sequence[str]) -> None:
    """Raise DataError where an array of texts, each given the room of the longest, would be huge."""
    need = 4 * len(texts) * max(map(len, texts), default=0)
    if need > MOST_BYTES:
        raise DataError(
            f"{name}: {len(texts):,} texts, one of {max(map(len, texts)):,} letters, would take {need / 1e9:.1f} GB as "
            "an array. Give a table of texts, or a folder of them for each class."
        )


def plain(values: Any) -> Array:
    """An array of an array, a list or a tensor on any device; a tensor's channels, which stand first, come last."""
    if not is_tensor(values):
        return np.asarray(values)
    tensor = values.detach().cpu()
    if tensor.ndim == 4 and not (tensor.shape[3] in COLOURS and tensor.shape[1] not in COLOURS):
        tensor = tensor.permute(0, 2, 3, 1)
    array: Array = (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()
    return array


def is_array(values: Any) -> bool:
    """Whether it is an array or a tensor."""
    return hasattr(values, "shape") and hasattr(values, "dtype")


def is_tensor(values: Any) -> bool:
    """Whether it is a tensor of torch, which need not be loaded for that."""
    return is_array(values) and hasattr(values, "detach")


def _digest(arrays: Mapping[str, Array]) -> str:
    """Sixteen letters of names, kinds and contents."""
    digest = hashlib.blake2b(digest_size=8)
    for name, values in arrays.items():
        digest.update(f"{name}\0{values.dtype.str}\0{values.shape}\0".encode())
        digest.update(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _write(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write the file beside its place, then rename it; others that were used longest ago may go for it."""
    need = sum(values.nbytes for values in arrays.values()) + (1 << 16)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        make_room(beside, need, "the arrays", ADVICE, KEPT_S)
        with beside.open("wb") as out:
            np.savez(out, allow_pickle=False, **dict(arrays))
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    except OSError as error:
        raise DataError(f"{path}: can't be written: {error.strerror}. {ADVICE}") from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
