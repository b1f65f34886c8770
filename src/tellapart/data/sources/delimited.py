"""Tables of text: commas, semicolons, tabs or bars; UTF-8, UTF-16, or the Windows-1252 that spreadsheets write."""

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from tellapart.config import Reading
from tellapart.data.sources.columns import has_both
from tellapart.errors import DataError

DELIMITERS = (",", ";", "\t", "|")
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
MOST_LETTERS = 64 * 2**20
"""In a line, and in a field."""
CHUNK_BYTES = 1 << 20

Row = tuple[int, list[str] | str]
"""Line number, counted from 1, and the cells; or what is wrong with the line."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The header of a table, and its rows as they come."""

    header: list[str]
    rows: Iterator[Row]


def read_table(file: BinaryIO, where: str, reading: Reading) -> Table:
    """The table in an open file; DataError where it is empty, or where a line is too long."""
    lines = _lines(io.TextIOWrapper(file, _encoding(file), "replace", newline=""), where)
    said = ((number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("sep="))
    begun, first = next(said, (0, ""))
    if not first:
        raise DataError(f"{where}: empty. Give a table with the columns path and label.")
    delimiter = _delimiter(first, reading)
    header = [word.strip() for word in _cells(first, delimiter)]
    return Table(header=header, rows=_rows(lines, begun, delimiter, where))


def _encoding(file: BinaryIO) -> str:
    """By its mark, by the zero bytes of UTF-16, else UTF-8 where all of it is; the file stands at its start again."""
    start = file.read(4096)
    file.seek(0)
    for mark, name in MARKS:
        if start.startswith(mark):
            return name
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if start[offset::2].count(0) > len(start) / 4:
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(CHUNK_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)
    return "utf-8"


def _lines(text: io.TextIOWrapper, where: str) -> Iterator[str]:
    """The lines as they come; the file is the caller's to close."""
    number = 0
    try:
        while line := text.readline(MOST_LETTERS + 1):
            number += 1
            if len(line) > MOST_LETTERS:
                raise DataError(f"{where}:{number}: a line of more than {MOST_LETTERS:,} letters; no table has such.")
            yield line
    finally:
        with suppress(ValueError):  # closed already
            text.detach()


def _delimiter(line: str, reading: Reading) -> str:
    """The one that makes a header with path and label of the line; else the one that makes most columns of it."""
    fitting = (delimiter for delimiter in DELIMITERS if has_both(_cells(line, delimiter), reading))
    return next(fitting, None) or max(DELIMITERS, key=lambda delimiter: len(_cells(line, delimiter)))


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return _next(csv.reader([line], delimiter=delimiter))
    except StopIteration:
        return []
    except csv.Error:
        return line.strip().split(delimiter)


def _rows(lines: Iterator[str], begun: int, delimiter: str, where: str) -> Iterator[Row]:
    """Each row that is not blank; a quote that is never closed is an error, since it hides what follows."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        first = begun + reader.line_num + 1
        try:
            cells = _next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end of data" in str(error) or "larger than" in str(error):
                raise DataError(f"{where}:{first}: a quote is opened in this line and never closed.") from None
            yield first, f"not readable as a row: {error}"
            continue
        if "".join(cells).strip():
            yield first, cells


def _next(rows: Iterator[list[str]]) -> list[str]:
    """The next row; its fields may be as long as a line. The limit of the csv module is one for the whole process."""
    before = csv.field_size_limit(MOST_LETTERS)
    try:
        return next(rows)
    finally:
        csv.field_size_limit(before)
