"""Parquet: tables of paths, and pictures that stand in the table itself, as data hubs hand them out."""

from __future__ import annotations

import json
import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tellapart.config import Reading
from tellapart.data.resize import Form, picture_in
from tellapart.data.source import Entry, Source, Value
from tellapart.data.sources.columns import SPLITS, WEIGHTS, Columns, column_called, group_column, label_columns
from tellapart.data.sources.known import NO_STAMP, Stamp
from tellapart.data.sources.manifest import open_manifest
from tellapart.data.sources.parquet_table import holds_pictures, need_pyarrow, opened, picture_column, said, text_of
from tellapart.data.sources.pictures import as_listed, entry_of, header_of
from tellapart.data.sources.places import Place
from tellapart.data.sources.placing import part_of_file, told, unreadable
from tellapart.data.sources.rows import place_of
from tellapart.errors import DataError, UnreadableError
from tellapart.names import counted, listed
from tellapart.types import Issue, Kind

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

ROWS_AT_ONCE = 64
KEPT_GROUPS = 3
"""Row groups whose pictures stay in memory, for the rows that are asked for next."""
MOST_GROUP_BYTES = 4 * 2**30
"""A row group is read as one to get at its rows; a larger one is refused."""


def check_parquet(path: Path, reading: Reading) -> None:
    """Raise TellapartError where pyarrow is missing; the file itself is looked at when it is opened."""
    del path, reading
    need_pyarrow()


def open_parquet(path: Path, reading: Reading) -> Source:
    """The pictures in a Parquet file, or those that it names."""
    if holds_pictures(path, reading):
        return ParquetSource(path.stem, [path], reading)
    return open_manifest(path, reading)


@dataclass(frozen=True, kw_only=True)
class _Used:
    """The columns of one file that are read."""

    picture: str
    labels: dict[str, tuple[str, ...] | None]
    """Each column of labels -> the classes that whole numbers stand for, where the file says so."""
    others: dict[str, str]
    """Our word -> its name, of part, group and weight where there are such."""


def _as_it_is(path: str) -> tuple[str, Stamp]:
    return path, NO_STAMP


