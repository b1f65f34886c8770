"""A table of pictures: a row each with its path and its class; part, group and weight where there are such columns."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tellapart.config import Reading
from tellapart.data.decode import read_file
from tellapart.data.sources.columns import columns_of
from tellapart.data.sources.delimited import Table, read_table
from tellapart.data.sources.lookup import on_disk
from tellapart.data.sources.pictures import Listing, PictureSource
from tellapart.data.sources.rows import NamedTable, places_of
from tellapart.errors import DataError


def open_manifest(path: Path, reading: Reading) -> PictureSource:
    """The pictures that a table names; relative paths start at the table's folder."""
    root = path.parent

    def listing() -> Listing:
        with opened(path) as file:
            table = NamedTable(name=path.name, table=table_in(file, path.name, str(path), reading))
            return places_of([table], str(path), on_disk(root, reading.allow_outside), reading)

    return PictureSource(path.stem, str(path), listing, lambda name: read_file(root / name))


def check_manifest(path: Path, reading: Reading) -> None:
    """Raise DataError or SettingError where the table has no header with a path and a label."""
    with opened(path) as file:
        columns_of(table_in(file, path.name, str(path), reading).header, reading, str(path))


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, open; DataError where it can't be read."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise DataError(f"{path}: can't be read: {error.strerror}.") from None
    with file:
        yield file


def table_in(file: BinaryIO, name: str, where: str, reading: Reading) -> Table:
    """The table in an open file, by the suffix of its name: Parquet, else text."""
    if name.lower().endswith(".parquet"):
        from tellapart.data.sources.parquet_table import read_parquet_table

        return read_parquet_table(file, where, reading)
    return read_table(file, where, reading)
