"""A file that says which sample is in which part: the `data/split.csv` of a run, or one like it."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tellapart.data.source import Entry
from tellapart.data.sources.placing import PART_NAMES
from tellapart.errors import DataError
from tellapart.names import counted, listed
from tellapart.types import PARTS, Issue, Part

IDS = ("id", "path")
"""What the column of ids may be called; the first that is there is taken."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the file says of a sample."""

    line: int
    part: Part
    content: str | None
    """Hash of its content, in hex; None where the file does not say."""
    group: str | None
    """What it belongs together with, likewise."""


def parted(entries: Sequence[Entry], path: Path) -> tuple[list[Entry], list[Issue]]:
    """The entries that the file names, with its parts, and with its groups where they have none; and issues.

    An issue stands for each sample that the file does not name, which is left out; for each id that no sample has; and
    for each sample whose content is another one than the file says, which stays. DataError where no id is known.
    """
    rows = read_split(path)
    known = {entry.id for entry in entries}
    if entries and not known & rows.keys():
        raise DataError(
            f"{path}: none of its {counted(len(rows), 'id')} is in the data. It says {next(iter(rows))!r}, the data "
            f"{entries[0].id!r}. Give the split.csv of a run on the same data."
        )
    kept = [_said(entry, rows[entry.id]) for entry in entries if entry.id in rows]
    unnamed = [_unnamed(entry, path) for entry in entries if entry.id not in rows]
    lost = [_lost(name, row, path) for name, row in rows.items() if name not in known]
    changed = [_changed(entry, path) for entry in kept if rows[entry.id].content not in (None, entry.digest.hex())]
    return kept, [*unnamed, *lost, *changed]


def read_split(path: Path) -> dict[str, Row]:
    """What the file says, by id; DataError with the line of what can't be understood."""
    rows: dict[str, Row] = {}
    for line, name, cells in _lines(path):
        part = PART_NAMES.get(cells["part"].strip().lower())
        if part is None:
            raise DataError(f"{path}:{line}: part {cells['part']!r} of {name!r}; known are {listed(PARTS)}.")
        if name in rows and rows[name].part != part:
            raise DataError(
                f"{path}:{line}: {name!r} is in {part} here, but in {rows[name].part} in line {rows[name].line}. "
                "Delete one of the two lines."
            )
        rows[name] = Row(line=line, part=part, content=cells.get("content") or None, group=cells.get("group") or None)
    if not rows:
        raise DataError(f"{path}: names no sample. Give the data/split.csv of a run, or a table like it.")
    return rows


def check_split(path: Path) -> None:
    """Raise DataError where the file is none that says parts; all of it is read, which takes a moment."""
    read_split(path)


def _lines(path: Path) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Line number, id and cells of each row that is not empty."""
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            rows = csv.DictReader(file, restval="")
            header = [name or "" for name in rows.fieldnames or ()]
            column = next((name for name in IDS if name in header), None)
            if column is None or "part" not in header:
                raise DataError(f"{path}: needs the columns id and part; it has {listed(header) or 'none'}.")
            for cells in rows:
                if cells[column]:
                    yield rows.line_num, cells[column], cells
    except OSError as error:
        raise DataError(f"{path}: can't be read: {error.strerror}. split takes the split.csv of a run.") from None
    except csv.Error as error:
        raise DataError(f"{path}: not readable as a table: {error}.") from None


def _said(entry: Entry, row: Row) -> Entry:
    return replace(entry, part=row.part, group=row.group if entry.group is None else entry.group)


def _unnamed(entry: Entry, path: Path) -> Issue:
    detail, suggestion = f"not in {path}, so it is in no part", "Add a line for it, or leave split out."
    return Issue(path=entry.id, kind="not-in-split", detail=detail, suggestion=suggestion)


def _lost(name: str, row: Row, path: Path) -> Issue:
    detail = f"in {path}, line {row.line}, but not among the samples that can be read"
    return Issue(path=name, kind="missing", detail=detail, suggestion="Bring it back, or delete the line.")


def _changed(entry: Entry, path: Path) -> Issue:
    detail = f"another content than when {path} was written; it stays in {entry.part}"
    return Issue(path=entry.id, kind="changed", detail=detail, suggestion="Nothing to do if it is meant.")
