"""Headers of picture files that were read before: the next listing reads those files alone that are new or changed.

A file counts as the same while its path, its size and its time of change are. One that was changed in the two seconds
before it was listed is not remembered: it might change again within the same tick of the clock.
"""

from __future__ import annotations

import hashlib
import io
import os
from array import array
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tellapart.data.texts import Hashes
from tellapart.files import write_bytes

Stamp = tuple[int, int]
"""Size in bytes, and time of change in nanoseconds."""
NO_STAMP: Stamp = (-1, -1)
Header = tuple[bytes, tuple[int, int, int]]
"""Digest of the content, and (H, W, C)."""
Stamps = np.ndarray[tuple[int, int], np.dtype[np.int64]]
"""(N, 2), the stamp of each file; -1 where there is none."""
ROW = np.dtype([("path", "<u8"), ("size", "<i8"), ("time", "<i8"), ("digest", "V16"), ("shape", "<i4", 3)])
"""What is remembered of a file, its path as a hash; the rows are sorted by it."""
HEADERS = 2
"""Raised whenever `peek` comes to give other shapes."""
WORTH = 256
"""Files below which nothing is remembered: they are read in a moment."""
TICK_NS = 2_000_000_000


@dataclass(frozen=True, kw_only=True)
class Headers:
    """The headers of N files; the shape of one that is not known is 0."""

    digests: np.ndarray[Any, np.dtype[np.void]]
    """(N,)."""
    shapes: np.ndarray[Any, np.dtype[np.int32]]
    """(N, 3)."""

    @staticmethod
    def unknown(count: int) -> Headers:
        return Headers(digests=np.zeros(count, "V16"), shapes=np.zeros((count, 3), np.int32))

    @property
    def known(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(N,)."""
        return self.shapes[:, 0] > 0


class Known:
    """What is known of the files of one data set.

    home      the user's cache folder
    place     what the data set is known by: its resolved path
    began_ns  when its listing began
    """

    def __init__(self, home: Path, place: str, began_ns: int) -> None:
        said = f"{HEADERS}\0{place}".encode("utf-8", "surrogateescape")
        name = hashlib.blake2b(said, digest_size=12).hexdigest()
        self._path = home / "listings" / f"{name}.npy"
        self._listed_ns = began_ns
        self._rows = _read(self._path)

    def headers(self, hashes: Hashes, stamps: Stamps) -> Headers:
        """The header of each file, by the hash of its path; none where it is not known, or has changed."""
        found = Headers.unknown(len(hashes))
        if not len(self._rows):
            return found
        places = np.searchsorted(self._rows["path"], hashes).clip(max=len(self._rows) - 1)
        same = self._rows["path"][places] == hashes
        same &= self._rows["size"][places] == stamps[:, 0]
        same &= self._rows["time"][places] == stamps[:, 1]
        places = places[same]
        found.digests[same], found.shapes[same] = self._rows["digest"][places], self._rows["shape"][places]
        return found

    def remember(self, hashes: Hashes, stamps: Stamps, headers: Headers) -> None:
        """Put what is known now in the place of what was known before; a disk that refuses costs the next run time."""
        worthy = headers.known & (stamps[:, 0] >= 0) & (stamps[:, 1] < self._listed_ns - TICK_NS)
        if np.count_nonzero(worthy) < WORTH:
            return
        chosen = np.flatnonzero(worthy)
        chosen = chosen[np.argsort(hashes[chosen], kind="stable")]
        rows = np.zeros(len(chosen), ROW)
        rows["path"], rows["digest"], rows["shape"] = hashes[chosen], headers.digests[chosen], headers.shapes[chosen]
        rows["size"], rows["time"] = stamps[chosen].T
        out = io.BytesIO()
        np.save(out, rows, allow_pickle=False)
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(self._path, out.getvalue())


def stamp_of(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns


def stamps_in(numbers: array[int]) -> Stamps | None:
    """The stamps that stand one after the other; None where all of them are none."""
    stamps = np.asarray(numbers, np.int64).reshape(-1, 2)
    return stamps if (stamps != NO_STAMP).any() else None


def _read(path: Path) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """The rows on the disk; none where there are no such, or they are damaged."""
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return np.zeros(0, ROW)
    return rows if rows.dtype == ROW and rows.ndim == 1 else np.zeros(0, ROW)
