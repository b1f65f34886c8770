"""A table of any kind: of the paths of pictures, of texts, or of series; by its header."""

from __future__ import annotations

from pathlib import Path

from tellapart.config import Reading
from tellapart.data.line_issue import LineIssue
from tellapart.data.source import Source
from tellapart.data.sources.manifest import check_manifest, open_manifest, opened, table_in
from tellapart.data.sources.sequences import SequenceSource, of_lines
from tellapart.data.text_table import looks_headerless, looks_text, read_text_table
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
        header = table_in(file, path.name, str(path), reading).header
    return "text" if looks_text(header, reading, reading.text_column) else "image"


def open_table(path: Path, reading: Reading) -> Source:
    """The source that a table is."""
    if table_kind(path, reading) == "text":
        return open_texts(path, reading)
    return open_manifest(path, reading)


def check_table(path: Path, reading: Reading) -> None:
    """Raise DataError or SettingError where the header of the table says too little; texts are read when opened."""
    if table_kind(path, reading) == "image":
        check_manifest(path, reading)


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
