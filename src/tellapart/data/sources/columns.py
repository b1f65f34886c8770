"""Which column of a table holds what."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from tellapart.config import Reading
from tellapart.data.sources.placing import named_like_a_picture
from tellapart.errors import DataError, SettingError
from tellapart.names import counted, did_you_mean, listed

MOST_COLUMNS = 1000
PATHS = (
    *("path", "file", "filename", "image", "filepath", "imagepath", "imagefile", "imagename", "imageid"),
    *("img", "imgpath", "picture", "photo", "idcode", "id"),
)
"""What the column of paths is called, in small letters and digits alone; the first that is there is taken."""
LABELS = ("label", "class", "target", "y", "labels", "classname", "labelname", "category")
SPLITS = ("split", "part", "subset", "set", "partition")
GROUPS = ("group", "groupid", "groups")
WEIGHTS = ("weight", "sampleweight", "weights")
FLAGS = {"path": "--path-column (of texts: --text-column)", "label": "--label-columns"}
"""By which a column is named."""


@dataclass(frozen=True, kw_only=True)
class SaidColumns:
    """Places of the columns in a row; None where the table has none of that kind."""

    labels: tuple[int, ...]
    """One, or those of several tasks."""
    numbers: int
    """How many of them, the last ones, hold numbers."""
    part: int | None
    group: int | None
    weight: int | None
    read: bool = True
    """Whether what stands in them counts."""

    @property
    def places(self) -> tuple[int, ...]:
        """All of them, each once."""
        every = (*self.labels, self.part, self.group, self.weight)
        return tuple(dict.fromkeys(place for place in every if place is not None))

    def within(self, places: Sequence[int]) -> "SaidColumns":
        """Where the same columns are in rows that hold those of `places` alone."""
        part, group, weight = (
            None if place is None else places.index(place) for place in (self.part, self.group, self.weight)
        )
        labels = tuple(map(places.index, self.labels))
        return SaidColumns(labels=labels, numbers=self.numbers, part=part, group=group, weight=weight, read=self.read)


@dataclass(frozen=True, kw_only=True)
class Columns(SaidColumns):
    """Likewise, where each row names a file."""

    count: int
    path: int


def columns_of(header: Sequence[str], reading: Reading, where: str) -> Columns:
    """Which column is which; DataError lists the columns where path or label is not among them."""
    if len(header) > MOST_COLUMNS:
        raise DataError(f"{where}: {len(header):,} columns; at most {MOST_COLUMNS:,} are read. Keep path and label.")
    path = _named(header, "path_column", reading.path_column, where) or _first(header, PATHS, where)
    labels = label_columns(header, reading, where)
    missing = [name for name, column in (("path", path), ("label", labels)) if not column]
    if path is None or not labels:
        picture = next((word for word in header if named_like_a_picture(word)), None)
        if picture is not None:
            raise DataError(f"{where}: its first line is no header: it holds {picture!r}. Put path,label above it.")
        named = " and ".join(FLAGS[name] for name in missing)
        raise DataError(
            f"{where}: no column {' and no column '.join(missing)}. {counted(len(header), 'column')}: {listed(header)}."
            f" Name it with {named}."
        )
    return Columns(
        count=len(header),
        path=path[0],
        labels=labels,
        numbers=len(reading.number_columns),
        part=_place(header, SPLITS, where),
        group=group_column(header, reading, where),
        weight=_place(header, WEIGHTS, where),
    )


def label_columns(header: Sequence[str], reading: Reading, where: str) -> tuple[int, ...]:
    """The columns of the labels, those of numbers last: the named ones, else the one that is called so; or none.

    Where no labels are needed, the named ones may be missing.
    """
    if reading.asked_columns and not reading.labelled:
        there = (column_named(header, name) for name in reading.asked_columns)
        return tuple(place for place in there if place is not None)
    found = [
        place
        for setting in ("label_columns", "number_columns")
        for name in getattr(reading, setting)
        for place in _named(header, setting, name, where) or ()
    ]
    return tuple(found) if reading.asked_columns else _first(header, LABELS, where) or ()


def group_column(header: Sequence[str], reading: Reading, where: str) -> int | None:
    """The column of the groups: the one that `group_by` names, else one that is called so; None where there is none."""
    named = _named(header, "group_by", reading.group_column, where)
    return named[0] if named else _place(header, GROUPS, where)


def column_called(header: Sequence[str], words: Sequence[str]) -> int | None:
    """The column that is called the first of the words that any is called; None where there is none."""
    plain = [_plain(word) for word in header]
    return next((plain.index(word) for word in words if word in plain), None)


def column_named(header: Sequence[str], name: str) -> int | None:
    """The column that somebody called so, by its letters and digits; None where there is none."""
    return column_called(header, (_plain(name),))


def has_both(header: Sequence[str], reading: Reading) -> bool:
    """Whether a table of this header says which picture is of which class."""
    try:
        columns_of(header, Reading(**{f.name: getattr(reading, f.name) for f in fields(Reading)}), "")
    except (DataError, SettingError):
        return False
    return True


def _named(header: Sequence[str], setting: str, name: str | None, where: str) -> tuple[int] | None:
    """The column that a setting names."""
    if name is None:
        return None
    found = [place for place, word in enumerate(header) if word == name]
    found = found or [place for place, word in enumerate(header) if _plain(word) == _plain(name)]
    if not found:
        raise SettingError(f"{setting} is {name!r}, which {where} does not have. {did_you_mean(name, header)}")
    return (_only(found, name, where),)


def _first(header: Sequence[str], words: Sequence[str], where: str) -> tuple[int] | None:
    plain = [_plain(word) for word in header]
    for word in words:
        if word in plain:
            return (_only([place for place, other in enumerate(plain) if other == word], word, where),)
    return None


def _place(header: Sequence[str], words: Sequence[str], where: str) -> int | None:
    found = _first(header, words, where)
    return found[0] if found else None


def _only(places: list[int], name: str, where: str) -> int:
    if len(places) > 1:
        raise DataError(f"{where}: {len(places)} columns are called {name!r}. Rename all but one.")
    return places[0]


def _plain(word: str) -> str:
    """`File_Name` as `filename`."""
    return "".join(letter for letter in word.casefold() if letter.isalnum())
