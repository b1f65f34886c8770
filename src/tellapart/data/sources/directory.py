"""What a folder holds: Parquet files, tar shards, a table with its pictures, or a folder of pictures per class."""

import os
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import BinaryIO

from tellapart.config import Reading
from tellapart.data.decode import read_file
from tellapart.data.source import Source
from tellapart.data.sources.folder import FolderSource, prevailing_kind
from tellapart.data.sources.layout import Top, places_in, telling_tables
from tellapart.data.sources.lookup import on_disk
from tellapart.data.sources.manifest import opened
from tellapart.data.sources.members import TABLE_SUFFIXES
from tellapart.data.sources.pictures import PictureSource
from tellapart.data.sources.placing import PART_NAMES, shown
from tellapart.errors import DataError
from tellapart.names import natural_key

TABLES = (".csv", ".tsv", ".txt", ".parquet")


def open_folder(path: Path, reading: Reading) -> Source:
    """The source that a folder is, by what lies at its top."""
    name = path.resolve().name or "data"
    parquet = files_at_top(path, ".parquet") or files_at_top(path / "data", ".parquet")
    if parquet:
        from tellapart.data.sources.parquet import ParquetSource
        from tellapart.data.sources.parquet_table import holds_pictures

        if holds_pictures(parquet[0], reading):
            return ParquetSource(name, parquet, reading)
    series = series_in(path)
    if series is not None:
        from tellapart.data.sources.series import open_ts

        return open_ts(series, reading)
    table = table_of_samples(path, reading)
    if table is not None:
        from tellapart.data.sources.tables import open_table

        return open_table(table, reading)
    shards = shards_in(path)
    if shards:
        from tellapart.data.sources.shards import open_shards

        return open_shards([str(shard) for shard in shards], name)
    return _of_table(path, name, reading) or FolderSource(path, prevailing_kind(path))


def files_at_top(path: Path, suffix: str) -> list[Path]:
    """The files of a suffix in a folder itself, naturally sorted; none where there is no such folder."""
    try:
        found = [file for file in path.iterdir() if file.suffix.lower() == suffix and shown(file.name)]
    except OSError:
        return []
    return sorted((file for file in found if file.is_file()), key=lambda file: natural_key(file.name))


def series_in(path: Path) -> Path | None:
    """The `.ts` file in a folder, of which its other part lies beside it; None where there is none.

    DataError where there are those of several sets.
    """
    files = [file for suffix in (".ts", ".gz") for file in files_at_top(path, suffix)]
    files = [file for file in files if file.name.lower().endswith((".ts", ".ts.gz"))]
    if not files:
        return None
    from tellapart.data.ts_file import pair_of

    others = [file for file in files[1:] if file != pair_of(files[0])]
    if others:
        raise DataError(f"{path}: {files[0].name} and {others[0].name} are of several sets. Give the file of one.")
    return files[0]


def table_of_samples(path: Path, reading: Reading) -> Path | None:
    """The table of series or texts in a folder without folders; of two parts the first. None where there is none.

    DataError where there are those of several sets.
    """
    from tellapart.data.sources.tables import table_kind
    from tellapart.data.ts_file import pair_of

    files = [file for suffix in TABLES for file in files_at_top(path, suffix)]
    if not files or _has_folders(path):
        return None
    found = []
    for file in files if len(files) == 1 else [file for file in files if file.suffix.lower() != ".txt"]:
        with suppress(DataError):  # what is no table stands beside one that is
            if table_kind(file, reading) in ("series", "text"):
                found.append(file)
    others = [file for file in found[1:] if file != pair_of(found[0])]
    if others:
        raise DataError(f"{path}: {found[0].name} and {others[0].name} are of several sets. Give the file of one.")
    return found[0] if found else None


def _has_folders(path: Path) -> bool:
    with os.scandir(path) as entries:
        return any(entry.is_dir() for entry in entries if shown(entry.name))


def shards_in(path: Path) -> list[Path]:
    """The tars in a folder, or in its folders of parts, where there is nothing else to learn from."""
    try:
        folders = [folder for folder in path.iterdir() if folder.is_dir() and shown(folder.name)]
    except OSError:
        return []
    parts = [folder for folder in sorted(folders) if folder.name.lower() in PART_NAMES]
    if len(parts) < len(folders):
        return []
    inside = [file for part in parts for file in part.iterdir() if shown(file.name)]
    if any(file.is_dir() for file in inside):
        return []
    return files_at_top(path, ".tar") + [file for part in parts for file in files_at_top(part, ".tar")]


def _of_table(path: Path, name: str, reading: Reading) -> Source | None:
    """The pictures that tables at the top name; None where no table there says a class."""

    def at_top(table: str) -> AbstractContextManager[BinaryIO]:
        return opened(path / table)

    tables = [file.name for suffix in TABLE_SUFFIXES for file in files_at_top(path, suffix)]
    if not tables:
        return None
    top = Top(where=str(path), tables=tables, open=at_top, shelf=on_disk(path, reading.allow_outside))
    telling = telling_tables(top, reading)
    if not telling:
        return None
    return PictureSource(
        name,
        str(path),
        lambda: places_in(top, telling, reading),
        lambda file: read_file(path / file),
    )
