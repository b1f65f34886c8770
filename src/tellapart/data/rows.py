"""What the rows of a table say: the place of each picture, or what is wrong with the row, by its line."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from tellapart.config import Reading
from tellapart.data.columns import Columns, columns_of
from tellapart.data.delimited import Row, Table
from tellapart.data.lookup import Lost, Shelf, found
from tellapart.data.pictures import Listing
from tellapart.data.placing import PART_NAMES, Place, issue, told
from tellapart.errors import DataError
from tellapart.names import counted, listed
from tellapart.types import PARTS, Issue, Part

ADVICE = "The row is left out; correct it or delete it."


@dataclass(frozen=True, kw_only=True)
class NamedTable:
    """A table under the name that issues call it by."""

    name: str
    table: Table
    part: Part | None = None
    """The part of rows that say none."""


def places_of(tables: Iterable[NamedTable], where: str, shelf: Shelf, reading: Reading) -> Listing:
    """The place of each picture that the tables name; an issue with its line for each row that can't be used."""
    taken = _Taken()
    count = 0
    for named in tables:
        columns = columns_of(named.table.header, reading, named.name)
        find = partial(found, shelf=shelf, table=named.name)
        for row in named.table.rows:
            count += 1
            taken.add(place_of(row, columns, f"{named.name}:{row[0]}", find, named.part))
    places = taken.places()
    if not places:
        many = f"none of {counted(count, 'row')} can be used" if count else "no row below the header"
        raise DataError(f"{where}: {many}. {told(taken.issues)}".rstrip())
    return places, taken.issues


@dataclass(kw_only=True)
class _Taken:
    """The rows that stood so far, by the path that they name."""

    issues: list[Issue] = field(default_factory=list)
    by_path: dict[str, Place] = field(default_factory=dict)
    disputed: set[str] = field(default_factory=set)

    def add(self, place: Place | Issue) -> None:
        """Keep a place; of one path that stands twice, the row of the later part, and none where the labels differ."""
        if isinstance(place, Issue):
            self.issues.append(place)
            return
        before = self.by_path.get(place.path)
        if before is None:
            self.by_path[place.path] = place
        elif before.label != place.label:
            self.disputed.add(place.path)
            self._tell(place, "conflict", f"{place.label!r} here, but {before.label!r} in {before.said_at}", "Decide.")
        else:
            later = _rank(place.part) > _rank(before.part)
            self.by_path[place.path] = place if later else before
            left, kept = (before, place) if later else (place, before)
            self._tell(left, "duplicate", f"stands in {kept.said_at} too", "Delete one of the two.")

    def places(self) -> list[Place]:
        """What is kept: nothing of a path whose rows disagree about its class."""
        return [place for path, place in self.by_path.items() if path not in self.disputed]

    def _tell(self, place: Place, kind: str, detail: str, suggestion: str) -> None:
        self.issues.append(issue(str(place.said_at), kind, f"{place.path!r}: {detail}", suggestion))


def _rank(part: Part | None) -> int:
    return PARTS.index(part) if part else 0


def place_of(
    row: Row, columns: Columns, at: str, find: Callable[[str], str | Lost], given: Part | None
) -> Place | Issue:
    """What a row says, or what is wrong with it."""
    cells = row[1]
    if isinstance(cells, str):
        return issue(at, "ragged", cells, ADVICE)
    if any(cell.strip() for cell in cells[columns.count :]) or len(cells) < columns.count:
        return issue(at, "ragged", f"{len(cells)} fields under {counted(columns.count, 'column')}", ADVICE)
    if any("\0" in cell for cell in cells):
        return issue(at, "nul", "a zero byte stands in it", ADVICE)
    path, label = cells[columns.path].strip(), cells[columns.label].strip()
    if not path or not label:
        what = "path" if not path else "label"
        return issue(at, f"empty-{what}", f"{path!r}: no {what}" if path else f"no {what}", ADVICE)
    word = _cell(cells, columns.part)
    if word and word.lower() not in PART_NAMES:
        return issue(at, "unknown-part", f"{path!r}: part {word!r}; known are {listed(PART_NAMES)}", ADVICE)
    weight = _weight(_cell(cells, columns.weight))
    if weight is not None and not (math.isfinite(weight) and weight >= 0):
        wrong = _cell(cells, columns.weight)
        return issue(at, "weight", f"{path!r}: weight {wrong!r}; must be a finite number, 0 or more", ADVICE)
    file = find(path)
    if isinstance(file, Lost):
        return issue(at, file.kind, f"{path!r}: {file.cause}", ADVICE)
    part = PART_NAMES[word.lower()] if word else given
    return Place(
        path=file, label=label, part=part, group=_cell(cells, columns.group) or None, weight=weight, said_at=at
    )


def _cell(cells: list[str], column: int | None) -> str:
    return "" if column is None else cells[column].strip()


def _weight(text: str) -> float | None:
    """The number; NaN where the text is none, None where there is no text."""
    try:
        return float(text) if text else None
    except ValueError:
        return math.nan
