"""The data room: raw things in, batches of tensors out. The table below is where a new source goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tellapart.config import DataConfig
from tellapart.errors import DataError
from tellapart.names import did_you_mean

if TYPE_CHECKING:
    from tellapart.data.source import Source


@dataclass(frozen=True, kw_only=True)
class SourceRow:
    """A built-in data set: where its opener is, and what it is."""

    opener: str
    """`module:function` below this package; the function takes the data folder or None and gives a Source."""
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


def open_source(data: str | Path, config: DataConfig) -> Source:
    """The source that a word or a folder names; DataError says what is near and what exists."""
    if str(data) in SOURCES:
        module, function = SOURCES[str(data)].opener.split(":")
        opener: Callable[[Path | None], Source] = getattr(import_module(f"tellapart.data.{module}"), function)
        return opener(config.data_dir)
    check_source(data)
    from tellapart.data.folder import FolderSource

    return FolderSource(Path(data))


def check_source(data: str | Path) -> None:
    """Raise DataError where `data` is neither a word of the table nor a folder; looks at the disk alone."""
    path = Path(data)
    if str(data) in SOURCES or path.is_dir():
        return
    if path.exists():
        raise DataError(f"{data}: a file. Give the folder that holds a folder of pictures per class.")
    raise DataError(f"{data}: neither a folder nor a known data set. {did_you_mean(str(data), SOURCES)}")
