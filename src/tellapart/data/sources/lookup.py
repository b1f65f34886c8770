"""The picture that a path in a table means, on the disk or in an archive."""

import os
import posixpath
import re
import stat
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tellapart.data.sources.known import NO_STAMP, Stamp, stamp_of
from tellapart.data.sources.placing import named_like_a_picture, shown, without_companions
from tellapart.data.texts import Texts
from tellapart.names import listed

ABSOLUTE = re.compile(r"/|[A-Za-z]:/")
LEADS_OUT = re.compile(r"/|[A-Za-z]:/|\.\.(/|$)")
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """Why a path means no picture."""

    kind: str
    cause: str


OUTSIDE = Lost(kind="outside", cause="leaves the folder of the table; --allow-outside reads it nevertheless")


class Names:
    """The names of the files in a folder, to be found by others that are alike."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        unsorted = Texts(names)
        hashes = np.fromiter((hash(_stem(name)) for name in unsorted), np.int64, len(unsorted))
        order = np.argsort(hashes)
        self._names, self._hashes = unsorted.taken(order), array("q", hashes[order].tobytes())

    def fitting(self, name: str) -> list[str]:
        """The file of that name; else all pictures that differ in large letters, or in a suffix that the name lacks."""
        low = name.lower()
        alike = [other for stem in {_stem(name), low} for other in self._of(stem)]
        if name in alike:
            return [name]
        return without_companions(
            [
                other
                for other in alike
                if named_like_a_picture(other) and low in (other.lower(), posixpath.splitext(other)[0].lower())
            ]
        )

    def _of(self, stem: str) -> Iterator[str]:
        wanted = hash(stem)
        row = bisect_left(self._hashes, wanted)
        while row < len(self._hashes) and self._hashes[row] == wanted:
            yield self._names[row]
            row += 1


def _stem(name: str) -> str:
    """The name of a picture without its suffix, any other whole, in small letters."""
    return (posixpath.splitext(name)[0] if named_like_a_picture(name) else name).lower()


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """The files that a table may name."""

    look: Callable[[str], Stamp | Lost | None]
    """The stamp of the file at exactly this path, or why it may not be read; None where there is none."""
    names: Callable[[str], Names]
    """Of a folder; "" is the table's own. A folder that is not there holds none."""
    folders: Callable[[], Sequence[str]]
    """The folders that stand beside the table."""
    inside: Callable[[str], str | None]
    """The path as one below the table's folder, or as it may be read elsewhere; None where it leads out."""


def found(text: str, shelf: Shelf, table: str) -> tuple[str, Stamp] | Lost:
    """The path of the file that `text` means, with `/`, and its stamp.

    In the folder that it names: the file of that name, or the only picture of that name but for its suffix or for
    large and small letters. Where that folder has none: the only such file in a folder beside the table; of several
    folders the one that the table is named after, as `train/` beside `train.csv`.
    """
    if "://" in text and ADDRESS.match(text):
        return Lost(kind="missing", cause="an address; download the pictures and name their files")
    path = shelf.inside(posixpath.normpath(text.replace("\\", "/")))
    if path is None:
        return OUTSIDE
    seen = shelf.look(path)
    if seen is None:
        fitting = _fitting(path, shelf, table)
        if len(fitting) > 1:
            return Lost(kind="missing", cause=f"{len(fitting)} files fit: {listed(sorted(fitting), most=3)}")
        if not fitting:
            return Lost(kind="missing", cause="no such file")
        path = fitting[0]
        seen = shelf.look(path)
    return seen if isinstance(seen, Lost) else (path, seen or NO_STAMP)


def _fitting(path: str, shelf: Shelf, table: str) -> list[str]:
    """The files that a path means where none stands there."""
    folder, name = posixpath.split(path)
    fitting = [posixpath.join(folder, one) for one in shelf.names(folder).fitting(name)]
    if fitting or ABSOLUTE.match(path):
        return fitting
    fitting = [
        posixpath.join(beside, folder, one)
        for beside in shelf.folders()
        for one in shelf.names(posixpath.join(beside, folder) if folder else beside).fitting(name)
    ]
    stem = posixpath.splitext(table)[0].lower()
    return [path for path in fitting if path.lower().startswith(stem)] or fitting


def on_disk(root: Path, allow_outside: bool) -> Shelf:
    """The files below a folder; with `allow_outside` those anywhere."""
    start, real_root = str(root), os.path.realpath(root)

    @cache
    def within(folder: str) -> bool:
        return allow_outside or _below(os.path.realpath(root / folder), real_root)

    def look(path: str) -> Stamp | Lost | None:
        full = os.path.join(start, path) if allow_outside else f"{start}/{path}"  # noqa: PTH118
        try:
            if not within(path.rpartition("/")[0]):
                return None
            status = os.lstat(full)
            if stat.S_ISLNK(status.st_mode):
                if not allow_outside and not _below(os.path.realpath(full), real_root):
                    return OUTSIDE
                status = _behind(full)
        except (OSError, ValueError):
            return None
        return None if stat.S_ISDIR(status.st_mode) else stamp_of(status)

    @cache
    def names(folder: str) -> Names:
        try:
            if not within(folder):
                return Names()
            with os.scandir(root / folder) as entries:
                return Names(entry.name for entry in entries if not entry.is_dir())
        except (OSError, ValueError):
            return Names()

    @cache
    def folders() -> Sequence[str]:
        try:
            with os.scandir(root) as entries:
                return sorted(entry.name for entry in entries if shown(entry.name) and entry.is_dir())
        except OSError:
            return ()

    def inside(path: str) -> str | None:
        if ABSOLUTE.match(path) and _below(path, str(root.absolute())):
            path = posixpath.relpath(path, root.absolute().as_posix())
        return path if allow_outside or not LEADS_OUT.match(path) else None

    return Shelf(look=look, names=names, folders=folders, inside=inside)


def in_archive(paths: Iterable[str]) -> Shelf:
    """The files of an archive, by their paths from where the table lies."""
    files = set(paths)
    listing: dict[str, list[str]] = defaultdict(list)
    for path in files:
        folder, name = posixpath.split(path)
        listing[folder].append(name)
    tops = sorted({folder.split("/")[0] for folder in listing if folder})

    @cache
    def names(folder: str) -> Names:
        return Names(listing.get(folder, ()))

    def look(path: str) -> Stamp | None:
        return NO_STAMP if path in files else None

    return Shelf(
        look=look, names=names, folders=lambda: tops, inside=lambda path: None if LEADS_OUT.match(path) else path
    )


def _behind(link: str) -> os.stat_result:
    """What a link leads to; the link itself where that is nothing, so that reading it says so."""
    try:
        return os.stat(link)  # noqa: PTH116
    except OSError:
        return os.lstat(link)


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
