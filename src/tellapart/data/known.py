"""Headers of picture files that were read before: the next listing reads those files alone that are new or changed.

A file counts as the same while its path, its size and its time of change are. One that was changed in the two seconds
before it was listed is not remembered: it might change again within the same tick of the clock.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from tellapart.files import write_bytes

Stamp = tuple[int, int]
"""Size in bytes, and time of change in nanoseconds."""
Header = tuple[bytes, tuple[int, int, int]]
"""Digest of the content, and (H, W, C)."""
ROW = np.dtype([("path", "<u8"), ("size", "<i8"), ("time", "<i8"), ("digest", "V16"), ("shape", "<i4", 3)])
"""What is remembered of a file, its path as a hash; the rows are sorted by it."""
HEADERS = 2
"""Raised whenever `peek` comes to give other shapes."""
WORTH = 256
"""Files below which nothing is remembered: they are read in a moment."""
TICK_NS = 2_000_000_000


class Known:
    """What is known of the files of one data set.

    home   the user's cache folder
    place  what the data set is known by: its resolved path
    """

    def __init__(self, home: Path, place: str) -> None:
        said = f"{HEADERS}\0{place}".encode("utf-8", "surrogateescape")
        name = hashlib.blake2b(said, digest_size=12).hexdigest()
        self._path = home / "listings" / f"{name}.npy"
        self._listed_ns = time.time_ns()
        self._rows = _read(self._path)

    def headers(self, paths: Sequence[str], stamps: Sequence[Stamp | None]) -> list[Header | None]:
        """The header of each file; None where it is not known, or has changed."""
        found: list[Header | None] = [None] * len(paths)
        if not len(self._rows):
            return found
        hashes = _hashes(paths)
        places = np.searchsorted(self._rows["path"], hashes).clip(max=len(self._rows) - 1)
        sizes, times = (np.array([stamp[part] if stamp else -1 for stamp in stamps], np.int64) for part in (0, 1))
        rows = self._rows[places]
        same = (rows["path"] == hashes) & (rows["size"] == sizes) & (rows["time"] == times)
        shapes: dict[bytes, tuple[int, int, int]] = {}
        for place in np.flatnonzero(same).tolist():
            row = rows[place]
            shape = row["shape"].tobytes()
            found[place] = row["digest"].tobytes(), shapes.setdefault(shape, tuple(row["shape"].tolist()))
        return found

    def remember(self, paths: Sequence[str], stamps: Sequence[Stamp | None], headers: Sequence[Header | None]) -> None:
        """Put what is known now in the place of what was known before; a disk that refuses costs the next run time."""
        chosen = [
            (path, stamp, header)
            for path, stamp, header in zip(paths, stamps, headers, strict=True)
            if stamp and header and stamp[1] < self._listed_ns - TICK_NS
        ]
        if len(chosen) < WORTH:
            return
        rows = np.zeros(len(chosen), ROW)
        rows["path"] = _hashes([path for path, _, _ in chosen])
        rows["size"], rows["time"] = np.array([stamp for _, stamp, _ in chosen], np.int64).T
        rows["digest"] = np.frombuffer(b"".join(header[0] for _, _, header in chosen), "V16")
        rows["shape"] = np.array([header[1] for _, _, header in chosen], np.int32)
        out = io.BytesIO()
        np.save(out, rows[np.argsort(rows["path"], kind="stable")], allow_pickle=False)
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(self._path, out.getvalue())


def stamp_of(path: str | Path) -> Stamp | None:
    """Size and time of change of a file; None where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116  (a Path for each of a million names is slow)
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


def _read(path: Path) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """The rows on the disk; none where there are no such, or they are damaged."""
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return np.zeros(0, ROW)
    return rows if rows.dtype == ROW and rows.ndim == 1 else np.zeros(0, ROW)


def _hashes(paths: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    digests = (hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=8).digest() for path in paths)
    return np.frombuffer(b"".join(digests), "<u8")
