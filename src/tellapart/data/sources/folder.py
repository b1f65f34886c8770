"""A folder of pictures, or of recordings or texts: a folder per class, with or without those of the parts above."""

import os
import stat
from array import array
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from tellapart.data.decode import read_file
from tellapart.data.sources.files import ARRAY, PICTURES, FileKind, prevailing
from tellapart.data.sources.known import Stamp, Stamps, stamp_of, stamps_in
from tellapart.data.sources.pictures import Listing, PictureSource
from tellapart.data.sources.placing import (
    beside_a_picture,
    issue,
    not_a_picture,
    placed,
    shown,
    unreadable,
    without_companions,
)
from tellapart.data.texts import Texts
from tellapart.errors import DataError
from tellapart.names import naturally_sorted
from tellapart.types import Issue

LOOKED_AT = 10_000
"""Files by whose names a folder is taken for one of pictures, recordings or texts."""


class FolderSource(PictureSource):
    """The files of one kind below a folder, in a folder per class."""

    def __init__(self, root: Path, files: FileKind = PICTURES) -> None:
        self.root, self.files = root, files
        super().__init__(
            root.resolve().name or "data",
            str(root),
            self._listed,
            lambda path: read_file(root / path),
            files,
        )

    def _listed(self) -> Listing:
        paths, stamps, issues = _walked(self.root, self.files)
        places, homeless = placed(str(self.root), paths, issues, stamps, self.files)
        return places, [*issues, *homeless]


def files_in(folder: Path, files: FileKind = PICTURES) -> list[Path]:
    """Every file below a folder that is named like that kind, naturally sorted, whether it can be read or not."""
    return [folder / path for path in naturally_sorted(_walked(folder, files)[0], str)]


def prevailing_kind(folder: Path) -> FileKind:
    """The kind of files that a folder holds most of, as far as its first files tell."""
    names = [*islice((name for _, _, names in os.walk(folder) for name in names if shown(name)), LOOKED_AT)]
    return prevailing(names)


def _walked(root: Path, wanted: FileKind) -> tuple[Texts, Stamps | None, list[Issue]]:
    """Paths of all regular files named like that kind, relative to `root`, and their stamps; an issue for all else.

    A linked folder is entered after all others, and only where it leads to one not seen yet: no loop is followed.
    """
    pictures, stamps = Texts(), array("q")
    issues: list[Issue] = []
    folders, linked = [""], list[str]()
    seen: set[str] = set()
    real_root = Path(os.path.realpath(root))
    while folders or linked:
        folder = folders.pop() if folders else linked.pop()
        real = os.path.realpath(root / folder)
        if real in seen:
            issues.append(issue(folder, "duplicate", "a link to a folder that was read already", "Delete the link."))
            continue
        seen.add(real)
        inside: dict[str, list[str]] = {"folder": [], "link": []}
        for entry in _shown(root, folder, issues):
            path = f"{folder}/{entry.name}" if folder else entry.name
            found = _look(entry, path, real_root, wanted)
            if isinstance(found, Issue):
                issues.append(found)
            elif isinstance(found, str):
                inside[found].append(path)
            else:
                pictures.append(path)
                stamps.extend(found)
        folders += sorted(inside["folder"], reverse=True)  # the last is taken first
        linked += sorted(inside["link"], reverse=True)
    return _alone(pictures, stamps_in(stamps), issues)


def _alone(paths: Texts, stamps: Stamps | None, issues: list[Issue]) -> tuple[Texts, Stamps | None, list[Issue]]:
    """The same without each .npy that stands beside a picture of its name; that becomes an issue."""
    if not any(path[-4:].lower() == ARRAY for path in paths):
        return paths, stamps, issues
    kept = set(without_companions([*paths]))
    beside = [beside_a_picture(path) for path in sorted(path for path in paths if path not in kept)]
    rows = np.array([row for row, path in enumerate(paths) if path in kept], np.int64)
    return paths.taken(rows), None if stamps is None else stamps[rows], [*issues, *beside]


def _shown(root: Path, folder: str, issues: list[Issue]) -> Iterator[os.DirEntry[str]]:
    """What is in a folder and not hidden, one after the other; nothing of a run folder: its plots are no data."""
    try:
        with os.scandir(root / folder) as entries:
            if not (root / folder / "run.json").exists():
                yield from (entry for entry in entries if shown(entry.name))
    except OSError as error:
        if not folder:
            raise DataError(f"{root}: can't be read: {error.strerror}") from None
        issues.append(unreadable(folder, f"the folder can't be read: {error.strerror}"))


def _look(
    entry: os.DirEntry[str], path: str, real_root: Path, wanted: FileKind
) -> Literal["folder", "link"] | Stamp | Issue:
    """What an entry is, its stamp where it is a file of that kind, or why it is left out; nothing is opened."""
    named_so = wanted.named(entry.name)
    try:
        linked = entry.is_symlink()
        if linked and not Path(os.path.realpath(entry.path)).is_relative_to(real_root):
            return issue(path, "outside", "a link that leaves the folder", "Copy what it points to into the folder.")
        status = entry.stat()
    except OSError as error:
        return unreadable(path, f"can't be read: {error.strerror}")
    mode = status.st_mode
    if stat.S_ISDIR(mode) and not named_so:
        return "link" if linked else "folder"
    if stat.S_ISDIR(mode):
        return unreadable(path, f"a folder that is named like a {wanted.noun}; what it holds is not read")
    if not named_so:
        return not_a_picture(path, wanted)
    if not stat.S_ISREG(mode):
        return unreadable(path, "a pipe, socket or device, not a file")
    return stamp_of(status)
