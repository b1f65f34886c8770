"""Files by name or by address: `part-{000..009}.tar`, `s3://bucket/part-*.tar`; read as a whole or in part."""

import itertools
import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from tellapart.errors import DataError, TellapartError, UnreadableError
from tellapart.names import natural_key

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
BRACES = re.compile(r"\{([^{}]*)\}")
MOST_NAMES = 100_000


def is_address(text: str) -> bool:
    """Whether it names a place that is not on this machine's disk."""
    return ADDRESS.match(text) is not None


def is_pattern(text: str) -> bool:
    """Whether it names several files: by braces or by a star."""
    return BRACES.search(text) is not None or "*" in text


def need_fsspec() -> None:
    """Raise TellapartError where fsspec is not installed; it is not loaded."""
    if find_spec("fsspec") is None:
        raise TellapartError("Data at an address need fsspec: pip install 'tellapart[cloud]'")


def expanded(text: str) -> list[str]:
    """Every file that a name means: `{000..009}` is counted, `{a,b}` each, `*` what is there. DataError for none."""
    names = [name for written in _written_out(text) for name in (_globbed(written) if "*" in written else [written])]
    if not names:
        raise DataError(f"{text}: no file is called so.")
    return names


@contextmanager
def opened(address: str) -> Iterator[tuple[BinaryIO, int]]:
    """The file and its size; DataError where it can't be opened."""
    try:
        if is_address(address):
            system, path = _system(address)
            size = int(system.info(path)["size"])
            file: BinaryIO = system.open(path, "rb")
        else:
            size = Path(address).stat().st_size
            file = Path(address).open("rb")  # noqa: SIM115  (closed below)
    except OSError as error:
        raise DataError(f"{address}: can't be read: {error.strerror or 'no such file'}.") from None
    with file:
        yield file, size


def read_at(address: str, start: int, size: int) -> bytes:
    """So many bytes from a place in a file; UnreadableError where they are not there."""
    try:
        if is_address(address):
            system, path = _system(address)
            content = bytes(system.cat_file(path, start=start, end=start + size))
        else:
            with Path(address).open("rb") as file:
                file.seek(start)
                content = file.read(size)
    except OSError as error:
        raise UnreadableError(f"{address}: can't be read: {error.strerror or 'no such file'}") from None
    if len(content) < size:
        raise UnreadableError(f"{address}: has become shorter since it was listed")
    return content


def stamp_of(address: str) -> tuple[int, str]:
    """Size of a file at an address, and what changes with it; DataError where there is none."""
    system, path = _system(address)
    try:
        info = system.info(path)
        return int(info["size"]), str(info)
    except OSError as error:
        raise DataError(f"{address}: can't be read: {error.strerror or 'no such file'}.") from None


def files_in(address: str, suffix: str) -> list[str]:
    """The files of a suffix in a folder at an address, naturally sorted."""
    return _globbed(f"{address.rstrip('/')}/*{suffix}")


def _system(address: str) -> tuple[Any, str]:
    """fsspec's file system, and the path in it; TellapartError where the package for such addresses is missing."""
    need_fsspec()
    from fsspec.core import url_to_fs

    try:
        system, path = url_to_fs(address)
    except ImportError as error:
        raise TellapartError(f"{address}: {error}; `pip install 'tellapart[cloud]'` brings fsspec alone.") from None
    except ValueError as error:
        raise DataError(f"{address}: {error}.") from None
    return system, str(path)


def _written_out(text: str) -> list[str]:
    """The text with each pair of braces replaced by what it stands for."""
    pieces = BRACES.split(text)
    options = [_options(piece) if odd else [piece] for piece, odd in zip(pieces, itertools.cycle((0, 1)))]
    count = 1
    for option in options:
        count *= len(option)
    if count > MOST_NAMES:
        raise DataError(f"{text}: stands for {count:,} files; at most {MOST_NAMES:,}.")
    return ["".join(words) for words in itertools.product(*options)]


def _options(inside: str) -> list[str]:
    """`000..002` as 000, 001, 002; `a,b` as a and b."""
    span = re.fullmatch(r"(\d{1,18})\.\.(\d{1,18})", inside)
    if span is None:
        return inside.split(",")
    first, last = int(span[1]), int(span[2])
    if last - first >= MOST_NAMES:
        raise DataError(f"{{{inside}}}: stands for {last - first + 1:,} files; at most {MOST_NAMES:,}.")
    return [f"{number:0{len(span[1])}}" for number in range(first, last + 1)]


def _globbed(pattern: str) -> list[str]:
    if is_address(pattern):
        system, path = _system(pattern)
        return sorted((system.unstrip_protocol(name) for name in system.glob(path)), key=natural_key)
    folder, name = posixpath.split(pattern)
    return sorted((str(path) for path in Path(folder or ".").glob(name) if path.is_file()), key=natural_key)
