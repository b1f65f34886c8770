"""What kind of data a word, a folder or a file holds, by its name and its head alone: it costs next to nothing."""

from __future__ import annotations

import tarfile
import zipfile
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from tellapart.config import Reading
from tellapart.data.sources.archive import SUFFIXES as ARCHIVES
from tellapart.data.sources.directory import TABLES, series_in, table_of_samples
from tellapart.data.sources.files import prevailing
from tellapart.data.sources.folder import prevailing_kind
from tellapart.data.sources.npz import MORE_ERRORS, VALUES
from tellapart.data.sources.tables import table_kind
from tellapart.errors import TellapartError
from tellapart.types import Kind

LOOKED_AT = 200
"""Files of an archive by whose names it is known."""


def kind_of(data: str, reading: Reading = Reading()) -> Kind:
    """The kind of data; pictures where it can't be told without reading them, as of an address or a damaged file."""
    path, name = Path(data), data.lower()
    try:
        if path.is_dir():
            return _of_folder(path, reading)
        if name.endswith((".ts", ".ts.gz")):
            return "series"
        if name.endswith(TABLES) and path.is_file():
            return table_kind(path, reading)
        if name.endswith((".npz", ".npy")):
            return _of_arrays(path)
        if name.endswith(ARCHIVES) and path.is_file():
            return _of_archive(path)
    except (*MORE_ERRORS, TellapartError, tarfile.TarError):
        return "image"
    return "image"


def _of_folder(path: Path, reading: Reading) -> Kind:
    if series_in(path) is not None:
        return "series"
    table = table_of_samples(path, reading)
    return prevailing_kind(path).kind if table is None else table_kind(table, reading)


def _of_arrays(path: Path) -> Kind:
    """By the head of the array of samples."""
    if path.suffix.lower() == ".npy":
        with path.open("rb") as file:
            shape, dtype = _head(file)
    else:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if VALUES & set(name.lower().removesuffix(".npy").split("_"))]
            with archive.open(names[0]) as member:
                shape, dtype = _head(member)
    if len(shape) == 2:
        return "vector"
    if len(shape) == 1 and dtype.kind == "U":
        return "text"
    return "series" if len(shape) == 3 and dtype.kind in "fi" else "image"


def _of_archive(path: Path) -> Kind:
    """By the names of the first files in it."""
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            return prevailing(archive.namelist()[:LOOKED_AT]).kind
    with tarfile.open(path) as members:
        return prevailing([member.name for member in islice(members, LOOKED_AT)]).kind


def _head(file: Any) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and kind of numbers of an array file."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype
