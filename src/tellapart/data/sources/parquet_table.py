"""Parquet files: opened where pyarrow is there, and read as tables of text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tellapart.config import Reading
from tellapart.data.sources.columns import PATHS, column_called, columns_of
from tellapart.data.sources.delimited import Row, Table
from tellapart.errors import DataError, TellapartError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile


def need_pyarrow() -> None:
    """Raise TellapartError where pyarrow is not installed; it is not loaded."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise TellapartError("Parquet needs pyarrow: pip install 'tellapart[tables]'")


def read_parquet_table(file: BinaryIO | Path, where: str, reading: Reading) -> Table:
    """The columns of a Parquet file that say path, class, part, group and weight, as text; rows count from 1."""
    with said(where):
        table = opened(file, where)
        names = table.schema_arrow.names
        columns = columns_of(names, reading, where)
        used = [columns.path, *columns.labels, columns.part, columns.group, columns.weight]
        header = [names[place] for place in dict.fromkeys(used) if place is not None]
    return Table(header=header, rows=_rows(table, header, where, reading.label_separator))


def holds_pictures(path: Path, reading: Reading) -> bool:
    """Whether the pictures stand in the Parquet file itself."""
    with opened(path, str(path)) as file:
        return picture_column(file, reading) is not None


def picture_column(file: ParquetFile, reading: Reading) -> str | None:
    """The column that holds pictures themselves: bytes, or a struct with `bytes` in it; None where there is none."""
    import pyarrow as pa

    def holds_bytes(kind: pa.DataType) -> bool:
        if pa.types.is_struct(kind):
            return bool(kind.get_field_index("bytes") >= 0)
        return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))

    fitting = [field.name for field in file.schema_arrow if holds_bytes(field.type)]
    if reading.path_column is not None:
        return reading.path_column if reading.path_column in fitting else None
    called = column_called(fitting, PATHS)
    return fitting[called] if called is not None else fitting[0] if len(fitting) == 1 else None


def opened(file: BinaryIO | Path, where: str) -> ParquetFile:
    """The file with its schema read; DataError where it is none."""
    need_pyarrow()
    from pyarrow.parquet import ParquetFile

    with said(where):
        return ParquetFile(file, memory_map=False)


@contextmanager
def said(where: str) -> Iterator[None]:
    """What pyarrow says against the file becomes a DataError."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        text = " ".join(str(error).split())
        raise DataError(f"{where}: damaged, or no Parquet file: {text} Copy it again from where it came.") from None


def _rows(table: ParquetFile, header: list[str], where: str, separator: str | None) -> Iterator[Row]:
    number = 0
    with said(where):
        for batch in table.iter_batches(columns=header):
            for cells in zip(*(batch.column(name).to_pylist() for name in header), strict=True):
                number += 1
                yield number, [text_of(cell, separator) for cell in cells]


def text_of(cell: Any, separator: str | None = None) -> str:
    """The cell as it would stand in a table of text; a list with the separator between, where there is one."""
    if isinstance(cell, list) and separator is not None:
        return separator.join(map(text_of, cell)) or separator
    return "" if cell is None else cell if isinstance(cell, str) else str(cell)
