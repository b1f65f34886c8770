"""Tables of texts: a row each with its class; CSV, TSV or Parquet with a header, or two columns without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from tellapart.config import Reading
from tellapart.data.labelled_rows import LabelledRows, Said, names_pictures, said_columns, said_in
from tellapart.data.line_issue import noted
from tellapart.data.sources.columns import SaidColumns, column_called, label_columns
from tellapart.data.sources.delimited import Row, read_table
from tellapart.data.text_lines import MOST_BYTES, cells_of, label_side, pair_of_cells, read_text, tabbed
from tellapart.errors import DataError, SettingError, UnreadableError
from tellapart.names import counted, did_you_mean, listed

TEXTS = (
    *("text", "message", "sentence", "content", "review", "body", "comment", "tweet", "document", "utterance"),
    *("reviewtext", "commenttext", "tweettext", "messagetext", "sms", "email", "post", "article", "abstract"),
    *("description", "headline", "question", "title"),
)
"""What the column of texts is called, in small letters and digits alone; the first that is there is taken."""
MOST_LETTERS = 2_000_000_000
"""Of all texts of a table."""


@dataclass(frozen=True, kw_only=True)
class TextTable(LabelledRows):
    """The texts of a table."""

    texts: list[str] = field(default_factory=list)

    def add(self, line: int, text: str, said: Said) -> None:
        self.texts.append(text)
        self.note(line, said)


def looks_text(header: Sequence[str], reading: Reading, text_column: str | None = None) -> bool:
    """Whether a table of this header holds texts and their classes, and names no picture files."""
    named = text_column is not None or column_called(header, TEXTS) is not None
    if not named or names_pictures(header, reading):
        return False
    return not reading.labelled or bool(label_columns(header, reading, "the table"))


def looks_headerless(start: bytes) -> bool:
    """Whether a file that begins so is two columns, class and text, parted by tabs, without a header."""
    try:
        lines = read_text(start).split("\n")
    except UnreadableError:
        return False
    whole = lines[:-1] if len(lines) > 20 else lines  # the last one may be cut, which matters in no long file
    return label_side(iter(whole)) is not None


def read_text_table(
    file: BinaryIO, name: str, where: str, reading: Reading, text_column: str | None = None
) -> TextTable:
    """The texts of a table, with an issue for each row that can't be used; DataError where it is no such table.

    file         open, and one that can be gone back in
    name         of the file, whose suffix says whether it is Parquet
    text_column  the column of the texts; by default the one that is called text, message, sentence and so on
    """
    try:
        if name.lower().endswith(".parquet"):
            rows, header = _parquet(file, where, reading, text_column)
            return _filled(rows, header, reading, text_column, where)
        return _tab_table(file, where, reading, text_column) or _any_table(file, where, reading, text_column)
    except UnreadableError as error:
        raise DataError(f"{where}: {error}.") from None


def _tab_table(file: BinaryIO, where: str, reading: Reading, text_column: str | None) -> TextTable | None:
    """The table where its cells are parted by tabs and no cell goes over several lines; None where they are not."""
    first = file.read(1 << 16).split(b"\n", 1)[0]
    file.seek(0)
    if b"\t" not in first:
        return None
    lines = read_text(file.read(MOST_BYTES + 1)).removesuffix("\n").split("\n")
    header = [word.strip() for word in cells_of(lines[0])]
    known = looks_text(header, reading, text_column)
    if known and tabbed(lines, len(header)):
        rows = ((number, cells_of(line)) for number, line in enumerate(lines[1:], 2) if line.strip())
        return _filled(rows, header, reading, text_column, where)
    side = None if known else label_side(iter(lines))
    return None if side is None else _headerless(lines, side, where)


def _any_table(file: BinaryIO, where: str, reading: Reading, text_column: str | None) -> TextTable:
    file.seek(0)
    table = read_table(file, where, reading)
    return _filled(table.rows, table.header, reading, text_column, where)


def _parquet(
    file: BinaryIO, where: str, reading: Reading, text_column: str | None
) -> tuple[Iterator[Row], Sequence[str]]:
    """The rows of the columns that are of use, and their header."""
    from tellapart.data.sources.parquet_table import opened, said, text_of

    table = opened(file, where)
    with said(where):
        names = table.schema_arrow.names
    places = _text_place(names, reading, text_column, where), *said_columns(names, reading, where).places
    header = [names[place] for place in dict.fromkeys(places)]

    def rows() -> Iterator[Row]:
        number = 0
        with said(where):
            for batch in table.iter_batches(columns=header):
                for cells in zip(*(batch.column(name).to_pylist() for name in header), strict=True):
                    number += 1
                    yield number, [text_of(cell, reading.label_separator) for cell in cells]

    return rows(), header


def _headerless(lines: Sequence[str], side: int, where: str) -> TextTable:
    table = TextTable()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        label, text = pair_of_cells(line.rstrip("\r"), side)
        if "\t" not in line:
            noted(table.issues, number, "ragged", "no tab; a line is a class, a tab and a text")
        elif not label or not text.strip():
            noted(table.issues, number, *(("empty-text", "no text") if label else ("empty-label", "no label")))
        else:
            table.add(number, text, Said(label=label, part=None, group=None, weight=None))
    return _checked(table, where)


def _filled(
    rows: Iterator[Row], header: Sequence[str], reading: Reading, text_column: str | None, where: str
) -> TextTable:
    """The table of these rows."""
    place, columns = _text_place(header, reading, text_column, where), said_columns(header, reading, where)
    table, letters = TextTable(), 0
    for number, cells in rows:
        text, said = _row(cells, len(header), place, columns)
        if not isinstance(said, Said):
            noted(table.issues, number, *said)
            continue
        letters += len(text)
        if letters > MOST_LETTERS:
            raise DataError(f"{where}:{number}: more than {MOST_LETTERS:,} letters up to here; no more are read.")
        table.add(number, text, said)
    return _checked(table, where)


def _row(cells: list[str] | str, count: int, place: int, columns: SaidColumns) -> tuple[str, Said | tuple[str, str]]:
    """The text of a row, and what is said of it or wrong with it."""
    if isinstance(cells, str):
        return "", ("ragged", cells)
    if len(cells) != count and (len(cells) < count or "".join(cells[count:]).strip()):
        return "", ("ragged", f"{len(cells)} fields under {counted(count, 'column')}")
    if "\0" in "".join(cells):
        return "", ("nul", "a zero byte stands in it")
    text = cells[place]
    return text, said_in(cells, columns) if text.strip() else ("empty-text", "no text")


def _text_place(header: Sequence[str], reading: Reading, text_column: str | None, where: str) -> int:
    if text_column is not None:
        place = column_called(header, ["".join(filter(str.isalnum, text_column.casefold()))])
        if place is None and not reading.labelled:
            raise DataError(
                f"{where}: no column {text_column}, which held the texts in training. "
                f"{counted(len(header), 'column')}: {listed(header)}."
            )
        if place is None:
            near = did_you_mean(text_column, header)
            raise SettingError(f"text_column is {text_column!r}, which {where} does not have. {near}")
        return place
    place = column_called(header, TEXTS)
    if place is None:
        raise DataError(
            f"{where}: no column text. {counted(len(header), 'column')}: {listed(header)}. "
            "Call the one that holds the texts so."
        )
    return place


def _checked(table: TextTable, where: str) -> TextTable:
    if not table.texts:
        rows, issues = counted(len(table.issues), "row"), table.issues
        raise DataError(
            f"{where}: none of {rows} can be used; line {issues[0].line:,}: {issues[0].detail}."
            if issues
            else f"{where}: no row below the header."
        )
    return table
