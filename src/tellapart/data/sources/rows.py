"""What the rows of a table say: the place of each picture, or what is wrong with the row, by its line."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from tellapart.config import Reading
from tellapart.data.labelled_rows import Said, said_in
from tellapart.data.sources.columns import Columns, columns_of
from tellapart.data.sources.delimited import Row, Table
from tellapart.data.sources.known import Stamp
from tellapart.data.sources.lookup import Lost, Shelf, found
from tellapart.data.sources.pictures import Listing
from tellapart.data.sources.places import Place, Places
from tellapart.data.sources.placing import issue, told
from tellapart.data.tasks import worded
from tellapart.data.texts import Hashes, Rows
from tellapart.errors import DataError
from tellapart.names import counted
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
    issues: list[Issue] = []
    count = 0

    def standing() -> Iterator[Place]:
        nonlocal count
        for named in tables:
            columns = columns_of(named.table.header, reading, named.name)
            find = partial(found, shelf=shelf, table=named.name)
            for row in named.table.rows:
                count += 1
                place = place_of(row, columns, f"{named.name}:{row[0]}", find, named.part)
                if isinstance(place, Issue):
                    issues.append(place)
                else:
                    yield place

    places = _settled(Places.of(standing()), issues)
    if not places:
        many = f"none of {counted(count, 'row')} can be used" if count else "no row below the header"
        raise DataError(f"{where}: {many}. {told(issues)}".rstrip())
    return places, issues


def _settled(places: Places, issues: list[Issue]) -> Places:
    """Each path once: of one that stands twice the row of the later part, and none where the labels differ."""
    kept: dict[str, int] = {}
    disputed: set[str] = set()

    def tell(place: Place, kind: str, detail: str, suggestion: str) -> None:
        issues.append(issue(str(place.said_at), kind, f"{place.path!r}: {detail}", suggestion))

    repeated = _repeated(places.hashes)
    for row in repeated.tolist():
        place = places[row]
        if place.path not in kept:
            kept[place.path] = row
            continue
        before = places[kept[place.path]]
        if before.label != place.label:
            disputed.add(place.path)
            both = f"{worded(place.label)!r} here, but {worded(before.label)!r} in {before.said_at}"
            tell(place, "conflict", both, "Decide.")
            continue
        later = _rank(place.part) > _rank(before.part)
        left, stays = (before, place) if later else (place, before)
        tell(left, "duplicate", f"stands in {stays.said_at} too", "Delete one of the two.")
        if later:
            kept[place.path] = row
    standing = np.ones(len(places), bool)
    standing[repeated] = False
    standing[[row for path, row in kept.items() if path not in disputed]] = True
    return places if standing.all() else places.taken(np.flatnonzero(standing))


def _repeated(hashes: Hashes) -> Rows:
    """The rows whose path is likely to stand in another one too: their hashes are equal."""
    ordered = np.sort(hashes)
    return np.flatnonzero(np.isin(hashes, ordered[1:][ordered[1:] == ordered[:-1]]))


def _rank(part: Part | None) -> int:
    return PARTS.index(part) if part else 0


def place_of(
    row: Row, columns: Columns, at: str, find: Callable[[str], tuple[str, Stamp] | Lost], given: Part | None
) -> Place | Issue:
    """What a row says, or what is wrong with it."""
    cells = row[1]
    if isinstance(cells, str):
        return issue(at, "ragged", cells, ADVICE)
    if len(cells) != columns.count and (len(cells) < columns.count or "".join(cells[columns.count :]).strip()):
        return issue(at, "ragged", f"{len(cells)} fields under {counted(columns.count, 'column')}", ADVICE)
    if "\0" in "".join(cells):
        return issue(at, "nul", "a zero byte stands in it", ADVICE)
    path = cells[columns.path].strip()
    if not path:
        return issue(at, "empty-path", "no path", ADVICE)
    said = said_in(cells, columns)
    if not isinstance(said, Said):
        return issue(at, said[0], f"{path!r}: {said[1]}", ADVICE)
    file = find(path)
    if isinstance(file, Lost):
        return issue(at, file.kind, f"{path!r}: {file.cause}", ADVICE)
    return Place(
        path=file[0],
        stamp=file[1],
        label=said.label,
        part=said.part or given,
        group=said.group,
        weight=said.weight,
        said_at=at,
    )
