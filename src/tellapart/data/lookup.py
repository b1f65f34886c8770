"""The picture that a path in a table means, on the disk or in an archive."""

import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tellapart.data.placing import named_like_a_picture, pictures_among, shown
from tellapart.names import listed

ABSOLUTE = re.compile(r"/|[A-Za-z]:/")
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """Why a path means no picture."""

    kind: str
    cause: str


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of the files in one folder."""

    exact: frozenset[str]
    alike: dict[str, list[str]]
    """In small letters, whole or without its suffix -> the names."""


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """The files that a table may name."""

    names: Callable[[str], Names]
    """Of a folder; "" is the table's own. A folder that is not there holds none."""
    folders: Callable[[], Sequence[str]]
    """The folders that stand beside the table."""
    inside: Callable[[str], str | None]
    """The path as one below the table's folder, or as it may be read elsewhere; None where it may not be read."""


def found(text: str, shelf: Shelf, table: str) -> str | Lost:
    """The path of the file that `text` means, with `/`.

    In the folder that it names: the file of that name, or the only picture of that name but for its suffix or for
    large and small letters. Where that folder has none: the only such file in a folder beside the table; of several
    folders the one that the table is named after, as `train/` beside `train.csv`.
    """
    if ADDRESS.match(text):
        return Lost(kind="missing", cause="an address; download the pictures and name their files")
    path = shelf.inside(posixpath.normpath(text.replace("\\", "/")))
    if path is None:
        return Lost(kind="outside", cause="leaves the folder of the table; --allow-outside reads it nevertheless")
    folder, name = posixpath.split(path)
    fitting = [posixpath.join(folder, one) for one in _fitting(name, shelf.names(folder))]
    if not fitting and not ABSOLUTE.match(path):
        fitting = [
            posixpath.join(beside, folder, one)
            for beside in shelf.folders()
            for one in _fitting(name, shelf.names(posixpath.join(beside, folder) if folder else beside))
        ]
        if len(fitting) > 1:
            stem = posixpath.splitext(table)[0].lower()
            fitting = [path for path in fitting if path.lower().startswith(stem)] or fitting
    if len(fitting) > 1:
        return Lost(kind="missing", cause=f"{len(fitting)} files fit: {listed(sorted(fitting), most=3)}")
    return fitting[0] if fitting else Lost(kind="missing", cause="no such file")


def on_disk(root: Path, allow_outside: bool) -> Shelf:
    """The files below a folder; with `allow_outside` those anywhere."""
    real_root = os.path.realpath(root)

    @cache
    def names(folder: str) -> Names:
        if not allow_outside and not _below(os.path.realpath(root / folder), real_root):
            return names_of(())
        try:
            with os.scandir(root / folder) as entries:
                return names_of(entry.name for entry in entries if not entry.is_dir())
        except (OSError, ValueError):
            return names_of(())

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
        if not allow_outside and (
            ABSOLUTE.match(path) or path.split("/")[0] == ".." or _leaves(root / path, real_root)
        ):
            return None
        return path

    return Shelf(names=names, folders=folders, inside=inside)


def in_archive(paths: Iterable[str]) -> Shelf:
    """The files of an archive, by their paths from where the table lies."""
    listing: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        folder, name = posixpath.split(path)
        listing[folder].append(name)
    tops = sorted({folder.split("/")[0] for folder in listing if folder})

    @cache
    def names(folder: str) -> Names:
        return names_of(listing.get(folder, ()))

    def inside(path: str) -> str | None:
        return None if ABSOLUTE.match(path) or path.split("/")[0] == ".." else path

    return Shelf(names=names, folders=lambda: tops, inside=inside)


def names_of(names: Iterable[str]) -> Names:
    """The names of a folder's files, ready to be looked up."""
    exact = frozenset(names)
    alike: dict[str, list[str]] = defaultdict(list)
    for name in sorted(exact):
        alike[name.lower()].append(name)
        if named_like_a_picture(name):
            alike[posixpath.splitext(name)[0].lower()].append(name)
    return Names(exact=exact, alike=dict(alike))


def _fitting(name: str, names: Names) -> list[str]:
    """The files that a name means: itself, else all that differ in large letters, or in a suffix that it lacks."""
    if name in names.exact:
        return [name]
    return pictures_among(names.alike.get(name.lower(), []))


def _leaves(path: Path, real_root: str) -> bool:
    """Whether a link leads out of the folder."""
    try:
        return path.is_symlink() and not _below(os.path.realpath(path), real_root)
    except (OSError, ValueError):
        return False


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
