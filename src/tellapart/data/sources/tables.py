"""A table of any kind: of the paths of pictures, of texts, or of series; by its header."""

from __future__ import annotations

from pathlib import Path

from tellapart.config import Reading
from tellapart.data.headerless import headed
from tellapart.data.line_issue import LineIssue
from tellapart.data.series_columns import looks_long, looks_wide
from tellapart.data.series_rows import rows_of
from tellapart.data.series_table import SeriesTable, read_series_table
from tellapart.data.source import Source
from tellapart.data.sources.manifest import check_manifest, open_manifest, opened, table_in
from tellapart.data.sources.parquet_table import holds_pictures
from tellapart.data.sources.sequences import SequenceSource, of_lines
from tellapart.data.text_table import looks_headerless, looks_text, read_text_table
from tellapart.data.ts_file import bare_name, pair_of, part_of_name
from tellapart.data.wording import encoded
from tellapart.errors import UnreadableError
from tellapart.types import Kind

HEAD_BYTES = 1 << 16


def table_kind(path: Path, reading: Reading) -> Kind:
    """What the rows of a table are: paths of pictures, unless its header says otherwise."""
    with opened(path) as file:
        parquet = path.suffix.lower() == ".parquet"
        if not parquet and reading.text_column is None and looks_headerless(file.read(HEAD_BYTES)):
            return "text"
        file.seek(0)
        if parquet and holds_pictures(path, reading):
            return "image"
        header = headed(table_in(file, path.name, str(path), reading), reading).header
        if looks_text(header, reading, reading.text_column):
            return "text"
        file.seek(0)
        first = () if looks_long(header, reading) else rows_of(file, path.name, str(path), reading).first
    return "series" if looks_long(header, reading) or looks_wide(header, first, reading) else "image"


def open_table(path: Path, reading: Reading) -> Source:
    """The source that a table is."""
    kind = table_kind(path, reading)
    if kind == "text":
        return open_texts(path, reading)
    if kind == "series":
        return open_series(path, reading, other=pair_of(path))
    if path.suffix.lower() == ".parquet":
        from tellapart.data.sources.parquet import open_parquet

        return open_parquet(path, reading)
    return open_manifest(path, reading)


def check_table(path: Path, reading: Reading) -> None:
    """Raise DataError or SettingError where the header says too little; of texts and series the rows tell more."""
    if path.suffix.lower() == ".parquet":
        from tellapart.data.sources.parquet import check_parquet

        check_parquet(path, reading)
    elif table_kind(path, reading) == "image":
        check_manifest(path, reading)


def open_series(path: Path, reading: Reading, other: Path | None = None) -> SequenceSource:
    """The series of a table, each under the name that the table gives it.

    other  the table beside it that holds the other part, `GunPoint_TEST.tsv` of `GunPoint_TRAIN.tsv`; no account is
           taken of it where the table itself says parts
    """
    table = _series_in(path, reading)
    tables = {path: table} if other is None or any(table.parts) else {path: table, other: _series_in(other, reading)}
    files = sorted(tables, key=lambda file: part_of_name(file.name) != "train")
    one = len(files) == 1
    return SequenceSource(
        path.stem if one else bare_name(path),
        "series",
        [series for file in files for series in tables[file].series],
        [label for file in files for label in tables[file].labels],
        place=str(path.resolve()),
        ids=[name if one else f"{file.name}:{name}" for file in files for name in tables[file].ids],
        parts=[part if one else part_of_name(file.name) for file in files for part in tables[file].parts],
        groups=[group for file in files for group in tables[file].groups],
        weights=[weight for file in files for weight in tables[file].weights],
        issues=[issue for file in files for issue in of_lines(file.name, tables[file].issues)],
    )


def _series_in(path: Path, reading: Reading) -> SeriesTable:
    with opened(path) as file:
        return read_series_table(file, path.name, str(path), reading)


def open_texts(path: Path, reading: Reading) -> SequenceSource:
    """The texts of a table, each under the number of its line."""
    with opened(path) as file:
        table = read_text_table(file, path.name, str(path), reading, reading.text_column)
    rows, values = [], []
    issues = [*table.issues]
    for row, text in enumerate(table.texts):
        try:
            values.append(encoded(text))
            rows.append(row)
        except UnreadableError as error:
            issues.append(LineIssue(table.lines[row], "unreadable", str(error)))
    return SequenceSource(
        path.stem,
        "text",
        values,
        [table.labels[row] for row in rows],
        place=str(path.resolve()),
        ids=[f"{path.name}:{table.lines[row]}" for row in rows],
        parts=[table.parts[row] for row in rows],
        groups=[table.groups[row] for row in rows],
        weights=[table.weights[row] for row in rows],
        issues=of_lines(path.name, issues),
    )
