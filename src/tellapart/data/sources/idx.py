"""MNIST and Fashion-MNIST, from the idx files they are published as."""

import gzip
import io
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tellapart.data.download import content_of, damaged, data_homes, fetch
from tellapart.data.sources.arrays import ArraySource
from tellapart.errors import DataError
from tellapart.types import Part

MAX_BYTES = 1_000_000_000
"""What a file may hold, and what it may unpack to."""
UINT8 = 8
"""The type code of idx files that is read here."""
PREFIXES: dict[Part, str] = {"train": "train", "test": "t10k"}


@dataclass(frozen=True, kw_only=True)
class IdxSet:
    """A data set that is published as four idx files."""

    name: str
    folders: tuple[str, ...]
    """Where its files lie below the data folder; a download goes into the first."""
    own_names: frozenset[str]
    """What a folder of it is called, in lower-case letters alone."""
    classes: tuple[str, ...]
    mirrors: tuple[str, ...]
    md5: dict[str, str]
    """File name -> MD5."""


MNIST = IdxSet(
    name="mnist",
    folders=("mnist", "MNIST/raw"),
    own_names=frozenset({"mnist"}),
    classes=tuple("0123456789"),
    mirrors=("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    md5={
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
)
FASHION = IdxSet(
    name="fashion-mnist",
    folders=("fashion-mnist", "FashionMNIST/raw"),
    own_names=frozenset({"fashionmnist", "fashion"}),
    classes=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    md5={
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
)
NAMES = MNIST.own_names | FASHION.own_names | {"kmnist", "qmnist", "emnist"}
"""Folders of data sets whose files are all named alike."""


def open_mnist(data_dir: Path | None) -> ArraySource:
    """70,000 handwritten digits in the parts train and test; downloaded where they are not on the disk."""
    return _open(MNIST, data_dir)


def open_fashion_mnist(data_dir: Path | None) -> ArraySource:
    """70,000 pieces of clothing in the parts train and test; downloaded where they are not on the disk."""
    return _open(FASHION, data_dir)


def read_idx(content: bytes, file: str) -> np.ndarray[Any, Any]:
    """The uint8 array in the bytes of an idx file, packed by gzip or not; DataError names `file`."""
    content = _unpacked(content, file)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UINT8 or not 1 <= content[3] <= 4:
        raise damaged(file, f"no idx file of bytes begins with {content[:4].hex(' ') or 'nothing'}")
    start = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    promised, found = math.prod(shape), len(content) - start
    if found < 0:
        raise damaged(file, "it ends within its header")
    if found != promised:
        raise damaged(file, f"its header promises {promised:,} values, {found:,} follow")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _open(known: IdxSet, data_dir: Path | None) -> ArraySource:
    files = _found(known, data_homes(data_dir))
    given = {part: _read_part(known, files, prefix) for part, prefix in PREFIXES.items()}
    sizes = {pictures.shape[1:] for pictures, _ in given.values()}
    if len(sizes) > 1:
        raise DataError(f"{files['train-images-idx3-ubyte.gz'].parent}: the pictures of train and test differ in size.")
    return ArraySource(
        known.name,
        np.concatenate([pictures for pictures, _ in given.values()]),
        [known.classes[label] for _, labels in given.values() for label in labels],
        parts=[part for part, (_, labels) in given.items() for _ in labels],
        ids=[f"{part}/{row:05d}" for part, (_, labels) in given.items() for row in range(len(labels))],
    )


def _read_part(known: IdxSet, files: dict[str, Path], prefix: str) -> tuple[np.ndarray[Any, Any], list[int]]:
    """uint8 (N, H, W) and N class indices."""
    pictures_file, labels_file = files[f"{prefix}-images-idx3-ubyte.gz"], files[f"{prefix}-labels-idx1-ubyte.gz"]
    pictures, labels = (read_idx(content_of(path, MAX_BYTES), str(path)) for path in (pictures_file, labels_file))
    if pictures.ndim != 3 or 0 in pictures.shape:
        raise damaged(str(pictures_file), f"an array of shape {pictures.shape}, not pictures (N, H, W)")
    if labels.shape != pictures.shape[:1]:
        raise damaged(str(labels_file), f"shape {labels.shape}, not a label for each of {len(pictures):,} pictures")
    if labels.max() >= len(known.classes):
        raise damaged(str(labels_file), f"it holds the label {labels.max()}; there are {len(known.classes)} classes")
    return pictures, labels.tolist()


def _found(known: IdxSet, homes: list[Path]) -> dict[str, Path]:
    """The four files, by name: from the first folder that has them all, else those missing are downloaded."""
    below = [home / name for home in homes for name in known.folders]
    for folder in [*below, *(home for home in homes if _may_hold(known, home))]:
        files = {name: path for name in known.md5 if (path := _on_disk(folder / name))}
        if len(files) == len(known.md5):
            return files
    folder = homes[-1] / known.folders[0]
    some = {name: path for name in known.md5 for place in below if (path := _on_disk(place / name))}
    return {name: some.get(name) or fetch(name, known.mirrors, md5, folder) for name, md5 in known.md5.items()}


def _on_disk(path: Path) -> Path | None:
    """The file, or the same one unpacked, where one of them is there."""
    return next((found for found in (path, path.with_suffix("")) if found.is_file()), None)


def _may_hold(known: IdxSet, folder: Path) -> bool:
    """Whether the folder itself may be the set: its files are named like MNIST's, so its name must not be another's."""
    for part in (folder.resolve(), folder.resolve().parent):
        word = "".join(letter for letter in part.name.lower() if letter.isalpha())
        if word in NAMES:
            return word in known.own_names
    return True


def _unpacked(content: bytes, file: str) -> bytes:
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        with gzip.open(io.BytesIO(content)) as unpacked:
            content = unpacked.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(file, f"it can't be unpacked: {error}") from None
    if len(content) > MAX_BYTES:
        raise damaged(file, f"it unpacks to more than {MAX_BYTES:,} bytes")
    return content