class ParquetSource:
    """Pictures that stand in Parquet files. Each is read once to list them; values are read by row groups."""

    kind: Kind = "image"
    in_memory = False

    def __init__(self, name: str, paths: Sequence[Path], reading: Reading) -> None:
        self.name = name
        self.place = "\0".join(os.path.realpath(path) for path in paths)
        self._paths = {path.stem: path for path in paths}
        self._reading = reading
        self._lock = threading.Lock()
        self._files: dict[str, tuple[ParquetFile, _Used, list[int]]] = {}
        self._groups: OrderedDict[tuple[str, int], pa.ChunkedArray] = OrderedDict()

    def entries(self) -> tuple[Sequence[Entry], Sequence[Issue]]:
        """Every picture with a readable header, in the order of files and rows; an issue for each other row."""
        return self._scanned

    def content(self, entry: Entry) -> bytes:
        """The bytes of its picture; UnreadableError where there are none. Quick for entries in their order."""
        stem, _, number = entry.id.rpartition("/")
        content = self._content(stem, int(number))
        if content is None:
            raise UnreadableError("no picture stands there")
        return as_listed(content, entry)

    def value(self, entry: Entry, form: Form | None = None) -> Value:
        """uint8 (H, W, C); UnreadableError where it is damaged. Quick for entries in the order that they stand in."""
        return picture_in(self.content(entry), form)

    @cached_property
    def _scanned(self) -> tuple[tuple[Entry, ...], tuple[Issue, ...]]:
        entries: list[Entry] = []
        issues: list[Issue] = []
        for stem, path in self._paths.items():
            for place, content in self._listed(stem, path):
                if isinstance(place, Issue):
                    issues.append(place)
                    continue
                try:
                    entries.append(entry_of(place, header_of(content or b"")))
                except UnreadableError as error:
                    issues.append(unreadable(str(place.said_at), str(error)))
        if not entries:
            raise DataError(f"{self.name}: no picture with a class can be read. {told(issues)}".rstrip())
        return tuple(entries), tuple(issues)

    def _listed(self, stem: str, path: Path) -> Iterator[tuple[Place | Issue, bytes | None]]:
        """What each row of a file says, and the bytes of its picture."""
        file, used, _ = self._file(stem)
        header = ["path", *used.labels, *used.others]
        places = {word: header.index(word) for word in ("part", "group", "weight") if word in used.others}
        columns = Columns(
            count=len(header),
            path=0,
            labels=tuple(range(1, 1 + len(used.labels))),
            numbers=len(self._reading.number_columns),
            part=places.get("part"),
            group=places.get("group"),
            weight=places.get("weight"),
        )
        number = 0
        with said(str(path)):
            wanted = [used.picture, *used.labels, *used.others.values()]
            for batch in file.iter_batches(ROWS_AT_ONCE, columns=wanted):
                others = [batch.column(name).to_pylist() for name in used.others.values()]
                pictures = _bytes_of(batch.column(used.picture)).to_pylist()
                labels = [
                    [_class(label, names, self._reading.label_separator) for label in batch.column(column).to_pylist()]
                    for column, names in used.labels.items()
                ]
                for content, *rest in zip(pictures, *labels, *others, strict=True):
                    cells = [f"{stem}/{number:07}", *(text_of(cell) for cell in rest)]
                    number += 1
                    yield (
                        place_of((number, cells), columns, f"{path.name}:{number}", _as_it_is, part_of_file(stem)),
                        content,
                    )

    def _content(self, stem: str, row: int) -> bytes | None:
        """The bytes of the picture in a row; its whole row group is read, and kept for a while."""
        with self._lock:
            file, used, ends = self._file(stem)
            group = bisect_right(ends, row)
            if (stem, group) not in self._groups:
                with said(str(self._paths[stem])):
                    column = file.read_row_group(group, columns=[used.picture], use_threads=False).column(0)
                self._groups[stem, group] = _bytes_of(column)
                while len(self._groups) > KEPT_GROUPS:
                    self._groups.popitem(last=False)
            found = self._groups[stem, group]
        content: bytes | None = found[row - (ends[group - 1] if group else 0)].as_py()
        return content

    def _file(self, stem: str) -> tuple[ParquetFile, _Used, list[int]]:
        """A file, its columns, and the row after each of its row groups; opened once."""
        if stem not in self._files:
            path = self._paths[stem]
            file = opened(path, str(path))
            groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
            largest = max((group.total_byte_size for group in groups), default=0)
            if largest > MOST_GROUP_BYTES:
                raise DataError(
                    f"{path}: a row group of {largest:,} bytes; at most {MOST_GROUP_BYTES:,} are read at once. "
                    "Write it with fewer rows a group."
                )
            self._files[stem] = file, self._used(file, path), list(accumulate(group.num_rows for group in groups))
        return self._files[stem]

    def _used(self, file: ParquetFile, path: Path) -> _Used:
        picture = picture_column(file, self._reading)
        names = [name for name in file.schema_arrow.names if name != picture]
        labels = [names[at] for at in label_columns(names, self._reading, str(path))]
        if picture is None or not labels:
            raise DataError(
                f"{path}: no column of {'pictures' if picture is None else 'labels'}. "
                f"{counted(len(file.schema_arrow.names), 'column')}: {listed(file.schema_arrow.names)}. "
                "Name it with --path-column or --label-columns."
            )
        found = {word: column_called(names, words) for word, words in OTHERS.items()}
        found["group"] = group_column(names, self._reading, str(path))
        others = {word: names[at] for word, at in found.items() if at is not None and names[at] not in labels}
        classes = {label: _class_names(file, label) for label in labels}
        return _Used(picture=picture, labels=classes, others=others)


OTHERS = {"part": SPLITS, "weight": WEIGHTS}


def _bytes_of(column: Any) -> Any:
    """The bytes in a column of pictures, as an array of pyarrow's."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.struct_field(column, "bytes") if pa.types.is_struct(column.type) else column


def _class(label: Any, names: tuple[str, ...] | None, separator: str | None) -> str:
    """The class name, of a list all of them; empty where there is none, as for -1, which marks unlabelled rows."""
    if isinstance(label, list) and separator is not None:
        return separator.join(_class(one, names, None) for one in label) or separator
    if names is None or not isinstance(label, int):
        return text_of(label)
    return names[label] if 0 <= label < len(names) else ""


def _class_names(file: ParquetFile, label: str) -> tuple[str, ...] | None:
    """The names in the `huggingface` metadata of the schema; None where there are none."""
    try:
        features = json.loads(file.schema_arrow.metadata[b"huggingface"])["info"]["features"]
        names = features[label].get("feature", features[label])["names"]
        return tuple(str(name) for name in names) if isinstance(names, list) else None
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None
