"""CIFAR-10, from its binary or its Python batches, packed in a tar or not. The Python ones are never unpickled."""

import gzip
import io
import pickletools
import struct
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from tellapart.data.download import content_of, damaged, data_homes, fetch
from tellapart.data.sources.arrays import ArraySource
from tellapart.types import Part

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
BATCHES: dict[str, Part] = {**{f"data_batch_{number}": "train" for number in range(1, 6)}, "test_batch": "test"}
FOLDERS = ("cifar-10-batches-bin", "cifar-10-batches-py", ".")
ARCHIVES = ("cifar-10-binary.tar.gz", "cifar-10-python.tar.gz")
MD5 = "c32a1d4ab5d03f1284b67883e8d13530"
"""Of the first archive, the one that is downloaded."""
MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)

PIXELS = 3 * 32 * 32
MAX_BATCH_BYTES = 64_000_000
"""A batch is 31 MB; a larger one is not read."""
MAX_UNPACKED_BYTES = 400_000_000
MAX_MEMBERS = 100
"""The archives have 9 members; one of more is not read on."""

Batch = tuple[np.ndarray[Any, Any], list[int]]
"""uint8 (N, 3, 32, 32) and N class indices."""


def open_cifar10(data_dir: Path | None) -> ArraySource:
    """60,000 photos of 32x32 pixels in the parts train and test; downloaded where they are not on the disk."""
    homes = data_homes(data_dir)
    on_disk = next((found for home in homes if (found := _on_disk(home))), None)
    batches = on_disk or _from_archive(fetch(ARCHIVES[0], MIRRORS, MD5, homes[-1] / "cifar10"))
    parts = [part for name, part in BATCHES.items() for _ in batches[name][1]]
    labels = [CLASSES[label] for name in BATCHES for label in batches[name][1]]
    first_test = parts.index("test")
    ids = [f"{part}/{row - (first_test if part == 'test' else 0):05d}" for row, part in enumerate(parts)]
    return ArraySource("cifar10", _joined(batches), labels, parts=parts, ids=ids)


def read_bin(content: bytes, file: str) -> Batch:
    """The records of a binary batch: a byte of label, then the red, the green and the blue plane."""
    if not content or len(content) % (1 + PIXELS):
        raise damaged(file, f"{len(content):,} bytes are no whole number of records of {1 + PIXELS:,}")
    records = np.frombuffer(content, np.uint8).reshape(-1, 1 + PIXELS)
    return _checked(records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].tolist(), file)


def read_pickled(content: bytes, file: str) -> Batch:
    """The pictures and labels of a Python batch, picked out of the list of its opcodes; none of them is carried out."""
    key, pixels = "", b""
    labels: list[int] = []
    try:
        for opcode, value, _ in pickletools.genops(content):
            if isinstance(value, str | bytes):
                raw = value if isinstance(value, bytes) else value.encode("latin-1")
                if raw in (b"batch_label", b"labels", b"data", b"filenames"):
                    key = raw.decode()
                elif key == "data" and len(raw) > len(pixels):
                    pixels = raw
            elif key == "labels" and isinstance(value, int) and opcode.name.startswith("BININT"):
                labels.append(value)
    except (ValueError, IndexError, OverflowError, struct.error) as error:
        raise damaged(file, f"no pickle of CIFAR-10: {error}") from None
    if not pixels or len(pixels) % PIXELS or len(labels) != len(pixels) // PIXELS:
        raise damaged(file, f"no pickle of CIFAR-10: {len(pixels):,} bytes of pictures for {len(labels):,} labels")
    return _checked(np.frombuffer(pixels, np.uint8).reshape(-1, 3, 32, 32), labels, file)


def _checked(planes: np.ndarray[Any, Any], labels: list[int], file: str) -> Batch:
    if not 0 <= min(labels) <= max(labels) < len(CLASSES):
        raise damaged(file, f"labels from {min(labels)} to {max(labels)}; there are {len(CLASSES)} classes, 0 to 9")
    return planes, labels


def _joined(batches: dict[str, Batch]) -> np.ndarray[Any, Any]:
    """uint8 (N, 32, 32, 3); each batch is let go as soon as it is copied."""
    pictures = np.empty((sum(len(labels) for _, labels in batches.values()), 32, 32, 3), np.uint8)
    start = 0
    for name in BATCHES:
        planes, labels = batches.pop(name)
        pictures[start : start + len(labels)] = planes.transpose(0, 2, 3, 1)
        start += len(labels)
    return pictures


def _on_disk(home: Path) -> dict[str, Batch] | None:
    """The batches in a folder, else in an archive, below `home`; None where neither is there."""
    places = [home / "cifar10", home]
    for folder in [place / name for name in FOLDERS for place in places]:
        for suffix in (".bin", ""):
            files = {name: folder / f"{name}{suffix}" for name in BATCHES}
            if all(path.is_file() for path in files.values()):
                return {
                    name: _read(content_of(path, MAX_BATCH_BYTES), path.name, str(path)) for name, path in files.items()
                }
    archive = next((path for name in ARCHIVES for place in places if (path := place / name).is_file()), None)
    return _from_archive(archive) if archive else None


def _read(content: bytes, name: str, file: str) -> Batch:
    return read_bin(content, file) if name.endswith(".bin") else read_pickled(content, file)


def _from_archive(path: Path) -> dict[str, Batch]:
    """The batches in a tar: regular files of the expected names, read in memory and never unpacked to the disk."""
    batches = {}
    for name, content in _members(path).items():
        batches[name.removesuffix(".bin")] = _read(content, name, f"{path}: {name}")
    missing = [name for name in BATCHES if name not in batches]
    if missing:
        raise damaged(str(path), f"it lacks {', '.join(missing)}")
    return batches


def _members(path: Path) -> dict[str, bytes]:
    """File name -> content, of the batches alone."""
    members: dict[str, bytes] = {}
    try:
        with gzip.open(path) as unpacked, tarfile.open(None, "r|", _Bounded(unpacked)) as tar:
            for count, member in enumerate(tar):
                if count >= MAX_MEMBERS:
                    raise tarfile.ReadError(f"more than {MAX_MEMBERS} members")
                name = PurePosixPath(member.name).name
                if not member.isreg() or name.removesuffix(".bin") not in BATCHES:
                    continue
                if name in members or member.size > MAX_BATCH_BYTES:
                    raise tarfile.ReadError(f"{name} stands there twice, or is larger than {MAX_BATCH_BYTES:,} bytes")
                file = tar.extractfile(member)
                members[name] = file.read() if file else b""
    except (tarfile.TarError, OSError, EOFError, zlib.error, RecursionError) as error:
        raise damaged(str(path), str(error)) from None
    return members


class _Bounded(io.RawIOBase):
    """A stream that ends in an error past MAX_UNPACKED_BYTES: a small archive can hold a large one."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self._left = MAX_UNPACKED_BYTES

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise tarfile.ReadError(f"it unpacks to more than {MAX_UNPACKED_BYTES:,} bytes")
        return content
