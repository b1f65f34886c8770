"""What says the class of each picture in a folder or an archive: a table at its top, else the folders."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from tellapart.config import Reading
from tellapart.data.sources.columns import columns_of, has_both
from tellapart.data.sources.lookup import Lost, Shelf, found
from tellapart.data.sources.manifest import table_in
from tellapart.data.sources.pictures import Listing
from tellapart.data.sources.placing import part_of_file
from tellapart.data.sources.rows import NamedTable, places_of
from tellapart.errors import DataError
from tellapart.names import listed
from tellapart.types import Part

LOOKED_AT = 20
"""Rows of a table that are tried before it is taken for what says the classes."""


@dataclass(frozen=True, kw_only=True)
class Top:
    """The tables at the top of a folder or an archive, and the files that they may name."""

    where: str
    tables: Sequence[str]
    open: Callable[[str], AbstractContextManager[BinaryIO]]
    shelf: Shelf


def telling_tables(top: Top, reading: Reading) -> list[str]:
    """Those tables that have a column of paths and one of classes, and of whose first rows one names a file there."""
    return [name for name in top.tables if _tells(top, name, reading)]


def places_in(top: Top, names: Sequence[str], reading: Reading) -> Listing:
    """The place of each picture that the tables name. Of several tables, each says the part that it is named after."""
    parts: list[Part | None] = [part_of_file(name) for name in names]
    if len(names) > 1 and None in parts:
        raise DataError(
            f"{top.where}: {listed(names)} each name pictures and classes. Give the one that counts, or name them "
            "train, val and test."
        )

    def tables() -> Iterator[NamedTable]:
        for name, part in zip(names, parts, strict=True):
            with top.open(name) as file:
                table = table_in(file, name, f"{top.where}: {name}", reading)
                yield NamedTable(name=name, table=table, part=part if len(names) > 1 else None)

    return places_of(tables(), top.where, top.shelf, reading)


def _tells(top: Top, name: str, reading: Reading) -> bool:
    try:
        with top.open(name) as file:
            table = table_in(file, name, f"{top.where}: {name}", reading)
            if not has_both(table.header, reading):
                return False
            path = columns_of(table.header, reading, name).path
            texts = [cells[path] for _, cells in islice(table.rows, LOOKED_AT) if len(cells) > path]
    except DataError:
        return False
    return any(not isinstance(found(text.strip(), top.shelf, name), Lost) for text in texts if text.strip())
