"""Tables of text: commas, semicolons, tabs or bars; UTF-8, UTF-16, or the Windows-1252 that spreadsheets write."""

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

from tellapart.config import Reading
from tellapart.data.columns import has_both
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
    lines = _numbered(io.TextIOWrapper(file, _encoding(file), "replace", newline=""), where)
    first = next((line for line in lines if line.text.strip() and not line.text.startswith("sep=")), None)
    if first is None:
        raise DataError(f"{where}: empty. Give a table with the columns path and label.")
    delimiter = _delimiter(first.text, reading)
    header = [word.strip() for word in _cells(first.text, delimiter)]
    return Table(header=header, rows=_rows(lines, first.number, delimiter, where))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    number: int
    text: str


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


def _numbered(text: io.TextIOWrapper, where: str) -> Iterator[_Line]:
    """The lines with their numbers; the file is the caller's to close."""
    number = 0
    try:
        while line := text.readline(MOST_LETTERS + 1):
            number += 1
            if len(line) > MOST_LETTERS:
                raise DataError(f"{where}:{number}: a line of more than {MOST_LETTERS:,} letters; no table has such.")
            yield _Line(number=number, text=line)
    finally:
        with suppress(ValueError):  # closed already
            text.detach()


def _delimiter(line: str, reading: Reading) -> str:
    """The one that makes a header with path and label of the line; else the one that makes most columns of it."""
    fitting = (delimiter for delimiter in DELIMITERS if has_both(_cells(line, delimiter), reading))
    return next(fitting, None) or max(DELIMITERS, key=lambda delimiter: len(_cells(line, delimiter)))


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        with _long_fields():
            return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.strip().split(delimiter)


def _rows(lines: Iterator[_Line], begun: int, delimiter: str, where: str) -> Iterator[Row]:
    """Each row that is not blank; a quote that is never closed is an error, since it hides what follows."""
    last = begun

    def texts() -> Iterator[str]:
        nonlocal last
        for line in lines:
            last = line.number
            yield line.text

    reader = csv.reader(texts(), delimiter=delimiter, strict=True)
    while True:
        first = last + 1
        try:
            with _long_fields():
                cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end of data" in str(error) or "larger than" in str(error):
                raise DataError(f"{where}:{first}: a quote is opened in this line and never closed.") from None
            yield first, f"not readable as a row: {error}"
            continue
        if any(cell.strip() for cell in cells):
            yield first, cells


@contextmanager
def _long_fields() -> Iterator[None]:
    """Inside, a field may be as long as a line; the limit of the csv module is one for the whole process."""
    before = csv.field_size_limit(MOST_LETTERS)
    try:
        yield
    finally:
        csv.field_size_limit(before)
