"""The data room: raw things in, batches of tensors out. The tables below are where a new source goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tellapart.config import Reading
from tellapart.errors import DataError
from tellapart.names import did_you_mean

if TYPE_CHECKING:
    from tellapart.data.source import Source


@dataclass(frozen=True, kw_only=True)
class SourceRow:
    """A built-in data set: where its opener is, and what it is."""

    opener: str
    """`module:function` below `sources`; the function takes the data folder or None and gives a Source."""
    summary: str


SOURCES: dict[str, SourceRow] = {
    "digits": SourceRow(
        opener="digits:open_digits", summary="1,797 scanned digits, 8x8 grey, 10 classes; comes with scikit-learn"
    ),
    "mnist": SourceRow(opener="idx:open_mnist", summary="70,000 handwritten digits, 28x28 grey, 10 classes"),
    "fashion-mnist": SourceRow(
        opener="idx:open_fashion_mnist", summary="70,000 pieces of clothing, 28x28 grey, 10 classes"
    ),
    "cifar10": SourceRow(opener="cifar10:open_cifar10", summary="60,000 photos, 32x32 colour, 10 classes"),
}


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """A kind of file that holds or names samples: how it is known, and where its opener is."""

    suffixes: tuple[str, ...]
    opener: str
    """`module:function` below `sources`; the function takes the path and a Reading and gives a Source."""
    summary: str
    needs: str | None = None
    """`module:function` that raises where a package is missing, or that looks at the file quickly."""


FILES: tuple[FileRow, ...] = (
    FileRow(
        suffixes=(".csv", ".tsv", ".txt"),
        opener="tables:open_table",
        needs="tables:check_table",
        summary="a table of paths, of texts or of series, with labels; split, group and weight where there are such",
    ),
    FileRow(
        suffixes=(".parquet",),
        opener="tables:open_table",
        needs="tables:check_table",
        summary="the same, or a table with the pictures in it",
    ),
    FileRow(
        suffixes=(".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz"),
        opener="archive:open_archive",
        summary="an archive of a folder per class, or of pictures with a table; a tar may be a shard",
    ),
    FileRow(
        suffixes=(".ts", ".ts.gz"),
        opener="series:open_ts",
        summary="series of the UCR and UEA archives; of X_TRAIN.ts with X_TEST.ts beside it, as parts",
    ),
    FileRow(
        suffixes=(".npz",),
        opener="npz:open_npz",
        summary="arrays x and y, or x_train, y_train, x_test, y_test; of series with their lengths",
    ),
    FileRow(suffixes=(".npy",), opener="npz:open_npy", summary="an array, with y.npy or labels.npy beside it"),
)
NOT_READ = (".rar", ".7z", ".tar.zst", ".tzst", ".gz", ".xz", ".bz2", ".zst", ".pkl", ".pickle", ".pt", ".h5", ".mat")
"""Files that people have and that are not read, and what else they could give."""


def open_source(data: str | Path, config: Reading) -> Source:
    """The source that a word, a folder, a file or an address names, mixed with what `also` names.

    DataError says what is near and what exists.
    """
    sources = [_opened(one, config) for one in (str(data), *config.also)]
    if len(sources) == 1:
        return sources[0]
    from tellapart.data.sources.mixed import MixedSource

    return MixedSource(sources)


def check_source(data: str | Path, reading: Reading = Reading()) -> None:
    """Raise DataError where `data`, or one of `also`, is nothing that a source is made of; it loads nothing heavy."""
    for one in (str(data), *reading.also):
        _check(one, reading)


def _opened(data: str, config: Reading) -> Source:
    if data in SOURCES:
        opener: Callable[[Path | None], Source] = _function(SOURCES[data].opener)
        return opener(config.data_dir)
    _check(data, config)
    path = Path(data)
    if path.is_dir():
        from tellapart.data.sources.directory import open_folder

        return open_folder(path, config)
    row = _row(path.name)
    if row is not None and path.is_file():
        open_file: Callable[[Path, Reading], Source] = _function(row.opener)
        return open_file(path, config)
    from tellapart.data.sources.shards import open_addresses

    return open_addresses(data)


def _check(data: str, reading: Reading) -> None:
    """Look at one of them: at the disk, at the head of a table, at which packages there are."""
    path = Path(data)
    if data in SOURCES or _is_there(path, "is_dir"):
        return
    if _is_there(path, "exists"):
        _check_file(path, reading)
        return
    from tellapart.data.sources.addresses import expanded, is_address, is_pattern, need_fsspec

    if is_address(data):
        need_fsspec()
        return
    missing = [name for name in expanded(data) if not Path(name).is_file()] if is_pattern(data) else []
    if missing:
        raise DataError(f"{data}: {missing[0]} is not there. Give the numbers of the shards that are.")
    if not is_pattern(data):
        raise DataError(f"{data}: neither a file, a folder nor a known data set. {did_you_mean(data, SOURCES)}")


def _check_file(path: Path, reading: Reading) -> None:
    row = _row(path.name)
    if row is None:
        known = ", ".join(suffix for row in FILES for suffix in row.suffixes[:2])
        what = "a file of a kind that is not read" if path.name.lower().endswith(NOT_READ) else "a file"
        raise DataError(
            f"{path}: {what}. Give the folder that holds a folder of pictures per class, or a file of these: {known}."
        )
    if row.needs is not None:
        check: Callable[[Path, Reading], None] = _function(row.needs)
        check(path, reading)


def _row(name: str) -> FileRow | None:
    """The row that a file belongs to by its suffix."""
    return next((row for row in FILES if name.lower().endswith(row.suffixes)), None)


def _function(name: str) -> Any:
    module, function = name.split(":")
    return getattr(import_module(f"tellapart.data.sources.{module}"), function)


def _is_there(path: Path, question: Literal["is_dir", "exists"]) -> bool:
    try:
        return bool(getattr(path, question)())
    except (OSError, ValueError):  # a name too long, or with a zero byte
        return False
