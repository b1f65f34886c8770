"""Weights to start from: of a run, a model folder or a safetensors file; whole or refused, and never unpickled."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tellapart.errors import DamagedError, DataError, SettingError
from tellapart.files import sha256, verify_manifest
from tellapart.names import listed
from tellapart.runs.licence import licence_of
from tellapart.runs.model_folder import CARD, WEIGHTS, Card, read_card
from tellapart.runs.run_folder import model_folder

if TYPE_CHECKING:
    from torch import Tensor

SUFFIX = ".safetensors"
PICKLED = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".tar")
"""Endings of files that only unpickling opens, which can run any code."""
LONGEST_HEADER = 100_000_000
"""Bytes, as the format has it."""
OWN = "your own"
"""The licence of weights that were trained here from scratch."""
INSTEAD = (
    "it is never unpickled, since that can run any code. Where you trust it, save it anew with "
    "safetensors.torch.save_file(state_dict, 'weights.safetensors'), and give that file."
)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where weights came from, as it stands in the card of the model that began with them."""

    name: str
    """Of the run, the folder or the file."""
    sha256: str
    """Of the file."""
    licence: str
    """As stated beside the file; `not stated` is no permission."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights to start from, read whole."""

    path: Path
    """As it was given."""
    tensors: dict[str, Tensor]
    """By name, on the CPU; what has a fraction is float32."""
    origin: Origin
    card: Card | None = None
    """Of a model of our own; None for a file from elsewhere."""


def weights_at(path: Path) -> Path:
    """The model folder or the safetensors file that a path means; loads no torch.

    SettingError where it is neither, DataError where a run has no model yet.
    """
    if path.is_dir():
        return _inside(path)
    if not path.is_file():
        raise SettingError(
            f"weights is {str(path)!r}: no such file or folder. Give a run, a model folder, a {SUFFIX} file, "
            "pretrained or none."
        )
    if path.suffix in PICKLED:
        raise SettingError(f"weights is {str(path)!r}, a pickle: {INSTEAD}")
    if path.suffix != SUFFIX:
        raise SettingError(f"weights is {str(path)!r}; give a {SUFFIX} file, a run or a model folder.")
    own = path.name == WEIGHTS and (path.parent / CARD).exists()
    return path.parent if own else path


def own_card(path: Path) -> Card | None:
    """The card of the model that a path means; None for a file from elsewhere. Loads no torch."""
    found = weights_at(path)
    return read_card(found) if found.is_dir() else None


def read_weights(path: Path, *, name: str | None = None, licence: str | None = None) -> Weights:
    """The weights that a path means; DamagedError before any is used where a byte is wrong.

    name, licence  where they are known better than from the path and the files beside it
    """
    found = weights_at(path)
    if found.is_dir():
        verify_manifest(found)
        card, file = read_card(found), found / WEIGHTS
        tensors, licence = read_tensors(file)[0], card.weights.get("licence", OWN)
    else:
        card, file = None, found
        tensors, metadata = read_tensors(file)
        licence = licence or licence_of(file, metadata)
    origin = Origin(name=name or _name(path), sha256=sha256(file), licence=licence)
    return Weights(path=path, tensors=tensors, origin=origin, card=card)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a safetensors file and its metadata; DamagedError names the file and the cause.

    What has a fraction comes out as float32, be it kept in 16 bits or 8.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    metadata = _metadata(path)
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError, KeyError) as error:  # KeyError: a type that torch has no name for
        raise DamagedError(f"{path}: not a safetensors file: {error}") from None
    for name, tensor in tensors.items():
        if tensor.is_floating_point():
            tensors[name] = tensor.float()
            if not tensors[name].isfinite().all():
                raise DamagedError(f"{path}: {name!r} holds NaN or infinity.")
    return tensors, metadata


def _metadata(path: Path) -> dict[str, str]:
    """What the header says beside the tensors; DamagedError where it is none, or names a tensor twice.

    The length of the header is compared with the file before anything is read by it.
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
            length, room = int.from_bytes(start, "little"), path.stat().st_size - 8
            if len(start) < 8 or not 2 <= length <= min(room, LONGEST_HEADER):
                if start.startswith((b"PK", b"\x80")):
                    raise DamagedError(f"{path}: a pickle by its first bytes, whatever its name: {INSTEAD}")
                raise DamagedError(f"{path}: not a safetensors file: its header would have {length:,} bytes.")
            header = json.loads(file.read(length), object_pairs_hook=_once)
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedError(f"{path}: not a safetensors file: {error}") from None
    found = header.get("__metadata__") if isinstance(header, dict) else None
    words = found.items() if isinstance(found, dict) else ()
    return {name: word for name, word in words if isinstance(word, str)}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, none of whose names comes twice: readers differ in which of the two they take."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"{twice!r} comes twice in its header")
    return found


def _inside(folder: Path) -> Path:
    """The model folder or the one safetensors file that a folder holds."""
    if any((folder / name).exists() for name in ("run.json", "model", CARD)):
        return model_folder(folder)
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if len(files) == 1:
        return files[0]
    if files:
        names = listed(path.name for path in files)
        raise SettingError(f"weights is {str(folder)!r}, which holds {names}; give one of these files.")
    pickled = [path.name for path in sorted(folder.iterdir()) if path.suffix in PICKLED]
    if pickled:
        raise SettingError(f"weights is {str(folder)!r}, which holds but a pickle, {pickled[0]}: {INSTEAD}")
    raise DataError(f"{folder}: no run, no model folder, and no {SUFFIX} file in it.")


def _name(path: Path) -> str:
    """What a path is called without its folders: those are nobody's business whom a model is handed to."""
    path = path.parent if path.name == WEIGHTS and (path.parent / CARD).exists() else path
    path = path.resolve()
    return path.parent.name if path.name == "model" else path.name
